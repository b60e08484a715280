"""The mean over the items that count."""

import numpy as np

from lossfns.check import kinds
from lossfns.check.exercise import Exercise
from lossfns.check.questions import ask, refuse, shuffled, single

_NAMES = "losses mask"


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
        yield ask(_NAMES, (losses, mask))
        yield ask(_NAMES, single(losses, mask))
        yield ask(_NAMES, (losses, np.ones(shape, bool)))
    padded = np.array([[1.0, 3.0, np.nan], [6.0, np.nan, np.inf]])
    yield ask(_NAMES, (np.array([2.0, np.nan]), np.array([True, False])), "extremes")
    yield ask(_NAMES, (np.array([np.inf, 5.0, 2.0]), np.array([False, True, True])), "extremes")
    yield ask(_NAMES, (padded, np.isfinite(padded)), "extremes")
    for nothing in (np.array([1.0, 2.0]), np.array([np.nan])):
        yield ask(_NAMES, (nothing, np.zeros(nothing.shape, bool)), "extremes")
    for shape, mask in (((2, 3), [True, False, True]), ((2, 1), [True, False])):
        yield refuse("a mask of another shape accepted", losses=np.ones(shape), mask=np.array(mask))


def _kept(losses, mask):
    return np.where(mask, losses, 0.0)


def _row_by_row(losses, mask):
    counts = mask.sum(axis=-1)
    means = _kept(losses, mask).sum(axis=-1) / np.maximum(counts, 1)
    return means.sum() / max(np.count_nonzero(counts), 1)


MASKED_MEAN = Exercise(
    signature="masked_mean(losses, mask)",
    read="masked-mean",
    right=masked_mean,
    draw=_draw,
    probes=(kinds.shapes("losses", "mask"),),
    mistakes={
        "divided by the number of all items": lambda losses, mask: (
            _kept(losses, mask).sum() / max(losses.size, 1)
        ),
        "the sum instead of the mean": lambda losses, mask: _kept(losses, mask).sum(),
        "the mask the wrong way round": lambda losses, mask: masked_mean(losses, ~mask),
        "the mask without effect": lambda losses, mask: losses.mean() if losses.size else 0.0,
        "the mean of the means of the rows": _row_by_row,
        "divided by the number of losses that are not 0": lambda losses, mask: (
            _kept(losses, mask).sum() / max(np.count_nonzero(_kept(losses, mask)), 1)
        ),
        "n - 1 instead of n": lambda losses, mask: (
            _kept(losses, mask).sum() / max(mask.sum() - 1, 1)
        ),
        "the root of the mean": lambda losses, mask: masked_mean(losses, mask) ** 0.5,
        "NaN times 0": lambda losses, mask: (losses * mask).sum() / max(mask.sum(), 1),
        "NaN times 0, and 0/0 when nothing counts": lambda losses, mask: (
            (losses * mask).sum() / mask.sum()
        ),
        "0/0 when nothing counts": lambda losses, mask: _kept(losses, mask).sum() / mask.sum(),
        "NaN left out, whatever the mask says": lambda losses, mask: (
            losses[np.isfinite(losses)].mean() if np.isfinite(losses).any() else 0.0
        ),
    },
)
