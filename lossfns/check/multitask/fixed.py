"""Fixed weights: the weighted sum, and losses divided by what they were at the start."""

import numpy as np

import lossfns.numpy as ln
from lossfns.check import kinds
from lossfns.check.exercise import Exercise
from lossfns.check.multitask.tasks import loss_rows, same_shape, with_singles
from lossfns.check.questions import ask, refuse


def _right_sum(losses, weights):
    same_shape(losses, weights)
    return ln.weighted_sum(losses, weights=weights)


def _draw_weighted_sum(rng):
    # They do not sum to 1, nor is any of them 1.
    pairs = [
        (row, rng.choice([0.1, 0.2, 0.5, 2.5, 3.0, 5.0, 10.0], size=row.size, replace=False))
        for row in loss_rows(rng)
    ]
    for losses, weights in with_singles(pairs):
        yield ask("losses weights", (losses, weights))
    yield ask("losses weights", (np.array([0.5, 4.0, 2.0]), np.array([2.0, 0.0, 0.1])))
    yield ask("losses weights", (np.array([1e12, 0.5]), np.array([1e-12, 3.0])), "extremes")
    yield ask("losses weights", (np.array([np.inf, 0.5]), np.array([0.0, 3.0])), "extremes")
    losses = np.array([0.5, 2.0, 4.0])
    yield refuse("negative weights accepted", losses=losses[:2], weights=np.array([0.1, -3.0]))
    for count, weights in ((2, [0.1]), (3, [[0.1], [3.0], [0.2]])):
        yield refuse("weights that are broadcast", losses=losses[:count], weights=np.array(weights))


def _softmaxed(losses, weights):
    powers = np.exp(weights - weights.max())
    return (powers / powers.sum() * losses).sum()


def _lambda_and_rest(losses, weights):
    return weights[0] * losses[0] + (1 - weights[0]) * losses[1:].sum()


WEIGHTED_SUM = Exercise(
    signature="weighted_sum(losses, weights)",
    read="loss-weighted-sum",
    right=_right_sum,
    draw=_draw_weighted_sum,
    probes=(kinds.shapes("losses", "weights", axes=1), kinds.outside("weights", 0.0)),
    mistakes={
        "the weights without effect": lambda losses, weights: losses.sum(),
        "the weighted mean": lambda losses, weights: (weights * losses).sum() / weights.sum(),
        "the mean over the tasks": lambda losses, weights: (weights * losses).mean(),
        "the weighted losses, not yet added": lambda losses, weights: weights * losses,
        "division by the weights": lambda losses, weights: (losses / weights).sum(),
        "weights through a softmax": _softmaxed,
        "weights taken for log-variances": lambda losses, weights: (
            np.exp(-weights) * losses
        ).sum(),
        "the first task without its weight": lambda losses, weights: (
            losses[0] + (weights[1:] * losses[1:]).sum()
        ),
        "λ and 1 - λ": _lambda_and_rest,
        "the weights squared": lambda losses, weights: (weights**2 * losses).sum(),
        "NaN from 0 · ∞": lambda losses, weights: (weights * losses).sum(),
    },
)


def _draw_normalised(rng):
    rows = loss_rows(rng)
    starts = [rng.choice([0.2, 1.25, 2.5, 5.0, 10.0, 20.0, 40.0], row.size, False) for row in rows]
    for losses, initial in with_singles(list(zip(rows, starts, strict=True))):
        yield ask("losses initial", (losses, initial))
    # A history, one row a step; as many steps as tasks would hide a division by the wrong one.
    steps = int(rng.integers(3, 6))
    history = np.round(np.exp(rng.normal(size=(steps, 2))), 2) + 0.1
    yield ask("losses initial", (history, np.array([2.5, 1000.0])))
    yield ask("losses initial", (np.array([0.5, 2.0]), np.array([0.0, 4.0])), "extremes")
    yield ask(
        "losses initial",
        (np.array([[0.0, 2.0], [3.0, 8.0], [0.5, 1.0]]), np.array([0.0, 4.0])),
        "extremes",
    )
    yield ask("losses initial", (np.array([3e-9, 2e12]), np.array([1e-9, 1e12])), "extremes")
    losses = np.array([0.5, 2.0])
    yield refuse("negative initial losses accepted", losses=losses, initial=np.array([-2.0, 4.0]))
    for initial in ([4.0], [[4.0], [8.0]]):
        yield refuse("initial losses that are broadcast", losses=losses, initial=np.array(initial))


def _divided(losses, initial):
    return losses / np.where(initial == 0, 1, initial)


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


NORMALISED_LOSSES = Exercise(
    signature="normalised_losses(losses, initial)",
    read="multitask-scales",
    right=_normalised,
    draw=_draw_normalised,
    probes=(kinds.lengths("initial"), kinds.outside("initial", 0.0)),
    mistakes={
        "the initial loss subtracted": lambda losses, initial: losses - initial,
        "the ratio upside down": lambda losses, initial: initial / losses,
        "the progress instead of what is left": lambda losses, initial: (
            (initial - losses) / initial
        ),
        "one scale for all tasks": lambda losses, initial: losses / initial.sum(),
        "the initial loss of the first task for all": lambda losses, initial: losses / initial[0],
        "shares of the present total": lambda losses, initial: (
            losses / losses.sum(axis=-1, keepdims=True)
        ),
        "the present loss as its own scale": lambda losses, initial: losses / losses,
        "the logarithm of the ratio": lambda losses, initial: np.log(losses / initial),
        "the sum over the tasks": lambda losses, initial: _divided(losses, initial).sum(axis=-1),
        "division by 0": lambda losses, initial: losses / initial,
        "0 where the initial loss is 0": lambda losses, initial: np.where(
            initial == 0, 0, _divided(losses, initial)
        ),
        "an ε in the denominator": lambda losses, initial: losses / (initial + 1e-8),
        "the initial losses changed in place": _initial_in_place,
    },
)
