"""The triplet loss, which compares two distances with each other."""

import numpy as np

import lossfns.numpy as ln
from lossfns.check import kinds
from lossfns.check.contrastive.points import halves, hold_shape, length, normal, steps
from lossfns.check.exercise import Call, Exercise
from lossfns.check.questions import refuse


def _triplets(rng) -> list[dict[str, np.ndarray]]:
    """Triplets of which some cost nothing, for distances as well as for squared ones."""
    readable = []
    for near, far in (
        ([1.5], [1.0]),
        ([0.5], [2.5]),
        ([1.0, 0.5], [1.5, 2.5]),
        ([0.5, 1.0, 1.5, 2.5], [2.5, 1.5, 1.0, 1.5]),
    ):
        anchor = halves(rng, (len(near), 2))
        readable.append(_triplet_of(anchor, steps(rng, near), steps(rng, far)))
    count = int(rng.integers(20, 40))
    anchor, near, far = (normal(rng, (count, 3)) for _ in range(3))
    return [*readable, _triplet_of(anchor, 0.6 * near, far)]


def _triplet_of(anchor, near, far):
    return {
        "anchor": anchor,
        "positive": np.round(anchor + near, 3),
        "negative": np.round(anchor + far, 3),
    }


def _draw_triplet(rng):
    batches = _triplets(rng)
    for arrays in batches:
        yield Call(arrays)
        yield Call(arrays, {"squared": True})
    margin = float(np.round(rng.uniform(1.2, 1.9), 2))
    for arrays in batches[2:]:
        yield Call(arrays, {"margin": 0.5})
        single = {name: array.astype(np.float32) for name, array in arrays.items()}
        yield Call(single, {"margin": margin, "squared": True})
    anchor = halves(rng, (2, 2))
    collapsed = _triplet_of(anchor, 0 * anchor, 0 * anchor)
    yield Call(collapsed, {"margin": 0.5}, "extremes")
    yield Call(_triplet_of(anchor, anchor * 1e6, 0 * anchor), {}, "extremes")
    for margin in (0.0, -1.0):
        yield refuse("a margin that is not positive accepted", **batches[0], margin=margin)
    one_negative = batches[2] | {"negative": batches[2]["negative"][:1]}
    yield refuse("embeddings of different shapes accepted", **one_negative)


def _triplet(anchor, positive, negative, margin=1.0, squared=False):
    hold_shape(anchor, positive, negative)
    return ln.triplet(anchor, positive, negative, margin=margin, squared=squared)


def _of_triplets(cost, mean=np.mean, measure=length):
    """A triplet loss from the two distances; `mean` reduces."""

    def wrong(anchor, positive, negative, margin=1.0, squared=False):
        power = 2 if squared else 1
        near, far = measure(anchor - positive) ** power, measure(anchor - negative) ** power
        return mean(cost(near, far, margin))

    return wrong


def _hinge(near, far, margin):
    return np.maximum(near - far + margin, 0)


def _mean_of_active(losses):
    return losses.sum() / max((losses > 0).sum(), 1)


def _negative_from_positive(anchor, positive, negative, margin=1.0, squared=False):
    power = 2 if squared else 1
    near, far = length(anchor - positive) ** power, length(positive - negative) ** power
    return _hinge(near, far, margin).mean()


def _hinge_squared(anchor, positive, negative, margin=1.0, squared=False):
    missing = _hinge(length(anchor - positive), length(anchor - negative), margin)
    return (missing ** (2 if squared else 1)).mean()


TRIPLET = Exercise(
    signature="triplet(anchor, positive, negative, margin=1.0, squared=False)",
    read="loss-triplet",
    right=_triplet,
    draw=_draw_triplet,
    probes=(
        kinds.shapes("anchor", "positive", "negative", axes=2),
        kinds.outside("margin", 0.0, ends=(0.0,)),
    ),
    mistakes={
        "losses below zero": _of_triplets(lambda near, far, margin: near - far + margin),
        "the hinge after the mean": _of_triplets(
            lambda near, far, margin: near - far + margin,
            mean=lambda gaps: np.maximum(gaps.mean(), 0),
        ),
        "positive and negative exchanged": _of_triplets(
            lambda near, far, margin: _hinge(far, near, margin)
        ),
        "the margin subtracted": _of_triplets(lambda near, far, margin: _hinge(near, far, -margin)),
        "no margin": _of_triplets(lambda near, far, margin: _hinge(near, far, 0.0)),
        "the margin fixed at 1": _of_triplets(lambda near, far, margin: _hinge(near, far, 1.0)),
        "distances never squared": lambda anchor, positive, negative, margin=1.0, squared=False: (
            _of_triplets(_hinge)(anchor, positive, negative, margin)
        ),
        "distances always squared": lambda anchor, positive, negative, margin=1.0, squared=False: (
            _of_triplets(_hinge)(anchor, positive, negative, margin, squared=True)
        ),
        "the negative measured from the positive": _negative_from_positive,
        "the mean over the triplets that cost something": _of_triplets(
            _hinge, mean=_mean_of_active
        ),
        "the squared hinge": _of_triplets(lambda near, far, margin: _hinge(near, far, margin) ** 2),
        "the hinge squared instead of the distances": _hinge_squared,
        "a smooth hinge": _of_triplets(
            lambda near, far, margin: np.logaddexp(0, near - far + margin)
        ),
        "the sum of absolute differences": _of_triplets(
            _hinge, measure=lambda e: abs(e).sum(axis=-1)
        ),
        "the mean over the coordinates instead of their sum": _of_triplets(
            _hinge, measure=lambda e: np.sqrt((e * e).mean(axis=-1))
        ),
        "one distance for the whole batch": _of_triplets(_hinge, measure=np.linalg.norm),
        "the sum instead of the mean": _of_triplets(_hinge, mean=np.sum),
    },
)
