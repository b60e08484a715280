"""What learners get holds no answer; and if it did, it would be seen."""

import json
import zipfile
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_output
from submissions.answers import MSE

from grader.__main__ import main
from grader.leaks import leaks_in, release_check, secrets_of

ROOT = Path(__file__).resolve().parents[2]
SOLUTION = ROOT / "solutions" / "02_regression" / "02_regression.ipynb"


@pytest.fixture(scope="module")
def secrets(tmp_path_factory):
    secret = tmp_path_factory.mktemp("secret") / "course_secret"
    secret.write_text("c0ffee" * 8)
    return secrets_of(ROOT / "solutions", secret)


def found(secrets, folder):
    return [str(leak) for leak in leaks_in(folder, secrets)]


def test_exercises_notebooks_and_wheel_hold_no_answer(capsys):
    assert release_check([]) == 0
    shown = capsys.readouterr().out
    assert "0 leaks in exercises, notebooks" in shown and ".whl" in shown


@pytest.fixture
def exercises(tmp_path):
    """A released notebook that a test may spoil."""
    folder = tmp_path / "exercises" / "02_regression"
    folder.mkdir(parents=True)
    path = folder / "02_regression.ipynb"
    path.write_bytes((ROOT / "exercises/02_regression/02_regression.ipynb").read_bytes())
    return path


def spoil(path, change):
    notebook = nbformat.read(path, as_version=4)
    change({cell.id: cell for cell in notebook.cells})
    nbformat.write(notebook, path)


def solution(cell):
    source = nbformat.read(SOLUTION, as_version=4)
    return next(c.source for c in source.cells if c.id == cell)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda c: c["mae"].update(source=solution("mae")), "the marker BEGIN SOLUTION"),
        (
            lambda c: c["mae"].update(source="x = 1\nreturn np.abs(pred - target).mean()"),
            "code of a solution: 02_regression, mae",
        ),
        (
            lambda c: c["title"].update(source=solution("mae-or-mse")[200:600]),
            "a model answer or rubric: 02_regression, mae-or-mse",
        ),
        (lambda c: c["title"].update(source="c0ffee" * 8), "the secret of the course"),
        (
            lambda c: c["mse"].update(outputs=[new_output("stream", text="10.0")]),
            "an output, in cell mse",
        ),
        (lambda c: c["mse"].update(source="### BEGIN HIDDEN TESTS"), "BEGIN HIDDEN TESTS"),
    ],
)
def test_a_leak_in_an_exercise_is_seen(exercises, secrets, change, words):
    assert found(secrets, exercises.parents[1]) == []
    spoil(exercises, change)
    assert any(words in leak for leak in found(secrets, exercises.parents[1]))


def test_a_leak_in_a_page_is_seen_through_its_markup(tmp_path, secrets):
    answer = solution("mae-or-mse")[300:700]
    words = "".join(f"<span>{word}</span> " for word in answer.split())
    (tmp_path / "page.html").write_text(f"<p>{words}</p>")
    assert any("a model answer" in leak for leak in found(secrets, tmp_path))


def test_a_wheel_with_private_folders_is_seen(tmp_path, secrets):
    with zipfile.ZipFile(tmp_path / "x.whl", "w") as wheel:
        wheel.writestr("grader/sandbox.py", "")
        wheel.writestr("lossfns/solutions/a.ipynb", json.dumps({"cells": []}))
        wheel.writestr("lossfns/huber.py", MSE)
    leaks = found(secrets, tmp_path / "x.whl")
    assert leaks == ["x.whl/grader/sandbox.py: is private",
                     "x.whl/lossfns/solutions/a.ipynb: is private"]  # fmt: skip


def test_the_command_says_what_it_found(exercises, capsys, tmp_path):
    spoil(exercises, lambda cells: cells["mae"].update(source=solution("mae")))
    assert main(["release-check", str(exercises.parents[1])]) == 1
    shown = capsys.readouterr().out
    assert "exercises/02_regression/02_regression.ipynb: the marker BEGIN SOLUTION" in shown
    assert main(["release-check", str(tmp_path / "none")]) == 2
