"""InfoNCE: classification among the batch."""

from functools import partial

import numpy as np

import lossfns.numpy as ln
from lossfns.check import kinds
from lossfns.check.contrastive.points import halves, hold_shape, normal, two_sizes, unit
from lossfns.check.exercise import Exercise, Recognised
from lossfns.check.faults import capped
from lossfns.check.questions import ask_all, refuse, singles
from lossfns.check.recipes import log_softmax, naive_softmax


def _draw_info_nce(rng):
    n, d = two_sizes(rng)
    batches = [
        (halves(rng, (2, 2)), halves(rng, (2, 2))),
        (halves(rng, (3, 2)), halves(rng, (3, 2))),
        (halves(rng, (2, 3)), halves(rng, (2, 3))),
        (normal(rng, (n, d)), normal(rng, (n, d))),
        (normal(rng, (20, 5)), normal(rng, (20, 5))),
    ]
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
    for temperature in (-0.5, 0.0):
        yield refuse(
            "a temperature that is not positive accepted",
            queries=query,
            keys=key,
            temperature=temperature,
        )
    yield refuse("more keys than queries accepted", queries=batches[1][0][:2], keys=batches[1][1])


_ask = partial(ask_all, "queries keys")


def _info_nce(queries, keys, temperature=0.1):
    hold_shape(queries, keys)
    return ln.info_nce(queries, keys, temperature=temperature)


def _scored(
    loss, scores=lambda queries, keys, temperature: unit(queries) @ unit(keys).T / temperature
):
    """A loss of the table of scores."""
    return lambda queries, keys, temperature=0.1: loss(scores(queries, keys, temperature))


def _own(scores):
    """The loss that is right: the mean of minus the log-probability of the diagonal."""
    return -np.diagonal(log_softmax(scores)).mean()


def _rounded(scores):
    """The probability of the diagonal, which underflows to 0."""
    return np.diagonal(naive_softmax(scores - scores.max(axis=1, keepdims=True)))


def _among_negatives(scores):
    others = np.where(np.eye(len(scores), dtype=bool), -np.inf, scores)
    top = others.max(axis=1, keepdims=True)
    rest = top[:, 0] + np.log(np.exp(others - top).sum(axis=1))
    return (rest - np.diagonal(scores)).mean()


def _one_maximum(scores):
    exps = np.exp(scores - scores.max())
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
        "the lengths not divided out": _scored(
            _own, lambda queries, keys, temperature: queries @ keys.T / temperature
        ),
        "the temperature multiplied": _scored(
            _own, lambda queries, keys, temperature: unit(queries) @ unit(keys).T * temperature
        ),
        "no temperature": _scored(
            _own, lambda queries, keys, temperature: unit(queries) @ unit(keys).T
        ),
        "the temperature fixed at 0.1": lambda queries, keys, temperature=0.1: _info_nce(
            queries, keys, 0.1
        ),
        "the temperature outside the softmax": lambda queries, keys, temperature=0.1: (
            _own(unit(queries) @ unit(keys).T) / temperature
        ),
        "the loss multiplied by the temperature": lambda queries, keys, temperature=0.1: (
            temperature * _scored(_own)(queries, keys, temperature)
        ),
        "the softmax over the queries": _scored(lambda scores: _own(scores.T)),
        "both directions averaged": _scored(lambda scores: 0.5 * (_own(scores) + _own(scores.T))),
        "one softmax over the whole table": _scored(
            lambda scores: (
                scores.max()
                + np.log(np.exp(scores - scores.max()).sum())
                - np.diagonal(scores).mean()
            )
        ),
        "the own key left out of the sum": _scored(_among_negatives),
        "the right score without the softmax": _scored(lambda scores: -np.diagonal(scores).mean()),
        "the probability instead of its logarithm": _scored(
            lambda scores: -np.exp(np.diagonal(log_softmax(scores))).mean()
        ),
        "the logarithm of the mean probability": _scored(
            lambda scores: (
                -np.log(np.maximum(np.exp(np.diagonal(log_softmax(scores))).mean(), 1e-300))
            )
        ),
        "the sum instead of the mean": _scored(lambda scores: len(scores) * _own(scores)),
        "the mean over the whole table": _scored(lambda scores: _own(scores) / len(scores)),
        "all entries of the table averaged": _scored(lambda scores: -log_softmax(scores).mean()),
        "the sign flipped": _scored(lambda scores: -_own(scores)),
        "overflow of the exponential": _scored(
            lambda scores: -np.log(np.diagonal(naive_softmax(scores))).mean()
        ),
        "the logarithm of a rounded probability": _scored(
            lambda scores: -np.log(_rounded(scores)).mean()
        ),
        "a constant inside the logarithm": Recognised(
            _scored(lambda scores: -np.log(_rounded(scores) + 1e-12).mean()),
            capped(_info_nce, share=0.97),
        ),
        "one maximum subtracted from all rows": _scored(_one_maximum),
    },
)
