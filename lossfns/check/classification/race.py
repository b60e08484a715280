"""The race of squared error against cross-entropy: one classifier, trained by hand with either."""

from functools import partial

import numpy as np

from lossfns.check import kinds
from lossfns.check.classification.squared import overflowing, slope
from lossfns.check.exercise import Exercise, Misconception
from lossfns.check.questions import ask, refuse
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
    rate = float(np.round(rng.uniform(0.2, 0.4), 2))
    for arrays, steps in ((few, 2), (four, 3), (many, 40)):
        for loss in ("bce", "mse"):
            yield _start(arrays, loss=loss, rate=rate, steps=steps)
    yield _start(few, loss="bce", rate=1.0, steps=0)
    far = np.array([[1.0], [-2.0]]), np.array([0.0, 1.0]), np.array([900.0])
    for loss in ("bce", "mse"):
        yield _start(far, "extremes", loss=loss, rate=0.5, steps=2)
    x, y, start = few
    yield refuse(
        "an unknown loss taken for one of the two",
        'With loss="accuracy" a typing error, or a wish that cannot be trained, goes '
        'unnoticed. Raise ValueError for everything but "bce" and "mse".',
        x=x,
        y=y,
        start=start,
        loss="accuracy",
        rate=0.5,
        steps=1,
    )


_start = partial(ask, "x y start")


def _pull(z, y, loss):
    """n times the gradient of the loss with respect to the logits."""
    return sigmoid(z) - y if loss == "bce" else slope(z, y)


def _training(pull=_pull, link=lambda pull, x: x.T @ pull / len(x), sign=-1):
    """Gradient descent from its parts; the whole path of the weights is returned."""

    def train(x, y, start, loss="bce", rate=0.5, steps=100):
        if loss not in ("bce", "mse"):
            raise ValueError(f"unknown loss {loss!r}")
        path = [start.astype(np.float64)]
        for _ in range(steps):
            w = path[-1]
            path.append(w + sign * rate * link(pull(x @ w, y, loss), x))
        return np.array(path)

    return train


_train = _training()


def _without_start(x, y, start, steps=100, **options):
    return _train(x, y, start, steps=steps + 1, **options)[1:]


def _repeated(x, y, start, **options):
    path = _train(x, y, start, **options)
    return 0 * path + path[-1]


def _decaying(x, y, start, loss="bce", rate=0.5, steps=100):
    path = [start]
    for step in range(steps):
        pull = _pull(x @ path[-1], y, loss)
        path.append(path[-1] - rate / (step + 1) * x.T @ pull / len(x))
    return np.array(path)


def _one_item_at_a_time(x, y, start, loss="bce", rate=0.5, steps=100):
    path = [start]
    for step in range(steps):
        row = slice(step % len(x), step % len(x) + 1)
        path.append(path[-1] - rate * x[row].T @ _pull(x[row] @ path[-1], y[row], loss))
    return np.array(path)


def _other_mse(other):
    return _training(lambda z, y, loss: _pull(z, y, loss) if loss == "bce" else other(z, y))


TRAIN_LOGISTIC = Exercise(
    name="train_logistic",
    signature='train_logistic(x, y, start, loss="bce", rate=0.5, steps=100)',
    read="squared-error-or-cross-entropy",
    right=_train,
    draw=_draw_race,
    probes=(kinds.words("loss", "bce", "mse"),),
    # Rounding errors of single precision may add up over the steps.
    atol=1e-4,
    misconceptions=(
        Misconception(
            "the derivative of the sigmoid forgotten in the squared error",
            _other_mse(lambda z, y: 2 * (sigmoid(z) - y)),
            'With loss="mse" the gradient over the logit has the factor p(1 - p). Without it '
            "squared error is cross-entropy at twice the rate, and there is no race.",
        ),
        Misconception(
            "the 2 of the squared error forgotten",
            _other_mse(lambda z, y: 0.5 * slope(z, y)),
            'With loss="mse" the loss is the mean of (p - y)², without ½: its derivative has a 2.',
        ),
        Misconception(
            "the cross-entropy whatever loss says",
            _training(lambda z, y, loss: _pull(z, y, "bce")),
            'With loss="mse" the path follows the gradient of the squared error of the '
            "probabilities.",
        ),
        Misconception(
            "the squared error whatever loss says",
            _training(lambda z, y, loss: _pull(z, y, "mse")),
            'With loss="bce" the path follows the gradient of the cross-entropy, σ(z) - y over '
            "the logits.",
        ),
        Misconception(
            "uphill instead of downhill",
            _training(sign=1),
            "The gradient points to where the loss grows. A step goes against it: subtract.",
        ),
        Misconception(
            "the factor x missing in the gradient of the weights",
            _training(link=lambda pull, x: pull.mean() * np.ones(x.shape[1])),
            "All weights move by the same step. Weight j acts on the logit through x[:, j], so by "
            "the chain rule its gradient is the sum of (gradient of the logit) times x[:, j].",
        ),
        Misconception(
            "the sum over the items instead of the mean",
            _training(link=lambda pull, x: x.T @ pull),
            "The losses are means over the n items. The gradient of the sum is n times as large, "
            "which is the same as a learning rate n times too high.",
        ),
        Misconception(
            "divided by the number of items twice",
            _training(link=lambda pull, x: x.T @ pull / len(x) ** 2),
            "Your gradient over the logits contains the 1/n of the mean already. Summing it "
            "against x must not divide again: x.T @ g.",
        ),
        Misconception(
            "a start at 0 instead of at start",
            lambda x, y, start, **options: _train(x, y, 0 * start, **options),
            "The first row of the path is start itself. The race is about how the two losses get "
            "away from a given place.",
        ),
        Misconception(
            "the first row not the start",
            _without_start,
            "Row 0 of the path is start, before any step; row t is what t steps have made of it.",
        ),
        Misconception(
            "the last weights in every row",
            _repeated,
            "`w -= ...` changes the array that the list holds already, many times over. Make a "
            "new array, `w = w - ...`, or append w.copy().",
        ),
        Misconception(
            "only the last weights returned",
            lambda x, y, start, **options: _train(x, y, start, **options)[-1],
            "The whole path is asked for: steps + 1 rows, one for each state of the weights.",
        ),
        Misconception(
            "the start left out",
            lambda x, y, start, **options: np.array(list(_train(x, y, start, **options)[1:])),
            "Put start itself into the path before the first update: steps + 1 rows in all.",
        ),
        Misconception(
            "one row too few",
            lambda x, y, start, **options: np.array(list(_train(x, y, start, **options)[:-1])),
            "steps updates make steps + 1 states: the start, and one after each update.",
        ),
        Misconception(
            "no sigmoid between the scores and the loss",
            _training(lambda z, y, loss: z - y),
            "x @ w is a logit, any real number. The model's answer is the probability σ(x @ w).",
        ),
        Misconception(
            "decisions instead of probabilities",
            _training(lambda z, y, loss: (z > 0) - y),
            "This is the perceptron's rule, which pulls with full strength or not at all. Both "
            "losses use the probability σ(z).",
        ),
        Misconception(
            "a learning rate that shrinks",
            _decaying,
            "The rate stays the same in all steps; a schedule would be one more thing in which the "
            "two runs differ.",
        ),
        Misconception(
            "one item a step",
            _one_item_at_a_time,
            "Each step uses the gradient of the mean over all items (full batch), not that of one "
            "item.",
        ),
        Misconception(
            "z(1 - z) for the derivative of the sigmoid",
            _other_mse(lambda z, y: 2 * (sigmoid(z) - y) * z * (1 - z)),
            "σ'(z) = σ(z)(1 - σ(z)): the sigmoid's output stands in the product, not its input.",
        ),
        Misconception(
            "overflow in the sigmoid",
            _training(
                lambda z, y, loss: (
                    overflowing_sigmoid(z) - y if loss == "bce" else overflowing(z, y)
                )
            ),
            "exp(z)/(1 + exp(z)) is ∞/∞ for large z, and one NaN spoils all weights for good. "
            "1/(1 + exp(-z)) is the same number and goes to 1 or 0 as it should.",
        ),
    ),
)
