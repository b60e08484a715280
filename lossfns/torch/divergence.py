"""Entropy and divergences between distributions. Classes are summed first: `mean` is over items."""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional as F

from lossfns import numpy as ln
from lossfns._arguments import Reduction, number
from lossfns.torch._classes import (
    are_distributions,
    class_rows,
    distribution,
    one_class,
    times,
    times_log,
)
from lossfns.torch._core import excess, loss, reads_values, reduced
from lossfns.torch._slopes import Slope, is_small, reduced_by_slopes


@loss(ln.entropy)
def entropy(
    probs: Tensor,
    *,
    axis: int = -1,
    reduction: Reduction = "mean",
    sample_weight: Tensor | None = None,
    validate: bool = False,
) -> Tensor:
    """PyTorch:
        `torch.distributions.Categorical(probs).entropy()`; `torch.special.entr` per class.
    Example:
        >>> import torch, lossfns.torch as lt
        >>> lt.entropy(torch.tensor([[0.5, 0.5]]))
        tensor(0.6931)
    """
    probs, weight = class_rows(axis, sample_weight, validate, probs=probs)
    distribution("probs", probs, validate)
    return reduced(-times_log(probs, probs).sum(-1), reduction, weight)


@loss(ln.kl_div)
def kl_div(
    log_probs: Tensor,
    target: Tensor,
    *,
    axis: int = -1,
    reduction: Reduction = "mean",
    sample_weight: Tensor | None = None,
    validate: bool = False,
) -> Tensor:
    """PyTorch:
        `torch.nn.functional.kl_div(log_probs, target, reduction="batchmean")`.
    Example:
        >>> import torch, lossfns.torch as lt
        >>> lt.kl_div(torch.tensor([[0.25, 0.75]]).log(), torch.tensor([[0.5, 0.5]]))
        tensor(0.1438)
    """
    log_probs, target, weight = _log_rows(axis, sample_weight, validate, log_probs, target)
    if target.requires_grad and reads_values(target) and not (target > 0).all():
        # Of the slope by a target of 0, which is infinite, the formula makes 0.
        return reduced(_kl_formula(log_probs, target), reduction, weight)
    if is_small(log_probs) and reads_values(log_probs) and weight is None and reduction != "none":
        items = log_probs.numel() // log_probs.shape[-1]
        total = F.kl_div(log_probs, target, reduction="sum")
        # On average far from agreement, where what cancels in some rows is nothing beside the rest;
        # and finite, so that no 0 has met an infinite logarithm.
        if 0.05 * items < total.item() < math.inf:
            return reduced(total, reduction, items=items)
    return reduced_by_slopes(
        _kl_slopes, _kl_formula, reduction, weight, log_probs, target, rows=True
    )


@loss(ln.js_div)
def js_div(
    log_probs: Tensor,
    target: Tensor,
    *,
    axis: int = -1,
    reduction: Reduction = "mean",
    sample_weight: Tensor | None = None,
    validate: bool = False,
) -> Tensor:
    """PyTorch:
        None.
    Example:
        >>> import torch, lossfns.torch as lt
        >>> lt.js_div(torch.tensor([[0.9, 0.1]]).log(), torch.tensor([[0.1, 0.9]]))
        tensor(0.3681)
    """
    log_probs, target, weight = _log_rows(axis, sample_weight, validate, log_probs, target)
    probs = log_probs.exp()
    middle, half_gap = 0.5 * (probs + target), 0.5 * (target - probs)
    # With p = m (1 - s) and t = m (1 + s) the terms of ±s cancel: here is what they leave.
    near = half_gap.abs() < 0.5 * middle
    s = torch.where(near, half_gap / torch.where(near, middle, 1), 0)
    close = middle * (2 * s * torch.atanh(s) + torch.log1p(-s * s))
    log_middle = torch.where(middle == 0, 1, middle).log()
    # Where the probability has underflowed its logarithm may be -inf: 0 wins there.
    seen = torch.where(probs == 0, 0, log_probs)
    apart = probs * (seen - log_middle) + times_log(target, target) - target * log_middle
    return reduced(0.5 * torch.where(near, close, apart).sum(-1), reduction, weight)


@loss(ln.gaussian_kl)
def gaussian_kl(
    mean: Tensor,
    log_var: Tensor,
    *,
    axis: int = -1,
    reduction: Reduction = "mean",
    sample_weight: Tensor | None = None,
    validate: bool = False,
) -> Tensor:
    """PyTorch:
        `torch.distributions.kl_divergence(Normal(mean, std), Normal(0, 1)).sum(-1)`.
    Example:
        >>> import torch, lossfns.torch as lt
        >>> lt.gaussian_kl(torch.tensor([[1.0, 2.0]]), torch.zeros(1, 2))
        tensor(2.5000)
    """
    mean, log_var, weight = class_rows(axis, sample_weight, validate, mean=mean, log_var=log_var)
    losses = 0.5 * (mean**2 + excess(log_var)).sum(-1)
    return reduced(losses, reduction, weight)


@loss(ln.distillation)
def distillation(
    student_logits: Tensor,
    teacher_logits: Tensor,
    *,
    temperature: float = 1.0,
    axis: int = -1,
    reduction: Reduction = "mean",
    sample_weight: Tensor | None = None,
    validate: bool = False,
) -> Tensor:
    """PyTorch:
        `F.kl_div(log_softmax(student / T), softmax(teacher / T), reduction="batchmean") * T**2`.
    Example:
        >>> import torch, lossfns.torch as lt
        >>> student, teacher = torch.tensor([[1.0, 0.0]]), torch.tensor([[3.0, 0.0]])
        >>> lt.distillation(student, teacher, temperature=2.0)
        tensor(0.3610)
    """
    number("temperature", temperature, above=0)
    student, teacher, weight = class_rows(
        axis, sample_weight, validate, student_logits=student_logits, teacher_logits=teacher_logits
    )
    one_class("student_logits", student.shape[-1])
    log_student = (student / temperature).log_softmax(-1)
    log_teacher = (teacher / temperature).log_softmax(-1)
    soft = log_teacher.exp()
    # Both may be -inf for a class that both rule out.
    apart = (times(soft, log_teacher) - times(soft, log_student)).sum(-1)
    # Near agreement that cancels. There it is ln Σ t e^d with Σ t d = 0, which is
    # ln(1 + Σ t (e^d - 1 - d)), a sum of what is not negative; d are the gaps of the logits.
    gap = (student - teacher) / temperature
    near = (gap.detach().abs() < 20).all(-1, keepdim=True)
    gap = torch.where(near, gap, 0)
    gap = gap - (soft * gap).sum(-1, keepdim=True)
    close = torch.log1p((soft * excess(gap)).sum(-1))
    losses = torch.where(near[..., 0], close, apart)
    return reduced(temperature**2 * losses, reduction, weight)


def _kl_formula(log_probs: Tensor, target: Tensor) -> Tensor:
    """Σ t (ln t - ln p) of each row."""
    formula = times(target, times_log(target.sign(), target) - log_probs).sum(-1)
    # The slope of the formula, and its value without the cancellation.
    losses = _kl(log_probs.detach(), target.detach()) + (formula - formula.detach())
    return torch.where(formula == torch.inf, formula, losses)


def _kl_slopes(log_probs: Tensor, target: Tensor) -> tuple[Tensor, list[Slope]]:
    """The same of finite logarithms, and its slopes."""
    # Against a finite logarithm the 0 wins.
    log_target = target.clamp(min=torch.finfo(target.dtype).tiny).log_()
    losses = log_target.sub_(log_probs).mul_(target).sum(-1)
    if losses.numel() and losses.amin().item() < 0.05:
        near = losses < 0.05  # where it cancels
        losses[near] = _kl(log_probs[near], target[near])
    return losses, [lambda: -target, lambda: target.log().add_(1).sub_(log_probs)]


def _kl(log_probs: Tensor, target: Tensor) -> Tensor:
    """Σ t (ln t - ln p) of each row, from terms that do not cancel.

    With d = ln p - ln t it is Σ t (e^d - 1 - d) - Σ (p - t), and of distributions the last sum is
    0: what rounding leaves of it would be all that is left near agreement.
    """
    probs = log_probs.exp()
    d = log_probs - torch.where(target == 0, 1, target).log()
    near = d.abs() < 0.125
    each = torch.where(near, target * excess(torch.where(near, d, 0)), probs - target - target * d)
    each = torch.where(target == 0, probs, each)
    astray = (probs - target).sum(-1)
    rounded = astray.abs() < 32 * torch.finfo(probs.dtype).eps
    return each.sum(-1) - torch.where(rounded, 0, astray)


def _log_rows(
    axis: int, sample_weight: Tensor | None, validate: bool, log_probs: Tensor, target: Tensor
) -> tuple[Tensor, Tensor, Tensor | None]:
    """Check a prediction in logarithms against a target distribution."""
    rows, target, weight = class_rows(
        axis, sample_weight, validate, log_probs=log_probs, target=target
    )
    if weight is not None:
        # The neutral row of a masked item, as a logarithm.
        rows = torch.where(weight[..., None] == 0, -math.log(rows.shape[-1]), rows)
    if is_small(rows) and reads_values(rows, validate) and are_distributions(rows.exp(), target):
        return rows, target, weight
    hint = "log_probs must be logarithms of probabilities: pass a log-softmax"
    distribution("exp(log_probs)", rows, validate, hint=hint, logarithms=True)
    distribution("target", target, validate)
    return rows, target, weight
