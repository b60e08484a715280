"""Many classes: the cross-entropy of logits and integer labels."""

import numpy as np

import lossfns.numpy as ln
from lossfns.check import kinds
from lossfns.check.classification import batches
from lossfns.check.exercise import Exercise, Misconception
from lossfns.check.faults import (
    capped,
    flipped_loss,
    in_bits,
    reduction_ignored,
    sum_for_mean,
    sum_with_none,
)
from lossfns.check.questions import UNKNOWN_REDUCTION, ask, refuse, single
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
        "a label beyond the last class accepted",
        "There is no such class; often the labels count from 1. Raise ValueError, with the label "
        "and the number of classes.",
        logits=logits,
        target=np.array([0, classes]),
    )
    yield refuse(
        "a label of -1 read as the last class",
        "NumPy counts negative indices from the end, so -1, often a mark for 'no label', "
        "trains the last class without a word. Raise ValueError for labels below 0.",
        logits=logits,
        target=np.array([-1, classes - 1]),
    )
    yield refuse(
        "labels in a column broadcast",
        "np.arange(n) of shape (n,) and labels of shape (n, 1) broadcast to an n × n table, "
        "every label looked up in every row. Demand target.shape == (n,), else ValueError.",
        logits=logits,
        target=target[:, None],
    )
    yield refuse(
        "one-hot rows taken for labels",
        "The second argument holds one label an item. Rows of zeros and a one, looked up as "
        "labels, name classes 0 and 1 over and over. Demand target.shape == (n,), else ValueError.",
        logits=logits,
        target=np.eye(classes, dtype=np.int64)[target],
    )
    yield refuse(*UNKNOWN_REDUCTION, logits=logits, target=target, reduction="average")


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
    name="cross_entropy",
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
    misconceptions=(
        sum_for_mean(_ce),
        Misconception(
            "the losses of the items, not averaged",
            per_item(_ce, mean=lambda losses: losses),
            'That is right for reduction="none". The default is the mean of the n losses, one '
            "number.",
        ),
        flipped_loss(_ce),
        in_bits(_ce),
        Misconception(
            "the softmax forgotten",
            per_item(lambda z, target: -pick(z, target)),
            "Minus the logit of the label alone can be made small without end by adding a constant "
            "to all logits. The other classes enter through ln Σ exp(z_j).",
        ),
        Misconception(
            "the softmax twice",
            per_item(lambda z, target: _ce(softmax(z), target)),
            "The loss takes logits and contains the softmax. A second one leaves the classes "
            "nearly equal: with ten classes the loss could not fall below 1.46.",
        ),
        Misconception(
            "the logarithm forgotten",
            per_item(lambda z, target: 1 - pick(softmax(z), target)),
            "This is the probability of being wrong, at most 1. The logarithm is what makes a "
            "confident mistake expensive without bound.",
        ),
        Misconception(
            "the squared error of the probabilities",
            per_item(
                lambda z, target: ((softmax(z) - one_hot(target, z.shape[1])) ** 2).sum(axis=1)
            ),
            "This is the Brier score, which levels off for confident mistakes. Cross-entropy is "
            "-ln of the probability of the label.",
        ),
        Misconception(
            "a mean over all entries of the table",
            lambda z, target, reduction="mean": _ce(z, target).mean() / z.shape[1],
            "You divide by n · C. Each item has one label and one loss, so the mean is over the n "
            "items, not over the entries of the one-hot table.",
        ),
        Misconception(
            "all labels looked up in every row",
            per_item(lambda z, target: -log_softmax(z)[:, target]),
            "log_p[:, target] is an n × n table with every item's label looked up in every row. "
            "log_p[np.arange(n), target] takes one entry a row.",
        ),
        Misconception(
            "normalised over the items instead of the classes",
            per_item(lambda z, target: -pick(log_softmax(z, axis=0), target)),
            "The probabilities of one item sum to 1 over the classes: axis 1, not axis 0.",
        ),
        Misconception(
            "one binary cross-entropy per class",
            per_item(_one_against_the_rest),
            "With a sigmoid per class the classes do not compete: that is the loss for several "
            "labels at once. Here exactly one class is true: softmax.",
        ),
        Misconception(
            "labels counted from 1",
            per_item(lambda z, target: -pick(log_softmax(z), target - 1)),
            "The first class is 0. With target - 1 label 0 becomes -1, which NumPy silently reads "
            "as the last class.",
        ),
        reduction_ignored(_ce),
        sum_with_none(_ce),
        Misconception(
            "overflow in the softmax",
            per_item(lambda z, target: -np.log(pick(naive_softmax(z), target))),
            "exp(1000) is infinite and ∞/∞ is NaN. Subtract the largest logit of each row first, "
            "and take the logarithm on paper.",
            formula="m + ln Σ exp(z_j - m) - z_y",
        ),
        Misconception(
            "the logarithm of a probability that underflowed",
            per_item(lambda z, target: -np.log(pick(softmax(z), target))),
            "Your softmax is stable, but the probability of a confident mistake is rounded to 0, "
            "and -ln 0 is infinite. Never form the probability: take its logarithm on paper.",
            formula="m + ln Σ exp(z_j - m) - z_y",
        ),
        Misconception(
            "confident mistakes hidden by clipping",
            per_item(lambda z, target: -np.log(pick(softmax(z), target).clip(1e-12))),
            "With probabilities clipped at 1e-12 no mistake can cost more than 27.6, and beyond "
            "that it has gradient 0. Take the logarithm of the softmax on paper instead, and "
            "work with that.",
            capped(right, share=0.97),
            formula="m + ln Σ exp(z_j - m) - z_y",
        ),
        Misconception(
            "overflow of the sum of exponentials",
            per_item(lambda z, target: np.log(np.exp(z).sum(axis=1)) - pick(z, target)),
            "ln Σ exp(z_j) - z_y is right, but exp overflows beyond 710. Take the largest logit "
            "m out of the sum.",
            formula="m + ln Σ exp(z_j - m) - z_y",
        ),
        Misconception(
            "one maximum for the whole table",
            per_item(
                lambda z, target: (
                    z.max() + np.log(np.exp(z - z.max()).sum(axis=1)) - pick(z, target)
                )
            ),
            "A row far below the largest logit of the table has exponentials that are all 0, and "
            "ln 0 is -∞. Subtract the maximum of each row.",
        ),
        Misconception(
            "an IndexError for a label that is too large",
            _large_labels_unchecked,
            "The exception of the indexing says nothing about labels. Check them yourself and "
            "raise ValueError with the label and the number of classes.",
        ),
    ),
)
