"""The Kullback-Leibler divergence of one distribution from another."""

import numpy as np

import lossfns.numpy as ln
from lossfns.check import kinds
from lossfns.check.classification import batches
from lossfns.check.exercise import Exercise, Misconception
from lossfns.check.questions import ask, refuse, single

_NAMES = "p q"


def _draw(rng):
    pairs = batches.distributions(rng)
    yield from (ask(_NAMES, pair) for pair in pairs)
    yield from (ask(_NAMES, single(*pair)) for pair in pairs[1:4])
    same = pairs[2][0]
    yield ask(_NAMES, (same, same.copy()))
    for p, q in (
        ([[1.0, 0.0]], [[0.25, 0.75]]),
        ([[0.5, 0.5, 0.0]], [[0.25, 0.75, 0.0]]),
        ([[0.5, 0.5]], [[1e-300, 1.0]]),
    ):
        yield ask(_NAMES, (np.array(p), np.array(q)), "extremes")
    p, q = pairs[2]
    yield refuse(
        "different shapes broadcast",
        "NumPy repeats the single row for all items, which may or may not be what the caller "
        "meant. Compare the shapes first and raise ValueError.",
        p=p,
        q=q[:1],
    )
    for rows, others in ((p[:1], 2 * q[:1]), (p[:1] - 1.0, q[:1])):
        yield refuse(
            "rows accepted that are no distributions",
            "Without non-negative rows that sum to 1 the result is no divergence and may be "
            "negative; most likely somebody passed logits. Raise ValueError.",
            p=rows,
            q=others,
        )


def _right(p, q):
    with np.errstate(divide="ignore"):
        return ln.kl_div(np.log(q), p)


def _terms(p, q):
    safe = np.where(p > 0, p, 1.0)
    return p * (np.log(safe) - np.log(np.where(p > 0, q, 1.0)))


def _kl(p, q):
    return _terms(p, q).sum(axis=-1).mean()


def _entropy(p):
    return -(p * np.log(p)).sum(axis=-1)


KL_DIVERGENCE = Exercise(
    name="kl_divergence",
    signature="kl_divergence(p, q)",
    read="loss-kl-div",
    right=_right,
    draw=_draw,
    probes=(
        kinds.shapes("p", "q", axes=2),
        kinds.no_distributions("p", "q"),
        kinds.square("p", "q"),
    ),
    misconceptions=(
        Misconception(
            "the two distributions exchanged",
            lambda p, q: _kl(q, p),
            "This is KL(q ‖ p), a different number. KL(p ‖ q) averages over where p lives: the "
            "factor in front of the logarithm is p.",
        ),
        Misconception(
            "the mean over all entries",
            lambda p, q: _terms(p, q).mean(),
            'You divide by n · C, as reduction="mean" of torch\'s kl_div does. A divergence is a '
            "sum over the classes; only the items are averaged.",
        ),
        Misconception(
            "the divergences of the items, not averaged",
            lambda p, q: _terms(p, q).sum(axis=-1),
            "One divergence for each item is left. The result is their mean, one number.",
        ),
        Misconception(
            "the sum over all items",
            lambda p, q: _terms(p, q).sum(),
            "Sum over the classes, then take the mean over the items: otherwise the result grows "
            "with the batch.",
        ),
        Misconception(
            "the cross-entropy",
            lambda p, q: -(p * np.log(q)).sum(axis=-1).mean(),
            "-Σ p ln q is H(p, q). Subtract the entropy H(p), which nobody can avoid: the "
            "divergence of a distribution from itself is 0.",
        ),
        Misconception(
            "the difference of the entropies",
            lambda p, q: (_entropy(q) - _entropy(p)).mean(),
            "You weigh ln q with q. The world follows p, so both logarithms are averaged with p.",
        ),
        Misconception(
            "the entropy added instead of subtracted",
            lambda p, q: (_entropy(p) - (p * np.log(q)).sum(axis=-1)).mean(),
            "KL = H(p, q) - H(p): what you pay minus what all must pay. Yours is not 0 for p = q.",
        ),
        Misconception(
            "the sign flipped",
            lambda p, q: -_kl(p, q),
            "It is ln(p/q), not ln(q/p), under the sum. A divergence is never negative.",
        ),
        Misconception(
            "the logarithms not weighted with p",
            lambda p, q: np.log(p / q).sum(axis=-1).mean(),
            "Each logarithm counts as often as its class occurs, that is with the factor p. "
            "Without it the result can be negative.",
        ),
        Misconception(
            "the logarithm to the base 2",
            lambda p, q: _kl(p, q) / np.log(2),
            "Base 2 gives bits. Here divergences are in nats: the natural logarithm, np.log.",
        ),
        Misconception(
            "both directions averaged",
            lambda p, q: 0.5 * (_kl(p, q) + _kl(q, p)),
            "The mean of both directions is symmetric (Jeffreys). The KL divergence is not, and "
            "the order of the arguments says which direction is meant.",
        ),
        Misconception(
            "the Jensen-Shannon divergence",
            lambda p, q: 0.5 * (_kl(p, 0.5 * (p + q)) + _kl(q, 0.5 * (p + q))),
            "You compare both with their mean, which gives the bounded, symmetric JS divergence. "
            "KL compares p with q directly.",
        ),
        Misconception(
            "summed over the items instead of the classes",
            lambda p, q: _terms(p, q).sum(axis=0).mean(),
            "axis=0 adds up the items, and the mean then divides by the number of classes. Sum "
            "over the last axis, average over the items.",
        ),
        Misconception(
            "the distance of the probabilities",
            lambda p, q: np.abs(p - q).sum(axis=-1).mean(),
            "Σ |p - q| treats 0.5 against 0.6 like 0.0001 against 0.1. KL compares logarithms: "
            "what matters is the ratio.",
        ),
        Misconception(
            "NaN where p is 0",
            lambda p, q: (p * np.log(p / q)).sum(axis=-1).mean(),
            "0 · ln 0 is 0 · (-∞), which is not a number in floating point. A class that never "
            "occurs contributes nothing: its term has to be 0.",
        ),
        Misconception(
            "a surprise hidden by a small number added to q",
            lambda p, q: _terms(p, q + 1e-9).sum(axis=-1).mean(),
            "With q + 1e-9 (or q clipped there) a model that gave 1e-300 to what happens half of "
            "the time gets away with a surprise of 21. Treat p = 0 apart; leave q as it is.",
        ),
    ),
)
