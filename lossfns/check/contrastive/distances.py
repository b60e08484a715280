"""Tables of distances and of cosines between two sets of embeddings."""

from functools import partial

import numpy as np

from lossfns.check import kinds
from lossfns.check.contrastive.points import (
    halves,
    hold_matrices,
    normal,
    two_sizes,
    unit,
)
from lossfns.check.exercise import Call, Exercise, Misconception
from lossfns.check.questions import ask_all, refuse, singles


def _tables(rng) -> list[tuple[np.ndarray, np.ndarray]]:
    """Pairs of matrices of one width, the smaller ones first."""
    (n, m), (k, d) = two_sizes(rng), two_sizes(rng)
    return [
        (halves(rng, (1, 2)), halves(rng, (1, 2))),
        (halves(rng, (1, 2)), halves(rng, (2, 2))),
        (halves(rng, (2, 2)), halves(rng, (3, 2))),
        (halves(rng, (2, 3)), halves(rng, (2, 3))),
        (halves(rng, (3, 1)), halves(rng, (2, 1))),
        (normal(rng, (n, d)), normal(rng, (m, d))),
        # A view whose memory is not in order, as a transposed matrix is.
        (normal(rng, (d, k)).T, normal(rng, (d, n)).T),
    ]


_ask = partial(ask_all, "a b")


def _bad_shapes(rng, vectors, column) -> list[Call]:
    row = halves(rng, (1, 3))
    return [
        refuse("vectors taken for matrices", vectors, a=row[0, :2], b=halves(rng, (1, 2))[0]),
        refuse(
            "broadcasting of one coordinate against several",
            column,
            a=halves(rng, (2, 1)),
            b=halves(rng, (2, 3)),
        ),
    ]


def _draw_distances(rng):
    tables = _tables(rng)
    yield from _ask(tables)
    yield from _ask(tables[:3] + tables[5:6], squared=True)
    yield from _ask(singles(tables[2:4]))
    yield from _ask([(tables[3][0], np.concatenate([tables[3][0], tables[3][1]]))], "extremes")
    # Far from the origin and close to each other: in single precision so that it reads well, and
    # many of them in double precision, so that some square comes out negative where it can.
    near = 4096 + halves(rng, (1, 2))
    yield from _ask(singles([(near, near + [1.5, -2.0])]), "extremes")
    cloud = 1e8 + normal(rng, (40, 3))
    yield from _ask([(cloud, cloud)], "extremes")
    yield from _bad_shapes(
        rng,
        "A one-dimensional array may be one point with d coordinates or n points with one; "
        "NumPy goes on with a guess. Raise ValueError unless both have two axes.",
        "A matrix with one column fits any other by broadcasting: its only coordinate is "
        "compared with all coordinates of b, which have nothing to do with it. Compare "
        "a.shape[1] with b.shape[1] and raise ValueError.",
    )


def _differences(a, b):
    return a[:, None] - b


def _distances(a, b, squared=False):
    squares = (_differences(a, b) ** 2).sum(axis=-1)
    return squares if squared else np.sqrt(squares)


def _distances_checked(a, b, squared=False):
    hold_matrices(a, b)
    return _distances(a, b, squared)


def _rooted(squares):
    """A table from squared distances that somebody computed in another way."""

    def wrong(a, b, squared=False):
        table = squares(a, b)
        return table if squared else np.sqrt(table)

    return wrong


def _expanded(a, b):
    return (a * a).sum(axis=1)[:, None] + (b * b).sum(axis=1) - 2 * a @ b.T


PAIRWISE_DISTANCES = Exercise(
    name="pairwise_distances",
    signature="pairwise_distances(a, b, squared=False)",
    read="loss-contrastive",
    right=_distances_checked,
    draw=_draw_distances,
    probes=(
        kinds.columns("a", "b"),
        kinds.tiny("a", "b", squared=False),
    ),
    misconceptions=(
        Misconception(
            "the square root forgotten",
            lambda a, b, squared=False: _distances(a, b, squared=True),
            "These are squared distances whatever squared says. They put points in the same order "
            "of nearness, but a margin of 1 means something else for them: by default take the "
            "root.",
        ),
        Misconception(
            "the square root always taken",
            lambda a, b, squared=False: _distances(a, b),
            "With squared=True the sum of squares itself is asked for, as FaceNet uses it.",
        ),
        Misconception(
            "the sum of absolute differences",
            _rooted(lambda a, b: abs(_differences(a, b)).sum(axis=-1) ** 2),
            "This is the Manhattan distance: the way along the axes. The Euclidean distance is "
            "the length of the straight line, by Pythagoras.",
        ),
        Misconception(
            "the largest difference of a coordinate",
            _rooted(lambda a, b: (_differences(a, b) ** 2).max(axis=-1)),
            "Only one coordinate counts in yours. All of them belong into the sum of squares.",
        ),
        Misconception(
            "the mean over the coordinates instead of their sum",
            _rooted(lambda a, b: (_differences(a, b) ** 2).mean(axis=-1)),
            "Pythagoras adds the squares up. With the mean, distances shrink by √d, and the same "
            "margin asks for less in a wider embedding.",
        ),
        Misconception(
            "the differences not squared",
            _rooted(lambda a, b: _differences(a, b).sum(axis=-1) ** 2),
            "Differences of opposite sign cancel: two different points can have the distance 0. "
            "Square each difference first, then add up.",
        ),
        Misconception(
            "the table transposed",
            lambda a, b, squared=False: _distances(b, a, squared),
            "Entry [i, j] belongs to row i of a and row j of b, so the table has a row for every "
            "row of a.",
        ),
        Misconception(
            "row against row only",
            lambda a, b, squared=False: _rooted(lambda a, b: ((a - b) ** 2).sum(axis=-1))(
                a, b, squared
            ),
            "You pair row i of a with row i of b. Every row of a has a distance to every row of "
            "b, which is a table of shape (n, m): give a an extra axis, a[:, None], and the "
            "subtraction broadcasts to it.",
        ),
        Misconception(
            "the sum over the wrong axis",
            _rooted(lambda a, b: (_differences(a, b) ** 2).sum(axis=1)),
            "a[:, None] - b has the axes (row of a, row of b, coordinate). The coordinates, the "
            "last axis, are what Pythagoras adds up.",
        ),
        Misconception(
            "inner products instead of distances",
            _rooted(lambda a, b: (a @ b.T) ** 2),
            "a @ b.T grows when rows are similar or long; a distance is 0 for equal rows.",
        ),
        Misconception(
            "cancellation in ‖a‖² + ‖b‖² - 2a·b",
            _rooted(lambda a, b: np.maximum(_expanded(a, b), 0)),
            "Far from the origin these three terms are huge and nearly cancel, so that only their "
            "rounding errors are left; clipping at 0 hides it. It is fast for unit vectors, but "
            "in general subtract the coordinates first.",
        ),
        Misconception(
            "the root of a negative number",
            _rooted(_expanded),
            "‖a‖² + ‖b‖² - 2a·b is 0 for equal rows on paper, but with rounding it can come out "
            "below 0, and its root is NaN. Subtract the coordinates first: a square is never "
            "negative.",
        ),
        Misconception(
            "a small constant under the root",
            lambda a, b, squared=False: (
                np.sqrt(_distances(a, b, squared=True) + 1e-6) ** (1 + squared)
            ),
            "The constant keeps the gradient of the root finite, which is not asked for here, and "
            "moves coincident points apart: √1e-6 = 0.001. Their distance is 0.",
        ),
    ),
)


def _draw_cosines(rng):
    tables = _tables(rng)
    # In one dimension a cosine is only a sign.
    tables = [(a, b) for a, b in tables if a.shape[1] > 1]
    yield from _ask(tables)
    yield from _ask(singles(tables[2:4]))
    a, b = halves(rng, (2, 2)), halves(rng, (2, 2))
    yield from _ask([(a * 1e-12, b)], "extremes")
    yield from _ask(singles([(a * 1e-12, b * 1e12)]), "extremes")
    yield from _ask([(np.array([[0.0, 0.0], [3.0, 4.0]]), a[:1])], "extremes")
    yield from _bad_shapes(
        rng,
        "A one-dimensional array may be one embedding or a column of them; NumPy goes on "
        "with a guess. Raise ValueError unless both have two axes.",
        "A matrix with one column fits any other by broadcasting, although its rows live in "
        "another space. Compare a.shape[1] with b.shape[1] and raise ValueError.",
    )


def _cosines(a, b):
    return unit(a) @ unit(b).T


def _cosines_checked(a, b):
    hold_matrices(a, b)
    return _cosines(a, b)


def _lengths(rows):
    return np.linalg.norm(rows, axis=-1, keepdims=True)


def _scaled(rows, lengths):
    return rows / np.where(lengths == 0, 1.0, lengths)


COSINE_SIMILARITIES = Exercise(
    name="cosine_similarities",
    signature="cosine_similarities(a, b)",
    read="loss-cosine-embedding",
    right=_cosines_checked,
    draw=_draw_cosines,
    probes=(kinds.columns("a", "b"),),
    misconceptions=(
        Misconception(
            "the lengths not divided out",
            lambda a, b: a @ b.T,
            "These are inner products: they grow with the lengths of the rows. The cosine looks "
            "at directions only and lies between -1 and 1.",
        ),
        Misconception(
            "only one of the two lengths divided out",
            lambda a, b: unit(a) @ b.T,
            "The rows of b still count with their length, so that a long row looks similar to "
            "everything. Divide by both lengths.",
        ),
        Misconception(
            "the squared lengths divided out",
            lambda a, b: a @ b.T / np.maximum(_lengths(a) ** 2 * _lengths(b).T ** 2, 1e-30),
            "The length of a row is the root of its sum of squares; without the root a row is "
            "not similar to itself with cosine 1.",
        ),
        Misconception(
            "the columns scaled to length 1",
            lambda a, b: (
                _scaled(a, np.linalg.norm(a, axis=0)) @ _scaled(b, np.linalg.norm(b, axis=0)).T
            ),
            "An embedding is a row, and axis=0 goes down the columns. Its length runs over the "
            "coordinates, axis=1, and keepdims=True keeps the shape that divides every row.",
        ),
        Misconception(
            "one length for the whole matrix",
            lambda a, b: a @ b.T / np.maximum(np.linalg.norm(a) * np.linalg.norm(b), 1e-30),
            "np.linalg.norm without an axis measures the whole matrix. Every row has a length of "
            "its own.",
        ),
        Misconception(
            "the sum of absolute values for the length",
            lambda a, b: (
                _scaled(a, abs(a).sum(axis=1, keepdims=True))
                @ _scaled(b, abs(b).sum(axis=1, keepdims=True)).T
            ),
            "With this length the cosine of a row with itself is not 1. The length that belongs "
            "to angles is Euclidean.",
        ),
        Misconception(
            "the cosine distance",
            lambda a, b: 1 - _cosines(a, b),
            "1 - cos is small for similar rows: a distance. A similarity is large for them.",
        ),
        Misconception(
            "the absolute value of the cosine",
            lambda a, b: abs(_cosines(a, b)),
            "Opposite directions have the cosine -1: as unlike as can be, not alike.",
        ),
        Misconception(
            "negative cosines cut off",
            lambda a, b: np.maximum(_cosines(a, b), 0),
            "More than 90° apart the cosine is negative, and training needs to know how far.",
        ),
        Misconception(
            "the rows centred first",
            lambda a, b: _cosines(
                a - a.mean(axis=1, keepdims=True), b - b.mean(axis=1, keepdims=True)
            ),
            "With the mean subtracted this is the correlation of the coordinates. The cosine is "
            "the angle seen from the origin: subtract nothing.",
        ),
        Misconception(
            "the table transposed",
            lambda a, b: _cosines(b, a),
            "Entry [i, j] belongs to row i of a and row j of b.",
        ),
        Misconception(
            "row against row only",
            lambda a, b: (unit(a) * unit(b)).sum(axis=-1),
            "You pair row i of a with row i of b. In a batch every row meets every other: with "
            "rows of length 1, a matrix product gives the whole table of shape (n, m).",
        ),
        Misconception(
            "a constant added to the lengths",
            lambda a, b: a @ b.T / (_lengths(a) * _lengths(b).T + 1e-8),
            "The constant that should prevent 0/0 also makes short rows similar to nothing: it "
            "is larger than their length. Treat exactly the length 0, and leave all others alone.",
        ),
        Misconception(
            "NaN for a row of zeros",
            lambda a, b: (a / _lengths(a)) @ (b / _lengths(b)).T,
            "A row of zeros has no direction, and 0/0 is NaN, which spreads to the loss and from "
            "there to every weight. The specification gives it the similarity 0.",
        ),
    ),
)
