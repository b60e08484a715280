"""The losses of ranking as their papers print them."""

import math

from library.facts.row import facts
from library.facts.shared import (
    LN2,
)
from mpmath import exp, log, mpf

_GRADES = [3.0, 0.0, 1.0, 1.0, 2.0]

_SCORES = [
    [1e4, -1e4, 0.0, 3.0, 1.0],
    [1e-9, 2e-9, 0.0, 3e-9, 5e-9],
    [-50.0, 50.0, 0.0, 1.0, -1.0],
]

_LISTS = [{"scores": s, "target": _GRADES} for s in _SCORES]

_LISTS += [_LISTS[2] | {"mask": [True, False, True, True, False]}]

_ONE = {"scores": [[0.0, 1.0]], "target": [[1.0, 0.0]]}

_PADDED = {"scores": [[0.0, 1.0, 9.0]], "target": [[1.0, 0.0, 9.0]], "mask": [[True, True, False]]}

# Two items in the wrong order: NDCG would gain 1 - 1 / log2 3.
_EXCHANGE = (1 - LN2 / math.log(3)) * math.log1p(math.e)


@facts(
    known=[
        # By hand, as torch's documentation defines it.
        ({"first": [2.0], "second": [1.5], "target": [1.0]}, 0.0),
        ({"first": [2.0], "second": [1.5], "target": [-1.0]}, 0.5),
        ({"first": [2.0], "second": [1.5], "target": [1.0], "margin": 1.0}, 0.5),
    ],
    extremes=[
        {"first": a, "second": b, "target": y}
        for a, b in [(1e30, -1e30), (1e-9, 0.0), (1e8, 0.0)]
        for y in (-1.0, 1.0)
    ],
    outside=[("target", 0.0), ("target", 2.0), ("target", 0.5)],
)
def margin_ranking(first, second, target, margin):
    return max(mpf(0), -target * (first - second) + mpf(margin))


@facts(
    known=[
        # Equal scores: ln n, whatever the grades.
        ({"scores": [[7.0] * 4], "target": [[0.0, 1.0, 2.0, 3.0]]}, math.log(4)),
        # Grades ln 3 and 0: ¾ and ¼ against ½ and ½, and against ¼ and ¾.
        ({"scores": [[0.0, 0.0]], "target": [[math.log(3), 0.0]]}, LN2),
        (
            {"scores": [[0.0, math.log(3)]], "target": [[math.log(3), 0.0]]},
            0.75 * math.log(4) + 0.25 * math.log(4 / 3),
        ),
    ],
    extremes=_LISTS,
    outside=[],
)
def listnet(scores, target, mask=None):
    """Cao et al. (2007), equation 5, of top-one probabilities."""
    s, y = _real(scores, mask), _real(target, mask)
    by_score, by_grade = ([exp(v) / sum(map(exp, row)) for v in row] for row in (s, y))
    return -sum(p * log(q) for p, q in zip(by_grade, by_score, strict=True))


@facts(
    known=[
        # n! orders are equally likely.
        ({"scores": [[2.0] * 5], "target": [[0.0, 1.0, 2.0, 3.0, 4.0]]}, math.log(120)),
        # exp(s) = 1, 2, 3 for the relevances 3, 2, 1: 1/6 · 2/5.
        (
            {"scores": [[0.0, LN2, math.log(3)]], "target": [[3.0, 2.0, 1.0]]},
            math.log(15),
        ),
        (_PADDED, math.log1p(math.e)),
    ],
    extremes=_LISTS,
    outside=[],
)
def listmle(scores, target, mask=None):
    """Xia et al. (2008), equation 9: -ln Π exp(s_i) / Σ_{j ≥ i} exp(s_j)."""
    s, y = _real(scores, mask), _real(target, mask)
    order = sorted(range(len(s)), key=lambda i: (-y[i], i))
    total = mpf(0)
    for place, i in enumerate(order):
        # As a sum of what is left over what is chosen, whose logarithm loses nothing.
        rest = sum((exp(s[j] - s[i]) for j in order[place + 1 :]), mpf(0))
        total += log(1 + rest)
    return total


@facts(
    known=[
        (_ONE, _EXCHANGE),
        (_PADDED, _EXCHANGE),
        ({"scores": [[0.0, 0.0]], "target": [[1.0, 0.0]]}, (1 - LN2 / math.log(3)) * LN2),
        ({"scores": [[0.0, 1.0, 2.0]], "target": [[2.0, 2.0, 2.0]]}, 0.0),
    ],
    extremes=_LISTS,
    outside=[("target", -1.0)],
)
def lambdarank(scores, target, sigma, mask=None):
    """Burges et al. (2006), with every ΔNDCG from the DCG of the list with the two exchanged."""
    s, y = _real(scores, mask), _real(target, mask)
    order = sorted(range(len(s)), key=lambda i: (-s[i], i))
    best = _dcg(sorted(y, reverse=True))
    total = mpf(0)
    for i in range(len(s)):
        for j in range(len(s)):
            if y[i] > y[j]:
                swapped = [{i: j, j: i}.get(k, k) for k in order]
                change = abs(_dcg([y[k] for k in order]) - _dcg([y[k] for k in swapped])) / best
                total += change * log(1 + exp(-mpf(sigma) * (s[i] - s[j])))
    return total


def _dcg(grades):
    return sum((mpf(2) ** y - 1) / log(place + 2, 2) for place, y in enumerate(grades))


def _real(values, mask):
    return [v for i, v in enumerate(values) if mask is None or mask[i]]
