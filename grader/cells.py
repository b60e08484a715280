"""Read a learner's code cell without running it: what of it is Python, what it defines and needs.

Cells hold more than Python. Commands of IPython (`%pip install …`, `!ls`, `mse?`) are taken out
before a cell is read or run: none of them has to work where answers are graded. What is left keeps
its line numbers.
"""

import ast
import builtins
import functools
import re
import symtable
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field

from IPython.core.inputtransformer2 import classic_prompt, ipython_prompt

# What people write at the start of a line that is no Python. The word of an installer without
# its % or ! is an error in a notebook, too, but never what an answer should fail for.
COMMAND = re.compile(
    r"\s*(?:[%!?]"
    r"|(?:python3? -m )?(?:pip3?|conda|mamba|uv pip|apt|apt-get) install\b"
    r"|get_ipython\(\)\.(?:run_line_magic|run_cell_magic|system|magic)\(.*\)\s*;?\s*$)"
)
HELP = re.compile(r"\s*[\w.*\[\]()'\"]+\?{1,2}\s*(?:#.*)?$")
ASSIGNED = re.compile(r"(\s*[A-Za-z_][\w.,\s\[\]'\"*]*=\s*)([%!])")
# These run the Python behind them in the notebook's own names.
TIMED = re.compile(r"(\s*)%time\s+(?=\S)")
# A cell in another language; all other commands for whole cells have Python under them.
OTHER_LANGUAGE = re.compile(
    r"\s*%%(?:!|sx|system|bash|sh|script|cmd|powershell|html|HTML|svg|SVG|latex|markdown|js"
    r"|javascript|perl|ruby|R|julia|cython|sql)\b"
)
_MARK = re.compile(r"'''|\"\"\"|['\"#()\[\]{}]")
_CLOSING = {
    quote: re.compile(rf"(?:[^\\]|\\.)*?{quote}", re.DOTALL) for quote in ("'", '"', "'''", '"""')
}
# Always there in a notebook.
_GIVEN = {*dir(builtins), "get_ipython", "display", "In", "Out", "_", "__", "___", "__name__"}


@dataclass(frozen=True)
class Statement:
    """A statement at the top level of a cell: its text, with decorators, and its names.

    It `binds` names, and it `changes` what others stand for: `table["key"] = 1`.
    """

    line: int
    source: str
    node: ast.stmt
    binds: frozenset[str]
    changes: frozenset[str]


@dataclass(frozen=True)
class Script:
    """The Python of a cell and the lines that were taken out; `error` if it cannot be parsed."""

    python: str
    taken_out: tuple[str, ...] = ()
    statements: tuple[Statement, ...] = field(default=(), repr=False)
    error: str = ""

    def statement_at(self, line: int) -> Statement | None:
        """The statement that a line of the cell belongs to."""
        before = [one for one in self.statements if one.line <= line]
        return before[-1] if before else None


@functools.lru_cache(maxsize=1024)
def read_cell(source: str) -> Script:
    """The Python of a cell, statement by statement."""
    python, taken_out = _without_commands(source)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            statements = tuple(_statements(python, ast.parse(python).body))
    except SyntaxError as error:
        where = f" in line {error.lineno}" if error.lineno else ""
        return Script(python, taken_out, error=f"{type(error).__name__}{where}")
    except (ValueError, RecursionError, MemoryError) as error:
        return Script(python, taken_out, error=type(error).__name__)
    return Script(python, taken_out, statements)


@functools.lru_cache(maxsize=4096)
def uses(statement: Statement) -> frozenset[str]:
    """The names that a statement looks up among those of its module, its own included."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return frozenset(_globals(symtable.symtable(statement.source, "answer", "exec")))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return frozenset()


def is_given(name: str) -> bool:
    """Whether a name is there in every notebook."""
    return name in _GIVEN


def how_defined(statement: Statement, name: str) -> int:
    """2 if a statement defines a function or class of this name, 1 if it binds it otherwise, or 0.

    A function that is still to be written does not count.
    """
    if name not in statement.binds:
        return 0
    made = [
        node
        for node in ast.walk(statement.node)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
        and node.name == name
    ]
    if not made:
        return 1
    return 0 if all(_is_stub(node) for node in made) else 2


def _without_commands(source: str) -> tuple[str, tuple[str, ...]]:
    """A cell in which every command gives way to a statement of the same indentation."""
    lines = [line + "\n" for line in source.removeprefix("\ufeff").split("\n")]
    lines = _dedented([line[:-1] for line in classic_prompt(ipython_prompt(lines))])
    kept: list[str] = []
    taken_out: list[str] = []
    state = _State()
    continued = False
    for line in lines:
        if continued:
            # The command above goes on here.
            continued = line.rstrip().endswith("\\")
            kept.append("")
        elif not state.between_statements:
            state.read(line)
            kept.append(line)
        elif OTHER_LANGUAGE.match(line) and not any(map(_is_code, kept)):
            return "", (*taken_out, *(one.strip() for one in lines if one.strip()))
        elif instead := _instead_of_command(line):
            taken_out.append(line.strip())
            continued = line.rstrip().endswith("\\")
            kept.append(instead)
        else:
            state.read(line)
            kept.append(line)
    if any(map(str.strip, kept)) and not kept[0].strip():
        # IPython leaves out empty lines at the top and counts from the first that is not.
        kept[0] = "#"
    return "\n".join(kept), tuple(taken_out)


def _instead_of_command(line: str) -> str:
    """What stands in for a command, which is kept as a comment; empty if the line is none."""
    if timed := TIMED.match(line):
        return timed[1] + line[timed.end() :]
    if assigned := ASSIGNED.match(line):
        nothing = "[]" if assigned[2] == "!" else "None"
        return f"{assigned[1]}{nothing}  # {line[assigned.end() - 1 :]}"
    if COMMAND.match(line) or HELP.match(line):
        command = line.lstrip()
        return f"{line[: len(line) - len(command)]}pass  # {command}"
    return ""


def _is_code(line: str) -> bool:
    return line.strip() != "" and not line.lstrip().startswith("#")


def _dedented(lines: list[str]) -> list[str]:
    """Without the indentation of the first line, as a notebook runs it."""
    first = next((line for line in lines if line.strip()), "")
    margin = first[: len(first) - len(first.lstrip())]
    return [line.removeprefix(margin) for line in lines] if margin else lines


class _State:
    """Whether the next line begins a statement, or goes on with a string or a bracket."""

    def __init__(self) -> None:
        self.quote, self.depth, self.goes_on = "", 0, False

    @property
    def between_statements(self) -> bool:
        return not (self.quote or self.depth or self.goes_on)

    def read(self, line: str) -> None:
        at, self.goes_on = 0, line.endswith("\\")
        while True:
            if self.quote:
                closing = _CLOSING[self.quote].match(line, at)
                if closing is None:
                    # A string in single quotes ends with its line.
                    if len(self.quote) == 1 and not self.goes_on:
                        self.quote = ""
                    return
                at, self.quote = closing.end(), ""
            mark = _MARK.search(line, at)
            if mark is None:
                return
            at = mark.end()
            if mark[0] == "#":
                self.goes_on = False
                return
            if mark[0] in _CLOSING:
                self.quote = mark[0]
            else:
                self.depth = max(0, self.depth + (1 if mark[0] in "([{" else -1))


def _statements(python: str, body: list[ast.stmt]) -> Iterator[Statement]:
    lines = python.split("\n")
    above = 0
    for node, below in zip(body, [*body[1:], None], strict=False):
        decorators = getattr(node, "decorator_list", [])
        first = min([node.lineno, *(one.lineno for one in decorators)])
        last = node.end_lineno or first
        alone = above < first and (below is None or last < below.lineno)
        text = "\n".join(lines[first - 1 : last]) if alone else ast.unparse(node)
        above = last
        if not isinstance(node, ast.Pass):
            yield Statement(first, text, node, frozenset(_bound(node)), frozenset(_changed(node)))


def _bound(statement: ast.stmt) -> set[str]:
    """The names that a statement binds where it stands, not inside functions and classes."""
    names: set[str] = set()
    todo: list[ast.AST] = [statement]
    while todo:
        node = todo.pop()
        match node:
            case ast.FunctionDef(name) | ast.AsyncFunctionDef(name) | ast.ClassDef(name):
                names.add(name)
                continue
            case ast.Lambda() | ast.ListComp() | ast.SetComp() | ast.DictComp():
                continue
            case ast.GeneratorExp():
                continue
            case ast.Import(aliases) | ast.ImportFrom(names=aliases):
                names |= {alias.asname or alias.name.split(".")[0] for alias in aliases}
            case ast.Name(name, ast.Store()) | ast.ExceptHandler(name=str(name)):
                names.add(name)
            case ast.MatchAs(name=str(name)) | ast.MatchStar(name=str(name)):
                names.add(name)
        todo += ast.iter_child_nodes(node)
    return names


def _changed(node: ast.stmt) -> Iterator[str]:
    targets = node.targets if isinstance(node, ast.Assign) else []
    if isinstance(node, ast.AugAssign | ast.AnnAssign):
        targets = [node.target]
    for target in targets:
        if isinstance(target, ast.Attribute | ast.Subscript):
            while isinstance(target, ast.Attribute | ast.Subscript):
                target = target.value
            if isinstance(target, ast.Name):
                yield target.id


def _globals(table: symtable.SymbolTable) -> Iterator[str]:
    """The names that code looks up among the names of its module."""
    outermost = table.get_type() == "module"
    for symbol in table.get_symbols():
        if symbol.is_referenced() and (outermost or symbol.is_global()):
            yield symbol.get_name()
    for child in table.get_children():
        yield from _globals(child)


def _is_text(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)


def _is_stub(node: ast.AST) -> bool:
    """Whether a function only raises NotImplementedError."""
    if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        return False
    body = [one for one in node.body if not _is_text(one) and not isinstance(one, ast.Pass)]
    return bool(body) and all(
        isinstance(one, ast.Raise) and _raised(one) == "NotImplementedError" for one in body
    )


def _raised(statement: ast.Raise) -> str:
    error = statement.exc.func if isinstance(statement.exc, ast.Call) else statement.exc
    return error.id if isinstance(error, ast.Name) else ""
