"""Losses of boxes, given as corners (x1, y1, x2, y2) with x1 ≤ x2 and y1 ≤ y2."""

import math
from typing import Any

import torch
from torch import Tensor

from lossfns import numpy as ln
from lossfns._arguments import box_shapes
from lossfns.torch._core import (
    companion,
    compute_dtype,
    item_weight,
    loss,
    positive_part,
    reads_values,
    reduced,
)


@loss(ln.box_iou)
def box_iou(
    pred: Tensor,
    target: Tensor,
    *,
    reduction: str = "mean",
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
    pred, target, weight = _boxes(pred, target, sample_weight, validate)
    iou, _ = _iou_and_union(pred, target)
    return reduced(1 - iou, reduction, weight)


@loss(ln.giou)
def giou(
    pred: Tensor,
    target: Tensor,
    *,
    reduction: str = "mean",
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
    pred, target, weight = _boxes(pred, target, sample_weight, validate)
    iou, union = _iou_and_union(pred, target)
    filled = _ratio(union, _hull(pred, target).prod(-1), empty=1)
    return reduced(2 - iou - filled, reduction, weight)


@loss(ln.diou)
def diou(
    pred: Tensor,
    target: Tensor,
    *,
    reduction: str = "mean",
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
    pred, target, weight = _boxes(pred, target, sample_weight, validate)
    iou, _ = _iou_and_union(pred, target)
    return reduced(1 - iou + _centre_distance(pred, target), reduction, weight)


@loss(ln.ciou)
def ciou(
    pred: Tensor,
    target: Tensor,
    *,
    reduction: str = "mean",
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
    pred, target, weight = _boxes(pred, target, sample_weight, validate)
    iou, _ = _iou_and_union(pred, target)
    v = (2 / math.pi * (_slant(pred) - _slant(target))) ** 2
    shape = _ratio(v**2, 1 - iou + v, empty=0)
    return reduced(1 - iou + _centre_distance(pred, target) + shape, reduction, weight)


def _boxes(
    pred: Any, target: Any, sample_weight: Any, validate: bool
) -> tuple[Tensor, Tensor, Tensor | None]:
    pred = compute_dtype("pred", pred)
    target = companion("target", target, pred)
    box_shapes({"pred": tuple(pred.shape), "target": tuple(target.shape)})
    weight = None
    if sample_weight is not None:
        weight = item_weight(sample_weight, pred, pred.shape[:-1], validate)
        masked = weight[..., None] == 0
        pred, target = torch.where(masked, 0, pred), torch.where(masked, 0, target)
    for name, box in (("pred", pred), ("target", target)):
        if reads_values(box, validate):
            if (box[..., :2] > box[..., 2:]).any():
                raise ValueError(f"{name} must have x1 <= x2 and y1 <= y2 in every box")
            if box.isinf().any():
                raise ValueError(f"{name} holds an infinity: a box has finite corners")
    return pred, target, weight


def _sides(box: Tensor) -> Tensor:
    return box[..., 2:] - box[..., :2]


def _iou_and_union(pred: Tensor, target: Tensor) -> tuple[Tensor, Tensor]:
    overlap = torch.minimum(pred, target)[..., 2:] - torch.maximum(pred, target)[..., :2]
    inter = positive_part(overlap).prod(-1)
    union = _sides(pred).prod(-1) + _sides(target).prod(-1) - inter
    iou = _ratio(inter, union, empty=0)
    # Identical boxes overlap fully, also when they have no area.
    return torch.where((pred == target).all(-1) & (union == 0), 1, iou), union


def _hull(pred: Tensor, target: Tensor) -> Tensor:
    """Width and height of the smallest box around both."""
    return torch.maximum(pred, target)[..., 2:] - torch.minimum(pred, target)[..., :2]


def _centre_distance(pred: Tensor, target: Tensor) -> Tensor:
    """Squared distance of the centres over the squared diagonal of the hull."""
    offset = (pred[..., :2] + pred[..., 2:] - target[..., :2] - target[..., 2:]) / 2
    return _ratio((offset**2).sum(-1), (_hull(pred, target) ** 2).sum(-1), empty=0)


def _slant(box: Tensor) -> Tensor:
    """arctan(w / h), with derivative 0 for a box that is a point."""
    w, h = _sides(box).unbind(-1)
    point = (w == 0) & (h == 0)
    return torch.atan2(torch.where(point, 0, w), torch.where(point, 1, h))


def _ratio(top: Tensor, bottom: Tensor, empty: float) -> Tensor:
    """top / bottom; where the bottom is 0, `empty` with derivative 0."""
    return torch.where(bottom == 0, empty, top / torch.where(bottom == 0, 1, bottom))
