"""Losses that teach a model what people prefer: reward models, policy gradients, DPO and kin."""

from __future__ import annotations

import math
from typing import Any, Literal

import torch
from torch import Tensor
from torch.nn import functional as F

from lossfns import numpy as ln
from lossfns._arguments import Reduction, class_axis, flag, number, one_of, token_average
from lossfns.torch._core import (
    companion,
    compute_dtype,
    excess,
    loss,
    paired,
    reads_values,
    reduced,
    within,
)


@loss(ln.reward_model)
def reward_model(
    chosen: Tensor,
    rejected: Tensor,
    *,
    reduction: Reduction = "mean",
    sample_weight: Tensor | None = None,
    validate: bool = False,
) -> Tensor:
    """PyTorch:
        None.
    Example:
        >>> import torch, lossfns.torch as lt
        >>> lt.reward_model(torch.tensor([1.0]), torch.tensor([0.0]))
        tensor(0.3133)
    """
    chosen, rejected, weight = paired(
        sample_weight, validate=validate, chosen=chosen, rejected=rejected
    )
    return reduced(-F.logsigmoid(chosen - rejected), reduction, weight)


@loss(ln.dpo)
def dpo(
    chosen: Tensor,
    rejected: Tensor,
    *,
    reference_chosen: Tensor,
    reference_rejected: Tensor,
    beta: float = 0.1,
    label_smoothing: float = 0.0,
    reduction: Reduction = "mean",
    sample_weight: Tensor | None = None,
    validate: bool = False,
) -> Tensor:
    """PyTorch:
        None. The reference's log-probabilities are constants: compute them under `torch.no_grad`.
        Of a large vocabulary `-linear_cross_entropy(hidden, tokens, linear_weight=head,
        reduction="none").sum(-1)` gives those of the answers without its logits.
    Example:
        >>> import torch, lossfns.torch as lt
        >>> policy, reference = torch.tensor([-10.0, -10.0]), torch.tensor([-12.0, -9.0])
        >>> lt.dpo(policy[0], policy[1], reference_chosen=reference[0],
        ...        reference_rejected=reference[1])
        tensor(0.5544)
    """
    number("beta", beta, above=0)
    number("label_smoothing", label_smoothing, at_least=0, below=0.5)
    gap, weight = _log_ratio(
        chosen, rejected, reference_chosen, reference_rejected, sample_weight, validate
    )
    # softplus(x) = softplus(-x) + x
    losses = label_smoothing * beta * gap - F.logsigmoid(beta * gap)
    return reduced(losses, reduction, weight)


@loss(ln.ipo)
def ipo(
    chosen: Tensor,
    rejected: Tensor,
    *,
    reference_chosen: Tensor,
    reference_rejected: Tensor,
    tau: float = 0.1,
    reduction: Reduction = "mean",
    sample_weight: Tensor | None = None,
    validate: bool = False,
) -> Tensor:
    """PyTorch:
        None.
    Example:
        >>> import torch, lossfns.torch as lt
        >>> policy, reference = torch.tensor([-10.0, -10.0]), torch.tensor([-12.0, -9.0])
        >>> lt.ipo(policy[0], policy[1], reference_chosen=reference[0],
        ...        reference_rejected=reference[1], tau=0.25)
        tensor(1.)
    """
    number("tau", tau, above=0)
    gap, weight = _log_ratio(
        chosen, rejected, reference_chosen, reference_rejected, sample_weight, validate
    )
    return reduced((gap - 1 / (2 * tau)) ** 2, reduction, weight)


@loss(ln.ppo_clip)
def ppo_clip(
    log_probs: Tensor,
    old_log_probs: Tensor,
    advantages: Tensor,
    *,
    clip: float = 0.2,
    average: Literal["token", "sequence"] = "token",
    reduction: Reduction = "mean",
    sample_weight: Tensor | None = None,
    validate: bool = False,
) -> Tensor:
    """PyTorch:
        None.
    Example:
        >>> import torch, lossfns.torch as lt
        >>> ratio, advantage = torch.tensor([1.5, 1.5]), torch.tensor([1.0, -1.0])
        >>> lt.ppo_clip(ratio.log(), torch.zeros(2), advantage, reduction="none")
        tensor([-1.2000,  1.5000])
    """
    number("clip", clip, above=0, below=1)
    log_probs, old, advantages, weight = paired(
        sample_weight,
        validate=validate,
        log_probs=log_probs,
        old_log_probs=old_log_probs,
        advantages=advantages,
    )
    gap = log_probs - old
    ratio, bound = gap.detach().exp(), 1 + clip * advantages.sign()
    # Where the clipped branch wins the ratio does not count, and may overflow.
    below = torch.where(advantages < 0, ratio <= bound, ratio >= 0)
    held = torch.where(advantages > 0, ratio >= bound, below)
    surrogate = torch.where(held, bound, torch.where(held, 0, gap).exp()) * advantages
    return reduced(-surrogate, reduction, _averaged(average, weight, surrogate))


@loss(ln.kl_penalty)
def kl_penalty(
    log_probs: Tensor,
    reference_log_probs: Tensor,
    *,
    kind: Literal["k1", "k2", "k3"] = "k3",
    average: Literal["token", "sequence"] = "token",
    reduction: Reduction = "mean",
    sample_weight: Tensor | None = None,
    validate: bool = False,
) -> Tensor:
    """PyTorch:
        None.
    Example:
        >>> import torch, lossfns.torch as lt
        >>> lt.kl_penalty(torch.tensor([-1.0]), torch.tensor([-3.0]), kind="k2")
        tensor(2.)
    """
    one_of("kind", kind, ("k1", "k2", "k3"))
    log_probs, reference, weight = paired(
        sample_weight,
        validate=validate,
        log_probs=log_probs,
        reference_log_probs=reference_log_probs,
    )
    d = log_probs - reference
    losses = d if kind == "k1" else 0.5 * d**2 if kind == "k2" else excess(-d)
    return reduced(losses, reduction, _averaged(average, weight, losses))


@loss(ln.simpo)
def simpo(
    chosen: Tensor,
    rejected: Tensor,
    *,
    beta: float = 2.0,
    margin: float = 1.0,
    reduction: Reduction = "mean",
    sample_weight: Tensor | None = None,
    validate: bool = False,
) -> Tensor:
    """PyTorch:
        None.
    Example:
        >>> import torch, lossfns.torch as lt
        >>> lt.simpo(torch.tensor([-1.0]), torch.tensor([-1.5]))
        tensor(0.6931)
    """
    number("beta", beta, above=0)
    number("margin", margin, at_least=0)
    chosen, rejected, weight = paired(
        sample_weight, validate=validate, chosen=chosen, rejected=rejected
    )
    return reduced(-F.logsigmoid(beta * (chosen - rejected) - margin), reduction, weight)


@loss(ln.orpo)
def orpo(
    chosen: Tensor,
    rejected: Tensor,
    *,
    odds_weight: float = 0.1,
    reduction: Reduction = "mean",
    sample_weight: Tensor | None = None,
    validate: bool = False,
) -> Tensor:
    """PyTorch:
        None.
    Example:
        >>> import torch, lossfns.torch as lt
        >>> lt.orpo(torch.tensor([0.75]).log(), torch.tensor([0.5]).log())
        tensor(0.3165)
    """
    number("odds_weight", odds_weight, at_least=0)
    chosen, rejected, weight = paired(
        sample_weight, validate=validate, chosen=chosen, rejected=rejected
    )
    if weight is not None:
        chosen, rejected = (torch.where(weight == 0, -1, value) for value in (chosen, rejected))
    hint = "a log-probability is below 0, and a certain answer has no odds"
    for name, value in (("chosen", chosen), ("rejected", rejected)):
        within(f"-{name}", -value, low=0.0, open_low=True, validate=validate, hint=hint)
    log_odds = [value - (-torch.expm1(value)).log() for value in (chosen, rejected)]
    losses = -odds_weight * F.logsigmoid(log_odds[0] - log_odds[1]) - chosen
    return reduced(losses, reduction, weight)


@loss(ln.kto)
def kto(
    log_probs: Tensor,
    target: Tensor,
    *,
    reference_log_probs: Tensor,
    kl: float | Tensor,
    beta: float = 0.1,
    desirable_weight: float = 1.0,
    undesirable_weight: float = 1.0,
    reduction: Reduction = "mean",
    sample_weight: Tensor | None = None,
    validate: bool = False,
) -> Tensor:
    """PyTorch:
        None. `kl` may be a tensor of one number, so that nothing waits for a GPU; it is detached.
    Example:
        >>> import torch, lossfns.torch as lt
        >>> policy, reference = torch.tensor([-10.0]), torch.tensor([-20.0])
        >>> lt.kto(policy, torch.tensor([1]), reference_log_probs=reference, kl=0.0)
        tensor(0.2689)
    """
    number("beta", beta, above=0)
    number("desirable_weight", desirable_weight, at_least=0)
    number("undesirable_weight", undesirable_weight, at_least=0)
    log_probs, target, reference, weight = paired(
        sample_weight,
        validate=validate,
        log_probs=log_probs,
        target=target,
        reference_log_probs=reference_log_probs,
    )
    if isinstance(kl, Tensor):
        if kl.numel() != 1:
            raise ValueError(f"kl must be a single number, got shape {tuple(kl.shape)}")
        kl = companion("kl", kl, log_probs).detach().reshape(())
        within("kl", kl, low=0.0, validate=validate)
    else:
        number("kl", kl, at_least=0)
    desired = target == 1
    if reads_values(target, validate):
        masked = False if weight is None else weight == 0
        if not (desired | (target == 0) | masked).all():
            raise ValueError("target must hold 0 and 1 only: an answer is wanted or it is not")
    lead = beta * (log_probs - reference - kl)
    losses = torch.where(
        desired, desirable_weight * torch.sigmoid(-lead), undesirable_weight * torch.sigmoid(lead)
    )
    return reduced(losses, reduction, weight)


@loss(ln.grpo)
def grpo(
    log_probs: Tensor,
    old_log_probs: Tensor,
    advantages: Tensor,
    *,
    reference_log_probs: Tensor | None = None,
    beta: float = 0.04,
    clip_low: float = 0.2,
    clip_high: float = 0.2,
    average: Literal["token", "sequence"] | int = "token",
    reduction: Reduction = "mean",
    sample_weight: Tensor | None = None,
    validate: bool = False,
) -> Tensor:
    """PyTorch:
        None. The first step after sampling may pass `log_probs.detach()` as `old_log_probs`.
    Example:
        >>> import torch, lossfns.torch as lt
        >>> ratio, advantages = torch.tensor([[1.5, 1.25]]), torch.ones(1, 2)
        >>> lt.grpo(ratio.log(), torch.zeros(1, 2), advantages, clip_high=0.28, reduction="none")
        tensor([[-1.2800, -1.2500]])
    """
    number("clip_low", clip_low, above=0, below=1)
    number("clip_high", clip_high, above=0)
    number("beta", beta, above=0)
    given = {} if reference_log_probs is None else {"reference_log_probs": reference_log_probs}
    log_probs, old, advantages, *reference, weight = paired(
        sample_weight,
        validate=validate,
        log_probs=log_probs,
        old_log_probs=old_log_probs,
        advantages=advantages,
        **given,
    )
    # Held in the logarithm, so that no exponential overflows where the clipped branch wins.
    gap = log_probs - old
    low = torch.full_like(gap, math.log1p(-clip_low)).masked_fill(advantages > 0, -torch.inf)
    high = torch.full_like(gap, math.log1p(clip_high)).masked_fill(advantages < 0, torch.inf)
    gap = torch.maximum(torch.minimum(gap, high), low)
    losses = -advantages * gap.exp()
    if reference:
        d = log_probs - reference[0]
        losses = losses + beta * (torch.expm1(-d) + d)
    share, items = _divided(average, weight, losses)
    return reduced(losses, reduction, share, items=items)


def group_advantages(rewards: Tensor, *, scale: bool = True) -> Tensor:
    """Advantages of answers to one prompt: how much better than the others, in their own spread.

    Formula, errors and pitfall are those of `lossfns.numpy.group_advantages`.

    Args:
        rewards: (..., answers), floating point; the answers to one prompt lie along the last axis.
        scale: divide by the standard deviation of the group; Dr. GRPO does not.
    Returns:
        Advantages in the shape of the rewards; exactly 0 in a group of equal rewards.
    Raises:
        TypeError, ValueError: rewards that are not floating point, NaN, no answers.
    Gradient:
        None: advantages are constants of the policy's loss.
    Pitfall:
        The answers to one prompt must lie along the last axis: reshape a batch to (prompts, G).
    Reference:
        Shao et al. (2024), DeepSeekMath, arXiv:2402.03300; Liu et al. (2025), arXiv:2503.20783.
    Chapter:
        group-advantages
    Example:
        >>> import torch, lossfns.torch as lt
        >>> lt.group_advantages(torch.tensor([[1.0, 0.0, 0.0, 1.0], [0.1, 0.1, 0.1, 0.1]]))
        tensor([[ 0.8660, -0.8660, -0.8660,  0.8660],
                [ 0.0000,  0.0000,  0.0000,  0.0000]])
    """
    flag("scale", scale)
    values = compute_dtype("rewards", rewards).detach()
    class_axis("rewards", tuple(values.shape), -1)
    if reads_values(values) and not values.isfinite().all():
        raise ValueError("rewards must be finite to have a mean")
    equal = values.amax(-1, keepdim=True) == values.amin(-1, keepdim=True)
    above = torch.where(equal, 0, values - values.mean(-1, keepdim=True))
    spread = ((above**2).sum(-1, keepdim=True) / max(values.shape[-1] - 1, 1)).sqrt()
    return above / torch.where(equal, 1, spread) if scale else above


def _log_ratio(
    chosen: Any,
    rejected: Any,
    reference_chosen: Any,
    reference_rejected: Any,
    sample_weight: Any,
    validate: bool,
) -> tuple[Tensor, Tensor | None]:
    chosen, rejected, reference_chosen, reference_rejected, weight = paired(
        sample_weight,
        validate=validate,
        chosen=chosen,
        rejected=rejected,
        reference_chosen=reference_chosen,
        reference_rejected=reference_rejected,
    )
    return (chosen - reference_chosen) - (rejected - reference_rejected), weight


def _averaged(average: str, weight: Tensor | None, losses: Tensor) -> Tensor | None:
    """Weights under which the mean over tokens is the mean over sequences, where that is asked."""
    one_of("average", average, ("token", "sequence"))
    if average == "token" or not losses.dim():
        return weight
    full = losses.new_ones(()) if weight is None else weight
    full = full.expand(losses.shape)
    length = full.sum(-1, keepdim=True)
    return full / torch.where(length == 0, 1, length)


def _divided(
    average: str | int, weight: Tensor | None, losses: Tensor
) -> tuple[Tensor | None, Tensor | None]:
    """Weights and denominator of a mean over tokens, over sequences, or by a constant length."""
    length = token_average(average)
    if length is None:
        return _averaged(str(average), weight, losses), None
    full = losses.new_ones(()) if weight is None else weight
    counted = (full > 0).expand(losses.shape or (1,)).any(-1)
    return weight, counted.sum().clamp(min=1) * length
