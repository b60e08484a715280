"""How far two numbers are from each other, and slopes by differences."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True)
class Tolerance:
    """The relative error that is allowed, and the size below which a number counts as that size."""

    error: float
    floor: float


def relative_error(actual: npt.ArrayLike, expected: npt.ArrayLike, floor: float) -> float:
    """The largest relative error; infinite for another shape, or for infinities and NaNs misplaced.

    >>> relative_error([1.0, 3.0], [1.0, 2.0], floor=0.5)
    0.4
    >>> relative_error([float("inf")], [float("inf")], floor=1.0)
    0.0
    """
    actual, expected = np.asarray(actual, np.float64), np.asarray(expected, np.float64)
    if actual.shape != expected.shape:
        return float("inf")
    same = (actual == expected) | (np.isnan(actual) & np.isnan(expected))
    comparable = np.isfinite(actual) & np.isfinite(expected)
    if not np.all(same | comparable):
        return float("inf")
    a, e = actual[~same], expected[~same]
    with np.errstate(divide="ignore"):
        return float(np.max(np.abs(a - e) / (np.abs(e) + floor), initial=0.0))


def finite_differences(
    function: Any, arguments: Mapping[str, Any], name: str, step: float = 1e-6
) -> npt.NDArray[np.float64]:
    """The derivative of the sum of the losses with respect to each entry of an argument."""
    gradient: npt.NDArray[np.float64] = np.zeros_like(arguments[name])
    for index in np.ndindex(gradient.shape):
        ends = []
        for sign in (1, -1):
            moved = arguments[name].copy()
            moved[index] += sign * step
            ends.append(np.sum(function(**{**arguments, name: moved})))
        gradient[index] = (ends[0] - ends[1]) / (2 * step)
    return gradient
