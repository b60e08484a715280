"""`python -m grader collect`: sort what a learning platform hands out into `submitted/`.

Nothing in an archive is trusted. No name in it becomes a path: files are read one by one, up to a
limit, and written under names of ours. Nothing is written before the plan has been shown.
"""

import hashlib
import os
import re
import stat
import unicodedata
import zipfile
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import IO

from nbgrader.api import Gradebook, MissingEntry

from grader.course import Course
from grader.errors import CourseError
from grader.gradebook import only_writer
from grader.intake import LARGEST, Unreadable, is_student_id, read_file

MOST_FILES = 50_000
MOST_BYTES = 2**30  # of all notebooks of an archive together
TAKE = ("newest", "deadline")


@dataclass(frozen=True)
class Found:
    """A file of the archive: its path in there, what it holds or why not, and its time."""

    path: str
    content: bytes = b""
    problem: str = ""
    when: datetime | None = None


@dataclass(frozen=True)
class Attempt:
    """A notebook that somebody handed in; `who` is that person as the platform names them."""

    who: str
    found: Found
    when: datetime | None
    late: bool = False
    number: str = ""  # of the person, or of the submission, in the platform


@dataclass
class Plan:
    """What `carry_out` will do: of each student all attempts, the one to take last."""

    layout: str
    students: dict[str, list[Attempt]] = field(default_factory=dict)
    numbers: dict[str, str] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)
    due: datetime | None = None


@dataclass(frozen=True)
class Person:
    """A line of the gradebook's list of students."""

    id: str
    first: str
    last: str
    email: str
    number: str


def collect(
    course: Course, assignment: str, source: Path, *, layout: str = "", take: str, do: bool
) -> Plan:
    """Show what would be collected, and with `do` collect it.

    Raises CourseError where the source cannot be read, or is of no known layout.
    """
    course.released(assignment)
    roster, due = _gradebook(course, assignment)
    if take == "deadline" and due is None:
        raise CourseError(
            f"{assignment} has no deadline in the gradebook: nbgrader db assignment add "
            f'{assignment} --duedate="2026-12-01 23:59 UTC"'
        )
    found = list(_files(source))
    layout = layout or _layout_of(found, source)
    plan = _plan(layout, found, roster, due, take)
    _show(plan, assignment)
    if do:
        with only_writer(course, assignment):
            _carry_out(plan, course, assignment)
    elif plan.students:
        print("nothing has been written; the same with --do does it")
    return plan


# Reading


def _files(source: Path) -> Iterator[Found]:
    """All notebooks of a folder or an archive, those in archives inside it included."""
    if source.is_dir():
        yield from _in_folder(source)
        return
    try:
        with open(source, "rb") as file:
            yield from _in_archive(file, "", MOST_BYTES, nested=False)
    except OSError as error:
        raise CourseError(f"{source} cannot be read: {error.strerror}") from None
    except zipfile.BadZipFile:
        raise CourseError(f"{source} is neither a folder nor a zip archive") from None


def _in_folder(source: Path) -> Iterator[Found]:
    for place, folders, names in os.walk(source):
        folders[:] = sorted(one for one in folders if one != ".git" and not _hidden(one))
        for name in sorted(names):
            path = Path(place, name)
            shown = path.relative_to(source).as_posix()
            if not _wanted(name):
                continue
            try:
                content = read_file(path)
            except (Unreadable, OSError) as error:
                yield Found(shown, problem=str(error))
                continue
            when = datetime.fromtimestamp(path.stat().st_mtime, UTC)
            yield from _unpacked(Found(shown, content, when=when), MOST_BYTES, nested=False)


def _in_archive(file: IO[bytes], above: str, most: int, *, nested: bool) -> Iterator[Found]:
    with zipfile.ZipFile(file) as archive:
        entries = archive.infolist()
        if len(entries) > MOST_FILES:
            raise CourseError(f"the archive holds {len(entries)} files, more than {MOST_FILES}")
        for entry in entries:
            shown = above + unicodedata.normalize("NFC", entry.filename.replace("\\", "/"))
            if entry.is_dir() or not _wanted(shown):
                continue
            read = _entry(archive, entry, shown, most)
            most -= len(read.content)
            yield from _unpacked(read, most, nested=nested)


def _entry(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, shown: str, most: int) -> Found:
    if stat.S_ISLNK(entry.external_attr >> 16):
        return Found(shown, problem="it is a link")
    if entry.flag_bits & 1:
        return Found(shown, problem="it is encrypted")
    try:
        with archive.open(entry) as file:
            # What the archive says of the size need not be true.
            content = file.read(LARGEST + 1)
    except (zipfile.BadZipFile, NotImplementedError, OSError, EOFError, ValueError) as error:
        return Found(shown, problem=f"it cannot be unpacked: {error}")
    # zlib and lzma have errors of their own.
    except Exception as error:
        return Found(shown, problem=f"it cannot be unpacked: {type(error).__name__}")
    if len(content) > LARGEST:
        return Found(shown, problem=f"it is larger than {LARGEST // 2**20} MB")
    if len(content) > most:
        return Found(shown, problem="the archive as a whole is too large")
    return Found(shown, content, when=_time_of(entry))


def _unpacked(found: Found, most: int, *, nested: bool) -> Iterator[Found]:
    """A notebook as it is; of an archive in the archive, the notebooks in there."""
    if found.problem or not found.path.lower().endswith(".zip"):
        yield found
        return
    if nested:
        yield Found(found.path, problem="it is an archive in an archive in an archive")
        return
    try:
        yield from _in_archive(BytesIO(found.content), f"{found.path}/", most, nested=True)
    except (zipfile.BadZipFile, CourseError) as error:
        yield Found(found.path, problem=f"it cannot be unpacked: {error}")


def _wanted(path: str) -> bool:
    parts = path.split("/")
    return path.lower().endswith((".ipynb", ".zip")) and not any(map(_hidden, parts))


def _hidden(name: str) -> bool:
    """What systems add by themselves: .ipynb_checkpoints, __MACOSX/._name."""
    return name.startswith((".", "__MACOSX")) and name not in (".", "..")


def _time_of(entry: zipfile.ZipInfo) -> datetime | None:
    try:
        when = datetime(*entry.date_time, tzinfo=UTC)
    except ValueError:
        return None
    # Many programs write the first day that the format knows instead of none.
    return when if when.year > 1980 else None


# Understanding the names

CANVAS = re.compile(r"(?P<who>[^_/]+)_(?P<late>LATE_)?(?P<number>\d+)_(?P<submission>\d+)_.+")
MOODLE = re.compile(r"(?P<who>[^/]+)_(?P<number>\d+)_assignsubmission_[a-z]+_?[/_]?.+")
BLACKBOARD = re.compile(
    r"[^/]*_(?P<who>[^_/]+)_attempt_(?P<when>\d{4}(?:-\d\d){5})(?:[_/.].*|$)", re.DOTALL
)


def _canvas(path: str) -> tuple[str, dict[str, str]] | None:
    match = CANVAS.fullmatch(path.split("/")[0])
    return (match["who"], match.groupdict("")) if match else None


def _moodle(path: str) -> tuple[str, dict[str, str]] | None:
    match = MOODLE.fullmatch(path)
    return (match["who"], match.groupdict("")) if match else None


def _blackboard(path: str) -> tuple[str, dict[str, str]] | None:
    match = BLACKBOARD.fullmatch(path.split("/")[0])
    return (match["who"], match.groupdict("")) if match else None


def _folders(path: str) -> tuple[str, dict[str, str]] | None:
    who, slash, _ = path.partition("/")
    return (who, {}) if slash else None


LAYOUTS: dict[str, Callable[[str], tuple[str, dict[str, str]] | None]] = {
    "moodle": _moodle,
    "blackboard": _blackboard,
    "canvas": _canvas,
    "github": _folders,
    "folders": _folders,
}


def _layout_of(found: list[Found], source: Path) -> str:
    """The platform whose names most files have."""
    if not found:
        raise CourseError(f"{source} holds no notebook")
    paths = _below_root([one.path for one in found])
    counts = {name: sum(read(path) is not None for path in paths) for name, read in LAYOUTS.items()}
    for name in ("moodle", "blackboard", "canvas"):
        if counts[name] * 2 > len(paths):
            return name
    if counts["folders"] * 2 > len(paths):
        tops = {path.split("/")[0] for path in paths}
        return "github" if len(tops) > 1 and len(_prefix(tops)) > 3 else "folders"
    raise CourseError(
        f"the files of {source} are named like those of no known platform, such as {paths[0]!r}; "
        f"sort them into folders named after the students, or say --layout {'|'.join(LAYOUTS)}"
    )


def _below_root(paths: list[str]) -> list[str]:
    """Without a folder that holds everything."""
    roots = {path.partition("/")[0] for path in paths}
    deep = all(path.count("/") > 1 for path in paths)
    return [path.partition("/")[2] for path in paths] if len(roots) == 1 and deep else paths


def _prefix(names: set[str]) -> str:
    """What all repositories of an assignment begin with, its name, up to the last hyphen."""
    shared = os.path.commonprefix(sorted(names))
    return shared[: shared.rfind("-") + 1]


# Planning


def _plan(
    layout: str, found: list[Found], roster: list[Person], due: datetime | None, take: str
) -> Plan:
    plan = Plan(layout, due=due)
    read = LAYOUTS[layout]
    paths = _below_root([one.path for one in found])
    prefix = _prefix({path.split("/")[0] for path in paths}) if layout == "github" else ""
    attempts: dict[tuple[str, str], list[Attempt]] = defaultdict(list)
    for one, path in zip(found, paths, strict=True):
        told = read(path)
        if one.problem or told is None:
            plan.problems.append(f"{one.path}: {one.problem or f'not named as in {layout}'}")
            continue
        who, about = told
        when = _as_time(about.get("when", "")) or one.when
        attempt = Attempt(
            who.removeprefix(prefix), one, when, bool(about.get("late")), about.get("number", "")
        )
        # Numbers are of persons in Canvas, and in Moodle of one person in one assignment.
        attempts[attempt.who, attempt.number].append(attempt)
    twice = Counter(_slug(who) for who, _ in attempts)
    for (who, number), made in attempts.items():
        student, problem = _student(layout, who, number, roster, twice[_slug(who)] > 1)
        if problem:
            plan.problems += [f"{one.found.path}: {problem}" for one in made]
            continue
        plan.students.setdefault(student, []).extend(made)
        if layout == "canvas":
            plan.numbers[student] = number
    for made in plan.students.values():
        made.sort(key=lambda one: _order(one, due if take == "deadline" else None))
    return plan


def _order(attempt: Attempt, due: datetime | None) -> tuple[bool, float, str]:
    """The last one is taken: the newest, or the newest of those that were in time."""
    when = attempt.when.timestamp() if attempt.when else 0.0
    in_time = due is None or (not attempt.late and attempt.when is not None and attempt.when <= due)
    return in_time, when, attempt.found.path


def _student(
    layout: str, who: str, number: str, roster: list[Person], twice: bool
) -> tuple[str, str]:
    """The id of a student, or what is wrong."""
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


def _show(plan: Plan, assignment: str) -> None:
    attempts = sum(map(len, plan.students.values()))
    print(f"{attempts} notebooks of {len(plan.students)} students, named as in {plan.layout}")
    for student, made in sorted(plan.students.items()):
        taken, notes = made[-1], []
        if taken.when:
            notes.append(f"{taken.when:%Y-%m-%d %H:%M}")
        late = _late(taken, plan.due)
        if late:
            notes.append(late)
        if len(made) > 1:
            notes.append(f"{len(made)} attempts, of which this one is taken")
        _print(f"  {student:24} {taken.found.path}  {'; '.join(notes)}")
    for problem in plan.problems:
        _print(f"  not placed: {problem}")


def _late(attempt: Attempt, due: datetime | None) -> str:
    if due is not None and attempt.when is not None and attempt.when > due:
        hours = (attempt.when - due).total_seconds() / 3600
        return f"late by {hours / 24:.1f} days" if hours >= 24 else f"late by {hours:.1f} h"
    return "late, says the platform" if attempt.late else ""


def _print(line: str) -> None:
    print("".join(c if c.isprintable() else " " for c in line).rstrip())


def _carry_out(plan: Plan, course: Course, assignment: str) -> None:
    for student, made in plan.students.items():
        for attempt in made:
            _keep(course, assignment, student, attempt.found.content, attempt.when)
        _hand_in(course, assignment, student, made[-1])
    if plan.numbers:
        with Gradebook(course.db_url, course.coursedir.course_id) as book:
            for student, number in plan.numbers.items():
                book.update_or_create_student(student, lms_user_id=number)
    print(f"collected {len(plan.students)} submissions; every attempt is in collected/{assignment}")


def _keep(
    course: Course, assignment: str, student: str, content: bytes, when: datetime | None
) -> None:
    """Put an attempt aside, under its time and what it holds: the same is kept once."""
    folder = course.root / "collected" / assignment / student
    folder.mkdir(parents=True, exist_ok=True)
    time = f"{when:%Y-%m-%d_%H%M%S}" if when else "unknown"
    name = f"{time}_{hashlib.sha256(content).hexdigest()[:8]}.ipynb"
    (folder / name).write_bytes(content)


def _hand_in(course: Course, assignment: str, student: str, attempt: Attempt) -> None:
    folder = course.path("submitted", student, assignment)
    if folder.is_symlink() or folder.parent.is_symlink():
        raise CourseError(f"{folder} is a link: nothing is written there")
    folder.mkdir(parents=True, exist_ok=True)
    path, stamp = folder / f"{assignment}.ipynb", folder / "timestamp.txt"
    if path.is_file() and not path.is_symlink():
        _keep(course, assignment, student, path.read_bytes(), _stamped(stamp))
    path.unlink(missing_ok=True)
    path.write_bytes(attempt.found.content)
    stamp.unlink(missing_ok=True)
    if attempt.when:
        stamp.write_text(f"{attempt.when:%Y-%m-%d %H:%M:%S} UTC\n", encoding="utf8")


def _stamped(path: Path) -> datetime | None:
    try:
        text = path.read_text(encoding="utf8").strip().removesuffix(" UTC")
        return datetime.fromisoformat(text).replace(tzinfo=UTC)
    except (OSError, ValueError):
        return None
