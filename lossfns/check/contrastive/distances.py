"""Tables of distances and of cosines between two sets of embeddings."""

from functools import partial

import numpy as np

from lossfns.check import kinds
from lossfns.check.contrastive.points import halves, hinge, lengths, normal, scaled, two_sizes, unit
from lossfns.check.exercise import Exercise, Recognised
from lossfns.check.questions import Batch, ask_all, refuse, singles

_ask = partial(ask_all, "a b")


def _tables(rng) -> list[Batch]:
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


def _bad_shapes(rng):
    row, other = halves(rng, (1, 3)), halves(rng, (1, 2))
    yield refuse("vectors taken for matrices", a=row[0, :2], b=other[0])
    narrow, wide = halves(rng, (2, 1)), halves(rng, (2, 3))
    yield refuse("broadcasting of one coordinate against several", a=narrow, b=wide)


def _draw_distances(rng):
    tables = _tables(rng)
    yield from _ask(tables)
    yield from _ask(tables[:3] + tables[5:6], squared=True)
    yield from _ask(singles(tables[2:4]))
    yield from _ask([(tables[3][0], np.concatenate(tables[3]))], "extremes")
    # Far from the origin and close to each other: in single precision so that it reads well, and
    # many of them in double precision, so that some square comes out negative where it can.
    near = 4096 + halves(rng, (1, 2))
    yield from _ask(singles([(near, near + [1.5, -2.0])]), "extremes")
    cloud = 1e8 + normal(rng, (40, 3))
    yield from _ask([(cloud, cloud)], "extremes")
    yield from _bad_shapes(rng)


def _checked(table):
    """The table, of two matrices of one width and of nothing else."""

    def right(a, b, **options):
        if a.ndim != 2 or b.ndim != 2 or a.shape[1] != b.shape[1]:
            raise ValueError(f"needs shapes (n, d) and (m, d), got {a.shape} and {b.shape}")
        return table(a, b, **options)

    return right


def _distances(a, b, squared=False):
    squares = ((a[:, None] - b) ** 2).sum(axis=-1)
    return squares if squared else np.sqrt(squares)


def _of_squares(squares):
    """A table from squared distances that somebody computed in another way."""

    def wrong(a, b, squared=False):
        table = squares(a, b)
        return table if squared else np.sqrt(table)

    return wrong


def _of_gaps(squares):
    """The same from the differences d of every row of a from every row of b."""
    return _of_squares(lambda a, b: squares(a[:, None] - b))


def _expanded(a, b):
    return (a * a).sum(axis=1)[:, None] + (b * b).sum(axis=1) - 2 * a @ b.T


PAIRWISE_DISTANCES = Exercise(
    signature="pairwise_distances(a, b, squared=False)",
    read="loss-contrastive",
    right=_checked(_distances),
    draw=_draw_distances,
    probes=(kinds.columns("a", "b"), kinds.tiny("a", "b", squared=False)),
    mistakes={
        "the square root forgotten": lambda a, b, squared=False: _distances(a, b, squared=True),
        "the square root always taken": lambda a, b, squared=False: _distances(a, b),
        "the sum of absolute differences": _of_gaps(lambda d: abs(d).sum(-1) ** 2),
        "the largest difference of a coordinate": _of_gaps(lambda d: (d * d).max(-1)),
        "the mean over the coordinates instead of their sum": _of_gaps(lambda d: (d * d).mean(-1)),
        "the differences not squared": _of_gaps(lambda d: d.sum(-1) ** 2),
        "the table transposed": lambda a, b, squared=False: _distances(b, a, squared),
        "row against row only": _of_squares(lambda a, b: ((a - b) ** 2).sum(-1)),
        "the sum over the wrong axis": _of_gaps(lambda d: (d * d).sum(1)),
        "inner products instead of distances": _of_squares(lambda a, b: (a @ b.T) ** 2),
        "cancellation in ‖a‖² + ‖b‖² - 2a·b": _of_squares(lambda a, b: hinge(_expanded(a, b))),
        "the root of a negative number": _of_squares(_expanded),
        "a small constant under the root": _of_gaps(lambda d: (d * d).sum(-1) + 1e-6),
    },
)


def _draw_cosines(rng):
    # In one dimension a cosine is only a sign.
    tables = [(a, b) for a, b in _tables(rng) if a.shape[1] > 1]
    yield from _ask(tables)
    yield from _ask(singles(tables[2:4]))
    a, b = halves(rng, (2, 2)), halves(rng, (2, 2))
    yield from _ask([(a * 1e-12, b)], "extremes")
    yield from _ask(singles([(a * 1e-12, b * 1e12)]), "extremes")
    yield from _ask([(np.array([[0.0, 0.0], [3.0, 4.0]]), a[:1])], "extremes")
    yield from _bad_shapes(rng)


def _cosines(a, b):
    return unit(a) @ unit(b).T


def _scaled(measure):
    """The cosines of rows that are divided by another measure of their lengths."""
    return lambda a, b: scaled(a, measure(a)) @ scaled(b, measure(b)).T


def _small_where_short(call, value):
    """Right but for short rows, whose cosines shrink, however the constant comes in."""
    a, b = call.arrays.values()
    best, short = _cosines(a, b), lengths(a) * lengths(b).T < 1e-5
    shrunk = short & (abs(value) < abs(best)) if value.shape == best.shape else False
    return np.shape(value) == best.shape and (shrunk | np.isclose(value, best, rtol=1e-3)).all()


def _centred(x):
    return x - x.mean(axis=1, keepdims=True)


COSINE_SIMILARITIES = Exercise(
    signature="cosine_similarities(a, b)",
    read="loss-cosine-embedding",
    right=_checked(_cosines),
    draw=_draw_cosines,
    probes=(kinds.columns("a", "b"),),
    mistakes={
        "the lengths not divided out": lambda a, b: a @ b.T,
        "only one of the two lengths divided out": lambda a, b: unit(a) @ b.T,
        "the squared lengths divided out": lambda a, b: scaled(
            a @ b.T, lengths(a) ** 2 * lengths(b).T ** 2
        ),
        "the columns scaled to length 1": _scaled(lambda x: np.linalg.norm(x, axis=0)),
        "one length for the whole matrix": _scaled(np.linalg.norm),
        "the sum of absolute values for the length": _scaled(lambda x: abs(x).sum(1)[:, None]),
        "the cosine distance": lambda a, b: 1 - _cosines(a, b),
        "the absolute value of the cosine": lambda a, b: abs(_cosines(a, b)),
        "negative cosines cut off": lambda a, b: hinge(_cosines(a, b)),
        "the rows centred first": lambda a, b: _cosines(_centred(a), _centred(b)),
        "the table transposed": lambda a, b: _cosines(b, a),
        "row against row only": lambda a, b: (unit(a) * unit(b)).sum(-1),
        "a constant added to the lengths": Recognised(
            lambda a, b: a @ b.T / (lengths(a) * lengths(b).T + 1e-8), _small_where_short
        ),
        "NaN for a row of zeros": lambda a, b: (a / lengths(a)) @ (b / lengths(b)).T,
    },
)
