"""Weights and gradients that balance themselves: DWA, and PCGrad for two tasks."""

import numpy as np

from lossfns.check import kinds
from lossfns.check.exercise import Exercise
from lossfns.check.multitask.tasks import loss_rows, same_shape, with_singles
from lossfns.check.questions import ask, refuse
from lossfns.check.recipes import softmax


def _draw_dwa(rng):
    # Two tasks are the rule, three and more show a K that is fixed at 2; one shows nothing.
    rows = loss_rows(rng)[1:]
    olds = [rng.choice([0.5, 1.0, 2.5, 5.0, 6.0, 10.0, 16.0], row.size, False) for row in rows]
    pairs = list(zip(rows, olds, strict=True))
    for previous, before in with_singles(pairs):
        yield ask("previous before", (previous, before))
    for previous, before in pairs:
        yield ask("previous before", (previous, before), temperature=0.5)
    yield ask("previous before", pairs[-1], temperature=float(rng.integers(4, 9)))
    yield ask("previous before", (np.array([4000.0, 2.0]), np.array([0.5, 4.0])), "extremes")
    yield ask(
        "previous before",
        (np.array([1e-3, 2e12]), np.array([1e6, 1e12])),
        "extremes",
        temperature=1e-4,
    )
    previous, before = np.array([0.5, 2.0]), np.array([2.5, 4.0])
    yield refuse("a loss of 0 in the denominator", previous=previous, before=np.array([0.0, 4.0]))
    yield refuse("losses that are broadcast", previous=previous, before=before[:1])
    for temperature in (0.0, -2.0):
        yield refuse(
            "any temperature accepted", previous=previous, before=before, temperature=temperature
        )


def _dwa(previous, before, temperature=2.0):
    same_shape(previous, before)
    if not (before > 0).all() or not temperature > 0:
        raise ValueError("before and temperature must be positive")
    return _of_ratio(lambda r, t: r.size * softmax(r / t))(previous, before, temperature)


def _of_ratio(whole):
    """A variant made from the ratios and the temperature."""
    return lambda previous, before, temperature=2.0: whole(previous / before, temperature)


def _overflowing(r, t):
    powers = np.exp(r / t)
    return r.size * powers / powers.sum()


DWA_WEIGHTS = Exercise(
    signature="dwa_weights(previous, before, temperature=2.0)",
    read="loss-dwa",
    right=_dwa,
    draw=_draw_dwa,
    probes=(
        kinds.shapes("previous", "before", axes=1),
        kinds.outside("before", 0.0, ends=(0.0,)),
        kinds.outside("temperature", 0.0, ends=(0.0,)),
    ),
    mistakes={
        "the ratio upside down": lambda previous, before, temperature=2.0: _of_ratio(
            lambda r, t: r.size * softmax(r / t)
        )(before, previous, temperature),
        "weights that sum to 1": _of_ratio(lambda r, t: softmax(r / t)),
        "the number of tasks fixed at 2": _of_ratio(lambda r, t: 2 * softmax(r / t)),
        "multiplication by the temperature": _of_ratio(lambda r, t: r.size * softmax(r * t)),
        "the temperature without effect": _of_ratio(lambda r, t: r.size * softmax(r)),
        "the temperature after the softmax": _of_ratio(lambda r, t: r.size * softmax(r) / t),
        "a difference instead of the ratio": lambda previous, before, temperature=2.0: (
            before.size * softmax((previous - before) / temperature)
        ),
        "ratios divided by their sum": _of_ratio(lambda r, t: r.size * r / r.sum()),
        "the losses themselves instead of their ratio": lambda previous, before, temperature=2.0: (
            previous.size * softmax(previous / temperature)
        ),
        "the sign of the ratio flipped": _of_ratio(lambda r, t: r.size * softmax(-r / t)),
        "overflow of exp": _of_ratio(_overflowing),
    },
)


def _draw_conflict(rng):
    conflicts = [_halves(rng, shape, -1) for shape in ((2,), (2,), (3,), (2, 3))]
    agreeing = [_halves(rng, shape, 1) for shape in ((2,), (3,), (2, 3))]
    many = int(rng.integers(20, 60))
    for pair in with_singles([*conflicts, *agreeing, _normal(rng, many, -1)]):
        yield ask("g1 g2", pair)
    # Gradients get small as training goes on.
    small = _halves(rng, (3,), -1)
    yield ask("g1 g2", (small[0] * 1e-3, small[1] * 1e-3))
    yield ask("g1 g2", (np.array([1.5, 0.0]), np.array([0.0, -2.0])), "extremes")
    yield ask("g1 g2", (np.array([0.0, 0.0]), np.array([2.0, -0.5])), "extremes")
    yield ask("g1 g2", (np.array([2.0, -0.5]), np.array([0.0, 0.0])), "extremes")
    yield ask("g1 g2", (np.array([1e12, 5e11]), np.array([-1.0, 0.5])), "extremes")
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


def _project(one, other):
    """What is left of one gradient without its part against the other."""
    inner = (one * other).sum()
    return one - inner / (other**2).sum() * other if inner < 0 else one


def _both(project):
    """The sum of both, each projected by the same rule."""
    return lambda g1, g2: project(g1, g2) + project(g2, g1)


def _surgery(g1, g2):
    same_shape(g1, g2)
    return _both(_project)(g1, g2)


def _if_conflict(changed):
    def project(one, other):
        inner = (one * other).sum()
        return changed(one, other, inner) if inner < 0 else one

    return _both(project)


def _always(one, other):
    return one - (one * other).sum() / (other**2).sum() * other


def _if_agreeing(one, other):
    return _always(one, other) if (one * other).sum() > 0 else one


def _with_epsilon(one, other, inner):
    return one - inner / ((other**2).sum() + 1e-6) * other


def _by_rows(one, other):
    inner = (one * other).sum(axis=-1, keepdims=True)
    share = np.minimum(inner, 0) / np.maximum((other**2).sum(axis=-1, keepdims=True), 1e-300)
    return one - share * other


def _by_entries(one, other):
    return np.where(one * other < 0, 0, one)


def _nan_without_other(one, other):
    return one - np.minimum((one * other).sum(), 0) / (other**2).sum() * other


PROJECT_CONFLICT = Exercise(
    signature="project_conflict(g1, g2)",
    read="loss-pcgrad",
    right=_surgery,
    draw=_draw_conflict,
    probes=(kinds.shapes("g1", "g2"),),
    mistakes={
        "the plain sum": lambda g1, g2: g1 + g2,
        "projection of gradients that agree, too": _both(_always),
        "projection of gradients that agree only": _both(_if_agreeing),
        "only the first gradient projected": lambda g1, g2: _project(g1, g2) + g2,
        "only the first gradient returned": lambda g1, g2: _project(g1, g2),
        "the mean instead of the sum": lambda g1, g2: _both(_project)(g1, g2) / 2,
        "the norm not squared": _if_conflict(
            lambda one, other, inner: one - inner / (other**2).sum() ** 0.5 * other
        ),
        "division by the gradient's own norm": _if_conflict(
            lambda one, other, inner: one - inner / (one**2).sum() * other
        ),
        "the sign of the projection flipped": _if_conflict(
            lambda one, other, inner: one + inner / (other**2).sum() * other
        ),
        "a conflicting gradient dropped": _if_conflict(lambda one, other, inner: 0 * one),
        "entries of different sign dropped": _both(_by_entries),
        "each row projected for itself": _both(_by_rows),
        "an ε that is not small": _if_conflict(_with_epsilon),
        "0 / 0 for a gradient of 0": _both(_nan_without_other),
    },
)
