"""What a loss is after: the best constant under it."""

import numpy as np

from lossfns.check import kinds
from lossfns.check.exercise import Exercise
from lossfns.check.questions import ask, refuse, single, some


def _draw_constant(rng):
    targets = [_skewed(rng, n) for n in (3, 4, 5, 8, int(rng.integers(20, 40)))]
    for loss in ("mse", "mae", "max"):
        yield from (ask("target", (target,), loss=loss) for target in targets)
        yield ask("target", single(targets[2]), loss=loss)
    for loss in ("mse", "mae", "max"):
        yield ask("target", (np.array([-2.5]),), aspect="extremes", loss=loss)
        yield ask("target", (np.full(3, 4.0),), aspect="extremes", loss=loss)
    yield refuse("an unknown loss taken for the squared error", target=targets[0], loss="accuracy")
    yield refuse("a constant for no targets at all", target=np.zeros(0), loss="mse")


def _skewed(rng, count):
    """Numbers on both sides of 0, the largest far off and in the middle of the array."""
    most = some(rng, [-3.0, -1.0, 0.5, 2.0, -2.0, 1.0], (count - 1,)) + 0.25
    return np.insert(most, count // 2, 12.0 + float(rng.integers(5)))


_BEST = {"mse": np.mean, "mae": np.median, "max": lambda target: (target.min() + target.max()) / 2}
_LOSS = {
    "mse": lambda errors: float((errors**2).mean()),
    "mae": lambda errors: float(abs(errors).mean()),
    "max": lambda errors: float(abs(errors).max()),
}


def _choosing(**otherwise):
    """The best constants, some of them replaced."""
    best = _BEST | otherwise

    def wrong(target, loss):
        if loss not in best:
            raise ValueError(f"unknown loss {loss!r}")
        if target.size == 0:
            raise ValueError("no targets")
        return best[loss](target)

    return wrong


def _always(one):
    return _choosing(mse=one, mae=one, max=one)


def _loss_of(call_, value):
    return _LOSS[call_.options["loss"]](call_.arrays["target"].astype(float) - value)


def _least(target, loss):
    return _LOSS[loss](target - _choosing()(target, loss))


def _most_frequent(target):
    values, counts = np.unique(target, return_counts=True)
    return values[counts.argmax()]


BEST_CONSTANT = Exercise(
    signature="best_constant(target, loss)",
    read="sec-01-gradient",
    right=_choosing(),
    draw=_draw_constant,
    probes=(kinds.words("loss", "mse", "mae", "max"),),
    score=_loss_of,
    slack=0.01,
    mistakes={
        "the mean whatever loss says": _always(np.mean),
        "the median whatever loss says": _always(np.median),
        "the middle between the ends whatever loss says": _always(_BEST["max"]),
        "mean and median exchanged": _choosing(mse=np.median, mae=np.mean),
        "the mean for the largest error": _choosing(max=np.mean),
        "the median for the largest error": _choosing(max=np.median),
        "the largest target for the largest error": _choosing(max=np.max),
        "half of the range for the largest error": _choosing(
            max=lambda target: (target.max() - target.min()) / 2
        ),
        "the middle entry of an unsorted array": _choosing(
            mae=lambda target: target[len(target) // 2]
        ),
        "the most frequent target for the absolute error": _choosing(mae=_most_frequent),
        "the mean of the absolute values for the absolute error": _choosing(
            mae=lambda target: abs(target).mean()
        ),
        "the root of the mean square for the squared error": _choosing(
            mse=lambda target: (target**2).mean() ** 0.5
        ),
        "the least loss instead of the constant": _least,
        "always 0": _always(lambda target: 0.0),
        "one prediction for each target": lambda target, loss: np.full(
            target.shape, _choosing()(target, loss)
        ),
    },
)
