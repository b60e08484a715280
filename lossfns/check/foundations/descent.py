"""Gradient descent by hand: the whole path of a line."""

from functools import partial

import numpy as np

from lossfns.check.exercise import Exercise
from lossfns.check.foundations.line import gradient, loss, points
from lossfns.check.questions import ask, between, single


def _draw(rng):
    few, more = points(rng, 2), points(rng, 4)
    many = points(rng, int(rng.integers(20, 40)))
    rate = between(rng, 0.05, 0.12, digits=3)
    for batch, steps in ((few, 1), (few, 2), (more, 3), (many, 50), (single(*more), 5), (more, 0)):
        yield ask("x y", batch, rate=rate, steps=steps)
    # So large that every step overshoots by more than the one before.
    yield ask("x y", more, "extremes", rate=1.5, steps=8)


def walk(start, rate, steps, pull):
    """The path of gradient descent; `pull(path)` stands for the gradient."""
    path = [start]
    for _ in range(steps):
        path.append(path[-1] - rate * pull(path))
    return np.array(path)


def changing(descend, change):
    """What `change` makes of the right path; as of a list, so that no rows have one axis."""
    return lambda *given, **options: np.array(list(change(descend(*given, **options))))


def item(path, x, y):
    """The item whose turn it is, where every step takes one."""
    i = [(len(path) - 1) % len(x)]
    return x[i], y[i]


def _g(x, y, path):
    """The gradient where the path has led."""
    return gradient(x, y, *path[-1])


def _descent(pull=_g, start=0.0):
    """Descent of a line with another gradient or another start."""
    return lambda x, y, rate, steps: walk(
        np.array([start, start]), rate, steps, lambda path: pull(x, y, path)
    )


_right = _descent()
_of_path = partial(changing, _right)


def _one_after_the_other(x, y, rate, steps):
    path = [np.zeros(2)]
    for _ in range(steps):
        line = path[-1] - rate * gradient(x, y, *path[-1]) * [1.0, 0.0]
        path.append(line - rate * gradient(x, y, *line) * [0.0, 1.0])
    return np.array(path)


def _until_it_rises(x, y, rate, steps):
    path = _right(x, y, rate, steps)
    losses = [loss(x, y, *line) for line in path]
    rises = np.flatnonzero(np.diff(losses) > 0)
    return path[: rises[0] + 1] if rises.size else path


DESCEND = Exercise(
    signature="descend(x, y, rate, steps)",
    read="sec-01-loop",
    right=_right,
    draw=_draw,
    # Rounding errors of single precision may add up over the steps.
    atol=1e-4,
    mistakes={
        "uphill instead of downhill": _descent(lambda x, y, path: -_g(x, y, path)),
        "the sum over the items instead of the mean": _descent(
            lambda x, y, path: len(x) * _g(x, y, path)
        ),
        "the 2 forgotten in the gradient": _descent(lambda x, y, path: 0.5 * _g(x, y, path)),
        "the first row not the start": lambda x, y, rate, steps: _right(x, y, rate, steps + 1)[1:],
        "one row too few": _of_path(lambda path: path[:-1]),
        "the start left out": _of_path(lambda path: path[1:]),
        "only the last line returned": _of_path(lambda path: path[-1]),
        "the last line in every row": _of_path(lambda path: 0 * path + path[-1]),
        "the intercept updated with the new slope": _one_after_the_other,
        "gradients that add up from step to step": _descent(
            lambda x, y, path: sum(gradient(x, y, *line) for line in path)
        ),
        "slope and intercept exchanged": _of_path(lambda path: path[:, ::-1]),
        "the factor x missing for the slope": _descent(lambda x, y, path: _g(x, y, path)[[1, 1]]),
        "an intercept that never moves": _descent(lambda x, y, path: _g(x, y, path) * [1.0, 0.0]),
        "a start at 1 instead of 0": _descent(start=1.0),
        "a learning rate that shrinks": _descent(lambda x, y, path: _g(x, y, path) / len(path)),
        "one item a step": _descent(lambda x, y, path: _g(*item(path, x, y), path)),
        "stopped when the loss rises": _until_it_rises,
    },
)
