"""Losses of ranking: which of two items comes first, and in what order a whole list stands."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from lossfns import numpy as ln
from lossfns._arguments import Reduction, class_axis, number, same_shapes
from lossfns.torch._classes import times
from lossfns.torch._core import (
    item_weight,
    loss,
    paired,
    positive_part,
    reads_values,
    reduced,
    same_device,
    tensor,
    together,
    within,
)


@loss(ln.margin_ranking)
def margin_ranking(
    first: Tensor,
    second: Tensor,
    target: Tensor,
    *,
    margin: float = 0.0,
    reduction: Reduction = "mean",
    sample_weight: Tensor | None = None,
    validate: bool = False,
) -> Tensor:
    """PyTorch:
        `torch.nn.functional.margin_ranking_loss`, which broadcasts.
    Example:
        >>> import torch, lossfns.torch as lt
        >>> lt.margin_ranking(torch.tensor([2.0]), torch.tensor([1.5]), torch.tensor([-1]))
        tensor(0.5000)
    """
    number("margin", margin, at_least=0)
    first, second, target, weight = paired(
        sample_weight, validate=validate, first=first, second=second, target=target
    )
    if reads_values(target, validate):
        valid = target.abs() == 1
        if not (valid if weight is None else valid | (weight == 0)).all():
            raise ValueError("target must hold -1 and +1 only: which of the two comes first")
    return reduced(positive_part(margin - target * (first - second)), reduction, weight)


@loss(ln.listnet)
def listnet(
    scores: Tensor,
    target: Tensor,
    *,
    mask: Tensor | None = None,
    reduction: Reduction = "mean",
    sample_weight: Tensor | None = None,
    validate: bool = False,
) -> Tensor:
    """PyTorch:
        `F.cross_entropy(scores, target.softmax(-1))`, for lists of one length.
    Example:
        >>> import torch, lossfns.torch as lt
        >>> lt.listnet(torch.zeros(2), torch.tensor([1.0, 0.0]))
        tensor(0.6931)
    """
    s, y, there, weight, counted = _lists(scores, target, mask, sample_weight, validate)
    there = there | (counted == 0)[..., None]  # a softmax over nothing is 0 / 0
    log_probs, log_aim = (row.masked_fill(~there, -torch.inf).log_softmax(-1) for row in (s, y))
    losses = -times(log_aim.exp(), log_probs).sum(-1)
    return reduced(losses * counted, reduction, weight, mass=counted)


@loss(ln.listmle)
def listmle(
    scores: Tensor,
    target: Tensor,
    *,
    mask: Tensor | None = None,
    reduction: Reduction = "mean",
    sample_weight: Tensor | None = None,
    validate: bool = False,
) -> Tensor:
    """PyTorch:
        None.
    Example:
        >>> import torch, lossfns.torch as lt
        >>> lt.listmle(torch.zeros(3), torch.tensor([3.0, 2.0, 1.0]))
        tensor(1.7918)
    """
    s, y, there, weight, counted = _lists(scores, target, mask, sample_weight, validate)
    if reads_values(y, validate) and y.isnan().any():
        raise ValueError("target must not hold NaN, which has no place in an order")
    left = ~_before(y) & there[..., None, :] & there[..., None]
    left = left | torch.eye(s.shape[-1], dtype=torch.bool, device=s.device)
    rest = (s[..., None, :] - s[..., None]).masked_fill(~left, -torch.inf)
    # Below the best of the rest: scores of thousands would leave the gradient three digits.
    top = rest.detach().amax(-1, keepdim=True)
    losses = (rest - top).logsumexp(-1) + top[..., 0]
    return reduced(losses.sum(-1), reduction, weight, mass=counted)


@loss(ln.lambdarank)
def lambdarank(
    scores: Tensor,
    target: Tensor,
    *,
    mask: Tensor | None = None,
    sigma: float = 1.0,
    reduction: Reduction = "mean",
    sample_weight: Tensor | None = None,
    validate: bool = False,
) -> Tensor:
    """PyTorch:
        None.
    Example:
        >>> import torch, lossfns.torch as lt
        >>> lt.lambdarank(torch.tensor([0.0, 1.0]), torch.tensor([1.0, 0.0]))
        tensor(0.4847)
    """
    number("sigma", sigma, above=0)
    s, y, there, weight, counted = _lists(scores, target, mask, sample_weight, validate)
    within("target", y, low=0.0, validate=validate)
    gain = torch.where(there, torch.exp2(y) - 1, 0)
    discount, ideal = (1 / torch.log2(1 + _ranks(row, there)) for row in (s.detach(), y))
    best = (gain * ideal).sum(-1)[..., None, None]
    swap = (_differences(gain) * _differences(discount)).abs() / torch.where(best == 0, 1, best)
    pairs = (_differences(y) > 0) & there[..., None, :] & there[..., None]
    losses = -torch.where(pairs, swap, 0) * F.logsigmoid(sigma * _differences(s))
    return reduced(losses.sum((-2, -1)), reduction, weight, mass=counted)


def _lists(
    scores: Any, target: Any, mask: Any, sample_weight: Any, validate: bool
) -> tuple[Tensor, Tensor, Tensor, Tensor | None, Tensor]:
    """Check lists; return scores, relevances, where items are, weights, and which lists count.

    At places without an item, and in lists of weight 0, scores and relevances become 0.
    """
    s, y = together(scores=scores, target=target)
    same_shapes({"scores": tuple(s.shape), "target": tuple(y.shape)})
    class_axis("scores", tuple(s.shape), -1)
    there = torch.ones_like(s, dtype=torch.bool) if mask is None else tensor("mask", mask)
    if there.dtype != torch.bool:
        raise TypeError(f"mask must be boolean, got {there.dtype}")
    same_device("mask", there, s)
    same_shapes({"scores": tuple(s.shape), "mask": tuple(there.shape)})
    weight, kept = None, there
    if sample_weight is not None:
        weight = item_weight(sample_weight, s, s.shape[:-1], validate)
        kept = there & (weight[..., None] != 0)
    s, y = torch.where(kept, s, 0), torch.where(kept, y, 0)
    counted = there.any(-1)
    return s, y, there, weight, counted.to(s.dtype)


def _differences(values: Tensor) -> Tensor:
    """v_i - v_j, for i along the last but one axis and j along the last."""
    return values[..., None] - values[..., None, :]


def _before(values: Tensor) -> Tensor:
    """Whether j stands before i, in falling order; of equals the first in the list does."""
    i, j = values[..., None], values[..., None, :]
    place = torch.arange(values.shape[-1], device=values.device)
    return (j > i) | ((j == i) & (place < place[:, None]))


def _ranks(values: Tensor, there: Tensor) -> Tensor:
    """1 for the largest."""
    return 1.0 + (_before(values) & there[..., None, :]).sum(-1).to(values.dtype)
