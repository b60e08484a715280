"""Run the checks of a notebook that lies in a file, and count its points."""

import ast
import contextlib
import io
import json
import linecache
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lossfns.check.checking import examine
from lossfns.check.message import in_brief
from lossfns.check.points import Outcome


class NotAnAssignment(Exception):
    """A file in which there is nothing to check; the message says why."""


@dataclass
class Checked:
    """The outcome of every check in a notebook, what it says, and the cells that failed."""

    outcomes: list[Outcome] = field(default_factory=list)
    hints: list[str] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    by_hand: float = 0.0


def check_notebook(path: Path) -> Checked:
    """Run a notebook, without its experiments, from the top to the bottom, and check its functions.

    A cell that fails does not keep the next from running, as when it is graded.

    Raises:
        NotAnAssignment: the file is no notebook, or has no checks with points.
    """
    cells, run = _cells(path), _Run()
    checked = Checked()
    for number, cell in enumerate(cells, 1):
        about = cell.get("metadata", {})
        if cell.get("cell_type") != "code":
            checked.by_hand += about.get("nbgrader", {}).get("points", 0)
            continue
        source = _text(cell)
        if checks := list(_checks(source)):
            for call in checks:
                outcome, hint = _outcome(call, run.names)
                checked.outcomes.append(outcome)
                checked.hints += [hint] * (outcome.earned < outcome.points)
        elif "ungraded" not in about.get("tags", []):
            name = f"cell {cell.get('id') or number}"
            with _silence():
                errors = run.cell(source, name)
            checked.failures += [f"{name}: {type(e).__name__}: {e}" for e in errors]
    if not checked.outcomes:
        raise NotAnAssignment(f"{path} holds no check with points: is it an assignment?")
    return checked


def _cells(path: Path) -> list[dict[str, Any]]:
    try:
        notebook = json.loads(path.read_text(encoding="utf8"))
        cells = notebook["cells"]
    except OSError as error:
        raise NotAnAssignment(f"{path} cannot be read: {error.strerror}") from None
    except (ValueError, KeyError, TypeError):
        raise NotAnAssignment(f"{path} is no notebook, or is not saved completely") from None
    return [cell for cell in cells if isinstance(cell, dict)]


def _text(cell: dict[str, Any]) -> str:
    source = cell.get("source", "")
    return source if isinstance(source, str) else "".join(source)


class _Run:
    """The names of a notebook, in which its cells run statement by statement."""

    def __init__(self) -> None:
        try:
            from IPython.core.inputtransformer2 import TransformerManager
        except ImportError:
            raise NotAnAssignment("IPython is needed to read cells: pip install ipython") from None
        self._python = TransformerManager().transform_cell
        self.names: dict[str, Any] = {"__name__": "__main__", "display": lambda *shown: None}
        self.names["get_ipython"] = lambda: _Commands(self)
        # Figures are drawn nowhere.
        with contextlib.suppress(ImportError):
            import matplotlib

            matplotlib.use("agg")

    def cell(self, source: str, name: str) -> list[BaseException]:
        """Run a cell and return the errors of statements that failed."""
        try:
            python = self._python(source)
            statements = ast.parse(python).body
        except (SyntaxError, ValueError) as error:
            return [error]
        # Hints quote the line that failed.
        linecache.cache[name] = (len(python), None, python.splitlines(keepends=True), name)
        errors: list[BaseException] = []
        for statement in statements:
            try:
                exec(compile(ast.Module([statement], []), name, "exec"), self.names)
            except (Exception, SystemExit) as error:
                errors.append(error)
        return errors


class _Commands:
    """In place of IPython's: no command runs, but the Python that some of them have with them."""

    def __init__(self, run: _Run):
        self._run = run

    def run_line_magic(self, name: str, line: str, *more: Any) -> None:
        if name in ("time", "timeit"):
            self._run.cell(line, "command")

    def run_cell_magic(self, name: str, line: str, cell: str) -> None:
        if name not in _OTHER_LANGUAGES:
            self._run.cell(cell, "command")

    def getoutput(self, *command: str) -> list[str]:
        return []

    def __getattr__(self, name: str) -> Any:
        return lambda *arguments, **options: None


_OTHER_LANGUAGES = (
    "! sx system bash sh script cmd powershell html HTML svg SVG latex markdown js javascript perl "
    "ruby R julia cython sql writefile"
).split()


def _silence() -> contextlib.ExitStack:
    stack = contextlib.ExitStack()
    stack.enter_context(contextlib.redirect_stdout(io.StringIO()))
    stack.enter_context(contextlib.redirect_stderr(io.StringIO()))
    return stack


def _checks(source: str) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """The calls of a cell that holds nothing but checks with points: exercise, function, options.

    Read, not run: a function without a definition must not keep the others from being checked.
    """
    try:
        statements = ast.parse(source).body
    except (SyntaxError, ValueError):
        return
    for statement in statements:
        match statement:
            case ast.Expr(
                ast.Call(ast.Name("check"), [ast.Constant(str(name)), ast.Name(function)], words)
            ):
                options = {word.arg: ast.literal_eval(word.value) for word in words if word.arg}
                if "points" in options:
                    yield name, function, options


def _outcome(call, names: dict[str, Any]) -> tuple[Outcome, str]:
    name, function, options = call
    points, aspects = options["points"], options.get("aspects")
    if not callable(names.get(function)):
        said = "not defined: no cell defines it, or the definition failed"
        return Outcome(name, tuple(aspects or ()), points, 0, said), f"{function}: {said}."
    with _silence():
        verdict, text = examine(name, names[function], aspects=aspects)
    earned = 0 if verdict.findings else points
    return Outcome(name, verdict.checked, points, earned, in_brief(verdict)), text
