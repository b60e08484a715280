"""Many classes: the gradient of the cross-entropy over the logits."""

import lossfns.numpy as ln
from lossfns.check import faults
from lossfns.check.classification import batches
from lossfns.check.classification.cross_entropy import ask_rows, hot
from lossfns.check.exercise import Exercise
from lossfns.check.recipes import averaged, averaged_rows, naive_softmax, sigmoid, softmax


def _draw(rng):
    yield from ask_rows(batches.labelled(rng))


def _difference(z, y):
    return softmax(z) - hot(z, y)


def _with(p):
    """The gradient with other numbers in place of the probabilities."""
    return averaged_rows(lambda z, y: p(z) - hot(z, y))


def _all_columns(z, y):
    p = softmax(z)
    p[:, y] -= 1
    return p


def _through_the_square(z, y):
    p, e = softmax(z), 2 * _difference(z, y)
    return p * (e - (p * e).sum(axis=1, keepdims=True))


CROSS_ENTROPY_GRAD = Exercise(
    signature="cross_entropy_grad(logits, target)",
    read="loss-cross-entropy",
    right=ln.cross_entropy.grad,
    draw=_draw,
    probes=batches.TABLES,
    mistakes={
        "the n forgotten in the gradient": _difference,
        **faults.flipped_gradient(averaged_rows(_difference)),
        "the gradient divided by all entries of the table": averaged(_difference),
        "the target forgotten": averaged_rows(lambda z, y: softmax(z)),
        "the number of the class subtracted": averaged_rows(lambda z, y: softmax(z) - y),
        "a gradient for the true class only": averaged_rows(
            lambda z, y: _difference(z, y) * hot(z, y)
        ),
        "1 subtracted in whole columns": averaged_rows(_all_columns),
        "the logits instead of the probabilities": _with(lambda z: z),
        "the gradient with respect to the probabilities": averaged_rows(
            lambda z, y: -hot(z, y) / softmax(z)
        ),
        "normalised over the items instead of the classes": _with(lambda z: softmax(z, axis=0)),
        "the gradient of the squared error": averaged_rows(_through_the_square),
        "a sigmoid for each class": _with(sigmoid),
        "the softmax twice": _with(lambda z: softmax(softmax(z))),
        "the sum over the items": averaged_rows(lambda z, y: _difference(z, y).sum(axis=0)),
        "overflow in the softmax": _with(naive_softmax),
    },
)
