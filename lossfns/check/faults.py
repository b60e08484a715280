"""The mistakes that many exercises share, built around a right core.

A core takes (pred, target, **options) and gives one loss, or one slope, per item.
"""

import numpy as np

from lossfns.check.recipes import average, averaged, averaged_rows, per_item, total


def of_mean(core):
    """Of a loss that is the mean over all items."""
    return {
        "the sum instead of the mean": per_item(core, mean=total),
        "the number of rows instead of the number of items": per_item(
            core, mean=lambda losses: losses.sum() / len(losses)
        ),
        "the mean along one axis only": per_item(core, mean=lambda losses: losses.mean(axis=0)),
    }


def of_reduction(core):
    """Of the argument `reduction`."""
    return {
        "the argument reduction without effect": per_item(core, sum=average, none=average),
        'no losses per item for reduction="none"': per_item(core, none=total),
        'the mean for reduction="none"': per_item(core, none=average),
        'the mean for reduction="sum"': per_item(core, sum=average),
    }


def of_likelihood(core):
    """Of a logarithm of probabilities."""
    return {
        "the sign of the loss flipped": per_item(lambda p, y: -core(p, y)),
        "the logarithm to the base 2": per_item(lambda p, y: core(p, y) / np.log(2)),
    }


def of_gradient(core):
    """Of the gradient of a mean; `core` gives the slope of each item's own loss."""
    return {
        "the n forgotten in the gradient": core,
        **flipped_gradient(averaged(core)),
        "the gradient divided by the number of rows": averaged_rows(core),
        "the gradient averaged to one number": lambda *given, **options: core(
            *given, **options
        ).mean(),
    }


def flipped_gradient(gradient):
    """Of a whole gradient, not of its core."""
    return {
        "the sign of the gradient flipped": lambda *given, **options: -gradient(*given, **options)
    }


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
