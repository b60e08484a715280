"""The race of squared error against cross-entropy: one classifier, trained by hand with either."""

from functools import partial

import numpy as np

from lossfns.check import kinds
from lossfns.check.classification.squared import overflowing, slope, times
from lossfns.check.exercise import Exercise
from lossfns.check.foundations.descent import changing, item, walk
from lossfns.check.questions import ask, between, refuse
from lossfns.check.recipes import overflowing_sigmoid, sigmoid


def _draw_race(rng):
    few = np.array([[1.0], [-2.0]]), np.array([1.0, 0.0]), rng.choice([0.5, -0.5, 1.5], size=1)
    four = (
        rng.permutation([[1.0, 0.5], [-1.0, 2.0], [0.5, -1.5], [2.0, 1.0]]),
        rng.permutation([1.0, 0.0, 1.0, 0.0]),
        rng.choice([0.5, -1.5], size=2),
    )
    n, d = int(rng.integers(15, 25)), int(rng.integers(3, 5))
    many = np.round(rng.normal(size=(n, d)), 2), rng.integers(0, 2, size=n) * 1.0, np.full(d, 1.5)
    rate = between(rng, 0.2, 0.4)
    far = np.array([[1.0], [-2.0]]), np.array([0.0, 1.0]), np.array([900.0])
    for arrays, steps in ((few, 2), (four, 3), (many, 40)):
        for loss in ("bce", "mse"):
            yield ask("x y start", arrays, loss=loss, rate=rate, steps=steps)
    yield ask("x y start", few, loss="bce", rate=1.0, steps=0)
    for loss in ("bce", "mse"):
        yield ask("x y start", far, "extremes", loss=loss, rate=0.5, steps=2)
    given = dict(zip(("x", "y", "start"), few, strict=True), rate=0.5, steps=1)
    yield refuse("an unknown loss taken for one of the two", **given, loss="accuracy")


def _pull(z, y, loss):
    """n times the gradient of the loss with respect to the logits."""
    return sigmoid(z) - y if loss == "bce" else slope(z, y)


def _training(pull=_pull, link=lambda g, x: x.T @ g / len(x)):
    """Gradient descent from its parts; the whole path of the weights is returned."""

    def train(x, y, start, loss="bce", rate=0.5, steps=100):
        if loss not in ("bce", "mse"):
            raise ValueError(f"unknown loss {loss!r}")
        start = start.astype(np.float64)
        return walk(start, rate, steps, lambda path: link(pull(x @ path[-1], y, loss), x))

    return train


_right = _training()
_of_path = partial(changing, _right)


def _linked(link):
    return _training(link=link)


def _mse(other):
    """With another gradient of the squared error."""
    return _training(lambda z, y, loss: _pull(z, y, loss) if loss == "bce" else other(z, y))


def _gradient(x, y, w, loss):
    return x.T @ _pull(x @ w, y, loss) / len(x)


def _decaying(x, y, start, loss, rate, steps):
    return walk(start, rate, steps, lambda path: _gradient(x, y, path[-1], loss) / len(path))


def _one_item_at_a_time(x, y, start, loss, rate, steps):
    return walk(start, rate, steps, lambda path: _gradient(*item(path, x, y), path[-1], loss))


TRAIN_LOGISTIC = Exercise(
    signature='train_logistic(x, y, start, loss="bce", rate=0.5, steps=100)',
    read="squared-error-or-cross-entropy",
    right=_right,
    draw=_draw_race,
    probes=(kinds.words("loss", "bce", "mse"),),
    # Rounding errors of single precision may add up over the steps.
    atol=1e-4,
    mistakes={
        "the derivative of the sigmoid forgotten in the squared error": _mse(times(lambda z: 1)),
        "the 2 of the squared error forgotten": _mse(lambda z, y: 0.5 * slope(z, y)),
        "the cross-entropy whatever loss says": _training(lambda z, y, loss: _pull(z, y, "bce")),
        "the squared error whatever loss says": _training(lambda z, y, loss: _pull(z, y, "mse")),
        "uphill instead of downhill": _linked(lambda g, x: -x.T @ g / len(x)),
        "the factor x missing in the gradient of the weights": _linked(
            lambda g, x: g.mean() * np.ones(x.shape[1])
        ),
        "the sum over the items instead of the mean": _linked(lambda g, x: x.T @ g),
        "divided by the number of items twice": _linked(lambda g, x: x.T @ g / len(x) ** 2),
        "a start at 0 instead of at start": lambda x, y, start, **kw: _right(x, y, 0 * start, **kw),
        "the first row not the start": lambda x, y, start, steps, **kw: _right(
            x, y, start, steps=steps + 1, **kw
        )[1:],
        "the last weights in every row": _of_path(lambda path: 0 * path + path[-1]),
        "only the last weights returned": _of_path(lambda path: path[-1]),
        "the start left out": _of_path(lambda path: path[1:]),
        "one row too few": _of_path(lambda path: path[:-1]),
        "no sigmoid between the scores and the loss": _training(lambda z, y, loss: z - y),
        "decisions instead of probabilities": _training(lambda z, y, loss: (z > 0) - y),
        "a learning rate that shrinks": _decaying,
        "one item a step": _one_item_at_a_time,
        "z(1 - z) for the derivative of the sigmoid": _mse(times(lambda z: z * (1 - z))),
        "overflow in the sigmoid": _training(
            lambda z, y, loss: overflowing_sigmoid(z) - y if loss == "bce" else overflowing(z, y)
        ),
    },
)
