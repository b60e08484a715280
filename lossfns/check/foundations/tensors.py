"""One step of training in PyTorch."""

import numpy as np

from lossfns.check import kinds
from lossfns.check.exercise import Exercise
from lossfns.check.foundations.line import errors, gradient, loss, points, pull
from lossfns.check.questions import ask, between, refuse, single, some


def _draw(rng):
    rate = between(rng, 0.02, 0.09, digits=3)
    for count in (1, 2, 3, 5, int(rng.integers(30, 60))):
        x, y = points(rng, count)
        params = some(rng, [0.5, -1.0, 2.0, -2.5], (2,))
        yield ask("params x y", single(params, x, y), rate=rate)
        yield ask("params x y", single(0 * params, x, y), rate=0.5)
    yield ask("params x y", (params, x, y), rate=rate)
    x, y = single(*points(rng, 3))
    odd = {"params": np.zeros(2, np.float32), "x": x[:, None], "y": y}
    yield refuse("broadcasting of (n, 1) against (n,)", **odd, rate=rate)


def _right(params, x, y, rate):
    return params - rate * gradient(x, y, *params)


def _step(step):
    """A variant from its step, a function of parameters w, gradient g and rate."""
    return lambda w, x, y, rate: step(w, gradient(x, y, *w), rate)


def _one_after_the_other(w, x, y, rate):
    for keep in ([1, 0], [0, 1]):
        w = w - rate * gradient(x, y, *w) * w.new_tensor(keep)
    return w


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
        "the loss instead of the new parameters": lambda w, x, y, rate: loss(x, y, *w),
        "the parameters as they were": _step(lambda w, g, rate: w.clone()),
        "the learning rate without effect": _step(lambda w, g, rate: w - g),
        "the sum over the items instead of the mean": lambda w, x, y, rate: (
            w - rate * len(x) * gradient(x, y, *w)
        ),
        "half of the step": _step(lambda w, g, rate: w - 0.5 * rate * g),
        "twice the step": _step(lambda w, g, rate: w - 2 * rate * g),
        "only the slope moved": _step(lambda w, g, rate: w - rate * g * w.new_tensor([1, 0])),
        "the intercept moved with the new slope": _one_after_the_other,
        "slope and intercept exchanged": _step(lambda w, g, rate: w - rate * g.flip(0)),
        "a step of the mean absolute error": lambda w, x, y, rate: (
            w - rate / 2 * pull(errors(x, y, *w).sign(), x)
        ),
        "the parameters of the caller changed in place": _step(lambda w, g, rate: w.sub_(rate * g)),
        "a NumPy array instead of a tensor": _step(lambda w, g, rate: (w - rate * g).numpy()),
    },
)
