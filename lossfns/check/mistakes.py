"""Builders of wrong variants of losses of the error, and the mistakes that many of them share.

What holds for losses of both arrays as well is built in `pairs`. The variants use only what NumPy
arrays and torch tensors have in common, so that one wrong core serves an exercise and its twin.
"""

from lossfns.check import pairs
from lossfns.check.exercise import Misconception


def reducing(core, **otherwise):
    """A loss from its element-wise part; `mean=`, `sum=`, `none=` replace a right reduction."""
    return pairs.reducing(of_error(core), **otherwise)


def averaging(core):
    """A gradient from its element-wise part, divided by the number of items."""
    return of_error(lambda e, **options: core(e, **options) / e.size)


def of_error(whole):
    """A result from all the errors at once."""
    return lambda pred, target, **options: whole(pred - target, **options)


def sum_for_mean(core):
    return Misconception(
        "the sum instead of the mean",
        reducing(core, mean=pairs.total),
        "You add up the losses of all items but do not divide by their number n. The loss, and "
        "with it the learning rate that fits, then grows with the size of the batch.",
    )


def mean_over_rows(core):
    return Misconception(
        "the number of rows instead of the number of items",
        reducing(core, mean=lambda losses: losses.sum() / len(losses)),
        "len(pred) and pred.shape[0] count the rows. A two-dimensional batch has pred.size items, "
        "and .mean() without an axis takes them all.",
    )


def mean_along_an_axis(core):
    return Misconception(
        "the mean along one axis only",
        reducing(core, mean=lambda losses: losses.mean(axis=0)),
        "With axis=0 one mean a column is left. The loss is one number: average over all axes.",
    )


def median_for_mean(core, median):
    return Misconception(
        "the median instead of the mean",
        reducing(core, mean=median),
        "The reduction is the mean of the losses. The median is what the mean absolute error "
        "leads to as the best constant prediction; it is not how the loss is reduced.",
    )


def reduction_ignored(core):
    return Misconception(
        "the argument reduction without effect",
        reducing(core, sum=pairs.average, none=pairs.average),
        'Your function averages whatever reduction says. "sum" adds the losses up, and "none" '
        "returns one loss per item, in the shape of pred.",
    )


def sum_with_none(core):
    return Misconception(
        'no losses per item for reduction="none"',
        reducing(core, none=pairs.total),
        'With "none" nothing is added up: return the array of losses in the shape of pred.',
    )


def n_in_gradient(core):
    return Misconception(
        "the n forgotten in the gradient",
        of_error(core),
        "This is the gradient of the sum. The loss is a mean over n items, so every entry of its "
        "gradient carries 1/n: divide by pred.size.",
    )


def rows_in_gradient(core):
    return Misconception(
        "the gradient divided by the number of rows",
        of_error(lambda e, **options: core(e, **options) / len(e)),
        "len(pred) and pred.shape[0] count the rows. A two-dimensional batch has pred.size items.",
    )


def flipped_gradient(core):
    return Misconception(
        "the sign of the gradient flipped",
        averaging(lambda e, **options: -core(e, **options)),
        "This is minus the gradient: the derivative with respect to the target, or that of "
        "(target - pred) without its inner derivative -1. A step against it makes the loss grow.",
    )


def reduced_gradient(core):
    return Misconception(
        "the gradient averaged to one number",
        of_error(lambda e, **options: core(e, **options).mean()),
        "A gradient says for every prediction how the loss answers to it, so it has the shape of "
        "pred. Only the loss itself is one number.",
    )


def value_for_gradient(core):
    return Misconception(
        "the loss per item instead of its derivative",
        averaging(core),
        "These are the losses divided by n. The gradient is made of their derivatives with "
        "respect to pred.",
    )


def huber_core(inside, outside, limit=lambda e, delta: abs(e) <= delta):
    """A piecewise core from its two branches and the place where they meet."""

    def core(e, delta=1.0):
        near = limit(e, delta)
        return near * inside(e, delta) + ~near * outside(e, delta)

    return core
