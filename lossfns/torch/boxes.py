"""Losses of boxes, given as corners (x1, y1, x2, y2) with x1 ≤ x2 and y1 ≤ y2."""

from __future__ import annotations

import math
from typing import Any, Literal, NamedTuple

import torch
from torch import Tensor

from lossfns import numpy as ln
from lossfns._arguments import Reduction, bin_shapes, box_shapes, number, one_of
from lossfns.torch._classes import pick, times
from lossfns.torch._core import (
    item_weight,
    loss,
    positive_part,
    reads_values,
    reduced,
    together,
    within,
)


@loss(ln.box_iou)
def box_iou(
    pred: Tensor,
    target: Tensor,
    *,
    reduction: Reduction = "mean",
    sample_weight: Tensor | None = None,
    validate: bool = False,
) -> Tensor:
    """PyTorch:
        None; torchvision's `ops.box_iou` gives the matrix of all pairs.
    Example:
        >>> import torch, lossfns.torch as lt
        >>> pred = torch.tensor([[0.0, 0.0, 2.0, 2.0]])
        >>> lt.box_iou(pred, torch.tensor([[1.0, 1.0, 3.0, 3.0]]))
        tensor(0.8571)
    """
    pair, weight = boxes_of(pred, target, sample_weight, validate)
    return reduced(1 - pair.iou, reduction, weight)


@loss(ln.giou)
def giou(
    pred: Tensor,
    target: Tensor,
    *,
    reduction: Reduction = "mean",
    sample_weight: Tensor | None = None,
    validate: bool = False,
) -> Tensor:
    """PyTorch:
        torchvision's `ops.generalized_box_iou_loss`.
    Example:
        >>> import torch, lossfns.torch as lt
        >>> pred = torch.tensor([[0.0, 0.0, 1.0, 1.0]])
        >>> lt.giou(pred, torch.tensor([[1.0, 1.0, 2.0, 2.0]]))
        tensor(1.5000)
    """
    pair, weight = boxes_of(pred, target, sample_weight, validate)
    return reduced(1 - pair.iou + pair.empty, reduction, weight)


@loss(ln.diou)
def diou(
    pred: Tensor,
    target: Tensor,
    *,
    reduction: Reduction = "mean",
    sample_weight: Tensor | None = None,
    validate: bool = False,
) -> Tensor:
    """PyTorch:
        torchvision's `ops.distance_box_iou_loss`.
    Example:
        >>> import torch, lossfns.torch as lt
        >>> pred = torch.tensor([[0.0, 0.0, 1.0, 1.0]])
        >>> lt.diou(pred, torch.tensor([[1.0, 1.0, 2.0, 2.0]]))
        tensor(1.2500)
    """
    pair, weight = boxes_of(pred, target, sample_weight, validate)
    return reduced(1 - pair.iou + pair.apart, reduction, weight)


@loss(ln.ciou)
def ciou(
    pred: Tensor,
    target: Tensor,
    *,
    reduction: Reduction = "mean",
    sample_weight: Tensor | None = None,
    validate: bool = False,
) -> Tensor:
    """PyTorch:
        torchvision's `ops.complete_box_iou_loss`.
    Example:
        >>> import torch, lossfns.torch as lt
        >>> pred = torch.tensor([[0.0, 0.0, 2.0, 1.0]])
        >>> lt.ciou(pred, torch.tensor([[0.0, 0.0, 1.0, 2.0]]))
        tensor(0.7629)
    """
    pair, weight = boxes_of(pred, target, sample_weight, validate)
    return reduced(complete(pair), reduction, weight)


@loss(ln.eiou)
def eiou(
    pred: Tensor,
    target: Tensor,
    *,
    reduction: Reduction = "mean",
    sample_weight: Tensor | None = None,
    validate: bool = False,
) -> Tensor:
    """PyTorch:
        None.
    Example:
        >>> import torch, lossfns.torch as lt
        >>> pred = torch.tensor([[0.0, 0.0, 2.0, 1.0]])
        >>> lt.eiou(pred, torch.tensor([[0.0, 0.0, 1.0, 2.0]]))
        tensor(1.2292)
    """
    pair, weight = boxes_of(pred, target, sample_weight, validate)
    unlike = _ratio((pair.sides - pair.other_sides) ** 2, pair.hull**2, empty=0).sum(-1)
    return reduced(1 - pair.iou + pair.apart + unlike, reduction, weight)


@loss(ln.siou)
def siou(
    pred: Tensor,
    target: Tensor,
    *,
    theta: float = 4.0,
    reduction: Reduction = "mean",
    sample_weight: Tensor | None = None,
    validate: bool = False,
) -> Tensor:
    """PyTorch:
        None.
    Example:
        >>> import torch, lossfns.torch as lt
        >>> pred = torch.tensor([[0.0, 0.0, 2.0, 1.0]])
        >>> lt.siou(pred, torch.tensor([[0.0, 0.0, 1.0, 2.0]]))
        tensor(0.7512)
    """
    number("theta", theta, at_least=1, below=math.inf)
    pair, weight = boxes_of(pred, target, sample_weight, validate)
    angle = _ratio(2 * _area(pair.offset).abs(), (pair.offset**2).sum(-1), empty=0)
    apart = _ratio(pair.offset**2, pair.hull**2, empty=0)
    distance = -torch.expm1((angle[..., None] - 2) * apart).sum(-1)
    gap = (pair.sides - pair.other_sides).abs()
    unlike = _ratio(gap, torch.maximum(pair.sides, pair.other_sides), empty=0)
    shape = ((-torch.expm1(-unlike)) ** theta).sum(-1)
    return reduced(1 - pair.iou + (distance + shape) / 2, reduction, weight)


@loss(ln.alpha_iou)
def alpha_iou(
    pred: Tensor,
    target: Tensor,
    *,
    alpha: float = 3.0,
    kind: Literal["iou", "giou", "diou", "ciou"] = "iou",
    reduction: Reduction = "mean",
    sample_weight: Tensor | None = None,
    validate: bool = False,
) -> Tensor:
    """PyTorch:
        None.
    Example:
        >>> import torch, lossfns.torch as lt
        >>> pred = torch.tensor([[0.0, 0.0, 2.0, 2.0]])
        >>> lt.alpha_iou(pred, torch.tensor([[1.0, 1.0, 3.0, 3.0]]))
        tensor(0.9971)
    """
    number("alpha", alpha, above=0, below=math.inf)
    one_of("kind", kind, ("iou", "giou", "diou", "ciou"))
    pair, weight = boxes_of(pred, target, sample_weight, validate)
    losses = 1 - _power(pair.iou, alpha)
    if kind == "giou":
        losses = losses + _power(pair.empty, alpha)
    if kind in ("diou", "ciou"):
        losses = losses + _power(pair.apart, alpha)
    if kind == "ciou":
        losses = losses + _power(_shape_term(pair), alpha)
    return reduced(losses, reduction, weight)


@loss(ln.distribution_focal)
def distribution_focal(
    logits: Tensor,
    target: Tensor,
    *,
    axis: int = -1,
    reduction: Reduction = "mean",
    sample_weight: Tensor | None = None,
    validate: bool = False,
) -> Tensor:
    """PyTorch:
        None; `cross_entropy` of the two bins by their shares.
    Example:
        >>> import torch, lossfns.torch as lt
        >>> lt.distribution_focal(torch.tensor([[0.0, 2.0, 1.0, 0.0]]), torch.tensor([1.25]))
        tensor(0.7438)
    """
    rows, place = together(logits=logits, target=target)
    bin_shapes(tuple(rows.shape), tuple(place.shape), axis)
    rows, weight = rows.movedim(axis, -1), None
    if sample_weight is not None:
        weight = item_weight(sample_weight, rows, place.shape, validate)
        rows = torch.where(weight[..., None] == 0, 0, rows)
        place = torch.where(weight == 0, 0, place)
    bins, hint = rows.shape[-1], "a distance in bins, from the first"
    within("target", place, low=0.0, high=bins - 1, validate=validate, hint=hint)
    left = place.detach().long().clamp(0, bins - 2)
    share, log_probs = place - left, rows.log_softmax(-1)
    losses = times(1 - share, -pick(log_probs, left)) + times(share, -pick(log_probs, left + 1))
    return reduced(losses, reduction, weight)


def boxes_of(
    pred: Any, target: Any, sample_weight: Any, validate: bool
) -> tuple[Pair, Tensor | None]:
    pred, target = together(pred=pred, target=target)
    box_shapes({"pred": tuple(pred.shape), "target": tuple(target.shape)})
    weight = None
    if sample_weight is not None:
        weight = item_weight(sample_weight, pred, pred.shape[:-1], validate)
        masked = weight[..., None] == 0
        pred, target = torch.where(masked, 0, pred), torch.where(masked, 0, target)
    in_order(validate, pred=pred, target=target)
    return measured(pred, target), weight


def in_order(validate: bool, **corners: Tensor) -> None:
    """Demand boxes with finite corners in the right order, where values may be read."""
    for name, box in corners.items():
        if reads_values(box, validate):
            if (box[..., :2] > box[..., 2:]).any():
                raise ValueError(f"{name} must have x1 <= x2 and y1 <= y2 in every box")
            if box.isinf().any():
                raise ValueError(f"{name} holds an infinity: a box has finite corners")


class Pair(NamedTuple):
    """Two boxes measured in units of the longest side of the smallest box around both.

    In any unit the losses are the same, and in this one no area underflows or overflows.
    """

    sides: Tensor
    other_sides: Tensor
    iou: Tensor
    empty: Tensor  # share of the hull that neither covers
    hull: Tensor  # width and height of the smallest box around both
    offset: Tensor  # of the centres
    apart: Tensor  # squared distance of the centres over the squared diagonal of the hull


def measured(boxes: Tensor, target_boxes: Tensor) -> Pair:
    low, high = torch.minimum(boxes, target_boxes), torch.maximum(boxes, target_boxes)
    hull = high[..., 2:] - low[..., :2]
    unit = hull.detach().amax(-1, keepdim=True)
    unit = torch.where(unit == 0, 1, unit)
    # Differences are scaled, not corners, whose differences would be rounded.
    sides, other = _sides(boxes) / unit, _sides(target_boxes) / unit
    signed = (low[..., 2:] - high[..., :2]) / unit  # negative where the boxes lie apart
    inter = _area(positive_part(signed))
    union = _area(sides) + _area(other) - inter
    # Identical boxes overlap fully, also when they have no area.
    iou = _ratio(inter, union, empty=0)
    iou = torch.where((boxes == target_boxes).all(-1) & (union == 0), 1, iou)
    gap = boxes - target_boxes
    offset, hull = (gap[..., :2] + gap[..., 2:]) / 2 / unit, hull / unit
    apart = _ratio((offset**2).sum(-1), (hull**2).sum(-1), empty=0)
    # Not the hull less the union, which cancels for boxes that nearly fill it: what each side of
    # either box has beyond the other, crosswise.
    spare = [
        ((high[..., :2] - box[..., :2]) + (box[..., 2:] - low[..., 2:])) / unit
        for box in (boxes, target_boxes)
    ]
    crosswise = (spare[0] * spare[1].flip(-1)).sum(-1)
    empty = _ratio(crosswise - (_area(signed) - inter), _area(hull), empty=0)
    return Pair(sides, other, iou, empty, hull, offset, apart)


def complete(pair: Pair) -> Tensor:
    """CIoU losses."""
    return 1 - pair.iou + pair.apart + _shape_term(pair)


def _shape_term(pair: Pair) -> Tensor:
    """v² / (1 - IoU + v)."""
    v = (2 / math.pi * (_slant(pair.sides) - _slant(pair.other_sides))) ** 2
    return _ratio(v**2, 1 - pair.iou + v, empty=0)


def _sides(box: Tensor) -> Tensor:
    return box[..., 2:] - box[..., :2]


def _area(sides: Tensor) -> Tensor:
    """Width by height. The gradient of `prod` would wait for the GPU to count the zeros."""
    return sides[..., 0] * sides[..., 1]


def _slant(sides: Tensor) -> Tensor:
    """arctan(w / h), with derivative 0 for a box that is a point."""
    # In units of the longer side, as the squares in the derivative underflow.
    size = sides.detach().amax(-1, keepdim=True)
    w, h = (sides / torch.where(size == 0, 1, size)).unbind(-1)
    point = (w == 0) & (h == 0)
    return torch.atan2(torch.where(point, 0, w), torch.where(point, 1, h))


def _ratio(top: Tensor, bottom: Tensor, empty: float) -> Tensor:
    """top / bottom; where the bottom is 0, `empty` with derivative 0."""
    return torch.where(bottom == 0, empty, top / torch.where(bottom == 0, 1, bottom))


def _power(share: Tensor, alpha: float) -> Tensor:
    """A share to a power; at 0, where the slope may be infinite, there is none."""
    if alpha == 1:
        return share
    empty = share <= 0
    return torch.where(empty, 0, torch.where(empty, 1, share) ** alpha)
