"""Calls, numbers and sentences as learners read them."""

import re
import textwrap

import numpy as np

from lossfns.check.exercise import Call, Exercise

_SHOWN = 24


def written(exercise: Exercise, call: Call) -> str:
    """The call as the learner would type it."""
    given = [_array(array, exercise.torch) for array in call.arrays.values()]
    given += [f"{name}={value!r}" for name, value in call.options.items()]
    return f"{exercise.name}({', '.join(given)})"


def number(value: np.ndarray | None) -> str:
    """A result, or the shape of a large one; "" if there is none."""
    if value is None:
        return ""
    return _listed(value) if value.size <= _SHOWN else f"<array of shape {value.shape}>"


def fill(text: str) -> str:
    """A paragraph in lines that fit a notebook."""
    return textwrap.fill(" ".join(text.split()), width=88, break_on_hyphens=False)


def _array(array, torch) -> str:
    if array.size > _SHOWN:
        return f"<array of shape {array.shape}>"
    usual = np.float32 if torch else np.float64
    if array.dtype.kind in "ib":
        usual = array.dtype
    made = "torch.tensor" if torch else "np.array"
    note = "" if array.dtype == usual else f", dtype={'torch' if torch else 'np'}.{array.dtype}"
    # Python knows neither name by itself.
    listed = re.sub(r"\b(nan|inf)\b", r"np.\1", _listed(array))
    return f"{made}({listed}{note})"


def _listed(array) -> str:
    if array.ndim == 0 and array.dtype.kind in "ib":
        return str(array)
    if array.ndim == 0:
        text = f"{array:.6g}"
        # torch.tensor([1]) would hold an integer.
        return f"{text}.0" if text.lstrip("-").isdigit() else text
    return "[" + ", ".join(_listed(row) for row in array) + "]"
