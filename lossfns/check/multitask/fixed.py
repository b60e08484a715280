"""Fixed weights: the weighted sum, and losses divided by what they were at the start.

In the formulas L are the losses, w their weights and L0 the losses at the start.
"""

from functools import partial

import numpy as np

import lossfns.numpy as ln
from lossfns.check import kinds
from lossfns.check.exercise import Exercise, Recognised
from lossfns.check.multitask.tasks import arrays, beside, loss_rows, same_shape, with_singles
from lossfns.check.questions import ask_all, refuse


def _right_sum(losses, weights):
    same_shape(losses, weights)
    return ln.weighted_sum(losses, weights=weights)


def _draw_weighted_sum(rng):
    ask = partial(ask_all, "losses weights")
    # They do not sum to 1, nor is any of them 1.
    yield from ask(with_singles(beside(rng, loss_rows(rng), [0.1, 0.2, 0.5, 2.5, 3.0, 5.0, 10.0])))
    yield from ask([arrays([0.5, 4.0, 2.0], [2.0, 0.0, 0.1])])
    far = arrays([1e12, 0.5], [1e-12, 3.0]), arrays([np.inf, 0.5], [0.0, 3.0])
    yield from ask(far, "extremes")
    losses = np.array([0.5, 2.0, 4.0])
    yield refuse("negative weights accepted", losses=losses[:2], weights=np.array([0.1, -3.0]))
    for count, weights in ((2, [0.1]), (3, [[0.1], [3.0], [0.2]])):
        yield refuse("weights that are broadcast", losses=losses[:count], weights=np.array(weights))


WEIGHTED_SUM = Exercise(
    signature="weighted_sum(losses, weights)",
    read="loss-weighted-sum",
    right=_right_sum,
    draw=_draw_weighted_sum,
    probes=(kinds.shapes("losses", "weights", axes=1), kinds.outside("weights", 0.0)),
    mistakes={
        "the weights without effect": lambda L, w: L.sum(),
        "the weighted mean": lambda L, w: (w * L).sum() / w.sum(),
        "the mean over the tasks": lambda L, w: (w * L).mean(),
        "the weighted losses, not yet added": lambda L, w: w * L,
        "division by the weights": lambda L, w: (L / w).sum(),
        "weights through a softmax": lambda L, w: (
            np.exp(w - w.max()) / np.exp(w - w.max()).sum() * L
        ).sum(),
        "weights taken for log-variances": lambda L, w: (np.exp(-w) * L).sum(),
        "the first task without its weight": lambda L, w: L[0] + (w[1:] * L[1:]).sum(),
        "λ and 1 - λ": lambda L, w: w[0] * L[0] + (1 - w[0]) * L[1:].sum(),
        "the weights squared": lambda L, w: (w**2 * L).sum(),
        "NaN from 0 · ∞": lambda L, w: (w * L).sum(),
    },
)


def _draw_normalised(rng):
    ask = partial(ask_all, "losses initial")
    starts = [0.2, 1.25, 2.5, 5.0, 10.0, 20.0, 40.0]
    yield from ask(with_singles(beside(rng, loss_rows(rng), starts)))
    # A history, one row a step; as many steps as tasks would hide a division by the wrong one.
    steps = int(rng.integers(3, 6))
    history = np.round(np.exp(rng.normal(size=(steps, 2))), 2) + 0.1
    yield from ask([(history, np.array([2.5, 1000.0]))])
    done = arrays([0.5, 2.0], [0.0, 4.0]), arrays([[0.0, 2.0], [3.0, 8.0], [0.5, 1.0]], [0.0, 4.0])
    yield from ask([*done, arrays([3e-9, 2e12], [1e-9, 1e12])], "extremes")
    bad = partial(refuse, losses=np.array([0.5, 2.0]))
    yield bad("negative initial losses accepted", initial=np.array([-2.0, 4.0]))
    for initial in ([4.0], [[4.0], [8.0]]):
        yield bad("initial losses that are broadcast", initial=np.array(initial))


def _divided(L, L0):
    return L / np.where(L0 == 0, 1, L0)


def _normalised(losses, initial):
    if losses.shape[-1:] != initial.shape:
        raise ValueError("one initial loss a task")
    if (initial < 0).any():
        raise ValueError("negative initial loss")
    return _divided(losses, initial)


def _initial_in_place(losses, initial):
    result = _normalised(losses, initial)
    initial[initial == 0] = 1
    return result


def _huge_at_zero(call, value):
    """Right where the initial loss is no small number, and finite elsewhere, whatever the ε."""
    L, L0 = call.arrays.values()
    near = np.isclose(value, _divided(L, L0), rtol=1e-3)
    huge = (L0 == 0) & (L > 0) & (value > 10 * L)
    return np.isfinite(value).all() and (near | huge | (L0 < 1e-6)).all()


NORMALISED_LOSSES = Exercise(
    signature="normalised_losses(losses, initial)",
    read="multitask-scales",
    right=_normalised,
    draw=_draw_normalised,
    probes=(kinds.lengths("initial"), kinds.outside("initial", 0.0)),
    mistakes={
        "the initial loss subtracted": lambda L, L0: L - L0,
        "the ratio upside down": lambda L, L0: L0 / L,
        "the progress instead of what is left": lambda L, L0: (L0 - L) / L0,
        "one scale for all tasks": lambda L, L0: L / L0.sum(),
        "the initial loss of the first task for all": lambda L, L0: L / L0[0],
        "shares of the present total": lambda L, L0: L / L.sum(axis=-1, keepdims=True),
        "the present loss as its own scale": lambda L, L0: L / L,
        "the logarithm of the ratio": lambda L, L0: np.log(L / L0),
        "the sum over the tasks": lambda L, L0: _divided(L, L0).sum(axis=-1),
        "division by 0": lambda L, L0: L / L0,
        "0 where the initial loss is 0": lambda L, L0: np.where(L0 == 0, 0, _divided(L, L0)),
        "an ε in the denominator": Recognised(lambda L, L0: L / (L0 + 1e-8), _huge_at_zero),
        "the initial losses changed in place": _initial_in_place,
    },
)
