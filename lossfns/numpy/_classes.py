"""What losses over classes share: rows of classes, labels, distributions and the log-softmax.

Inside the losses the classes are always the last axis, a row per item.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from numpy.typing import ArrayLike

from lossfns._arguments import (
    class_axis,
    hint_class_axis,
    hint_one_class,
    integer,
    label_shapes,
    number,
    same_shapes,
)
from lossfns.numpy._core import Array, as_array, item_weight, real, within

Labels = npt.NDArray[np.intp]


def class_rows(axis: int, sample_weight: Any, **arrays: Any) -> tuple[Any, ...]:
    """Check arrays that agree in shape; return them with the classes last, and the item weights.

    Rows of weight 0 become uniform, so that nothing in a masked item reaches value or gradient.
    """
    rows = [real(name, array, floating=i == 0) for i, (name, array) in enumerate(arrays.items())]
    same_shapes({name: row.shape for name, row in zip(arrays, rows, strict=True)})
    class_axis(next(iter(arrays)), rows[0].shape, axis)
    rows = [np.moveaxis(row, axis, -1) for row in rows]
    if sample_weight is None:
        return (*rows, None)
    weight = item_weight(sample_weight, rows[0].shape[:-1])
    return (*(_without(weight, row) for row in rows), weight)


def labelled_rows(
    axis: int,
    sample_weight: Any,
    ignore_index: int,
    target: Any,
    *,
    hint: bool = True,
    frames: int = 6,
    **scores: Any,
) -> tuple[Array, Labels, Array | None]:
    """Check scores against integer labels; return rows, labels and weights, 0 where ignored."""
    integer("ignore_index", ignore_index)
    ((name, value),) = scores.items()
    rows = real(name, value, floating=True)
    labels = integers(target)
    label_shapes(name, rows.shape, labels.shape, axis)
    if hint:
        hint_class_axis(name, rows.shape, labels.shape, axis, frames)
    rows = np.moveaxis(rows, axis, -1)
    hint_one_class(name, rows.shape[-1], frames)
    weight = None if sample_weight is None else item_weight(sample_weight, labels.shape)
    ignored = labels == ignore_index
    if ignored.any():
        weight = np.where(ignored, 0.0, 1.0 if weight is None else weight)
        labels = np.where(ignored, 0, labels)
    if weight is not None:
        rows = _without(weight, rows)
    return rows, in_range(labels, rows.shape[-1]), weight


def integers(target: Any, name: str = "target") -> npt.NDArray[Any]:
    """Demand integers: labels or class indices."""
    labels = as_array(name, target)
    if labels.dtype.kind not in "iu" and labels.size:
        raise TypeError(f"{name} must hold integer class indices, got dtype {labels.dtype}")
    if labels.dtype == np.uint64:
        labels = np.minimum(labels, np.iinfo(np.int64).max)
    # In a byte -100 would be 156, and 256 classes none.
    return labels.astype(np.int64)


def in_range(labels: npt.NDArray[Any], classes: int, name: str = "target") -> Labels:
    """Demand labels from 0 to classes - 1."""
    wrong = (labels < 0) | (labels >= classes)
    if wrong.any():
        where = tuple(int(i) for i in np.argwhere(wrong)[0])
        raise ValueError(
            f"{name} must hold classes 0 to {classes - 1}, got {labels[where]} at {where}"
        )
    return labels.astype(np.intp)


def _without(weight: Array, rows: Array) -> Array:
    return np.where(weight[..., None] == 0, 1 / rows.shape[-1], rows)


def distribution(name: str, rows: Array, hint: str = "") -> None:
    """Demand rows of probabilities that sum to 1, within what half precision leaves of it."""
    within(name, rows, low=0.0, high=1.0, hint=hint)
    sums = rows.sum(axis=-1)
    if rows.size and np.abs(sums - 1).max() > 0.01:
        worst = sums.flat[np.abs(sums - 1).argmax()]
        raise ValueError(f"{name} must sum to 1 over the classes, got {worst:g}")


def class_weight(weight: ArrayLike | None, rows: Array) -> Array:
    """Check the weights of the classes; without any, all are 1."""
    if weight is None:
        return np.ones(rows.shape[-1])
    value = per_class("weight", weight, rows)
    within("weight", value, low=0.0)
    return value


def per_class(name: str, value: ArrayLike, rows: Array) -> Array:
    """Check numbers of which there must be one per class."""
    array = real(name, value)
    if array.shape != rows.shape[-1:]:
        raise ValueError(
            f"{name} must have one value per class, {rows.shape[-1:]}, got {array.shape}"
        )
    return array


def log_softmax(rows: Array) -> Array:
    """Logarithm of the softmax; with the largest logit subtracted, no exponential overflows."""
    shifted = rows - rows.max(axis=-1, keepdims=True, initial=-np.inf)
    return np.asarray(shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True)))


def one_hot(labels: Labels, classes: int) -> Array:
    """Rows with a 1 at each label."""
    return np.asarray(labels[..., None] == np.arange(classes), np.float64)


def pick(rows: Array, labels: Labels) -> Array:
    """The entry of each row that its label names."""
    return np.take_along_axis(rows, labels[..., None], axis=-1)[..., 0]


def inverse(probs: Array) -> Array:
    """1 / p, the slope of ln p, and 0 where p has underflowed and it would overflow.

    So what lies behind a saturated sigmoid or softmax gets no NaN of infinity times 0.
    """
    gone = probs < np.finfo(np.float64).tiny
    return np.where(gone, 0.0, 1 / np.where(gone, 1.0, probs))


def smoothed(target: Array, label_smoothing: float) -> Array:
    """Binary targets drawn towards ½, as those of a softmax over two classes are."""
    number("label_smoothing", label_smoothing, at_least=0, at_most=1)
    return target * (1 - label_smoothing) + label_smoothing / 2 if label_smoothing else target


def times(factor: Array, value: Array) -> Array:
    """Product in which 0 wins: 0 · log 0 = 0."""
    product = factor * value
    # Only an infinite value makes 0 times it NaN, and a sum is the cheapest way to notice.
    return np.where(factor == 0, 0.0, product) if np.isnan(product.sum()) else product
