"""The tests themselves: pytest can collect all of them, and leaves out what cannot run here."""

import os
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
import system

TESTS = Path(__file__).parent


def test_no_two_files_have_one_name():
    """pytest would take one for the other and collect neither: a bare `pytest` would fail."""
    names = Counter(path.name for path in TESTS.rglob("test_*.py"))
    assert [name for name, times in names.items() if times > 1] == []


def test_every_mark_of_what_may_be_missing_has_its_fixture():
    assert set(system.FIXTURES.values()) == set(system.NEEDS)


USES = """
import pytest

@pytest.fixture
def {fixture}(): pass

@pytest.fixture
def made_with_{fixture}({fixture}): pass

def test_{fixture}_directly({fixture}): pass

def test_{fixture}_by_way_of_another(made_with_{fixture}): pass

@pytest.mark.usefixtures("{fixture}")
def test_{fixture}_by_its_name(): pass
"""


def test_who_uses_such_a_fixture_is_left_out_by_its_mark(tmp_path):
    file = tmp_path / "test_it.py"
    uses = [USES.format(fixture=fixture) for fixture in system.FIXTURES]
    file.write_text("\n".join([*uses, "def test_other(): pass"]))
    marks = " and ".join(f"not {mark}" for mark in system.NEEDS)
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "--collect-only",
        "-p",
        "conftest",
        "-m",
        marks,
    ]
    command += ["-c", str(TESTS.parent / "pyproject.toml"), str(file)]
    said = subprocess.run(command, cwd=TESTS.parent, capture_output=True, text=True).stdout
    assert "::test_other\n" in said and "1/10 tests collected (9 deselected)" in said


@pytest.mark.usefixtures("sandbox")
def test_without_the_sandbox_all_other_programs_are_there(monkeypatch):
    here = shutil.which("bwrap")
    monkeypatch.setenv("PATH", system.path_without_sandbox())
    assert here and shutil.which("bwrap") is None
    beside = [p.name for p in Path(here).parent.iterdir() if os.access(p, os.X_OK) and p.is_file()]
    assert [name for name in beside if name != "bwrap" and not shutil.which(name)] == []
