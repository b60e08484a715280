"""`python -m grader report`: what a class got and did not get, for the person who teaches it.

One page and one table for an assignment, made from the results of grading; with `--all` one more
for the course. Learners are numbers, in an order that nobody can guess, unless names are asked for.
"""

import csv
import io
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from grader.course import Course
from grader.errors import CourseError
from grader.files import write_whole
from grader.pages import page
from grader.report_course import course_body, course_table
from grader.report_page import assignment_body, assignment_table
from grader.survey import survey
from grader.tables import harmless

STYLE = """
svg { max-width: 100%; height: auto; } svg rect { fill: var(--link); }
svg text { fill: var(--soft); font: 11px system-ui, sans-serif; }
meter { width: 6rem; } .cards { display: flex; flex-wrap: wrap; gap: .6rem; }
.cards div { background: var(--panel); padding: .5rem .8rem; border-radius: .3rem; }
.cards strong { display: block; font-size: 1.3rem; }
"""


def report(course: Course, assignments: list[str], *, names: bool = False) -> list[Path]:
    """Write report.html and report.csv of each assignment; of several, one more of the course.

    Raises CourseError where nothing has been graded.
    """
    written: list[Path] = []
    found = [survey(course, assignment, names) for assignment in assignments]
    for one in found:
        folder = course.results(one.assignment)
        written += _write(
            folder, f"Report: {one.assignment}", assignment_body(one), assignment_table(one)
        )
    if len(found) > 1:
        folder = course.root / "grading"
        written += _write(folder, "Report of the course", course_body(found), course_table(found))
    return written


def graded_assignments(course: Course) -> list[str]:
    """The assignments that have results."""
    folders = sorted((course.root / "grading").glob("*/"))
    names = [folder.name for folder in folders if any(folder.glob("*.json"))]
    if not names:
        raise CourseError(f"nothing has been graded: {course.root / 'grading'} holds no results")
    return names


def _write(folder: Path, title: str, body: Iterable[str], table: list[list[Any]]) -> list[Path]:
    html, sheet = folder / "report.html", folder / "report.csv"
    file = io.StringIO()
    csv.writer(file).writerows([[_cell(value) for value in row] for row in table])
    write_whole(html, page(title, "\n".join(body), STYLE))
    write_whole(sheet, file.getvalue())
    return [html, sheet]


def _cell(value: Any) -> Any:
    if value is None:
        return ""
    return f"{value:g}" if isinstance(value, int | float) else harmless(str(value))
