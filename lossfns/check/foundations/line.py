"""Points around a line, and the gradient g of its mean squared error; e are the errors."""

import numpy as np

from lossfns.check.exercise import Exercise
from lossfns.check.questions import ask_all, singles, some
from lossfns.check.recipes import library


def points(rng: np.random.Generator, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Points (x, y) around a line that misses the origin; the mean of x is not 0."""
    x = some(rng, [1.0, -0.5, 2.0, 0.5, 1.5, -1.0], (count,))
    slope, intercept = rng.choice([-2.0, 1.5, 3.0]), rng.choice([-3.0, 1.0, 2.0])
    return x, slope * x + intercept + some(rng, [0.5, -1.0, 1.5, -0.5], (count,))


def _draw(rng):
    batches = [points(rng, n) for n in (1, 2, 3, 5, int(rng.integers(30, 60)))]
    for slope, intercept in ((0.0, 0.0), (1.5, -2.0), (-0.5, 3.0)):
        yield from ask_all("x y", batches, slope=slope, intercept=intercept)
    x, _ = batches[3]
    on_the_line = x, 1.5 * x - 2.0
    yield from ask_all("x y", [*singles(batches[2:4]), on_the_line], slope=1.5, intercept=-2.0)
    far = np.array([1e6, 0.5]), np.array([-1e6, 2.0])
    yield from ask_all("x y", [far], "extremes", slope=1.5, intercept=-2.0)


def errors(x, y, slope, intercept):
    return slope * x + intercept - y


def loss(x, y, slope, intercept):
    return (errors(x, y, slope, intercept) ** 2).mean()


def gradient(x, y, slope, intercept):
    return pull(errors(x, y, slope, intercept), x)


def pull(e, x):
    """The gradient from the errors; in PyTorch as well."""
    return 2 * library(e).stack([(e * x).mean(), e.mean()])


def _of_gradient(change):
    return lambda x, y, **line: change(gradient(x, y, **line))


def _of_error(result):
    """A gradient from the errors and the inputs."""
    return lambda x, y, **line: result(errors(x, y, **line), x)


LINE_GRADIENT = Exercise(
    signature="line_gradient(x, y, slope, intercept)",
    read="sec-01-loop",
    right=gradient,
    draw=_draw,
    mistakes={
        "the n forgotten in the gradient": _of_error(lambda e, x: len(x) * pull(e, x)),
        "the 2 forgotten in the gradient": _of_gradient(lambda g: g / 2),
        "the sign of the gradient flipped": _of_gradient(lambda g: -g),
        "slope and intercept exchanged": _of_gradient(lambda g: g[::-1]),
        "the factor x missing for the slope": _of_gradient(lambda g: g[[1, 1]]),
        "the factor x for the intercept as well": _of_gradient(lambda g: g[[0, 0]]),
        "the mean error times the mean input": _of_error(lambda e, x: pull(e.mean(), x.mean())),
        "the intercept left out of the prediction": lambda x, y, slope, intercept: gradient(
            x, y, slope, 0.0
        ),
        "the prediction instead of the error": lambda x, y, **line: gradient(x, 0 * y, **line),
        "the gradient of the absolute error": _of_error(lambda e, x: pull(np.sign(e), x) / 2),
        "one gradient for each item": _of_error(lambda e, x: 2 * np.stack([e * x, e], axis=1)),
        "the squared errors instead of the errors": _of_error(lambda e, x: pull(e * e, x)),
        "divided by 2n": _of_gradient(lambda g: g / 4),
        "the square of the input for the slope": _of_error(lambda e, x: pull(e, x * x)),
    },
)
