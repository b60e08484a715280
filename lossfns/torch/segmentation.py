"""Overlap losses of masks: one statistic (tp, fp, fn) per mask, and what is made of it.

See `lossfns.numpy.segmentation` for axes, smoothing and empty masks.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor

from lossfns import numpy as ln
from lossfns._arguments import (
    MASK_HINT,
    Reduction,
    flag,
    free_axis,
    integer,
    mask_axes,
    number,
    pixel_shape,
    same_shapes,
)
from lossfns.torch._core import (
    companion,
    item_weight,
    loss,
    reads_values,
    reduced,
    together,
    within,
)
from lossfns.torch._slopes import in_slices
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
    pixel_weight: Tensor | None = None,
    reduction: Reduction = "mean",
    sample_weight: Tensor | None = None,
    validate: bool = False,
) -> Tensor:
    """PyTorch:
        None; in MONAI's `DiceLoss` the same number smooths half as much.
        segmentation_models_pytorch marks pixels to ignore in the target (`ignore_index`); here
        that is `pixel_weight=target != 255`.
    Example:
        >>> import torch, lossfns.torch as lt
        >>> probs, target = torch.tensor([[1.0, 1.0, 0.0, 0.0]]), torch.tensor([[1, 0, 1, 0]])
        >>> lt.dice(probs, target, smooth=0.0)
        tensor(0.5000)
    """
    masks = masks_of(target, axis, sample_weight, pixel_weight, validate, probs=probs)
    return reduced(overlap_of(masks, 0.5, 0.5, smooth, squared), reduction, masks.weight)


@loss(ln.jaccard)
def jaccard(
    probs: Tensor,
    target: Tensor,
    *,
    smooth: float = 1.0,
    squared: bool = False,
    axis: int | Sequence[int] = IMAGE,
    pixel_weight: Tensor | None = None,
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
    masks = masks_of(target, axis, sample_weight, pixel_weight, validate, probs=probs)
    return reduced(overlap_of(masks, 1.0, 1.0, smooth, squared), reduction, masks.weight)


@loss(ln.tversky)
def tversky(
    probs: Tensor,
    target: Tensor,
    *,
    alpha: float = 0.3,
    beta: float = 0.7,
    smooth: float = 1.0,
    axis: int | Sequence[int] = IMAGE,
    pixel_weight: Tensor | None = None,
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
    masks = masks_of(target, axis, sample_weight, pixel_weight, validate, probs=probs)
    return reduced(overlap_of(masks, alpha, beta, smooth), reduction, masks.weight)


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
    pixel_weight: Tensor | None = None,
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
    masks = masks_of(target, axis, sample_weight, pixel_weight, validate, probs=probs)
    losses = overlap_of(masks, alpha, beta, smooth)
    # The slope of the root is infinite at 0: take the power of 1 there, and nothing of it.
    perfect = losses == 0
    losses = torch.where(perfect, 0, torch.where(perfect, 1, losses) ** (1 / gamma))
    return reduced(losses, reduction, masks.weight)


@loss(ln.dice_bce)
def dice_bce(
    probs: Tensor,
    target: Tensor,
    *,
    bce_weight: float = 1.0,
    smooth: float = 1.0,
    squared: bool = False,
    axis: int | Sequence[int] = IMAGE,
    pixel_weight: Tensor | None = None,
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
    masks = masks_of(target, axis, sample_weight, pixel_weight, validate, probs=probs)
    losses = overlap_of(masks, 0.5, 0.5, smooth, squared)
    if bce_weight:
        surprise = binary_surprise_of_probs(masks.scores, masks.target)
        losses = losses + bce_weight * masks.mean(surprise)
    return reduced(losses, reduction, masks.weight)


@loss(ln.dice_bce_with_logits)
def dice_bce_with_logits(
    logits: Tensor,
    target: Tensor,
    *,
    bce_weight: float = 1.0,
    smooth: float = 1.0,
    squared: bool = False,
    axis: int | Sequence[int] = IMAGE,
    pixel_weight: Tensor | None = None,
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
    masks = masks_of(target, axis, sample_weight, pixel_weight, validate, logits=logits)
    losses = overlap_of(masks._replace(scores=masks.scores.sigmoid()), 0.5, 0.5, smooth, squared)
    if bce_weight:
        surprise = binary_surprise(masks.scores, masks.target, 1 - masks.target)
        losses = losses + bce_weight * masks.mean(surprise)
    return reduced(losses, reduction, masks.weight)


@loss(ln.lovasz)
def lovasz(
    probs: Tensor,
    target: Tensor,
    *,
    axis: int | Sequence[int] = IMAGE,
    pixel_weight: Tensor | None = None,
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
    masks = masks_of(target, axis, sample_weight, pixel_weight, validate, probs=probs)
    p, y = masks.scores, masks.target
    if reads_values(y, validate):
        hard = (y == 0) | (y == 1) | masks.left_out
        if not hard.all():
            raise ValueError(
                "target must hold 0 and 1 only: a soft mask has no Jaccard loss of a set"
            )
    # |y - p| for a hard y, without the kink that p = y would be.
    errors = y * (1 - p) + (1 - y) * p
    order = errors.detach().argsort(dim=-1, descending=True, stable=True)
    # The steps are those of a set, which has no derivative: only the errors pass on a gradient.
    pixels = torch.ones_like(y) if masks.pixels is None else masks.pixels
    steps = _jaccard_steps(*(a.detach().gather(-1, order) for a in (y, pixels)))
    return reduced((errors.gather(-1, order) * steps).sum(-1), reduction, masks.weight)


@loss(ln.generalized_dice)
def generalized_dice(
    probs: Tensor,
    target: Tensor,
    *,
    power: float = 2.0,
    smooth: float = 1.0,
    class_axis: int = -3,
    axis: int | Sequence[int] = IMAGE,
    pixel_weight: Tensor | None = None,
    reduction: Reduction = "mean",
    sample_weight: Tensor | None = None,
    validate: bool = False,
) -> Tensor:
    """PyTorch:
        None; MONAI's `GeneralizedDiceLoss`.
    Example:
        >>> import torch, lossfns.torch as lt
        >>> rare, found = torch.tensor([[1.0, 0, 0, 0]]), torch.tensor([[0.5, 0, 0, 0]])
        >>> masks = [torch.stack([1 - found, found]), torch.stack([1 - rare, rare])]
        >>> lt.generalized_dice(*masks, smooth=0.0)
        tensor(0.2500)
    """
    number("power", power, at_least=0, below=math.inf)
    integer("class_axis", class_axis)
    masks = masks_of(target, axis, sample_weight, pixel_weight, validate, class_axis, probs=probs)
    return reduced(overlap_of(_as_one(masks, power), 0.5, 0.5, smooth), reduction, masks.weight)


class Masks(NamedTuple):
    """Predictions and targets with the pixels of a mask along the last axis."""

    scores: Tensor
    target: Tensor
    weight: Tensor | None
    pixels: Tensor | None  # how often each counts
    left_out: Tensor

    def each(self, values: Tensor) -> Tensor:
        """What each pixel adds to a sum."""
        return values if self.pixels is None else values * self.pixels

    def total(self, values: Tensor) -> Tensor:
        """The sum over the pixels of each mask."""
        return self.each(values).sum(-1)

    def mean(self, values: Tensor) -> Tensor:
        """The mean over the pixels of each mask that count."""
        if self.pixels is None:
            return values.mean(-1)
        counted = self.pixels.sum(-1)
        return self.total(values) / torch.where(counted == 0, 1, counted)


def masks_of(
    target: Any,
    axis: int | Sequence[int],
    sample_weight: Any,
    pixel_weight: Any,
    validate: bool,
    class_axis: int | None = None,
    **scores: Any,
) -> Masks:
    """Check predicted against true masks, and lay out each along the last axis.

    With a class axis the classes lie in front of it, and together are one item. Masks and pixels of
    weight 0 become ½ everywhere, so that nothing in them reaches value or gradient.
    """
    (name,) = scores
    p, y = together(**scores, target=target)
    same_shapes({name: tuple(p.shape), "target": tuple(y.shape)})
    whole = tuple(p.shape)
    front = mask_axes(name, whole, axis)
    classes = () if class_axis is None else (free_axis(name, whole, class_axis, front),)
    moved = (*classes, *front)
    back = tuple(range(-len(moved), 0))

    def laid_out(tensor: Tensor) -> Tensor:
        return tensor.movedim(moved, back).flatten(-len(front))

    p, y = laid_out(p), laid_out(y)
    rows = tuple(p.shape[: p.dim() - len(classes) - 1])
    weight, pixels, left_out = None, None, torch.zeros((), dtype=torch.bool, device=p.device)
    if sample_weight is not None:
        weight = item_weight(sample_weight, p, rows, validate, MASK_HINT)
        left_out = weight.reshape(*weight.shape, *(1,) * (p.dim() - weight.dim())) == 0
    if pixel_weight is not None:
        pixels = companion("pixel_weight", pixel_weight, p)
        pixel_shape(tuple(pixels.shape), whole)
        pixels = torch.where(left_out, 1, laid_out(pixels.expand(whole)))
        within("pixel_weight", pixels, low=0.0, validate=validate)
        counted = pixels.flatten(len(rows)).any(-1)
        weight = torch.where(counted, 1 if weight is None else weight, 0).to(p.dtype)
        left_out = left_out | (pixels == 0)
    if weight is not None:
        p, y = torch.where(left_out, 0.5, p), torch.where(left_out, 0.5, y)
    if name == "probs":
        hint = "pass the sigmoid or softmax of logits"
        within("probs", p, low=0.0, high=1.0, validate=validate, hint=hint)
    within("target", y, low=0.0, high=1.0, validate=validate)
    return Masks(p, y, weight, pixels, left_out)


def _check_prices(alpha: float, beta: float) -> None:
    number("alpha", alpha, at_least=0)
    number("beta", beta, at_least=0)


def _as_one(masks: Masks, power: float) -> Masks:
    """The masks of all classes as one, with weights that fall with the size of the class.

    They sum to 1, so that pixels added to every class are as many of the whole.
    """
    size = masks.total(masks.target.detach())
    rarest = torch.where(size > 0, size, torch.inf).amin(-1, keepdim=True)
    share = torch.where(size > 0, rarest / torch.where(size > 0, size, 1), 1) ** power
    share = (share / share.sum(-1, keepdim=True))[..., None]
    pixels = share if masks.pixels is None else share * masks.pixels
    scores, target, pixels = (
        a.flatten(-2) for a in (masks.scores, masks.target, pixels.expand_as(masks.target))
    )
    return masks._replace(scores=scores, target=target, pixels=pixels)


def overlap_of(
    masks: Masks, alpha: float, beta: float, smooth: float, squared: bool = False
) -> Tensor:
    """The Tversky loss of each mask.

    Written as miss / (hit + miss) it keeps its digits for nearly perfect masks, which 1 - hit / …
    would cancel.
    """
    number("smooth", smooth, at_least=0)
    flag("squared", squared)
    hit, miss = _hit_and_missed(masks, alpha, beta, squared)
    hit = hit + smooth
    total = hit + miss
    empty = total == 0
    return torch.where(empty, 0, miss / torch.where(empty, 1, total))


def _hit_and_missed(
    masks: Masks, alpha: float, beta: float, squared: bool
) -> tuple[Tensor, Tensor]:
    """Of each mask the sum of p y, and that of α p (1 - y) + β (1 - p) y or of α (p - y)²."""
    p, y = masks.scores, masks.target
    if masks.pixels is None and not squared and reads_values(p):
        sums: tuple[Tensor, Tensor] = _Overlap.apply(  # type: ignore[no-untyped-call]
            p, y, alpha, beta
        )
        return sums
    hit = masks.total(p * y)
    if squared:
        return hit, alpha * masks.total((p - y) ** 2)
    return hit, alpha * masks.total(p * (1 - y)) + beta * masks.total((1 - p) * y)


class _Overlap(torch.autograd.Function):
    """Both sums, a few masks at a time as they fit the cache; nothing is kept but the inputs."""

    @staticmethod
    def forward(ctx: Any, p: Tensor, y: Tensor, alpha: float, beta: float) -> tuple[Tensor, Tensor]:
        ctx.settings = alpha, beta
        ctx.save_for_backward(p, y)
        ctx.save_for_forward(p, y)
        hit, miss = [], []
        for own, true in in_slices(p, y, rows=True):
            hit.append((own * true).sum(-1).view(-1))
            alarm, missed = (own, 1 - own) if alpha == beta else (alpha * own, beta * (1 - own))
            # Exact at the ends, where y is 0 or 1, and without cancellation between.
            miss.append(torch.lerp(alarm, missed, true).sum(-1).view(-1))
        sums = torch.cat(miss).view(p.shape[:-1])
        return torch.cat(hit).view(p.shape[:-1]), alpha * sums if alpha == beta else sums

    @staticmethod
    def backward(ctx: Any, by_hit: Tensor, by_miss: Tensor) -> tuple[Tensor | None, ...]:
        (p, y), (alpha, beta) = ctx.saved_tensors, ctx.settings
        by_both = (by_hit - (alpha + beta) * by_miss)[..., None]
        along_p, along_y, *_ = ctx.needs_input_grad
        return (
            (y * by_both).add_((alpha * by_miss)[..., None]) if along_p else None,
            (p * by_both).add_((beta * by_miss)[..., None]) if along_y else None,
            None,
            None,
        )

    @staticmethod
    def jvp(ctx: Any, d_p: Tensor | None, d_y: Tensor | None, *_: Any) -> tuple[Tensor, Tensor]:
        (p, y), (alpha, beta) = ctx.saved_tensors, ctx.settings
        d_p, d_y = (torch.zeros_like(p) if d is None else d for d in (d_p, d_y))
        both = (d_p * y + p * d_y).sum(-1)
        return both, (alpha * d_p + beta * d_y).sum(-1) - (alpha + beta) * both


def _jaccard_steps(sorted_target: Tensor, sorted_pixels: Tensor) -> Tensor:
    """How much the Jaccard loss of a set rises with each pixel that joins those got wrong.

    A pixel of the mask takes itself from the intersection, another adds itself to the union; as
    differences of losses that lie close together the steps would cancel.
    """
    if sorted_target.shape[-1] >= 2**24 and sorted_target.device.type != "mps":
        sorted_target = sorted_target.double()  # float32 cannot count that far
    own, others = sorted_pixels * sorted_target, sorted_pixels * (1 - sorted_target)
    size = own.sum(-1, keepdim=True)
    hit = size - own.cumsum(-1)
    union = size + others.cumsum(-1)
    smaller = union - others
    # From 0 / 0 to 0 / 1: a loss of 1.
    grown = torch.where(smaller == 0, 1, hit / smaller * (others / union))
    return torch.where(sorted_pixels == 0, 0, torch.where(sorted_target == 1, own / union, grown))
