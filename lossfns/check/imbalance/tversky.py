"""The Tversky loss of masks."""

import numpy as np

import lossfns.numpy as ln
from lossfns.check import kinds
from lossfns.check.exercise import Exercise, Misconception
from lossfns.check.imbalance.dice import (
    SHAPES_DIFFER,
    ask_masks,
    edges,
    masks,
    one_mask,
    rows,
    sums,
)
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
    yield refuse(*SHAPES_DIFFER, probs=probs[:1], target=target, alpha=0.3, beta=0.7)
    for prices in ({"alpha": -0.1, "beta": 0.7}, {"alpha": 0.3, "beta": -0.7}):
        yield refuse(
            "a negative price accepted",
            "With α < 0 a false alarm is rewarded. Raise ValueError unless both prices are ≥ 0.",
            probs=probs,
            target=target,
            **prices,
        )


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
    name="tversky",
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
    misconceptions=(
        Misconception(
            "α and β exchanged",
            _priced(lambda tp, fp, fn, a, b, s: _tversky(tp, fp, fn, b, a, s)),
            "α is the price of a false positive and β that of a false negative, as in the paper. "
            "Exchanged, the setting meant to find more lesions finds fewer. (Some later papers do "
            "swap the letters: always look.)",
        ),
        Misconception(
            "1 - α in place of β",
            _priced(lambda tp, fp, fn, a, b, s: _tversky(tp, fp, fn, a, 1 - a, s)),
            "The two prices are free: α + β = 1 is a habit, not a rule. Use the argument beta.",
        ),
        Misconception(
            "false positives and negatives mixed up with true negatives",
            _with_true_negatives,
            "Σ (1 - p)(1 - y) counts the background that was recognised. A false negative is "
            "a pixel of the object that was missed: Σ (1 - p) y.",
        ),
        Misconception(
            "the overlap instead of one minus it",
            _priced(lambda tp, fp, fn, a, b, s: 1 - _tversky(tp, fp, fn, a, b, s)),
            "This is the Tversky index, which is 1 for a perfect mask. The loss is one minus it.",
        ),
        Misconception(
            "both prices without effect: Dice",
            _priced(lambda tp, fp, fn, a, b, s: _tversky(tp, fp, fn, 0.5, 0.5, s)),
            "With both prices ½ this is the Dice loss. alpha and beta must change the result.",
        ),
        Misconception(
            "both prices without effect: intersection over union",
            _priced(lambda tp, fp, fn, a, b, s: _tversky(tp, fp, fn, 1.0, 1.0, s)),
            "With both prices 1 this is the Jaccard loss. alpha and beta must change the result.",
        ),
        Misconception(
            "the true positives doubled",
            _priced(
                lambda tp, fp, fn, a, b, s: 1 - 2 * (tp + s) / (2 * (tp + s) + a * fp + b * fn)
            ),
            "Dice doubles the overlap because it counts fp and fn once each. Here α = β = ½ does "
            "that already: tp stands alone.",
        ),
        Misconception(
            "whole sizes in place of false positives and negatives",
            _priced(
                lambda tp, fp, fn, a, b, s: 1 - (tp + s) / (tp + s + a * (tp + fp) + b * (tp + fn))
            ),
            "Σp and Σy still contain the overlap, so a perfect mask would cost something. False "
            "positives are Σ p (1 - y), false negatives Σ (1 - p) y.",
        ),
        Misconception(
            "no smoothing",
            _priced(lambda tp, fp, fn, a, b, s: _tversky(tp, fp, fn, a, b, 0.0)),
            "smooth is s more pixels of agreement, in the numerator and in the denominator. "
            "Without it an empty mask is 0/0.",
        ),
        Misconception(
            "the smoothing in the denominator only",
            _priced(lambda tp, fp, fn, a, b, s: 1 - tp / (tp + s + a * fp + b * fn)),
            "A correctly empty mask then costs 1, the worst possible. s belongs to tp wherever "
            "tp occurs.",
        ),
        Misconception(
            "the argument smooth without effect",
            _priced(lambda tp, fp, fn, a, b, s: _tversky(tp, fp, fn, a, b, 1.0)),
            "Your result is the same whatever smooth is.",
        ),
        Misconception(
            "all masks of the batch taken for one",
            _priced(_tversky, one_mask),
            "You sum over the whole batch, so a large object hides a small one that is missed. "
            "Each mask has a loss of its own, and these are averaged.",
        ),
        Misconception(
            "sums over the last axis only",
            _tversky_along(-1),
            "With .sum(axis=-1) every row of an image counts as a mask of its own. Only the first "
            "axis counts masks: reshape to (len(probs), -1) before you sum.",
        ),
        Misconception(
            "sums along the first axis",
            _tversky_along(0),
            "axis=0 adds up the same pixel of different masks. The first axis counts masks; sum "
            "over all others.",
        ),
        Misconception(
            "probabilities rounded to 0 and 1 first",
            _priced(_tversky, lambda probs, target: (1.0 * (probs >= 0.5), target)),
            "A threshold makes the loss a step function of p, whose gradient is 0 everywhere. Use "
            "the probabilities themselves.",
        ),
    ),
)
