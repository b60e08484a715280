"""The one-dimensional search behind temperature scaling; both twins share it."""

import math
from collections.abc import Callable

TEMPERATURES = (1e-3, 1e3)


def best_inverse(slope: Callable[[float], tuple[float, float]]) -> float:
    """The β = 1/T at which the slope of a convex function is 0, or the end of the range.

    Newton's method inside a bracket that every step narrows; where Newton leaves the bracket, and
    every eighth time in case it crawls, the bracket is halved on the scale of the logarithm.

    Args:
        slope: gives the first and second derivative of the mean loss at a β.
    """
    low, high = 1 / TEMPERATURES[1], 1 / TEMPERATURES[0]
    beta = 1.0
    first, second = slope(beta)
    if first == 0:
        return beta
    if slope(low)[0] >= 0:
        return low
    if slope(high)[0] <= 0:
        return high
    for step in range(1, 100):
        low, high = (low, beta) if first > 0 else (beta, high)
        newton = beta - first / second if second > 0 else math.inf
        # Newton's steps square the error, so that of the next is far below a rounding. (A halving
        # as short says nothing of the kind.)
        if abs(newton - beta) <= 1e-9 * beta:
            return newton
        inside = low < newton < high and step % 8
        following = newton if inside else math.sqrt(low * high)
        if following == beta:
            break
        beta = following
        first, second = slope(beta)
        if first == 0:
            break
    return beta
