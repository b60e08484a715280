"""Losses of images and sounds that compare structure, not sample by sample."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import ArrayLike

from lossfns._arguments import (
    SSIM_CONSTANTS,
    SSIM_SIGMA,
    Reduction,
    embedding_shapes,
    flag,
    image_shapes,
    number,
)
from lossfns.numpy._core import Array, Evaluation, item_weight, loss, real, reduced

_DECIBEL = 10 / math.log(10)


@loss
def si_sdr(
    pred: ArrayLike,
    target: ArrayLike,
    *,
    zero_mean: bool = False,
    reduction: Reduction = "mean",
    sample_weight: ArrayLike | None = None,
) -> Evaluation:
    """Negative scale-invariant signal-to-distortion ratio: how much of a sound is the wanted one.

        l = 10 log10(‖pred - a target‖² / ‖a target‖²),   a = <pred, target> / ‖target‖²

    Args:
        pred: estimated signals, floating point, (..., samples).
        target: the wanted signals, same shape.
        zero_mean: take the mean off both first, as asteroid does by default; TorchMetrics doesn't.
        reduction, sample_weight: as for every loss; one loss per signal.
    Returns:
        The loss, in decibels: -10 where a tenth of the power is distortion. It is -inf for a
        perfect estimate and inf for one that has nothing of the target.
    Raises:
        TypeError, ValueError: shapes differ, integers, NaN, signals that are silent (all 0, or
        constant with zero_mean), for which the ratio is undefined.
    Gradient:
        20 / ln 10 · (e / ‖e‖² - target / <pred, target>) / n with e = pred - a target, of which a
        term that is infinite counts as 0.
    Pitfall:
        The scale is free: a network trained with it may answer at any volume.
    Reference:
        Le Roux et al. (2019), SDR - half-baked or well done?, ICASSP, arXiv:1811.02508.
    Chapter:
        loss-si-sdr
    Example:
        >>> import lossfns.numpy as ln
        >>> round(ln.si_sdr([5.0, 1.0], [1.0, 0.0]), 4)
        -13.9794
    """
    flag("zero_mean", zero_mean)
    rows, aims = real("pred", pred, floating=True), real("target", target)
    embedding_shapes({"pred": rows.shape, "target": aims.shape})
    weight = None if sample_weight is None else item_weight(sample_weight, rows.shape[:-1])
    absent = np.zeros(rows.shape[:-1], bool) if weight is None else weight == 0
    (p, size), (s, _) = (
        _levelled(name, row, absent, zero_mean) for name, row in (("pred", rows), ("target", aims))
    )
    along = (p * s).sum(axis=-1, keepdims=True)
    power = (s * s).sum(axis=-1, keepdims=True)
    rest = p - along / power * s
    noise = (rest * rest).sum(axis=-1, keepdims=True)

    def slope() -> Array:
        # ln |rest|² - ln along²: 2 rest / |rest|², since rest is at right angles to s, less
        # 2 s / along.
        pull = rest / np.where(noise == 0, np.inf, noise) - s / np.where(along == 0, np.inf, along)
        if zero_mean:
            pull = pull - pull.mean(axis=-1, keepdims=True)
        return np.asarray(2 * _DECIBEL * pull / size)

    losses = _DECIBEL * (np.log(noise) - np.log(along * along / power))[..., 0]
    losses = np.where(absent, 0.0, losses)
    return reduced(losses, reduction, weight, axis=-1, pred=slope)


@loss
def ssim(
    pred: ArrayLike,
    target: ArrayLike,
    *,
    data_range: float,
    window: int = 11,
    reduction: Reduction = "mean",
    sample_weight: ArrayLike | None = None,
) -> Evaluation:
    """Structural dissimilarity: local means, contrasts and correlations of two images.

        l = 1 - mean of (2 μ_x μ_y + c1)(2 σ_xy + c2) / ((μ_x² + μ_y² + c1)(σ_x² + σ_y² + c2)),
        c1 = (0.01 L)²,   c2 = (0.03 L)²

    with means, variances and covariance under a Gaussian window, at each place where it fits.

    Args:
        pred: images, floating point, (..., height, width); channels are images of their own.
        target: same shape.
        data_range: L > 0, the largest value minus the smallest that an image may have: 1 or 255.
        window: width of the window in pixels, odd; its standard deviation is 1.5.
        reduction, sample_weight: as for every loss; one loss per image and channel.
    Returns:
        The loss, between 0 and 2. Some libraries halve it (Kornia).
    Raises:
        TypeError, ValueError: shapes differ, integers, NaN, images smaller than the window,
        data_range ≤ 0, an even window.
    Gradient:
        Through the means and products under the window, see the code.
    Pitfall:
        scikit-image agrees with gaussian_weights=True and use_sample_covariance=False only.
        TorchMetrics reflects the images at their edges and averages over those places, too, and
        guesses the data_range unless it is given.
    Reference:
        Wang et al. (2004), Image quality assessment: from error visibility to structural
        similarity, IEEE Transactions on Image Processing 13(4).
    Chapter:
        loss-ssim
    Example:
        >>> import numpy as np, lossfns.numpy as ln
        >>> image = np.add.outer(np.arange(11.0), np.arange(11.0)) / 20
        >>> round(ln.ssim(image, image, data_range=1.0), 4)
        0.0
        >>> round(ln.ssim(1 - image, image, data_range=1.0), 4)
        1.9229
    """
    number("data_range", data_range, above=0)
    x, y = real("pred", pred, floating=True), real("target", target)
    image_shapes({"pred": x.shape, "target": y.shape}, window)
    weight = None if sample_weight is None else item_weight(sample_weight, x.shape[:-2])
    if weight is not None:
        x, y = (np.where(weight[..., None, None] == 0, 0.0, image) for image in (x, y))
    kernel = np.exp(-0.5 * ((np.arange(window) - window // 2) / SSIM_SIGMA) ** 2)
    kernel /= kernel.sum()
    c1, c2 = ((constant * data_range) ** 2 for constant in SSIM_CONSTANTS)
    m_x, m_y = _blurred(x, kernel), _blurred(y, kernel)
    # Around its own mean an image loses no digits to its brightness.
    x_0, y_0 = (image.mean(axis=(-2, -1), keepdims=True) for image in (x, y))
    u, v, m_u, m_v = x - x_0, y - y_0, m_x - x_0, m_y - y_0
    means = m_x * m_x + m_y * m_y + c1
    spread = _blurred(u * u + v * v, kernel) - (m_u * m_u + m_v * m_v) + c2
    a, b = 2 * m_x * m_y + c1, 2 * (_blurred(u * v, kernel) - m_u * m_v) + c2
    similar = a * b / (means * spread)
    # 1 - SSIM from the differences, as SSIM itself loses its digits to the 1 where images agree.
    apart = (_blurred((u - v) ** 2, kernel) - (m_u - m_v) ** 2) / spread
    m_gap = m_u - m_v + (x_0 - y_0)
    missing = apart + m_gap * m_gap / means * (1 - apart)

    def slope() -> Array:
        # By the blurred x, x² and x y, of which a, b, means and spread are made: b has the blurred
        # x y less m_x m_y, and spread the blurred x² less m_x².
        of_mean = 2 * m_y * (b - a) / (means * spread)
        of_mean += 2 * m_x * similar * (1 / spread - 1 / means)
        of_square, of_product = -similar / spread, 2 * a / (means * spread)
        back = [_spread_out(part, kernel) for part in (of_mean, of_square, of_product)]
        total = back[0] + 2 * x * back[1] + y * back[2]
        return np.asarray(-total / math.prod(similar.shape[-2:]))

    return reduced(missing.mean(axis=(-2, -1)), reduction, weight, pred=slope)


def _levelled(
    name: str, rows: Array, absent: npt.NDArray[np.bool_], zero_mean: bool
) -> tuple[Array, Array]:
    """Signals in units of their largest sample, and that; those of weight 0 become ones."""
    rows = np.where(absent[..., None], 0.0, rows)
    if zero_mean:
        rows = rows - rows.mean(axis=-1, keepdims=True)
    size = np.abs(rows).max(axis=-1, keepdims=True)
    if ((size[..., 0] == 0) & ~absent).any():
        raise ValueError(f"{name} must not be silent: the ratio of its parts is undefined")
    size = np.where(absent[..., None], 1.0, size)
    return np.where(absent[..., None], 1.0, rows / size), size


def _blurred(images: Array, kernel: Array) -> Array:
    """Means under the window, along both axes, at each place where it fits."""
    rows = sliding_window_view(images, len(kernel), axis=-1) @ kernel
    return np.asarray(sliding_window_view(rows, len(kernel), axis=-2) @ kernel)


def _spread_out(slopes: Array, kernel: Array) -> Array:
    """The slope by each pixel, from those by the means: the same window from outside in."""
    edge = len(kernel) - 1
    around = [(0, 0)] * (slopes.ndim - 2) + [(edge, edge)] * 2
    return _blurred(np.pad(slopes, around), kernel)
