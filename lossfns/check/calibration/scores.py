"""Proper scores of probabilities: the negative log-likelihood and the Brier score.

In the mistakes p stands for the probabilities and y for the labels.
"""

import numpy as np

import lossfns.numpy as ln
from lossfns.check.calibration.predictions import bad_classes, checked, classified, hot, probes
from lossfns.check.exercise import Exercise, Recognised
from lossfns.check.faults import capped
from lossfns.check.questions import ask_all, singles
from lossfns.check.recipes import pick, softmax


def _draw(*extremes):
    """Questions for a score; `extremes` are pairs (probabilities, labels)."""

    def draw(rng):
        pairs = classified(rng)
        yield from ask_all("probs target", [*pairs, *singles(pairs[4:6])])
        yield from ask_all("probs target", extremes, "extremes")
        yield from bad_classes(rng)

    return draw


_TINY = np.array([[1e-300, 1.0], [0.25, 0.75]])
_SINGLE = np.array([[1e-30, 1.0, 0.0], [0.0, 0.5, 0.5]], np.float32)
_SURE = np.array([[0.0, 1.0, 0.0], [1.0, 0.0, 0.0]])


def _nll(p, y):
    return -np.log(pick(p, y)).mean()


def _log_other(p):
    """The logarithm of 1 - p, finite for p = 1."""
    return np.log1p(-np.minimum(p, 1 - 1e-16))


NLL = Exercise(
    signature="nll(probs, target)",
    read="proper-scores",
    right=checked(_nll),
    draw=_draw((_TINY, np.array([0, 1])), (_SINGLE, np.array([0, 1]))),
    probes=probes(),
    mistakes={
        "the sum instead of the mean": lambda p, y: -np.log(pick(p, y)).sum(),
        "the sign forgotten": lambda p, y: np.log(pick(p, y)).mean(),
        "the logarithm of the mean": lambda p, y: -np.log(pick(p, y).mean()),
        "the logarithm to base 2": lambda p, y: -np.log2(pick(p, y)).mean(),
        "the decimal logarithm": lambda p, y: -np.log10(pick(p, y)).mean(),
        "the mean over all classes": lambda p, y: -np.log(np.maximum(p, 1e-300)).mean(),
        "divided by the number of entries": lambda p, y: -np.log(pick(p, y)).sum() / p.size,
        "every row with every label": lambda p, y: -np.log(p[:, y]).mean(),
        "the most likely class instead of the true one": lambda p, y: -np.log(p.max(axis=1)).mean(),
        "the probability without the logarithm": lambda p, y: 1 - pick(p, y).mean(),
        "the other classes counted as well": lambda p, y: (
            -np.log(pick(p, y)) - _log_other(p).sum(axis=1) + _log_other(pick(p, y))
        ).mean(),
        "a softmax of the probabilities": lambda p, y: _nll(softmax(p), y),
        "the probability clipped, or a constant inside the logarithm": Recognised(
            lambda p, y: -np.log(np.maximum(pick(p, y), 1e-12)).mean(), capped(_nll, share=0.97)
        ),
    },
)


def _squares(p, y):
    return (p - hot(p, y)) ** 2


def _brier(p, y):
    return _squares(p, y).sum(axis=1).mean()


BRIER = Exercise(
    signature="brier(probs, target)",
    read="loss-brier",
    right=checked(ln.brier),
    draw=_draw((_SURE, np.array([1, 1])), (_SURE, np.array([1, 0]))),
    probes=NLL.probes,
    mistakes={
        "the mean over the classes": lambda p, y: _squares(p, y).mean(),
        "half of the score": lambda p, y: 0.5 * _brier(p, y),
        "the true class only": lambda p, y: ((1 - pick(p, y)) ** 2).mean(),
        "the wrong classes only": lambda p, y: _brier(p, y) - ((1 - pick(p, y)) ** 2).mean(),
        "class numbers for one-hot rows": lambda p, y: ((p - y[:, None]) ** 2).sum(axis=1).mean(),
        "the most likely class as an event": lambda p, y: (
            (p.max(axis=1) - (p.argmax(axis=1) == y)) ** 2
        ).mean(),
        "the absolute differences": lambda p, y: abs(p - hot(p, y)).sum(axis=1).mean(),
        "the root of the score": lambda p, y: np.sqrt(_brier(p, y)),
        "the length of the difference": lambda p, y: np.sqrt(_squares(p, y).sum(axis=1)).mean(),
        "the sum instead of the mean": lambda p, y: _squares(p, y).sum(),
        "one minus the score": lambda p, y: 1 - _brier(p, y),
        "the share of wrong predictions": lambda p, y: np.mean(p.argmax(axis=1) != y),
        "predictions rounded to 0 and 1": lambda p, y: _brier(hot(p, p.argmax(axis=1)), y),
        "the squares of both subtracted": lambda p, y: (p**2 - hot(p, y)).sum(axis=1).mean(),
        "a softmax of the probabilities": lambda p, y: _brier(softmax(p), y),
    },
)
