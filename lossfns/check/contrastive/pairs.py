"""The contrastive loss of pairs, which compares one distance d with a margin m."""

from functools import partial

import numpy as np

import lossfns.numpy as ln
from lossfns.check import kinds
from lossfns.check.contrastive.points import bad_margins, halves, hinge, length, normal, steps
from lossfns.check.exercise import Exercise
from lossfns.check.questions import Batch, ask_all, between, refuse, singles

_ask = partial(ask_all, "a b same")


def _pairs(rng) -> list[Batch]:
    """Pairs of points with labels: equal and unequal ones, on both sides of the margin."""
    readable = []
    for same, lengths in (
        ([1], [0.5]),
        ([0], [0.5]),
        ([0], [2.5]),
        ([1, 0], [1.5, 0.5]),
        # Closer than a margin of 1, on it, and farther; then the same for larger margins.
        ([0, 1, 0, 1], [0.5, 1.0, 2.5, 1.5]),
    ):
        a = halves(rng, (len(lengths), 2))
        readable.append((a, np.round(a + steps(rng, lengths), 2), np.array(same)))
    count = int(rng.integers(20, 40))
    a, same = normal(rng, (count, 4)), rng.permutation(np.arange(count) % 3 % 2)
    far = np.round(a + rng.normal(size=(count, 4)) * rng.choice([0.2, 0.9], size=(count, 1)), 3)
    return [*readable, (a, far, same)]


def _draw_contrastive(rng):
    pairs = _pairs(rng)
    yield from _ask(pairs)
    yield from _ask(pairs[1:], margin=2.0)
    yield from _ask(singles(pairs[3:]), margin=between(rng, 1.2, 1.9))
    here = halves(rng, (2, 2))
    yield from _ask([(here, here, np.array([1, 0]))], "extremes")
    yield from _ask([(here * 1e6, -here * 1e6, np.array([0, 0]))], "extremes", margin=2.0)
    a, b, same = pairs[3]
    yield from bad_margins(a=a[:1], b=b[:1], same=same[:1])
    yield refuse("labels -1 accepted", a=a, b=b, same=np.array([1, -1]))
    yield refuse("embeddings of different shapes accepted", a=a, b=b[:1], same=same)
    a, b, same = pairs[4]
    yield refuse("labels of shape (n, 1) accepted", a=a, b=b, same=same[:, None])


def _push(d, m):
    return hinge(m - d) ** 2


def _with(
    pull=np.square, push=_push, weights=lambda y: (y, 1 - y), half=0.5, mean=np.mean, measure=length
):
    """A contrastive loss from what equal and unequal pairs cost, and the weights of the two."""

    def wrong(a, b, same, margin=1.0):
        d, (equal, unequal) = measure(a - b), weights(same)
        return mean(half * (equal * pull(d) + unequal * push(d, margin)))

    return wrong


CONTRASTIVE_PAIRS = Exercise(
    signature="contrastive_pairs(a, b, same, margin=1.0)",
    read="loss-contrastive",
    right=ln.contrastive,
    draw=_draw_contrastive,
    probes=(
        kinds.shapes("a", "b", axes=2),
        kinds.labelled_by_column("same"),
        kinds.outside("same", 0, 1, whole=True),
        kinds.outside("margin", 0.0, ends=(0.0,)),
    ),
    mistakes={
        "the ½ forgotten": _with(half=1.0),
        "the ½ on equal pairs only": _with(push=lambda d, m: 2 * _push(d, m)),
        "equal and unequal exchanged": _with(weights=lambda y: (1 - y, y)),
        "the distance not squared for equal pairs": _with(pull=lambda d: d),
        "the square of the shortfall forgotten": _with(push=lambda d, m: hinge(m - d)),
        "neither part squared": _with(pull=lambda d: d, push=lambda d, m: hinge(m - d)),
        "the squared distance compared with the margin": _with(push=lambda d, m: hinge(m - d * d)),
        "the difference of squares for unequal pairs": _with(push=lambda d, m: hinge(m**2 - d**2)),
        "no end to the push": _with(push=lambda d, m: (m - d) ** 2),
        "no margin": _with(push=lambda d, m: -d * d),
        "the push on the wrong side of the margin": _with(push=lambda d, m: hinge(d - m) ** 2),
        "only unequal pairs pushed": _with(pull=lambda d: 0 * d),
        "only equal pairs pulled": _with(push=lambda d, m: 0 * d),
        "the push for all pairs": _with(weights=lambda y: (y, 1)),
        "one distance for the whole batch": _with(measure=np.linalg.norm),
        "the margin fixed at 1": _with(push=lambda d, m: _push(d, 1.0)),
        "the sum instead of the mean": _with(mean=np.sum),
        "the mean over all coordinates": lambda a, b, same, margin=1.0: (
            _with(mean=np.sum)(a, b, same, margin) / a.size
        ),
    },
)
