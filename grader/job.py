"""One submission, from the bytes that were handed in to a result.

A job is self-contained: it can be done in a child process here or on another machine, once or
again, with the same result.
"""

import functools
import hashlib
import importlib.metadata
import json
import platform
import traceback
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode
from nbformat.v4 import new_markdown_cell

import lossfns
from grader.flags import fingerprints, flags_of
from grader.intake import Unreadable, rebuild, untouched
from grader.levels import NoSandbox, require_level
from grader.sandbox import Limits, SandboxError
from grader.status import Status
from grader.verifier import grade

ROOT = Path(__file__).resolve().parent
TRIES = 2  # of the sandbox, whose failure is no fault of the submission


@dataclass(frozen=True)
class Job:
    """All that grading one submission needs. `problem` says why there is no `content`."""

    student: str
    assignment: str
    released: str
    secret: bytes
    content: bytes = b""
    problem: str = ""
    limits: Limits = field(default_factory=Limits)
    trust: bool = False

    @property
    def key(self) -> str:
        """Changes with the submission, the course and the environment, and with nothing else."""
        digest = hashlib.sha256(self.content)
        for part in (
            *(self.student, self.assignment, self.problem, self.released, self.secret.hex()),
            *(json.dumps(asdict(self.limits)), course_version(), environment()),
        ):
            digest.update(b"\0" + part.encode())
        return digest.hexdigest()


@dataclass
class Result:
    """What is known of a submission after grading. It can be written as JSON and read again."""

    key: str
    student: str
    assignment: str
    status: Status
    message: str
    notebook: dict[str, Any]
    scores: dict[str, float] = field(default_factory=dict)
    remarks: list[str] = field(default_factory=list)
    flags: list[str] = field(default_factory=list)
    prints: dict[str, str] = field(default_factory=dict)
    untouched: list[str] = field(default_factory=list)
    # Checks that were not reached in time: a person should look at their 0.
    unasked: list[str] = field(default_factory=list)
    seconds: float = 0.0
    restarts: int = 0

    @classmethod
    def from_json(cls, text: str) -> "Result":
        known = json.loads(text)
        return cls(**known | {"status": Status(known["status"])})

    def to_json(self) -> str:
        return json.dumps(asdict(self))


def do(job: Job) -> Result:
    """Grade a submission. Never raises: a fault of ours becomes the status "not graded"."""
    released = _released(job)
    try:
        return _do(job, released)
    except Unreadable as error:
        return _without_marks(job, released, Status.UNREADABLE, str(error))
    except (SandboxError, NoSandbox) as error:
        return _without_marks(job, released, Status.NOT_GRADED, str(error))
    except Exception as error:
        where = traceback.format_exc(limit=-3)
        message = f"{type(error).__name__}: {error}\n{where}"
        return _without_marks(job, released, Status.NOT_GRADED, message)


def failed(job: Job, message: str) -> Result:
    """The result of a job that could not be done."""
    return _without_marks(job, _released(job), Status.NOT_GRADED, message)


def _released(job: Job) -> NotebookNode:
    # It is the course's own: no need to validate it for every student.
    return nbformat.v4.reads(job.released)


def _do(job: Job, released: NotebookNode) -> Result:
    if job.problem:
        raise Unreadable(job.problem)
    # Asked here as well, for a job may be done on another machine than the one that asks.
    require_level(job.trust)
    rebuilt = rebuild(released, job.content)
    prints = fingerprints(rebuilt.notebook, released)
    for attempt in range(1, TRIES + 1):
        try:
            graded = grade(rebuilt.notebook, job.student, job.secret, job.limits)
            break
        except SandboxError:
            if attempt == TRIES:
                raise
    remarks = rebuilt.remarks + graded.remarks
    result = Result(
        job.key,
        job.student,
        job.assignment,
        graded.status,
        graded.message,
        _with_banner(graded.notebook, graded.status, graded.message, remarks),
        scores={mark.grade_id: mark.score for mark in graded.marks},
        remarks=remarks,
        flags=flags_of(rebuilt.notebook, graded.used),
        prints=prints,
        untouched=untouched(rebuilt.notebook, released),
        unasked=[mark.grade_id for mark in graded.marks if not mark.asked],
        seconds=round(graded.seconds, 2),
        restarts=graded.restarts,
    )
    return result


def _without_marks(job: Job, released: NotebookNode, status: Status, message: str) -> Result:
    scores = {}
    if status is Status.UNREADABLE:
        scores = {
            cell.metadata.nbgrader.grade_id: 0.0
            for cell in released.cells
            if cell.metadata.get("nbgrader", {}).get("grade")
            and not cell.metadata.nbgrader.get("solution")
        }
    notebook = _with_banner(released, status, message, [])
    return Result(job.key, job.student, job.assignment, status, message, notebook, scores)


def _with_banner(
    notebook: NotebookNode, status: Status, message: str, remarks: list[str]
) -> dict[str, Any]:
    """The notebook with a first cell that tells the learner what became of it."""
    # Details of a fault of ours are for the instructor.
    said = "" if status is Status.NOT_GRADED else message
    lines = [f"**Status: {status}.** {status.meaning.capitalize()}."]
    lines += [f"- {line}" for line in ([said] if said else []) + remarks]
    banner = new_markdown_cell("\n".join(lines), id="grading-status")
    notebook.metadata["grading"] = {"status": status, "message": said, "remarks": remarks}
    notebook.cells = [banner, *notebook.cells]
    return json.loads(json.dumps(notebook))


@functools.cache
def course_version() -> str:
    """A hash of the code that decides on marks."""
    digest = hashlib.sha256()
    package = Path(lossfns.__file__).parent
    for folder in (ROOT, package):
        for path in sorted(folder.rglob("*.py")):
            digest.update(str(path.relative_to(folder)).encode() + path.read_bytes())
    return digest.hexdigest()[:16]


@functools.cache
def environment() -> str:
    """The versions that answers depend on."""
    versions = [f"Python {platform.python_version()}"]
    for name in ("numpy", "torch", "nbformat", "ipykernel"):
        try:
            versions.append(f"{name} {importlib.metadata.version(name)}")
        except importlib.metadata.PackageNotFoundError:
            versions.append(f"no {name}")
    return ", ".join(versions)
