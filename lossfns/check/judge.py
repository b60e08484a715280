"""Compare answers with the reference and find the misconception that explains them."""

import warnings
from dataclasses import dataclass, replace

import numpy as np

from lossfns.check.answer import Answer, ask
from lossfns.check.exercise import ASPECTS, Call, Exercise, Kind, Misconception


@dataclass(frozen=True)
class Finding:
    """One call that was answered wrongly: what is wrong, the answer, and the right one."""

    problem: str
    call: Call
    answer: Answer
    right: Answer


@dataclass(frozen=True)
class Verdict:
    """`findings` is empty when all is right; `explained` is the misconception or kind that fits."""

    findings: tuple[Finding, ...] = ()
    explained: Misconception | Kind | None = None
    checked: tuple[str, ...] = ()
    failed: tuple[str, ...] = ()

    @property
    def first(self) -> Finding:
        """The smallest input that shows the mistake to mend first."""
        worst = [f for f in self.findings if f.call.aspect == self.failed[0]]
        return min(worst, key=lambda f: (f.call.size, len(f.call.options)))


def judge(exercise: Exercise, calls: list[Call], answers: list[Answer]) -> Verdict:
    """Judge the answers that a function gave to these calls."""
    rights = [reference(exercise, call) for call in calls]
    findings = []
    for call, answer, right in zip(calls, answers, rights, strict=True):
        problem = _problem(exercise, call, answer, right)
        if problem:
            findings.append(Finding(problem, call, answer, right))
    if any(answer.value is not None for answer in answers):
        findings = [_without_return(finding) for finding in findings]
    present = {call.aspect for call in calls}
    checked = tuple(aspect for aspect in ASPECTS if aspect in present)
    failed = tuple(a for a in checked if any(f.call.aspect == a for f in findings))
    if not findings:
        return Verdict(checked=checked)
    verdict = Verdict(tuple(findings), None, checked, failed)
    return replace(verdict, explained=_explain(exercise, calls, answers, verdict))


def reference(exercise: Exercise, call: Call) -> Answer:
    """The answer of the reference, computed in float64 whatever the call's floating dtype."""
    if call.raises:
        return Answer(error=call.raises)
    arrays = [
        array.astype(np.float64) if array.dtype.kind == "f" else array.copy()
        for array in call.arrays.values()
    ]
    # What the reference warns of is asked on purpose, and no learner's doing.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        value = np.asarray(exercise.right(*arrays, **call.options), dtype=np.float64)
        slopes = {
            name: np.asarray(exercise.slopes[name](*arrays, **call.options)) for name in call.wants
        }
    return Answer(value=value, slopes=slopes)


def _problem(exercise, call, answer, right) -> str:
    """Name the first thing that is wrong with an answer, or "" when it is right."""
    if answer.error == "NotImplementedError":
        return "not written"
    if call.raises:
        if not answer.error:
            return "accepts"
        return "" if answer.error == call.raises else "raises another"
    if answer.error:
        return "raises"
    if answer.kind == "NoneType":
        return "not written"
    if call.any_result:
        return ""
    if answer.value is None:
        return "type"
    if answer.value.shape != right.value.shape:
        return "shape"
    if not np.isfinite(answer.value).all():
        return "not finite"
    if not _value_is_right(exercise, call, answer, right):
        return "value"
    if any(slope is None for slope in answer.slopes.values()):
        return "no gradient"
    if not _slopes_agree(exercise, call, answer, right):
        return "gradient"
    if answer.changed:
        return "changed"
    if call.most_memory and answer.peak > call.most_memory:
        return "memory"
    if answer.moved:
        return "device"
    if exercise.torch and answer.dtype != str(next(iter(call.arrays.values())).dtype):
        return "dtype"
    if not exercise.torch and answer.dtype == "float16":
        return "dtype"
    return ""


def _without_return(finding: Finding) -> Finding:
    """None from a function that answers other calls is a branch without return."""
    forgotten = finding.problem == "not written" and finding.answer.kind == "NoneType"
    return replace(finding, problem="type") if forgotten else finding


def _value_is_right(exercise, call, answer, right) -> bool:
    if exercise.score is None:
        return _close(exercise, call, answer.value, right.value) or (
            call.single and _close(exercise, call, answer.value, _in_single(exercise, call).value)
        )
    return exercise.score(call, answer.value) <= passing_score(exercise, call, right)


def passing_score(exercise: Exercise, call: Call, right: Answer) -> float:
    """The highest score with which an answer to this call is still right."""
    assert exercise.score is not None and right.value is not None
    return exercise.score(call, right.value) * (1 + exercise.slack) + exercise.atol


def _in_single(exercise, call) -> Answer:
    """What is right for those who work in single precision throughout."""
    arrays = {
        name: array.astype(np.float32) if array.dtype.kind == "f" else array
        for name, array in call.arrays.items()
    }
    return reference(exercise, replace(call, arrays=arrays))


def _slopes_agree(exercise, call, one, other) -> bool:
    # A reply that was forged may lack what was asked for.
    pairs = ((one.slopes.get(name), other.slopes.get(name)) for name in call.wants)
    return all(_close(exercise, call, *pair) for pair in pairs)


def _close(exercise, call, one, other) -> bool:
    if one is None or other is None:
        return one is other
    if one.shape != other.shape:
        return False
    atol = exercise.atol if call.atol is None else call.atol
    return np.allclose(one, other, rtol=exercise.rtol, atol=atol, equal_nan=True)


def _explain(exercise, calls, answers, verdict) -> Misconception | Kind | None:
    """The misconception that gives the same answers, up to the aspect that fails first.

    Later aspects may hold a second, unrelated mistake; they only decide between candidates, after
    the question whether a candidate is about that aspect at all: many variants with wrong values
    accept bad input as well. Where no misconception fits and all that fails is of one kind, that
    is the explanation.
    """
    if verdict.first.problem == "memory":
        # All results are right: no mistake of the table explains it.
        return None
    first, kind = verdict.failed[0], _common_kind(calls, verdict)
    until = ASPECTS.index(first)
    asked = list(zip(calls, answers, strict=True))
    must = [pair for pair in asked if _must_agree(pair[0], until, verdict.first.call)]

    def agrees(misconception):
        return (_same(exercise, misconception, call, answer) for call, answer in asked)

    candidates = [
        misconception
        for misconception in exercise.misconceptions
        if _shares_problem(exercise, misconception, verdict.first)
        and all(_same(exercise, misconception, call, answer) for call, answer in must)
    ]
    if first == "bad input" and kind is not None:
        candidates = [one for one in candidates if _goes_wrong_in(exercise, one) == first]
    if len(candidates) < 2:
        return candidates[0] if candidates else kind
    return max(
        candidates, key=lambda one: (_goes_wrong_in(exercise, one) == first, sum(agrees(one)))
    )


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
        if _problem(exercise, call, wrong, reference(exercise, call)):
            return call.aspect
    return ""


def _shares_problem(exercise, misconception, finding) -> bool:
    if misconception.shows is not None and finding.problem in ("value", "gradient"):
        # Its variant is one of many: where it goes wrong, others need not.
        return True
    wrong = ask(misconception.wrong, finding.call, torch=exercise.torch)
    return _problem(exercise, finding.call, wrong, finding.right) == finding.problem


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
        _close(exercise, call, mine, theirs)
        and answer.changed == wrong.changed
        and (not exercise.torch or answer.dtype == wrong.dtype)
        and _slopes_agree(exercise, call, answer, wrong)
    )


def _finite_or_nan(values):
    return np.where(np.isfinite(values), values, np.nan)
