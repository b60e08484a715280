"""One number from the gaps of a reliability diagram: expected and maximum calibration error."""

import numpy as np

import lossfns.numpy as ln
from lossfns.check import kinds
from lossfns.check.calibration.errors import (
    checked,
    draw_errors,
    error_from,
    item_gaps,
    shared,
    top,
)
from lossfns.check.exercise import Exercise, Misconception


def _expected(weight, gap):
    return (weight * abs(gap)).sum()


def _maximum(weight, gap):
    return abs(gap).max(initial=0.0)


ECE = Exercise(
    name="ece",
    signature="ece(probs, target, bins=10)",
    read="loss-ece",
    right=checked(ln.ece),
    draw=draw_errors,
    probes=(
        kinds.no_distributions("probs"),
        kinds.labels("target", "probs"),
        kinds.labelled_by_column("target"),
        kinds.outside("bins", 1, whole=True),
        kinds.square("probs", labels="target"),
    ),
    misconceptions=(
        Misconception(
            "all bins weighted alike",
            error_from(lambda weight, gap: abs(gap).mean()),
            "A bin with one prediction counts as much as one with a thousand. Weight each gap "
            "with the share of the predictions in its bin.",
        ),
        Misconception(
            "divided by the number of all bins",
            lambda probs, target, bins=10: (
                error_from(lambda weight, gap: abs(gap).sum())(probs, target, bins) / bins
            ),
            "Empty bins count as perfect ones in your mean, so that more bins make a better "
            "model. Weight each gap with the share of the predictions in its bin.",
        ),
        Misconception(
            "the largest gap",
            error_from(_maximum),
            "That is the maximum calibration error. The expected one averages the gaps, weighted "
            "with the share of the predictions in each bin.",
        ),
        Misconception(
            "gaps of opposite sign cancel",
            error_from(lambda weight, gap: abs((weight * gap).sum())),
            "Too sure in one bin and too cautious in another add up to nothing. (All bins "
            "together, this is only the accuracy minus the mean confidence.) Take the absolute "
            "value of every gap.",
        ),
        Misconception(
            "gaps with their sign",
            error_from(lambda weight, gap: (weight * gap).sum()),
            "Too sure in one bin and too cautious in another cancel, and the result can be "
            "negative. Take the absolute value of every gap.",
        ),
        Misconception(
            "squared gaps",
            error_from(lambda weight, gap: (weight * gap**2).sum()),
            "The gaps enter with their absolute value: the error is then in units of probability.",
        ),
        Misconception(
            "the root of the mean squared gap",
            error_from(lambda weight, gap: np.sqrt((weight * gap**2).sum())),
            "That variant is in use, too, and weighs large gaps more. The ECE is the weighted mean "
            "of the absolute gaps.",
        ),
        Misconception(
            "the counts not divided by n",
            lambda probs, target, bins=10: len(probs) * error_from(_expected)(probs, target, bins),
            "You weight with the counts themselves. Divide by the number of predictions, or the "
            "error grows with the test set.",
        ),
        Misconception(
            "percent",
            lambda probs, target, bins=10: 100 * error_from(_expected)(probs, target, bins),
            "Papers print the ECE in percent; this function returns the fraction, between 0 and 1.",
        ),
        Misconception(
            "no bins at all",
            item_gaps(np.mean),
            "A single prediction is right or wrong, never 70 % right: its own gap is no error of "
            "calibration. Compare means within a bin.",
        ),
        Misconception(
            "the share of wrong predictions for the accuracy",
            error_from(
                _expected,
                lambda probs, target: (top(probs, target)[0], 1 - top(probs, target)[1]),
            ),
            "You compare the confidence with how often the prediction was wrong. A calibrated "
            "model is right as often as it says.",
        ),
        *shared(_expected),
    ),
)


MAX_CALIBRATION_ERROR = Exercise(
    name="max_calibration_error",
    signature="max_calibration_error(probs, target, bins=10)",
    read="loss-mce",
    right=checked(ln.mce),
    draw=draw_errors,
    probes=(
        kinds.no_distributions("probs"),
        kinds.labels("target", "probs"),
        kinds.labelled_by_column("target"),
        kinds.outside("bins", 1, whole=True),
        kinds.square("probs", labels="target"),
    ),
    misconceptions=(
        Misconception(
            "the gaps weighted before the maximum",
            error_from(lambda weight, gap: (weight * abs(gap)).max()),
            "Weights belong to the expected error. The maximum asks for the worst bin, however "
            "few predictions it holds.",
        ),
        Misconception(
            "the mean of the gaps",
            error_from(_expected),
            "That is the expected calibration error. Here the worst bin alone decides.",
        ),
        Misconception(
            "the plain mean of the gaps",
            error_from(lambda weight, gap: abs(gap).mean()),
            "You average over the bins. Here the worst bin alone decides: take the maximum.",
        ),
        Misconception(
            "only bins that are too cautious",
            error_from(lambda weight, gap: gap.max()),
            "accuracy - confidence is negative where the model is too sure, which is the usual "
            "fault, and your maximum passes it over. Take the absolute value first.",
        ),
        Misconception(
            "only bins that are too sure",
            error_from(lambda weight, gap: (-gap).max()),
            "confidence - accuracy is negative where the model is too cautious, and your maximum "
            "passes it over. Take the absolute value first.",
        ),
        Misconception(
            "the gap of the fullest bin",
            error_from(lambda weight, gap: abs(gap)[weight.argmax()]),
            "The maximum is that of the gap, not of the count.",
        ),
        Misconception(
            "the smallest gap",
            error_from(lambda weight, gap: abs(gap).min()),
            "You return the best bin. The worst one decides.",
        ),
        Misconception(
            "squared gaps",
            error_from(lambda weight, gap: (gap**2).max()),
            "The gap itself is asked for, in units of probability, not its square.",
        ),
        Misconception(
            "the maximum over single predictions",
            item_gaps(np.max),
            "A single prediction is right or wrong, never 70 % right: its own gap is no error of "
            "calibration. Average within each bin first.",
        ),
        Misconception(
            "percent",
            lambda probs, target, bins=10: 100 * error_from(_maximum)(probs, target, bins),
            "This function returns a fraction, between 0 and 1.",
        ),
        *shared(_maximum),
    ),
)
