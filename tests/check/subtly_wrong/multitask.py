"""Answers to the assignment on multitask, and the details to change in them."""

from lossfns.check.kinds.missed import CLIPPED, LABELS, LENGTH, RANGE, WORDS, ZERO

ANSWERS = {
    "weighted_sum": """\
def weighted_sum(losses, weights):
    if losses.shape != weights.shape:
        raise ValueError("shapes")
    if weights.min() < 0:
        raise ValueError("weights")
    return np.where(weights > 0, weights * losses, 0).sum()
""",
    "normalised_losses": """\
def normalised_losses(losses, initial):
    if losses.shape[-1:] != initial.shape:
        raise ValueError("shapes")
    if initial.min() < 0:
        raise ValueError("initial")
    return losses / np.where(initial > 0, initial, 1)
""",
    "uncertainty_weighting": """\
def uncertainty_weighting(losses, log_vars, kinds="regression"):
    if losses.shape != log_vars.shape:
        raise ValueError("shapes")
    if isinstance(kinds, str):
        kinds = [kinds] * losses.size
    if len(kinds) != losses.size:
        raise ValueError("kinds")
    if not set(kinds) <= {"regression", "classification"}:
        raise ValueError("kinds")
    total = 0.0
    for loss, s, kind in zip(losses, log_vars, kinds):
        total += (0.5 if kind == "regression" else 1.0) * np.exp(-s) * loss + s / 2
    return total
""",
    "uncertainty_weighting_grad": """\
def uncertainty_weighting_grad(losses, log_vars):
    return 0.5 - 0.5 * np.exp(-log_vars) * losses
""",
    "uncertainty_weighting_torch": """\
def uncertainty_weighting_torch(losses, log_vars):
    if losses.shape != log_vars.shape:
        raise ValueError("shapes")
    return 0.5 * (torch.exp(-log_vars) * losses + log_vars).sum()
""",
    "best_log_vars": """\
def best_log_vars(losses):
    if losses.min() <= 0:
        raise ValueError("losses")
    return np.log(losses)
""",
    "dwa_weights": """\
def dwa_weights(previous, before, temperature=2.0):
    if previous.shape != before.shape:
        raise ValueError("shapes")
    if temperature <= 0:
        raise ValueError("temperature")
    if before.min() <= 0:
        raise ValueError("before")
    z = previous / before / temperature
    e = np.exp(z - z.max())
    return len(z) * e / e.sum()
""",
    "project_conflict": """\
def project_conflict(g1, g2):
    if g1.shape != g2.shape:
        raise ValueError("shapes")
    dot = (g1 * g2).sum()
    if dot >= 0:
        return g1 + g2
    return g1 - dot / (g2**2).sum() * g2 + g2 - dot / (g1**2).sum() * g1
""",
    "two_head_loss_torch": """\
def two_head_loss_torch(class_logits, labels, pred, target, lam):
    if pred.shape != target.shape:
        raise ValueError("shapes")
    if labels.min() < 0 or labels.max() >= class_logits.shape[1]:
        raise ValueError("labels")
    if lam < 0:
        raise ValueError("lam")
    rows = torch.arange(len(labels))
    log_p = class_logits.log_softmax(dim=1)
    return -log_p[rows, labels].mean() + lam * ((pred - target) ** 2).mean()
""",
}

CHANGES = [
    ("weighted_sum", "weights.min() < 0", "weights.sum() < 0", RANGE),
    ("normalised_losses", "initial.min() < 0", "initial.max() < 0", None),
    ("normalised_losses", "losses.shape[-1:] != initial.shape", "losses.ndim < initial.ndim", None),
    ("normalised_losses", "losses.shape[-1:] != initial.shape", "initial.ndim != 1", None),
    ("best_log_vars", "losses.min() <= 0", "0 in losses", None),
    ("best_log_vars", "losses.min() <= 0", "losses.min() < 0", None),
    ("best_log_vars", "losses.min() <= 0", "losses.sum() <= 0", None),
    ("dwa_weights", "before.min() <= 0", "0 in before", RANGE),
    ("dwa_weights", "before.min() <= 0", "before.min() < 0", None),
    ("dwa_weights", "temperature <= 0", "temperature in (0, -2)", RANGE),
    ("two_head_loss_torch", "lam < 0", "lam == -0.5", None),
    ("two_head_loss_torch", "labels.min() < 0", "(labels == -1).any()", LABELS),
    ("two_head_loss_torch", "labels.max() >=", "labels.max() >", None),
    ("two_head_loss_torch", "    rows", "    lam = lam or 1.0\n    rows", ZERO),
    ("uncertainty_weighting", "len(kinds) != losses.size", "not kinds", LENGTH),
    ("uncertainty_weighting", "len(kinds) != losses.size", "len(kinds) > losses.size", LENGTH),
    (
        "uncertainty_weighting",
        '<= {"regression", "classification"}',
        '<= {"regression", "classification", ""}',
        WORDS,
    ),
    (
        "uncertainty_weighting",
        "    total = 0.0",
        "    log_vars = log_vars.clip(-50, 50)\n    total = 0.0",
        CLIPPED,
    ),
    (
        "uncertainty_weighting_grad",
        "    return",
        "    log_vars = log_vars.clip(-50, 50)\n    return",
        CLIPPED,
    ),
    (
        "uncertainty_weighting_torch",
        "    return",
        "    log_vars = log_vars.clamp(-50, 50)\n    return",
        CLIPPED,
    ),
]
