"""Many classes: the cross-entropy of logits and integer labels, and its gradient."""

import numpy as np

import lossfns.numpy as ln
from lossfns.check import faults, kinds
from lossfns.check.classification import batches
from lossfns.check.classification.binary import stable
from lossfns.check.exercise import Exercise, Recognised
from lossfns.check.questions import ask_logits, refuse, singles
from lossfns.check.recipes import (
    averaged,
    averaged_rows,
    log_softmax,
    naive_softmax,
    one_hot,
    per_item,
    pick,
    sigmoid,
    softmax,
)

NEVER = -(10**9)


def right(logits, target, reduction="mean"):
    # A label of -100 leaves an item out in the library; here it names no class.
    return ln.cross_entropy(logits, target, reduction=reduction, ignore_index=NEVER)


def _ask_rows(pairs):
    """What loss and gradient are asked about pairs of `batches.labelled`, and about far logits."""
    yield from ask_logits([*pairs, *singles(pairs[2:5])])
    # The exponentials overflow or underflow, in a row and between rows.
    far = batches.arrays(
        ([[1000.0, 0.0, -1000.0]], [0]),
        ([[1000.0, 0.0, -1000.0]], [2]),
        ([[0.0, -800.0]], [1]),
        ([[1000.0, 999.0], [-1000.0, -999.0]], [1, 0]),
        ([[1e12, 0.0]], [0]),
        (np.float32([[0.0, -100.0, 100.0]]), [1]),
    )
    yield from ask_logits(far, "extremes")


def _draw(rng):
    pairs = batches.labelled(rng)
    yield from _ask_rows(pairs)
    for reduction in ("none", "sum", "mean"):
        yield from ask_logits([pairs[2], pairs[4]], "reductions", reduction=reduction)
    logits, target = pairs[2]
    classes = logits.shape[1]
    for reason, labels in (
        ("a label beyond the last class accepted", np.array([0, classes])),
        ("a label of -1 read as the last class", np.array([-1, classes - 1])),
        ("labels in a column broadcast", target[:, None]),
        ("one-hot rows taken for labels", np.eye(classes, dtype=np.int64)[target]),
    ):
        yield refuse(reason, logits=logits, target=labels)
    given = batches.named(logits, target)
    yield refuse("an unknown reduction taken for the mean", **given, reduction="average")


def _nll(log_p, **otherwise):
    """The entry that the label names, of what is taken for the logarithms of probabilities."""
    return per_item(lambda z, y: -pick(log_p(z), y), **otherwise)


def _ce(z, y):
    return -pick(log_softmax(z), y)


def _hot(z, y):
    """The labels as rows for these logits."""
    return one_hot(y, z.shape[-1])


def _large_labels_unchecked(logits, target, **options):
    if target.shape != logits.shape[:1] or target.min() < 0:
        raise ValueError("one label a row, none of them negative")
    return per_item(_ce)(logits, target, **options)


CROSS_ENTROPY = Exercise(
    signature='cross_entropy(logits, target, reduction="mean")',
    read="loss-cross-entropy",
    right=right,
    draw=_draw,
    probes=(
        kinds.labels("target", "logits"),
        kinds.labelled_by_column("target"),
        kinds.words("reduction", "none", "mean", "sum"),
        *batches.TABLES,
        kinds.beyond_fifty("logits"),
    ),
    mistakes={
        "the sum instead of the mean": per_item(_ce, mean=np.sum),
        "the losses of the items, not averaged": per_item(_ce, mean=lambda losses: losses),
        **faults.of_likelihood(_ce),
        "the softmax forgotten": _nll(lambda z: z),
        "the softmax twice": _nll(lambda z: log_softmax(softmax(z))),
        "the logarithm forgotten": per_item(lambda z, y: 1 - pick(softmax(z), y)),
        "the squared error of the probabilities": per_item(
            lambda z, y: ((softmax(z) - _hot(z, y)) ** 2).sum(axis=1)
        ),
        "a mean over all entries of the table": lambda z, y, **_: _ce(z, y).mean() / z.shape[1],
        "all labels looked up in every row": per_item(lambda z, y: -log_softmax(z)[:, y]),
        "normalised over the items instead of the classes": _nll(lambda z: log_softmax(z, axis=0)),
        "one binary cross-entropy per class": per_item(lambda z, y: stable(z, _hot(z, y)).sum(-1)),
        "labels counted from 1": per_item(lambda z, y: _ce(z, y - 1)),
        **faults.of_reduction(_ce),
        "overflow in the softmax": _nll(lambda z: np.log(naive_softmax(z))),
        "the logarithm of a probability that underflowed": _nll(lambda z: np.log(softmax(z))),
        "confident mistakes hidden by clipping": Recognised(
            _nll(lambda z: np.log(softmax(z).clip(1e-12))), faults.capped(right, share=0.97)
        ),
        "overflow of the sum of exponentials": _nll(
            lambda z: z - np.log(np.exp(z).sum(axis=1, keepdims=True))
        ),
        "one maximum for the whole table": _nll(
            lambda z: z - (z.max() + np.log(np.exp(z - z.max()).sum(axis=1, keepdims=True)))
        ),
        "an IndexError for a label that is too large": _large_labels_unchecked,
    },
)


def _difference(z, y):
    return softmax(z) - _hot(z, y)


def _with(p):
    """The gradient with other numbers in place of the probabilities."""
    return averaged_rows(lambda z, y: p(z) - _hot(z, y))


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
    draw=lambda rng: _ask_rows(batches.labelled(rng)),
    probes=batches.TABLES,
    mistakes={
        "the n forgotten in the gradient": _difference,
        **faults.flipped_gradient(averaged_rows(_difference)),
        "the gradient divided by all entries of the table": averaged(_difference),
        "the target forgotten": averaged_rows(lambda z, y: softmax(z)),
        "the number of the class subtracted": averaged_rows(lambda z, y: softmax(z) - y),
        "a gradient for the true class only": averaged_rows(
            lambda z, y: _difference(z, y) * _hot(z, y)
        ),
        "1 subtracted in whole columns": averaged_rows(_all_columns),
        "the logits instead of the probabilities": _with(lambda z: z),
        "the gradient with respect to the probabilities": averaged_rows(
            lambda z, y: -_hot(z, y) / softmax(z)
        ),
        "normalised over the items instead of the classes": _with(lambda z: softmax(z, axis=0)),
        "the gradient of the squared error": averaged_rows(_through_the_square),
        "a sigmoid for each class": _with(sigmoid),
        "the softmax twice": _with(lambda z: softmax(softmax(z))),
        "the sum over the items": averaged_rows(lambda z, y: _difference(z, y).sum(axis=0)),
        "overflow in the softmax": _with(naive_softmax),
    },
)
