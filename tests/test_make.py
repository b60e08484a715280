"""The commands: README lists them all, and they install the PyTorch that fits or was asked for."""

import os
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


def run_make(*arguments, **settings):
    """Run make as if no other make had called it, and as if nobody had chosen a PyTorch."""
    settings = [f"{name}={value}" for name, value in settings.items()]
    kept = {k: v for k, v in os.environ.items() if k not in ("MAKEFLAGS", "MFLAGS", "TORCH")}
    command = ["make", "-C", ROOT, "--no-print-directory", *arguments, *settings]
    return subprocess.run(command, env=kept, capture_output=True, text=True)


def plan(target, **settings):
    return run_make(target, "--always-make", "--dry-run", **settings).stdout


def test_readme_lists_the_commands_that_make_prints():
    printed = [line.split(maxsplit=2)[1:] for line in run_make("help").stdout.splitlines()]
    readme = (ROOT / "README.md").read_text()
    listed = re.findall(r"^\| `make ([a-z-]+)` \| (.+) \|$", readme, re.MULTILINE)
    as_in_a_table = [(name, text[0].lower() + text[1:]) for name, text in printed]
    assert listed == [row for row in as_in_a_table if row[0] != "help"]


def test_make_refuses_a_python_that_the_lock_does_not_fit(tmp_path):
    check = re.search(r"-c '(import sys; .*?)'", plan("book", VENV=tmp_path), re.DOTALL)[1]
    check = check.replace("\\\n", "")
    for version, fits in {(3, 10): False, (3, 11): True, (3, 14): True, (3, 15): False}.items():
        pretended = f"import sys; sys.version_info = {(*version, 0)}; {check}"
        result = subprocess.run(["python3", "-c", pretended], capture_output=True, text=True)
        assert (result.returncode == 0) == fits, version
        assert fits or "Python 3.11 to 3.14 is needed" in result.stderr


def test_make_takes_the_small_pytorch_by_itself_and_another_on_demand(tmp_path):
    assert "--torch-backend auto" in plan("book", VENV=tmp_path)
    assert "--torch-backend cu130" in plan("book", VENV=tmp_path, TORCH="cu130")


def test_the_build_of_pytorch_that_was_asked_for_is_kept(tmp_path):
    (tmp_path / "ready-cu130").touch()
    assert "--torch-backend cu130" in plan("book", VENV=tmp_path)
    assert "--torch-backend cpu" in plan("book", VENV=tmp_path, TORCH="cpu")


@pytest.fixture
def installers(tmp_path):
    """A pip and a uv that cannot reach the builds of PyTorch; both only note what they should do.

    Returns a function that installs with them and returns make's exit code and the notes.
    """
    notes, programs = tmp_path / "notes", tmp_path / "bin"
    programs.mkdir()
    note = f'echo $(basename $0) "$@" >> {notes}\n'
    refuse = 'case "$*" in *--torch-backend*) exit 2;; esac\n'
    for name, does in {"python": "", "pip": note, "uv": note + refuse}.items():
        (programs / name).write_text(f"#!/bin/sh\n{does}")
        (programs / name).chmod(0o755)

    def install(choice):
        settings = {"PYTHON": programs / "python", "UV": programs / "uv", "TORCH": choice}
        code = run_make(tmp_path / f"ready-{choice}", VENV=tmp_path, **settings).returncode
        calls = [line.split() for line in notes.read_text().splitlines()]
        return code, [call for call in calls if "-q" not in call]

    return install


def test_where_no_build_can_be_chosen_pip_brings_pytorch_and_uv_the_rest(installers):
    code, (first, torch, rest) = installers("auto")
    assert code == 0
    assert first[0] == "uv" and "--torch-backend" in first
    assert torch[0] == "pip" and torch[-1].startswith("torch==")
    assert rest[0] == "uv" and rest[-2:] == ["-r", "requirements.txt"]


def test_a_build_that_was_asked_for_is_not_replaced_by_another(installers):
    code, calls = installers("cu130")
    assert code != 0
    assert len(calls) == 1 and calls[0][0] == "uv" and "cu130" in calls[0]
