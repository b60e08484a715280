"""The Huber loss, its gradient, and the Huber loss in PyTorch."""

import numpy as np

import lossfns.numpy as ln
from lossfns.check import draws, kinds
from lossfns.check.exercise import Exercise, Misconception, summed_slope
from lossfns.check.mistakes import (
    averaging,
    flipped_gradient,
    huber_core,
    mean_over_rows,
    n_in_gradient,
    reduced_gradient,
    reducing,
    reduction_ignored,
    rows_in_gradient,
    sum_for_mean,
    value_for_gradient,
)


def huber(e, delta=1.0):
    clipped = e.clip(-delta, delta)
    return clipped * (e - 0.5 * clipped)


def _draw_huber(rng):
    pairs = draws.batches(rng)
    yield from draws.ask_all(pairs)
    yield from draws.ask_all(pairs[:6], delta=2.0)
    yield from draws.ask_all(pairs, delta=float(np.round(rng.uniform(0.2, 0.8), 2)))
    yield from draws.ask_all(draws.floats32(pairs[3:5]), delta=2.0)
    yield from draws.ask_reductions([pairs[2], pairs[4]], delta=2.0)
    far = np.array([1e12, -1e12, 0.5]), np.array([0.0, 0.0, 0.5])
    yield from draws.ask_all([far], "extremes", delta=2.0)
    yield draws.refuse(draws.two(rng), delta=0.0)
    yield draws.refuse(draws.two(rng), delta=-1.0)


def _half(e, delta):
    return 0.5 * e * e


def _line(e, delta):
    return delta * (abs(e) - 0.5 * delta)


HUBER_SHAPES = (
    Misconception(
        "the ½ of the quadratic part forgotten",
        reducing(huber_core(lambda e, delta: e * e, _line)),
        "Inside, the loss is ½ e². With e² the two parts do not meet at δ and their slopes, 2δ "
        "and δ, differ.",
    ),
    Misconception(
        "the linear part not lowered",
        reducing(huber_core(_half, lambda e, delta: delta * abs(e))),
        "Outside, the loss is δ(|e| - ½δ). With δ|e| it jumps from ½δ² to δ² at δ.",
    ),
    Misconception(
        "δ in place of ½δ in the linear part",
        reducing(huber_core(_half, lambda e, delta: delta * (abs(e) - delta))),
        "Outside, the loss is δ(|e| - ½δ). With δ(|e| - δ) it falls back to 0 at δ.",
    ),
    Misconception(
        "½ in place of ½δ in the linear part",
        reducing(huber_core(_half, lambda e, delta: delta * (abs(e) - 0.5))),
        "Outside, the loss is δ(|e| - ½δ). δ(|e| - ½) is the same only for δ = 1.",
    ),
    Misconception(
        "½δ added instead of subtracted",
        reducing(huber_core(_half, lambda e, delta: delta * (abs(e) + 0.5 * delta))),
        "Outside, the loss is δ(|e| - ½δ), so that it continues ½ e² without a jump.",
    ),
    Misconception(
        "the factor δ of the linear part forgotten",
        reducing(huber_core(_half, lambda e, delta: abs(e) - 0.5 * delta)),
        "Outside, the slope is δ, as it is at the end of the quadratic part: δ(|e| - ½δ).",
    ),
    Misconception(
        "smooth L1 instead of Huber",
        reducing(lambda e, delta=1.0: huber(e, delta) / delta),
        "This is Huber divided by δ, which torch calls SmoothL1Loss. They agree at δ = 1 only.",
    ),
    Misconception(
        "the two parts exchanged",
        reducing(huber_core(_line, _half)),
        "Huber is quadratic for small errors and linear for large ones, so that outliers pull "
        "less. Yours is linear near 0 and quadratic far out.",
    ),
    Misconception(
        "the error instead of its size compared with δ",
        reducing(huber_core(_half, _line, lambda e, delta: e <= delta)),
        "A large negative error is smaller than δ, so yours stays quadratic there. Compare |e|.",
    ),
    Misconception(
        "the squared error compared with δ",
        reducing(huber_core(_half, _line, lambda e, delta: e * e <= delta)),
        "δ has the units of the error: compare |e| with δ, or e² with δ².",
    ),
    Misconception(
        "the linear part without absolute value",
        reducing(huber_core(_half, lambda e, delta: delta * (e - 0.5 * delta))),
        "For a large negative error δ(e - ½δ) is negative. Outside, the loss is δ(|e| - ½δ).",
    ),
    Misconception(
        "δ fixed at 1",
        reducing(lambda e, delta=1.0: huber(e)),
        "Your function gives the same whatever delta is. Use the argument in both the condition "
        "and the linear part.",
    ),
    Misconception(
        "the linear part of δ = 1",
        reducing(huber_core(_half, lambda e, delta: abs(e) - 0.5)),
        "You compare with delta but the linear part is still that of δ = 1: it is δ(|e| - ½δ).",
    ),
    Misconception(
        "no linear part",
        reducing(lambda e, delta=1.0: 0.5 * e * e),
        "This is ½ e² everywhere, so an outlier pulls as it does under the MSE. Beyond δ the loss "
        "goes on as a straight line.",
    ),
    Misconception(
        "the error clipped before it is squared",
        reducing(lambda e, delta=1.0: 0.5 * e.clip(-delta, delta) ** 2),
        "Beyond δ this is constant: its gradient is 0 and an outlier is ignored for good. Huber "
        "goes on with slope δ.",
    ),
    Misconception(
        "the pseudo-Huber loss",
        reducing(lambda e, delta=1.0: delta**2 * ((1 + (e / delta) ** 2) ** 0.5 - 1)),
        "This is the smooth relative of the Huber loss. It has the same slopes far out and at 0 "
        "but other values.",
    ),
)

HUBER = Exercise(
    name="huber",
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
    misconceptions=(
        *HUBER_SHAPES,
        sum_for_mean(huber),
        mean_over_rows(huber),
        reduction_ignored(huber),
        Misconception(
            "a δ that is not positive accepted",
            reducing(huber),
            "With δ ≤ 0 there is no quadratic part left and the result means nothing. Raise "
            "ValueError and name the value.",
        ),
    ),
)


def _draw_huber_grad(rng):
    pairs = draws.batches(rng)
    yield from draws.ask_all(pairs)
    yield from draws.ask_all(pairs[:6], delta=2.0)
    yield from draws.ask_all(pairs, delta=float(np.round(rng.uniform(0.2, 0.8), 2)))
    yield from draws.ask_all(draws.floats32(pairs[3:5]), delta=2.0)
    far = np.array([1e12, -1e12, 0.5]), np.array([0.0, 0.0, 0.5])
    yield from draws.ask_all([far], "extremes", delta=2.0)


def _clipped(e, delta=1.0):
    return e.clip(-delta, delta)


HUBER_GRAD = Exercise(
    name="huber_grad",
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
    misconceptions=(
        n_in_gradient(_clipped),
        flipped_gradient(_clipped),
        Misconception(
            "the sign forgotten in the tails",
            averaging(huber_core(lambda e, delta: e, lambda e, delta: delta + 0 * e)),
            "Beyond δ the slope is +δ on the right and -δ on the left: δ·sign(e).",
        ),
        Misconception(
            "±1 in place of ±δ in the tails",
            averaging(huber_core(lambda e, delta: e, lambda e, delta: np.sign(e))),
            "Beyond δ the slope stays what it is at δ, that is δ·sign(e). With ±1 it jumps there.",
        ),
        Misconception(
            "no limit on the gradient",
            averaging(lambda e, delta=1.0: e),
            "This is the gradient of ½ e². The point of Huber is that beyond δ it grows no more.",
        ),
        Misconception(
            "no gradient beyond δ",
            averaging(huber_core(lambda e, delta: e, lambda e, delta: 0 * e)),
            "With gradient 0 an outlier is ignored for good. Huber goes on with slope δ·sign(e).",
        ),
        Misconception(
            "2e inside instead of e",
            averaging(huber_core(lambda e, delta: 2 * e, lambda e, delta: delta * np.sign(e))),
            "Inside, the loss is ½ e², whose derivative is e.",
        ),
        Misconception(
            "the two parts exchanged",
            averaging(huber_core(lambda e, delta: delta * np.sign(e), lambda e, delta: e)),
            "Small errors have the slope e and large ones ±δ, not the other way round.",
        ),
        Misconception(
            "the gradient of smooth L1",
            averaging(lambda e, delta=1.0: _clipped(e, delta) / delta),
            "You divide by δ: the slope far out is then 1, for Huber it is δ.",
        ),
        Misconception(
            "δ fixed at 1",
            averaging(lambda e, delta=1.0: _clipped(e)),
            "Your function gives the same whatever delta is.",
        ),
        value_for_gradient(huber),
        rows_in_gradient(_clipped),
        reduced_gradient(_clipped),
    ),
)


def _draw_huber_torch(rng):
    pairs = draws.batches(rng)
    delta = float(np.round(rng.uniform(0.2, 0.8), 2))
    yield from draws.ask_all(draws.both_floats(pairs), wants=("pred",))
    yield from draws.ask_all(draws.floats32(pairs), wants=("pred",), delta=2.0)
    yield from draws.ask_all(draws.floats32(pairs), wants=("pred",), delta=delta)
    far = np.array([1e12, -1e12, 0.5], np.float32), np.array([0.0, 0.0, 0.5], np.float32)
    yield from draws.ask_all([far], "extremes", wants=("pred",), delta=2.0)


HUBER_TORCH = Exercise(
    name="huber_torch",
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
    misconceptions=(*HUBER_SHAPES, sum_for_mean(huber)),
)
