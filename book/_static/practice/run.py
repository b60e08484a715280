"""What happens in the reader's browser when an exercise of a page or one of its cells is run.

worker.js loads this module into Pyodide. What it returns is plain data, which practice.js shows.
"""

import ast
import base64
import contextlib
import io
import linecache
import re
import traceback
import warnings

import depends
import numpy as np

from lossfns.check import EXERCISES, CheckFailed, check
from lossfns.check.compare import reference
from lossfns.check.exercise import ASPECTS
from lossfns.check.judge import Verdict
from lossfns.check.message import praise
from lossfns.check.written import written
from lossfns.labels import place

YOURS = "<your code>"
MOST_PRINTED = 10_000  # characters


def run(name, code, others=()):
    """Run the reader's code, then the check of this exercise.

    `others` are texts of exercises that the reader has solved and may use here.
    """
    printed = Printed()
    with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed):
        said = _check(name, code, others)
    # The check prints its praise below what the reader prints.
    return said | {"printed": str(printed).removesuffix(said["text"] + "\n")}


def cell(above, code):
    """Run a cell of a page as the reader has changed it, after what it depends on above it.

    Every time in names of its own, so that no earlier run shows.
    """
    namespace, printed, shown = {"__name__": "__main__"}, Printed(), []
    try:
        before = "\n".join(depends.before(code, above))
    except SyntaxError as error:
        return _stopped(error)
    with np.printoptions(), warnings.catch_warnings():
        with contextlib.redirect_stdout(Printed()), contextlib.redirect_stderr(Printed()):
            try:
                exec(compile(before, "<the cells above>", "exec"), namespace)
            except Exception as error:
                text = f"What the cells above do for this one stopped: {_named(error)}"
                return {"text": text, "right": False}
        _quote(code)
        with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed):
            try:
                shown.append(_show(_value(code, namespace)))
            except (Exception, SystemExit) as error:
                return _stopped(error) | {"printed": str(printed)}
    return {"printed": str(printed), "shown": [one for one in shown if one]}


def _value(code, namespace):
    """What the last line of a cell is, if it is an expression, after running all of it."""
    tree = ast.parse(code, YOURS)
    last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
    exec(compile(tree, YOURS, "exec"), namespace)
    if last is None:
        return None
    value = eval(compile(ast.Expression(last.value), YOURS, "eval"), namespace)
    return None if code.rstrip().endswith(";") else value


def _show(value):
    """What a notebook shows of a value: a picture, a table or its text, as {kind: content}."""
    if value is None:
        return None
    if hasattr(value, "_repr_mimebundle_"):
        bundle, sizes = value._repr_mimebundle_()
        if "image/svg+xml" in bundle:
            packed = base64.b64encode(bundle["image/svg+xml"].encode()).decode()
            return _picture("svg+xml", packed, value, sizes)
        if "image/png" in bundle:
            return _picture("png", bundle["image/png"], value, sizes)
    if hasattr(value, "_repr_html_"):
        return {"html": value._repr_html_()}
    text = Printed()
    text.write(repr(value))
    return {"text": str(text)}


def _picture(kind, packed, value, sizes):
    width = sizes.get(f"image/{kind}", {}).get("width")
    address = f"data:image/{kind};base64,{packed}"
    return {"image": address, "alt": getattr(value, "alt", ""), "width": width}


def hint(name, turn):
    """Where to read, and one example of what is asked: another at every turn."""
    exercise = EXERCISES[name]
    calls = exercise.calls(seed=0)
    examples = [
        min((c for c in calls if c.aspect == aspect), key=lambda c: (c.size, len(c.options)))
        for aspect in ASPECTS
        if any(c.aspect == aspect for c in calls)
    ]
    call = examples[turn % len(examples)]
    right = f"raises {call.raises}" if call.raises else _short(reference(exercise, call).value)
    lines = [f"An example of what the check asks ({call.aspect}):", f"  {written(exercise, call)}"]
    if exercise.score is None or call.raises:
        lines.append(f"  right: {right}")
    return {"text": "\n".join(lines), "right": False, "printed": "", **_read(exercise)}


class Printed(io.StringIO):
    """What the reader's code prints; the rest of an endless list is not kept."""

    cut = False

    def write(self, text):
        room = MOST_PRINTED - self.tell()
        self.cut = self.cut or len(text) > room
        super().write(text[:room])
        return len(text)

    def __str__(self):
        return self.getvalue() + f"\n… cut after {MOST_PRINTED:,} characters" * self.cut


def _check(name, code, others):
    exercise = EXERCISES[name]
    namespace = {"__name__": "__main__"}
    for other in others:
        with contextlib.suppress(Exception):
            exec(compile(_definitions(other), "<another exercise>", "exec"), namespace)
    _quote(code)
    try:
        exec(compile(code, YOURS, "exec"), namespace)
    except (Exception, SystemExit) as error:
        return _stopped(error)
    if not callable(namespace.get(name)):
        return {
            "text": f"There is no function {name} in your code. It must begin with:\n"
            f"  def {exercise.signature}:",
            "right": False,
        }
    try:
        check(name, namespace[name])
    except CheckFailed as failed:
        text = str(failed).rpartition("\n\nRead again: ")[0] or str(failed)
        text += _of_its_own(text, name)
        line = _number_of(code, failed.verdict.first.answer.line)
        return {"text": text, "line": line, "right": False, **_read(exercise)}
    calls = exercise.calls(seed=0)
    checked = tuple(aspect for aspect in ASPECTS if any(c.aspect == aspect for c in calls))
    return {"text": praise(exercise, Verdict(checked=checked), len(calls)), "right": True}


def _quote(code):
    """Tracebacks and the check quote lines of the reader's code."""
    linecache.cache[YOURS] = (len(code), None, code.splitlines(keepends=True), YOURS)


def _definitions(code):
    """What a text defines by name, without whatever else it does when it runs."""
    tree = ast.parse(code)
    tree.body = [
        part
        for part in tree.body
        if isinstance(part, (ast.Import, ast.ImportFrom, ast.FunctionDef))
        or (isinstance(part, ast.Assign) and all(isinstance(to, ast.Name) for to in part.targets))
    ]
    return tree


def _number_of(code, words):
    """The number of the line that the check quotes, where only one reads like it."""
    found = [n for n, line in enumerate(code.splitlines(), start=1) if line.strip() == words]
    return found[0] if words and len(found) == 1 else None


def _of_its_own(text, name):
    """A name that is missing may be that of another exercise."""
    missing = re.search(r"NameError: name '(\w+)' is not defined", text)
    if not missing or missing[1] not in EXERCISES or missing[1] == name:
        return ""
    return (
        f"\n\n{missing[1]} is an exercise of its own, {place(EXERCISES[missing[1]].read)}. Once "
        "yours is right there, you can use it here; or write what you need of it here."
    )


def _stopped(error):
    """Say where in the reader's code it stopped: other frames are not the reader's."""
    line, words = None, ""
    if isinstance(error, SyntaxError) and error.filename in (YOURS, "<unknown>"):
        line, words = error.lineno, (error.text or "").strip()
    else:
        frames = traceback.extract_tb(error.__traceback__)
        own = [frame for frame in frames if frame.filename == YOURS]
        if own:
            line, words = own[-1].lineno, own[-1].line
    where = f" in line {line}" if line else ""
    text = f"Your code stops{where} with {_named(error)}"
    return {"text": text + (f"\n  {words}" if words else ""), "line": line, "right": False}


def _named(error):
    message = error.msg if isinstance(error, SyntaxError) else str(error)
    return type(error).__name__ + (f": {message}" if message else ".")


def _short(value):
    text = " ".join(str(value.round(6) if value.ndim else float(f"{value:.6g}")).split())
    return text if len(text) <= 300 else f"an array of shape {value.shape}"


def _read(exercise):
    found = place(exercise.read)
    return {"read": str(found), "address": f"book/{found.address}"}
