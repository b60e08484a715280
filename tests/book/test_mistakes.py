"""The page that lists what the checks know: everything, and no formula that a task asks for."""

import html
import re

import mistakes
import pytest

from lossfns.check import EXERCISES
from lossfns.check.table import FAMILIES, IN_SEVERAL

FAMILY = [family.__name__.split(".")[-1] for family in FAMILIES]


@pytest.fixture(scope="module")
def page(site):
    return (site / "book" / "mistakes.html").read_text(encoding="utf8")


def hold_in_fold(page, title, said):
    fold = page.partition(f"{title}, {len(said)} mistakes")[2].partition("</dl>")[0]
    fold = html.unescape(re.sub(r"</?(?:code|span)[^>]*>", "", fold))
    for name, hint in said.items():
        assert f"<dt>{name}</dt>" in fold and f"<p>{hint.replace('`', '')}</p>" in fold


@pytest.mark.parametrize("family", FAMILY)
def test_every_exercise_has_a_fold_with_all_that_is_said_of_it(page, family):
    for exercise in mistakes.of(family):
        said = exercise.said()
        assert set(exercise.mistakes) < set(said) or not any(
            call.reason for call in exercise.calls(0)
        )
        hold_in_fold(page, f'<span class="pre">{exercise.name}</span></code>', said)


def test_what_goes_wrong_in_several_exercises_has_a_fold(page):
    said = mistakes.in_several()
    assert len(said) == len(IN_SEVERAL) > 15
    hold_in_fold(page, "Several exercises", said)


def test_each_fold_links_what_it_is_about(page):
    assert page.count("lossfns-mistakes") == len(EXERCISES) + 1
    assert page.count("<p>Taught in <a ") == len(EXERCISES)


def test_formulas_are_left_to_those_who_ask_a_check_again(page):
    for exercise in EXERCISES.values():
        for one in exercise.misconceptions:
            assert not one.formula or f"Written out: {one.formula}" not in html.unescape(page)
