"""Losses of detectors: which anchors hold an object, of what class, and where exactly."""

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
    integer,
    number,
    one_of,
)
from lossfns.torch._classes import in_range, integers
from lossfns.torch._core import (
    loss,
    reduced,
    together,
    within,
)
from lossfns.torch.boxes import complete, in_order, measured
from lossfns.torch.classification import binary_surprise
from lossfns.torch.imbalance import check_focal, sigmoid_focal
from lossfns.torch.regression import rounded_l1


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
    in_order(validate, **corners)
    miss = complete(measured(**corners))
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
