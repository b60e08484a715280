"""A line and the gradient of its mean squared error."""

import numpy as np

from lossfns.check.exercise import Exercise, Misconception
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
    name="line_gradient",
    signature="line_gradient(x, y, slope, intercept)",
    read="sec-01-loop",
    right=gradient,
    draw=_draw,
    misconceptions=(
        Misconception(
            "the n forgotten in the gradient",
            _of_error(lambda e, x: 2 * np.array([(e * x).sum(), e.sum()])),
            "This is the gradient of the sum of squares. The loss is a mean over n items, so both "
            "numbers carry 1/n.",
        ),
        Misconception(
            "the 2 forgotten in the gradient",
            _of_error(lambda e, x: np.array([(e * x).mean(), e.mean()])),
            "The derivative of e² is 2e. This would be the gradient of half the mean square.",
        ),
        Misconception(
            "the sign of the gradient flipped",
            _of_error(lambda e, x: -2 * np.array([(e * x).mean(), e.mean()])),
            "This is the direction downhill: you took y - prediction and lost its inner "
            "derivative -1. The gradient points uphill, and the update subtracts it.",
        ),
        Misconception(
            "slope and intercept exchanged",
            _of_error(lambda e, x: 2 * np.array([e.mean(), (e * x).mean()])),
            "Return the derivative for the slope first. It is the one that carries the factor x.",
        ),
        Misconception(
            "the factor x missing for the slope",
            _of_error(lambda e, x: 2 * np.array([e.mean(), e.mean()])),
            "The slope acts on a prediction through x, so by the chain rule its derivative is the "
            "mean of 2e times x.",
        ),
        Misconception(
            "the factor x for the intercept as well",
            _of_error(lambda e, x: 2 * np.array([(e * x).mean(), (e * x).mean()])),
            "The intercept is added to every prediction as it is: its inner derivative is 1, not "
            "x.",
        ),
        Misconception(
            "the mean error times the mean input",
            _of_error(lambda e, x: 2 * np.array([e.mean() * x.mean(), e.mean()])),
            "Averages do not multiply: each error meets its own x first, then you take the mean.",
        ),
        Misconception(
            "the intercept left out of the prediction",
            lambda x, y, slope, intercept: gradient(x, y, slope, 0.0),
            "The prediction is slope · x + intercept. Without the intercept the errors are those "
            "of another line.",
        ),
        Misconception(
            "the prediction instead of the error",
            lambda x, y, slope, intercept: gradient(x, 0 * y, slope, intercept),
            "The targets do not enter. What pulls is the error, prediction minus target.",
        ),
        Misconception(
            "the gradient of the absolute error",
            _of_error(lambda e, x: np.array([(np.sign(e) * x).mean(), np.sign(e).mean()])),
            "The sign of the error is the derivative of |e|. The derivative of e² is 2e: it grows "
            "with the error.",
        ),
        Misconception(
            "one gradient for each item",
            _of_error(lambda e, x: 2 * np.stack([e * x, e], axis=1)),
            "These are the pulls of the single items. The gradient of the loss is their mean: two "
            "numbers.",
        ),
        Misconception(
            "the squared errors instead of the errors",
            _of_error(lambda e, x: 2 * np.array([(e * e * x).mean(), (e * e).mean()])),
            "The derivative of e² is 2e, not 2e². A square would also lose the direction.",
        ),
        Misconception(
            "divided by 2n",
            _of_error(lambda e, x: np.array([(e * x).mean(), e.mean()]) / 2),
            "A mean over a stacked table of slope and intercept terms divides by 2n. Each of the "
            "two numbers is a mean over the n items.",
        ),
        Misconception(
            "the square of the input for the slope",
            _of_error(lambda e, x: 2 * np.array([(e * x * x).mean(), e.mean()])),
            "The factor x appears once, as the derivative of slope · x with respect to slope.",
        ),
    ),
)
