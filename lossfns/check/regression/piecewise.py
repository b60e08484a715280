"""The Huber loss, its gradient, and the Huber loss in PyTorch."""

import numpy as np

import lossfns.numpy as ln
from lossfns.check import kinds, questions
from lossfns.check.exercise import Exercise, Misconception, summed_slope
from lossfns.check.faults import (
    flipped_gradient,
    mean_over_rows,
    n_in_gradient,
    reduced_gradient,
    reduction_ignored,
    rows_in_gradient,
    sum_for_mean,
    value_for_gradient,
)
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
        yield refuse(
            "a δ that is not positive accepted",
            "With δ ≤ 0 there is no quadratic part left and the result means nothing. Raise "
            "ValueError and name the value.",
            **questions.two(rng),
            delta=bad,
        )


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


HUBER_SHAPES = (
    Misconception(
        "the ½ of the quadratic part forgotten",
        per_error(_huber_core(lambda e, delta: e * e, _line)),
        "Inside, the loss is ½ e². With e² the two parts do not meet at δ and their slopes, 2δ "
        "and δ, differ.",
    ),
    Misconception(
        "the linear part not lowered",
        per_error(_huber_core(_half, lambda e, delta: delta * abs(e))),
        "Outside, the loss is δ(|e| - ½δ). With δ|e| it jumps from ½δ² to δ² at δ.",
    ),
    Misconception(
        "δ in place of ½δ in the linear part",
        per_error(_huber_core(_half, lambda e, delta: delta * (abs(e) - delta))),
        "Outside, the loss is δ(|e| - ½δ). With δ(|e| - δ) it falls back to 0 at δ.",
    ),
    Misconception(
        "½ in place of ½δ in the linear part",
        per_error(_huber_core(_half, lambda e, delta: delta * (abs(e) - 0.5))),
        "Outside, the loss is δ(|e| - ½δ). δ(|e| - ½) is the same only for δ = 1.",
    ),
    Misconception(
        "½δ added instead of subtracted",
        per_error(_huber_core(_half, lambda e, delta: delta * (abs(e) + 0.5 * delta))),
        "Outside, the loss is δ(|e| - ½δ), so that it continues ½ e² without a jump.",
    ),
    Misconception(
        "the factor δ of the linear part forgotten",
        per_error(_huber_core(_half, lambda e, delta: abs(e) - 0.5 * delta)),
        "Outside, the slope is δ, as it is at the end of the quadratic part: δ(|e| - ½δ).",
    ),
    Misconception(
        "smooth L1 instead of Huber",
        per_error(lambda e, delta=1.0: huber(e, delta) / delta),
        "This is Huber divided by δ, which torch calls SmoothL1Loss. They agree at δ = 1 only.",
    ),
    Misconception(
        "the two parts exchanged",
        per_error(_huber_core(_line, _half)),
        "Huber is quadratic for small errors and linear for large ones, so that outliers pull "
        "less. Yours is linear near 0 and quadratic far out.",
    ),
    Misconception(
        "the error instead of its size compared with δ",
        per_error(_huber_core(_half, _line, lambda e, delta: e <= delta)),
        "A large negative error is smaller than δ, so yours stays quadratic there. Compare |e|.",
    ),
    Misconception(
        "the squared error compared with δ",
        per_error(_huber_core(_half, _line, lambda e, delta: e * e <= delta)),
        "δ has the units of the error: compare |e| with δ, or e² with δ².",
    ),
    Misconception(
        "the linear part without absolute value",
        per_error(_huber_core(_half, lambda e, delta: delta * (e - 0.5 * delta))),
        "For a large negative error δ(e - ½δ) is negative. Outside, the loss is δ(|e| - ½δ).",
    ),
    Misconception(
        "δ fixed at 1",
        per_error(lambda e, delta=1.0: huber(e)),
        "Your function gives the same whatever delta is. Use the argument in both the condition "
        "and the linear part.",
    ),
    Misconception(
        "the linear part of δ = 1",
        per_error(_huber_core(_half, lambda e, delta: abs(e) - 0.5)),
        "You compare with delta but the linear part is still that of δ = 1: it is δ(|e| - ½δ).",
    ),
    Misconception(
        "no linear part",
        per_error(lambda e, delta=1.0: 0.5 * e * e),
        "This is ½ e² everywhere, so an outlier pulls as it does under the MSE. Beyond δ the loss "
        "goes on as a straight line.",
    ),
    Misconception(
        "the error clipped before it is squared",
        per_error(lambda e, delta=1.0: 0.5 * e.clip(-delta, delta) ** 2),
        "Beyond δ this is constant: its gradient is 0 and an outlier is ignored for good. Huber "
        "goes on with slope δ.",
    ),
    Misconception(
        "the pseudo-Huber loss",
        per_error(lambda e, delta=1.0: delta**2 * ((1 + (e / delta) ** 2) ** 0.5 - 1)),
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
        sum_for_mean(of_error(huber)),
        mean_over_rows(of_error(huber), "pred"),
        reduction_ignored(of_error(huber)),
    ),
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
        n_in_gradient(of_error(_clipped), "pred.size"),
        flipped_gradient(averaged(of_error(_clipped))),
        Misconception(
            "the sign forgotten in the tails",
            averaged(of_error(_huber_core(lambda e, delta: e, lambda e, delta: delta + 0 * e))),
            "Beyond δ the slope is +δ on the right and -δ on the left: δ·sign(e).",
        ),
        Misconception(
            "±1 in place of ±δ in the tails",
            averaged(of_error(_huber_core(lambda e, delta: e, lambda e, delta: np.sign(e)))),
            "Beyond δ the slope stays what it is at δ, that is δ·sign(e). With ±1 it jumps there.",
        ),
        Misconception(
            "no limit on the gradient",
            averaged(of_error(lambda e, delta=1.0: e)),
            "This is the gradient of ½ e². The point of Huber is that beyond δ it grows no more.",
        ),
        Misconception(
            "no gradient beyond δ",
            averaged(of_error(_huber_core(lambda e, delta: e, lambda e, delta: 0 * e))),
            "With gradient 0 an outlier is ignored for good. Huber goes on with slope δ·sign(e).",
        ),
        Misconception(
            "2e inside instead of e",
            averaged(
                of_error(_huber_core(lambda e, delta: 2 * e, lambda e, delta: delta * np.sign(e)))
            ),
            "Inside, the loss is ½ e², whose derivative is e.",
        ),
        Misconception(
            "the two parts exchanged",
            averaged(
                of_error(_huber_core(lambda e, delta: delta * np.sign(e), lambda e, delta: e))
            ),
            "Small errors have the slope e and large ones ±δ, not the other way round.",
        ),
        Misconception(
            "the gradient of smooth L1",
            averaged(of_error(lambda e, delta=1.0: _clipped(e, delta) / delta)),
            "You divide by δ: the slope far out is then 1, for Huber it is δ.",
        ),
        Misconception(
            "δ fixed at 1",
            averaged(of_error(lambda e, delta=1.0: _clipped(e))),
            "Your function gives the same whatever delta is.",
        ),
        value_for_gradient(averaged(of_error(huber)), "pred"),
        rows_in_gradient(of_error(_clipped), "pred"),
        reduced_gradient(of_error(_clipped), "pred"),
    ),
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
    misconceptions=(*HUBER_SHAPES, sum_for_mean(of_error(huber))),
)
