"""Gradient descent by hand: the whole path of a line."""

import numpy as np

from lossfns.check.exercise import Exercise, Misconception
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
    name="descend",
    signature="descend(x, y, rate, steps)",
    read="sec-01-loop",
    right=_walk,
    draw=_draw,
    # Rounding errors of single precision may add up over the steps.
    atol=1e-4,
    misconceptions=(
        Misconception(
            "uphill instead of downhill",
            _descent(lambda *at: -gradient(*at)),
            "The gradient points to where the loss grows. A step goes against it: subtract.",
        ),
        Misconception(
            "the sum over the items instead of the mean",
            _descent(lambda x, y, *line: len(x) * gradient(x, y, *line)),
            "The loss is a mean over the n items. The gradient of the sum is n times as large, "
            "which is the same as a learning rate n times too high.",
        ),
        Misconception(
            "the 2 forgotten in the gradient",
            _descent(lambda *at: 0.5 * gradient(*at)),
            "The derivative of e² is 2e. Without the 2 you walk at half the rate.",
        ),
        Misconception(
            "the first row not the start",
            lambda x, y, rate, steps: _walk(x, y, rate, steps + 1)[1:],
            "Row 0 of the path is the start, (0, 0), before any step; row t is what t steps have "
            "made of it.",
        ),
        Misconception(
            "one row too few",
            lambda x, y, rate, steps: np.array(list(_walk(x, y, rate, steps)[:-1])),
            "steps updates make steps + 1 states: the start, and one after each update.",
        ),
        Misconception(
            "the start left out",
            lambda x, y, rate, steps: np.array(list(_walk(x, y, rate, steps)[1:])),
            "Put the start, (0, 0), into the path before the first update: steps + 1 rows in all.",
        ),
        Misconception(
            "only the last line returned",
            lambda x, y, rate, steps: _walk(x, y, rate, steps)[-1],
            "The whole path is asked for: steps + 1 rows, one for each state of the parameters.",
        ),
        Misconception(
            "the last line in every row",
            _repeated,
            "`params -= ...` changes the array that the list holds already, many times over. Make "
            "a new array, `params = params - ...`, or append params.copy().",
        ),
        Misconception(
            "the intercept updated with the new slope",
            _one_after_the_other,
            "Both derivatives belong to the same point. Compute the whole gradient first, then "
            "move both parameters.",
        ),
        Misconception(
            "gradients that add up from step to step",
            _never_cleared,
            "You add each gradient to those before, as PyTorch does without zero_grad(). Each step "
            "uses the gradient at the present point and nothing else.",
        ),
        Misconception(
            "slope and intercept exchanged",
            lambda x, y, rate, steps: _walk(x, y, rate, steps)[:, ::-1].copy(),
            "Column 0 is the slope, column 1 the intercept.",
        ),
        Misconception(
            "the factor x missing for the slope",
            _descent(lambda *at: np.repeat(gradient(*at)[1], 2)),
            "Slope and intercept move by the same steps. The slope acts on a prediction through x, "
            "so by the chain rule its derivative is the mean of 2e times x.",
        ),
        Misconception(
            "an intercept that never moves",
            _descent(lambda *at: gradient(*at) * [1.0, 0.0]),
            "The intercept is a parameter, too. Its derivative is the mean of 2e.",
        ),
        Misconception(
            "a start at 1 instead of 0",
            _descent(start=1.0),
            "The path starts at slope 0 and intercept 0.",
        ),
        Misconception(
            "a learning rate that shrinks",
            _decaying,
            "The rate stays the same in all steps; schedules come later.",
        ),
        Misconception(
            "one item a step",
            _one_item_a_step,
            "That is stochastic gradient descent. Here each step uses the mean over all items.",
        ),
        Misconception(
            "stopped when the loss rises",
            _until_it_rises,
            "With a rate that is too large the loss grows, and that is worth seeing. Do all the "
            "steps that were asked for.",
        ),
    ),
)
