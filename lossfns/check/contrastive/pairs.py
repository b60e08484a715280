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
from lossfns.check.exercise import Call, Exercise, Misconception
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
            "a margin that is not positive accepted",
            "With a margin of 0 unequal pairs cost nothing anywhere, and everything collapses to "
            "one point. Raise ValueError and name the value.",
            a=a[:1],
            b=b[:1],
            same=same[:1],
            margin=margin,
        )
    yield refuse(
        "labels -1 accepted",
        "Some losses mark unequal pairs with -1. Here such a label counts the pull negatively "
        "and the push twice, and the loss can fall without end: accept 0 and 1 only.",
        a=a,
        b=b,
        same=np.array([1, -1]),
    )
    yield refuse(
        "embeddings of different shapes accepted",
        "NumPy repeats a single row of b for all rows of a, and all of them are compared with "
        "the same partner. Raise ValueError when the shapes differ.",
        a=a,
        b=b[:1],
        same=same,
    )
    a, b, same = (pairs[4][name] for name in ("a", "b", "same"))
    yield refuse(
        "labels of shape (n, 1) accepted",
        "n distances and a column of n labels broadcast to an n × n table in which every "
        "distance meets every label, and its mean looks like a loss. Raise ValueError unless "
        "same has one label for each row.",
        a=a,
        b=b,
        same=same[:, None],
    )


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
    name="contrastive_pairs",
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
    misconceptions=(
        Misconception(
            "the ½ forgotten",
            _of_pairs(half=1.0),
            "Both forms are in use; the paper of 2006 and this specification have the ½, and "
            "with the other one a learning rate or a weight from the paper means twice as much.",
        ),
        Misconception(
            "the ½ on equal pairs only",
            _of_pairs(push=lambda d, margin: 2 * _push(d, margin)),
            "The ½ belongs to both terms; otherwise unequal pairs weigh twice as much as equal "
            "ones.",
        ),
        Misconception(
            "equal and unequal exchanged",
            lambda a, b, same, margin=1.0: _of_pairs()(a, b, 1 - same, margin),
            "Yours pushes equal pairs apart and pulls unequal ones together. The paper marks "
            "unequal pairs with Y = 1; here same = 1 means equal, as its name says.",
        ),
        Misconception(
            "the distance not squared for equal pairs",
            _of_pairs(pull=lambda d: d),
            "With d instead of d² an almost perfect pair is pulled as strongly as a bad one, and "
            "the embedding keeps trembling. Equal pairs cost ½d².",
        ),
        Misconception(
            "the square of the shortfall forgotten",
            _of_pairs(push=lambda d, margin: np.maximum(margin - d, 0)),
            "Unequal pairs cost the square of what is missing to the margin, so that the push "
            "fades out as they reach it.",
        ),
        Misconception(
            "neither part squared",
            _of_pairs(pull=lambda d: d, push=lambda d, margin: np.maximum(margin - d, 0)),
            "This is the form of PyTorch Metric Learning, up to a factor: every pair pulls or "
            "pushes equally hard, however little is missing. Here both d and what is missing to "
            "the margin are squared.",
        ),
        Misconception(
            "the squared distance compared with the margin",
            _of_pairs(push=lambda d, margin: np.maximum(margin - d * d, 0)),
            "Here the margin is a distance: max(0, margin - d) is squared as a whole. margin - d² "
            "is another loss, with a margin in squared units.",
        ),
        Misconception(
            "the difference of squares for unequal pairs",
            _of_pairs(push=lambda d, margin: np.maximum(margin**2 - d * d, 0)),
            "(margin - d)² is not margin² - d²: subtract first, square then.",
        ),
        Misconception(
            "no end to the push",
            _of_pairs(push=lambda d, margin: (margin - d) ** 2),
            "Without max(0, ·) a pair that is farther apart than the margin costs again, and more "
            "the farther it is: unequal pairs are pulled back to the margin.",
        ),
        Misconception(
            "no margin",
            _of_pairs(push=lambda d, margin: -d * d),
            "Without a margin one far-away pair outweighs all the others, the loss has no lower "
            "bound, and the embedding flies apart.",
        ),
        Misconception(
            "the push on the wrong side of the margin",
            _of_pairs(push=lambda d, margin: np.maximum(d - margin, 0) ** 2),
            "Unequal pairs must cost something while they are too close: it is margin - d that is "
            "cut off at 0, not d - margin.",
        ),
        Misconception(
            "only unequal pairs pushed",
            _of_pairs(pull=lambda d: 0 * d),
            "Equal pairs cost nothing in yours, so nothing brings them together.",
        ),
        Misconception(
            "only equal pairs pulled",
            _of_pairs(push=lambda d, margin: 0 * d),
            "Unequal pairs cost nothing in yours. The best embedding then maps everything to one "
            "point: it collapses.",
        ),
        Misconception(
            "the push for all pairs",
            lambda a, b, same, margin=1.0: (
                0.5 * np.mean(same * _pull(d := length(a - b)) + _push(d, margin))
            ),
            "Equal pairs are pushed as well, against their own pull. The factor 1 - same keeps "
            "the push to unequal pairs.",
        ),
        Misconception(
            "one distance for the whole batch",
            _of_pairs(measure=np.linalg.norm),
            "np.linalg.norm without an axis measures the whole matrix. Every pair has a distance "
            "of its own: the coordinates are the last axis.",
        ),
        Misconception(
            "the margin fixed at 1",
            lambda a, b, same, margin=1.0: _of_pairs()(a, b, same),
            "Your function gives the same whatever margin is.",
        ),
        Misconception(
            "the sum instead of the mean",
            _of_pairs(mean=np.sum),
            "You add up the losses of all pairs but do not divide by their number. The loss, and "
            "with it the learning rate that fits, then grows with the size of the batch.",
        ),
        Misconception(
            "the mean over all coordinates",
            lambda a, b, same, margin=1.0: _of_pairs(mean=np.sum)(a, b, same, margin) / a.size,
            "a.size counts numbers, not pairs. Divide by the number of pairs, len(a).",
        ),
    ),
)
