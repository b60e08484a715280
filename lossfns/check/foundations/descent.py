"""Gradient descent by hand: the whole path of a line."""

import numpy as np

from lossfns.check.exercise import Exercise
from lossfns.check.foundations.line import errors, gradient
from lossfns.check.foundations.points import points
from lossfns.check.questions import ask, single

_NAMES = "x y"


def _draw(rng):
    few, more = points(rng, 2), points(rng, 4)
    many = points(rng, int(rng.integers(20, 40)))
    rate = float(np.round(rng.uniform(0.05, 0.12), 3))
    for batch, steps in ((few, 1), (few, 2), (more, 3), (many, 50)):
        yield ask(_NAMES, batch, rate=rate, steps=steps)
    yield ask(_NAMES, single(*more), rate=rate, steps=5)
    yield ask(_NAMES, more, rate=rate, steps=0)
    # So large that every step overshoots by more than the one before.
    yield ask(_NAMES, more, aspect="extremes", rate=1.5, steps=8)


def _descent(direction=gradient, start=0.0):
    """The path of gradient descent; `direction` stands for the gradient."""

    def walk(x, y, rate, steps):
        path = [np.array([start, start])]
        for _ in range(steps):
            path.append(path[-1] - rate * direction(x, y, *path[-1]))
        return np.array(path)

    return walk


_walk = _descent()


def _one_after_the_other(x, y, rate, steps):
    slope, intercept = 0.0, 0.0
    path = [(slope, intercept)]
    for _ in range(steps):
        slope = slope - rate * gradient(x, y, slope, intercept)[0]
        intercept = intercept - rate * gradient(x, y, slope, intercept)[1]
        path.append((slope, intercept))
    return np.array(path)


def _never_cleared(x, y, rate, steps):
    path, pull = [np.zeros(2)], np.zeros(2)
    for _ in range(steps):
        pull = pull + gradient(x, y, *path[-1])
        path.append(path[-1] - rate * pull)
    return np.array(path)


def _decaying(x, y, rate, steps):
    path = [np.zeros(2)]
    for step in range(steps):
        path.append(path[-1] - rate / (step + 1) * gradient(x, y, *path[-1]))
    return np.array(path)


def _one_item_a_step(x, y, rate, steps):
    path = [np.zeros(2)]
    for step in range(steps):
        i = slice(step % len(x), step % len(x) + 1)
        path.append(path[-1] - rate * gradient(x[i], y[i], *path[-1]))
    return np.array(path)


def _until_it_rises(x, y, rate, steps):
    path = _walk(x, y, rate, steps)
    losses = [(errors(x, y, *line) ** 2).mean() for line in path]
    rises = np.flatnonzero(np.diff(losses) > 0)
    return path[: rises[0] + 1] if rises.size else path


def _repeated(x, y, rate, steps):
    path = _walk(x, y, rate, steps)
    return 0 * path + path[-1]


DESCEND = Exercise(
    signature="descend(x, y, rate, steps)",
    read="sec-01-loop",
    right=_walk,
    draw=_draw,
    # Rounding errors of single precision may add up over the steps.
    atol=1e-4,
    mistakes={
        "uphill instead of downhill": _descent(lambda *at: -gradient(*at)),
        "the sum over the items instead of the mean": _descent(
            lambda x, y, *line: len(x) * gradient(x, y, *line)
        ),
        "the 2 forgotten in the gradient": _descent(lambda *at: 0.5 * gradient(*at)),
        "the first row not the start": lambda x, y, rate, steps: _walk(x, y, rate, steps + 1)[1:],
        "one row too few": lambda x, y, rate, steps: np.array(list(_walk(x, y, rate, steps)[:-1])),
        "the start left out": lambda x, y, rate, steps: np.array(
            list(_walk(x, y, rate, steps)[1:])
        ),
        "only the last line returned": lambda x, y, rate, steps: _walk(x, y, rate, steps)[-1],
        "the last line in every row": _repeated,
        "the intercept updated with the new slope": _one_after_the_other,
        "gradients that add up from step to step": _never_cleared,
        "slope and intercept exchanged": lambda x, y, rate, steps: _walk(x, y, rate, steps)[
            :, ::-1
        ].copy(),
        "the factor x missing for the slope": _descent(lambda *at: np.repeat(gradient(*at)[1], 2)),
        "an intercept that never moves": _descent(lambda *at: gradient(*at) * [1.0, 0.0]),
        "a start at 1 instead of 0": _descent(start=1.0),
        "a learning rate that shrinks": _decaying,
        "one item a step": _one_item_a_step,
        "stopped when the loss rises": _until_it_rises,
    },
)
