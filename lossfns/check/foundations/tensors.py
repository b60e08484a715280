"""One step of training in PyTorch."""

import numpy as np

from lossfns.check import kinds
from lossfns.check.exercise import Exercise
from lossfns.check.foundations.points import points
from lossfns.check.questions import ask, refuse, single, some

_NAMES = "params x y"


def _draw(rng):
    rate = float(np.round(rng.uniform(0.02, 0.09), 3))
    for count in (1, 2, 3, 5, int(rng.integers(30, 60))):
        x, y = points(rng, count)
        params = some(rng, [0.5, -1.0, 2.0, -2.5], (2,))
        yield ask(_NAMES, single(params, x, y), rate=rate)
        yield ask(_NAMES, single(0 * params, x, y), rate=0.5)
    yield ask(_NAMES, (params, x, y), rate=rate)
    x, y = single(*points(rng, 3))
    yield refuse(
        "broadcasting of (n, 1) against (n,)",
        params=np.zeros(2, np.float32),
        x=x[:, None],
        y=y,
        rate=rate,
    )


def _right(params, x, y, rate):
    return params - rate * _slopes(params, x, y, np.array)


def _slopes(params, x, y, make):
    e = params[0] * x + params[1] - y
    return make([float((2 * e * x).mean()), float((2 * e).mean())])


def _stepping(step, mean=True):
    """A variant from its step, a function of params, gradient and rate."""

    def wrong(params, x, y, rate):
        gradient = _slopes(params, x, y, params.new_tensor)
        return step(params, gradient if mean else gradient * len(x), rate)

    return wrong


def _in_place(params, gradient, rate):
    params -= rate * gradient
    return params


def _one_after_the_other(params, x, y, rate):
    for keep in ([1.0, 0.0], [0.0, 1.0]):
        gradient = _slopes(params, x, y, params.new_tensor)
        params = params - rate * gradient * params.new_tensor(keep)
    return params


def _absolute(params, x, y, rate):
    sign = (params[0] * x + params[1] - y).sign()
    return params - rate * params.new_tensor([float((sign * x).mean()), float(sign.mean())])


def _loss(params, x, y, rate):
    return ((params[0] * x + params[1] - y) ** 2).mean()


TRAINING_STEP_TORCH = Exercise(
    signature="training_step_torch(params, x, y, rate)",
    read="sec-01-loop",
    right=_right,
    draw=_draw,
    probes=(kinds.shapes("x", "y", axes=1),),
    torch=True,
    mistakes={
        "uphill instead of downhill": _stepping(
            lambda params, gradient, rate: params + rate * gradient
        ),
        "the gradient instead of the new parameters": _stepping(
            lambda params, gradient, rate: gradient
        ),
        "the step instead of the new parameters": _stepping(
            lambda params, gradient, rate: -rate * gradient
        ),
        "the loss instead of the new parameters": _loss,
        "the parameters as they were": _stepping(lambda params, gradient, rate: params.clone()),
        "the learning rate without effect": _stepping(
            lambda params, gradient, rate: params - gradient
        ),
        "the sum over the items instead of the mean": _stepping(
            lambda params, gradient, rate: params - rate * gradient, mean=False
        ),
        "half of the step": _stepping(
            lambda params, gradient, rate: params - 0.5 * rate * gradient
        ),
        "twice the step": _stepping(lambda params, gradient, rate: params - 2 * rate * gradient),
        "only the slope moved": _stepping(
            lambda params, gradient, rate: params - rate * gradient * params.new_tensor([1, 0])
        ),
        "the intercept moved with the new slope": _one_after_the_other,
        "slope and intercept exchanged": _stepping(
            lambda params, gradient, rate: params - rate * gradient.flip(0)
        ),
        "a step of the mean absolute error": _absolute,
        "the parameters of the caller changed in place": _stepping(_in_place),
        "a NumPy array instead of a tensor": _stepping(
            lambda params, gradient, rate: (params - rate * gradient).numpy()
        ),
    },
)
