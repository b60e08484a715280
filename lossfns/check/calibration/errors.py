"""One number from a reliability diagram: expected and maximum calibration error."""

import numpy as np

import lossfns.numpy as ln
from lossfns.check.calibration.bins import (
    closed_left,
    closed_right,
    floored,
    hold_bins,
    table,
)
from lossfns.check.calibration.predictions import (
    CHAPTER,
    bad_classes,
    classified,
    hold_distributions,
    hold_labels,
    labels_for,
    many,
    own,
    refuse,
    softmax,
)
from lossfns.check.exercise import Call, Exercise, Misconception


def _draw_errors(rng):
    pairs = classified(rng)
    yield from _ask(pairs, bins=5)
    yield from _ask(pairs[4:])
    yield from _ask(pairs[5:], dtype=np.float32)
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
    yield refuse({}, probs=probs, target=target[:, None])
    yield refuse({"bins": 0}, probs=probs, target=target)


def _ask(pairs, aspect="values", dtype=np.float64, **options):
    return [
        Call({"probs": probs.astype(dtype), "target": y}, options, aspect) for probs, y in pairs
    ]


def _hold(probs, target, bins):
    hold_distributions(probs)
    hold_labels(probs, target)
    hold_bins(bins)


def _checked(error):
    def checked(probs, target, bins=10):
        _hold(probs, target, bins)
        return error(probs, target, bins=bins)

    return checked


def _top(probs, target):
    """How sure of the most likely class, and whether that was right."""
    return probs.max(axis=1), (probs.argmax(axis=1) == target) * 1.0


def _of_true_class(probs, target):
    return own(probs, target), (probs.argmax(axis=1) == target) * 1.0


def _every_class(probs, target):
    return probs.ravel(), ((target[:, None] == np.arange(probs.shape[1])) * 1.0).ravel()


def _after_softmax(probs, target):
    return _top(softmax(probs), target)


def _from(reduce, events=_top, bin_of=closed_right, bins_used=lambda bins: bins):
    """An error from weights and gaps of the bins that hold anything."""

    def wrong(probs, target, bins=10):
        rows = table(*events(probs, target), bins_used(bins), bin_of)
        filled = rows[rows[:, 0] > 0]
        return reduce(filled[:, 0] / len(probs), filled[:, 2] - filled[:, 1])

    return wrong


def _with_middles(reduce):
    def wrong(probs, target, bins=10):
        rows = table(*_top(probs, target), bins)
        gaps = rows[:, 2] - (np.arange(bins) + 0.5) / bins
        filled = rows[:, 0] > 0
        return reduce((rows[:, 0] / len(probs))[filled], gaps[filled])

    return wrong


def _with_nan(reduce):
    def wrong(probs, target, bins=10):
        rows = table(*_top(probs, target), bins)
        return reduce(rows[:, 0] / len(probs), rows[:, 2] - rows[:, 1])

    return wrong


def _item_gaps(reduce):
    def wrong(probs, target, bins=10):
        confidence, correct = _top(probs, target)
        return reduce(abs(correct - confidence))

    return wrong


def _behind(error, *holds):
    """The right error behind some of its checks only."""

    def wrong(probs, target, bins=10):
        for hold in holds:
            hold(probs, target, bins)
        return error(probs, target, bins)

    return wrong


def _shapes_of(probs, target, bins):
    if target.shape != probs.shape[:1]:
        raise ValueError("shapes")


def _labels(probs, target, bins):
    hold_labels(probs, target.ravel())


def _labels_of_known_shape(probs, target, bins):
    hold_labels(probs, target)


def _rows(probs, target, bins):
    hold_distributions(probs)


def _range(probs, target, bins):
    if probs.min() < 0 or probs.max() > 1:
        raise ValueError("not probabilities")


def _bins(probs, target, bins):
    hold_bins(bins)


def _every_pair(error):
    """As if confidences and results of shapes (n,) and (n, 1) were compared by broadcasting."""

    def wrong(probs, target, bins=10):
        n = len(probs)
        return error(np.repeat(probs, n, axis=0), np.tile(target.ravel(), n), bins)

    return wrong


def _shared(reduce):
    """Mistakes before the reduction, which both errors have in common."""
    return (
        Misconception(
            "the probability of the true class for the confidence",
            _from(reduce, _of_true_class),
            "Nobody knows the true class when the prediction is made. Confidence is the "
            "probability of the class that is predicted, the largest of the row.",
        ),
        Misconception(
            "every class as a prediction",
            _from(reduce, _every_class),
            "You put all probabilities of all classes into bins. That is a class-wise error; here "
            "each item has one prediction, its most likely class.",
        ),
        Misconception(
            "a softmax of the probabilities",
            _from(reduce, _after_softmax),
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
            _from(reduce, bins_used=lambda bins: 10),
            "Your function gives the same whatever bins is.",
        ),
        Misconception(
            "1.0 fallen out of the last bin",
            _from(reduce, bin_of=floored),
            "int(1.0 * bins) is one bin too many, so the predictions that are surest of all do "
            "not count, just where an over-confident model errs most.",
        ),
        Misconception(
            "bins closed on the left",
            _from(reduce, bin_of=closed_left),
            "A confidence on an edge belongs to the bin below: (0.5, 0.75] holds 0.75.",
        ),
    )


def _bad_input(error):
    right = _from(error)
    return (
        Misconception(
            "a label of -1 accepted",
            _behind(
                right,
                _rows,
                _bins,
                lambda probs, target, bins: hold_labels(probs, np.maximum(target, 0)),
            ),
            "No class has this label, so the item simply counts as wrong, without a word. It "
            "often marks items without a label: raise ValueError.",
        ),
        Misconception(
            "a label beyond the last class accepted",
            _behind(
                right,
                _rows,
                _bins,
                lambda probs, target, bins: hold_labels(
                    probs, np.minimum(target, probs.shape[1] - 1)
                ),
            ),
            "No class has this label, so the item simply counts as wrong, without a word. Often "
            "the labels count from 1: raise ValueError.",
        ),
        Misconception(
            "logits taken for probabilities",
            _behind(right, _labels_of_known_shape, _bins),
            "Numbers outside 0 … 1 are no probabilities: probably the softmax is missing. You put "
            "them into the last bin as if they were certainty; raise ValueError.",
        ),
        Misconception(
            "rows that do not sum to 1 accepted",
            _behind(right, _labels_of_known_shape, _bins, _range),
            "The largest of these numbers is not the probability of anything. Compare the row "
            "sums with 1, give or take 0.001, and raise ValueError.",
        ),
        Misconception(
            "labels of shape (n, 1) accepted",
            _behind(_every_pair(right), _rows, _bins, _labels),
            "A row of predictions against a column of labels broadcasts to n × n comparisons, "
            "most of them with somebody else's label. Raise ValueError unless target has one "
            "label a row.",
        ),
        Misconception(
            "no bins accepted",
            _behind(
                lambda probs, target, bins: right(probs, target, bins) if bins >= 1 else 0.0,
                _rows,
                _labels_of_known_shape,
            ),
            "Without bins the sum is empty and the error 0: a perfect model. Raise ValueError "
            "unless bins is at least 1.",
        ),
    )


def _expected(weight, gap):
    return (weight * abs(gap)).sum()


def _maximum(weight, gap):
    return abs(gap).max(initial=0.0)


ECE = Exercise(
    name="ece",
    signature="ece(probs, target, bins=10)",
    read=CHAPTER,
    right=_checked(ln.ece),
    draw=_draw_errors,
    misconceptions=(
        Misconception(
            "all bins weighted alike",
            _from(lambda weight, gap: abs(gap).mean()),
            "A bin with one prediction counts as much as one with a thousand. Weight each gap "
            "with the share of the predictions in its bin.",
        ),
        Misconception(
            "divided by the number of all bins",
            lambda probs, target, bins=10: (
                _from(lambda weight, gap: abs(gap).sum())(probs, target, bins) / bins
            ),
            "Empty bins count as perfect ones in your mean, so that more bins make a better "
            "model. Weight each gap with the share of the predictions in its bin.",
        ),
        Misconception(
            "the largest gap",
            _from(_maximum),
            "That is the maximum calibration error. The expected one averages the gaps, weighted "
            "with the share of the predictions in each bin.",
        ),
        Misconception(
            "gaps of opposite sign cancel",
            _from(lambda weight, gap: abs((weight * gap).sum())),
            "Too sure in one bin and too cautious in another add up to nothing. (All bins "
            "together, this is only the accuracy minus the mean confidence.) Take the absolute "
            "value of every gap.",
        ),
        Misconception(
            "gaps with their sign",
            _from(lambda weight, gap: (weight * gap).sum()),
            "Too sure in one bin and too cautious in another cancel, and the result can be "
            "negative. Take the absolute value of every gap.",
        ),
        Misconception(
            "squared gaps",
            _from(lambda weight, gap: (weight * gap**2).sum()),
            "The gaps enter with their absolute value: the error is then in units of probability.",
        ),
        Misconception(
            "the root of the mean squared gap",
            _from(lambda weight, gap: np.sqrt((weight * gap**2).sum())),
            "That variant is in use, too, and weighs large gaps more. The ECE is the weighted mean "
            "of the absolute gaps.",
        ),
        Misconception(
            "the counts not divided by n",
            lambda probs, target, bins=10: len(probs) * _from(_expected)(probs, target, bins),
            "You weight with the counts themselves. Divide by the number of predictions, or the "
            "error grows with the test set.",
        ),
        Misconception(
            "percent",
            lambda probs, target, bins=10: 100 * _from(_expected)(probs, target, bins),
            "Papers print the ECE in percent; this function returns the fraction, between 0 and 1.",
        ),
        Misconception(
            "no bins at all",
            _item_gaps(np.mean),
            "A single prediction is right or wrong, never 70 % right: its own gap is no error of "
            "calibration. Compare means within a bin.",
        ),
        Misconception(
            "the share of wrong predictions for the accuracy",
            _from(
                _expected,
                lambda probs, target: (_top(probs, target)[0], 1 - _top(probs, target)[1]),
            ),
            "You compare the confidence with how often the prediction was wrong. A calibrated "
            "model is right as often as it says.",
        ),
        *_shared(_expected),
        *_bad_input(_expected),
    ),
)


MAX_CALIBRATION_ERROR = Exercise(
    name="max_calibration_error",
    signature="max_calibration_error(probs, target, bins=10)",
    read=CHAPTER,
    right=_checked(ln.mce),
    draw=_draw_errors,
    misconceptions=(
        Misconception(
            "the gaps weighted before the maximum",
            _from(lambda weight, gap: (weight * abs(gap)).max()),
            "Weights belong to the expected error. The maximum asks for the worst bin, however "
            "few predictions it holds.",
        ),
        Misconception(
            "the mean of the gaps",
            _from(_expected),
            "That is the expected calibration error. Here the worst bin alone decides.",
        ),
        Misconception(
            "the plain mean of the gaps",
            _from(lambda weight, gap: abs(gap).mean()),
            "You average over the bins. Here the worst bin alone decides: take the maximum.",
        ),
        Misconception(
            "only bins that are too cautious",
            _from(lambda weight, gap: gap.max()),
            "accuracy - confidence is negative where the model is too sure, which is the usual "
            "fault, and your maximum passes it over. Take the absolute value first.",
        ),
        Misconception(
            "only bins that are too sure",
            _from(lambda weight, gap: (-gap).max()),
            "confidence - accuracy is negative where the model is too cautious, and your maximum "
            "passes it over. Take the absolute value first.",
        ),
        Misconception(
            "the gap of the fullest bin",
            _from(lambda weight, gap: abs(gap)[weight.argmax()]),
            "The maximum is that of the gap, not of the count.",
        ),
        Misconception(
            "the smallest gap",
            _from(lambda weight, gap: abs(gap).min()),
            "You return the best bin. The worst one decides.",
        ),
        Misconception(
            "squared gaps",
            _from(lambda weight, gap: (gap**2).max()),
            "The gap itself is asked for, in units of probability, not its square.",
        ),
        Misconception(
            "the maximum over single predictions",
            _item_gaps(np.max),
            "A single prediction is right or wrong, never 70 % right: its own gap is no error of "
            "calibration. Average within each bin first.",
        ),
        Misconception(
            "percent",
            lambda probs, target, bins=10: 100 * _from(_maximum)(probs, target, bins),
            "This function returns a fraction, between 0 and 1.",
        ),
        *_shared(_maximum),
        *_bad_input(_maximum),
    ),
)
