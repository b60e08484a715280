"""Calibration: whether what is called 70 % sure happens seven times in ten.

See `lossfns.numpy.calibration` for events, classes and the edges of the bins. The metrics look at
values, on any device, and have no gradient.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from lossfns import numpy as ln
from lossfns._arguments import Reduction, integer, number
from lossfns._temperature import best_inverse
from lossfns.numpy.calibration import Reliability
from lossfns.torch._classes import class_rows, distribution, labelled_rows, pick, times
from lossfns.torch._core import (
    compute_dtype,
    documented,
    loss,
    paired,
    reduced,
    tensor,
    with_values,
    within,
)


@loss(ln.brier)
def brier(
    probs: Tensor,
    target: Tensor,
    *,
    ignore_index: int = -100,
    axis: int | None = None,
    reduction: Reduction = "mean",
    sample_weight: Tensor | None = None,
    validate: bool = False,
) -> Tensor:
    """PyTorch:
        None.
    Example:
        >>> import torch, lossfns.torch as lt
        >>> lt.brier(torch.tensor([0.9, 0.4]), torch.tensor([1, 1]))
        tensor(0.1850)
    """
    p, y = compute_dtype("probs", probs), tensor("target", target)
    if _are_events(y, p, axis, ignore_index):
        p, y, weight = paired(sample_weight, validate=validate, probs=p, target=y)
        within("probs", p, low=0.0, high=1.0, validate=validate)
        within("target", y, low=0.0, high=1.0, validate=validate)
        return reduced((p - y) ** 2, reduction, weight)
    axis = -1 if axis is None else axis
    if y.is_floating_point() and y.dim() == p.dim():
        rows, soft, weight = class_rows(axis, sample_weight, validate, probs=p, target=y)
        distribution("target", soft, validate)
    else:
        rows, labels, weight = labelled_rows(
            axis, sample_weight, ignore_index, validate, y, probs=p
        )
        soft = (labels[..., None] == torch.arange(rows.shape[-1], device=rows.device)).to(rows)
    distribution("probs", rows, validate)
    return reduced(((rows - soft) ** 2).sum(-1), reduction, weight)


@documented(ln.ece)
@torch.no_grad()
def ece(
    probs: Tensor,
    target: Tensor,
    *,
    bins: int = 15,
    ignore_index: int = -100,
    axis: int | None = None,
) -> Tensor:
    """PyTorch:
        None; `torchmetrics.functional.calibration_error`.
    Example:
        >>> import torch, lossfns.torch as lt
        >>> lt.ece(torch.tensor([0.9, 0.8, 0.3]), torch.tensor([1, 0, 0]), bins=2)
        tensor(0.3333)
    """
    confidence, happened = _events(probs, target, ignore_index, axis)
    gaps = _sums(_equal_width(confidence, bins), happened - confidence, bins)
    return (gaps.abs().sum() / max(confidence.numel(), 1)).to(confidence.dtype)


@documented(ln.mce)
@torch.no_grad()
def mce(
    probs: Tensor,
    target: Tensor,
    *,
    bins: int = 15,
    ignore_index: int = -100,
    axis: int | None = None,
) -> Tensor:
    """PyTorch:
        None; `torchmetrics.functional.calibration_error(norm="max")`.
    Example:
        >>> import torch, lossfns.torch as lt
        >>> lt.mce(torch.tensor([0.9, 0.8, 0.3]), torch.tensor([1, 0, 0]), bins=2)
        tensor(0.3500)
    """
    confidence, happened = _events(probs, target, ignore_index, axis)
    bin_of = _equal_width(confidence, bins)
    gaps = _sums(bin_of, happened - confidence, bins)
    return (gaps.abs() / bin_of.bincount(minlength=bins).clamp(min=1)).amax().to(confidence.dtype)


@documented(ln.ace)
@torch.no_grad()
def ace(
    probs: Tensor,
    target: Tensor,
    *,
    bins: int = 15,
    ignore_index: int = -100,
    axis: int | None = None,
) -> Tensor:
    """PyTorch:
        None.
    Example:
        >>> import torch, lossfns.torch as lt
        >>> lt.ace(torch.tensor([0.9, 0.8, 0.7, 0.6]), torch.tensor([1, 0, 1, 1]), bins=2)
        tensor(0.3500)
    """
    _check_bins(bins)
    confidence, happened = _events(probs, target, ignore_index, axis)
    levels, level_of, ties = torch.unique(confidence, return_inverse=True, return_counts=True)
    mean = _sums(level_of, happened, levels.numel()) / ties
    gaps = (mean - levels).repeat_interleave(ties)
    each = [part.sum().abs() for part in gaps.tensor_split(bins)]
    return (torch.stack(each).sum() / max(confidence.numel(), 1)).to(confidence.dtype)


@documented(ln.reliability_curve)
@torch.no_grad()
def reliability_curve(
    probs: Tensor,
    target: Tensor,
    *,
    bins: int = 15,
    ignore_index: int = -100,
    axis: int | None = None,
) -> Reliability:
    """PyTorch:
        None; `sklearn.calibration.calibration_curve`, of events, without the counts.
    Example:
        >>> import torch, lossfns.torch as lt
        >>> probs, target = torch.tensor([0.9, 0.8, 0.3]), torch.tensor([1, 0, 0])
        >>> lt.reliability_curve(probs, target, bins=2).frequency
        tensor([0.0000, 0.5000])
    """
    confidence, happened = _events(probs, target, ignore_index, axis)
    bin_of = _equal_width(confidence, bins)
    count = bin_of.bincount(minlength=bins)
    shown = torch.where(count == 0, torch.nan, count.to(confidence))
    edges = torch.arange(bins + 1, dtype=confidence.dtype, device=confidence.device) / bins

    def mean(values: Tensor) -> Tensor:
        return (_sums(bin_of, values, bins) / shown).to(confidence.dtype)

    return Reliability(mean(confidence), mean(happened), count, edges)


@documented(ln.fit_temperature)
@torch.no_grad()
def fit_temperature(
    logits: Tensor,
    target: Tensor,
    *,
    ignore_index: int = -100,
    axis: int | None = None,
) -> Tensor:
    """PyTorch:
        None. The result is a tensor without axes; `TemperatureScaling` keeps it.
    Example:
        >>> import torch, lossfns.torch as lt
        >>> lt.fit_temperature(torch.tensor([4.0] * 4), torch.tensor([1, 1, 1, 0]))
        tensor(3.6410)
    """
    z, y = compute_dtype("logits", with_values("logits", logits)), tensor("target", target)
    largest = torch.finfo(z.dtype).max
    within("logits", z, low=-largest, high=largest, validate=True)
    if _are_events(y, z, axis, ignore_index):
        z, y, _ = paired(None, validate=True, logits=z, target=y)
        within("target", y, low=0.0, high=1.0, validate=True)
        # Two classes: nothing, and the event.
        rows = torch.stack([torch.zeros_like(z), z], -1).flatten(0, -2)
        own = (y * z).flatten()
    else:
        axis = -1 if axis is None else axis
        rows, labels, weight = labelled_rows(axis, None, ignore_index, True, y, logits=z)
        rows, own = _counted(weight, rows, pick(rows, labels))
    if not own.numel():
        return rows.new_ones(())
    # Only differences matter, and small numbers keep their digits.
    top = rows.amax(-1, keepdim=True)
    best = z.new_ones(())
    rows, own = rows - top, own - top[..., 0]
    rows, own = _wide(rows), _wide(own)

    def slope(beta: float) -> tuple[float, float]:
        probs = (beta * rows).softmax(-1)
        mean = times(probs, rows).sum(-1)
        spread = times(probs, (rows - mean[..., None]) ** 2).sum(-1)
        return (mean - own).mean().item(), spread.mean().item()

    return best / best_inverse(slope)


class TemperatureScaling(nn.Module):
    """Divide logits by one temperature, fitted on a validation set; no prediction changes.

    Args:
        temperature: T > 0 to begin with.
        axis: the class axis; None means the last one for labels, and events otherwise.
    Raises:
        TypeError, ValueError: temperature ≤ 0, or as for `fit_temperature`.
    Reference:
        Guo et al. (2017), On calibration of modern neural networks, ICML, arXiv:1706.04599.
    Chapter:
        loss-fit-temperature
    Example:
        >>> import torch, lossfns.torch as lt
        >>> scaling = lt.TemperatureScaling()
        >>> logits, target = torch.tensor([4.0] * 4), torch.tensor([1, 1, 1, 0])
        >>> scaling.fit(logits, target)(logits).sigmoid()
        tensor([0.7500, 0.7500, 0.7500, 0.7500])
    """

    def __init__(self, temperature: float = 1.0, *, axis: int | None = None) -> None:
        super().__init__()
        number("temperature", temperature, above=0, below=float("inf"))
        if axis is not None:
            integer("axis", axis)
        self.axis = axis
        self.register_buffer("temperature", torch.tensor(float(temperature)))

    def fit(self, logits: Tensor, target: Tensor, *, ignore_index: int = -100) -> Any:
        """Set the temperature to the best one for these logits and labels; return the module."""
        best = fit_temperature(logits, target, ignore_index=ignore_index, axis=self.axis)
        self.get_buffer("temperature").copy_(best)
        return self

    def forward(self, logits: Tensor) -> Tensor:
        """The scaled logits; half precision is computed in float32."""
        return compute_dtype("logits", logits) / self.get_buffer("temperature")

    def extra_repr(self) -> str:
        return f"temperature={self.get_buffer('temperature').item():g}, axis={self.axis}"


def _are_events(target: Tensor, scores: Tensor, axis: int | None, ignore_index: int) -> bool:
    """Whether targets are events; class labels are integers and have one axis less."""
    integer("ignore_index", ignore_index)
    labels = not target.is_floating_point() and target.dim() == scores.dim() - 1
    return axis is None and not labels


def _events(
    probs: Tensor, target: Tensor, ignore_index: int, axis: int | None
) -> tuple[Tensor, Tensor]:
    """How sure of what, and whether it happened, in one row."""
    p, y = compute_dtype("probs", with_values("probs", probs)), tensor("target", target)
    if _are_events(y, p, axis, ignore_index):
        p, y, _ = paired(None, validate=True, probs=p, target=y)
        within("target", y, low=0.0, high=1.0, validate=True)
        if not ((y == 0) | (y == 1)).all():
            raise ValueError("target must hold 0 and 1 only: an event happens or it does not")
        confidence, happened = p.flatten(), y.flatten()
    else:
        axis = -1 if axis is None else axis
        rows, labels, weight = labelled_rows(axis, None, ignore_index, True, y, probs=p)
        distribution("probs", rows, True)
        rows, labels = _counted(weight, rows, labels)
        confidence, happened = rows.amax(-1), (rows.argmax(-1) == labels).to(rows)
    within("probs", confidence, low=0.0, high=1.0, validate=True)
    return confidence, happened


def _counted(weight: Tensor | None, rows: Tensor, each: Tensor) -> tuple[Tensor, Tensor]:
    """The rows that count, one after the other, with what belongs to each."""
    if weight is None:
        return rows.reshape(-1, rows.shape[-1]), each.reshape(-1)
    return rows[weight > 0], each[weight > 0]


def _check_bins(bins: int) -> None:
    integer("bins", bins)
    number("bins", bins, at_least=1)


def _equal_width(confidence: Tensor, bins: int) -> Tensor:
    _check_bins(bins)
    # k / B rounds to the number that "0.3" means; a multiple of 1 / B may not.
    inner = torch.arange(1, bins, dtype=confidence.dtype, device=confidence.device) / bins
    return torch.bucketize(confidence, inner)


def _sums(bin_of: Tensor, values: Tensor, bins: int) -> Tensor:
    """The sum in each bin, in float64: added up one by one, millions of float32 drift."""
    values = _wide(values)
    return values.new_zeros(bins).index_add(0, bin_of, values)


def _wide(values: Tensor) -> Tensor:
    return values if values.device.type == "mps" else values.double()  # mps has no float64
