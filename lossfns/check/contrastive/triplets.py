"""The triplet loss, which compares two distances with each other.

The variants call them `near` and `far`, the margin m, and the embeddings a, p and n.
"""

from functools import partial

import numpy as np

import lossfns.numpy as ln
from lossfns.check import kinds
from lossfns.check.contrastive.points import bad_margins, halves, hinge, length, normal, steps
from lossfns.check.exercise import Exercise
from lossfns.check.questions import Batch, ask, between, refuse, single

_ask = partial(ask, "anchor positive negative")


def _triplets(rng) -> list[Batch]:
    """Triplets of which some cost nothing, for distances as well as for squared ones."""
    readable = []
    for near, far in (
        ([1.5], [1.0]),
        ([0.5], [2.5]),
        ([1.0, 0.5], [1.5, 2.5]),
        ([0.5, 1.0, 1.5, 2.5], [2.5, 1.5, 1.0, 1.5]),
    ):
        anchor = halves(rng, (len(near), 2))
        readable.append(_around(anchor, steps(rng, near), steps(rng, far)))
    count = int(rng.integers(20, 40))
    anchor, near, far = (normal(rng, (count, 3)) for _ in range(3))
    return [*readable, _around(anchor, 0.6 * near, far)]


def _around(anchor, near, far) -> Batch:
    return anchor, np.round(anchor + near, 3), np.round(anchor + far, 3)


def _draw_triplet(rng):
    batches = _triplets(rng)
    for batch in batches:
        yield _ask(batch)
        yield _ask(batch, squared=True)
    margin = between(rng, 1.2, 1.9)
    for batch in batches[2:]:
        yield _ask(batch, margin=0.5)
        yield _ask(single(*batch), margin=margin, squared=True)
    anchor = halves(rng, (2, 2))
    nowhere = 0 * anchor
    yield _ask(_around(anchor, nowhere, nowhere), "extremes", margin=0.5)
    yield _ask(_around(anchor, anchor * 1e6, nowhere), "extremes")
    yield from bad_margins(**_ask(batches[0]).arrays)
    one_negative = _ask(batches[2]).arrays | {"negative": batches[2][2][:1]}
    yield refuse("embeddings of different shapes accepted", **one_negative)


def _with(
    loss=lambda near, far, m: hinge(near - far + m), mean=np.mean, measure=length, powers=(1, 2)
):
    """A triplet loss from the two distances; `powers` are those of plain and of squared ones."""

    def wrong(anchor, positive, negative, margin=1.0, squared=False):
        power = powers[squared]
        near, far = measure(anchor - positive) ** power, measure(anchor - negative) ** power
        return mean(loss(near, far, margin))

    return wrong


TRIPLET = Exercise(
    signature="triplet(anchor, positive, negative, margin=1.0, squared=False)",
    read="loss-triplet",
    right=ln.triplet,
    draw=_draw_triplet,
    probes=(
        kinds.shapes("anchor", "positive", "negative", axes=2),
        kinds.outside("margin", 0.0, ends=(0.0,)),
    ),
    mistakes={
        "losses below zero": _with(lambda near, far, m: near - far + m),
        "the hinge after the mean": _with(lambda near, far, m: hinge((near - far + m).mean())),
        "positive and negative exchanged": _with(lambda near, far, m: hinge(far - near + m)),
        "the margin subtracted": _with(lambda near, far, m: hinge(near - far - m)),
        "no margin": _with(lambda near, far, m: hinge(near - far)),
        "the margin fixed at 1": _with(lambda near, far, m: hinge(near - far + 1)),
        "distances never squared": _with(powers=(1, 1)),
        "distances always squared": _with(powers=(2, 2)),
        "the negative measured from the positive": lambda a, p, n, **kw: _with()(p, a, n, **kw),
        "the mean over the triplets that cost something": _with(
            mean=lambda losses: losses.sum() / max((losses > 0).sum(), 1)
        ),
        "the squared hinge": _with(lambda near, far, m: hinge(near - far + m) ** 2),
        "the hinge squared instead of the distances": lambda a, p, n, margin=1.0, squared=False: (
            hinge(length(a - p) - length(a - n) + margin) ** (1 + squared)
        ).mean(),
        "a smooth hinge": _with(lambda near, far, m: np.logaddexp(0, near - far + m)),
        "the sum of absolute differences": _with(measure=lambda e: abs(e).sum(axis=-1)),
        "the mean over the coordinates instead of their sum": _with(
            measure=lambda e: np.sqrt((e * e).mean(axis=-1))
        ),
        "one distance for the whole batch": _with(measure=np.linalg.norm),
        "the sum instead of the mean": _with(mean=np.sum),
    },
)
