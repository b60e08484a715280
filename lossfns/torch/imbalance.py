"""Losses for rare classes: class weights, focal losses and the asymmetric loss."""

from __future__ import annotations

import functools
import math

import torch
from torch import Tensor
from torch.nn import functional as F

from lossfns import numpy as ln
from lossfns._arguments import WEIGHT_KINDS, Reduction, WeightKind, number, one_of
from lossfns.torch._classes import (
    class_rows,
    class_weight,
    distribution,
    labelled_rows,
    log,
    log_rest,
    one_class,
    only_0_and_1,
    per_class,
    pick,
    smoothed,
    times,
)
from lossfns.torch._core import (
    documented,
    loss,
    paired,
    positive_part,
    reduced,
    tensor,
    within,
)
from lossfns.torch._slopes import Slope, reduced_by_slopes
from lossfns.torch.classification import reduced_binary_surprise, reduced_binary_surprise_of_probs


@documented(ln.class_weights)
def class_weights(
    counts: Tensor, *, kind: WeightKind = "inverse", beta: float = 0.999, validate: bool = False
) -> Tensor:
    """PyTorch:
        None; scikit-learn's `class_weight="balanced"` is the kind "inverse".
    Example:
        >>> import torch, lossfns.torch as lt
        >>> lt.class_weights(torch.tensor([900, 100]))
        tensor([0.5556, 5.0000])
    """
    one_of("kind", kind, WEIGHT_KINDS)
    number("beta", beta, at_least=0, below=1)
    counts = tensor("counts", counts)
    if counts.is_complex():
        raise TypeError(f"counts must hold real numbers, got dtype {counts.dtype}")
    if counts.dim() != 1 or not counts.numel():
        shape = tuple(counts.shape)
        raise ValueError(f"counts must be a list of one count per class, got shape {shape}")
    exact = counts.is_floating_point() and counts.dtype.itemsize >= 4
    # Not in half precision, whatever the default: a count of 901 is 900 in bfloat16.
    default = torch.promote_types(torch.get_default_dtype(), torch.float32)
    counts = counts if exact else counts.to(default)
    largest = torch.finfo(counts.dtype).max
    within("counts", counts, low=0.0, high=largest, open_low=True, validate=validate)
    if kind == "effective":
        # 1 - β^n without cancellation, for few examples and β near 1.
        return (beta - 1) / torch.expm1(counts * (math.log(beta) if beta else -math.inf))
    inverse = counts.mean() / counts
    return inverse.sqrt() if kind == "inverse_sqrt" else inverse


@loss(ln.focal)
def focal(
    probs: Tensor,
    target: Tensor,
    *,
    alpha: float | None = 0.25,
    gamma: float = 2.0,
    label_smoothing: float = 0.0,
    reduction: Reduction = "mean",
    sample_weight: Tensor | None = None,
    validate: bool = False,
) -> Tensor:
    """PyTorch:
        None.
    Example:
        >>> import torch, lossfns.torch as lt
        >>> lt.focal(torch.tensor([0.9, 0.1]), torch.ones(2), alpha=None, reduction="none")
        tensor([1.0536e-03, 1.8651e+00])
    """
    check_focal(alpha, gamma)
    probs, target, weight = paired(sample_weight, validate=validate, probs=probs, target=target)
    hint = "for logits use focal_with_logits"
    extremes = within("probs", probs, low=0.0, high=1.0, validate=validate, hint=hint)
    within("target", target, low=0.0, high=1.0, validate=validate)
    target = smoothed(target, label_smoothing)
    if alpha is None and not gamma:
        return reduced_binary_surprise_of_probs(probs, target, extremes, reduction, weight)
    positive, negative = _alpha_t(alpha, target)
    # A term that costs nothing is left out, as its power or logarithm may have an infinite slope;
    # of one that is certain and wrong, which does not fade, the logarithm has none.
    hit, missed = _where_it_costs(probs, positive, probs == 1, gamma)
    reject, alarmed = _where_it_costs(probs, negative, probs == 0, gamma)
    wrong = hit < torch.finfo(hit.dtype).tiny, reject == 1
    losses = -missed * torch.where(wrong[0], 1, 1 - hit) ** gamma * log(hit)
    losses = losses - alarmed * torch.where(wrong[1], 1, reject) ** gamma * log_rest(reject)
    return reduced(losses, reduction, weight)


@loss(ln.focal_with_logits)
def focal_with_logits(
    logits: Tensor,
    target: Tensor,
    *,
    alpha: float | None = 0.25,
    gamma: float = 2.0,
    label_smoothing: float = 0.0,
    reduction: Reduction = "mean",
    sample_weight: Tensor | None = None,
    validate: bool = False,
) -> Tensor:
    """PyTorch:
        None; `torchvision.ops.sigmoid_focal_loss`, whose gradient is NaN for 0 < gamma < 1 at
        saturated logits, which treats soft labels in another way, and returns "none" by default.
    Example:
        >>> import torch, lossfns.torch as lt
        >>> lt.focal_with_logits(torch.tensor([2.0, -2.0]), torch.ones(2), reduction="none")
        tensor([0.0005, 0.4125])
    """
    check_focal(alpha, gamma)
    logits, target, weight = paired(sample_weight, validate=validate, logits=logits, target=target)
    hard = only_0_and_1(target, validate) and not label_smoothing
    target = smoothed(target, label_smoothing)
    return _focal_of_logits(logits, target, hard, alpha, gamma, 0, reduction, weight)


@loss(ln.softmax_focal)
def softmax_focal(
    logits: Tensor,
    target: Tensor,
    *,
    weight: Tensor | None = None,
    alpha: Tensor | float | None = None,
    gamma: float = 2.0,
    ignore_index: int = -100,
    label_smoothing: float = 0.0,
    axis: int = -1,
    reduction: Reduction = "mean",
    sample_weight: Tensor | None = None,
    validate: bool = False,
) -> Tensor:
    """PyTorch:
        None.
    Example:
        >>> import torch, lossfns.torch as lt
        >>> lt.softmax_focal(torch.tensor([[2.0, 1.0, 0.1]]), torch.tensor([0]))
        tensor(0.0485)
    """
    number("gamma", gamma, at_least=0, below=math.inf)
    return _class_focal(
        *(logits, target, weight, alpha, gamma, 0.0, ignore_index, label_smoothing, axis),
        reduction,
        sample_weight,
        validate,
    )


@loss(ln.class_balanced_focal)
def class_balanced_focal(
    logits: Tensor,
    target: Tensor,
    *,
    class_counts: Tensor,
    beta: float = 0.999,
    gamma: float = 2.0,
    ignore_index: int = -100,
    axis: int = -1,
    reduction: Reduction = "mean",
    sample_weight: Tensor | None = None,
    validate: bool = False,
) -> Tensor:
    """PyTorch:
        None.
    Example:
        >>> import torch, lossfns.torch as lt
        >>> logits, counts = torch.zeros(2, 2), torch.tensor([900, 100])
        >>> lt.class_balanced_focal(
        ...     logits, torch.tensor([0, 1]), class_counts=counts, reduction="none"
        ... )
        tensor([0.0958, 0.5973])
    """
    number("beta", beta, at_least=0, below=1)
    number("gamma", gamma, at_least=0, below=math.inf)
    rows, labels, share = labelled_rows(
        axis, sample_weight, ignore_index, validate, target, logits=logits
    )
    counts = per_class("class_counts", class_counts, rows)
    within("class_counts", counts, low=0.0, open_low=True, validate=validate)
    weights = class_weights(counts, kind="effective", beta=beta)
    per_label = pick((weights / weights.mean()).expand_as(rows), labels)
    own = labels[..., None] == torch.arange(rows.shape[-1], device=rows.device)
    losses = _focal_term(torch.where(own, rows, -rows), gamma).sum(-1)
    return reduced(per_label * losses, reduction, share)


@loss(ln.asymmetric)
def asymmetric(
    logits: Tensor,
    target: Tensor,
    *,
    gamma_pos: float = 0.0,
    gamma_neg: float = 4.0,
    margin: float = 0.05,
    reduction: Reduction = "mean",
    sample_weight: Tensor | None = None,
    validate: bool = False,
) -> Tensor:
    """PyTorch:
        None.
    Example:
        >>> import torch, lossfns.torch as lt
        >>> logits, target = torch.tensor([0.0, 0.0, -3.0]), torch.tensor([1, 0, 0])
        >>> lt.asymmetric(logits, target, reduction="none")
        tensor([0.6931, 0.0245, 0.0000])
    """
    number("gamma_pos", gamma_pos, at_least=0, below=math.inf)
    number("gamma_neg", gamma_neg, at_least=0, below=math.inf)
    number("margin", margin, at_least=0, below=1)
    logits, target, weight = paired(sample_weight, validate=validate, logits=logits, target=target)
    within("target", target, low=0.0, high=1.0, validate=validate)
    missed = _focal_term(logits, gamma_pos)
    if margin:
        alarmed = _shifted_term(logits, gamma_neg, margin)
    else:
        alarmed = _focal_term(-logits, gamma_neg)
    return reduced(times(target, missed) + times(1 - target, alarmed), reduction, weight)


@loss(ln.poly1_cross_entropy)
def poly1_cross_entropy(
    logits: Tensor,
    target: Tensor,
    *,
    epsilon: float = 2.0,
    weight: Tensor | None = None,
    ignore_index: int = -100,
    label_smoothing: float = 0.0,
    axis: int = -1,
    reduction: Reduction = "mean",
    sample_weight: Tensor | None = None,
    validate: bool = False,
) -> Tensor:
    """PyTorch:
        None.
    Example:
        >>> import torch, lossfns.torch as lt
        >>> lt.poly1_cross_entropy(torch.tensor([[2.0, 1.0, 0.1]]), torch.tensor([0]))
        tensor(1.0990)
    """
    number("epsilon", epsilon, at_least=-1, below=math.inf)
    return _class_focal(
        *(logits, target, weight, None, 0.0, epsilon, ignore_index, label_smoothing, axis),
        reduction,
        sample_weight,
        validate,
    )


@loss(ln.poly1_focal_with_logits)
def poly1_focal_with_logits(
    logits: Tensor,
    target: Tensor,
    *,
    epsilon: float = 1.0,
    alpha: float | None = 0.25,
    gamma: float = 2.0,
    label_smoothing: float = 0.0,
    reduction: Reduction = "mean",
    sample_weight: Tensor | None = None,
    validate: bool = False,
) -> Tensor:
    """PyTorch:
        None.
    Example:
        >>> import torch, lossfns.torch as lt
        >>> lt.poly1_focal_with_logits(torch.tensor([2.0, -2.0]), torch.ones(2), reduction="none")
        tensor([0.0009, 0.5834])
    """
    check_focal(alpha, gamma)
    number("epsilon", epsilon, at_least=-1, below=math.inf)
    logits, target, weight = paired(sample_weight, validate=validate, logits=logits, target=target)
    hard = only_0_and_1(target, validate) and not label_smoothing
    target = smoothed(target, label_smoothing)
    return _focal_of_logits(logits, target, hard, alpha, gamma, epsilon, reduction, weight)


def sigmoid_focal(
    logits: Tensor, target: Tensor, alpha: float | None, gamma: float, epsilon: float = 0.0
) -> Tensor:
    """Focal losses of arguments that have been checked; `retinanet` adds them up.

    With an epsilon they are those of Poly-1, as in the other cores.
    """
    positive, negative = _alpha_t(alpha, target)
    hit, reject = -F.logsigmoid(logits), -F.logsigmoid(-logits)
    missed, alarmed = _faded(hit, reject, gamma, epsilon), _faded(reject, hit, gamma, epsilon)
    return times(positive, missed) + times(negative, alarmed)


def _focal_of_logits(
    logits: Tensor,
    target: Tensor,
    hard: bool,
    alpha: float | None,
    gamma: float,
    epsilon: float,
    reduction: Reduction,
    weight: Tensor | None,
) -> Tensor:
    """Focal losses of arguments that have been checked, reduced."""
    if alpha is None and not gamma and not epsilon:
        return reduced_binary_surprise(logits, target, hard, reduction, weight)
    formula = functools.partial(sigmoid_focal, alpha=alpha, gamma=gamma, epsilon=epsilon)
    if hard and not epsilon and not target.requires_grad:
        closed = functools.partial(_hard_focal_slopes, alpha=alpha, gamma=gamma)
        return reduced_by_slopes(closed, formula, reduction, weight, logits, target)
    return reduced(formula(logits, target), reduction, weight)


def _hard_focal_slopes(
    logits: Tensor, target: Tensor, alpha: float | None, gamma: float
) -> tuple[Tensor, list[Slope]]:
    """`sigmoid_focal` of finite logits and labels of 0 and 1, and its slope by the logits."""
    sign = target.mul(2).sub_(1)
    margin = sign * logits
    surprise = F.logsigmoid(margin).neg_()
    wrong = margin.neg_().sigmoid_()
    fading = wrong**gamma
    if alpha is not None:
        fading *= target.mul(2 * alpha - 1).add_(1 - alpha)

    def slope() -> Tensor:
        # d/dm of w^γ ln(1 + e^-m), w = σ(-m), is -w^γ (γ (1 - w) ln(1 + e^-m) + w).
        rising = (gamma - gamma * wrong).mul_(surprise).add_(wrong)
        return rising.mul_(fading).mul_(sign).neg_()

    return surprise * fading, [slope]


def label_focal(rows: Tensor, labels: Tensor, gamma: float, epsilon: float = 0.0) -> Tensor:
    """Focal losses of a softmax over classes."""
    return _focal_term(_log_odds(rows, labels), gamma, epsilon)


def check_focal(alpha: float | None, gamma: float) -> None:
    if alpha is not None:
        number("alpha", alpha, at_least=0, at_most=1)
    number("gamma", gamma, at_least=0, below=math.inf)


def _alpha_t(alpha: float | None, target: Tensor) -> tuple[Tensor, Tensor]:
    """The weights of the positive and of the negative term."""
    if alpha is None:
        return target, 1 - target
    return alpha * target, (1 - alpha) * (1 - target)


def _where_it_costs(
    probs: Tensor, share: Tensor, right: Tensor, gamma: float
) -> tuple[Tensor, Tensor]:
    """Probabilities and weights, harmless and 0 where a term has no weight or is fully faded."""
    free = share == 0
    if gamma:
        free = free | right
    return torch.where(free, 0.5, probs), torch.where(free, 0, share)


def _focal_term(log_odds: Tensor, gamma: float, epsilon: float = 0.0) -> Tensor:
    """Focal loss of what happened, by its log-odds."""
    # logsigmoid, as torch's softplus drops the tail beyond its threshold of 20.
    return _faded(-F.logsigmoid(log_odds), -F.logsigmoid(-log_odds), gamma, epsilon)


def _faded(surprise: Tensor, opposite: Tensor, gamma: float, epsilon: float) -> Tensor:
    """(1 - p)^γ (-ln p + ε (1 - p)) from -ln p and -ln(1 - p).

    As exp(γ ln(1 - p)) the fading has a finite slope everywhere; as a power (1 - p)^γ with γ < 1
    it has an infinite one at p = 1.
    """
    if not gamma and not epsilon:
        return surprise
    # Where p is 0 nothing fades; the constant says so to the gradient, which is inf · 0 at p = 0.
    opposite = torch.where(opposite == 0, 0, opposite)
    if epsilon:
        rest = torch.exp(-opposite)
        surprise = _beyond_first(surprise, rest) + (1 + epsilon) * rest
    return surprise * torch.exp(-gamma * opposite) if gamma else surprise


def _beyond_first(surprise: Tensor, rest: Tensor) -> Tensor:
    """-ln p - (1 - p): all of the series Σ (1 - p)^k / k but its first term.

    The difference cancels near p = 1. There the series is summed; below 1/16 its 15th term is
    beyond the digits of float64.
    """
    small = torch.where(rest < 1 / 16, rest, 0)
    series = torch.zeros_like(small)
    for k in range(15, 1, -1):
        series = series * small + 1 / k
    return torch.where(rest < 1 / 16, series * small**2, surprise - rest)


def _shifted_term(z: Tensor, gamma: float, margin: float) -> Tensor:
    """Loss of a negative whose probability is lowered by a margin > 0."""
    p, rest = z.sigmoid(), (-z).sigmoid()
    shifted = positive_part(p - margin)
    # 1 - p + m for p near 1, where 1 - p_m would cancel; ln(1 - p_m) as log1p for the others. Each
    # branch gets harmless numbers where it is not taken.
    likely = p > 0.5
    left = torch.where(likely, torch.minimum(rest + margin, p.new_ones(())), 1)
    surprise = -left.log() - torch.log1p(-torch.where(likely, 0, shifted))
    if not gamma:
        return surprise
    # A power below 1 has an infinite slope at 0, where the loss has none.
    free = shifted == 0
    return torch.where(free, 0, torch.where(free, 1, shifted) ** gamma * surprise)


def _class_focal(
    logits: Tensor,
    target: Tensor,
    weight: Tensor | None,
    alpha: Tensor | float | None,
    gamma: float,
    epsilon: float,
    ignore_index: int,
    label_smoothing: float,
    axis: int,
    reduction: Reduction,
    sample_weight: Tensor | None,
    validate: bool,
) -> Tensor:
    """Focal losses over classes, of labels or of distributions."""
    number("label_smoothing", label_smoothing, at_least=0, at_most=1)
    tensor("logits", logits)
    tensor("target", target)
    if target.is_floating_point() and target.dim() == logits.dim():
        rows, soft, share = class_rows(axis, sample_weight, validate, logits=logits, target=target)
        one_class("logits", rows.shape[-1], frames=6)
        distribution("target", soft, validate)
    else:
        rows, labels, share = labelled_rows(
            axis, sample_weight, ignore_index, validate, target, frames=6, logits=logits
        )
        if not label_smoothing:
            losses, factors = (
                label_focal(rows, labels, gamma, epsilon),
                _class_alpha(alpha, rows, validate),
            )
            losses = times(pick(factors.expand_as(rows), labels), losses)
            by_class = class_weight(weight, rows, validate)
            if by_class is None:
                return reduced(losses, reduction, share)
            mass = pick(by_class.expand_as(rows), labels)
            return reduced(times(mass, losses), reduction, share, mass=mass)
        own = labels[..., None] == torch.arange(rows.shape[-1], device=rows.device)
        soft = own.to(rows.dtype)
    soft = (1 - label_smoothing) * soft + label_smoothing / rows.shape[-1]
    by_class = class_weight(weight, rows, validate)
    soft = soft if by_class is None else by_class * soft
    focused = _class_alpha(alpha, rows, validate) * soft
    losses = times(focused, _focal_term(_every_log_odds(rows), gamma, epsilon)).sum(-1)
    return reduced(losses, reduction, share, mass=soft.sum(-1))


def _class_alpha(alpha: Tensor | float | None, rows: Tensor, validate: bool) -> Tensor:
    """Check the factors of the classes; without any, all are 1."""
    if isinstance(alpha, Tensor):
        factors = per_class("alpha", alpha, rows)
        within("alpha", factors, low=0.0, validate=validate)
        return factors
    factor = 1.0 if alpha is None else alpha
    number("alpha", factor, at_least=0)
    return rows.new_full(rows.shape[-1:], factor)


def _every_log_odds(rows: Tensor) -> Tensor:
    """The log-odds of every class against all its rivals."""
    log_probs, likeliest = rows.log_softmax(-1), rows.detach().argmax(-1)
    first = likeliest[..., None] == torch.arange(rows.shape[-1], device=rows.device)
    # ln(1 - p) cancels only for the likeliest class.
    others = log_probs - torch.log1p(-torch.where(first, 0, log_probs.exp()))
    return torch.where(first, _log_odds(rows, likeliest)[..., None], others)


def _log_odds(rows: Tensor, labels: Tensor) -> Tensor:
    """The label against all its rivals as a binary problem: z_y - ln Σ_{j≠y} e^{z_j}.

    ln p_y and ln(1 - p_y) are then exact, however sure the model is.
    """
    own = labels[..., None] == torch.arange(rows.shape[-1], device=rows.device)
    rivals = rows.masked_fill(own, -torch.inf)
    top = rivals.detach().amax(-1, keepdim=True)
    top = torch.where(top == -torch.inf, 0, top)
    total = (rivals - top).exp().sum(-1)
    # No rival at all: the logarithm of 0, without its slope.
    alone = total == 0
    rest = torch.where(alone, -torch.inf, torch.where(alone, 1, total).log())
    return pick(rows, labels) - top[..., 0] - rest
