"""The losses of detectors as their papers print them."""

import math

from library.facts.boxes import PAIRS, ciou
from library.facts.row import facts
from library.facts.shared import (
    LN2,
)
from mpmath import exp, log, mpf

# Sure and right, sure and wrong, and an anchor of the background; 3 classes.
_LOGITS = [[40.0, -40.0, 1e-9], [-80.0, 0.0, 80.0], [30.0, -1e-9, -60.0]]

# What knows nothing has σ = ½; errors of 0.2 cost 0.2 - 0.055 each.
_FIT = {"boxes": [[0.0] * 4] * 3, "target_boxes": [[0.2] * 4] * 3}

_BOXES = {
    "boxes": [[0.0, 0.0, 2.0, 2.0]] * 3,
    "target_boxes": [[1.0, 1.0, 3.0, 3.0]] * 3,
}

_CIOU = 6 / 7 + 1 / 9


def _zeros(classes, *target):
    return {"logits": [[0.0] * classes] * len(target), "target": list(target)}


@facts(
    known=[
        # Lin et al. (2017), sections 3.2 and 4, by hand: 0.25 · ½² · ln 2 where the object is,
        # 0.75 · ½² · ln 2 for every class that is not there.
        (_zeros(1, 0, 1, 1) | _FIT, 0.58 + (0.0625 + 2 * 0.1875) * LN2),
        (_zeros(1, 0, 0, 1) | _FIT, 0.58 + (2 * 0.0625 + 0.1875) / 2 * LN2),
        (_zeros(1, 0, -100, 1) | _FIT, 0.58 + (0.0625 + 0.1875) * LN2),
        # Two classes: the other one is a negative as well.
        (_zeros(2, 1, 2, 2) | _FIT, 0.58 + (0.0625 + 5 * 0.1875) * LN2),
        # Nothing there: divided by 1.
        (_zeros(1, 1, 1, 1) | _FIT, 3 * 0.1875 * LN2),
        (_zeros(1, -100, -100, -100) | _FIT, 0.0),
        (
            _zeros(1, 0, 1, 1) | _FIT | {"alpha": None, "gamma": 0.0, "beta": 1.0},
            4 * 0.02 + 3 * LN2,
        ),
        (_zeros(1, 0, 1, 1) | _FIT | {"box_weight": 0.0}, (0.0625 + 2 * 0.1875) * LN2),
    ],
    extremes=[
        {
            "logits": _LOGITS,
            "target": target,
            "boxes": [[1e-9, -1e-6, 0.109, 0.111], [1e4, -1e30, 0.0, 1.0], [9.0] * 4],
            "target_boxes": [[0.0] * 4, [0.0, 0.0, 1e-3, 1.0], [-9.0] * 4],
        }
        for target in ([0, 2, 3], [1, 0, 3], [3, 3, 2])
    ],
    outside=[("target", 4), ("target", -1)],
)
def retinanet(logits, target, boxes, target_boxes, alpha, gamma, beta, box_weight):
    total = mpf(0)
    for row, label, box, true in zip(logits, target, boxes, target_boxes, strict=True):
        total += sum(_focal(z, c == label, alpha, gamma) for c, z in enumerate(row))
        if label < len(row):
            errors = [abs(a - b) for a, b in zip(box, true, strict=True)]
            total += box_weight * sum(
                e**2 / 2 / mpf(beta) if e < beta else e - mpf(beta) / 2 for e in errors
            )
    return total


@facts(
    known=[
        # ln 2 for every question, and the boxes of CIoU's example above.
        (
            _zeros(3, 1, 3, 3) | _BOXES | {"objectness": [0.0] * 3},
            1.5 * LN2 + 0.05 * _CIOU,
        ),
        (_zeros(3, 3, 3, 3) | _BOXES | {"objectness": [0.0] * 3}, LN2),
        (_zeros(3, *[-100] * 3) | _BOXES | {"objectness": [0.0] * 3}, 0.0),
        # σ(ln 3) = ¾: -ln ¾ at the object, -ln ¼ at the empty cell, the third does not count.
        (
            _zeros(3, 1, 3, -100)
            | _BOXES
            | {"objectness": [math.log(3)] * 3, "box_weight": 0.0, "classification_weight": 0.0},
            (math.log(4 / 3) + math.log(4)) / 2,
        ),
        # Asked for the IoU that it has, 1/7: its entropy.
        (
            _zeros(1, 0, -100, -100)
            | _BOXES
            | {
                "objectness": [math.log(1 / 6)] * 3,
                "target_objectness": [1 / 7] * 3,
                "classification_weight": 0.0,
                "box_weight": 1.0,
            },
            math.log(7) - 6 / 7 * math.log(6) + _CIOU,
        ),
    ],
    extremes=[
        {
            "logits": _LOGITS,
            "target": target,
            "objectness": [40.0, -80.0, 1e-9],
            "boxes": [box for box, _ in PAIRS[first : first + 3]],
            "target_boxes": [box for _, box in PAIRS[first : first + 3]],
            "target_objectness": [1.0, 0.25, 0.0],
        }
        for first, target in ((0, [0, 2, 3]), (2, [1, 0, 3]), (3, [3, 3, 2]))
    ],
    outside=[
        *[("target", 4), ("target", -1), ("boxes", 1e9), ("target_boxes", 1e9)],
        *[("target_objectness", 1.5), ("target_objectness", -0.1)],
    ],
)
def yolo(
    logits,
    target,
    objectness,
    boxes,
    target_boxes,
    target_objectness,
    box_weight,
    objectness_weight,
    classification_weight,
):
    total = mpf(0)
    for a, label in enumerate(target):
        held = label < len(logits[a])
        goal = target_objectness[a] if held else 0
        total += objectness_weight * _binary(objectness[a], goal)
        if held:
            surprises = [_binary(z, c == label) for c, z in enumerate(logits[a])]
            total += box_weight * ciou(boxes[a], target_boxes[a])
            total += classification_weight * sum(surprises) / len(surprises)
    return total


def _focal(z, positive, alpha, gamma):
    p = 1 / (1 + exp(-z)) if positive else 1 / (1 + exp(z))
    share = mpf(1) if alpha is None else mpf(alpha) if positive else 1 - mpf(alpha)
    return -share * (1 - p) ** mpf(gamma) * log(p)


def _binary(z, target):
    return target * log(1 + exp(-z)) + (1 - target) * log(1 + exp(z))
