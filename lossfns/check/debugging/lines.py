"""Broken fits of a line: broadcasting, gradients that pile up, a sum that explodes.

The loops are written out here in NumPy, step by step what the loops of the assignment do in
PyTorch, so that the results of those that are still broken can be recognised. A line is its slope
and intercept; e stands for the errors and g for a gradient.
"""

from functools import partial

import numpy as np

from lossfns.check.exercise import Call, Exercise
from lossfns.check.recipes import with_ones


def _points(rng, count, middle=0.5):
    """Points about a line; off the centre, slope and intercept depend on each other."""
    x = middle + np.round(rng.permutation(np.linspace(-1.5, 1.5, count)), 2)
    slope, intercept = rng.choice([-2.0, -1.5, 1.5, 3.0]), rng.choice([-3.5, -2.5, 0.75, 2.25])
    y = np.round(slope * x + intercept + rng.normal(scale=0.3, size=count), 2)
    return Call({"x": x, "y": y})


def _draw_small(rng, middle=0.5):
    return [_points(rng, count, middle) for count in (5, *rng.integers(12, 40, size=2))]


def _draw_sizes(rng):
    """No learning rate for a sum fits all of these."""
    return [_points(rng, count) for count in (6, int(rng.integers(50, 70)), 3000)]


def _errors(line, x, y):
    return line[0] * x + line[1] - y


def _squared_error(call, line):
    return float((_errors(line, **call.arrays) ** 2).mean())


def _least_squares(x, y):
    return np.linalg.lstsq(with_ones(x), y, rcond=None)[0]


def _mean_gradient(x, e):
    """Gradient of the mean squared error for slope and intercept."""
    return 2 * np.array([(e * x).mean(), e.mean()])


def _sum_gradient(x, e):
    return len(x) * _mean_gradient(x, e)


def _clipped(g):
    return g * min(1, 1 / max(np.linalg.norm(g), 1e-12))


def _descent(gradient=_mean_gradient, rate=0.1, steps=500):
    def wrong(x, y):
        line = np.zeros(2)
        for _ in range(steps):
            line = line - rate * gradient(x, _errors(line, x, y))
        return line

    return wrong


def _piling(piled, rate=lambda step: 0.1):
    """Descent along a pile, which `piled` makes from that of the step before and a gradient."""

    def wrong(x, y):
        line, pile = np.zeros(2), np.zeros(2)
        for step in range(500):
            pile = piled(pile, _mean_gradient(x, _errors(line, x, y)))
            line = line - rate(step) * pile
        return line

    return wrong


def _until_it_blows_up(x, y):
    """The last line before the loss was no number any more."""
    line = np.zeros(2)
    for _ in range(500):
        new = line - 0.5 * _sum_gradient(x, _errors(line, x, y))
        if not np.isfinite((_errors(new, x, y) ** 2).sum()):
            break
        line = new
    return line


def _standardised(values):
    return (values - values.mean()) / values.std()


def _flat(x, y):
    """A slope that stays 0."""
    return np.array([0.0, y.mean()])


def _nothing(x, y):
    return np.zeros(2)


def _first_prediction(x, y):
    """The prediction of the first item, (1,), is broadcast over all targets."""
    return np.array([x[0], 1.0]) * y.mean() / (x[0] ** 2 + 1)


def _mean_error(x, y):
    """Averaged before squaring, only the means have to meet; descent from 0 goes straight there."""
    return np.array([x.mean(), 1.0]) * y.mean() / (x.mean() ** 2 + 1)


def _exchanged(x, y):
    return _least_squares(x, y)[::-1].copy()


_OTHER_LINES = {
    "the line of the standardised targets": lambda x, y: _least_squares(x, _standardised(y)),
    "a line through the origin": lambda x, y: np.array([(y @ x) / (x @ x), 0.0]),
}

_repaired = partial(
    Exercise, right=_least_squares, score=_squared_error, slack=0.01, rtol=1e-2, atol=2e-3
)

REPAIRED_BROADCAST = _repaired(
    signature="repaired_broadcast(x, y)",
    repairs="broken_broadcast",
    read="broadcasting",
    draw=_draw_small,
    mistakes={
        "still the broken loop": _flat,
        "only the first prediction": _first_prediction,
        "averages instead of pairs": _mean_error,
        "x fitted as a function of y": lambda x, y: _least_squares(y, x),
        "too few steps": _descent(steps=10),
        "the line of the standardised inputs": lambda x, y: _least_squares(_standardised(x), y),
        **_OTHER_LINES,
        "nothing learned": _nothing,
        "slope and intercept exchanged": _exchanged,
    },
)

REPAIRED_ZERO_GRAD = _repaired(
    signature="repaired_zero_grad(x, y)",
    repairs="broken_zero_grad",
    read="shape-of-the-curve",
    # About the centre neither parameter calms down the other.
    draw=partial(_draw_small, middle=0.0),
    mistakes={
        "still the broken loop": _piling(lambda pile, g: pile + g),
        "the gradient emptied before it is used": _nothing,
        "only the slope's gradient emptied": _piling(lambda pile, g: pile * [0, 1] + g),
        "only the intercept's gradient emptied": _piling(lambda pile, g: pile * [1, 0] + g),
        "a smaller learning rate": _piling(lambda pile, g: pile + g, lambda step: 0.001),
        "the pile divided by the number of steps": _piling(
            lambda pile, g: pile + g, lambda step: 0.1 / (step + 1)
        ),
        "the gradient clipped": _piling(lambda pile, g: _clipped(pile + g)),
        "too few steps": _descent(steps=10),
        **_OTHER_LINES,
        "slope and intercept exchanged": _exchanged,
    },
)

REPAIRED_REDUCTION = _repaired(
    signature="repaired_reduction(x, y)",
    repairs="broken_reduction",
    read="shape-of-the-curve",
    draw=_draw_sizes,
    mistakes={
        "still the broken loop": _descent(_sum_gradient, rate=0.5),
        "a learning rate for one size of batch": _descent(_sum_gradient, rate=0.005),
        "the gradient clipped": _descent(lambda x, e: _clipped(_sum_gradient(x, e)), rate=0.5),
        "only the sign of the gradient": _descent(
            lambda x, e: np.sign(_sum_gradient(x, e)), rate=0.5
        ),
        "stopped just before the loss was no number": _until_it_blows_up,
        "the loss clamped": _nothing,
        "divided by n twice": _descent(lambda x, e: _mean_gradient(x, e) / len(x), rate=0.5),
        "a learning rate that is far too small": _descent(rate=0.0005),
        "half of the items' sum": _descent(lambda x, e: _sum_gradient(x, e) / 2),
        **_OTHER_LINES,
        "slope and intercept exchanged": _exchanged,
    },
)
