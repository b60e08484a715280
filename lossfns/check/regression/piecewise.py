"""The Huber loss, its gradient, and the Huber loss in PyTorch."""

import numpy as np

import lossfns.numpy as ln
from lossfns.check import faults, kinds, questions
from lossfns.check.exercise import Exercise, summed_slope
from lossfns.check.questions import between, refuse
from lossfns.check.recipes import averaged_error, each, of_error, per_error


def huber(e, delta=1.0):
    clipped = e.clip(-delta, delta)
    return clipped * (e - 0.5 * clipped)


_FAR = np.array([1e12, -1e12, 0.5]), np.array([0.0, 0.0, 0.5])
_PROBES = (*kinds.ERRORS, kinds.huge("pred"))


def _ask(rng, pairs):
    yield from questions.ask_errors(pairs)
    yield from questions.ask_errors(pairs[:6], delta=2.0)
    yield from questions.ask_errors(pairs, delta=between(rng, 0.2, 0.8))
    yield from questions.ask_errors(questions.singles(pairs[3:5]), delta=2.0)
    yield from questions.ask_errors([_FAR], "extremes", delta=2.0)


def _draw_huber(rng):
    pairs = questions.errors(rng)
    yield from _ask(rng, pairs)
    yield from questions.ask_reductions([pairs[2], pairs[4]], delta=2.0)
    for bad in (0.0, -1.0):
        yield refuse("a δ that is not positive accepted", **questions.two(rng), delta=bad)


def _parts(inside, outside, near=lambda e, d: abs(e) <= d):
    """A core from its two branches, and from where they meet."""

    def core(e, delta=1.0):
        here = near(e, delta)
        return here * inside(e, delta) + ~here * outside(e, delta)

    return core


def _half(e, d):
    return 0.5 * e * e


def _line(e, d):
    return d * (abs(e) - 0.5 * d)


# Here d is δ.
_CORES = {
    "the ½ of the quadratic part forgotten": _parts(lambda e, d: e * e, _line),
    "the linear part not lowered": _parts(_half, lambda e, d: d * abs(e)),
    "δ in place of ½δ in the linear part": _parts(_half, lambda e, d: d * (abs(e) - d)),
    "½ in place of ½δ in the linear part": _parts(_half, lambda e, d: d * (abs(e) - 0.5)),
    "½δ added instead of subtracted": _parts(_half, lambda e, d: d * (abs(e) + 0.5 * d)),
    "the factor δ of the linear part forgotten": _parts(_half, lambda e, d: abs(e) - 0.5 * d),
    "smooth L1 instead of Huber": lambda e, delta=1.0: huber(e, delta) / delta,
    "the two parts exchanged": _parts(_line, _half),
    "the error instead of its size compared with δ": _parts(_half, _line, lambda e, d: e <= d),
    "the squared error compared with δ": _parts(_half, _line, lambda e, d: e * e <= d),
    "the linear part without absolute value": _parts(_half, lambda e, d: d * (e - 0.5 * d)),
    "δ fixed at 1": lambda e, delta=1.0: huber(e),
    "the linear part of δ = 1": _parts(_half, lambda e, d: abs(e) - 0.5),
    "no linear part": lambda e, delta=1.0: 0.5 * e * e,
    "the error clipped before it is squared": lambda e, delta=1.0: 0.5 * e.clip(-delta, delta) ** 2,
    "the pseudo-Huber loss": lambda e, delta=1.0: delta**2 * ((1 + (e / delta) ** 2) ** 0.5 - 1),
}
_FORMULA = each(per_error, _CORES) | faults.of_mean(of_error(huber))

HUBER = Exercise(
    signature='huber(pred, target, delta=1.0, reduction="mean")',
    read="loss-huber",
    right=ln.huber,
    draw=_draw_huber,
    probes=(kinds.outside("delta", 0.0, ends=(0.0,)), *_PROBES),
    mistakes=_FORMULA | faults.of_reduction(of_error(huber)),
)


def _clipped(e, delta=1.0):
    return e.clip(-delta, delta)


_SLOPES = {
    "the sign forgotten in the tails": _parts(lambda e, d: e, lambda e, d: d + 0 * e),
    "±1 in place of ±δ in the tails": _parts(lambda e, d: e, lambda e, d: np.sign(e)),
    "no limit on the gradient": lambda e, delta=1.0: e,
    "δ times the error in the tails": _parts(lambda e, d: e, lambda e, d: d * e),
    "no gradient beyond δ": _parts(lambda e, d: e, lambda e, d: 0 * e),
    "2e inside instead of e": _parts(lambda e, d: 2 * e, lambda e, d: d * np.sign(e)),
    "the two parts exchanged": _parts(lambda e, d: d * np.sign(e), lambda e, d: e),
    "the gradient of smooth L1": lambda e, delta=1.0: _clipped(e, delta) / delta,
    "δ fixed at 1": lambda e, delta=1.0: _clipped(e),
    "the loss per item instead of its derivative": huber,
}

HUBER_GRAD = Exercise(
    signature="huber_grad(pred, target, delta=1.0)",
    read="loss-huber",
    right=ln.huber.grad,
    draw=lambda rng: _ask(rng, questions.errors(rng)),
    probes=_PROBES,
    mistakes=faults.of_gradient(of_error(_clipped)) | each(averaged_error, _SLOPES),
)


def _draw_huber_torch(rng):
    pairs = questions.errors(rng)
    delta = between(rng, 0.2, 0.8)
    yield from questions.ask_errors(questions.both_floats(pairs), wants=("pred",))
    yield from questions.ask_errors(questions.singles(pairs), wants=("pred",), delta=2.0)
    yield from questions.ask_errors(questions.singles(pairs), wants=("pred",), delta=delta)
    yield from questions.ask_errors(questions.singles([_FAR]), "extremes", ("pred",), delta=2.0)


HUBER_TORCH = Exercise(
    signature="huber_torch(pred, target, delta=1.0)",
    read="loss-huber",
    right=ln.huber,
    draw=_draw_huber_torch,
    probes=_PROBES,
    torch=True,
    slopes={"pred": summed_slope(ln.huber)},
    twin="HuberLoss",
    mistakes=_FORMULA,
)
