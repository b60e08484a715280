"""What the results of grading say of a class: its checks, its learners, its mistakes."""

import ast
import hashlib
import hmac
import statistics
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from grader.attempts import which
from grader.cells import read_cell
from grader.course import Course
from grader.errors import CourseError
from grader.export import rows_of
from grader.flags import alike
from grader.job import Result
from grader.results import latest
from grader.status import Status

LONGEST_EXAMPLE = 40  # lines


@dataclass
class Item:
    """One check of an assignment, over the class."""

    cell: str
    function: str
    aspects: tuple[str, ...]
    points: float
    asked: int = 0
    right: int = 0
    # How the points for it go together with all others; None where everybody has the same.
    discrimination: float | None = None
    mistakes: Counter[str] = field(default_factory=Counter)
    # Of each mistake, the smallest input and the code of one learner.
    examples: dict[str, tuple[str, str]] = field(default_factory=dict)

    @property
    def share(self) -> float:
        return self.right / self.asked if self.asked else 0.0

    @property
    def name(self) -> str:
        return f"{self.function} ({', '.join(self.aspects)})" if self.aspects else self.function


@dataclass
class Learner:
    """What a report tells of one learner, under a name that may be a number."""

    student: str
    shown: str
    status: Status
    score: float | None
    waits: bool
    seconds: float
    message: str
    flags: list[str]
    missed: dict[str, str]


@dataclass
class Survey:
    """All that the page and the table of one assignment are made from."""

    assignment: str
    most: float
    learners: list[Learner]
    items: list[Item]
    attempts: str

    @property
    def scores(self) -> list[float]:
        return [one.score for one in self.learners if one.score is not None]


def survey(course: Course, assignment: str, names: bool) -> Survey:
    """What is known of an assignment. CourseError where nothing of it has been graded."""
    folder = course.results(assignment)
    results = [
        result
        for path in sorted(folder.glob("*.json"))
        if (result := latest(folder, path.stem)) and result.student == path.stem
    ]
    if not results:
        raise CourseError(f"nothing of {assignment} has been graded: {folder} holds no results")
    book = {row["student"]: row for row in rows_of(course, assignment)}
    secret = course.secret()
    results.sort(key=lambda one: hmac.new(secret, one.student.encode(), hashlib.sha256).digest())
    shared = alike({one.student: one.prints for one in results})
    learners = [
        _learner(one, book.get(one.student, {}), shared.get(one.student, []), number, names)
        for number, one in enumerate(results, 1)
    ]
    several = sum(bool(which(course, assignment, one.student)) for one in results)
    counts = {"deadline": "newest in time"}.get(course.take, course.take)
    attempts = f"Of several attempts the {counts} counts; {several} learners made several."
    return Survey(assignment, _most(results[0]), learners, _items(results), attempts)


def _most(result: Result) -> float:
    """The points of the whole assignment, answers in words included."""
    marked = (cell["metadata"].get("nbgrader", {}) for cell in result.notebook["cells"])
    return float(sum(about.get("points", 0) for about in marked if about.get("grade")))


def _learner(
    result: Result, row: dict[str, Any], shared: list[str], number: int, names: bool
) -> Learner:
    graded = result.status in (Status.GRADED, Status.PARTLY)
    automatic = sum(result.scores.values()) if graded else None
    missed = {
        finding["function"]: finding["said"]
        for cell in _checks(result)
        for finding in cell["metadata"].get("findings", [])
        if not finding["right"]
    }
    flags = [*result.flags, *(shared if names else map(_nameless, shared))]
    return Learner(
        result.student,
        result.student if names else f"learner {number}",
        result.status,
        row.get("score", automatic),
        bool(row.get("waits")),
        result.seconds,
        " ".join(result.message.split())[:200],
        flags,
        missed,
    )


def _nameless(flag: str) -> str:
    """A flag about equal answers, without the name of the other."""
    return f"same answers as another: {flag.partition(': ')[2]}"


def _items(results: list[Result]) -> list[Item]:
    items: dict[str, Item] = {}
    marks: dict[str, list[tuple[float, float]]] = defaultdict(list)
    for result in results:
        if result.status not in (Status.GRADED, Status.PARTLY):
            continue
        total = sum(result.scores.values())
        for cell in _checks(result):
            about = cell["metadata"]["nbgrader"]
            grade_id, points = about["grade_id"], float(about["points"])
            findings = cell["metadata"].get("findings") or [{"function": grade_id, "right": True}]
            wrong = next((one for one in findings if not one["right"]), None)
            first = wrong or findings[0]
            item = items.setdefault(
                grade_id,
                Item(grade_id, first["function"], tuple(first.get("aspects", ())), points),
            )
            score = result.scores.get(grade_id, 0.0)
            item.asked += 1
            item.right += score == points
            marks[grade_id].append((score, total - score))
            if wrong:
                item.mistakes[wrong["said"]] += 1
                if wrong["said"] not in item.examples and (source := _source(result, wrong)):
                    item.examples[wrong["said"]] = (wrong.get("example", ""), source)
    for grade_id, pairs in marks.items():
        items[grade_id].discrimination = _correlation(pairs)
    return list(items.values())


def _checks(result: Result) -> Iterator[dict[str, Any]]:
    for cell in result.notebook["cells"]:
        about = cell["metadata"].get("nbgrader", {})
        if about.get("grade") and not about.get("solution") and cell["cell_type"] == "code":
            yield cell


def _source(result: Result, finding: dict[str, Any]) -> str:
    """The function as one learner wrote it, without comments: they may hold a name."""
    for cell in result.notebook["cells"]:
        if cell["metadata"].get("nbgrader", {}).get("solution") and cell["cell_type"] == "code":
            source = cell["source"]
            source = source if isinstance(source, str) else "".join(source)
            for statement in read_cell(source).statements:
                if finding["function"] in statement.binds:
                    return _without_words(statement.source)
    return ""


def _without_words(source: str) -> str:
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return ""
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if isinstance(body, list) and len(body) > 1 and _is_text(body[0]):
            del body[0]
    lines = ast.unparse(tree).split("\n")
    return "\n".join(lines[:LONGEST_EXAMPLE] + ["..."] * (len(lines) > LONGEST_EXAMPLE))


def _is_text(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def _correlation(pairs: list[tuple[float, float]]) -> float | None:
    ones, others = zip(*pairs, strict=True)
    if len(set(ones)) < 2 or len(set(others)) < 2:
        return None
    return statistics.correlation(ones, others)
