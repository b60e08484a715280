"""What the expected and the maximum calibration error share: questions and mistakes."""

from functools import partial

import numpy as np

from lossfns.check.calibration.bins import (
    closed_left,
    closed_right,
    floored,
    hold_bins,
    table,
)
from lossfns.check.calibration.predictions import (
    bad_classes,
    classified,
    hold_distributions,
    hold_labels,
    labels_for,
    many,
)
from lossfns.check.exercise import Misconception
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
    yield from bad_classes(
        rng,
        below="No class has this label, so the item simply counts as wrong, without a word. It "
        "often marks items without a label: raise ValueError.",
        above="No class has this label, so the item simply counts as wrong, without a word. "
        "Often the labels count from 1: raise ValueError.",
        logits="Numbers outside 0 … 1 are no probabilities: probably the softmax is missing. "
        "You put them into the last bin as if they were certainty; raise ValueError.",
        sums="The largest of these numbers is not the probability of anything. Compare the row "
        "sums with 1, give or take 0.001, and raise ValueError.",
    )
    probs, target = pairs[2]
    yield refuse(
        "labels of shape (n, 1) accepted",
        "A row of predictions against a column of labels broadcasts to n × n comparisons, "
        "most of them with somebody else's label. Raise ValueError unless target has one "
        "label a row.",
        probs=probs,
        target=target[:, None],
    )
    yield refuse(
        "no bins accepted",
        "Without bins the sum is empty and the error 0: a perfect model. Raise ValueError "
        "unless bins is at least 1.",
        probs=probs,
        target=target,
        bins=0,
    )


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
    return (
        Misconception(
            "the probability of the true class for the confidence",
            error_from(reduce, _of_true_class),
            "Nobody knows the true class when the prediction is made. Confidence is the "
            "probability of the class that is predicted, the largest of the row.",
        ),
        Misconception(
            "every prediction compared with every label",
            _every_pair(error_from(reduce)),
            "A row of predictions against a column of labels, as in top == target[:, None], "
            "broadcasts to n × n comparisons, most of them with somebody else's label.",
        ),
        Misconception(
            "every class as a prediction",
            error_from(reduce, _every_class),
            "You put all probabilities of all classes into bins. That is a class-wise error; here "
            "each item has one prediction, its most likely class.",
        ),
        Misconception(
            "a softmax of the probabilities",
            error_from(reduce, _after_softmax),
            "The rows are probabilities already. A second softmax flattens them, and the model "
            "looks much less sure than it is.",
        ),
        Misconception(
            "the middle of the bin for the confidence",
            _with_middles(reduce),
            "Inside a bin the confidences need not lie around its middle. Compare the accuracy "
            "with the mean of the confidences that are there.",
        ),
        Misconception(
            "NaN from empty bins",
            _with_nan(reduce),
            "An empty bin has the mean 0/0 = NaN, and NaN times the weight 0 is still NaN. Leave "
            "empty bins out: nothing was claimed there.",
        ),
        Misconception(
            "the number of bins fixed at 10",
            error_from(reduce, bins_used=lambda bins: 10),
            "Your function gives the same whatever bins is.",
        ),
        Misconception(
            "1.0 fallen out of the last bin",
            error_from(reduce, bin_of=floored),
            "int(1.0 * bins) is one bin too many, so the predictions that are surest of all do "
            "not count, just where an over-confident model errs most.",
        ),
        Misconception(
            "bins closed on the left",
            error_from(reduce, bin_of=closed_left),
            "A confidence on an edge belongs to the bin below: (0.5, 0.75] holds 0.75.",
        ),
    )
