"""The choice of negatives that are neither too easy nor too hard."""

import numpy as np

from lossfns.check import kinds
from lossfns.check.contrastive.points import hold_positive, normal
from lossfns.check.exercise import Call, Exercise, Misconception
from lossfns.check.questions import refuse


def _gaps(embeddings):
    return np.sqrt(((embeddings[:, None] - embeddings) ** 2).sum(axis=-1))


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
        yield Call({"embeddings": line, "labels": np.array([0, 0, 1, 1])}, {"margin": 2.0})
    for count in (4, 6, 7):
        line = rng.permutation(np.arange(-4.0, 5.0))[:count, None]
        labels = rng.permutation(np.arange(count) % 2)
        yield Call({"embeddings": line, "labels": labels}, {"margin": float(rng.integers(1, 4))})
    for count, width, dtype in ((8, 2, np.float64), (9, 3, np.float32), (10, 4, np.float64)):
        margin = float(np.round(rng.uniform(0.5, 1.5), 2))
        points = _well_apart(rng, (count, width), margin)
        # Labels are names, not numbers that count from 0.
        labels = rng.permutation(np.resize([3, 7, 4], count))
        yield Call({"embeddings": points.astype(dtype), "labels": labels}, {"margin": margin})
    alone = np.array([[0.0], [1.0], [3.0]])
    yield Call({"embeddings": alone, "labels": np.array([0, 1, 2])}, {"margin": 5.0}, "extremes")
    yield Call({"embeddings": alone, "labels": np.array([1, 1, 1])}, {"margin": 5.0}, "extremes")
    once = np.array([[1.0], [1.0], [2.0], [1.0]])
    labels = np.array([0, 0, 1, 1])
    yield Call({"embeddings": once, "labels": labels}, {"margin": 2.0}, "extremes")
    for margin in (0.0, -1.0):
        yield refuse(
            "a margin that is not positive accepted",
            "With a margin of 0 or less no negative is ever semi-hard: you return -1 everywhere, "
            "and training stops without a word. Raise ValueError and name the value.",
            embeddings=alone,
            labels=np.array([0, 0, 1]),
            margin=margin,
        )


def _well_apart(rng, shape, margin):
    """Points for which rounding to single precision decides no comparison."""
    while True:
        points = normal(rng, shape)
        gaps = _gaps(points)
        between = np.abs(gaps[:, :, None] - gaps[:, None, :])[:, ~np.eye(len(gaps), dtype=bool)]
        if between.min() > 1e-4 and np.abs(between - margin).min() > 1e-4:
            return points


def _semi_hard(near, far, margin):
    return (near < far) & (far < near + margin)


def _pairs_of(same):
    return same & ~np.eye(len(same), dtype=bool)


def _mine(
    rule=_semi_hard,
    prefer=np.argmin,
    positives=_pairs_of,
    negatives=np.logical_not,
    distance=_gaps,
    none=-1,
):
    """A table of negatives from the rule that admits them and the one that is preferred."""

    def mined(embeddings, labels, margin):
        gaps, same = distance(embeddings), labels[:, None] == labels
        near, far = np.broadcast_arrays(gaps[:, :, None], gaps[:, None, :])
        allowed = positives(same)[:, :, None] & negatives(same)[:, None, :]
        allowed = allowed & rule(near, far, margin)
        worst = -np.inf if prefer is np.argmax else np.inf
        chosen = prefer(np.where(allowed, far, worst), axis=-1)
        return np.where(allowed.any(axis=-1), chosen, none)

    return mined


def _semi_hard_negatives(embeddings, labels, margin):
    hold_positive("margin", margin)
    return _mine()(embeddings, labels, margin)


def _first_of_all(table, axis):
    return np.isfinite(table).argmax(axis=axis)


def _last_of_equals(table, axis):
    return table.shape[axis] - 1 - table[..., ::-1].argmin(axis=axis)


def _place_among_negatives(embeddings, labels, margin):
    mined = _mine()(embeddings, labels, margin)
    others = labels[:, None] != labels
    places = others.cumsum(axis=1) - 1
    return np.where(mined < 0, -1, np.take_along_axis(places, np.maximum(mined, 0), axis=1))


def _nearest_to_positive(embeddings, labels, margin):
    gaps, same = _gaps(embeddings), labels[:, None] == labels
    near, far = gaps[:, :, None], gaps[:, None, :]
    allowed = _pairs_of(same)[:, :, None] & ~same[:, None, :] & _semi_hard(near, far, margin)
    chosen = np.where(allowed, gaps[None], np.inf).argmin(axis=-1)
    return np.where(allowed.any(axis=-1), chosen, -1)


SEMI_HARD_NEGATIVES = Exercise(
    name="semi_hard_negatives",
    signature="semi_hard_negatives(embeddings, labels, margin)",
    read="mine-triplets",
    right=_semi_hard_negatives,
    draw=_draw_semi_hard,
    probes=(
        kinds.outside("margin", 0.0, ends=(0.0,)),
        kinds.single_item("embeddings", "labels"),
    ),
    misconceptions=(
        Misconception(
            "the hardest negatives of all",
            _mine(lambda near, far, margin: far < near + margin),
            "Negatives that are closer than the positive are hard, not semi-hard. Early in "
            "training they are often mislabelled or freak items, and always taking them can "
            "collapse the embedding.",
        ),
        Misconception(
            "any nearest negative",
            _mine(lambda near, far, margin: far == far),
            "Neither bound is in force: you return the nearest negative of the anchor. A "
            "semi-hard one lies farther away than the positive, but by less than the margin.",
        ),
        Misconception(
            "negatives beyond the margin",
            _mine(lambda near, far, margin: near < far),
            "A negative that is farther than the positive by the margin or more is easy: its "
            "triplet costs 0 and teaches nothing. Where only such are left, the answer is -1.",
        ),
        Misconception(
            "easy negatives instead of semi-hard ones",
            _mine(lambda near, far, margin: near + margin <= far),
            "These keep the margin already, so their loss and its gradient are 0. Semi-hard ones "
            "lie inside the margin.",
        ),
        Misconception(
            "hard negatives instead of semi-hard ones",
            _mine(lambda near, far, margin: far <= near),
            "These are closer to the anchor than the positive. Semi-hard ones are in the right "
            "order already, only not by the margin.",
        ),
        Misconception(
            "the farthest of the semi-hard negatives",
            _mine(prefer=np.argmax),
            "Of several the nearest is asked for: it violates the margin most, so it teaches most.",
        ),
        Misconception(
            "the first semi-hard negative, near or not",
            _mine(prefer=_first_of_all),
            "You return the one with the lowest index. That decides only between negatives "
            "at the same distance; before that, the nearest one is taken.",
        ),
        Misconception(
            "the semi-hard negative that is nearest to the positive",
            _nearest_to_positive,
            "Your choice is semi-hard, but of several you take the one nearest to the positive. "
            "The triplet loss measures from the anchor: take the one nearest to that.",
        ),
        Misconception(
            "the last of equally near negatives",
            _mine(prefer=_last_of_equals),
            "Where several semi-hard negatives are equally near, the specification takes the one "
            "with the lowest index, as np.argmin does, so that the result does not depend on how "
            "you search.",
        ),
        Misconception(
            "a negative as far as the positive admitted",
            _mine(lambda near, far, margin: (near <= far) & (far < near + margin)),
            "At d_an = d_ap the order is not right yet, so that negative is hard: the bound is "
            "strict.",
        ),
        Misconception(
            "a negative on the edge of the margin admitted",
            _mine(lambda near, far, margin: (near < far) & (far <= near + margin)),
            "At d_an = d_ap + margin the loss is exactly 0 and there is nothing to learn: that "
            "negative is easy. The bound is strict.",
        ),
        Misconception(
            "squared distances compared with the margin",
            _mine(distance=lambda rows: _gaps(rows) ** 2),
            "The margin of this function is in units of distance. With squares the same number "
            "admits fewer negatives far out and more nearby: take the root.",
        ),
        Misconception(
            "the own class not excluded",
            _mine(negatives=np.ones_like),
            "Some of your negatives have the label of the anchor, so training would push equals "
            "apart. A negative has another label.",
        ),
        Misconception(
            "the anchor as its own positive",
            _mine(positives=lambda same: same),
            "An item is no pair with itself: its distance 0 to itself cannot be improved. The "
            "diagonal holds -1.",
        ),
        Misconception(
            "pairs of different labels filled in",
            _mine(positives=lambda same: ~np.eye(len(same), dtype=bool)),
            "Only pairs of equal labels have an anchor and a positive; where the labels of row "
            "and column differ, the table holds -1.",
        ),
        Misconception(
            "each pair in one order only",
            _mine(positives=lambda same: np.triu(same, 1)),
            "(i, j) and (j, i) are two pairs: they share a distance, but the anchor is another "
            "one and has other negatives nearby.",
        ),
        Misconception(
            "0 where there is none",
            _mine(none=0),
            "argmin and argmax over an empty choice give 0, which is the index of an item: it "
            "would be trained as a negative. Ask .any() first, and put -1 where there is none.",
        ),
        Misconception(
            "the place within the negatives",
            _place_among_negatives,
            "You search in a shortened array, and its argmin counts only the negatives. Translate "
            "it back into an index of the batch, or keep the array whole and put np.inf where a "
            "negative is not allowed.",
        ),
        Misconception(
            "anchor and positive exchanged",
            lambda embeddings, labels, margin: _mine()(embeddings, labels, margin).T,
            "Row i is the anchor and column j the positive, and both distances start at the "
            "anchor. Entry [i, j] of yours is near item j.",
        ),
    ),
)
