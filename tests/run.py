"""`make test`: run every part, each with its own progress, and close with one summary."""

import os
import shutil
import subprocess
import sys
import time
import xml.etree.ElementTree as ElementTree
from dataclasses import dataclass
from pathlib import Path

import system

ROOT = Path(__file__).resolve().parent.parent
sys.path.append(str(ROOT / "book" / "_ext"))
import runtime  # noqa: E402

BIN = Path(sys.executable).parent
REPORTS = ROOT / "_build" / "tests"

# These build things, so the parts run one after the other. Within a part two workers share the
# files, for the tests of a file share what is built.
GENERATED = ["tests/notebooks"]
PAGES = ["tests/book"]
CHECKS = ["tests/check"]
COURSEWORK = ["tests/coursework"]
GRADER = ["tests/grader"]

BY_FILE = ["-n", "2", "--dist", "loadfile"]
# Many tests that take no time stand beside some that take seconds: whoever is done takes of what
# the other has left.
ONE_BY_ONE = ["-n", "2", "--dist", "worksteal"]

MAKES_THINGS = [*COURSEWORK, *GRADER, *GENERATED, *PAGES]


@dataclass
class Result:
    name: str
    passed: int
    failed: int
    skipped: int
    seconds: float

    def __str__(self):
        counts = f"{self.passed} passed, {self.failed} failed"
        if self.skipped:
            counts += f", {self.skipped} skipped"
        return f"{self.name:<18} {counts:<28} {self.seconds:4.0f} s"


def main():
    os.chdir(ROOT)
    shutil.rmtree(REPORTS, ignore_errors=True)
    REPORTS.mkdir(parents=True)
    unmet = system.install_missing()
    tree_before = work_tree()

    results = []
    for name, run in PARTS.items():
        heading(name)
        start = time.monotonic()
        results.append(Result(name, *run(name, unmet), time.monotonic() - start))
    results.append(compare_trees(tree_before, work_tree()))
    passed, failed, skipped = (
        sum(getattr(r, count) for r in results) for count in ("passed", "failed", "skipped")
    )

    heading("summary")
    print(*results, sep="\n")
    in_ci = os.environ.get("CI") == "true"
    if unmet:
        for mark in unmet:
            gone = " and ".join(system.missing_packages([mark]))
            print(f"NOT RUN: {system.NEEDS[mark][0]}: {gone} is missing")
        print(f"To run that too: {system.how_to_get(unmet)}")
        failed += in_ci
    if not runtime.find():
        print("NOT RUN: the exercises in the pages with a real Python: there is no Pyodide here")
        print("To run that too: make pyodide, or make test PYODIDE=folder")
    if skipped and in_ci:
        print("A skipped test counts as failed here")
        failed += skipped
        skipped = 0
    print(f"{passed} passed, {failed} failed" + (f", {skipped} skipped" if skipped else ""))
    return 1 if failed else 0


def program(*command):
    """A part that passes or fails as a whole."""

    def run(name, unmet):
        ok = subprocess.run(command).returncode == 0
        return int(ok), int(not ok), 0

    return run


def tests(*arguments):
    """A part that pytest runs. It returns how many tests passed, failed and were skipped."""

    def run(name, unmet):
        report = REPORTS / f"{name.replace(' ', '-')}.xml"
        unmet = [*unmet, *([] if shutil.which("nvidia-smi") else ["gpu"])]
        unmet += [] if runtime.find() else ["pyodide"]
        marks = " and ".join(f"not {mark}" for mark in unmet)
        command = [sys.executable, "-m", "pytest", "-q", f"--junitxml={report}", "-m", marks]
        code = subprocess.run([*command, *arguments]).returncode
        if not report.exists():
            return 0, 1, 0
        suite = ElementTree.parse(report).getroot().find("testsuite")
        counts = {key: int(suite.get(key)) for key in ("tests", "failures", "errors", "skipped")}
        failed = counts["failures"] + counts["errors"]
        passed = counts["tests"] - failed - counts["skipped"]
        # pytest can fail without a failing test, for instance when it finds none.
        return passed, failed or int(code != 0), counts["skipped"]

    return run


PARTS = {
    "style": program(BIN / "ruff", "check", "."),
    "format": program(BIN / "ruff", "format", "--check", "--quiet", "."),
    "types": program(BIN / "mypy"),
    "library": tests(
        *ONE_BY_ONE, "tests", *(f"--ignore={path}" for path in [*CHECKS, *MAKES_THINGS])
    ),
    "checks": tests(*ONE_BY_ONE, *CHECKS),
    "coursework": tests(*BY_FILE, *COURSEWORK, *GENERATED),
    "grader": tests(*BY_FILE, *GRADER),
    "book": program("make", "--no-print-directory", "book"),
    "pages": tests(*ONE_BY_ONE, *PAGES),
}


def work_tree():
    status = ["git", "status", "--porcelain", "--untracked-files=all"]
    return subprocess.run(status, capture_output=True, text=True).stdout.splitlines()


def compare_trees(before, after):
    """Testing must leave no trace that git can see."""
    changes = sorted(set(before) ^ set(after))
    if changes:
        heading("work tree")
        print("The tests changed:", *changes, sep="\n")
    return Result("work tree", int(not changes), int(bool(changes)), 0, 0.0)


def heading(text):
    print(f"\n{f' {text} ':=^79}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
