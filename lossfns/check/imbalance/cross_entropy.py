"""The cross-entropy with class weights."""

import numpy as np

import lossfns.numpy as ln
from lossfns.check import kinds
from lossfns.check.classification.cross_entropy import NEVER
from lossfns.check.exercise import Exercise, Recognised
from lossfns.check.faults import capped
from lossfns.check.questions import ask, refuse, single
from lossfns.check.recipes import log_softmax, pick

_NAMES = "logits target weight"


def right(logits, target, weight):
    return ln.cross_entropy(logits, target, weight=weight, ignore_index=NEVER)


def _draw_weighted(rng):
    for rows, classes in ((1, 2), (2, 2), (3, 3), (4, 3), (int(rng.integers(20, 40)), 5)):
        # Halves read well; an offset per row must change nothing.
        logits = rng.integers(-4, 5, size=(rows, classes)) / 2
        logits[np.arange(rows), rng.integers(0, classes, size=rows)] += 1.0
        target = np.resize(rng.permutation(classes), rows)
        weight = rng.permutation(np.array([0.5, 2.0, 1.0, 4.0, 0.25])[:classes])
        yield ask(_NAMES, (logits, target, weight))
        yield ask(_NAMES, single(logits, target, weight))
    far = np.array([[1000.0, 0.0], [0.0, -1000.0], [-1000.0, 1000.0]])
    yield ask(_NAMES, (far[:1], np.array([1]), np.array([2.0, 0.5])), "extremes")
    yield ask(_NAMES, (far, np.array([1, 0, 0]), np.array([2.0, 0.5])), "extremes")
    yield ask(_NAMES, (far - 1e4, np.array([0, 1, 1]), np.array([2.0, 0.5])), "extremes")
    logits, weight = rng.integers(-4, 5, size=(2, 3)) / 2, np.array([0.5, 1.0, 2.0])
    yield refuse("a label of -1 accepted", logits=logits, target=np.array([1, -1]), weight=weight)
    yield refuse(
        "a label beyond the last class accepted",
        logits=logits,
        target=np.array([3, 1]),
        weight=weight,
    )
    yield refuse(
        "weights of a wrong length accepted",
        logits=logits,
        target=np.array([1, 2]),
        weight=np.ones(4),
    )


def _weighing(total, losses=lambda logits, target: -pick(log_softmax(logits), target)):
    """A wrong variant: `total(l, w, weight)` from the losses and weights of the items."""
    return lambda logits, target, weight: total(losses(logits, target), weight[target], weight)


def _averaged(losses, weights, _):
    return (losses * weights).sum() / weights.sum()


def _clipped_losses(logits, target):
    return -np.log(np.exp(pick(log_softmax(logits), target)) + 1e-7)


def _naive_losses(logits, target):
    powers = np.exp(logits)
    return -np.log(pick(powers / powers.sum(axis=-1, keepdims=True), target))


def _sigmoid_losses(logits, target):
    return np.logaddexp(0, -pick(logits, target))


def _weight_of_guess(logits, target, weight):
    weights = weight[logits.argmax(axis=-1)]
    return _averaged(-pick(log_softmax(logits), target), weights, weight)


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
        "divided by n instead of the sum of the weights": _weighing(
            lambda losses, weights, _: (losses * weights).mean()
        ),
        "the weights without effect": _weighing(lambda losses, weights, _: losses.mean()),
        "the weighted sum": _weighing(lambda losses, weights, _: (losses * weights).sum()),
        "divided by the sum over the classes": _weighing(
            lambda losses, weights, weight: (losses * weights).sum() / weight.sum()
        ),
        "the mean of the weighted losses of each class": _weighing(
            lambda losses, weights, weight: sum(
                w * losses[weights == w].mean() for w in set(weights.tolist())
            )
        ),
        "the weight of the predicted class": _weight_of_guess,
        "the logits multiplied by the weights": lambda logits, target, weight: (
            -pick(log_softmax(logits * weight), target).mean()
        ),
        "the probabilities multiplied by the weights": lambda logits, target, weight: (
            -pick(log_softmax(logits + np.log(weight)), target).mean()
        ),
        "the softmax forgotten": _weighing(_averaged, lambda logits, target: -pick(logits, target)),
        "a sigmoid in place of the softmax": _weighing(_averaged, _sigmoid_losses),
        "the probability instead of its logarithm": _weighing(
            _averaged, lambda logits, target: 1 - np.exp(-_naive_losses(logits, target))
        ),
        "logarithms to the base 2": _weighing(
            _averaged, lambda logits, target: -pick(log_softmax(logits), target) / np.log(2)
        ),
        "the sign flipped": _weighing(
            _averaged, lambda logits, target: pick(log_softmax(logits), target)
        ),
        "exponentials that overflow": _weighing(_averaged, _naive_losses),
        "the probability kept away from 0 before the logarithm": Recognised(
            _weighing(_averaged, _clipped_losses), capped(right)
        ),
    },
)
