"""Gradient accumulation, and the mean of means: gradients g of pieces with n items each."""

import numpy as np

from lossfns.check import kinds
from lossfns.check.exercise import Exercise
from lossfns.check.questions import ask_all, refuse, singles, some


def _draw(rng):
    pairs = []
    for k, d in ((2, 1), (2, 2), (3, 2), (3, 3), (2, 4), (int(rng.integers(5, 9)), 4)):
        gradients = some(rng, [2.0, -1.0, 0.5, 4.0, -3.0], (k, d))
        # The last piece is the short one, as in an epoch.
        counts = np.append(some(rng, [4, 6, 5], (k - 1,)), rng.integers(1, 3))
        pairs.append((gradients, counts.astype(np.int64)))
    gradients, counts = pairs[2]
    pairs.append((gradients * [[1.0], [0.0], [1.0]], counts * np.array([1, 0, 1])))
    yield from ask_all("gradients counts", [*pairs, *singles(pairs[2:4])])
    nothing = np.zeros((2, 3)), np.zeros(2, np.int64)
    many = np.array([[2.0], [-1.0]]), np.array([3 * 10**9, 10**9])
    yield from ask_all("gradients counts", [nothing, many], "extremes")
    gradients, counts = pairs[1]
    more = np.append(counts, 3)
    yield refuse("a count without a piece ignored", gradients=gradients, counts=more)
    yield refuse("a negative count accepted", gradients=gradients, counts=np.array([4, -1]))


def _divided_by(number):
    """The sum over all items, divided by what `number(n)` counts."""
    return lambda g, n: (g * n[:, None]).sum(axis=0) / number(n)


_mean = _divided_by(lambda n: max(n.sum(), 1))
_unguarded = _divided_by(np.sum)


def _weighing(change):
    """The mean of the rows with other weights."""
    return lambda g, n: _unguarded(g, change(n))


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
        "the mean of the means": lambda g, n: g.mean(axis=0),
        "the mean of the means that are not empty": lambda g, n: (
            g[n > 0].sum(axis=0) / max((n > 0).sum(), 1)
        ),
        "the sum of the means": lambda g, n: g.sum(axis=0),
        "the gradient of the sum over all items": _divided_by(lambda n: 1),
        "divided by the number of pieces": lambda g, n: (g * n[:, None]).mean(axis=0),
        "short pieces counted more": _weighing(lambda n: 1 / n),
        "the counts squared": _weighing(lambda n: n**2.0),
        "the roots of the counts": _weighing(lambda n: n**0.5),
        "divided by the largest count": _divided_by(lambda n: max(n.max(), 1)),
        "the last piece only": lambda g, n: g[-1],
        "the counts along the wrong axis": lambda g, n: (g * n).sum(axis=0) / max(n.sum(), 1),
        "the mean over the parameters": lambda g, n: _mean(g.mean(axis=1, keepdims=True), n)[0],
        "NaN where there are no items": _unguarded,
    },
)
