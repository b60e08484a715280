"""What grading one submission needs, and what is known of it afterwards.

A job is self-contained: it can be done in a child process here or on another machine, once or
again, with the same result.
"""

import functools
import hashlib
import importlib.metadata
import json
import platform
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import lossfns
from grader.limits import Limits
from grader.status import Status

ROOT = Path(__file__).resolve().parent


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
