"""What the expected and the maximum calibration error share: questions and mistakes."""

from functools import partial

import numpy as np

from lossfns.check.calibration.bins import closed_left, closed_right, floored, hold_bins, table
from lossfns.check.calibration.predictions import (
    bad_classes,
    classified,
    hold_distributions,
    hold_labels,
    labels_for,
    many,
)
from lossfns.check.questions import ask_all, refuse, singles
from lossfns.check.recipes import pick, softmax


def draw_errors(rng):
    pairs = classified(rng)
    yield from _ask(pairs, bins=5)
    yield from _ask(pairs[4:])
    yield from _ask(singles(pairs[5:]))
    for count, classes, right, bins in ((80, 3, 0.9, 5), (60, 4, 0.2, 15), (100, 2, 0.6, 10)):
        probs = many(rng, count, classes)
        yield from _ask([(probs, labels_for(rng, probs, right))], bins=bins)
    sure = np.array([[0.0, 1.0], [1.0, 0.0], [0.3, 0.7], [0.4, 0.6]])
    yield from _ask([(sure[[0, 2]], np.array([0, 1]))], "extremes", bins=4)
    yield from _ask([(sure, np.array([1, 1, 0, 1]))], "extremes", bins=4)
    edge = np.array([[0.25, 0.75], [0.1, 0.9], [0.45, 0.55]])
    yield from _ask([(edge, np.array([1, 0, 0]))], "extremes", bins=4)
    yield from _ask([(edge, np.array([0, 1, 0]))], "extremes", bins=4)
    yield from bad_classes(rng)
    probs, target = pairs[2]
    yield refuse("labels of shape (n, 1) accepted", probs=probs, target=target[:, None])
    yield refuse("no bins accepted", probs=probs, target=target, bins=0)


_ask = partial(ask_all, "probs target")


def checked(error):
    """An error of the library behind the checks that the specification names."""

    def behind(probs, target, bins=10):
        hold_distributions(probs)
        hold_labels(probs, target)
        hold_bins(bins)
        return error(probs, target, bins=bins)

    return behind


def top(probs, target):
    """How sure of the most likely class, and whether that was right."""
    return probs.max(axis=1), (probs.argmax(axis=1) == target) * 1.0


def _of_true_class(probs, target):
    return pick(probs, target), (probs.argmax(axis=1) == target) * 1.0


def _every_class(probs, target):
    return probs.ravel(), ((target[:, None] == np.arange(probs.shape[1])) * 1.0).ravel()


def _after_softmax(probs, target):
    return top(softmax(probs), target)


def error_from(reduce, events=top, bin_of=closed_right, bins_used=lambda bins: bins):
    """An error from weights and gaps of the bins that hold anything."""

    def wrong(probs, target, bins=10):
        rows = table(*events(probs, target), bins_used(bins), bin_of)
        filled = rows[rows[:, 0] > 0]
        return reduce(filled[:, 0] / len(probs), filled[:, 2] - filled[:, 1])

    return wrong


def _with_middles(reduce):
    def wrong(probs, target, bins=10):
        rows = table(*top(probs, target), bins)
        gaps = rows[:, 2] - (np.arange(bins) + 0.5) / bins
        filled = rows[:, 0] > 0
        return reduce((rows[:, 0] / len(probs))[filled], gaps[filled])

    return wrong


def _with_nan(reduce):
    def wrong(probs, target, bins=10):
        rows = table(*top(probs, target), bins)
        return reduce(rows[:, 0] / len(probs), rows[:, 2] - rows[:, 1])

    return wrong


def item_gaps(reduce):
    def wrong(probs, target, bins=10):
        confidence, correct = top(probs, target)
        return reduce(abs(correct - confidence))

    return wrong


def _every_pair(error):
    """As if confidences and results of shapes (n,) and (n, 1) were compared by broadcasting."""

    def wrong(probs, target, bins=10):
        n = len(probs)
        return error(np.repeat(probs, n, axis=0), np.tile(target, n), bins)

    return wrong


def shared(reduce):
    """Mistakes before the reduction, which both errors have in common."""
    return {
        "the probability of the true class for the confidence": error_from(reduce, _of_true_class),
        "every prediction compared with every label": _every_pair(error_from(reduce)),
        "every class as a prediction": error_from(reduce, _every_class),
        "a softmax of the probabilities": error_from(reduce, _after_softmax),
        "the middle of the bin for the confidence": _with_middles(reduce),
        "NaN from empty bins": _with_nan(reduce),
        "the number of bins fixed at 10": error_from(reduce, bins_used=lambda bins: 10),
        "1.0 fallen out of the last bin": error_from(reduce, bin_of=floored),
        "bins closed on the left": error_from(reduce, bin_of=closed_left),
    }
