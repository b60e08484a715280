"""One step of training in PyTorch."""

from functools import partial

import numpy as np

from lossfns.check import kinds
from lossfns.check.exercise import Exercise
from lossfns.check.foundations import line
from lossfns.check.foundations.points import points
from lossfns.check.questions import ask, refuse, single, some

_ask = partial(ask, "params x y")


def _draw(rng):
    rate = float(np.round(rng.uniform(0.02, 0.09), 3))
    for count in (1, 2, 3, 5, int(rng.integers(30, 60))):
        x, y = points(rng, count)
        params = some(rng, [0.5, -1.0, 2.0, -2.5], (2,))
        yield _ask(single(params, x, y), rate=rate)
        yield _ask(single(0 * params, x, y), rate=0.5)
    yield _ask((params, x, y), rate=rate)
    x, y = single(*points(rng, 3))
    odd = {"params": np.zeros(2, np.float32), "x": x[:, None], "y": y}
    yield refuse("broadcasting of (n, 1) against (n,)", **odd, rate=rate)


def _right(params, x, y, rate):
    return params - rate * line.gradient(x, y, *params)


def _error(params, x, y):
    return params[0] * x + params[1] - y


def _slopes(params, x, y):
    """The gradient in PyTorch."""
    e = _error(params, x, y)
    return params.new_tensor([float((2 * e * x).mean()), float((2 * e).mean())])


def _step(step):
    """A variant from its step, a function of parameters w, gradient g and rate."""
    return lambda params, x, y, rate: step(params, _slopes(params, x, y), rate)


def _one_after_the_other(params, x, y, rate):
    for keep in ([1.0, 0.0], [0.0, 1.0]):
        params = params - rate * _slopes(params, x, y) * params.new_tensor(keep)
    return params


def _absolute(params, x, y, rate):
    sign = _error(params, x, y).sign()
    return params - rate * params.new_tensor([float((sign * x).mean()), float(sign.mean())])


TRAINING_STEP_TORCH = Exercise(
    signature="training_step_torch(params, x, y, rate)",
    read="sec-01-loop",
    right=_right,
    draw=_draw,
    probes=(kinds.shapes("x", "y", axes=1),),
    torch=True,
    mistakes={
        "uphill instead of downhill": _step(lambda w, g, rate: w + rate * g),
        "the gradient instead of the new parameters": _step(lambda w, g, rate: g),
        "the step instead of the new parameters": _step(lambda w, g, rate: -rate * g),
        "the loss instead of the new parameters": lambda w, x, y, rate: (
            _error(w, x, y) ** 2
        ).mean(),
        "the parameters as they were": _step(lambda w, g, rate: w.clone()),
        "the learning rate without effect": _step(lambda w, g, rate: w - g),
        "the sum over the items instead of the mean": lambda w, x, y, rate: (
            w - rate * len(x) * _slopes(w, x, y)
        ),
        "half of the step": _step(lambda w, g, rate: w - 0.5 * rate * g),
        "twice the step": _step(lambda w, g, rate: w - 2 * rate * g),
        "only the slope moved": _step(lambda w, g, rate: w - rate * g * w.new_tensor([1, 0])),
        "the intercept moved with the new slope": _one_after_the_other,
        "slope and intercept exchanged": _step(lambda w, g, rate: w - rate * g.flip(0)),
        "a step of the mean absolute error": _absolute,
        "the parameters of the caller changed in place": _step(lambda w, g, rate: w.sub_(rate * g)),
        "a NumPy array instead of a tensor": _step(lambda w, g, rate: (w - rate * g).numpy()),
    },
)
