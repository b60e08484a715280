"""The Kullback-Leibler divergence of one distribution from another."""

import numpy as np

import lossfns.numpy as ln
from lossfns.check import kinds
from lossfns.check.classification import batches
from lossfns.check.exercise import Exercise, Recognised
from lossfns.check.faults import capped
from lossfns.check.questions import ask_all, refuse, singles


def _draw(rng):
    pairs = batches.distributions(rng)
    same = pairs[2][0], pairs[2][0].copy()
    yield from ask_all("p q", [*pairs, *singles(pairs[1:4]), same])
    far = batches.arrays(
        ([[1.0, 0.0]], [[0.25, 0.75]]),
        ([[0.5, 0.5, 0.0]], [[0.25, 0.75, 0.0]]),
        ([[0.5, 0.5]], [[1e-300, 1.0]]),
    )
    yield from ask_all("p q", far, "extremes")
    p, q = pairs[2]
    yield refuse("different shapes broadcast", p=p, q=q[:1])
    for rows, others in ((p[:1], 2 * q[:1]), (p[:1] - 1.0, q[:1])):
        yield refuse("rows accepted that are no distributions", p=rows, q=others)


def _right(p, q):
    with np.errstate(divide="ignore"):
        return ln.kl_div(np.log(q), p)


def _terms(p, q):
    safe = np.where(p > 0, p, 1.0)
    return p * (np.log(safe) - np.log(np.where(p > 0, q, 1.0)))


def _kl(p, q):
    return _terms(p, q).sum(axis=-1).mean()


def _ce(p, q):
    """The cross-entropy; that of p with itself is its entropy."""
    return -(p * np.log(q)).sum(axis=-1)


KL_DIVERGENCE = Exercise(
    signature="kl_divergence(p, q)",
    read="loss-kl-div",
    right=_right,
    draw=_draw,
    probes=(
        kinds.shapes("p", "q", axes=2),
        kinds.no_distributions("p", "q"),
        kinds.square("p", "q"),
    ),
    mistakes={
        "the two distributions exchanged": lambda p, q: _kl(q, p),
        "the mean over all entries": lambda p, q: _terms(p, q).mean(),
        "the divergences of the items, not averaged": lambda p, q: _terms(p, q).sum(axis=-1),
        "the sum over all items": lambda p, q: _terms(p, q).sum(),
        "the cross-entropy": lambda p, q: _ce(p, q).mean(),
        "the difference of the entropies": lambda p, q: (_ce(q, q) - _ce(p, p)).mean(),
        "the entropy added instead of subtracted": lambda p, q: (_ce(p, p) + _ce(p, q)).mean(),
        "the sign flipped": lambda p, q: -_kl(p, q),
        "the logarithms not weighted with p": lambda p, q: np.log(p / q).sum(axis=-1).mean(),
        "the logarithm to the base 2": lambda p, q: _kl(p, q) / np.log(2),
        "both directions averaged": lambda p, q: 0.5 * (_kl(p, q) + _kl(q, p)),
        "the Jensen-Shannon divergence": lambda p, q: (
            0.5 * (_kl(p, 0.5 * (p + q)) + _kl(q, 0.5 * (p + q)))
        ),
        "summed over the items instead of the classes": lambda p, q: _terms(p, q).sum(0).mean(),
        "the distance of the probabilities": lambda p, q: np.abs(p - q).sum(axis=-1).mean(),
        "NaN where p is 0": lambda p, q: (p * np.log(p / q)).sum(axis=-1).mean(),
        "a surprise hidden by a small number added to q": Recognised(
            lambda p, q: _kl(p, q + 1e-9), capped(_kl)
        ),
    },
)
