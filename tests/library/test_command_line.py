"""`python -m lossfns` in terminals, narrow ones and pipes, and where there is NumPy alone."""

import ast
import json
import os
import pty
import subprocess
import sys
import venv
from pathlib import Path

import numpy
import pytest

ROOT = Path(__file__).resolve().parents[2]
COMMANDS = ["list", "show huber", "show ctc", "choose regression outliers"]
# What the notebooks and exercises of learners import may run on Windows and in a browser.
UNIX = {"fcntl", "resource", "pwd", "grp", "termios", "posix", "pty"}


def run(words, **environment):
    """What a command writes into a pipe."""
    kept = {k: v for k, v in os.environ.items() if k not in ("NO_COLOR", "COLUMNS")}
    return subprocess.run(
        [sys.executable, "-m", "lossfns", *words.split()],
        env=kept | environment, cwd=ROOT, capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip


def in_a_terminal(words, **environment):
    """What a command writes on a terminal."""
    ours, theirs = pty.openpty()
    kept = {k: v for k, v in os.environ.items() if k not in ("NO_COLOR", "COLUMNS")}
    command = [sys.executable, "-m", "lossfns", *words.split()]
    process = subprocess.Popen(command, env=kept | environment, cwd=ROOT, stdout=theirs)
    os.close(theirs)
    written = b""
    try:
        while more := os.read(ours, 10_000):
            written += more
    except OSError:  # the other end is closed
        pass
    os.close(ours)
    assert process.wait() == 0
    return written.decode()


def test_colours_are_for_terminals_and_for_those_who_want_them():
    assert "\033[" in in_a_terminal("list regression")
    assert "\033[" not in in_a_terminal("list regression", NO_COLOR="1")
    assert "\033[" in in_a_terminal("list regression", NO_COLOR="")
    assert "\033[" not in run("list regression")


@pytest.mark.parametrize("words", COMMANDS)
@pytest.mark.parametrize("columns", [50, 70, 200])
def test_no_line_is_wider_than_the_terminal(words, columns):
    lines = run(words, COLUMNS=str(columns)).splitlines()
    # A formula stays as it was written.
    wide = [line for line in lines if len(line) > columns and not line.startswith("    ")]
    assert wide == []
    assert max(map(len, lines)) <= 88


def test_a_narrow_terminal_is_told_the_same():
    for words in COMMANDS:
        wide, narrow = (run(words, COLUMNS=columns) for columns in ("200", "50"))
        assert "".join(wide.split()) == "".join(narrow.split())


def test_whoever_reads_enough_of_a_pipe_may_leave():
    command = f"{sys.executable} -m lossfns list | head -1"
    done = subprocess.run(["sh", "-c", command], cwd=ROOT, capture_output=True, text=True)
    assert done.stdout.count("\n") == 1 and done.stderr == ""


@pytest.fixture(scope="module")
def bare(tmp_path_factory):
    """A Python in which the wheel of lossfns is, NumPy, and nothing else."""
    import distribution

    folder = tmp_path_factory.mktemp("bare")
    wheel = distribution.build(folder)
    venv.create(folder / "venv", with_pip=False)
    (packages,) = (folder / "venv").glob("lib/python*/site-packages")
    install = ["-m", "pip", "install", "-q", "--no-deps", "--no-index", "--target", packages, wheel]
    subprocess.run([sys.executable, *install], check=True)
    for part in (Path(numpy.__file__).parent, Path(numpy.__file__).parent.with_name("numpy.libs")):
        if part.exists():
            (packages / part.name).symlink_to(part)
    return folder / "venv" / "bin" / "python"


@pytest.mark.parametrize("words", ["--version", *COMMANDS])
def test_numpy_alone_is_enough_for_the_command_line(bare, words, tmp_path):
    command = [bare, "-I", "-m", "lossfns", *words.split()]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout and done.stderr == ""


def test_numpy_alone_is_enough_for_the_losses_and_for_the_checks(bare, tmp_path):
    code = """
import lossfns, lossfns.numpy as ln
from lossfns.check import CheckFailed, check
assert ln.huber([0.5, 3.0], [0.0, 0.0]) == 1.3125
try:
    check("mse", lambda pred, target: ((pred - target) ** 2).sum())
except CheckFailed as error:
    print(error)
try:
    import lossfns.torch
except ImportError as error:
    print(error)
"""
    command = [bare, "-I", "-c", code]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "mse: not yet right" in done.stdout
    assert "lossfns[torch]" in done.stdout


def modules_of(tree):
    """What a module imports at any depth."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (name.name.partition(".")[0] for name in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level:
            yield (node.module or "").partition(".")[0]


def test_no_module_that_learners_import_needs_unix():
    for path in (ROOT / "lossfns").rglob("*.py"):
        tree = ast.parse(path.read_text(encoding="utf8"))
        assert not UNIX & set(modules_of(tree)), path
        calls = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
        assert not {"fork", "setrlimit", "SIGALRM"} & calls, path


SAMPLE = """
import numpy as np
from numpy.typing import NDArray

import lossfns
import lossfns.numpy as ln
import lossfns.torch as lt
import torch

pred: NDArray[np.float64] = np.array([0.5, 3.0])
value = ln.huber(pred, np.zeros(2), delta=1.0)
grad = ln.huber.grad(pred, np.zeros(2), delta=1.0)
loss: torch.Tensor = lt.huber(torch.ones(3), torch.zeros(3), delta=1.0)
criterion: torch.nn.Module = lt.Criterion(lt.huber, delta=1.0)
record: lossfns.Record = lossfns.catalog["huber"]
names: list[str] = [suggestion.loss for suggestion in lossfns.choose("regression", outliers=True)]
"""


def checked(code, tmp_path):
    """What mypy says of a program that uses the library, as strictly as it can."""
    (tmp_path / "sample.py").write_text(code)
    # Errors in the library itself are another test's.
    options = ["--strict", "--follow-imports=silent", "--config-file", os.devnull]
    cache = ["--cache-dir", ROOT / ".mypy_cache" / "sample"]
    command = [sys.executable, "-m", "mypy", *options, *cache, "sample.py"]
    found = os.environ | {"MYPYPATH": str(ROOT)}
    return subprocess.run(command, cwd=tmp_path, env=found, capture_output=True, text=True).stdout


def test_a_program_that_uses_the_library_passes_mypy_strict(tmp_path):
    assert "Success" in checked(SAMPLE, tmp_path)
    wrong = checked(SAMPLE + "\nname: int = record.name\n", tmp_path)
    assert "Incompatible types" in wrong and "1 error" in wrong


def judged_by_pyright(code, tmp_path):
    (tmp_path / "sample.py").write_text(code)
    settings = {"typeCheckingMode": "strict", "extraPaths": [str(ROOT)], "include": ["sample.py"]}
    (tmp_path / "pyrightconfig.json").write_text(json.dumps(settings))
    command = [sys.executable, "-m", "basedpyright", "--pythonpath", sys.executable]
    return subprocess.run(command, cwd=tmp_path, capture_output=True, text=True).stdout


def test_a_program_that_uses_the_library_passes_pyright_strict(tmp_path):
    assert "0 errors, 0 warnings" in judged_by_pyright(SAMPLE, tmp_path)
    wrong = judged_by_pyright(SAMPLE + "\nname: int = record.name\n", tmp_path)
    assert "reportAssignmentType" in wrong and "1 error" in wrong
