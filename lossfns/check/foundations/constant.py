"""What a loss is after: the best constant under it."""

import numpy as np

from lossfns.check import kinds
from lossfns.check.exercise import Exercise, Misconception
from lossfns.check.questions import ask, refuse, single, some


def _draw_constant(rng):
    targets = [_skewed(rng, n) for n in (3, 4, 5, 8, int(rng.integers(20, 40)))]
    for loss in ("mse", "mae", "max"):
        yield from (ask("target", (target,), loss=loss) for target in targets)
        yield ask("target", single(targets[2]), loss=loss)
    for loss in ("mse", "mae", "max"):
        yield ask("target", (np.array([-2.5]),), aspect="extremes", loss=loss)
        yield ask("target", (np.full(3, 4.0),), aspect="extremes", loss=loss)
    yield refuse(
        "an unknown loss taken for the squared error",
        'Nobody can tell what "accuracy" of a number is. Raise ValueError for everything but '
        '"mse", "mae" and "max".',
        target=targets[0],
        loss="accuracy",
    )
    yield refuse(
        "a constant for no targets at all",
        "Without targets no constant is better than another. NaN, which the mean of nothing "
        "gives, travels on silently: raise ValueError.",
        target=np.zeros(0),
        loss="mse",
    )


def _skewed(rng, count):
    """Numbers on both sides of 0, the largest far off and in the middle of the array."""
    most = some(rng, [-3.0, -1.0, 0.5, 2.0, -2.0, 1.0], (count - 1,)) + 0.25
    return np.insert(most, count // 2, 12.0 + float(rng.integers(5)))


_BEST = {
    "mse": np.mean,
    "mae": np.median,
    "max": lambda target: (target.min() + target.max()) / 2,
}
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
    name="best_constant",
    signature="best_constant(target, loss)",
    read="sec-01-gradient",
    right=_choosing(),
    draw=_draw_constant,
    probes=(kinds.words("loss", "mse", "mae", "max"),),
    score=_loss_of,
    slack=0.01,
    misconceptions=(
        Misconception(
            "the mean whatever loss says",
            _always(np.mean),
            "The mean balances pulls that are as long as the errors, which is the squared error. "
            "Under the absolute error every pull has the same length; under the largest error "
            "only the two ends pull.",
        ),
        Misconception(
            "the median whatever loss says",
            _always(np.median),
            "The median has as many targets on the left as on the right, which balances pulls of "
            "equal length: the absolute error. Other losses balance elsewhere.",
        ),
        Misconception(
            "the middle between the ends whatever loss says",
            _always(_BEST["max"]),
            "The middle between smallest and largest target looks at two items only. Under squared "
            "and absolute error all of them pull.",
        ),
        Misconception(
            "mean and median exchanged",
            _choosing(mse=np.median, mae=np.mean),
            "Squared errors pull in proportion to their size and balance at the mean; absolute "
            "errors pull equally and balance at the median.",
        ),
        Misconception(
            "the mean for the largest error",
            _choosing(max=np.mean),
            "Only the largest error counts here, so only the two most distant targets pull. They "
            "balance halfway between them.",
        ),
        Misconception(
            "the median for the largest error",
            _choosing(max=np.median),
            "Only the largest error counts here, so only the two most distant targets pull. They "
            "balance halfway between them.",
        ),
        Misconception(
            "the largest target for the largest error",
            _choosing(max=np.max),
            '"max" is about the largest error, not the largest target. From the top, the smallest '
            "target is as far away as can be.",
        ),
        Misconception(
            "half of the range for the largest error",
            _choosing(max=lambda target: (target.max() - target.min()) / 2),
            "Half of the range is how large the error will be. Where to stand is the middle: the "
            "smallest target plus half of the range.",
        ),
        Misconception(
            "the middle entry of an unsorted array",
            _choosing(mae=lambda target: target[len(target) // 2]),
            "The median is the middle of the sorted targets: sort first, or use np.median.",
        ),
        Misconception(
            "the most frequent target for the absolute error",
            _choosing(mae=_most_frequent),
            "The mode is what counting mistakes leads to: right or wrong, no matter by how much. "
            "The absolute error balances at the median.",
        ),
        Misconception(
            "the mean of the absolute values for the absolute error",
            _choosing(mae=lambda target: abs(target).mean()),
            "The absolute value is taken of the errors, not of the targets. As many targets have "
            "to lie below the constant as above it.",
        ),
        Misconception(
            "the root of the mean square for the squared error",
            _choosing(mse=lambda target: (target**2).mean() ** 0.5),
            "The errors are squared, not the targets. Set the derivative of Σ (c - y)² to 0 and "
            "solve for c.",
        ),
        Misconception(
            "the least loss instead of the constant",
            _least,
            "This is how low the loss gets. Asked for is where: the constant itself.",
        ),
        Misconception(
            "always 0",
            _always(lambda target: 0.0),
            "A constant that does not look at the targets cannot be the best one for all of them.",
        ),
        Misconception(
            "one prediction for each target",
            lambda target, loss: np.full(target.shape, _choosing()(target, loss)),
            "The constant is one number, the same for all items: return that number.",
        ),
    ),
)
