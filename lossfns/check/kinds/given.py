"""Calls that an exercise has drawn, taken apart to make others of them."""

from dataclasses import replace

from lossfns.check.exercise import Call, Kind

READABLE = 16


def good_of(calls: list[Call]) -> list[Call]:
    return [call for call in calls if call.aspect == "values" and call.kind is None]


def one_of(rng, calls, fits=lambda call: True) -> Call:
    """One of the calls that read well, or else the first that fits."""
    good = [call for call in good_of(calls) if fits(call)] or good_of(calls)[:1]
    small = [call for call in good if call.size <= READABLE]
    return small[int(rng.integers(len(small)))] if small else good[0]


def refused(given: Call, kind: Kind, arrays, options=None) -> Call:
    return Call(
        given.arrays | arrays,
        given.options | (options or {}),
        "bad input",
        raises="ValueError",
        kind=kind,
    )


def size_of(call: Call, name: str) -> int:
    return call.arrays[name].size if name in call.arrays else 0


def with_entry(array, at, value):
    """The array with one entry replaced."""
    changed = array.copy()
    changed.flat[at % array.size] = value
    return changed


def is_table(array):
    return array.ndim == 2 and array.shape[1] > 1


def rows_of(given: Call, rows, names, kind: Kind) -> Call:
    return replace(
        given, arrays=given.arrays | {name: given.arrays[name][rows] for name in names}, kind=kind
    )
