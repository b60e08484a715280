"""Classification losses: of probabilities, of logits, and of margins."""

from __future__ import annotations

import functools
import math
from typing import Literal

import torch
from torch import Tensor
from torch.nn import functional as F

from lossfns import numpy as ln
from lossfns._arguments import Reduction, number, one_of
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
    surprise,
    times,
    times_log,
)
from lossfns.torch._core import (
    autocast,
    by_kernel,
    companion,
    loss,
    paired,
    positive_part,
    reads_values,
    reduced,
    tensor,
    within,
)
from lossfns.torch._slopes import Slope, is_small, reduced_by_slopes

# A number would be made a tensor at each call.
_ONE = torch.ones((), dtype=torch.float32)


@loss(ln.bce)
def bce(
    probs: Tensor,
    target: Tensor,
    *,
    label_smoothing: float = 0.0,
    reduction: Reduction = "mean",
    sample_weight: Tensor | None = None,
    validate: bool = False,
) -> Tensor:
    """PyTorch:
        `torch.nn.functional.binary_cross_entropy`, which stops at 100 and refuses autocast.
    Example:
        >>> import torch, lossfns.torch as lt
        >>> lt.bce(torch.tensor([0.5, 1.0]), torch.ones(2), reduction="none")
        tensor([0.6931, 0.0000])
    """
    probs, target, weight = paired(sample_weight, validate=validate, probs=probs, target=target)
    hint = "for logits use bce_with_logits"
    extremes = within("probs", probs, low=0.0, high=1.0, validate=validate, hint=hint)
    within("target", target, low=0.0, high=1.0, validate=validate)
    target = smoothed(target, label_smoothing)
    return reduced_binary_surprise_of_probs(probs, target, extremes, reduction, weight)


@loss(ln.bce_with_logits)
def bce_with_logits(
    logits: Tensor,
    target: Tensor,
    *,
    pos_weight: Tensor | float | None = None,
    label_smoothing: float = 0.0,
    reduction: Reduction = "mean",
    sample_weight: Tensor | None = None,
    validate: bool = False,
) -> Tensor:
    """PyTorch:
        `torch.nn.functional.binary_cross_entropy_with_logits`, NaN for infinite logits.
    Example:
        >>> import torch, lossfns.torch as lt
        >>> lt.bce_with_logits(torch.tensor([0.0, -1000.0]), torch.ones(2), reduction="none")
        tensor([6.9315e-01, 1.0000e+03])
    """
    logits, target, weight = paired(sample_weight, validate=validate, logits=logits, target=target)
    hard = False
    if is_small(target):
        hard = only_0_and_1(target, validate) and not label_smoothing
    else:
        within("target", target, low=0.0, high=1.0, validate=validate)
    target = smoothed(target, label_smoothing)
    if pos_weight is None:
        return reduced_binary_surprise(logits, target, hard, reduction, weight)
    positive = target * _positive_weight(pos_weight, logits, validate)
    return reduced(binary_surprise(logits, positive, 1 - target), reduction, weight)


@loss(ln.categorical_cross_entropy)
def categorical_cross_entropy(
    probs: Tensor,
    target: Tensor,
    *,
    axis: int = -1,
    reduction: Reduction = "mean",
    sample_weight: Tensor | None = None,
    validate: bool = False,
) -> Tensor:
    """PyTorch:
        None for probabilities; `torch.nn.functional.cross_entropy` takes logits.
    Example:
        >>> import torch, lossfns.torch as lt
        >>> probs, target = torch.tensor([[0.7, 0.2, 0.1]]), torch.tensor([[1.0, 0.0, 0.0]])
        >>> lt.categorical_cross_entropy(probs, target)
        tensor(0.3567)
    """
    probs, target, weight = class_rows(axis, sample_weight, validate, probs=probs, target=target)
    one_class("probs", probs.shape[-1])
    distribution("probs", probs, validate, hint="for logits use cross_entropy")
    distribution("target", target, validate)
    return reduced(-times_log(target, probs).sum(-1), reduction, weight)


@loss(ln.sparse_categorical_cross_entropy)
def sparse_categorical_cross_entropy(
    probs: Tensor,
    target: Tensor,
    *,
    ignore_index: int = -100,
    axis: int = -1,
    reduction: Reduction = "mean",
    sample_weight: Tensor | None = None,
    validate: bool = False,
) -> Tensor:
    """PyTorch:
        `torch.nn.functional.nll_loss(probs.log(), target)`, NaN if every label is ignored.
    Example:
        >>> import torch, lossfns.torch as lt
        >>> lt.sparse_categorical_cross_entropy(torch.tensor([[0.7, 0.2, 0.1]]), torch.tensor([0]))
        tensor(0.3567)
    """
    rows, labels, weight = labelled_rows(
        axis, sample_weight, ignore_index, validate, target, probs=probs
    )
    distribution("probs", rows, validate, hint="for logits use cross_entropy")
    return reduced(-log(pick(rows, labels)), reduction, weight)


@loss(ln.cross_entropy)
def cross_entropy(
    logits: Tensor,
    target: Tensor,
    *,
    weight: Tensor | None = None,
    ignore_index: int = -100,
    label_smoothing: float = 0.0,
    axis: int = -1,
    reduction: Reduction = "mean",
    sample_weight: Tensor | None = None,
    validate: bool = False,
) -> Tensor:
    """PyTorch:
        `torch.nn.functional.cross_entropy`, with the classes on axis 1; NaN if every label is
        ignored, and another mean for soft or smoothed targets under class weights.
    Example:
        >>> import torch, lossfns.torch as lt
        >>> lt.cross_entropy(torch.tensor([[2.0, 1.0, 0.1]]), torch.tensor([0]))
        tensor(0.4170)
    """
    number("label_smoothing", label_smoothing, at_least=0, at_most=1)
    tensor("logits", logits)
    tensor("target", target)
    if target.is_floating_point() and target.dim() == logits.dim():
        rows, target, share = class_rows(
            axis, sample_weight, validate, logits=logits, target=target
        )
        one_class("logits", rows.shape[-1])
        distribution("target", target, validate)
        by_class = class_weight(weight, rows, validate)
        if label_smoothing:
            target = (1 - label_smoothing) * target + label_smoothing / rows.shape[-1]
        if by_class is not None:
            target = target * by_class
        elif share is None and reduction != "none" and rows.numel() and not target.requires_grad:
            total = F.cross_entropy(_flat(rows), _flat(target), reduction="sum")
            # Where it is finite no class has probability 0, and this means the same.
            if reads_values(total) and math.isfinite(total.item()):
                return reduced(total, reduction, items=target.sum())
        losses = -times(target, rows.log_softmax(-1)).sum(-1)
        return reduced(losses, reduction, share, mass=target.sum(-1))
    rows, labels, share = labelled_rows(
        axis, sample_weight, ignore_index, validate, target, logits=logits
    )
    by_class = class_weight(weight, rows, validate)
    if share is None and by_class is None and reduction != "none":
        labels = labels.reshape(-1)
        return by_kernel(
            F.cross_entropy, _flat(rows), labels, reduction, None, label_smoothing=label_smoothing
        )
    log_probs = rows.log_softmax(-1)
    losses, mass = surprise(log_probs, labels), None
    if by_class is not None:
        mass = pick(by_class.expand_as(rows), labels)
        losses = times(mass, losses)
    if label_smoothing:
        # What the rest of the distribution adds; dense one-hot rows would cost memory for nothing.
        spread = -log_probs if by_class is None else times(by_class.expand_as(rows), -log_probs)
        losses = (1 - label_smoothing) * losses + label_smoothing * spread.mean(-1)
        if mass is not None and by_class is not None:
            mass = (1 - label_smoothing) * mass + label_smoothing * by_class.mean()
    return reduced(losses, reduction, share, mass=mass)


@loss(ln.hinge)
def hinge(
    scores: Tensor,
    target: Tensor,
    *,
    margin: float = 1.0,
    reduction: Reduction = "mean",
    sample_weight: Tensor | None = None,
    validate: bool = False,
) -> Tensor:
    """PyTorch:
        None; `hinge_embedding_loss` is another loss.
    Example:
        >>> import torch, lossfns.torch as lt
        >>> scores, target = torch.tensor([0.5, 2.0, 0.5]), torch.tensor([1, 1, -1])
        >>> lt.hinge(scores, target, reduction="none")
        tensor([0.5000, 0.0000, 1.5000])
    """
    gap, weight = _margin_gap(scores, target, margin, sample_weight, validate)
    return reduced(positive_part(gap), reduction, weight)


@loss(ln.squared_hinge)
def squared_hinge(
    scores: Tensor,
    target: Tensor,
    *,
    margin: float = 1.0,
    reduction: Reduction = "mean",
    sample_weight: Tensor | None = None,
    validate: bool = False,
) -> Tensor:
    """PyTorch:
        None.
    Example:
        >>> import torch, lossfns.torch as lt
        >>> scores, target = torch.tensor([0.5, 2.0, 0.5]), torch.tensor([1, 1, -1])
        >>> lt.squared_hinge(scores, target, reduction="none")
        tensor([0.2500, 0.0000, 2.2500])
    """
    gap, weight = _margin_gap(scores, target, margin, sample_weight, validate)
    return reduced(positive_part(gap) ** 2, reduction, weight)


@loss(ln.multiclass_hinge)
def multiclass_hinge(
    scores: Tensor,
    target: Tensor,
    *,
    margin: float = 1.0,
    kind: Literal["weston_watkins", "crammer_singer"] = "weston_watkins",
    ignore_index: int = -100,
    axis: int = -1,
    reduction: Reduction = "mean",
    sample_weight: Tensor | None = None,
    validate: bool = False,
) -> Tensor:
    """PyTorch:
        `torch.nn.functional.multi_margin_loss`, the weston_watkins kind divided by C.
    Example:
        >>> import torch, lossfns.torch as lt
        >>> lt.multiclass_hinge(torch.tensor([[2.0, 1.5, 1.25]]), torch.tensor([0]))
        tensor(0.7500)
    """
    number("margin", margin, above=0)
    one_of("kind", kind, ("weston_watkins", "crammer_singer"))
    rows, labels, weight = labelled_rows(
        axis, sample_weight, ignore_index, validate, target, scores=scores
    )
    labels = labels[..., None]
    if kind == "crammer_singer":
        largest = _rivals(rows, labels, margin).amax(-1)
        return reduced(positive_part(largest), reduction, weight)
    return reduced_by_slopes(
        functools.partial(_rival_slopes, margin=margin),
        lambda rows, labels: positive_part(_rivals(rows, labels, margin)).sum(-1),
        *(reduction, weight, rows, labels),
        rows=True,
    )


@loss(ln.generalized_cross_entropy)
def generalized_cross_entropy(
    logits: Tensor,
    target: Tensor,
    *,
    q: float = 0.7,
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
        >>> lt.generalized_cross_entropy(torch.zeros(1, 2), torch.tensor([1]), q=1.0)
        tensor(0.5000)
    """
    number("q", q, above=0, at_most=1)
    rows, labels, weight = labelled_rows(
        axis, sample_weight, ignore_index, validate, target, logits=logits
    )
    return reduced(-torch.expm1(q * pick(rows.log_softmax(-1), labels)) / q, reduction, weight)


@loss(ln.symmetric_cross_entropy)
def symmetric_cross_entropy(
    logits: Tensor,
    target: Tensor,
    *,
    alpha: float = 0.1,
    beta: float = 1.0,
    log_zero: float = -4.0,
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
        >>> lt.symmetric_cross_entropy(torch.zeros(1, 2), torch.tensor([1]), alpha=0.0)
        tensor(2.)
    """
    number("alpha", alpha, at_least=0)
    number("beta", beta, at_least=0)
    number("log_zero", log_zero, below=0)
    rows, labels, weight = labelled_rows(
        axis, sample_weight, ignore_index, validate, target, logits=logits
    )
    log_own = pick(rows.log_softmax(-1), labels)
    # 1 - p_y without cancellation for a confident model.
    losses = -alpha * log_own + beta * log_zero * torch.expm1(log_own)
    return reduced(losses, reduction, weight)


@loss(ln.logit_adjusted_cross_entropy)
def logit_adjusted_cross_entropy(
    logits: Tensor,
    target: Tensor,
    *,
    class_counts: Tensor,
    tau: float = 1.0,
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
        >>> counts = torch.tensor([90, 10])
        >>> lt.logit_adjusted_cross_entropy(
        ...     torch.zeros(1, 2), torch.tensor([1]), class_counts=counts
        ... )
        tensor(2.3026)
    """
    number("tau", tau, at_least=0)
    rows, labels, weight = labelled_rows(
        axis, sample_weight, ignore_index, validate, target, logits=logits
    )
    counts = per_class("class_counts", class_counts, rows)
    within("class_counts", counts, low=0.0, open_low=True, validate=validate)
    rows = rows + tau * (counts / counts.sum()).log()
    return reduced(surprise(rows.log_softmax(-1), labels), reduction, weight)


def reduced_binary_surprise_of_probs(
    probs: Tensor,
    target: Tensor,
    extremes: tuple[float, float] | None,
    reduction: Reduction,
    weight: Tensor | None,
) -> Tensor:
    """Binary cross-entropies of arguments that have been checked, reduced.

    Args:
        extremes: the smallest and the largest of the probabilities, where they are known.
    """
    if extremes and 1e-9 < extremes[0] and extremes[1] < 1 - 1e-9 and not autocast(probs):
        # Here torch's kernel, which ends at a loss of 100 and refuses autocast, means the same.
        return by_kernel(F.binary_cross_entropy, probs, target, reduction, weight)
    return reduced(binary_surprise_of_probs(probs, target), reduction, weight)


def reduced_binary_surprise(
    logits: Tensor, target: Tensor, hard: bool, reduction: Reduction, weight: Tensor | None
) -> Tensor:
    """The same of logits.

    Args:
        hard: the targets are known to be 0 and 1 only.
    """
    if hard and is_small(logits) and not target.requires_grad:
        # Beyond 40 the tail that torch's softplus drops is less than a digit of float64.
        wrong = logits * torch.sub(_ONE, target, alpha=2)
        return reduced(F.softplus(wrong, threshold=40), reduction, weight)
    return reduced_by_slopes(
        _binary_surprise_slopes, _binary_surprise_of_labels, reduction, weight, logits, target
    )


def binary_surprise_of_probs(probs: Tensor, target: Tensor) -> Tensor:
    """Binary cross-entropies of arguments that have been checked."""
    rest = 1 - target
    return -times_log(target, probs) - rest * log_rest(torch.where(rest == 0, 0, probs))


def binary_surprise(logits: Tensor, positive: Tensor, negative: Tensor) -> Tensor:
    """-ln p and -ln(1 - p) by their weights, of arguments that have been checked."""
    # softplus(z) as -logsigmoid(-z): torch's softplus drops the tail beyond its threshold of 20.
    return times(positive, -F.logsigmoid(logits)) + times(negative, -F.logsigmoid(-logits))


def _binary_surprise_of_labels(logits: Tensor, target: Tensor) -> Tensor:
    return binary_surprise(logits, target, 1 - target)


def _binary_surprise_slopes(logits: Tensor, target: Tensor) -> tuple[Tensor, list[Slope]]:
    """The same of finite logits, and its slopes; NaN of infinite ones."""
    # max(z, 0) - z y is exact for labels of 0 and 1, and the rest has no cancellation.
    linear = logits.clamp(min=0).addcmul_(logits, target, value=-1)
    losses = linear.add_(logits.abs().neg_().exp_().log1p_())
    return losses, [lambda: logits.sigmoid().sub_(target), lambda: -logits]


def _flat(rows: Tensor) -> Tensor:
    """Rows as a matrix; a view of one would be one more step on the way back."""
    return rows if rows.dim() == 2 else rows.reshape(-1, rows.shape[-1])


def _rivals(rows: Tensor, labels: Tensor, margin: float) -> Tensor:
    """How far each other class is beyond the margin; -inf at the label's own."""
    # The difference first: beside scores of 3e7 float32 loses the margin.
    gaps = margin + (rows - rows.gather(-1, labels))
    return gaps.scatter(-1, labels, -torch.inf)


def _rival_slopes(rows: Tensor, labels: Tensor, margin: float) -> tuple[Tensor, list[Slope]]:
    """The sum of what is beyond the margin in each row of finite scores, and its slope by them."""
    rivals = _rivals(rows, labels, margin)

    def slope() -> Tensor:
        # A rival on the margin itself has half a slope, as `positive_part` gives it.
        pushed = torch.heaviside(rivals, rivals.new_tensor(0.5))
        return pushed.scatter_(-1, labels, -pushed.sum(-1, keepdim=True))

    return rivals.clamp(min=0).sum(-1), [slope]


def _margin_gap(
    scores: Tensor, target: Tensor, margin: float, sample_weight: Tensor | None, validate: bool
) -> tuple[Tensor, Tensor | None]:
    """How much of the margin is missing, and the weights."""
    number("margin", margin, above=0)
    scores, target, weight = paired(sample_weight, validate=validate, scores=scores, target=target)
    if reads_values(target, validate):
        valid = target.abs() == 1
        if not (valid if weight is None else valid | (weight == 0)).all():
            raise ValueError(
                "target must hold -1 and +1 only; for labels 0 and 1 pass 2 * target - 1"
            )
    return margin - target * scores, weight


def _positive_weight(pos_weight: Tensor | float, logits: Tensor, validate: bool) -> Tensor | float:
    if not isinstance(pos_weight, Tensor):
        number("pos_weight", pos_weight, at_least=0)
        return pos_weight
    value = companion("pos_weight", pos_weight, logits)
    if value.dim() and (not logits.dim() or value.shape != logits.shape[-1:]):
        raise ValueError(
            f"pos_weight must be a number or one per label along the last axis of logits, "
            f"{tuple(logits.shape)}, got shape {tuple(value.shape)}; for labels on another axis "
            f"move it last, logits.movedim(axis, -1)"
        )
    within("pos_weight", value, low=0.0, validate=validate)
    return value
