"""Read what a graded cell asks for: calls of `check`, and nothing else.

The cell is part of the course, not of a submission, but it is read, not run: the grader asks the
same questions itself, outside the learner's process and with seeds of its own.
"""

import ast
from typing import NamedTuple


class Probe(NamedTuple):
    """One call `check("exercise", function, aspects=[...], points=...)`.

    The points are for those who run the cell. What counts here is in the cell's metadata.
    """

    exercise: str
    function: str
    aspects: tuple[str, ...] | None = None


def probes(source: str) -> list[Probe]:
    """The probes of a graded cell, in order.

    Raises ValueError where the cell holds anything else: nobody would run it.
    """
    found = [_probe(statement) for statement in ast.parse(source).body]
    if not found:
        raise ValueError("a graded cell must call check(...), but this one is empty")
    return found


def _probe(statement: ast.stmt) -> Probe:
    match statement:
        case ast.Expr(
            ast.Call(ast.Name("check"), [ast.Constant(str(exercise)), ast.Name(function)], words)
        ):
            options = {word.arg: ast.literal_eval(word.value) for word in words}
            if options.keys() <= {"aspects", "points"}:
                aspects = options.get("aspects")
                return Probe(exercise, function, None if aspects is None else tuple(aspects))
    raise ValueError(
        'a graded cell holds lines such as check("mse", mse) or check("mse", mse, '
        f'aspects=["values"]) and nothing else, but this one holds {ast.unparse(statement)!r}'
    )
