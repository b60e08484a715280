"""Put results into nbgrader's gradebook and its folder of graded notebooks. One process writes.

Writing is idempotent: a result that is written twice is there once. Marks that a person gave stay;
they are up for review again only where the answer has changed since.
"""

import fcntl
import json
import os
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import nbformat
from nbgrader.api import Gradebook, InvalidEntry, MissingEntry
from nbgrader.preprocessors import AssignLatePenalties
from sqlalchemy import text as sql
from sqlalchemy.exc import SQLAlchemyError

from grader.course import Course
from grader.errors import CourseError
from grader.files import write_whole
from grader.job import Result
from grader.status import Status

# SQLAlchemy 2 tells nbgrader how its queries could be better; whoever grades cannot change that.
warnings.filterwarnings("ignore", module="nbgrader.api")

PATIENCE = 60.0  # seconds for a gradebook that somebody else has locked

_SCORES = sql(
    """
    SELECT submission.student_id, cell.name, grade.auto_score
    FROM grade
    JOIN base_cell AS cell ON grade.cell_id = cell.id
    JOIN submitted_notebook AS notebook ON grade.notebook_id = notebook.id
    JOIN submitted_assignment AS submission ON notebook.assignment_id = submission.id
    JOIN assignment ON submission.assignment_id = assignment.id
    WHERE assignment.name = :name
    """
)


@contextmanager
def only_writer(course: Course, assignment: str) -> Iterator[None]:
    """Hold the right to write. A second grader of the same assignment is told to wait."""
    path = course.results(assignment) / "lock"
    with open(path, "a+", encoding="utf8") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            file.seek(0)
            raise CourseError(
                f"{assignment} is being graded by process {file.read().strip() or '?'} already; "
                "wait for it: nothing has to be done twice"
            ) from None
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        yield


class Writer:
    """Writes results of one assignment."""

    def __init__(self, course: Course, assignment: str):
        self.course, self.assignment = course, assignment
        self.gradebook = self._patiently(
            lambda: Gradebook(course.db_url, course.coursedir.course_id)
        )
        try:
            self._patiently(lambda: self.gradebook.find_assignment(assignment))
        except MissingEntry:
            self.close()
            raise CourseError(
                f"the gradebook does not know {assignment!r}; run "
                f"`nbgrader generate_assignment {assignment} --force` first"
            ) from None

        self.known = self._patiently(self._scores)

    def __enter__(self) -> "Writer":
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def close(self) -> None:
        self.gradebook.close()

    def write(self, result: Result) -> None:
        """The marks into the gradebook, then the notebook into its folder."""
        folder = self.course.path("autograded", result.student, self.assignment)
        path = folder / f"{self.assignment}.ipynb"
        before = answers(_read(path))
        self._patiently(lambda: self._write_marks(result, before))
        folder.mkdir(parents=True, exist_ok=True)
        # The last thing to be written: where this key is, the gradebook has the marks.
        result.notebook["metadata"]["grading_key"] = result.key
        write_whole(path, json.dumps(result.notebook, indent=1, ensure_ascii=False) + "\n")

    def has_written(self, result: Result) -> bool:
        """Whether this very result is in the gradebook and in its folder: nothing is left to do.

        Going on with a class of thousands would otherwise begin with writing all of it again.
        """
        folder = self.course.path("autograded", result.student, self.assignment)
        marks = self.known.get(result.student, {})
        try:
            text = (folder / f"{self.assignment}.ipynb").read_text(encoding="utf8")
        except OSError:
            return False
        return f'"{result.key}"' in text and all(
            marks.get(cell) == score for cell, score in result.scores.items()
        )

    def _scores(self) -> dict[str, dict[str, float | None]]:
        """The marks of the machine that the gradebook has, by student and cell."""
        found: dict[str, dict[str, float | None]] = {}
        for student, cell, score in self.gradebook.db.execute(_SCORES, {"name": self.assignment}):
            found.setdefault(student, {})[cell] = score
        return found

    def _write_marks(self, result: Result, before: dict[str, str]) -> None:
        book, student = self.gradebook, result.student
        book.update_or_create_student(student)
        handed_in = self.course.path("submitted", student, self.assignment)
        when = self.course.coursedir.get_existing_timestamp(str(handed_in))
        known = {"timestamp": when} if when else {}
        submission = book.update_or_create_submission(self.assignment, student, **known)
        (notebook,) = (n for n in submission.notebooks if n.name == self.assignment)
        set_marks(notebook, result, before)
        book.db.commit()
        if when:
            names = ("student", "assignment", "notebook", "db_url")
            values = (student, self.assignment, self.assignment, self.course.db_url)
            AssignLatePenalties(config=self.course.coursedir.config).preprocess(
                nbformat.from_dict(result.notebook),
                {"nbgrader": dict(zip(names, values, strict=True))},
            )

    def _patiently(self, action: Any) -> Any:
        """Wait while another program holds the gradebook, and say what is wrong if it goes on."""
        end, pause = time.monotonic() + PATIENCE, 0.1
        while True:
            try:
                return action()
            # nbgrader wraps some errors of the database in one of its own.
            except (SQLAlchemyError, InvalidEntry) as error:
                if hasattr(self, "gradebook"):
                    self.gradebook.db.rollback()
                if "locked" not in str(error) or time.monotonic() > end:
                    raise CourseError(
                        f"the gradebook {self.course.db_url.rpartition('@')[2]} cannot be written: "
                        f"{str(error).splitlines()[0]} The results are kept in "
                        f"{self.course.results(self.assignment)}; run the command again"
                    ) from None
            time.sleep(pause)
            pause = min(2 * pause, 2.0)


def set_marks(notebook: Any, result: Result, before: dict[str, str]) -> None:
    """Set the marks of a submitted notebook in the gradebook; `before` are the answers of then.

    Written answers wait for a person, unless nothing was written.
    """
    cells = {
        cell["metadata"]["nbgrader"]["grade_id"]: cell
        for cell in result.notebook["cells"]
        if "grade_id" in cell["metadata"].get("nbgrader", {})
    }
    untouched = set(result.untouched)
    for grade in notebook.grades:
        answer = _source(cells.get(grade.name, {}))
        graded = result.status not in (Status.NOT_GRADED, Status.UNREADABLE)
        if grade.name in result.scores:
            grade.auto_score = result.scores[grade.name]
            asked = graded and grade.name not in result.unasked
            grade.needs_manual_grade = not asked or grade.manual_score is not None
        elif graded and grade.name in untouched:
            grade.auto_score, grade.needs_manual_grade = 0.0, False
        else:
            changed = before.get(grade.name) not in (None, answer)
            grade.auto_score = None
            grade.needs_manual_grade = grade.manual_score is None or changed
    for comment in notebook.comments:
        comment.auto_comment = "No response." if comment.name in untouched else None


def answers(notebook: dict[str, Any]) -> dict[str, str]:
    """The answers in a graded notebook."""
    return {
        about["grade_id"]: _source(cell)
        for cell in notebook.get("cells", [])
        if (about := cell["metadata"].get("nbgrader", {})).get("solution")
    }


def _read(path: Path) -> dict[str, Any]:
    """The graded notebook of the last time."""
    try:
        notebook: dict[str, Any] = json.loads(path.read_text(encoding="utf8"))
        return notebook
    except (OSError, ValueError):
        return {}


def _source(cell: dict[str, Any]) -> str:
    source = cell.get("source", "")
    return source if isinstance(source, str) else "".join(source)
