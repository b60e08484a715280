"""What those who miss a kind of calls get wrong; `lossfns/check/hints.md` says the rest."""

from lossfns.check.exercise import Call, Kind


def _has_zero(call: Call) -> bool:
    return any(value == 0 for value in call.options.values())


def _is_square(call: Call) -> bool:
    return any(a.ndim == 2 and len(a) == a.shape[1] for a in call.arrays.values())


def _is_large(call: Call) -> bool:
    return any(a.dtype.kind == "f" and (abs(a) > 30).any() for a in call.arrays.values())


SHAPES = Kind("shapes that only look alike accepted")
RANGE = Kind("a range that is not checked everywhere")
LABELS = Kind("labels that are checked for single values")
WORDS = Kind("a word that is nearly right accepted")
ROWS = Kind("the sums of the rows checked too loosely")
LENGTH = Kind("a list of the wrong length cut short")
ZERO = Kind("0 taken for not given", _has_zero)
SQUARE = Kind("rows and columns exchanged in a square table", _is_square)
ONE = Kind("a single item")
TIES = Kind("entries that are equal")
OFFSET = Kind("small differences of large numbers lost")
TINY = Kind("small errors rounded up or down")
LARGE = Kind("infinity times 0")
CLIPPED = Kind("large values cut off", _is_large, finite=True)
SATURATED = Kind("a gradient that is lost where the model is certain")

KINDS = tuple(one for one in tuple(vars().values()) if isinstance(one, Kind))
