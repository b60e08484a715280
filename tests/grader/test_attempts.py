"""Several attempts of one learner, of which the best counts."""

import csv
import json
import os
import shutil
import signal
from datetime import UTC, datetime

import pytest
from nbgrader.plugins import BasePlugin
from submissions.course_folder import CourseFolder
from submissions.student_folder import NAME, TOTAL, StudentFolder

from grader.attempts import Kept, attempts, hand_in, penalty, put_aside, which
from grader.errors import CourseError
from grader.grade import grade
from grader.report import report

EARLY, LATER, LATE = (datetime(2026, 11, day, 10, tzinfo=UTC) for day in (10, 11, 14))


@pytest.fixture(scope="module")
def course_folder(tmp_path_factory, sandbox):
    """Ada's best attempt is her first, Bob's his last, which is late."""
    course_folder = CourseFolder(tmp_path_factory.mktemp("attempts"))
    course_folder.release()
    student_folder = StudentFolder(course_folder.released(), course_folder.folder, 9)
    right = json.dumps(student_folder.notebook()).encode()
    wrong = json.dumps(student_folder.notebook(mae="def mae(pred, target): return 0")).encode()
    none = json.dumps(student_folder.released()).encode()
    course_folder.course.coursedir.config.Attempts.take = "best"
    course_folder.course.coursedir.config.LatePolicy.percent_per_day = 10
    with course_folder.commands.open_gradebook() as book:
        book.update_or_create_assignment(NAME, duedate="2026-11-13 00:00:00")
    made = {
        "ada": [(right, EARLY), (wrong, LATER)],
        # Two points more and four less: the last is not worth its two days.
        "bob": [(none, EARLY), (wrong, LATER), (right, LATE)],
    }
    for student, tries in made.items():
        for content, when in tries:
            put_aside(course_folder.course, NAME, student, content, when)
            hand_in(course_folder.course, NAME, student, content, when)
    course_folder.rows = {row["student"]: row for row in grade(course_folder.course, NAME, jobs=2)}
    return course_folder


def test_the_best_counts_after_what_it_lost_for_being_late(course_folder):
    assert course_folder.rows["ada"]["attempt"] == "1 of 2"
    assert sum(score or 0 for score in course_folder.scores("ada").values()) == TOTAL
    assert course_folder.rows["bob"]["attempt"] == "2 of 3"
    assert sum(score or 0 for score in course_folder.scores("bob").values()) == TOTAL - 2
    stamp = course_folder.folder / "submitted" / "ada" / NAME / "timestamp.txt"
    assert stamp.read_text() == "2026-11-10 10:00:00 UTC\n"
    text = (course_folder.folder / "grading" / NAME / "table.csv").read_text()
    assert [row["attempt"] for row in csv.DictReader(text.splitlines())] == ["1 of 2", "2 of 3"]


def test_nothing_is_graded_twice(course_folder, monkeypatch, capsys):
    def no(*arguments):
        raise AssertionError("graded again")

    monkeypatch.setattr("grader.schedule._child", no)
    grade(course_folder.course, NAME, jobs=2)
    assert "5 attempts of those who made several were compared" in capsys.readouterr().out
    assert len(attempts(course_folder.course, NAME, "bob")) == 3


def test_the_report_says_which_counts(course_folder):
    path = next(path for path in report(course_folder.course, [NAME]) if path.suffix == ".html")
    text = path.read_text()
    assert "Of several attempts the best counts; 2 learners made several." in text


def test_the_feedback_says_which_attempt_it_is_about(course_folder):
    course_folder.commands.nbgrader("generate_feedback", NAME)
    page = course_folder.folder / "feedback" / "bob" / NAME / f"{NAME}.html"
    assert "This is your attempt 2 of 3." in page.read_text()


class HalfOfWhatThereIs(BasePlugin):
    """Another policy than ours, which looks at the score."""

    def late_submission_penalty(self, student_id, score, total_seconds_late):
        return score / 2


def test_the_cost_is_that_of_the_policy_which_is_configured(course_folder, monkeypatch):
    """nbgrader takes off what its own plugin says, or any other."""
    policy = f"{__name__}.HalfOfWhatThereIs"
    config = course_folder.course.coursedir.config
    assert penalty(course_folder.course, NAME, "bob", LATE, TOTAL) == 8
    monkeypatch.setitem(config.AssignLatePenalties, "plugin_class", policy)
    assert penalty(course_folder.course, NAME, "bob", LATE, 6.0) == 3
    assert penalty(course_folder.course, NAME, "bob", EARLY, 8.0) == 0
    zero = "nbgrader.plugins.LateSubmissionPlugin"
    monkeypatch.setitem(config.AssignLatePenalties, "plugin_class", zero)
    assert penalty(course_folder.course, NAME, "bob", LATE, 8.0) == 0
    monkeypatch.setitem(config.LateSubmissionPlugin, "penalty_method", "zero")
    assert penalty(course_folder.course, NAME, "bob", LATE, 8.0) == 8


def test_which_counts_is_told_by_the_names_alone(course_folder, monkeypatch):
    """A class of hundreds makes thousands of attempts."""
    monkeypatch.delattr(Kept, "content")
    assert which(course_folder.course, NAME, "bob") == "2 of 3"


def test_attempts_without_a_time_are_kept_once_and_in_order(course_folder):
    for order, content in ((12, b"second"), (2, b"first"), (15, b"second")):
        put_aside(course_folder.course, NAME, "eve", content, None, order)
    kept = attempts(course_folder.course, NAME, "eve")
    assert [one.content for one in kept] == [b"first", b"second"]
    assert which(course_folder.course, NAME, "eve") == ""
    hand_in(course_folder.course, NAME, "eve", b"first", None)
    assert which(course_folder.course, NAME, "eve") == "1 of 2"


def test_nothing_waits_for_what_is_no_file(course_folder):
    """A named pipe gives no end of file to whoever reads it, and nobody writes there."""
    folder = course_folder.folder / "submitted" / "mallory" / NAME
    folder.mkdir(parents=True)
    for content in (b"first", b"second"):
        put_aside(course_folder.course, NAME, "mallory", content, None, order=len(content))
    os.mkfifo(folder / f"{NAME}.ipynb")
    os.mkfifo(folder / "timestamp.txt")

    def too_long(*signalled):
        raise AssertionError("it waits")

    before = signal.signal(signal.SIGALRM, too_long)
    signal.alarm(20)
    try:
        assert which(course_folder.course, NAME, "mallory") == ""
        hand_in(course_folder.course, NAME, "mallory", b"second", None)
        os.mkfifo(folder / "timestamp.txt")
        hand_in(course_folder.course, NAME, "mallory", b"first", None)
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)
    assert which(course_folder.course, NAME, "mallory") == "1 of 2"
    shutil.rmtree(folder.parent)


def test_a_policy_that_is_none_is_refused(course_folder, monkeypatch):
    monkeypatch.setattr(course_folder.course.coursedir.config.Attempts, "take", "worst")
    with pytest.raises(
        CourseError, match=r"c\.Attempts\.take .* newest, deadline, best; got worst"
    ):
        grade(course_folder.course, NAME, jobs=1)
