"""`python -m grader collect`: sort what a learning platform hands out into `submitted/`.

Nothing in an archive is trusted. No name in it becomes a path: files are read one by one, up to a
limit, and written under names of ours. Nothing is written before the plan has been shown.
"""

import re
import unicodedata
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from nbgrader.api import Gradebook, MissingEntry

from grader.archives import Found, files
from grader.attempts import hand_in, penalty, put_aside
from grader.course import SETTINGS, Course
from grader.errors import CourseError
from grader.gradebook import only_writer
from grader.handed_in import is_student_id
from grader.platforms import LAYOUTS, People, Person, below_root, layout_of, prefix_of
from grader.tables import printable

# What is said of a policy, after "of several attempts".
POLICY = {
    "newest": "the newest is taken",
    "deadline": "the newest that was in time is taken",
    "best": "the newest is taken; the grader grades them all and then takes the best",
}


@dataclass(frozen=True)
class Attempt:
    """A notebook that somebody handed in; `who` is that person as the platform names them."""

    who: str
    found: Found
    when: datetime | None
    late: bool = False
    number: str = ""  # of the person, or of the submission, in the platform
    order: int = 0  # the higher, the newer, where there is no time


@dataclass
class Plan:
    """What `carry_out` will do: of each student all attempts, the one to take last."""

    layout: str
    students: dict[str, list[Attempt]] = field(default_factory=dict)
    numbers: dict[str, str] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)
    due: datetime | None = None


def collect(course: Course, assignment: str, source: Path, *, layout: str = "", do: bool) -> Plan:
    """Show what would be collected, and with `do` collect it.

    Raises CourseError where the source cannot be read, or is of no known layout.
    """
    course.released(assignment)
    roster, due = _gradebook(course, assignment)
    if course.take == "deadline" and due is None:
        raise CourseError(
            f"{assignment} has no deadline in the gradebook: nbgrader db assignment add "
            f'{assignment} --duedate="2026-12-01 23:59 UTC"'
        )
    found = list(files(source))
    receipts = [one for one in found if one.path.endswith(".txt")]
    found = [one for one in found if not one.path.endswith(".txt")]
    layout = layout or layout_of(found, source)
    plan = _plan(layout, found, People(roster, receipts, source), due, course.take)
    _show(plan, course, assignment)
    if do:
        with only_writer(course, assignment):
            _carry_out(plan, course, assignment)
    elif plan.students:
        print("nothing has been written; the same with --do does it")
    return plan


# Planning


def _plan(layout: str, found: list[Found], people: People, due: datetime | None, take: str) -> Plan:
    plan = Plan(layout, due=due)
    read = LAYOUTS[layout]
    paths = below_root([one.path for one in found])
    tops = {path.split("/")[0] for path in paths}
    prefix = prefix_of(tops, people.source) if layout == "github" else ""
    attempts: dict[tuple[str, str], list[Attempt]] = defaultdict(list)
    for one, path in zip(found, paths, strict=True):
        told = read(path)
        if one.problem or told is None:
            plan.problems.append(f"{one.path}: {one.problem or f'not named as in {layout}'}")
            continue
        who, about = told
        who = people.user(who) if layout == "blackboard" else who.removeprefix(prefix)
        when = one.when if layout == "folders" else _as_time(about.get("when", ""))
        attempt = Attempt(
            who,
            one,
            when,
            bool(about.get("late")),
            about.get("number", ""),
            int(about.get("order", 0)),
        )
        # Numbers are of persons in Canvas, and in Moodle of one person in one assignment.
        attempts[attempt.who, attempt.number].append(attempt)
    twice = Counter(_slug(who) for who, _ in attempts)
    for (who, number), made in attempts.items():
        student, problem = _student(layout, who, number, people.roster, twice[_slug(who)] > 1)
        if problem:
            plan.problems += [f"{one.found.path}: {problem}" for one in made]
            continue
        plan.students.setdefault(student, []).extend(made)
        if layout == "canvas" and number.isdecimal():
            plan.numbers[student] = number
    for made in plan.students.values():
        made.sort(key=lambda one: _order(one, due if take == "deadline" else None))
    return plan


def _order(attempt: Attempt, due: datetime | None) -> tuple[bool, float, int, str]:
    """The last one is taken: the newest, or the newest of those that were in time."""
    when = attempt.when.timestamp() if attempt.when else 0.0
    late = attempt.late or (due and attempt.when and attempt.when > due)
    return due is None or not late, when, attempt.order, attempt.found.path


def _student(
    layout: str, who: str, number: str, roster: list[Person], twice: bool
) -> tuple[str, str]:
    """The id of a student, or what is wrong."""
    if layout == "canvas" and not number.isdecimal():
        return f"anon_{number}", ""
    if layout == "canvas" and (known := [one for one in roster if one.number == number]):
        return known[0].id, ""
    plain = _slug(who)
    if layout in ("canvas", "moodle"):
        known = [
            one
            for one in roster
            if plain
            and plain.replace("-", "")
            in (_joined(one.first, one.last), _joined(one.last, one.first))
        ]
        if len(known) > 1:
            ids = ", ".join(one.id for one in known)
            return "", f"{who!r} may be any of {ids}; put it into submitted/ by hand"
    else:
        names = {who.lower()}
        known = [
            one for one in roster if {one.id.lower(), one.email.partition("@")[0].lower()} & names
        ]
    if known and not (twice and layout == "moodle"):
        return known[0].id, ""
    if roster:
        return "", f"{who!r} is not in the gradebook, or not the only one; see nbgrader db student"
    student = who if is_student_id(who) else plain
    if layout == "canvas" or (twice and number):
        student = f"{plain or 'student'}_{number}"
    return (student, "") if is_student_id(student) else ("", f"{who!r} makes no student id")


def _slug(name: str) -> str:
    """A name in the letters that a student id may have: José O'Neil → jose-oneil."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9._@+]+", "-", plain.replace("'", "")).strip("-._@+")[:50]


def _joined(*names: str) -> str:
    return _slug(" ".join(names)).replace("-", "")


def _as_time(text: str) -> datetime | None:
    try:
        return datetime.strptime(text, "%Y-%m-%d-%H-%M-%S").replace(tzinfo=UTC)
    except ValueError:
        return None


def _gradebook(course: Course, assignment: str) -> tuple[list[Person], datetime | None]:
    with Gradebook(course.db_url, course.coursedir.course_id) as book:
        try:
            due = book.find_assignment(assignment).duedate
        except MissingEntry:
            raise CourseError(
                f"the gradebook does not know {assignment!r}; run "
                f"`nbgrader generate_assignment {assignment} --force` first"
            ) from None
        roster = [
            Person(
                one.id,
                one.first_name or "",
                one.last_name or "",
                one.email or "",
                one.lms_user_id or "",
            )
            for one in book.students
        ]
    # Only those who were entered with a name or an address are a list of a class.
    named = [one for one in roster if one.last or one.email or one.number]
    return named, due.replace(tzinfo=UTC) if due else None


# Showing and doing


def _show(plan: Plan, course: Course, assignment: str) -> None:
    attempts = sum(map(len, plan.students.values()))
    print(f"{attempts} notebooks of {len(plan.students)} students, named as in {plan.layout}")
    print(f"of several attempts {POLICY[course.take]} (c.Attempts.take in {SETTINGS})")
    for student, made in sorted(plan.students.items()):
        taken, notes = made[-1], []
        if taken.when:
            notes.append(f"{taken.when:%Y-%m-%d %H:%M}")
        if late := _late(taken, plan.due):
            cost = penalty(course, assignment, student, taken.when)
            notes.append(f"{late}, which costs {cost:g} points" if cost else late)
        if len(made) > 1:
            notes.append(f"{len(made)} attempts, of which this one is taken")
        _print(f"  {student:24} {taken.found.path}  {'; '.join(notes)}")
    if plan.due and plan.students and all(made[-1].when is None for made in plan.students.values()):
        print(
            f"  {plan.layout} does not tell when something was handed in: nobody loses points for "
            f"being late unless you write the time, as 2026-12-01 23:59:00 UTC, into "
            f"submitted/STUDENT/{assignment}/timestamp.txt"
        )
    for problem in plan.problems:
        _print(f"  not placed: {problem}")


def _late(attempt: Attempt, due: datetime | None) -> str:
    if due is not None and attempt.when is not None and attempt.when > due:
        hours = (attempt.when - due).total_seconds() / 3600
        return f"late by {hours / 24:.1f} days" if hours >= 24 else f"late by {hours:.1f} h"
    return "late, says the platform" if attempt.late else ""


def _print(line: str) -> None:
    print(printable(line).rstrip())


def _carry_out(plan: Plan, course: Course, assignment: str) -> None:
    for student, made in plan.students.items():
        for one in made:
            put_aside(course, assignment, student, one.found.content, one.when, one.order)
        hand_in(course, assignment, student, made[-1].found.content, made[-1].when)
    if plan.numbers:
        with Gradebook(course.db_url, course.coursedir.course_id) as book:
            for student, number in plan.numbers.items():
                book.update_or_create_student(student, lms_user_id=number)
    print(f"collected {len(plan.students)} submissions; every attempt is in collected/{assignment}")
