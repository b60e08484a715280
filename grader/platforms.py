"""How learning platforms name the files that they hand out, and who is meant by a name."""

import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from grader.archives import Found
from grader.errors import CourseError

# Canvas (lib/content_zipper.rb of instructure/canvas-lms): the sortable name in lower case without
# all that is no letter, LATE, the number of the person, that of the file, and the file's name with
# -1 before the ending where it would be there twice; or LATE, anon_ and an anonymous number. It
# holds the files of the last attempt of each.
# Moodle (mod/assign/classes/downloader.php): the full name with spaces for underscores, the number
# of the participant in this assignment, assignsubmission_file, and the path; as a folder of that
# name (with an underscore at its end in older versions) or, without folders, joined by underscores.
# Of a group the group's name and number, of those in none "Default group" alone.
# Blackboard ("Assignment File Download"; nbgrader's documentation of zip_collect has an example):
# assignment, user name, attempt, time, and the file's name; beside them a receipt that ends with
# the time and .txt, and whose first line is "Name: NAME (USER)".
# GitHub Classroom (clone/student-repos/student-repos.go of github/gh-classroom): in a folder
# SLUG-submissions one clone for each learner, SLUG-USER.
#
# All entries of Canvas's and Moodle's archives have the time of the download, and the files of a
# clone that of the cloning: only Blackboard tells when something was handed in.

CANVAS = re.compile(r"(?P<who>[^/]+?)_(?P<late>LATE_)?(?P<number>\d+)_(?P<order>\d+)_[^/]+")
CANVAS_ANONYMOUS = re.compile(
    r"(?P<late>LATE_)?(?P<who>anon)_(?P<number>[A-Za-z0-9]+)_(?P<order>\d+)_[^/]+"
)
MOODLE = re.compile(r"(?P<who>[^/_]+)(?:_(?P<number>\d+))?_assignsubmission_[a-z]+_?[/_]?.+")
BLACKBOARD = re.compile(
    r"(?P<who>[^/]*_[^/]+?)_attempt_(?P<when>\d{4}(?:-\d\d){5})(?:[_/.].*|$)", re.DOTALL
)
BLACKBOARD_NAME = re.compile(rb"Name: [^\n]*\(([^()\n]+)\)\s*$", re.MULTILINE)


def _canvas(path: str) -> tuple[str, dict[str, str]] | None:
    name = path.split("/")[0]
    match = CANVAS_ANONYMOUS.fullmatch(name) or CANVAS.fullmatch(name)
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


def layout_of(found: list[Found], source: Path) -> str:
    """The platform whose names most files have."""
    if not found:
        raise CourseError(f"{source} holds no notebook")
    paths = below_root([one.path for one in found])
    counts = {name: sum(read(path) is not None for path in paths) for name, read in LAYOUTS.items()}
    for name in ("moodle", "blackboard", "canvas"):
        if counts[name] * 2 > len(paths):
            return name
    if counts["folders"] * 2 > len(paths):
        clones = any(source.glob("*/.git")) or source.stem.endswith("-submissions")
        return "github" if clones else "folders"
    raise CourseError(
        f"the files of {source} are named like those of no known platform, such as {paths[0]!r}; "
        f"sort them into folders named after the students, or say --layout {'|'.join(LAYOUTS)}"
    )


def below_root(paths: list[str]) -> list[str]:
    """Without a folder that holds everything."""
    roots = {path.partition("/")[0] for path in paths}
    deep = all(path.count("/") > 1 for path in paths)
    return [path.partition("/")[2] for path in paths] if len(roots) == 1 and deep else paths


def prefix_of(names: set[str], source: Path) -> str:
    """What all repositories of an assignment begin with: its name and a hyphen."""
    slug = source.stem.removesuffix("-submissions") + "-"
    if all(name.startswith(slug) for name in names):
        return slug
    shared = os.path.commonprefix(sorted(names)) if len(names) > 1 else ""
    return shared[: shared.rfind("-") + 1]


@dataclass(frozen=True)
class Person:
    """A line of the gradebook's list of students."""

    id: str
    first: str
    last: str
    email: str
    number: str


class People:
    """What is known of the learners: the gradebook's list, Blackboard's receipts, the folder."""

    def __init__(self, roster: list[Person], receipts: list[Found], source: Path):
        self.roster, self.source = roster, source
        told = (BLACKBOARD_NAME.search(one.content) for one in receipts)
        self.users = {one[1].decode("utf8", "replace").strip() for one in told if one}
        self.users |= {one.id for one in roster} | {one.email.partition("@")[0] for one in roster}

    def user(self, head: str) -> str:
        """The user at the end of the name of a file: both it and the assignment may hold `_`."""
        fit = [one for one in self.users if one and head.lower().endswith(f"_{one.lower()}")]
        return max(fit, key=len, default=head.rpartition("_")[2])
