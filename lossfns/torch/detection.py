"""Losses of boxes, given as corners (x1, y1, x2, y2) with x1 ≤ x2 and y1 ≤ y2, and of detectors."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import torch
from torch import Tensor

from lossfns import numpy as ln
from lossfns._arguments import (
    REDUCTIONS,
    Reduction,
    anchor_shapes,
    box_shapes,
    integer,
    number,
    one_of,
)
from lossfns.torch._classes import in_range, integers
from lossfns.torch._core import (
    item_weight,
    loss,
    positive_part,
    reads_values,
    reduced,
    together,
    within,
)
from lossfns.torch.classification import binary_surprise
from lossfns.torch.imbalance import check_focal, sigmoid_focal
from lossfns.torch.regression import rounded_l1


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
    pair, weight = _boxes(pred, target, sample_weight, validate)
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
    pair, weight = _boxes(pred, target, sample_weight, validate)
    filled = _ratio(pair.union, _area(pair.hull), empty=1)
    return reduced(2 - pair.iou - filled, reduction, weight)


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
    pair, weight = _boxes(pred, target, sample_weight, validate)
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
    pair, weight = _boxes(pred, target, sample_weight, validate)
    return reduced(_complete(pair), reduction, weight)


@loss(ln.retinanet)
def retinanet(
    logits: Tensor,
    target: Tensor,
    *,
    boxes: Tensor,
    target_boxes: Tensor,
    alpha: float | None = 0.25,
    gamma: float = 2.0,
    beta: float = 0.11,
    box_weight: float = 1.0,
    ignore_index: int = -100,
    reduction: Reduction = "mean",
    validate: bool = False,
) -> Tensor:
    """PyTorch:
        None; `torchvision.models.detection.RetinaNet` computes it inside, with L1 for the boxes.
    Example:
        >>> import torch, lossfns.torch as lt
        >>> logits, target = torch.tensor([[2.0], [-2.0], [-2.0]]), torch.tensor([0, 1, 1])
        >>> offsets = dict(boxes=torch.zeros(3, 4), target_boxes=torch.full((3, 4), 0.2))
        >>> lt.retinanet(logits, target, **offsets)
        tensor(0.5832)
    """
    check_focal(alpha, gamma)
    number("beta", beta, at_least=0, below=math.inf)
    number("box_weight", box_weight, at_least=0)
    anchors = _anchors(
        logits, target, ignore_index, validate, boxes=boxes, target_boxes=target_boxes
    )
    surprise = sigmoid_focal(anchors.logits, anchors.own, alpha, gamma)
    gap = anchors.where_held("boxes") - anchors.where_held("target_boxes")
    losses = anchors.counted * surprise.sum(-1) + box_weight * rounded_l1(gap, beta).sum(-1)
    return reduced(losses, reduction, items=anchors.positive.sum().clamp(min=1))


@loss(ln.yolo)
def yolo(
    logits: Tensor,
    target: Tensor,
    *,
    objectness: Tensor,
    boxes: Tensor,
    target_boxes: Tensor,
    target_objectness: Tensor | None = None,
    box_weight: float = 0.05,
    objectness_weight: float = 1.0,
    classification_weight: float = 0.5,
    ignore_index: int = -100,
    reduction: Reduction = "mean",
    validate: bool = False,
) -> Tensor:
    """PyTorch:
        None. A target_objectness that carries a gradient gets one: detach it.
    Example:
        >>> import torch, lossfns.torch as lt
        >>> logits, target = torch.zeros(2, 3), torch.tensor([1, 3])
        >>> boxes = torch.tensor([[0.0, 0.0, 2.0, 2.0]] * 2)
        >>> cells = dict(objectness=torch.zeros(2), boxes=boxes, target_boxes=boxes + 1)
        >>> lt.yolo(logits, target, **cells)
        tensor(1.0881)
        >>> reached = 1 - lt.box_iou(boxes, boxes + 1, reduction="none").detach()
        >>> lt.yolo(logits, target, **cells, target_objectness=reached)
        tensor(1.0881)
    """
    for name, factor in [
        ("box_weight", box_weight),
        ("objectness_weight", objectness_weight),
        ("classification_weight", classification_weight),
    ]:
        number(name, factor, at_least=0)
    one_of("reduction", reduction, REDUCTIONS)
    given = {"objectness": objectness, "boxes": boxes, "target_boxes": target_boxes}
    if target_objectness is not None:
        given["target_objectness"] = target_objectness
    anchors = _anchors(logits, target, ignore_index, validate, **given)
    seen, held = anchors.counted, anchors.positive
    goal = anchors.where_held("target_objectness") if target_objectness is not None else held
    within("target_objectness", goal, low=0.0, high=1.0, validate=validate)
    present = binary_surprise(anchors.where_seen("objectness"), goal, 1 - goal)
    kind = binary_surprise(anchors.logits, anchors.own, 1 - anchors.own).mean(-1)
    corners = {name: anchors.where_held(name) for name in ("boxes", "target_boxes")}
    _in_order(validate, **corners)
    miss = _complete(_measured(**corners))
    # Each part has a mean of its own.
    if reduction == "mean":
        seen, held = seen / seen.sum().clamp(min=1), held / held.sum().clamp(min=1)
    objects = box_weight * miss + classification_weight * kind
    losses = objectness_weight * seen * present + held * objects
    return reduced(losses, "sum" if reduction == "mean" else reduction)


class _Anchors(NamedTuple):
    """What is predicted at each anchor, and what is there."""

    logits: Tensor
    own: Tensor  # 1 for the class of the object, (..., C)
    counted: Tensor  # 1, and 0 where ignored, (...)
    positive: Tensor  # 1 where there is an object, (...)
    others: dict[str, Tensor]

    def where_seen(self, name: str) -> Tensor:
        return torch.where(self.counted == 1, self.others[name], 0)

    def where_held(self, name: str) -> Tensor:
        """Zeros where there is no object, so that nothing there reaches value or gradient."""
        values = self.others[name]
        same = values.shape == self.positive.shape
        held = self.positive if same else self.positive[..., None]
        return torch.where(held == 1, values, 0)


def _anchors(
    logits: Any, target: Any, ignore_index: int, validate: bool, **others: Any
) -> _Anchors:
    integer("ignore_index", ignore_index)
    predicted = [name for name in others if not name.startswith("target")]
    rows, *values = together(predicted, logits=logits, **others)
    tensors = dict(zip(others, values, strict=True))
    labels = integers(target, rows)
    shapes = {name: tuple(value.shape) for name, value in tensors.items()}
    anchor_shapes(tuple(rows.shape), tuple(labels.shape), **shapes)
    classes = rows.shape[-1]
    counted = labels != ignore_index
    labels = in_range(torch.where(counted, labels, classes), classes + 1, validate)
    own = labels[..., None] == torch.arange(classes, device=labels.device)
    return _Anchors(
        torch.where(counted[..., None], rows, 0),
        own.to(rows.dtype),
        counted.to(rows.dtype),
        (labels < classes).to(rows.dtype),
        tensors,
    )


def _boxes(
    pred: Any, target: Any, sample_weight: Any, validate: bool
) -> tuple[_Pair, Tensor | None]:
    pred, target = together(pred=pred, target=target)
    box_shapes({"pred": tuple(pred.shape), "target": tuple(target.shape)})
    weight = None
    if sample_weight is not None:
        weight = item_weight(sample_weight, pred, pred.shape[:-1], validate)
        masked = weight[..., None] == 0
        pred, target = torch.where(masked, 0, pred), torch.where(masked, 0, target)
    _in_order(validate, pred=pred, target=target)
    return _measured(pred, target), weight


def _in_order(validate: bool, **corners: Tensor) -> None:
    """Demand boxes with finite corners in the right order, where values may be read."""
    for name, box in corners.items():
        if reads_values(box, validate):
            if (box[..., :2] > box[..., 2:]).any():
                raise ValueError(f"{name} must have x1 <= x2 and y1 <= y2 in every box")
            if box.isinf().any():
                raise ValueError(f"{name} holds an infinity: a box has finite corners")


class _Pair(NamedTuple):
    """Two boxes measured in units of the longest side of the smallest box around both.

    In any unit the losses are the same, and in this one no area underflows or overflows.
    """

    sides: Tensor
    other_sides: Tensor
    union: Tensor
    iou: Tensor
    hull: Tensor  # width and height of the smallest box around both
    apart: Tensor  # squared distance of the centres over the squared diagonal of the hull


def _measured(boxes: Tensor, target_boxes: Tensor) -> _Pair:
    low, high = torch.minimum(boxes, target_boxes), torch.maximum(boxes, target_boxes)
    hull = high[..., 2:] - low[..., :2]
    unit = hull.detach().amax(-1, keepdim=True)
    unit = torch.where(unit == 0, 1, unit)
    # Differences are scaled, not corners, whose differences would be rounded.
    sides, other = _sides(boxes) / unit, _sides(target_boxes) / unit
    inter = _area(positive_part((low[..., 2:] - high[..., :2]) / unit))
    union = _area(sides) + _area(other) - inter
    # Identical boxes overlap fully, also when they have no area.
    iou = _ratio(inter, union, empty=0)
    iou = torch.where((boxes == target_boxes).all(-1) & (union == 0), 1, iou)
    gap = boxes - target_boxes
    offset, hull = (gap[..., :2] + gap[..., 2:]) / 2 / unit, hull / unit
    apart = _ratio((offset**2).sum(-1), (hull**2).sum(-1), empty=0)
    return _Pair(sides, other, union, iou, hull, apart)


def _complete(pair: _Pair) -> Tensor:
    """CIoU losses."""
    v = (2 / math.pi * (_slant(pair.sides) - _slant(pair.other_sides))) ** 2
    shape = _ratio(v**2, 1 - pair.iou + v, empty=0)
    return 1 - pair.iou + pair.apart + shape


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
