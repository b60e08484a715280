"""Answers to the assignment on imbalance, and the details to change in them."""

from check.subtly_wrong.parts import LABELS, REDUCED

from lossfns.check.kinds.missed import RANGE, SATURATED, WORDS, ZERO

ANSWERS = {
    "class_weights": """\
def class_weights(counts, kind="inverse", beta=0.999):
    if counts.min() <= 0:
        raise ValueError("counts")
    if kind not in ("inverse", "inverse_sqrt", "effective"):
        raise ValueError("kind")
    if not 0 <= beta < 1:
        raise ValueError("beta")
    if kind == "effective":
        return (1 - beta) / (1 - beta**counts)
    inverse = counts.sum() / (len(counts) * counts)
    return inverse if kind == "inverse" else np.sqrt(inverse)
""",
    "weighted_cross_entropy": """\
def weighted_cross_entropy(logits, target, weight):
    if weight.shape != (logits.shape[1],):
        raise ValueError("weight")
"""
    + LABELS
    + """\
    rows = np.arange(len(logits))
    z = logits - logits.max(axis=1, keepdims=True)
    losses = np.log(np.exp(z).sum(axis=1)) - z[rows, target]
    return (weight[target] * losses).sum() / weight[target].sum()
""",
    "focal": """\
def focal(logits, target, gamma=2.0, alpha=None, reduction="mean"):
    if logits.shape != target.shape:
        raise ValueError("shapes")
    if gamma < 0:
        raise ValueError("gamma")
    if alpha is not None and not 0 <= alpha <= 1:
        raise ValueError("alpha")
    z = np.where(target == 1, logits, -logits)
    losses = np.exp(-gamma * np.logaddexp(0, z)) * np.logaddexp(0, -z)
    if alpha is not None:
        losses = losses * np.where(target == 1, alpha, 1 - alpha)
"""
    + REDUCED,
    "focal_torch": """\
def focal_torch(logits, target, gamma=2.0, alpha=None):
    z = torch.where(target == 1, logits, -logits)
    fade = torch.exp(gamma * torch.nn.functional.logsigmoid(-z))
    losses = fade * torch.nn.functional.softplus(-z)
    if alpha is not None:
        losses = losses * torch.where(target == 1, alpha, 1 - alpha)
    return losses.mean()
""",
    "dice": """\
def dice(probs, target, smooth=1.0):
    if probs.shape != target.shape:
        raise ValueError("shapes")
    if probs.min() < 0 or probs.max() > 1:
        raise ValueError("probs")
    if smooth < 0:
        raise ValueError("smooth")
    p, y = probs.reshape(len(probs), -1), target.reshape(len(target), -1)
    top, low = 2 * ((p * y).sum(axis=1) + smooth), (p + y).sum(axis=1) + 2 * smooth
    return (1 - np.where(low > 0, top, 1) / np.where(low > 0, low, 1)).mean()
""",
    "tversky": """\
def tversky(probs, target, alpha, beta, smooth=1.0):
    if probs.shape != target.shape:
        raise ValueError("shapes")
    if alpha < 0 or beta < 0:
        raise ValueError("prices")
    p, y = probs.reshape(len(probs), -1), target.reshape(len(target), -1)
    tp, fp, fn = (p * y).sum(axis=1), (p * (1 - y)).sum(axis=1), ((1 - p) * y).sum(axis=1)
    return (1 - (tp + smooth) / (tp + smooth + alpha * fp + beta * fn)).mean()
""",
    "dice_torch": """\
def dice_torch(probs, target, smooth=1.0):
    p, y = probs.reshape(len(probs), -1), target.reshape(len(target), -1)
    overlap = (p * y).sum(dim=1) + smooth
    return (1 - 2 * overlap / (p.sum(dim=1) + y.sum(dim=1) + 2 * smooth)).mean()
""",
}

CHANGES = [
    ("class_weights", "counts.min() <= 0", "0 in counts", RANGE),
    ("class_weights", "counts.min() <= 0", "counts.min() < 0", None),
    ("class_weights", "not 0 <= beta < 1", "beta >= 1", RANGE),
    ("class_weights", "not 0 <= beta < 1", "beta == 1", RANGE),
    (
        "class_weights",
        'kind not in ("inverse", "inverse_sqrt", "effective")',
        'kind not in "inverse inverse_sqrt effective"',
        WORDS,
    ),
    (
        "class_weights",
        'kind not in ("inverse", "inverse_sqrt", "effective")',
        'kind and kind not in ("inverse", "inverse_sqrt", "effective")',
        WORDS,
    ),
    ("focal", "gamma < 0", "gamma == -1", None),
    ("focal", "not 0 <= alpha <= 1", "alpha > 1", RANGE),
    ("focal", "not 0 <= alpha <= 1", "alpha < 0", "an α outside 0 … 1 accepted"),
    ("focal", "not 0 <= alpha <= 1", "alpha == 1.5", None),
    ("dice", "smooth < 0", "smooth == -1", None),
    ("dice", "probs.max() > 1", "probs.max() > 1.5", RANGE),
    ("dice", "probs.min() < 0", "probs.min() <= -1", RANGE),
    ("tversky", "alpha < 0 or beta < 0", "alpha < 0", None),
    ("tversky", "alpha < 0 or beta < 0", "alpha + beta < 0", None),
    ("tversky", "alpha < 0 or beta < 0", "alpha < -0.09 or beta < -0.5", RANGE),
    ("focal", "    if alpha is not None:\n", "    if alpha:\n", ZERO),
    (
        "focal",
        "    if alpha is not None and",
        "    gamma = gamma or 2.0\n    if alpha is not None and",
        ZERO,
    ),
    ("focal_torch", "if alpha is not None:", "if alpha:", ZERO),
    ("focal_torch", "    z =", "    gamma = gamma or 2.0\n    z =", ZERO),
    ("dice", "    p, y", "    smooth = smooth or 1.0\n    p, y", ZERO),
    ("dice_torch", "    p, y", "    smooth = smooth or 1.0\n    p, y", ZERO),
    ("tversky", "    p, y", "    alpha, beta = alpha or 0.5, beta or 0.5\n    p, y", ZERO),
    (
        "focal_torch",
        "    fade =",
        "    z = torch.where(z.abs() < 900, z.clamp(-50, 50), z)\n    fade =",
        None,
    ),
    (
        "focal_torch",
        "torch.exp(gamma * torch.nn.functional.logsigmoid(-z))",
        "torch.sigmoid(-z) ** gamma",
        SATURATED,
    ),
    (
        "focal_torch",
        "torch.exp(gamma * torch.nn.functional.logsigmoid(-z))",
        "(1 - torch.sigmoid(z)) ** gamma",
        None,
    ),
    ("dice_torch", "probs.reshape(len(probs), -1)", "probs.view(len(probs), -1)", None),
    (
        "weighted_cross_entropy",
        "weight.shape != (logits.shape[1],)",
        "len(weight) < logits.shape[1]",
        None,
    ),
    ("weighted_cross_entropy", "weight.shape != (logits.shape[1],)", "weight.ndim != 1", None),
]
