"""Right results that were not found in the way that the exercise is about."""

import ast
import copy
from collections import Counter
from collections.abc import Iterator
from difflib import SequenceMatcher

from lossfns.check.answer import Answer
from lossfns.check.exercise import Call, Exercise, Reason

# Most repairs change one line of a broken loop.
LEFT = 0.6


def another_way(
    exercise: Exercise, calls: list[Call], answers: list[Answer], sources: tuple[str, str] | None
) -> Reason | None:
    """What is wrong with how right answers were found; `sources`: of the answer, of the broken."""
    if exercise.repairs and sources and (reason := _rewritten(exercise, *sources)):
        return reason
    found = (name for name, shows in exercise.together.items() if shows(calls, answers))
    return next(map(exercise.reason, found), None)


# A statement in which `_` stands for each name that is the function's own; and these names.
Line = tuple[str, tuple[str, ...]]


def _rewritten(exercise: Exercise, source: str, broken: str) -> Reason | None:
    """Where a loop is to be repaired: whether something else was put in its place."""
    lines, mine = _lines(broken, exercise.repairs), _lines(source, exercise.name)
    if not lines:
        return None
    left = Counter(lines) & Counter(_renamed(mine, lines))
    returned = [line for line in lines if "return " in line[0]]
    if left.total() >= LEFT * len(lines) and all(line in left for line in returned):
        return None
    return Reason(
        "written anew instead of repaired",
        f"The results are right, but only {left.total()} of the {len(lines)} lines of "
        f"{exercise.repairs} are left. Another loop, or a fit by a library, leaves the fault where "
        "it is: copy the broken loop, find the line that is wrong, and change nothing else. What "
        "it returns is no fault.",
    )


def _lines(source: str, name: str) -> list[Line]:
    """The lines of a function that can run, without comments and layout."""
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return []
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef) and node.name == name:
            own = {one.arg for one in ast.walk(node) if isinstance(one, ast.arg)}
            own |= {
                one.id
                for one in ast.walk(node)
                if isinstance(one, ast.Name) and isinstance(one.ctx, ast.Store)
            }
            return list(_lines_of(node.body, own))
    return []


def _lines_of(body: list[ast.stmt], own: set[str], inside: str = "") -> Iterator[Line]:
    """What stands below a condition, `if False` or another, is not the line that it was outside."""
    for statement in body:
        if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant):
            continue
        parts = [getattr(statement, name, []) for name in ("body", "orelse", "finalbody")]
        further = [*getattr(statement, "handlers", []), *getattr(statement, "cases", [])]
        blanks = _Blanks(own)
        yield inside + blanks.fill(statement), tuple(blanks.names)
        # A `with` runs what it holds.
        below = "" if isinstance(statement, ast.With) else f"{type(statement).__name__}: "
        for part in (*parts, *(one.body for one in further)):
            yield from _lines_of(part, own, inside + below)
        if isinstance(statement, ast.Return | ast.Raise | ast.Break | ast.Continue):
            return


class _Blanks(ast.NodeTransformer):
    """Puts `_` for the names that are a function's own, and lists them."""

    def __init__(self, own: set[str]):
        self.own = own
        self.names: list[str] = []

    def fill(self, statement: ast.stmt) -> str:
        """The statement; of a block its first line."""
        head = copy.deepcopy(statement)
        if hasattr(head, "body"):
            head.body = [ast.Pass()]
        return ast.unparse(self.visit(head)).split("\n")[0]

    def visit_Name(self, node: ast.Name) -> ast.Name:
        if node.id in self.own:
            self.names.append(node.id)
            node.id = "_"
        return node


def _renamed(mine: list[Line], lines: list[Line]) -> list[Line]:
    """My lines with the names of others, where lines that are alike show which is which."""
    shapes = [[shape for shape, _ in one] for one in (mine, lines)]
    alike = SequenceMatcher(None, *shapes, autojunk=False)
    votes = Counter(
        pair
        for block in alike.get_matching_blocks()
        for one, other in zip(mine[block.a :], lines[block.b : block.b + block.size], strict=False)
        for pair in zip(one[1], other[1], strict=True)
    )
    names: dict[str, str] = {}
    for (my_name, name), _ in votes.most_common():
        if my_name not in names and name not in names.values():
            names[my_name] = name
    return [(shape, tuple(names.get(one, one) for one in used)) for shape, used in mine]
