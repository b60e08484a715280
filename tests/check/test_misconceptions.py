"""The tests of the checks: every mistake must fail its exercise and be called by its name."""

import numpy as np
import pytest

from lossfns.check import EXERCISES, CheckFailed, check
from lossfns.check.answer import Answer
from lossfns.check.compare import reference
from lossfns.check.judge import judge
from lossfns.check.message import advice
from lossfns.labels import place, where

MISTAKES = [
    pytest.param(exercise.name, mistake, id=f"{exercise.name}: {mistake.name}")
    for exercise in EXERCISES.values()
    for mistake in exercise.misconceptions
]


@pytest.mark.parametrize("seed", [0, 11])
@pytest.mark.parametrize(("name", "mistake"), MISTAKES)
def test_a_misconception_fails_and_is_named(name, mistake, seed):
    with pytest.raises(CheckFailed) as failure:
        check(name, mistake.wrong, seed=seed)
    assert failure.value.verdict.explained is mistake
    message = str(failure.value)
    assert mistake.name in message
    assert "The smallest input that shows it:" in message
    assert "yours:" in message and "right:" in message
    assert f"Read again: {where(EXERCISES[name].read)}" in message


def reasons(exercise):
    """Why calls must be refused, in the order in which the exercise draws them."""
    names = dict.fromkeys(call.reason for call in exercise.calls(0) if call.reason)
    return [exercise.reason(name) for name in names]


@pytest.mark.parametrize("name", EXERCISES)
def test_every_mistake_has_a_name_of_its_own_and_a_hint(name):
    mistakes = [*EXERCISES[name].misconceptions, *reasons(EXERCISES[name])]
    assert EXERCISES[name].misconceptions
    assert len({mistake.name for mistake in mistakes}) == len(mistakes)
    assert all(len(mistake.hint) > 40 for mistake in mistakes)


@pytest.mark.parametrize("name", EXERCISES)
def test_every_refusal_says_why(name):
    for call in EXERCISES[name].calls(0):
        assert bool(call.raises) == (call.aspect == "bad input")
        if call.raises:
            assert (call.reason == "") != (call.kind is None)
        else:
            assert not call.reason


REASONS = [
    pytest.param(exercise, reason, id=f"{exercise.name}: {reason.name}")
    for exercise in EXERCISES.values()
    for reason in reasons(exercise)
]


def verdict_on(exercise, calls, accepted, value):
    """The verdict on a function that is right, but accepts some calls with this result."""
    answers = []
    for call in calls:
        right = reference(exercise, call)
        if call.raises:
            kind = "Tensor" if exercise.torch else "ndarray"
            answers.append(Answer(value, kind, "float64") if accepted(call) else right)
        else:
            dtype = str(next(iter(call.arrays.values())).dtype)
            answers.append(Answer(right.value, "Tensor", dtype, slopes=right.slopes))
    return judge(exercise, calls, answers)


@pytest.mark.parametrize("value", [np.float64(0.125), np.array([-3.0, 8.0])])
@pytest.mark.parametrize("aspects", [None, ["bad input"]])
@pytest.mark.parametrize(("exercise", "reason"), REASONS)
def test_who_accepts_bad_input_is_told_why_not_whatever_is_returned(
    exercise, reason, aspects, value
):
    calls = exercise.calls(3, aspects)
    verdict = verdict_on(exercise, calls, lambda call: call.reason == reason.name, value)
    assert verdict.explained == reason
    assert verdict.first.call.reason == reason.name
    message = advice(exercise, verdict)
    assert f"This looks like: {reason.name}.\n" in message
    assert "  right: raises ValueError" in message


@pytest.mark.parametrize(("exercise", "reason"), REASONS)
def test_who_accepts_several_is_told_what_the_exercise_asks_first(exercise, reason):
    first = reasons(exercise)[0]
    calls = exercise.calls(3)
    verdict = verdict_on(
        exercise, calls, lambda call: call.reason in (first.name, reason.name), np.float64(0.125)
    )
    assert verdict.explained == first


@pytest.mark.parametrize("exercise", [one for one in EXERCISES.values() if reasons(one)])
def test_what_an_exercise_says_of_its_own_comes_before_a_kind(exercise):
    verdict = verdict_on(exercise, exercise.calls(3), lambda call: True, np.float64(0.125))
    assert verdict.explained == reasons(exercise)[0]


def test_another_exception_is_not_taken_for_accepting():
    exercise = EXERCISES["nll"]
    calls = exercise.calls(0)
    above = "a label beyond the last class accepted"
    answers = []
    for call in calls:
        right = reference(exercise, call)
        answers.append(Answer(error="IndexError") if call.reason == above else right)
    verdict = judge(exercise, calls, answers)
    assert verdict.explained is None
    assert "must raise ValueError; yours raises IndexError" in advice(exercise, verdict)


@pytest.mark.parametrize("name", EXERCISES)
def test_every_exercise_names_a_label_of_the_book(name):
    assert place(EXERCISES[name].read)
