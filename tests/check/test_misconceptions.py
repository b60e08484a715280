"""The tests of the checks: every misconception must fail its exercise and be called by its name."""

import re
from pathlib import Path

import pytest

from lossfns.check import EXERCISES, CheckFailed, check

MISTAKES = [
    pytest.param(exercise.name, mistake, id=f"{exercise.name}: {mistake.name}")
    for exercise in EXERCISES.values()
    for mistake in exercise.misconceptions
]
BOOK = Path(__file__).resolve().parents[2] / "book"


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
    assert EXERCISES[name].read in message


@pytest.mark.parametrize("name", EXERCISES)
def test_every_exercise_knows_many_misconceptions(name):
    mistakes = EXERCISES[name].misconceptions
    assert len(mistakes) >= 8
    assert len({mistake.name for mistake in mistakes}) == len(mistakes)
    assert all(len(mistake.hint) > 40 for mistake in mistakes)


@pytest.mark.parametrize("name", EXERCISES)
def test_every_exercise_points_at_a_section_that_exists_or_a_chapter_to_come(name):
    read = EXERCISES[name].read
    if "#" in read:
        page, label = read.split("#")
        assert f"({label})=" in (BOOK / page).with_suffix(".md").read_text(encoding="utf8")
    else:
        number, title = re.fullmatch(r"chapter (\d), (.+)", read).groups()
        start = (BOOK / "00_start.md").read_text(encoding="utf8")
        assert re.search(rf"\| {number} \| {title} \|.*\| planned \|", start)
