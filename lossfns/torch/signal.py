"""Losses of images and sounds that compare structure, not sample by sample."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional as F

from lossfns import numpy as ln
from lossfns._arguments import (
    SSIM_CONSTANTS,
    SSIM_SIGMA,
    Reduction,
    embedding_shapes,
    flag,
    image_shapes,
    number,
    resolution_sizes,
)
from lossfns.torch._core import (
    companion,
    compute_dtype,
    item_weight,
    loss,
    reads_values,
    reduced,
    unrounded,
)
from lossfns.torch._embeddings import distance

_RESOLUTIONS = ((1024, 120, 600), (2048, 240, 1200), (512, 50, 240))


@loss(ln.si_sdr)
def si_sdr(
    pred: Tensor,
    target: Tensor,
    *,
    zero_mean: bool = False,
    reduction: Reduction = "mean",
    sample_weight: Tensor | None = None,
    validate: bool = False,
) -> Tensor:
    """PyTorch:
        None. Where values are not read (see `validate`), a silent signal gives NaN.
    Example:
        >>> import torch, lossfns.torch as lt
        >>> lt.si_sdr(torch.tensor([5.0, 1.0]), torch.tensor([1.0, 0.0]))
        tensor(-13.9794)
    """
    flag("zero_mean", zero_mean)
    rows = compute_dtype("pred", pred)
    aims = companion("target", target, rows)
    embedding_shapes({"pred": tuple(rows.shape), "target": tuple(aims.shape)})
    weight, absent = None, torch.zeros_like(rows[..., :1], dtype=torch.bool)
    if sample_weight is not None:
        weight = item_weight(sample_weight, rows, rows.shape[:-1], validate)
        absent = weight[..., None] == 0
    p = _levelled("pred", rows, absent, zero_mean, validate)
    s = _levelled("target", aims, absent, zero_mean, validate)
    along, power = (p * s).sum(-1, keepdim=True), (s * s).sum(-1, keepdim=True)
    noise = ((p - along / power * s) ** 2).sum(-1, keepdim=True)
    losses = 10 / math.log(10) * (_log(noise) - _log(along * along / power))
    return reduced(torch.where(absent, 0, losses)[..., 0], reduction, weight)


@loss(ln.ssim)
def ssim(
    pred: Tensor,
    target: Tensor,
    *,
    data_range: float,
    window: int = 11,
    reduction: Reduction = "mean",
    sample_weight: Tensor | None = None,
    validate: bool = False,
) -> Tensor:
    """PyTorch:
        None.
    Example:
        >>> import torch, lossfns.torch as lt
        >>> image = (torch.arange(11.0)[:, None] + torch.arange(11.0)) / 20
        >>> lt.ssim(1 - image, image, data_range=1.0)
        tensor(1.9229)
    """
    number("data_range", data_range, above=0)
    x = compute_dtype("pred", pred)
    y = companion("target", target, x)
    image_shapes({"pred": tuple(x.shape), "target": tuple(y.shape)}, window)
    weight = None
    if sample_weight is not None:
        weight = item_weight(sample_weight, x, x.shape[:-2], validate)
        x, y = (torch.where(weight[..., None, None] == 0, 0, image) for image in (x, y))
    c1, c2 = ((constant * data_range) ** 2 for constant in SSIM_CONSTANTS)
    # Around the mean of the target, variances lose no digits to the brightness.
    level = y.detach().contiguous().mean((-2, -1), keepdim=True)
    x, y = x - level, y - level
    m_x, m_y, squares, products = _blurred([x, y, x * x + y * y, x * y], window)
    spread = squares - m_x * m_x - m_y * m_y + c2
    b = 2 * (products - m_x * m_y) + c2
    m_x, m_y = m_x + level, m_y + level
    similar = (2 * m_x * m_y + c1) * b / ((m_x * m_x + m_y * m_y + c1) * spread)
    return reduced(1 - similar.mean((-2, -1)), reduction, weight)


@loss()
def multi_resolution_stft(
    pred: Tensor,
    target: Tensor,
    *,
    resolutions: Sequence[tuple[int, int, int]] = _RESOLUTIONS,
    reduction: Reduction = "mean",
    sample_weight: Tensor | None = None,
    validate: bool = False,
) -> Tensor:
    """Multi-resolution STFT loss: magnitudes of spectrograms, at several window lengths.

        l = mean over resolutions of ‖|S| - |P|‖ / ‖|S|‖ + mean |ln |S| - ln |P||,

    P and S the short-time Fourier transforms of `pred` and `target`, under a Hann window, with
    reflected ends, and with no squared magnitude below 1e-7.

    Args:
        pred: estimated signals, floating point, (..., samples).
        target: the wanted signals, same shape.
        resolutions: (transform, hop, window) sizes in samples; the default is the paper's, for
            speech at 24 kHz.
        reduction, sample_weight: as for every loss; one loss per signal.
    Returns:
        The loss, without units.
    Raises:
        TypeError, ValueError: shapes differ, integers, NaN, signals too short for a transform.
    Gradient:
        By autograd, through the transforms; 0 at magnitudes below the floor, and where both
        spectrograms are the same.
    Pitfall:
        Phases do not count: add an adversary or a loss of the waveform. The authors' code divides
        the norms over a whole batch, in which loud signals outvote quiet ones; here each signal
        has its own.
    Reference:
        Yamamoto, Song & Kim (2020), Parallel WaveGAN, ICASSP, arXiv:1910.11480.
    Chapter:
        multi-resolution-stft
    PyTorch:
        None; `torch.stft` for the transform.
    Example:
        >>> import torch, lossfns.torch as lt
        >>> sound = torch.randn(4000, generator=torch.Generator().manual_seed(0))
        >>> round(lt.multi_resolution_stft(0.5 * sound, sound).item(), 4)  # ½ + ln 2
        1.1931
    """
    rows = compute_dtype("pred", pred)
    aims = companion("target", target, rows)
    embedding_shapes({"pred": tuple(rows.shape), "target": tuple(aims.shape)})
    sizes = resolution_sizes(resolutions, rows.shape[-1])
    weight = None
    if sample_weight is not None:
        weight = item_weight(sample_weight, rows, rows.shape[:-1], validate)
        rows, aims = (torch.where(weight[..., None] == 0, 0, row) for row in (rows, aims))
    losses = torch.zeros_like(rows[..., 0])
    for size in sizes:
        p, s = (_magnitudes(row, *size).flatten(-2) for row in (rows, aims))
        losses = losses + distance(s - p) / distance(s) + (s.log() - p.log()).abs().mean(-1)
    return reduced(losses / len(sizes), reduction, weight)


def _levelled(name: str, rows: Tensor, absent: Tensor, zero_mean: bool, validate: bool) -> Tensor:
    """Signals in units of their largest sample, which changes no ratio; absent ones become ones."""
    rows = torch.where(absent, 0, rows)
    if zero_mean:
        rows = rows - rows.mean(-1, keepdim=True)
    size = rows.detach().abs().amax(-1, keepdim=True)
    if reads_values(rows, validate) and ((size == 0) & ~absent).any():
        raise ValueError(f"{name} must not be silent: the ratio of its parts is undefined")
    return torch.where(absent, 1, rows / torch.where(absent, 1, size))


def _log(power: Tensor) -> Tensor:
    """Logarithm whose slope at 0 is 0, where it is -inf."""
    none = power == 0
    return torch.where(none, -torch.inf, torch.where(none, 1, power).log())


def _blurred(images: list[Tensor], window: int) -> list[Tensor]:
    """Means under the Gaussian window, along both axes, at each place where it fits."""
    stack = torch.stack(images)
    place = torch.arange(window, dtype=stack.dtype, device=stack.device) - window // 2
    kernel = torch.exp(-0.5 * (place / SSIM_SIGMA) ** 2)
    kernel = (kernel / kernel.sum()).reshape(1, 1, 1, window)
    with unrounded(stack):
        flat = F.conv2d(stack.reshape(-1, 1, *stack.shape[-2:]), kernel)
        flat = F.conv2d(flat, kernel.transpose(-2, -1))
    return list(flat.reshape(*stack.shape[:-2], *flat.shape[-2:]).unbind())


def _magnitudes(rows: Tensor, transform: int, hop: int, width: int) -> Tensor:
    """Of the short-time Fourier transform, with a floor that the logarithm can bear."""
    hann = torch.hann_window(width, dtype=rows.dtype, device=rows.device)
    with unrounded(rows):
        spectrum = torch.stft(
            rows.reshape(-1, rows.shape[-1]), transform, hop, width, hann, return_complex=True
        )
    power = torch.view_as_real(spectrum).square().sum(-1).clamp(min=1e-7)
    return power.sqrt().reshape(*rows.shape[:-1], *power.shape[-2:])
