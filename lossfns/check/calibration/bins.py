"""The table behind a reliability diagram."""

import numpy as np

import lossfns.numpy as ln
from lossfns.check import kinds
from lossfns.check.exercise import Exercise
from lossfns.check.questions import ask, refuse, single

_NAMES = "confidence correct"


def _draw_reliability(rng):
    # Twentieths read well and, where odd, lie inside the bins; ten rows would be too many to show.
    for count in (1, 2, 3, 4):
        confidence = rng.permutation(np.arange(1, 20, 2))[:count] / 20
        yield ask(_NAMES, (confidence, rng.permutation(np.arange(count) % 2)), bins=5)
        yield ask(_NAMES, (confidence, rng.permutation(np.arange(count) % 2)), bins=2)
    count = int(rng.integers(60, 120))
    confidence = (2 * rng.integers(0, 1000, size=count) + 1) / 2000
    correct = (rng.random(count) < confidence**2) * 1
    yield ask(_NAMES, (confidence, correct))
    for bins in (5, 15):
        yield ask(_NAMES, (confidence, correct), bins=bins)
        yield ask(_NAMES, single(confidence, correct), bins=bins)
    sure = (2 * rng.integers(700, 1000, size=30) + 1) / 2000
    yield ask(_NAMES, (sure, (rng.random(30) < 0.6) * 1))
    for edges, bins in (([1.0, 0.6], 4), ([0.0, 0.6], 4), ([0.5, 0.6], 4), ([0.2, 0.5, 0.8], 10)):
        yield ask(
            _NAMES,
            (np.array(edges), rng.permutation(np.arange(len(edges)) % 2)),
            "extremes",
            bins=bins,
        )
    ends = np.array([0.0, 1.0, 1.0, 0.25, 0.75, 0.5], np.float32)
    yield ask(_NAMES, (ends, rng.permutation([0, 1, 1, 0, 1, 0])), "extremes", bins=4)
    two, right = np.array([0.35, 0.85]), np.array([0, 1])
    for confidence, correct in (([85.0], [1]), ([-0.05], [0])):
        yield refuse(
            "percentages accepted", confidence=np.array(confidence), correct=np.array(correct)
        )
    yield refuse("shapes (n, 1) and (n,) accepted", confidence=two[:, None], correct=right)
    yield refuse("no bins accepted", confidence=two, correct=right, bins=0)


def hold_bins(bins) -> None:
    if bins < 1:
        raise ValueError(f"bins must be at least 1, got {bins}")


def _reliability(confidence, correct, bins=10):
    if confidence.shape != correct.shape:
        raise ValueError(f"shapes {confidence.shape} and {correct.shape}")
    curve = ln.reliability_curve(confidence, correct, bins=bins)
    return np.nan_to_num(np.stack([curve.count, curve.confidence, curve.frequency], axis=1))


def closed_right(confidence, bins):
    """Bin k holds (k / bins, (k + 1) / bins], the first one 0 as well."""
    return np.searchsorted(np.arange(1, bins) / bins, confidence, side="left")


def closed_left(confidence, bins):
    return np.searchsorted(np.arange(1, bins) / bins, confidence, side="right")


def floored(confidence, bins):
    """As int(confidence * bins): 1.0 falls into a bin that does not exist."""
    return np.where(confidence == 1, bins, closed_left(confidence, bins))


def without_zero(confidence, bins):
    return np.where(confidence == 0, -1, closed_right(confidence, bins))


def table(confidence, correct, bins=10, bin_of=closed_right):
    """Count, mean confidence and accuracy of every bin; the means of an empty bin are NaN."""
    inside = bin_of(confidence.ravel(), bins) == np.arange(bins)[:, None]
    count = inside.sum(axis=1)
    with np.errstate(invalid="ignore"):
        means = [(inside * values.ravel()).sum(axis=1) / count for values in (confidence, correct)]
    return np.stack([count, *means], axis=1)


def _filled(columns=lambda table: table, bin_of=closed_right):
    """A table with 0 in empty bins, changed by `columns`."""
    return lambda confidence, correct, bins=10: columns(
        np.nan_to_num(table(confidence, correct, bins, bin_of))
    )


def _column(index, values):
    """A change of one column, which is made from the whole table."""

    def changed(table):
        table = table.copy()
        table[:, index] = values(table)
        return table

    return changed


def _counted_by_index(confidence, correct, bins=10):
    sums = np.zeros((bins, 3))
    for p, hit in zip(confidence.tolist(), correct.tolist(), strict=True):
        sums[int(p * bins)] += [1, p, hit]
    sums[:, 1:] /= np.maximum(sums[:, :1], 1)
    return sums


def _both_edges(confidence, correct, bins=10):
    rows = []
    for low, high in zip(np.arange(bins) / bins, np.arange(1, bins + 1) / bins, strict=True):
        inside = (confidence >= low) & (confidence <= high)
        here = confidence[inside], correct[inside]
        rows.append([inside.sum(), *(values.mean() if values.size else 0.0 for values in here)])
    return np.array(rows)


def _no_edges(confidence, bins):
    on_an_edge = np.isin(confidence, np.arange(bins + 1) / bins)
    return np.where(on_an_edge, -1, closed_right(confidence, bins))


def _over_the_range(confidence, bins):
    low, high = confidence.min(), confidence.max()
    return closed_right((confidence - low) / max(high - low, 1e-12), bins)


def _equal_counts(confidence, bins):
    ranks = confidence.argsort(kind="stable").argsort(kind="stable")
    return ranks * bins // len(confidence)


def _middles(table):
    return np.where(table[:, 0] > 0, (np.arange(len(table)) + 0.5) / len(table), 0.0)


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
        "empty bins left out": _filled(lambda table: table[table[:, 0] > 0]),
        "accuracy and confidence exchanged": _filled(lambda table: table[:, [0, 2, 1]]),
        "the middle of the bin instead of the mean confidence": _filled(_column(1, _middles)),
        "sums instead of means": _filled(
            lambda table: table * np.stack([table[:, 0] ** 0, *[table[:, 0]] * 2], axis=1)
        ),
        "shares instead of counts": _filled(
            _column(0, lambda table: table[:, 0] / table[:, 0].sum())
        ),
        "the means divided by the number of all items": _filled(
            lambda table: np.stack(
                [table[:, 0], *(table[:, 0] / table[:, 0].sum() * table[:, 1:].T)], axis=1
            )
        ),
        "the share of wrong predictions": _filled(
            _column(2, lambda table: np.where(table[:, 0] > 0, 1 - table[:, 2], 0.0))
        ),
        "the gap instead of the accuracy": _filled(
            _column(2, lambda table: table[:, 2] - table[:, 1])
        ),
        "bins from the smallest to the largest confidence": _filled(bin_of=_over_the_range),
        "bins of equal counts": _filled(bin_of=_equal_counts),
        "the number of bins fixed at 10": lambda confidence, correct, bins=10: _filled()(
            confidence, correct
        ),
        "the bins in reverse order": _filled(lambda table: table[::-1]),
        "the table lying on its side": _filled(lambda table: table.T.copy()),
        "an index beyond the last bin": _counted_by_index,
        "1.0 fallen out of the last bin": _filled(bin_of=floored),
        "bins closed on the left": _filled(bin_of=closed_left),
        "0.0 fallen out of the first bin": _filled(bin_of=without_zero),
        "confidences on an edge lost": _filled(bin_of=_no_edges),
        "confidences on an edge counted twice": _both_edges,
    },
)
