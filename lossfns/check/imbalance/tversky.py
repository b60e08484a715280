"""The Tversky loss of masks."""

import numpy as np

import lossfns.numpy as ln
from lossfns.check import kinds
from lossfns.check.exercise import Exercise
from lossfns.check.imbalance.dice import ask_masks, edges, masks, one_mask, rows, sums
from lossfns.check.questions import refuse, singles


def _draw_tversky(rng):
    pairs = masks(rng)
    alpha, beta = (float(np.round(rng.uniform(*ends), 2)) for ends in ((0.1, 0.4), (0.6, 0.95)))
    yield from ask_masks(pairs, alpha=0.3, beta=0.7)
    # Prices that do not sum to 1.
    yield from ask_masks(pairs, alpha=alpha, beta=1.5)
    yield from ask_masks(pairs, alpha=2.0, beta=beta, smooth=0.5)
    yield from ask_masks(singles(pairs[1:4]), alpha=alpha, beta=beta)
    yield from ask_masks(edges(), "extremes", alpha=0.3, beta=0.7)
    yield from ask_masks(edges()[2:4], "extremes", alpha=0.3, beta=0.7, smooth=0.0)
    probs, target = pairs[2]
    yield refuse(
        "masks of different shapes accepted", probs=probs[:1], target=target, alpha=0.3, beta=0.7
    )
    for prices in ({"alpha": -0.1, "beta": 0.7}, {"alpha": 0.3, "beta": -0.7}):
        yield refuse("a negative price accepted", probs=probs, target=target, **prices)


def tversky(probs, target, alpha, beta, smooth=1.0):
    return ln.tversky(rows(probs), rows(target), alpha=alpha, beta=beta, smooth=smooth, axis=-1)


def _priced(loss, prepare=lambda probs, target: (probs, target)):
    """The mean over the masks of `loss(tp, fp, fn, alpha, beta, smooth)`."""

    def wrong(probs, target, alpha, beta, smooth=1.0):
        both, p, y = sums(*prepare(probs, target))
        return loss(both, p - both, y - both, alpha, beta, smooth).mean()

    return wrong


def _tversky(tp, fp, fn, alpha, beta, smooth):
    return 1 - (tp + smooth) / (tp + smooth + alpha * fp + beta * fn)


def _with_true_negatives(probs, target, alpha, beta, smooth=1.0):
    tp, p, y = sums(probs, target)
    tn = sums(1 - probs, 1 - target)[0]
    return _tversky(tp, p - tp, tn, alpha, beta, smooth).mean()


def _tversky_along(axis):
    def wrong(probs, target, alpha, beta, smooth=1.0):
        tp = (probs * target).sum(axis)
        fp, fn = probs.sum(axis) - tp, target.sum(axis) - tp
        return _tversky(tp, fp, fn, alpha, beta, smooth).mean()

    return wrong


TVERSKY = Exercise(
    signature="tversky(probs, target, alpha, beta, smooth=1.0)",
    read="loss-tversky",
    right=tversky,
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
        "α and β exchanged": _priced(lambda tp, fp, fn, a, b, s: _tversky(tp, fp, fn, b, a, s)),
        "1 - α in place of β": _priced(
            lambda tp, fp, fn, a, b, s: _tversky(tp, fp, fn, a, 1 - a, s)
        ),
        "false positives and negatives mixed up with true negatives": _with_true_negatives,
        "the overlap instead of one minus it": _priced(
            lambda tp, fp, fn, a, b, s: 1 - _tversky(tp, fp, fn, a, b, s)
        ),
        "both prices without effect: Dice": _priced(
            lambda tp, fp, fn, a, b, s: _tversky(tp, fp, fn, 0.5, 0.5, s)
        ),
        "both prices without effect: intersection over union": _priced(
            lambda tp, fp, fn, a, b, s: _tversky(tp, fp, fn, 1.0, 1.0, s)
        ),
        "the true positives doubled": _priced(
            lambda tp, fp, fn, a, b, s: 1 - 2 * (tp + s) / (2 * (tp + s) + a * fp + b * fn)
        ),
        "whole sizes in place of false positives and negatives": _priced(
            lambda tp, fp, fn, a, b, s: 1 - (tp + s) / (tp + s + a * (tp + fp) + b * (tp + fn))
        ),
        "no smoothing": _priced(lambda tp, fp, fn, a, b, s: _tversky(tp, fp, fn, a, b, 0.0)),
        "the smoothing in the denominator only": _priced(
            lambda tp, fp, fn, a, b, s: 1 - tp / (tp + s + a * fp + b * fn)
        ),
        "the argument smooth without effect": _priced(
            lambda tp, fp, fn, a, b, s: _tversky(tp, fp, fn, a, b, 1.0)
        ),
        "all masks of the batch taken for one": _priced(_tversky, one_mask),
        "sums over the last axis only": _tversky_along(-1),
        "sums along the first axis": _tversky_along(0),
        "probabilities rounded to 0 and 1 first": _priced(
            _tversky, lambda probs, target: (1.0 * (probs >= 0.5), target)
        ),
    },
)
