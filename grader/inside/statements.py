"""Let a cell run statement by statement: one that fails does not keep the next from running.

An extension of IPython, loaded when the kernel starts. A learner's cell may try to mount a drive
that is not here, or import what is not installed, above a function that is right.
"""

import __future__

import base64
import json
from typing import Any

MOST = 50

_failures: list[tuple[int, str]] = []


def load_ipython_extension(shell: Any) -> None:
    """Put a loop around the shell's own way of running a cell."""
    run_at_once = shell.run_ast_nodes
    # Annotations are not evaluated: what they name may be imported nowhere.
    shell.compile.flags |= __future__.annotations.compiler_flag

    async def run_ast_nodes(
        nodelist: list[Any],
        cell_name: str,
        interactivity: str = "last_expr",
        compiler: Any = compile,
        result: Any = None,
    ) -> bool:
        _failures.clear()
        first = None
        for node in nodelist:
            mode = interactivity if node is nodelist[-1] else "none"
            result.error_in_exec = result.error_before_exec = None
            if await run_at_once([node], cell_name, mode, compiler, result):
                error = result.error_in_exec or result.error_before_exec
                first = first or error
                _failures.append((node.lineno, type(error).__name__))
                if isinstance(error, KeyboardInterrupt):
                    # The time for this cell is over.
                    break
                if getattr(node, "decorator_list", []):
                    # What is not here may be the decorator.
                    node.decorator_list = []
                    await run_at_once([node], cell_name, "none", compiler, result)
        result.error_in_exec = first
        return first is not None

    shell.run_ast_nodes = run_ast_nodes


def failed() -> str:
    """The statements that failed in the last cell that was run: lines and names of errors."""
    told, _failures[:] = json.dumps(_failures[:MOST]), []
    return base64.b64encode(told.encode()).decode()
