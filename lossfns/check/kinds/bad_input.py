"""Bad input of every sort, drawn anew for each seed: a check of the values seen does not do."""

from itertools import product

import numpy as np

from lossfns.check.exercise import Probe
from lossfns.check.kinds import missed
from lossfns.check.kinds.given import one_of, refused, size_of, with_entry
from lossfns.check.questions import between


def shapes(*names: str, axes: int = 0) -> Probe:
    """Arrays of which one differs from the others in shape; `axes` is how many the text demands.

    With `axes` the other arrays of the call stay as they are.
    """

    def draw(rng, calls):
        given = one_of(rng, calls, lambda call: _big_enough(call.arrays[names[0]], axes))
        n = int(rng.integers(2, 5))
        for right, other in _unlike(rng, given.arrays[names[0]].shape, axes, n):
            odd = names[int(rng.integers(len(names)))]
            changed = {
                name: np.resize(given.arrays[name], other if name == odd else right)
                for name in names
            }
            yield refused(given, missed.SHAPES, changed)

    return draw


def _big_enough(array, axes):
    return array.ndim == (axes or array.ndim) and (not axes or min(array.shape) > 1)


def _unlike(rng, shape, axes, n):
    """Pairs of shapes that differ, though not for everybody."""
    if axes == 1:
        (n,) = shape
        return [(shape, other) for other in ((1,), (n, 1), (1, n))]
    if axes == 2:
        n, m = shape
        return [(shape, other) for other in ((n, 1), (1, m), (n + 1, m), (1, n * m))]
    m = n + int(rng.integers(1, 3))
    rare = [((n,), (1, n)), ((n,), (1,)), ((n, m), (m,)), ((n, m), (n * m,)), ((n, 1), (1, n))]
    often = [((n, m), (m, n)), ((n, m), (n, 1)), ((n, m), (1, m)), ((n, 1), (n,))]
    return [*often, rare[int(rng.integers(len(rare)))]]


def labelled_by_column(target: str) -> Probe:
    """Labels in every shape but that of one label a row."""

    def draw(rng, calls):
        given = one_of(rng, calls, lambda call: call.arrays[target].size > 1)
        labels = given.arrays[target]
        for shape in ((len(labels), 1), (1, len(labels)), (1,)):
            yield refused(given, missed.SHAPES, {target: np.resize(labels, shape)})

    return draw


def lengths(name: str) -> Probe:
    """One entry for all, one too few, one too many."""

    def draw(rng, calls):
        given = one_of(rng, calls, lambda call: len(call.arrays[name]) > 2)
        array = given.arrays[name]
        for count in (1, len(array) - 1, len(array) + 1):
            yield refused(given, missed.SHAPES, {name: np.resize(array, count)})

    return draw


def columns(*names: str) -> Probe:
    """Matrices that are meant to have the same number of columns, and one that is no matrix."""

    def draw(rng, calls):
        given = one_of(rng, calls, lambda call: min(call.arrays[names[0]].shape) > 1)
        n, width = given.arrays[names[0]].shape
        for shape, odd in product(((n, 1), (n, width + 1), (width,), (1, n, width)), names):
            yield refused(given, missed.SHAPES, {odd: np.resize(given.arrays[odd], shape)})

    return draw


def outside(
    name: str, low=-np.inf, high=np.inf, *, ends=(), whole: bool = False, **options
) -> Probe:
    """Values outside `low` … `high`, near and far; `ends` are bad values besides.

    `name` is an option, or an array of which one entry is changed.
    """

    def draw(rng, calls):
        given = one_of(rng, calls, lambda call: name in call.options or size_of(call, name) > 1)
        array = given.arrays.get(name)
        bad = list(ends)
        for end, sign in ((low, -1), (high, 1)):
            if np.isfinite(end):
                near = 1 if whole else between(rng, 0.002, 0.09, digits=3)
                bad += [end + sign * near, end + sign * int(rng.integers(2, 200))]
        for at, value in enumerate(bad, int(rng.integers(len(bad)))):
            if array is None:
                yield refused(given, missed.RANGE, {}, {**options, name: value})
            else:
                yield refused(given, missed.RANGE, {name: with_entry(array, at, value)}, options)

    return draw


def labels(target: str, table: str, axis: int = 1) -> Probe:
    """Labels below 0 and above C - 1, by one and by more."""

    def draw(rng, calls):
        given = one_of(rng, calls, lambda call: size_of(call, target) > 1)
        classes = given.arrays[table].shape[axis]
        low = -1, -int(rng.integers(2, classes + 1)), -100
        high = classes, classes + 1, classes + int(rng.integers(2, 9))
        for bad in (low, high):
            for at, label in enumerate(bad, int(rng.integers(len(bad)))):
                yield refused(
                    given, missed.LABELS, {target: with_entry(given.arrays[target], at, label)}
                )

    return draw


def words(name: str, *right: str, nothing: bool = True, **options) -> Probe:
    """None, no text, and what is nearly one of the right words."""

    def draw(rng, calls):
        given = one_of(rng, calls)
        word, other = (right[int(i)] for i in rng.integers(len(right), size=2))
        end = ("s", "ie", " ", "2")[int(rng.integers(4))]
        near = [word[:-1], word[1:], word + end, other.upper(), other.capitalize()]
        near += ["average", "batchmean"] * ("mean" in right)
        for text in ("", *(text for text in near if text not in right), *[None] * nothing):
            yield refused(given, missed.WORDS, {}, {**options, name: text})

    return draw


def lists(name: str, entries: str, *right: str) -> Probe:
    """A list of right words, one too few and one too many for the entries of an array."""

    def draw(rng, calls):
        given = one_of(rng, calls, lambda call: call.arrays[entries].size > 2)
        for count in (given.arrays[entries].size - 1, given.arrays[entries].size + 1):
            chosen = [right[int(i)] for i in rng.integers(len(right), size=count)]
            yield refused(given, missed.LENGTH, {}, {name: chosen})

    return draw


def no_distributions(*names: str) -> Probe:
    """Tables whose rows sum to 1 on average only, or to nearly 1; or with a negative entry."""

    def draw(rng, calls):
        given = one_of(rng, calls, lambda call: len(call.arrays[names[0]]) > 1)
        for name in names:
            table = given.arrays[name].astype(np.float64)
            share, lack = rng.uniform(0.1, 0.4), rng.uniform(0.02, 0.08)
            one, other, *_ = rng.permutation(len(table))
            # What one row lacks the other has, and no entry leaves 0 … 1.
            moved, short, below = table.copy(), table.copy(), table.copy()
            moved[one] *= 1 - share
            moved[other, moved[other].argmin()] += share
            short[one] *= 1 - lack
            below[one, :2] += np.array([-1, 1]) * (table[one, 0] + lack)
            for kind, rows in ((missed.ROWS, moved), (missed.ROWS, short), (missed.RANGE, below)):
                yield refused(given, kind, {name: np.round(rows, 6)})

    return draw
