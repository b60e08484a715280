"""Right answers to the assignment on imbalance, written in different ways."""

import math

import numpy as np
import torch
from torch.nn import functional as F

import lossfns.torch as lt

KINDS = ("inverse", "inverse_sqrt", "effective")


def weights_by_loop(counts, kind="inverse", beta=0.999):
    if kind not in KINDS or not 0 <= beta < 1 or any(count <= 0 for count in counts):
        raise ValueError("counts, kind or beta")
    weights = []
    for count in counts.tolist():
        inverse = float(counts.sum()) / (len(counts) * count)
        effective = (1 - beta) / (1 - beta**count)
        weights.append({"inverse": inverse, "inverse_sqrt": inverse**0.5}.get(kind, effective))
    return np.array(weights)


def weights_by_mean(counts, kind="inverse", beta=0.999, *, dtype=np.float64):
    if np.min(counts) <= 0:
        raise ValueError("counts")
    if kind == "inverse":
        return np.mean(counts, dtype=dtype) / counts
    if kind == "inverse_sqrt":
        return np.sqrt(np.mean(counts, dtype=dtype)) / np.sqrt(counts)
    if kind == "effective" and 0 <= beta < 1:
        return 1 / ((1 - np.power(beta, counts)) / (1 - beta))
    raise ValueError(f"kind {kind!r} or beta {beta}")


def weights_by_expm1(counts, kind="inverse", beta=0.999):
    if not (counts > 0).all() or not 0 <= beta < 1:
        raise ValueError("counts or beta")
    power = {"inverse": 1.0, "inverse_sqrt": 0.5, "effective": None}
    if kind not in power:
        raise ValueError("kind")
    if kind == "effective":
        log_beta = math.log(beta) if beta > 0 else -np.inf
        return -np.expm1(log_beta) / -np.expm1(counts * log_beta)
    share = counts / counts.sum()
    return (1 / (len(counts) * share)) ** power[kind]


def weights_single(counts, kind="inverse", beta=0.999):
    return np.float32(weights_by_mean(counts, kind, beta))


def weights_balanced(counts, kind="inverse", beta=0.999):
    """The way of scikit-learn, by the labels themselves."""
    if kind != "inverse" or len(counts) * counts.max() > 10_000 or counts.min() <= 0:
        return weights_by_loop(counts, kind, beta)
    labels = np.repeat(np.arange(len(counts)), counts.astype(int))
    return len(labels) / (len(counts) * np.bincount(labels))


def labels_fit(logits, target, weight):
    if weight.shape != (logits.shape[1],):
        raise ValueError("weight")
    if target.min() < 0 or target.max() >= logits.shape[1]:
        raise ValueError("target")


def weighted_by_loop(logits, target, weight):
    labels_fit(logits, target, weight)
    total = mass = 0.0
    for row, label in zip(logits.tolist(), target.tolist(), strict=True):
        top = max(row)
        surprise = top + math.log(sum(math.exp(z - top) for z in row)) - row[label]
        total += weight[label] * surprise
        mass += weight[label]
    return float(total / mass)


def weighted_by_reduce(logits, target, weight):
    labels_fit(logits, target, weight)
    normaliser = np.logaddexp.reduce(logits, axis=1)
    losses = normaliser - np.take_along_axis(logits, target[:, None], axis=1)[:, 0]
    return np.average(losses, weights=weight[target])


def weighted_by_one_hot(logits, target, weight):
    labels_fit(logits, target, weight)
    one_hot = np.eye(logits.shape[1])[target]
    z = logits - logits.max(1, keepdims=True)
    log_p = z - np.log(np.exp(z).sum(1, keepdims=True))
    return -(one_hot * weight * log_p).sum() / (one_hot * weight).sum()


def weighted_single(logits, target, weight):
    return weighted_by_reduce(np.float32(logits), target, np.float32(weight))


def weighted_through_torch(logits, target, weight):
    labels_fit(logits, target, weight)
    log_p = torch.log_softmax(torch.from_numpy(logits).double(), dim=1)
    picked = log_p[torch.arange(len(target)), torch.from_numpy(target)].numpy()
    return -(picked @ weight[target]) / weight[target].sum()


def weighted_by_class(logits, target, weight):
    labels_fit(logits, target, weight)
    total = mass = 0
    for label, w in enumerate(weight):
        own = logits[target == label]
        total += w * (np.logaddexp.reduce(own, axis=1) - own[:, label]).sum()
        mass += w * len(own)
    return total / mass


def reduced(losses, reduction):
    if reduction not in ("none", "sum", "mean"):
        raise ValueError(f"what is {reduction}?")
    return losses if reduction == "none" else getattr(losses, reduction)()


def focal_fits(logits, target, gamma, alpha):
    if logits.shape != target.shape:
        raise ValueError("shapes differ")
    if gamma < 0 or (alpha is not None and not 0 <= alpha <= 1):
        raise ValueError("gamma or alpha")


def focal_by_sides(logits, target, gamma=2.0, alpha=None, reduction="mean"):
    focal_fits(logits, target, gamma, alpha)
    p = np.exp(-np.logaddexp(0, -logits))
    rest = np.exp(-np.logaddexp(0, logits))
    a, b = (1, 1) if alpha is None else (alpha, 1 - alpha)
    losses = a * target * rest**gamma * np.logaddexp(0, -logits)
    losses += b * (1 - target) * p**gamma * np.logaddexp(0, logits)
    return reduced(losses, reduction)


def focal_by_margin(logits, target, gamma=2.0, alpha=None, reduction="mean"):
    focal_fits(logits, target, gamma, alpha)
    margin = np.where(target == 1, logits, -logits)
    ce = np.maximum(-margin, 0) + np.log1p(np.exp(-np.abs(margin)))
    losses = (1 - np.exp(-ce)) ** gamma * ce
    if alpha is not None:
        losses = losses * np.where(target == 1, alpha, 1 - alpha)
    return reduced(losses, reduction)


def focal_by_loop(logits, target, gamma=2.0, alpha=None, reduction="mean"):
    focal_fits(logits, target, gamma, alpha)
    losses = np.empty(logits.shape)
    for index in np.ndindex(logits.shape):
        z = float(logits[index]) if target[index] else -float(logits[index])
        tail = math.log1p(math.exp(-abs(z)))
        weight = 1.0 if alpha is None else (alpha if target[index] else 1 - alpha)
        losses[index] = weight * math.exp(-gamma * (max(z, 0) + tail)) * (max(-z, 0) + tail)
    return reduced(losses, reduction)


def focal_single(logits, target, gamma=2.0, alpha=None, reduction="mean"):
    return focal_by_sides(np.float32(logits), np.float32(target), gamma, alpha, reduction)


def focal_masked(logits, target, gamma=2.0, alpha=None, reduction="mean", *, eps=0.0):
    focal_fits(logits, target, gamma, alpha)
    losses = np.zeros(logits.shape)
    for label, sign in ((1, 1), (0, -1)):
        here = target == label
        ce = np.logaddexp(0, -sign * logits[here])
        missing = 1 / (1 + np.exp(np.minimum(sign * logits[here], 700)))
        share = 1 if alpha is None else alpha if label else 1 - alpha
        losses[here] = share * missing**gamma * (ce + eps)
    return reduced(losses, reduction)


def focal_grad_by_sides(logits, target, gamma=2.0):
    sign = 2 * target - 1
    hit, reject = np.logaddexp(0, -sign * logits), np.logaddexp(0, sign * logits)
    p_t, rest = np.exp(-hit), np.exp(-reject)
    return -sign * rest**gamma * (rest + gamma * p_t * hit) / logits.size


def focal_grad_by_torch(logits, target, gamma=2.0):
    z = torch.tensor(logits, requires_grad=True)
    focal_torch_bce(z, torch.tensor(target), gamma).backward()
    return z.grad.numpy()


def focal_grad_by_loop(logits, target, gamma=2.0):
    slopes = np.zeros(logits.shape)
    for index in np.ndindex(logits.shape):
        positive = target[index] == 1
        z = float(logits[index]) if positive else -float(logits[index])
        surprise = max(-z, 0) + math.log1p(math.exp(-abs(z)))
        p = math.exp(-surprise)
        slope = -((1 - p) ** gamma) * (1 - p + gamma * p * surprise)
        slopes[index] = (slope if positive else -slope) / logits.size
    return slopes


def focal_grad_numerically(logits, target, gamma=2.0):
    z, step = logits.astype(np.float64), 1e-4
    above, below = (
        focal_by_sides(z + h, target.astype(np.float64), gamma, reduction="none")
        for h in (step, -step)
    )
    return (above - below) / (2 * step) / logits.size


def focal_grad_product_rule(logits, target, gamma=2.0):
    margin = np.where(target > 0.5, logits, -logits).astype(np.float64)
    ce, dce = np.logaddexp(0, -margin), -np.exp(-np.logaddexp(0, margin))
    rest = -dce
    fade, dfade = rest**gamma, -gamma * rest**gamma * np.exp(-ce)
    slope = dfade * ce + fade * dce
    return np.where(target > 0.5, slope, -slope) / slope.size


def masks_fit(probs, target, *prices):
    if probs.shape != target.shape:
        raise ValueError("shapes")
    if probs.min() < 0 or probs.max() > 1 or min(prices) < 0:
        raise ValueError("values")


def dice_by_loop(probs, target, smooth=1.0):
    masks_fit(probs, target, smooth)
    losses = []
    for p, y in zip(probs, target, strict=True):
        total = p.sum() + y.sum() + 2 * smooth
        losses.append(1 - 2 * ((p * y).sum() + smooth) / total if total else 0.0)
    return float(np.mean(losses))


def dice_by_difference(probs, target, smooth=1.0):
    """For masks of 0 and 1, Σp + Σy - 2 Σpy is Σ|p - y|."""
    masks_fit(probs, target, smooth)
    axes = tuple(range(1, probs.ndim))
    wrong = np.abs(probs - target).sum(axes)
    total = (probs + target).sum(axes) + 2 * smooth
    return np.divide(wrong, total, out=np.zeros_like(wrong), where=total > 0).mean()


def dice_by_counts(probs, target, smooth=1.0, *, axis=-1):
    masks_fit(probs, target, smooth)
    p, y = probs.reshape(len(probs), -1), target.reshape(len(target), -1)
    tp, fp, fn = (p * y).sum(axis), (p * (1 - y)).sum(axis), ((1 - p) * y).sum(axis)
    hit = tp + smooth
    return np.mean(
        1 - np.where(hit + fp + fn == 0, 1, 2 * hit / np.maximum(2 * hit + fp + fn, 1e-30))
    )


def dice_by_einsum(probs, target, smooth=1.0):
    masks_fit(probs, target, smooth)
    probs, target = probs.reshape(len(probs), -1), target.reshape(len(target), -1)
    both = np.einsum("ij,ij->i", probs, target)
    sizes = np.einsum("ij->i", probs) + np.einsum("ij->i", target)
    # A tiny number on both sides of the fraction settles 0/0.
    return np.mean(1 - (2 * (both + smooth) + 1e-12) / (sizes + 2 * smooth + 1e-12))


def dice_single(probs, target, smooth=1.0):
    return np.float32(dice_by_difference(np.float32(probs), np.float32(target), smooth))


def dice_as_tversky(probs, target, smooth=1.0):
    return tversky_by_loop(probs, target, 0.5, 0.5, smooth)


def tversky_by_loop(probs, target, alpha, beta, smooth=1.0):
    masks_fit(probs, target, alpha, beta, smooth)
    losses = []
    for p, y in zip(probs.reshape(len(probs), -1), target.reshape(len(probs), -1), strict=True):
        miss = alpha * p @ (1 - y) + beta * (1 - p) @ y
        total = p @ y + smooth + miss
        losses.append(miss / total if total > 0 else 0.0)
    return sum(losses) / len(losses)


def tversky_by_sizes(probs, target, alpha, beta, smooth=1.0):
    masks_fit(probs, target, alpha, beta, smooth)
    axes = tuple(range(1, probs.ndim))
    tp, p, y = (probs * target).sum(axes), probs.sum(axes), target.sum(axes)
    index = (tp + smooth) / (tp + smooth + alpha * (p - tp) + beta * (y - tp))
    return 1 - index.mean()


def tversky_masked(probs, target, alpha, beta, smooth=1.0, *, power=1):
    masks_fit(probs, target, alpha, beta, smooth)
    price = np.where(target == 1, beta * (1 - probs), alpha * probs)
    tp = np.where(target == 1, probs, 0)
    while price.ndim > 1:
        price, tp = price.sum(-1), tp.sum(-1)
    return ((price / (price + tp + smooth)) ** power).mean()


def focal_torch_bce(logits, target, gamma=2.0, alpha=None):
    ce = F.binary_cross_entropy_with_logits(logits, target, reduction="none")
    other = F.binary_cross_entropy_with_logits(logits, 1 - target, reduction="none")
    losses = torch.exp(-gamma * other) * ce
    if alpha is not None:
        losses = (alpha * target + (1 - alpha) * (1 - target)) * losses
    return losses.mean()


def focal_torch_sides(logits, target, gamma=2.0, alpha=None):
    a, b = (1.0, 1.0) if alpha is None else (alpha, 1 - alpha)
    log_p, log_rest = F.logsigmoid(logits), F.logsigmoid(-logits)
    losses = -a * target * (gamma * log_rest).exp() * log_p
    losses = losses - b * (1 - target) * (gamma * log_p).exp() * log_rest
    return losses.sum() / losses.numel()


def focal_torch_where(logits, target, gamma=2.0, alpha=None):
    margin = torch.where(target == 1, logits, -logits)
    # A power has an infinite slope at 0.
    rest = torch.sigmoid(-margin).clamp(min=torch.finfo(margin.dtype).tiny)
    losses = rest.pow(gamma) * F.softplus(-margin)
    if alpha is not None:
        losses = losses * torch.where(target == 1, alpha, 1 - alpha)
    return torch.mean(losses)


def focal_torch_by_hand(logits, target, gamma=2.0, alpha=None):
    margin = (2 * target - 1) * logits
    ce = torch.clamp(-margin, min=0) + torch.log1p(torch.exp(-margin.abs()))
    losses = torch.exp(-gamma * (ce + margin)) * ce
    return (
        losses.mean()
        if alpha is None
        else (torch.where(target > 0, alpha, 1 - alpha).to(losses) * losses).mean()
    )


def focal_torch_library(logits, target, gamma=2.0, alpha=None):
    return lt.focal_with_logits(logits, target, gamma=gamma, alpha=alpha)


def dice_torch_flat(probs, target, smooth=1.0):
    p, y = probs.flatten(1), target.flatten(1)
    return (1 - 2 * ((p * y).sum(1) + smooth) / (p.sum(1) + y.sum(1) + 2 * smooth)).mean()


def dice_torch_loop(probs, target, smooth=1.0):
    losses = [
        1 - (2 * (p * y).sum() + 2 * smooth) / (p.sum() + y.sum() + 2 * smooth)
        for p, y in zip(probs, target, strict=True)
    ]
    return torch.stack(losses).mean()


def dice_torch_difference(probs, target, smooth=1.0):
    wrong = torch.where(target == 1, 1 - probs, probs).flatten(1).sum(1)
    hit = (probs * target).flatten(1).sum(1) + smooth
    return torch.mean(wrong / (wrong + 2 * hit))


def standardised(x, x_new):
    return (x - x.mean(0)) / x.std(0), (x_new - x.mean(0)) / x.std(0)


def rare_by_descent(x, y, x_new):
    old, new = standardised(x, x_new)
    params, bias = np.zeros(x.shape[1]), 0.0
    weight = np.where(y == 1, 5.0, 0.56)
    for _ in range(1000):
        push = weight * (1 / (1 + np.exp(-(old @ params + bias))) - y) / len(y)
        params -= 0.5 * old.T @ push
        bias -= 0.5 * push.sum()
    return new @ params + bias


def rare_by_torch(loss, hidden=0, steps=200):
    def train(x, y, x_new):
        torch.manual_seed(0)
        old, new, target = (
            torch.tensor(a, dtype=torch.float32) for a in (*standardised(x, x_new), y)
        )
        model = torch.nn.Linear(x.shape[1], 1)
        if hidden:
            model = torch.nn.Sequential(
                torch.nn.Linear(x.shape[1], hidden), torch.nn.Tanh(), torch.nn.Linear(hidden, 1)
            )
        optimizer = torch.optim.Adam(model.parameters(), lr=0.05)
        for _ in range(steps):
            value = loss(model(old)[:, 0], target)
            optimizer.zero_grad()
            value.backward()
            optimizer.step()
        return model(new)[:, 0].sigmoid().detach().numpy()

    return train


def rare_by_discriminant(x, y, x_new):
    """Fisher's linear discriminant: no descent at all."""
    ill, well = x[y == 1], x[y == 0]
    spread = np.cov(np.vstack([ill - ill.mean(0), well - well.mean(0)]).T)
    return x_new @ np.linalg.solve(spread, ill.mean(0) - well.mean(0))


def rare_by_undersampling(x, y, x_new):
    few = np.flatnonzero(y == 0)[:: int((y == 0).sum() / y.sum())]
    kept = np.concatenate([np.flatnonzero(y == 1), few])
    return rare_by_descent(x[kept], y[kept], x_new)


def weighted_bce(logits, target):
    weight = torch.where(target == 1, 5.0, 0.56)
    return F.binary_cross_entropy_with_logits(logits, target, weight=weight)


RIGHT = {
    "class_weights": [
        *(weights_by_loop, weights_by_mean, weights_by_expm1, weights_single, weights_balanced),
    ],
    "weighted_cross_entropy": [
        *(weighted_by_loop, weighted_by_reduce, weighted_by_one_hot, weighted_single),
        *(weighted_through_torch, weighted_by_class),
    ],
    "focal": [focal_by_sides, focal_by_margin, focal_by_loop, focal_single, focal_masked],
    "focal_grad": [
        *(focal_grad_by_sides, focal_grad_by_torch, focal_grad_by_loop, focal_grad_numerically),
        focal_grad_product_rule,
    ],
    "dice": [
        *(dice_by_loop, dice_by_difference, dice_by_counts, dice_by_einsum, dice_single),
        dice_as_tversky,
    ],
    "tversky": [tversky_by_loop, tversky_by_sizes, tversky_masked],
    "focal_torch": [
        *(focal_torch_bce, focal_torch_sides, focal_torch_where, focal_torch_by_hand),
        focal_torch_library,
    ],
    "dice_torch": [dice_torch_flat, dice_torch_loop, dice_torch_difference],
    "train_rare": [
        rare_by_descent,
        rare_by_torch(F.binary_cross_entropy_with_logits),
        rare_by_torch(weighted_bce),
        rare_by_torch(focal_torch_bce),
        rare_by_torch(weighted_bce, hidden=8),
        rare_by_discriminant,
        rare_by_undersampling,
    ],
}
