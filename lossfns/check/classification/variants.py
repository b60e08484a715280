"""Right and wrong parts of which the variants are made, and the mistakes that they share.

A core takes all logits (or probabilities) and all targets and gives one number per item.
"""

import numpy as np

from lossfns.check.exercise import Misconception
from lossfns.check.pairs import reducing


def sigmoid(z):
    # exp of a non-positive number never overflows.
    small = np.exp(-np.abs(z))
    return np.where(z >= 0, 1, small) / (1 + small)


def log_softmax(z, axis=-1):
    z = z - z.max(axis=axis, keepdims=True)
    return z - np.log(np.exp(z).sum(axis=axis, keepdims=True))


def softmax(z, axis=-1):
    return np.exp(log_softmax(z, axis))


def naive_softmax(z):
    return np.exp(z) / np.exp(z).sum(axis=-1, keepdims=True)


def overflowing_sigmoid(z):
    return np.exp(z) / (1 + np.exp(z))


def textbook(p, y):
    """Binary cross-entropy as it is printed: NaN or infinite where p is exactly 0 or 1."""
    return -(y * np.log(p) + (1 - y) * np.log(1 - p))


def one_hot(target, classes):
    return np.eye(classes)[target]


def pick(rows, target):
    """The entry of each row that its label names."""
    return rows[np.arange(len(rows)), target]


def averaging(core):
    """A gradient from that of each item's loss, divided by the number of items."""
    return lambda first, target: core(first, target) / len(first)


def elementwise(core):
    """As `averaging`, where every entry is an item."""
    return lambda first, target: core(first, target) / first.size


def sum_for_mean(core):
    return Misconception(
        "the sum instead of the mean",
        reducing(core, mean=np.sum),
        "You add up the losses of all items but do not divide by their number n. The loss, and "
        "with it the learning rate that fits, then grows with the size of the batch.",
    )


def mean_over_rows(core):
    return Misconception(
        "the number of rows instead of the number of items",
        reducing(core, mean=lambda losses: losses.sum() / len(losses)),
        "len(...) and .shape[0] count the rows. Each entry of a two-dimensional batch is a "
        "yes/no question of its own, so there are .size items.",
    )


def reduction_ignored(core):
    return Misconception(
        "the argument reduction without effect",
        reducing(core, sum=np.mean, none=np.mean),
        'Your function averages whatever reduction says. "sum" adds the losses up, and "none" '
        "returns one loss per item.",
    )


def sum_with_none(core):
    return Misconception(
        'no losses per item for reduction="none"',
        reducing(core, none=np.sum),
        'With "none" nothing is added up: return the array of losses, one per item.',
    )


def flipped_loss(core):
    return Misconception(
        "the sign of the loss flipped",
        reducing(lambda first, target: -core(first, target)),
        "ln of a probability is negative, so the loss carries a minus. Without it training would "
        "make the truth less and less likely.",
    )


def in_bits(core):
    return Misconception(
        "the logarithm to the base 2",
        reducing(lambda first, target: core(first, target) / np.log(2)),
        "Base 2 gives bits. Losses are in nats: the natural logarithm, np.log.",
    )


def flipped_gradient(core):
    return Misconception(
        "the sign of the gradient flipped",
        lambda first, target: -core(first, target),
        "This is target minus prediction, the direction downhill. The gradient points uphill, and "
        "a training loop that subtracts it would make the loss grow with yours.",
    )


def n_in_gradient(core):
    return Misconception(
        "the n forgotten in the gradient",
        core,
        "This is the gradient of the sum. The loss is a mean over n items, so every entry of its "
        "gradient carries 1/n.",
    )


def rows_in_gradient(core):
    return Misconception(
        "the gradient divided by the number of rows",
        averaging(core),
        "len(logits) counts the rows. Each entry of a two-dimensional batch is an item of its "
        "own: divide by logits.size.",
    )


def reduced_gradient(core):
    return Misconception(
        "the gradient averaged to one number",
        lambda first, target: core(first, target).mean(),
        "A gradient says for every logit how the loss answers to it, so it has the shape of the "
        "logits. Only the loss itself is one number.",
    )
