"""Absolute errors: MAE, its gradient, and the quantile loss."""

import numpy as np

import lossfns.numpy as ln
from lossfns.check import faults, kinds, questions
from lossfns.check.exercise import Exercise
from lossfns.check.questions import between, refuse
from lossfns.check.recipes import averaged_error, each, of_error, per_error

MAE = Exercise(
    signature="mae(pred, target)",
    read="loss-mae",
    right=ln.mae,
    draw=questions.plain,
    probes=kinds.ERRORS,
    mistakes={
        **faults.of_mean(of_error(abs)),
        "the absolute value of the mean error": of_error(lambda e: abs(e.mean())),
        "the errors without absolute value": of_error(lambda e: e.mean()),
        "the squared error instead of the absolute error": per_error(lambda e: e * e),
        "the root mean squared error": of_error(lambda e: (e * e).mean() ** 0.5),
        "half of the mean absolute error": per_error(lambda e: 0.5 * abs(e)),
        "a percentage": lambda p, y: abs((p - y) / y).mean(),
        "the median instead of the mean": per_error(abs, mean=np.median),
    },
)


def _draw_mae_grad(rng):
    yield from questions.plain(rng)
    kink = np.array([0.5, -1.0, 2.0]), np.array([0.5, 1.0, 2.0])
    yield from questions.ask_errors([kink], "extremes")


_SLOPES = {
    "NaN at the kink": lambda e: e / abs(e),
    "slope +1 at the kink": lambda e: np.where(e >= 0, 1.0, -1.0),
    "slope -1 at the kink": lambda e: np.where(e > 0, 1.0, -1.0),
    "the gradient of the squared error": lambda e: 2 * e,
    "the error instead of its sign": lambda e: e,
    "the loss per item instead of its derivative": abs,
}

MAE_GRAD = Exercise(
    signature="mae_grad(pred, target)",
    read="loss-mae",
    right=ln.mae.grad,
    draw=_draw_mae_grad,
    probes=(kinds.offset("pred", "target"), kinds.tiny("pred", "target")),
    mistakes=faults.of_gradient(of_error(np.sign)) | each(averaged_error, _SLOPES),
)


def _draw_quantile(rng):
    pairs = questions.errors(rng)
    level = between(rng, 0.6, 0.95)
    yield from questions.ask_errors(pairs[:6], q=0.5)
    yield from questions.ask_errors(pairs, q=level)
    yield from questions.ask_errors(pairs, q=0.1)
    yield from questions.ask_errors(questions.singles(pairs[3:5]), q=level)
    far = np.array([1e12, -1e12, 0.5]), np.array([0.0, 0.0, 0.5])
    yield from questions.ask_errors([far], "extremes", q=0.9)
    for q in (1.5, -0.1):
        yield refuse("a level outside 0 … 1 accepted", **questions.two(rng), q=q)


def _pinball(e, q):
    return np.maximum(-q * e, (1 - q) * e)


_SIDES = {
    "q and 1 - q exchanged": lambda e, q: _pinball(e, 1 - q),
    "the side with the weight 1 - q forgotten": lambda e, q: np.maximum(-q * e, 0),
    "the same weight q on both sides": lambda e, q: q * abs(e),
    "twice the quantile loss": lambda e, q: 2 * _pinball(e, q),
    "squares instead of absolute errors": lambda e, q: np.where(e < 0, q, 1 - q) * e * e,
    "the mean absolute error": lambda e, q: abs(e),
    "q fixed at ½": lambda e, q: 0.5 * abs(e),
    "the smaller of the two sides": lambda e, q: np.minimum(-q * e, (1 - q) * e),
    "both weights on the same side": lambda e, q: np.maximum(-q * e, (q - 1) * e),
    "the sign of one side wrong": lambda e, q: np.where(e < 0, -q * e, (q - 1) * e),
}

QUANTILE = Exercise(
    signature="quantile(pred, target, q)",
    read="loss-quantile",
    right=ln.quantile,
    draw=_draw_quantile,
    probes=(
        kinds.outside("q", 0.0, 1.0, ends=(0.0, 1.0)),
        *kinds.ERRORS,
        kinds.huge("pred"),
    ),
    mistakes=each(per_error, _SIDES) | faults.of_mean(of_error(_pinball)),
)
