"""A line and the gradient g of its mean squared error; e is the error, prediction minus target."""

from functools import partial

import numpy as np

from lossfns.check.exercise import Exercise
from lossfns.check.foundations.points import points
from lossfns.check.questions import ask_all, singles

_ask_all = partial(ask_all, "x y")


def _draw(rng):
    batches = [points(rng, n) for n in (1, 2, 3, 5, int(rng.integers(30, 60)))]
    for slope, intercept in ((0.0, 0.0), (1.5, -2.0), (-0.5, 3.0)):
        yield from _ask_all(batches, slope=slope, intercept=intercept)
    x, _ = batches[3]
    on_the_line = x, 1.5 * x - 2.0
    yield from _ask_all([*singles(batches[2:4]), on_the_line], slope=1.5, intercept=-2.0)
    far = np.array([1e6, 0.5]), np.array([-1e6, 2.0])
    yield from _ask_all([far], "extremes", slope=1.5, intercept=-2.0)


def errors(x, y, slope, intercept):
    return slope * x + intercept - y


def gradient(x, y, slope, intercept):
    return _pull(errors(x, y, slope, intercept), x)


def _pull(e, x):
    return 2 * np.array([(e * x).mean(), e.mean()])


def _of_gradient(change):
    return lambda x, y, **line: change(gradient(x, y, **line))


def _of_error(pull):
    """A gradient from the errors and the inputs."""
    return lambda x, y, **line: pull(errors(x, y, **line), x)


LINE_GRADIENT = Exercise(
    signature="line_gradient(x, y, slope, intercept)",
    read="sec-01-loop",
    right=gradient,
    draw=_draw,
    mistakes={
        "the n forgotten in the gradient": _of_error(lambda e, x: len(x) * _pull(e, x)),
        "the 2 forgotten in the gradient": _of_gradient(lambda g: g / 2),
        "the sign of the gradient flipped": _of_gradient(lambda g: -g),
        "slope and intercept exchanged": _of_gradient(lambda g: g[::-1]),
        "the factor x missing for the slope": _of_gradient(lambda g: g[[1, 1]]),
        "the factor x for the intercept as well": _of_gradient(lambda g: g[[0, 0]]),
        "the mean error times the mean input": _of_error(lambda e, x: _pull(e.mean(), x.mean())),
        "the intercept left out of the prediction": lambda x, y, slope, intercept: gradient(
            x, y, slope, 0.0
        ),
        "the prediction instead of the error": lambda x, y, **line: gradient(x, 0 * y, **line),
        "the gradient of the absolute error": _of_error(lambda e, x: _pull(np.sign(e), x) / 2),
        "one gradient for each item": _of_error(lambda e, x: 2 * np.stack([e * x, e], axis=1)),
        "the squared errors instead of the errors": _of_error(lambda e, x: _pull(e * e, x)),
        "divided by 2n": _of_gradient(lambda g: g / 4),
        "the square of the input for the slope": _of_error(lambda e, x: _pull(e, x * x)),
    },
)
