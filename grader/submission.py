"""One submission, from the bytes that were handed in to a result."""

import json
import traceback
from typing import Any

import nbformat
from nbformat import NotebookNode
from nbformat.v4 import new_markdown_cell

from grader.flags import fingerprints, flags_of
from grader.handed_in import Unreadable
from grader.intake import rebuild, untouched
from grader.job import Job, Result
from grader.levels import NoSandbox, require_level
from grader.sandbox import SandboxError
from grader.status import Status
from grader.verifier import grade

TRIES = 2  # of the sandbox, whose failure is no fault of the submission


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
    released: NotebookNode = nbformat.v4.reads(job.released)
    return released


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
    plain: dict[str, Any] = json.loads(json.dumps(notebook))
    return plain
