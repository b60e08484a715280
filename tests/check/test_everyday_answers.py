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


@pytest.mark.parametrize(("exercise", "function", "called"), ANSWERS)
def test_what_is_wrong_is_told_by_its_name(exercise, function, called):
    verdict, _ = examine(exercise, function)
    assert verdict.findings and in_brief(verdict) == called
