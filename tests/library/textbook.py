"""Textbook formulas evaluated with 80 digits: the judge of both twins."""

import math

import numpy as np
from library.facts import facts_of
from mpmath import diff, mpf


def value_and_grads(record, item, setting):
    """The loss of one item, and its gradient with respect to each differentiable argument.

    An infinite loss has no gradient: what there is in its place is a convention.
    """
    formula = facts_of(record).formula
    exact = {n: _exact(v) for n, v in item.items()}
    value = float(formula(**exact, **setting))
    grads = {
        name: _slopes(lambda x, n=name: formula(**{**exact, n: x}, **setting), exact[name])
        for name in (record.wrt if math.isfinite(value) else ())
    }
    return value, grads


def _exact(value):
    return [_exact(v) for v in value] if np.ndim(value) else mpf(float(value))


def _slopes(function, x):
    """The derivative of a function of numbers in nested lists, with respect to each of them."""
    if not isinstance(x, list):
        return float(diff(function, x))
    return [
        _slopes(lambda v, i=i: function([*x[:i], v, *x[i + 1 :]]), entry)
        for i, entry in enumerate(x)
    ]
