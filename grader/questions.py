"""The wire between the grader and the sandbox: what is asked, and how the answers are read.

What comes back may have been made up by hostile code. It is JSON of bounded size, whose every part
is checked; arrays are raw float64 bytes with a shape.
"""

import base64
import json
import re
from typing import Any

import numpy as np

from grader.folders import without_folders
from lossfns.check.answer import Answer
from lossfns.check.exercise import Call

# What gives the answer that `read_failures` reads.
FAILURES = "__import__('statements').failed()"

_LONGEST_TEXT = 2000
_MOST_AXES = 8


class BadReply(Exception):
    """The sandbox answered with something that is no answer."""


def expression(function: str, calls: list[Call], *, torch: bool) -> str:
    """A Python expression that puts the calls to a function in the sandbox."""
    asked = {
        "torch": torch,
        "calls": [
            {
                "arrays": {name: _parts(array) for name, array in call.arrays.items()},
                "options": call.options,
                "wants": list(call.wants),
                "most_memory": call.most_memory,
            }
            for call in calls
        ],
    }
    text = base64.b64encode(json.dumps(asked).encode()).decode()
    return f"__import__('probe').reply({function!r}, '{text}')"


def _parts(array: np.ndarray) -> list[Any]:
    return [array.dtype.str, list(array.shape), base64.b64encode(array.tobytes()).decode()]


def read(value: str | None, count: int) -> tuple[list[Answer], set[str]]:
    """The answers to `count` calls, and the names of the library functions that were called.

    `value` is what the expression's value looks like: a quoted string.
    """
    if value is None:
        raise BadReply("no answer came back")
    try:
        told = json.loads(base64.b64decode(value.strip("'"), validate=True))
        answers = [_answer(one) for one in told["answers"]]
        used = {str(name)[:80] for name in told["used"][:500]}
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError, MemoryError) as error:
        raise BadReply(f"the answer could not be read: {type(error).__name__}") from None
    if len(answers) != count:
        raise BadReply(f"{count} questions got {len(answers)} answers")
    return answers, used


def read_failures(value: str | None) -> list[tuple[int, str]]:
    """The lines of a cell whose statements failed, and the names of the errors, if it says so."""
    try:
        told = json.loads(base64.b64decode((value or "").strip("'"), validate=True))
        return [(int(line), re.sub(r"\W", "", str(name))[:60]) for line, name in told[:50]]
    # A dictionary has no [:50]: a TypeError, from Python 3.12 on a KeyError.
    except (ValueError, TypeError, KeyError, RecursionError, MemoryError, OverflowError):
        return []


def _answer(one: dict[str, Any]) -> Answer:
    words = {
        name: _text(one[name]) for name in ("kind", "dtype", "moved", "error", "message", "line")
    }
    slopes = {_text(name): _read(parts) for name, parts in one["slopes"].items()}
    peak = int(one.get("peak", 0))
    changed = tuple(_text(name) for name in one["changed"][:20])
    return Answer(value=_read(one["value"]), changed=changed, slopes=slopes, peak=peak, **words)


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError("not a text")
    # A lone surrogate could not be written to a file later.
    return without_folders(value)[:_LONGEST_TEXT].encode("utf8", "replace").decode()


def _read(parts: Any) -> np.ndarray | None:
    if parts is None:
        return None
    shape, data = parts
    if len(shape) > _MOST_AXES or not all(type(n) is int and n >= 0 for n in shape):
        raise ValueError("not a shape")
    return np.frombuffer(base64.b64decode(data, validate=True), np.float64).reshape(shape)
