"""Many classes: the gradient of the cross-entropy over the logits."""

import lossfns.numpy as ln
from lossfns.check import kinds
from lossfns.check.classification import batches
from lossfns.check.classification.cross_entropy import far
from lossfns.check.exercise import Exercise, Misconception
from lossfns.check.faults import flipped_gradient, n_in_gradient
from lossfns.check.questions import ask, single
from lossfns.check.recipes import averaged_rows, naive_softmax, one_hot, sigmoid, softmax

_NAMES = "logits target"


def _draw(rng):
    pairs = batches.labelled(rng)
    yield from (ask(_NAMES, pair) for pair in pairs)
    yield from (ask(_NAMES, single(*pair)) for pair in pairs[2:5])
    yield from far()


def _difference(z, target):
    return softmax(z) - one_hot(target, z.shape[1])


def _all_columns(z, target):
    p = softmax(z)
    p[:, target] -= 1
    return p


def _through_the_square(z, target):
    p, e = softmax(z), 2 * _difference(z, target)
    return p * (e - (p * e).sum(axis=1, keepdims=True))


CROSS_ENTROPY_GRAD = Exercise(
    name="cross_entropy_grad",
    signature="cross_entropy_grad(logits, target)",
    read="loss-cross-entropy",
    right=ln.cross_entropy.grad,
    draw=_draw,
    probes=(
        kinds.square("logits", labels="target"),
        kinds.single_class("logits", "target"),
        kinds.equal_logits("logits"),
    ),
    misconceptions=(
        n_in_gradient(_difference, "len(logits)"),
        flipped_gradient(averaged_rows(_difference)),
        Misconception(
            "the gradient divided by all entries of the table",
            lambda z, target: _difference(z, target) / z.size,
            "You divide by n · C. The loss is a mean over n items, however many classes there "
            "are: divide by n.",
        ),
        Misconception(
            "the target forgotten",
            averaged_rows(lambda z, target: softmax(z)),
            "p alone pushes every class down, the true one included. Subtract 1 at the label.",
        ),
        Misconception(
            "the number of the class subtracted",
            averaged_rows(lambda z, target: softmax(z) - target),
            "A label says where, not how much: class 2 is not twice class 1. Turn it into a row "
            "with a single 1 at the label, or subtract 1 at that place.",
        ),
        Misconception(
            "a gradient for the true class only",
            averaged_rows(lambda z, target: _difference(z, target) * one_hot(target, z.shape[1])),
            "The wrong classes have a gradient, too: each is pushed down by the probability that "
            "it holds, through ln Σ exp(z_j).",
        ),
        Misconception(
            "1 subtracted in whole columns",
            averaged_rows(_all_columns),
            "p[:, target] -= 1 takes 1 from the labelled columns of every row. "
            "p[np.arange(n), target] -= 1 takes it from one entry a row.",
        ),
        Misconception(
            "the logits instead of the probabilities",
            averaged_rows(lambda z, target: z - one_hot(target, z.shape[1])),
            "The prediction is softmax(z). Raw scores minus a one-hot target would be the "
            "gradient of a squared error.",
        ),
        Misconception(
            "the gradient with respect to the probabilities",
            averaged_rows(lambda z, target: -one_hot(target, z.shape[1]) / softmax(z)),
            "-y/p is the slope over p. Through the softmax, which links all classes, it becomes "
            "p - y: the logits come one step earlier.",
        ),
        Misconception(
            "normalised over the items instead of the classes",
            averaged_rows(lambda z, target: softmax(z, axis=0) - one_hot(target, z.shape[1])),
            "The probabilities of one item sum to 1 over the classes: axis 1, not axis 0.",
        ),
        Misconception(
            "the gradient of the squared error",
            averaged_rows(_through_the_square),
            "This is the gradient of Σ (p - y)², which carries the slopes of the softmax and "
            "fades for confident mistakes. In cross-entropy they cancel: do the derivation once "
            "more.",
            formula="(softmax(z) - one_hot(y)) / n",
        ),
        Misconception(
            "a sigmoid for each class",
            averaged_rows(lambda z, target: sigmoid(z) - one_hot(target, z.shape[1])),
            "This is the gradient of one binary cross-entropy per class. With one true class the "
            "probabilities are those of the softmax.",
        ),
        Misconception(
            "the softmax twice",
            averaged_rows(lambda z, target: softmax(softmax(z)) - one_hot(target, z.shape[1])),
            "Apply the softmax once, to the logits. The second one flattens the probabilities, "
            "and the gradient never gets small.",
        ),
        Misconception(
            "the sum over the items",
            averaged_rows(lambda z, target: _difference(z, target).sum(axis=0)),
            "One row of C numbers is left. Each logit of each item has its own slope: the gradient "
            "has the shape of the logits, (n, C).",
        ),
        Misconception(
            "overflow in the softmax",
            averaged_rows(lambda z, target: naive_softmax(z) - one_hot(target, z.shape[1])),
            "exp(1000) is infinite and ∞/∞ is NaN. Subtract the largest logit of each row before "
            "the exponential.",
        ),
    ),
)
