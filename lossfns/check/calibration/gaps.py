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
from lossfns.check.exercise import Exercise


def _expected(weight, gap):
    return (weight * abs(gap)).sum()


def _maximum(weight, gap):
    return abs(gap).max(initial=0.0)


ECE = Exercise(
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
    mistakes={
        "all bins weighted alike": error_from(lambda weight, gap: abs(gap).mean()),
        "divided by the number of all bins": lambda probs, target, bins=10: (
            error_from(lambda weight, gap: abs(gap).sum())(probs, target, bins) / bins
        ),
        "the largest gap": error_from(_maximum),
        "gaps of opposite sign cancel": error_from(lambda weight, gap: abs((weight * gap).sum())),
        "gaps with their sign": error_from(lambda weight, gap: (weight * gap).sum()),
        "squared gaps": error_from(lambda weight, gap: (weight * gap**2).sum()),
        "the root of the mean squared gap": error_from(
            lambda weight, gap: np.sqrt((weight * gap**2).sum())
        ),
        "the counts not divided by n": lambda probs, target, bins=10: (
            len(probs) * error_from(_expected)(probs, target, bins)
        ),
        "percent": lambda probs, target, bins=10: 100 * error_from(_expected)(probs, target, bins),
        "no bins at all": item_gaps(np.mean),
        "the share of wrong predictions for the accuracy": error_from(
            _expected, lambda probs, target: (top(probs, target)[0], 1 - top(probs, target)[1])
        ),
        **shared(_expected),
    },
)


MAX_CALIBRATION_ERROR = Exercise(
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
    mistakes={
        "the gaps weighted before the maximum": error_from(
            lambda weight, gap: (weight * abs(gap)).max()
        ),
        "the mean of the gaps": error_from(_expected),
        "the plain mean of the gaps": error_from(lambda weight, gap: abs(gap).mean()),
        "only bins that are too cautious": error_from(lambda weight, gap: gap.max()),
        "only bins that are too sure": error_from(lambda weight, gap: (-gap).max()),
        "the gap of the fullest bin": error_from(lambda weight, gap: abs(gap)[weight.argmax()]),
        "the smallest gap": error_from(lambda weight, gap: abs(gap).min()),
        "squared gaps": error_from(lambda weight, gap: (gap**2).max()),
        "the maximum over single predictions": item_gaps(np.max),
        "percent": lambda probs, target, bins=10: 100 * error_from(_maximum)(probs, target, bins),
        **shared(_maximum),
    },
)
