"""Sums of the losses of several tasks as their papers print them."""

import math

from library.facts.row import facts
from mpmath import exp, log, sqrt


@facts(
    known=[
        ({"losses": [0.5, 8.0], "weights": (1.0, 0.25)}, 2.5),
        # A task that is switched off may be infinite.
        ({"losses": [0.5, math.inf], "weights": (2.0, 0.0)}, 1.0),
    ],
    extremes=[{"losses": [1e-30, 1e20, 1.0]}, {"losses": [0.0, -3.0, 7e8]}],
    outside=[],
)
def weighted_sum(losses, weights):
    return sum(w * one for w, one in zip(weights, losses, strict=True))


@facts(
    known=[
        # Kendall et al. (2018), equation 7, at σ = 1: half the squared error, all of the other.
        (
            {
                "losses": [4.0, 3.0],
                "log_vars": [0.0, 0.0],
                "kinds": ("regression", "classification"),
            },
            5.0,
        ),
        # σ = 2 and σ = ½: 8 / (2 · 4) + ln 2, and 3 · 4 - ln 2.
        (
            {
                "losses": [8.0, 3.0],
                "log_vars": [2 * math.log(2), -2 * math.log(2)],
                "kinds": ("regression", "classification"),
            },
            13.0,
        ),
    ],
    extremes=[
        {"losses": [1e-6, 1e6, 3.0], "log_vars": [-14.0, 14.0, 0.0]},
        {"losses": [0.0, 1.0, 1e10], "log_vars": [80.0, -80.0, 30.0]},
    ],
    outside=[],
)
def uncertainty_weighting(losses, log_vars, kinds):
    """Kendall et al., equation 7 and its form for a softmax: in σ, not in ln σ²."""
    kinds = [kinds] * len(losses) if isinstance(kinds, str) else kinds
    total = 0
    for one, s, kind in zip(losses, log_vars, kinds, strict=True):
        sigma = sqrt(exp(s))
        factor = 2 if kind == "regression" else 1
        total += one / (factor * sigma**2) + log(sigma)
    return total
