"""Put a verdict into words that help the learner to the next step."""

import re
import textwrap

import numpy as np

from lossfns.check.exercise import Call, Exercise
from lossfns.check.judge import Finding, Verdict, passing_score
from lossfns.labels import where

_SHOWN = 24


def praise(exercise: Exercise, verdict: Verdict, count: int) -> str:
    """The one line that a right answer earns."""
    what = ", ".join(verdict.checked)
    if exercise.slopes:
        what += ", gradients by autograd"
    peer = f"; it agrees with torch.nn.{exercise.twin}" if exercise.twin else ""
    return f"{exercise.name}: right on all {count} inputs ({what}){peer}."


def advice(exercise: Exercise, verdict: Verdict, *, example: bool = True) -> str:
    """What is wrong, on which input it shows, and where to read.

    Without `example` the input, which may be a secret of the grader, stays out.
    """
    first = verdict.first
    if first.problem == "not written":
        return _not_written(exercise, first)
    if verdict.explained is not None:
        kind = f"This looks like: {verdict.explained.name}.\n{_fill(verdict.explained.hint)}"
    else:
        kind = _fill(_unexplained(exercise, verdict))
        if first.answer.line:
            kind += f"\n  in: {first.answer.line}"
    if example:
        parts = [f"{exercise.name}: not yet right.", kind, _example(exercise, first)]
    else:
        parts = [f"{exercise.name}: right on the inputs of the check you see, not on others.", kind]
    good = [aspect for aspect in verdict.checked if aspect not in verdict.failed]
    if good:
        parts.append(f"Already right: {', '.join(good)}.")
    parts.append(f"Read again: {where(exercise.read)}")
    return "\n\n".join(parts)


def in_brief(verdict: Verdict) -> str:
    """A verdict in a few words, for a table."""
    if not verdict.findings:
        return "right"
    if verdict.first.problem == "not written":
        return "not written yet"
    if verdict.explained is not None:
        return verdict.explained.name
    return _IN_BRIEF.get(verdict.first.problem, "wrong numbers").format(
        answer=verdict.first.answer, right=verdict.first.right
    )


_IN_BRIEF = {
    "accepts": "bad input is not refused with {right.error}",
    "raises": "stops with {answer.error}",
    "raises another": "{answer.error} instead of {right.error} for bad input",
    "type": "returns something else than numbers",
    "shape": "a result of another shape",
    "not finite": "NaN or infinity",
    "no gradient": "no gradient reaches the input",
    "gradient": "another gradient",
    "changed": "changes its input",
    "device": "a result on another device",
    "memory": "right, but holds too much in memory",
    "dtype": "a result of another dtype",
}


def smallest_input(exercise: Exercise, verdict: Verdict) -> str:
    """The smallest input that shows what is wrong, with both results; "" for what is missing."""
    first = verdict.first
    return "" if first.problem == "not written" else _example(exercise, first)


def _not_written(exercise, first) -> str:
    how = "raised NotImplementedError" if first.answer.error else "returned None"
    return _fill(
        f"{exercise.name}: not written yet ({how}). Replace the body of "
        f"{exercise.signature} and make sure that it returns its result."
    )


def _unexplained(exercise: Exercise, verdict: Verdict) -> str:
    first = verdict.first
    answer, right = first.answer, first.right
    if first.problem == "raises" and first.call.any_result:
        return (
            f"This input is good, yet it is refused with {answer.error}: {answer.message} "
            "Refuse bad input only."
        )
    if first.problem == "raises":
        return f"It stops with {answer.error}: {answer.message} {_cure(exercise, answer)}"
    if first.problem == "raises another":
        return f"On this input it must raise {right.error}; yours raises {answer.error}."
    if first.problem == "accepts":
        return (
            f"On this input it must raise {right.error} instead of returning a result, because "
            "a wrong number that looks fine is harder to find than an exception."
        )
    if first.problem == "type" and answer.kind == "NoneType":
        return (
            "On other inputs it returns a result, on this one None: a branch of your function ends "
            "without return, or returns something that is None."
        )
    if first.problem == "type":
        wanted = "a torch.Tensor" if exercise.torch else "a float or a NumPy array"
        returned = f"{answer.kind} of {answer.dtype}" if answer.dtype else answer.kind
        return f"It returns {returned} where {wanted} of real numbers is expected."
    if first.problem == "shape":
        expected = f"an array of shape {right.value.shape}" if right.value.ndim else "one number"
        unreduced = not right.value.ndim and answer.value.shape == _input_shape(first.call)
        return (
            f"The result has shape {answer.value.shape}; {expected} is expected here."
            + " Are these the items' losses, not yet averaged?" * unreduced
        )
    if first.problem == "not finite":
        return (
            "The result is not a finite number although the right one is. Something on the way "
            "overflows, divides by zero or subtracts infinities."
        )
    if first.problem == "no gradient":
        return (
            "The value is right but no gradient reaches the input, so nothing could be trained "
            "with it. The graph is cut by .item(), float(), .numpy(), .detach(), torch.no_grad() "
            "or by building a new torch.tensor from the result: stay with tensor operations."
        )
    if first.problem == "gradient":
        return "The value is right but autograd finds a gradient that is not."
    if first.problem == "changed":
        names = " and ".join(answer.changed)
        return (
            f"The result is right, but your function changes its input {names}. In-place "
            "operations such as `pred -= target` or `out=pred` write into the caller's array: "
            "compute a new one."
        )
    if first.problem == "memory":
        return (
            f"The result is right, but your function holds {answer.peak / 1e6:.1f} MB at a time; "
            f"{first.call.most_memory / 1e6:.1f} MB are more than enough. Is there an array of the "
            "size of the whole problem?"
        )
    if first.problem == "device":
        return (
            f"The result is on {answer.moved} although the input is not. Make new tensors from "
            "the input, as in torch.zeros_like(pred), and they are where it is."
        )
    if first.problem == "dtype":
        wanted = "that of the input" if exercise.torch else "float64 or float32"
        return f"The numbers are right but their dtype is {answer.dtype}; {wanted} is expected."
    if exercise.score is not None:
        return "The result has the right form, but it is not good enough: its loss is too high."
    return _pattern(verdict)


def _cure(exercise, answer) -> str:
    """What to do about exceptions that nearly everybody meets."""
    message = answer.message
    if answer.error in ("NameError", "UnboundLocalError"):
        return (
            "Your function may use its arguments, what it defines itself, and helpers, constants "
            "and imports of your cells. A name that comes from an experiment, or from a cell that "
            "failed or has not been run, is not there: define it inside the function, or above it."
        )
    if "view size is not compatible" in message:
        return (
            "It lies in memory column by column here, as a transposed table does, which .view "
            "cannot follow."
        )
    if "truth value of an array" not in message and "Boolean value of Tensor" not in message:
        return ""
    where = "torch.where" if exercise.torch else "np.where"
    return (
        f"An `if` decides once for the whole array; {where}(condition, this, that) decides for "
        "every item."
    )


def _input_shape(call: Call) -> tuple[int, ...]:
    return next(iter(call.arrays.values())).shape


def _pattern(verdict: Verdict) -> str:
    """Describe wrong values that no known misconception explains, by what they have in common."""
    wrong = [f for f in verdict.findings if f.problem == "value"]
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
    return "The result is wrong, and none of the usual mistakes explains all your results."


def _ratio(finding):
    right, mine = finding.right.value, finding.answer.value
    usable = np.abs(right) > 1e-9
    if not usable.any() or np.any(np.abs(mine[~usable]) > 1e-9):
        return None
    ratios = mine[usable] / right[usable]
    return ratios.flat[0] if np.allclose(ratios, ratios.flat[0], rtol=1e-3) else None


def _example(exercise: Exercise, finding: Finding) -> str:
    yours, right = _both_sides(finding)
    lines = [
        "The smallest input that shows it:",
        f"  {written(exercise, finding.call)}",
        f"  yours: {yours}",
        f"  right: {right}",
    ]
    if exercise.score is not None and finding.problem == "value":
        lines.append(f"  loss of yours: {exercise.score(finding.call, finding.answer.value):.6g}")
        lines.append(f"  loss of right: {exercise.score(finding.call, finding.right.value):.6g}")
        enough = passing_score(exercise, finding.call, finding.right)
        lines.append(f"  good enough: {enough:.6g}")
    return "\n".join(lines)


def _both_sides(finding: Finding) -> tuple[str, str]:
    answer, right = finding.answer, finding.right
    mine = answer.error or _number(answer.value) or answer.kind
    if right.error:
        return mine, f"raises {right.error}"
    best = _number(right.value)
    if finding.problem == "changed":
        return f"{mine}, and changes {' and '.join(answer.changed)}", f"{best}, input untouched"
    if finding.problem == "dtype":
        wanted = next(iter(finding.call.arrays.values())).dtype
        return f"{mine} as {answer.dtype}", f"{best} as {wanted}"
    if finding.problem == "memory":
        return f"{mine}, {answer.peak / 1e6:.1f} MB", f"{best}, with less"
    if finding.problem == "device":
        return f"{mine} on {answer.moved}", f"{best} where the input is"
    if finding.problem in ("no gradient", "gradient"):
        return mine + _slopes(answer), best + _slopes(right)
    return mine, best


def _slopes(answer) -> str:
    return "".join(
        f", gradient for {name} {'none' if slope is None else _number(slope)}"
        for name, slope in answer.slopes.items()
    )


def written(exercise: Exercise, call: Call) -> str:
    """The call as the learner would type it."""
    given = [_array(array, exercise.torch) for array in call.arrays.values()]
    given += [f"{name}={value!r}" for name, value in call.options.items()]
    return f"{exercise.name}({', '.join(given)})"


def _array(array, torch) -> str:
    if array.size > _SHOWN:
        return f"<array of shape {array.shape}>"
    usual = np.float32 if torch else np.float64
    if array.dtype.kind in "ib":
        usual = array.dtype
    made = "torch.tensor" if torch else "np.array"
    note = "" if array.dtype == usual else f", dtype={'torch' if torch else 'np'}.{array.dtype}"
    # Python knows neither name by itself.
    listed = re.sub(r"\b(nan|inf)\b", r"np.\1", _listed(array))
    return f"{made}({listed}{note})"


def _listed(array) -> str:
    if array.ndim == 0 and array.dtype.kind in "ib":
        return str(array)
    if array.ndim == 0:
        text = f"{array:.6g}"
        # torch.tensor([1]) would hold an integer.
        return f"{text}.0" if text.lstrip("-").isdigit() else text
    return "[" + ", ".join(_listed(row) for row in array) + "]"


def _number(value) -> str:
    if value is None:
        return ""
    return _listed(value) if value.size <= _SHOWN else f"<array of shape {value.shape}>"


def _fill(text) -> str:
    return textwrap.fill(" ".join(text.split()), width=88, break_on_hyphens=False)
