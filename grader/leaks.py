"""`python -m grader release-check`: does what learners get hold an answer, a secret or an output?

What must not get out is read from solutions/: the code of the solutions, the model answers, the
rubrics; and the secret of the course. What gets out is exercises/, notebooks/, the built site and
the wheel. The library holds reference losses, as it must: they are published on purpose.
"""

import html
import json
import os
import re
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import nbformat

from grader.published import build_wheel

ROOT = Path(__file__).resolve().parent.parent
PUBLISHED = ("exercises", "notebooks", "_build/html")
TEXT = {"", *(".ipynb .html .md .py .js .json .txt .css .csv .rst .toml".split())}
MARKERS = ("BEGIN SOLUTION", "END SOLUTION", "BEGIN HIDDEN TESTS", "END HIDDEN TESTS")
PRIVATE = re.compile(
    r"(^|/)(solutions|grader|submitted|autograded|feedback|grading)/|gradebook\.db|course_secret"
)
# So many words or lines in a row are nobody's coincidence.
WORDS, LINES = 9, 4


@dataclass(frozen=True)
class Leak:
    """Something in a published file that must not be there."""

    path: str
    what: str

    def __str__(self) -> str:
        return f"{self.path}: {self.what}"


@dataclass(frozen=True)
class Secrets:
    """What must not get out: runs of words of the texts, and runs of lines of code."""

    words: dict[str, str]
    code: dict[str, str]
    course: str = ""


def release_check(paths: list[str]) -> int:
    """Print what leaks and return 1, or say what was looked through and return 0."""
    secrets = secrets_of(ROOT / "solutions", ROOT / "course_secret")
    with tempfile.TemporaryDirectory() as scratch:
        targets = [Path(path) for path in paths] or [
            *(ROOT / name for name in PUBLISHED if (ROOT / name).exists()),
            build_wheel(Path(scratch)),
        ]
        missing = [path for path in targets if not path.exists()]
        if missing:
            print(f"there is no {missing[0]}", file=sys.stderr)
            return 2
        leaks = [leak for target in targets for leak in leaks_in(target, secrets)]
        for leak in leaks:
            print(leak)
        names = ", ".join(path.name for path in targets)
    print(f"{len(leaks)} leaks in {names}")
    return 1 if leaks else 0


def secrets_of(solutions: Path, course_secret: Path) -> Secrets:
    """Read what must not get out."""
    answers: list[tuple[str, nbformat.NotebookNode]] = []
    # What stands in a cell that everybody sees is none: a training loop that is to be repaired.
    shown: set[str] = set()
    for path in sorted(solutions.glob("*/*.ipynb")):
        for cell in nbformat.read(path, as_version=4).cells:
            about = cell.metadata.get("nbgrader", {})
            if about.get("solution"):
                answers.append((f"{path.stem}, {about['grade_id']}", cell))
            else:
                lines = _lines(cell.source)
                shown |= {run for n in range(1, LINES + 1) for run in _runs(lines, n)}
    words: dict[str, str] = {}
    code: dict[str, str] = {}
    for name, cell in answers:
        if cell.cell_type == "markdown":
            runs = _runs(_words(cell.source), WORDS)
            words |= dict.fromkeys(filter(_is_prose, runs), name)
            continue
        for region in re.findall(
            r"### BEGIN SOLUTION\n(.*?)### END SOLUTION", cell.source, re.DOTALL
        ):
            lines = _lines(region)
            runs = set(_runs(lines, min(LINES, max(len(lines), 1))))
            code |= dict.fromkeys(runs - shown, name)
    secret = course_secret.read_text().strip() if course_secret.exists() else ""
    return Secrets(words, code, secret or os.environ.get("COURSE_SECRET", ""))


def leaks_in(target: Path, secrets: Secrets) -> Iterator[Leak]:
    """Look through a folder or a wheel."""
    # What is handed out as an exercise must not hold even one line of a solution; the chapters
    # explain the same formulas, so there only several lines in a row are a copy.
    strict = target.name == "exercises"
    for name, content in _files(target):
        where = f"{target.name}/{name}"
        if PRIVATE.search(name):
            yield Leak(where, "is private")
        text = content.decode("utf8", "replace")
        if name.endswith(".ipynb"):
            yield from (Leak(where, what) for what in _outputs(text))
            text = "\n".join("".join(cell["source"]) for cell in json.loads(text)["cells"])
        elif name.endswith(".html"):
            text = html.unescape(re.sub(r"<[^>]*>", "", text))
        yield from (Leak(where, f"the marker {marker}") for marker in MARKERS if marker in text)
        if secrets.course and secrets.course in text:
            yield Leak(where, "the secret of the course")
        found = {secrets.words[run] for run in _runs(_words(text), WORDS) if run in secrets.words}
        yield from (Leak(where, f"a model answer or rubric: {name}") for name in sorted(found))
        lines = _lines(text)
        lengths = range(1, LINES + 1) if strict else (LINES,)
        runs = {run for length in lengths for run in _runs(lines, length)}
        yield from (
            Leak(where, f"code of a solution: {name}")
            for name in sorted({secrets.code[run] for run in runs & secrets.code.keys()})
        )


def _files(target: Path) -> Iterator[tuple[str, bytes]]:
    if target.is_file():
        with zipfile.ZipFile(target) as archive:
            for name in archive.namelist():
                if Path(name).suffix in TEXT:
                    yield name, archive.read(name)
        return
    for path in sorted(target.rglob("*")):
        hidden = any(part.startswith(".") for part in path.relative_to(target).parts)
        if path.is_file() and path.suffix in TEXT and not hidden:
            yield str(path.relative_to(target)), path.read_bytes()


def _outputs(text: str) -> Iterator[str]:
    for cell in json.loads(text)["cells"]:
        if cell.get("outputs") or cell.get("execution_count"):
            yield f"an output, in cell {cell.get('id')}"


def _words(text: str) -> list[str]:
    return re.findall(r"\w+", text.lower())


def _is_prose(run: str) -> bool:
    """Whether most of it are words; a formula is nobody's own."""
    return sum(len(word) > 2 for word in run.split()) > WORDS // 2


def _lines(text: str) -> list[str]:
    """The lines that say something, without layout."""
    stripped = ("".join(line.split()) for line in text.splitlines())
    return [line for line in stripped if len(line) > 12 and not line.startswith("#")]


def _runs(items: list[str], length: int) -> Iterator[str]:
    for start in range(len(items) - length + 1):
        yield "\n".join(items[start : start + length])
