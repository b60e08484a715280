"""Losses that teach a model what people prefer: reward models, policy gradients, DPO and kin."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from lossfns import numpy as ln
from lossfns._arguments import Reduction, number, one_of
from lossfns.torch._core import excess, loss, paired, reduced


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
    reduction: Reduction = "mean",
    sample_weight: Tensor | None = None,
    validate: bool = False,
) -> Tensor:
    """PyTorch:
        None. The reference's log-probabilities are constants: compute them under `torch.no_grad`.
    Example:
        >>> import torch, lossfns.torch as lt
        >>> policy, reference = torch.tensor([-10.0, -10.0]), torch.tensor([-12.0, -9.0])
        >>> lt.dpo(policy[0], policy[1], reference_chosen=reference[0],
        ...        reference_rejected=reference[1])
        tensor(0.5544)
    """
    number("beta", beta, above=0)
    gap, weight = _log_ratio(
        chosen, rejected, reference_chosen, reference_rejected, sample_weight, validate
    )
    return reduced(-F.logsigmoid(beta * gap), reduction, weight)


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
    average: str = "token",
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
    kind: str = "k3",
    average: str = "token",
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
