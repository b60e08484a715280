"""InfoNCE: classification among the batch.

The variants take queries q and keys k, and get their table of scores as the logits z.
"""

from functools import partial

import numpy as np

import lossfns.numpy as ln
from lossfns.check import kinds
from lossfns.check.contrastive.points import (
    bad_temperatures,
    halves,
    hold_shape,
    normal,
    twice,
    two_sizes,
    unit,
)
from lossfns.check.exercise import Exercise, Recognised
from lossfns.check.faults import capped
from lossfns.check.questions import ask_all, refuse, singles
from lossfns.check.recipes import log_softmax, naive_softmax, softmax


def _draw_info_nce(rng):
    sizes = two_sizes(rng)
    small = twice(halves, rng, (2, 2), (3, 2), (2, 3))
    batches = [*small, *twice(normal, rng, sizes, (20, 5))]
    yield from _ask(batches, temperature=1.0)
    yield from _ask(batches)
    yield from _ask(batches[2:], temperature=float(np.round(rng.uniform(0.2, 0.7), 2)))
    yield from _ask(singles(batches[1:3]), temperature=0.5)
    # Scores of ±1000: the first query is opposed to both keys, the second similar to both.
    flip = rng.choice([-1.0, 1.0])
    keys = np.array([[0.6, 0.8], [0.8, 0.6]]) * flip
    yield from _ask([(keys * [[-1.0], [1.0]], keys)], "extremes", temperature=0.001)
    # The right key is the least similar one, and short.
    keys = np.array([[0.6, 0.8], [0.8, -0.6]]) * flip
    yield from _ask([(keys, -1e-6 * keys)], "extremes", temperature=0.001)
    yield from _ask([(keys, keys)], "extremes", temperature=0.001)
    query, key = batches[0]
    yield from bad_temperatures(queries=query, keys=key)
    yield refuse("more keys than queries accepted", queries=batches[1][0][:2], keys=batches[1][1])


_ask = partial(ask_all, "queries keys")


def _info_nce(queries, keys, temperature=0.1):
    hold_shape(queries, keys)
    return ln.info_nce(queries, keys, temperature=temperature)


def _own(z):
    """The loss that is right: the mean of minus the log-probability of the diagonal."""
    return -np.diagonal(log_softmax(z)).mean()


def _scored(
    loss=_own,
    scale=lambda cosines, temperature: cosines / temperature,
    normalise=unit,
    after=lambda loss, temperature: loss,
):
    """A loss of the table of scores."""

    def wrong(queries, keys, temperature=0.1):
        z = scale(normalise(queries) @ normalise(keys).T, temperature)
        return after(loss(z), temperature)

    return wrong


def _rounded(z):
    """The probability of the diagonal, which underflows to 0."""
    return np.diagonal(naive_softmax(z - z.max(axis=1, keepdims=True)))


def _among_negatives(z):
    others = np.where(np.eye(len(z), dtype=bool), -np.inf, z)
    top = others.max(axis=1, keepdims=True)
    rest = top[:, 0] + np.log(np.exp(others - top).sum(axis=1))
    return (rest - np.diagonal(z)).mean()


def _one_maximum(z):
    exps = np.exp(z - z.max())
    return -np.log(np.diagonal(exps) / exps.sum(axis=1)).mean()


INFO_NCE = Exercise(
    signature="info_nce(queries, keys, temperature=0.1)",
    read="loss-info-nce",
    right=_info_nce,
    draw=_draw_info_nce,
    probes=(
        kinds.shapes("queries", "keys", axes=2),
        kinds.outside("temperature", 0.0, ends=(0.0,)),
        kinds.single_item("queries", "keys"),
    ),
    mistakes={
        "the lengths not divided out": _scored(normalise=lambda x: x),
        "the temperature multiplied": _scored(scale=lambda cosines, t: cosines * t),
        "no temperature": _scored(scale=lambda cosines, t: cosines),
        "the temperature fixed at 0.1": lambda q, k, temperature=0.1: _info_nce(q, k),
        "the temperature outside the softmax": _scored(
            scale=lambda cosines, t: cosines, after=lambda loss, t: loss / t
        ),
        "the loss multiplied by the temperature": _scored(after=lambda loss, t: t * loss),
        "the softmax over the queries": _scored(lambda z: _own(z.T)),
        "both directions averaged": _scored(lambda z: 0.5 * (_own(z) + _own(z.T))),
        "one softmax over the whole table": _scored(
            lambda z: z.max() + np.log(np.exp(z - z.max()).sum()) - np.diagonal(z).mean()
        ),
        "the own key left out of the sum": _scored(_among_negatives),
        "the right score without the softmax": _scored(lambda z: -np.diagonal(z).mean()),
        "the probability instead of its logarithm": _scored(
            lambda z: -np.diagonal(softmax(z)).mean()
        ),
        "the logarithm of the mean probability": _scored(
            lambda z: -np.log(np.maximum(np.diagonal(softmax(z)).mean(), 1e-300))
        ),
        "the sum instead of the mean": _scored(lambda z: len(z) * _own(z)),
        "the mean over the whole table": _scored(lambda z: _own(z) / len(z)),
        "all entries of the table averaged": _scored(lambda z: -log_softmax(z).mean()),
        "the sign flipped": _scored(lambda z: -_own(z)),
        "overflow of the exponential": _scored(
            lambda z: -np.log(np.diagonal(naive_softmax(z))).mean()
        ),
        "the logarithm of a rounded probability": _scored(lambda z: -np.log(_rounded(z)).mean()),
        "a constant inside the logarithm": Recognised(
            _scored(lambda z: -np.log(_rounded(z) + 1e-12).mean()), capped(_info_nce, share=0.97)
        ),
        "one maximum subtracted from all rows": _scored(_one_maximum),
    },
)
