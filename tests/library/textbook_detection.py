"""The losses of boxes as papers print them; see `library.textbook`."""

import math

from mpmath import asin, atan, exp, log, mpf, pi, sin, sqrt


def box_iou(pred, target):
    inter, union, _ = _areas(pred, target)
    return 1 - inter / union


def giou(pred, target):
    inter, union, hull = _areas(pred, target)
    area = hull[0] * hull[1]
    return 1 - inter / union + (area - union) / area


def diou(pred, target):
    _, _, hull = _areas(pred, target)
    centres = [((x1 + x2) / 2, (y1 + y2) / 2) for x1, y1, x2, y2 in (pred, target)]
    apart = sum((a - b) ** 2 for a, b in zip(*centres, strict=True))
    return box_iou(pred, target) + apart / (hull[0] ** 2 + hull[1] ** 2)


def ciou(pred, target):
    slants = [atan((x2 - x1) / (y2 - y1)) for x1, y1, x2, y2 in (pred, target)]
    v = 4 / pi**2 * (slants[0] - slants[1]) ** 2
    alpha = v / (box_iou(pred, target) + v)
    return diou(pred, target) + alpha * v


def eiou(pred, target):
    _, _, hull = _areas(pred, target)
    (w, h), (w_true, h_true) = _sizes(pred), _sizes(target)
    return diou(pred, target) + ((w - w_true) / hull[0]) ** 2 + ((h - h_true) / hull[1]) ** 2


def siou(pred, target, theta):
    """Gevorgyan, sections 2.1 to 2.4, with the arcsine of the paper."""
    _, _, hull = _areas(pred, target)
    offset = [(p[k] + p[k + 2] - t[k] - t[k + 2]) / 2 for p, t in [(pred, target)] for k in (0, 1)]
    length = sqrt(offset[0] ** 2 + offset[1] ** 2)
    cost = 1 - 2 * sin(asin(abs(offset[1]) / length) - pi / 4) ** 2 if length else mpf(0)
    distance = sum(
        1 - exp(-(2 - cost) * (d / side) ** 2) for d, side in zip(offset, hull, strict=True)
    )
    sizes = zip(_sizes(pred), _sizes(target), strict=True)
    shape = sum((1 - exp(-abs(a - b) / max(a, b))) ** mpf(theta) for a, b in sizes)
    return box_iou(pred, target) + (distance + shape) / 2


def alpha_iou(pred, target, alpha, kind):
    iou, terms = 1 - box_iou(pred, target), []
    if kind == "giou":
        terms = [giou(pred, target) - box_iou(pred, target)]
    if kind in ("diou", "ciou"):
        terms = [diou(pred, target) - box_iou(pred, target)]
    if kind == "ciou":
        terms.append(ciou(pred, target) - diou(pred, target))
    return 1 - iou ** mpf(alpha) + sum(term ** mpf(alpha) for term in terms)


def distribution_focal(logits, target):
    parts = [exp(z) for z in logits]
    left = min(int(target), len(parts) - 2)
    p, q = parts[left] / sum(parts), parts[left + 1] / sum(parts)
    return -(left + 1 - target) * log(p) - (target - left) * log(q)


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


def _sizes(box):
    return box[2] - box[0], box[3] - box[1]


def _areas(pred, target):
    """Intersection, union, and the sides of the smallest box around both."""
    (a1, b1, a2, b2), (c1, d1, c2, d2) = pred, target
    inter = max(mpf(0), min(a2, c2) - max(a1, c1)) * max(mpf(0), min(b2, d2) - max(b1, d1))
    union = (a2 - a1) * (b2 - b1) + (c2 - c1) * (d2 - d1) - inter
    return inter, union, (max(a2, c2) - min(a1, c1), max(b2, d2) - min(b1, d1))


# Far apart, one inside the other, slivers, and boxes that almost coincide.
_PAIRS = [
    ([0.0, 0.0, 1.0, 2.0], [1e4, -1e4, 1.5e4, 3.0]),
    ([2.0, 3.0, 2.5, 3.25], [-1e3, -2e3, 3e3, 4e3]),
    ([-1e3, -2e3, 3e3, 4e3], [2.0, 3.0, 2.5, 3.25]),
    ([0.0, 0.0, 1e-6, 4.0], [-1.0, 1.0, 3.0, 1.001]),
    ([0.0, 0.0, 640.0, 480.0], [1.0, -1.0, 639.0, 482.0]),
    ([1e9, 1e9, 3e9, 2e9], [2e9, 1.5e9, 5e9, 6e9]),
]
_ITEMS = [{"pred": p, "target": t} for p, t in _PAIRS]
EXTREMES = dict.fromkeys(["box_iou", "giou", "diou", "ciou", "eiou", "siou"], _ITEMS)
# Of boxes that do not touch, the power of the IoU is 0 without a slope.
EXTREMES["alpha_iou"] = _ITEMS[1:3] + _ITEMS[4:]
EXTREMES["distribution_focal"] = [
    {"logits": row, "target": place}
    for row in ([0.0] * 4, [1000.0, -1000.0, 0.0, 0.0], [1e-9, 50.0, 0.0, -50.0])
    for place in (0.0, 1.0, 1.75, 3.0)
]

# Sure and right, sure and wrong, and an anchor of the background; 3 classes.
_LOGITS = [[40.0, -40.0, 1e-9], [-80.0, 0.0, 80.0], [30.0, -1e-9, -60.0]]
EXTREMES |= {
    "retinanet": [
        {
            "logits": _LOGITS,
            "target": target,
            "boxes": [[1e-9, -1e-6, 0.109, 0.111], [1e4, -1e30, 0.0, 1.0], [9.0] * 4],
            "target_boxes": [[0.0] * 4, [0.0, 0.0, 1e-3, 1.0], [-9.0] * 4],
        }
        for target in ([0, 2, 3], [1, 0, 3], [3, 3, 2])
    ],
    "yolo": [
        {
            "logits": _LOGITS,
            "target": target,
            "objectness": [40.0, -80.0, 1e-9],
            "boxes": [box for box, _ in _PAIRS[first : first + 3]],
            "target_boxes": [box for _, box in _PAIRS[first : first + 3]],
            "target_objectness": [1.0, 0.25, 0.0],
        }
        for first, target in ((0, [0, 2, 3]), (2, [1, 0, 3]), (3, [3, 3, 2]))
    ],
}

_POINT, _LINE = [1.0, 2.0, 1.0, 2.0], [0.0, 1.0, 3.0, 1.0]
_V = 4 / math.pi**2 * (math.atan(2) - math.atan(0.5)) ** 2


def _one(pred, target):
    return {"pred": [pred], "target": [target]}


def _degenerate():
    """Boxes without area that are identical cost nothing; two that differ do not overlap."""
    return [(_one(box, box), 0.0) for box in (_POINT, _LINE, [0.0] * 4)]


_OVERLAP = _one([0.0, 0.0, 2.0, 2.0], [1.0, 1.0, 3.0, 3.0])
_CORNER = _one([0.0, 0.0, 1.0, 1.0], [1.0, 1.0, 2.0, 2.0])

KNOWN = {
    # By hand: one unit of seven is shared; the hull has nine.
    "box_iou": [(_OVERLAP, 6 / 7), (_CORNER, 1.0), *_degenerate()],
    "giou": [
        (_OVERLAP, 6 / 7 + 2 / 9),
        (_CORNER, 1.5),
        (_one(_POINT, [4.0, 4.0, 4.0, 4.0]), 2.0),
        *_degenerate(),
    ],
    # Centres √2 apart, the hull's diagonal 3√2 or 2√2.
    "diou": [(_OVERLAP, 6 / 7 + 1 / 9), (_CORNER, 1.25), *_degenerate()],
    "ciou": [
        (_OVERLAP, 6 / 7 + 1 / 9),
        # 2 × 1 across 1 × 2: IoU 1/3, centres √½ apart, diagonal √8.
        (
            _one([0.0, 0.0, 2.0, 1.0], [0.0, 0.0, 1.0, 2.0]),
            2 / 3 + 1 / 16 + _V**2 / (2 / 3 + _V),
        ),
        *_degenerate(),
    ],
}

_ACROSS = _one([0.0, 0.0, 2.0, 1.0], [0.0, 0.0, 1.0, 2.0])
_LN2 = math.log(2)

KNOWN |= {
    # By hand. 2 × 1 across 1 × 2: both sides off by half of the hull's.
    "eiou": [(_ACROSS, 2 / 3 + 1 / 16 + 2 / 4), (_CORNER, 1.25), *_degenerate()],
    "siou": [
        # Along the diagonal, Λ = 1: 1 - e^-(1/4)² twice; shapes off by half of the larger side.
        (_ACROSS, 2 / 3 + (1 - math.exp(-1 / 16)) + (1 - math.exp(-0.5)) ** 4),
        # Along an axis, Λ = 0: unit boxes side by side, at half of the hull's width of 2.
        (_one([0.0, 0.0, 1.0, 1.0], [1.0, 0.0, 2.0, 1.0]), 1 + (1 - math.exp(-2 / 4)) / 2),
        (_CORNER, 1 + (1 - math.exp(-1 / 4))),
        *_degenerate(),
    ],
    "alpha_iou": [
        (_OVERLAP, 1 - 1 / 343),
        (_OVERLAP | {"kind": "giou"}, 1 - 1 / 343 + (2 / 9) ** 3),
        (_OVERLAP | {"kind": "diou", "alpha": 2.0}, 1 - 1 / 49 + 1 / 81),
        (_ACROSS | {"kind": "ciou", "alpha": 1.0}, 2 / 3 + 1 / 16 + _V**2 / (2 / 3 + _V)),
        (_CORNER | {"alpha": 0.5}, 1.0),
        *_degenerate(),
    ],
    "distribution_focal": [
        # Li et al. (2020), equation 6: equal logits over four bins cost ln 4 wherever the edge is.
        ({"logits": [[7.0] * 4], "target": [1.25]}, 2 * _LN2),
        # All on the two bins next to it, by its shares: their entropy, which is the least.
        (
            {"logits": [[-1000.0, math.log(3), 0.0, -1000.0]], "target": [1.25]},
            2 * _LN2 - 0.75 * math.log(3),
        ),
        # On a bin, also on the last, it is the cross-entropy of that bin.
        ({"logits": [[0.0, 0.0, math.log(2)]], "target": [2.0]}, _LN2),
    ],
}

# What knows nothing has σ = ½; errors of 0.2 cost 0.2 - 0.055 each.
_FIT = {"boxes": [[0.0] * 4] * 3, "target_boxes": [[0.2] * 4] * 3}
_BOXES = {
    "boxes": [[0.0, 0.0, 2.0, 2.0]] * 3,
    "target_boxes": [[1.0, 1.0, 3.0, 3.0]] * 3,
}
_CIOU = 6 / 7 + 1 / 9


def _zeros(classes, *target):
    return {"logits": [[0.0] * classes] * len(target), "target": list(target)}


KNOWN |= {
    "retinanet": [
        # Lin et al. (2017), sections 3.2 and 4, by hand: 0.25 · ½² · ln 2 where the object is,
        # 0.75 · ½² · ln 2 for every class that is not there.
        (_zeros(1, 0, 1, 1) | _FIT, 0.58 + (0.0625 + 2 * 0.1875) * _LN2),
        (_zeros(1, 0, 0, 1) | _FIT, 0.58 + (2 * 0.0625 + 0.1875) / 2 * _LN2),
        (_zeros(1, 0, -100, 1) | _FIT, 0.58 + (0.0625 + 0.1875) * _LN2),
        # Two classes: the other one is a negative as well.
        (_zeros(2, 1, 2, 2) | _FIT, 0.58 + (0.0625 + 5 * 0.1875) * _LN2),
        # Nothing there: divided by 1.
        (_zeros(1, 1, 1, 1) | _FIT, 3 * 0.1875 * _LN2),
        (_zeros(1, -100, -100, -100) | _FIT, 0.0),
        (
            _zeros(1, 0, 1, 1) | _FIT | {"alpha": None, "gamma": 0.0, "beta": 1.0},
            4 * 0.02 + 3 * _LN2,
        ),
        (_zeros(1, 0, 1, 1) | _FIT | {"box_weight": 0.0}, (0.0625 + 2 * 0.1875) * _LN2),
    ],
    "yolo": [
        # ln 2 for every question, and the boxes of CIoU's example above.
        (
            _zeros(3, 1, 3, 3) | _BOXES | {"objectness": [0.0] * 3},
            1.5 * _LN2 + 0.05 * _CIOU,
        ),
        (_zeros(3, 3, 3, 3) | _BOXES | {"objectness": [0.0] * 3}, _LN2),
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
}

_CROSSED = [(name, 1e9) for name in ("pred", "target")]
OUTSIDE = dict.fromkeys(["box_iou", "giou", "diou", "ciou", "eiou", "siou", "alpha_iou"], _CROSSED)
OUTSIDE["distribution_focal"] = [("target", 4.5), ("target", -0.1)]
OUTSIDE |= {
    "retinanet": [("target", 4), ("target", -1)],
    "yolo": [
        *[("target", 4), ("target", -1), ("boxes", 1e9), ("target_boxes", 1e9)],
        *[("target_objectness", 1.5), ("target_objectness", -0.1)],
    ],
}
