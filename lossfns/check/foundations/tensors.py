"""One step of training in PyTorch."""

import numpy as np

from lossfns.check import kinds
from lossfns.check.exercise import Exercise, Misconception
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
        "Predictions of shape (n, 1) minus targets of shape (n,) are an n × n table, and the "
        "step fits every prediction to everybody's target. Compare the shapes of x and y "
        "first and raise ValueError.",
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
    name="training_step_torch",
    signature="training_step_torch(params, x, y, rate)",
    read="sec-01-loop",
    right=_right,
    draw=_draw,
    probes=(kinds.shapes("x", "y", axes=1),),
    torch=True,
    misconceptions=(
        Misconception(
            "uphill instead of downhill",
            _stepping(lambda params, gradient, rate: params + rate * gradient),
            "The gradient points to where the loss grows. The step goes against it: subtract.",
        ),
        Misconception(
            "the gradient instead of the new parameters",
            _stepping(lambda params, gradient, rate: gradient),
            "This is the gradient of the loss. The step is still to be made: "
            "params - rate · gradient.",
        ),
        Misconception(
            "the step instead of the new parameters",
            _stepping(lambda params, gradient, rate: -rate * gradient),
            "This is by how much the parameters move. Add it to where they were.",
        ),
        Misconception(
            "the loss instead of the new parameters",
            _loss,
            "The loss is only what you differentiate. Return where the step leads: two numbers.",
        ),
        Misconception(
            "the parameters as they were",
            _stepping(lambda params, gradient, rate: params.clone()),
            "Nothing has moved. backward() only fills .grad; the update is a line of its own.",
        ),
        Misconception(
            "the learning rate without effect",
            _stepping(lambda params, gradient, rate: params - gradient),
            "A step of the full gradient overshoots. Multiply it by rate.",
        ),
        Misconception(
            "the sum over the items instead of the mean",
            _stepping(lambda params, gradient, rate: params - rate * gradient, mean=False),
            "The loss is a mean over the n items. The gradient of the sum is n times as large, "
            "which is the same as a learning rate n times too high.",
        ),
        Misconception(
            "half of the step",
            _stepping(lambda params, gradient, rate: params - 0.5 * rate * gradient),
            "The derivative of e² is 2e. Let autograd differentiate the mean of the squares, "
            "without a ½.",
        ),
        Misconception(
            "twice the step",
            _stepping(lambda params, gradient, rate: params - 2 * rate * gradient),
            "backward() adds to .grad: called twice, or on tensors that still hold an old "
            "gradient, it doubles the step.",
        ),
        Misconception(
            "only the slope moved",
            _stepping(
                lambda params, gradient, rate: params - rate * gradient * params.new_tensor([1, 0])
            ),
            "The intercept is a parameter, too: subtract the whole gradient.",
        ),
        Misconception(
            "the intercept moved with the new slope",
            _one_after_the_other,
            "Both derivatives belong to the same point. One backward() gives both; then move both.",
        ),
        Misconception(
            "slope and intercept exchanged",
            _stepping(lambda params, gradient, rate: params - rate * gradient.flip(0)),
            "params[0] is the slope, which multiplies x, and params[1] the intercept.",
        ),
        Misconception(
            "a step of the mean absolute error",
            _absolute,
            "The loss of this step is the mean squared error: its pull grows with the error.",
        ),
        Misconception(
            "the parameters of the caller changed in place",
            _stepping(_in_place),
            "`params -= ...` overwrites the tensor of the caller, who may still need the old "
            "parameters. Work on params.clone(), or return a new tensor.",
        ),
        Misconception(
            "a NumPy array instead of a tensor",
            _stepping(lambda params, gradient, rate: (params - rate * gradient).numpy()),
            "The next step needs a tensor. Use .detach(), which keeps it one, not .numpy().",
        ),
    ),
)
