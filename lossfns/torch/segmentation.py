"""Overlap losses of masks: one statistic (tp, fp, fn) per mask, and what is made of it.

See `lossfns.numpy.segmentation` for axes, smoothing and empty masks.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from lossfns import numpy as ln
from lossfns._arguments import MASK_HINT, Reduction, flag, mask_axes, number, same_shapes
from lossfns.torch._core import (
    item_weight,
    loss,
    reads_values,
    reduced,
    together,
    within,
)
from lossfns.torch.classification import binary_surprise, binary_surprise_of_probs

IMAGE = (-2, -1)


@loss(ln.dice)
def dice(
    probs: Tensor,
    target: Tensor,
    *,
    smooth: float = 1.0,
    squared: bool = False,
    axis: int | Sequence[int] = IMAGE,
    reduction: Reduction = "mean",
    sample_weight: Tensor | None = None,
    validate: bool = False,
) -> Tensor:
    """PyTorch:
        None; in MONAI's `DiceLoss` the same number smooths half as much.
    Example:
        >>> import torch, lossfns.torch as lt
        >>> probs, target = torch.tensor([[1.0, 1.0, 0.0, 0.0]]), torch.tensor([[1, 0, 1, 0]])
        >>> lt.dice(probs, target, smooth=0.0)
        tensor(0.5000)
    """
    p, y, weight = _masks(target, axis, sample_weight, validate, probs=probs)
    return reduced(_overlap(p, y, 0.5, 0.5, smooth, squared), reduction, weight)


@loss(ln.jaccard)
def jaccard(
    probs: Tensor,
    target: Tensor,
    *,
    smooth: float = 1.0,
    squared: bool = False,
    axis: int | Sequence[int] = IMAGE,
    reduction: Reduction = "mean",
    sample_weight: Tensor | None = None,
    validate: bool = False,
) -> Tensor:
    """PyTorch:
        None.
    Example:
        >>> import torch, lossfns.torch as lt
        >>> probs, target = torch.tensor([[1.0, 1.0, 0.0, 0.0]]), torch.tensor([[1, 0, 1, 0]])
        >>> lt.jaccard(probs, target, smooth=0.0)
        tensor(0.6667)
    """
    p, y, weight = _masks(target, axis, sample_weight, validate, probs=probs)
    return reduced(_overlap(p, y, 1.0, 1.0, smooth, squared), reduction, weight)


@loss(ln.tversky)
def tversky(
    probs: Tensor,
    target: Tensor,
    *,
    alpha: float = 0.3,
    beta: float = 0.7,
    smooth: float = 1.0,
    axis: int | Sequence[int] = IMAGE,
    reduction: Reduction = "mean",
    sample_weight: Tensor | None = None,
    validate: bool = False,
) -> Tensor:
    """PyTorch:
        None.
    Example:
        >>> import torch, lossfns.torch as lt
        >>> missed = torch.tensor([[1.0, 0.0, 0.0]])
        >>> lt.tversky(missed, torch.tensor([[1, 1, 0]]), smooth=0.0)
        tensor(0.4118)
    """
    _check_prices(alpha, beta)
    p, y, weight = _masks(target, axis, sample_weight, validate, probs=probs)
    return reduced(_overlap(p, y, alpha, beta, smooth), reduction, weight)


@loss(ln.focal_tversky)
def focal_tversky(
    probs: Tensor,
    target: Tensor,
    *,
    alpha: float = 0.3,
    beta: float = 0.7,
    gamma: float = 4 / 3,
    smooth: float = 1.0,
    axis: int | Sequence[int] = IMAGE,
    reduction: Reduction = "mean",
    sample_weight: Tensor | None = None,
    validate: bool = False,
) -> Tensor:
    """PyTorch:
        None.
    Example:
        >>> import torch, lossfns.torch as lt
        >>> missed = torch.tensor([[1.0, 0.0, 0.0]])
        >>> lt.focal_tversky(missed, torch.tensor([[1, 1, 0]]), smooth=0.0)
        tensor(0.5140)
    """
    _check_prices(alpha, beta)
    number("gamma", gamma, above=0)
    p, y, weight = _masks(target, axis, sample_weight, validate, probs=probs)
    losses = _overlap(p, y, alpha, beta, smooth)
    # The slope of the root is infinite at 0: take the power of 1 there, and nothing of it.
    perfect = losses == 0
    losses = torch.where(perfect, 0, torch.where(perfect, 1, losses) ** (1 / gamma))
    return reduced(losses, reduction, weight)


@loss(ln.dice_bce)
def dice_bce(
    probs: Tensor,
    target: Tensor,
    *,
    bce_weight: float = 1.0,
    smooth: float = 1.0,
    squared: bool = False,
    axis: int | Sequence[int] = IMAGE,
    reduction: Reduction = "mean",
    sample_weight: Tensor | None = None,
    validate: bool = False,
) -> Tensor:
    """PyTorch:
        None.
    Example:
        >>> import torch, lossfns.torch as lt
        >>> lt.dice_bce(torch.tensor([[0.5, 0.5]]), torch.tensor([[1, 0]]), smooth=0.0)
        tensor(1.1931)
    """
    number("bce_weight", bce_weight, at_least=0)
    p, y, weight = _masks(target, axis, sample_weight, validate, probs=probs)
    losses = _overlap(p, y, 0.5, 0.5, smooth, squared)
    if bce_weight:
        losses = losses + bce_weight * binary_surprise_of_probs(p, y).mean(-1)
    return reduced(losses, reduction, weight)


@loss(ln.dice_bce_with_logits)
def dice_bce_with_logits(
    logits: Tensor,
    target: Tensor,
    *,
    bce_weight: float = 1.0,
    smooth: float = 1.0,
    squared: bool = False,
    axis: int | Sequence[int] = IMAGE,
    reduction: Reduction = "mean",
    sample_weight: Tensor | None = None,
    validate: bool = False,
) -> Tensor:
    """PyTorch:
        None.
    Example:
        >>> import torch, lossfns.torch as lt
        >>> lt.dice_bce_with_logits(torch.zeros(1, 2), torch.tensor([[1, 0]]), smooth=0.0)
        tensor(1.1931)
    """
    number("bce_weight", bce_weight, at_least=0)
    z, y, weight = _masks(target, axis, sample_weight, validate, logits=logits)
    losses = _overlap(z.sigmoid(), y, 0.5, 0.5, smooth, squared)
    if bce_weight:
        losses = losses + bce_weight * binary_surprise(z, y, 1 - y).mean(-1)
    return reduced(losses, reduction, weight)


@loss(ln.lovasz)
def lovasz(
    probs: Tensor,
    target: Tensor,
    *,
    axis: int | Sequence[int] = IMAGE,
    reduction: Reduction = "mean",
    sample_weight: Tensor | None = None,
    validate: bool = False,
) -> Tensor:
    """PyTorch:
        None.
    Example:
        >>> import torch, lossfns.torch as lt
        >>> lt.lovasz(torch.tensor([[0.9, 0.6, 0.2]]), torch.tensor([[1, 0, 1]]))
        tensor(0.5333)
    """
    p, y, weight = _masks(target, axis, sample_weight, validate, probs=probs)
    if reads_values(y, validate):
        hard = (y == 0) | (y == 1)
        hard = hard if weight is None else hard | (weight[..., None] == 0)
        if not hard.all():
            raise ValueError(
                "target must hold 0 and 1 only: a soft mask has no Jaccard loss of a set"
            )
    # |y - p| for a hard y, without the kink that p = y would be.
    errors = y * (1 - p) + (1 - y) * p
    order = errors.detach().argsort(dim=-1, descending=True, stable=True)
    # The steps are those of a set, which has no derivative: only the errors pass on a gradient.
    steps = _jaccard_steps(y.detach().gather(-1, order))
    return reduced((errors.gather(-1, order) * steps).sum(-1), reduction, weight)


def _masks(
    target: Any, axis: int | Sequence[int], sample_weight: Any, validate: bool, **scores: Any
) -> tuple[Tensor, Tensor, Tensor | None]:
    """Check predicted against true masks, and lay out each along the last axis.

    Masks of weight 0 become ½ everywhere, so that nothing in them reaches value or gradient.
    """
    (name,) = scores
    p, y = together(**scores, target=target)
    same_shapes({name: tuple(p.shape), "target": tuple(y.shape)})
    front = mask_axes(name, tuple(p.shape), axis)
    back = tuple(range(-len(front), 0))
    p, y = (a.movedim(front, back).flatten(-len(front)) for a in (p, y))
    weight = None
    if sample_weight is not None:
        weight = item_weight(sample_weight, p, tuple(p.shape[:-1]), validate, MASK_HINT)
        left_out = weight[..., None] == 0
        p, y = torch.where(left_out, 0.5, p), torch.where(left_out, 0.5, y)
    if name == "probs":
        hint = "pass the sigmoid or softmax of logits"
        within("probs", p, low=0.0, high=1.0, validate=validate, hint=hint)
    within("target", y, low=0.0, high=1.0, validate=validate)
    return p, y, weight


def _check_prices(alpha: float, beta: float) -> None:
    number("alpha", alpha, at_least=0)
    number("beta", beta, at_least=0)


def _overlap(
    p: Tensor, y: Tensor, alpha: float, beta: float, smooth: float, squared: bool = False
) -> Tensor:
    """The Tversky loss of each mask.

    Written as miss / (hit + miss) it keeps its digits for nearly perfect masks, which 1 - hit / …
    would cancel.
    """
    number("smooth", smooth, at_least=0)
    flag("squared", squared)
    hit = (p * y).sum(-1) + smooth
    if squared:
        miss = alpha * ((p - y) ** 2).sum(-1)
    else:
        miss = alpha * (p * (1 - y)).sum(-1) + beta * ((1 - p) * y).sum(-1)
    total = hit + miss
    empty = total == 0
    return torch.where(empty, 0, miss / torch.where(empty, 1, total))


def _jaccard_steps(sorted_target: Tensor) -> Tensor:
    """How much the Jaccard loss of a set rises with each pixel that joins those got wrong.

    A pixel of the mask takes 1 from the intersection, another adds 1 to the union; as differences
    of losses that lie close together the steps would cancel.
    """
    if sorted_target.shape[-1] >= 2**24 and sorted_target.device.type != "mps":
        sorted_target = sorted_target.double()  # float32 cannot count that far
    size = sorted_target.sum(-1, keepdim=True)
    hit = size - sorted_target.cumsum(-1)
    union = size + (1 - sorted_target).cumsum(-1)
    grown = torch.where(union == 1, 1, hit / (union * (union - 1)))  # 0 / 0 to 0 / 1: a loss of 1
    return torch.where(sorted_target == 1, 1 / union, grown)
