"""Many classes: the cross-entropy of logits and integer labels."""

import numpy as np

import lossfns.numpy as ln
from lossfns.check import faults, kinds
from lossfns.check.classification import batches
from lossfns.check.exercise import Exercise, Recognised
from lossfns.check.questions import ask, refuse, single
from lossfns.check.recipes import log_softmax, naive_softmax, one_hot, per_item, pick, softmax

_NAMES = "logits target"
NEVER = -(10**9)


def right(logits, target, reduction="mean"):
    # A label of -100 leaves an item out in the library; here it names no class.
    return ln.cross_entropy(logits, target, reduction=reduction, ignore_index=NEVER)


def _draw(rng):
    pairs = batches.labelled(rng)
    yield from (ask(_NAMES, pair) for pair in pairs)
    yield from (ask(_NAMES, single(*pair)) for pair in pairs[2:5])
    for reduction in ("none", "sum", "mean"):
        for pair in (pairs[2], pairs[4]):
            yield ask(_NAMES, pair, "reductions", reduction=reduction)
    yield from far()
    logits, target = pairs[2]
    classes = logits.shape[1]
    yield refuse(
        "a label beyond the last class accepted", logits=logits, target=np.array([0, classes])
    )
    yield refuse(
        "a label of -1 read as the last class", logits=logits, target=np.array([-1, classes - 1])
    )
    yield refuse("labels in a column broadcast", logits=logits, target=target[:, None])
    yield refuse(
        "one-hot rows taken for labels",
        logits=logits,
        target=np.eye(classes, dtype=np.int64)[target],
    )
    yield refuse(
        "an unknown reduction taken for the mean", logits=logits, target=target, reduction="average"
    )


def far():
    """Logits of which the exponentials overflow or underflow, in a row and between rows."""
    for logits, target in (
        ([[1000.0, 0.0, -1000.0]], [0]),
        ([[1000.0, 0.0, -1000.0]], [2]),
        ([[0.0, -800.0]], [1]),
        ([[1000.0, 999.0], [-1000.0, -999.0]], [1, 0]),
        ([[1e12, 0.0]], [0]),
    ):
        yield ask(_NAMES, (np.array(logits), np.array(target)), "extremes")
    low = np.array([[0.0, -100.0, 100.0]], np.float32), np.array([1])
    yield ask(_NAMES, low, "extremes")


def _ce(z, target):
    return -pick(log_softmax(z), target)


def _one_against_the_rest(z, target):
    y = one_hot(target, z.shape[-1])
    return (np.maximum(z, 0) - z * y + np.log1p(np.exp(-np.abs(z)))).sum(axis=-1)


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
        kinds.square("logits", labels="target"),
        kinds.single_class("logits", "target"),
        kinds.equal_logits("logits"),
        kinds.beyond_fifty("logits"),
    ),
    mistakes={
        "the sum instead of the mean": per_item(_ce, mean=np.sum),
        "the losses of the items, not averaged": per_item(_ce, mean=lambda losses: losses),
        **faults.of_likelihood(_ce),
        "the softmax forgotten": per_item(lambda z, target: -pick(z, target)),
        "the softmax twice": per_item(lambda z, target: _ce(softmax(z), target)),
        "the logarithm forgotten": per_item(lambda z, target: 1 - pick(softmax(z), target)),
        "the squared error of the probabilities": per_item(
            lambda z, target: ((softmax(z) - one_hot(target, z.shape[1])) ** 2).sum(axis=1)
        ),
        "a mean over all entries of the table": lambda z, target, reduction="mean": (
            _ce(z, target).mean() / z.shape[1]
        ),
        "all labels looked up in every row": per_item(lambda z, target: -log_softmax(z)[:, target]),
        "normalised over the items instead of the classes": per_item(
            lambda z, target: -pick(log_softmax(z, axis=0), target)
        ),
        "one binary cross-entropy per class": per_item(_one_against_the_rest),
        "labels counted from 1": per_item(lambda z, target: -pick(log_softmax(z), target - 1)),
        **faults.of_reduction(_ce),
        "overflow in the softmax": per_item(
            lambda z, target: -np.log(pick(naive_softmax(z), target))
        ),
        "the logarithm of a probability that underflowed": per_item(
            lambda z, target: -np.log(pick(softmax(z), target))
        ),
        "confident mistakes hidden by clipping": Recognised(
            per_item(lambda z, target: -np.log(pick(softmax(z), target).clip(1e-12))),
            faults.capped(right, share=0.97),
        ),
        "overflow of the sum of exponentials": per_item(
            lambda z, target: np.log(np.exp(z).sum(axis=1)) - pick(z, target)
        ),
        "one maximum for the whole table": per_item(
            lambda z, target: z.max() + np.log(np.exp(z - z.max()).sum(axis=1)) - pick(z, target)
        ),
        "an IndexError for a label that is too large": _large_labels_unchecked,
    },
)
