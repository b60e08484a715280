"""Regression losses. All are element-wise: prediction and target have the same shape."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from lossfns import numpy as ln
from lossfns._arguments import Reduction, flag, number, one_of, same_shapes
from lossfns.torch._core import (
    by_kernel,
    loss,
    paired,
    reduced,
    together,
    within,
)
from lossfns.torch._slopes import Slope, reduced_by_slopes


@loss(ln.mse)
def mse(
    pred: Tensor,
    target: Tensor,
    *,
    reduction: Reduction = "mean",
    sample_weight: Tensor | None = None,
    validate: bool = False,
) -> Tensor:
    """PyTorch:
        `torch.nn.functional.mse_loss`, which in float16 is infinite from an error of 256 on.
    Example:
        >>> import torch, lossfns.torch as lt
        >>> lt.mse(torch.tensor([2.0, -4.0]), torch.zeros(2))
        tensor(10.)
    """
    pred, target, weight = paired(sample_weight, validate=validate, pred=pred, target=target)
    return by_kernel(F.mse_loss, pred, target, reduction, weight)


@loss(ln.rmse)
def rmse(
    pred: Tensor,
    target: Tensor,
    *,
    reduction: Literal["mean"] = "mean",
    sample_weight: Tensor | None = None,
    validate: bool = False,
) -> Tensor:
    """PyTorch:
        `torch.sqrt(F.mse_loss(...))`, whose gradient is NaN where the fit is perfect; here it is 0.
    Example:
        >>> import torch, lossfns.torch as lt
        >>> lt.rmse(torch.tensor([3.0, 0.0, 0.0, 0.0]), torch.tensor([0.0, 4.0, 0.0, 0.0]))
        tensor(2.5000)
    """
    one_of("reduction", reduction, ("mean",))
    pred, target, weight = paired(sample_weight, validate=validate, pred=pred, target=target)
    error = pred - target
    if not error.numel():
        return reduced(error, reduction, weight)
    # Squares overflow long before their root does: measure in units of the largest error.
    unit = error.detach().abs().amax()
    unit = torch.where((unit > 0) & (unit < torch.inf), unit, 1)
    mean = reduced((error / unit) ** 2, "mean", weight)
    # The root's slope at 0 is infinite: take the root of 1 there, and multiply by 0.
    perfect = mean == 0
    root: Tensor = torch.where(perfect, 1, mean).sqrt() * torch.where(perfect, 0, 1)
    return unit * root


@loss(ln.mae)
def mae(
    pred: Tensor,
    target: Tensor,
    *,
    reduction: Reduction = "mean",
    sample_weight: Tensor | None = None,
    validate: bool = False,
) -> Tensor:
    """PyTorch:
        `torch.nn.functional.l1_loss`.
    Example:
        >>> import torch, lossfns.torch as lt
        >>> lt.mae(torch.tensor([2.0, -4.0]), torch.zeros(2))
        tensor(3.)
    """
    pred, target, weight = paired(sample_weight, validate=validate, pred=pred, target=target)
    return by_kernel(F.l1_loss, pred, target, reduction, weight)


@loss(ln.huber)
def huber(
    pred: Tensor,
    target: Tensor,
    *,
    delta: float = 1.0,
    reduction: Reduction = "mean",
    sample_weight: Tensor | None = None,
    validate: bool = False,
) -> Tensor:
    """PyTorch:
        `torch.nn.functional.huber_loss`.
    Example:
        >>> import torch, lossfns.torch as lt
        >>> lt.huber(torch.tensor([0.5, 3.0]), torch.zeros(2), reduction="none")
        tensor([0.1250, 2.5000])
    """
    number("delta", delta, above=0)
    pred, target, weight = paired(sample_weight, validate=validate, pred=pred, target=target)
    return by_kernel(F.huber_loss, pred, target, reduction, weight, delta=delta)


@loss(ln.smooth_l1)
def smooth_l1(
    pred: Tensor,
    target: Tensor,
    *,
    beta: float = 1.0,
    reduction: Reduction = "mean",
    sample_weight: Tensor | None = None,
    validate: bool = False,
) -> Tensor:
    """PyTorch:
        `torch.nn.functional.smooth_l1_loss`.
    Example:
        >>> import torch, lossfns.torch as lt
        >>> lt.smooth_l1(torch.tensor([0.5, 3.0]), torch.zeros(2), beta=2.0, reduction="none")
        tensor([0.0625, 2.0000])
    """
    number("beta", beta, at_least=0, below=math.inf)
    pred, target, weight = paired(sample_weight, validate=validate, pred=pred, target=target)
    if 1e-6 < beta < 1e6:
        return by_kernel(F.smooth_l1_loss, pred, target, reduction, weight, beta=beta)
    # The square in torch's kernel might underflow or overflow.
    return reduced(rounded_l1(pred - target, beta), reduction, weight)


@loss(ln.log_cosh)
def log_cosh(
    pred: Tensor,
    target: Tensor,
    *,
    reduction: Reduction = "mean",
    sample_weight: Tensor | None = None,
    validate: bool = False,
) -> Tensor:
    """PyTorch:
        None; `torch.log(torch.cosh(e))` is infinite from |e| = 90 on in float32.
    Example:
        >>> import torch, lossfns.torch as lt
        >>> lt.log_cosh(torch.tensor([1000.0]), torch.zeros(1))
        tensor(999.3068)
    """
    pred, target, weight = paired(sample_weight, validate=validate, pred=pred, target=target)
    return reduced_by_slopes(_log_cosh_slopes, _log_cosh, reduction, weight, pred, target)


@loss(ln.quantile)
def quantile(
    pred: Tensor,
    target: Tensor,
    *,
    q: float | Sequence[float] = 0.5,
    reduction: Reduction = "mean",
    sample_weight: Tensor | None = None,
    validate: bool = False,
) -> Tensor:
    """PyTorch:
        None.
    Example:
        >>> import torch, lossfns.torch as lt
        >>> lt.quantile(torch.tensor([8.0, 12.0]), torch.full((2,), 10.0), q=0.9, reduction="none")
        tensor([1.8000, 0.2000])
    """
    levels: float | Tensor
    if isinstance(q, np.ndarray):
        q = q.tolist()
    if isinstance(q, Sequence):
        for level in q:
            number("q", level, above=0, below=1)
        pred, target = together(pred=pred, target=target)
        heads = (*target.shape, len(q))
        same_shapes({"pred": tuple(pred.shape), "target with an axis for q": heads})
        target = target[..., None].expand(pred.shape)
        levels = torch.tensor(q, dtype=pred.dtype, device=pred.device)
    else:
        number("q", q, above=0, below=1)
        levels = q
    pred, target, weight = paired(sample_weight, validate=validate, pred=pred, target=target)
    gap = target - pred
    return reduced(torch.maximum(levels * gap, (levels - 1) * gap), reduction, weight)


@loss(ln.mape)
def mape(
    pred: Tensor,
    target: Tensor,
    *,
    reduction: Reduction = "mean",
    sample_weight: Tensor | None = None,
    validate: bool = False,
) -> Tensor:
    """PyTorch:
        None. Where values are not read (see `validate`), a target of 0 gives an infinite loss.
    Example:
        >>> import torch, lossfns.torch as lt
        >>> pred, target = torch.tensor([90.0, 250.0]), torch.tensor([100.0, 200.0])
        >>> lt.mape(pred, target, reduction="none")
        tensor([0.1000, 0.2500])
    """
    pred, target, weight = paired(sample_weight, validate=validate, pred=pred, target=target)
    scale = target.abs()
    hint = "a relative error needs a target"
    within("|target|", scale, low=0.0, open_low=True, validate=validate, hint=hint)
    return reduced((pred - target).abs() / scale, reduction, weight)


@loss(ln.msle)
def msle(
    pred: Tensor,
    target: Tensor,
    *,
    reduction: Reduction = "mean",
    sample_weight: Tensor | None = None,
    validate: bool = False,
) -> Tensor:
    """PyTorch:
        None.
    Example:
        >>> import torch, lossfns.torch as lt
        >>> lt.msle(torch.tensor([9.0]), torch.tensor([99.0]))
        tensor(5.3019)
    """
    pred, target, weight = paired(sample_weight, validate=validate, pred=pred, target=target)
    within("pred", pred, low=-1.0, open_low=True, validate=validate)
    within("target", target, low=-1.0, open_low=True, validate=validate)
    return reduced((torch.log1p(pred) - torch.log1p(target)) ** 2, reduction, weight)


@loss(ln.poisson_nll)
def poisson_nll(
    log_rate: Tensor,
    target: Tensor,
    *,
    full: bool = False,
    reduction: Reduction = "mean",
    sample_weight: Tensor | None = None,
    validate: bool = False,
) -> Tensor:
    """PyTorch:
        `torch.nn.functional.poisson_nll_loss`.
    Example:
        >>> import torch, lossfns.torch as lt
        >>> lt.poisson_nll(torch.zeros(2), torch.tensor([1.0, 3.0]))
        tensor(1.)
    """
    flag("full", full)
    log_rate, target, weight = paired(
        sample_weight, validate=validate, log_rate=log_rate, target=target
    )
    within("target", target, low=0.0, validate=validate)
    losses = log_rate.exp() - target * log_rate
    if full:
        losses = losses + torch.lgamma(target + 1)
    return reduced(losses, reduction, weight)


@loss(ln.gaussian_nll)
def gaussian_nll(
    pred: Tensor,
    target: Tensor,
    *,
    var: Tensor,
    full: bool = False,
    reduction: Reduction = "mean",
    sample_weight: Tensor | None = None,
    validate: bool = False,
) -> Tensor:
    """PyTorch:
        `torch.nn.functional.gaussian_nll_loss`.
    Example:
        >>> import torch, lossfns.torch as lt
        >>> lt.gaussian_nll(torch.tensor([1.0]), torch.tensor([3.0]), var=torch.ones(1))
        tensor(2.)
    """
    flag("full", full)
    pred, target, var, weight = paired(
        sample_weight, validate=validate, pred=pred, target=target, var=var
    )
    within("var", var, low=0.0, open_low=True, validate=validate)
    error = pred - target
    losses = 0.5 * (var.log() + error * (error / var))  # e² alone may overflow
    if full:
        losses = losses + 0.5 * math.log(2 * math.pi)
    return reduced(losses, reduction, weight)


@loss(ln.pseudo_huber)
def pseudo_huber(
    pred: Tensor,
    target: Tensor,
    *,
    delta: float = 1.0,
    reduction: Reduction = "mean",
    sample_weight: Tensor | None = None,
    validate: bool = False,
) -> Tensor:
    """PyTorch:
        None.
    Example:
        >>> import torch, lossfns.torch as lt
        >>> lt.pseudo_huber(torch.tensor([1.0]), torch.zeros(1))
        tensor(0.4142)
    """
    number("delta", delta, above=0)
    pred, target, weight = paired(sample_weight, validate=validate, pred=pred, target=target)
    error = pred - target
    root = torch.hypot(torch.ones_like(error), error / delta)
    # √(1 + u²) - 1 = u² / (1 + √(1 + u²)), which neither cancels for small u nor squares large e.
    return reduced(error * (error / (1 + root)), reduction, weight)


@loss(ln.general_robust)
def general_robust(
    pred: Tensor,
    target: Tensor,
    *,
    alpha: float = 1.0,
    scale: float = 1.0,
    reduction: Reduction = "mean",
    sample_weight: Tensor | None = None,
    validate: bool = False,
) -> Tensor:
    """PyTorch:
        None.
    Example:
        >>> import torch, lossfns.torch as lt
        >>> lt.general_robust(torch.tensor([3.0]), torch.zeros(1), alpha=0.0)
        tensor(1.7047)
    """
    number("alpha", alpha, at_most=2)
    number("scale", scale, above=0)
    pred, target, weight = paired(sample_weight, validate=validate, pred=pred, target=target)
    u = (pred - target) / scale
    if alpha == 2:
        losses = 0.5 * u * u
    elif alpha == -math.inf:
        losses = -torch.expm1(-0.5 * u * u)
    else:
        v = u / math.sqrt(2 - alpha)
        # ln(1 + v²), without squaring what would overflow.
        small, large = v.clamp(-1, 1), torch.hypot(torch.ones_like(v), v)
        stretch = torch.where(v.abs() < 1, torch.log1p(small * small), 2 * large.log())
        # expm1 keeps the digits that ( )^(α/2) - 1 loses as α nears 0, where it is the Cauchy loss.
        power = torch.expm1(alpha / 2 * stretch) / alpha if alpha else stretch / 2
        losses = (2 - alpha) * power
    return reduced(losses, reduction, weight)


@loss(ln.laplace_nll)
def laplace_nll(
    pred: Tensor,
    target: Tensor,
    *,
    scale: Tensor,
    reduction: Reduction = "mean",
    sample_weight: Tensor | None = None,
    validate: bool = False,
) -> Tensor:
    """PyTorch:
        None as a loss; `-torch.distributions.Laplace(pred, scale).log_prob(target)`.
    Example:
        >>> import torch, lossfns.torch as lt
        >>> lt.laplace_nll(torch.tensor([1.0]), torch.tensor([3.0]), scale=torch.tensor([0.5]))
        tensor(4.)
    """
    pred, target, scale, weight = paired(
        sample_weight, validate=validate, pred=pred, target=target, scale=scale
    )
    within("scale", scale, low=0.0, open_low=True, validate=validate)
    return reduced((2 * scale).log() + (pred - target).abs() / scale, reduction, weight)


@loss(ln.gaussian_crps)
def gaussian_crps(
    pred: Tensor,
    target: Tensor,
    *,
    std: Tensor,
    reduction: Reduction = "mean",
    sample_weight: Tensor | None = None,
    validate: bool = False,
) -> Tensor:
    """PyTorch:
        None.
    Example:
        >>> import torch, lossfns.torch as lt
        >>> lt.gaussian_crps(torch.zeros(1), torch.zeros(1), std=torch.ones(1))
        tensor(0.2337)
    """
    pred, target, std, weight = paired(
        sample_weight, validate=validate, pred=pred, target=target, std=std
    )
    within("std", std, low=0.0, open_low=True, validate=validate)
    gap = target - pred
    # Beyond |z| = 40 nothing changes, but the slope of gap / std would overflow, times 0.
    largest = torch.finfo(gap.dtype).max
    finite = gap.clamp(-largest, largest)
    z = finite / torch.maximum(std, finite.detach().abs() / 40)
    sharpness = math.sqrt(2 / math.pi) * torch.exp(-0.5 * z * z) - 1 / math.sqrt(math.pi)
    return reduced(gap * torch.erf(z / math.sqrt(2)) + std * sharpness, reduction, weight)


@loss(ln.tweedie_deviance)
def tweedie_deviance(
    log_mean: Tensor,
    target: Tensor,
    *,
    power: float = 1.5,
    reduction: Reduction = "mean",
    sample_weight: Tensor | None = None,
    validate: bool = False,
) -> Tensor:
    """PyTorch:
        None.
    Example:
        >>> import torch, lossfns.torch as lt
        >>> lt.tweedie_deviance(torch.zeros(2), torch.tensor([0.0, 1.0]), reduction="none")
        tensor([4., 0.])
    """
    number("power", power, above=1, below=2)
    log_mean, target, weight = paired(
        sample_weight, validate=validate, log_mean=log_mean, target=target
    )
    within("target", target, low=0.0, validate=validate)
    a, b = 2 - power, 1 - power
    some = target > 0
    safe = torch.where(some, target, 1)
    # In the ratio of mean and target nothing cancels but 1. Where the target is 0 the ratio is
    # none; each branch gets a harmless 0 where the other one counts.
    positive = safe**a * _between(torch.where(some, log_mean - safe.log(), 0), a, b)
    nothing = torch.where(some, 0, (a * torch.where(some, 0, log_mean)).exp() / a)
    return reduced(2 * (positive + nothing), reduction, weight)


@loss(ln.gamma_nll)
def gamma_nll(
    log_mean: Tensor,
    target: Tensor,
    *,
    shape: float = 1.0,
    full: bool = False,
    reduction: Reduction = "mean",
    sample_weight: Tensor | None = None,
    validate: bool = False,
) -> Tensor:
    """PyTorch:
        None as a loss; with full, `-torch.distributions.Gamma(k, k / mean).log_prob(target)`.
    Example:
        >>> import torch, lossfns.torch as lt
        >>> lt.gamma_nll(torch.zeros(2), torch.tensor([1.0, 3.0]))
        tensor(2.)
    """
    number("shape", shape, above=0)
    flag("full", full)
    log_mean, target, weight = paired(
        sample_weight, validate=validate, log_mean=log_mean, target=target
    )
    within("target", target, low=0.0, open_low=True, validate=validate)
    losses = shape * (log_mean + target * (-log_mean).exp())
    if full:
        constant = math.lgamma(shape) - shape * math.log(shape)
        losses = losses + constant - (shape - 1) * target.log()
    return reduced(losses, reduction, weight)


@loss(ln.negative_binomial_nll)
def negative_binomial_nll(
    log_mean: Tensor,
    target: Tensor,
    *,
    dispersion: float = 1.0,
    full: bool = False,
    reduction: Reduction = "mean",
    sample_weight: Tensor | None = None,
    validate: bool = False,
) -> Tensor:
    """PyTorch:
        None as a loss; with full, `-torch.distributions.NegativeBinomial(1 / dispersion,
        logits=log_mean + ln dispersion).log_prob(target)`.
    Example:
        >>> import torch, lossfns.torch as lt
        >>> lt.negative_binomial_nll(torch.zeros(1), torch.ones(1), full=True)
        tensor(1.3863)
    """
    number("dispersion", dispersion, above=0)
    flag("full", full)
    log_mean, target, weight = paired(
        sample_weight, validate=validate, log_mean=log_mean, target=target
    )
    within("target", target, low=0.0, validate=validate)
    successes = 1 / dispersion
    log_odds = log_mean + math.log(dispersion)
    losses = -target * F.logsigmoid(log_odds) - successes * F.logsigmoid(-log_odds)
    if full:
        failures = torch.full_like(target, successes)
        ways = torch.lgamma(target + failures) - torch.lgamma(failures) - torch.lgamma(target + 1)
        losses = losses - ways
    return reduced(losses, reduction, weight)


def _log_cosh(pred: Tensor, target: Tensor) -> Tensor:
    error = pred - target
    size = error.abs()
    # Near zero |e| and ln 2 cancel; cosh e - 1 = 2 sinh²(e/2) keeps every digit there. The clamp
    # keeps the branch not taken, and its gradient, finite.
    near = torch.log1p(2 * torch.sinh(error.clamp(-1, 1) / 2) ** 2)
    far = size + torch.log1p(torch.exp(-2 * size)) - math.log(2)
    return torch.where(size < 1, near, far)


def _log_cosh_slopes(pred: Tensor, target: Tensor) -> tuple[Tensor, list[Slope]]:
    """The same, and tanh e, from sinh(e/2) alone until that overflows."""
    half = (pred - target).mul_(0.5).sinh_()
    excess = half.square().mul_(2)  # cosh e - 1

    def slope() -> Tensor:
        return (excess + 2).mul_(2).sqrt_().mul_(half).div_(excess + 1)

    return torch.log1p(excess), [slope, lambda: slope().neg_()]


def _between(t: Tensor, a: float, b: float) -> Tensor:
    """(e^(at) - 1) / a - (e^(bt) - 1) / b, about (a - b) t² / 2 near 0, where the two cancel."""
    far = torch.expm1(a * t) / a - torch.expm1(b * t) / b
    # |a| and |b| are below 1: the series ends below 1e-17 of its first term.
    near, small = torch.zeros_like(t), t.clamp(-0.5, 0.5)
    for k in range(14, 1, -1):
        near = (near + a ** (k - 1) - b ** (k - 1)) * small / k
    return torch.where(t.abs() < 0.5, near * small, far)


def rounded_l1(error: Tensor, beta: float) -> Tensor:
    """Smooth L1 of errors that have been checked; `retinanet` adds them up."""
    # At beta = 0 it is the limit: dividing by it would make every gradient 0/0.
    slope = (error / beta).clamp(-1, 1) if beta else error.sign()
    return slope * (error - 0.5 * beta * slope)
