"""What the person who grades sees: progress, one submission, the whole table."""

import csv
import subprocess
import sys

import pytest
from submissions.course_folder import CourseFolder
from submissions.simulated import simulate
from submissions.student_folder import NAME, POINTS

from grader.__main__ import main
from grader.course import ROOT
from grader.grade import _as_csv, _Progress, _table
from grader.results import keep, latest


@pytest.fixture(scope="module")
def course_folder(tmp_path_factory):
    course_folder = CourseFolder(tmp_path_factory.mktemp("show"))
    course_folder.release()
    simulate(course_folder.course, NAME, 12)
    return course_folder


@pytest.fixture
def results(course_folder):
    folder = course_folder.course.results(NAME)
    return {path.stem: latest(folder, path.stem) for path in sorted(folder.glob("*.json"))}


def test_the_table_has_a_column_for_every_check(course_folder, results):
    rows = _table(
        course_folder.course.results(NAME), list(results), ["nobody"], {"a b": "not an id"}
    )
    read = list(csv.DictReader(_as_csv(rows).splitlines()))
    assert set(POINTS) <= set(read[0])
    by_student = {row["student"]: row for row in read}
    assert by_student["nobody"]["status"] == "missing" and by_student["nobody"]["mse-values"] == ""
    for student, result in results.items():
        row = by_student[student]
        assert {name: float(row[name]) for name in POINTS} == result.scores
        assert float(row["marks"]) == sum(result.scores.values())
        assert float(row["seconds"]) == pytest.approx(result.seconds, rel=1e-4)


def test_whoever_reads_enough_of_a_pipe_may_leave(course_folder):
    words = f"show student-0000@example.org {NAME} --course {course_folder.folder}"
    command = f"{sys.executable} -u -m grader {words} | head -1"
    done = subprocess.run(["sh", "-c", command], cwd=ROOT, capture_output=True, text=True)
    assert done.stdout.startswith("student-0000@example.org, mini: graded") and done.stderr == ""


def test_one_submission_is_shown(course_folder, results, capsys):
    student, result = next(
        (name, one) for name, one in results.items() if 0 in one.scores.values() and not one.message
    )
    result.remarks, result.flags = ["mse: its own cell was left out"], ["mse: calls eval()"]
    keep(course_folder.course.results(NAME), result)
    assert main(["show", student, NAME, "--course", str(course_folder.folder)]) == 0
    out = capsys.readouterr().out
    assert out.startswith(f"{student}, {NAME}: graded, in ")
    for name, score in result.scores.items():
        assert f"{score:>3g} / {POINTS[name]:<3g}{name}" in out
    missed = next(name for name, score in result.scores.items() if score == 0)
    (line,) = [line for line in out.splitlines() if f" {POINTS[missed]:<3g}{missed}:" in line]
    assert len(line.partition(": ")[2]) > 3
    assert "left out" in out and "calls eval()" in out and f"{student}.json" in out


@pytest.mark.parametrize("student", ["nobody", "../../secret", "a b"])
def test_somebody_who_is_not_there_is_said_to_be_missing(course_folder, student, capsys):
    assert main(["show", student, NAME, "--course", str(course_folder.folder)]) == 1
    assert "nothing of" in capsys.readouterr().err


def test_progress_says_how_long_it_goes_on(results, monkeypatch):
    now = [100.0]
    monkeypatch.setattr("time.monotonic", lambda: now[0])
    progress = _Progress(40)
    one = next(iter(results.values()))
    for _ in range(10):
        progress.skip()
    now[0] += 30
    line = progress.line(one)
    # One of 30 took half a minute.
    assert line.startswith(f"11/40 {one.student}: ") and line.endswith("; about 14 min left")
    for _ in range(28):
        progress.line(one)
    assert progress.line(one).endswith("; the last")
