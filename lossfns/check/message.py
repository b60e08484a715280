"""Put a verdict into words that help the learner to the next step."""

import numpy as np

from lossfns.check.exercise import Exercise, Misconception, Reason
from lossfns.check.judge import Verdict
from lossfns.check.problems import NOT_WRITTEN, VALUE, Finding
from lossfns.check.written import fill, written
from lossfns.labels import where


def praise(exercise: Exercise, verdict: Verdict, count: int) -> str:
    """The one line that a right answer earns."""
    what = ", ".join(verdict.checked)
    if exercise.slopes:
        what += ", gradients by autograd"
    peer = f"; it agrees with torch.nn.{exercise.twin}" if exercise.twin else ""
    return f"{exercise.name}: right on all {count} inputs ({what}){peer}."


def advice(
    exercise: Exercise, verdict: Verdict, *, example: bool = True, again: bool = True
) -> str:
    """What is wrong, on which input it shows, and where to read.

    Without `example` the input, which may be a secret of the grader, stays out. A formula that the
    task asks for is only told to those who ask `again`.
    """
    first = verdict.first
    if first.problem is NOT_WRITTEN:
        return fill(first.problem.says(first))
    if verdict.explained is not None:
        kind = f"This looks like: {verdict.explained.name}.\n{_hint(verdict.explained, again)}"
    else:
        kind = fill(_factor(verdict) or first.problem.says(first))
        if first.answer.line:
            kind += f"\n  in: {first.answer.line}"
    if example:
        parts = [f"{exercise.name}: not yet right.", kind, _example(first)]
    else:
        parts = [f"{exercise.name}: right on the inputs of the check you see, not on others.", kind]
    good = [aspect for aspect in verdict.checked if aspect not in verdict.failed]
    if good:
        parts.append(f"Already right: {', '.join(good)}.")
    parts.append(f"Read again: {where(exercise.read)}")
    return "\n\n".join(filter(None, parts))


def _hint(explained: Misconception | Reason, again: bool) -> str:
    if not isinstance(explained, Misconception) or not explained.formula:
        return fill(explained.hint)
    if again:
        return fill(explained.whole)
    return (
        f"{fill(explained.hint)}\nIf that does not help, run the check again: it says the formula."
    )


def in_brief(verdict: Verdict) -> str:
    """A verdict in a few words, for a table."""
    if not verdict.findings:
        return "right"
    first = verdict.first
    if verdict.explained is not None and first.problem is not NOT_WRITTEN:
        return verdict.explained.name
    return first.name


def smallest_input(verdict: Verdict) -> str:
    """The smallest input that shows what is wrong, with both results; "" for what is missing."""
    first = verdict.first
    return "" if first.problem is NOT_WRITTEN else _example(first)


def _factor(verdict: Verdict) -> str:
    """What wrong values that no misconception explains have in common, if it is a factor."""
    if verdict.first.problem is not VALUE:
        return ""
    wrong = [f for f in verdict.findings if f.problem is VALUE]
    wrong = [f for f in wrong if f.call.aspect == verdict.failed[0]]
    counts = np.array([next(iter(f.call.arrays.values())).size for f in wrong], dtype=float)
    ratios = [_ratio(f) for f in wrong]
    if len(wrong) > 1 and None not in ratios:
        for factor, words in (
            (np.ones_like(counts), ""),
            (counts, " × n, where n is the number of items"),
            (1 / counts, " / n, where n is the number of items"),
        ):
            scaled = np.array(ratios) / factor
            if np.allclose(scaled, scaled[0], rtol=1e-3) and not np.isclose(scaled[0], 0):
                return f"Every wrong result is the right one times {scaled[0]:.4g}{words}."
    return ""


def _ratio(finding):
    right, mine = finding.right.value, finding.answer.value
    usable = np.abs(right) > 1e-9
    if not usable.any() or np.any(np.abs(mine[~usable]) > 1e-9):
        return None
    ratios = mine[usable] / right[usable]
    return ratios.flat[0] if np.allclose(ratios, ratios.flat[0], rtol=1e-3) else None


def _example(finding: Finding) -> str:
    shown = finding.problem.shown(finding)
    if not shown:
        return ""
    lines = ["The smallest input that shows it:", f"  {written(finding.exercise, finding.call)}"]
    return "\n".join([*lines, *(f"  {name}: {text}" for name, text in shown.items())])
