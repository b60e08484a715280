"""Broken fits of a line: broadcasting, gradients that pile up, a sum that explodes.

The loops are written out here in NumPy, step by step what the loops of the assignment do in
PyTorch, so that the results of those that are still broken can be recognised.
"""

import numpy as np

from lossfns.check.exercise import Call, Exercise
from lossfns.check.recipes import with_ones


def _points(rng, count, middle=0.5):
    """Points about a line; off the centre, slope and intercept depend on each other."""
    x = middle + np.round(rng.permutation(np.linspace(-1.5, 1.5, count)), 2)
    slope, intercept = rng.choice([-2.0, -1.5, 1.5, 3.0]), rng.choice([-3.5, -2.5, 0.75, 2.25])
    y = np.round(slope * x + intercept + rng.normal(scale=0.3, size=count), 2)
    return Call({"x": x, "y": y})


def _draw_small(rng):
    for count in (5, *(int(n) for n in rng.integers(12, 40, size=2))):
        yield _points(rng, count)


def _draw_centred(rng):
    """Here neither parameter calms down the other."""
    for count in (5, *(int(n) for n in rng.integers(12, 40, size=2))):
        yield _points(rng, count, middle=0.0)


def _draw_sizes(rng):
    """No learning rate for a sum fits all of these."""
    for count in (6, int(rng.integers(50, 70)), 3000):
        yield _points(rng, count)


def _least_squares(x, y):
    return np.linalg.lstsq(with_ones(x), y, rcond=None)[0]


def _squared_error(call, line):
    x, y = call.arrays["x"], call.arrays["y"]
    return float(((line[0] * x + line[1] - y) ** 2).mean())


def _mean_gradient(x, error):
    """Gradient of the mean squared error for slope and intercept."""
    return 2 * np.array([(error * x).mean(), error.mean()])


def _descend(x, y, gradient=_mean_gradient, rate=0.1, steps=500):
    line = np.zeros(2)
    for _ in range(steps):
        line = line - rate * gradient(x, line[0] * x + line[1] - y)
    return line


def _descent(gradient=_mean_gradient, rate=0.1, steps=500):
    return lambda x, y: _descend(x, y, gradient, rate, steps)


def _fixed(known, learned):
    """A parameter that stays 0: what is left to the other one."""

    def wrong(x, y):
        line = np.zeros(2)
        line[learned] = (y @ known(x)) / (known(x) @ known(x))
        return line

    return wrong


def _standardised(of_x, of_y):
    """A line fitted to standardised data and returned in those units."""

    def wrong(x, y):
        one = (x - x.mean()) / x.std() if of_x else x
        other = (y - y.mean()) / y.std() if of_y else y
        return _least_squares(one, other)

    return wrong


def _first_prediction(x, y):
    """The prediction of the first item, (1,), is broadcast over all targets."""
    return np.array([x[0], 1.0]) * y.mean() / (x[0] ** 2 + 1)


def _mean_error(x, y):
    """Averaged before squaring, only the means have to meet; descent from 0 goes straight there."""
    return np.array([x.mean(), 1.0]) * y.mean() / (x.mean() ** 2 + 1)


def _exchanged(x, y):
    return _least_squares(x, y)[::-1].copy()


_EXCHANGED = {"slope and intercept exchanged": _exchanged}
_STANDARDISED_TARGET = {"the line of the standardised targets": _standardised(False, True)}
_NO_INTERCEPT = {"a line through the origin": _fixed(lambda x: x, 0)}
_NO_SLOPE_LEARNED = {"nothing learned": lambda x, y: np.zeros(2)}


REPAIRED_BROADCAST = Exercise(
    signature="repaired_broadcast(x, y)",
    repairs="broken_broadcast",
    read="broadcasting",
    right=_least_squares,
    draw=_draw_small,
    score=_squared_error,
    slack=0.01,
    rtol=1e-2,
    atol=2e-3,
    mistakes={
        "still the broken loop": _fixed(np.ones_like, 1),
        "only the first prediction": _first_prediction,
        "averages instead of pairs": _mean_error,
        "x fitted as a function of y": lambda x, y: _least_squares(y, x),
        "too few steps": _descent(steps=10),
        "the line of the standardised inputs": _standardised(True, False),
        **_STANDARDISED_TARGET,
        **_NO_INTERCEPT,
        **_NO_SLOPE_LEARNED,
        **_EXCHANGED,
    },
)


def _piling(scale=lambda step: 1.0, kept=(1.0, 1.0), rate=0.1):
    """Descent along gradients that pile up, of both parameters or of those that are `kept`."""

    def wrong(x, y):
        line, pile = np.zeros(2), np.zeros(2)
        for step in range(500):
            pile = np.array(kept) * pile + _mean_gradient(x, line[0] * x + line[1] - y)
            line = line - rate * scale(step) * pile
        return line

    return wrong


def _clipped_pile(x, y):
    line, pile = np.zeros(2), np.zeros(2)
    for _ in range(500):
        pile = pile + _mean_gradient(x, line[0] * x + line[1] - y)
        pile = pile * min(1, 1 / np.linalg.norm(pile))
        line = line - 0.1 * pile
    return line


REPAIRED_ZERO_GRAD = Exercise(
    signature="repaired_zero_grad(x, y)",
    repairs="broken_zero_grad",
    read="shape-of-the-curve",
    right=_least_squares,
    draw=_draw_centred,
    score=_squared_error,
    slack=0.01,
    rtol=1e-2,
    atol=2e-3,
    mistakes={
        "still the broken loop": _piling(),
        "the gradient emptied before it is used": lambda x, y: np.zeros(2),
        "only the slope's gradient emptied": _piling(kept=(0.0, 1.0)),
        "only the intercept's gradient emptied": _piling(kept=(1.0, 0.0)),
        "a smaller learning rate": _piling(rate=0.001),
        "the pile divided by the number of steps": _piling(scale=lambda step: 1 / (step + 1)),
        "the gradient clipped": _clipped_pile,
        "too few steps": _descent(steps=10),
        **_STANDARDISED_TARGET,
        **_NO_INTERCEPT,
        **_EXCHANGED,
    },
)


def _sum_gradient(x, error):
    return len(x) * _mean_gradient(x, error)


def _clipped(x, error):
    gradient = _sum_gradient(x, error)
    return gradient * min(1, 1 / max(np.linalg.norm(gradient), 1e-12))


def _until_it_blows_up(x, y):
    """The last line before the loss was no number any more."""
    line = np.zeros(2)
    for _ in range(500):
        error = line[0] * x + line[1] - y
        new = line - 0.5 * _sum_gradient(x, error)
        if not np.isfinite(((new[0] * x + new[1] - y) ** 2).sum()):
            break
        line = new
    return line


REPAIRED_REDUCTION = Exercise(
    signature="repaired_reduction(x, y)",
    repairs="broken_reduction",
    read="shape-of-the-curve",
    right=_least_squares,
    draw=_draw_sizes,
    score=_squared_error,
    slack=0.01,
    rtol=1e-2,
    atol=2e-3,
    mistakes={
        "still the broken loop": _descent(_sum_gradient, rate=0.5),
        "a learning rate for one size of batch": _descent(_sum_gradient, rate=0.005),
        "the gradient clipped": _descent(_clipped, rate=0.5),
        "only the sign of the gradient": _descent(
            lambda x, error: np.sign(_sum_gradient(x, error)), rate=0.5
        ),
        "stopped just before the loss was no number": _until_it_blows_up,
        "the loss clamped": lambda x, y: np.zeros(2),
        "divided by n twice": _descent(
            lambda x, error: _mean_gradient(x, error) / len(x), rate=0.5
        ),
        "a learning rate that is far too small": _descent(rate=0.0005),
        "half of the items' sum": _descent(lambda x, error: _sum_gradient(x, error) / 2, rate=0.1),
        **_STANDARDISED_TARGET,
        **_NO_INTERCEPT,
        **_EXCHANGED,
    },
)
