"""The losses of images and sounds as their papers print them."""

import math

import numpy as np
from library.facts.row import facts
from mpmath import exp, fdot, fsum, log, mpf

_SOUND = [1.0, -2.0, 0.5, 3.0]

_BOARD = np.indices((11, 11)).sum(axis=0) % 2

_RAMP = np.add.outer(np.arange(11.0), np.arange(11.0)) / 20


@facts(
    known=[
        # By hand: distortion of 1 beside a signal of 25, at any volume: 10 log10(1/25).
        ({"pred": [[5.0, 1.0]], "target": [[1.0, 0.0]]}, -20 * math.log10(5)),
        ({"pred": [[0.5, 0.1]], "target": [[-7.0, 0.0]]}, -20 * math.log10(5)),
        ({"pred": [[1.0, 1.0]], "target": [[1.0, 0.0]]}, 0.0),
        # TorchMetrics' documentation of ScaleInvariantSignalDistortionRatio: 18.4030.
        (
            {"pred": [[2.5, 0.0, 2.0, 8.0]], "target": [[3.0, -0.5, 2.0, 7.0]]},
            -10 * math.log10(67.5**2 / 62.25 / (74.25 - 67.5**2 / 62.25)),
        ),
        # Without the means (4, 2): (1, -1) twice, whatever is added.
        (
            {"pred": [[2.0, 0.0, 3.0]], "target": [[1.0, 0.0, 2.0]], "zero_mean": True},
            10 * math.log10((14 / 3 - 4.5) / 4.5),
        ),
    ],
    # Loud and quiet, nearly perfect, and nearly nothing of the target.
    extremes=[
        {"pred": pred, "target": target}
        for pred, target in [
            ([1e18, -1e18, 1e17, 2e18], _SOUND),
            ([1e-20, -1e-20, 2e-20, 3e-20], _SOUND),
            ([1.25, -2.0, 0.5, 3.0], [2e18, -4e18, 1e18, 6e18]),
            ([2.0, 1.25, 0.0, 0.0], _SOUND),
        ]
    ],
    outside=[],
)
def si_sdr(pred, target, zero_mean):
    """Le Roux et al. (2019), equation 3, negated."""
    if zero_mean:
        pred, target = ([x - sum(row) / len(row) for x in row] for row in (pred, target))
    a = _dot(pred, target) / _dot(target, target)
    aim = [a * s for s in target]
    rest = [x - s for x, s in zip(pred, aim, strict=True)]
    return -10 * log(_dot(aim, aim) / _dot(rest, rest), 10)


@facts(
    known=[
        ({"pred": [_RAMP.tolist()], "target": [_RAMP.tolist()], "data_range": 1.0}, 0.0),
        # Flat images have no structure: 1 - (2 · 1 · 3 + c1) / (1 + 9 + c1).
        (
            {"pred": [[[1.0] * 11] * 11], "target": [[[3.0] * 11] * 11], "data_range": 1.0},
            1 - (6 + 1e-4) / (10 + 1e-4),
        ),
        (
            {"pred": [[[1.0] * 11] * 11], "target": [[[3.0] * 11] * 11], "data_range": 10.0},
            1 - (6 + 1e-2) / (10 + 1e-2),
        ),
    ],
    extremes=[
        # Two boards of opposite squares.
        {"pred": (0.5 + 0.25 * _BOARD).tolist(), "target": (0.75 - 0.25 * _BOARD).tolist()},
    ],
    outside=[],
)
def ssim(pred, target, data_range, window):
    """Wang et al. (2004), equations 13 to 17, window by window."""
    c1, c2 = (mpf("0.01") * data_range) ** 2, (mpf("0.03") * data_range) ** 2
    g = [exp(-(mpf(i - window // 2) ** 2) / (2 * mpf("1.5") ** 2)) for i in range(window)]
    w = [a * b / sum(g) ** 2 for a in g for b in g]
    places = [len(side) - window + 1 for side in (pred, pred[0])]
    total = mpf(0)
    for top in range(places[0]):
        for left in range(places[1]):
            x, y = (
                [image[top + i][left + j] for i in range(window) for j in range(window)]
                for image in (pred, target)
            )
            m_x, m_y = fdot(w, x), fdot(w, y)
            weighted = [a * b for a, b in zip(w, x, strict=True)]
            v_x, cov = fdot(weighted, x) - m_x**2, fdot(weighted, y) - m_x * m_y
            v_y = fsum(a * b**2 for a, b in zip(w, y, strict=True)) - m_y**2
            alike = (2 * m_x * m_y + c1) * (2 * cov + c2)
            total += alike / ((m_x**2 + m_y**2 + c1) * (v_x + v_y + c2))
    return 1 - total / (places[0] * places[1])


def _dot(a, b):
    return sum(x * y for x, y in zip(a, b, strict=True))
