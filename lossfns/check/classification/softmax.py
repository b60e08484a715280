"""The softmax."""

import numpy as np

from lossfns.check import kinds
from lossfns.check.classification import batches
from lossfns.check.exercise import Call, Exercise, Misconception
from lossfns.check.recipes import log_softmax, naive_softmax, sigmoid, softmax


def _draw_softmax(rng):
    tables = [logits for logits, _ in batches.labelled(rng)]
    yield Call({"logits": tables[1][0]})
    yield from (Call({"logits": logits}) for logits in tables)
    yield Call({"logits": np.round(rng.normal(size=(2, 4, 3)), 2)})
    yield from (Call({"logits": logits.astype(np.float32)}) for logits in tables[2:5])
    for logits in (
        [[1000.0, 999.0, 0.0]],
        [[-1000.0, -1001.0]],
        [[1000.0, -1000.0]],
        [[1000.0, 999.0], [-1000.0, -999.0]],
        [[1e12, 1e12]],
    ):
        yield Call({"logits": np.array(logits)}, aspect="extremes")
    yield Call({"logits": np.array([[100.0, 99.0]], np.float32)}, aspect="extremes")


def _shared(z):
    return z / z.sum(axis=-1, keepdims=True)


SOFTMAX = Exercise(
    name="softmax",
    signature="softmax(logits)",
    read="softmax-and-cross-entropy",
    right=softmax,
    draw=_draw_softmax,
    probes=(
        kinds.square("logits"),
        kinds.single_class("logits"),
        kinds.equal_logits("logits"),
    ),
    misconceptions=(
        Misconception(
            "the sum over the whole table",
            lambda logits: np.exp(logits - logits.max()) / np.exp(logits - logits.max()).sum(),
            "Without axis, .sum() adds up all rows, and all items share one unit of probability. "
            "Each row has to sum to 1: sum over the last axis, with keepdims=True.",
        ),
        Misconception(
            "normalised over the items instead of the classes",
            lambda logits: softmax(logits, axis=0),
            "With axis=0 the columns sum to 1: the items compete with each other for a class. The "
            "classes are the last axis, axis=-1.",
        ),
        Misconception(
            "axis 1 instead of the last axis",
            lambda logits: softmax(logits, axis=1),
            "The classes are the last axis, whatever the number of axes before it. A single row "
            "has no axis 1 at all; axis=-1 works for every shape.",
        ),
        Misconception(
            "the logits shared out without an exponential",
            _shared,
            "Logits may be negative, and so would these shares be. The exponential makes them "
            "positive and turns differences of logits into ratios of probabilities.",
        ),
        Misconception(
            "exponentials that are not divided by their sum",
            np.exp,
            "exp(z) is positive but does not sum to 1 over the classes: divide by the sum.",
        ),
        Misconception(
            "exponentials divided by the largest one",
            lambda logits: np.exp(logits - logits.max(axis=-1, keepdims=True)),
            "Subtracting the maximum avoids the overflow, but it does not normalise: you still "
            "have to divide by the sum of the exponentials.",
        ),
        Misconception(
            "a sigmoid for each class",
            sigmoid,
            "Sigmoids answer one yes/no question per class, and need not sum to 1. In a softmax "
            "the classes compete for one unit of probability.",
        ),
        Misconception(
            "the logarithm of the softmax",
            log_softmax,
            "These are log-probabilities, all negative. The softmax is their exponential.",
        ),
        Misconception(
            "the softmax of the negative logits",
            lambda logits: softmax(-logits),
            "The largest logit must get the largest probability. exp(-z) turns the order round.",
        ),
        Misconception(
            "powers of 2 instead of e",
            lambda logits: softmax(logits * np.log(2)),
            "The base is e. With base 2 every difference of logits counts only ln 2 = 0.69 times.",
        ),
        Misconception(
            "the softmax twice",
            lambda logits: softmax(softmax(logits)),
            "The second softmax sees probabilities, which differ by at most 1, and flattens them. "
            "Apply it once, to the logits.",
        ),
        Misconception(
            "a decision instead of probabilities",
            lambda logits: 1.0 * (logits == logits.max(axis=-1, keepdims=True)),
            "All the probability goes to the largest logit. The softmax leaves some to the others, "
            "so that there is a slope to train on.",
        ),
        Misconception(
            "overflow of the exponential",
            naive_softmax,
            "exp(1000) is infinite and ∞/∞ is NaN; exp(-1000) is 0 and 0/0 is NaN, too. Adding "
            "the same number to all logits of a row changes nothing: subtract the row's largest.",
        ),
        Misconception(
            "one maximum for the whole table",
            lambda logits: (
                np.exp(logits - logits.max())
                / np.exp(logits - logits.max()).sum(axis=-1, keepdims=True)
            ),
            "A row far below the largest logit of the table has exponentials that are all 0, and "
            "0/0 is NaN. Subtract the maximum of each row.",
        ),
        Misconception(
            "the smallest logit subtracted",
            lambda logits: _shifted(logits, logits.min(axis=-1, keepdims=True)),
            "With the smallest logit at 0 the largest may still overflow. Subtract the largest, so "
            "that no exponent is positive.",
        ),
        Misconception(
            "the mean of the logits subtracted",
            lambda logits: _shifted(logits, logits.mean(axis=-1, keepdims=True)),
            "Half of the spread is still in the exponent and may overflow. Subtract the largest "
            "logit, so that no exponent is positive.",
        ),
        Misconception(
            "overflow hidden by clipping the logits",
            lambda logits: softmax(logits.clip(-500, 500)),
            "Logits of 1000 and 999 become equal, and the answer ½ each. Only differences count: "
            "subtract the largest logit of the row, then nothing needs to be clipped.",
        ),
    ),
)


def _shifted(z, shift):
    e = np.exp(z - shift)
    return e / e.sum(axis=-1, keepdims=True)
