"""Do many jobs: on the cores of this machine, or on a Dask cluster.

A result is a file (`results.py`), and one that is there is not made again; so a run that was
killed goes on where it was.
"""

import ctypes
import importlib
import multiprocessing
import os
import signal
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from multiprocessing.connection import wait
from pathlib import Path
from typing import Any

from grader.errors import CourseError
from grader.job import Job, Result
from grader.results import keep, latest
from grader.sandbox import sweep
from grader.submission import do, failed

TRIES = 2  # of a child process that ends without a result
GRACE = 120.0  # seconds that a job may take beyond the limit of its submission

Report = Callable[[Result], None]


def run_here(jobs: Iterable[Job], folder: Path, processes: int, report: Report) -> None:
    """Do jobs in child processes, one process a job, so many at a time."""
    sweep()
    # Imported once and shared by all children, which compare tensors' answers with the reference.
    importlib.import_module("torch")
    fork = multiprocessing.get_context("fork")
    waiting = iter([(job, 1) for job in jobs])
    again: list[tuple[Job, int]] = []
    done: list[Result] = []
    running: dict[int, tuple[multiprocessing.process.BaseProcess, Job, int, float]] = {}

    def next_job() -> tuple[Job, int] | None:
        return next(waiting, None) or (again.pop() if again else None)

    try:
        while True:
            while len(running) < processes and (item := next_job()):
                job, attempt = item
                (folder / f"{job.student}.json").unlink(missing_ok=True)
                child = fork.Process(target=_child, args=(job, folder, os.getpid()), daemon=False)
                child.start()
                end = time.monotonic() + job.limits.submission + GRACE
                running[child.sentinel] = (child, job, attempt, end)
            # The next jobs run while these results are written.
            while done:
                report(done.pop())
            if not running:
                return
            wait(list(running), timeout=1.0)
            for sentinel, (child, job, attempt, end) in list(running.items()):
                late = time.monotonic() > end
                if child.is_alive() and not late:
                    continue
                if late:
                    child.kill()
                child.join()
                del running[sentinel]
                result = latest(folder, job.student)
                if result is None and attempt < TRIES:
                    again.append((job, attempt + 1))
                    continue
                if result is None:
                    why = "did not end in time" if late else f"ended with {child.exitcode}"
                    result = failed(job, f"the process that graded it {why}")
                    keep(folder, result)
                done.append(result)
    finally:
        for child, *_ in running.values():
            child.kill()


def _child(job: Job, folder: Path, parent: int) -> None:
    _end_with(parent)
    with open(folder / f"{job.student}.log", "w", encoding="utf8") as log:
        sys.stdout = sys.stderr = log
        start = time.strftime("%Y-%m-%d %H:%M:%S")
        print(f"{start} {job.assignment} of {job.student}, {len(job.content)} bytes", flush=True)
        result = do(job)
        print(f"{result.status} in {result.seconds} s, {result.restarts} restarts of the sandbox")
        for line in (result.message, *result.remarks, *(f"flag: {f}" for f in result.flags)):
            if line:
                print(line)
    keep(folder, result)


def _end_with(parent: int) -> None:
    """Let this process end when its parent does, however that ends. The sandbox ends with us."""
    if sys.platform == "linux":
        set_signal_of_death = 1
        ctypes.CDLL(None).prctl(set_signal_of_death, signal.SIGKILL)
        if os.getppid() != parent:
            os._exit(1)


def run_on_dask(jobs: list[Job], folder: Path, address: str, report: Report) -> None:
    """Do jobs on a Dask cluster, whose workers have this repository and its environment."""
    from distributed import Client

    try:
        client = Client(address, timeout="30s")
    except (OSError, ValueError) as error:
        raise CourseError(f"there is no Dask scheduler at {address}: {error}") from None
    with client:
        by_key = {job.key: job for job in jobs}
        futures = client.map(do, jobs, key=list(by_key), retries=TRIES, pure=True)
        for key, result in _completed(futures):
            if not isinstance(result, Result):
                result = failed(by_key[key], f"the cluster failed: {result}")
            keep(folder, result)
            report(result)


def _completed(futures: list[Any]) -> Iterator[tuple[str, object]]:
    from distributed import as_completed

    for future in as_completed(futures):
        try:
            yield future.key, future.result()
        except Exception as error:
            yield future.key, error
        future.release()
