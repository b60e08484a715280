"""`python -m lossfns.check NOTEBOOK.ipynb`: the points of an assignment, before it is handed in."""

import argparse
import sys
from pathlib import Path

from lossfns.check.notebook import NotAnAssignment, check_notebook
from lossfns.check.points import table


def main(arguments: list[str] | None = None) -> int:
    """Print the table of points; 0 if all are there, 1 if some are missing, 2 if none can be."""
    parser = argparse.ArgumentParser(
        prog="python -m lossfns.check",
        description="Run all checks of an assignment and add up its points.",
        epilog="The grade comes from the same checks on other inputs.",
    )
    parser.add_argument("notebook", type=Path, help="the file to hand in, NAME.ipynb")
    parser.add_argument("--brief", action="store_true", help="the table alone, without the hints")
    options = parser.parse_args(arguments)
    try:
        checked = check_notebook(options.notebook)
    except NotAnAssignment as error:
        print(f"{parser.prog}: {error}", file=sys.stderr)
        return 2
    if not options.brief:
        for hint in checked.hints:
            print(hint, end=f"\n\n{'-' * 72}\n\n")
    for failure in checked.failures:
        print(f"stopped: {failure}")
    of = sum(one.points for one in checked.outcomes)
    print(table(checked.outcomes, of))
    if checked.by_hand:
        print(f"{checked.by_hand:g} more are for answers in words, which a person marks.")
    return 0 if all(one.earned == one.points for one in checked.outcomes) else 1


if __name__ == "__main__":
    sys.exit(main())
