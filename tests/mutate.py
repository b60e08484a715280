"""Plant a small mistake in every file of the library and of the checks: do the tests notice?

    .venv/bin/python tests/mutate.py                         # one mistake a file, hours
    .venv/bin/python tests/mutate.py --only numpy/imbalance  # files whose path holds this
    .venv/bin/python tests/mutate.py --seed 7 --each 3       # three others of each file

What is planted is drawn by the seed from all that can be: an exchanged comparison, sign, minimum or
`and`, another number, a condition that is always true, a call left out. Mistakes that somebody has
thought of stand in `tests/library/test_mutations.py`. A survivor is printed with its line: it wants
a test, or the line is not needed.
"""

import argparse
import ast
import os
import random
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
# Folders and files of lossfns, and the tests that should notice; the first that fits.
TESTS = [
    ("check/", ["tests/check"]),
    ("auditing/", ["tests/audit", "tests/library/test_conformance.py"]),
    ("explore/", ["tests/explore"]),
    ("", ["tests/library"]),
]
# Tables of records and drawings are looked at otherwise: by tests that compare them.
LEFT_OUT = ("explore/", "records/")

COMPARISONS = {"<": "<=", "<=": "<", ">": ">=", ">=": ">", "==": "!=", "!=": "=="}
OPERATORS = {"+": "-", "-": "+", "*": "/", "/": "*"}
WORDS = {"and": "or", "or": "and"}
NAMES = {
    **{"minimum": "maximum", "maximum": "minimum", "min": "max", "max": "min"},
    **{"array_equal": "allclose", "sum": "mean", "mean": "sum", "any": "all", "all": "any"},
}


@dataclass(frozen=True)
class Mutant:
    """A changed source: in which line, and what was written there instead of what."""

    line: int
    old: str
    new: str
    source: str


def mutants(source: str) -> Iterator[Mutant]:
    """Every source with one mistake in it."""
    tree = ast.parse(source)
    places = _Places(source)
    for node in ast.walk(tree):
        for start, end, new in _changes(node, places):
            old = source[start:end]
            if old != new:
                line = source.count("\n", 0, start) + 1
                yield Mutant(line, old, new, source[:start] + new + source[end:])


class _Places:
    """Offsets in a text of what the syntax tree places by lines and bytes."""

    def __init__(self, source: str):
        self.source = source
        self.lines = source.splitlines(keepends=True)
        self.starts = [0]
        for line in self.lines:
            self.starts.append(self.starts[-1] + len(line))

    def start(self, node: ast.expr | ast.stmt) -> int:
        return self._offset(node.lineno, node.col_offset)

    def end(self, node: ast.expr | ast.stmt) -> int:
        assert node.end_lineno is not None and node.end_col_offset is not None
        return self._offset(node.end_lineno, node.end_col_offset)

    def between(self, left: ast.expr, right: ast.expr, words: dict[str, str]) -> Iterator:
        """The operator between two operands, if it is one of these words alone."""
        start, end = self.end(left), self.start(right)
        found = self.source[start:end].strip(" ()\n")
        if found in words:
            at = self.source.index(found, start)
            yield at, at + len(found), words[found]

    def _offset(self, line: int, column: int) -> int:
        text = self.lines[line - 1].encode()[:column].decode()
        return self.starts[line - 1] + len(text)


def _changes(node: ast.AST, places: _Places) -> Iterator:
    match node:
        case ast.BinOp(left, _, right):
            yield from places.between(left, right, OPERATORS)
        case ast.Compare(left, [_], [right]):
            yield from places.between(left, right, COMPARISONS)
        case ast.BoolOp(values=values):
            for left, right in zip(values, values[1:], strict=False):
                yield from places.between(left, right, WORDS)
        case ast.UnaryOp(ast.USub() | ast.Not() as sign):
            start = places.start(node)
            yield start, start + (1 if isinstance(sign, ast.USub) else len("not")), ""
        case ast.Constant(bool()):
            yield places.start(node), places.end(node), str(not node.value)
        case ast.Constant(int() | float()):
            yield (
                places.start(node),
                places.end(node),
                str(1 if node.value == 0.5 else 2 * node.value + 1),
            )
        case ast.Attribute(attr=name) if name in NAMES:
            end = places.end(node)
            yield end - len(name), end, NAMES[name]
        case ast.If(test=test) | ast.IfExp(test=test):
            yield places.start(test), places.end(test), "True"
        case ast.Expr(ast.Call()):
            yield places.start(node), places.end(node), "pass"


def files(only: str = "") -> list[str]:
    """The files of the library and of the checks that hold something to be got wrong."""
    found = sorted((ROOT / "lossfns").rglob("*.py"))
    names = [str(path.relative_to(ROOT / "lossfns")) for path in found]
    return [name for name in names if only in name and not name.startswith(LEFT_OUT)]


def drawn(file: str, seed: int, count: int) -> list[Mutant]:
    """Some mistakes in a file; the same for the same seed, whatever other files there are."""
    source = (ROOT / "lossfns" / file).read_text(encoding="utf8")
    possible = list(mutants(source))
    return random.Random(f"{seed} {file}").sample(possible, min(count, len(possible)))


def first_to_notice(file: str, mutant: Mutant) -> str:
    """The name of the first test that fails with this mistake; empty where none does."""
    tests = next(tests for start, tests in TESTS if file.startswith(start))
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        shutil.copytree(ROOT / "lossfns", folder / "lossfns")
        (folder / "lossfns" / file).write_text(mutant.source, encoding="utf8")
        # Not in the root: Python would find the library there first.
        paths = f"{folder} {ROOT} {ROOT / 'tests'} {ROOT / 'book' / '_ext'}"
        command = [
            *(sys.executable, "-m", "pytest", "-x", "-q", "--no-header", "-p", "no:cacheprovider"),
            *("-m", "not gpu", "-k", "not test_mutations", "-n", "0"),
            *("-c", str(ROOT / "pyproject.toml"), "-o", f"pythonpath={paths}"),
            *(str(ROOT / one) for one in tests),
        ]
        environment = os.environ | {"PYTHONPATH": scratch, "PYTHONDONTWRITEBYTECODE": "1"}
        try:
            run = subprocess.run(
                command, capture_output=True, text=True, env=environment, cwd=folder, timeout=3600
            )
        except subprocess.TimeoutExpired:
            return "it took too long"
    failed = [line for line in run.stdout.splitlines() if line.startswith(("FAILED ", "ERROR "))]
    if failed:
        return failed[0].split()[1]
    return "" if run.returncode == 0 else "it could not be imported"


def main(arguments: list[str] | None = None) -> int:
    """The number of mistakes that no test has noticed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", default="", help="files whose path in lossfns holds this")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--each", type=int, default=1, help="mistakes a file")
    options = parser.parse_args(arguments)
    survivors = 0
    for file in files(options.only):
        for mutant in drawn(file, options.seed, options.each):
            test = first_to_notice(file, mutant)
            survivors += not test
            what = f"{file}:{mutant.line}: {mutant.old!r} → {mutant.new!r}"
            print(f"{what:70} {test or 'NOT NOTICED'}", flush=True)
    return survivors


if __name__ == "__main__":
    sys.exit(main())
