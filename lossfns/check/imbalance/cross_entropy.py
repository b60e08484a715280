"""The cross-entropy with class weights: z are the logits, y the labels, w the weights."""

from functools import partial

import numpy as np

import lossfns.numpy as ln
from lossfns.check import kinds
from lossfns.check.classification.cross_entropy import NEVER
from lossfns.check.exercise import Exercise, Recognised
from lossfns.check.faults import capped
from lossfns.check.questions import ask, refuse, single
from lossfns.check.recipes import log_softmax, naive_softmax, pick

_ask = partial(ask, "logits target weight")


def right(logits, target, weight):
    return ln.cross_entropy(logits, target, weight=weight, ignore_index=NEVER)


def _draw_weighted(rng):
    for rows, classes in ((1, 2), (2, 2), (3, 3), (4, 3), (int(rng.integers(20, 40)), 5)):
        # Halves read well; an offset per row must change nothing.
        logits = rng.integers(-4, 5, size=(rows, classes)) / 2
        logits[np.arange(rows), rng.integers(0, classes, size=rows)] += 1.0
        target = np.resize(rng.permutation(classes), rows)
        weight = rng.permutation(np.array([0.5, 2.0, 1.0, 4.0, 0.25])[:classes])
        yield _ask((logits, target, weight))
        yield _ask(single(logits, target, weight))
    far = np.array([[1000.0, 0.0], [0.0, -1000.0], [-1000.0, 1000.0]])
    for logits, labels in ((far[:1], [1]), (far, [1, 0, 0]), (far - 1e4, [0, 1, 1])):
        yield _ask((logits, np.array(labels), np.array([2.0, 0.5])), "extremes")
    logits, weight = rng.integers(-4, 5, size=(2, 3)) / 2, np.array([0.5, 1.0, 2.0])
    bad = partial(refuse, logits=logits, target=np.array([1, 2]), weight=weight)
    yield bad("a label of -1 accepted", target=np.array([1, -1]))
    yield bad("a label beyond the last class accepted", target=np.array([3, 1]))
    yield bad("weights of a wrong length accepted", weight=np.ones(4))


def _ce(z, y):
    return -pick(log_softmax(z), y)


def _naive(z, y):
    return -np.log(pick(naive_softmax(z), y))


def _mean(losses=_ce, chosen=lambda z, y: y):
    """The weighted mean of the items' losses; the weights are those of the `chosen` classes."""

    def wrong(logits, target, weight):
        weights = weight[chosen(logits, target)]
        return (losses(logits, target) * weights).sum() / weights.sum()

    return wrong


WEIGHTED_CROSS_ENTROPY = Exercise(
    signature="weighted_cross_entropy(logits, target, weight)",
    read="weighted-cross-entropy",
    right=right,
    draw=_draw_weighted,
    probes=(
        kinds.labels("target", "logits"),
        kinds.lengths("weight"),
        kinds.square("logits", labels="target"),
        kinds.equal_logits("logits"),
        kinds.beyond_fifty("logits"),
    ),
    mistakes={
        "divided by n instead of the sum of the weights": lambda z, y, w: (_ce(z, y) * w[y]).mean(),
        "the weights without effect": lambda z, y, w: (_ce(z, y) + 0 * w[y]).mean(),
        "the weighted sum": lambda z, y, w: (_ce(z, y) * w[y]).sum(),
        "divided by the sum over the classes": lambda z, y, w: (_ce(z, y) * w[y]).sum() / w.sum(),
        "the mean of the weighted losses of each class": lambda z, y, w: sum(
            weight * _ce(z, y)[w[y] == weight].mean() for weight in set(w[y].tolist())
        ),
        "the weight of the predicted class": _mean(chosen=lambda z, y: z.argmax(axis=-1)),
        "the logits multiplied by the weights": lambda z, y, w: -pick(log_softmax(z * w), y).mean(),
        "the probabilities multiplied by the weights": lambda z, y, w: (
            -pick(log_softmax(z + np.log(w)), y).mean()
        ),
        "the softmax forgotten": _mean(lambda z, y: -pick(z, y)),
        "a sigmoid in place of the softmax": _mean(lambda z, y: np.logaddexp(0, -pick(z, y))),
        "the probability instead of its logarithm": _mean(lambda z, y: 1 - np.exp(-_naive(z, y))),
        "logarithms to the base 2": _mean(lambda z, y: _ce(z, y) / np.log(2)),
        "the sign flipped": _mean(lambda z, y: -_ce(z, y)),
        "exponentials that overflow": _mean(_naive),
        "the probability kept away from 0 before the logarithm": Recognised(
            _mean(lambda z, y: -np.log(np.exp(-_ce(z, y)) + 1e-7)), capped(right)
        ),
    },
)
