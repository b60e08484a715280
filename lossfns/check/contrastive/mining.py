"""The choice of negatives that are neither too easy nor too hard."""

from functools import partial

import numpy as np

from lossfns.check import kinds
from lossfns.check.contrastive.points import bad_margins, length, normal
from lossfns.check.exercise import Exercise
from lossfns.check.questions import ask, between

_ask = partial(ask, "embeddings labels")


def _gaps(x):
    return length(x[:, None] - x)


def _draw_semi_hard(rng):
    # On a line distances are exact, so that ties and edges of the margin are what they seem. Of
    # the pair 0, 1 with the margin 2:
    for positions in (
        [0.0, 2.0, 3.0, 1.0],  # a semi-hard negative and a hard one
        [0.0, 1.0, 2.5, 2.0],  # two semi-hard ones
        [0.0, 1.0, -2.0, 2.0],  # two that are equally near
        [0.0, 2.0, -2.0, -4.0],  # one as far as the positive, one on the edge of the margin
        [0.0, 1.0, 5.0, 6.0],  # easy ones only
    ):
        line = np.array(positions)[:, None] * rng.choice([-1.0, 1.0]) + rng.integers(-3, 4)
        yield _ask((line, np.array([0, 0, 1, 1])), margin=2.0)
    for count in (4, 6, 7):
        line = rng.permutation(np.arange(-4.0, 5.0))[:count, None]
        labels = rng.permutation(np.arange(count) % 2)
        yield _ask((line, labels), margin=float(rng.integers(1, 4)))
    for count, width, dtype in ((8, 2, np.float64), (9, 3, np.float32), (10, 4, np.float64)):
        margin = between(rng, 0.5, 1.5)
        points = _well_apart(rng, (count, width), margin)
        # Labels are names, not numbers that count from 0.
        labels = rng.permutation(np.resize([3, 7, 4], count))
        yield _ask((points.astype(dtype), labels), margin=margin)
    alone = np.array([[0.0], [1.0], [3.0]])
    yield _ask((alone, np.array([0, 1, 2])), "extremes", margin=5.0)
    yield _ask((alone, np.array([1, 1, 1])), "extremes", margin=5.0)
    once = np.array([[1.0], [1.0], [2.0], [1.0]])
    yield _ask((once, np.array([0, 0, 1, 1])), "extremes", margin=2.0)
    yield from bad_margins(embeddings=alone, labels=np.array([0, 0, 1]))


def _well_apart(rng, shape, margin):
    """Points for which rounding to single precision decides no comparison."""
    while True:
        points = normal(rng, shape)
        gaps = _gaps(points)
        between = np.abs(gaps[:, :, None] - gaps[:, None, :])[:, _off_diagonal(gaps)]
        if between.min() > 1e-4 and np.abs(between - margin).min() > 1e-4:
            return points


def _off_diagonal(table):
    return ~np.eye(len(table), dtype=bool)


def _mine(
    rule=lambda near, far, m: (near < far) & (far < near + m),
    by=lambda gaps: gaps[:, None],
    first=np.argmin,
    positives=lambda same: same & _off_diagonal(same),
    negatives=np.logical_not,
    distance=_gaps,
    none=-1,
):
    """A table of negatives from the rule that admits them and what is smallest for the best.

    `rule` compares the distances to the positive and to the negative with the margin m; the best
    is nearest to the anchor.
    """

    def mined(embeddings, labels, margin):
        gaps, same = distance(embeddings), labels[:, None] == labels
        near, far = np.broadcast_arrays(gaps[:, :, None], gaps[:, None, :])
        allowed = positives(same)[:, :, None] & negatives(same)[:, None, :]
        allowed = allowed & rule(near, far, margin)
        chosen = first(np.where(allowed, by(gaps), np.inf), axis=-1)
        return np.where(allowed.any(axis=-1), chosen, none)

    return mined


def _semi_hard_negatives(embeddings, labels, margin):
    if not margin > 0:
        raise ValueError(f"margin must be positive, got {margin}")
    return _mine()(embeddings, labels, margin)


def _last_of_equals(table, axis):
    return table.shape[axis] - 1 - table[..., ::-1].argmin(axis=axis)


def _place_among_negatives(x, labels, margin):
    mined = _mine()(x, labels, margin)
    places = (labels[:, None] != labels).cumsum(axis=1) - 1
    return np.where(mined < 0, -1, np.take_along_axis(places, np.maximum(mined, 0), axis=1))


SEMI_HARD_NEGATIVES = Exercise(
    signature="semi_hard_negatives(embeddings, labels, margin)",
    read="mine-triplets",
    right=_semi_hard_negatives,
    draw=_draw_semi_hard,
    probes=(kinds.outside("margin", 0.0, ends=(0.0,)), kinds.single_item("embeddings", "labels")),
    mistakes={
        "the hardest negatives of all": _mine(lambda near, far, m: far < near + m),
        "any nearest negative": _mine(lambda near, far, m: True),
        "negatives beyond the margin": _mine(lambda near, far, m: near < far),
        "easy negatives instead of semi-hard ones": _mine(lambda near, far, m: near + m <= far),
        "hard negatives instead of semi-hard ones": _mine(lambda near, far, m: far <= near),
        "the farthest of the semi-hard negatives": _mine(by=lambda gaps: -gaps[:, None]),
        "the first semi-hard negative, near or not": _mine(by=lambda gaps: 0.0),
        "the semi-hard negative that is nearest to the positive": _mine(by=lambda gaps: gaps[None]),
        "the last of equally near negatives": _mine(first=_last_of_equals),
        "a negative as far as the positive admitted": _mine(
            lambda near, far, m: (near <= far) & (far < near + m)
        ),
        "a negative on the edge of the margin admitted": _mine(
            lambda near, far, m: (near < far) & (far <= near + m)
        ),
        "both ends admitted": _mine(lambda near, far, m: (near <= far) & (far <= near + m)),
        "squared distances compared with the margin": _mine(distance=lambda x: _gaps(x) ** 2),
        "the own class not excluded": _mine(negatives=np.ones_like),
        "the anchor as its own positive": _mine(positives=lambda same: same),
        "pairs of different labels filled in": _mine(positives=_off_diagonal),
        "each pair in one order only": _mine(positives=lambda same: np.triu(same, 1)),
        "0 where there is none": _mine(none=0),
        "the place within the negatives": _place_among_negatives,
        "anchor and positive exchanged": lambda x, labels, margin: _mine()(x, labels, margin).T,
    },
)
