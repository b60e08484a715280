"""Losses of generative models: adversarial, variational, diffusion, and of deep features."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Literal

import torch
from torch import Tensor
from torch.nn import functional as F

from lossfns import numpy as ln
from lossfns._arguments import GanKind, Reduction, number, one_of, same_shapes
from lossfns.torch._core import (
    companion,
    compute_dtype,
    excess,
    item_weight,
    loss,
    paired,
    positive_part,
    product,
    reads_values,
    reduced,
    together,
    within,
)
from lossfns.torch._embeddings import unit


@loss(ln.gan_generator)
def gan_generator(
    fake: Tensor,
    *,
    kind: GanKind = "non_saturating",
    reduction: Reduction = "mean",
    sample_weight: Tensor | None = None,
    validate: bool = False,
) -> Tensor:
    """PyTorch:
        None.
    Example:
        >>> import torch, lossfns.torch as lt
        >>> lt.gan_generator(torch.tensor([-10.0]), kind="non_saturating")
        tensor(10.0000)
    """
    one_of("kind", kind, _GAN_KINDS)
    fake, weight = paired(sample_weight, validate=validate, fake=fake)
    return reduced(_GAN_KINDS[kind][0](fake), reduction, weight)


@loss(ln.gan_discriminator)
def gan_discriminator(
    real_scores: Tensor,
    fake_scores: Tensor,
    *,
    kind: GanKind = "non_saturating",
    reduction: Reduction = "mean",
    sample_weight: Tensor | None = None,
    validate: bool = False,
) -> Tensor:
    """PyTorch:
        None.
    Example:
        >>> import torch, lossfns.torch as lt
        >>> real, fake = torch.tensor([2.0, 0.5]), torch.tensor([-3.0, 0.0])
        >>> lt.gan_discriminator(real, fake, kind="hinge", reduction="none")
        tensor([0.0000, 1.5000])
    """
    one_of("kind", kind, _GAN_KINDS)
    real, fake, weight = paired(
        sample_weight, validate=validate, real_scores=real_scores, fake_scores=fake_scores
    )
    _, of_real, of_fake = _GAN_KINDS[kind]
    return reduced(of_real(real) + of_fake(fake), reduction, weight)


@loss(ln.elbo)
def elbo(
    pred: Tensor,
    target: Tensor,
    *,
    mean: Tensor,
    log_var: Tensor,
    beta: float = 1.0,
    likelihood: Literal["bernoulli", "gaussian"] = "bernoulli",
    reduction: Reduction = "mean",
    sample_weight: Tensor | None = None,
    validate: bool = False,
) -> Tensor:
    """PyTorch:
        None.
    Example:
        >>> import torch, lossfns.torch as lt
        >>> pred, latent = torch.tensor([[0.5, 1.0]]), dict(mean=torch.ones(1, 1))
        >>> latent["log_var"] = torch.zeros(1, 1)
        >>> lt.elbo(pred, torch.zeros(1, 2), **latent, likelihood="gaussian")
        tensor(1.1250)
    """
    number("beta", beta, at_least=0)
    one_of("likelihood", likelihood, ("bernoulli", "gaussian"))
    pred, mean, log_var, target = together(
        ("mean", "log_var"), pred=pred, mean=mean, log_var=log_var, target=target
    )
    same_shapes({"pred": tuple(pred.shape), "target": tuple(target.shape)})
    same_shapes({"mean": tuple(mean.shape), "log_var": tuple(log_var.shape)})
    if not pred.dim() or mean.dim() != 2 or len(mean) != len(pred):
        raise ValueError(
            f"mean must have the shape (items, latent dimensions) for the items of pred, "
            f"{tuple(pred.shape)}, got {tuple(mean.shape)}"
        )
    weight = None
    if sample_weight is not None:
        weight = item_weight(sample_weight, pred, pred.shape[:1], validate)
        pred, target, mean, log_var = (
            torch.where(_per_item(weight, x) == 0, 0, x) for x in (pred, target, mean, log_var)
        )
    if likelihood == "bernoulli":
        within("target", target, low=0.0, high=1.0, validate=validate)
        surprise = -F.logsigmoid(-pred) - target * pred
    else:
        surprise = 0.5 * (pred - target) ** 2
    if not beta:  # the KL term may overflow, and 0 times it would be NaN
        mean, log_var = 0 * mean, 0 * log_var
    kl = 0.5 * (mean**2 + excess(log_var)).sum(-1)
    return reduced(_item_sum(surprise) + beta * kl, reduction, weight)


@loss(ln.diffusion)
def diffusion(
    pred: Tensor,
    target: Tensor,
    *,
    snr: Tensor | None = None,
    gamma: float = 5.0,
    reduction: Reduction = "mean",
    sample_weight: Tensor | None = None,
    validate: bool = False,
) -> Tensor:
    """PyTorch:
        None.
    Example:
        >>> import torch, lossfns.torch as lt
        >>> lt.diffusion(torch.tensor([[1.0, 3.0]]), torch.zeros(1, 2))
        tensor(5.)
    """
    number("gamma", gamma, above=0)
    pred, target = together(pred=pred, target=target)
    same_shapes({"pred": tuple(pred.shape), "target": tuple(target.shape)})
    if not pred.dim():
        raise ValueError("pred must have an axis of items, got a single number")
    weight = None
    error = pred - target
    if sample_weight is not None:
        weight = item_weight(sample_weight, pred, pred.shape[:1], validate)
        error = torch.where(_per_item(weight, error) == 0, 0, error)
    losses = _item_sum(error**2) / max(error[:1].numel(), 1)
    if snr is not None:
        snr = companion("snr", snr, pred)
        same_shapes({"the items of pred": tuple(pred.shape[:1]), "snr": tuple(snr.shape)})
        if weight is not None:
            snr = torch.where(weight == 0, 1, snr)
        within("snr", snr, low=0.0, open_low=True, validate=validate)
        losses = losses * (gamma / snr).clamp(max=1)
    return reduced(losses, reduction, weight)


@loss()
def r1_penalty(real_scores: Tensor, inputs: Tensor, *, gamma: float = 10.0) -> Tensor:
    """R1 penalty: the critic should be flat where the real data are.

        l = ½ γ mean_i ‖∂D(x_i) / ∂x_i‖²

    Args:
        real_scores: D(x), (n, ...), computed from `inputs` with gradients enabled.
        inputs: real items x, (n, ...), with requires_grad.
        gamma: γ ≥ 0; StyleGAN2 uses 10.
    Returns:
        The penalty, a number, differentiable with respect to the critic's parameters.
    Raises:
        TypeError, ValueError: no tensors, gamma < 0, inputs without requires_grad, scores that do
        not come from them.
    Gradient:
        By double backward.
    Pitfall:
        It needs a second backward pass through the critic: StyleGAN applies it every 16 steps,
        with 16 times the weight.
    Reference:
        Mescheder, Geiger & Nowozin (2018), ICML, arXiv:1801.04406.
    Chapter:
        loss-r1-penalty
    Example:
        >>> import torch, lossfns.torch as lt
        >>> x = torch.tensor([[1.0, 2.0]], requires_grad=True)
        >>> lt.r1_penalty((3 * x).sum(1), x, gamma=1.0).item()
        9.0
    """
    number("gamma", gamma, at_least=0)
    slope = _input_gradient("real_scores", real_scores, inputs)
    return 0.5 * gamma * reduced(_item_sum(slope**2), "mean")


@loss()
def gradient_penalty(
    critic: Callable[[Tensor], Tensor],
    real: Tensor,
    fake: Tensor,
    *,
    weight: float = 10.0,
    generator: torch.Generator | None = None,
) -> Tensor:
    """WGAN-GP penalty: the critic's slope should be 1 between real and generated items.

        l = λ mean_i (‖∂D(x̂_i) / ∂x̂_i‖ - 1)²,   x̂ = u x_real + (1 - u) x_fake,   u uniform in (0, 1)

    Args:
        critic: a function of a batch, one score per item.
        real, fake: batches of the same shape, (n, ...).
        weight: λ ≥ 0.
        generator: source of the random u.
    Returns:
        The penalty, a number, differentiable with respect to the critic's parameters.
    Raises:
        TypeError, ValueError: shapes differ, integers, weight < 0.
    Gradient:
        By double backward; 0 where the slope is 0, which has no direction.
    Pitfall:
        Batch normalisation makes a critic's score depend on the whole batch, and the penalty
        meaningless: use layer normalisation.
    Reference:
        Gulrajani et al. (2017), NeurIPS, arXiv:1704.00028.
    Chapter:
        loss-gradient-penalty
    Example:
        >>> import torch, lossfns.torch as lt
        >>> x = torch.ones(4, 2)
        >>> lt.gradient_penalty(lambda v: 3 * v[:, 0], x, -x, weight=1.0).item()
        4.0
    """
    number("weight", weight, at_least=0)
    real, fake = together(real=real, fake=fake)
    same_shapes({"real": tuple(real.shape), "fake": tuple(fake.shape)})
    if not callable(critic):
        raise TypeError(f"critic must be callable, got {type(critic).__name__}")
    if not real.dim():
        raise ValueError("real must have an axis of items, got a single number")
    shape = (len(real),) + (1,) * (real.dim() - 1)
    u = torch.rand(shape, dtype=real.dtype, device=real.device, generator=generator)
    between = (u * real + (1 - u) * fake).detach().requires_grad_()
    squared = _item_sum(_input_gradient("critic's scores", critic(between), between) ** 2)
    # The root's slope at 0 is infinite: take the root of 1 there, and multiply by 0.
    flat = squared == 0
    slope = torch.where(flat, 1, squared).sqrt() * torch.where(flat, 0, 1)
    return weight * reduced((slope - 1) ** 2, "mean")


def perceptual(
    pred_features: Sequence[Tensor],
    target_features: Sequence[Tensor],
    *,
    weights: Sequence[float] | None = None,
) -> Tensor:
    """Perceptual loss: squared error of the features of a fixed network, not of pixels.

        l = Σ_layers w_l mean((φ_l(pred) - φ_l(target))²)

    Args:
        pred_features, target_features: feature maps (n, C, ...) of each layer.
        weights: w_l ≥ 0 of each layer; 1 by default.
    Returns:
        The loss, a number.
    Raises:
        TypeError, ValueError: numbers of layers or shapes differ, no lists, empty features, NaN,
        negative weights.
    Gradient:
        2 w_l (φ_l(pred) - φ_l(target)) / elements, into the features.
    Pitfall:
        The network must be frozen and in eval mode, and take images normalised as in its training.
    Reference:
        Johnson, Alahi & Fei-Fei (2016), ECCV, arXiv:1603.08155.
    Chapter:
        loss-perceptual
    Example:
        >>> import torch, lossfns.torch as lt
        >>> lt.perceptual([torch.ones(1, 2, 3)], [torch.zeros(1, 2, 3)])
        tensor(1.)
    """
    return _over_layers(pred_features, target_features, weights, lambda a, b: ((a - b) ** 2).mean())


def lpips_like(
    pred_features: Sequence[Tensor],
    target_features: Sequence[Tensor],
    *,
    weights: Sequence[float] | None = None,
) -> Tensor:
    """LPIPS-style distance: features scaled to length 1 over the channels, then compared.

        l = Σ_layers w_l mean_positions ‖φ̂_l(pred) - φ̂_l(target)‖²

    LPIPS proper learns a weight for every channel from human judgements; here they are all 1.

    Args:
        pred_features, target_features: feature maps (n, C, ...) of each layer.
        weights: w_l ≥ 0 of each layer; 1 by default.
    Returns:
        The loss, a number.
    Raises:
        TypeError, ValueError: numbers of layers or shapes differ, no lists, empty features, NaN,
        negative weights.
    Gradient:
        By autograd; 0 through a position whose features are all 0.
    Pitfall:
        Numbers are comparable only within one choice of network and layers.
    Reference:
        Zhang et al. (2018), CVPR, arXiv:1801.03924.
    Chapter:
        loss-lpips-like
    Example:
        >>> import torch, lossfns.torch as lt
        >>> a, b = torch.tensor([[[2.0], [0.0]]]), torch.tensor([[[0.0], [3.0]]])
        >>> lt.lpips_like([a], [b])
        tensor(2.)
    """

    def compare(a: Tensor, b: Tensor) -> Tensor:
        return ((unit(a.movedim(1, -1)) - unit(b.movedim(1, -1))) ** 2).sum(-1).mean()

    return _over_layers(pred_features, target_features, weights, compare)


def style(
    pred_features: Sequence[Tensor],
    target_features: Sequence[Tensor],
    *,
    weights: Sequence[float] | None = None,
) -> Tensor:
    """Style loss: squared error of the correlations between feature channels.

        l = Σ_layers w_l mean_items ‖G_l(pred) - G_l(target)‖²_F,   G = F Fᵀ / (C · positions)

    Args:
        pred_features, target_features: feature maps (n, C, ...) of each layer.
        weights: w_l ≥ 0 of each layer; 1 by default.
    Returns:
        The loss, a number.
    Raises:
        TypeError, ValueError: numbers of layers or shapes differ, no lists, empty features, NaN,
        negative weights.
    Gradient:
        By autograd.
    Pitfall:
        The normalisation of G differs between papers (Gatys divides the square by 4 C² positions²).
    Reference:
        Gatys, Ecker & Bethge (2016), CVPR, arXiv:1508.06576; here as in Johnson et al.
    Chapter:
        loss-style
    Example:
        >>> import torch, lossfns.torch as lt
        >>> lt.style([torch.ones(1, 2, 3)], [torch.zeros(1, 2, 3)])
        tensor(1.)
    """

    def compare(a: Tensor, b: Tensor) -> Tensor:
        return ((_gram(a) - _gram(b)) ** 2).sum((1, 2)).mean()

    return _over_layers(pred_features, target_features, weights, compare)


_GAN_KINDS: dict[str, tuple[Callable[[Tensor], Tensor], ...]] = {
    # For each kind: the generator's loss of a fake, the discriminator's of a real and of a fake.
    "minimax": (
        lambda f: F.logsigmoid(-f),
        lambda r: -F.logsigmoid(r),
        lambda f: -F.logsigmoid(-f),
    ),
    "non_saturating": (
        lambda f: -F.logsigmoid(f),
        lambda r: -F.logsigmoid(r),
        lambda f: -F.logsigmoid(-f),
    ),
    "hinge": (
        lambda f: -f,
        lambda r: positive_part(1 - r),
        lambda f: positive_part(1 + f),
    ),
    "least_squares": (
        lambda f: 0.5 * (f - 1) ** 2,
        lambda r: 0.5 * (r - 1) ** 2,
        lambda f: 0.5 * f**2,
    ),
    "wasserstein": (lambda f: -f, lambda r: -r, lambda f: f),
}


def _per_item(values: Tensor, like: Tensor) -> Tensor:
    """One value per item, shaped to multiply tensors of many values per item."""
    return values.reshape(values.shape + (1,) * (like.dim() - values.dim()))


def _item_sum(values: Tensor) -> Tensor:
    return values.flatten(1).sum(1) if values.dim() > 1 else values


def _input_gradient(name: str, scores: Any, inputs: Any) -> Tensor:
    """The slope of each score with respect to its own input."""
    compute_dtype(name, scores)
    if not compute_dtype("inputs", inputs).requires_grad:
        raise ValueError("inputs must have requires_grad=True, and the scores come from them")
    if scores.shape[:1] != inputs.shape[:1] or not scores.dim():
        raise ValueError(
            f"{name} must hold a score for each of the inputs, {tuple(inputs.shape)}, "
            f"got {tuple(scores.shape)}"
        )
    gradient = None
    if scores.requires_grad:
        (gradient,) = torch.autograd.grad(
            scores.sum(), inputs, create_graph=True, allow_unused=True
        )
    if gradient is None:
        raise ValueError(f"{name} must be computed from the inputs, with gradients enabled")
    return compute_dtype("gradient", gradient)


def _over_layers(
    pred_features: Sequence[Tensor],
    target_features: Sequence[Tensor],
    weights: Sequence[float] | None,
    compare: Callable[[Tensor, Tensor], Tensor],
) -> Tensor:
    given = {"pred_features": pred_features, "target_features": target_features}
    if weights is not None:
        given["weights"] = weights  # type: ignore[assignment]
    for name, values in given.items():
        # A tensor has a length too: that of its first axis, whose entries would pass for layers.
        if not isinstance(values, (list, tuple)):
            raise TypeError(
                f"{name} must be a list with an entry per layer, got {type(values).__name__}"
            )
        if len(values) != len(pred_features) or not values:
            raise ValueError(
                f"{name} must have as many layers as pred_features, at least 1, "
                f"got {len(values)} and {len(pred_features)}"
            )
    factors = [1.0] * len(pred_features) if weights is None else list(weights)
    terms = []
    for layer, (pred, target, factor) in enumerate(
        zip(pred_features, target_features, factors, strict=True)
    ):
        number(f"weights[{layer}]", factor, at_least=0)
        names = f"pred_features[{layer}]", f"target_features[{layer}]"
        pred, target = together(**dict(zip(names, (pred, target), strict=True)))
        shapes = {"pred_features": tuple(pred.shape), "target_features": tuple(target.shape)}
        same_shapes({f"{name}[{layer}]": shape for name, shape in shapes.items()})
        if pred.dim() < 3 or not pred.numel():
            raise ValueError(
                f"pred_features[{layer}] must have the shape (items, channels, ...) and hold "
                f"something, got {tuple(pred.shape)}"
            )
        for name, features in (("pred_features", pred), ("target_features", target)):
            if reads_values(features) and features.isnan().any():
                raise ValueError(f"{name}[{layer}] holds NaN: the loss is undefined")
        terms.append(factor * compare(pred, target))
    return torch.stack(terms).sum()


def _gram(features: Tensor) -> Tensor:
    flat = features.flatten(2)
    return product(flat, flat.transpose(1, 2)) / (flat.shape[1] * flat.shape[2])
