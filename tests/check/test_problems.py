"""What learners cause in many functions is found, named and shown alike in all of them."""

from dataclasses import replace

import numpy as np
import pytest

from lossfns.check import EXERCISES
from lossfns.check.answer import Answer
from lossfns.check.compare import reference
from lossfns.check.judge import judge
from lossfns.check.message import advice, in_brief
from lossfns.check.problems import OF_RESULTS

TORCH = [name for name, exercise in EXERCISES.items() if exercise.torch]


def right_answers(exercise, calls):
    """As `ask` would write them down."""
    for call in calls:
        right = reference(exercise, call)
        dtype = str(next(iter(call.arrays.values())).dtype)
        kind = "Tensor" if exercise.torch else "ndarray"
        yield right if call.raises else replace(right, kind=kind, dtype=dtype)


def told(name, change):
    """The verdict on right answers to good input, each of them changed."""
    exercise = EXERCISES[name]
    calls = exercise.calls(0)
    answers = [
        answer if call.raises else change(call, answer)
        for call, answer in zip(calls, right_answers(exercise, calls), strict=True)
    ]
    return judge(exercise, calls, answers)


def cut_off(call, answer):
    return replace(answer, slopes=dict.fromkeys(call.wants))


def python_number(call, answer):
    return Answer(kind="float")


def double_precision(call, answer):
    return replace(answer, dtype="float64")


def changed_in_place(call, answer):
    return replace(answer, changed=(list(call.arrays)[-1],))


@pytest.mark.parametrize("name", TORCH)
@pytest.mark.parametrize(
    ("change", "called", "shown"),
    [
        (cut_off, "the graph cut off", "gradient for"),
        (python_number, "a Python number instead of a tensor", "yours: float"),
        (double_precision, "everything in double precision", " as float64"),
    ],
)
def test_what_goes_wrong_with_tensors_has_a_name(name, change, called, shown):
    if change is cut_off and not EXERCISES[name].slopes:
        return
    verdict = told(name, change)
    assert verdict.explained.name == called == in_brief(verdict)
    message = advice(EXERCISES[name], verdict)
    assert f"This looks like: {called}.\n" in message
    assert shown in message


@pytest.mark.parametrize("name", EXERCISES)
def test_an_input_that_is_changed_is_named(name):
    verdict = told(name, changed_in_place)
    assert verdict.explained.name == "the input changed in place"
    argument = list(verdict.first.call.arrays)[-1]
    message = advice(EXERCISES[name], verdict)
    assert f"changes its input {argument}." in " ".join(message.split())
    assert f", and changes {argument}\n" in message


@pytest.mark.parametrize("name", EXERCISES)
def test_no_exercise_says_it_a_second_time(name):
    common = {problem.name for problem in OF_RESULTS if problem.common}
    assert len(common) == 4
    assert not common & {mistake.name for mistake in EXERCISES[name].misconceptions}


def test_another_dtype_than_double_is_described():
    verdict = told("mse_torch", lambda call, answer: replace(answer, dtype="float16"))
    assert verdict.explained is None
    assert in_brief(verdict) == "a result of another dtype"
    assert "their dtype is float16" in advice(EXERCISES["mse_torch"], verdict)


def test_none_from_everything_is_not_written_and_from_some_a_missing_return():
    nothing = Answer(kind="NoneType")
    verdict = told("mse", lambda call, answer: nothing)
    assert in_brief(verdict) == "not written yet"
    verdict = told("mse", lambda call, answer: nothing if call.size < 5 else answer)
    assert in_brief(verdict) == "returns something else than numbers"
    assert "ends without return" in " ".join(advice(EXERCISES["mse"], verdict).split())


def test_a_stub_is_told_to_be_one_where_bad_input_is_asked_alone():
    exercise = EXERCISES["mse"]
    calls = exercise.calls(0, ["bad input"])
    verdict = judge(exercise, calls, [Answer(kind="NoneType")] * len(calls))
    assert in_brief(verdict) == "not written yet"
    assert "not written yet" in advice(exercise, verdict)


def test_a_number_on_another_device_is_shown_where_it_is():
    verdict = told("mse_torch", lambda call, answer: replace(answer, moved="cuda:0"))
    assert in_brief(verdict) == "a result on another device"
    assert " on cuda:0\n" in advice(EXERCISES["mse_torch"], verdict)


def test_a_result_that_is_good_for_any_input_is_not_compared():
    exercise = EXERCISES["huber"]
    calls = exercise.calls(0, ["bad input"])
    answers = [
        Answer(error="ValueError") if call.raises else Answer(np.float64(-1e9), "float", "float64")
        for call in calls
    ]
    assert not judge(exercise, calls, answers).findings
