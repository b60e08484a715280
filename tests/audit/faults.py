"""Losses with the faults that people report of public code, written anew; each with its check.

A row: the loss, what it should be, settings, the name of the check that fails, and the cause that
must be named ("" where the check says it all).
"""

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F


def swapped_alpha_gamma(logits, target, alpha=0.25, gamma=2.0):
    p = torch.sigmoid(logits)
    pt = p * target + (1 - p) * (1 - target)
    weight = gamma * target + (1 - gamma) * (1 - target)
    ce = F.binary_cross_entropy_with_logits(logits, target, reduction="none")
    return (weight * (1 - pt) ** alpha * ce).mean()


class AlphaKept(nn.Module):
    """α is halved again at every call."""

    def __init__(self, alpha=0.25, gamma=2.0):
        super().__init__()
        self.alpha, self.gamma = alpha, gamma

    def forward(self, logits, target):
        p = torch.sigmoid(logits)
        pt = p * target + (1 - p) * (1 - target)
        ce = F.binary_cross_entropy_with_logits(logits, target, reduction="none")
        weight = self.alpha * target + (1 - self.alpha) * (1 - target)
        self.alpha = self.alpha / 2
        return (weight * (1 - pt) ** self.gamma * ce).mean()


def gamma_as_factor(logits, labels, alpha=0.25, gamma=2.0):
    p = torch.sigmoid(logits)
    positive = -labels * alpha * ((1 - p) * gamma) * torch.log(p)
    negative = -(1 - labels) * (1 - alpha) * (p * gamma) * torch.log(1 - p)
    return (positive + negative).mean()


def focal_of_the_mean(logits, target, alpha=0.25, gamma=2.0):
    ce = F.binary_cross_entropy_with_logits(logits, target)
    return alpha * (1 - torch.exp(-ce)) ** gamma * ce


def alpha_on_both(logits, target, alpha=0.25, gamma=2.0):
    ce = F.binary_cross_entropy_with_logits(logits, target, reduction="none")
    return (alpha * (1 - torch.exp(-ce)) ** gamma * ce).mean()


def focal_of_probabilities(logits, target, alpha=0.25, gamma=2.0):
    p = torch.sigmoid(logits).clamp(1e-7, 1 - 1e-7)
    pt = p * target + (1 - p) * (1 - target)
    weight = alpha * target + (1 - alpha) * (1 - target)
    return (-weight * (1 - pt) ** gamma * torch.log(pt)).mean()


def focal_with_detached_factor(logits, target, alpha=0.25, gamma=2.0):
    ce = F.binary_cross_entropy_with_logits(logits, target, reduction="none")
    pt = torch.exp(-ce).detach()
    weight = alpha * target + (1 - alpha) * (1 - target)
    return (weight * (1 - pt) ** gamma * ce).mean()


def softmax_focal_over_classes(logits, target, gamma=2.0):
    logs = F.log_softmax(logits, dim=-1)
    rows = F.one_hot(target, logits.shape[-1])
    return (-rows * (1 - logs.exp()) ** gamma * logs).mean()


def ignored_still_count(logits, target, ignore_index=-100):
    kept = target != ignore_index
    losses = F.cross_entropy(logits, target.where(kept, 0), reduction="none")
    return (losses * kept).mean()


def ignored_as_class_0(logits, target, ignore_index=-100):
    return F.cross_entropy(logits, target.where(target != ignore_index, 0))


def mean_over_one_hot(logits, target):
    rows = F.one_hot(target, logits.shape[-1])
    return -(rows * F.log_softmax(logits, dim=-1)).mean()


def softmax_twice(logits, target):
    return F.cross_entropy(logits.softmax(-1), target)


def softmax_over_batch(logits, target):
    return F.nll_loss(F.log_softmax(logits, dim=0), target)


def smoothing_over_ignored(logits, target, ignore_index=-100, label_smoothing=0.1):
    logs = F.log_softmax(logits, -1)
    kept = target != ignore_index
    nll = -logs.gather(-1, target.where(kept, 0)[:, None])[:, 0] * kept
    smooth = -logs.mean(-1)
    losses = (1 - label_smoothing) * nll + label_smoothing * smooth
    return losses.sum() / kept.sum().clamp(min=1)


def smoothing_over_others(logits, target, label_smoothing=0.1):
    classes = logits.shape[-1]
    rows = torch.full_like(logits, label_smoothing / (classes - 1))
    rows = rows.scatter(-1, target[:, None], 1 - label_smoothing)
    return -(rows * F.log_softmax(logits, -1)).sum(-1).mean()


def weights_over_n(logits, target, weight=None):
    return F.cross_entropy(logits, target, weight=weight, reduction="none").mean()


def naive_softmax(logits, target):
    p = logits.exp() / logits.exp().sum(-1, keepdim=True)
    return -p.gather(-1, target[:, None]).log().mean()


def clipped_bce(logits, target):
    p = torch.sigmoid(logits).clamp(1e-6, 1 - 1e-6)
    return -(target * p.log() + (1 - target) * (1 - p).log()).mean()


def sigmoid_before_logits(logits, target):
    return F.binary_cross_entropy_with_logits(torch.sigmoid(logits), target)


def bce_positives_alone(probs, target):
    return -(target * torch.log(probs)).mean()


def root_at_0(anchor, positive, negative, margin=1.0):
    near = ((anchor - positive) ** 2).sum(-1).sqrt()
    far = ((anchor - negative) ** 2).sum(-1).sqrt()
    return (near - far + margin).clamp(min=0).mean()


def no_hinge(anchor, positive, negative, margin=1.0):
    near, far = (anchor - positive).norm(dim=-1), (anchor - negative).norm(dim=-1)
    return (near - far + margin).mean()


def triplets_that_cost(anchor, positive, negative, margin=1.0):
    near, far = (anchor - positive).norm(dim=-1), (anchor - negative).norm(dim=-1)
    losses = (near - far + margin).clamp(min=0)
    return losses.sum() / (losses > 0).sum().clamp(min=1)


def rmse_without_epsilon(pred, target):
    return torch.sqrt(((pred - target) ** 2).mean())


def kl_with_mean(log_probs, target):
    return F.kl_div(log_probs, target, reduction="mean")


def kl_reversed(log_probs, target):
    q = log_probs.exp()
    return (q * (log_probs - target.log())).sum(-1).mean()


def dice_over_batch(probs, target, smooth=1.0):
    both = (probs * target).sum()
    return 1 - (2 * both + smooth) / (probs.sum() + target.sum() + smooth)


def dice_smooth_once(probs, target, smooth=1.0):
    both = (probs * target).flatten(1).sum(1)
    total = (probs + target).flatten(1).sum(1)
    return (1 - (2 * both + smooth) / (total + smooth)).mean()


def dice_in_half(probs, target, smooth=1.0):
    both = (probs * target).flatten(1).sum(1)
    total = probs.flatten(1).sum(1) + target.flatten(1).sum(1)
    return (1 - 2 * (both + smooth) / (total + 2 * smooth)).mean()


def tversky_exchanged(probs, target, alpha=0.3, beta=0.7, smooth=1.0):
    tp = (probs * target).flatten(1).sum(1)
    fp = (probs * (1 - target)).flatten(1).sum(1)
    fn = ((1 - probs) * target).flatten(1).sum(1)
    return (1 - (tp + smooth) / (tp + alpha * fn + beta * fp + smooth)).mean()


def column_against_row(pred, target):
    return ((pred - target) ** 2).mean()


def half_square(pred, target):
    return 0.5 * ((pred - target) ** 2).mean()


def summed_square(pred, target):
    return ((pred - target) ** 2).sum()


def mean_of_rows(pred, target):
    return ((pred - target) ** 2).sum() / len(pred)


def detached(pred, target):
    return ((pred.detach() - target) ** 2).mean()


def python_number(pred, target):
    return ((pred - target) ** 2).mean().item()


def in_place(pred, target):
    with torch.no_grad():
        pred -= target
    return (pred**2).mean()


def single_precision(pred, target):
    return ((pred.float() - target.float()) ** 2).mean()


def huber_jump(pred, target, delta=1.0):
    e = (pred - target).abs()
    return torch.where(e <= delta, e**2 / 2, delta * e).mean()


def smooth_l1_for_huber(pred, target, delta=3.0):
    return F.smooth_l1_loss(pred, target, beta=delta)


def pinball_flipped(pred, target, q=0.9):
    e = pred - target
    return torch.maximum(q * e, (q - 1) * e).mean()


def log_cosh_overflowing(pred, target):
    return torch.log(torch.cosh(pred - target)).mean()


def nll_of_std(pred, target, var):
    return (0.5 * (torch.log(var**2) + (pred - target) ** 2 / var**2)).mean()


def nll_without_log(pred, target, var):
    return (0.5 * (pred - target) ** 2 / var).mean()


def poisson_of_rate(log_rate, target):
    return (log_rate - target * torch.log(log_rate.abs() + 1e-8)).mean()


def hinge_of_01(scores, target):
    return (1 - (target > 0) * scores).clamp(min=0).mean()


def masked_by_product(pred, target, mask=None):
    losses = (pred - target) ** 2
    if mask is None:
        return losses.mean()
    return (losses * mask).sum() / mask.sum()


def looped(pred, target):
    return sum((p - t) ** 2 for p, t in zip(pred, target, strict=True)) / len(pred)


def all_pairs(pred, target):
    table = (pred.reshape(-1, 1) - target.reshape(1, -1)) ** 2
    return table.diagonal().mean()


def neighbours(pred, target):
    losses = (pred - target) ** 2
    return (losses * torch.linspace(0.5, 1.5, len(losses), dtype=losses.dtype)).mean()


def device_of_its_own(pred, target):
    return (torch.maximum((pred - target) ** 2, torch.zeros(pred.shape, dtype=pred.dtype))).mean()


def viewed(pred, target):
    return ((pred.view(-1) - target.view(-1)) ** 2).mean()


def with_python_if(pred, target):
    e = (pred - target).abs()
    return (e**2).mean() if e.max().item() >= 0 else e.mean()


def numpy_sum(pred, target):
    return np.sum((pred - target) ** 2)


def numpy_exponential(logits, target):
    p = 1 / (1 + np.exp(-logits))
    return -np.mean(target * np.log(p) + (1 - target) * np.log(1 - p))


def numpy_bits(log_probs, target):
    return np.mean(np.sum(target * (np.log2(target) - log_probs / np.log(2)), axis=-1))


class _WithoutSign(torch.autograd.Function):
    """The gradient of the cross-entropy as if every label were 1."""

    @staticmethod
    def forward(ctx, logits, target):
        ctx.save_for_backward(logits, target)
        return F.binary_cross_entropy_with_logits(logits, target)

    @staticmethod
    def backward(ctx, above):
        logits, target = ctx.saved_tensors
        return -above * (torch.sigmoid(logits) - target).abs() / logits.numel(), None


def gradient_without_class_sign(logits, target):
    return _WithoutSign.apply(logits, target)


class _OfTheSum(torch.autograd.Function):
    @staticmethod
    def forward(ctx, pred, target):
        ctx.save_for_backward(pred, target)
        return ((pred - target) ** 2).mean()

    @staticmethod
    def backward(ctx, above):
        pred, target = ctx.saved_tensors
        return above * 2 * (pred - target), None


def gradient_of_the_sum(pred, target):
    return _OfTheSum.apply(pred, target)


def tversky_smooth_above(probs, target, alpha=0.3, beta=0.7, smooth=1.0):
    tp = (probs * target).flatten(1).sum(1)
    fp = (probs * (1 - target)).flatten(1).sum(1)
    fn = ((1 - probs) * target).flatten(1).sum(1)
    return (1 - (tp + smooth) / (tp + alpha * fp + beta * fn)).mean()


def dice_smooth_above(probs, target, smooth=1.0):
    both = (probs * target).flatten(1).sum(1)
    return (1 - (2 * both + smooth) / (probs + target).flatten(1).sum(1)).mean()


def weights_rescaled(logits, target, weight=None, reduction="mean"):
    if weight is not None:
        weight = weight * len(weight) / weight.sum()
    return F.cross_entropy(logits, target, weight=weight, reduction=reduction)


FOCAL, CE, BCE = "focal_with_logits", "cross_entropy", "bce_with_logits"
FAULTS = [
    (swapped_alpha_gamma, FOCAL, {}, "value", "α and γ exchanged"),
    (AlphaKept, FOCAL, {}, "same answer twice", "something kept between calls"),
    (gamma_as_factor, FOCAL, {}, "value", "γ as a factor"),
    (focal_of_the_mean, FOCAL, {}, "value", "the focal factor of the mean loss"),
    (alpha_on_both, FOCAL, {}, "value", "α on both classes"),
    (focal_of_probabilities, FOCAL, {}, "far out", "clipped probabilities"),
    (focal_with_detached_factor, FOCAL, {}, "slope", "the gradient is not the slope"),
    (softmax_focal_over_classes, "softmax_focal", {}, "value", "averaged over the classes (1/C)"),
    (ignored_still_count, CE, {}, "ignored labels", "ignored items in the denominator"),
    (ignored_as_class_0, CE, {}, "ignored labels", "ignored items that still count"),
    (mean_over_one_hot, CE, {}, "value", "averaged over the classes (1/C)"),
    (softmax_twice, CE, {}, "value", "the softmax twice"),
    (softmax_over_batch, CE, {}, "value", "the softmax over the batch"),
    (smoothing_over_ignored, CE, {}, "ignored labels",
     "label smoothing spread over ignored items"),
    (smoothing_over_others, CE, {}, "value", "smoothed over the wrong classes alone"),
    (weights_over_n, CE, {}, "settings", "weights divided by n"),
    (naive_softmax, CE, {}, "far out", "overflow far out"),
    (clipped_bce, BCE, {}, "far out", "clipped probabilities"),
    (sigmoid_before_logits, BCE, {}, "value", "the sigmoid twice"),
    (bce_positives_alone, "bce", {}, "value", "no loss for the negatives"),
    (root_at_0, "triplet", {}, "identical inputs", "NaN at distance 0"),
    (no_hinge, "triplet", {}, "value", "the hinge missing"),
    (triplets_that_cost, "triplet", {}, "value",
     "the mean of the triplets that still cost something"),
    (rmse_without_epsilon, "rmse", {}, "identical inputs", "NaN at distance 0"),
    (kl_with_mean, "kl_div", {}, "value", "averaged over the classes (1/C)"),
    (kl_reversed, "kl_div", {}, "value", "the reverse divergence"),
    (dice_over_batch, "dice", {}, "value", "one sum over the whole batch"),
    (dice_smooth_once, "dice", {}, "value", "smooth added once to each side"),
    (dice_in_half, "dice", {}, "float16", "digits lost in float16"),
    (tversky_exchanged, "tversky", {}, "value", "α and β exchanged"),
    (column_against_row, "mse", {}, "shapes that differ", "a target that is broadcast"),
    (half_square, "mse", {}, "value", "half of the mean squared error"),
    (summed_square, "mse", {}, "reductions", "the sum instead of the mean"),
    (mean_of_rows, "mse", {}, "value", "the number of rows instead of the number of items"),
    (detached, "mse", {}, "carries a gradient", "the graph cut off"),
    (python_number, "mse", {}, "returns a number", "a Python number instead of a tensor"),
    (in_place, "mse", {}, "inputs unchanged", "an argument changed in place"),
    (single_precision, "mse", {}, "float64", "precision lost on the way"),
    (huber_jump, "huber", {}, "value", "a jump at δ"),
    (smooth_l1_for_huber, "huber", {}, "value", "smooth L1 instead of Huber"),
    (pinball_flipped, "quantile", {}, "value", "the error with the opposite sign"),
    (log_cosh_overflowing, "log_cosh", {}, "far out", "overflow far out"),
    (nll_of_std, "gaussian_nll", {}, "value",
     "the standard deviation where the variance belongs"),
    (nll_without_log, "gaussian_nll", {}, "value", "the term ln σ² left out"),
    (poisson_of_rate, "poisson_nll", {}, "value", "the rate where its logarithm belongs"),
    (hinge_of_01, "hinge", {}, "value", "labels of 0 and 1"),
    (masked_by_product, "mse", {}, "masked item", "a masked item that holds NaN"),
    (looped, "mse", {}, "time", "a loop over the items"),
    (all_pairs, "mse", {}, "memory", "a table of all pairs"),
    (neighbours, "mse", {}, "order of the batch", "the order of the batch matters"),
    (device_of_its_own, "mse", {}, "device", "a tensor on another device"),
    (viewed, "mse", {}, "non-contiguous", "memory that is not in order"),
    (with_python_if, "mse", {}, "torch.func.vmap", "vmap refused"),
    (numpy_sum, "mse", {}, "reductions", "the sum instead of the mean"),
    (numpy_exponential, BCE, {}, "far out", "overflow far out"),
    (numpy_bits, "kl_div", {}, "value", "in bits"),
    (gradient_without_class_sign, BCE, {}, "slope",
     "the sign of the class missing in the gradient"),
    (gradient_of_the_sum, "mse", {}, "slope", "the 1/n of the mean missing in the gradient"),
    (tversky_smooth_above, "tversky", {}, "value", "smooth in the numerator alone"),
    (dice_smooth_above, "dice", {}, "value", "smooth in the numerator alone"),
    (weights_rescaled, CE, {"weight": [1.0, 2.0, 3.0, 10.0]}, "reductions",
     "class weights rescaled to a mean of 1"),
]  # fmt: skip
