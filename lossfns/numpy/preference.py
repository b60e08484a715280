"""Losses that teach a model what people prefer: reward models, policy gradients, DPO and kin.

All of them take log-probabilities of whole answers, or of their tokens, under the policy that is
trained and under a frozen reference; the losses of pairs share one statistic, the log-ratio

    Δ = ln π(chosen) - ln π(rejected) - (ln π_ref(chosen) - ln π_ref(rejected)).
"""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike

from lossfns._arguments import Reduction, class_axis, flag, number, one_of, token_average
from lossfns.numpy._core import Array, Evaluation, excess, loss, paired, real, reduced, within
from lossfns.numpy._logits import sides, softplus_of_minus


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
    label_smoothing: float = 0.0,
    reduction: Reduction = "mean",
    sample_weight: ArrayLike | None = None,
) -> Evaluation:
    """Direct preference optimisation: the policy itself is the reward model.

        l = (1 - ε) softplus(-β Δ) + ε softplus(β Δ)

    Args:
        chosen, rejected: log-probabilities of whole answers under the policy (summed over their
            tokens), floating point, any shape.
        reference_chosen, reference_rejected: the same under the frozen reference, same shape.
        beta: β > 0, how much it costs to leave the reference.
        label_smoothing: ε in [0, 0.5), the share of pairs that are labelled the wrong way round
            (conservative DPO); it puts the minimum at a finite β Δ = ln((1 - ε) / ε).
        reduction, sample_weight: as for every loss, see the package's documentation.
    Returns:
        The loss, in nats; ln 2 at the start, where the policy is the reference.
    Raises:
        TypeError, ValueError: shapes differ, integers, NaN, beta ≤ 0, label_smoothing outside
        [0, 0.5).
    Gradient:
        -β (σ(-β Δ) - ε) / n with respect to `chosen`, and its negative for wrt="rejected".
    Pitfall:
        It can fall while both log-probabilities fall: watch that of the chosen answers.
    Reference:
        Rafailov et al. (2023), NeurIPS, arXiv:2305.18290; Mitchell (2023), A note on DPO with
        noisy preferences & relationship to IPO, for the smoothing.
    Chapter:
        loss-dpo
    Example:
        >>> import lossfns.numpy as ln
        >>> reference = dict(reference_chosen=[-12.0], reference_rejected=[-9.0])
        >>> round(ln.dpo([-10.0], [-10.0], **reference), 4)
        0.5544
    """
    number("beta", beta, above=0)
    number("label_smoothing", label_smoothing, at_least=0, below=0.5)
    gap, weight = _log_ratio(chosen, rejected, reference_chosen, reference_rejected, sample_weight)
    losses, slope = softplus_of_minus(beta * gap)
    # softplus(x) = softplus(-x) + x
    losses, slope = losses + label_smoothing * beta * gap, beta * (slope + label_smoothing)
    return reduced(losses, reduction, weight, chosen=lambda: slope, rejected=lambda: -slope)


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
        tau: τ > 0, how much it costs to leave the reference.
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
    average: Literal["token", "sequence"] = "token",
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
    return reduced(losses, reduction, weight, log_probs=lambda: np.where(held, 0.0, losses))


@loss
def kl_penalty(
    log_probs: ArrayLike,
    reference_log_probs: ArrayLike,
    *,
    kind: Literal["k1", "k2", "k3"] = "k3",
    average: Literal["token", "sequence"] = "token",
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


@loss
def simpo(
    chosen: ArrayLike,
    rejected: ArrayLike,
    *,
    beta: float = 2.0,
    margin: float = 1.0,
    reduction: Reduction = "mean",
    sample_weight: ArrayLike | None = None,
) -> Evaluation:
    """Simple preference optimisation: DPO without a reference, on log-probabilities per token.

        l = softplus(-(β (chosen - rejected) - γ))

    Args:
        chosen, rejected: mean log-probability per token of each answer under the policy, floating
            point, any shape.
        beta: β > 0, what a nat per token is worth.
        margin: γ ≥ 0, by how much the chosen answer should lead. Code that asks for γ/β (the
            authors' `gamma_beta_ratio`) means margin / beta.
        reduction, sample_weight: as for every loss, see the package's documentation.
    Returns:
        The loss, in nats.
    Raises:
        TypeError, ValueError: shapes differ, integers, NaN, beta ≤ 0, margin < 0.
    Gradient:
        -β σ(γ - β (chosen - rejected)) / n with respect to `chosen`, and its negative for
        wrt="rejected".
    Pitfall:
        It takes means over the tokens, where DPO takes sums: with sums long answers decide.
    Reference:
        Meng, Xia & Chen (2024), NeurIPS, arXiv:2405.14734.
    Chapter:
        loss-simpo
    Example:
        >>> import lossfns.numpy as ln
        >>> round(ln.simpo([-1.0], [-1.5]), 4)
        0.6931
    """
    number("beta", beta, above=0)
    number("margin", margin, at_least=0)
    chosen, rejected, weight = paired(sample_weight, chosen=chosen, rejected=rejected)
    losses, slope = softplus_of_minus(beta * (chosen - rejected) - margin)
    return reduced(
        losses, reduction, weight, chosen=lambda: beta * slope, rejected=lambda: -beta * slope
    )


@loss
def orpo(
    chosen: ArrayLike,
    rejected: ArrayLike,
    *,
    odds_weight: float = 0.1,
    reduction: Reduction = "mean",
    sample_weight: ArrayLike | None = None,
) -> Evaluation:
    """Odds-ratio preference optimisation: fine-tune on the chosen answer, away from the other.

        l = -chosen + λ softplus(-(logit P(chosen) - logit P(rejected))),   P = exp(log-probability)

    Args:
        chosen, rejected: mean log-probability per token of each answer under the policy, < 0,
            floating point, any shape.
        odds_weight: λ ≥ 0, of the odds ratio. TRL calls it beta.
        reduction, sample_weight: as for every loss, see the package's documentation.
    Returns:
        The loss, in nats: the language-modelling loss of the chosen answer, plus the preference.
    Raises:
        TypeError, ValueError: shapes differ, integers, NaN, log-probabilities ≥ 0, odds_weight < 0.
    Gradient:
        (-1 - λ σ(-g) / (1 - P(chosen))) / n with respect to `chosen`, where g is the log-ratio of
        the odds; with wrt="rejected", λ σ(-g) / (1 - P(rejected)) / n.
    Pitfall:
        There is no reference to hold it: the learning rate is the leash, and must be small.
    Reference:
        Hong, Lee & Thorne (2024), EMNLP, arXiv:2403.07691.
    Chapter:
        loss-orpo
    Example:
        >>> import numpy as np, lossfns.numpy as ln
        >>> round(ln.orpo(np.log([0.75]), np.log([0.5])), 4)
        0.3165
    """
    number("odds_weight", odds_weight, at_least=0)
    chosen, rejected, weight = paired(sample_weight, chosen=chosen, rejected=rejected)
    if weight is not None:
        chosen, rejected = (np.where(weight == 0, -1.0, value) for value in (chosen, rejected))
    for name, value in (("chosen", chosen), ("rejected", rejected)):
        within(f"-{name}", -value, low=0.0, open_low=True, hint=_CERTAIN)
    rest, other = -np.expm1(chosen), -np.expm1(rejected)
    preference, slope = softplus_of_minus(chosen - np.log(rest) - (rejected - np.log(other)))
    return reduced(
        odds_weight * preference - chosen,
        reduction,
        weight,
        # The logarithm of the odds, l - ln(1 - e^l), has the slope 1 / (1 - e^l) in l.
        chosen=lambda: odds_weight * slope / rest - 1,
        rejected=lambda: -odds_weight * slope / other,
    )


@loss
def kto(
    log_probs: ArrayLike,
    target: ArrayLike,
    *,
    reference_log_probs: ArrayLike,
    kl: float,
    beta: float = 0.1,
    desirable_weight: float = 1.0,
    undesirable_weight: float = 1.0,
    reduction: Reduction = "mean",
    sample_weight: ArrayLike | None = None,
) -> Evaluation:
    """Kahneman-Tversky optimisation: learn from answers marked good or bad, without pairs.

        l = λ_D σ(β (z - r)) for good answers,   λ_U σ(β (r - z)) for bad ones,
        r = ln π - ln π_ref,   z ≈ KL(π ‖ π_ref)

    Args:
        log_probs: of whole answers under the policy (summed over their tokens), floating point,
            any shape.
        target: same shape, 1 for an answer that people want, 0 for one that they do not.
        reference_log_probs: of the same answers under the frozen reference, same shape.
        kl: z ≥ 0, the reference point: max(0, mean of ln π - ln π_ref) over prompts with answers
            that belong to other prompts. It is a constant: no gradient flows into it.
        beta: β > 0, how much it costs to leave the reference.
        desirable_weight, undesirable_weight: λ_D, λ_U ≥ 0; they leave the denominator of the mean
            alone. With many more good than bad answers, lower λ_D.
        reduction, sample_weight: as for every loss, see the package's documentation.
    Returns:
        The loss, without units: λ/2 where r = z.
    Raises:
        TypeError, ValueError: shapes differ, integers, NaN, targets other than 0 and 1, numbers out
        of range.
    Gradient:
        ∓ λ β σ(β (r - z)) σ(β (z - r)) / n: it fades on both sides of z.
    Pitfall:
        An answer far on the wrong side sends no gradient either: it is given up on as an outlier.
    Reference:
        Ethayarajh et al. (2024), ICML, arXiv:2402.01306.
    Chapter:
        loss-kto
    Example:
        >>> import lossfns.numpy as ln
        >>> round(ln.kto([-10.0], [1], reference_log_probs=[-20.0], kl=0.0), 4)
        0.2689
    """
    number("kl", kl, at_least=0)
    number("beta", beta, above=0)
    number("desirable_weight", desirable_weight, at_least=0)
    number("undesirable_weight", undesirable_weight, at_least=0)
    log_probs, target, reference, weight = paired(
        sample_weight,
        log_probs=log_probs,
        target=target,
        reference_log_probs=reference_log_probs,
    )
    desired = target == 1
    if not (desired | (target == 0) | (False if weight is None else weight == 0)).all():
        raise ValueError("target must hold 0 and 1 only: an answer is wanted or it is not")
    p, rest, _, _ = sides(beta * (log_probs - reference - kl))
    factor = np.where(desired, desirable_weight, undesirable_weight)
    # dσ(x) = σ(x) (1 - σ(x)) dx; a desired answer costs 1 - σ.
    slope = np.where(desired, -beta, beta) * factor * p * rest
    return reduced(factor * np.where(desired, rest, p), reduction, weight, log_probs=lambda: slope)


@loss
def grpo(
    log_probs: ArrayLike,
    old_log_probs: ArrayLike,
    advantages: ArrayLike,
    *,
    reference_log_probs: ArrayLike | None = None,
    beta: float = 0.04,
    clip_low: float = 0.2,
    clip_high: float = 0.2,
    average: Literal["token", "sequence"] | int = "token",
    reduction: Reduction = "mean",
    sample_weight: ArrayLike | None = None,
) -> Evaluation:
    """GRPO, DAPO, Dr. GRPO: the clipped surrogate, with a group of answers in place of a critic.

        l = -min(r A, clip(r, 1 - ε_low, 1 + ε_high) A) + β (e^{-d} - 1 + d),
        r = π / π_old,   d = ln π - ln π_ref

    Args:
        log_probs: of the sampled tokens under the policy, floating point, (answers, tokens).
        old_log_probs: of the same tokens when they were sampled, same shape.
        advantages: A, same shape: `group_advantages` of the rewards, the same for every token of
            an answer.
        reference_log_probs: of the same tokens under the frozen reference, same shape; None leaves
            the penalty out, as DAPO and Dr. GRPO do.
        beta: β > 0, of the penalty, `kl_penalty` with kind="k3".
        clip_low: ε_low in (0, 1).
        clip_high: ε_high > 0; DAPO raises it to 0.28, so that rare tokens may become likelier.
        average: how the tokens of a batch are averaged. "sequence" takes the mean of each answer
            first, as the GRPO paper does; "token" gives all tokens the same weight, as DAPO does;
            a number L divides the sum over each answer by L, as Dr. GRPO does, so that neither
            short nor long answers are favoured.
        reduction, sample_weight: as for every loss; a weight of 0 masks padding. An answer without
            a token does not count.
    Returns:
        The loss, in units of the advantage; 0 where all answers to a prompt got the same reward.
    Raises:
        TypeError, ValueError: shapes differ, integers, NaN, numbers out of range, unknown average.
    Gradient:
        -r A / n where the ratio is not clipped, else 0, plus β (1 - e^{-d}) / n.
    Pitfall:
        The default average is DAPO's (and TRL's), not that of the GRPO paper: pass "sequence".
    Reference:
        Shao et al. (2024), DeepSeekMath, arXiv:2402.03300; Yu et al. (2025), DAPO,
        arXiv:2503.14476; Liu et al. (2025), Dr. GRPO, arXiv:2503.20783.
    Chapter:
        loss-grpo
    Example:
        >>> import numpy as np, lossfns.numpy as ln
        >>> ratio, old = np.log([[1.5, 1.25], [1.0, 0.5]]), np.zeros((2, 2))
        >>> ln.grpo(ratio, old, [[1.0, 1.0], [-1.0, -1.0]], clip_high=0.28, reduction="none")
        array([[-1.28, -1.25],
               [ 1.  ,  0.8 ]])
    """
    number("clip_low", clip_low, above=0, below=1)
    number("clip_high", clip_high, above=0)
    number("beta", beta, above=0)
    given = {} if reference_log_probs is None else {"reference_log_probs": reference_log_probs}
    log_probs, old, advantages, *reference, weight = paired(
        sample_weight, log_probs=log_probs, old_log_probs=old_log_probs, advantages=advantages,
        **given,
    )  # fmt: skip
    # Held in the logarithm, so that no exponential overflows where the clipped branch wins.
    low = np.where(advantages <= 0, np.log1p(-clip_low), -np.inf)
    high = np.where(advantages >= 0, np.log1p(clip_high), np.inf)
    gap = log_probs - old
    losses = -advantages * np.exp(np.clip(gap, low, high))
    # Comparisons, as an infinity less another one is NaN; at the edge both sides share the slope.
    sides = [np.greater(a, b) * 1.0 - np.less(a, b) for a, b in ((gap, low), (high, gap))]
    slope = losses * 0.5 * (sides[0] + sides[1])
    if reference:
        d = log_probs - reference[0]
        losses, slope = losses + beta * (np.expm1(-d) + d), slope - beta * np.expm1(-d)
    share, items = _divided(average, weight, losses.shape)
    return reduced(losses, reduction, share, items=items, log_probs=lambda: slope)


def group_advantages(rewards: ArrayLike, *, scale: bool = True) -> Array:
    """Advantages of answers to one prompt: how much better than the others, in their own spread.

        A_i = (r_i - mean(r)) / std(r)

    Args:
        rewards: (..., answers), floating point; the answers to one prompt lie along the last axis.
        scale: divide by the standard deviation of the group; Dr. GRPO does not.
    Returns:
        Advantages in the shape of the rewards; exactly 0 in a group of equal rewards, which has no
        spread. The standard deviation divides by answers - 1, as in TRL, which adds 1e-4 to it.
    Raises:
        TypeError, ValueError: rewards that are not floating point, NaN, no answers.
    Gradient:
        None: advantages are constants of the policy's loss.
    Pitfall:
        Dividing by the spread makes easy and hard prompts, on which all answers nearly agree,
        count as much as the others.
    Reference:
        Shao et al. (2024), DeepSeekMath, arXiv:2402.03300; Liu et al. (2025), arXiv:2503.20783.
    Chapter:
        group-advantages
    Example:
        >>> import lossfns.numpy as ln
        >>> ln.group_advantages([[1.0, 0.0, 0.0, 1.0], [0.1, 0.1, 0.1, 0.1]]).round(4)
        array([[ 0.866, -0.866, -0.866,  0.866],
               [ 0.   ,  0.   ,  0.   ,  0.   ]])
    """
    flag("scale", scale)
    values = real("rewards", rewards, floating=True)
    class_axis("rewards", values.shape, -1)
    if not np.isfinite(values).all():
        raise ValueError("rewards must be finite to have a mean")
    equal = values.max(axis=-1, keepdims=True) == values.min(axis=-1, keepdims=True)
    above = np.where(equal, 0.0, values - values.mean(axis=-1, keepdims=True))
    spread = np.sqrt((above**2).sum(axis=-1, keepdims=True) / max(values.shape[-1] - 1, 1))
    return above / np.where(equal, 1.0, spread) if scale else above


# Why an answer may not have the probability 1.
_CERTAIN = "a log-probability is below 0, and a certain answer has no odds"


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


def _divided(
    average: str | int, weight: Array | None, shape: tuple[int, ...]
) -> tuple[Array | None, float | None]:
    """Weights and denominator of a mean over tokens, over sequences, or by a constant length."""
    length = token_average(average)
    if length is None:
        return _averaged(str(average), weight, shape), None
    counted = np.broadcast_to(1.0 if weight is None else weight, shape) > 0
    return weight, float(np.atleast_1d(counted).any(axis=-1).sum()) * length
