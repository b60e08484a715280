"""Calls, and the arrays that they are made of."""

import numpy as np

from lossfns.check.exercise import Call, Reason


def refuse(name: str, hint: str, /, **given) -> Call:
    """A call with bad input, which must raise ValueError; name and hint are for who accepts it.

    `given` holds arguments of the function: arrays in their order, and options.
    """
    arrays = {key: value for key, value in given.items() if isinstance(value, np.ndarray)}
    options = {key: value for key, value in given.items() if key not in arrays}
    return Call(arrays, options, "bad input", raises="ValueError", reason=Reason(name, hint))
