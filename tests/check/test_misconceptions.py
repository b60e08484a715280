"""The tests of the checks: every misconception must fail its exercise and be called by its name."""

import pytest

from lossfns.check import EXERCISES, CheckFailed, check
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


@pytest.mark.parametrize("name", EXERCISES)
def test_every_exercise_knows_many_misconceptions(name):
    mistakes = EXERCISES[name].misconceptions
    assert len(mistakes) >= 8
    assert len({mistake.name for mistake in mistakes}) == len(mistakes)
    assert all(len(mistake.hint) > 40 for mistake in mistakes)


@pytest.mark.parametrize("name", EXERCISES)
def test_every_exercise_names_a_label_of_the_book(name):
    assert place(EXERCISES[name].read)
