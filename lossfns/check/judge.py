"""Compare answers with the reference and find the misconception that explains them."""

from dataclasses import dataclass, replace

import numpy as np

from lossfns.check.answer import Answer, ask
from lossfns.check.compare import close, reference, slopes_agree
from lossfns.check.exercise import ASPECTS, Call, Exercise, Kind, Misconception, Reason
from lossfns.check.method import another_way
from lossfns.check.problems import (
    ACCEPTS,
    GRADIENT,
    MEMORY,
    METHOD,
    NOT_WRITTEN,
    SCORE,
    VALUE,
    Case,
    Finding,
    problem_of,
)


@dataclass(frozen=True)
class Verdict:
    """`findings` is empty when all is right; `explained` is what fits all of them, if anything."""

    findings: tuple[Finding, ...] = ()
    explained: Misconception | Reason | None = None
    checked: tuple[str, ...] = ()
    failed: tuple[str, ...] = ()

    @property
    def first(self) -> Finding:
        """The smallest input that shows the mistake to mend first."""
        worst = [f for f in self.findings if f.call.aspect == self.failed[0]]
        return min(worst, key=_turn)


def _turn(finding):
    """What an exercise says about bad input of its own comes first, in the order of its draw."""
    call = finding.call
    told = finding.problem is ACCEPTS and call.reason != ""
    unwritten = finding.problem is NOT_WRITTEN
    return not unwritten, not told, *((0, 0) if told else (call.size, len(call.options)))


def judge(
    exercise: Exercise,
    calls: list[Call],
    answers: list[Answer],
    sources: tuple[str, str] | None = None,
) -> Verdict:
    """Judge the answers that a function gave to these calls.

    `sources` are those of the function and of the broken one that it repairs, if it does.
    """
    writes = any(answer.value is not None for answer in answers)
    findings = []
    for call, answer in zip(calls, answers, strict=True):
        case = Case(exercise, call, answer, reference(exercise, call), writes)
        problem = problem_of(case)
        if problem is not None:
            findings.append(Finding(**vars(case), problem=problem))
    present = {call.aspect for call in calls}
    checked = tuple(aspect for aspect in ASPECTS if aspect in present)
    failed = tuple(a for a in checked if any(f.call.aspect == a for f in findings))
    if not findings:
        reason = another_way(exercise, calls, answers, sources)
        if reason is None:
            return Verdict(checked=checked)
        case = Case(exercise, calls[0], answers[0], reference(exercise, calls[0]))
        return Verdict((Finding(**vars(case), problem=METHOD),), reason, checked, checked[:1])
    verdict = Verdict(tuple(findings), None, checked, failed)
    return replace(verdict, explained=_explain(exercise, calls, answers, verdict))


def _explain(exercise, calls, answers, verdict) -> Misconception | Reason | None:
    """What fits what fails first: a misconception, a usual problem, a reason to refuse, a kind."""
    first = verdict.first
    if first.problem is MEMORY:
        # All results are right: no mistake of the table explains it.
        return None
    misconception = _misconception(exercise, calls, answers, verdict)
    if misconception is not None:
        return misconception
    if first.problem.common:
        return Reason(first.problem.name, first.problem.says(first))
    if first.problem is ACCEPTS and first.call.reason:
        return exercise.reason(first.call.reason)
    kind = _common_kind(calls, verdict)
    infinite = first.answer.value is not None and not np.isfinite(first.answer.value).all()
    return None if kind is None or (kind.finite and infinite) else exercise.reason(kind.name)


def _misconception(exercise, calls, answers, verdict) -> Misconception | None:
    """The one that gives the same answers, up to the aspect that fails first.

    Later aspects may hold a second, unrelated mistake; they only decide between candidates, after
    the question whether a candidate is about that aspect at all: many variants with wrong values
    accept bad input as well, and none of them is what is wrong with bad input.
    """
    first, until = verdict.first, ASPECTS.index(verdict.failed[0])
    asked = list(zip(calls, answers, strict=True))
    must = [pair for pair in asked if _must_agree(pair[0], until, first.call)]
    candidates = [
        misconception
        for misconception in exercise.misconceptions
        if _shares_problem(misconception, first)
        and all(_same(exercise, misconception, call, answer) for call, answer in must)
    ]
    if verdict.failed[0] == "bad input":
        candidates = [one for one in candidates if _goes_wrong_in(exercise, one) == "bad input"]
    if len(candidates) < 2:
        return candidates[0] if candidates else None

    def fit(misconception):
        agreed = (_same(exercise, misconception, call, answer) for call, answer in asked)
        return _goes_wrong_in(exercise, misconception) == verdict.failed[0], sum(agreed)

    return max(candidates, key=fit)


def _common_kind(calls, verdict) -> Kind | None:
    """The kind of all that fails in the first aspect; of bad input each kind is its own mistake."""
    known = dict.fromkeys(call.kind for call in calls if call.kind is not None)
    aspect = verdict.failed[0]
    failed = [finding.call for finding in verdict.findings if finding.call.aspect == aspect]
    if aspect == "bad input":
        failed = [verdict.first.call, *(call for call in failed if call.kind is not None)]
        return next((call.kind for call in failed if call.kind is not None), None)
    kinds = {
        call.kind or next((kind for kind in known if kind.covers(call)), None) for call in failed
    }
    return kinds.pop() if len(kinds) == 1 else None


def _goes_wrong_in(exercise, misconception) -> str:
    """The first aspect in which a misconception gives wrong answers when everything is asked."""
    for call in exercise.calls(seed=0):
        wrong = ask(misconception.wrong, call, torch=exercise.torch)
        if problem_of(Case(exercise, call, wrong, reference(exercise, call))) is not None:
            return call.aspect
    return ""


def _shares_problem(misconception, finding) -> bool:
    if misconception.shows is not None and finding.problem in (SCORE, VALUE, GRADIENT):
        # Its variant is one of many: where it goes wrong, others need not.
        return True
    wrong = ask(misconception.wrong, finding.call, torch=finding.exercise.torch)
    case = Case(finding.exercise, finding.call, wrong, finding.right)
    return problem_of(case) is finding.problem


def _must_agree(call, until, first) -> bool:
    # Each kind of bad input is a mistake of its own, so one of them is enough to recognise; so is
    # each kind of extreme, which one way to write a mistake may survive and another may not.
    if call.aspect == "bad input" or (call.kind is not None and call.aspect == first.aspect):
        return call is first or (first.kind is not None and call.kind is first.kind)
    return ASPECTS.index(call.aspect) <= until


def _same(exercise, misconception, call, answer) -> bool:
    ordinary = not call.raises and not call.any_result
    if misconception.shows is not None and answer.value is not None and ordinary:
        return bool(misconception.shows(call, answer.value))
    wrong = ask(misconception.wrong, call, torch=exercise.torch)
    if answer.error or wrong.error:
        return answer.error == wrong.error
    if call.raises and call.kind is not None:
        # What comes out of a formula beyond its range depends on how it is written.
        return True
    if answer.value is None or wrong.value is None:
        return answer.kind == wrong.kind
    # An overflow to infinity and one to NaN are the same mistake.
    mine, theirs = _finite_or_nan(answer.value), _finite_or_nan(wrong.value)
    return (
        close(exercise, call, mine, theirs)
        and answer.changed == wrong.changed
        and (not exercise.torch or answer.dtype == wrong.dtype)
        and slopes_agree(exercise, call, answer, wrong)
    )


def _finite_or_nan(values):
    return np.where(np.isfinite(values), values, np.nan)
