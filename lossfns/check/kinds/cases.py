"""Good input that is easily forgotten: zeros, single items, ties, and numbers of every size."""

from dataclasses import replace

import numpy as np

from lossfns.check.exercise import Probe
from lossfns.check.kinds import missed
from lossfns.check.kinds.given import good_of, is_table, one_of, rows_of, with_entry
from lossfns.check.questions import between


def zero(name: str, value=0.0, **options) -> Probe:
    """An option whose right value is false to Python."""

    def draw(rng, calls):
        for given in good_of(calls)[1:3]:
            yield replace(
                given, options={**given.options, **options, name: value}, kind=missed.ZERO
            )

    return draw


def square(table: str, *names: str, labels: str = "") -> Probe:
    """As many items as classes; `names` are the other arrays with a row for each item."""

    def draw(rng, calls):
        def fits(call):
            array = call.arrays[table]
            return array.ndim == 2 and len(array) > 1 and array.shape[1] > 2

        given = one_of(rng, calls, fits)
        items, classes = given.arrays[table].shape
        rows = rng.permutation(np.resize(np.arange(items), classes))
        call = rows_of(given, rows, (table, *names), missed.SQUARE)
        # Of a table and its transpose, labels that pair up would name the same entries.
        turned = {labels: (np.arange(classes) + 1) % classes} if labels else {}
        yield replace(call, arrays=call.arrays | turned)

    return draw


def single_item(*names: str) -> Probe:
    """One row only."""

    def draw(rng, calls):
        given = one_of(rng, calls)
        yield rows_of(given, rng.integers(len(given.arrays[names[0]]), size=1), names, missed.ONE)

    return draw


def single_class(table: str, target: str = "") -> Probe:
    """A table with one column."""

    def draw(rng, calls):
        given = one_of(rng, calls, lambda call: is_table(call.arrays[table]))
        column = {table: given.arrays[table][:, :1]}
        label = {target: np.zeros_like(given.arrays[target])} if target else {}
        yield replace(given, arrays=given.arrays | column | label, kind=missed.ONE)

    return draw


def equal_logits(table: str) -> Probe:
    """A table whose first row holds the same number everywhere, and the last one two largest."""

    def draw(rng, calls):
        given = one_of(rng, calls, lambda call: is_table(call.arrays[table]))
        logits = given.arrays[table].copy()
        logits[-1, :2] = logits[-1].max()
        logits[0] = float(rng.integers(-3, 4)) / 2
        yield replace(given, arrays=given.arrays | {table: logits}, kind=missed.TIES)

    return draw


def exact_items(pred: str, target: str) -> Probe:
    """A batch with an error of 0 among others."""

    def draw(rng, calls):
        given = one_of(rng, calls, lambda call: call.arrays[pred].size > 1)
        hit = given.arrays[pred].copy()
        hit.flat[0] = given.arrays[target].flat[0]
        yield replace(given, arrays=given.arrays | {pred: hit}, kind=missed.TIES)

    return draw


def offset(pred: str, target: str) -> Probe:
    """Errors of ordinary size between numbers that are much larger, in both precisions."""

    def draw(rng, calls):
        given = one_of(rng, calls, lambda call: call.arrays[pred].size > 1)
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
            yield replace(
                given, arrays=arrays, aspect="extremes", kind=missed.OFFSET, single=double
            )

    return draw


def tiny(pred: str, target: str, **options) -> Probe:
    """Errors that an ε of 1e-6 would hide."""

    def draw(rng, calls):
        def fits(call):
            # Of much smaller errors single precision would keep too few digits.
            one, other = call.arrays[pred], call.arrays[target]
            return one.size > 1 and (one.shape != other.shape or abs(one - other).min() > 0.4)

        given = one_of(rng, calls, fits)
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
            kind=missed.TINY,
            atol=0.0,
        )

    return draw


def huge(pred: str) -> Probe:
    """An error in single precision whose square overflows there."""

    def draw(rng, calls):
        given = one_of(rng, calls, lambda call: call.arrays[pred].size > 1)
        single = {name: array.astype(np.float32) for name, array in given.arrays.items()}
        far = with_entry(single[pred], int(rng.integers(99)), rng.choice([-1, 1]) * 1e25)
        yield replace(given, arrays=single | {pred: far}, aspect="extremes", kind=missed.LARGE)

    return draw


def beyond_fifty(name: str, *, low=55.0, high=700.0, **options) -> Probe:
    """Entries of either sign that a clip at ±30 or ±50 would change."""

    def draw(rng, calls):
        given = one_of(rng, calls, lambda call: call.arrays[name].size > 1)
        # In single precision the small probabilities beside such numbers are lost to rounding.
        double = {
            key: array.astype(np.float64) if array.dtype.kind == "f" else array
            for key, array in given.arrays.items()
        }
        array = double[name]
        signs = rng.permutation(np.resize([1.0, -1.0], array.size)).reshape(array.shape)
        # Where one is right and easy the other is wrong, which a clip cannot hide.
        for most, sign in ((min(low + 35.0, high), signs), (high, -signs)):
            # Halves, which are exact in every dtype.
            size = np.round(2 * rng.uniform(low, most, size=array.shape)) / 2
            yield replace(
                given,
                arrays=double | {name: size * sign},
                options=given.options | options,
                aspect="extremes",
                kind=missed.CLIPPED,
                # Two neighbours of float32 near 700 are 6e-5 apart.
                atol=1e-4,
            )

    return draw


def certain(logits: str, target: str, exponent: str) -> Probe:
    """Logits of all sizes, right and wrong, with an exponent below 1."""

    def draw(rng, calls):
        given = one_of(rng, calls, lambda call: call.arrays[logits].ndim == 1)
        size = np.array([60.0, 1e3, 1e4, 1e3])
        signs, truth = np.array([1.0, -1.0, 1.0, -1.0]), rng.permutation([0.0, 1.0])
        dtype = given.arrays[logits].dtype
        arrays = {logits: (size * signs).astype(dtype), target: truth.repeat(2).astype(dtype)}
        options = {exponent: between(rng, 0.2, 0.9)}
        yield replace(
            given,
            arrays=given.arrays | arrays,
            options=given.options | options,
            aspect="extremes",
            kind=missed.SATURATED,
        )

    return draw
