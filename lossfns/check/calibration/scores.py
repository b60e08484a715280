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
from lossfns.check.exercise import Exercise, Misconception
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
    yield from _bad_input(rng, "its logarithm is NaN or makes the loss negative")


def _draw_brier(rng):
    pairs = classified(rng)
    yield from _ask(pairs)
    yield from _ask(singles(pairs[4:6]))
    sure = np.array([[0.0, 1.0, 0.0], [1.0, 0.0, 0.0]])
    yield from _ask([(sure, np.array([1, 1])), (sure, np.array([1, 0]))], "extremes")
    yield from _bad_input(rng, "the squares of logits are no score")


def _bad_input(rng, cost):
    return bad_classes(
        rng,
        below="Python counts from the end, so that label -1 silently means the last class. It "
        "often marks items without a label, which must not be scored at all: raise ValueError.",
        above="There is no such class; often the labels count from 1. Raise ValueError, which also "
        "says more than the IndexError of an array.",
        logits=f"Numbers outside 0 … 1 are no probabilities: probably the softmax is missing, and "
        f"{cost}. Raise ValueError.",
        sums="Numbers between 0 and 1 whose sum is not 1 are separate yes-or-no probabilities, or "
        "unfinished ones. Compare the row sums with 1, give or take 0.001, and raise "
        "ValueError.",
    )


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
    name="nll",
    signature="nll(probs, target)",
    read="proper-scores",
    right=_checked(_nll),
    draw=_draw_nll,
    probes=(
        kinds.no_distributions("probs"),
        kinds.labels("target", "probs"),
        kinds.square("probs", labels="target"),
    ),
    misconceptions=(
        Misconception(
            "the sum instead of the mean",
            lambda probs, target: -np.log(pick(probs, target)).sum(),
            "You add up the losses of all items but do not divide by their number. Models are "
            "compared on test sets of any size, so the score is a mean.",
        ),
        Misconception(
            "the sign forgotten",
            lambda probs, target: np.log(pick(probs, target)).mean(),
            "The logarithm of a probability is never positive, and better models have a larger "
            "one. Its negative is a loss: small is good.",
        ),
        Misconception(
            "the logarithm of the mean",
            lambda probs, target: -np.log(pick(probs, target).mean()),
            "The likelihood is a product over the items, so its logarithm is a sum of logarithms: "
            "take them first, average then.",
        ),
        Misconception(
            "the logarithm to base 2",
            lambda probs, target: -np.log2(pick(probs, target)).mean(),
            "This is in bits. The loss is in nats, with the natural logarithm np.log.",
        ),
        Misconception(
            "the decimal logarithm",
            lambda probs, target: -np.log10(pick(probs, target)).mean(),
            "The logarithm is the natural one, np.log.",
        ),
        Misconception(
            "the mean over all classes",
            lambda probs, target: -np.log(np.maximum(probs, 1e-300)).mean(),
            "You average the logarithms of all probabilities. Only that of the class that was "
            "true counts; the others matter through the sum of 1.",
        ),
        Misconception(
            "divided by the number of entries",
            lambda probs, target: -np.log(pick(probs, target)).sum() / probs.size,
            "One entry of every row counts, so n logarithms are averaged: divide by the number "
            "of rows, not by probs.size.",
        ),
        Misconception(
            "every row with every label",
            lambda probs, target: -np.log(probs[:, target]).mean(),
            "probs[:, target] takes all the labels from all the rows, n × n numbers. One number a "
            "row needs pairs of indices: probs[np.arange(n), target].",
        ),
        Misconception(
            "the most likely class instead of the true one",
            lambda probs, target: -np.log(probs.max(axis=1)).mean(),
            "This rewards being sure, right or wrong: target has no effect on your result.",
        ),
        Misconception(
            "the probability without the logarithm",
            lambda probs, target: 1 - pick(probs, target).mean(),
            "1 - p is bounded: a model that gives the truth the probability 0 loses no more than "
            "1. Minus the logarithm grows without bound.",
        ),
        Misconception(
            "the other classes counted as well",
            lambda probs, target: (
                -np.log(pick(probs, target))
                - np.log1p(-np.minimum(probs, 1 - 1e-16)).sum(axis=1)
                + np.log1p(-np.minimum(pick(probs, target), 1 - 1e-16))
            ).mean(),
            "You add -ln(1 - p) of the other classes: that is the loss of separate yes-or-no "
            "questions. Of one distribution only the true class counts.",
        ),
        Misconception(
            "a softmax of the probabilities",
            lambda probs, target: -np.log(pick(softmax(probs), target)).mean(),
            "The rows are probabilities already. A second softmax flattens them: even a certain "
            "prediction of two classes would only have e/(e + 1) = 0.73.",
        ),
        Misconception(
            "the probability clipped, or a constant inside the logarithm",
            lambda probs, target: -np.log(np.maximum(pick(probs, target), 1e-12)).mean(),
            "Clipped at 1e-12, or with 1e-12 added, no item can cost more than 27.6, so the worst "
            "predictions look better than they are. float64 holds probabilities down to 1e-308; "
            "take the logarithm of what is there.",
            capped(_nll, share=0.97),
        ),
    ),
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
    name="brier",
    signature="brier(probs, target)",
    read="loss-brier",
    right=_checked(ln.brier),
    draw=_draw_brier,
    probes=(
        kinds.no_distributions("probs"),
        kinds.labels("target", "probs"),
        kinds.square("probs", labels="target"),
    ),
    misconceptions=(
        Misconception(
            "the mean over the classes",
            lambda probs, target: _squares(probs, target).mean(),
            "You divide by the number of classes as well. Brier's score of one item is the sum "
            "over its classes, between 0 and 2; only the items are averaged.",
        ),
        Misconception(
            "half of the score",
            lambda probs, target: 0.5 * _brier(probs, target),
            "Halved, the score lies between 0 and 1, and for two classes it is that of the event. "
            "That form is in use, too; the specification has Brier's own, between 0 and 2.",
        ),
        Misconception(
            "the true class only",
            lambda probs, target: ((1 - pick(probs, target)) ** 2).mean(),
            "How the rest of the probability is spread counts as well: it is cheaper spread out "
            "than on one wrong class. Add up the squares of all classes.",
        ),
        Misconception(
            "the wrong classes only",
            lambda probs, target: (
                _squares(probs, target).sum(axis=1) - (1 - pick(probs, target)) ** 2
            ).mean(),
            "The true class is missing: it costs (1 - p)². One-hot labels make both kinds the "
            "same formula.",
        ),
        Misconception(
            "class numbers for one-hot rows",
            lambda probs, target: ((probs - target[:, None]) ** 2).sum(axis=1).mean(),
            "You subtract the number of the class from its probabilities. Labels are names: "
            "compare the row with 1 at the true class and 0 elsewhere.",
        ),
        Misconception(
            "the most likely class as an event",
            lambda probs, target: (np.subtract(*_top(probs, 1.0 * target)) ** 2).mean(),
            "You score only how sure the prediction was and whether it was right. The Brier score "
            "of classes compares the whole row with the one-hot label.",
        ),
        Misconception(
            "the absolute differences",
            lambda probs, target: abs(probs - _one_hot(probs, target)).sum(axis=1).mean(),
            "Absolute differences are no proper score: a model does best by claiming to be "
            "certain of the most likely class. Squares make honest probabilities the best ones.",
        ),
        Misconception(
            "the root of the score",
            lambda probs, target: np.sqrt(_brier(probs, target)),
            "There is no root in the score; with it, the scores of two halves of a test set would "
            "not average to that of the whole.",
        ),
        Misconception(
            "the length of the difference",
            lambda probs, target: np.sqrt(_squares(probs, target).sum(axis=1)).mean(),
            "You take the root of each item's sum of squares. The score is the squared length, "
            "without a root.",
        ),
        Misconception(
            "the sum instead of the mean",
            lambda probs, target: _squares(probs, target).sum(),
            "You add up the scores of all items but do not divide by their number.",
        ),
        Misconception(
            "one minus the score",
            lambda probs, target: 1 - _brier(probs, target),
            "The Brier score is a loss: 0 is perfect, small is good.",
        ),
        Misconception(
            "the share of wrong predictions",
            lambda probs, target: 1.0 * np.mean(probs.argmax(axis=1) != target),
            "That is the error rate, which does not care how sure the model was. Square the "
            "differences of the probabilities themselves.",
        ),
        Misconception(
            "predictions rounded to 0 and 1",
            lambda probs, target: _brier(_one_hot(probs, probs.argmax(axis=1)), target),
            "Taking the most likely class first throws the probabilities away, which are what "
            "the score is about.",
        ),
        Misconception(
            "the squares of both subtracted",
            lambda probs, target: (probs**2 - _one_hot(probs, target)).sum(axis=1).mean(),
            "p² - y² is not (p - y)²: subtract first, square then.",
        ),
        Misconception(
            "a softmax of the probabilities",
            lambda probs, target: _brier(softmax(probs), target),
            "The rows are probabilities already. A second softmax flattens them.",
        ),
    ),
)
