"""Weights and gradients that balance themselves: DWA, and PCGrad for two tasks."""

from functools import partial

import numpy as np

from lossfns.check import kinds
from lossfns.check.exercise import Exercise
from lossfns.check.multitask.tasks import arrays, beside, loss_rows, same_shape, with_singles
from lossfns.check.questions import ask_all, refuse
from lossfns.check.recipes import softmax


def _draw_dwa(rng):
    ask = partial(ask_all, "previous before")
    # Two tasks are the rule, three and more show a K that is fixed at 2; one shows nothing.
    pairs = beside(rng, loss_rows(rng)[1:], [0.5, 1.0, 2.5, 5.0, 6.0, 10.0, 16.0])
    yield from ask(with_singles(pairs))
    yield from ask(pairs, temperature=0.5)
    yield from ask(pairs[-1:], temperature=float(rng.integers(4, 9)))
    yield from ask([arrays([4000.0, 2.0], [0.5, 4.0])], "extremes")
    yield from ask([arrays([1e-3, 2e12], [1e6, 1e12])], "extremes", temperature=1e-4)
    bad = partial(refuse, previous=np.array([0.5, 2.0]), before=np.array([2.5, 4.0]))
    yield bad("a loss of 0 in the denominator", before=np.array([0.0, 4.0]))
    yield bad("losses that are broadcast", before=np.array([2.5]))
    for temperature in (0.0, -2.0):
        yield bad("any temperature accepted", temperature=temperature)


def _dwa(ratio=lambda a, b: a / b, weigh=lambda r, t: r.size * softmax(r / t)):
    """The weights of losses a that were b before, from their ratio r and the temperature t."""
    return lambda previous, before, temperature=2.0: weigh(ratio(previous, before), temperature)


def _right_dwa(previous, before, temperature=2.0):
    same_shape(previous, before)
    if not (before > 0).all() or not temperature > 0:
        raise ValueError("before and temperature must be positive")
    return _dwa()(previous, before, temperature)


DWA_WEIGHTS = Exercise(
    signature="dwa_weights(previous, before, temperature=2.0)",
    read="loss-dwa",
    right=_right_dwa,
    draw=_draw_dwa,
    probes=(
        kinds.shapes("previous", "before", axes=1),
        kinds.outside("before", 0.0, ends=(0.0,)),
        kinds.outside("temperature", 0.0, ends=(0.0,)),
    ),
    mistakes={
        "the ratio upside down": _dwa(lambda a, b: b / a),
        "weights that sum to 1": _dwa(weigh=lambda r, t: softmax(r / t)),
        "the number of tasks fixed at 2": _dwa(weigh=lambda r, t: 2 * softmax(r / t)),
        "multiplication by the temperature": _dwa(weigh=lambda r, t: r.size * softmax(r * t)),
        "the temperature without effect": _dwa(weigh=lambda r, t: r.size * softmax(r)),
        "the temperature after the softmax": _dwa(weigh=lambda r, t: r.size * softmax(r) / t),
        "a difference instead of the ratio": lambda previous, before, temperature=2.0: (
            before.size * softmax((previous - before) / temperature)
        ),
        "ratios divided by their sum": _dwa(weigh=lambda r, t: r.size * r / r.sum()),
        "the losses themselves instead of their ratio": _dwa(lambda a, b: a),
        "the sign of the ratio flipped": _dwa(weigh=lambda r, t: r.size * softmax(-r / t)),
        "overflow of exp": _dwa(weigh=lambda r, t: r.size * np.exp(r / t) / np.exp(r / t).sum()),
    },
)


def _draw_conflict(rng):
    ask = partial(ask_all, "g1 g2")
    conflicts = [_halves(rng, shape, -1) for shape in ((2,), (2,), (3,), (2, 3))]
    agreeing = [_halves(rng, shape, 1) for shape in ((2,), (3,), (2, 3))]
    many = int(rng.integers(20, 60))
    yield from ask(with_singles([*conflicts, *agreeing, _normal(rng, many, -1)]))
    # Gradients get small as training goes on.
    yield from ask([1e-3 * np.array(_halves(rng, (3,), -1))])
    without = arrays([0.0, 0.0], [2.0, -0.5])
    yield from ask([arrays([1.5, 0.0], [0.0, -2.0]), without, without[::-1]], "extremes")
    yield from ask([arrays([1e12, 5e11], [-1.0, 0.5])], "extremes")
    for one, other in (([0.5, 2.0, -1.0], [2.5]), ([[0.5], [2.0]], [2.5, -1.0])):
        yield refuse("gradients that are broadcast", g1=np.array(one), g2=np.array(other))


def _halves(rng, shape, sign):
    """Two gradients of different length that pull apart (sign -1) or together, but not exactly.

    Entry by entry and row by row they do both, so that those who look there see something else.
    """
    while True:
        one, other = rng.choice([-3.0, -2.0, -0.5, 0.5, 1.5, 2.5], size=(2, *shape))
        entries = one * other
        rows = entries.sum(axis=-1) if entries.ndim == 2 else entries
        mixed = entries.min() < 0 < entries.max() and rows.min() < 0 < rows.max()
        angle = sign * entries.sum() / np.sqrt((one**2).sum() * (other**2).sum())
        longer = (one**2).sum() / (other**2).sum()
        if mixed and 0.2 < angle < 0.9 and not 0.7 < longer < 1.4:
            return one, other


def _normal(rng, count, sign):
    one, noise = rng.normal(size=(2, count))
    return one, np.round(0.5 * noise + sign * 0.3 * one, 3)


def _project(a, b, share=lambda ab, aa, bb: ab / bb, when=lambda ab: ab < 0):
    """What is left of a without its share of b, which three inner products tell."""
    ab = (a * b).sum()
    return a - share(ab, (a**2).sum(), (b**2).sum()) * b if when(ab) else a


def _both(project=_project, **parts):
    """The sum of both gradients, each projected by the same rule."""
    return lambda g1, g2: project(g1, g2, **parts) + project(g2, g1, **parts)


def _surgery(g1, g2):
    same_shape(g1, g2)
    return _both()(g1, g2)


def _by_rows(a, b):
    inner = (a * b).sum(axis=-1, keepdims=True)
    share = np.minimum(inner, 0) / np.maximum((b**2).sum(axis=-1, keepdims=True), 1e-300)
    return a - share * b


PROJECT_CONFLICT = Exercise(
    signature="project_conflict(g1, g2)",
    read="loss-pcgrad",
    right=_surgery,
    draw=_draw_conflict,
    probes=(kinds.shapes("g1", "g2"),),
    mistakes={
        "the plain sum": lambda a, b: a + b,
        "projection of gradients that agree, too": _both(when=lambda ab: True),
        "projection of gradients that agree only": _both(when=lambda ab: ab > 0),
        "only the first gradient projected": lambda a, b: _project(a, b) + b,
        "the second gradient projected on what is left of the first": lambda a, b: (
            (left := _project(a, b)) + b - min((a * b).sum(), 0) / (left**2).sum() * left
        ),
        "only the first gradient returned": _project,
        "the mean instead of the sum": lambda a, b: _both()(a, b) / 2,
        "the norm not squared": _both(share=lambda ab, aa, bb: ab / bb**0.5),
        "division by the gradient's own norm": _both(share=lambda ab, aa, bb: ab / aa),
        "the sign of the projection flipped": _both(share=lambda ab, aa, bb: -ab / bb),
        "a conflicting gradient dropped": _both(lambda a, b: 0 * a if (a * b).sum() < 0 else a),
        "entries of different sign dropped": _both(lambda a, b: np.where(a * b < 0, 0, a)),
        "each row projected for itself": _both(_by_rows),
        "an ε that is not small": _both(share=lambda ab, aa, bb: ab / (bb + 1e-6)),
        "0 / 0 for a gradient of 0": _both(
            share=lambda ab, aa, bb: np.minimum(ab, 0) / bb, when=lambda ab: True
        ),
    },
)
