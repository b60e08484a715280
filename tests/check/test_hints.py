"""The tests of the pages of hints: each mistake has one, each is used, and a teacher may edit them.

What a hint is good for is tested where a mistake is named, in test_misconceptions.py.
"""

import re
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from lossfns.check import EXERCISES, hints
from lossfns.check.answer import ask
from lossfns.check.hints import SHARED, Hint, first_argument, hint, pages, read
from lossfns.check.judge import judge
from lossfns.check.message import advice
from lossfns.check.table import FAMILIES, IN_SEVERAL

FAMILY = {
    one.name: family.__name__.split(".")[-1] for family in FAMILIES for one in family.EXERCISES
}
SOURCES = sorted(Path(hints.__file__).parent.rglob("hints.md"))

PAGE = """What the checks say.

# In several exercises

## the sum instead of the mean

Divide {array} by n.

# mse

## half of it

Some texts put
a ½ there.

Written out: Σe²/n.

# mse_torch

## half of it

torch has none.
"""


def test_a_page_is_read():
    assert read(PAGE) == {
        SHARED: {"the sum instead of the mean": Hint("Divide {array} by n.")},
        "mse": {"half of it": Hint("Some texts put a ½ there.", "Σe²/n")},
        "mse_torch": {"half of it": Hint("torch has none.")},
    }


def test_what_an_exercise_says_itself_comes_first(monkeypatch):
    shared = {SHARED: {"too small": Hint("All share {array}."), "lost": Hint("Of all.")}}
    family = {
        "mse": {"too small": Hint("Of the sibling.")},
        "mse_torch": {"lost": Hint("Its own.")},
        SHARED: {"twice": Hint("Of the family."), "too small": Hint("Not this.")},
    }
    monkeypatch.setattr(hints, "pages", lambda: {"regression": family, "check": shared})
    twin, other = EXERCISES["mse_torch"], EXERCISES["log_softmax"]
    told = [hint(twin, name).text for name in ("lost", "too small", "twice")]
    assert told == ["Its own.", "Of the sibling.", "Of the family."]
    assert hint(other, "too small").text == "All share logits."
    assert hint(other, "twice") == Hint("")


def test_a_mistake_that_lost_its_hint_is_still_named(monkeypatch):
    monkeypatch.setattr(hints, "pages", lambda: {"check": {SHARED: {}}})
    exercise = replace(EXERCISES["mse"])
    calls = exercise.calls(0)
    answers = [ask(exercise.mistakes["the errors not squared"], call) for call in calls]
    told = advice(exercise, judge(exercise, calls, answers))
    assert "This looks like: the errors not squared.\n\n" in told


def test_every_mistake_has_a_hint():
    for name, exercise in EXERCISES.items():
        assert [mistake for mistake, told in exercise.said().items() if not told] == [], name


def test_what_happens_in_several_exercises_has_a_hint():
    shared = pages()["check"][SHARED]
    assert [name for name in IN_SEVERAL if not shared[name].text] == []


def test_every_exercise_has_its_place_on_the_page_of_its_family():
    for name, family in FAMILY.items():
        assert [page for page, sections in pages().items() if name in sections] == [family]
    headings = {name for sections in pages().values() for name in sections}
    assert headings - {SHARED} == set(EXERCISES)


def test_no_hint_is_left_over():
    """One of a mistake that was renamed would be read by nobody."""
    mistakes = {name: exercise.said() for name, exercise in EXERCISES.items()}
    for page, sections in pages().items():
        for section, written in sections.items():
            for name in written:
                heirs = [one for one in EXERCISES if _reaches(one, page, section)]
                known = name in IN_SEVERAL or any(name in mistakes[one] for one in heirs)
                assert known, (page, section, name)


def _reaches(exercise, page, section):
    if section == SHARED:
        return page in ("check", FAMILY[exercise])
    return section in (exercise, exercise.removesuffix("_torch"))


def test_nothing_is_said_twice():
    """What an exercise would hear anyway need not stand under its own name."""
    for page, sections in pages().items():
        for section in sections.keys() & EXERCISES.keys():
            exercise = EXERCISES[section]
            array = first_argument(exercise)
            above = [pages()[page].get(SHARED, {}), pages()["check"][SHARED]]
            if section.endswith("_torch"):
                above.insert(0, sections.get(section.removesuffix("_torch"), {}))
            for name, (text, formula) in sections[section].items():
                first = next((one[name] for one in above if name in one), Hint(""))
                assert (first.text.replace("{array}", array), first.formula) != (text, formula), (
                    name
                )


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.parent.name)
def test_no_heading_stands_twice(path):
    """The later one would silently take the place of the earlier one."""
    section, seen = "", []
    for line in path.read_text(encoding="utf8").splitlines():
        if line.startswith("# "):
            section = line
        if line.startswith("#"):
            seen.append((section, line))
            assert re.match("##? [^ ]", line), line
        assert len(line) <= 100 and line == line.rstrip()
    assert max(Counter(seen).values()) == 1
