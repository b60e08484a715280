"""A line and the gradient of its mean squared error."""

import numpy as np

from lossfns.check.exercise import Exercise
from lossfns.check.foundations.points import points
from lossfns.check.questions import ask, single

_NAMES = "x y"


def _draw(rng):
    batches = [points(rng, n) for n in (1, 2, 3, 5, int(rng.integers(30, 60)))]
    lines = [(0.0, 0.0), (1.5, -2.0), (-0.5, 3.0)]
    for line in lines:
        for x, y in batches:
            yield ask(_NAMES, (x, y), slope=line[0], intercept=line[1])
    yield from (ask(_NAMES, single(*batch), slope=1.5, intercept=-2.0) for batch in batches[2:4])
    x, _ = batches[3]
    yield ask(_NAMES, (x, 1.5 * x - 2.0), slope=1.5, intercept=-2.0)
    far = np.array([1e6, 0.5]), np.array([-1e6, 2.0])
    yield ask(_NAMES, far, aspect="extremes", slope=1.5, intercept=-2.0)


def errors(x, y, slope, intercept):
    return slope * x + intercept - y


def gradient(x, y, slope, intercept):
    e = errors(x, y, slope, intercept)
    return 2 * np.array([(e * x).mean(), e.mean()])


def _of_error(make):
    """A result from the errors and the inputs."""
    return lambda x, y, slope, intercept: make(errors(x, y, slope, intercept), x)


LINE_GRADIENT = Exercise(
    signature="line_gradient(x, y, slope, intercept)",
    read="sec-01-loop",
    right=gradient,
    draw=_draw,
    mistakes={
        "the n forgotten in the gradient": _of_error(
            lambda e, x: 2 * np.array([(e * x).sum(), e.sum()])
        ),
        "the 2 forgotten in the gradient": _of_error(
            lambda e, x: np.array([(e * x).mean(), e.mean()])
        ),
        "the sign of the gradient flipped": _of_error(
            lambda e, x: -2 * np.array([(e * x).mean(), e.mean()])
        ),
        "slope and intercept exchanged": _of_error(
            lambda e, x: 2 * np.array([e.mean(), (e * x).mean()])
        ),
        "the factor x missing for the slope": _of_error(
            lambda e, x: 2 * np.array([e.mean(), e.mean()])
        ),
        "the factor x for the intercept as well": _of_error(
            lambda e, x: 2 * np.array([(e * x).mean(), (e * x).mean()])
        ),
        "the mean error times the mean input": _of_error(
            lambda e, x: 2 * np.array([e.mean() * x.mean(), e.mean()])
        ),
        "the intercept left out of the prediction": lambda x, y, slope, intercept: gradient(
            x, y, slope, 0.0
        ),
        "the prediction instead of the error": lambda x, y, slope, intercept: gradient(
            x, 0 * y, slope, intercept
        ),
        "the gradient of the absolute error": _of_error(
            lambda e, x: np.array([(np.sign(e) * x).mean(), np.sign(e).mean()])
        ),
        "one gradient for each item": _of_error(lambda e, x: 2 * np.stack([e * x, e], axis=1)),
        "the squared errors instead of the errors": _of_error(
            lambda e, x: 2 * np.array([(e * e * x).mean(), (e * e).mean()])
        ),
        "divided by 2n": _of_error(lambda e, x: np.array([(e * x).mean(), e.mean()]) / 2),
        "the square of the input for the slope": _of_error(
            lambda e, x: 2 * np.array([(e * x * x).mean(), e.mean()])
        ),
    },
)
