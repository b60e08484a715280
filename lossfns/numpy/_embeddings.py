"""What losses over embeddings share: unit vectors, distances and their derivatives."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from lossfns.numpy._core import Array


def unit(rows: Array) -> tuple[Array, Callable[[Array], Array]]:
    """Rows scaled to length 1, and the map of a gradient there back to the rows themselves.

    A row of zeros has no direction: it stays zero and gets no gradient.
    """
    # Measured in units of the largest entry, so that no square overflows or underflows.
    size = np.abs(rows).max(axis=-1, keepdims=True, initial=0.0)
    size = np.where(size == 0, 1.0, size)
    relative = rows / size
    length = np.sqrt((relative**2).sum(axis=-1, keepdims=True))
    safe = np.where(length == 0, 1.0, length)
    units = relative / safe

    def back(gradient: Array) -> Array:
        tangent = gradient - units * (gradient * units).sum(axis=-1, keepdims=True)
        return np.where(length == 0, 0.0, tangent / safe / size)

    return units, back


def distance(difference: Array, p: float = 2.0) -> tuple[Array, Array]:
    """p-norm of each row, and its derivative; where the row is 0 the derivative is 0."""
    size = np.abs(difference).max(axis=-1, keepdims=True, initial=0.0)
    if p == np.inf:
        # Equal largest entries share the derivative.
        largest = (np.abs(difference) == size) & (size > 0)
        shared = np.maximum(largest.sum(axis=-1, keepdims=True), 1)
        return size[..., 0], np.sign(difference) * largest / shared
    size = np.where(size == 0, 1.0, size)
    relative = np.abs(difference) / size
    norm = (relative**p).sum(axis=-1, keepdims=True) ** (1 / p)
    safe = np.where(norm == 0, 1.0, norm)
    return (size * norm)[..., 0], np.sign(difference) * (relative / safe) ** (p - 1)
