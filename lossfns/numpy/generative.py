"""Losses of generative models: adversarial, variational, diffusion."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from lossfns._arguments import GanKind, Reduction, number, one_of, same_shapes
from lossfns.numpy._core import (
    Array,
    Evaluation,
    excess,
    item_weight,
    loss,
    paired,
    real,
    reduced,
    within,
)
from lossfns.numpy._logits import softplus, softplus_of_minus


@loss
def gan_generator(
    fake: ArrayLike,
    *,
    kind: GanKind = "non_saturating",
    reduction: Reduction = "mean",
    sample_weight: ArrayLike | None = None,
) -> Evaluation:
    """Generator's loss in a GAN: make the discriminator take fakes for real.

        minimax:         -softplus(f)      (ln(1 - σ(f)), to be minimised)
        non_saturating:   softplus(-f)
        hinge:           -f
        least_squares:    ½ (f - 1)²
        wasserstein:     -f

    Args:
        fake: scores (logits) of the discriminator for generated items, floating point, any shape.
        kind: one of the above.
        reduction, sample_weight: as for every loss, see the package's documentation.
    Returns:
        The loss.
    Raises:
        TypeError, ValueError: integers, NaN, unknown kind or reduction.
    Gradient:
        -σ(f), -σ(-f), -1, f - 1 or -1, over n.
    Pitfall:
        Minimax pulls least where the generator is worst: at f = -10 its slope is -0.00005.
    Reference:
        Goodfellow et al. (2014), arXiv:1406.2661; Mao et al. (2017), arXiv:1611.04076; Lim & Ye
        (2017), arXiv:1705.02894; Arjovsky et al. (2017), arXiv:1701.07875.
    Chapter:
        loss-gan-generator
    Example:
        >>> import lossfns.numpy as ln
        >>> ln.gan_generator.grad([-10.0], kind="minimax").round(6)
        array([-4.5e-05])
        >>> ln.gan_generator.grad([-10.0], kind="non_saturating").round(6)
        array([-0.999955])
    """
    one_of("kind", kind, _GAN_KINDS)
    fake, weight = paired(sample_weight, fake=fake)
    losses, slope = _GAN_KINDS[kind].generator(fake)
    return reduced(losses, reduction, weight, fake=lambda: slope)


@loss
def gan_discriminator(
    real_scores: ArrayLike,
    fake_scores: ArrayLike,
    *,
    kind: GanKind = "non_saturating",
    reduction: Reduction = "mean",
    sample_weight: ArrayLike | None = None,
) -> Evaluation:
    """Discriminator's (critic's) loss in a GAN: tell real items from generated ones.

        minimax, non_saturating:  softplus(-r) + softplus(f)
        hinge:                    max(0, 1 - r) + max(0, 1 + f)
        least_squares:            ½ (r - 1)² + ½ f²
        wasserstein:              f - r

    Args:
        real_scores: r, scores (logits) of real items, floating point, any shape.
        fake_scores: f, scores of generated items, same shape.
        kind: one of the above.
        reduction, sample_weight: as for every loss, see the package's documentation.
    Returns:
        The loss of a real and a generated item together; code that averages the two has half.
    Raises:
        TypeError, ValueError: shapes differ, integers, NaN, unknown kind or reduction.
    Gradient:
        With respect to the real scores -σ(-r), -[r < 1], r - 1 or -1, over n; to the fake ones, by
        wrt="fake_scores", σ(f), [f > -1], f or 1, over n.
    Pitfall:
        The Wasserstein loss means nothing without a constraint on the critic's slope.
    Reference:
        Goodfellow et al. (2014), arXiv:1406.2661; Mao et al. (2017), arXiv:1611.04076; Lim & Ye
        (2017), arXiv:1705.02894; Arjovsky et al. (2017), arXiv:1701.07875.
    Chapter:
        loss-gan-discriminator
    Example:
        >>> import lossfns.numpy as ln
        >>> ln.gan_discriminator([2.0, 0.5], [-3.0, 0.0], kind="hinge", reduction="none")
        array([0. , 1.5])
    """
    one_of("kind", kind, _GAN_KINDS)
    r, f, weight = paired(sample_weight, real_scores=real_scores, fake_scores=fake_scores)
    real_loss, real_slope = _GAN_KINDS[kind].real(r)
    fake_loss, fake_slope = _GAN_KINDS[kind].fake(f)
    return reduced(
        real_loss + fake_loss,
        reduction,
        weight,
        real_scores=lambda: real_slope,
        fake_scores=lambda: fake_slope,
    )


@loss
def elbo(
    pred: ArrayLike,
    target: ArrayLike,
    *,
    mean: ArrayLike,
    log_var: ArrayLike,
    beta: float = 1.0,
    likelihood: Literal["bernoulli", "gaussian"] = "bernoulli",
    reduction: Reduction = "mean",
    sample_weight: ArrayLike | None = None,
) -> Evaluation:
    """Negative evidence lower bound of a variational autoencoder, the loss it minimises.

        l = Σ_pixels -ln p(x | z) + β · ½ Σ_d (μ_d² + e^{s_d} - 1 - s_d)

    Args:
        pred: decoder's output, floating point, (n, ...): logits for "bernoulli", means for
            "gaussian" (of unit variance, without the constant ½ ln 2π).
        target: what was encoded, same shape; in [0, 1] for "bernoulli".
        mean, log_var: μ and s = ln σ² of the encoder, (n, latent).
        beta: weight of the KL term, ≥ 0; 1 is the bound itself.
        likelihood: "bernoulli" or "gaussian".
        reduction, sample_weight: as for every loss; one loss per item.
    Returns:
        The loss, in nats per item: a sum over pixels. Averaging over pixels instead multiplies β by
        their number.
    Raises:
        TypeError, ValueError: shapes do not fit, integers, NaN, targets outside [0, 1], beta < 0.
    Gradient:
        σ(z) - x or pred - x for wrt="pred", β μ for "mean", ½ β (e^s - 1) for "log_var", over n.
    Pitfall:
        A strong decoder learns to ignore z: watch the KL term, not only the sum.
    Reference:
        Kingma & Welling (2014), arXiv:1312.6114; β: Higgins et al. (2017), ICLR.
    Chapter:
        loss-elbo
    Example:
        >>> import lossfns.numpy as ln
        >>> latent = dict(mean=[[1.0]], log_var=[[0.0]])
        >>> ln.elbo([[0.5, 1.0]], [[0.0, 0.0]], **latent, likelihood="gaussian")
        1.125
    """
    number("beta", beta, at_least=0)
    one_of("likelihood", likelihood, ("bernoulli", "gaussian"))
    pred, target = real("pred", pred, floating=True), real("target", target)
    mean, log_var = real("mean", mean, floating=True), real("log_var", log_var, floating=True)
    same_shapes({"pred": pred.shape, "target": target.shape})
    same_shapes({"mean": mean.shape, "log_var": log_var.shape})
    if not pred.ndim or mean.ndim != 2 or len(mean) != len(pred):
        raise ValueError(
            f"mean must have the shape (items, latent dimensions) for the items of pred, "
            f"{pred.shape}, got {mean.shape}"
        )
    weight = None if sample_weight is None else item_weight(sample_weight, pred.shape[:1])
    if weight is not None:
        pred, target, mean, log_var = (
            np.where(_per_item(weight, array) == 0, 0.0, array)
            for array in (pred, target, mean, log_var)
        )
    if likelihood == "bernoulli":
        within("target", target, low=0.0, high=1.0)
        surprise, slope = softplus(pred)
        surprise, slope = surprise - target * pred, slope - target
    else:
        surprise, slope = 0.5 * (pred - target) ** 2, pred - target
    if not beta:  # the KL term may overflow, and 0 times it would be NaN
        mean, log_var = 0 * mean, 0 * log_var
    kl = 0.5 * (mean**2 + excess(log_var)).sum(axis=-1)
    return reduced(
        _item_sum(surprise) + beta * kl,
        reduction,
        weight,
        pred=lambda: slope,
        mean=lambda: beta * mean,
        log_var=lambda: 0.5 * beta * np.expm1(log_var),
    )


@loss
def diffusion(
    pred: ArrayLike,
    target: ArrayLike,
    *,
    snr: ArrayLike | None = None,
    gamma: float = 5.0,
    reduction: Reduction = "mean",
    sample_weight: ArrayLike | None = None,
) -> Evaluation:
    """Diffusion's loss: squared error of the predicted noise, averaged over the pixels.

        l = min(1, γ / SNR_t) · mean((ε̂ - ε)²)

    Args:
        pred: predicted noise, floating point, (n, ...).
        target: the noise that was added, same shape.
        snr: signal-to-noise ratio ᾱ_t / (1 - ᾱ_t) of each item's time step, (n,), > 0; None gives
            every step the weight 1, as in the original.
        gamma: γ > 0, the ratio from which on steps count less (min-SNR); unused without snr.
        reduction, sample_weight: as for every loss; one loss per item.
    Returns:
        The loss, without units. The min-SNR weights belong to the loss: they do not enter the
        denominator of the mean.
    Raises:
        TypeError, ValueError: shapes do not fit, integers, NaN, snr ≤ 0, gamma ≤ 0.
    Gradient:
        2 min(1, γ / SNR_t) (ε̂ - ε) / (n · pixels) for the mean.
    Pitfall:
        Averages over time steps hide that the loss of early steps is a hundred times that of late.
    Reference:
        Ho, Jain & Abbeel (2020), arXiv:2006.11239; Hang et al. (2023), arXiv:2303.09556.
    Chapter:
        loss-diffusion
    Example:
        >>> import lossfns.numpy as ln
        >>> ln.diffusion([[1.0, 3.0]], [[0.0, 0.0]])
        5.0
        >>> ln.diffusion([[1.0, 3.0]], [[0.0, 0.0]], snr=[10.0])
        2.5
    """
    number("gamma", gamma, above=0)
    pred, target = real("pred", pred, floating=True), real("target", target)
    same_shapes({"pred": pred.shape, "target": target.shape})
    if not pred.ndim:
        raise ValueError("pred must have an axis of items, got a single number")
    weight = None if sample_weight is None else item_weight(sample_weight, pred.shape[:1])
    error = pred - target
    if weight is not None:
        error = np.where(_per_item(weight, error) == 0, 0.0, error)
    factor = np.ones(len(pred))
    if snr is not None:
        ratio = real("snr", snr)
        same_shapes({"the items of pred": pred.shape[:1], "snr": ratio.shape})
        if weight is not None:
            ratio = np.where(weight == 0, 1.0, ratio)
        within("snr", ratio, low=0.0, open_low=True)
        factor = np.minimum(1, gamma / ratio)
    pixels = max(error[:1].size, 1)
    losses = factor * _item_sum(error**2) / pixels
    return reduced(
        losses, reduction, weight, pred=lambda: 2 * error / pixels * _per_item(factor, error)
    )


class _GanKind(NamedTuple):
    """Losses of one score, each with its derivative."""

    generator: Callable[[Array], tuple[Array, Array]]
    real: Callable[[Array], tuple[Array, Array]]
    fake: Callable[[Array], tuple[Array, Array]]


def _minus_softplus(x: Array) -> tuple[Array, Array]:
    value, slope = softplus(x)
    return -value, -slope


def _minus(x: Array) -> tuple[Array, Array]:
    return -x, -np.ones_like(x)


def _itself(x: Array) -> tuple[Array, Array]:
    return x, np.ones_like(x)


def _half_square_to_1(x: Array) -> tuple[Array, Array]:
    return 0.5 * (x - 1) ** 2, x - 1


def _half_square(x: Array) -> tuple[Array, Array]:
    return 0.5 * x**2, x


def _hinge_below_1(x: Array) -> tuple[Array, Array]:
    return np.maximum(0, 1 - x), -np.heaviside(1 - x, 0.5)


def _hinge_above_minus_1(x: Array) -> tuple[Array, Array]:
    return np.maximum(0, 1 + x), np.heaviside(1 + x, 0.5)


_GAN_KINDS = {
    "minimax": _GanKind(_minus_softplus, softplus_of_minus, softplus),
    "non_saturating": _GanKind(softplus_of_minus, softplus_of_minus, softplus),
    "hinge": _GanKind(_minus, _hinge_below_1, _hinge_above_minus_1),
    "least_squares": _GanKind(_half_square_to_1, _half_square_to_1, _half_square),
    "wasserstein": _GanKind(_minus, _minus, _itself),
}


def _item_sum(values: Array) -> Array:
    return np.asarray(values.sum(axis=tuple(range(1, values.ndim))))


def _per_item(values: Array, like: Array) -> Array:
    """One value per item, shaped to multiply arrays of many values per item."""
    return values.reshape(values.shape + (1,) * (like.ndim - values.ndim))
