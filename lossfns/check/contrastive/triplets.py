"""The triplet loss, which compares two distances with each other."""

import numpy as np

import lossfns.numpy as ln
from lossfns.check import kinds
from lossfns.check.contrastive.points import (
    halves,
    hold_shape,
    length,
    normal,
    steps,
)
from lossfns.check.exercise import Call, Exercise, Misconception
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
        yield refuse(
            "a margin that is not positive accepted",
            "With a margin of 0 the collapsed embedding is perfect, and a negative margin even "
            "rewards wrong orders. Raise ValueError and name the value.",
            **batches[0],
            margin=margin,
        )
    one_negative = batches[2] | {"negative": batches[2]["negative"][:1]}
    yield refuse(
        "embeddings of different shapes accepted",
        "NumPy repeats a single negative for all anchors without a word. Raise ValueError "
        "when the three shapes are not the same.",
        **one_negative,
    )


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
    name="triplet",
    signature="triplet(anchor, positive, negative, margin=1.0, squared=False)",
    read="loss-triplet",
    right=_triplet,
    draw=_draw_triplet,
    probes=(
        kinds.shapes("anchor", "positive", "negative", axes=2),
        kinds.outside("margin", 0.0, ends=(0.0,)),
    ),
    misconceptions=(
        Misconception(
            "losses below zero",
            _of_triplets(lambda near, far, margin: near - far + margin),
            "A triplet that keeps the margin is done: it costs 0. Without max(0, ·) negatives "
            "that are far away already are pushed on for ever and pay for those that are not.",
        ),
        Misconception(
            "the hinge after the mean",
            _of_triplets(
                lambda near, far, margin: near - far + margin,
                mean=lambda gaps: np.maximum(gaps.mean(), 0),
            ),
            "You average first, so that easy triplets cancel hard ones. Cut every triplet off at "
            "0, then average.",
        ),
        Misconception(
            "positive and negative exchanged",
            _of_triplets(lambda near, far, margin: _hinge(far, near, margin)),
            "Yours is small when the negative is closer than the positive: it trains the opposite.",
        ),
        Misconception(
            "the margin subtracted",
            _of_triplets(lambda near, far, margin: _hinge(near, far, -margin)),
            "The margin is a demand beyond mere order, so it is added: at near = far the loss is "
            "the margin, and it is 0 only when the negative is farther by that much.",
        ),
        Misconception(
            "no margin",
            _of_triplets(lambda near, far, margin: _hinge(near, far, 0.0)),
            "Without a margin an embedding that maps everything to one point costs nothing, and "
            "training may end there.",
        ),
        Misconception(
            "the margin fixed at 1",
            _of_triplets(lambda near, far, margin: _hinge(near, far, 1.0)),
            "Your function gives the same whatever margin is.",
        ),
        Misconception(
            "distances never squared",
            lambda anchor, positive, negative, margin=1.0, squared=False: _of_triplets(_hinge)(
                anchor, positive, negative, margin
            ),
            "With squared=True both distances are squared before they are compared; the margin "
            "is not.",
        ),
        Misconception(
            "distances always squared",
            lambda anchor, positive, negative, margin=1.0, squared=False: _of_triplets(_hinge)(
                anchor, positive, negative, margin, squared=True
            ),
            "FaceNet compares squared distances; by default this function compares the distances "
            "themselves, as torch.nn.TripletMarginLoss does. Take the root unless squared is True.",
        ),
        Misconception(
            "the negative measured from the positive",
            _negative_from_positive,
            "Both distances start at the anchor. Measured from the positive, the loss is another "
            "one (it swaps the roles of anchor and positive).",
        ),
        Misconception(
            "the mean over the triplets that cost something",
            _of_triplets(_hinge, mean=_mean_of_active),
            "Some libraries leave out the triplets that cost 0. The loss then hardly falls while "
            "more and more of them are done; here all of them count.",
        ),
        Misconception(
            "the squared hinge",
            _of_triplets(lambda near, far, margin: _hinge(near, far, margin) ** 2),
            "With squared=True the distances are squared, and never the hinge: what is missing to "
            "the margin counts linearly.",
        ),
        Misconception(
            "the hinge squared instead of the distances",
            _hinge_squared,
            "With squared=True both distances are squared before they are compared. The square of "
            "the hinge is another loss: it fades as a triplet nears its margin.",
        ),
        Misconception(
            "a smooth hinge",
            _of_triplets(lambda near, far, margin: np.logaddexp(0, near - far + margin)),
            "ln(1 + exp(·)) is the soft-margin variant: it never becomes 0. The specification has "
            "max(0, ·).",
        ),
        Misconception(
            "the sum of absolute differences",
            _of_triplets(_hinge, measure=lambda e: abs(e).sum(axis=-1)),
            "This is the Manhattan distance. The Euclidean one is the root of the sum of squares.",
        ),
        Misconception(
            "the mean over the coordinates instead of their sum",
            _of_triplets(_hinge, measure=lambda e: np.sqrt((e * e).mean(axis=-1))),
            "Pythagoras adds the squares up. With the mean, distances shrink by √d, and the same "
            "margin asks for more.",
        ),
        Misconception(
            "one distance for the whole batch",
            _of_triplets(_hinge, measure=np.linalg.norm),
            "np.linalg.norm without an axis measures the whole matrix. Every triplet has two "
            "distances of its own: the coordinates are the last axis.",
        ),
        Misconception(
            "the sum instead of the mean",
            _of_triplets(_hinge, mean=np.sum),
            "You add up the losses of all triplets but do not divide by their number. The loss, "
            "and with it the learning rate that fits, then grows with the size of the batch.",
        ),
    ),
)
