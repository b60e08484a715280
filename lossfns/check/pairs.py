"""Builders of wrong variants of losses that need both arrays, not just their difference.

A core takes (logits or probabilities, target, **options) and gives one loss, or slope, per item.
As in `mistakes`, it serves NumPy and torch alike.
"""

import importlib

import numpy as np

from lossfns.check.exercise import Misconception


def library(array):
    """NumPy or torch, whichever the array belongs to; they call most functions the same."""
    return np if isinstance(array, (np.ndarray, np.generic)) else importlib.import_module("torch")


def softplus(z):
    """ln(1 + e^z) in the form that cannot overflow."""
    lib = library(z)
    return z * (z > 0) + lib.log1p(lib.exp(-abs(z)))


def sigmoid(z):
    """1 / (1 + e^-z) in a form that cannot overflow."""
    lib = library(z)
    return lib.exp(-softplus(-z))


def reducing(core, **otherwise):
    """A loss from its core; `mean=`, `sum=`, `none=` replace a right reduction."""
    ways = {"mean": average, "sum": total, "none": _none, **otherwise}

    def wrong(pred, target, *, reduction="mean", **options):
        if reduction not in ways:
            raise ValueError(f"unknown reduction {reduction!r}")
        return ways[reduction](core(pred, target, **options))

    return wrong


def averaging(core):
    """A gradient of the mean from the slope of each item's loss."""
    return lambda pred, target, **options: core(pred, target, **options) / pred.size


def sum_for_mean(core, per="n"):
    return Misconception(
        "the sum instead of the mean",
        reducing(core, mean=total),
        f"You add up the losses but do not divide by their number {per}. The loss, and with it the "
        "learning rate that fits, then grows with the size of the batch.",
    )


def mean_over_rows(core):
    return Misconception(
        "the number of rows instead of the number of items",
        reducing(core, mean=lambda losses: losses.sum() / len(losses)),
        "len(logits) and logits.shape[0] count the rows. A two-dimensional batch has as many items "
        "as it has entries, and .mean() without an axis takes them all.",
    )


def reduction_ignored(core):
    return Misconception(
        "the argument reduction without effect",
        reducing(core, sum=average, none=average),
        'Your function averages whatever reduction says. "sum" adds the losses up, and "none" '
        "returns one loss per item, in the shape of the input.",
    )


def n_in_gradient(core):
    return Misconception(
        "the n forgotten in the gradient",
        core,
        "This is the gradient of the sum. The loss is a mean over n items, so every entry of its "
        "gradient carries 1/n: divide by logits.size.",
    )


def rows_in_gradient(core):
    return Misconception(
        "the gradient divided by the number of rows",
        lambda pred, target, **options: core(pred, target, **options) / len(pred),
        "len(logits) and logits.shape[0] count the rows. A two-dimensional batch has logits.size "
        "items.",
    )


def flipped_gradient(core):
    return Misconception(
        "the sign of the gradient flipped",
        averaging(lambda pred, target, **options: -core(pred, target, **options)),
        "This is minus the gradient. Where y = 1 a larger logit makes the loss smaller, so the "
        "gradient there is negative; a step against it must raise the logit.",
    )


def reduced_gradient(core):
    return Misconception(
        "the gradient averaged to one number",
        lambda pred, target, **options: core(pred, target, **options).mean(),
        "A gradient says for every logit how the loss answers to it, so it has the shape of "
        "logits. Only the loss itself is one number.",
    )


def capped(right, share=0.25):
    """Recognises a result that is right for ordinary items and stops growing at some value.

    What value that is depends on where the learner clips; it is below `share` of the right one.
    """

    def shows(call, value):
        best = np.asarray(right(*call.arrays.values(), **call.options))
        if value.shape != best.shape:
            return False
        with np.errstate(all="ignore"):
            stopped = (value * np.sign(best) > 1) & (abs(value) < share * abs(best))
            # In float32 an ε below 6e-8 is lost beside 1, and the infinity is back.
            stopped |= ~np.isfinite(value)
        near = np.isclose(value, best, rtol=3e-3, atol=1e-5)
        # A coarse ε stops some of the losses between as well.
        large, between = abs(best) > 100, abs(best) > 5
        return np.where(large, stopped, near | (between & stopped)).all()

    return shows


def overflowing(right):
    """Recognises a result that is right until it is no number, wherever the overflow begins."""

    def shows(call, value):
        best = np.asarray(right(*call.arrays.values(), **call.options))
        if value.shape != best.shape:
            return False
        near = np.isclose(value, best, rtol=3e-3, atol=1e-5)
        return bool((near | (~np.isfinite(value) & (abs(best) > 20))).all())

    return shows


def broadcast(core, **otherwise):
    return Misconception(
        "broadcasting of (n, 1) against (n,)",
        reducing(core, **otherwise),
        "These shapes make an n × n table, in which most entries pair a prediction with somebody "
        "else's target. Nothing looks wrong, and the model learns nonsense: compare the shapes "
        "first and raise ValueError.",
    )


def average(losses):
    return losses.mean()


def total(losses):
    return losses.sum()


def _none(losses):
    return losses
