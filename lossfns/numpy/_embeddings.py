"""What losses over embeddings share: the checks, unit vectors, distances, their derivatives."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from lossfns._arguments import embedding_shapes
from lossfns.numpy._classes import Labels, in_range, integers, log_softmax
from lossfns.numpy._core import Array, real


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


def embeddings_of(**arrays: Any) -> list[Array]:
    """Check embeddings of one shape, (..., d): the last axis holds the dimensions."""
    rows = [real(name, array, floating=True) for name, array in arrays.items()]
    embedding_shapes({name: row.shape for name, row in zip(arrays, rows, strict=True)})
    return rows


def batch_of(**arrays: Any) -> list[Array]:
    """Check the embeddings of a whole batch, (n, d): one row an item."""
    rows = embeddings_of(**arrays)
    embedding_shapes({name: row.shape for name, row in zip(arrays, rows, strict=True)}, batch=True)
    return rows


def classes_of(target: ArrayLike, rows: Array, classes: int | None = None) -> Labels:
    """Check one integer label per embedding."""
    labels = integers(target)
    if labels.shape != rows.shape[:-1]:
        raise ValueError(
            f"target must have one label for each of the embeddings, {rows.shape[:-1]}, "
            f"got {labels.shape}"
        )
    return labels.astype(np.intp) if classes is None else in_range(labels, classes)


def masked(rows: Array, weight: Array | None) -> Array:
    """Rows of weight 0 become zeros, so that nothing in them reaches value or gradient."""
    return rows if weight is None else np.where(weight[..., None] == 0, 0.0, rows)


def softmax_over_others(scores: Array) -> Array:
    """Log-softmax of each row without its diagonal entry, which becomes -inf."""
    own = np.eye(len(scores), dtype=bool)
    # Masked again: of a row that is alone the softmax would be 0 / 0.
    return np.where(own, -np.inf, log_softmax(np.where(own, -np.inf, scores)))
