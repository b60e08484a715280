"""What losses of logits share: softplus, and both sides of a probability, none rounded away."""

from __future__ import annotations

import numpy as np

from lossfns.numpy._core import Array


def sides(log_odds: Array) -> tuple[Array, Array, Array, Array]:
    """p, 1 - p, -ln p and -ln(1 - p), from one exponential that cannot overflow."""
    small = np.exp(-np.abs(log_odds))
    large = 1 / (1 + small)
    tail, positive = np.log1p(small), log_odds >= 0
    small *= large
    p, rest = np.where(positive, large, small), np.where(positive, small, large)
    return p, rest, np.maximum(-log_odds, 0) + tail, np.maximum(log_odds, 0) + tail


def softplus(x: Array) -> tuple[Array, Array]:
    """ln(1 + e^x) and its derivative, the sigmoid; neither overflows."""
    return np.logaddexp(0, x), np.exp(-np.logaddexp(0, -x))


def softplus_of_minus(x: Array) -> tuple[Array, Array]:
    """ln(1 + e^-x), the logistic loss of a margin, and its derivative."""
    return np.logaddexp(0, -x), -np.exp(-np.logaddexp(0, x))
