"""Calls, and the arrays that they are made of."""

import numpy as np

from lossfns.check.exercise import Call, Reason

BROADCAST = Reason(
    "broadcasting of (n, 1) against (n,)",
    "These shapes make an n × n table, in which most entries pair a prediction with somebody "
    "else's target. Nothing looks wrong, and the model learns nonsense: compare the shapes first "
    "and raise ValueError.",
)
UNKNOWN_REDUCTION = Reason(
    "an unknown reduction taken for the mean",
    'With reduction="average" a typing error goes unnoticed. Raise ValueError for everything but '
    '"none", "mean" and "sum".',
)


def refuse(name: str, hint: str, /, **given) -> Call:
    """A call with bad input, which must raise ValueError; name and hint are for who accepts it.

    `given` holds arguments of the function: arrays in their order, and options.
    """
    arrays = {key: value for key, value in given.items() if isinstance(value, np.ndarray)}
    options = {key: value for key, value in given.items() if key not in arrays}
    return Call(arrays, options, "bad input", raises="ValueError", reason=Reason(name, hint))
