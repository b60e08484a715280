"""A public copy holds no answer, now or in its history; and if it did, it would be seen."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from grader.errors import CourseError
from grader.public import PUBLIC, prove, publish

ROOT = Path(__file__).resolve().parents[2]
ME = ("-c", "user.name=I", "-c", "user.email=i@example.org")


def git(folder, *arguments):
    command = ["git", *ME, *arguments]
    done = subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True)
    return done.stdout


def commit(folder, message="more"):
    git(folder, "add", "--all")
    git(folder, "commit", "-m", message)


@pytest.fixture
def course(tmp_path, monkeypatch):
    """A private repository: one assignment with its solution, a page, and a test."""
    for name, value in zip(("NAME", "EMAIL"), ("I", "i@example.org"), strict=True):
        monkeypatch.setenv(f"GIT_AUTHOR_{name}", value)
        monkeypatch.setenv(f"GIT_COMMITTER_{name}", value)
    folder = tmp_path / "private"
    for kind in ("solutions", "exercises"):
        shutil.copytree(ROOT / kind / "02_regression", folder / kind / "02_regression")
    for path in ("book/notation.md", "lossfns/numpy/regression.py", "tests/conftest.py", "LICENSE"):
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / path, folder / path)
    (folder / "lossfns" / "empty.py").touch()
    (folder / "solutions" / "empty.py").touch()
    git(tmp_path, "init", "--quiet", str(folder))
    commit(folder)
    return folder


def test_the_copy_has_what_is_public_and_a_history_of_its_own(course, tmp_path, capsys):
    assert publish(str(tmp_path / "public"), course) == 0
    assert set(git(tmp_path / "public", "ls-files").split()) == {
        "LICENSE",
        "book/notation.md",
        "exercises/02_regression/02_regression.ipynb",
        "lossfns/empty.py",
        "lossfns/numpy/regression.py",
    }
    private, public = (git(f, "log", "--format=%H").split() for f in (course, tmp_path / "public"))
    assert len(public) == 1 and not set(private) & set(public)
    assert "0 leaks in 5 files of 1 commits" in capsys.readouterr().out


def test_a_copy_is_brought_up_to_date(course, tmp_path):
    publish(str(tmp_path / "public"), course)
    (course / "book" / "notation.md").unlink()
    (course / "book" / "new.md").write_text("# New")
    with pytest.raises(CourseError, match="commit first"):
        publish(str(tmp_path / "public"), course)
    commit(course)
    assert publish(str(tmp_path / "public"), course) == 0
    names = git(tmp_path / "public", "ls-files").split()
    assert "book/new.md" in names and "book/notation.md" not in names
    assert publish(str(tmp_path / "public"), course) == 0
    assert git(tmp_path / "public", "rev-list", "--count", "HEAD").strip() == "2"


def test_an_answer_that_was_there_once_is_seen(course, tmp_path, capsys):
    publish(str(tmp_path / "public"), course)
    solution = course / "solutions" / "02_regression" / "02_regression.ipynb"
    page = tmp_path / "public" / "book" / "page.ipynb"
    shutil.copy(solution, page)
    commit(tmp_path / "public")
    page.unlink()
    commit(tmp_path / "public")
    assert publish(str(tmp_path / "public"), course) == 1
    shown = capsys.readouterr().out
    assert "book/page.ipynb: a file of solutions/" in shown
    assert "the marker BEGIN SOLUTION" in shown and "a model answer or rubric" in shown


def test_an_old_version_of_an_answer_is_seen_and_so_is_a_private_folder(course, tmp_path):
    publish(str(tmp_path / "public"), course)
    old = "an answer that is long gone from the private repository"
    (course / "solutions" / "old.md").write_text(old)
    commit(course)
    (course / "solutions" / "old.md").unlink()
    commit(course)
    (tmp_path / "public" / "grader").mkdir()
    (tmp_path / "public" / "grader" / "x.py").write_text("x = 1")
    (tmp_path / "public" / "book" / "old.md").write_text(old)
    git(tmp_path / "public", "checkout", "--quiet", "-b", "another")
    commit(tmp_path / "public")
    git(tmp_path / "public", "checkout", "--quiet", "main")
    leaks, _ = prove(tmp_path / "public", course)
    assert {str(leak) for leak in leaks} >= {
        "grader/x.py: is private",
        "book/old.md: a file of solutions/",
    }


def test_a_folder_that_is_something_else_is_refused(course, tmp_path):
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "a").touch()
    with pytest.raises(CourseError, match="neither empty nor an earlier copy"):
        publish(str(tmp_path / "full"), course)
    for inside in (course, course / "public", tmp_path):
        with pytest.raises(CourseError, match="outside the course"):
            publish(str(inside), course)
    publish(str(tmp_path / "public"), course)
    (tmp_path / "public" / "LICENSE").write_text("mine")
    with pytest.raises(CourseError, match="changes of its own"):
        publish(str(tmp_path / "public"), course)


def test_everything_that_is_public_is_there_and_all_that_pages_link_to_is_public():
    assert [path for path in PUBLIC if not (ROOT / path).exists()] == []
    for page in (ROOT / "book").rglob("*.md"):
        for path in re.findall(r"\{repository\}`(?:[^`<]*<)?([^`>]+)>?`", page.read_text("utf8")):
            assert any(path == one or path.startswith(f"{one}/") for one in PUBLIC), (page, path)
