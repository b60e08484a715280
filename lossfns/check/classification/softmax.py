"""The softmax."""

import numpy as np

from lossfns.check import kinds
from lossfns.check.classification import batches
from lossfns.check.exercise import Call, Exercise
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
    signature="softmax(logits)",
    read="softmax-and-cross-entropy",
    right=softmax,
    draw=_draw_softmax,
    probes=(kinds.square("logits"), kinds.single_class("logits"), kinds.equal_logits("logits")),
    mistakes={
        "the sum over the whole table": lambda logits: (
            np.exp(logits - logits.max()) / np.exp(logits - logits.max()).sum()
        ),
        "normalised over the items instead of the classes": lambda logits: softmax(logits, axis=0),
        "axis 1 instead of the last axis": lambda logits: softmax(logits, axis=1),
        "the logits shared out without an exponential": _shared,
        "exponentials that are not divided by their sum": np.exp,
        "exponentials divided by the largest one": lambda logits: np.exp(
            logits - logits.max(axis=-1, keepdims=True)
        ),
        "a sigmoid for each class": sigmoid,
        "the logarithm of the softmax": log_softmax,
        "the softmax of the negative logits": lambda logits: softmax(-logits),
        "powers of 2 instead of e": lambda logits: softmax(logits * np.log(2)),
        "the softmax twice": lambda logits: softmax(softmax(logits)),
        "a decision instead of probabilities": lambda logits: (
            1.0 * (logits == logits.max(axis=-1, keepdims=True))
        ),
        "overflow of the exponential": naive_softmax,
        "one maximum for the whole table": lambda logits: (
            np.exp(logits - logits.max())
            / np.exp(logits - logits.max()).sum(axis=-1, keepdims=True)
        ),
        "the smallest logit subtracted": lambda logits: _shifted(
            logits, logits.min(axis=-1, keepdims=True)
        ),
        "the mean of the logits subtracted": lambda logits: _shifted(
            logits, logits.mean(axis=-1, keepdims=True)
        ),
        "overflow hidden by clipping the logits": lambda logits: softmax(logits.clip(-500, 500)),
    },
)


def _shifted(z, shift):
    e = np.exp(z - shift)
    return e / e.sum(axis=-1, keepdims=True)
