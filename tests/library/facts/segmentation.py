"""The overlap losses as papers print them. A mask is rows of pixels."""

import math

from library.facts.row import facts
from library.facts.shared import (
    SOFT,
)
from mpmath import exp, log, mpf

MASKS = [("probs", 1.01), ("probs", -0.1), *SOFT, ("pixel_weight", -1.0)]


def _certain(almost):
    """Nearly perfect, nearly perfectly wrong, and an empty mask."""
    right = [[1 - almost, almost], [almost / 2, 1 - almost / 4]]
    wrong = [[almost, 1 - almost], [1 - almost / 2, almost / 4]]
    mask = [[1.0, 0.0], [0.0, 1.0]]
    return [
        {"probs": right, "target": mask},
        {"probs": wrong, "target": mask},
        {"probs": right, "target": [[0.0] * 2] * 2},
        {"probs": [[1e-9, 1e-20], [1e-30, 1e-6]], "target": [[0.0] * 2] * 2},
    ]


_ITEMS = _certain(2**-20)

# No two equal errors: there Lovász' slope is a matter of choice.
_RANKED = [
    {"probs": [[1e-9, 1e-20], [1e-30, 1e-6]], "target": [[0.0] * 2] * 2},
    {"probs": [[1e-9, 0.25], [0.5, 2**-20]], "target": [[0.0, 1.0], [1.0, 1.0]]},
]

_CLASSES = [
    {
        "probs": [a["probs"], b["probs"], a["probs"]],
        "target": [a["target"], b["target"], b["target"]],
    }
    for a, b in [(_ITEMS[0], _ITEMS[1]), (_ITEMS[1], _ITEMS[2]), (_ITEMS[2], _ITEMS[3])]
]

# The input of MONAI's tests of DiceLoss and TverskyLoss: the sigmoid of ±1.
_P, _Q = 1 / (1 + math.exp(-1)), 1 / (1 + math.e)

_MONAI = {"probs": [[_P, _Q], [_Q, _P]], "target": [[1.0, 0.0], [1.0, 1.0]], "smooth": 0.0}

_HARD = {"probs": [[1.0, 1.0, 0.0, 0.0]], "target": [[1.0, 0.0, 1.0, 0.0]], "smooth": 0.0}

_EMPTY = {"probs": [[0.0, 0.0]], "target": [[0.0, 0.0]]}

_FALSE_ALARM = {"probs": [[1.0, 1.0]], "target": [[0.0, 0.0]]}

# MONAI's tests of GeneralizedDiceLoss(softmax=True): σ(±2) and ½ for the second of two classes.
_UP, _DOWN = 1 / (1 + math.exp(-2)), 1 / (1 + math.exp(2))

_SURE, _UNSURE = 1 / (1 + math.exp(-10)), 1 / (1 + math.exp(10))


def _two(second, target):
    """A picture of two classes, by what is said of the second."""
    first = [1 - p for p in second], [1.0 - y for y in target]
    masks = zip(("probs", "target"), zip(first, (second, target), strict=True), strict=True)
    return {name: [[[c] for c in pair]] for name, pair in masks} | {"smooth": 0.0}


_OF_TWO = [
    # 0.273476 and 0.555539 there.
    (_two([_UP, 0.5, _DOWN], [1.0, 0.0, 0.0]), 1 - 2 * (_UP + (0.5 + _UP) / 4) / (2.5 + 3.5 / 4)),
    (_two([0.5, 0.5, 0.5], [1.0, 1.0, 0.0]), 1 - 2 * (1 / 4 + 0.5) / (3.5 / 4 + 2.5)),
    # 0.250023 there, with w_type="simple".
    (
        _two([_SURE, _UNSURE, _UNSURE, _UNSURE], [1.0, 1.0, 0.0, 0.0]) | {"power": 1.0},
        1 - (_SURE + _UNSURE + 2 * _SURE) / 4,
    ),
]


@facts(
    known=[
        # 0.307576, and 0.178337 with squared denominators, in MONAI's tests.
        (_MONAI, 1 - (4 * _P + 2 * _Q) / 5),
        (_MONAI | {"squared": True}, 1 - (4 * _P + 2 * _Q) / (2 * _P**2 + 2 * _Q**2 + 3)),
        # By hand: one pixel of two and two agrees.
        (_HARD, 0.5),
        (_HARD | {"smooth": 1.0}, 1 - 4 / 6),
        (_EMPTY, 0.0),
        (_EMPTY | {"smooth": 0.0}, 0.0),
        (_FALSE_ALARM, 0.5),
        (_FALSE_ALARM | {"smooth": 0.0}, 1.0),
    ],
    extremes=_ITEMS,
    outside=MASKS,
)
def dice(probs, target, smooth, squared, pixel_weight=None):
    """Milletari et al.: twice the intersection over the two sizes, with s pixels of agreement."""
    both, sizes = _agreement(probs, target, smooth, squared, pixel_weight)
    return 1 - 2 * both / sizes if sizes else mpf(0)


@facts(
    known=[
        # 0.470451 in MONAI's tests.
        (_MONAI, 1 - (2 * _P + _Q) / (5 - 2 * _P - _Q)),
        (_HARD, 2 / 3),
        (_EMPTY, 0.0),
        (_FALSE_ALARM, 1 - 1 / 3),
    ],
    extremes=_ITEMS,
    outside=MASKS,
)
def jaccard(probs, target, smooth, squared, pixel_weight=None):
    both, sizes = _agreement(probs, target, smooth, squared, pixel_weight)
    union = sizes - both
    return 1 - both / union if union else mpf(0)


@facts(
    known=[
        # 0.307576 in MONAI's tests of TverskyLoss with α = β = ½.
        (_MONAI | {"alpha": 0.5, "beta": 0.5}, 1 - (4 * _P + 2 * _Q) / 5),
        # Salehi et al. (2017), equation 4, by hand: tp = fp = fn = 1.
        (_HARD | {"alpha": 0.2, "beta": 0.8}, 0.5),
        (_HARD | {"probs": [[1.0, 0.0, 0.0, 0.0]]}, 1 - 1 / 1.7),
        (_HARD | {"probs": [[1.0, 1.0, 1.0, 0.0]]}, 1 - 2 / 2.3),
        (_FALSE_ALARM, 1 - 1 / 1.6),
    ],
    extremes=_ITEMS,
    outside=MASKS,
)
def tversky(probs, target, alpha, beta, smooth, pixel_weight=None):
    p, y, w = _pixels(probs, target, pixel_weight)
    tp = sum(k * a * b for a, b, k in zip(p, y, w, strict=True)) + smooth
    fp = sum(k * a * (1 - b) for a, b, k in zip(p, y, w, strict=True))
    fn = sum(k * (1 - a) * b for a, b, k in zip(p, y, w, strict=True))
    total = tp + mpf(alpha) * fp + mpf(beta) * fn
    return 1 - tp / total if total else mpf(0)


@facts(
    known=[
        # Abraham & Khan (2019), equation 4, by hand: a miss of one of two pixels.
        (_HARD | {"probs": [[1.0, 0.0, 0.0, 0.0]]}, (1 - 1 / 1.7) ** 0.75),
        (_HARD | {"probs": [[1.0, 0.0, 1.0, 0.0]]}, 0.0),
    ],
    extremes=_ITEMS,
    outside=MASKS,
)
def focal_tversky(probs, target, alpha, beta, gamma, smooth, pixel_weight=None):
    return tversky(probs, target, alpha, beta, smooth, pixel_weight) ** (1 / mpf(gamma))


@facts(
    known=[
        # By hand at p = ½: Dice 1 - 1 / 2, and ln 2; then the pixels that are certain and right.
        ({"probs": [[0.5, 0.5]], "target": [[1.0, 0.0]], "smooth": 0.0}, 0.5 + math.log(2)),
        ({"probs": [[1.0, 0.0]], "target": [[1.0, 0.0]]}, 0.0),
        ({"probs": [[1.0, 0.0]], "target": [[0.0, 0.0]]}, math.inf),
    ],
    extremes=_ITEMS,
    outside=MASKS,
)
def dice_bce(probs, target, bce_weight, smooth, squared, pixel_weight=None):
    p, y, w = _pixels(probs, target, pixel_weight)
    surprise = [-log(a) if b else -log(1 - a) for a, b in zip(p, y, strict=True)]
    overlap = dice(probs, target, smooth, squared, pixel_weight)
    return overlap + bce_weight * _mean(surprise, w)


@facts(
    known=[
        ({"logits": [[0.0, 0.0]], "target": [[1.0, 0.0]], "smooth": 0.0}, 0.5 + math.log(2)),
        # Certain: right costs nothing, wrong half of the 1000 that the logit says, and all of Dice.
        ({"logits": [[1e3, -1e3]], "target": [[1.0, 0.0]], "smooth": 0.0}, 0.0),
        ({"logits": [[-1e3, -1e3]], "target": [[1.0, 0.0]], "smooth": 0.0}, 501.0),
    ],
    extremes=[
        {"logits": [[-1000.0, 1000.0], [0.0, 40.0]], "target": [[1.0, 0.0], [1.0, 1.0]]},
        {"logits": [[1000.0, -1000.0], [1e-9, -40.0]], "target": [[1.0, 0.0], [0.0, 0.0]]},
    ],
    outside=[*SOFT, ("pixel_weight", -1.0)],
)
def dice_bce_with_logits(logits, target, bce_weight, smooth, squared, pixel_weight=None):
    z, y, w = _pixels(logits, target, pixel_weight)
    p, rest = [1 / (1 + exp(-x)) for x in z], [1 / (1 + exp(x)) for x in z]
    surprise = [-log(a) if b else -log(r) for a, r, b in zip(p, rest, y, strict=True)]
    return dice([p], [y], smooth, squared, [w]) + bce_weight * _mean(surprise, w)


@facts(
    known=[
        # By hand: errors 0.8 (of the mask), 0.6, 0.1 (of the mask); Jaccard ½, ⅔, 1.
        (
            {"probs": [[0.9, 0.6, 0.2]], "target": [[1.0, 0.0, 1.0]]},
            0.8 / 2 + 0.6 / 6 + 0.1 / 3,
        ),
        ({n: v for n, v in _HARD.items() if n != "smooth"}, 2 / 3),
        ({"probs": [[0.2, 0.7]], "target": [[0.0, 0.0]]}, 0.7),
    ],
    extremes=_RANKED,
    outside=[*MASKS, ("target", 0.5)],
)
def lovasz(probs, target, pixel_weight=None):
    """Berman et al.: the sorted errors against the increments of the Jaccard loss of sets."""
    p, y, w = _pixels(probs, target, pixel_weight)
    errors = sorted(range(len(p)), key=lambda i: -abs(y[i] - p[i]))
    sets = [jaccard_of(errors[:i], y, w) for i in range(len(p) + 1)]
    each = zip(errors, sets[1:], sets, strict=False)
    return sum(abs(y[i] - p[i]) * (after - before) for i, after, before in each)


@facts(
    known=[
        *_OF_TWO,
        # By hand: one pixel of four, found by half; w = 1 and 1/9, or equal.
        (_two([0.5, 0.0, 0.0, 0.0], [1.0, 0.0, 0.0, 0.0]), 1 - 2 * (0.5 + 3 / 9) / (1.5 + 6.5 / 9)),
        (
            _two([0.5, 0.0, 0.0, 0.0], [1.0, 0.0, 0.0, 0.0]) | {"power": 0.0},
            1 - 2 * (0.5 + 3) / (1.5 + 6.5),
        ),
        # Nothing is there: of two classes as of one.
        ({"probs": [[[[0.5]]]], "target": [[[[0.0]]]]}, 1 - 2 / 2.5),
    ],
    extremes=_CLASSES,
    outside=MASKS,
)
def generalized_dice(probs, target, power, smooth, pixel_weight=None):
    """Sudre et al., equation 2, with s pixels of agreement in every class."""
    both = sizes = mpf(0)
    pixels = pixel_weight and pixel_weight[0]
    held = [sum(k * b for b, k in zip(*_pixels(y, y, pixels)[1:], strict=True)) for y in target]
    present = [size for size in held if size]
    for p, y, size in zip(probs, target, held, strict=True):
        p, y, w = _pixels(p, y, pixels)
        share = 1 / (size or min(present, default=mpf(1))) ** mpf(power)
        both += share * (sum(k * a * b for a, b, k in zip(p, y, w, strict=True)) + smooth)
        total = sum(k * (a + b) for a, b, k in zip(p, y, w, strict=True))
        sizes += share * (total + 2 * smooth)
    return 1 - 2 * both / sizes if sizes else mpf(0)


def jaccard_of(wrong, y, w=None):
    """The Jaccard loss of a prediction that gets these pixels wrong."""
    mask = {i for i, b in enumerate(y) if b}
    predicted = mask ^ set(wrong)
    hit, union = (
        sum((mpf(1) if w is None else w[i] for i in pixels), mpf(0))
        for pixels in (mask & predicted, mask | predicted)
    )
    return 1 - hit / union if union else mpf(0)


def _agreement(probs, target, smooth, squared, pixel_weight):
    """What prediction and target share, and their two sizes, with s pixels of agreement."""
    p, y, w = _pixels(probs, target, pixel_weight)
    size = 2 if squared else 1
    both = sum(k * a * b for a, b, k in zip(p, y, w, strict=True)) + smooth
    sizes = sum(k * (a**size + b**size) for a, b, k in zip(p, y, w, strict=True)) + 2 * smooth
    return both, sizes


def _pixels(probs, target, pixel_weight):
    p, y = sum(probs, []), sum(target, [])
    return p, y, [mpf(1)] * len(p) if pixel_weight is None else sum(pixel_weight, [])


def _mean(values, weights):
    return sum(v * w for v, w in zip(values, weights, strict=True)) / sum(weights)
