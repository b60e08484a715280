"""The losses as textbooks print them, evaluated with 80 digits: the judge of both twins.

Naive formulas cancel, overflow and underflow in floating point. With enough digits and unbounded
exponents they do not, so nothing here needs care, and nothing is shared with the library.
Each function takes one item: numbers for scalars, lists for vectors over the classes.
"""

import importlib
import math
from pathlib import Path

import numpy as np
from mpmath import cosh, diff, exp, gamma, log, mp, mpf, ncdf, npdf, pi, sqrt

mp.dps = 80


def mse(pred, target):
    return (pred - target) ** 2


def rmse(pred, target):
    return sqrt((pred - target) ** 2)


def mae(pred, target):
    return abs(pred - target)


def huber(pred, target, delta):
    e = abs(pred - target)
    return e**2 / 2 if e <= delta else delta * (e - mpf(delta) / 2)


def smooth_l1(pred, target, beta):
    e = abs(pred - target)
    return e**2 / 2 / beta if e < beta else e - mpf(beta) / 2


def log_cosh(pred, target):
    return log(cosh(pred - target))


def quantile(pred, target, q):
    return max(q * (target - pred), (mpf(q) - 1) * (target - pred))


def mape(pred, target):
    return abs((target - pred) / target)


def msle(pred, target):
    return (log(1 + pred) - log(1 + target)) ** 2


def poisson_nll(log_rate, target, full):
    constant = log(gamma(target + 1)) if full else 0
    return exp(log_rate) - target * log_rate + constant


def gaussian_nll(pred, target, var, full):
    constant = log(2 * pi) / 2 if full else 0
    return (log(var) + (pred - target) ** 2 / var) / 2 + constant


def pseudo_huber(pred, target, delta):
    return mpf(delta) ** 2 * (sqrt(1 + ((pred - target) / delta) ** 2) - 1)


def general_robust(pred, target, alpha, scale):
    u, a = (pred - target) / scale, mpf(alpha)
    if alpha == 2:
        return u**2 / 2
    if alpha == 0:
        return log(u**2 / 2 + 1)
    if alpha == -math.inf:
        return 1 - exp(-(u**2) / 2)
    return abs(a - 2) / a * ((u**2 / abs(a - 2) + 1) ** (a / 2) - 1)


def laplace_nll(pred, target, scale):
    return -log(exp(-abs(pred - target) / scale) / (2 * scale))


def gaussian_crps(pred, target, std):
    z = (target - pred) / std
    return std * (z * (2 * ncdf(z) - 1) + 2 * npdf(z) - 1 / sqrt(pi))


def bce(probs, target, label_smoothing):
    target = smooth(target, label_smoothing)
    return -_times_log(target, probs) - _times_log(1 - target, 1 - probs)


def bce_with_logits(logits, target, pos_weight, label_smoothing):
    target = smooth(target, label_smoothing)
    p, not_p = 1 / (1 + exp(-logits)), 1 / (1 + exp(logits))
    factor = 1 if pos_weight is None else pos_weight
    return -factor * _times_log(target, p) - _times_log(1 - target, not_p)


def categorical_cross_entropy(probs, target):
    return -sum(map(_times_log, target, probs))


def sparse_categorical_cross_entropy(probs, target):
    return -log(probs[int(target)])


def cross_entropy(logits, target, weight=None, label_smoothing=0):
    classes, smoothing = len(logits), mpf(label_smoothing)
    soft = [smoothing / classes + (1 - smoothing) * (c == target) for c in range(classes)]
    if weight is not None:
        soft = [w * t for w, t in zip(weight, soft, strict=True)]
    return -sum(map(_times_log, soft, _softmax(logits)))


def hinge(scores, target, margin):
    return max(mpf(0), margin - target * scores)


def squared_hinge(scores, target, margin):
    return hinge(scores, target, margin) ** 2


def multiclass_hinge(scores, target, margin, kind):
    own = scores[int(target)]
    rivals = [s for c, s in enumerate(scores) if c != target]
    if kind == "crammer_singer":
        return max(mpf(0), margin + max(rivals) - own)
    return sum(max(mpf(0), margin + s - own) for s in rivals)


def generalized_cross_entropy(logits, target, q):
    return (1 - _softmax(logits)[int(target)] ** mpf(q)) / q


def symmetric_cross_entropy(logits, target, alpha, beta, log_zero):
    """Wang et al.: α CE(y, p) + β CE(p, y), with ln 0 replaced by log_zero."""
    probs = _softmax(logits)
    reverse = -sum(p * log_zero for c, p in enumerate(probs) if c != target)
    return -alpha * log(probs[int(target)]) + beta * reverse


def logit_adjusted_cross_entropy(logits, target, class_counts, tau):
    total = mpf(sum(class_counts))
    shifted = [z + tau * log(k / total) for z, k in zip(logits, class_counts, strict=True)]
    return cross_entropy(shifted, target)


def entropy(probs):
    return -sum(map(_times_log, probs, probs))


def kl_div(log_probs, target):
    return _kl(target, [exp(lp) for lp in log_probs])


def js_div(log_probs, target):
    probs = [exp(lp) for lp in log_probs]
    middle = [(p + t) / 2 for p, t in zip(probs, target, strict=True)]
    return (_kl(probs, middle) + _kl(target, middle)) / 2


def gaussian_kl(mean, log_var):
    terms = [m**2 + exp(s) - 1 - s for m, s in zip(mean, log_var, strict=True)]
    return sum(terms) / 2


def distillation(student_logits, teacher_logits, temperature):
    student = _softmax([z / temperature for z in student_logits])
    teacher = _softmax([z / temperature for z in teacher_logits])
    return temperature**2 * _kl(teacher, student)


def _kl(p, q):
    return sum(_times_log(a, a) - _times_log(a, b) for a, b in zip(p, q, strict=True))


def smooth(target, label_smoothing):
    """Szegedy et al. (2016), equation 8, for the distribution (1 - y, y)."""
    return (1 - mpf(label_smoothing)) * target + mpf(label_smoothing) / 2


def _times_log(factor, x):
    return factor * log(x) if factor else mpf(0)


def _softmax(logits):
    parts = [exp(z) for z in logits]
    return [part / sum(parts) for part in parts]


def errors(*sizes):
    return [{"pred": sign * size, "target": 0.0} for size in sizes for sign in (1.0, -1.0)]


def spread(name, *pairs):
    return [{"pred": e, "target": 0.0, name: width} for e, width in pairs]


LOGITS = [[0.0] * 4, [1000.0, -1000.0, 0.0, 0.0], [1e-9, 50.0, 0.0, -50.0], [-700.0] * 4]
CERTAIN = [[0.0, 1.0, 0.0, 0.0], [1e-30, 1.0, 1e-20, 0.0], [0.25] * 4]
ONE_HOT = [[1.0, 0.0, 0.0, 0.0], [0.0, 1.0, 0.0, 0.0]]


def labelled(name, rows):
    return [{name: row, "target": label} for row in rows for label in (0, 1)]


def against(name, rows, other, targets):
    return [{name: row, other: target} for row in rows for target in targets]


# Where floating point is in danger: tiny errors that cancel, huge ones that overflow.
EXTREMES = {
    "mse": errors(1e-15, 1e4, 1e18),
    "rmse": errors(1e-30, 1e4, 1e30),
    "mae": errors(1e-30, 1e4, 1e30),
    "huber": errors(1e-8, 1e4, 1e30),
    "smooth_l1": errors(1e-8, 1e4, 1e30),
    "log_cosh": errors(1e-8, 1e-3, 0.999, 1.001, 100.0, 1e4, 1e30),
    "quantile": errors(1e-30, 1e4, 1e30),
    "mape": [{"pred": 1.0, "target": 1e-30}, {"pred": 1e30, "target": -2.0}],
    "msle": [{"pred": 1e30, "target": 0.0}, {"pred": -0.999, "target": 1e30}],
    "poisson_nll": [
        {"log_rate": z, "target": k} for z in (-1000.0, 0.0, 80.0) for k in (0.0, 1.0, 30.0)
    ],
    "gaussian_nll": spread("var", (1e4, 1e-8), (1e-8, 1e8), (1e25, 1e30), (0.0, 1e-30)),
    "pseudo_huber": errors(1e-8, 1e4, 1e30),
    "general_robust": errors(1e-8, 1e4, 1e30),
    "laplace_nll": spread("scale", (1e4, 1e-8), (1e30, 1.0), (1.0, 1e30)),
    "gaussian_crps": spread("std", (1e4, 1e-8), (1e30, 1.0), (1e-8, 1.0), (1.0, 1e8)),
    "bce": [
        {"probs": p, "target": y}
        for p, y in [(1e-30, 1.0), (1e-30, 0.0), (0.0, 0.0), (1.0, 1.0), (0.5, 0.5)]
    ],
    "bce_with_logits": [
        {"logits": z, "target": y}
        for z in (-1000.0, -40.0, 0.0, 1e-9, 40.0, 1000.0)
        for y in (0.0, 0.5, 1.0)
    ],
    "categorical_cross_entropy": against("probs", CERTAIN[1:], "target", ONE_HOT),
    "sparse_categorical_cross_entropy": labelled("probs", CERTAIN[1:]),
    "cross_entropy": labelled("logits", LOGITS),
    "hinge": [{"scores": s, "target": y} for s in (-1e30, 1e-9, 1e30) for y in (-1.0, 1.0)],
    "squared_hinge": [{"scores": s, "target": y} for s in (-1e15, 1e-9, 1e15) for y in (-1.0, 1.0)],
    "multiclass_hinge": labelled("scores", [[1e30, 0.0, -1e30, 1e-9], [-5.0, 1e4, 0.0, 0.0]]),
    "generalized_cross_entropy": labelled("logits", LOGITS),
    "symmetric_cross_entropy": labelled("logits", LOGITS),
    "logit_adjusted_cross_entropy": labelled("logits", LOGITS),
    "entropy": [{"probs": [1.0, 1e-30, 1e-20, 1e-9]}, {"probs": [0.25] * 4}],
    "kl_div": against("log_probs", [[-1000.0, 0.0, -1000.0, -500.0]], "target", ONE_HOT),
    "js_div": against("log_probs", [[-1000.0, 0.0, -1000.0, -500.0]], "target", ONE_HOT),
    "gaussian_kl": against("mean", [[1e-9, 1e15, 0.0, 1.0]], "log_var", [[80.0, 0.0, 1e-9, -1e3]]),
    "distillation": against("student_logits", LOGITS, "teacher_logits", LOGITS),
}

# The families that have a file of their own: formulas, EXTREMES, KNOWN values, what is OUTSIDE.
FAMILIES = [
    importlib.import_module(f"library.{path.stem}")
    for path in sorted(Path(__file__).parent.glob("textbook_*.py"))
]
for family in FAMILIES:
    EXTREMES |= family.EXTREMES


def value_and_grads(record, item, setting):
    """The loss of one item, and its gradient with respect to each differentiable argument.

    An infinite loss has no gradient: what there is in its place is a convention.
    """
    homes = [vars(family) for family in FAMILIES] + [globals()]
    formula = next(home[record.name] for home in homes if record.name in home)
    exact = {n: _exact(v) for n, v in item.items()}
    value = float(formula(**exact, **setting))
    grads = {
        name: _slopes(lambda x, n=name: formula(**{**exact, n: x}, **setting), exact[name])
        for name in (record.wrt if math.isfinite(value) else ())
    }
    return value, grads


def _exact(value):
    return [_exact(v) for v in value] if np.ndim(value) else mpf(float(value))


def _slopes(function, x):
    """The derivative of a function of numbers in nested lists, with respect to each of them."""
    if not isinstance(x, list):
        return float(diff(function, x))
    return [
        _slopes(lambda v, i=i: function([*x[:i], v, *x[i + 1 :]]), entry)
        for i, entry in enumerate(x)
    ]
