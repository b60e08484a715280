"""Wrong answers as people write them in a hurry, in their own style, and what they are told.

The variants of the exercises are made of parts that fit together; these are not, and are found all
the same.
"""

from itertools import pairwise

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from lossfns.check.checking import examine
from lossfns.check.message import in_brief

ANSWERS = []


def wrong(exercise, called):
    """Notes a function as an answer to an exercise that is wrong in the way with this name."""

    def noted(function):
        ANSWERS.append(pytest.param(exercise, function, called, id=f"{exercise}: {called}"))
        return function

    return noted


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def same(a, b):
    if a.shape != b.shape:
        raise ValueError("shapes differ")


def reduced(losses, reduction):
    if reduction not in ("none", "mean", "sum"):
        raise ValueError("unknown reduction")
    return losses if reduction == "none" else getattr(losses, reduction)()


def distributions(*tables):
    for p in tables:
        if (p < 0).any() or (abs(p.sum(axis=1) - 1) > 1e-3).any():
            raise ValueError("no probabilities")


def labels(target, table):
    n, classes = table.shape
    if target.shape != (n,) or target.min() < 0 or target.max() >= classes:
        raise ValueError("not one label of a class a row")


@wrong("weighted_risk", "an exception where nothing counts")
def _(losses, weights):
    same(losses, weights)
    if (weights < 0).any():
        raise ValueError
    return np.average(losses, weights=weights)


@wrong("weighted_risk", "NaN where nothing counts")
def _(losses, weights):
    same(losses, weights)
    if (weights < 0).any():
        raise ValueError
    if weights.sum() == 0:
        return np.nan
    return (losses * weights).sum() / weights.sum()


@wrong("ridge_risk", "the length of the parameters, not squared")
def _(losses, params, strength):
    if strength < 0:
        raise ValueError
    return losses.mean() + strength * np.linalg.norm(params[1:])


@wrong("ridge_risk", "the penalty divided by twice the number of items")
def _(losses, params, strength):
    if strength < 0:
        raise ValueError
    return losses.mean() + strength / (2 * len(losses)) * (params[1:] ** 2).sum()


@wrong("line_gradient", "the 2 forgotten in the gradient")
def _(x, y, slope, intercept):
    e = slope * x + intercept - y
    return np.array([e @ x, e.sum()]) / len(x)


@wrong("line_gradient", "the sign of the gradient flipped")
def _(x, y, slope, intercept):
    e = y - (slope * x + intercept)
    return 2 * np.array([(e * x).mean(), e.mean()])


@wrong("line_gradient", "returns something else than numbers")
def _(x, y, slope, intercept):
    e = slope * x + intercept - y
    return (2 * (e * x).mean(), 2 * e.mean())


@wrong("descend", "the start left out")
def _(x, y, rate, steps):
    a = b = 0.0
    out = []
    for _ in range(steps):
        e = a * x + b - y
        a -= rate * 2 * (e * x).mean()
        b -= rate * 2 * e.mean()
        out.append((a, b))
    return np.array(out)


@wrong("descend", "the intercept updated with the new slope")
def _(x, y, rate, steps):
    a = b = 0.0
    out = [(a, b)]
    for _ in range(steps):
        a -= rate * 2 * ((a * x + b - y) * x).mean()
        b -= rate * 2 * (a * x + b - y).mean()
        out.append((a, b))
    return np.array(out)


@wrong("accumulated_gradient", "the mean of the means")
def _(gradients, counts):
    return gradients.mean(axis=0)


@wrong("accumulated_gradient", "the gradient of the sum over all items")
def _(gradients, counts):
    return (gradients * counts[:, None]).sum(0)


@wrong("bernoulli_nll", "the logarithm of a product that underflowed")
def _(outcomes, p):
    if not 0 < p < 1 or not np.isin(outcomes, [0, 1]).all():
        raise ValueError
    k = outcomes.sum()
    n = len(outcomes)
    return -np.log(p**k * (1 - p) ** (n - k)) / n


@wrong("bernoulli_nll", "the sum instead of the mean")
def _(outcomes, p):
    if not 0 < p < 1 or not np.isin(outcomes, [0, 1]).all():
        raise ValueError
    return -(outcomes * np.log(p) + (1 - outcomes) * np.log(1 - p)).sum()


@wrong("mse_grad", "the gradient divided by the number of rows")
def _(pred, target):
    return 2 * (pred - target) / len(pred)


@wrong("mae_grad", "slope -1 at the kink")
def _(pred, target):
    return np.where(pred > target, 1, -1) / pred.size


@wrong("rmse", "the number of rows outside the root")
def _(pred, target):
    return np.linalg.norm(pred - target) / len(pred)


@wrong("quantile", "the sum instead of the mean")
def _(pred, target, q):
    if not 0 < q < 1:
        raise ValueError
    e = target - pred
    return np.where(e > 0, q * e, (q - 1) * e).sum()


@wrong("quantile", "q and 1 - q exchanged")
def _(pred, target, q):
    if not 0 < q < 1:
        raise ValueError
    e = pred - target
    return np.where(e > 0, q * e, (q - 1) * e).mean()


@wrong("log_cosh", "the sum instead of the mean")
def _(pred, target):
    e = np.abs(pred - target)
    return np.where(e > 20, e - np.log(2), np.log(np.cosh(np.minimum(e, 20)))).sum()


@wrong("huber_torch", "½ in place of ½δ in the linear part")
def _(pred, target, delta=1.0):
    e = (pred - target).abs()
    return torch.where(e <= delta, 0.5 * e**2, delta * e - 0.5 * delta).mean()


@wrong("gaussian_nll_torch", "the ½ on the squared error only")
def _(pred, target, var):
    return (torch.log(var) + (target - pred) ** 2 / (2 * var)).mean()


@wrong("gaussian_nll_torch", "the constant ½ ln 2π included")
def _(pred, target, var):
    return -torch.distributions.Normal(pred, var.sqrt()).log_prob(target).mean()


@wrong("gaussian_nll_torch", "the sum instead of the mean")
def _(pred, target, var):
    return 0.5 * (torch.log(var) + (target - pred) ** 2 / var).sum()


@wrong("bce", "a very wrong answer hidden by clipping")
def _(probs, target):
    same(probs, target)
    if (probs < 0).any() or (probs > 1).any():
        raise ValueError
    p = np.clip(probs, 1e-12, 1 - 1e-12)
    return -(target * np.log(p) + (1 - target) * np.log(1 - p)).mean()


@wrong("bce", "a very wrong answer hidden by clipping")
def _(probs, target):
    same(probs, target)
    if (probs < 0).any() or (probs > 1).any():
        raise ValueError
    return -(target * np.log(probs + 1e-8) + (1 - target) * np.log(1 - probs + 1e-8)).mean()


@wrong("bce_with_logits", "the logarithm of a saturated sigmoid")
def _(logits, target, reduction="mean"):
    same(logits, target)
    p = sigmoid(logits)
    return reduced(-(target * np.log(p) + (1 - target) * np.log(1 - p)), reduction)


@wrong("bce_with_logits", "overflow for large negative logits")
def _(logits, target, reduction="mean"):
    same(logits, target)
    return reduced(np.log(1 + np.exp(-logits)) + (1 - target) * logits, reduction)


@wrong("softmax", "axis 1 instead of the last axis")
def _(logits):
    e = np.exp(logits - logits.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


@wrong("softmax", "the sum over the whole table")
def _(logits):
    e = np.exp(logits)
    return e / e.sum()


@wrong("cross_entropy", "the logarithm of a probability that underflowed")
def _(logits, target, reduction="mean"):
    labels(target, logits)
    n = len(logits)
    e = np.exp(logits - logits.max(1, keepdims=True))
    p = e / e.sum(1, keepdims=True)
    return reduced(-np.log(p[np.arange(n), target]), reduction)


@wrong("cross_entropy", "confident mistakes hidden by clipping")
def _(logits, target, reduction="mean"):
    labels(target, logits)
    n = len(logits)
    e = np.exp(logits - logits.max(1, keepdims=True))
    p = e / e.sum(1, keepdims=True)
    return reduced(-np.log(p[np.arange(n), target] + 1e-10), reduction)


@wrong("cross_entropy_grad", "the n forgotten in the gradient")
def _(logits, target):
    e = np.exp(logits - logits.max(1, keepdims=True))
    p = e / e.sum(1, keepdims=True)
    p[np.arange(len(p)), target] -= 1
    return p


@wrong("kl_divergence", "NaN where p is 0")
def _(p, q):
    same(p, q)
    distributions(p, q)
    return (p * np.log(p / q)).sum(1).mean()


@wrong("kl_divergence", "the two distributions exchanged")
def _(p, q):
    same(p, q)
    distributions(p, q)
    return (q * np.log(q / p)).sum(1).mean()


@wrong("kl_divergence", "a surprise hidden by a small number added to q")
def _(p, q):
    same(p, q)
    distributions(p, q)
    return (p * np.log((p + 1e-12) / (q + 1e-12))).sum(1).mean()


@wrong("cross_entropy_torch", "ε/(C - 1) for every class")
def _(logits, target, label_smoothing=0.0):
    if not 0 <= label_smoothing <= 1:
        raise ValueError
    C = logits.shape[1]
    y = F.one_hot(target, C).float() * (1 - label_smoothing) + label_smoothing / (C - 1)
    return -(y * F.log_softmax(logits, 1)).sum(1).mean()


@wrong("logsumexp", "one maximum for all rows")
def _(x):
    m = x.max()
    return m + np.log(np.exp(x - m).sum(-1))


@wrong("log1mexp", "the digits lost on both sides")
def _(x):
    if (x <= 0).any():
        raise ValueError
    return np.log(1 - np.exp(-x))


@wrong("log1mexp", "log1p(-e^-x) on both sides")
def _(x):
    if (x <= 0).any():
        raise ValueError
    return np.log1p(-np.exp(-x))


@wrong("masked_mean", "NaN times 0, and 0/0 when nothing counts")
def _(losses, mask):
    return (losses * mask).sum() / mask.sum()


@wrong("masked_mean", "0/0 when nothing counts")
def _(losses, mask):
    return losses[mask].mean()


@wrong("class_weights", "weights of every kind scaled to sum to C")
def _(counts, kind="inverse", beta=0.999):
    if (
        (counts <= 0).any()
        or kind not in ("inverse", "inverse_sqrt", "effective")
        or (kind == "effective" and not 0 <= beta < 1)
    ):
        raise ValueError
    if kind == "inverse":
        w = 1 / counts
    elif kind == "inverse_sqrt":
        w = 1 / np.sqrt(counts)
    else:
        w = (1 - beta) / (1 - beta**counts)
    return w / w.sum() * len(counts)


@wrong("weighted_cross_entropy", "divided by n instead of the sum of the weights")
def _(logits, target, weight):
    labels(target, logits)
    if len(weight) != logits.shape[1]:
        raise ValueError
    z = logits - logits.max(1, keepdims=True)
    lp = z - np.log(np.exp(z).sum(1, keepdims=True))
    return (-lp[np.arange(len(target)), target] * weight[target]).mean()


@wrong("dice", "all masks taken for one, and s in another convention")
def _(probs, target, smooth=1.0):
    same(probs, target)
    i = (probs * target).sum()
    return 1 - (2 * i + smooth) / (probs.sum() + target.sum() + smooth)


@wrong("dice", "squares in the denominator, and s in another convention")
def _(probs, target, smooth=1.0):
    same(probs, target)
    ax = tuple(range(1, probs.ndim))
    i = (probs * target).sum(ax)
    return (1 - (2 * i + smooth) / ((probs**2).sum(ax) + (target**2).sum(ax) + smooth)).mean()


@wrong("dice", "s twice in the numerator, once in the denominator")
def _(probs, target, smooth=1.0):
    same(probs, target)
    ax = tuple(range(1, probs.ndim))
    i = (probs * target).sum(ax)
    return (1 - 2 * (i + smooth) / (probs.sum(ax) + target.sum(ax) + smooth)).mean()


@wrong("pairwise_distances", "cancellation in ‖a‖² + ‖b‖² - 2a·b")
def _(a, b, squared=False):
    if a.ndim != 2 or b.ndim != 2 or a.shape[1] != b.shape[1]:
        raise ValueError
    d = np.maximum((a**2).sum(1)[:, None] + (b**2).sum(1) - 2 * a @ b.T, 0)
    return d if squared else np.sqrt(d)


@wrong("contrastive_pairs", "the ½ forgotten")
def _(a, b, same, margin=1.0):
    d = np.sqrt(((a - b) ** 2).sum(1))
    return (same * d**2 + (1 - same) * np.maximum(margin - d, 0) ** 2).mean()


@wrong("triplet", "distances always squared")
def _(anchor, positive, negative, margin=1.0, squared=False):
    if not margin > 0 or not anchor.shape == positive.shape == negative.shape:
        raise ValueError
    p = ((anchor - positive) ** 2).sum(1)
    n = ((anchor - negative) ** 2).sum(1)
    return np.maximum(p - n + margin, 0).mean()


@wrong("info_nce", "the lengths not divided out")
def _(queries, keys, temperature=0.1):
    if queries.shape != keys.shape or not temperature > 0:
        raise ValueError
    s = queries @ keys.T / temperature
    s = s - s.max(1, keepdims=True)
    return -(np.diag(s) - np.log(np.exp(s).sum(1))).mean()


@wrong("nt_xent_torch", "each view compared with itself")
def _(z1, z2, temperature=0.5):
    if z1.shape != z2.shape or not temperature > 0:
        raise ValueError
    z = F.normalize(torch.cat([z1, z2]), dim=1)
    s = z @ z.T / temperature
    n = len(z1)
    y = torch.cat([torch.arange(n) + n, torch.arange(n)])
    return F.cross_entropy(s, y)


@wrong("nll", "the sum instead of the mean")
def _(probs, target):
    distributions(probs)
    labels(target, probs)
    return -np.log(probs[range(len(target)), target]).sum()


@wrong("brier", "the mean over the classes")
def _(probs, target):
    distributions(probs)
    labels(target, probs)
    return ((probs - np.eye(probs.shape[1])[target]) ** 2).mean()


@wrong("ece", "1.0 fallen out of the last bin")
def _(probs, target, bins=10):
    distributions(probs)
    labels(target, probs)
    if bins < 1:
        raise ValueError
    c = probs.max(1)
    ok = probs.argmax(1) == target
    e = 0
    edges = np.linspace(0, 1, bins + 1)
    for a, b in pairwise(edges):
        m = (c >= a) & (c < b)
        if m.any():
            e += abs(ok[m].mean() - c[m].mean()) * m.mean()
    return e


@wrong("ece", "all bins weighted alike")
def _(probs, target, bins=10):
    distributions(probs)
    labels(target, probs)
    if bins < 1:
        raise ValueError
    c = probs.max(1)
    ok = probs.argmax(1) == target
    g = []
    edges = np.linspace(0, 1, bins + 1)
    for a, b in pairwise(edges):
        m = (c > a) & (c <= b)
        if m.any():
            g.append(abs(ok[m].mean() - c[m].mean()))
    return np.mean(g)


@wrong("temper", "overflow of the exponential")
def _(logits, temperature):
    if not temperature > 0:
        raise ValueError
    z = logits / temperature
    e = np.exp(z)
    return e / e.sum(1, keepdims=True)


@wrong("gradient_norm", "overflow of the squares")
def _(gradients):
    return np.linalg.norm(gradients)


@wrong("first_bad_step", "infinities overlooked")
def _(losses):
    for i, loss in enumerate(losses):
        if np.isnan(loss):
            return i
    return -1


@wrong("first_bad_step", "0 for a run without a fault")
def _(losses):
    return int(np.argmax(~np.isfinite(losses)))


@wrong("first_bad_step", "returns something else than numbers")
def _(losses):
    for i, loss in enumerate(losses):
        if not np.isfinite(loss):
            return i
    return None


@wrong("uncertainty_weighting", "every ½ forgotten")
def _(losses, log_vars, kinds="regression"):
    same(losses, log_vars)
    return (np.exp(-log_vars) * losses + log_vars).sum()


@wrong("best_log_vars", "the minimum of exp(-s) L + ½s")
def _(losses):
    if (losses <= 0).any():
        raise ValueError
    return np.log(2 * losses)


@wrong("project_conflict", "the second gradient projected on what is left of the first")
def _(g1, g2):
    same(g1, g2)
    d = (g1 * g2).sum()
    if d < 0:
        g1 = g1 - d / (g2 @ g2 if g2.ndim == 1 else (g2 * g2).sum()) * g2
        g2 = g2 - d / ((g1 * g1).sum()) * g1
    return g1 + g2


@wrong("dwa_weights", "weights that sum to 1")
def _(previous, before, temperature=2.0):
    same(previous, before)
    if (before <= 0).any() or not temperature > 0:
        raise ValueError
    r = previous / before / temperature
    e = np.exp(r - r.max())
    return e / e.sum()


@wrong("weighted_sum", "NaN from 0 · ∞")
def _(losses, weights):
    same(losses, weights)
    if (weights < 0).any():
        raise ValueError
    return losses @ weights


@wrong("focal", "the logarithm of a rounded probability")
def _(logits, target, gamma=2.0, alpha=None, reduction="mean"):
    same(logits, target)
    if gamma < 0 or (alpha is not None and not 0 <= alpha <= 1):
        raise ValueError
    p = sigmoid(logits)
    pt = np.where(target == 1, p, 1 - p)
    a = 1 if alpha is None else np.where(target == 1, alpha, 1 - alpha)
    return reduced(-a * (1 - pt) ** gamma * np.log(pt), reduction)


@wrong("focal", "α on both classes")
def _(logits, target, gamma=2.0, alpha=None, reduction="mean"):
    same(logits, target)
    if gamma < 0 or (alpha is not None and not 0 <= alpha <= 1):
        raise ValueError
    p = sigmoid(logits).clip(1e-7, 1 - 1e-7)
    pt = np.where(target == 1, p, 1 - p)
    a = 1 if alpha is None else alpha
    return reduced(-a * (1 - pt) ** gamma * np.log(pt), reduction)


@wrong("stable_bce", "z in place of |z| in the exponent")
def _(logits, target):
    same(logits, target)
    if (target < 0).any() or (target > 1).any():
        raise ValueError
    return (np.maximum(logits, 0) - logits * target + np.log(1 + np.exp(-logits))).mean()


@wrong("two_head_loss_torch", "the absolute error for the number")
def _(class_logits, labels, pred, target, lam):
    if (
        pred.shape != target.shape
        or lam < 0
        or labels.min() < 0
        or labels.max() >= class_logits.shape[1]
    ):
        raise ValueError
    return F.cross_entropy(class_logits, labels) + lam * F.l1_loss(pred, target)


@wrong("focal_grad", "the n forgotten in the gradient")
def _(logits, target, gamma=2.0):
    p = sigmoid(logits)
    pt = np.where(target == 1, p, 1 - p)
    s = np.where(target == 1, 1, -1)
    return s * (1 - pt) ** gamma * (gamma * pt * np.log(pt) + pt - 1)


@wrong("training_step_torch", "broadcasting of (n, 1) against (n,)")
def _(params, x, y, rate):
    p = params.clone().requires_grad_(True)
    loss = ((p[0] * x + p[1] - y) ** 2).mean()
    loss.backward()
    return p - rate * p.grad


@wrong("training_step_torch", "the sum over the items instead of the mean")
def _(params, x, y, rate):
    if x.shape != y.shape:
        raise ValueError
    p = params.clone().requires_grad_(True)
    loss = ((p[0] * x + p[1] - y) ** 2).sum()
    loss.backward()
    return (p - rate * p.grad).detach()


@wrong("training_step_torch", "the parameters of the caller changed in place")
def _(params, x, y, rate):
    if x.shape != y.shape:
        raise ValueError
    e = params[0] * x + params[1] - y
    params[0] -= rate * 2 * (e * x).mean()
    params[1] -= rate * 2 * e.mean()
    return params


@wrong("best_constant", "the largest target for the largest error")
def _(target, loss):
    if loss == "mse":
        return target.mean()
    if loss == "mae":
        return np.median(target)
    if loss == "max":
        return target.max()
    raise ValueError


@wrong("huber_grad", "the n forgotten in the gradient")
def _(pred, target, delta=1.0):
    e = pred - target
    return np.where(abs(e) <= delta, e, delta * np.sign(e))


@wrong("huber_grad", "±1 in place of ±δ in the tails")
def _(pred, target, delta=1.0):
    e = pred - target
    return np.where(abs(e) <= delta, e, np.sign(e)) / e.size


@wrong("huber_grad", "δ times the error in the tails")
def _(pred, target, delta=1.0):
    e = pred - target
    return np.where(abs(e) <= delta, e, delta * e) / e.size


@wrong("bce_with_logits_grad", "the factor σ'(z) left in")
def _(logits, target):
    p = sigmoid(logits)
    return (p - target) * p * (1 - p) / logits.size


@wrong("bce_with_logits_grad", "the gradient divided by the number of rows")
def _(logits, target):
    return (sigmoid(logits) - target) / len(logits)


@wrong("mse_of_sigmoid_grad", "the gradient divided by the number of rows")
def _(logits, target):
    p = sigmoid(logits)
    return 2 * (p - target) * p * (1 - p) / len(logits)


@wrong("mse_of_sigmoid_grad", "the 2 forgotten")
def _(logits, target):
    p = sigmoid(logits)
    return (p - target) * p * (1 - p) / logits.size


@wrong("log_softmax", "one maximum for all rows")
def _(logits):
    z = logits - logits.max()
    return z - np.log(np.exp(z).sum(-1, keepdims=True))


@wrong("log_softmax", "the logarithm of a rounded probability")
def _(logits):
    z = logits - logits.max(-1, keepdims=True)
    p = np.exp(z) / np.exp(z).sum(-1, keepdims=True)
    return np.log(p)


@wrong("log_softmax", "axis 1 instead of the last axis")
def _(logits):
    z = logits - logits.max(1, keepdims=True)
    return z - np.log(np.exp(z).sum(1, keepdims=True))


@wrong("log_softmax", "the maximum subtracted outside the sum only")
def _(logits):
    z = logits - logits.max(-1, keepdims=True)
    return z - np.log(np.exp(logits).sum(-1, keepdims=True))


@wrong("log_sigmoid", "the logarithm of a rounded probability")
def _(z):
    return np.log(1 / (1 + np.exp(-z)))


@wrong("log_sigmoid", "the logarithm of a rounded probability")
def _(z):
    return -np.log(1 + np.exp(-z))


@wrong("stable_bce_torch", "the kinks of clamp and |z| at z = 0")
def _(logits, target):
    return (logits.clamp(min=0) - logits * target + torch.log(1 + torch.exp(-logits.abs()))).mean()


@wrong("stable_bce_torch", "the logarithm of a rounded probability")
def _(logits, target):
    p = torch.sigmoid(logits)
    return -(target * torch.log(p) + (1 - target) * torch.log(1 - p)).mean()


@wrong("logsumexp_torch", "an axis of length 1 left over")
def _(x):
    m = x.max(dim=-1, keepdim=True).values
    return m + torch.log(torch.exp(x - m).sum(-1, keepdim=True))


@wrong("logsumexp_torch", "one maximum for all rows")
def _(x):
    m = x.max()
    return m + torch.log(torch.exp(x - m).sum(-1))


@wrong("chunked_cross_entropy", "exponentials that overflow")
def _(hidden, weight, target, chunk):
    if chunk < 1 or target.min() < 0 or target.max() >= len(weight):
        raise ValueError
    tot = np.zeros(len(hidden))
    own = np.zeros(len(hidden))
    for s in range(0, len(weight), chunk):
        z = hidden @ weight[s : s + chunk].T
        tot += np.exp(z).sum(1)
        for i, t in enumerate(target):
            if s <= t < s + chunk:
                own[i] = z[i, t - s]
    return (np.log(tot) - own).mean()


@wrong("tversky", "all masks of the batch taken for one")
def _(probs, target, alpha, beta, smooth=1.0):
    same(probs, target)
    if alpha < 0 or beta < 0:
        raise ValueError
    tp = (probs * target).sum()
    fp = (probs * (1 - target)).sum()
    fn = ((1 - probs) * target).sum()
    return 1 - (tp + smooth) / (tp + alpha * fp + beta * fn + smooth)


@wrong("tversky", "α and β exchanged")
def _(probs, target, alpha, beta, smooth=1.0):
    same(probs, target)
    if alpha < 0 or beta < 0:
        raise ValueError
    ax = tuple(range(1, probs.ndim))
    tp = (probs * target).sum(ax)
    fn = (probs * (1 - target)).sum(ax)
    fp = ((1 - probs) * target).sum(ax)
    return (1 - (tp + smooth) / (tp + alpha * fp + beta * fn + smooth)).mean()


@wrong("dice_torch", "all masks taken for one, and s in another convention")
def _(probs, target, smooth=1.0):
    p = probs.reshape(-1)
    y = target.reshape(-1)
    i = (p * y).sum()
    return 1 - (2 * i + smooth) / (p.sum() + y.sum() + smooth)


@wrong("focal_torch", "one factor for the whole batch, and α on both classes")
def _(logits, target, gamma=2.0, alpha=None):
    ce = F.binary_cross_entropy_with_logits(logits, target)
    pt = torch.exp(-ce)
    loss = (1 - pt) ** gamma * ce
    return loss if alpha is None else alpha * loss


@wrong("focal_torch", "the sum instead of the mean")
def _(logits, target, gamma=2.0, alpha=None):
    ce = F.binary_cross_entropy_with_logits(logits, target, reduction="none")
    pt = torch.exp(-ce)
    loss = (1 - pt) ** gamma * ce
    if alpha:
        loss = (alpha * target + (1 - alpha) * (1 - target)) * loss
    return loss.sum()


@wrong("focal_torch", "the probability kept away from 0 and 1")
def _(logits, target, gamma=2.0, alpha=None):
    p = torch.sigmoid(logits)
    pt = torch.where(target == 1, p, 1 - p)
    loss = -((1 - pt) ** gamma) * torch.log(pt.clamp(1e-7))
    if alpha is not None:
        loss = torch.where(target == 1, alpha, 1 - alpha) * loss
    return loss.mean()


@wrong("cosine_similarities", "NaN for a row of zeros")
def _(a, b):
    if a.ndim != 2 or b.ndim != 2 or a.shape[1] != b.shape[1]:
        raise ValueError
    return a @ b.T / (np.linalg.norm(a, axis=1)[:, None] * np.linalg.norm(b, axis=1))


@wrong("cosine_similarities", "a constant added to the lengths")
def _(a, b):
    if a.ndim != 2 or b.ndim != 2 or a.shape[1] != b.shape[1]:
        raise ValueError
    return (
        a @ b.T / np.maximum(np.linalg.norm(a, axis=1)[:, None] * np.linalg.norm(b, axis=1), 1e-8)
    )


@wrong("clip_torch", "only from images to texts")
def _(images, texts, log_scale):
    i = F.normalize(images, dim=1)
    t = F.normalize(texts, dim=1)
    s = log_scale.exp() * i @ t.T
    y = torch.arange(len(s))
    return F.cross_entropy(s, y)


@wrong("clip_torch", "the lengths not divided out")
def _(images, texts, log_scale):
    s = log_scale.exp() * images @ texts.T
    y = torch.arange(len(s))
    return (F.cross_entropy(s, y) + F.cross_entropy(s.T, y)) / 2


@wrong("reliability", "bins closed on the left")
def _(confidence, correct, bins=10):
    if (
        bins < 1
        or confidence.shape != correct.shape
        or confidence.min() < 0
        or confidence.max() > 1
    ):
        raise ValueError
    idx = np.minimum((confidence * bins).astype(int), bins - 1)
    out = np.zeros((bins, 3))
    for b in range(bins):
        m = idx == b
        if m.any():
            out[b] = m.sum(), confidence[m].mean(), correct[m].mean()
    return out


@wrong("reliability", "1.0 fallen out of the last bin")
def _(confidence, correct, bins=10):
    if (
        bins < 1
        or confidence.shape != correct.shape
        or confidence.min() < 0
        or confidence.max() > 1
    ):
        raise ValueError
    idx = np.digitize(confidence, np.linspace(0, 1, bins + 1)) - 1
    out = np.zeros((bins, 3))
    for b in range(bins):
        m = idx == b
        if m.any():
            out[b] = m.sum(), confidence[m].mean(), correct[m].mean()
    return out


@wrong("max_calibration_error", "only bins that are too sure")
def _(probs, target, bins=10):
    distributions(probs)
    labels(target, probs)
    if bins < 1:
        raise ValueError
    c = probs.max(1)
    ok = probs.argmax(1) == target
    g = [0]
    edges = np.linspace(0, 1, bins + 1)
    for a, b in pairwise(edges):
        m = (c > a) & (c <= b)
        if m.any():
            g.append(c[m].mean() - ok[m].mean())
    return max(g)


@wrong("fit_temperature", "too few steps")
def _(logits, target):
    t = 1.0
    for _ in range(50):
        z = logits / t
        p = np.exp(z - z.max(1, keepdims=True))
        p /= p.sum(1, keepdims=True)
        g = ((p - np.eye(logits.shape[1])[target]) * logits).sum(1).mean() * (-1 / t**2)
        t -= 0.01 * g
    return t


@wrong("nll_of_temperature_torch", "the logarithm taken for the temperature")
def _(logits, target, log_temperature):
    return F.cross_entropy(logits / log_temperature, target)


@wrong("nll_of_temperature_torch", "logits multiplied by the temperature")
def _(logits, target, log_temperature):
    return F.cross_entropy(logits * log_temperature.exp(), target)


@wrong("nll_of_temperature_torch", "the graph cut off")
def _(logits, target, log_temperature):
    return F.cross_entropy(logits / float(log_temperature.exp()), target)


@wrong("expected_initial_loss", "the sign of the logarithm flipped")
def _(classes):
    if classes < 1:
        raise ValueError
    return -np.log(classes)


@wrong("expected_initial_loss", "-∞ for no classes")
def _(classes):
    return np.log(classes)


@wrong("normalised_losses", "an ε in the denominator")
def _(losses, initial):
    if losses.shape[-1:] != initial.shape or (initial < 0).any():
        raise ValueError
    return losses / (initial + 1e-12)


@wrong("normalised_losses", "division by 0")
def _(losses, initial):
    if losses.shape[-1:] != initial.shape or (initial < 0).any():
        raise ValueError
    return losses / initial


@wrong("uncertainty_weighting_grad", "the ½ of the penalty forgotten")
def _(losses, log_vars):
    return -0.5 * np.exp(-log_vars) * losses + 1


@wrong("uncertainty_weighting_grad", "the ½ of the squared error forgotten")
def _(losses, log_vars):
    return -np.exp(-log_vars) * losses + 0.5


@wrong("uncertainty_weighting_torch", "every ½ forgotten")
def _(losses, log_vars):
    if losses.shape != log_vars.shape:
        raise ValueError
    return (torch.exp(-log_vars) * losses + log_vars).sum()


@wrong("uncertainty_weighting_torch", "s taken for σ")
def _(losses, log_vars):
    if losses.shape != log_vars.shape:
        raise ValueError
    return (losses / (2 * log_vars**2) + torch.log(log_vars)).sum()


@wrong("train_logistic", "the last weights in every row")
def _(x, y, start, loss="bce", rate=0.5, steps=100):
    if loss not in ("bce", "mse"):
        raise ValueError
    w = start.copy()
    path = [w]
    for _ in range(steps):
        p = sigmoid(x @ w)
        g = (p - y) if loss == "bce" else 2 * (p - y) * p * (1 - p)
        w -= rate * x.T @ g / len(x)
        path.append(w)
    return np.array(path)


@wrong("train_logistic", "the 2 of the squared error forgotten")
def _(x, y, start, loss="bce", rate=0.5, steps=100):
    if loss not in ("bce", "mse"):
        raise ValueError
    w = start
    path = [w]
    for _ in range(steps):
        p = sigmoid(x @ w)
        g = (p - y) if loss == "bce" else (p - y) * p * (1 - p)
        w = w - rate * x.T @ g / len(x)
        path.append(w)
    return np.array(path)


@wrong("fit_survey", "the weighted sum of squares against the penalty")
def _(x, y, weights, strength):
    A = np.column_stack([np.ones(len(x)), x])
    P = np.eye(A.shape[1])
    P[0, 0] = 0
    W = np.diag(weights)
    return np.linalg.solve(A.T @ W @ A + strength * P, A.T @ W @ y)


@wrong("fit_survey", "the weights without effect")
def _(x, y, weights, strength):
    A = np.column_stack([np.ones(len(x)), x])
    P = np.eye(A.shape[1])
    P[0, 0] = 0
    return np.linalg.solve(A.T @ A / len(x) + strength * P, A.T @ y / len(x))


@wrong("fit_line", "the mean squared error whatever loss says")
def _(x, y, loss="mse", delta=1.0):
    return np.polyfit(x, y, 1)


@wrong("calibrate", "one sum for the whole batch")
def _(logits_val, target_val, logits_test):
    from lossfns.numpy import fit_temperature

    t = fit_temperature(logits_val, target_val)
    z = logits_test / t
    e = np.exp(z)
    return e / e.sum()


@wrong("calibrate", "no calibration")
def _(logits_val, target_val, logits_test):
    e = np.exp(logits_test - logits_test.max(1, keepdims=True))
    return e / e.sum(1, keepdims=True)


@wrong("mae", "the sum instead of the mean")
def _(pred, target):
    return np.sqrt((pred - target) ** 2).sum()


@wrong("masked_mean", "divided by the number of all items")
def _(losses, mask):
    return np.where(mask, losses, 0).mean()


@wrong("masked_mean", "a mask of another shape accepted")
def _(losses, mask):
    return np.where(mask, losses, 0).sum() / max(mask.sum(), 1e-8)


@wrong("weighted_cross_entropy", "exponentials that overflow")
def _(logits, target, weight):
    labels(target, logits)
    if len(weight) != logits.shape[1]:
        raise ValueError
    e = np.exp(logits - logits.max(1, keepdims=True))
    p = e / e.sum(1, keepdims=True)
    w = weight[target]
    return (-np.log(p[range(len(p)), target]) * w).sum() / w.sum()


@wrong("brier", "the true class only")
def _(probs, target):
    distributions(probs)
    labels(target, probs)
    return ((1 - probs[range(len(probs)), target]) ** 2).mean()


@wrong("nll", "the probability clipped, or a constant inside the logarithm")
def _(probs, target):
    distributions(probs)
    labels(target, probs)
    return -np.log(probs[range(len(probs)), target] + 1e-9).mean()


@wrong("project_conflict", "the norm not squared")
def _(g1, g2):
    same(g1, g2)
    d = np.dot(g1.ravel(), g2.ravel())
    if d >= 0:
        return g1 + g2
    return g1 - d / np.linalg.norm(g2) * g2 + g2 - d / np.linalg.norm(g1) * g1


@wrong("dwa_weights", "the ratio upside down")
def _(previous, before, temperature=2.0):
    same(previous, before)
    if (before <= 0).any() or not temperature > 0:
        raise ValueError
    r = before / previous
    e = np.exp(r / temperature)
    return len(r) * e / e.sum()


@wrong("uncertainty_weighting", "a ½ for classification, too")
def _(losses, log_vars, kinds="regression"):
    same(losses, log_vars)
    return (0.5 * np.exp(-log_vars) * losses + 0.5 * log_vars).sum()


def semi_hard(fits, pick=min):
    def wrong(embeddings, labels, margin):
        n = len(labels)
        d = np.linalg.norm(embeddings[:, None] - embeddings, axis=-1)
        chosen = -np.ones((n, n), int)
        for a in range(n):
            for p in range(n):
                if a != p and labels[a] == labels[p]:
                    others = [k for k in range(n) if labels[k] != labels[a]]
                    others = [k for k in others if fits(d[a, p], d[a, k], margin)]
                    chosen[a, p] = pick(others, key=d[a].__getitem__) if others else -1
        return chosen

    return wrong


wrong("semi_hard_negatives", "negatives beyond the margin")(
    semi_hard(lambda near, far, m: far > near)
)
wrong("semi_hard_negatives", "the hardest negatives of all")(
    semi_hard(lambda near, far, m: far < near + m)
)
wrong("semi_hard_negatives", "both ends admitted")(
    semi_hard(lambda near, far, m: near <= far <= near + m)
)
wrong("semi_hard_negatives", "the farthest of the semi-hard negatives")(
    semi_hard(lambda near, far, m: near < far < near + m, max)
)
wrong("semi_hard_negatives", "any nearest negative")(semi_hard(lambda near, far, m: True))


@wrong("semi_hard_negatives", "squared distances compared with the margin")
def _(embeddings, labels, margin):
    n = len(labels)
    d = ((embeddings[:, None] - embeddings) ** 2).sum(-1)
    out = -np.ones((n, n), int)
    for a in range(n):
        for p in range(n):
            if a != p and labels[a] == labels[p]:
                c = [
                    k
                    for k in range(n)
                    if labels[k] != labels[a] and d[a, p] < d[a, k] < d[a, p] + margin
                ]
                if c:
                    out[a, p] = min(c, key=lambda k: d[a, k])
    return out


@wrong("contrastive_pairs", "the squared distance compared with the margin")
def _(a, b, same, margin=1.0):
    d2 = ((a - b) ** 2).sum(1)
    return 0.5 * (same * d2 + (1 - same) * np.maximum(margin - d2, 0)).mean()


@wrong("contrastive_pairs", "equal and unequal exchanged")
def _(a, b, same, margin=1.0):
    d = np.linalg.norm(a - b, axis=1)
    return 0.5 * ((1 - same) * d**2 + same * np.maximum(margin - d, 0) ** 2).mean()


@wrong("contrastive_pairs", "neither part squared")
def _(a, b, same, margin=1.0):
    d = np.linalg.norm(a - b, axis=1)
    return 0.5 * (same * d + (1 - same) * np.maximum(margin - d, 0)).mean()


@wrong("triplet", "one distance for the whole batch")
def _(anchor, positive, negative, margin=1.0, squared=False):
    if not margin > 0 or not anchor.shape == positive.shape == negative.shape:
        raise ValueError
    p = np.linalg.norm(anchor - positive)
    n = np.linalg.norm(anchor - negative)
    if squared:
        p, n = p**2, n**2
    return max(p - n + margin, 0)


@wrong("triplet", "positive and negative exchanged")
def _(anchor, positive, negative, margin=1.0, squared=False):
    if not margin > 0 or not anchor.shape == positive.shape == negative.shape:
        raise ValueError
    p = np.linalg.norm(anchor - positive, axis=1)
    n = np.linalg.norm(anchor - negative, axis=1)
    if squared:
        p, n = p**2, n**2
    return np.maximum(n - p + margin, 0).mean()


@wrong("nt_xent_torch", "overflow of the exponential")
def _(z1, z2, temperature=0.5):
    if z1.shape != z2.shape or not temperature > 0:
        raise ValueError
    z = torch.cat([z1, z2])
    s = F.cosine_similarity(z[:, None], z[None], dim=-1) / temperature
    n = len(z1)
    e = torch.exp(s) * (1 - torch.eye(2 * n))
    pos = torch.cat([s.diag(n), s.diag(-n)])
    return -(torch.exp(pos) / e.sum(1)).log().mean()


@wrong("nt_xent_torch", "InfoNCE from the first view to the second")
def _(z1, z2, temperature=0.5):
    if z1.shape != z2.shape or not temperature > 0:
        raise ValueError
    a = F.normalize(z1, dim=1)
    b = F.normalize(z2, dim=1)
    return F.cross_entropy(a @ b.T / temperature, torch.arange(len(a)))


@wrong("clip_torch", "divided by the scale")
def _(images, texts, log_scale):
    i = F.normalize(images, dim=1)
    t = F.normalize(texts, dim=1)
    s = i @ t.T / log_scale.exp()
    y = torch.arange(len(s))
    return (F.cross_entropy(s, y) + F.cross_entropy(s.T, y)) / 2


@wrong("clip_torch", "the logarithm of the scale taken for the scale")
def _(images, texts, log_scale):
    i = F.normalize(images, dim=1)
    t = F.normalize(texts, dim=1)
    s = log_scale * i @ t.T
    y = torch.arange(len(s))
    return (F.cross_entropy(s, y) + F.cross_entropy(s.T, y)) / 2


@wrong("clip_torch", "both directions added instead of averaged")
def _(images, texts, log_scale):
    i = F.normalize(images, dim=1)
    t = F.normalize(texts, dim=1)
    s = log_scale.exp() * i @ t.T
    y = torch.arange(len(s))
    return F.cross_entropy(s, y) + F.cross_entropy(s.T, y)


@wrong("info_nce", "the own key left out of the sum")
def _(queries, keys, temperature=0.1):
    if queries.shape != keys.shape or not temperature > 0:
        raise ValueError
    q = queries / np.linalg.norm(queries, axis=1, keepdims=True)
    k = keys / np.linalg.norm(keys, axis=1, keepdims=True)
    s = np.exp(q @ k.T / temperature)
    return -np.log(np.diag(s) / (s.sum(1) - np.diag(s))).mean()


@wrong("info_nce", "the sum instead of the mean")
def _(queries, keys, temperature=0.1):
    if queries.shape != keys.shape or not temperature > 0:
        raise ValueError
    q = queries / np.linalg.norm(queries, axis=1, keepdims=True)
    k = keys / np.linalg.norm(keys, axis=1, keepdims=True)
    s = q @ k.T / temperature
    p = np.exp(s - s.max(1, keepdims=True))
    p /= p.sum(1, keepdims=True)
    return -np.log(np.diag(p)).sum()


@wrong("train_embedding", "the points themselves")
def _(x, labels, x_new):
    return x_new[:, :2]


@wrong("train_embedding", "a linear map")
def _(x, labels, x_new):
    net = torch.nn.Linear(x.shape[1], 2)
    return net(torch.tensor(x_new, dtype=torch.float32)).detach().numpy()


@wrong("train_rare", "decisions instead of scores")
def _(x, y, x_new):
    m = torch.nn.Linear(x.shape[1], 1)
    o = torch.optim.Adam(m.parameters(), 0.05)
    X = torch.tensor(x, dtype=torch.float32)
    Y = torch.tensor(y, dtype=torch.float32)
    for _ in range(300):
        o.zero_grad()
        F.binary_cross_entropy_with_logits(m(X)[:, 0], Y).backward()
        o.step()
    return (m(torch.tensor(x_new, dtype=torch.float32))[:, 0] > 0).numpy().astype(float)


@wrong("train_rare", "a column instead of a flat array")
def _(x, y, x_new):
    m = torch.nn.Linear(x.shape[1], 1)
    o = torch.optim.Adam(m.parameters(), 0.05)
    X = torch.tensor(x, dtype=torch.float32)
    Y = torch.tensor(y, dtype=torch.float32)
    for _ in range(300):
        o.zero_grad()
        F.binary_cross_entropy_with_logits(m(X)[:, 0], Y).backward()
        o.step()
    return m(torch.tensor(x_new, dtype=torch.float32)).detach().numpy()


@wrong("train_two_heads", "a number that has not learned")
def _(x, y_class, y_number, x_new):
    C = y_class.max() + 1
    m = torch.nn.Linear(x.shape[1], C + 1)
    o = torch.optim.Adam(m.parameters(), 0.05)
    X = torch.tensor(x, dtype=torch.float32)
    for _ in range(500):
        z = m(X)
        loss = F.cross_entropy(z[:, :-1], torch.tensor(y_class)) + F.mse_loss(
            z[:, -1], torch.tensor(y_number, dtype=torch.float32)
        )
        o.zero_grad()
        loss.backward()
        o.step()
    z = m(torch.tensor(x_new, dtype=torch.float32))
    return torch.cat([z[:, :-1].softmax(1), z[:, -1:]], 1).detach().numpy()


@wrong("train_two_heads", "the number in standardised units")
def _(x, y_class, y_number, x_new):
    C = y_class.max() + 1
    mu, sd = y_number.mean(), y_number.std()
    m = torch.nn.Linear(x.shape[1], C + 1)
    o = torch.optim.Adam(m.parameters(), 0.05)
    X = torch.tensor(x, dtype=torch.float32)
    for _ in range(800):
        z = m(X)
        loss = F.cross_entropy(z[:, :-1], torch.tensor(y_class)) + F.mse_loss(
            z[:, -1], torch.tensor((y_number - mu) / sd, dtype=torch.float32)
        )
        o.zero_grad()
        loss.backward()
        o.step()
    z = m(torch.tensor(x_new, dtype=torch.float32))
    return torch.cat([z[:, :-1].softmax(1), z[:, -1:]], 1).detach().numpy()


@wrong("train_two_heads", "logits instead of probabilities")
def _(x, y_class, y_number, x_new):
    C = y_class.max() + 1
    mu, sd = y_number.mean(), y_number.std()
    m = torch.nn.Linear(x.shape[1], C + 1)
    o = torch.optim.Adam(m.parameters(), 0.05)
    X = torch.tensor(x, dtype=torch.float32)
    for _ in range(800):
        z = m(X)
        loss = F.cross_entropy(z[:, :-1], torch.tensor(y_class)) + F.mse_loss(
            z[:, -1], torch.tensor((y_number - mu) / sd, dtype=torch.float32)
        )
        o.zero_grad()
        loss.backward()
        o.step()
    z = m(torch.tensor(x_new, dtype=torch.float32))
    return torch.cat([z[:, :-1], z[:, -1:] * sd + mu], 1).detach().numpy()


@wrong("two_head_loss_torch", "1 - λ on the classes")
def _(class_logits, labels, pred, target, lam):
    if (
        pred.shape != target.shape
        or lam < 0
        or labels.min() < 0
        or labels.max() >= class_logits.shape[1]
    ):
        raise ValueError
    return (1 - lam) * F.cross_entropy(class_logits, labels) + lam * F.mse_loss(pred, target)


@wrong("two_head_loss_torch", "overflow of the softmax")
def _(class_logits, labels, pred, target, lam):
    if (
        pred.shape != target.shape
        or lam < 0
        or labels.min() < 0
        or labels.max() >= class_logits.shape[1]
    ):
        raise ValueError
    p = class_logits.softmax(1)
    return F.nll_loss(torch.log(p), labels) + lam * F.mse_loss(pred, target)


@wrong("two_head_loss_torch", "the sums of both losses")
def _(class_logits, labels, pred, target, lam):
    if (
        pred.shape != target.shape
        or lam < 0
        or labels.min() < 0
        or labels.max() >= class_logits.shape[1]
    ):
        raise ValueError
    return F.cross_entropy(class_logits, labels, reduction="sum") + lam * F.mse_loss(
        pred, target, reduction="sum"
    )


@wrong("weighted_sum", "the weighted mean")
def _(losses, weights):
    same(losses, weights)
    if (weights < 0).any():
        raise ValueError
    return np.average(losses, weights=weights)


@wrong("accumulated_gradient", "divided by the number of pieces")
def _(gradients, counts):
    return (gradients * counts[:, None]).sum(0) / len(counts)


@wrong("masked_mean", "0/0 when nothing counts")
def _(losses, mask):
    if losses.shape != mask.shape:
        raise ValueError
    return losses[mask].mean() if mask.any() else np.nan


@wrong("masked_mean", "NaN times 0")
def _(losses, mask):
    if losses.shape != mask.shape:
        raise ValueError
    return (losses * mask).sum() / max(mask.sum(), 1)


@wrong("class_weights", "the number of classes C forgotten")
def _(counts, kind="inverse", beta=0.999):
    if (
        (counts <= 0).any()
        or kind not in ("inverse", "inverse_sqrt", "effective")
        or (kind == "effective" and not 0 <= beta < 1)
    ):
        raise ValueError
    if kind == "inverse":
        return counts.sum() / counts
    if kind == "inverse_sqrt":
        return np.sqrt(counts.sum() / counts)
    return (1 - beta) / (1 - beta**counts)


@wrong("ece", "the middle of the bin for the confidence")
def _(probs, target, bins=10):
    distributions(probs)
    labels(target, probs)
    if bins < 1:
        raise ValueError
    c = probs.max(1)
    ok = probs.argmax(1) == target
    e = 0
    edges = np.linspace(0, 1, bins + 1)
    for a, b in pairwise(edges):
        m = (c > a) & (c <= b)
        if m.any():
            e += abs(ok[m].mean() - (a + b) / 2) * m.mean()
    return e


@wrong("ece", "the probability of the true class for the confidence")
def _(probs, target, bins=10):
    distributions(probs)
    labels(target, probs)
    if bins < 1:
        raise ValueError
    c = probs[range(len(target)), target]
    ok = probs.argmax(1) == target
    e = 0
    edges = np.linspace(0, 1, bins + 1)
    for a, b in pairwise(edges):
        m = (c > a) & (c <= b)
        if m.any():
            e += abs(ok[m].mean() - c[m].mean()) * m.mean()
    return e


@wrong("brier", "the sum instead of the mean")
def _(probs, target):
    distributions(probs)
    labels(target, probs)
    return ((probs - np.eye(probs.shape[1])[target]) ** 2).sum()


@wrong("temper", "one maximum subtracted from all rows")
def _(logits, temperature):
    if temperature <= 0:
        raise ValueError
    e = np.exp((logits - logits.max()) / temperature)
    return e / e.sum(axis=1, keepdims=True)


@wrong("log1mexp", "log(-expm1(-x)) on both sides")
def _(x):
    if (x <= 0).any():
        raise ValueError
    return np.log(-np.expm1(-x))


@wrong("log1mexp", "the digits lost on both sides")
def _(x):
    if (x <= 0).any():
        raise ValueError
    return np.where(x > np.log(2), np.log(-np.expm1(-x)), np.log1p(-np.exp(-x)))


@wrong("huber", "½ in place of ½δ in the linear part")
def _(pred, target, delta=1.0, reduction="mean"):
    same(pred, target)
    if not delta > 0:
        raise ValueError
    e = pred - target
    return reduced(np.where(np.abs(e) <= delta, 0.5 * e**2, delta * (np.abs(e) - 0.5)), reduction)


@wrong("quantile", "both weights on the same side")
def _(pred, target, q):
    if not 0 < q < 1:
        raise ValueError
    e = target - pred
    return np.maximum(q * e, (1 - q) * e).mean()


@wrong("quantile", "the sign of one side wrong")
def _(pred, target, q):
    if not 0 < q < 1:
        raise ValueError
    e = target - pred
    return (q * np.maximum(e, 0) + (1 - q) * np.minimum(e, 0)).mean()


@wrong("log_cosh", "overflow of cosh")
def _(pred, target):
    return np.mean(np.log(np.cosh(pred - target)))


@wrong("log_cosh", "ln 2 not subtracted")
def _(pred, target):
    e = np.abs(pred - target)
    return np.mean(e + np.log1p(np.exp(-2 * e)))


@wrong("stable_bce", "the probability kept away from 0 and 1")
def _(logits, target):
    same(logits, target)
    if (target < 0).any() or (target > 1).any():
        raise ValueError
    p = np.clip(sigmoid(logits), 1e-15, 1 - 1e-15)
    return -(target * np.log(p) + (1 - target) * np.log(1 - p)).mean()


@wrong("cross_entropy_torch", "ε for every class instead of ε/C")
def _(logits, target, label_smoothing=0.0):
    if not 0 <= label_smoothing <= 1:
        raise ValueError
    lp = F.log_softmax(logits, 1)
    nll = -lp[range(len(lp)), target]
    return ((1 - label_smoothing) * nll - label_smoothing * lp.sum(1)).mean()


@wrong("cross_entropy_torch", "a share outside 0 … 1 accepted")
def _(logits, target, label_smoothing=0.0):
    return F.cross_entropy(logits, target, label_smoothing=label_smoothing)


@wrong("cross_entropy_torch", "the softmax twice")
def _(logits, target, label_smoothing=0.0):
    if not 0 <= label_smoothing <= 1:
        raise ValueError
    return F.cross_entropy(F.softmax(logits, 1), target, label_smoothing=label_smoothing)


@wrong("best_log_vars", "ln σ instead of ln σ²")
def _(losses):
    if (losses <= 0).any():
        raise ValueError
    return np.log(np.sqrt(losses))


@wrong("dwa_weights", "overflow of exp")
def _(previous, before, temperature=2.0):
    same(previous, before)
    if (before <= 0).any() or not temperature > 0:
        raise ValueError
    e = np.exp(previous / before / temperature)
    return len(e) * e / e.sum()


@pytest.mark.parametrize(("exercise", "function", "called"), ANSWERS)
def test_what_is_wrong_is_told_by_its_name(exercise, function, called):
    verdict, _ = examine(exercise, function)
    assert verdict.findings and in_brief(verdict) == called
