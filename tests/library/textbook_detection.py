"""The losses of boxes as papers print them; see `library.textbook`."""

import math

from mpmath import atan, mpf, pi


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
EXTREMES = dict.fromkeys(["box_iou", "giou", "diou", "ciou"], _ITEMS)

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

_CROSSED = [(name, 1e9) for name in ("pred", "target")]
OUTSIDE = dict.fromkeys(["box_iou", "giou", "diou", "ciou"], _CROSSED)
