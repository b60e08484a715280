"""The table behind a reliability diagram.

In the mistakes p stands for the confidence and y for whether the prediction was correct; of the
table n, p and y are the columns: counts, mean confidences and accuracies.
"""

from functools import partial
from itertools import pairwise

import numpy as np

import lossfns.numpy as ln
from lossfns.check import kinds
from lossfns.check.exercise import Exercise
from lossfns.check.questions import ask, refuse, single

_ask = partial(ask, "confidence correct")


def _draw_reliability(rng):
    # Twentieths read well and, where odd, lie inside the bins; ten rows would be too many to show.
    for count in (1, 2, 3, 4):
        p = rng.permutation(np.arange(1, 20, 2))[:count] / 20
        for bins in (5, 2):
            yield _ask((p, rng.permutation(np.arange(count) % 2)), bins=bins)
    p = (2 * rng.integers(0, 1000, size=int(rng.integers(60, 120))) + 1) / 2000
    many = p, (rng.random(len(p)) < p**2) * 1
    yield _ask(many)
    for bins in (5, 15):
        yield _ask(many, bins=bins)
        yield _ask(single(*many), bins=bins)
    sure = (2 * rng.integers(700, 1000, size=30) + 1) / 2000
    yield _ask((sure, (rng.random(30) < 0.6) * 1))
    for p, bins in (([1.0, 0.6], 4), ([0.0, 0.6], 4), ([0.5, 0.6], 4), ([0.2, 0.5, 0.8], 10)):
        y = rng.permutation(np.arange(len(p)) % 2)
        yield _ask((np.array(p), y), "extremes", bins=bins)
    ends = np.array([0.0, 1.0, 1.0, 0.25, 0.75, 0.5], np.float32)
    yield _ask((ends, rng.permutation([0, 1, 1, 0, 1, 0])), "extremes", bins=4)
    for p, y in ((85.0, 1), (-0.05, 0)):
        yield refuse("percentages accepted", confidence=np.array([p]), correct=np.array([y]))
    two, right = np.array([0.35, 0.85]), np.array([0, 1])
    yield refuse("shapes (n, 1) and (n,) accepted", confidence=two[:, None], correct=right)
    yield refuse("no bins accepted", confidence=two, correct=right, bins=0)


def _reliability(confidence, correct, bins=10):
    if confidence.shape != correct.shape:
        raise ValueError(f"shapes {confidence.shape} and {correct.shape}")
    curve = ln.reliability_curve(confidence, correct, bins=bins)
    return np.nan_to_num(np.stack([curve.count, curve.confidence, curve.frequency], axis=1))


def closed_right(p, bins):
    """Bin k holds (k / bins, (k + 1) / bins], the first one 0 as well."""
    return np.searchsorted(np.arange(1, bins) / bins, p, side="left")


def closed_left(p, bins):
    return np.searchsorted(np.arange(1, bins) / bins, p, side="right")


def floored(p, bins):
    """As int(confidence * bins): 1.0 falls into a bin that does not exist."""
    return np.where(p == 1, bins, closed_left(p, bins))


def _without_edges(p, bins):
    return np.where(np.isin(p, np.arange(bins + 1) / bins), -1, closed_right(p, bins))


def middle(p, bins):
    """The middle of the bin that p falls into."""
    return (closed_right(p, bins) + 0.5) / bins


def table(p, y, bins=10, bin_of=closed_right):
    """Count, mean confidence and accuracy of every bin; the means of an empty bin are NaN."""
    inside = bin_of(p.ravel(), bins) == np.arange(bins)[:, None]
    count = inside.sum(axis=1)
    with np.errstate(invalid="ignore"):
        means = [(inside * values.ravel()).sum(axis=1) / count for values in (p, y)]
    return np.stack([count, *means], axis=1)


def _binned(bin_of):
    """The table with 0 in empty bins."""
    return lambda p, y, bins=10: np.nan_to_num(table(p, y, bins, bin_of))


_filled = _binned(closed_right)


def _columns(changed):
    """A table from the three columns of the right one."""
    return lambda p, y, bins=10: np.stack(changed(*_filled(p, y, bins).T), axis=1)


def _counted_by_index(p, y, bins=10):
    sums = np.zeros((bins, 3))
    for confidence, hit in zip(p.tolist(), y.tolist(), strict=True):
        sums[int(confidence * bins)] += [1, confidence, hit]
    sums[:, 1:] /= np.maximum(sums[:, :1], 1)
    return sums


def _both_edges(p, y, bins=10):
    rows = []
    for low, high in pairwise(np.arange(bins + 1) / bins):
        inside = (p >= low) & (p <= high)
        rows.append([inside.sum(), *(v[inside].mean() if inside.any() else 0.0 for v in (p, y))])
    return np.array(rows)


RELIABILITY = Exercise(
    signature="reliability(confidence, correct, bins=10)",
    read="loss-reliability-curve",
    right=_reliability,
    draw=_draw_reliability,
    probes=(
        kinds.shapes("confidence", "correct", axes=1),
        kinds.outside("confidence", 0.0, 1.0),
        kinds.outside("bins", 1, whole=True),
    ),
    mistakes={
        "NaN in empty bins": table,
        "empty bins left out": _columns(lambda n, p, y: (n[n > 0], p[n > 0], y[n > 0])),
        "accuracy and confidence exchanged": _columns(lambda n, p, y: (n, y, p)),
        "the middle of the bin instead of the mean confidence": lambda p, y, bins=10: _filled(
            middle(p, bins), y, bins
        ),
        "sums instead of means": _columns(lambda n, p, y: (n, n * p, n * y)),
        "shares instead of counts": _columns(lambda n, p, y: (n / n.sum(), p, y)),
        "the means divided by the number of all items": _columns(
            lambda n, p, y: (n, n * p / n.sum(), n * y / n.sum())
        ),
        "the share of wrong predictions": _columns(lambda n, p, y: (n, p, (n > 0) * (1 - y))),
        "the gap instead of the accuracy": _columns(lambda n, p, y: (n, p, y - p)),
        "bins from the smallest to the largest confidence": _binned(
            lambda p, bins: closed_right((p - p.min()) / max(np.ptp(p), 1e-12), bins)
        ),
        "bins of equal counts": _binned(
            lambda p, bins: p.argsort(kind="stable").argsort(kind="stable") * bins // len(p)
        ),
        "the number of bins fixed at 10": lambda p, y, bins=10: _filled(p, y),
        "the bins in reverse order": _columns(lambda n, p, y: (n[::-1], p[::-1], y[::-1])),
        "the table lying on its side": lambda p, y, bins=10: _filled(p, y, bins).T,
        "an index beyond the last bin": _counted_by_index,
        "1.0 fallen out of the last bin": _binned(floored),
        "bins closed on the left": _binned(closed_left),
        "0.0 fallen out of the first bin": _binned(
            lambda p, bins: np.where(p == 0, -1, closed_right(p, bins))
        ),
        "confidences on an edge lost": _binned(_without_edges),
        "confidences on an edge counted twice": _both_edges,
    },
)
