"""The gradebook: what is written, what a person's mark survives, and what happens when it fails."""

import os
import resource
import shutil
import stat
import subprocess
import sys
from dataclasses import replace

import pytest
from submissions.corpus import SAMPLES
from submissions.course_folder import LIMITS, CourseFolder
from submissions.student_folder import ESSAY, NAME, POINTS, TOTAL

from grader import gradebook as module
from grader.course import ROOT, Course
from grader.errors import CourseError
from grader.grade import grade
from grader.gradebook import Writer, only_writer
from grader.job import Result
from grader.results import keep, latest
from grader.status import Status
from grader.submission import failed

FEW = [s for s in SAMPLES if s.name in ("right", "untouched", "truncated", "half")]


@pytest.fixture
def small(few, tmp_path, monkeypatch):
    """Four submissions whose results are there already, so that only the writing is left to do."""
    monkeypatch.setenv("COURSE_SECRET", "canary-secret-of-the-course")
    small = CourseFolder(tmp_path)
    small.release()
    small.hand_in(FEW)
    for sample in FEW:
        keep(small.course.results(NAME), latest(few.course.results(NAME), sample.name))
    return small


def grades(course_folder, student):
    with course_folder.commands.open_gradebook() as gradebook:
        (notebook,) = gradebook.find_submission(NAME, student).notebooks
        return {
            grade.name: (grade.auto_score, grade.manual_score, grade.needs_manual_grade)
            for grade in notebook.grades
        }


def give(course_folder, student, cell, score):
    with course_folder.commands.open_gradebook() as gradebook:
        grade = gradebook.find_grade(cell, NAME, NAME, student)
        grade.manual_score, grade.needs_manual_grade = score, False
        gradebook.db.commit()


def test_a_result_that_is_there_is_not_made_again(small, monkeypatch):
    monkeypatch.setattr("grader.schedule.do", lambda job: pytest.fail("graded again"))
    rows = grade(small.course, NAME, jobs=1)
    assert {row["student"]: row["status"] for row in rows}["right"] == "graded"
    assert sum(score for score, *_ in grades(small, "half").values() if score) == TOTAL - 4


def test_a_text_waits_for_a_person_and_an_untouched_one_does_not(small):
    grade(small.course, NAME, jobs=1)
    assert grades(small, "right")[ESSAY] == (None, None, True)
    assert grades(small, "untouched")[ESSAY] == (0, None, False)
    assert all(waits for *_, waits in grades(small, "truncated").values())


def test_marks_given_by_hand_survive_a_regrade(small):
    grade(small.course, NAME, jobs=1)
    give(small, "right", ESSAY, 5)
    give(small, "half", "mse-values", 3)
    grade(small.course, NAME, jobs=1)
    assert grades(small, "right")[ESSAY] == (None, 5, False)
    assert grades(small, "half")["mse-values"] == (0, 3, False)
    # Graded anew, a mark of the machine that a person has changed is shown to the person again.
    with Writer(small.course, NAME) as writer:
        for student in ("right", "half"):
            writer.write(replace(latest(small.course.results(NAME), student), key="another"))
    assert grades(small, "right")[ESSAY] == (None, 5, False)
    assert grades(small, "half")["mse-values"] == (0, 3, True)


def test_a_changed_answer_is_up_for_review_with_its_old_mark(small):
    grade(small.course, NAME, jobs=1)
    give(small, "right", ESSAY, 5)
    folder = small.course.results(NAME)
    result = latest(folder, "right")
    (cell,) = (c for c in result.notebook["cells"] if c.get("id") == ESSAY)
    cell["source"] = ["Something else."]
    with Writer(small.course, NAME) as writer:
        writer.write(result)
    assert grades(small, "right")[ESSAY] == (None, 5, True)


def test_what_is_written_is_not_written_again(small, monkeypatch):
    grade(small.course, NAME, jobs=1)
    with monkeypatch.context() as patch:
        patch.setattr(Writer, "write", lambda self, result: pytest.fail("written again"))
        grade(small.course, NAME, jobs=1)
    # Another gradebook has none of it, although the graded notebooks are there.
    (small.folder / "gradebook.db").unlink()
    small.commands.nbgrader("generate_assignment", NAME, "--force")
    grade(small.course, NAME, jobs=1)
    assert grades(small, "half")["mae-values"][0] == POINTS["mae-values"]


def test_one_student_alone_keeps_the_others_in_the_table(small):
    grade(small.course, NAME, jobs=1)
    rows = grade(small.course, NAME, jobs=1, students=["half"])
    assert [row["student"] for row in rows] == ["half", "right", "truncated", "untouched"]


def test_a_check_that_was_not_reached_in_time_is_looked_at(small):
    result = replace(latest(small.course.results(NAME), "right"), unasked=["mae-values"])
    with Writer(small.course, NAME) as writer:
        writer.write(result)
    assert grades(small, "right")["mae-values"][2]
    assert not grades(small, "right")["mse-values"][2]


def test_a_fault_of_ours_is_no_zero(small):
    with Writer(small.course, NAME) as writer:
        job = small.course.job(NAME, "right")
        writer.write(failed(job, "the disk is full"))
    assert set(grades(small, "right").values()) == {(None, None, True)}
    told = (small.folder / "autograded" / "right" / NAME / f"{NAME}.ipynb").read_text()
    assert "our fault" in told.lower() and "disk is full" not in told


def test_what_was_our_fault_is_graded_again(small):
    folder = small.course.results(NAME)
    keep(folder, failed(small.course.job(NAME, "right"), "no power"))
    grade(small.course, NAME, jobs=1)
    assert latest(folder, "right").status is Status.GRADED


def test_a_changed_submission_is_graded_again(small):
    grade(small.course, NAME, jobs=1)
    submitted = small.folder / "submitted"
    shutil.copy(
        submitted / "untouched" / NAME / f"{NAME}.ipynb",
        submitted / "right" / NAME / f"{NAME}.ipynb",
    )
    grade(small.course, NAME, jobs=1)
    assert sum(score for score, *_ in grades(small, "right").values()) == 0


def test_a_second_grader_is_told_to_wait(small):
    with only_writer(small.course, NAME):
        with pytest.raises(CourseError, match=f"being graded by process {os.getpid()} already"):
            with only_writer(small.course, NAME):
                pass
    with only_writer(small.course, NAME):
        pass


def test_two_graders_at_once_lose_nothing(small):
    command = [sys.executable, "-m", "grader", "grade", NAME, "--course", str(small.folder)]
    both = [
        subprocess.Popen(
            command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        for _ in range(2)
    ]
    said = [process.communicate(timeout=300)[0] for process in both]
    codes = sorted(process.returncode for process in both)
    assert codes in ([0, 0], [0, 1]), said
    assert codes == [0, 0] or any("being graded by process" in text for text in said)
    assert grades(small, "right")["mse-values"][0] == POINTS["mse-values"]


def test_a_locked_gradebook_is_waited_for(small):
    grade(small.course, NAME, jobs=1)
    holder = subprocess.Popen(
        [
            *(sys.executable, "-c"),
            "import sqlite3, sys, time; book = sqlite3.connect(sys.argv[1], isolation_level=None);"
            "book.execute('begin exclusive'); print('held', flush=True); time.sleep(8)",
            str(small.folder / "gradebook.db"),
        ],
        stdout=subprocess.PIPE,
    )
    assert holder.stdout.readline() == b"held\n"
    grade(small.course, NAME, jobs=1)
    holder.wait()
    assert grades(small, "half")["mae-values"][0] == POINTS["mae-values"]


def test_a_gradebook_that_cannot_be_written_is_named_and_nothing_is_lost(small, monkeypatch):
    monkeypatch.setattr(module, "PATIENCE", 0.5)
    monkeypatch.setattr("grader.schedule.do", lambda job: pytest.fail("graded again"))
    address = f"sqlite:///file:{small.folder / 'gradebook.db'}?mode=ro&uri=true"
    with pytest.raises(CourseError) as failure:
        grade(Course.open(str(small.folder), address, **LIMITS), NAME, jobs=1)
    assert "cannot be written" in str(failure.value)
    assert "run the command again" in str(failure.value)
    grade(small.course, NAME, jobs=1)
    assert grades(small, "half")["mae-values"][0] == POINTS["mae-values"]


def test_a_disk_that_takes_no_more_stops_with_a_message_and_loses_nothing(small):
    """No file may grow beyond 8 KB here, so that writing fails as it does on a full disk."""
    keep(small.course.results(NAME), failed(small.course.job(NAME, "half"), "to be done again"))
    command = [sys.executable, "-m", "grader", "grade", NAME, "--course", str(small.folder)]
    run = subprocess.run(
        command,
        cwd=ROOT,
        capture_output=True,
        text=True,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (8192, 8192)),
    )
    assert run.returncode == 1, run.stdout + run.stderr
    assert "cannot be written" in run.stderr and "run the command again" in run.stderr
    grade(small.course, NAME, jobs=1)
    assert sum(score for score, *_ in grades(small, "half").values() if score) == TOTAL - 4


def test_a_full_disk_is_our_fault(small, monkeypatch):
    def full(*args, **kwargs):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("grader.submission.rebuild", full)
    from grader.submission import do

    result = do(small.course.job(NAME, "right"))
    assert result.status is Status.NOT_GRADED
    assert "No space left on device" in result.message
    assert result.scores == {}


def test_a_result_can_be_written_and_read_again(small):
    result = latest(small.course.results(NAME), "half")
    assert Result.from_json(result.to_json()) == result


def test_the_secret_is_made_once_and_private(tmp_path, monkeypatch):
    monkeypatch.delenv("COURSE_SECRET", raising=False)
    course = Course.open(str(tmp_path))
    first = course.secret()
    assert len(first) == 64 and course.secret() == first
    assert stat.S_IMODE((tmp_path / "course_secret").stat().st_mode) == 0o600


def test_an_assignment_that_is_unknown_is_named(small, tmp_path):
    with pytest.raises(CourseError, match="'05_x' is not released"):
        grade(small.course, "05_x", jobs=1)
    with pytest.raises(CourseError, match="nothing was handed in by nobody"):
        grade(small.course, NAME, jobs=1, students=["nobody"])
