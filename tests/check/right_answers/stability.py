"""Right answers to the assignment on numerical stability, written in different ways."""

import math

import numpy as np
import torch
from torch.nn import functional as F

import lossfns.torch as lt


def logsumexp_shifted(x):
    top = np.max(x, axis=-1, keepdims=True)
    return np.log(np.sum(np.exp(x - top), axis=-1)) + top[..., 0]


def logsumexp_loop(x):
    result = np.empty(x.shape[:-1])
    for index in np.ndindex(x.shape[:-1]):
        top = max(x[index])
        result[index] = top + math.log(sum(math.exp(z - top) for z in x[index]))
    return result if result.ndim else float(result)


def logsumexp_pairwise(x, axis=-1):
    return np.logaddexp.reduce(x, axis=axis)


def logsumexp_sorted(x):
    """The largest entry stays out of the sum, which log1p then takes."""
    ordered = np.sort(x, axis=-1)
    rest = np.exp(ordered[..., :-1] - ordered[..., -1:]).sum(-1)
    return ordered[..., -1] + np.log1p(rest)


def logsumexp_running(x):
    top, total = np.full(x.shape[:-1], -np.inf), np.zeros(x.shape[:-1])
    for z in np.moveaxis(x, -1, 0):
        new = np.maximum(top, z)
        # Where both are -∞ nothing has been summed yet.
        shift = np.where(np.isfinite(new), new, 0.0)
        total = total * np.exp(top - shift) + np.exp(z - shift)
        top = new
    return np.log(total) + top


def logsumexp_single(x):
    return logsumexp_shifted(x.astype(np.float32))


def logsumexp_through_torch(x):
    return torch.from_numpy(x).logsumexp(-1).numpy()


def log_softmax_shifted(logits):
    z = logits - logits.max(axis=-1, keepdims=True)
    return z - np.log(np.exp(z).sum(axis=-1, keepdims=True))


def log_softmax_twice(logits):
    """A second log-softmax changes nothing."""
    return log_softmax_shifted(log_softmax_shifted(logits))


def log_softmax_by_difference(logits, *, axis=-1):
    return logits - np.expand_dims(np.logaddexp.reduce(logits, axis=axis), axis)


def log_softmax_by_rivals(logits):
    """Minus the log-sum-exp of all differences to a class."""
    differences = logits[..., None, :] - logits[..., :, None]
    return -logsumexp_shifted(differences)


def log_softmax_loop(logits):
    rows = logits.reshape(-1, logits.shape[-1])
    return np.array([row - logsumexp_loop(row) for row in rows]).reshape(logits.shape)


def log_sigmoid_split(z):
    return np.minimum(z, 0) - np.log1p(np.exp(-np.abs(z)))


def log_sigmoid_masked(z):
    result = np.empty_like(z)
    low = z < 0
    result[low] = z[low] - np.log1p(np.exp(z[low]))
    result[~low] = -np.log1p(np.exp(-z[~low]))
    return result


def log_sigmoid_loop(z):
    flat = [min(v, 0.0) - math.log1p(math.exp(-abs(v))) for v in z.ravel().tolist()]
    return np.array(flat).reshape(z.shape)


def bce_fits(logits, target):
    if logits.shape != target.shape:
        raise ValueError("shapes differ")
    if target.min() < 0 or target.max() > 1:
        raise ValueError("labels lie between 0 and 1")


def bce_split(logits, target):
    bce_fits(logits, target)
    losses = np.maximum(logits, 0) - logits * target + np.log1p(np.exp(-np.abs(logits)))
    return losses.mean()


def bce_logaddexp(logits, target, *, axis=None):
    bce_fits(logits, target)
    return np.mean(np.logaddexp(0, logits) - target * logits, axis=axis)


def bce_by_sides(logits, target):
    bce_fits(logits, target)
    losses = target * np.logaddexp(0, -logits) + (1 - target) * np.logaddexp(0, logits)
    return float(losses.sum() / losses.size)


def bce_loop(logits, target):
    bce_fits(logits, target)
    total = 0.0
    for z, y in zip(logits.ravel().tolist(), target.ravel().tolist(), strict=True):
        total += max(z, 0.0) - z * y + math.log1p(math.exp(-abs(z)))
    return total / logits.size


def bce_single(logits, target):
    return bce_split(np.float32(logits), np.float32(target))


def bce_two_classes(logits, target):
    """A softmax over the logits (0, z)."""
    bce_fits(logits, target)
    both = log_softmax_shifted(np.stack([np.zeros_like(logits), logits], axis=-1))
    return -((1 - target) * both[..., 0] + target * both[..., 1]).mean()


def bce_grad_plain(logits, target):
    return (1 / (1 + np.exp(-logits)) - target) / logits.size


def bce_grad_tanh(logits, target):
    return (0.5 + 0.5 * np.tanh(logits / 2) - target) / logits.size


def bce_grad_split(logits, target):
    small = np.exp(-np.abs(logits))
    p = np.where(logits >= 0, 1 / (1 + small), small / (1 + small))
    return (p - target) / np.prod(logits.shape)


def bce_grad_by_sides(logits, target):
    p, rest = (np.exp(-np.logaddexp(0, z)) for z in (-logits, logits))
    return ((1 - target) * p - target * rest) / logits.size


def bce_grad_loop(logits, target):
    slopes = np.empty(logits.shape)
    for index in np.ndindex(logits.shape):
        z = float(logits[index])
        p = 1 / (1 + math.exp(-z)) if z >= 0 else math.exp(z) / (1 + math.exp(z))
        slopes[index] = (p - target[index]) / logits.size
    return slopes


def bce_grad_by_torch(logits, target):
    z = torch.tensor(logits, requires_grad=True)
    bce_torch_softplus(z, torch.tensor(target)).backward()
    return z.grad.numpy()


def log1mexp_where(x):
    if (x <= 0).any():
        raise ValueError("x")
    return np.where(x < 0.7, np.log(-np.expm1(-x)), np.log1p(-np.exp(-x)))


def log1mexp_masked(x, *, switch=1.0):
    if not np.all(x > 0):
        raise ValueError("x")
    result, near = np.zeros(x.shape, x.dtype), x <= switch
    result[near] = np.log(-np.expm1(-x[near]))
    result[~near] = np.log1p(-np.exp(-x[~near]))
    return result


def log1mexp_loop(x):
    if min(x.ravel()) <= 0:
        raise ValueError("x")
    flat = [
        math.log(-math.expm1(-v)) if v < math.log(2) else math.log1p(-math.exp(-v))
        for v in x.ravel().tolist()
    ]
    return np.array(flat).reshape(x.shape)


def log1mexp_series(x):
    """Where x is large, the first terms of the series of ln(1 - t) are enough."""
    if np.min(x) <= 0:
        raise ValueError("x")
    t = np.exp(-x)
    return np.where(x > 8, -t - t**2 / 2, np.log(-np.expm1(-np.minimum(x, 8))))


def log1mexp_sinh(x):
    """1 - e^-x = 2 e^(-x/2) sinh(x/2), for small x."""
    if not (x > 0).all():
        raise ValueError("x")
    half = np.minimum(x, 1.0) / 2
    return np.where(x < 1, np.log(2 * np.sinh(half)) - half, np.log1p(-np.exp(-x)))


def mean_selected(losses, mask):
    if losses.shape != mask.shape:
        raise ValueError("shapes")
    chosen = losses[mask]
    return float(chosen.mean()) if chosen.size else 0.0


def mean_where(losses, mask, *, empty=0.0):
    if losses.shape != mask.shape:
        raise ValueError("shapes")
    return np.where(mask, losses, 0).sum() / max(mask.sum(), 1) + empty


def mean_loop(losses, mask):
    if losses.shape != mask.shape:
        raise ValueError("shapes")
    total, count = 0.0, 0
    for value, counts in zip(losses.ravel(), mask.ravel(), strict=True):
        if counts:
            total, count = total + float(value), count + 1
    return total / count if count else 0.0


def mean_by_where_argument(losses, mask):
    if losses.shape != mask.shape:
        raise ValueError("shapes")
    return np.sum(losses, where=mask) / (mask.sum() + 1e-12)


def mean_of_masked_array(losses, mask):
    if losses.shape != mask.shape:
        raise ValueError("shapes")
    return np.ma.array(losses, mask=~mask).filled(0.0).sum() / max(1, np.count_nonzero(mask))


def mean_single(losses, mask):
    return np.float32(mean_where(np.float32(losses), mask))


def logsumexp_torch_shifted(x):
    top = x.max(dim=-1, keepdim=True).values
    return (x - top).exp().sum(-1).log() + top.squeeze(-1)


def logsumexp_torch_detached(x):
    top = x.detach().amax(-1, keepdim=True)
    return torch.log(torch.exp(x - top).sum(dim=-1)) + top[..., 0]


def logsumexp_torch_library(x):
    return torch.logsumexp(x, dim=-1)


def logsumexp_torch_by_softmax(x):
    """Any logit minus its own log-probability; the first is finite or another is taken."""
    best = x.argmax(-1, keepdim=True)
    return (x.gather(-1, best) - F.log_softmax(x, -1).gather(-1, best))[..., 0]


def logsumexp_torch_pairwise(x):
    total = x[..., 0].clamp(min=-1e30)
    for i in range(1, x.shape[-1]):
        total = torch.logaddexp(total, x[..., i].clamp(min=-1e30))
    return total


def bce_torch_softplus(logits, target):
    return (F.softplus(logits) - logits * target).mean()


def bce_torch_logsigmoid(logits, target):
    losses = -target * F.logsigmoid(logits) - (1 - target) * F.logsigmoid(-logits)
    return losses.sum() / losses.numel()


def bce_torch_logaddexp(logits, target):
    return (torch.logaddexp(logits, torch.zeros_like(logits)) - logits * target).mean()


def bce_torch_maximum(logits, target):
    """maximum shares the slope between two equal arguments, which is what is needed at 0."""
    zero = torch.zeros_like(logits)
    rest = torch.log1p(torch.exp(-logits.abs()))
    return torch.mean(torch.maximum(logits, zero) - logits * target + rest)


def bce_torch_two_classes(logits, target):
    both = torch.stack([torch.zeros_like(logits), logits], dim=-1).log_softmax(-1)
    return -((1 - target) * both[..., 0] + target * both[..., 1]).mean()


def bce_torch_library(logits, target):
    return lt.bce_with_logits(logits, target)


def chunks_fit(weight, target, chunk):
    if chunk < 1 or target.min() < 0 or target.max() >= len(weight):
        raise ValueError("chunk or labels")


def chunked_joined(hidden, weight, target, chunk):
    chunks_fit(weight, target, chunk)
    normaliser = np.full(len(hidden), -np.inf)
    for start in range(0, len(weight), chunk):
        logits = hidden @ weight[start : start + chunk].T
        normaliser = np.logaddexp(normaliser, np.logaddexp.reduce(logits, axis=1))
    return (normaliser - np.einsum("nd,nd->n", hidden, weight[target])).mean()


def chunked_running(hidden, weight, target, chunk):
    chunks_fit(weight, target, chunk)
    top, total = np.full(len(hidden), -np.inf), np.zeros(len(hidden))
    own = np.zeros(len(hidden))
    for start in range(0, len(weight), chunk):
        logits = hidden @ weight[start : start + chunk].T
        new = np.maximum(top, logits.max(axis=1))
        total = total * np.exp(top - new) + np.exp(logits - new[:, None]).sum(axis=1)
        top = new
        here = (target >= start) & (target < start + chunk)
        own[here] = logits[here, target[here] - start]
    return (top + np.log(total) - own).mean()


def chunked_two_passes(hidden, weight, target, chunk):
    """First the maxima, then the sums: twice the products, but no rescaling."""
    chunks_fit(weight, target, chunk)
    starts = range(0, len(weight), chunk)
    top = np.max([(hidden @ weight[s : s + chunk].T).max(axis=1) for s in starts], axis=0)
    total = sum(np.exp(hidden @ weight[s : s + chunk].T - top[:, None]).sum(axis=1) for s in starts)
    return float(np.mean(top + np.log(total) - (hidden * weight[target]).sum(axis=1)))


def chunked_split(hidden, weight, target, chunk, *, dtype=np.float64):
    chunks_fit(weight, target, chunk)
    hidden, weight = hidden.astype(dtype), weight.astype(dtype)
    pieces = [
        logsumexp_shifted(hidden @ part.T)
        for part in np.split(weight, range(chunk, len(weight), chunk))
    ]
    normaliser = logsumexp_shifted(np.stack(pieces, axis=-1))
    return np.mean(normaliser - np.diagonal(hidden @ weight[target].T))


def chunked_item_by_item(hidden, weight, target, chunk):
    chunks_fit(weight, target, chunk)
    losses = []
    for vector, label in zip(hidden, target, strict=True):
        pieces = [
            logsumexp_loop(weight[s : s + chunk] @ vector) for s in range(0, len(weight), chunk)
        ]
        losses.append(logsumexp_loop(np.array(pieces)) - float(weight[label] @ vector))
    return sum(losses) / len(losses)


RIGHT = {
    "logsumexp": [
        *(logsumexp_shifted, logsumexp_loop, logsumexp_pairwise, logsumexp_sorted),
        *(logsumexp_running, logsumexp_single, logsumexp_through_torch),
    ],
    "log_softmax": [
        *(log_softmax_shifted, log_softmax_twice, log_softmax_by_difference),
        *(log_softmax_by_rivals, log_softmax_loop),
    ],
    "log_sigmoid": [
        log_sigmoid_split,
        log_sigmoid_masked,
        log_sigmoid_loop,
        lambda z: -np.logaddexp(0, -z),
        lambda z: F.logsigmoid(torch.from_numpy(z)).numpy(),
    ],
    "stable_bce": [
        *(bce_split, bce_logaddexp, bce_by_sides, bce_loop, bce_single, bce_two_classes),
    ],
    "stable_bce_grad": [
        *(bce_grad_plain, bce_grad_tanh, bce_grad_split, bce_grad_by_sides, bce_grad_loop),
        bce_grad_by_torch,
    ],
    "log1mexp": [
        *(log1mexp_where, log1mexp_masked, log1mexp_loop, log1mexp_series, log1mexp_sinh),
    ],
    "masked_mean": [
        *(mean_selected, mean_where, mean_loop, mean_by_where_argument, mean_of_masked_array),
        mean_single,
    ],
    "logsumexp_torch": [
        *(logsumexp_torch_shifted, logsumexp_torch_detached, logsumexp_torch_library),
        *(logsumexp_torch_by_softmax, logsumexp_torch_pairwise),
    ],
    "stable_bce_torch": [
        *(bce_torch_softplus, bce_torch_logsigmoid, bce_torch_logaddexp, bce_torch_maximum),
        *(bce_torch_two_classes, bce_torch_library),
    ],
    "chunked_cross_entropy": [
        *(chunked_joined, chunked_running, chunked_two_passes, chunked_split),
        chunked_item_by_item,
    ],
}
