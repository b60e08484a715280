"""The contrastive loss of pairs, which compares one distance with a margin."""

import numpy as np

import lossfns.numpy as ln
from lossfns.check import kinds
from lossfns.check.contrastive.points import (
    halves,
    hold_positive,
    hold_shape,
    length,
    normal,
    steps,
)
from lossfns.check.exercise import Call, Exercise
from lossfns.check.questions import refuse

# Closer than a margin of 1, on it, and farther; then the same for larger margins.
_LENGTHS = (0.5, 1.0, 2.5, 1.5)


def _pairs(rng) -> list[dict[str, np.ndarray]]:
    """Pairs of points with labels: equal and unequal ones, on both sides of the margin."""
    readable = []
    for same, lengths in (
        ([1], [0.5]),
        ([0], [0.5]),
        ([0], [2.5]),
        ([1, 0], [1.5, 0.5]),
        ([0, 1, 0, 1], _LENGTHS),
    ):
        a = halves(rng, (len(lengths), 2))
        readable.append({"a": a, "b": np.round(a + steps(rng, lengths), 2), "same": np.array(same)})
    count = int(rng.integers(20, 40))
    a, same = normal(rng, (count, 4)), rng.permutation(np.arange(count) % 3 % 2)
    far = np.round(a + rng.normal(size=(count, 4)) * rng.choice([0.2, 0.9], size=(count, 1)), 3)
    return [*readable, {"a": a, "b": far, "same": same}]


def _draw_contrastive(rng):
    pairs = _pairs(rng)
    for arrays in pairs:
        yield Call(arrays)
    for arrays in pairs[1:]:
        yield Call(arrays, {"margin": 2.0})
    margin = float(np.round(rng.uniform(1.2, 1.9), 2))
    for arrays in pairs[3:]:
        single = {name: array.astype(np.float32) for name, array in arrays.items()}
        yield Call(single | {"same": arrays["same"]}, {"margin": margin})
    here = halves(rng, (2, 2))
    yield Call({"a": here, "b": here, "same": np.array([1, 0])}, {}, "extremes")
    away = here * 1e6
    yield Call({"a": away, "b": -away, "same": np.array([0, 0])}, {"margin": 2.0}, "extremes")
    a, b, same = (pairs[3][name] for name in ("a", "b", "same"))
    for margin in (0.0, -1.0):
        yield refuse(
            "a margin that is not positive accepted", a=a[:1], b=b[:1], same=same[:1], margin=margin
        )
    yield refuse("labels -1 accepted", a=a, b=b, same=np.array([1, -1]))
    yield refuse("embeddings of different shapes accepted", a=a, b=b[:1], same=same)
    a, b, same = (pairs[4][name] for name in ("a", "b", "same"))
    yield refuse("labels of shape (n, 1) accepted", a=a, b=b, same=same[:, None])


def _contrastive(a, b, same, margin=1.0):
    hold_shape(a, b)
    hold_positive("margin", margin)
    if same.shape != a.shape[:1] or not np.isin(same, (0, 1)).all():
        raise ValueError("same must hold one label a pair, 0 or 1")
    return ln.contrastive(a, b, same, margin=margin)


def _pull(d):
    return d * d


def _push(d, margin):
    return np.maximum(margin - d, 0) ** 2


def _of_pairs(pull=_pull, push=_push, mean=np.mean, half=0.5, measure=length):
    """A contrastive loss from what equal and unequal pairs cost; `mean` reduces."""

    def wrong(a, b, same, margin=1.0):
        d = measure(a - b)
        return mean(half * (same * pull(d) + (1 - same) * push(d, margin)))

    return wrong


CONTRASTIVE_PAIRS = Exercise(
    signature="contrastive_pairs(a, b, same, margin=1.0)",
    read="loss-contrastive",
    right=_contrastive,
    draw=_draw_contrastive,
    probes=(
        kinds.shapes("a", "b", axes=2),
        kinds.labelled_by_column("same"),
        kinds.outside("same", 0, 1, whole=True),
        kinds.outside("margin", 0.0, ends=(0.0,)),
    ),
    mistakes={
        "the ½ forgotten": _of_pairs(half=1.0),
        "the ½ on equal pairs only": _of_pairs(push=lambda d, margin: 2 * _push(d, margin)),
        "equal and unequal exchanged": lambda a, b, same, margin=1.0: _of_pairs()(
            a, b, 1 - same, margin
        ),
        "the distance not squared for equal pairs": _of_pairs(pull=lambda d: d),
        "the square of the shortfall forgotten": _of_pairs(
            push=lambda d, margin: np.maximum(margin - d, 0)
        ),
        "neither part squared": _of_pairs(
            pull=lambda d: d, push=lambda d, margin: np.maximum(margin - d, 0)
        ),
        "the squared distance compared with the margin": _of_pairs(
            push=lambda d, margin: np.maximum(margin - d * d, 0)
        ),
        "the difference of squares for unequal pairs": _of_pairs(
            push=lambda d, margin: np.maximum(margin**2 - d * d, 0)
        ),
        "no end to the push": _of_pairs(push=lambda d, margin: (margin - d) ** 2),
        "no margin": _of_pairs(push=lambda d, margin: -d * d),
        "the push on the wrong side of the margin": _of_pairs(
            push=lambda d, margin: np.maximum(d - margin, 0) ** 2
        ),
        "only unequal pairs pushed": _of_pairs(pull=lambda d: 0 * d),
        "only equal pairs pulled": _of_pairs(push=lambda d, margin: 0 * d),
        "the push for all pairs": lambda a, b, same, margin=1.0: (
            0.5 * np.mean(same * _pull(d := length(a - b)) + _push(d, margin))
        ),
        "one distance for the whole batch": _of_pairs(measure=np.linalg.norm),
        "the margin fixed at 1": lambda a, b, same, margin=1.0: _of_pairs()(a, b, same),
        "the sum instead of the mean": _of_pairs(mean=np.sum),
        "the mean over all coordinates": lambda a, b, same, margin=1.0: (
            _of_pairs(mean=np.sum)(a, b, same, margin) / a.size
        ),
    },
)
