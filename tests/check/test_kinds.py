"""Calls of a kind are recognised as such, and differ from seed to seed."""

import numpy as np
import pytest

from lossfns.check import EXERCISES
from lossfns.check.answer import Answer, ask
from lossfns.check.compare import reference
from lossfns.check.judge import judge

KINDS = [
    pytest.param(exercise, kind, id=f"{exercise.name}: {kind.name}")
    for exercise in EXERCISES.values()
    for kind in dict.fromkeys(call.kind for call in exercise.calls(0) if call.kind is not None)
]


def answered(exercise, call):
    """A right answer, as `ask` would write it down."""
    right = reference(exercise, call)
    if right.error:
        return right
    dtype = str(next(iter(call.arrays.values())).dtype)
    return Answer(right.value, "Tensor", dtype, slopes=right.slopes)


def missed(exercise, call):
    """No refusal, or another number."""
    if call.raises:
        return Answer(np.float64(0.125), "Tensor", "float64")
    right = answered(exercise, call)
    return Answer(right.value * 1.5 + 0.25, right.kind, right.dtype, slopes=right.slopes)


@pytest.mark.parametrize(("exercise", "kind"), KINDS)
def test_who_misses_one_call_of_a_kind_is_told_about_the_kind(exercise, kind):
    """As by a check of single values: the misconceptions of the exercise miss more, or none."""
    calls = exercise.calls(3)
    concerned = [i for i, call in enumerate(calls) if call.kind is kind]
    wrong = concerned[-1:]
    answers = [(missed if i in wrong else answered)(exercise, call) for i, call in enumerate(calls)]
    verdict = judge(exercise, calls, answers)
    named = verdict.explained
    if named in exercise.misconceptions:
        # One that is about just these calls says it better.
        said = [ask(named.wrong, calls[i], torch=exercise.torch).error for i in concerned]
        assert [not error for error in said] == [i in wrong for i in concerned]
    else:
        assert named == exercise.reason(kind.name)
    assert len(exercise.reason(kind.name).hint) > 40


@pytest.mark.parametrize("name", [name for name in EXERCISES if EXERCISES[name].probes])
def test_calls_of_a_kind_are_drawn_anew_for_each_seed(name):
    def drawn(seed):
        return [
            (call.options, [array.tolist() for array in call.arrays.values()])
            for call in EXERCISES[name].calls(seed)
            if call.kind is not None
        ]

    assert drawn(1) == drawn(1)
    assert drawn(1) != drawn(2)
