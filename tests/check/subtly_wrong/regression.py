"""Answers to the assignment on regression, and the details to change in them."""

from check.subtly_wrong.parts import REDUCED

from lossfns.check.kinds.missed import LARGE, OFFSET, RANGE, TINY

ANSWERS = {
    "mse": """\
def mse(pred, target, reduction="mean"):
    if pred.shape != target.shape:
        raise ValueError("shapes")
    losses = (pred - target) ** 2
"""
    + REDUCED,
    "mse_grad": """\
def mse_grad(pred, target):
    return 2 * (pred - target) / pred.size
""",
    "mae": """\
def mae(pred, target):
    return abs(pred - target).mean()
""",
    "mae_grad": """\
def mae_grad(pred, target):
    e = pred - target
    return np.sign(e) / pred.size
""",
    "rmse": """\
def rmse(pred, target):
    e = pred - target
    return np.sqrt((e**2).mean())
""",
    "huber": """\
def huber(pred, target, delta=1.0, reduction="mean"):
    if delta <= 0:
        raise ValueError("delta")
    e = pred - target
    size = abs(e)
    losses = np.where(size <= delta, 0.5 * e**2, delta * (size - 0.5 * delta))
    return losses if reduction == "none" else getattr(losses, reduction)()
""",
    "huber_grad": """\
def huber_grad(pred, target, delta=1.0):
    e = pred - target
    return e.clip(-delta, delta) / e.size
""",
    "quantile": """\
def quantile(pred, target, q):
    if not 0 < q < 1:
        raise ValueError("q")
    e = target - pred
    return np.maximum(q * e, (q - 1) * e).mean()
""",
    "log_cosh": """\
def log_cosh(pred, target):
    e = abs(pred - target)
    return (e + np.log1p(np.exp(-2 * e)) - np.log(2)).mean()
""",
    "mse_torch": """\
def mse_torch(pred, target, reduction="mean"):
    if pred.shape != target.shape:
        raise ValueError("shapes")
    losses = (pred - target) ** 2
"""
    + REDUCED,
    "huber_torch": """\
def huber_torch(pred, target, delta=1.0):
    e = pred - target
    near = e.clamp(-delta, delta)
    return (near * (e - 0.5 * near)).mean()
""",
    "gaussian_nll_torch": """\
def gaussian_nll_torch(pred, target, var):
    return 0.5 * (var.log() + (pred - target) ** 2 / var).mean()
""",
}

CHANGES = [
    ("mse", "(pred - target) ** 2", "pred**2 - 2 * pred * target + target**2", OFFSET),
    ("mse_torch", "(pred - target) ** 2", "pred**2 - 2 * pred * target + target**2", OFFSET),
    ("rmse", "(e**2).mean()", "(pred**2 - 2 * pred * target + target**2).mean().clip(0)", OFFSET),
    ("mae", "abs(pred - target)", "np.sqrt((pred - target) ** 2 + 1e-12)", TINY),
    ("mae", "abs(pred - target)", "(abs(pred - target) + 1e-6)", None),
    ("mae_grad", "np.sign(e)", "e / np.sqrt(e**2 + 1e-12)", TINY),
    ("mae_grad", "np.sign(e)", "e / (abs(e) + 1e-6)", None),
    ("rmse", "(e**2).mean()", "(e**2).mean() + 1e-12", None),
    ("rmse", "(e**2).mean()", "(e**2).mean().clip(1e-12)", TINY),
    ("huber", "abs(e)", "np.sqrt(e**2 + 1e-12)", None),
    (
        "huber",
        "np.where(size <= delta, 0.5 * e**2, delta * (size - 0.5 * delta))",
        "(size <= delta) * 0.5 * e**2 + (size > delta) * delta * (size - 0.5 * delta)",
        LARGE,
    ),
    (
        "huber_grad",
        "e.clip(-delta, delta)",
        "np.where(abs(e) < 1e-6, 0, e.clip(-delta, delta))",
        TINY,
    ),
    ("huber", "delta <= 0", "delta == 0", None),
    ("huber", "delta <= 0", "delta < 0", None),
    ("huber", "delta <= 0", "delta in (0, -1)", RANGE),
    ("huber_torch", "e = pred - target", "e = (pred - target + 1e-6)", None),
    ("quantile", "not 0 < q < 1", "q <= 0", None),
    ("quantile", "not 0 < q < 1", "not 0 <= q <= 1", RANGE),
    ("quantile", "not 0 < q < 1", "q in (1.5, -0.1)", None),
    ("log_cosh", "abs(pred - target)", "abs(pred - target).clip(0, 50)", None),
    ("gaussian_nll_torch", "var.log()", "var.log().clamp(-50, 50)", None),
    (
        "mse_torch",
        "(pred - target) ** 2",
        "(pred.view(-1) - target.view(-1)).view(pred.shape) ** 2",
        None,
    ),
]
