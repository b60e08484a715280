"""The four functions that every course has: five right ways and eight wrong ones of each.

`WAYS` and `MISTAKES` hold, for each function, sources; a mistake comes with the name that its hint
must give it, and with the aspects of the function that it gets wrong.
"""

from submissions.answers import LOOP, MSE, NORM, SINGLE, THROUGH_TORCH

CROSS_ENTROPY = """\
def cross_entropy(logits, target, reduction="mean"):
    n, classes = logits.shape
    if target.shape != (n,):
        raise ValueError(f"target has shape {target.shape}")
    if target.min() < 0 or target.max() >= classes:
        raise ValueError("no such class")
    shifted = logits - logits.max(axis=1, keepdims=True)
    total = np.exp(shifted).sum(axis=1)
    losses = np.log(total) - shifted[np.arange(n), target]
    if reduction == "none":
        return losses
    if reduction == "sum":
        return losses.sum()
    if reduction == "mean":
        return losses.mean()
    raise ValueError(reduction)
"""
CE_HEAD, CE_TAIL = (
    CROSS_ENTROPY.split("    shifted", 1)[0],
    ("    if reduction" + CROSS_ENTROPY.split("    if reduction", 1)[1]),
)


def cross_entropy(body: str) -> str:
    return CE_HEAD + body + CE_TAIL


FOCAL = """\
def focal(logits, target, gamma=2.0, alpha=None, reduction="mean"):
    if logits.shape != target.shape:
        raise ValueError("shapes differ")
    if gamma < 0:
        raise ValueError("gamma")
    if alpha is not None and not 0 <= alpha <= 1:
        raise ValueError("alpha")
    margin = np.where(target == 1, logits, -logits)
    surprise = np.logaddexp(0, -margin)
    missing = np.exp(-np.logaddexp(0, margin))
    losses = missing**gamma * surprise
    if alpha is not None:
        losses = np.where(target == 1, alpha, 1 - alpha) * losses
    if reduction == "none":
        return losses
    if reduction == "sum":
        return losses.sum()
    if reduction == "mean":
        return losses.mean()
    raise ValueError(reduction)
"""
WEIGHTED = "    if alpha is not None:\n        losses"
FOCAL_HEAD, FOCAL_TAIL = FOCAL.split("    margin", 1)[0], WEIGHTED + FOCAL.split(WEIGHTED)[1]


def focal(body: str) -> str:
    return FOCAL_HEAD + body + FOCAL_TAIL


UNCERTAINTY = """\
def uncertainty_weighting(losses, log_vars, kinds="regression"):
    if losses.shape != log_vars.shape:
        raise ValueError("shapes differ")
    if isinstance(kinds, str):
        kinds = [kinds] * losses.size
    if not set(kinds) <= {"regression", "classification"} or len(kinds) != losses.size:
        raise ValueError(f"unknown kinds {kinds}")
    c = np.array([1.0 if kind == "classification" else 0.5 for kind in kinds])
    return (c * np.exp(-log_vars) * losses + 0.5 * log_vars).sum()
"""
LAST = "return (c * np.exp(-log_vars) * losses + 0.5 * log_vars).sum()"


def uncertainty(last: str) -> str:
    return UNCERTAINTY.replace(LAST, last)


WAYS = {
    "mse": [MSE, LOOP, NORM, SINGLE, THROUGH_TORCH],
    "cross_entropy": [
        CROSS_ENTROPY,
        cross_entropy(
            "    losses = np.array([np.logaddexp.reduce(row) - row[k]"
            " for row, k in zip(logits, target)])\n"
        ),
        cross_entropy(
            "    gaps = logits - logits[np.arange(n), target][:, None]\n"
            "    top = gaps.max(axis=1)\n"
            "    losses = top + np.log(np.exp(gaps - top[:, None]).sum(axis=1))\n"
        ),
        cross_entropy(
            "    import torch\n"
            "    rows = torch.tensor(logits)\n"
            "    picked = rows.gather(1, torch.tensor(target)[:, None])[:, 0]\n"
            "    losses = (rows.logsumexp(1) - picked).numpy()\n"
        ),
        cross_entropy(
            "    one_hot = np.eye(classes)[target]\n"
            "    highest = np.max(logits, 1)\n"
            "    log_sum = highest + np.log(np.exp(logits.T - highest).sum(0))\n"
            "    losses = (one_hot * (log_sum[:, None] - logits)).sum(1)\n"
        ),
    ],
    "focal": [
        FOCAL,
        focal(
            "    sign = np.where(target == 1, -1, 1)\n"
            "    log_p_t = -np.logaddexp(0, sign * logits)\n"
            "    losses = -((-np.expm1(log_p_t)) ** gamma) * log_p_t\n"
        ),
        focal(
            "    import torch\n"
            "    z = torch.tensor(logits) * (2 * torch.tensor(target) - 1)\n"
            "    losses = (torch.sigmoid(-z) ** gamma * torch.nn.functional.softplus(-z)).numpy()\n"
        ),
        focal(
            "    z = (2 * target - 1) * logits\n"
            "    cost = np.maximum(-z, 0) + np.log1p(np.exp(-np.abs(z)))\n"
            "    losses = np.exp(-gamma * (cost + z)) * cost\n"
        ),
        focal(
            "    losses = np.empty(logits.shape)\n"
            "    for i in np.ndindex(logits.shape):\n"
            "        z = float(logits[i] if target[i] == 1 else -logits[i])\n"
            "        losses[i] = np.exp(-gamma * np.logaddexp(0, z)) * np.logaddexp(0, -z)\n"
        ),
    ],
    "uncertainty_weighting": [
        UNCERTAINTY,
        uncertainty("return (c * losses / np.exp(log_vars)).sum() + log_vars.sum() / 2"),
        uncertainty(
            "total = 0.0\n"
            "    for factor, loss, s in zip(c, losses, log_vars):\n"
            "        total += factor * loss / np.exp(s) + s / 2\n"
            "    return total"
        ),
        uncertainty(
            "precision = np.exp(-0.5 * log_vars) ** 2\n"
            "    return float((c * precision) @ losses - 0.5 * np.log(precision).sum())"
        ),
        uncertainty(
            "import torch\n"
            "    s, L = torch.tensor(log_vars), torch.tensor(losses)\n"
            "    return (torch.tensor(c) * L * torch.exp(-s) + s / 2).sum().item()"
        ),
    ],
}

VALUES, EXTREMES, BAD_INPUT = ("values", "extremes"), ("extremes",), ("bad-input",)

MISTAKES = {
    "mse": [
        (MSE.replace("= (pred", "= 0.5 * (pred"), "half of the mean squared error", VALUES),
        (MSE.replace("getattr(squares, reduction)()", "squares.sum()"),
         "the sum instead of the mean", VALUES),
        (MSE.replace("(pred - target) ** 2", "abs(pred - target)"),
         "the absolute error instead of the squared error", VALUES),
        (MSE.replace("(pred - target) ** 2", "pred - target"), "the errors not squared", VALUES),
        (MSE.replace("(pred - target) ** 2", "-((pred - target) ** 2)"),
         "the sign flipped", VALUES),
        (MSE.replace("getattr(squares, reduction)()",
                     "squares.sum() / (1 if reduction == 'sum' else squares.size - 1)"),
         "n - 1 instead of n", VALUES),
        (MSE.replace("pred.shape != target.shape", "False"),
         "broadcasting of (n, 1) against (n,)", BAD_INPUT),
        (MSE.replace('if reduction not in ("sum", "mean")', "if False").replace(
            "getattr(squares, reduction)()",
            "squares.sum() if reduction == 'sum' else squares.mean()"),
         "an unknown reduction taken for the mean", BAD_INPUT),
    ],
    "cross_entropy": [
        (CROSS_ENTROPY.replace("losses.mean()", "losses.sum()"),
         "the sum instead of the mean", VALUES),
        (CROSS_ENTROPY.replace("np.log(total)", "np.log2(total)").replace(
            "- shifted[np", "- 1 / np.log(2) * shifted[np"),
         "the logarithm to the base 2", VALUES),
        (CROSS_ENTROPY.replace("losses = np.log", "losses = -np.log").replace(
            "total) - shifted", "total) + shifted"), "the sign of the loss flipped", VALUES),
        (cross_entropy(
            "    shifted = logits - logits.max(axis=1, keepdims=True)\n"
            "    p = np.exp(shifted) / np.exp(shifted).sum(axis=1, keepdims=True)\n"
            "    p = np.exp(p) / np.exp(p).sum(axis=1, keepdims=True)\n"
            "    losses = -np.log(p[np.arange(n), target])\n"), "the softmax twice", VALUES),
        (cross_entropy(
            "    shifted = logits - logits.max(axis=0, keepdims=True)\n"
            "    log_p = shifted - np.log(np.exp(shifted).sum(axis=0, keepdims=True))\n"
            "    losses = -log_p[np.arange(n), target]\n"),
         "normalised over the items instead of the classes", VALUES),
        (cross_entropy("    losses = np.log(np.exp(logits).sum(axis=1))"
                       " - logits[np.arange(n), target]\n"),
         "overflow of the sum of exponentials", EXTREMES),
        (CROSS_ENTROPY.replace("target.min() < 0", "target.min() < -classes"),
         "a label of -1 read as the last class", BAD_INPUT),
        (CROSS_ENTROPY.replace("    raise ValueError(reduction)", "    return losses.mean()"),
         "an unknown reduction taken for the mean", BAD_INPUT),
    ],
    "focal": [
        (FOCAL.replace("np.where(target == 1, alpha, 1 - alpha)", "alpha"),
         "α on both classes", VALUES),
        (FOCAL.replace("np.where(target == 1, alpha, 1 - alpha)",
                       "np.where(target == 1, 1 - alpha, alpha)"),
         "α and 1 - α exchanged", VALUES),
        (FOCAL.replace("missing**gamma", "(1 - missing) ** gamma"),
         "the easy items kept and the hard ones faded", VALUES),
        (FOCAL.replace("missing**gamma", "gamma * missing"),
         "γ as a factor instead of an exponent", VALUES),
        (FOCAL.replace("missing**gamma", "missing**2"), "γ fixed at 2", VALUES),
        (FOCAL.replace("missing**gamma * surprise", "surprise"),
         "the fading factor missing", VALUES),
        (focal("    p = 1 / (1 + np.exp(-logits))\n"
               "    p_t = np.where(target == 1, p, 1 - p)\n"
               "    losses = -((1 - p_t) ** gamma) * np.log(p_t)\n"),
         "the logarithm of a rounded probability", EXTREMES),
        (FOCAL.replace("gamma < 0", "False"), "a negative γ accepted", BAD_INPUT),
    ],
    "uncertainty_weighting": [
        (UNCERTAINTY.replace("else 0.5", "else 1.0"), "no ½ for regression", VALUES),
        (UNCERTAINTY.replace("1.0 if kind", "0.5 if kind"), "a ½ for classification, too", VALUES),
        (uncertainty("return (c * np.exp(-log_vars) * losses).sum()"),
         "the penalty forgotten", VALUES),
        (uncertainty("return (c * np.exp(-log_vars) * losses - 0.5 * log_vars).sum()"),
         "the penalty subtracted", VALUES),
        (uncertainty("return (c * np.exp(log_vars) * losses + 0.5 * log_vars).sum()"),
         "the sign of the exponent flipped", VALUES),
        (uncertainty("return (c * np.exp(-log_vars) * losses + log_vars).sum()"),
         "the ½ of the penalty forgotten", VALUES),
        (uncertainty(LAST.replace(".sum()", ".mean()")), "the mean over the tasks", VALUES),
        (UNCERTAINTY.replace("if not set(kinds) <=", "if False and set(kinds) <="),
         "an unknown kind taken for regression", BAD_INPUT),
    ],
}  # fmt: skip
