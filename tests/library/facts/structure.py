"""The losses of protein structures as AlphaFold prints them."""

import math

import numpy as np
from library.facts.row import facts
from library.facts.sequence import UNEVEN
from library.facts.shared import (
    LN2,
    of_token,
)
from mpmath import mpf, sqrt

_TURN = [[0.0, -1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 1.0]]

_EYE = np.eye(3).tolist()

_FRAMES = {
    "rotations": [_TURN, _EYE],
    "translations": [[0.0, 1.0, 2.0], [16.0, 0.0, 0.0]],
    "target_rotations": [_EYE, _EYE],
    "target_translations": [[0.0, 0.0, 0.0], [16.0, 0.5, 0.0]],
}

_HERE = {"rotations": [_EYE], "translations": [[0.0, 0.0, 0.0]]}

_THERE = {f"target_{name}": value for name, value in _HERE.items()}

_CORNER = _HERE | _THERE | {"positions": [[3.0, 4.0, 0.0]], "target": [[0.0, 0.0, 0.0]]}


@facts(
    known=[
        # Jumper et al. (2021), supplement, algorithm 28: 3-4-5 Å, on a scale of 10 Å.
        (_CORNER | {"epsilon": 1e-30}, 0.5),
        (_CORNER | {"epsilon": 1e-30, "scale": 1.0}, 5.0),
        (_CORNER | {"clamp": 4.0}, 0.4),
        # A perfect fit costs √ε.
        (_CORNER | {"positions": [[0.0, 0.0, 0.0]]}, 1e-3),
    ],
    extremes=[
        _FRAMES | {"positions": positions, "target": [[1.0, 2.0, 3.0], [64.0, 0.0, -1.0]]}
        for positions in (
            [[1.0, 2.0, 3.0], [64.0, 0.0, -1.0]],
            [[-1.0, 2.5, 3.0], [30.0, 1e-9, 0.0]],
        )
    ],
    outside=[],
)
def fape(
    positions,
    target,
    rotations,
    translations,
    target_rotations,
    target_translations,
    clamp,
    scale,
    epsilon,
):
    total = mpf(0)
    frames = zip(rotations, translations, target_rotations, target_translations, strict=True)
    for r, t, r_true, t_true in frames:
        for x, x_true in zip(positions, target, strict=True):
            here, there = _local(r, t, x), _local(r_true, t_true, x_true)
            squares = sum((a - b) ** 2 for a, b in zip(here, there, strict=True))
            total += min(mpf(clamp), sqrt(squares + mpf(epsilon))) / mpf(scale)
    return total


@facts(
    known=[
        ({"logits": np.zeros((3, 3, 64)), "target": np.zeros((3, 3))}, 6 * LN2),
        # 3 bins with edges at 2 and 4 Å: the diagonal lies in the first, 3 Å in the second.
        (
            {
                "logits": np.tile([0.0, LN2, 0.0], (2, 2, 1)),
                "target": [[0.0, 0.0, 0.0], [0.0, 3.0, 0.0]],
                "first": 2.0,
                "last": 4.0,
            },
            (2 * math.log(4) + 2 * LN2) / 4,
        ),
    ],
    extremes=[
        {
            "logits": [[row, row[::-1]] for row in (UNEVEN[0], UNEVEN[1])],
            "target": [[0.0, 0.0, 0.0], other],
        }
        for other in ([1.0, 2.0, 2.0], [11.0, 0.0, -1e-9], [1e6, 1e6, 0.0])
    ],
    outside=[],
)
def distogram(logits, target, first, last):
    bins = len(logits[0][0])
    edges = [mpf(first) + k * (mpf(last) - mpf(first)) / (bins - 2) for k in range(bins - 1)]
    total = mpf(0)
    for row, a in zip(logits, target, strict=True):
        for scores, b in zip(row, target, strict=True):
            d = sqrt(sum((x - y) ** 2 for x, y in zip(a, b, strict=True)))
            total += of_token(scores, sum(d > edge for edge in edges))
    return total


def _local(r, t, x):
    """The coordinates of x in the frame (r, t): the transpose of r takes off its rotation."""
    offset = [a - b for a, b in zip(x, t, strict=True)]
    return [sum(r[k][i] * offset[k] for k in range(3)) for i in range(3)]
