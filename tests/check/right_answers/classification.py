"""Right answers to the assignment on classification, written in different ways."""

import math

import numpy as np
import torch
from scipy.special import expit, log_softmax, logsumexp, rel_entr, xlogy

import lossfns.torch as lt


def same_shape(first, second):
    if np.shape(first) != np.shape(second):
        raise ValueError(f"{np.shape(first)} against {np.shape(second)}")


def reduced(losses, reduction):
    if reduction not in ("none", "sum", "mean"):
        raise ValueError(f"what is {reduction}?")
    return losses if reduction == "none" else getattr(losses, reduction)()


def in_unit_interval(probs):
    if (probs < 0).any() or (probs > 1).any():
        raise ValueError("probabilities lie between 0 and 1")


def bce_loop(probs, target):
    same_shape(probs, target)
    in_unit_interval(probs)
    total = 0.0
    for p, y in zip(probs.ravel().tolist(), target.ravel().tolist(), strict=True):
        if y > 0:
            total -= y * math.log(p)
        if y < 1:
            total -= (1 - y) * math.log(1 - p)
    return total / probs.size


def bce_xlogy(probs, target):
    same_shape(probs, target)
    in_unit_interval(probs)
    return -(xlogy(target, probs) + xlogy(1 - target, 1 - probs)).mean()


def bce_tiny(probs, target):
    """Clipped at the smallest number there is, which changes no finite logarithm."""
    same_shape(probs, target)
    in_unit_interval(probs)
    tiny = np.finfo(probs.dtype).tiny
    yes, no = np.log(np.maximum(probs, tiny)), np.log(np.maximum(1 - probs, tiny))
    return -np.mean(target * yes + (1 - target) * no)


def bce_where(probs, target, *, axis=None):
    same_shape(probs, target)
    if not np.all((probs >= 0) & (probs <= 1)):
        raise ValueError
    yes = np.where(target == 0, 0.0, target * np.log(probs))
    no = np.where(target == 1, 0.0, (1 - target) * np.log1p(-probs))
    return np.mean(-yes - no, axis=axis)


def bce_no_nan(probs, target):
    """0 · ln 0 is NaN, and only that."""
    same_shape(probs, target)
    in_unit_interval(probs)
    yes = np.nan_to_num(target * np.log(probs), nan=0.0)
    no = np.nan_to_num((1 - target) * np.log(1 - probs), nan=0.0)
    return float(-(yes + no).sum() / probs.size)


def logits_loop(logits, target, reduction="mean"):
    same_shape(logits, target)
    losses = np.empty(logits.shape)
    for index in np.ndindex(logits.shape):
        z, y = float(logits[index]), float(target[index])
        if z > 0:
            losses[index] = (1 - y) * z + math.log1p(math.exp(-z))
        else:
            losses[index] = -y * z + math.log1p(math.exp(z))
    return reduced(losses, reduction)


def logits_logaddexp(logits, target, reduction="mean"):
    same_shape(logits, target)
    return reduced(np.logaddexp(0, logits) - logits * target, reduction)


def logits_two_classes(logits, target, reduction="mean"):
    """The softmax of two classes, one of which has the logit 0."""
    same_shape(logits, target)
    log_p = log_softmax(np.stack([np.zeros_like(logits), logits]), axis=0)
    return reduced(-(1 - target) * log_p[0] - target * log_p[1], reduction)


def logits_single(logits, target, reduction="mean", pos_weight=1.0):
    same_shape(logits, target)
    z, y = logits.astype(np.float32), target.astype(np.float32)
    tail = np.log1p(np.exp(-np.abs(z)))
    losses = pos_weight * y * (np.maximum(-z, 0) + tail) + (1 - y) * (np.maximum(z, 0) + tail)
    return reduced(losses, reduction)


def logits_through_torch(logits, target, reduction="mean"):
    same_shape(logits, target)
    z, y = torch.tensor(logits), torch.tensor(target)
    losses = -(y * torch.nn.functional.logsigmoid(z) + (1 - y) * torch.nn.functional.logsigmoid(-z))
    return reduced(losses, reduction).numpy()


def logits_grad_loop(logits, target):
    slopes = np.zeros(logits.shape)
    for index in np.ndindex(logits.shape):
        z = float(logits[index])
        p = 1 / (1 + math.exp(-z)) if z > 0 else 1 - 1 / (1 + math.exp(max(z, -700.0)))
        slopes[index] = (p - target[index]) / logits.size
    return slopes


def logits_grad_autograd(logits, target):
    z = torch.tensor(logits, requires_grad=True)
    losses = torch.nn.functional.softplus(z) - z * torch.tensor(target)
    losses.mean().backward()
    return z.grad.numpy()


def softmax_loop(logits):
    flat = logits.reshape(-1, logits.shape[-1])
    out = np.empty(flat.shape)
    for i, row in enumerate(flat.tolist()):
        powers = [math.exp(z - max(row)) for z in row]
        out[i] = [power / sum(powers) for power in powers]
    return out.reshape(logits.shape)


def softmax_pairs(logits):
    """1 over the sum of exp of all differences: an overflow to infinity is a probability of 0."""
    return 1 / np.exp(logits[..., None, :] - logits[..., :, None]).sum(axis=-1)


def softmax_single(logits, axis=-1):
    z = np.float32(logits)
    e = np.exp(z - np.max(z, axis=axis, keepdims=True))
    return e / np.sum(e, axis=axis, keepdims=True)


def integers_in_range(logits, target):
    if target.shape != logits.shape[:-1]:
        raise ValueError("one label for each row")
    if (target < 0).any() or (target >= logits.shape[-1]).any():
        raise ValueError("no such class")


def cross_entropy_loop(logits, target, reduction="mean"):
    integers_in_range(logits, target)
    losses = []
    for row, label in zip(logits.tolist(), target.tolist(), strict=True):
        top = max(row)
        losses.append(top + math.log(sum(math.exp(z - top) for z in row)) - row[label])
    return reduced(np.array(losses), reduction)


def cross_entropy_logsumexp(logits, target, reduction="mean"):
    integers_in_range(logits, target)
    rows = range(len(logits))
    return reduced(logsumexp(logits, axis=1) - logits[rows, target], reduction)


def cross_entropy_one_hot(logits, target, reduction="mean", label_smoothing=0.0):
    integers_in_range(logits, target)
    wanted = np.zeros(logits.shape)
    wanted[np.arange(len(target)), target] = 1
    wanted = (1 - label_smoothing) * wanted + label_smoothing / logits.shape[1]
    return reduced(-np.sum(wanted * log_softmax(logits, axis=1), axis=1), reduction)


def cross_entropy_differences(logits, target, reduction="mean"):
    """ln Σ exp(z_j - z_y), with the positive part taken out."""
    integers_in_range(logits, target)
    lead = logits - np.take_along_axis(logits, target[:, None], axis=1)
    top = lead.max(axis=1)
    return reduced(top + np.log(np.exp(lead.T - top).sum(axis=0)), reduction)


def cross_entropy_reduce(logits, target, reduction="mean"):
    integers_in_range(logits, target)
    losses = np.logaddexp.reduce(logits, axis=1) - logits[np.arange(target.size), target]
    return reduced(losses.astype(np.float32), reduction)


def cross_entropy_through_torch(logits, target, reduction="mean"):
    integers_in_range(logits, target)
    log_p = torch.tensor(logits).log_softmax(dim=1)
    return reduced(-log_p[torch.arange(len(target)), torch.tensor(target)], reduction).numpy()


def cross_entropy_grad_loop(logits, target):
    slopes = softmax_loop(logits)
    for i, label in enumerate(target):
        slopes[i, label] -= 1
    return slopes / len(target)


def cross_entropy_grad_where(logits, target):
    here = target[:, None] == np.arange(logits.shape[1])
    return np.where(here, softmax_pairs(logits) - 1, softmax_pairs(logits)) / target.size


def cross_entropy_grad_autograd(logits, target):
    z = torch.tensor(logits, requires_grad=True)
    own = z[torch.arange(len(z)), torch.tensor(target)]
    (z.logsumexp(dim=1) - own).mean().backward()
    return z.grad.numpy()


def distributions(p, q):
    same_shape(p, q)
    for rows in (p, q):
        if (rows < 0).any() or not np.allclose(rows.sum(axis=1), 1, atol=1e-4):
            raise ValueError("rows must be distributions")


def kl_loop(p, q):
    distributions(p, q)
    total = 0.0
    for i, k in np.ndindex(p.shape):
        if p[i, k] > 0:
            total += p[i, k] * math.log(p[i, k] / q[i, k])
    return total / len(p)


def kl_rel_entr(p, q):
    distributions(p, q)
    return rel_entr(p, q).sum(axis=-1).mean()


def kl_cross_minus_entropy(p, q):
    distributions(p, q)
    return -(xlogy(p, q) - xlogy(p, p)).sum() / p.shape[0]


def kl_masked(p, q):
    distributions(p, q)
    happens = p > 0
    return (p[happens] * (np.log(p[happens]) - np.log(q[happens]))).sum() / len(p)


def smoothed(logits, target, eps):
    if eps < 0 or eps > 1:
        raise ValueError(eps)
    return (1 - eps) * torch.nn.functional.one_hot(target, logits.shape[1]) + eps / logits.shape[1]


def torch_dense(logits, target, label_smoothing=0.0):
    soft = smoothed(logits, target, label_smoothing).to(logits.dtype)
    return -(soft * logits.log_softmax(dim=-1)).sum(dim=-1).mean()


def torch_logsumexp(logits, target, label_smoothing=0.0):
    smoothed(logits, target, label_smoothing)
    own = logits[torch.arange(len(target)), target]
    mix = (1 - label_smoothing) * own + label_smoothing * logits.mean(dim=1)
    return (torch.logsumexp(logits, dim=1) - mix).mean()


def torch_by_rows(logits, target, label_smoothing=0.0, weight=None):
    soft = smoothed(logits, target, label_smoothing)
    losses = []
    for row, wanted in zip(logits, soft, strict=True):
        lead = row - row.max().detach()
        losses.append((wanted * (lead.exp().sum().log() - lead)).sum())
    return torch.stack(losses).mean().to(logits.dtype)


def torch_nll(logits, target, label_smoothing=0.0):
    smoothed(logits, target, label_smoothing)
    log_p = torch.log_softmax(logits, 1)
    hard = torch.nn.functional.nll_loss(log_p, target)
    return hard + label_smoothing * (-log_p.mean() - hard)


def torch_library(logits, target, label_smoothing=0.0):
    return lt.cross_entropy(logits, target, label_smoothing=label_smoothing)


def vanishing_autograd(logits, target):
    z = torch.tensor(logits, requires_grad=True)
    ((torch.sigmoid(z) - torch.tensor(target)) ** 2).mean().backward()
    return z.grad.numpy()


def vanishing_tanh(logits, target):
    """σ(z) = ½ (1 + tanh ½z), σ' = ¼ (1 - tanh² ½z)."""
    bend = np.tanh(logits / 2)
    return (0.5 * (1 + bend) - target) * (1 - bend**2) / (2 * logits.size)


def vanishing_loop(logits, target):
    slopes = np.empty(logits.shape)
    for index in np.ndindex(logits.shape):
        p = 1 / (1 + np.exp(-logits[index]))
        slopes[index] = 2 / logits.size * (p - target[index]) * (p - p * p)
    return slopes


def race_in_place(x, y, start, loss="bce", rate=0.5, steps=100):
    if loss not in ("bce", "mse"):
        raise ValueError(loss)
    w, path = start.copy(), [start.copy()]
    for _ in range(steps):
        p = expit(x @ w)
        g = (p - y) / len(y)
        if loss == "mse":
            g *= 2 * p * (1 - p)
        w -= rate * (g @ x)
        path.append(w.copy())
    return np.stack(path)


def race_filled(x, y, start, loss="bce", rate=0.5, steps=100):
    factor = {"bce": lambda p: 1.0, "mse": lambda p: 2 * p * (1 - p)}
    if loss not in factor:
        raise ValueError(loss)
    path = np.zeros((steps + 1, len(start)))
    path[0] = start
    for t in range(steps):
        p = 1 / (1 + np.exp(-(x * path[t]).sum(axis=1)))
        for j in range(x.shape[1]):
            slope = sum(x[i, j] * (p[i] - y[i]) * factor[loss](p[i]) for i in range(len(y)))
            path[t + 1, j] = path[t, j] - rate * slope / len(y)
    return path


def race_autograd(x, y, start, loss="bce", rate=0.5, steps=100):
    x, y = torch.tensor(x), torch.tensor(y)
    w = torch.tensor(start, requires_grad=True)
    measures = {
        "bce": lambda z: torch.nn.functional.softplus(z) - z * y,
        "mse": lambda z: (z.sigmoid() - y) ** 2,
    }
    if loss not in measures:
        raise ValueError(loss)
    optimizer = torch.optim.SGD([w], lr=rate)
    path = [start.tolist()]
    for _ in range(steps):
        optimizer.zero_grad()
        measures[loss](x @ w).mean().backward()
        optimizer.step()
        path.append(w.tolist())
    return np.array(path)


def race_single(x, y, start, loss="bce", rate=0.5, steps=100):
    return race_in_place(np.float32(x), np.float32(y), np.float32(start), loss, rate, steps)


RIGHT = {
    "bce": [bce_loop, bce_xlogy, bce_tiny, bce_where, bce_no_nan],
    "bce_with_logits": [
        *(logits_loop, logits_logaddexp, logits_two_classes, logits_single, logits_through_torch),
    ],
    "bce_with_logits_grad": [
        logits_grad_loop,
        logits_grad_autograd,
        lambda logits, target: (expit(logits) - target) / logits.size,
        lambda logits, target: (0.5 * np.tanh(0.5 * logits) + 0.5 - target) / np.prod(logits.shape),
        lambda logits, target: (1 / (1 + np.exp(-np.float32(logits))) - target) / logits.size,
    ],
    "softmax": [
        *(softmax_loop, softmax_pairs, softmax_single),
        lambda logits: np.exp(log_softmax(logits, axis=-1)),
        lambda logits: torch.tensor(logits).softmax(dim=-1).numpy(),
        lambda logits: np.exp(logits - np.logaddexp.reduce(logits, axis=-1, keepdims=True)),
    ],
    "cross_entropy": [
        *(cross_entropy_loop, cross_entropy_logsumexp, cross_entropy_one_hot),
        *(cross_entropy_differences, cross_entropy_reduce, cross_entropy_through_torch),
    ],
    "cross_entropy_grad": [
        *(cross_entropy_grad_loop, cross_entropy_grad_where, cross_entropy_grad_autograd),
        lambda logits, target: (
            (softmax_single(logits) - np.eye(logits.shape[1])[target]) / len(logits)
        ),
        lambda logits, target: (
            -(np.identity(logits.shape[1])[target] - softmax_pairs(logits)) / target.size
        ),
    ],
    "kl_divergence": [kl_loop, kl_rel_entr, kl_cross_minus_entropy, kl_masked],
    "cross_entropy_torch": [
        *(torch_dense, torch_logsumexp, torch_by_rows, torch_nll, torch_library),
    ],
    "mse_of_sigmoid_grad": [
        *(vanishing_autograd, vanishing_tanh, vanishing_loop),
        lambda logits, target: (
            2 * (expit(logits) - target) * expit(logits) * expit(-logits) / logits.size
        ),
    ],
    "train_logistic": [race_in_place, race_filled, race_autograd, race_single],
}
