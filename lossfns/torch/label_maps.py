"""Losses of label maps: one class per pixel, out of several that exclude each other.

See `lossfns.numpy.label_maps`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from lossfns import numpy as ln
from lossfns._arguments import Reduction, flag, integer, label_map_axis, number
from lossfns.torch._classes import class_weight, in_range, integers, times
from lossfns.torch._core import compute_dtype, loss, reduced
from lossfns.torch.imbalance import label_focal
from lossfns.torch.segmentation import IMAGE, Masks, masks_of, overlap_of


@loss(ln.dice_ce)
def dice_ce(
    logits: Tensor,
    target: Tensor,
    *,
    weight: Tensor | None = None,
    ce_weight: float = 1.0,
    smooth: float = 1.0,
    include_background: bool = True,
    ignore_index: int = -100,
    class_axis: int = -3,
    axis: int | Sequence[int] = IMAGE,
    reduction: Reduction = "mean",
    sample_weight: Tensor | None = None,
    validate: bool = False,
) -> Tensor:
    """PyTorch:
        None; MONAI's `DiceCELoss(softmax=True, to_onehot_y=True)`.
    Example:
        >>> import torch, lossfns.torch as lt
        >>> logits = torch.tensor([[[2.0, 0.0]], [[0.0, 2.0]], [[0.0, 0.0]]])
        >>> lt.dice_ce(logits, torch.tensor([[0, 1]]), smooth=0.0)
        tensor(0.6854)
    """
    maps = _label_maps(logits, target, ignore_index, class_axis, axis, sample_weight, validate)
    number("ce_weight", ce_weight, at_least=0)
    losses = _with_dice(maps, weight, smooth, include_background, ce_weight, 0.0, validate)
    return reduced(losses, reduction, maps.weight)


@loss(ln.dice_focal)
def dice_focal(
    logits: Tensor,
    target: Tensor,
    *,
    weight: Tensor | None = None,
    gamma: float = 2.0,
    focal_weight: float = 1.0,
    smooth: float = 1.0,
    include_background: bool = True,
    ignore_index: int = -100,
    class_axis: int = -3,
    axis: int | Sequence[int] = IMAGE,
    reduction: Reduction = "mean",
    sample_weight: Tensor | None = None,
    validate: bool = False,
) -> Tensor:
    """PyTorch:
        None; MONAI's `DiceFocalLoss`.
    Example:
        >>> import torch, lossfns.torch as lt
        >>> logits = torch.tensor([[[2.0, 0.0]], [[0.0, 2.0]], [[0.0, 0.0]]])
        >>> lt.dice_focal(logits, torch.tensor([[0, 1]]), smooth=0.0)
        tensor(0.4567)
    """
    maps = _label_maps(logits, target, ignore_index, class_axis, axis, sample_weight, validate)
    number("gamma", gamma, at_least=0, below=math.inf)
    number("focal_weight", focal_weight, at_least=0)
    losses = _with_dice(maps, weight, smooth, include_background, focal_weight, gamma, validate)
    return reduced(losses, reduction, maps.weight)


def _label_maps(
    logits: Any,
    target: Any,
    ignore_index: int,
    class_axis: int,
    axis: int | Sequence[int],
    sample_weight: Any,
    validate: bool,
) -> Masks:
    """Logits against a mask per class; the pixels of an image count alike, or not at all."""
    integer("ignore_index", ignore_index)
    scores = compute_dtype("logits", logits)
    labels = integers(target, scores)
    front = label_map_axis("logits", tuple(scores.shape), tuple(labels.shape), axis, class_axis)
    classes, counted = scores.shape[front], labels != ignore_index
    labels = in_range(torch.where(counted, labels, 0), classes, validate)
    own = labels[..., None] == torch.arange(classes, device=labels.device)
    pixels = counted.unsqueeze(front)
    own = own.movedim(-1, front)
    return masks_of(own, axis, sample_weight, pixels, validate, class_axis, logits=scores)


def _with_dice(
    maps: Masks,
    weight: Tensor | None,
    smooth: float,
    include_background: bool,
    factor: float,
    gamma: float,
    validate: bool,
) -> Tensor:
    """Dice over the classes, plus the focal loss of the pixels by a factor."""
    rows = maps.scores.movedim(-2, -1)
    by_class = class_weight(weight, rows, validate)
    by_class = rows.new_ones(rows.shape[-1:]) if by_class is None else by_class
    overlaps = overlap_of(maps._replace(scores=maps.scores.softmax(-2)), 0.5, 0.5, smooth)
    share = _of_classes(by_class, include_background)
    surprise = label_focal(rows, maps.target.argmax(-2), gamma)
    counts = (by_class[:, None] * maps.each(maps.target)).sum(-2)
    counts = factor * counts / _or_1(counts.sum(-1, keepdim=True))
    return (share * overlaps).sum(-1) + times(counts, surprise).sum(-1)


def _of_classes(by_class: Tensor, include_background: bool) -> Tensor:
    """What each class adds to the mean over the classes."""
    flag("include_background", include_background)
    if not include_background:
        background = torch.arange(len(by_class), device=by_class.device) == 0
        by_class = torch.where(background, 0, by_class)
    return by_class / _or_1(by_class.sum())


def _or_1(total: Tensor) -> Tensor:
    return torch.where(total == 0, 1, total)
