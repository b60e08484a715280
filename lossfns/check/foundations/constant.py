"""What a loss is after: the best constant under it. The targets are t."""

from statistics import mode

import numpy as np

from lossfns.check import kinds
from lossfns.check.exercise import Exercise
from lossfns.check.questions import ask_all, refuse, single, some


def _draw_constant(rng):
    batches = [(_skewed(rng, n),) for n in (3, 4, 5, 8, int(rng.integers(20, 40)))]
    far = [(np.array([-2.5]),), (np.full(3, 4.0),)]
    for loss in _BEST:
        yield from ask_all("target", [*batches, single(*batches[2])], loss=loss)
        yield from ask_all("target", far, "extremes", loss=loss)
    target = batches[0][0]
    yield refuse("an unknown loss taken for the squared error", target=target, loss="accuracy")
    yield refuse("a constant for no targets at all", target=np.zeros(0), loss="mse")


def _skewed(rng, count):
    """Numbers on both sides of 0, the largest far off and in the middle of the array."""
    most = some(rng, [-3.0, -1.0, 0.5, 2.0, -2.0, 1.0], (count - 1,)) + 0.25
    return np.insert(most, count // 2, 12.0 + float(rng.integers(5)))


_BEST = {"mse": np.mean, "mae": np.median, "max": lambda t: (t.min() + t.max()) / 2}
_LOSS = {
    "mse": lambda e: float((e**2).mean()),
    "mae": lambda e: float(abs(e).mean()),
    "max": lambda e: float(abs(e).max()),
}


def _use(**otherwise):
    """The best constants, some of them replaced."""
    best = _BEST | otherwise

    def constant(target, loss):
        if loss not in best or target.size == 0:
            raise ValueError("an unknown loss, or no targets")
        return best[loss](target)

    return constant


_right = _use()


def _always(one):
    return _use(mse=one, mae=one, max=one)


def _loss_of(call, value):
    return _LOSS[call.options["loss"]](call.arrays["target"].astype(float) - value)


BEST_CONSTANT = Exercise(
    signature="best_constant(target, loss)",
    read="sec-01-gradient",
    right=_right,
    draw=_draw_constant,
    probes=(kinds.words("loss", "mse", "mae", "max"),),
    score=_loss_of,
    slack=0.01,
    mistakes={
        "the mean whatever loss says": _always(np.mean),
        "the median whatever loss says": _always(np.median),
        "the middle between the ends whatever loss says": _always(_BEST["max"]),
        "mean and median exchanged": _use(mse=np.median, mae=np.mean),
        "the mean for the largest error": _use(max=np.mean),
        "the median for the largest error": _use(max=np.median),
        "the largest target for the largest error": _use(max=np.max),
        "half of the range for the largest error": _use(max=lambda t: (t.max() - t.min()) / 2),
        "the middle entry of an unsorted array": _use(mae=lambda t: t[len(t) // 2]),
        "the most frequent target for the absolute error": _use(mae=lambda t: mode(sorted(t))),
        "the mean of the absolute values for the absolute error": _use(mae=lambda t: abs(t).mean()),
        "the root of the mean square for the squared error": _use(
            mse=lambda t: (t**2).mean() ** 0.5
        ),
        "the least loss instead of the constant": lambda t, loss: _LOSS[loss](t - _right(t, loss)),
        "always 0": _always(lambda t: 0.0),
        "one prediction for each target": lambda t, loss: np.full(t.shape, _right(t, loss)),
    },
)
