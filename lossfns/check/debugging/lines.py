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


def _averaged(x, e):
    """Gradient of the mean squared error for slope and intercept."""
    return 2 * np.array([(e * x).mean(), e.mean()])


def _summed(x, e):
    return len(x) * _averaged(x, e)


def _clipped(g):
    return g * min(1, 1 / max(np.linalg.norm(g), 1e-12))


def _descent(gradient=_averaged, piled=lambda pile, g: g, rate=0.1, steps=500):
    """Descent along what `piled` makes of the pile of the step before and the gradient.

    `rate` is the learning rate, or an array with one for each step.
    """

    def wrong(x, y):
        line, pile = np.zeros(2), np.zeros(2)
        for factor in np.broadcast_to(rate, steps):
            pile = piled(pile, gradient(x, _errors(line, x, y)))
            line = line - factor * pile
        return line

    return wrong


def _until_it_blows_up(x, y):
    """The last line before the loss was no number any more."""
    line = new = np.zeros(2)
    while np.isfinite((_errors(new, x, y) ** 2).sum()):
        line, new = new, new - 0.5 * _summed(x, _errors(new, x, y))
    return line


def _through_mean(at):
    """Where only the point (at(x), mean of y) has to be met: descent from 0 goes straight there."""
    return lambda x, y: np.array([at(x), 1.0]) * y.mean() / (at(x) ** 2 + 1)


def _standardised(values):
    return (values - values.mean()) / values.std()


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
        # For all pairs of predictions and targets the best line is flat.
        "still the broken loop": lambda x, y: np.array([0.0, y.mean()]),
        # The prediction of the first item, (1,), is broadcast over all targets.
        "only the first prediction": _through_mean(lambda x: x[0]),
        # Averaged before squaring, only the means have to meet.
        "averages instead of pairs": _through_mean(np.mean),
        "x fitted as a function of y": lambda x, y: _least_squares(y, x),
        "too few steps": _descent(steps=10),
        "the line of the standardised inputs": lambda x, y: _least_squares(_standardised(x), y),
        **_OTHER_LINES,
        "nothing learned": lambda x, y: np.zeros(2),
        "slope and intercept exchanged": lambda x, y: _least_squares(x, y)[::-1],
    },
)

REPAIRED_ZERO_GRAD = _repaired(
    signature="repaired_zero_grad(x, y)",
    repairs="broken_zero_grad",
    read="shape-of-the-curve",
    # About the centre neither parameter calms down the other.
    draw=partial(_draw_small, middle=0.0),
    mistakes={
        "still the broken loop": _descent(piled=np.add),
        "the gradient emptied before it is used": lambda x, y: np.zeros(2),
        "only the slope's gradient emptied": _descent(piled=lambda pile, g: pile * [0, 1] + g),
        "only the intercept's gradient emptied": _descent(piled=lambda pile, g: pile * [1, 0] + g),
        "a smaller learning rate": _descent(piled=np.add, rate=0.001),
        "the pile divided by the number of steps": _descent(
            piled=np.add, rate=0.1 / np.arange(1, 501)
        ),
        "the gradient clipped": _descent(piled=lambda pile, g: _clipped(pile + g)),
        "too few steps": _descent(steps=10),
        **_OTHER_LINES,
        "slope and intercept exchanged": lambda x, y: _least_squares(x, y)[::-1],
    },
)

REPAIRED_REDUCTION = _repaired(
    signature="repaired_reduction(x, y)",
    repairs="broken_reduction",
    read="shape-of-the-curve",
    draw=_draw_sizes,
    mistakes={
        "still the broken loop": _descent(_summed, rate=0.5),
        "a learning rate for one size of batch": _descent(_summed, rate=0.005),
        "the gradient clipped": _descent(lambda x, e: _clipped(_summed(x, e)), rate=0.5),
        "only the sign of the gradient": _descent(lambda x, e: np.sign(_summed(x, e)), rate=0.5),
        "stopped just before the loss was no number": _until_it_blows_up,
        "the loss clamped": lambda x, y: np.zeros(2),
        "divided by n twice": _descent(lambda x, e: _averaged(x, e) / len(x), rate=0.5),
        "a learning rate that is far too small": _descent(rate=0.0005),
        "half of the items' sum": _descent(lambda x, e: _summed(x, e) / 2),
        **_OTHER_LINES,
        "slope and intercept exchanged": lambda x, y: _least_squares(x, y)[::-1],
    },
)
