"""The cross-entropy with class weights."""

import numpy as np

import lossfns.numpy as ln
from lossfns.check import kinds
from lossfns.check.classification.cross_entropy import NEVER
from lossfns.check.exercise import Exercise, Misconception
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
    yield refuse(
        "a label of -1 accepted",
        "NumPy counts negative indices from the end, so a label of -1 is silently taken for "
        "the last class. Check 0 ≤ target < C and raise ValueError.",
        logits=logits,
        target=np.array([1, -1]),
        weight=weight,
    )
    yield refuse(
        "a label beyond the last class accepted",
        "There is no such class, and no weight for it; often the labels count from 1. Check 0 ≤ "
        "target < C and raise ValueError.",
        logits=logits,
        target=np.array([3, 1]),
        weight=weight,
    )
    yield refuse(
        "weights of a wrong length accepted",
        "With a weight too many, the weights are probably those of another set of classes. "
        "One weight for each column of logits, else ValueError.",
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
    name="weighted_cross_entropy",
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
    misconceptions=(
        Misconception(
            "divided by n instead of the sum of the weights",
            _weighing(lambda losses, weights, _: (losses * weights).mean()),
            "A weighted mean is Σ w l / Σ w. Divided by n, the loss of a batch depends on which "
            "classes happen to be in it, and twice the weights double the learning rate.",
        ),
        Misconception(
            "the weights without effect",
            _weighing(lambda losses, weights, _: losses.mean()),
            "This is the plain cross-entropy: nine of ten gradients still come from the frequent "
            "class.",
        ),
        Misconception(
            "the weighted sum",
            _weighing(lambda losses, weights, _: (losses * weights).sum()),
            "You add up w l and do not divide by the sum of the w.",
        ),
        Misconception(
            "divided by the sum over the classes",
            _weighing(lambda losses, weights, weight: (losses * weights).sum() / weight.sum()),
            "weight.sum() is the sum over the C classes, whatever the batch. Divide by the sum of "
            "the weights of the items, weight[target].sum().",
        ),
        Misconception(
            "the mean of the weighted losses of each class",
            _weighing(
                lambda losses, weights, weight: sum(
                    w * losses[weights == w].mean() for w in set(weights.tolist())
                )
            ),
            "You average within each class and add up the classes, so every class counts equally "
            "whatever its weight is. The items share one weighted mean, Σ w l / Σ w.",
        ),
        Misconception(
            "the weight of the predicted class",
            _weight_of_guess,
            "You look the weight up by the class with the largest logit. The weight belongs to "
            "the true class: weight[target].",
        ),
        Misconception(
            "the logits multiplied by the weights",
            lambda logits, target, weight: -pick(log_softmax(logits * weight), target).mean(),
            "Weighted logits are another model, with other probabilities. The weights multiply "
            "the losses of the items, after the logarithm.",
        ),
        Misconception(
            "the probabilities multiplied by the weights",
            lambda logits, target, weight: (
                -pick(log_softmax(logits + np.log(weight)), target).mean()
            ),
            "Weighing the probabilities before the logarithm adds ln w to the logits: that is "
            "logit adjustment, another loss. Here the weights multiply -ln p.",
        ),
        Misconception(
            "the softmax forgotten",
            _weighing(_averaged, lambda logits, target: -pick(logits, target)),
            "You take the logit for the log-probability. Subtract the log of the sum of the "
            "exponentials first; without it the loss falls without bound as all logits grow.",
        ),
        Misconception(
            "a sigmoid in place of the softmax",
            _weighing(_averaged, _sigmoid_losses),
            "The sigmoid looks at one logit alone; the softmax lets the classes compete, so that "
            "their probabilities sum to 1.",
        ),
        Misconception(
            "the probability instead of its logarithm",
            _weighing(_averaged, lambda logits, target: 1 - np.exp(-_naive_losses(logits, target))),
            "1 - p is at most 1, however wrong the model is. The cross-entropy is -ln p.",
        ),
        Misconception(
            "logarithms to the base 2",
            _weighing(
                _averaged, lambda logits, target: -pick(log_softmax(logits), target) / np.log(2)
            ),
            "That is the loss in bits. In this course it is in nats: natural logarithms.",
        ),
        Misconception(
            "the sign flipped",
            _weighing(_averaged, lambda logits, target: pick(log_softmax(logits), target)),
            "The logarithm of a probability is negative; the loss is minus it.",
        ),
        Misconception(
            "exponentials that overflow",
            _weighing(_averaged, _naive_losses),
            "e^1000 is beyond every float, and e^-1000 is 0, whose logarithm is -∞. "
            "Subtract the largest logit of each row first and stay with logarithms.",
            formula="z - max - ln Σ e^(z - max)",
        ),
        Misconception(
            "the probability kept away from 0 before the logarithm",
            _weighing(_averaged, _clipped_losses),
            "Clipping hides the infinity, but the loss of a confident mistake then "
            "stops growing (at 16 for an ε of 1e-7) and its gradient is 0: the worst "
            "items teach nothing. Stay with logarithms.",
            capped(right),
            formula="z - max - ln Σ e^(z - max)",
        ),
    ),
)
