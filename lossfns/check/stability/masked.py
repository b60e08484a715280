"""The mean over the items that count: x are the losses, m is the mask."""

from functools import partial

import numpy as np

from lossfns.check import kinds
from lossfns.check.exercise import Exercise
from lossfns.check.questions import ask, refuse, shuffled, single

_ask = partial(ask, "losses mask")


def masked_mean(losses, mask):
    if losses.shape != mask.shape:
        raise ValueError("shapes differ")
    return losses[mask].mean() if mask.any() else 0.0


def _draw(rng):
    for shape in ((2,), (3,), (2, 3), (3, 4), (int(rng.integers(4, 7)), 3, 2)):
        # Sums of powers of two name their terms; a loss of 0 counts like any other.
        losses = shuffled(rng, [0.0, 1.0, 2.0, 4.0, 8.0, 16.0], shape)
        mask = shuffled(rng, [True, False, True], shape)
        if mask.sum() > 1:
            losses.flat[mask.argmax()] = 0.0
        yield _ask((losses, mask))
        yield _ask(single(losses, mask))
        yield _ask((losses, np.ones(shape, bool)))
    padded = np.array([[1.0, 3.0, np.nan], [6.0, np.nan, np.inf]])
    yield _ask((np.array([2.0, np.nan]), np.array([True, False])), "extremes")
    yield _ask((np.array([np.inf, 5.0, 2.0]), np.array([False, True, True])), "extremes")
    yield _ask((padded, np.isfinite(padded)), "extremes")
    for nothing in (np.array([1.0, 2.0]), np.array([np.nan])):
        yield _ask((nothing, np.zeros(nothing.shape, bool)), "extremes")
    for shape, mask in (((2, 3), [True, False, True]), ((2, 1), [True, False])):
        yield refuse("a mask of another shape accepted", losses=np.ones(shape), mask=np.array(mask))


def _kept(x, m):
    return np.where(m, x, 0.0)


def _divided(divisor):
    """The sum of what counts, divided by something else than its number."""
    return lambda x, m: _kept(x, m).sum() / max(divisor(x, m), 1)


def _row_by_row(x, m):
    counts = m.sum(axis=-1)
    means = _kept(x, m).sum(axis=-1) / np.maximum(counts, 1)
    return means.sum() / max(np.count_nonzero(counts), 1)


MASKED_MEAN = Exercise(
    signature="masked_mean(losses, mask)",
    read="masked-mean",
    right=masked_mean,
    draw=_draw,
    probes=(kinds.shapes("losses", "mask"),),
    mistakes={
        "divided by the number of all items": _divided(lambda x, m: x.size),
        "the sum instead of the mean": lambda x, m: _kept(x, m).sum(),
        "the mask the wrong way round": lambda x, m: masked_mean(x, ~m),
        "the mask without effect": lambda x, m: x.mean() if x.size else 0.0,
        "the mean of the means of the rows": _row_by_row,
        "divided by the number of losses that are not 0": _divided(
            lambda x, m: np.count_nonzero(_kept(x, m))
        ),
        "n - 1 instead of n": _divided(lambda x, m: m.sum() - 1),
        "the root of the mean": lambda x, m: masked_mean(x, m) ** 0.5,
        "NaN times 0": lambda x, m: (x * m).sum() / max(m.sum(), 1),
        "NaN times 0, and 0/0 when nothing counts": lambda x, m: (x * m).sum() / m.sum(),
        "0/0 when nothing counts": lambda x, m: _kept(x, m).sum() / m.sum(),
        "NaN left out, whatever the mask says": lambda x, m: masked_mean(x, np.isfinite(x)),
    },
)
