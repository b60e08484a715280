"""Gradient accumulation, and the mean of means."""

import numpy as np

from lossfns.check import kinds
from lossfns.check.exercise import Exercise
from lossfns.check.questions import ask, refuse, single, some

_NAMES = "gradients counts"


def _draw(rng):
    pairs = []
    for k, d in ((2, 1), (2, 2), (3, 2), (3, 3), (2, 4), (int(rng.integers(5, 9)), 4)):
        gradients = some(rng, [2.0, -1.0, 0.5, 4.0, -3.0], (k, d))
        # The last piece is the short one, as in an epoch.
        counts = np.append(some(rng, [4, 6, 5], (k - 1,)), rng.integers(1, 3))
        pairs.append((gradients, counts.astype(np.int64)))
    gradients, counts = pairs[2]
    pairs.append((gradients * [[1.0], [0.0], [1.0]], counts * np.array([1, 0, 1])))
    yield from (ask(_NAMES, pair) for pair in pairs)
    yield from (ask(_NAMES, single(*pair)) for pair in pairs[2:4])
    nothing = np.zeros((2, 3)), np.zeros(2, np.int64)
    yield ask(_NAMES, nothing, aspect="extremes")
    many = np.array([[2.0], [-1.0]]), np.array([3 * 10**9, 10**9])
    yield ask(_NAMES, many, aspect="extremes")
    gradients, counts = pairs[1]
    yield refuse(
        "a count without a piece ignored", gradients=gradients, counts=np.append(counts, 3)
    )
    yield refuse("a negative count accepted", gradients=gradients, counts=np.array([4, -1]))


def _mean(gradients, counts):
    return (gradients * counts[:, None]).sum(axis=0) / max(counts.sum(), 1)


def _weighing(weights):
    """The mean of the rows with other weights."""

    def wrong(gradients, counts):
        shares = weights(counts)
        return (gradients * shares[:, None]).sum(axis=0) / shares.sum()

    return wrong


def _checked(gradients, counts):
    if len(gradients) != len(counts) or counts.min() < 0:
        raise ValueError("one count for each piece, none of them negative")
    return _mean(gradients, counts)


ACCUMULATED_GRADIENT = Exercise(
    signature="accumulated_gradient(gradients, counts)",
    read="sec-01-reductions",
    right=_checked,
    draw=_draw,
    probes=(
        kinds.lengths("counts"),
        kinds.outside("counts", 0, whole=True),
        kinds.single_item("gradients", "counts"),
        kinds.square("gradients", "counts"),
    ),
    mistakes={
        "the mean of the means": lambda gradients, counts: gradients.mean(axis=0),
        "the mean of the means that are not empty": lambda gradients, counts: (
            gradients[counts > 0].sum(axis=0) / max((counts > 0).sum(), 1)
        ),
        "the sum of the means": lambda gradients, counts: gradients.sum(axis=0),
        "the gradient of the sum over all items": lambda gradients, counts: (
            gradients * counts[:, None]
        ).sum(axis=0),
        "divided by the number of pieces": lambda gradients, counts: (
            gradients * counts[:, None]
        ).mean(axis=0),
        "short pieces counted more": _weighing(lambda counts: 1 / counts),
        "the counts squared": _weighing(lambda counts: counts**2.0),
        "the roots of the counts": _weighing(lambda counts: counts**0.5),
        "divided by the largest count": lambda gradients, counts: (
            (gradients * counts[:, None]).sum(axis=0) / max(counts.max(), 1)
        ),
        "the last piece only": lambda gradients, counts: gradients[-1],
        "the counts along the wrong axis": lambda gradients, counts: (
            (gradients * counts).sum(axis=0) / max(counts.sum(), 1)
        ),
        "the mean over the parameters": lambda gradients, counts: (
            (gradients.mean(axis=1) * counts).sum() / max(counts.sum(), 1)
        ),
        "NaN where there are no items": lambda gradients, counts: (
            (gradients * counts[:, None]).sum(axis=0) / counts.sum()
        ),
    },
)
