"""InfoNCE: classification among the batch, whose table of scores are the logits z."""

from functools import partial

import numpy as np

import lossfns.numpy as ln
from lossfns.check import kinds
from lossfns.check.contrastive.points import bad_temperatures, batches, unit
from lossfns.check.exercise import Exercise, Recognised
from lossfns.check.faults import capped
from lossfns.check.questions import ask_all, between, refuse, singles
from lossfns.check.recipes import log_softmax, naive_softmax, softmax

_ask = partial(ask_all, "queries keys")


def _draw_info_nce(rng):
    pairs = batches(rng, (2, 2), (3, 2), (2, 3), large=(20, 5))
    yield from _ask(pairs, temperature=1.0)
    yield from _ask(pairs)
    yield from _ask(pairs[2:], temperature=between(rng, 0.2, 0.7))
    yield from _ask(singles(pairs[1:3]), temperature=0.5)
    # Scores of ±1000: the first query is opposed to both keys, the second similar to both.
    flip = rng.choice([-1.0, 1.0])
    keys = np.array([[0.6, 0.8], [0.8, 0.6]]) * flip
    yield from _ask([(keys * [[-1.0], [1.0]], keys)], "extremes", temperature=0.001)
    # The right key is the least similar one, and short.
    keys = np.array([[0.6, 0.8], [0.8, -0.6]]) * flip
    yield from _ask([(keys, -1e-6 * keys)], "extremes", temperature=0.001)
    yield from _ask([(keys, keys)], "extremes", temperature=0.001)
    yield from bad_temperatures(queries=pairs[0][0], keys=pairs[0][1])
    yield refuse("more keys than queries accepted", queries=pairs[1][0][:2], keys=pairs[1][1])


def _own(z):
    """The loss that is right: the mean of minus the log-probability of the diagonal."""
    return -log_softmax(z).diagonal().mean()


def _with(loss=_own, scale=lambda cos, t: cos / t, normalise=unit, after=lambda loss, t: loss):
    """InfoNCE from its parts; `loss` gets the table of scores."""

    def wrong(queries, keys, temperature=0.1):
        cosines = normalise(queries) @ normalise(keys).T
        return after(loss(scale(cosines, temperature)), temperature)

    return wrong


def _rounded(z):
    """Probabilities that underflow to 0."""
    return naive_softmax(z - z.max(axis=1, keepdims=True))


def _log_loss(p):
    return -np.log(p.diagonal()).mean()


def _among_negatives(z):
    others = np.where(np.eye(len(z), dtype=bool), -np.inf, z)
    top = others.max(axis=1, keepdims=True)
    rest = top[:, 0] + np.log(np.exp(others - top).sum(axis=1))
    return (rest - z.diagonal()).mean()


INFO_NCE = Exercise(
    signature="info_nce(queries, keys, temperature=0.1)",
    read="loss-info-nce",
    right=ln.info_nce,
    draw=_draw_info_nce,
    probes=(
        kinds.shapes("queries", "keys", axes=2),
        kinds.outside("temperature", 0.0, ends=(0.0,)),
        kinds.single_item("queries", "keys"),
    ),
    mistakes={
        "the lengths not divided out": _with(normalise=lambda x: x),
        "the temperature multiplied": _with(scale=lambda cos, t: cos * t),
        "no temperature": _with(scale=lambda cos, t: cos),
        "the temperature fixed at 0.1": lambda q, k, temperature=0.1: ln.info_nce(q, k),
        "the temperature outside the softmax": _with(
            scale=lambda cos, t: cos, after=lambda loss, t: loss / t
        ),
        "the loss multiplied by the temperature": _with(after=lambda loss, t: t * loss),
        "the softmax over the queries": _with(lambda z: _own(z.T)),
        "both directions averaged": _with(lambda z: 0.5 * (_own(z) + _own(z.T))),
        "one softmax over the whole table": _with(
            lambda z: z.max() + np.log(np.exp(z - z.max()).sum()) - z.diagonal().mean()
        ),
        "the own key left out of the sum": _with(_among_negatives),
        "the right score without the softmax": _with(lambda z: -z.diagonal().mean()),
        "the probability instead of its logarithm": _with(lambda z: -softmax(z).diagonal().mean()),
        "the logarithm of the mean probability": _with(
            lambda z: -np.log(np.maximum(softmax(z).diagonal().mean(), 1e-300))
        ),
        "the sum instead of the mean": _with(lambda z: len(z) * _own(z)),
        "the mean over the whole table": _with(lambda z: _own(z) / len(z)),
        "all entries of the table averaged": _with(lambda z: -log_softmax(z).mean()),
        "the sign flipped": _with(lambda z: -_own(z)),
        "overflow of the exponential": _with(lambda z: _log_loss(naive_softmax(z))),
        "the logarithm of a rounded probability": _with(lambda z: _log_loss(_rounded(z))),
        "a constant inside the logarithm": Recognised(
            _with(lambda z: _log_loss(_rounded(z) + 1e-12)), capped(ln.info_nce, share=0.97)
        ),
        "one maximum subtracted from all rows": _with(
            lambda z: _log_loss(naive_softmax(z - z.max()))
        ),
    },
)
