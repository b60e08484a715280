"""Answers to the assignment on foundations, and the details to change in them."""

from lossfns.check.kinds.missed import RANGE, ZERO

ANSWERS = {
    "weighted_risk": """\
def weighted_risk(losses, weights):
    if losses.shape != weights.shape:
        raise ValueError("shapes")
    if weights.min() < 0:
        raise ValueError("weights")
    total = weights.sum()
    return (weights * losses).sum() / total if total > 0 else 0.0
""",
    "ridge_risk": """\
def ridge_risk(losses, params, strength):
    if strength < 0:
        raise ValueError("strength")
    return losses.mean() + strength * (params[1:] ** 2).sum()
""",
    "accumulated_gradient": """\
def accumulated_gradient(gradients, counts):
    if len(gradients) != len(counts):
        raise ValueError("counts")
    if counts.min() < 0:
        raise ValueError("counts")
    return (gradients * counts[:, None]).sum(axis=0) / max(counts.sum(), 1)
""",
    "bernoulli_nll": """\
def bernoulli_nll(outcomes, p):
    if not 0 < p < 1:
        raise ValueError("p")
    if not np.isin(outcomes, (0, 1)).all():
        raise ValueError("outcomes")
    return -(outcomes * np.log(p) + (1 - outcomes) * np.log1p(-p)).mean()
""",
    "best_constant": """\
def best_constant(target, loss):
    if loss not in ("mse", "mae", "max"):
        raise ValueError("loss")
    if target.size == 0:
        raise ValueError("target")
    middle = (target.min() + target.max()) / 2
    return {"mse": target.mean(), "mae": np.median(target), "max": middle}[loss]
""",
}

CHANGES = [
    ("weighted_risk", "weights.min() < 0", "weights.sum() < 0", None),
    ("weighted_risk", "weights.min() < 0", "-1 in weights", None),
    ("ridge_risk", "strength < 0", "strength == -0.5", None),
    ("ridge_risk", "strength < 0", "strength <= -1", "a negative strength accepted"),
    ("accumulated_gradient", "counts.min() < 0", "counts.sum() < 0", None),
    ("accumulated_gradient", "counts.min() < 0", "-1 in counts", RANGE),
    ("accumulated_gradient", "len(gradients) != len(counts)", "len(gradients) < len(counts)", None),
    (
        "accumulated_gradient",
        "len(gradients) != len(counts)",
        "gradients.shape[1] == len(counts) + 9",
        None,
    ),
    ("bernoulli_nll", "not 0 < p < 1", "p in (0, 1)", None),
    ("bernoulli_nll", "not 0 < p < 1", "p <= 0 or p == 1", None),
    ("bernoulli_nll", "not np.isin(outcomes, (0, 1)).all()", "outcomes.max() > 1", None),
    (
        "bernoulli_nll",
        "not np.isin(outcomes, (0, 1)).all()",
        "outcomes.min() < 0 or outcomes.max() > 1",
        RANGE,
    ),
    (
        "best_constant",
        'loss not in ("mse", "mae", "max")',
        'loss and loss not in ("mse", "mae", "max")',
        None,
    ),
    (
        "best_constant",
        'loss not in ("mse", "mae", "max")',
        'loss[:3] not in ("mse", "mae", "max")',
        None,
    ),
    ("ridge_risk", "    return", "    strength = strength or 1.0\n    return", ZERO),
    (
        "accumulated_gradient",
        "counts[:, None]",
        "(counts if gradients.shape[0] == gradients.shape[1] else counts[:, None])",
        None,
    ),
]
