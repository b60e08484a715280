"""PyTorch's own losses under the names and arguments of ours, to be compared with."""

import math
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F


def reduce(losses: Tensor, reduction: str) -> Tensor:
    return {"none": losses, "mean": losses.mean(), "sum": losses.sum()}[reduction]


def from_distribution(build: Callable[..., Any]) -> Callable[..., Tensor]:
    """A negative log-likelihood from torch.distributions."""

    def peer(pred: Tensor, target: Tensor, reduction: str, **settings: Any) -> Tensor:
        return reduce(-build(pred, **settings).log_prob(target), reduction)

    return peer


def torch_gamma(
    log_mean: Tensor, target: Tensor, reduction: str, shape: float, full: bool
) -> Tensor | None:
    gamma: Any = torch.distributions.Gamma
    own = gamma(torch.full_like(log_mean, shape), shape / log_mean.exp())
    return reduce(-own.log_prob(target), reduction) if full else None


def torch_negative_binomial(
    log_mean: Tensor, target: Tensor, reduction: str, dispersion: float, full: bool
) -> Tensor | None:
    negative_binomial: Any = torch.distributions.NegativeBinomial
    own = negative_binomial(1 / dispersion, logits=log_mean + math.log(dispersion))
    return reduce(-own.log_prob(target), reduction) if full else None


def torch_hinge(scores: Tensor, target: Tensor, reduction: str, margin: float) -> Tensor:
    # hinge_embedding_loss clamps margin - x for targets of -1.
    losses = F.hinge_embedding_loss(
        scores * target, -torch.ones_like(target), margin=margin, reduction="none"
    )
    return reduce(losses, reduction)


def torch_multiclass_hinge(
    scores: Tensor, target: Tensor, reduction: str, margin: float, kind: str
) -> Tensor | None:
    if kind != "weston_watkins":
        return None
    classes = scores.shape[-1]
    losses = F.multi_margin_loss(scores, target, margin=margin, reduction="none")
    return reduce(classes * losses, reduction)


def torch_cross_entropy(
    logits: Tensor, target: Tensor, reduction: str, weight: Tensor | None, label_smoothing: float
) -> Tensor | None:
    if weight is not None and label_smoothing:
        return None  # torch divides by another sum: the page on other libraries has both numbers
    return F.cross_entropy(
        logits, target, weight, reduction=reduction, label_smoothing=label_smoothing
    )


def torch_distillation(
    student_logits: Tensor, teacher_logits: Tensor, reduction: str, temperature: float
) -> Tensor:
    losses = F.kl_div(
        (student_logits / temperature).log_softmax(-1),
        (teacher_logits / temperature).log_softmax(-1),
        log_target=True,
        reduction="none",
    )
    return reduce(losses.sum(-1) * temperature**2, reduction)


def torch_gaussian_kl(mean: Tensor, log_var: Tensor, reduction: str) -> Tensor:
    normal = torch.distributions.Normal
    posterior = normal(mean, (log_var / 2).exp())
    prior = normal(torch.zeros_like(mean), torch.ones_like(mean))
    return reduce(torch.distributions.kl_divergence(posterior, prior).sum(-1), reduction)


def torch_ctc(
    logits: Tensor,
    target: Tensor,
    reduction: str,
    blank: int,
    input_lengths: Tensor | None = None,
    target_lengths: Tensor | None = None,
) -> Tensor:
    n, steps, _ = logits.shape
    lengths = (
        torch.full((n,), steps) if input_lengths is None else input_lengths,
        torch.full((n,), target.shape[1]) if target_lengths is None else target_lengths,
    )
    log_probs = logits.log_softmax(-1).transpose(0, 1)
    return reduce(F.ctc_loss(log_probs, target, *lengths, blank, reduction="none"), reduction)


def torch_tokens(
    logits: Tensor, target: Tensor, reduction: str, num_items: float | None, z_loss: float = 0.0
) -> Tensor | None:
    if num_items is not None or z_loss:
        return None
    losses = F.cross_entropy(logits.flatten(0, 1), target.flatten(), reduction=reduction)
    return losses.reshape(target.shape) if reduction == "none" else losses


def torch_causal_lm(logits: Tensor, tokens: Tensor, **settings: Any) -> Tensor | None:
    return torch_tokens(logits[:, :-1], tokens[:, 1:], **settings)


def torch_linear_cross_entropy(
    hidden: Tensor,
    target: Tensor,
    reduction: str,
    linear_weight: Tensor,
    linear_bias: Tensor | None,
    num_items: float | None,
    z_loss: float,
    **settings: Any,
) -> Tensor | None:
    if num_items is not None or z_loss:
        return None
    logits = F.linear(hidden, linear_weight, linear_bias).flatten(0, -2)
    losses = torch_cross_entropy(logits, target.flatten(), reduction, **settings)
    return losses.reshape(target.shape) if losses is not None and losses.dim() else losses


# A function each, by the name of ours. It takes the arguments of ours with `reduction`, and gives
# None where torch does not offer the setting or means something else by it.
TORCH: dict[str, Callable[..., Tensor | None]] = {
    "mse": lambda pred, target, reduction: F.mse_loss(pred, target, reduction=reduction),
    "rmse": lambda pred, target, reduction: F.mse_loss(pred, target).sqrt(),
    "mae": lambda pred, target, reduction: F.l1_loss(pred, target, reduction=reduction),
    "huber": lambda pred, target, reduction, delta: F.huber_loss(
        pred, target, reduction=reduction, delta=delta
    ),
    "smooth_l1": lambda pred, target, reduction, beta: F.smooth_l1_loss(
        pred, target, reduction=reduction, beta=beta
    ),
    "log_cosh": lambda pred, target, reduction: reduce((pred - target).cosh().log(), reduction),
    "poisson_nll": lambda log_rate, target, reduction, full: (
        None if full else F.poisson_nll_loss(log_rate, target, reduction=reduction)
    ),
    "gaussian_nll": lambda pred, target, reduction, var, full: F.gaussian_nll_loss(
        pred, target, var, reduction=reduction, full=full
    ),
    "laplace_nll": from_distribution(torch.distributions.Laplace),
    "gamma_nll": torch_gamma,
    "negative_binomial_nll": torch_negative_binomial,
    "bce": lambda probs, target, reduction, label_smoothing: F.binary_cross_entropy(
        probs,
        torch.lerp(target, torch.tensor(0.5).to(target), label_smoothing),
        reduction=reduction,
    ),
    "bce_with_logits": lambda logits, target, reduction, pos_weight, label_smoothing: (
        F.binary_cross_entropy_with_logits(
            logits,
            torch.lerp(target, torch.tensor(0.5).to(target), label_smoothing),
            reduction=reduction,
            pos_weight=None if pos_weight is None else torch.tensor(pos_weight),
        )
    ),
    "sparse_categorical_cross_entropy": lambda probs, target, reduction: F.nll_loss(
        probs.log(), target, reduction=reduction
    ),
    "cross_entropy": torch_cross_entropy,
    "hinge": torch_hinge,
    "multiclass_hinge": torch_multiclass_hinge,
    "entropy": lambda probs, reduction: reduce(
        torch.distributions.Categorical(probs).entropy(),  # type: ignore[no-untyped-call]
        reduction,
    ),
    "kl_div": lambda log_probs, target, reduction: reduce(
        F.kl_div(log_probs, target, reduction="none").sum(-1), reduction
    ),
    "gaussian_kl": torch_gaussian_kl,
    "distillation": torch_distillation,
    "triplet": lambda anchor, positive, negative, reduction, margin, p, squared: (
        None
        if squared
        else F.triplet_margin_loss(
            anchor, positive, negative, margin=margin, p=p, eps=0.0, reduction=reduction
        )
    ),
    "cosine_embedding": lambda first, second, target, reduction, margin: F.cosine_embedding_loss(
        first, second, target, margin=margin, reduction=reduction
    ),
    "margin_ranking": lambda first, second, target, reduction, margin: F.margin_ranking_loss(
        first, second, target, margin=margin, reduction=reduction
    ),
    "listnet": lambda scores, target, reduction, mask: F.cross_entropy(
        # Of a score this low nothing is left, neither in the softmax nor in the loss.
        torch.where(mask, scores, -1e4),
        torch.where(mask, target, -1e4).softmax(-1),
        reduction=reduction,
    ),
    "ctc": torch_ctc,
    "causal_lm": torch_causal_lm,
    "masked_lm": torch_tokens,
    "linear_cross_entropy": torch_linear_cross_entropy,
}
