"""Losses that teach a model what people prefer: reward models, policy gradients, DPO and kin.

All of them eat log-probabilities of whole answers, or of their tokens, under the policy that is
trained and under a frozen reference; the losses of pairs share one statistic, the log-ratio

    Δ = ln π(chosen) - ln π(rejected) - (ln π_ref(chosen) - ln π_ref(rejected)).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from lossfns._arguments import Reduction, number, one_of
from lossfns.numpy._core import Array, Evaluation, excess, loss, paired, reduced
from lossfns.numpy._logits import softplus_of_minus


@loss
def reward_model(
    chosen: ArrayLike,
    rejected: ArrayLike,
    *,
    reduction: Reduction = "mean",
    sample_weight: ArrayLike | None = None,
) -> Evaluation:
    """Pairwise reward loss: the answer that people chose should score higher (Bradley-Terry).

        l = softplus(-(r_chosen - r_rejected))

    Args:
        chosen: rewards of the preferred answers, floating point, any shape.
        rejected: rewards of the others, same shape.
        reduction, sample_weight: as for every loss, see the package's documentation.
    Returns:
        The loss, in nats.
    Raises:
        TypeError, ValueError: shapes differ, integers, NaN, unknown reduction.
    Gradient:
        -σ(r_rejected - r_chosen) / n with respect to `chosen`, and its negative for wrt="rejected".
    Pitfall:
        Only differences are learned: rewards of different prompts have no common zero.
    Reference:
        Bradley & Terry (1952), Biometrika 39; Ouyang et al. (2022), arXiv:2203.02155.
    Chapter:
        loss-reward-model
    Example:
        >>> import lossfns.numpy as ln
        >>> round(ln.reward_model([1.0], [0.0]), 4)
        0.3133
    """
    chosen, rejected, weight = paired(sample_weight, chosen=chosen, rejected=rejected)
    losses, slope = softplus_of_minus(chosen - rejected)
    return reduced(losses, reduction, weight, chosen=lambda: slope, rejected=lambda: -slope)


@loss
def dpo(
    chosen: ArrayLike,
    rejected: ArrayLike,
    *,
    reference_chosen: ArrayLike,
    reference_rejected: ArrayLike,
    beta: float = 0.1,
    reduction: Reduction = "mean",
    sample_weight: ArrayLike | None = None,
) -> Evaluation:
    """Direct preference optimisation: the policy itself is the reward model.

        l = softplus(-β Δ)

    Args:
        chosen, rejected: log-probabilities of whole answers under the policy (summed over their
            tokens), floating point, any shape.
        reference_chosen, reference_rejected: the same under the frozen reference, same shape.
        beta: β > 0, how dear it is to leave the reference.
        reduction, sample_weight: as for every loss, see the package's documentation.
    Returns:
        The loss, in nats; ln 2 at the start, where the policy is the reference.
    Raises:
        TypeError, ValueError: shapes differ, integers, NaN, beta ≤ 0.
    Gradient:
        -β σ(-β Δ) / n with respect to `chosen`, and its negative for wrt="rejected".
    Pitfall:
        It can fall while both log-probabilities fall: watch that of the chosen answers.
    Reference:
        Rafailov et al. (2023), NeurIPS, arXiv:2305.18290.
    Chapter:
        loss-dpo
    Example:
        >>> import lossfns.numpy as ln
        >>> reference = dict(reference_chosen=[-12.0], reference_rejected=[-9.0])
        >>> round(ln.dpo([-10.0], [-10.0], **reference), 4)
        0.5544
    """
    number("beta", beta, above=0)
    gap, weight = _log_ratio(chosen, rejected, reference_chosen, reference_rejected, sample_weight)
    losses, slope = softplus_of_minus(beta * gap)
    return reduced(
        losses, reduction, weight, chosen=lambda: beta * slope, rejected=lambda: -beta * slope
    )


@loss
def ipo(
    chosen: ArrayLike,
    rejected: ArrayLike,
    *,
    reference_chosen: ArrayLike,
    reference_rejected: ArrayLike,
    tau: float = 0.1,
    reduction: Reduction = "mean",
    sample_weight: ArrayLike | None = None,
) -> Evaluation:
    """Identity preference optimisation: bring the log-ratio to a finite goal, and no further.

        l = (Δ - 1 / (2 τ))²

    Args:
        chosen, rejected: log-probabilities of whole answers under the policy, floating point, any
            shape.
        reference_chosen, reference_rejected: the same under the frozen reference, same shape.
        tau: τ > 0, how dear it is to leave the reference.
        reduction, sample_weight: as for every loss, see the package's documentation.
    Returns:
        The loss, in squared nats.
    Raises:
        TypeError, ValueError: shapes differ, integers, NaN, tau ≤ 0.
    Gradient:
        2 (Δ - 1 / (2 τ)) / n with respect to `chosen`, and its negative for wrt="rejected".
    Pitfall:
        Sums over tokens and means over tokens need different τ; implementations differ in which.
    Reference:
        Azar et al. (2024), AISTATS, arXiv:2310.12036.
    Chapter:
        loss-ipo
    Example:
        >>> import lossfns.numpy as ln
        >>> reference = dict(reference_chosen=[-12.0], reference_rejected=[-9.0])
        >>> ln.ipo([-10.0], [-10.0], **reference, tau=0.25)
        1.0
    """
    number("tau", tau, above=0)
    gap, weight = _log_ratio(chosen, rejected, reference_chosen, reference_rejected, sample_weight)
    miss = gap - 1 / (2 * tau)
    return reduced(miss**2, reduction, weight, chosen=lambda: 2 * miss, rejected=lambda: -2 * miss)


@loss
def ppo_clip(
    log_probs: ArrayLike,
    old_log_probs: ArrayLike,
    advantages: ArrayLike,
    *,
    clip: float = 0.2,
    average: str = "token",
    reduction: Reduction = "mean",
    sample_weight: ArrayLike | None = None,
) -> Evaluation:
    """PPO's clipped surrogate: follow the advantage, but not far from the policy that sampled.

        l = -min(r A, clip(r, 1 - ε, 1 + ε) A),   r = π / π_old

    Args:
        log_probs: of the taken actions under the policy, floating point, any shape, (sequences,
            tokens) for language.
        old_log_probs: of the same actions when they were sampled, same shape.
        advantages: A, same shape.
        clip: ε in (0, 1).
        average: "token" gives every token the same weight; "sequence" takes the mean over the last
            axis first, so that short answers count as much as long ones.
        reduction, sample_weight: as for every loss; a weight of 0 masks padding.
    Returns:
        The loss, in units of the advantage; its negative is the surrogate objective.
    Raises:
        TypeError, ValueError: shapes differ, integers, NaN, clip outside (0, 1), unknown average.
    Gradient:
        -r A / n where the ratio is not clipped, else 0. A ratio that overflows counts only there.
    Pitfall:
        The first step after sampling has r = 1 everywhere: clipping shows only in later epochs.
    Reference:
        Schulman et al. (2017), arXiv:1707.06347.
    Chapter:
        loss-ppo-clip
    Example:
        >>> import numpy as np, lossfns.numpy as ln
        >>> old = np.zeros(2)
        >>> ln.ppo_clip(np.log([1.5, 1.5]), old, [1.0, -1.0], reduction="none")
        array([-1.2,  1.5])
    """
    number("clip", clip, above=0, below=1)
    log_probs, old, advantages, weight = paired(
        sample_weight, log_probs=log_probs, old_log_probs=old_log_probs, advantages=advantages
    )
    ratio, bound = np.exp(log_probs - old), 1 + clip * np.sign(advantages)
    # Where the clipped branch wins the ratio does not count, and may overflow.
    below = np.where(advantages < 0, ratio <= bound, ratio >= 0)
    held = np.where(advantages > 0, ratio >= bound, below)
    losses = -np.where(held, bound, ratio) * advantages
    weight = _averaged(average, weight, log_probs.shape)
    return reduced(
        losses, reduction, weight, log_probs=lambda: np.where(held, 0.0, losses)
    )


@loss
def kl_penalty(
    log_probs: ArrayLike,
    reference_log_probs: ArrayLike,
    *,
    kind: str = "k3",
    average: str = "token",
    reduction: Reduction = "mean",
    sample_weight: ArrayLike | None = None,
) -> Evaluation:
    """Estimate of KL(policy ‖ reference) from sampled tokens, the leash of RLHF.

        k1: d        k2: ½ d²        k3: e^{-d} - 1 + d,   d = ln π - ln π_ref

    Args:
        log_probs: of tokens sampled from the policy, floating point, any shape.
        reference_log_probs: of the same tokens under the frozen reference, same shape.
        kind: "k1" (unbiased, may be negative), "k2" (biased, low variance) or "k3" (unbiased, never
            negative).
        average: "token" or "sequence", see `ppo_clip`.
        reduction, sample_weight: as for every loss; a weight of 0 masks padding.
    Returns:
        The estimate, in nats.
    Raises:
        TypeError, ValueError: shapes differ, integers, NaN, unknown kind or average.
    Gradient:
        1, d, or 1 - e^{-d}, over n.
    Pitfall:
        An unbiased estimate of KL is not an unbiased estimate of its gradient: the gradient of k1
        says nothing about the reference, that of k2 is the right one on average.
    Reference:
        Schulman (2020), Approximating KL divergence; Ziegler et al. (2019), arXiv:1909.08593.
    Chapter:
        loss-kl-penalty
    Example:
        >>> import lossfns.numpy as ln
        >>> ln.kl_penalty([-1.0], [-3.0], kind="k2")
        2.0
    """
    one_of("kind", kind, ("k1", "k2", "k3"))
    log_probs, reference, weight = paired(
        sample_weight, log_probs=log_probs, reference_log_probs=reference_log_probs
    )
    d = log_probs - reference
    if kind == "k1":
        losses, slope = d, np.ones_like(d)
    elif kind == "k2":
        losses, slope = 0.5 * d**2, d
    else:
        losses, slope = excess(-d), -np.expm1(-d)
    weight = _averaged(average, weight, d.shape)
    return reduced(losses, reduction, weight, log_probs=lambda: slope)


def _log_ratio(
    chosen: Any, rejected: Any, reference_chosen: Any, reference_rejected: Any, sample_weight: Any
) -> tuple[Array, Array | None]:
    chosen, rejected, reference_chosen, reference_rejected, weight = paired(
        sample_weight,
        chosen=chosen,
        rejected=rejected,
        reference_chosen=reference_chosen,
        reference_rejected=reference_rejected,
    )
    return (chosen - reference_chosen) - (rejected - reference_rejected), weight


def _averaged(average: str, weight: Array | None, shape: tuple[int, ...]) -> Array | None:
    """Weights under which the mean over tokens is the mean over sequences, where that is asked."""
    one_of("average", average, ("token", "sequence"))
    if average == "token" or not shape:
        return weight
    full = np.broadcast_to(1.0 if weight is None else weight, shape)
    length = full.sum(axis=-1, keepdims=True)
    return full / np.where(length == 0, 1.0, length)
