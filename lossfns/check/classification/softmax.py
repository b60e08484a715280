"""The softmax."""

from functools import partial

import numpy as np

from lossfns.check import kinds
from lossfns.check.classification import batches
from lossfns.check.exercise import Exercise
from lossfns.check.questions import ask, ask_all, singles
from lossfns.check.recipes import log_softmax, naive_softmax, sigmoid, softmax


def _draw_softmax(rng):
    tables = [(logits,) for logits, _ in batches.labelled(rng)]
    row = (tables[1][0][0],)
    cube = (np.round(rng.normal(size=(2, 4, 3)), 2),)
    yield from ask_all("logits", [row, *tables, cube, *singles(tables[2:5])])
    for logits in (
        [[1000.0, 999.0, 0.0]],
        [[-1000.0, -1001.0]],
        [[1000.0, -1000.0]],
        [[1000.0, 999.0], [-1000.0, -999.0]],
        [[1e12, 1e12]],
        np.float32([[100.0, 99.0]]),
    ):
        yield ask("logits", (np.array(logits),), "extremes")


def _shared(e, axis=-1):
    return e / e.sum(axis=axis, keepdims=True)


def _minus(least, z):
    """The softmax of logits less `least` of their row."""
    return _shared(np.exp(z - least(z, axis=-1, keepdims=True)))


SOFTMAX = Exercise(
    signature="softmax(logits)",
    read="softmax-and-cross-entropy",
    right=softmax,
    draw=_draw_softmax,
    probes=(kinds.square("logits"), kinds.single_class("logits"), kinds.equal_logits("logits")),
    mistakes={
        "the sum over the whole table": lambda z: _shared(np.exp(z - z.max()), axis=None),
        "normalised over the items instead of the classes": partial(softmax, axis=0),
        "axis 1 instead of the last axis": partial(softmax, axis=1),
        "the logits shared out without an exponential": _shared,
        "exponentials that are not divided by their sum": np.exp,
        "exponentials divided by the largest one": lambda z: np.exp(z - z.max(-1, keepdims=True)),
        "a sigmoid for each class": sigmoid,
        "the logarithm of the softmax": log_softmax,
        "the softmax of the negative logits": lambda z: softmax(-z),
        "powers of 2 instead of e": lambda z: softmax(z * np.log(2)),
        "the softmax twice": lambda z: softmax(softmax(z)),
        "a decision instead of probabilities": lambda z: 1.0 * (z == z.max(-1, keepdims=True)),
        "overflow of the exponential": naive_softmax,
        "one maximum for the whole table": lambda z: _shared(np.exp(z - z.max())),
        "the smallest logit subtracted": partial(_minus, np.min),
        "the mean of the logits subtracted": partial(_minus, np.mean),
        "overflow hidden by clipping the logits": lambda z: softmax(z.clip(-500, 500)),
    },
)
