"""The faults again, mended by doing what the cures of their reports say.

Each follows its report alone: the line that was wrong, and, as every report asks for them, the
shapes compared, the settings' ranges, a division by max(n, 1), and half precision in float32.
"""

import math

import numpy as np
import torch
from audit import faults
from torch import nn
from torch.nn import functional as F


def single(*tensors):
    """Half precision in float32, and float64 as it is."""
    if tensors[0].dtype in (torch.float16, torch.bfloat16):
        return tuple(t.float() if t.is_floating_point() else t for t in tensors)
    return tensors


def compared(*tensors):
    if len({t.shape for t in tensors}) > 1:
        raise ValueError("the shapes differ")


def rows_compared(logits, target):
    if not target.shape == logits.shape[:-1]:
        raise ValueError("the shapes differ")


def between(low, high, **settings):
    for name, value in settings.items():
        if not low <= value <= high:
            raise ValueError(f"{name} is {value}")


def probabilities(probs):
    """Values can be looked at outside of torch.compile and torch.func."""
    if not (torch.compiler.is_compiling() or torch._C._are_functorch_transforms_active()):
        if ((probs < 0) | (probs > 1)).any():
            raise ValueError("probabilities lie between 0 and 1")


def mean(losses):
    return losses.sum() / max(losses.numel(), 1)


def focal_parts(logits, target, alpha, gamma):
    compared(logits, target)
    between(0, 1, alpha=alpha)
    between(0, math.inf, gamma=gamma)
    logits, target = single(logits, target)
    return logits, target


def of_label(logits, label, gamma):
    p = torch.sigmoid(logits)
    pt = p * label + (1 - p) * (1 - label)
    ce = F.binary_cross_entropy_with_logits(logits, label, reduction="none")
    return (1 - pt) ** gamma * ce


def swapped_alpha_gamma(logits, target, alpha=0.25, gamma=2.0):
    logits, target = focal_parts(logits, target, alpha, gamma)
    return mean(
        target * alpha * of_label(logits, torch.ones_like(target), gamma)
        + (1 - target) * (1 - alpha) * of_label(logits, torch.zeros_like(target), gamma)
    )


class AlphaKept(nn.Module):
    def __init__(self, alpha=0.25, gamma=2.0):
        super().__init__()
        self.alpha, self.gamma = alpha, gamma

    def forward(self, logits, target):
        one = of_label(logits, torch.ones_like(target), self.gamma)
        zero = of_label(logits, torch.zeros_like(target), self.gamma)
        return mean(target * self.alpha * one + (1 - target) * (1 - self.alpha) * zero)


def gamma_as_factor(logits, labels, alpha=0.25, gamma=2.0):
    logits, labels = focal_parts(logits, labels, alpha, gamma)
    positive = -labels * alpha * torch.sigmoid(-logits) ** gamma * F.logsigmoid(logits)
    negative = -(1 - labels) * (1 - alpha) * torch.sigmoid(logits) ** gamma * F.logsigmoid(-logits)
    return mean(positive + negative)


def mixture(logits, target, alpha, gamma):
    def each(label):
        ce = F.binary_cross_entropy_with_logits(logits, label, reduction="none")
        return (1 - torch.exp(-ce)) ** gamma * ce

    one, zero = each(torch.ones_like(target)), each(torch.zeros_like(target))
    return mean(alpha * target * one + (1 - alpha) * (1 - target) * zero)


def focal_of_the_mean(logits, target, alpha=0.25, gamma=2.0):
    return mixture(*focal_parts(logits, target, alpha, gamma), alpha, gamma)


alpha_on_both = focal_with_detached_factor = focal_of_the_mean


def focal_of_probabilities(logits, target, alpha=0.25, gamma=2.0):
    logits, target = focal_parts(logits, target, alpha, gamma)
    one = -alpha * torch.sigmoid(-logits) ** gamma * F.logsigmoid(logits)
    zero = -(1 - alpha) * torch.sigmoid(logits) ** gamma * F.logsigmoid(-logits)
    return mean(target * one + (1 - target) * zero)


def softmax_focal_over_classes(logits, target, gamma=2.0):
    rows_compared(logits, target)
    between(0, math.inf, gamma=gamma)
    (logits,) = single(logits)
    logs = F.log_softmax(logits, dim=-1)
    rows = F.one_hot(target, logits.shape[-1])
    return mean((-rows * (1 - logs.exp()) ** gamma * logs).sum(-1))


def ignored_still_count(logits, target, ignore_index=-100):
    kept = target != ignore_index
    logits = torch.where(kept[:, None], logits, 0)
    losses = F.cross_entropy(logits, target.where(kept, 0), reduction="none")
    return torch.where(kept, losses, 0).sum() / kept.sum().clamp(min=1)


def ignored_as_class_0(logits, target, ignore_index=-100):
    kept = target != ignore_index
    logits = torch.where(kept[:, None], logits, 0)
    losses = F.cross_entropy(logits, target.where(kept, 0), reduction="none")
    return torch.where(kept, losses, 0).sum() / kept.sum().clamp(min=1)


def mean_over_one_hot(logits, target):
    rows_compared(logits, target)
    rows = F.one_hot(target, logits.shape[-1])
    return mean(-(rows * F.log_softmax(logits, dim=-1)).sum(-1))


def softmax_twice(logits, target):
    return mean(F.cross_entropy(logits, target, reduction="none"))


def softmax_over_batch(logits, target):
    return mean(F.nll_loss(F.log_softmax(logits, dim=-1), target, reduction="none"))


def weights_rescaled(logits, target, weight=None, reduction="mean"):
    if not len(target):
        raise ValueError("nothing to average")
    return F.cross_entropy(logits, target, weight=weight, reduction=reduction)


def smoothing_over_ignored(logits, target, ignore_index=-100, label_smoothing=0.1):
    rows_compared(logits, target)
    between(0, 1, label_smoothing=label_smoothing)
    kept = target != ignore_index
    logs = F.log_softmax(torch.where(kept[:, None], logits, 0), -1)
    nll = -logs.gather(-1, target.where(kept, 0)[:, None])[:, 0]
    smooth = -logs.mean(-1)
    losses = (1 - label_smoothing) * nll + label_smoothing * smooth
    return torch.where(kept, losses, 0).sum() / kept.sum().clamp(min=1)


def smoothing_over_others(logits, target, label_smoothing=0.1):
    between(0, 1, label_smoothing=label_smoothing)
    classes = logits.shape[-1]
    rows = torch.full_like(logits, label_smoothing / classes)
    right = 1 - label_smoothing + label_smoothing / classes
    rows = rows.scatter(-1, target[:, None], right)
    return mean(-(rows * F.log_softmax(logits, -1)).sum(-1))


def weights_over_n(logits, target, weight=None):
    losses = F.cross_entropy(logits, target, weight=weight, reduction="none")
    return mean(losses) if weight is None else losses.sum() / weight[target].sum()


def naive_softmax(logits, target):
    (logits,) = single(logits)
    return mean(-F.log_softmax(logits, -1).gather(-1, target[:, None]))


def clipped_bce(logits, target):
    compared(logits, target)
    logits, target = single(logits, target)
    return mean(-(target * F.logsigmoid(logits) + (1 - target) * F.logsigmoid(-logits)))


gradient_without_class_sign = clipped_bce


def sigmoid_before_logits(logits, target):
    return mean(F.binary_cross_entropy_with_logits(logits, target, reduction="none"))


def bce_positives_alone(probs, target):
    compared(probs, target)
    probabilities(probs)
    probs, target = single(probs, target)
    one, zero = probs.clamp(min=1e-30).log(), (1 - probs).clamp(min=1e-30).log()
    return mean(-(target * one + (1 - target) * zero))


def triplet_parts(anchor, positive, negative, margin):
    compared(anchor, positive, negative)
    if not margin > 0:
        raise ValueError(f"margin is {margin}")
    return single(anchor, positive, negative)


def root_at_0(anchor, positive, negative, margin=1.0):
    anchor, positive, negative = triplet_parts(anchor, positive, negative, margin)
    near = (((anchor - positive) ** 2).sum(-1) + 1e-12).sqrt()
    far = (((anchor - negative) ** 2).sum(-1) + 1e-12).sqrt()
    return mean((near - far + margin).clamp(min=0))


def no_hinge(anchor, positive, negative, margin=1.0):
    anchor, positive, negative = triplet_parts(anchor, positive, negative, margin)
    near, far = (anchor - positive).norm(dim=-1), (anchor - negative).norm(dim=-1)
    return mean((near - far + margin).clamp(min=0))


triplets_that_cost = no_hinge


def rmse_without_epsilon(pred, target):
    compared(pred, target)
    pred, target = single(pred, target)
    return torch.sqrt(mean((pred - target) ** 2) + 1e-12)


def kl_with_mean(log_probs, target):
    compared(log_probs, target)
    return F.kl_div(log_probs, target, reduction="sum") / max(len(log_probs), 1)


def kl_reversed(log_probs, target):
    compared(log_probs, target)
    return mean((target * (target.log() - log_probs)).sum(-1))


def mask_parts(probs, target, **settings):
    compared(probs, target)
    between(0, math.inf, **settings)
    probabilities(probs)
    return single(probs, target)


def dice_over_batch(probs, target, smooth=1.0):
    probs, target = mask_parts(probs, target, smooth=smooth)
    both = (probs * target).flatten(1).sum(1)
    total = (probs + target).flatten(1).sum(1)
    return mean(1 - 2 * (both + smooth) / (total + 2 * smooth))


dice_smooth_once = dice_in_half = dice_smooth_above = dice_over_batch


def tversky_exchanged(probs, target, alpha=0.3, beta=0.7, smooth=1.0):
    probs, target = mask_parts(probs, target, alpha=alpha, beta=beta, smooth=smooth)
    tp = (probs * target).flatten(1).sum(1)
    fp = (probs * (1 - target)).flatten(1).sum(1)
    fn = ((1 - probs) * target).flatten(1).sum(1)
    return mean(1 - (tp + smooth) / (tp + alpha * fp + beta * fn + smooth))


tversky_smooth_above = tversky_exchanged


def squared(pred, target):
    compared(pred, target)
    pred, target = single(pred, target)
    return mean((pred - target) ** 2)


def huber_jump(pred, target, delta=1.0):
    compared(pred, target)
    if not delta > 0:
        raise ValueError(f"delta is {delta}")
    e = (pred - target).abs()
    return mean(torch.where(e <= delta, e**2 / 2, delta * (e - delta / 2)))


def smooth_l1_for_huber(pred, target, delta=3.0):
    compared(pred, target)
    if not delta > 0:
        raise ValueError(f"delta is {delta}")
    return mean(delta * F.smooth_l1_loss(pred, target, beta=delta, reduction="none"))


def pinball_flipped(pred, target, q=0.9):
    compared(pred, target)
    if not 0 < q < 1:
        raise ValueError(f"q is {q}")
    e = target - pred
    return mean(torch.maximum(q * e, (q - 1) * e))


def log_cosh_overflowing(pred, target):
    compared(pred, target)
    pred, target = single(pred, target)
    e = (pred - target).abs()
    return mean(e + torch.log1p(torch.exp(-2 * e)) - math.log(2))


def nll_of_std(pred, target, var):
    compared(pred, target, var)
    return mean(0.5 * (torch.log(var) + (pred - target) ** 2 / var))


def nll_without_log(pred, target, var):
    compared(pred, target, var)
    return mean(0.5 * torch.log(var) + 0.5 * (pred - target) ** 2 / var)


def poisson_of_rate(log_rate, target):
    compared(log_rate, target)
    log_rate, target = single(log_rate, target)
    return mean(log_rate.exp() - target * log_rate)


def hinge_of_01(scores, target):
    compared(scores, target)
    return mean((1 - target * scores).clamp(min=0))


def masked_by_product(pred, target, mask=None):
    compared(pred, target)
    pred, target = single(pred, target)
    if mask is None:
        return mean((pred - target) ** 2)
    losses = (torch.where(mask > 0, pred, 0) - target) ** 2
    return torch.where(mask > 0, losses, 0).sum() / mask.sum().clamp(min=1)


def viewed(pred, target):
    compared(pred, target)
    pred, target = single(pred, target)
    return mean((pred.reshape(-1) - target.reshape(-1)) ** 2)


def numpy_sum(pred, target):
    if pred.shape != target.shape:
        raise ValueError("the shapes differ")
    if pred.dtype == np.float16:
        pred, target = pred.astype(np.float32), target.astype(np.float32)
    return np.sum((pred - target) ** 2) / max(pred.size, 1)


def numpy_exponential(logits, target):
    if logits.shape != target.shape:
        raise ValueError("the shapes differ")
    if logits.dtype == np.float16:
        logits, target = logits.astype(np.float32), target.astype(np.float32)
    one, zero = -np.logaddexp(0, -logits), -np.logaddexp(0, logits)
    return -np.sum(target * one + (1 - target) * zero) / max(logits.size, 1)


def numpy_bits(log_probs, target):
    if log_probs.shape != target.shape:
        raise ValueError("the shapes differ")
    return np.sum(target * (np.log(target) - log_probs)) / max(len(log_probs), 1)


# By the fault; many reports on the square lead to one and the same function.
MENDED = {fault: globals().get(fault.__name__, squared) for fault, *_ in faults.FAULTS}
