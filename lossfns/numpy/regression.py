"""Regression losses. All are element-wise: prediction and target have the same shape."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from lossfns._arguments import Reduction, flag, number, one_of, same_shapes
from lossfns.numpy._core import Array, Evaluation, loss, paired, real, reduced, within
from lossfns.numpy._logits import sides


@loss
def mse(
    pred: ArrayLike,
    target: ArrayLike,
    *,
    reduction: Reduction = "mean",
    sample_weight: ArrayLike | None = None,
) -> Evaluation:
    """Mean squared error: the negative log-likelihood of Gaussian noise of fixed variance.

        l = (pred - target)²

    Args:
        pred: predictions, floating point, any shape, in the units of the target.
        target: same shape.
        reduction, sample_weight: as for every loss, see the package's documentation.
    Returns:
        The loss, in squared units of the target.
    Raises:
        TypeError, ValueError: shapes differ, integer predictions, NaN, unknown reduction.
    Gradient:
        2 (pred - target) / n for the mean.
    Pitfall:
        An error five times larger costs 25 times more: one outlier can own the fit.
    Reference:
        Gauss (1809), Theoria motus corporum coelestium, section 179.
    Chapter:
        loss-mse
    Example:
        >>> import lossfns.numpy as ln
        >>> ln.mse([2.0, -4.0], [0.0, 0.0])
        10.0
        >>> ln.mse.grad([2.0, -4.0], [0.0, 0.0])
        array([ 2., -4.])
    """
    pred, target, weight = paired(sample_weight, pred=pred, target=target)
    error = pred - target
    return reduced(error * error, reduction, weight, pred=lambda: 2 * error)


@loss
def rmse(
    pred: ArrayLike,
    target: ArrayLike,
    *,
    reduction: Literal["mean"] = "mean",
    sample_weight: ArrayLike | None = None,
) -> Evaluation:
    """Root mean squared error: the MSE brought back to the units of the target.

        L = √(Σ w (pred - target)² / Σ w)

    Args:
        pred: predictions, floating point, any shape, in the units of the target.
        target: same shape.
        reduction: "mean" only: the root is taken of the mean, so there is no loss per item.
        sample_weight: as for every loss, see the package's documentation.
    Returns:
        The loss, in the units of the target.
    Raises:
        TypeError, ValueError: shapes differ, integer predictions, NaN, reduction not "mean".
    Gradient:
        (pred - target) / (n · rmse); 0 where the fit is perfect, a point at which the root has
        infinite slope and automatic differentiation of it gives NaN.
    Pitfall:
        The mean of the RMSE of two batches is not the RMSE of both: average the MSE instead.
    Reference:
        Hyndman & Koehler (2006), International Journal of Forecasting 22(4).
    Chapter:
        loss-rmse
    Example:
        >>> import lossfns.numpy as ln
        >>> ln.rmse([3.0, 0.0, 0.0, 0.0], [0.0, 4.0, 0.0, 0.0])
        2.5
    """
    one_of("reduction", reduction, ("mean",))
    pred, target, weight = paired(sample_weight, pred=pred, target=target)
    error = pred - target
    # Squares of errors above 1e154 overflow, though their root does not: measure in units of the
    # largest error.
    unit = np.abs(error).max(initial=0.0)
    unit = unit if 0 < unit < np.inf else 1.0
    mean = reduced((error / unit) ** 2, "mean", weight, pred=lambda: 2 * error / unit)
    root = math.sqrt(mean.value)

    def slope() -> Array:
        # d√m = dm / (2√m); the unit cancels.
        return mean.gradients["pred"]() / (2 * root) if root else np.zeros_like(error)

    return Evaluation(float(root * unit), {"pred": slope})


@loss
def mae(
    pred: ArrayLike,
    target: ArrayLike,
    *,
    reduction: Reduction = "mean",
    sample_weight: ArrayLike | None = None,
) -> Evaluation:
    """Mean absolute error: the negative log-likelihood of Laplace noise of fixed scale.

        l = |pred - target|

    Args:
        pred: predictions, floating point, any shape, in the units of the target.
        target: same shape.
        reduction, sample_weight: as for every loss, see the package's documentation.
    Returns:
        The loss, in the units of the target.
    Raises:
        TypeError, ValueError: shapes differ, integer predictions, NaN, unknown reduction.
    Gradient:
        sign(pred - target) / n for the mean, and 0 at the kink.
    Pitfall:
        The gradient does not shrink near the target: with a fixed step the fit keeps hopping.
    Reference:
        Boscovich (1757), told by Stigler (1986), The History of Statistics, chapter 1.
    Chapter:
        loss-mae
    Example:
        >>> import lossfns.numpy as ln
        >>> ln.mae([2.0, -4.0], [0.0, 0.0])
        3.0
    """
    pred, target, weight = paired(sample_weight, pred=pred, target=target)
    error = pred - target
    return reduced(np.abs(error), reduction, weight, pred=lambda: np.sign(error))


@loss
def huber(
    pred: ArrayLike,
    target: ArrayLike,
    *,
    delta: float = 1.0,
    reduction: Reduction = "mean",
    sample_weight: ArrayLike | None = None,
) -> Evaluation:
    """Huber loss: quadratic for errors up to delta, linear beyond.

        l = ½ e²                 if |e| ≤ delta,   e = pred - target
        l = delta (|e| - ½ delta)  otherwise

    Args:
        pred: predictions, floating point, any shape, in the units of the target.
        target: same shape.
        delta: the error at which the loss turns linear, > 0, in the units of the target.
        reduction, sample_weight: as for every loss, see the package's documentation.
    Returns:
        The loss, in squared units of the target.
    Raises:
        TypeError, ValueError: shapes differ, integer predictions, NaN, delta ≤ 0.
    Gradient:
        clip(pred - target, -delta, delta) / n for the mean.
    Pitfall:
        The ½ makes it half the MSE for small errors; `smooth_l1` is this loss divided by delta.
    Reference:
        Huber (1964), Robust estimation of a location parameter, Annals of Mathematical
        Statistics 35(1).
    Chapter:
        loss-huber
    Example:
        >>> import lossfns.numpy as ln
        >>> ln.huber([0.5, 3.0], [0.0, 0.0], reduction="none")
        array([0.125, 2.5  ])
    """
    number("delta", delta, above=0)
    pred, target, weight = paired(sample_weight, pred=pred, target=target)
    error = pred - target
    # Both branches in one product: inside, clipped = error; outside, it is ±delta.
    clipped = np.clip(error, -delta, delta)
    return reduced(clipped * (error - 0.5 * clipped), reduction, weight, pred=lambda: clipped)


@loss
def smooth_l1(
    pred: ArrayLike,
    target: ArrayLike,
    *,
    beta: float = 1.0,
    reduction: Reduction = "mean",
    sample_weight: ArrayLike | None = None,
) -> Evaluation:
    """Smooth L1 loss: absolute error with its kink rounded off, the Huber loss over beta.

        l = ½ e² / beta     if |e| < beta,   e = pred - target
        l = |e| - ½ beta    otherwise

    Args:
        pred: predictions, floating point, any shape, in the units of the target.
        target: same shape.
        beta: the error at which the loss turns linear, ≥ 0 and finite, in the units of the target;
            0 is MAE.
        reduction, sample_weight: as for every loss, see the package's documentation.
    Returns:
        The loss, in the units of the target.
    Raises:
        TypeError, ValueError: shapes differ, integer predictions, NaN, beta < 0 or infinite.
    Gradient:
        clip((pred - target) / beta, -1, 1) / n for the mean.
    Pitfall:
        Equal to `huber` at beta = delta = 1 only: Huber's slope far out is delta, here it is 1.
    Reference:
        Girshick (2015), Fast R-CNN, ICCV, arXiv:1504.08083.
    Chapter:
        loss-smooth-l1
    Example:
        >>> import lossfns.numpy as ln
        >>> ln.smooth_l1([0.5, 3.0], [0.0, 0.0], beta=2.0, reduction="none")
        array([0.0625, 2.    ])
    """
    number("beta", beta, at_least=0, below=math.inf)
    pred, target, weight = paired(sample_weight, pred=pred, target=target)
    losses, slope = rounded_l1(pred - target, beta)
    return reduced(losses, reduction, weight, pred=lambda: slope)


@loss
def log_cosh(
    pred: ArrayLike,
    target: ArrayLike,
    *,
    reduction: Reduction = "mean",
    sample_weight: ArrayLike | None = None,
) -> Evaluation:
    """Log-cosh loss: about ½ e² near zero and |e| - ln 2 far out, smooth everywhere.

        l = ln cosh(e) = |e| - ln 2 + ln(1 + exp(-2 |e|)),   e = pred - target

    Args:
        pred: predictions, floating point, any shape; the loss is not homogeneous, so scale the
            target to errors of order 1.
        target: same shape.
        reduction, sample_weight: as for every loss, see the package's documentation.
    Returns:
        The loss.
    Raises:
        TypeError, ValueError: shapes differ, integer predictions, NaN, unknown reduction.
    Gradient:
        tanh(pred - target) / n for the mean.
    Pitfall:
        Written as log(cosh(e)) it is infinite from |e| = 89 (float32) or 711 (float64) on.
    Reference:
        Green (1990), Bayesian reconstructions from emission tomography data using a modified EM
        algorithm, IEEE Transactions on Medical Imaging 9(1).
    Chapter:
        loss-log-cosh
    Example:
        >>> import lossfns.numpy as ln
        >>> round(ln.log_cosh([1000.0], [0.0]), 6)
        999.306853
    """
    pred, target, weight = paired(sample_weight, pred=pred, target=target)
    error = pred - target
    size = np.abs(error)
    # Near zero |e| and ln 2 cancel; cosh e - 1 = 2 sinh²(e/2) keeps every digit there.
    near = np.log1p(2 * np.sinh(np.minimum(size, 1) / 2) ** 2)
    far = size + np.log1p(np.exp(-2 * size)) - math.log(2)
    losses = np.where(size < 1, near, far)
    return reduced(losses, reduction, weight, pred=lambda: np.tanh(error))


@loss
def quantile(
    pred: ArrayLike,
    target: ArrayLike,
    *,
    q: float | Sequence[float] = 0.5,
    reduction: Reduction = "mean",
    sample_weight: ArrayLike | None = None,
) -> Evaluation:
    """Quantile (pinball) loss: its minimiser over a constant is the q-quantile of the target.

        l = max(q (target - pred), (q - 1) (target - pred))

    Args:
        pred: predictions, floating point, in the units of the target: the shape of the target, or,
            for K levels, that shape with one more axis of length K at the end, one head a level.
        target: any shape.
        q: level in (0, 1), or K of them.
        reduction, sample_weight: as for every loss; weights follow the shape of `pred`.
    Returns:
        The loss, in the units of the target.
    Raises:
        TypeError, ValueError: shapes do not fit, integer predictions, NaN, q outside (0, 1).
    Gradient:
        (-q where pred < target, 1 - q where pred > target) / n for the mean; ½ - q at the kink.
    Pitfall:
        Heads trained side by side may cross: sort them, or predict the gaps.
    Reference:
        Koenker & Bassett (1978), Regression quantiles, Econometrica 46(1).
    Chapter:
        loss-quantile
    Example:
        >>> import lossfns.numpy as ln
        >>> ln.quantile([8.0, 12.0], [10.0, 10.0], q=0.9, reduction="none")
        array([1.8, 0.2])
        >>> ln.quantile([[8.0, 12.0]], [10.0], q=[0.1, 0.9], reduction="none")
        array([[0.2, 0.2]])
    """
    if np.ndim(q):
        levels = np.array(q, float)
        pred, target = real("pred", pred, floating=True), real("target", target)
        same_shapes({"pred": pred.shape, "target with an axis for q": (*target.shape, levels.size)})
        target = np.broadcast_to(target[..., None], pred.shape)
    else:
        levels = np.array([q])
    for level in levels.tolist():
        number("q", level, above=0, below=1)
    pred, target, weight = paired(sample_weight, pred=pred, target=target)
    gap = target - pred
    losses = np.maximum(levels * gap, (levels - 1) * gap)
    return reduced(losses, reduction, weight, pred=lambda: 0.5 - levels - 0.5 * np.sign(gap))


@loss
def mape(
    pred: ArrayLike,
    target: ArrayLike,
    *,
    reduction: Reduction = "mean",
    sample_weight: ArrayLike | None = None,
) -> Evaluation:
    """Mean absolute percentage error, as a fraction: 0.1 is ten per cent.

        l = |pred - target| / |target|

    Args:
        pred: predictions, floating point, any shape, in the units of the target.
        target: same shape, nowhere 0.
        reduction, sample_weight: as for every loss, see the package's documentation.
    Returns:
        The loss, a fraction without units. Keras returns 100 times this.
    Raises:
        TypeError, ValueError: shapes differ, integer predictions, NaN, a target of 0, where
        scikit-learn and Keras put a tiny constant in the denominator and return an enormous one.
    Gradient:
        sign(pred - target) / |target| / n for the mean, and 0 at the kink.
    Pitfall:
        Under-prediction costs at most 1, over-prediction any amount: models learn to say too
        little.
    Reference:
        Hyndman & Koehler (2006), International Journal of Forecasting 22(4).
    Chapter:
        loss-mape
    Example:
        >>> import lossfns.numpy as ln
        >>> ln.mape([90.0, 250.0], [100.0, 200.0], reduction="none")
        array([0.1 , 0.25])
    """
    pred, target, weight = paired(sample_weight, pred=pred, target=target)
    error, scale = pred - target, np.abs(target)
    within("|target|", scale, low=0.0, open_low=True, hint="a relative error needs a target")
    return reduced(np.abs(error) / scale, reduction, weight, pred=lambda: np.sign(error) / scale)


@loss
def msle(
    pred: ArrayLike,
    target: ArrayLike,
    *,
    reduction: Reduction = "mean",
    sample_weight: ArrayLike | None = None,
) -> Evaluation:
    """Mean squared logarithmic error: squared error of ratios, for targets over many decades.

        l = (ln(1 + pred) - ln(1 + target))²

    Args:
        pred: predictions, floating point, > -1, any shape, in the units of the target.
        target: same shape, > -1; usually counts or prices ≥ 0.
        reduction, sample_weight: as for every loss, see the package's documentation.
    Returns:
        The loss, in squared natural-log units.
    Raises:
        TypeError, ValueError: shapes differ, integer predictions, NaN, a value ≤ -1.
    Gradient:
        2 (ln(1 + pred) - ln(1 + target)) / (1 + pred) / n for the mean.
    Pitfall:
        The 1 matters: for prices in millions it does nothing, for prices below 1 it is the loss.
    Reference:
        Tofallis (2015), A better measure of relative prediction accuracy for model selection and
        model estimation, Journal of the Operational Research Society 66(8).
    Chapter:
        loss-msle
    Example:
        >>> import lossfns.numpy as ln
        >>> round(ln.msle([9.0], [99.0]), 4)
        5.3019
    """
    pred, target, weight = paired(sample_weight, pred=pred, target=target)
    within("pred", pred, low=-1.0, open_low=True)
    within("target", target, low=-1.0, open_low=True)
    ratio = np.log1p(pred) - np.log1p(target)
    return reduced(ratio**2, reduction, weight, pred=lambda: 2 * ratio / (1 + pred))


@loss
def poisson_nll(
    log_rate: ArrayLike,
    target: ArrayLike,
    *,
    full: bool = False,
    reduction: Reduction = "mean",
    sample_weight: ArrayLike | None = None,
) -> Evaluation:
    """Negative log-likelihood of counts under a Poisson distribution, from the log of its rate.

        l = exp(log_rate) - target · log_rate  [+ ln(target!) with full]

    Args:
        log_rate: predicted logarithm of the expected count, floating point, any shape.
        target: counts ≥ 0, same shape.
        full: add the term that does not depend on the prediction, exactly (PyTorch's `full=True`
            uses Stirling's approximation, and nothing at all for counts of 0 and 1).
        reduction, sample_weight: as for every loss, see the package's documentation.
    Returns:
        The loss, in nats.
    Raises:
        TypeError, ValueError: shapes differ, integer predictions, NaN, negative counts.
    Gradient:
        (exp(log_rate) - target) / n for the mean.
    Pitfall:
        It takes the log-rate. Feeding the rate itself trains without complaint, and wrongly.
    Reference:
        Nelder & Wedderburn (1972), Generalized linear models, Journal of the Royal Statistical
        Society A 135(3).
    Chapter:
        loss-poisson-nll
    Example:
        >>> import lossfns.numpy as ln
        >>> ln.poisson_nll([0.0, 0.0], [1.0, 3.0])
        1.0
    """
    flag("full", full)
    log_rate, target, weight = paired(sample_weight, log_rate=log_rate, target=target)
    within("target", target, low=0.0)
    rate = np.exp(log_rate)
    losses = rate - target * log_rate
    if full:
        losses = losses + _lgamma(target + 1)
    return reduced(losses, reduction, weight, log_rate=lambda: rate - target)


@loss
def gaussian_nll(
    pred: ArrayLike,
    target: ArrayLike,
    *,
    var: ArrayLike,
    full: bool = False,
    reduction: Reduction = "mean",
    sample_weight: ArrayLike | None = None,
) -> Evaluation:
    """Negative log-likelihood of a Gaussian whose mean and variance are both predicted.

        l = ½ (ln var + (pred - target)² / var)  [+ ½ ln 2π with full]

    Args:
        pred: predicted means, floating point, any shape, in the units of the target.
        target: same shape.
        var: predicted variances, > 0, same shape, in squared units of the target.
        full: add the constant ½ ln 2π.
        reduction, sample_weight: as for every loss, see the package's documentation.
    Returns:
        The loss, in nats; it may be negative.
    Raises:
        TypeError, ValueError: shapes differ, integer predictions, NaN, var ≤ 0 (PyTorch raises
        variances below its `eps` to 1e-6 without a word).
    Gradient:
        (pred - target) / var / n; with wrt="var", ½ (1 - (pred - target)² / var) / var / n.
    Pitfall:
        Where the variance is large the mean hardly learns; predict exp(s), and watch both.
    Reference:
        Nix & Weigend (1994), Estimating the mean and variance of the target probability
        distribution, ICNN.
    Chapter:
        loss-gaussian-nll
    Example:
        >>> import lossfns.numpy as ln
        >>> ln.gaussian_nll([1.0], [3.0], var=[1.0])
        2.0
        >>> ln.gaussian_nll.grad([1.0], [3.0], var=[1.0], wrt="var")
        array([-1.5])
    """
    flag("full", full)
    pred, target, var, weight = paired(sample_weight, pred=pred, target=target, var=var)
    within("var", var, low=0.0, open_low=True)
    error = pred - target
    squared = error * (error / var)  # e² alone may overflow
    losses = 0.5 * (np.log(var) + squared)
    return reduced(
        losses + 0.5 * math.log(2 * math.pi) if full else losses,
        reduction,
        weight,
        pred=lambda: error / var,
        # ½ (ln v + e² / v) by v: ½ / v - ½ e² / v².
        var=lambda: 0.5 * (1 - squared) / var,
    )


@loss
def pseudo_huber(
    pred: ArrayLike,
    target: ArrayLike,
    *,
    delta: float = 1.0,
    reduction: Reduction = "mean",
    sample_weight: ArrayLike | None = None,
) -> Evaluation:
    """Pseudo-Huber (Charbonnier) loss: Huber's shape with derivatives of every order.

        l = delta² (√(1 + (e / delta)²) - 1),   e = pred - target

    Args:
        pred: predictions, floating point, any shape, in the units of the target.
        target: same shape.
        delta: where the loss turns from quadratic to linear, > 0, in the units of the target.
        reduction, sample_weight: as for every loss, see the package's documentation.
    Returns:
        The loss, in squared units of the target.
    Raises:
        TypeError, ValueError: shapes differ, integer predictions, NaN, delta ≤ 0.
    Gradient:
        e / √(1 + (e / delta)²) / n for the mean.
    Pitfall:
        It never equals ½ e² exactly: at |e| = delta it is already 17 % below it.
    Reference:
        Charbonnier et al. (1997), Deterministic edge-preserving regularization in computed
        imaging, IEEE Transactions on Image Processing 6(2).
    Chapter:
        loss-pseudo-huber
    Example:
        >>> import lossfns.numpy as ln
        >>> round(ln.pseudo_huber([1.0], [0.0]), 6)
        0.414214
    """
    number("delta", delta, above=0)
    pred, target, weight = paired(sample_weight, pred=pred, target=target)
    error = pred - target
    root = np.hypot(1, error / delta)
    # √(1 + u²) - 1 = u² / (1 + √(1 + u²)), which neither cancels for small u nor squares large e.
    losses = error * (error / (1 + root))
    return reduced(losses, reduction, weight, pred=lambda: error / root)


@loss
def general_robust(
    pred: ArrayLike,
    target: ArrayLike,
    *,
    alpha: float = 1.0,
    scale: float = 1.0,
    reduction: Reduction = "mean",
    sample_weight: ArrayLike | None = None,
) -> Evaluation:
    """Barron's general robust loss: one family from L2 to a loss that ignores outliers.

        l = |α - 2| / α · ((u² / |α - 2| + 1)^(α / 2) - 1),   u = (pred - target) / scale

    with its limits ½ u² (α = 2), ln(½ u² + 1) (α = 0: Cauchy), 1 - exp(-½ u²) (α = -∞: Welsch).
    α = 1 is the pseudo-Huber loss, α = -2 Geman-McClure.

    Args:
        pred: predictions, floating point, any shape, in the units of the target.
        target: same shape.
        alpha: shape, ≤ 2, may be -inf; the smaller, the less a large error weighs.
        scale: size of an ordinary error, > 0, in the units of the target.
        reduction, sample_weight: as for every loss, see the package's documentation.
    Returns:
        The loss, without units.
    Raises:
        TypeError, ValueError: shapes differ, integer predictions, NaN, alpha > 2, scale ≤ 0.
    Gradient:
        u / scale · (u² / |α - 2| + 1)^(α / 2 - 1) / n for the mean.
    Pitfall:
        Below α = 1 it is not convex, and far outliers send almost no gradient: start near 1.
    Reference:
        Barron (2019), A general and adaptive robust loss function, CVPR, arXiv:1701.03077.
    Chapter:
        loss-general-robust
    Example:
        >>> import lossfns.numpy as ln
        >>> ln.general_robust([3.0], [0.0], alpha=2.0)
        4.5
        >>> round(ln.general_robust([3.0], [0.0], alpha=0.0), 6)
        1.704748
    """
    number("alpha", alpha, at_most=2)
    number("scale", scale, above=0)
    pred, target, weight = paired(sample_weight, pred=pred, target=target)
    u = (pred - target) / scale
    if alpha == 2:
        losses, fade = 0.5 * u * u, np.ones_like(u)
    elif alpha == -math.inf:
        losses, fade = -np.expm1(-0.5 * u * u), np.exp(-0.5 * u * u)
    else:
        v = u / math.sqrt(2 - alpha)
        # ln(1 + v²), without squaring what would overflow.
        stretch = np.where(np.abs(v) < 1, np.log1p(v * v), 2 * np.log(np.hypot(1, v)))
        # expm1 keeps the digits that ( )^(α/2) - 1 loses as α nears 0, where it is the Cauchy loss.
        power = np.expm1(alpha / 2 * stretch) / alpha if alpha else stretch / 2
        losses, fade = (2 - alpha) * power, np.exp((alpha / 2 - 1) * stretch)
    return reduced(losses, reduction, weight, pred=lambda: u / scale * fade)


@loss
def laplace_nll(
    pred: ArrayLike,
    target: ArrayLike,
    *,
    scale: ArrayLike,
    reduction: Reduction = "mean",
    sample_weight: ArrayLike | None = None,
) -> Evaluation:
    """Negative log-likelihood of a Laplace distribution whose centre and scale are predicted.

        l = ln(2 scale) + |pred - target| / scale

    Args:
        pred: predicted centres, floating point, any shape, in the units of the target.
        target: same shape.
        scale: predicted mean absolute deviations, > 0, same shape, in the units of the target.
        reduction, sample_weight: as for every loss, see the package's documentation.
    Returns:
        The loss, in nats; it may be negative.
    Raises:
        TypeError, ValueError: shapes differ, integer predictions, NaN, scale ≤ 0.
    Gradient:
        sign(pred - target) / scale / n; with wrt="scale", (1 - |e| / scale) / scale / n.
    Pitfall:
        One exactly fitted point can pull its scale to 0 and the loss to -∞: bound it from below.
    Reference:
        Kotz, Kozubowski & Podgórski (2001), The Laplace Distribution and Generalizations.
    Chapter:
        loss-laplace-nll
    Example:
        >>> import lossfns.numpy as ln
        >>> ln.laplace_nll([1.0], [3.0], scale=[0.5])
        4.0
    """
    pred, target, scale, weight = paired(sample_weight, pred=pred, target=target, scale=scale)
    within("scale", scale, low=0.0, open_low=True)
    error = pred - target
    return reduced(
        np.log(2 * scale) + np.abs(error) / scale,
        reduction,
        weight,
        pred=lambda: np.sign(error) / scale,
        # ln b + |e| / b by b: 1 / b - |e| / b².
        scale=lambda: (1 - np.abs(error) / scale) / scale,
    )


@loss
def gaussian_crps(
    pred: ArrayLike,
    target: ArrayLike,
    *,
    std: ArrayLike,
    reduction: Reduction = "mean",
    sample_weight: ArrayLike | None = None,
) -> Evaluation:
    """Continuous ranked probability score of a Gaussian forecast: MAE for a whole distribution.

        l = std (z (2Φ(z) - 1) + 2φ(z) - 1/√π),   z = (target - pred) / std

    Args:
        pred: predicted means, floating point, any shape, in the units of the target.
        target: same shape.
        std: predicted standard deviations, > 0, same shape, in the units of the target.
        reduction, sample_weight: as for every loss, see the package's documentation.
    Returns:
        The loss, in the units of the target; as std → 0 it becomes the absolute error.
    Raises:
        TypeError, ValueError: shapes differ, integer predictions, NaN, std ≤ 0.
    Gradient:
        (1 - 2Φ(z)) / n; with wrt="std", (2φ(z) - 1/√π) / n.
    Pitfall:
        It forgives over-confidence far more than the likelihood does: a miss costs linearly.
    Reference:
        Gneiting & Raftery (2007), Strictly proper scoring rules, prediction, and estimation,
        Journal of the American Statistical Association 102(477), section 4.2.
    Chapter:
        loss-gaussian-crps
    Example:
        >>> import lossfns.numpy as ln
        >>> round(ln.gaussian_crps([0.0], [0.0], std=[1.0]), 6)
        0.233695
    """
    pred, target, std, weight = paired(sample_weight, pred=pred, target=target, std=std)
    within("std", std, low=0.0, open_low=True)
    z = (target - pred) / std
    spread = _erf(z / math.sqrt(2))
    # σ (z (2Φ - 1) + 2φ - 1/√π): as φ' = -z φ, the bracket has the slope 2Φ - 1 in z, here spread.
    sharpness = math.sqrt(2 / math.pi) * np.exp(-0.5 * z * z) - 1 / math.sqrt(math.pi)
    return reduced(
        (target - pred) * spread + std * sharpness,
        reduction,
        weight,
        pred=lambda: -spread,
        std=lambda: sharpness,
    )


@loss
def tweedie_deviance(
    log_mean: ArrayLike,
    target: ArrayLike,
    *,
    power: float = 1.5,
    reduction: Reduction = "mean",
    sample_weight: ArrayLike | None = None,
) -> Evaluation:
    """Tweedie deviance: for sums of a random number of positive amounts, many of them exactly 0.

        l = 2 (y^(2 - p) / ((1 - p)(2 - p)) - y μ^(1 - p) / (1 - p) + μ^(2 - p) / (2 - p)),
        μ = exp(log_mean)

    Args:
        log_mean: predicted logarithm of the mean, floating point, any shape.
        target: same shape, ≥ 0: claims, rainfall, sales.
        power: p in (1, 2); the variance grows as μ^p. Near 1 it is the deviance of counts
            (Poisson), near 2 that of positive amounts (gamma).
        reduction, sample_weight: as for every loss; exposures are weights of mean rates.
    Returns:
        The unit deviance, 0 where the mean is the target, as `mean_tweedie_deviance` of
        scikit-learn and the families of statsmodels have it. scikit-learn's models train on half
        of it, and LightGBM and XGBoost leave out the term of the target.
    Raises:
        TypeError, ValueError: shapes differ, integer predictions, NaN, negative targets, power
        outside (1, 2).
    Gradient:
        2 μ^(1 - p) (μ - y) / n with respect to `log_mean`.
    Pitfall:
        Deviances of different powers cannot be compared: choose p by the likelihood, or by how the
        squared errors grow with the mean.
    Reference:
        Jørgensen (1987), Exponential dispersion models, Journal of the Royal Statistical Society
        B 49(2).
    Chapter:
        loss-tweedie-deviance
    Example:
        >>> import lossfns.numpy as ln
        >>> ln.tweedie_deviance([0.0, 0.0], [0.0, 1.0], reduction="none")
        array([4., 0.])
    """
    number("power", power, above=1, below=2)
    log_mean, target, weight = paired(sample_weight, log_mean=log_mean, target=target)
    within("target", target, low=0.0)
    a, b = 2 - power, 1 - power
    safe = np.where(target > 0, target, 1.0)
    gap = log_mean - np.log(safe)
    # In terms of the ratio of mean and target, which keeps its digits where they agree.
    losses = 2 * np.where(target > 0, safe**a * _between(gap, a, b), np.exp(a * log_mean) / a)

    def slope() -> Array:
        # 2 (μ^a - y μ^b) = 2 y^a (e^(a gap) - e^(b gap)), and a - b is 1: the larger of the two,
        # times 1 - e^-|gap|.
        apart = -np.expm1(-np.abs(gap)) * np.exp(np.maximum(a * gap, b * gap))
        some = safe**a * np.sign(gap) * apart
        return np.asarray(2 * np.where(target > 0, some, np.exp(a * log_mean)))

    return reduced(losses, reduction, weight, log_mean=slope)


@loss
def gamma_nll(
    log_mean: ArrayLike,
    target: ArrayLike,
    *,
    shape: float = 1.0,
    full: bool = False,
    reduction: Reduction = "mean",
    sample_weight: ArrayLike | None = None,
) -> Evaluation:
    """Negative log-likelihood of a gamma distribution: positive amounts with relative errors.

        l = k (log_mean + y / μ)  [+ ln Γ(k) - k ln k - (k - 1) ln y with full],   μ = exp(log_mean)

    Args:
        log_mean: predicted logarithm of the mean, floating point, any shape.
        target: same shape, > 0: durations, costs, intensities.
        shape: k > 0; the standard deviation is μ / √k. 1 is the exponential distribution.
        full: add the terms that do not depend on the prediction.
        reduction, sample_weight: as for every loss, see the package's documentation.
    Returns:
        The loss, in nats. Half of scikit-learn's `mean_gamma_deviance` is this for k = 1 minus
        1 + ln y.
    Raises:
        TypeError, ValueError: shapes differ, integer predictions, NaN, targets ≤ 0, shape ≤ 0.
    Gradient:
        k (1 - y / μ) / n with respect to `log_mean`.
    Pitfall:
        A mean far too small costs exponentially much in log_mean, one too large only linearly.
    Reference:
        Nelder & Wedderburn (1972), Generalized linear models, Journal of the Royal Statistical
        Society A 135(3).
    Chapter:
        loss-gamma-nll
    Example:
        >>> import lossfns.numpy as ln
        >>> ln.gamma_nll([0.0, 0.0], [1.0, 3.0])
        2.0
    """
    number("shape", shape, above=0)
    flag("full", full)
    log_mean, target, weight = paired(sample_weight, log_mean=log_mean, target=target)
    within("target", target, low=0.0, open_low=True)
    ratio = target * np.exp(-log_mean)
    losses = shape * (log_mean + ratio)
    if full:
        constant = math.lgamma(shape) - shape * math.log(shape)
        losses = losses + constant - (shape - 1) * np.log(target)
    return reduced(losses, reduction, weight, log_mean=lambda: shape * (1 - ratio))


@loss
def negative_binomial_nll(
    log_mean: ArrayLike,
    target: ArrayLike,
    *,
    dispersion: float = 1.0,
    full: bool = False,
    reduction: Reduction = "mean",
    sample_weight: ArrayLike | None = None,
) -> Evaluation:
    """Negative log-likelihood of counts that vary more than a Poisson distribution allows.

        l = -y ln p - ln(1 - p) / α  [- ln C(y + 1/α - 1, y) with full],   p = α μ / (1 + α μ)

    Args:
        log_mean: predicted logarithm of the expected count μ, floating point, any shape.
        target: counts ≥ 0, same shape.
        dispersion: α > 0; the variance is μ + α μ² (NB2). As α → 0 it becomes Poisson.
        full: add the term that does not depend on the prediction.
        reduction, sample_weight: as for every loss, see the package's documentation.
    Returns:
        The loss, in nats. statsmodels' `families.NegativeBinomial(alpha)` and its
        `NegativeBinomialP` call the dispersion alpha; PyTorch's distribution has 1/α as
        `total_count` and log_mean + ln α as `logits`.
    Raises:
        TypeError, ValueError: shapes differ, integer predictions, NaN, negative counts,
        dispersion ≤ 0.
    Gradient:
        (μ - y) / (1 + α μ) / n with respect to `log_mean`.
    Pitfall:
        With a dispersion that is too large, large counts hardly count: estimate it, don't guess.
    Reference:
        Lawless (1987), Negative binomial and mixed Poisson regression, Canadian Journal of
        Statistics 15(3).
    Chapter:
        loss-negative-binomial-nll
    Example:
        >>> import lossfns.numpy as ln
        >>> round(ln.negative_binomial_nll([0.0], [1.0], full=True), 4)
        1.3863
    """
    number("dispersion", dispersion, above=0)
    flag("full", full)
    log_mean, target, weight = paired(sample_weight, log_mean=log_mean, target=target)
    within("target", target, low=0.0)
    successes = 1 / dispersion
    p, rest, minus_log_p, minus_log_rest = sides(log_mean + math.log(dispersion))
    losses = target * minus_log_p + successes * minus_log_rest
    if full:
        ways = _lgamma(target + successes) - math.lgamma(successes) - _lgamma(target + 1)
        losses = losses - ways
    # d ln p = (1 - p) dη and d ln(1 - p) = -p dη.
    return reduced(losses, reduction, weight, log_mean=lambda: successes * p - target * rest)


def _between(t: Array, a: float, b: float) -> Array:
    """(e^(at) - 1) / a - (e^(bt) - 1) / b, about (a - b) t² / 2 near 0, where the two cancel."""
    far = np.expm1(a * t) / a - np.expm1(b * t) / b
    near, t_small = np.zeros_like(t), np.clip(t, -_NEAR, _NEAR)
    for k in range(_TERMS, 1, -1):
        near = (near + a ** (k - 1) - b ** (k - 1)) * t_small / k
    return np.where(np.abs(t) < _NEAR, near * t_small, far)


# |a| and |b| are below 1: the series ends below 1e-17 of its first term.
_NEAR, _TERMS = 0.5, 14

_lgamma = np.vectorize(math.lgamma, otypes=[np.float64])
_erf = np.vectorize(math.erf, otypes=[np.float64])


def rounded_l1(error: Array, beta: float) -> tuple[Array, Array]:
    """Smooth L1 of errors that have been checked, and the slope; `retinanet` adds them up."""
    # At beta = 0 it is the limit: dividing by it would make every gradient 0/0.
    slope = np.clip(error / beta, -1, 1) if beta else np.sign(error)
    return slope * (error - 0.5 * beta * slope), slope
