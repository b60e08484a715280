"""The losses for rare classes as their papers print them."""

import math

import numpy as np
from library.facts.row import facts
from library.facts.shared import (
    INF,
    LABELS,
    LN2,
    LOGITS,
    SOFT,
)
from mpmath import exp, log, mpf

_LABELLED = [{"logits": row, "target": label} for row in LOGITS for label in (0, 1)]

_BINARY = [
    {"logits": z, "target": y}
    for z in (-1000.0, -40.0, 0.0, 1e-9, 40.0, 1000.0)
    for y in (0.0, 0.5, 1.0)
]

# Keras' documentation of BinaryFocalCrossentropy (0.691, and 0.51 with class balancing); more
# digits by hand.
_KERAS = {"logits": [-18.6, 0.51, 2.94, -12.8], "target": [0.0, 1.0, 0.0, 0.0]}


_P = math.exp(2.0) / (math.exp(2.0) + math.exp(1.0) + math.exp(0.1))


@facts(
    known=[
        # Lin et al. (2017), section 3.2: at p_t = 0.9 and γ = 2 the loss is 100 times lower.
        ({"probs": [0.9], "target": [1.0], "alpha": None}, 0.10536051565782628 / 100),
        ({"probs": [0.1], "target": [0.0], "alpha": None}, 0.10536051565782628 / 100),
        # At p_t = ½ it is 4 times lower; α = ¼ weighs a positive by ¼ and a negative by ¾.
        ({"probs": [0.5], "target": [1.0]}, 0.25 * 0.6931471805599453 / 4),
        ({"probs": [0.5], "target": [0.0]}, 0.75 * 0.6931471805599453 / 4),
        # Certain and right costs nothing, certain and wrong everything.
        ({"probs": [1.0, 0.0], "target": [1.0, 0.0], "gamma": 0.5}, 0.0),
        ({"probs": [0.0], "target": [1.0]}, INF),
    ],
    extremes=[
        {"probs": p, "target": y}
        for p, y in [(1e-30, 1.0), (1e-30, 0.0), (0.5, 0.5), (1e-6, 0.3), (1 - 2**-20, 1.0)]
    ],
    outside=[("probs", 1.01), ("probs", -0.1), ("target", 2.0), ("target", -1.0)],
)
def focal(probs, target, alpha, gamma, label_smoothing):
    target = _smooth(target, label_smoothing)
    return _alpha_balanced(probs, 1 - probs, target, alpha, gamma)


@facts(
    known=[
        (_KERAS | {"alpha": None}, 0.69121207583206632),
        (_KERAS, 0.5101332954752427),
        ({"logits": [0.0], "target": [1.0]}, 0.25 * 0.6931471805599453 / 4),
        ({"logits": [-1e4], "target": [1.0], "alpha": None}, 1e4),
        ({"logits": [INF, -INF], "target": [1.0, 0.0]}, 0.0),
        ({"logits": [-INF], "target": [1.0]}, INF),
    ],
    extremes=_BINARY,
    outside=[("target", 2.0), ("target", -1.0)],
)
def focal_with_logits(logits, target, alpha, gamma, label_smoothing=0):
    target = _smooth(target, label_smoothing)
    return _alpha_balanced(*_sigmoid(logits), target, alpha, gamma)


@facts(
    known=[
        # Keras' documentation of CategoricalFocalCrossentropy (0.23315), without its α = ¼:
        # -(0.05² ln 0.95 + 0.9² ln 0.1) / 2.
        (
            {
                "logits": np.log([[0.05, 0.95, 1e-300], [0.1, 0.8, 0.1]]).tolist(),
                "target": np.array([1, 2]),
            },
            (0.0025 * 0.05129329438755058 + 0.81 * 2.302585092994046) / 2,
        ),
        # C equal logits, γ = 1: (1 - 1/C) ln C.
        ({"logits": [[7.0] * 4], "target": np.array([3]), "gamma": 1.0}, 0.75 * 1.3862943611198906),
        # The only class left is certain.
        ({"logits": [[2.0, -INF]], "target": np.array([0]), "gamma": 0.5}, 0.0),
    ],
    extremes=_LABELLED,
    outside=LABELS,
)
def softmax_focal(logits, target, gamma, label_smoothing=0, alpha=None, weight=None):
    """Lin et al. for the label; smoothed, for every class by its share of the target."""
    parts, total = [exp(z) for z in logits], mpf(0)
    for c, own in enumerate(parts):
        share = mpf(label_smoothing) / len(parts)
        share += (1 - mpf(label_smoothing)) * (c == target)
        for factors in (weight, alpha):
            share *= 1 if factors is None else factors if np.ndim(factors) == 0 else factors[c]
        rivals = sum(e for k, e in enumerate(parts) if k != c)
        if share:
            total -= share * _fade(rivals / sum(parts), gamma) * log(own / sum(parts))
    return total


@facts(
    known=[
        # Leng et al. (2022), equation 5, by hand at p = ½: ln 2 + ε / 2; with ε = -1 the series
        # begins with (1 - p)² / 2.
        ({"logits": [[0.0, 0.0]], "target": np.array([1])}, LN2 + 1),
        ({"logits": [[0.0, 0.0]], "target": np.array([1]), "epsilon": -1.0}, LN2 - 0.5),
        # Smoothed over two classes: equal odds, and equal loss.
        ({"logits": [[0.0, 0.0]], "target": np.array([1]), "label_smoothing": 0.3}, LN2 + 1),
        ({"logits": [[2.0, 1.0, 0.1]], "target": np.array([0])}, 2 * (1 - _P) - math.log(_P)),
    ],
    extremes=_LABELLED,
    outside=LABELS,
)
def poly1_cross_entropy(logits, target, epsilon, label_smoothing=0, weight=None):
    """Leng et al., equation 5: the leading coefficient of the series, for every class its share."""
    parts, total = [exp(z) for z in logits], mpf(0)
    for c, own in enumerate(parts):
        share = (1 - mpf(label_smoothing)) * (c == target) + mpf(label_smoothing) / len(parts)
        share *= 1 if weight is None else weight[c]
        rivals = sum(e for k, e in enumerate(parts) if k != c)
        if share:
            total += share * (epsilon * rivals / sum(parts) - log(own / sum(parts)))
    return total


@facts(
    known=[
        # The same at p = ½: (½)² (ln 2 + ½), and α = ¼ of it.
        ({"logits": [0.0], "target": [1.0], "alpha": None}, (LN2 + 0.5) / 4),
        ({"logits": [0.0], "target": [1.0]}, (LN2 + 0.5) / 16),
        ({"logits": [0.0], "target": [0.0], "epsilon": -1.0}, 0.75 * (LN2 - 0.5) / 4),
        ({"logits": [INF, -INF], "target": [1.0, 0.0]}, 0.0),
    ],
    extremes=_BINARY,
    outside=SOFT,
)
def poly1_focal_with_logits(logits, target, epsilon, alpha, gamma, label_smoothing):
    y = _smooth(target, label_smoothing)
    p, rest = _sigmoid(logits)
    a, b = (1, 1) if alpha is None else (mpf(alpha), 1 - mpf(alpha))
    extra = a * y * rest ** (gamma + 1) + b * (1 - y) * p ** (gamma + 1)
    return focal_with_logits(logits, y, alpha, gamma) + epsilon * extra


@facts(
    known=[
        # By hand, β = 0.9 and counts 1 and 2: effective numbers 1 and 1.9, weights 1 and 1/1.9,
        # scaled to sum to 2; at logits 0 each of two sigmoids costs ln 2 / 4.
        (
            {
                "logits": [[0.0, 0.0]],
                "target": np.array([0]),
                "class_counts": (1.0, 2.0),
                "beta": 0.9,
            },
            2 / (1 + 1 / 1.9) * 0.6931471805599453 / 2,
        ),
    ],
    extremes=_LABELLED,
    outside=LABELS,
)
def class_balanced_focal(logits, target, class_counts, beta, gamma):
    b = mpf(beta)
    weights = [(1 - b) / (1 - b ** mpf(n)) for n in class_counts]
    scale = len(weights) / sum(weights)
    each = [focal_with_logits(z, c == target, None, gamma) for c, z in enumerate(logits)]
    return scale * weights[int(target)] * sum(each)


@facts(
    known=[
        # Ridnik et al. (2021), equations 3 to 6 by hand at p = ½: -ln ½, and
        # -(0.45)^4 ln 0.55.
        ({"logits": [0.0], "target": [1.0]}, 0.6931471805599453),
        ({"logits": [0.0], "target": [0.0]}, 0.45**4 * 0.5978370007556204),
        # Below the margin a negative costs nothing: σ(-3) = 0.047.
        ({"logits": [-3.0], "target": [0.0]}, 0.0),
    ],
    extremes=_BINARY,
    outside=[("target", 2.0), ("target", -1.0)],
)
def asymmetric(logits, target, gamma_pos, gamma_neg, margin):
    p, rest = _sigmoid(logits)
    shifted = max(p - mpf(margin), mpf(0))
    left = min(rest + mpf(margin), mpf(1))
    positive = _times(target, _fade(rest, gamma_pos) * -log(p))
    return positive + _times(1 - target, _fade(shifted, gamma_neg) * -log(left))


def _alpha_balanced(p, rest, target, alpha, gamma):
    a, b = (1, 1) if alpha is None else (mpf(alpha), 1 - mpf(alpha))
    positive = _times(a * target, lambda: _fade(rest, gamma) * -log(p))
    return positive + _times(b * (1 - target), lambda: _fade(p, gamma) * -log(rest))


def _smooth(target, label_smoothing):
    """Szegedy et al. (2016), equation 8, for the distribution (1 - y, y)."""
    return (1 - mpf(label_smoothing)) * target + mpf(label_smoothing) / 2


def _fade(p, gamma):
    return p ** mpf(gamma) if gamma else mpf(1)


def _times(factor, value):
    return factor * (value() if callable(value) else value) if factor else mpf(0)


def _sigmoid(z):
    return 1 / (1 + exp(-z)), 1 / (1 + exp(z))
