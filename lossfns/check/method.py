"""Right results that were not found in the way that the exercise is about."""

import ast
from collections import Counter

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
    apart = exercise.together(calls, answers) if exercise.together else ""
    return exercise.reason(apart) if apart else None


def _rewritten(exercise: Exercise, source: str, broken: str) -> Reason | None:
    """Where a loop is to be repaired: whether something else was put in its place."""
    lines, mine = _lines(broken, exercise.repairs), _lines(source, exercise.name)
    if not lines:
        return None
    left = (lines & mine).total()
    returned = [line for line in lines if line.startswith("return ")]
    if left >= LEFT * lines.total() and all(line in mine for line in returned):
        return None
    return Reason(
        "written anew instead of repaired",
        f"The results are right, but only {left} of the {lines.total()} lines of "
        f"{exercise.repairs} are left. Another loop, or a fit by a library, leaves the fault where "
        "it is: copy the broken loop, find the line that is wrong, and change nothing else. What "
        "it returns is no fault.",
    )


def _lines(source: str, name: str) -> Counter[str]:
    """The statements in a function, without comments and layout; of blocks the first line."""
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return Counter()
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef) and node.name == name:
            inside = [
                one for one in ast.walk(node) if isinstance(one, ast.stmt) and one is not node
            ]
            return Counter(ast.unparse(one).split("\n")[0] for one in inside if not _is_text(one))
    return Counter()


def _is_text(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
