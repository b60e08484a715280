"""Where the parts of a course lie: nbgrader's folders, and ours for results and the secret."""

import os
import secrets
from collections.abc import Iterator, Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

from nbgrader.coursedir import CourseDirectory
from traitlets.config import Config
from traitlets.config.loader import PyFileConfigLoader

from grader.errors import CourseError
from grader.handed_in import Unreadable, find_notebook, is_student_id, read_file
from grader.job import Job
from grader.limits import Limits

ROOT = Path(__file__).resolve().parent.parent
SETTINGS = "nbgrader_config.py"
# Which of several attempts counts.
TAKE = ("newest", "deadline", "best")


class Course:
    """A course directory as nbgrader sees it."""

    def __init__(self, coursedir: CourseDirectory, limits: Mapping[str, Any] | None = None):
        self.coursedir = coursedir
        self.root = Path(coursedir.root)
        try:
            self.limits = Limits(**(limits or {}))
        except TypeError:
            known = ", ".join(field.name for field in fields(Limits))
            raise CourseError(f"Grade.limits may hold {known}; got {dict(limits or {})}") from None

    @classmethod
    def open(cls, root: str = "", db: str = "", **limits: float) -> "Course":
        """The course of nbgrader_config.py; what is given here replaces what is set there."""
        config: Config = PyFileConfigLoader(SETTINGS, path=str(ROOT)).load_config()
        if root:
            config.CourseDirectory.root = str(Path(root).resolve())
        if db:
            config.CourseDirectory.db_url = db
        return cls(CourseDirectory(config=config), {**config.Grade.get("limits", {}), **limits})

    @property
    def db_url(self) -> str:
        return str(self.coursedir.db_url)

    @property
    def take(self) -> str:
        """Which of several attempts counts, one of TAKE: `c.Attempts.take`."""
        take: str = self.coursedir.config.Attempts.get("take", TAKE[0])
        if take not in TAKE:
            raise CourseError(f"c.Attempts.take in {SETTINGS} may be {', '.join(TAKE)}; got {take}")
        return take

    def path(self, step: str, student: str, assignment: str) -> Path:
        """A folder of nbgrader: step is "release", "submitted", "autograded" or "feedback"."""
        folder = getattr(self.coursedir, f"{step}_directory")
        return Path(self.coursedir.format_path(folder, student, assignment))

    def released(self, assignment: str) -> str:
        """The notebook that learners got."""
        path = self.path("release", ".", assignment) / f"{assignment}.ipynb"
        try:
            return path.read_text(encoding="utf8")
        except FileNotFoundError:
            raise CourseError(
                f"assignment {assignment!r} is not released: {path} is missing; run "
                f"`nbgrader generate_assignment {assignment} --force` first"
            ) from None

    def results(self, assignment: str) -> Path:
        """Where the results of grading lie, a file for each student."""
        folder = self.root / "grading" / assignment
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def secret(self) -> bytes:
        """The secret that the questions depend on; made once, and kept out of git."""
        if given := os.environ.get("COURSE_SECRET"):
            return given.encode()
        path = self.root / "course_secret"
        try:
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            content = path.read_bytes()
            if len(content) < 16:
                raise CourseError(f"{path} is too short for a secret; remove it") from None
            return content
        with os.fdopen(handle, "w") as file:
            file.write(secrets.token_hex(32))
        return path.read_bytes()

    def students(self, assignment: str) -> Iterator[tuple[str, str]]:
        """Each student with something in `submitted`, and what is wrong with the name, if it is."""
        everybody = self.path("submitted", "x", assignment).parents[1]
        if not everybody.is_dir():
            raise CourseError(f"there are no submissions: {everybody} is missing")
        for folder in sorted(everybody.iterdir()):
            if not os.path.lexists(folder / assignment):
                continue
            yield folder.name, "" if is_student_id(folder.name) else "not a student id"

    def job(self, assignment: str, student: str, trust: bool = False) -> Job | None:
        """What has to be graded; None where nothing was handed in."""
        content, problem = b"", ""
        folder = self.path("submitted", student, assignment)
        try:
            if not is_student_id(student):
                raise Unreadable("the folder's name is not a student id")
            if folder.is_symlink() or folder.parent.is_symlink():
                raise Unreadable("the folder of the submission is a link")
            content = read_file(find_notebook(folder, assignment))
        except (FileNotFoundError, NotADirectoryError):
            return None
        except (Unreadable, OSError) as error:
            problem = str(error)
        return Job(
            student,
            assignment,
            self.released(assignment),
            self.secret(),
            content,
            problem,
            self.limits,
            trust,
        )
