"""Proper scores of probabilities: the negative log-likelihood and the Brier score."""

from functools import partial

import numpy as np

import lossfns.numpy as ln
from lossfns.check import kinds
from lossfns.check.calibration.predictions import (
    bad_classes,
    classified,
    hold_distributions,
    hold_labels,
)
from lossfns.check.exercise import Exercise, Recognised
from lossfns.check.faults import capped
from lossfns.check.questions import ask_all, singles
from lossfns.check.recipes import pick, softmax

_ask = partial(ask_all, "probs target")


def _draw_nll(rng):
    pairs = classified(rng)
    yield from _ask(pairs)
    yield from _ask(singles(pairs[4:6]))
    tiny = np.array([[1e-300, 1.0], [0.25, 0.75]])
    yield from _ask([(tiny, np.array([0, 1]))], "extremes")
    tiny = np.array([[1e-30, 1.0, 0.0], [0.0, 0.5, 0.5]])
    yield from _ask(singles([(tiny, np.array([0, 1]))]), "extremes")
    yield from bad_classes(rng)


def _draw_brier(rng):
    pairs = classified(rng)
    yield from _ask(pairs)
    yield from _ask(singles(pairs[4:6]))
    sure = np.array([[0.0, 1.0, 0.0], [1.0, 0.0, 0.0]])
    yield from _ask([(sure, np.array([1, 1])), (sure, np.array([1, 0]))], "extremes")
    yield from bad_classes(rng)


def _checked(score):
    """A score behind the checks that the specification names."""

    def checked(probs, target):
        hold_distributions(probs)
        hold_labels(probs, target)
        return score(probs, target)

    return checked


def _nll(probs, target):
    return -np.log(pick(probs, target)).mean()


NLL = Exercise(
    signature="nll(probs, target)",
    read="proper-scores",
    right=_checked(_nll),
    draw=_draw_nll,
    probes=(
        kinds.no_distributions("probs"),
        kinds.labels("target", "probs"),
        kinds.square("probs", labels="target"),
    ),
    mistakes={
        "the sum instead of the mean": lambda probs, target: -np.log(pick(probs, target)).sum(),
        "the sign forgotten": lambda probs, target: np.log(pick(probs, target)).mean(),
        "the logarithm of the mean": lambda probs, target: -np.log(pick(probs, target).mean()),
        "the logarithm to base 2": lambda probs, target: -np.log2(pick(probs, target)).mean(),
        "the decimal logarithm": lambda probs, target: -np.log10(pick(probs, target)).mean(),
        "the mean over all classes": lambda probs, target: (
            -np.log(np.maximum(probs, 1e-300)).mean()
        ),
        "divided by the number of entries": lambda probs, target: (
            -np.log(pick(probs, target)).sum() / probs.size
        ),
        "every row with every label": lambda probs, target: -np.log(probs[:, target]).mean(),
        "the most likely class instead of the true one": lambda probs, target: (
            -np.log(probs.max(axis=1)).mean()
        ),
        "the probability without the logarithm": lambda probs, target: (
            1 - pick(probs, target).mean()
        ),
        "the other classes counted as well": lambda probs, target: (
            -np.log(pick(probs, target))
            - np.log1p(-np.minimum(probs, 1 - 1e-16)).sum(axis=1)
            + np.log1p(-np.minimum(pick(probs, target), 1 - 1e-16))
        ).mean(),
        "a softmax of the probabilities": lambda probs, target: (
            -np.log(pick(softmax(probs), target)).mean()
        ),
        "the probability clipped, or a constant inside the logarithm": Recognised(
            lambda probs, target: -np.log(np.maximum(pick(probs, target), 1e-12)).mean(),
            capped(_nll, share=0.97),
        ),
    },
)


def _one_hot(probs, target):
    return (target[:, None] == np.arange(probs.shape[1])) * 1.0


def _brier(probs, target):
    return ((probs - _one_hot(probs, target)) ** 2).sum(axis=1).mean()


def _squares(probs, target):
    return (probs - _one_hot(probs, target)) ** 2


def _top(probs, target):
    return probs.max(axis=1), probs.argmax(axis=1) == target


BRIER = Exercise(
    signature="brier(probs, target)",
    read="loss-brier",
    right=_checked(ln.brier),
    draw=_draw_brier,
    probes=(
        kinds.no_distributions("probs"),
        kinds.labels("target", "probs"),
        kinds.square("probs", labels="target"),
    ),
    mistakes={
        "the mean over the classes": lambda probs, target: _squares(probs, target).mean(),
        "half of the score": lambda probs, target: 0.5 * _brier(probs, target),
        "the true class only": lambda probs, target: ((1 - pick(probs, target)) ** 2).mean(),
        "the wrong classes only": lambda probs, target: (
            _squares(probs, target).sum(axis=1) - (1 - pick(probs, target)) ** 2
        ).mean(),
        "class numbers for one-hot rows": lambda probs, target: (
            ((probs - target[:, None]) ** 2).sum(axis=1).mean()
        ),
        "the most likely class as an event": lambda probs, target: (
            np.subtract(*_top(probs, 1.0 * target)) ** 2
        ).mean(),
        "the absolute differences": lambda probs, target: (
            abs(probs - _one_hot(probs, target)).sum(axis=1).mean()
        ),
        "the root of the score": lambda probs, target: np.sqrt(_brier(probs, target)),
        "the length of the difference": lambda probs, target: np.sqrt(
            _squares(probs, target).sum(axis=1)
        ).mean(),
        "the sum instead of the mean": lambda probs, target: _squares(probs, target).sum(),
        "one minus the score": lambda probs, target: 1 - _brier(probs, target),
        "the share of wrong predictions": lambda probs, target: (
            1.0 * np.mean(probs.argmax(axis=1) != target)
        ),
        "predictions rounded to 0 and 1": lambda probs, target: _brier(
            _one_hot(probs, probs.argmax(axis=1)), target
        ),
        "the squares of both subtracted": lambda probs, target: (
            (probs**2 - _one_hot(probs, target)).sum(axis=1).mean()
        ),
        "a softmax of the probabilities": lambda probs, target: _brier(softmax(probs), target),
    },
)
