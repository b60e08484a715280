"""`python -m lossfns`: the catalog in a terminal."""

import argparse
import importlib
import inspect
import os
import sys
import textwrap
from collections.abc import Sequence

from lossfns.catalog import Function, Record, catalog, functions
from lossfns.chooser import ADVICE, TRAITS, choose, nearest
from lossfns.labels import where

TWINS = ("numpy", "torch")
_HEADINGS = ("Args:", "Returns:", "Raises:", "Gradient:", "Pitfall:", "Reference:", "Chapter:")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; the exit status is 2 where the arguments are wrong."""
    parser = argparse.ArgumentParser(
        prog="python -m lossfns", description="Look things up in the catalog of losses."
    )
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("list", help="every loss, and which twins it has")
    show = commands.add_parser("show", help="all that is known about one loss")
    show.add_argument("name")
    chooser = commands.add_parser(
        "choose",
        help="which loss for which problem",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog="tasks: "
        + ", ".join(ADVICE)
        + "\ntraits:\n"
        + "\n".join(f"  {trait:13} {meaning}" for trait, meaning in TRAITS.items()),
    )
    chooser.add_argument("task")
    chooser.add_argument("traits", nargs="*")
    options = parser.parse_args(arguments)
    try:
        if options.command == "list":
            lines = list_of_losses()
        elif options.command == "show":
            lines = description(options.name)
        else:
            lines = advice(options.task, options.traits)
        print("\n".join(lines), flush=True)
    except BrokenPipeError:
        # Whoever reads has seen enough, as `| head` does; nothing is left to be written.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except ValueError as error:
        print(f"{parser.prog}: {error}", file=sys.stderr)
        return 2
    return 0


def list_of_losses() -> list[str]:
    """One line a loss: name, family, a mark for each twin, task, and why a twin is missing."""
    entries: list[Record | Function] = [*catalog.values(), *functions.values()]
    lines = [f"{'name':34} {'family':15} NumPy torch  task"]
    for entry in entries:
        marks = "  ".join(_mark(twin in entry.backends) + "  " for twin in TWINS)
        lines.append(f"{entry.name:34} {entry.family:15} {marks}  {entry.task}")
        missing = [twin for twin in TWINS if twin not in entry.backends]
        if missing:
            lines.append(f"{'':34} no {missing[0]} twin: {entry.why_not}")
    return lines


def _mark(there: bool) -> str:
    mark, colour = ("✓", 32) if there else ("–", 33)
    return f"\033[{colour}m{mark}\033[0m" if sys.stdout.isatty() else mark


def description(name: str) -> list[str]:
    """What the catalog and the documentation say about one loss."""
    entry = catalog.get(name) or functions.get(name)
    if entry is None:
        hint = nearest(name, [*catalog, *functions]) or "; `python -m lossfns list` shows all"
        raise ValueError(f"there is no loss {name!r}{hint}")
    title, formula = _theory(entry)
    facts = {"family": entry.family, "task": entry.task}
    if isinstance(entry, Record):
        facts |= {
            "eats": entry.domain,
            "units": entry.units,
            "convex": "yes, in the output" if entry.convex else "no",
            "differentiable": entry.differentiable,
            "robust": "yes" if entry.robust else "no",
        }
        for parameter, hyper in entry.hyper.items():
            default = "" if hyper.default is inspect.Parameter.empty else f", {hyper.default!r}"
            facts[f"  {parameter}"] = hyper.domain + default
    else:
        facts["gradient"] = entry.gradient
    facts |= {f"in {library}": called for library, called in entry.equivalents.items()}
    facts |= {"source": entry.paper, "explained in": where(entry.chapter)}
    if entry.why_not:
        facts["note"] = entry.why_not
    rows = [
        textwrap.fill(f"{key:15} {value}", 88, subsequent_indent=" " * 16)
        for key, value in facts.items()
    ]
    return [f"{name}: {title}", "", *formula, "", *rows]


def _theory(entry: Record | Function) -> tuple[str, list[str]]:
    """First line and formula of the documentation."""
    try:
        module = importlib.import_module(f"lossfns.{entry.backends[0]}")
    except ImportError:
        return entry.task, [f"    (the formula needs {entry.backends[0]}, which is not installed)"]
    lines = (inspect.getdoc(getattr(module, entry.name)) or "").splitlines()
    formula = []
    for line in lines[1:]:
        if line.strip() in _HEADINGS:
            break
        formula.append(line)
    return lines[0].rstrip("."), "\n".join(formula).strip("\n").splitlines()


def advice(task: str, traits: Sequence[str]) -> list[str]:
    """Suggestions for a problem, with reasons."""
    suggestions = choose(task, **dict.fromkeys((t.replace("-", "_") for t in traits), True))
    return [f"{rank}. {s.loss:30} {s.reason}" for rank, s in enumerate(suggestions, start=1)]


if __name__ == "__main__":
    sys.exit(main())
