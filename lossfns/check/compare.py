"""The right answer to a call, and whether another one is as good."""

import warnings
from dataclasses import replace

import numpy as np

from lossfns.check.answer import Answer
from lossfns.check.exercise import Call, Exercise


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


def value_is_right(exercise: Exercise, call: Call, answer: Answer, right: Answer) -> bool:
    """Whether the numbers are near enough; where many are, whether they are good enough."""
    if exercise.score is None:
        return close(exercise, call, answer.value, right.value) or (
            call.single and close(exercise, call, answer.value, _in_single(exercise, call).value)
        )
    return exercise.score(call, answer.value) <= passing_score(exercise, call, right)


def passing_score(exercise: Exercise, call: Call, right: Answer) -> float:
    """The highest score with which an answer to this call is still right."""
    assert exercise.score is not None and right.value is not None
    return exercise.score(call, right.value) * (1 + exercise.slack) + exercise.atol


def slopes_agree(exercise: Exercise, call: Call, one: Answer, other: Answer) -> bool:
    """Whether the gradients that the call asks for are the same."""
    # A reply that was forged may lack what was asked for.
    pairs = ((one.slopes.get(name), other.slopes.get(name)) for name in call.wants)
    return all(close(exercise, call, *pair) for pair in pairs)


def close(exercise: Exercise, call: Call, one, other) -> bool:
    """Whether two arrays are the same, within what the exercise or the call grants."""
    if one is None or other is None:
        return one is other
    if one.shape != other.shape:
        return False
    atol = exercise.atol if call.atol is None else call.atol
    return np.allclose(one, other, rtol=exercise.rtol, atol=atol, equal_nan=True)


def _in_single(exercise, call) -> Answer:
    """What is right for those who work in single precision throughout."""
    arrays = {
        name: array.astype(np.float32) if array.dtype.kind == "f" else array
        for name, array in call.arrays.items()
    }
    return reference(exercise, replace(call, arrays=arrays))
