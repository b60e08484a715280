"""`python -m grader export`: the marks as tables for learning platforms and spreadsheets.

Scores come from nbgrader's gradebook, marks of people included; the status of each submission from
the results. A submission that could not be graded has an empty cell, never a 0.
"""

import csv
import sys
from collections.abc import Callable, Iterable
from typing import Any, TextIO

from nbgrader.api import Gradebook, MissingEntry
from sqlalchemy.exc import SQLAlchemyError

from grader.course import Course
from grader.errors import CourseError
from grader.results import latest
from grader.status import Status
from grader.tables import harmless

Row = dict[str, Any]


def export(course: Course, assignment: str, to: str, file: str = "-") -> None:
    """Write the table of an assignment in one of FORMATS to a file, or to standard output."""
    columns, rows = FORMATS[to](assignment, list(rows_of(course, assignment)))
    if file == "-":
        _write(sys.stdout, columns, rows)
        return
    try:
        with open(file, "w", encoding="utf8", newline="") as target:
            _write(target, columns, rows)
    except OSError as error:
        raise CourseError(f"{file} cannot be written: {error.strerror}") from None


def rows_of(course: Course, assignment: str) -> Iterable[Row]:
    """One row for each student of the gradebook."""
    folder = course.results(assignment)
    try:
        with Gradebook(course.db_url, course.coursedir.course_id) as book:
            most = book.find_assignment(assignment).max_score
            handed_in = {s.student_id: s for s in book.assignment_submissions(assignment)}
            for student in book.students:
                submission = handed_in.get(student.id)
                result = latest(folder, student.id)
                status = result.status if result else Status.MISSING
                counted = None if status is Status.NOT_GRADED else submission
                waits = counted is not None and counted.needs_manual_grade
                yield {
                    "student": student.id,
                    "first": student.first_name or "",
                    "last": student.last_name or "",
                    "email": student.email or "",
                    "lms": student.lms_user_id or "",
                    "score": None if counted is None else _score(counted),
                    "max": most,
                    "status": str(status),
                    "waits": "yes" if waits else "",
                }
    except MissingEntry:
        raise CourseError(f"the gradebook does not know {assignment!r}") from None
    except SQLAlchemyError as error:
        raise CourseError(f"the gradebook cannot be read: {str(error).splitlines()[0]}") from None


def _score(submission: Any) -> float:
    score: float = submission.score - (submission.late_submission_penalty or 0)
    return max(0.0, score)


def _plain(assignment: str, rows: list[Row]) -> tuple[list[str], list[list[Any]]]:
    names = ["student", "last", "first", "email", "score", "max", "status", "waits"]
    titles = ["student_id", "last_name", "first_name", "email", "score", "max_score", "status"]
    return [*titles, "waits_for_a_person"], [[row[name] for name in names] for row in rows]


def _canvas(assignment: str, rows: list[Row]) -> tuple[list[str], list[list[Any]]]:
    """Canvas matches rows by its ID, else by the SIS login; the second line holds the points."""
    columns = ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", assignment]
    most = rows[0]["max"] if rows else ""
    points = ["    Points Possible", "", "", "", "", most]
    table = [
        [_name(row), row["lms"], row["student"], row["student"], "", row["score"]] for row in rows
    ]
    return columns, [points, *table]


def _moodle(assignment: str, rows: list[Row]) -> tuple[list[str], list[list[Any]]]:
    """Moodle's import of grades maps columns by hand, and users by ID number or e-mail."""
    columns = ["ID number", "First name", "Last name", "Email address", assignment, "Feedback"]
    table = [
        [row["student"], row["first"], row["last"], row["email"], row["score"], row["status"]]
        for row in rows
    ]
    return columns, table


def _name(row: Row) -> str:
    return ", ".join(filter(None, (row["last"], row["first"]))) or row["student"]


def _write(file: TextIO, columns: list[str], rows: list[list[Any]]) -> None:
    table = csv.writer(file)
    table.writerow(columns)
    for row in rows:
        table.writerow([_cell(value) for value in row])


def _cell(value: Any) -> Any:
    if value is None:
        return ""
    if isinstance(value, int | float):
        return f"{value:g}"
    # The spaces before "Points Possible" are part of what Canvas looks for.
    return harmless(value)


FORMATS: dict[str, Callable[[str, list[Row]], tuple[list[str], list[list[Any]]]]] = {
    "csv": _plain,
    "canvas": _canvas,
    "moodle": _moodle,
}
