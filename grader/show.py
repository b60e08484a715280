"""`python -m grader show STUDENT NAME`: what happened to one submission, for whoever is asked."""

from typing import Any

from nbgrader.api import Gradebook, MissingEntry
from sqlalchemy.exc import SQLAlchemyError

from grader.course import Course
from grader.errors import CourseError
from grader.handed_in import is_student_id
from grader.job import Result
from grader.results import latest
from grader.tables import printable


def show(course: Course, student: str, assignment: str) -> None:
    """Print status, marks, findings, remarks and flags. CourseError if nothing was graded."""
    folder = course.results(assignment)
    result = latest(folder, student) if is_student_id(student) else None
    if result is None:
        raise CourseError(f"nothing of {student} was graded: {folder} holds no result of it")
    grades, late = _gradebook(course, student, assignment)
    print(f"{student}, {assignment}: {result.status}, in {result.seconds:g} s")
    if result.message:
        print(f"  {result.message}")
    if late:
        print(f"  {late:g} points off because it came late")
    print()
    for cell in result.notebook["cells"]:
        about = cell["metadata"].get("nbgrader", {})
        if about.get("grade"):
            for line in _lines(cell, about, result, grades.get(about["grade_id"], {})):
                print(printable(line))
    for title, lines in (("How it was read", result.remarks), ("Flags", result.flags)):
        if lines:
            print(f"\n{title}")
            print("\n".join(f"  {line}" for line in lines))
    print(f"\nresult and log: {folder / student}.json, .log")


def _lines(
    cell: dict[str, Any], about: dict[str, Any], result: Result, grade: dict[str, Any]
) -> list[str]:
    name, automatic = about["grade_id"], result.scores.get(about["grade_id"])
    score = grade.get("manual", automatic)
    if score is None:
        score = automatic
    marks = "  –" if score is None else f"{score:>3g}"
    lines = [f"{marks} / {about['points']:<3g}{name}"]
    waits = grade.get("waits") and grade.get("manual") is None
    said = [one["said"] for one in cell["metadata"].get("findings", []) if not one["right"]]
    said += ["waits for a person"] if waits else []
    if grade.get("manual") is not None:
        said.append(f"by hand, instead of {automatic:g}" if automatic is not None else "by hand")
    if said:
        lines[0] += f": {'; '.join(said)}"
    for one in cell["metadata"].get("findings", []):
        if not one["right"] and one["example"]:
            lines += [f"          {line}" for line in one["example"].splitlines()]
    if grade.get("comment"):
        lines.append(f"          comment: {grade['comment']}")
    return lines


def _gradebook(
    course: Course, student: str, assignment: str
) -> tuple[dict[str, dict[str, Any]], float]:
    """What people gave and said, by cell, and what is taken off for being late."""
    try:
        with Gradebook(course.db_url, course.coursedir.course_id) as book:
            submission = book.find_submission(assignment, student)
            (notebook,) = (n for n in submission.notebooks if n.name == assignment)
            found = {
                grade.name: {"manual": grade.manual_score, "waits": grade.needs_manual_grade}
                for grade in notebook.grades
            }
            for comment in notebook.comments:
                found.setdefault(comment.name, {})["comment"] = comment.manual_comment
            return found, submission.late_submission_penalty or 0.0
    except MissingEntry:
        return {}, 0.0
    except SQLAlchemyError as error:
        raise CourseError(f"the gradebook cannot be read: {str(error).splitlines()[0]}") from None
