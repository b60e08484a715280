"""Submissions a minute and memory: this grader, box and verifier included, against stock nbgrader.

    make bench-grading                                # or: python benchmarks/grading.py [COUNT]

Both grade the same COUNT submissions of assignment 02 on this machine, one after the other in the
same run: `nbgrader autograde` with its own settings, which runs the notebooks unprotected and one
at a time, and `python -m grader grade` with all cores. Printed for each: wall time, submissions a
minute, and the peak of the memory of all its processes (proportional set size, so that shared pages
count once); then the ratio.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import suppress
from pathlib import Path

import psutil

ROOT = Path(__file__).resolve().parents[1]
NAME = "02_regression"
HALF = ("squares = (pred - target) ** 2", "squares = 0.5 * (pred - target) ** 2")


def main(count: int) -> None:
    cores = os.cpu_count()
    print(f"{count} submissions to {NAME}, {cores} cores")
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        hand_in(folder, count)
        jupyter = [sys.executable, "-m", "nbgrader"]
        where = [f"--CourseDirectory.root={folder}", "--log-level=WARN"]
        release = ["generate_assignment", NAME, *where]
        subprocess.run([*jupyter, *release], cwd=ROOT, check=True)
        book = folder / "gradebook.db"
        shutil.copy(book, folder / "fresh.db")
        # In the course's folder there is no nbgrader_config.py: these are nbgrader's own settings.
        stock = measured([*jupyter, "autograde", NAME, *where], folder)
        expected = scores(book)
        shutil.rmtree(folder / "autograded")
        shutil.copy(folder / "fresh.db", book)
        ours = measured(
            [sys.executable, "-m", "grader", "grade", NAME, "--course", str(folder)], ROOT
        )
        assert scores(book) == expected, "the marks differ"
    for name, (seconds, memory) in (("stock nbgrader", stock), ("this grader", ours)):
        rate = 60 * count / seconds
        print(f"{name:15} {seconds:7.1f} s {rate:7.1f} a minute, {memory / 2**20:6.0f} MB at most")
    print(f"{stock[0] / ours[0]:.2f} × the submissions a minute, "
          f"{ours[1] / stock[1]:.2f} × the memory")  # fmt: skip


def hand_in(folder: Path, count: int) -> None:
    """Right answers, and every third with half the loss."""
    source = folder / "source" / NAME / f"{NAME}.ipynb"
    source.parent.mkdir(parents=True)
    shutil.copy(ROOT / "solutions" / NAME / f"{NAME}.ipynb", source)
    text = source.read_text(encoding="utf8")
    (folder / "solutions").symlink_to("source")
    for number in range(count):
        path = folder / "submitted" / f"s{number:03}" / NAME / f"{NAME}.ipynb"
        path.parent.mkdir(parents=True)
        path.write_text(text if number % 3 else text.replace(*HALF), encoding="utf8")


def scores(book: Path) -> dict[str, float]:
    from nbgrader.api import Gradebook

    with Gradebook(f"sqlite:///{book}") as gradebook:
        return {s.student_id: s.score for s in gradebook.assignment_submissions(NAME)}


def measured(command: list[str], folder: Path) -> tuple[float, int]:
    """Wall time and peak memory of a command with all its descendants."""
    environment = os.environ | {"PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "ignore"}
    start = time.monotonic()
    run = subprocess.Popen(
        command, cwd=folder, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    )
    peak, ended = 0, threading.Event()

    def watch() -> None:
        nonlocal peak
        while not ended.wait(0.25):
            total = 0
            with suppress(psutil.Error):
                for process in [psutil.Process(run.pid)] + psutil.Process(run.pid).children(True):
                    with suppress(psutil.Error):
                        total += process.memory_full_info().pss
            peak = max(peak, total)

    watcher = threading.Thread(target=watch)
    watcher.start()
    _, said = run.communicate()
    seconds = time.monotonic() - start
    ended.set()
    watcher.join()
    if run.returncode:
        raise SystemExit(said.decode())
    return seconds, peak


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 20)
