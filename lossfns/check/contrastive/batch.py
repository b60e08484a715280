"""InfoNCE: classification among the batch."""

from functools import partial

import numpy as np

import lossfns.numpy as ln
from lossfns.check import kinds
from lossfns.check.contrastive.points import halves, hold_shape, normal, two_sizes, unit
from lossfns.check.exercise import Exercise, Misconception
from lossfns.check.faults import capped
from lossfns.check.questions import ask_all, refuse, singles
from lossfns.check.recipes import log_softmax


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
            "A negative temperature turns the loss around: it pushes partners apart. Raise "
            "ValueError unless it is positive.",
            queries=query,
            keys=key,
            temperature=temperature,
        )
    yield refuse(
        "more keys than queries accepted",
        "Row i of both belongs together, so there must be as many keys as queries; a table "
        "that is not square has a diagonal all the same, and nobody notices. Raise ValueError.",
        queries=batches[1][0][:2],
        keys=batches[1][1],
    )


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


def _softmax(scores):
    return np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)


def _among_negatives(scores):
    others = np.where(np.eye(len(scores), dtype=bool), -np.inf, scores)
    top = others.max(axis=1, keepdims=True)
    rest = top[:, 0] + np.log(np.exp(others - top).sum(axis=1))
    return (rest - np.diagonal(scores)).mean()


def _one_maximum(scores):
    exps = np.exp(scores - scores.max())
    return -np.log(np.diagonal(exps) / exps.sum(axis=1)).mean()


INFO_NCE = Exercise(
    name="info_nce",
    signature="info_nce(queries, keys, temperature=0.1)",
    read="loss-info-nce",
    right=_info_nce,
    draw=_draw_info_nce,
    probes=(
        kinds.shapes("queries", "keys", axes=2),
        kinds.outside("temperature", 0.0, ends=(0.0,)),
        kinds.single_item("queries", "keys"),
    ),
    misconceptions=(
        Misconception(
            "the lengths not divided out",
            _scored(_own, lambda queries, keys, temperature: queries @ keys.T / temperature),
            "With plain inner products a model lowers the loss by making its embeddings longer, "
            "and the temperature means nothing. Scale all rows to length 1 first.",
        ),
        Misconception(
            "the temperature multiplied",
            _scored(
                _own, lambda queries, keys, temperature: unit(queries) @ unit(keys).T * temperature
            ),
            "Cosines lie between -1 and 1, so a softmax over them is nearly flat. Dividing by a "
            "small temperature makes it sharp; multiplying flattens it further.",
        ),
        Misconception(
            "no temperature",
            _scored(_own, lambda queries, keys, temperature: unit(queries) @ unit(keys).T),
            "Your function gives the same whatever temperature is. Without it a perfect "
            "embedding could not even get near loss 0, since cosines differ by 2 at most.",
        ),
        Misconception(
            "the temperature fixed at 0.1",
            lambda queries, keys, temperature=0.1: _info_nce(queries, keys, 0.1),
            "0.1 is only the default. Your function gives the same whatever temperature is.",
        ),
        Misconception(
            "the temperature outside the softmax",
            lambda queries, keys, temperature=0.1: _own(unit(queries) @ unit(keys).T) / temperature,
            "Dividing the loss by the temperature only scales it. It belongs to the scores, where "
            "it decides how sharp the softmax is.",
        ),
        Misconception(
            "the loss multiplied by the temperature",
            lambda queries, keys, temperature=0.1: (
                temperature * _scored(_own)(queries, keys, temperature)
            ),
            "Some methods scale the loss back so that its gradient does not grow with 1/τ. Here "
            "it is the plain cross-entropy, in nats: ln n for embeddings that know nothing.",
        ),
        Misconception(
            "the softmax over the queries",
            _scored(lambda scores: _own(scores.T)),
            "You ask which query belongs to each key. Each query must choose among the keys: "
            "normalise every row of the table, axis=1.",
        ),
        Misconception(
            "both directions averaged",
            _scored(lambda scores: 0.5 * (_own(scores) + _own(scores.T))),
            "That is the symmetric loss of CLIP. InfoNCE goes from queries to keys only.",
        ),
        Misconception(
            "one softmax over the whole table",
            _scored(
                lambda scores: (
                    scores.max()
                    + np.log(np.exp(scores - scores.max()).sum())
                    - np.diagonal(scores).mean()
                )
            ),
            "Every query makes a choice of its own, so every row sums to 1; in yours the whole "
            "table does.",
        ),
        Misconception(
            "the own key left out of the sum",
            _scored(_among_negatives),
            "The denominator holds all keys, the right one included: it is a softmax. Without "
            "it the loss can fall below 0 for ever (a variant that is known as decoupled).",
        ),
        Misconception(
            "the right score without the softmax",
            _scored(lambda scores: -np.diagonal(scores).mean()),
            "Only the pull is left. Without the negatives in the denominator all embeddings may "
            "collapse to one point and the loss is at its minimum.",
        ),
        Misconception(
            "the probability instead of its logarithm",
            _scored(lambda scores: -np.exp(np.diagonal(log_softmax(scores))).mean()),
            "-p hardly pushes where p is near 0, which is where it is most needed. Cross-entropy "
            "is -ln p.",
        ),
        Misconception(
            "the logarithm of the mean probability",
            _scored(
                lambda scores: (
                    -np.log(np.maximum(np.exp(np.diagonal(log_softmax(scores))).mean(), 1e-300))
                )
            ),
            "Take the logarithm of each query's probability, then the mean: the mean of the "
            "logarithms is what maximum likelihood asks for.",
        ),
        Misconception(
            "the sum instead of the mean",
            _scored(lambda scores: len(scores) * _own(scores)),
            "You add up the losses of all queries. Divide by their number, or the loss grows with "
            "the size of the batch.",
        ),
        Misconception(
            "the mean over the whole table",
            _scored(lambda scores: _own(scores) / len(scores)),
            "The table has n² entries, but only the n on the diagonal cost something: divide by n.",
        ),
        Misconception(
            "all entries of the table averaged",
            _scored(lambda scores: -log_softmax(scores).mean()),
            "You average the log-probabilities of all keys, right and wrong. Only that of the "
            "key that belongs to the query counts: the diagonal.",
        ),
        Misconception(
            "the sign flipped",
            _scored(lambda scores: -_own(scores)),
            "A log-probability is never positive, so the loss, minus its mean, is never negative.",
        ),
        Misconception(
            "overflow of the exponential",
            _scored(lambda scores: -np.log(np.diagonal(_softmax(scores))).mean()),
            "With temperature 0.001 a score is up to 1000, and exp(1000) is infinite. Subtract "
            "the largest score of each row first, and take the logarithm of the sum rather than "
            "of the quotient: that changes nothing on paper, and everything in float64.",
        ),
        Misconception(
            "the logarithm of a rounded probability",
            _scored(
                lambda scores: (
                    -np.log(
                        np.diagonal(_softmax(scores - scores.max(axis=1, keepdims=True)))
                    ).mean()
                )
            ),
            "The probability of a hopeless key is rounded to 0 before you take its logarithm. "
            "Stay in logarithms: score minus the log of the sum of exponentials.",
        ),
        Misconception(
            "a constant inside the logarithm",
            _scored(
                lambda scores: (
                    -np.log(
                        np.diagonal(_softmax(scores - scores.max(axis=1, keepdims=True))) + 1e-12
                    ).mean()
                )
            ),
            "The constant keeps the logarithm finite, but no loss can then exceed 27.6, and where "
            "it is cut off its gradient is 0: the worst items teach nothing. Stay in logarithms "
            "instead: score minus the log of the sum of exponentials.",
            capped(_info_nce, share=0.97),
        ),
        Misconception(
            "one maximum subtracted from all rows",
            _scored(_one_maximum),
            "The largest score of the whole table makes all exponentials of a row with small "
            "scores 0, and 0/0 is left. Each row has its own largest score: "
            "scores.max(axis=1, keepdims=True).",
        ),
    ),
)
