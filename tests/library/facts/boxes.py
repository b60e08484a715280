"""The losses of boxes as papers print them."""

import math

from library.facts.row import facts
from library.facts.shared import (
    LN2,
)
from mpmath import asin, atan, exp, log, mpf, pi, sin, sqrt

# Far apart, one inside the other, slivers, and boxes that almost coincide.
PAIRS = [
    ([0.0, 0.0, 1.0, 2.0], [1e4, -1e4, 1.5e4, 3.0]),
    ([2.0, 3.0, 2.5, 3.25], [-1e3, -2e3, 3e3, 4e3]),
    ([-1e3, -2e3, 3e3, 4e3], [2.0, 3.0, 2.5, 3.25]),
    ([0.0, 0.0, 1e-6, 4.0], [-1.0, 1.0, 3.0, 1.001]),
    ([0.0, 0.0, 640.0, 480.0], [1.0, -1.0, 639.0, 482.0]),
    ([1e9, 1e9, 3e9, 2e9], [2e9, 1.5e9, 5e9, 6e9]),
]

_ITEMS = [{"pred": p, "target": t} for p, t in PAIRS]

_POINT, _LINE = [1.0, 2.0, 1.0, 2.0], [0.0, 1.0, 3.0, 1.0]

_V = 4 / math.pi**2 * (math.atan(2) - math.atan(0.5)) ** 2


def _one(pred, target):
    return {"pred": [pred], "target": [target]}


def _degenerate():
    """Boxes without area that are identical cost nothing; two that differ do not overlap."""
    return [(_one(box, box), 0.0) for box in (_POINT, _LINE, [0.0] * 4)]


_OVERLAP = _one([0.0, 0.0, 2.0, 2.0], [1.0, 1.0, 3.0, 3.0])

_CORNER = _one([0.0, 0.0, 1.0, 1.0], [1.0, 1.0, 2.0, 2.0])

_ACROSS = _one([0.0, 0.0, 2.0, 1.0], [0.0, 0.0, 1.0, 2.0])


_CROSSED = [(name, 1e9) for name in ("pred", "target")]


@facts(
    # By hand: one unit of seven is shared; the hull has nine.
    known=[(_OVERLAP, 6 / 7), (_CORNER, 1.0), *_degenerate()],
    extremes=_ITEMS,
    outside=_CROSSED,
)
def box_iou(pred, target):
    inter, union, _ = _areas(pred, target)
    return 1 - inter / union


@facts(
    known=[
        (_OVERLAP, 6 / 7 + 2 / 9),
        (_CORNER, 1.5),
        (_one(_POINT, [4.0, 4.0, 4.0, 4.0]), 2.0),
        *_degenerate(),
    ],
    extremes=_ITEMS,
    outside=_CROSSED,
)
def giou(pred, target):
    inter, union, hull = _areas(pred, target)
    area = hull[0] * hull[1]
    return 1 - inter / union + (area - union) / area


@facts(
    # Centres √2 apart, the hull's diagonal 3√2 or 2√2.
    known=[(_OVERLAP, 6 / 7 + 1 / 9), (_CORNER, 1.25), *_degenerate()],
    extremes=_ITEMS,
    outside=_CROSSED,
)
def diou(pred, target):
    _, _, hull = _areas(pred, target)
    centres = [((x1 + x2) / 2, (y1 + y2) / 2) for x1, y1, x2, y2 in (pred, target)]
    apart = sum((a - b) ** 2 for a, b in zip(*centres, strict=True))
    return box_iou(pred, target) + apart / (hull[0] ** 2 + hull[1] ** 2)


@facts(
    known=[
        (_OVERLAP, 6 / 7 + 1 / 9),
        # 2 × 1 across 1 × 2: IoU 1/3, centres √½ apart, diagonal √8.
        (
            _one([0.0, 0.0, 2.0, 1.0], [0.0, 0.0, 1.0, 2.0]),
            2 / 3 + 1 / 16 + _V**2 / (2 / 3 + _V),
        ),
        *_degenerate(),
    ],
    extremes=_ITEMS,
    outside=_CROSSED,
)
def ciou(pred, target):
    slants = [atan((x2 - x1) / (y2 - y1)) for x1, y1, x2, y2 in (pred, target)]
    v = 4 / pi**2 * (slants[0] - slants[1]) ** 2
    alpha = v / (box_iou(pred, target) + v)
    return diou(pred, target) + alpha * v


@facts(
    # By hand. 2 × 1 across 1 × 2: both sides off by half of the hull's.
    known=[(_ACROSS, 2 / 3 + 1 / 16 + 2 / 4), (_CORNER, 1.25), *_degenerate()],
    extremes=_ITEMS,
    outside=_CROSSED,
)
def eiou(pred, target):
    _, _, hull = _areas(pred, target)
    (w, h), (w_true, h_true) = _sizes(pred), _sizes(target)
    return diou(pred, target) + ((w - w_true) / hull[0]) ** 2 + ((h - h_true) / hull[1]) ** 2


@facts(
    known=[
        # Along the diagonal, Λ = 1: 1 - e^-(1/4)² twice; shapes off by half of the larger side.
        (_ACROSS, 2 / 3 + (1 - math.exp(-1 / 16)) + (1 - math.exp(-0.5)) ** 4),
        # Along an axis, Λ = 0: unit boxes side by side, at half of the hull's width of 2.
        (_one([0.0, 0.0, 1.0, 1.0], [1.0, 0.0, 2.0, 1.0]), 1 + (1 - math.exp(-2 / 4)) / 2),
        (_CORNER, 1 + (1 - math.exp(-1 / 4))),
        *_degenerate(),
    ],
    extremes=_ITEMS,
    outside=_CROSSED,
)
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


@facts(
    known=[
        (_OVERLAP, 1 - 1 / 343),
        (_OVERLAP | {"kind": "giou"}, 1 - 1 / 343 + (2 / 9) ** 3),
        (_OVERLAP | {"kind": "diou", "alpha": 2.0}, 1 - 1 / 49 + 1 / 81),
        (_ACROSS | {"kind": "ciou", "alpha": 1.0}, 2 / 3 + 1 / 16 + _V**2 / (2 / 3 + _V)),
        (_CORNER | {"alpha": 0.5}, 1.0),
        *_degenerate(),
    ],
    # Of boxes that do not touch, the power of the IoU is 0 without a slope.
    extremes=_ITEMS[1:3] + _ITEMS[4:],
    outside=_CROSSED,
)
def alpha_iou(pred, target, alpha, kind):
    iou, terms = 1 - box_iou(pred, target), []
    if kind == "giou":
        terms = [giou(pred, target) - box_iou(pred, target)]
    if kind in ("diou", "ciou"):
        terms = [diou(pred, target) - box_iou(pred, target)]
    if kind == "ciou":
        terms.append(ciou(pred, target) - diou(pred, target))
    return 1 - iou ** mpf(alpha) + sum(term ** mpf(alpha) for term in terms)


@facts(
    known=[
        # Li et al. (2020), equation 6: equal logits over four bins cost ln 4 wherever the edge is.
        ({"logits": [[7.0] * 4], "target": [1.25]}, 2 * LN2),
        # All on the two bins next to it, by its shares: their entropy, which is the least.
        (
            {"logits": [[-1000.0, math.log(3), 0.0, -1000.0]], "target": [1.25]},
            2 * LN2 - 0.75 * math.log(3),
        ),
        # On a bin, also on the last, it is the cross-entropy of that bin.
        ({"logits": [[0.0, 0.0, math.log(2)]], "target": [2.0]}, LN2),
    ],
    extremes=[
        {"logits": row, "target": place}
        for row in ([0.0] * 4, [1000.0, -1000.0, 0.0, 0.0], [1e-9, 50.0, 0.0, -50.0])
        for place in (0.0, 1.0, 1.75, 3.0)
    ],
    outside=[("target", 4.5), ("target", -0.1)],
)
def distribution_focal(logits, target):
    parts = [exp(z) for z in logits]
    left = min(int(target), len(parts) - 2)
    p, q = parts[left] / sum(parts), parts[left + 1] / sum(parts)
    return -(left + 1 - target) * log(p) - (target - left) * log(q)


def _sizes(box):
    return box[2] - box[0], box[3] - box[1]


def _areas(pred, target):
    """Intersection, union, and the sides of the smallest box around both."""
    (a1, b1, a2, b2), (c1, d1, c2, d2) = pred, target
    inter = max(mpf(0), min(a2, c2) - max(a1, c1)) * max(mpf(0), min(b2, d2) - max(b1, d1))
    union = (a2 - a1) * (b2 - b1) + (c2 - c1) * (d2 - d1) - inter
    return inter, union, (max(a2, c2) - min(a1, c1), max(b2, d2) - min(b1, d1))
