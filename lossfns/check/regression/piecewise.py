"""The Huber loss, its gradient, and the Huber loss in PyTorch."""

import numpy as np

import lossfns.numpy as ln
from lossfns.check import faults, kinds, questions
from lossfns.check.exercise import Exercise, summed_slope
from lossfns.check.questions import refuse
from lossfns.check.recipes import averaged, of_error, per_error


def huber(e, delta=1.0):
    clipped = e.clip(-delta, delta)
    return clipped * (e - 0.5 * clipped)


def _draw_huber(rng):
    pairs = questions.errors(rng)
    yield from questions.ask_errors(pairs)
    yield from questions.ask_errors(pairs[:6], delta=2.0)
    yield from questions.ask_errors(pairs, delta=float(np.round(rng.uniform(0.2, 0.8), 2)))
    yield from questions.ask_errors(questions.singles(pairs[3:5]), delta=2.0)
    yield from questions.ask_reductions([pairs[2], pairs[4]], delta=2.0)
    far = np.array([1e12, -1e12, 0.5]), np.array([0.0, 0.0, 0.5])
    yield from questions.ask_errors([far], "extremes", delta=2.0)
    for bad in (0.0, -1.0):
        yield refuse("a δ that is not positive accepted", **questions.two(rng), delta=bad)


def _huber_core(inside, outside, limit=lambda e, delta: abs(e) <= delta):
    """A piecewise core from its two branches and the place where they meet."""

    def core(e, delta=1.0):
        near = limit(e, delta)
        return near * inside(e, delta) + ~near * outside(e, delta)

    return core


def _half(e, delta):
    return 0.5 * e * e


def _line(e, delta):
    return delta * (abs(e) - 0.5 * delta)


HUBER_SHAPES = {
    "the ½ of the quadratic part forgotten": per_error(_huber_core(lambda e, delta: e * e, _line)),
    "the linear part not lowered": per_error(_huber_core(_half, lambda e, delta: delta * abs(e))),
    "δ in place of ½δ in the linear part": per_error(
        _huber_core(_half, lambda e, delta: delta * (abs(e) - delta))
    ),
    "½ in place of ½δ in the linear part": per_error(
        _huber_core(_half, lambda e, delta: delta * (abs(e) - 0.5))
    ),
    "½δ added instead of subtracted": per_error(
        _huber_core(_half, lambda e, delta: delta * (abs(e) + 0.5 * delta))
    ),
    "the factor δ of the linear part forgotten": per_error(
        _huber_core(_half, lambda e, delta: abs(e) - 0.5 * delta)
    ),
    "smooth L1 instead of Huber": per_error(lambda e, delta=1.0: huber(e, delta) / delta),
    "the two parts exchanged": per_error(_huber_core(_line, _half)),
    "the error instead of its size compared with δ": per_error(
        _huber_core(_half, _line, lambda e, delta: e <= delta)
    ),
    "the squared error compared with δ": per_error(
        _huber_core(_half, _line, lambda e, delta: e * e <= delta)
    ),
    "the linear part without absolute value": per_error(
        _huber_core(_half, lambda e, delta: delta * (e - 0.5 * delta))
    ),
    "δ fixed at 1": per_error(lambda e, delta=1.0: huber(e)),
    "the linear part of δ = 1": per_error(_huber_core(_half, lambda e, delta: abs(e) - 0.5)),
    "no linear part": per_error(lambda e, delta=1.0: 0.5 * e * e),
    "the error clipped before it is squared": per_error(
        lambda e, delta=1.0: 0.5 * e.clip(-delta, delta) ** 2
    ),
    "the pseudo-Huber loss": per_error(
        lambda e, delta=1.0: delta**2 * ((1 + (e / delta) ** 2) ** 0.5 - 1)
    ),
}

HUBER = Exercise(
    signature='huber(pred, target, delta=1.0, reduction="mean")',
    read="loss-huber",
    right=ln.huber,
    draw=_draw_huber,
    probes=(
        kinds.outside("delta", 0.0, ends=(0.0,)),
        kinds.exact_items("pred", "target"),
        kinds.offset("pred", "target"),
        kinds.tiny("pred", "target"),
        kinds.huge("pred"),
    ),
    mistakes={
        **HUBER_SHAPES,
        **faults.of_mean(of_error(huber)),
        **faults.of_reduction(of_error(huber)),
    },
)


def _draw_huber_grad(rng):
    pairs = questions.errors(rng)
    yield from questions.ask_errors(pairs)
    yield from questions.ask_errors(pairs[:6], delta=2.0)
    yield from questions.ask_errors(pairs, delta=float(np.round(rng.uniform(0.2, 0.8), 2)))
    yield from questions.ask_errors(questions.singles(pairs[3:5]), delta=2.0)
    far = np.array([1e12, -1e12, 0.5]), np.array([0.0, 0.0, 0.5])
    yield from questions.ask_errors([far], "extremes", delta=2.0)


def _clipped(e, delta=1.0):
    return e.clip(-delta, delta)


HUBER_GRAD = Exercise(
    signature="huber_grad(pred, target, delta=1.0)",
    read="loss-huber",
    right=ln.huber.grad,
    draw=_draw_huber_grad,
    probes=(
        kinds.exact_items("pred", "target"),
        kinds.offset("pred", "target"),
        kinds.tiny("pred", "target"),
        kinds.huge("pred"),
    ),
    mistakes={
        **faults.of_gradient(of_error(_clipped)),
        "the sign forgotten in the tails": averaged(
            of_error(_huber_core(lambda e, delta: e, lambda e, delta: delta + 0 * e))
        ),
        "±1 in place of ±δ in the tails": averaged(
            of_error(_huber_core(lambda e, delta: e, lambda e, delta: np.sign(e)))
        ),
        "no limit on the gradient": averaged(of_error(lambda e, delta=1.0: e)),
        "no gradient beyond δ": averaged(
            of_error(_huber_core(lambda e, delta: e, lambda e, delta: 0 * e))
        ),
        "2e inside instead of e": averaged(
            of_error(_huber_core(lambda e, delta: 2 * e, lambda e, delta: delta * np.sign(e)))
        ),
        "the two parts exchanged": averaged(
            of_error(_huber_core(lambda e, delta: delta * np.sign(e), lambda e, delta: e))
        ),
        "the gradient of smooth L1": averaged(
            of_error(lambda e, delta=1.0: _clipped(e, delta) / delta)
        ),
        "δ fixed at 1": averaged(of_error(lambda e, delta=1.0: _clipped(e))),
        "the loss per item instead of its derivative": averaged(of_error(huber)),
    },
)


def _draw_huber_torch(rng):
    pairs = questions.errors(rng)
    delta = float(np.round(rng.uniform(0.2, 0.8), 2))
    yield from questions.ask_errors(questions.both_floats(pairs), wants=("pred",))
    yield from questions.ask_errors(questions.singles(pairs), wants=("pred",), delta=2.0)
    yield from questions.ask_errors(questions.singles(pairs), wants=("pred",), delta=delta)
    far = np.array([1e12, -1e12, 0.5], np.float32), np.array([0.0, 0.0, 0.5], np.float32)
    yield from questions.ask_errors([far], "extremes", wants=("pred",), delta=2.0)


HUBER_TORCH = Exercise(
    signature="huber_torch(pred, target, delta=1.0)",
    read="loss-huber",
    right=ln.huber,
    draw=_draw_huber_torch,
    probes=(
        kinds.exact_items("pred", "target"),
        kinds.offset("pred", "target"),
        kinds.tiny("pred", "target"),
        kinds.huge("pred"),
    ),
    torch=True,
    slopes={"pred": summed_slope(ln.huber)},
    twin="HuberLoss",
    mistakes={**HUBER_SHAPES, **faults.of_mean(of_error(huber))},
)
