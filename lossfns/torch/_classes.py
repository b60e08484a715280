"""What losses over classes share: rows of classes, labels and distributions.

Inside the losses the classes are always the last axis, a row per item.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from lossfns._arguments import (
    class_axis,
    hint_class_axis,
    hint_one_class,
    integer,
    label_shapes,
    number,
)
from lossfns.torch._core import (
    agree_in_shape,
    companion,
    compute_dtype,
    extremes_of,
    item_weight,
    reads_values,
    same_device,
    tensor,
    together,
    within,
)
from lossfns.torch._slopes import in_slices


def class_rows(axis: int, sample_weight: Any, validate: bool, **tensors: Any) -> tuple[Any, ...]:
    """Check tensors that agree in shape; return them with the classes last, and the item weights.

    Rows of weight 0 become uniform, so that nothing in a masked item reaches value or gradient.
    """
    rows = together(**tensors)
    scores = rows[0]
    agree_in_shape(tensors, rows)
    class_axis(next(iter(tensors)), tuple(scores.shape), axis)
    rows = [_classes_last(row, axis) for row in rows]
    if sample_weight is None:
        return (*rows, None)
    weight = item_weight(sample_weight, scores, rows[0].shape[:-1], validate)
    return (*(_without(weight, row) for row in rows), weight)


def labelled_rows(
    axis: int,
    sample_weight: Any,
    ignore_index: int,
    validate: bool,
    target: Any,
    *,
    hint: bool = True,
    frames: int = 5,
    **scores: Any,
) -> tuple[Tensor, Tensor, Tensor | None]:
    """Check scores against integer labels; return rows, labels and weights, 0 where ignored.

    Without weights, None, if every item is known to count: then nothing has to be masked.
    """
    integer("ignore_index", ignore_index)
    ((name, value),) = scores.items()
    rows = compute_dtype(name, value)
    target = integers(target, rows)
    label_shapes(name, tuple(rows.shape), tuple(target.shape), axis)
    if hint and not torch.compiler.is_compiling():  # which has no warnings
        hint_class_axis(name, tuple(rows.shape), tuple(target.shape), axis, frames)
    rows = _classes_last(rows, axis)
    classes = rows.shape[-1]
    one_class(name, classes, frames + 1)
    extremes = extremes_of(target, validate)
    if sample_weight is None and extremes:
        smallest, largest = extremes
        if 0 <= smallest and largest < classes and not smallest <= ignore_index <= largest:
            return rows, target, None
    counted = target != ignore_index
    weight = counted.to(rows.dtype)
    if sample_weight is not None:
        given = item_weight(sample_weight, rows, target.shape, validate)
        # Not a product: a NaN weight of an ignored item would survive it.
        weight = torch.where(counted, given, 0)
    labels = in_range(torch.where(counted, target, 0), classes, validate)
    return _without(weight, rows), labels, weight


def one_class(name: str, classes: int, frames: int = 5) -> None:
    """Warn where a softmax has nothing to choose from; a compiled graph has no warnings."""
    if not torch.compiler.is_compiling():
        hint_one_class(name, classes, frames)


def integers(target: Any, like: Tensor, name: str = "target") -> Tensor:
    """Demand integers, on the prediction's device: labels or class indices."""
    target = tensor(name, target)
    same_device(name, target, like)
    if target.dtype == torch.bool or target.is_floating_point() or target.is_complex():
        raise TypeError(f"{name} must hold integer class indices, got {target.dtype}")
    if target.dtype == torch.uint64:
        target = target.view(torch.int64)
        target = torch.where(target < 0, torch.iinfo(torch.int64).max, target)
    # In a byte -100 would be 156, and 256 classes none.
    return target.long()


def in_range(labels: Tensor, classes: int, validate: bool, name: str = "target") -> Tensor:
    """Demand labels from 0 to classes - 1, where values may be read."""
    extremes = extremes_of(labels, validate)
    if extremes and not (0 <= extremes[0] and extremes[1] < classes):
        where = tuple(((labels < 0) | (labels >= classes)).nonzero()[0].tolist())
        raise ValueError(
            f"{name} must hold classes 0 to {classes - 1}, got {labels[where].item()} at {where}"
        )
    return labels


def _classes_last(rows: Tensor, axis: int) -> Tensor:
    # Where they are already, a view would be one more step on the way back.
    return rows if axis in (-1, rows.dim() - 1) else rows.movedim(axis, -1)


def _without(weight: Tensor, rows: Tensor) -> Tensor:
    return torch.where(weight[..., None] == 0, 1 / rows.shape[-1], rows)


def distribution(
    name: str, rows: Tensor, validate: bool, hint: str = "", *, logarithms: bool = False
) -> None:
    """Demand rows of probabilities that sum to 1, within what half precision leaves of it.

    Args:
        logarithms: the rows hold those of the probabilities.
    """
    if not reads_values(rows, validate):
        return
    for (part,) in in_slices(rows.detach(), rows=True):
        probs = part.exp() if logarithms else part
        within(name, probs, low=0.0, high=1.0, validate=validate, hint=hint)
        for total in extremes_of(probs.sum(-1), validate) or ():
            if not _near_1(total):
                raise ValueError(f"{name} must sum to 1 over the classes, got {total:g}")


def are_distributions(*rows: Tensor) -> bool:
    """Whether all are known to be such rows, in fewer operations; only where values may be read."""
    probs = torch.stack(rows)
    extremes, sums = extremes_of(probs, True), extremes_of(probs.sum(-1), True)
    if not extremes or not sums:
        return False
    return 0 <= extremes[0] and extremes[1] <= 1 and all(map(_near_1, sums))


def _near_1(total: float) -> bool:
    """What half precision leaves of a sum of 1."""
    return abs(total - 1) <= 0.01


def class_weight(weight: Tensor | None, rows: Tensor, validate: bool) -> Tensor | None:
    """Check the weights of the classes, if there are any."""
    if weight is None:
        return None
    value = per_class("weight", weight, rows)
    within("weight", value, low=0.0, validate=validate)
    return value


def per_class(name: str, value: Tensor, rows: Tensor) -> Tensor:
    """Check numbers of which there must be one per class."""
    classes = companion(name, value, rows)
    if classes.shape != rows.shape[-1:]:
        raise ValueError(
            f"{name} must have one value per class, {tuple(rows.shape[-1:])}, "
            f"got {tuple(classes.shape)}"
        )
    return classes


def pick(rows: Tensor, labels: Tensor) -> Tensor:
    """The entry of each row that its label names."""
    return rows.gather(-1, labels[..., None])[..., 0]


def surprise(log_probs: Tensor, labels: Tensor) -> Tensor:
    """-ln p of the class that the label of each row names."""
    rows = log_probs.reshape(-1, log_probs.shape[-1])
    return F.nll_loss(rows, labels.reshape(-1), reduction="none").reshape(labels.shape)


def only_0_and_1(target: Tensor, validate: bool) -> bool:
    """Demand targets between 0 and 1; return whether they are known to be one of the two."""
    if reads_values(target, validate):
        target = target.detach()
        for (part,) in in_slices(target):
            if not torch.equal(part, part * part):
                break
        else:
            return True
    within("target", target, low=0.0, high=1.0, validate=validate)
    return False


def smoothed(target: Tensor, label_smoothing: float) -> Tensor:
    """Binary targets drawn towards ½, as those of a softmax over two classes are."""
    number("label_smoothing", label_smoothing, at_least=0, at_most=1)
    return target * (1 - label_smoothing) + label_smoothing / 2 if label_smoothing else target


def times(factor: Tensor, value: Tensor) -> Tensor:
    """Product in which 0 wins, in value and gradient: 0 · log 0 = 0."""
    return factor * torch.where(factor == 0, 0, value)


def times_log(factor: Tensor, probs: Tensor) -> Tensor:
    """factor · ln p in which 0 wins, in value and gradient."""
    return factor * log(torch.where(factor == 0, 1, probs))


def log(probs: Tensor) -> Tensor:
    """ln p, and where p has underflowed its slope, which overflows, is 0.

    So the logit behind a saturated sigmoid or softmax gets no NaN of infinity times 0.
    """
    gone = probs < torch.finfo(probs.dtype).tiny
    return torch.where(gone, probs.detach().log(), torch.where(gone, 1, probs).log())


def log_rest(probs: Tensor) -> Tensor:
    """ln(1 - p) on the same terms: at p = 1 its slope is 0."""
    gone = probs == 1
    return torch.where(gone, -torch.inf, torch.log1p(-torch.where(gone, 0, probs)))
