"""Many classes: the gradient of the cross-entropy over the logits."""

import lossfns.numpy as ln
from lossfns.check import faults, kinds
from lossfns.check.classification import batches
from lossfns.check.classification.cross_entropy import far
from lossfns.check.exercise import Exercise
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
    signature="cross_entropy_grad(logits, target)",
    read="loss-cross-entropy",
    right=ln.cross_entropy.grad,
    draw=_draw,
    probes=(
        kinds.square("logits", labels="target"),
        kinds.single_class("logits", "target"),
        kinds.equal_logits("logits"),
    ),
    mistakes={
        "the n forgotten in the gradient": _difference,
        **faults.flipped_gradient(averaged_rows(_difference)),
        "the gradient divided by all entries of the table": lambda z, target: (
            _difference(z, target) / z.size
        ),
        "the target forgotten": averaged_rows(lambda z, target: softmax(z)),
        "the number of the class subtracted": averaged_rows(lambda z, target: softmax(z) - target),
        "a gradient for the true class only": averaged_rows(
            lambda z, target: _difference(z, target) * one_hot(target, z.shape[1])
        ),
        "1 subtracted in whole columns": averaged_rows(_all_columns),
        "the logits instead of the probabilities": averaged_rows(
            lambda z, target: z - one_hot(target, z.shape[1])
        ),
        "the gradient with respect to the probabilities": averaged_rows(
            lambda z, target: -one_hot(target, z.shape[1]) / softmax(z)
        ),
        "normalised over the items instead of the classes": averaged_rows(
            lambda z, target: softmax(z, axis=0) - one_hot(target, z.shape[1])
        ),
        "the gradient of the squared error": averaged_rows(_through_the_square),
        "a sigmoid for each class": averaged_rows(
            lambda z, target: sigmoid(z) - one_hot(target, z.shape[1])
        ),
        "the softmax twice": averaged_rows(
            lambda z, target: softmax(softmax(z)) - one_hot(target, z.shape[1])
        ),
        "the sum over the items": averaged_rows(
            lambda z, target: _difference(z, target).sum(axis=0)
        ),
        "overflow in the softmax": averaged_rows(
            lambda z, target: naive_softmax(z) - one_hot(target, z.shape[1])
        ),
    },
)
