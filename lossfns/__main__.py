"""`python -m lossfns`: the catalog in a terminal."""

from __future__ import annotations

import argparse
import codecs
import importlib
import inspect
import io
import os
import shutil
import sys
import textwrap
import unicodedata
from collections.abc import Sequence
from typing import Any

import lossfns
from lossfns.catalog import Function, Record, catalog, did_you_mean, functions
from lossfns.chooser import ADVICE, TRAITS, nearest, suggestions
from lossfns.labels import where

TWINS = ("numpy", "torch")
WIDEST = 88
_NOISE = {
    None: "does not apply: no label is predicted",
    True: "the loss of a wrong label is bounded",
    False: "the loss of a wrong label has no bound",
}
_HEADINGS = ("Args:", "Returns:", "Raises:", "Gradient:", "Pitfall:", "Reference:", "Chapter:")


_OF_AUDIT = """\
settings are those of the catalog's loss and of yours; a class is built with them:

  python -m lossfns audit my_losses.py:FocalLoss --like focal_with_logits gamma=2
  python -m lossfns audit my_losses.py:loss --like cross_entropy "weight=[1, 2, 5]"
  python -m lossfns audit my_losses.py:loss --arguments "target, pred" --ignore "empty batch"

The exit status is 0 where all is right, 1 where a check fails that is not ignored, and 2 where
the arguments are wrong. `python -m lossfns list` names the losses of the catalog."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; the exit status is 2 where the arguments are wrong."""
    _write_what_can_be_written()
    parser = argparse.ArgumentParser(
        prog="python -m lossfns", description="Look things up in the catalog of losses."
    )
    parser.add_argument("--version", action="version", version=f"lossfns {lossfns.__version__}")
    commands = parser.add_subparsers(dest="command", required=True)
    lister = commands.add_parser("list", help="every loss, and which twins it has")
    lister.add_argument("family", nargs="?", help="only this family, such as regression")
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
    auditor = commands.add_parser(
        "audit",
        help="is my loss right?",
        description="Ask a loss of your own everything that should hold for it.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog=_OF_AUDIT,
    )
    auditor.add_argument("loss", metavar="FILE.py:NAME", help="or package.module:NAME")
    auditor.add_argument("settings", nargs="*", metavar="setting=value")
    auditor.add_argument("--like", metavar="LOSS", help="of the catalog, which it should be")
    auditor.add_argument("--arguments", metavar="NAMES", help='order, such as "target, pred"')
    auditor.add_argument("--ignore", action="append", default=[], metavar="CHECK",
                         help="may fail, by name or cause; can be given several times")  # fmt: skip
    auditor.add_argument("--seconds", type=float, default=5.0, help="time limit of a call (5)")
    auditor.add_argument("--no-compile", action="store_true", help="leave torch.compile out")
    auditor.add_argument("--json", action="store_true", help="for a program to read")
    identifier = commands.add_parser(
        "identify",
        help="what is my loss?",
        description="Say which loss of the catalog a function computes. The exit status is 1 "
        "where it is none of them.",
    )
    identifier.add_argument("loss", metavar="FILE.py:NAME", help="or package.module:NAME")
    identifier.add_argument("--arguments", metavar="NAMES", help='order, such as "target, pred"')
    given = list(sys.argv[1:] if arguments is None else arguments)
    if given[:1] == ["choose"]:
        # Traits may be written as options, --noisy-labels, as one is used to.
        given = [a if a in ("-h", "--help") else a.lstrip("-") for a in given]
    options, rest = parser.parse_known_args(given)
    if rest and options.command == "audit" and not any(a.startswith("-") for a in rest):
        # argparse takes settings that follow an option for too many arguments.
        options.settings += rest
    elif rest:
        parser.error(f"unrecognized arguments: {' '.join(rest)}")
    status = 0
    try:
        if options.command == "list":
            lines = list_of_losses(options.family)
        elif options.command == "show":
            lines = description(options.name)
        elif options.command == "audit":
            lines, status = audited(options)
        elif options.command == "identify":
            lines, status = identified(options)
        else:
            lines = advice(options.task, options.traits)
        print("\n".join(lines), flush=True)
    except BrokenPipeError:
        # Whoever reads has seen enough, as `| head` does; nothing is left to be written.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except ValueError as error:
        print(f"{parser.prog}: {error}", file=sys.stderr)
        return 2
    return status


def _write_what_can_be_written() -> None:
    """Where the terminal or file has no δ, write delta: a table half written helps nobody."""
    codecs.register_error("spell-out", _spell_out)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="spell-out")


_SPELLED = {"✓": "x", "–": "-", "−": "-", "…": "...", "≤": "<=", "≥": ">=", "→": "->"}
_SPELLED |= {"½": "1/2", "²": "^2", "³": "^3", "·": "*", "×": "x", "‖": "||", "∞": "inf"}
_SPELLED |= {"√": "sqrt ", "±": "+-", "≈": "~", "∝": "~", "←": "<-", "∂": "d", "∇": "grad "}
_SPELLED |= {"₋": "-", "∩": "and", "∪": "or", "ø": "o", "’": "'", "\u0302": "^", "\u0304": "_mean"}


def _spell_out(error: UnicodeError) -> tuple[str, int]:
    assert isinstance(error, UnicodeEncodeError)
    letters = error.object[error.start : error.end]
    return "".join(_SPELLED.get(c) or _in_letters(c) for c in letters), error.end


def _in_letters(character: str) -> str:
    """The name of a Greek letter; of another, its plain form and accent, or a question mark."""
    name = unicodedata.name(character, "")
    if name.startswith("GREEK "):
        letter = name.split()[-1].lower()
        return letter.capitalize() if "CAPITAL" in name else letter
    parts = unicodedata.normalize("NFKD", character)
    return "".join(p if p.isascii() else _SPELLED.get(p, "") for p in parts) or "?"


def list_of_losses(family: str | None = None) -> list[str]:
    """By family, a line a loss: name, a mark for each twin, task; and why a twin is missing."""
    families: dict[str, list[Record | Function]] = {}
    entries: list[Record | Function] = [*catalog.values(), *functions.values()]
    for entry in entries:
        families.setdefault(entry.family, []).append(entry)
    if family is not None and family not in families:
        hint = nearest(family, families) or f"; there are {', '.join(families)}"
        raise ValueError(f"there is no family {family!r}{hint}")
    lines = []
    for name, members in families.items():
        if family in (None, name):
            lines += [f"{name:34} NumPy torch", *(row for e in members for row in _rows(e)), ""]
    return lines[:-1]


def _rows(entry: Record | Function) -> list[str]:
    marks = "     ".join(_mark(twin in entry.backends) for twin in TWINS)
    said = [entry.task]
    missing = [twin for twin in TWINS if twin not in entry.backends]
    if missing:
        said.append(f"no {missing[0]} twin: {entry.why_not}")
    # Beside the name, where there is room.
    wide = _width() == WIDEST
    indent = " " * (47 if wide else 6)
    rows = [row for text in said for row in textwrap.wrap(text, _width() - len(indent))]
    first = f"  {entry.name:32} {marks}"
    if wide:
        first += f"     {rows.pop(0)}"
    return [first, *(indent + row for row in rows)]


def _mark(there: bool) -> str:
    mark, colour = ("✓", 32) if there else ("–", 33)
    coloured = sys.stdout.isatty() and not os.environ.get("NO_COLOR")
    return f"\033[{colour}m{mark}\033[0m" if coloured else mark


def _width() -> int:
    """How wide a line may be: as the terminal, if that is narrower than what reads well."""
    return min(WIDEST, max(40, shutil.get_terminal_size((WIDEST, 24)).columns))


def description(name: str) -> list[str]:
    """What the catalog and the documentation say about one loss."""
    entry = catalog.get(name) or functions.get(name)
    if entry is None:
        hint = did_you_mean(name) or "; `python -m lossfns list` shows all"
        raise ValueError(f"there is no loss {name!r}{hint}")
    title, theory = _theory(entry)
    facts = {"family": entry.family, "task": entry.task}
    if isinstance(entry, Record):
        facts |= {
            "takes": entry.domain,
            "units": entry.units,
            "convex": "yes, in the output" if entry.convex else "no",
            "differentiable": entry.differentiable,
            "bounded pull": "yes" if entry.bounded_pull else "no",
            "label noise": _NOISE[entry.label_noise],
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
        textwrap.fill(f"{key:15} {value}", _width(), subsequent_indent=" " * 16)
        for key, value in facts.items()
    ]
    # A formula stays as it was written.
    formula = [
        row
        for line in theory
        for row in ([line] if line[:1] in ("", " ") else textwrap.wrap(line, _width()))
    ]
    return [*textwrap.wrap(f"{name}: {title}", _width()), "", *formula, "", *rows]


def _theory(entry: Record | Function) -> tuple[str, list[str]]:
    """First line and formula of the documentation."""
    try:
        module = importlib.import_module(f"lossfns.{entry.backends[0]}")
    except ImportError:
        return entry.task, ["    (to see the formula: pip install 'lossfns[torch]')"]
    lines = (inspect.getdoc(getattr(module, entry.name)) or "").splitlines()
    formula = []
    for line in lines[1:]:
        if line.strip() in _HEADINGS:
            break
        formula.append(line)
    return lines[0].rstrip("."), "\n".join(formula).strip("\n").splitlines()


def advice(task: str, traits: Sequence[str]) -> list[str]:
    """Suggestions for a problem, with reasons."""
    given = dict.fromkeys((trait.replace("-", "_") for trait in traits), True)
    lines = []
    for rank, s in enumerate(suggestions(task, given), start=1):
        rows = [f"{rank}. {s.loss:30} {s.reason}"]
        rows += [f"{'':33} output: {s.output}", f"{'':33} not if: {s.unless}"]
        if _width() < WIDEST:
            rows = [f"{rank}. {s.loss}", s.reason, f"output: {s.output}", f"not if: {s.unless}"]
            rows = [rows[0], *(f"   {row}" for row in rows[1:])]
        indent = " " * (34 if _width() == WIDEST else 5)
        lines += [textwrap.fill(row, _width(), subsequent_indent=indent) for row in rows]
    return lines


def audited(options: argparse.Namespace) -> tuple[list[str], int]:
    """The report about a loss in a file, and the exit status."""
    import json

    hyper = dict(_setting(text) for text in options.settings)
    try:
        report = lossfns.audit(
            _loaded(options.loss),
            options.like,
            arguments=options.arguments,
            seconds=options.seconds,
            compile=not options.no_compile,
            **hyper,
        )
    except TypeError as error:
        raise ValueError(error) from None
    bad = report.failures_but(options.ignore)
    text = json.dumps(report.to_dict(), indent=2, default=str) if options.json else str(report)
    return text.splitlines(), int(bool(bad))


def identified(options: argparse.Namespace) -> tuple[list[str], int]:
    """What a loss in a file is, and the exit status."""
    identity = lossfns.identify(_loaded(options.loss), arguments=options.arguments)
    lines = textwrap.wrap(str(identity), 88)
    if identity.label:
        lines.append(f"explained in {where(identity.label)}")
    return lines, int(not identity.found)


def _setting(text: str) -> tuple[str, object]:
    """A name and a value as Python writes it; what is none is text."""
    import ast

    name, equals, value = text.partition("=")
    if not equals or not name.isidentifier():
        raise ValueError(f"a setting is written name=value, got {text!r}")
    try:
        found = ast.literal_eval(value)
    except (ValueError, SyntaxError):
        found = value
    return name, found


def _loaded(place: str) -> Any:
    """The loss that FILE.py:NAME or package.module:NAME names."""
    import importlib.util
    from pathlib import Path

    source, colon, name = place.rpartition(":")
    if not colon or not source or not name:
        raise ValueError(f"say which loss of which file, as in my_losses.py:loss, got {place!r}")
    try:
        if source.endswith(".py"):
            if not Path(source).is_file():
                raise ValueError(f"there is no file {source}")
            sys.path.insert(0, str(Path(source).resolve().parent))
            spec = importlib.util.spec_from_file_location(Path(source).stem, source)
            assert spec is not None and spec.loader is not None
            module = importlib.util.module_from_spec(spec)
            sys.modules.setdefault(spec.name, module)
            spec.loader.exec_module(module)
        else:
            sys.path.insert(0, "")
            module = importlib.import_module(source)
    except ValueError:
        raise
    except Exception as error:
        raise ValueError(f"{source} cannot be loaded: {type(error).__name__}: {error}") from None
    thing: Any = module
    for part in name.split("."):
        if not hasattr(thing, part):
            own = {n: n for n, v in vars(module).items() if _is_loss_of(module, v)}
            hint = nearest(name, own) or (f"; it has {', '.join(own)}" if own else "")
            raise ValueError(f"{source} has no {name!r}{hint}")
        thing = getattr(thing, part)
    return thing


def _is_loss_of(module: Any, value: Any) -> bool:
    """Whether a value is a function or class that the module itself defines."""
    return callable(value) and getattr(value, "__module__", "") == module.__name__


if __name__ == "__main__":
    sys.exit(main())
