"""The Tversky loss of masks; a and b are the prices α and β, s is the smoothing."""

from functools import partial

import numpy as np

import lossfns.numpy as ln
from lossfns.check import kinds
from lossfns.check.exercise import Exercise
from lossfns.check.imbalance import dice
from lossfns.check.questions import refuse, singles


def _draw_tversky(rng):
    pairs = dice.masks(rng)
    alpha, beta = (float(np.round(rng.uniform(*ends), 2)) for ends in ((0.1, 0.4), (0.6, 0.95)))
    usual = {"alpha": 0.3, "beta": 0.7}
    yield from dice.ask_masks(pairs, **usual)
    # Prices that do not sum to 1.
    yield from dice.ask_masks(pairs, alpha=alpha, beta=1.5)
    yield from dice.ask_masks(pairs, alpha=2.0, beta=beta, smooth=0.5)
    yield from dice.ask_masks(singles(pairs[1:4]), alpha=alpha, beta=beta)
    yield from dice.ask_masks(dice.edges(), "extremes", **usual)
    yield from dice.ask_masks(dice.edges()[2:4], "extremes", **usual, smooth=0.0)
    probs, target = pairs[2]
    bad = partial(refuse, probs=probs, target=target, **usual)
    yield bad("masks of different shapes accepted", probs=probs[:1])
    yield bad("a negative price accepted", alpha=-0.1)
    yield bad("a negative price accepted", beta=-0.7)


def _right(probs, target, alpha, beta, smooth=1.0):
    probs, target = dice.rows(probs), dice.rows(target)
    return ln.tversky(probs, target, alpha=alpha, beta=beta, smooth=smooth, axis=-1)


def _loss(tp, fp, fn, a, b, s):
    return 1 - (tp + s) / (tp + s + a * fp + b * fn)


def _tversky(loss=_loss, sums=dice.sums):
    """A variant from its formula and from the sums Σ p y, Σ p and Σ y."""

    def wrong(probs, target, alpha, beta, smooth=1.0):
        tp, p, y = sums(probs, target)
        return loss(tp, p - tp, y - tp, alpha, beta, smooth).mean()

    return wrong


def _with(change):
    """The right formula with other prices and another smoothing."""
    return _tversky(lambda tp, fp, fn, a, b, s: _loss(tp, fp, fn, *change(a, b, s)))


def _with_true_negatives(probs, target, alpha, beta, smooth=1.0):
    tp, p, y = dice.sums(probs, target)
    tn = dice.sums(1 - probs, 1 - target)[0]
    return _loss(tp, p - tp, tn, alpha, beta, smooth).mean()


TVERSKY = Exercise(
    signature="tversky(probs, target, alpha, beta, smooth=1.0)",
    read="loss-tversky",
    right=_right,
    draw=_draw_tversky,
    probes=(
        kinds.shapes("probs", "target"),
        kinds.outside("alpha", 0.0),
        kinds.outside("beta", 0.0),
        kinds.zero("alpha"),
        kinds.zero("beta"),
        kinds.zero("smooth"),
    ),
    mistakes={
        "α and β exchanged": _with(lambda a, b, s: (b, a, s)),
        "1 - α in place of β": _with(lambda a, b, s: (a, 1 - a, s)),
        "false positives and negatives mixed up with true negatives": _with_true_negatives,
        "the overlap instead of one minus it": _tversky(lambda *given: 1 - _loss(*given)),
        "both prices without effect: Dice": _with(lambda a, b, s: (0.5, 0.5, s)),
        "both prices without effect: intersection over union": _with(lambda a, b, s: (1, 1, s)),
        "the true positives doubled": _tversky(
            lambda tp, fp, fn, a, b, s: 1 - 2 * (tp + s) / (2 * (tp + s) + a * fp + b * fn)
        ),
        "whole sizes in place of false positives and negatives": _tversky(
            lambda tp, fp, fn, a, b, s: _loss(tp, tp + fp, tp + fn, a, b, s)
        ),
        "no smoothing": _with(lambda a, b, s: (a, b, 0.0)),
        "the smoothing in the denominator only": _tversky(
            lambda tp, fp, fn, a, b, s: 1 - tp / (tp + s + a * fp + b * fn)
        ),
        "the argument smooth without effect": _with(lambda a, b, s: (a, b, 1.0)),
        "all masks of the batch taken for one": _tversky(sums=dice.sums_of_all),
        "sums over the last axis only": _tversky(sums=dice.sums_along(-1)),
        "sums along the first axis": _tversky(sums=dice.sums_along(0)),
        "probabilities rounded to 0 and 1 first": _tversky(sums=dice.sums_of_rounded),
    },
)
