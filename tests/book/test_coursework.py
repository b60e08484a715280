"""The pages on the coursework say what is true of assignments and grader."""

import contextlib
import io
import re
import shlex
from dataclasses import fields

import pytest
from built_book import ROOT

from grader.__main__ import main
from grader.handed_in import LARGEST
from grader.levels import BUBBLEWRAP, NOTHING
from grader.limits import Limits
from grader.status import Status

LEARNERS = (ROOT / "book" / "coursework.md").read_text()
INSTRUCTORS = (ROOT / "book" / "instructors.md").read_text()
BOTH = pytest.mark.parametrize("text", [LEARNERS, INSTRUCTORS], ids=["learners", "instructors"])
ASSIGNMENTS = sorted(path.stem for path in ROOT.glob("solutions/*/*.ipynb"))
LIMITS = Limits()


def row_of(text, first):
    """The cells of the table row whose first cell begins so."""
    (line,) = re.findall(rf"^\| \[?{first}.*\|$", text, re.MULTILINE)
    return [cell.strip() for cell in line.strip("|").split("|")]


@pytest.mark.parametrize("name", ASSIGNMENTS)
def test_points_time_and_links_of_an_assignment(name):
    _, machine, person, hours = row_of((ROOT / "solutions" / "README.md").read_text(), name)
    _, links, points, time, chapter = row_of(LEARNERS, f"{name[:2]} ")
    assert (points, time) == (f"{machine} + {person}", hours)
    path = f"exercises/{name}/{name}.ipynb"
    assert links == f"{{colab}}`Colab <{path}>`, {{download}}`file </{path}>`"
    (index,) = ROOT.glob(f"book/{name[:2]}_*/index.md")
    label = re.search(r"^\((.*)\)=$", index.read_text(), re.MULTILINE)[1]
    assert chapter.endswith(f"<{label}>`")


def test_no_assignment_is_missing():
    assert len(re.findall(r"^\| \d\d ", LEARNERS, re.MULTILINE)) == len(ASSIGNMENTS)


@BOTH
def test_every_status_has_its_meaning(text):
    for status in Status:
        first, *_ = re.split("[,;]", status.meaning)
        assert row_of(text, status)[1].startswith(first)


def test_the_limits_are_those_of_the_sandbox():
    table = INSTRUCTORS.split("## Limits of a submission")[1].split("```")[0]
    shown = {}
    for line in re.findall(r"^\| .* \| [\d].*$", table, re.MULTILINE):
        _, limit, names = line.strip("|").split("|")
        numbers, names = re.findall(r"(\d+)( MB)?", limit), re.findall(r"`(\w+)`", names)
        for (number, unit), name in zip(numbers, names, strict=True):
            shown[name] = int(number) * (2**20 if unit else 1)
    assert shown == {name: getattr(LIMITS, name) for name in shown}
    unmentioned = {"message", "start", "interrupt"}
    assert shown.keys() == {field.name for field in fields(Limits)} - unmentioned


def test_learners_are_told_the_limits_that_they_meet():
    text = " ".join(LEARNERS.split())
    assert f"A cell may run for {LIMITS.cell:g} seconds" in text
    assert f"the questions of one check for {LIMITS.probe:g} seconds" in text
    assert f"the whole notebook for {LIMITS.submission / 60:g} minutes" in text
    assert f"{LIMITS.memory / 2**30:g} GB" in text
    assert f"smaller than {LARGEST / 2**20:g} MB" in text
    assert f"Stopped after {LIMITS.cell:g} s" in text
    assert f"stopped after {LIMITS.probe:g} s" in text


def test_every_level_is_explained():
    for level in range(NOTHING, BUBBLEWRAP + 1):
        assert row_of(INSTRUCTORS, f"{level} ")


def commands(text):
    blocks = re.findall(r"^```\{code-block\} sh\n(.*?)^```", text, re.DOTALL | re.MULTILINE)
    inline = re.findall(r"`(python -m grader [^`]*)`", text)
    return [line for block in blocks for line in block.splitlines()] + inline


def test_commands_have_the_options_that_they_are_shown_with():
    shown = [line for line in commands(INSTRUCTORS) if line.startswith("python -m grader")]
    assert len(shown) >= 10
    for line in shown:
        _, _, _, command, *words = shlex.split(line, comments=True)
        help_text = io.StringIO()
        with contextlib.redirect_stdout(help_text), pytest.raises(SystemExit) as end:
            main([command, "--help"])
        assert end.value.code == 0
        for word in words:
            assert not word.startswith("--") or f"{word} " in help_text.getvalue() + " ", line


@BOTH
def test_make_targets_exist(text):
    makefile = (ROOT / "Makefile").read_text()
    for target in re.findall(r"(?:^|`)make ([a-z-]+)", text, re.MULTILINE):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target
