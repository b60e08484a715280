"""Points of an assignment: kept from one check to the next, and added up at the end.

These are points for the inputs that everybody sees. The grade comes from the same checks on others.
"""

import sys
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Outcome:
    """What came of one check: `said` in a few words."""

    name: str
    aspects: tuple[str, ...]
    points: float
    earned: float
    said: str


# The last outcome of every check that has been run in this process.
_outcomes: dict[tuple[str, tuple[str, ...]], Outcome] = {}


def note(outcome: Outcome) -> None:
    """Keep an outcome for `total_points`, in place of an earlier one of the same check."""
    _outcomes[outcome.name, outcome.aspects] = outcome


def total_points(of: float) -> None:
    """Print the outcomes of all checks that were run, and the sum of their points.

    Args:
        of: the points of all checks of the assignment.
    Example:
        >>> import lossfns.numpy as ln
        >>> from lossfns.check import check, total_points
        >>> check("mae", ln.mae, points=2)  # doctest: +ELLIPSIS
        mae: right on all ... inputs (values, ...).
        2 of 2 points
        >>> total_points(of=54)
         points  check
          2 / 2  mae: right
        <BLANKLINE>
        2 of 54 points by the checks that you see. 52 are in cells that have not been run.
    """
    print(table(_outcomes.values(), of))


def table(outcomes: Iterable[Outcome], of: float) -> str:
    """A line for each check and their sum."""
    outcomes = list(outcomes)
    twice = {one.name for one in outcomes if sum(o.name == one.name for o in outcomes) > 1}
    lines = [" points  check"]
    for one in outcomes:
        what = f" ({', '.join(one.aspects)})" if one.name in twice else ""
        lines.append(f"{one.earned:>3g} / {one.points:<3g}{one.name}{what}: {one.said}")
    earned = sum(one.earned for one in outcomes)
    open_points = of - sum(one.points for one in outcomes)
    rest = f" {open_points:g} are in cells that have not been run." if open_points > 0 else ""
    return "\n".join([*lines, "", f"{earned:g} of {of:g} points by the checks that you see.{rest}"])


def in_notebook() -> bool:
    """Whether this is the kernel of a notebook."""
    return getattr(_shell(), "kernel", None) is not None


def go_on_after_stubs() -> None:
    """Let *Run All* go on after a cell that calls a function which is still to be written.

    The cell shows its NotImplementedError all the same. Jupyter and VS Code go on by the tags of
    the cell; Colab asks the kernel alone.
    """
    events = _shell().events
    if _forgive_stub not in events.callbacks["post_run_cell"]:
        events.register("post_run_cell", _forgive_stub)


def _forgive_stub(result) -> None:
    if isinstance(result.error_in_exec, NotImplementedError):
        result.error_in_exec = None


def _shell():
    # Not imported: the checks need NumPy alone, and a notebook has imported it.
    ipython = sys.modules.get("IPython")
    return ipython.get_ipython() if ipython else None
