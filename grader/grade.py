"""`python -m grader grade NAME`: grade what was handed in, write the marks, show a table."""

import csv
import io
import shutil
import sys
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

from tqdm import tqdm

from grader.attempts import take_best, which
from grader.course import Course
from grader.errors import CourseError
from grader.files import write_whole
from grader.flags import alike
from grader.gradebook import Writer, only_writer
from grader.job import Job, Result
from grader.levels import MEANING, NoSandbox, require_level
from grader.results import finished, latest
from grader.schedule import Report, run_here, run_on_dask
from grader.status import Status
from grader.tables import harmless, printable

SHOWN = 60  # rows of the table in a terminal


def grade(
    course: Course,
    assignment: str,
    *,
    jobs: int,
    scheduler: str = "",
    students: list[str] | None = None,
    trust: bool = False,
    watch: bool = False,
) -> list[dict[str, str]]:
    """Grade an assignment and return the rows of the table, one a student.

    With `watch` a line is printed for each submission when it is done, with the time left.

    Raises CourseError where the instructor has to do something first.
    """
    try:
        level = require_level(trust)
    except NoSandbox as error:
        raise CourseError(str(error)) from None
    course.released(assignment)
    with only_writer(course, assignment), Writer(course, assignment) as writer:
        folder = course.results(assignment)
        everybody, names, refused = _names(course, assignment, students)
        print(f"{len(names)} submissions to {assignment}; the code runs in {MEANING[level]}")

        def do(jobs_to_do: Iterable[Job], into: Path, done: Report) -> None:
            if scheduler:
                run_on_dask(list(jobs_to_do), into, scheduler, done)
            else:
                run_here(jobs_to_do, into, jobs, done)

        if course.take == "best":
            compared = take_best(
                course, assignment, names, trust, lambda some, into: do(some, into, lambda _: None)
            )
            print(f"{compared} attempts of those who made several were compared; the best counts")
        missing: list[str] = []
        bar = tqdm(total=len(names), unit="submission", disable=True if watch else None)
        progress = _Progress(len(names))

        def report(result: Result) -> None:
            writer.write(result)
            bar.set_postfix_str(f"{result.student}: {result.status}")
            bar.update()
            if watch:
                print(progress.line(result), flush=True)

        def todo() -> Iterator[Job]:
            for student in names:
                job = course.job(assignment, student, trust)
                if job is None:
                    missing.append(student)
                    bar.update()
                    progress.skip()
                elif result := finished(folder, job):
                    if writer.has_written(result):
                        bar.update()
                        progress.skip()
                    else:
                        report(result)
                else:
                    yield job

        try:
            with bar:
                do(todo(), folder, report)
        except OSError as error:
            raise CourseError(
                f"{error.filename or folder} cannot be written: {error.strerror}. What has been "
                f"graded is kept in {folder}; make room and run the command again"
            ) from None
        rows = _table(folder, [name for name in everybody if name not in missing], missing, refused)
        for row in rows:
            row["attempt"] = which(course, assignment, row["student"])
    write_whole(folder / "table.csv", _as_csv(rows))
    _show(rows, folder)
    return rows


class _Progress:
    """How far a run is, and when it will be over, judged by what has been graded in it."""

    def __init__(self, total: int):
        self.left, self.total, self.done, self.start = total, total, 0, time.monotonic()

    def skip(self) -> None:
        """There was nothing to do for one."""
        self.left -= 1

    def line(self, result: Result) -> str:
        """About one that has just been graded."""
        self.left, self.done = self.left - 1, self.done + 1
        seconds = (time.monotonic() - self.start) / self.done * self.left
        left = f"{seconds / 60:.0f} min" if seconds >= 90 else f"{seconds:.0f} s"
        marks = f" {sum(result.scores.values()):g}" if result.scores else ""
        over = f"about {left} left" if self.left else "the last"
        count = f"{self.total - self.left}/{self.total}"
        return f"{count} {result.student}: {result.status}{marks}, in {result.seconds:g} s; {over}"


def _names(
    course: Course, assignment: str, students: list[str] | None
) -> tuple[list[str], list[str], dict[str, str]]:
    """Everybody with a submission, those to be graded now, and folders that are no student's."""
    found = dict(course.students(assignment))
    everybody = [name for name, problem in found.items() if not problem]
    refused = {name: problem for name, problem in found.items() if problem}
    if students is None:
        return everybody, everybody, refused
    unknown = [name for name in students if name not in everybody]
    if unknown:
        raise CourseError(f"nothing was handed in by {', '.join(unknown)}")
    return everybody, students, refused


def _table(
    folder: Path, handed_in: list[str], missing: list[str], refused: dict[str, str]
) -> list[dict[str, str]]:
    results = {student: result for student in handed_in if (result := latest(folder, student))}
    shared = alike({student: result.prints for student, result in results.items()})
    rows = []
    for student, result in results.items():
        flags = [*result.flags, *shared.get(student, [])]
        marks = f"{sum(result.scores.values()):g}" if result.scores else ""
        row = _row(student, result.status, marks, result.message, flags)
        row |= {"seconds": f"{result.seconds:g}", "remarks": "; ".join(result.remarks)}
        rows.append(row | {cell: f"{score:g}" for cell, score in result.scores.items()})
    rows += [_row(student, Status.MISSING, "", "", []) for student in missing]
    rows += [_row(student, Status.UNREADABLE, "", why, []) for student, why in refused.items()]
    return sorted(rows, key=lambda row: row["student"])


def _row(
    student: str, status: Status, marks: str, message: str, flags: list[str]
) -> dict[str, str]:
    return {
        "student": student,
        "status": str(status),
        "marks": marks,
        "message": " ".join(message.split())[:300],
        "flags": "; ".join(flags),
    }


def _as_csv(rows: list[dict[str, str]]) -> str:
    file = io.StringIO()
    # Every check that anybody was asked has a column, in the order of the notebook.
    columns = ["student", "status", "marks", "message", "flags", "remarks", "seconds", "attempt"]
    columns += dict.fromkeys(key for row in rows for key in row if key not in columns)
    table = csv.DictWriter(file, columns, restval="")
    table.writeheader()
    table.writerows({key: harmless(value) for key, value in row.items()} for row in rows)
    return file.getvalue()


def _show(rows: list[dict[str, str]], folder: Path) -> None:
    counts = Counter(row["status"] for row in rows)
    print(", ".join(f"{count} {status}" for status, count in counts.most_common()))
    print(f"{'student':20} {'status':14} {'marks':>6}  remarks")
    # A file gets all of it; a terminal what somebody can read.
    seen = sys.stdout.isatty()
    width = shutil.get_terminal_size().columns if seen else None
    shown = rows[:SHOWN] if seen else rows
    for row in shown:
        remarks = "; ".join(filter(None, (row["message"], row["flags"])))
        line = f"{row['student'][:20]:20} {row['status']:14} {row['marks']:>6}  {remarks}"
        print(printable(line)[:width].rstrip())
    if len(rows) > len(shown):
        print(f"... and {len(rows) - len(shown)} more")
    print(f"the whole table: {folder / 'table.csv'}")
