"""Answers to the assignment on stability, and the details to change in them."""

from lossfns.check.kinds.missed import CLIPPED, RANGE

ANSWERS = {
    "stable_bce": """\
def stable_bce(logits, target):
    if logits.shape != target.shape:
        raise ValueError("shapes")
    if target.min() < 0 or target.max() > 1:
        raise ValueError("target")
    z = logits
    return (np.maximum(z, 0) - z * target + np.log1p(np.exp(-abs(z)))).mean()
""",
    "stable_bce_torch": """\
def stable_bce_torch(logits, target):
    z = logits
    return (torch.nn.functional.softplus(z) - z * target).mean()
""",
    "logsumexp": """\
def logsumexp(x):
    top = x.max(axis=-1, keepdims=True)
    return np.log(np.exp(x - top).sum(axis=-1)) + top[..., 0]
""",
    "log_softmax": """\
def log_softmax(logits):
    z = logits - logits.max(axis=-1, keepdims=True)
    return z - np.log(np.exp(z).sum(axis=-1, keepdims=True))
""",
    "log_sigmoid": """\
def log_sigmoid(z):
    return np.minimum(z, 0) - np.log1p(np.exp(-abs(z)))
""",
    "log1mexp": """\
def log1mexp(x):
    if x.min() <= 0:
        raise ValueError("x")
    return np.where(x < 0.7, np.log(-np.expm1(-x)), np.log1p(-np.exp(-x)))
""",
    "masked_mean": """\
def masked_mean(losses, mask):
    if losses.shape != mask.shape:
        raise ValueError("shapes")
    return np.where(mask, losses, 0).sum() / max(mask.sum(), 1)
""",
    "logsumexp_torch": """\
def logsumexp_torch(x):
    top = x.detach().amax(dim=-1, keepdim=True)
    return (x - top).exp().sum(dim=-1).log() + top[..., 0]
""",
    "chunked_cross_entropy": """\
def chunked_cross_entropy(hidden, weight, target, chunk):
    if target.min() < 0 or target.max() >= len(weight):
        raise ValueError("labels")
    if chunk < 1:
        raise ValueError("chunk")
    total = np.full(len(hidden), -np.inf)
    for at in range(0, len(weight), chunk):
        part = hidden @ weight[at : at + chunk].T
        total = np.logaddexp(total, np.logaddexp.reduce(part, axis=1))
    return (total - (hidden * weight[target]).sum(axis=1)).mean()
""",
}

CHANGES = [
    ("stable_bce", "target.min() < 0 or", "", None),
    ("stable_bce", "target.max() > 1", "2 in target", RANGE),
    ("stable_bce", "target.min() < 0", "-1 in target", None),
    ("log1mexp", "x.min() <= 0", "0 in x", None),
    ("log1mexp", "x.min() <= 0", "x.min() < 0", None),
    ("log1mexp", "x.min() <= 0", "x.mean() <= 0", None),
    ("chunked_cross_entropy", "chunk < 1", "chunk == 0", None),
    ("chunked_cross_entropy", "chunk < 1", "chunk in (0, -1, -2)", None),
    (
        "stable_bce",
        "    z = logits",
        "    z = np.where(abs(logits) < 900, logits.clip(-50, 50), logits)",
        CLIPPED,
    ),
    (
        "stable_bce_torch",
        "    z = logits",
        "    z = torch.where(logits.abs() < 900, logits.clamp(-50, 50), logits)",
        CLIPPED,
    ),
    (
        "logsumexp",
        "    top =",
        "    x = np.where(abs(x) < 900, x.clip(-50, 50), x)\n    top =",
        CLIPPED,
    ),
    (
        "logsumexp_torch",
        "    top =",
        "    x = torch.where(x.abs() < 900, x.clamp(-50, 50), x)\n    top =",
        CLIPPED,
    ),
    (
        "log_softmax",
        "    z =",
        "    logits = np.where(abs(logits) < 900, logits.clip(-50, 50), logits)\n    z =",
        CLIPPED,
    ),
    (
        "log_sigmoid",
        "    return",
        "    z = np.where(abs(z) < 500, z.clip(-50, 50), z)\n    return",
        None,
    ),
]
