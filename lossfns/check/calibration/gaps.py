"""One number from the gaps of a reliability diagram: expected and maximum calibration error.

In the mistakes p stands for the probabilities, y for the labels, w for the weights of the bins,
which are the shares of the items that they hold, and g for their gaps: accuracy minus confidence.
"""

from functools import partial

import numpy as np

import lossfns.numpy as ln
from lossfns.check import kinds
from lossfns.check.calibration import predictions
from lossfns.check.calibration.bins import closed_left, closed_right, floored, middle, table
from lossfns.check.calibration.predictions import checked, hot, probes
from lossfns.check.exercise import Exercise, Recognised
from lossfns.check.questions import ask_all, refuse, singles
from lossfns.check.recipes import pick, softmax

_ask = partial(ask_all, "probs target")


def _draw_errors(rng):
    pairs = predictions.classified(rng)
    yield from _ask(pairs, bins=5)
    yield from _ask(pairs[4:])
    yield from _ask(singles(pairs[5:]))
    for count, classes, right, bins in ((80, 3, 0.9, 5), (60, 4, 0.2, 15), (100, 2, 0.6, 10)):
        probs = predictions.many(rng, count, classes)
        yield from _ask([(probs, predictions.labels_for(rng, probs, right))], bins=bins)
    sure = np.array([[0.0, 1.0], [1.0, 0.0], [0.3, 0.7], [0.4, 0.6]])
    edge = np.array([[0.25, 0.75], [0.1, 0.9], [0.45, 0.55]])
    tables = (sure[[0, 2]], [0, 1]), (sure, [1, 1, 0, 1]), (edge, [1, 0, 0]), (edge, [0, 1, 0])
    yield from _ask([(probs, np.array(labels)) for probs, labels in tables], "extremes", bins=4)
    yield from predictions.bad_classes(rng)
    probs, target = pairs[2]
    yield refuse("labels of shape (n, 1) accepted", probs=probs, target=target[:, None])
    yield refuse("no bins accepted", probs=probs, target=target, bins=0)


def _hit(p, y):
    """Whether the most likely class was right."""
    return (p.argmax(axis=1) == y) * 1.0


def _from(reduce, sure=lambda p, y: p.max(axis=1), hit=_hit, bin_of=closed_right, empty=False):
    """An error from the weights and gaps of the bins: those that hold anything, or all of them."""

    def wrong(p, y, bins=10):
        n, confidence, accuracy = table(sure(p, y), hit(p, y), bins, bin_of).T
        used = (n > 0) | empty
        return reduce(n[used] / len(p), (accuracy - confidence)[used])

    return wrong


def _from_middles(reduce):
    return lambda p, y, bins=10: _from(reduce, lambda p, y: middle(p.max(axis=1), bins))(p, y, bins)


def _from_items(reduce):
    """Without bins."""
    return lambda p, y, bins=10: reduce(abs(_hit(p, y) - p.max(axis=1)))


def _expected(w, g):
    return (w * abs(g)).sum()


def _maximum(w, g):
    return abs(g).max(initial=0.0)


def _shared(reduce):
    """Mistakes before the reduction, which both errors have in common."""
    right = _from(reduce)
    return {
        "the probability of the true class for the confidence": _from(reduce, pick),
        # As broadcasting does with confidences and results of shapes (n,) and (n, 1).
        "every prediction compared with every label": lambda p, y, bins=10: right(
            p.repeat(len(p), axis=0), np.tile(y, len(p)), bins
        ),
        "every class as a prediction": _from(reduce, lambda p, y: p, hot),
        "a softmax of the probabilities": lambda p, y, bins=10: right(softmax(p), y, bins),
        "the middle of the bin for the confidence": _from_middles(reduce),
        "NaN from empty bins": _from(reduce, empty=True),
        "the number of bins fixed at 10": lambda p, y, bins=10: right(p, y),
        "1.0 fallen out of the last bin": _from(reduce, bin_of=floored),
        "bins closed on the left": _from(reduce, bin_of=closed_left),
    }


ECE = Exercise(
    signature="ece(probs, target, bins=10)",
    read="loss-ece",
    right=checked(ln.ece, bins=10),
    draw=_draw_errors,
    probes=probes(kinds.labelled_by_column("target"), kinds.outside("bins", 1, whole=True)),
    mistakes={
        "all bins weighted alike": _from(lambda w, g: abs(g).mean()),
        "divided by the number of all bins": lambda p, y, bins=10: (
            _from(lambda w, g: abs(g).sum())(p, y, bins) / bins
        ),
        "the largest gap": _from(_maximum),
        "gaps of opposite sign cancel": _from(lambda w, g: abs((w * g).sum())),
        "gaps with their sign": _from(lambda w, g: (w * g).sum()),
        "squared gaps": _from(lambda w, g: (w * g**2).sum()),
        "the root of the mean squared gap": _from(lambda w, g: np.sqrt((w * g**2).sum())),
        "the counts not divided by n": lambda p, y, bins=10: len(p) * _from(_expected)(p, y, bins),
        "percent": _from(lambda w, g: 100 * _expected(w, g)),
        "no bins at all": _from_items(np.mean),
        "the share of wrong predictions for the accuracy": _from(
            _expected, hit=lambda p, y: p.argmax(axis=1) != y
        ),
        **_shared(_expected),
    },
)


def _one_sided(sign):
    """The largest gap to one side; if there is none, 0 or what is nearest."""
    wrong = _from(lambda w, g: (sign * g).max())

    def shows(call, value):
        largest = wrong(*call.arrays.values(), **call.options)
        return np.isclose(value, largest) or (largest < 0 and value == 0)

    return Recognised(wrong, shows)


MAX_CALIBRATION_ERROR = Exercise(
    signature="max_calibration_error(probs, target, bins=10)",
    read="loss-mce",
    right=checked(ln.mce, bins=10),
    draw=_draw_errors,
    probes=ECE.probes,
    mistakes={
        "the gaps weighted before the maximum": _from(lambda w, g: (w * abs(g)).max()),
        "the mean of the gaps": _from(_expected),
        "the plain mean of the gaps": _from(lambda w, g: abs(g).mean()),
        "only bins that are too cautious": _one_sided(1),
        "only bins that are too sure": _one_sided(-1),
        "the gap of the fullest bin": _from(lambda w, g: abs(g)[w.argmax()]),
        "the smallest gap": _from(lambda w, g: abs(g).min()),
        "squared gaps": _from(lambda w, g: (g**2).max()),
        "the maximum over single predictions": _from_items(np.max),
        "percent": _from(lambda w, g: 100 * _maximum(w, g)),
        **_shared(_maximum),
    },
)
