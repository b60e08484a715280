"""The mistakes that many exercises share, built around a right core.

A core takes (pred, target, **options) and gives one loss, or one slope, per item. `array` is how
the exercise calls its first argument.
"""

import numpy as np

from lossfns.check.exercise import Misconception
from lossfns.check.recipes import average, averaged_rows, per_item, total


def sum_for_mean(core):
    return Misconception(
        "the sum instead of the mean",
        per_item(core, mean=total),
        "You add up the losses of all items but do not divide by their number n. The loss, and "
        "with it the learning rate that fits, then grows with the size of the batch.",
    )


def mean_over_rows(core, array="logits"):
    return Misconception(
        "the number of rows instead of the number of items",
        per_item(core, mean=lambda losses: losses.sum() / len(losses)),
        f"len({array}) and {array}.shape[0] count the rows. Each entry of a two-dimensional batch "
        "is an item of its own, and .mean() without an axis takes them all.",
    )


def mean_along_an_axis(core):
    return Misconception(
        "the mean along one axis only",
        per_item(core, mean=lambda losses: losses.mean(axis=0)),
        "With axis=0 one mean a column is left. The loss is one number: average over all axes.",
    )


def median_for_mean(core):
    return Misconception(
        "the median instead of the mean",
        per_item(core, mean=np.median),
        "The reduction is the mean of the losses. The median is what the mean absolute error "
        "leads to as the best constant prediction; it is not how the loss is reduced.",
    )


def reduction_ignored(core):
    return Misconception(
        "the argument reduction without effect",
        per_item(core, sum=average, none=average),
        'Your function averages whatever reduction says. "sum" adds the losses up, and "none" '
        "returns one loss per item.",
    )


def sum_with_none(core):
    return Misconception(
        'no losses per item for reduction="none"',
        per_item(core, none=total),
        'With "none" nothing is added up: return the array of losses, one per item.',
    )


def flipped_loss(core):
    return Misconception(
        "the sign of the loss flipped",
        per_item(lambda first, target: -core(first, target)),
        "ln of a probability is negative, so the loss carries a minus. Without it training would "
        "make the truth less and less likely.",
    )


def in_bits(core):
    return Misconception(
        "the logarithm to the base 2",
        per_item(lambda first, target: core(first, target) / np.log(2)),
        "Base 2 gives bits. Losses are in nats: the natural logarithm, np.log.",
    )


def n_in_gradient(core, n="logits.size"):
    """`n` is how the number of items is written."""
    return Misconception(
        "the n forgotten in the gradient",
        core,
        "This is the gradient of the sum. The loss is a mean over n items, so every entry of its "
        f"gradient carries 1/n: divide by {n}.",
    )


def rows_in_gradient(core, array="logits"):
    return Misconception(
        "the gradient divided by the number of rows",
        averaged_rows(core),
        f"len({array}) and {array}.shape[0] count the rows. Each entry of a two-dimensional batch "
        f"is an item of its own: divide by {array}.size.",
    )


def flipped_gradient(gradient):
    """Of a whole gradient, not of its core."""
    return Misconception(
        "the sign of the gradient flipped",
        lambda pred, target, **options: -gradient(pred, target, **options),
        "This is minus the gradient, as from target minus prediction or from the derivative with "
        "respect to the target. The gradient points uphill, and a training loop that subtracts "
        "yours would make the loss grow.",
    )


def reduced_gradient(core, array="logits"):
    return Misconception(
        "the gradient averaged to one number",
        lambda pred, target, **options: core(pred, target, **options).mean(),
        f"A gradient says for every entry of {array} how the loss answers to it, so it has the "
        f"shape of {array}. Only the loss itself is one number.",
    )


def value_for_gradient(losses, array="logits"):
    """`losses` are divided by n, as the gradient is."""
    return Misconception(
        "the loss per item instead of its derivative",
        losses,
        "These are the losses divided by n. The gradient is made of their derivatives with "
        f"respect to {array}.",
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
