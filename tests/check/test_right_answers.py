"""Right answers pass, however they are written."""

import importlib

import pytest

from lossfns.check import EXERCISES, check
from lossfns.check.table import FAMILIES

# A file for each family, with a list of functions for each of its exercises.
RIGHT = {
    name: ways
    for family in FAMILIES
    for name, ways in importlib.import_module(
        f"check.right_answers.{family.__name__.rpartition('.')[2]}"
    ).RIGHT.items()
}
WAYS = [
    pytest.param(name, way, id=f"{name}-{i}") for name in RIGHT for i, way in enumerate(RIGHT[name])
]


def test_every_exercise_is_written_in_several_ways():
    assert RIGHT.keys() == EXERCISES.keys()
    assert all(len(ways) >= 2 for ways in RIGHT.values())


@pytest.mark.parametrize("seed", [0, 1, 2024])
@pytest.mark.parametrize(("name", "way"), WAYS)
def test_a_right_answer_passes(name, way, seed, capsys):
    check(name, way, seed=seed)
    shown = capsys.readouterr()
    assert shown.out.startswith(f"{name}: right on all ")
    assert shown.out.count("\n") == 1
    # nbgrader takes any line on stderr for a failure.
    assert shown.err == ""


@pytest.mark.parametrize("name", EXERCISES)
def test_the_reference_passes_its_own_exercise(name):
    exercise = EXERCISES[name]
    if exercise.torch:
        return
    for seed in range(5):
        check(name, exercise.right, seed=seed)
