"""What is asked and in which order, and what is noticed about the arguments afterwards."""

import numpy as np
import pytest

from lossfns.check import EXERCISES
from lossfns.check.answer import ask
from lossfns.check.exercise import ASPECTS, Call


def touching(change):
    def function(pred, target):
        pred += change
        return float(np.mean((pred - target) ** 2))

    return function


@pytest.mark.parametrize("change", [1.0, 1e-9, 1e-15])
def test_an_argument_that_is_changed_ever_so_little_is_named(change):
    """Clipping in place moves a probability by 1e-12: whoever uses it afterwards has another."""
    call = Call({"pred": np.array([0.5, 0.25]), "target": np.array([1.0, 0.0])})
    assert ask(touching(change), call).changed == ("pred",)


def test_an_argument_that_holds_nan_and_is_left_alone_is_not_named():
    call = Call({"pred": np.array([0.5, np.nan]), "target": np.array([1.0, 0.0])})
    assert ask(touching(0.0), call).changed == ()


def aspects(calls):
    return [ASPECTS.index(call.aspect) for call in calls]


@pytest.mark.parametrize("exercise", EXERCISES.values(), ids=EXERCISES)
def test_questions_are_asked_in_the_order_in_which_a_learner_should_mend_them(exercise):
    calls = aspects(exercise.calls(0))
    assert calls == sorted(calls)


def test_the_order_is_made_since_questions_are_drawn_in_any():
    for exercise in EXERCISES.values():
        rng = np.random.default_rng(0)
        drawn = list(exercise.draw(rng))
        drawn += [call for probe in exercise.probes for call in probe(rng, drawn)]
        if aspects(drawn) != sorted(aspects(drawn)):
            return
    pytest.fail("no exercise needs its questions sorted: take that out")
