"""Answers to the assignment on classification, and the details to change in them."""

from check.subtly_wrong.parts import REDUCED

from lossfns.check.kinds.missed import CLIPPED, RANGE, ROWS, SQUARE, WORDS

ANSWERS = {
    "bce": """\
def bce(probs, target):
    if probs.shape != target.shape:
        raise ValueError("shapes")
    if probs.min() < 0 or probs.max() > 1:
        raise ValueError("probs")
    yes = np.where(target > 0, target * np.log(np.where(target > 0, probs, 1)), 0)
    no = np.where(target < 1, (1 - target) * np.log(np.where(target < 1, 1 - probs, 1)), 0)
    return -(yes + no).mean()
""",
    "bce_with_logits": """\
def bce_with_logits(logits, target, reduction="mean"):
    if logits.shape != target.shape:
        raise ValueError("shapes")
    z = logits
    losses = np.maximum(z, 0) - z * target + np.log1p(np.exp(-abs(z)))
"""
    + REDUCED,
    "softmax": """\
def softmax(logits):
    e = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)
""",
    "cross_entropy": """\
def cross_entropy(logits, target, reduction="mean"):
    if target.shape != logits.shape[:1]:
        raise ValueError("shapes")
    if target.min() < 0 or target.max() >= logits.shape[1]:
        raise ValueError("labels")
    rows = np.arange(len(logits))
    z = logits - logits.max(axis=1, keepdims=True)
    losses = np.log(np.exp(z).sum(axis=1)) - z[rows, target]
"""
    + REDUCED,
    "cross_entropy_grad": """\
def cross_entropy_grad(logits, target):
    rows = np.arange(len(logits))
    p = np.exp(logits - logits.max(axis=1, keepdims=True))
    p = p / p.sum(axis=1, keepdims=True)
    p[rows, target] -= 1
    return p / len(logits)
""",
    "kl_divergence": """\
def kl_divergence(p, q):
    if p.shape != q.shape:
        raise ValueError("shapes")
    for rows in (p, q):
        if rows.min() < 0 or (abs(rows.sum(axis=1) - 1) > 0.001).any():
            raise ValueError("rows")
    there = p > 0
    return (p[there] * np.log(p[there] / q[there])).sum() / len(p)
""",
    "cross_entropy_torch": """\
def cross_entropy_torch(logits, target, label_smoothing=0.0):
    if not 0 <= label_smoothing <= 1:
        raise ValueError("label_smoothing")
    rows = torch.arange(len(logits))
    log_p = logits.log_softmax(dim=1)
    own, all_ = log_p[rows, target], log_p.mean(dim=1)
    return -((1 - label_smoothing) * own + label_smoothing * all_).mean()
""",
    "train_logistic": """\
def train_logistic(x, y, start, loss="bce", rate=0.5, steps=100):
    if loss not in ("bce", "mse"):
        raise ValueError("loss")
    path = [start]
    for _ in range(steps):
        p = 1 / (1 + np.exp(-(x @ path[-1])))
        slope = p - y if loss == "bce" else 2 * (p - y) * p * (1 - p)
        path.append(path[-1] - rate * x.T @ slope / len(y))
    return np.array(path)
""",
}

CHANGES = [
    (
        "kl_divergence",
        "(abs(rows.sum(axis=1) - 1) > 0.001).any()",
        "abs(rows.sum() - len(rows)) > 0.001",
        ROWS,
    ),
    ("kl_divergence", "> 0.001).any()", "> 0.1).any()", ROWS),
    ("kl_divergence", "rows.min() < 0 or", "", None),
    ("kl_divergence", "p.shape != q.shape", "p.shape[1] != q.shape[1]", None),
    ("bce", "probs.min() < 0", "probs.min() < -0.1", None),
    ("bce", "probs.max() > 1", "probs.max() > 1.1", RANGE),
    ("bce", "probs.max() > 1", "probs.mean() > 1", None),
    ("bce", "probs.min() < 0 or", "", None),
    ("cross_entropy_torch", "not 0 <= label_smoothing <= 1", "label_smoothing > 1", None),
    ("cross_entropy_torch", "not 0 <= label_smoothing <= 1", "abs(label_smoothing) > 1.2", None),
    ("train_logistic", 'loss not in ("bce", "mse")', 'loss and loss not in ("bce", "mse")', WORDS),
    ("train_logistic", 'loss not in ("bce", "mse")', 'loss not in "bce mse"', WORDS),
    (
        "cross_entropy_torch",
        "    rows",
        "    label_smoothing = label_smoothing or 0.1\n    rows",
        None,
    ),
    (
        "cross_entropy",
        "z[rows, target]",
        "(z[target, rows] if len(z) == z.shape[1] else z[rows, target])",
        SQUARE,
    ),
    ("cross_entropy", "axis=1)) - z", "axis=-2 if z.shape[0] == z.shape[1] else 1)) - z", SQUARE),
    (
        "cross_entropy_grad",
        "p[rows, target]",
        "(p.T if len(p) == p.shape[1] else p)[rows, target]",
        SQUARE,
    ),
    (
        "cross_entropy_torch",
        "log_p[rows, target]",
        "(log_p.T if len(log_p) == log_p.shape[1] else log_p)[rows, target]",
        SQUARE,
    ),
    (
        "softmax",
        "e.sum(axis=-1, keepdims=True)",
        "e.sum(axis=0 if e.ndim == 2 and len(e) == e.shape[1] else -1, keepdims=True)",
        SQUARE,
    ),
    ("bce_with_logits", "    z = logits", "    z = logits.clip(-50, 50)", None),
    (
        "bce_with_logits",
        "    z = logits",
        "    z = np.where(abs(logits) < 900, logits.clip(-50, 50), logits)",
        CLIPPED,
    ),
    (
        "cross_entropy",
        "    z =",
        "    logits = np.where(abs(logits) < 900, logits.clip(-50, 50), logits)\n    z =",
        None,
    ),
]
