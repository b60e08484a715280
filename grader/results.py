"""The results of grading as files, one for each student, written whole.

A result that is there already and has the key of its job is not made again.
"""

from pathlib import Path

from grader.files import write_whole
from grader.job import Job, Result
from grader.status import Status


def finished(folder: Path, job: Job) -> Result | None:
    """The result of this very job, if it has been done."""
    result = latest(folder, job.student)
    if result is None or result.key != job.key or result.status is Status.NOT_GRADED:
        return None
    return result


def latest(folder: Path, student: str) -> Result | None:
    """The result that is there, for whatever version of the submission."""
    try:
        return Result.from_json((folder / f"{student}.json").read_text(encoding="utf8"))
    except (OSError, ValueError, TypeError):
        return None


def keep(folder: Path, result: Result) -> None:
    """Write a result to its file."""
    write_whole(folder / f"{result.student}.json", result.to_json())
