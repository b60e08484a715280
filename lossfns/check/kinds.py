"""Kinds of calls that many exercises share: bad input of every sort, and easily forgotten cases.

A builder takes the names of the arguments and gives a `Probe`, which makes calls of its kind from
those that the exercise has drawn. Values are drawn anew for each seed, so that a check of the one
value that the learner has seen does not do.
"""

from dataclasses import replace

import numpy as np

from lossfns.check.exercise import Call, Kind, Probe

SHAPES = Kind(
    "shapes that only look alike accepted",
    "Shapes can differ although the number of axes, the first axis or the number of entries is "
    "the same, and NumPy and PyTorch stretch an axis of length 1 without a word: (2, 3) against "
    "(3, 2), (2, 1) or (1, 3), (n, 1) against (n,). Compare whole shapes, a.shape != b.shape, not "
    "ndim, size or len.",
)
RANGE = Kind(
    "a range that is not checked everywhere",
    "The text names a range, and everything outside it is to be refused: values slightly outside "
    "and far away, on either side, and ends that do not belong to it. Compare with the ends, as "
    "in `not 0 <= value <= 1`, not with single values; in an array look at all entries, as .min() "
    "and .max() do.",
)
LABELS = Kind(
    "labels that are checked for single values",
    "-1 and C are not the only labels that name no class: -2 counts from the end without a word, "
    "C + 1 ends in an IndexError. Refuse all below 0 and all from C up, wherever in the batch they "
    "are, with ValueError.",
)
WORDS = Kind(
    "a word that is nearly right accepted",
    'Anything but the words of the text must raise ValueError: None, "", other cases, a part of a '
    'word. `reduction in "none mean sum"` looks for parts of the text; `if not reduction` and a '
    "last `else` take everything. Compare with a tuple, as in `not in ('none', 'mean', 'sum')`.",
)
ROWS = Kind(
    "the sums of the rows checked too loosely",
    "Every row on its own must sum to 1, within 0.001. A sum over the whole table lets one row "
    "make up for another, and a tolerance of 0.1 lets through what is no distribution: "
    "abs(rows.sum(axis=1) - 1) > 0.001 for any row is enough to refuse.",
)
LENGTH = Kind(
    "a list of the wrong length cut short",
    "zip() stops at the end of the shorter list, and what is left over is not counted. Compare the "
    "length with the number of tasks and raise ValueError.",
)
ZERO = Kind(
    "0 taken for not given",
    "Python takes 0, 0.0 and an empty text for false, so `if alpha:` and `alpha or 1` treat an "
    "option of 0 as if it were missing. Ask `alpha is not None`, or use the formula as it stands.",
)
SQUARE = Kind(
    "rows and columns exchanged in a square table",
    "With as many rows as columns an exchange raises no error. The first axis counts items, so the "
    "entry of row i and label k is table[i, k], and sums over the classes run along the last axis.",
)
ONE = Kind(
    "a single item",
    "Batches of one item, and tables with one column, are batches as well. squeeze() removes axes "
    "that are needed, and n - 1 is 0.",
)
TIES = Kind(
    "entries that are equal",
    "Some entries of this input are equal to each other, or predictions to their targets. The "
    "formulas hold there as elsewhere: each item counts once, and nothing may be divided by a "
    "difference of 0.",
)
OFFSET = Kind(
    "small differences of large numbers lost",
    "p² - 2py + y² is (p - y)² on paper. Where p and y are large and nearly equal it subtracts "
    "huge numbers that are rounded, and no digit is left: subtract first, square then.",
)
TINY = Kind(
    "small errors rounded up or down",
    "Errors of 1e-7 have losses as well. An ε that is added, as in √(e² + ε), or a threshold below "
    "which errors count as 0, changes them: use the formula as it stands.",
)
LARGE = Kind(
    "infinity times 0",
    "The square of an error that is large is infinite in its dtype. Where the linear branch is "
    "taken this must not matter, but 0 · ∞ is NaN: choose with np.where, or clip the error before "
    "it is squared.",
)
CLIPPED = Kind(
    "large values cut off",
    "Between ordinary numbers and 1000 your result goes wrong: something is clipped, at ±30 or ±50 "
    "for instance. The stable form of the formula needs no clipping, which changes the value and "
    "lets the gradient vanish.",
)
SATURATED = Kind(
    "a gradient that is lost where the model is certain",
    "(1 - p)^γ has an infinite slope at 0 when γ < 1, and 0 · ∞ is NaN. Write the factor as "
    "exp(γ · ln(1 - p)), with ln(1 - p) from a log-sigmoid that never reaches -∞.",
)

_READABLE = 16


def shapes(*names: str, axes: int = 0) -> Probe:
    """Arrays of which one differs from the others in shape; `axes` is how many the text demands.

    With `axes` the other arrays of the call stay as they are.
    """

    def draw(rng, calls):
        given = _one_of(rng, calls, lambda call: _big_enough(call.arrays[names[0]], axes))
        n = int(rng.integers(2, 5))
        for right, other in _unlike(rng, given.arrays[names[0]].shape, axes, n):
            odd = names[int(rng.integers(len(names)))]
            changed = {
                name: np.resize(given.arrays[name], other if name == odd else right)
                for name in names
            }
            yield _bad(given, SHAPES, changed)

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
        return [(shape, other) for other in ((n, 1), (1, m), (n + 1, m))]
    m = n + int(rng.integers(1, 3))
    flat = [((n, 1), (n,)), ((n,), (1, n)), ((n,), (1,)), ((n, m), (m,)), ((n, m), (n * m,))]
    stretched = [((n, m), (n, 1)), ((n, m), (1, m))]
    two = rng.choice(len(flat), size=2, replace=False)
    return [((n, m), (m, n)), *stretched, *(flat[i] for i in two)]


def labelled_by_column(target: str) -> Probe:
    """Labels in every shape but that of one label a row."""

    def draw(rng, calls):
        given = _one_of(rng, calls, lambda call: call.arrays[target].size > 1)
        labels = given.arrays[target]
        for shape in ((len(labels), 1), (1, len(labels)), (1,)):
            yield _bad(given, SHAPES, {target: np.resize(labels, shape)})

    return draw


def lengths(name: str) -> Probe:
    """One entry for all, one too few, one too many."""

    def draw(rng, calls):
        given = _one_of(rng, calls, lambda call: len(call.arrays[name]) > 2)
        array = given.arrays[name]
        for count in (1, len(array) - 1, len(array) + 1):
            yield _bad(given, SHAPES, {name: np.resize(array, count)})

    return draw


def columns(*names: str) -> Probe:
    """Matrices that are meant to have the same number of columns, and one that is no matrix."""

    def draw(rng, calls):
        given = _one_of(rng, calls, lambda call: min(call.arrays[names[0]].shape) > 1)
        n, width = given.arrays[names[0]].shape
        for shape in ((n, 1), (n, width + 1), (width,), (1, n, width)):
            odd = names[int(rng.integers(len(names)))]
            yield _bad(given, SHAPES, {odd: np.resize(given.arrays[odd], shape)})

    return draw


def outside(
    name: str, low=-np.inf, high=np.inf, *, ends=(), whole: bool = False, **options
) -> Probe:
    """Values outside `low` … `high`, near and far; `ends` are bad values besides.

    `name` is an option, or an array of which one entry is changed.
    """

    def draw(rng, calls):
        given = _one_of(rng, calls)
        array = given.arrays.get(name)
        bad = list(ends)
        for end, sign in ((low, -1), (high, 1)):
            if np.isfinite(end):
                near = 1 if whole else float(np.round(rng.uniform(0.002, 0.09), 3))
                bad += [end + sign * near, end + sign * int(rng.integers(2, 200))]
        for value in bad:
            if array is None:
                yield _bad(given, RANGE, {}, {**options, name: value})
            else:
                yield _bad(given, RANGE, {name: _with(rng, array, value)}, options)

    return draw


def labels(target: str, table: str, axis: int = 1) -> Probe:
    """Labels below 0 and above C - 1, by one and by more."""

    def draw(rng, calls):
        given = _one_of(rng, calls, lambda call: call.arrays[table].shape[axis] > 1)
        classes = given.arrays[table].shape[axis]
        low = -1, -int(rng.integers(2, classes + 1)), -100
        high = classes, classes + 1, classes + int(rng.integers(2, 9))
        for label in (*low, *high):
            yield _bad(given, LABELS, {target: _with(rng, given.arrays[target], label)})

    return draw


def words(name: str, *right: str, nothing: bool = True, **options) -> Probe:
    """None, no text, and what is nearly one of the right words."""

    def draw(rng, calls):
        given = _one_of(rng, calls)
        word, other = (right[int(i)] for i in rng.integers(len(right), size=2))
        near = [word[:-1], other.upper(), word + "s", word[1:], other.capitalize(), word + " "]
        near = [text for text in near if text not in right]
        bad = ["", *(near[int(i)] for i in rng.choice(len(near), size=3, replace=False))]
        for text in (*bad, *[None] * nothing):
            yield _bad(given, WORDS, {}, {**options, name: text})

    return draw


def lists(name: str, entries: str, *right: str) -> Probe:
    """A list of right words, one too few and one too many for the entries of an array."""

    def draw(rng, calls):
        given = _one_of(rng, calls, lambda call: call.arrays[entries].size > 2)
        for count in (given.arrays[entries].size - 1, given.arrays[entries].size + 1):
            chosen = [right[int(i)] for i in rng.integers(len(right), size=count)]
            yield _bad(given, LENGTH, {}, {name: chosen})

    return draw


def no_distributions(*names: str) -> Probe:
    """Tables whose rows sum to 1 on average only, or to nearly 1; or with a negative entry."""

    def draw(rng, calls):
        given = _one_of(rng, calls, lambda call: len(call.arrays[names[0]]) > 1)
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
            for kind, rows in ((ROWS, moved), (ROWS, short), (RANGE, below)):
                yield _bad(given, kind, {name: np.round(rows, 6)})

    return draw


def zero(name: str, value=0.0, **options) -> Probe:
    """An option whose right value is false to Python."""

    def draw(rng, calls):
        for given in _good(calls)[1:3]:
            yield replace(given, options={**given.options, **options, name: value}, kind=ZERO)

    return draw


def square(table: str, *names: str) -> Probe:
    """As many items as classes; `names` are the other arrays with a row for each item."""

    def draw(rng, calls):
        given = _one_of(rng, calls, lambda call: _is_table(call.arrays[table]))
        items, classes = given.arrays[table].shape
        rows = rng.permutation(np.resize(np.arange(items), classes))
        yield _rows_of(given, rows, (table, *names), SQUARE)

    return draw


def single_item(*names: str) -> Probe:
    """One row only."""

    def draw(rng, calls):
        given = _one_of(rng, calls)
        yield _rows_of(given, rng.integers(len(given.arrays[names[0]]), size=1), names, ONE)

    return draw


def single_class(table: str, target: str = "") -> Probe:
    """A table with one column."""

    def draw(rng, calls):
        given = _one_of(rng, calls, lambda call: _is_table(call.arrays[table]))
        column = {table: given.arrays[table][:, :1]}
        label = {target: np.zeros_like(given.arrays[target])} if target else {}
        yield replace(given, arrays=given.arrays | column | label, kind=ONE)

    return draw


def equal_logits(table: str) -> Probe:
    """A table whose first row holds the same number everywhere, and the last one two largest."""

    def draw(rng, calls):
        given = _one_of(rng, calls, lambda call: _is_table(call.arrays[table]))
        logits = given.arrays[table].copy()
        logits[-1, :2] = logits[-1].max()
        logits[0] = float(rng.integers(-3, 4)) / 2
        yield replace(given, arrays=given.arrays | {table: logits}, kind=TIES)

    return draw


def exact_items(pred: str, target: str) -> Probe:
    """A batch with an error of 0 among others."""

    def draw(rng, calls):
        given = _one_of(rng, calls, lambda call: call.arrays[pred].size > 1)
        hit = given.arrays[pred].copy()
        hit.flat[0] = given.arrays[target].flat[0]
        yield replace(given, arrays=given.arrays | {pred: hit}, kind=TIES)

    return draw


def offset(pred: str, target: str) -> Probe:
    """Errors of ordinary size between numbers that are much larger, in both precisions."""

    def draw(rng, calls):
        given = _one_of(rng, calls, lambda call: call.arrays[pred].size > 1)
        sign = rng.choice([-1, 1])
        for dtype, level in (
            (np.float64, np.round(rng.uniform(1e8, 9e8), 1)),
            # Halves are exact up to here in single precision, and their squares are not.
            (np.float32, float(rng.integers(2**14, 2**18))),
        ):
            arrays = {
                name: (array + sign * level * (name in (pred, target))).astype(dtype)
                for name, array in given.arrays.items()
            }
            double = dtype is np.float64
            yield replace(given, arrays=arrays, aspect="extremes", kind=OFFSET, single=double)

    return draw


def tiny(pred: str, target: str, **options) -> Probe:
    """Errors that an ε of 1e-6 would hide."""

    def draw(rng, calls):
        given = _one_of(rng, calls, lambda call: call.arrays[pred].size > 1)
        scale = float(rng.integers(1, 4)) * 1e-7
        small = {
            name: (scale * given.arrays[name]).astype(given.arrays[name].dtype)
            for name in (pred, target)
        }
        yield replace(
            given,
            arrays=given.arrays | small,
            options=given.options | options,
            aspect="extremes",
            kind=TINY,
            relative=True,
        )

    return draw


def huge(pred: str) -> Probe:
    """An error in single precision whose square overflows there."""

    def draw(rng, calls):
        given = _one_of(rng, calls, lambda call: call.arrays[pred].size > 1)
        single = {name: array.astype(np.float32) for name, array in given.arrays.items()}
        far = _with(rng, single[pred], rng.choice([-1, 1]) * 1e25)
        yield replace(given, arrays=single | {pred: far}, aspect="extremes", kind=LARGE)

    return draw


def beyond_fifty(name: str, *, low=55.0, high=700.0, **options) -> Probe:
    """Entries of either sign that a clip at ±30 or ±50 would change."""

    def draw(rng, calls):
        given = _one_of(rng, calls, lambda call: call.arrays[name].size > 1)
        # In single precision the small probabilities beside such numbers are lost to rounding.
        double = {
            key: array.astype(np.float64) if array.dtype.kind == "f" else array
            for key, array in given.arrays.items()
        }
        array = double[name]
        for most in (min(low + 35.0, high), high):
            size = np.round(rng.uniform(low, most, size=array.shape), 1)
            signs = rng.permutation(np.resize([1.0, -1.0], array.size)).reshape(array.shape)
            yield replace(
                given,
                arrays=double | {name: size * signs},
                options=given.options | options,
                aspect="extremes",
                kind=CLIPPED,
            )

    return draw


def certain(logits: str, target: str, exponent: str) -> Probe:
    """Logits of all sizes, right and wrong, with an exponent below 1."""

    def draw(rng, calls):
        given = _one_of(rng, calls, lambda call: call.arrays[logits].ndim == 1)
        size = np.array([60.0, 1e3, 1e4, 1e3])
        signs, truth = np.array([1.0, -1.0, 1.0, -1.0]), rng.permutation([0.0, 1.0])
        dtype = given.arrays[logits].dtype
        arrays = {logits: (size * signs).astype(dtype), target: truth.repeat(2).astype(dtype)}
        options = {exponent: float(np.round(rng.uniform(0.2, 0.9), 2))}
        yield replace(
            given,
            arrays=given.arrays | arrays,
            options=given.options | options,
            aspect="extremes",
            kind=SATURATED,
        )

    return draw


def _good(calls: list[Call]) -> list[Call]:
    return [call for call in calls if call.aspect == "values" and call.kind is None]


def _one_of(rng, calls, fits=lambda call: True) -> Call:
    """One of the calls that read well, or else the first that fits."""
    good = [call for call in _good(calls) if fits(call)]
    small = [call for call in good if call.size <= _READABLE]
    return small[int(rng.integers(len(small)))] if small else good[0]


def _bad(given: Call, kind: Kind, arrays, options=None) -> Call:
    return Call(
        given.arrays | arrays,
        given.options | (options or {}),
        "bad input",
        raises="ValueError",
        kind=kind,
    )


def _with(rng, array, value):
    """The array with one entry replaced."""
    changed = array.copy()
    changed.flat[int(rng.integers(array.size))] = value
    return changed


def _is_table(array):
    return array.ndim == 2 and array.shape[1] > 1


def _rows_of(given: Call, rows, names, kind: Kind) -> Call:
    return replace(
        given, arrays=given.arrays | {name: given.arrays[name][rows] for name in names}, kind=kind
    )
