"""The attempts of a learner: every one is put aside, and the one that counts is handed in.

Which one counts is a setting of the course, `c.Attempts.take` in nbgrader_config.py, and nowhere
else: the newest; the newest that was in time; or the best, for which all have to be graded.
"""

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from nbgrader.api import Gradebook
from nbgrader.preprocessors import AssignLatePenalties

from grader.course import Course
from grader.errors import CourseError
from grader.handed_in import Unreadable, read_file
from grader.job import Job, Result
from grader.results import finished, keep


@dataclass(frozen=True)
class Kept:
    """An attempt that was put aside."""

    path: Path
    when: datetime | None

    @property
    def content(self) -> bytes:
        return self.path.read_bytes()


def put_aside(
    course: Course,
    assignment: str,
    student: str,
    content: bytes,
    when: datetime | None,
    order: int = 0,
) -> None:
    """Keep an attempt under its time, else its number, and what it holds: the same only once."""
    folder = _folder(course, assignment, student)
    folder.mkdir(parents=True, exist_ok=True)
    held = _held(content)
    if when is None and any(folder.glob(f"*{held}")):
        return
    # The names sort as the attempts were made.
    name = f"{when:%Y-%m-%d_%H%M%S}" if when else f"unknown_{order:012d}"
    (folder / f"{name}{held}").write_bytes(content)


def attempts(course: Course, assignment: str, student: str) -> list[Kept]:
    """What was put aside of a learner, the newest last."""
    found = sorted(_folder(course, assignment, student).glob("*.ipynb"))
    return [Kept(path, _time_of(path.name)) for path in found]


def which(course: Course, assignment: str, student: str) -> str:
    """Of several attempts the number of the one that is handed in, such as "2 of 3"."""
    kept = attempts(course, assignment, student)
    if len(kept) < 2:
        return ""
    try:
        content = read_file(course.path("submitted", student, assignment) / f"{assignment}.ipynb")
    except (OSError, Unreadable):
        return ""
    held = _held(content)
    found = [number for number, one in enumerate(kept, 1) if one.path.name.endswith(held)]
    return f"{found[-1]} of {len(kept)}" if found else ""


def hand_in(
    course: Course, assignment: str, student: str, content: bytes, when: datetime | None
) -> None:
    """Put a notebook where the grader looks; what is there is put aside before."""
    folder = course.path("submitted", student, assignment)
    if folder.is_symlink() or folder.parent.is_symlink():
        raise CourseError(f"{folder} is a link: nothing is written there")
    folder.mkdir(parents=True, exist_ok=True)
    path, stamp = folder / f"{assignment}.ipynb", folder / "timestamp.txt"
    if path.is_file() and not path.is_symlink():
        there = path.read_bytes()
        put_aside(course, assignment, student, there, _stamped(stamp))
        if there == content and when is None:
            # Its time may have been entered by hand.
            return
    path.unlink(missing_ok=True)
    path.write_bytes(content)
    stamp.unlink(missing_ok=True)
    if when:
        stamp.write_text(f"{when:%Y-%m-%d %H:%M:%S} UTC\n", encoding="utf8")


def take_best(
    course: Course,
    assignment: str,
    students: Iterable[str],
    trust: bool,
    do: Callable[[list[Job], Path], None],
) -> int:
    """Grade all attempts of whoever made several, hand in the best, and count these attempts.

    The best has the most points after a late penalty; of equal ones it is the newest. `do` grades
    jobs into a folder. Where an attempt could not be graded by a fault of ours, what is handed in
    stays.
    """
    made: dict[str, list[tuple[Kept, Job]]] = {}
    for student in students:
        kept = attempts(course, assignment, student)
        job = course.job(assignment, student, trust)
        if len(kept) > 1 and job is not None:
            made[student] = [(one, replace(job, content=one.content, problem="")) for one in kept]
    results: dict[str, list[Result | None]] = {student: [] for student in made}
    for number in range(max(map(len, made.values()), default=0)):
        # A folder holds one result of each learner.
        folder = course.results(assignment) / "attempts" / f"{number + 1}"
        folder.mkdir(parents=True, exist_ok=True)
        jobs = [tries[number][1] for tries in made.values() if number < len(tries)]
        do([job for job in jobs if not finished(folder, job)], folder)
        for job in jobs:
            results[job.student].append(finished(folder, job))
    for student, tries in made.items():
        graded = [one for one in results[student] if one is not None]
        if len(graded) < len(tries):
            continue
        points = []
        for (kept, _), result in zip(tries, graded, strict=True):
            score = sum(result.scores.values())
            points.append(score - penalty(course, assignment, student, kept.when, score))
        best = max(range(len(tries)), key=lambda i: (points[i], i))
        kept = tries[best][0]
        hand_in(course, assignment, student, kept.content, kept.when)
        # It need not be graded again.
        keep(course.results(assignment), graded[best])
    return sum(map(len, made.values()))


def penalty(
    course: Course,
    assignment: str,
    student: str,
    when: datetime | None,
    score: float | None = None,
) -> float:
    """The points that an attempt of this time and score, else of full marks, loses if it is late.

    They are those that nbgrader will take off: by the plugin that is configured, ours or another.
    """
    if when is None:
        return 0.0
    with Gradebook(course.db_url, course.coursedir.course_id) as book:
        this = book.find_assignment(assignment)
        seconds = (when - this.duedate.replace(tzinfo=UTC)).total_seconds() if this.duedate else 0.0
        if seconds <= 0:
            return 0.0
        score = this.max_score if score is None else score
        step = AssignLatePenalties(config=course.coursedir.config)
        step.gradebook, step.assignment_id, step.student_id = book, assignment, student
        step.init_plugin()
        cost = step.plugin_inst.late_submission_penalty(student, score, seconds)
        return min(max(cost or 0.0, 0.0), score)


def _folder(course: Course, assignment: str, student: str) -> Path:
    return course.root / "collected" / assignment / student


def _held(content: bytes) -> str:
    """The end of the name of an attempt, which tells what it holds."""
    return f"_{hashlib.sha256(content).hexdigest()[:8]}.ipynb"


def _time_of(name: str) -> datetime | None:
    try:
        return datetime.strptime(name[:17], "%Y-%m-%d_%H%M%S").replace(tzinfo=UTC)
    except ValueError:
        return None


def _stamped(path: Path) -> datetime | None:
    try:
        text = read_file(path).decode().strip().removesuffix(" UTC")
        return datetime.fromisoformat(text).replace(tzinfo=UTC)
    except (OSError, Unreadable, ValueError):
        return None
