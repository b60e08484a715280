"""Entropy and divergences between distributions. Classes are summed first: `mean` is over items."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike

from lossfns._arguments import Reduction, hint_one_class, number
from lossfns.numpy._classes import class_rows, distribution, log_softmax, times
from lossfns.numpy._core import Array, Evaluation, excess, loss, reduced

_EATS_LOGARITHMS = "log_probs must be logarithms of probabilities: pass a log-softmax"


@loss
def entropy(
    probs: ArrayLike,
    *,
    axis: int = -1,
    reduction: Reduction = "mean",
    sample_weight: ArrayLike | None = None,
) -> Evaluation:
    """Entropy: the surprise to expect from a distribution.

        H = -Σ_c p_c ln p_c

    Args:
        probs: probabilities that sum to 1 over the class axis, any shape.
        axis: the class axis.
        reduction, sample_weight: as for every loss; the result has the shape without that axis.
    Returns:
        The entropy, in nats: 0 for a certain outcome, ln C for C equally likely ones.
    Raises:
        TypeError, ValueError: rows that are not distributions, integers, NaN.
    Gradient:
        -(ln p + 1) / n for the mean; where p is 0 it is infinite, and given as 0, so that a
        softmax that underflowed still trains.
    Pitfall:
        As a bonus for exploration it is maximised: subtract it from the loss.
    Reference:
        Shannon (1948), A mathematical theory of communication, Bell System Technical Journal 27.
    Chapter:
        loss-entropy
    Example:
        >>> import lossfns.numpy as ln
        >>> round(ln.entropy([[0.5, 0.5]]), 4)
        0.6931
    """
    probs, weight = class_rows(axis, sample_weight, probs=probs)
    distribution("probs", probs)
    losses = -times(probs, np.log(probs)).sum(axis=-1)

    def slope() -> Array:
        # d(p ln p) = (ln p + 1) dp.
        return np.where(probs > 0, -np.log(probs) - 1, 0.0)

    return reduced(losses, reduction, weight, axis=axis, probs=slope)


@loss
def kl_div(
    log_probs: ArrayLike,
    target: ArrayLike,
    *,
    axis: int = -1,
    reduction: Reduction = "mean",
    sample_weight: ArrayLike | None = None,
) -> Evaluation:
    """Kullback-Leibler divergence of the prediction from the target distribution, KL(t ‖ p).

        l = Σ_c t_c (ln t_c - ln p_c)

    Args:
        log_probs: ln p, logarithms of probabilities that sum to 1 over the class axis.
        target: t, probabilities, same shape.
        axis: the class axis.
        reduction, sample_weight: as for every loss; the losses have the shape without that axis.
    Returns:
        The divergence, in nats, averaged over items. Rows that sum to 1 up to rounding count as if
        they did exactly: it is never negative for them, and 0 where they agree. PyTorch's
        `kl_div(reduction="mean")` divides by the number of classes as well; its "batchmean" is
        this one for inputs of two axes.
    Raises:
        TypeError, ValueError: shapes differ, probabilities given for log_probs, rows that are not
        distributions, NaN.
    Gradient:
        -t / n with respect to log_probs, for the mean.
    Pitfall:
        KL(t ‖ p) is not KL(p ‖ t): this direction makes p cover all of t.
    Reference:
        Kullback & Leibler (1951), On information and sufficiency, Annals of Mathematical
        Statistics 22(1).
    Chapter:
        loss-kl-div
    Example:
        >>> import numpy as np, lossfns.numpy as ln
        >>> round(ln.kl_div(np.log([[0.25, 0.75]]), [[0.5, 0.5]]), 4)
        0.1438
    """
    log_probs, target, weight = _log_rows(axis, sample_weight, log_probs, target)
    losses = _kl(log_probs, target)
    return reduced(losses, reduction, weight, axis=axis, log_probs=lambda: -target)


@loss
def js_div(
    log_probs: ArrayLike,
    target: ArrayLike,
    *,
    axis: int = -1,
    reduction: Reduction = "mean",
    sample_weight: ArrayLike | None = None,
) -> Evaluation:
    """Jensen-Shannon divergence: symmetric, and never more than ln 2.

        l = ½ KL(p ‖ m) + ½ KL(t ‖ m),   m = ½ (p + t)

    Args:
        log_probs: ln p, logarithms of probabilities that sum to 1 over the class axis.
        target: t, probabilities, same shape.
        axis: the class axis.
        reduction, sample_weight: as for every loss; the losses have the shape without that axis.
    Returns:
        The divergence, in nats, between 0 and ln 2. SciPy's `jensenshannon` is its square root.
    Raises:
        TypeError, ValueError: shapes differ, probabilities given for log_probs, rows that are not
        distributions, NaN.
    Gradient:
        ½ p ln(p / m) / n with respect to log_probs, for the mean.
    Pitfall:
        Between distributions that do not overlap it is ln 2 and flat: nothing says where to go.
    Reference:
        Lin (1991), Divergence measures based on the Shannon entropy, IEEE Transactions on
        Information Theory 37(1).
    Chapter:
        loss-js-div
    Example:
        >>> import numpy as np, lossfns.numpy as ln
        >>> round(ln.js_div(np.log([[0.9, 0.1]]), [[0.1, 0.9]]), 4)
        0.3681
    """
    log_probs, target, weight = _log_rows(axis, sample_weight, log_probs, target)
    probs = np.exp(log_probs)
    middle, half_gap = 0.5 * (probs + target), 0.5 * (target - probs)
    # With p = m (1 - s) and t = m (1 + s) the terms of ±s cancel: here is what they leave.
    near = np.abs(half_gap) < 0.5 * middle
    s = np.where(near, half_gap / np.where(near, middle, 1.0), 0.0)
    close = 0.5 * middle * (2 * s * np.arctanh(s) + np.log1p(-s * s))
    log_middle = np.log(middle)
    pulled = 0.5 * times(probs, log_probs - log_middle)
    apart = pulled + 0.5 * times(target, np.log(target) - log_middle)
    return reduced(
        np.where(near, close, apart).sum(axis=-1),
        reduction,
        weight,
        axis=axis,
        # ½ p ln(p / m) by ln p: what the change of m contributes, ½ - ½, cancels.
        log_probs=lambda: np.where(near, 0.5 * probs * np.log1p(-s), pulled),
    )


@loss
def gaussian_kl(
    mean: ArrayLike,
    log_var: ArrayLike,
    *,
    axis: int = -1,
    reduction: Reduction = "mean",
    sample_weight: ArrayLike | None = None,
) -> Evaluation:
    """KL divergence of a diagonal Gaussian from the standard normal: the VAE's regulariser.

        l = ½ Σ_d (μ_d² + e^{s_d} - 1 - s_d),   s = ln σ²

    Args:
        mean: μ, floating point, any shape; its last axis holds the latent dimensions.
        log_var: s, logarithms of the variances, same shape.
        axis: the axis of the latent dimensions, summed over.
        reduction, sample_weight: as for every loss; the losses have the shape without that axis.
    Returns:
        The divergence, in nats.
    Raises:
        TypeError, ValueError: shapes differ, integers, NaN.
    Gradient:
        μ / n; with wrt="log_var", ½ (e^s - 1) / n.
    Pitfall:
        Summed over dimensions, not averaged: averaging makes it a β-VAE with β = 1/D.
    Reference:
        Kingma & Welling (2014), Auto-encoding variational Bayes, appendix B, arXiv:1312.6114.
    Chapter:
        loss-gaussian-kl
    Example:
        >>> import lossfns.numpy as ln
        >>> ln.gaussian_kl([[1.0, 2.0]], [[0.0, 0.0]])
        2.5
    """
    mean, log_var, weight = class_rows(axis, sample_weight, mean=mean, log_var=log_var)
    return reduced(
        0.5 * (mean**2 + excess(log_var)).sum(axis=-1),
        reduction,
        weight,
        axis=axis,
        mean=lambda: mean,
        # ½ (e^v - 1 - v) by v.
        log_var=lambda: 0.5 * np.expm1(log_var),
    )


@loss
def distillation(
    student_logits: ArrayLike,
    teacher_logits: ArrayLike,
    *,
    temperature: float = 1.0,
    axis: int = -1,
    reduction: Reduction = "mean",
    sample_weight: ArrayLike | None = None,
) -> Evaluation:
    """Knowledge distillation: KL between softened predictions of a teacher and a student.

        l = T² KL(softmax(teacher / T) ‖ softmax(student / T))

    Args:
        student_logits: floating point, any shape with a class axis.
        teacher_logits: same shape.
        temperature: T > 0. The factor T² keeps the size of the gradient as T changes; divide by it
            to compare with code that leaves it out.
        axis: the class axis.
        reduction, sample_weight: as for every loss; the losses have the shape without that axis.
    Returns:
        The loss, in nats times T².
    Raises:
        TypeError, ValueError: shapes differ, integer predictions, NaN, temperature ≤ 0.
    Gradient:
        T (softmax(student / T) - softmax(teacher / T)) / n for the mean.
    Pitfall:
        In PyTorch, detach the teacher: here it is differentiable like any other argument.
    Reference:
        Hinton, Vinyals & Dean (2015), arXiv:1503.02531.
    Chapter:
        loss-distillation
    Example:
        >>> import lossfns.numpy as ln
        >>> round(ln.distillation([[1.0, 0.0]], [[3.0, 0.0]], temperature=2.0), 4)
        0.361
    """
    number("temperature", temperature, above=0)
    student, teacher, weight = class_rows(
        axis, sample_weight, student_logits=student_logits, teacher_logits=teacher_logits
    )
    hint_one_class("student_logits", student.shape[-1], frames=5)
    log_student = log_softmax(student / temperature)
    log_teacher = log_softmax(teacher / temperature)
    soft = np.exp(log_teacher)
    apart = times(soft, log_teacher - log_student).sum(axis=-1)
    # Near agreement that cancels. There it is ln Σ t e^d with Σ t d = 0, which is
    # ln(1 + Σ t (e^d - 1 - d)), a sum of what is not negative; d are the gaps of the logits.
    gap = (student - teacher) / temperature
    near = (np.abs(gap) < 20).all(axis=-1, keepdims=True)
    gap = np.where(near, gap, 0.0)
    gap = gap - (soft * gap).sum(axis=-1, keepdims=True)
    close = np.log1p((soft * excess(gap)).sum(axis=-1))

    def slope() -> Array:
        # T² KL has the slope T² (p - t) / T in the logits of the student.
        # The student's probabilities are t e^d / (1 + Σ t (e^d - 1 - d)).
        surplus = np.expm1(close)[..., None]
        pull = soft * (np.expm1(gap) - surplus) / (1 + surplus)
        return np.asarray(temperature * np.where(near, pull, np.exp(log_student) - soft))

    losses = temperature**2 * np.where(near[..., 0], close, apart)
    return reduced(losses, reduction, weight, axis=axis, student_logits=slope)


def _kl(log_probs: Array, target: Array) -> Array:
    """Σ t (ln t - ln p) of each row, from terms that do not cancel.

    With d = ln p - ln t it is Σ t (e^d - 1 - d) - Σ (p - t), and of distributions the last sum is
    0: what rounding leaves of it would be all that is left near agreement.
    """
    probs = np.exp(log_probs)
    d = log_probs - np.log(np.where(target == 0, 1.0, target))
    near = np.abs(d) < 0.125
    each = np.where(near, target * excess(np.where(near, d, 0.0)), probs - target - target * d)
    each = np.where(target == 0, probs, each)
    astray = (probs - target).sum(axis=-1)
    rounded = np.abs(astray) < 32 * np.finfo(np.float64).eps
    return np.asarray(each.sum(axis=-1) - np.where(rounded, 0.0, astray))


def _log_rows(
    axis: int,
    sample_weight: ArrayLike | None,
    log_probs: ArrayLike,
    target: ArrayLike,
) -> tuple[Array, Array, Array | None]:
    """Check a prediction in logarithms against a target distribution."""
    rows, target, weight = class_rows(axis, sample_weight, log_probs=log_probs, target=target)
    if weight is not None:
        # The neutral row of a masked item, as a logarithm.
        rows = np.where(weight[..., None] == 0, -math.log(rows.shape[-1]), rows)
    distribution("exp(log_probs)", np.exp(rows), hint=_EATS_LOGARITHMS)
    distribution("target", target)
    return rows, target, weight
