"""The losses of label maps as papers print them."""

import math

import numpy as np
from library.facts.row import facts
from library.facts.shared import (
    LN2,
)
from mpmath import exp, log, mpf

# Sure and right, sure and wrong, and no idea.
_ITEMS = [
    {
        "logits": [[[40.0, -80.0, 1e-9]], [[-40.0, 0.0, 0.0]], [[0.0, 80.0, -1e-9]]],
        "target": [list(target)],
    }
    for target in [(0, 2, 1), (1, 0, 2)]
]

# MONAI's tests of DiceCELoss: two classes on logits 1 and 0, all right; as its Dice has no softmax
# there and is 0, the numbers are those of the cross-entropy.
_RIGHT = [[[[1.0, 1.0, 0.0]], [[0.0, 0.0, 1.0]]], [[[1.0, 0.0, 1.0]], [[0.0, 1.0, 0.0]]]]

_MONAI = {"logits": _RIGHT, "target": [[[0, 0, 1]], [[0, 1, 0]]]}

_P = 1 / (1 + math.exp(-1))


# Equal logits: p = ½ everywhere; two pixels of class 0 and one of class 1.
_EVEN = {"logits": [[[[0.0, 0.0, 0.0]], [[0.0, 0.0, 0.0]]]], "target": [[[0, 0, 1]]], "smooth": 0.0}

_DICE = [1 - 2 / 3.5, 1 - 1 / 2.5]


def _arrays(case):
    """Labels are integers, which a list of lists is not."""
    return case | {"target": np.array(case["target"])}


@facts(
    known=[
        # 0.3133 = ln(1 + e) - 1 there; the Dice of p = σ(1) is 1 - p of each class, in one image
        # 2·2p/(2 + 2p + 1 - p) and 2p/(1 + p + 2(1 - p)).
        (
            _arrays(_MONAI | {"smooth": 0.0}),
            math.log(1 + math.e) - 1 + 1 - (4 * _P / (3 + _P) + 2 * _P / (3 - _P)) / 2,
        ),
        # By hand.
        (_arrays(_EVEN), sum(_DICE) / 2 + LN2),
        (_arrays(_EVEN | {"ce_weight": 0.0}), sum(_DICE) / 2),
        (_arrays(_EVEN | {"include_background": False}), _DICE[1] + LN2),
        (_arrays(_EVEN | {"weight": (1.0, 3.0)}), (_DICE[0] + 3 * _DICE[1]) / 4 + LN2),
        # Without the pixel of class 1: of that class nothing is there, and ½ + ½ is predicted.
        (_arrays(_EVEN | {"target": [[[0, 0, -100]]]}), (1 - 2 / 3 + 1) / 2 + LN2),
    ],
    extremes=_ITEMS,
    outside=[("target", 3), ("target", -1)],
)
def dice_ce(logits, target, ce_weight, smooth, include_background, weight=None):
    return dice_focal(logits, target, 0, ce_weight, smooth, include_background, weight)


@facts(
    known=[
        (_arrays(_EVEN), sum(_DICE) / 2 + LN2 / 4),
        (_arrays(_EVEN | {"gamma": 0.0, "focal_weight": 2.0}), sum(_DICE) / 2 + 2 * LN2),
        (_arrays(_EVEN | {"weight": (1.0, 0.0)}), _DICE[0] + LN2 / 4),
    ],
    extremes=_ITEMS,
    outside=[("target", 3), ("target", -1)],
)
def dice_focal(logits, target, gamma, focal_weight, smooth, include_background, weight=None):
    """Dice of the softmax class by class, and the focal loss of each pixel."""
    classes, labels = range(len(logits)), [int(y) for y in sum(target, [])]
    pixels = list(zip(*(sum(z, []) for z in logits), strict=True))
    parts = [[exp(z) for z in pixel] for pixel in pixels]
    probs = [[e / sum(pixel) for e in pixel] for pixel in parts]
    w = [mpf(1) for _ in classes] if weight is None else [mpf(k) for k in weight]

    def dice(c):
        both = sum(p[c] for p, y in zip(probs, labels, strict=True) if y == c) + smooth
        sizes = sum(p[c] + (y == c) for p, y in zip(probs, labels, strict=True)) + 2 * smooth
        return 1 - 2 * both / sizes

    counted = [c for c in classes if c or include_background]
    overlap = sum(w[c] * dice(c) for c in counted) / sum(w[c] for c in counted)
    total = mpf(0)
    for part, y in zip(parts, labels, strict=True):
        rest = sum(e for c, e in enumerate(part) if c != y) / sum(part)
        total += w[y] * (rest ** mpf(gamma) if gamma else 1) * -log(part[y] / sum(part))
    return overlap + focal_weight * total / sum(w[y] for y in labels)
