"""The losses of class scores as textbooks print them."""

import numpy as np
from library.facts.row import facts
from library.facts.shared import (
    INF,
    LABELS,
    LN2,
    LN3,
    LN5,
    LOGITS,
    OFF_ROWS,
    ONE_HOT,
    against,
    softmax,
    times_log,
)
from mpmath import exp, log, mpf

CERTAIN = [[0.0, 1.0, 0.0, 0.0], [1e-30, 1.0, 1e-20, 0.0], [0.25] * 4]


def labelled(name, rows):
    return [{name: row, "target": label} for row in rows for label in (0, 1)]


@facts(
    known=[
        # scikit-learn's documentation of log_loss (0.21616…): -(2 ln 0.9 + ln 0.8 + ln 0.65) / 4.
        ({"probs": [0.9, 0.1, 0.2, 0.65], "target": [1.0, 0.0, 0.0, 1.0]}, 0.21616187468057912),
        # Exact at the ends: certain and right is 0, certain and wrong is infinite.
        ({"probs": [0.0, 1.0], "target": [0.0, 1.0]}, 0.0),
        ({"probs": [0.0], "target": [1.0]}, INF),
        ({"probs": [1.0], "target": [0.0]}, INF),
    ],
    extremes=[
        {"probs": p, "target": y}
        for p, y in [(1e-30, 1.0), (1e-30, 0.0), (0.0, 0.0), (1.0, 1.0), (0.5, 0.5)]
    ],
    outside=[("probs", 1.01), ("probs", -0.1), ("target", 2.0), ("target", -1.0)],
)
def bce(probs, target, label_smoothing):
    target = smooth(target, label_smoothing)
    return -times_log(target, probs) - times_log(1 - target, 1 - probs)


@facts(
    known=[
        # The same probabilities as above, as logits: ln 9, -ln 9, -ln 4, ln(13/7).
        (
            {
                "logits": np.log([9.0, 1 / 9, 1 / 4, 13 / 7]).tolist(),
                "target": [1.0, 0.0, 0.0, 1.0],
            },
            0.21616187468057912,
        ),
        ({"logits": [-1e4], "target": [1.0]}, 1e4),
        # pos_weight multiplies the positive term and leaves the denominator alone: 3 ln 2 / 1.
        ({"logits": [0.0], "target": [1.0], "pos_weight": 3.0}, 3 * LN2),
        ({"logits": [INF, -INF], "target": [1.0, 0.0]}, 0.0),
    ],
    extremes=[
        {"logits": z, "target": y}
        for z in (-1000.0, -40.0, 0.0, 1e-9, 40.0, 1000.0)
        for y in (0.0, 0.5, 1.0)
    ],
    outside=[("target", 2.0), ("target", -1.0)],
)
def bce_with_logits(logits, target, pos_weight, label_smoothing):
    target = smooth(target, label_smoothing)
    p, not_p = 1 / (1 + exp(-logits)), 1 / (1 + exp(logits))
    factor = 1 if pos_weight is None else pos_weight
    return -factor * times_log(target, p) - times_log(1 - target, not_p)


@facts(
    known=[
        # Keras' documentation of CategoricalCrossentropy (1.177): -(ln 0.95 + ln 0.1) / 2.
        (
            {
                "probs": [[0.05, 0.95, 0.0], [0.1, 0.8, 0.1]],
                "target": [[0.0, 1.0, 0.0], [0.0, 0.0, 1.0]],
            },
            1.1769391936907983,
        ),
    ],
    extremes=against("probs", CERTAIN[1:], "target", ONE_HOT),
    outside=[*OFF_ROWS, ("target", 1.5), ("target", -0.1)],
)
def categorical_cross_entropy(probs, target):
    return -sum(map(times_log, target, probs))


@facts(
    known=[
        # Keras' documentation of SparseCategoricalCrossentropy, the same predictions.
        (
            {"probs": [[0.05, 0.95, 0.0], [0.1, 0.8, 0.1]], "target": np.array([1, 2])},
            1.1769391936907983,
        ),
    ],
    extremes=labelled("probs", CERTAIN[1:]),
    outside=[*OFF_ROWS, *LABELS],
)
def sparse_categorical_cross_entropy(probs, target):
    return -log(probs[int(target)])


@facts(
    known=[
        # Stanford CS231n notes, linear classification, figure "SVM vs. Softmax": 1.04.
        ({"logits": [[-2.85, 0.86, 0.28]], "target": np.array([2])}, 1.0401905694301081),
        # C equal logits: ln C, with or without smoothing.
        ({"logits": [[7.0] * 5], "target": np.array([3])}, LN5),
        # Label smoothing ε/C: with logits (ln 3, 0) and ε = ½ the target is (¾, ¼):
        # -¾ ln ¾ - ¼ ln ¼.
        (
            {
                "logits": [[LN3, 0.0]],
                "target": np.array([0]),
                "label_smoothing": 0.5,
            },
            0.5623351446188083,
        ),
        # Weights 1 and 3, equal logits: (1 ln 2 + 3 ln 2) / (1 + 3).
        (
            {"logits": [[0.0, 0.0]] * 2, "target": np.array([0, 1]), "weight": (1.0, 3.0)},
            LN2,
        ),
    ],
    extremes=labelled("logits", LOGITS),
    outside=LABELS,
)
def cross_entropy(logits, target, weight=None, label_smoothing=0):
    classes, smoothing = len(logits), mpf(label_smoothing)
    soft = [smoothing / classes + (1 - smoothing) * (c == target) for c in range(classes)]
    if weight is not None:
        soft = [w * t for w, t in zip(weight, soft, strict=True)]
    return -sum(map(times_log, soft, softmax(logits)))


@facts(
    known=[
        # By hand: 1 - 0.3, 0, 1 + 0.5.
        ({"scores": [0.3, 2.0, 0.5], "target": [1.0, 1.0, -1.0]}, 2.2 / 3),
    ],
    extremes=[{"scores": s, "target": y} for s in (-1e30, 1e-9, 1e30) for y in (-1.0, 1.0)],
    outside=[("target", 0.0), ("target", 2.0)],
)
def hinge(scores, target, margin):
    return max(mpf(0), margin - target * scores)


@facts(
    known=[
        ({"scores": [0.3, 2.0, 0.5], "target": [1.0, 1.0, -1.0]}, (0.49 + 2.25) / 3),
    ],
    extremes=[{"scores": s, "target": y} for s in (-1e15, 1e-9, 1e15) for y in (-1.0, 1.0)],
    outside=[("target", 0.0), ("target", 2.0)],
)
def squared_hinge(scores, target, margin):
    return hinge(scores, target, margin) ** 2


@facts(
    known=[
        # Stanford CS231n notes, the same scores: max(0, -2.85 - 0.28 + 1) + (0.86 - 0.28 + 1).
        ({"scores": [[-2.85, 0.86, 0.28]], "target": np.array([2])}, 1.58),
        # Two rivals within the margin, by hand: 0.5 + 0.25, and the larger of them.
        ({"scores": [[2.0, 1.5, 1.25]], "target": np.array([0])}, 0.75),
        (
            {"scores": [[2.0, 1.5, 1.25]], "target": np.array([0]), "kind": "crammer_singer"},
            0.5,
        ),
    ],
    extremes=labelled("scores", [[1e30, 0.0, -1e30, 1e-9], [-5.0, 1e4, 0.0, 0.0]]),
    outside=LABELS,
)
def multiclass_hinge(scores, target, margin, kind):
    own = scores[int(target)]
    rivals = [s for c, s in enumerate(scores) if c != target]
    if kind == "crammer_singer":
        return max(mpf(0), margin + max(rivals) - own)
    return sum(max(mpf(0), margin + s - own) for s in rivals)


@facts(
    known=[
        # Zhang & Sabuncu (2018), equation 6, by hand: p = ¼ and q = ½ give (1 - ½) / ½.
        ({"logits": [[0.0] * 4], "target": np.array([1]), "q": 0.5}, 1.0),
        # q = 1 is 1 - p.
        ({"logits": [[0.0] * 4], "target": np.array([1]), "q": 1.0}, 0.75),
    ],
    extremes=labelled("logits", LOGITS),
    outside=LABELS,
)
def generalized_cross_entropy(logits, target, q):
    return (1 - softmax(logits)[int(target)] ** mpf(q)) / q


@facts(
    known=[
        # Wang et al. (2019), equation 6 with A = -4: 0.1 ln 2 + 1 · 4 · (1 - ½).
        ({"logits": [[0.0, 0.0]], "target": np.array([1])}, 2.0693147180559945),
        (
            {"logits": [[0.0, 0.0]], "target": np.array([1]), "alpha": 2.0, "beta": 0.0},
            1.3862943611198906,
        ),
    ],
    extremes=labelled("logits", LOGITS),
    outside=LABELS,
)
def symmetric_cross_entropy(logits, target, alpha, beta, log_zero):
    """Wang et al.: α CE(y, p) + β CE(p, y), with ln 0 replaced by log_zero."""
    probs = softmax(logits)
    reverse = -sum(p * log_zero for c, p in enumerate(probs) if c != target)
    return -alpha * log(probs[int(target)]) + beta * reverse


@facts(
    known=[
        # Menon et al. (2021), equation 10: equal logits leave the prior, -ln(10/100).
        (
            {"logits": [[0.0, 0.0]], "target": np.array([1]), "class_counts": (90.0, 10.0)},
            2.302585092994046,
        ),
        # Logits that cancel the prior: ln 2.
        (
            {
                "logits": [[-2.1972245773362196, 0.0]],
                "target": np.array([1]),
                "class_counts": (90.0, 10.0),
            },
            LN2,
        ),
    ],
    extremes=labelled("logits", LOGITS),
    outside=LABELS,
)
def logit_adjusted_cross_entropy(logits, target, class_counts, tau):
    total = mpf(sum(class_counts))
    shifted = [z + tau * log(k / total) for z, k in zip(logits, class_counts, strict=True)]
    return cross_entropy(shifted, target)


def smooth(target, label_smoothing):
    """Szegedy et al. (2016), equation 8, for the distribution (1 - y, y)."""
    return (1 - mpf(label_smoothing)) * target + mpf(label_smoothing) / 2
