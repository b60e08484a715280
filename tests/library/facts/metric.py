"""The losses of embeddings as papers print them.

Of a coupled loss the formula is that of a whole batch, summed over its items.
"""

import math

import numpy as np
from library.facts.row import facts
from library.facts.shared import (
    LN2,
)
from mpmath import acos, cos, exp, log, mpf, nstr, pi, sin, sqrt

_FAR, _NEAR = [3e15, -4e15, 1e9], [1e-12, 2e-12, -2e-12]

_HUGE, _TINY = [3e18, -4e18, 1e18], [1e-25, 2e-25, -2e-25]

_ORIGIN, _ROW = [0.0] * 3, [1.0, -2.0, 0.5]

# Almost opposite to a prototype of arcface, beyond π - m.
_OPPOSITE = [1.25, -1.0, -0.5]

# Vectors whose squares overflow or underflow, and two that are almost parallel.
_SCALES = [[_HUGE, _ROW, _TINY], [_ROW, [1.0, -2.0, 0.5001], _HUGE]]

_SPREAD = [[1.0, -2.0, 0.5], [4.0, 0.0, 1.0], [-1.0, 2.0, 5.0]]
# Two of a class, all of one, all of different ones.
_LABELLED = [
    {"embeddings": rows, "target": labels}
    for rows in (*_SCALES, _SPREAD)
    for labels in (np.array([0, 1, 0]), np.array([2, 2, 2]), np.array([0, 1, 2]))
]

_FLAT = [[1.0, 2.0, 0.25], [1.25, 1.0, 3.0], [1.5, 2.0, -2.0]]


def _batches(first, second):
    return [
        {first: _SCALES[0], second: _SCALES[1]},
        {first: _SPREAD, second: [_FLAT[2], _FLAT[0], _FLAT[1]]},
    ]


_SAME, _AXES = [[2.0, 1.0]] * 3, [[1.0, 0.0], [0.0, 1.0]]

# Two classes, one on each side at distance 1 of a cosine: ln(1 + e⁻¹).
_ONE_APART = math.log1p(math.exp(-1))

_LABELS = [("target", 4), ("target", -1)]


@facts(
    known=[
        # Hadsell et al. (2006), equation 4, by hand on the 3-4-5 triangle: ½ 5², ½ (1 - 0.5)².
        ({"first": [[0.0, 0.0]], "second": [[3.0, 4.0]], "target": [1.0]}, 12.5),
        ({"first": [[0.0, 0.0]], "second": [[0.3, 0.4]], "target": [0.0]}, 0.125),
        ({"first": [[0.0, 0.0]], "second": [[0.3, 0.4]], "target": [0.0], "margin": 2.5}, 2.0),
        ({"first": [[0.0, 0.0]], "second": [[3.0, 4.0]], "target": [0.0]}, 0.0),
    ],
    extremes=[
        {"first": row, "second": _ORIGIN, "target": y}
        for row in (_FAR, _NEAR, _ROW)
        for y in (0.0, 1.0)
    ],
    outside=[("target", 0.5), ("target", -1.0), ("target", 2.0)],
)
def contrastive(first, second, target, margin):
    d = _distance(first, second)
    return (target * d**2 + (1 - target) * max(mpf(0), margin - d) ** 2) / 2


@facts(
    known=[
        # Schroff et al. (2015), equation 2, by hand: 5 - 2 + 1, 25 - 4 + 1, and 7 - 2 + 1.
        (
            _TRIPLET := {
                "anchor": [[0.0, 0.0]],
                "positive": [[3.0, 4.0]],
                "negative": [[0.0, 2.0]],
            },
            4.0,
        ),
        (_TRIPLET | {"squared": True}, 22.0),
        (_TRIPLET | {"p": 1.0}, 6.0),
        (_TRIPLET | {"positive": [[0.0, 0.5]], "negative": [[0.0, 2.0]]}, 0.0),
    ],
    extremes=[
        {"anchor": _ORIGIN, "positive": _FAR, "negative": _NEAR},
        {"anchor": _ORIGIN, "positive": _NEAR, "negative": [1e-3, 1e-2, -3e-3]},
        {"anchor": _ORIGIN, "positive": _ROW, "negative": _FAR},
    ],
    outside=[],
)
def triplet(anchor, positive, negative, margin, p, squared):
    power = 2 if squared else 1
    near, far = (_distance(anchor, other, p) ** power for other in (positive, negative))
    return max(mpf(0), near - far + mpf(margin))


@facts(
    known=[
        # (3, 4) and (4, 3): cos = 24/25.
        ({"first": [[3.0, 4.0]], "second": [[4.0, 3.0]], "target": [1.0]}, 0.04),
        ({"first": [[3.0, 4.0]], "second": [[4.0, 3.0]], "target": [-1.0]}, 0.96),
        ({"first": [[3.0, 4.0]], "second": [[4.0, 3.0]], "target": [-1.0], "margin": 0.3}, 0.66),
        # A row of zeros has no direction.
        ({"first": [[0.0, 0.0]], "second": [[4.0, 3.0]], "target": [1.0]}, 1.0),
    ],
    extremes=[
        {"first": a, "second": b, "target": y}
        for a, b in [(_HUGE, _ROW), (_TINY, _ROW), (_TINY, _HUGE)]
        for y in (-1.0, 1.0)
    ],
    outside=[("target", 0.0), ("target", 2.0), ("target", 0.5)],
)
def cosine_embedding(first, second, target, margin):
    c = _cosine(first, second)
    return 1 - c if target == 1 else max(mpf(0), c - mpf(margin))


@facts(
    known=[
        # Embeddings that know nothing: ln n.
        ({"query": _SAME, "key": _SAME}, math.log(3)),
        ({"query": _AXES, "key": _AXES, "temperature": 1.0}, _ONE_APART),
    ],
    extremes=_batches("query", "key"),
    outside=[],
)
def info_nce(query, key, temperature):
    return sum(_surprise([_cosine(q, k) for k in key], i, temperature) for i, q in enumerate(query))


@facts(
    known=[
        # Embeddings that know nothing: ln(2n - 1).
        ({"first": _SAME, "second": _SAME}, math.log(5)),
        # Two orthogonal pairs: e against e + 1 + 1.
        ({"first": _AXES, "second": _AXES, "temperature": 1.0}, math.log(1 + 2 / math.e)),
        ({"first": [[1.0, 0.0]], "second": [[0.0, 1.0]]}, 0.0),
    ],
    extremes=_batches("first", "second"),
    outside=[],
)
def nt_xent(first, second, temperature):
    views, n = first + second, len(first)
    total = mpf(0)
    for i, view in enumerate(views):
        others = [j for j in range(2 * n) if j != i]
        scores = [_cosine(view, views[j]) for j in others]
        total += _surprise(scores, others.index((i + n) % (2 * n)), temperature)
    return total


@facts(
    known=[
        ({"image": _SAME, "text": _SAME}, math.log(3)),
        ({"image": _AXES, "text": _AXES, "temperature": 1.0}, _ONE_APART),
        # Text 0 suits both images: ½ (ln(1 + e⁰)) + ½ …, by hand for both directions.
        (
            {"image": _AXES, "text": [[1.0, 0.0], [1.0, 0.0]], "temperature": 1.0},
            (2 * LN2 + _ONE_APART + math.log1p(math.e)) / 4,
        ),
    ],
    extremes=_batches("image", "text"),
    outside=[],
)
def clip(image, text, temperature):
    return (info_nce(image, text, temperature) + info_nce(text, image, temperature)) / 2


@facts(
    known=[
        # Zhai et al. (2023), section 3.2: at the start t = 10, b = -10, and a match scores 0.
        ({"image": [[1.0, 0.0]], "text": [[1.0, 0.0]]}, LN2),
        ({"image": _AXES, "text": _AXES}, LN2 + math.log1p(math.exp(-10))),
    ],
    extremes=_batches("image", "text"),
    outside=[],
)
def siglip(image, text, scale, bias):
    total = mpf(0)
    for i, a in enumerate(image):
        for j, b in enumerate(text):
            sign = 1 if i == j else -1
            total += log(1 + exp(-sign * (scale * _cosine(a, b) + bias)))
    return total


@facts(
    known=[
        # The first two find each other against one rival; the third is alone.
        (
            {
                "embeddings": [[1.0, 0.0], [1.0, 0.0], [0.0, 1.0]],
                "target": np.array([0, 0, 1]),
                "temperature": 1.0,
            },
            _ONE_APART,
        ),
        # One class: each softmax is over the n - 1 others, all equal.
        ({"embeddings": _SAME, "target": np.array([7, 7, 7])}, LN2),
        ({"embeddings": _SAME, "target": np.array([0, 1, 2])}, 0.0),
    ],
    extremes=_LABELLED,
    outside=[],
)
def sup_con(embeddings, target, temperature):
    total = mpf(0)
    for i, row in enumerate(embeddings):
        others = [j for j in range(len(embeddings)) if j != i]
        scores = [_cosine(row, embeddings[j]) for j in others]
        partners = [k for k, j in enumerate(others) if target[j] == target[i]]
        terms = [_surprise(scores, k, temperature) for k in partners]
        total += sum(terms) / len(terms) if terms else 0
    return total


@facts(
    known=[
        # Deng et al. (2019), equation 3, at 45° between two prototypes.
        (
            _BETWEEN := {
                "embeddings": [[1.0, 1.0]],
                "target": np.array([0]),
                "prototypes": ((2.0, 0.0), (0.0, 3.0)),
                "scale": 1.0,
                "margin": 0.0,
            },
            LN2,
        ),
        (
            _BETWEEN | {"margin": 0.5},
            math.log1p(math.exp(math.cos(math.pi / 4) - math.cos(math.pi / 4 + 0.5))),
        ),
        # Right on the prototype: cos m against cos 90°.
        (
            _BETWEEN | {"embeddings": [[5.0, 0.0]], "margin": 0.5, "scale": 2.0},
            math.log1p(math.exp(-2 * math.cos(0.5))),
        ),
    ],
    extremes=[
        {"embeddings": row, "target": y} for row in (_HUGE, _OPPOSITE, _ROW) for y in range(4)
    ],
    outside=_LABELS,
)
def arcface(embeddings, target, prototypes, margin, scale):
    cosines = [_cosine(embeddings, [mpf(x) for x in row]) for row in prototypes]
    own, m = int(target), mpf(margin)
    angle = acos(cosines[own])
    # Beyond π - m the authors' code goes on in a straight line of the cosine.
    cosines[own] = cos(angle + m) if angle < pi - m else cosines[own] - m * sin(m)
    return _surprise(cosines, own, 1 / mpf(scale))


@facts(
    known=[
        # Wang et al. (2018), equation 4, at 45° between two prototypes.
        (_BETWEEN, LN2),
        (_BETWEEN | {"margin": 0.5}, math.log1p(math.exp(0.5))),
        (
            _BETWEEN | {"embeddings": [[5.0, 0.0]], "margin": 0.5, "scale": 2.0},
            math.log1p(math.exp(-1)),
        ),
    ],
    extremes=[
        {"embeddings": row, "target": y} for row in (_HUGE, _OPPOSITE, _ROW) for y in range(4)
    ],
    outside=_LABELS,
)
def cosface(embeddings, target, prototypes, margin, scale):
    cosines = [_cosine(embeddings, [mpf(x) for x in row]) for row in prototypes]
    cosines[int(target)] -= mpf(margin)
    return _surprise(cosines, int(target), 1 / mpf(scale))


@facts(
    known=[
        # Liu et al. (2017), equation 6: m = 2 at 60° has ψ = -½, against cos 30°; length 2.
        (
            {
                "embeddings": [[1.0, math.sqrt(3)]],
                "target": np.array([0]),
                "prototypes": ((2.0, 0.0), (0.0, 3.0)),
                "margin": 2,
            },
            math.log1p(math.exp(2 * (math.sqrt(3) / 2 + 0.5))),
        ),
        # m = 4 at 180°: k = 3 and ψ = -7; the other class lies at 90°.
        (
            {
                "embeddings": [[-1.0, 0.0]],
                "target": np.array([0]),
                "prototypes": ((2.0, 0.0), (0.0, 3.0)),
            },
            math.log1p(math.exp(7)),
        ),
    ],
    # The length counts, so that it cannot be everything.
    extremes=[
        {"embeddings": row, "target": y}
        for row in ([3.0, -4.0, 12.0], _OPPOSITE, [0.5, 0.25, -0.75], _TINY)
        for y in range(4)
    ],
    outside=_LABELS,
)
def sphereface(embeddings, target, prototypes, margin, scale):
    """Liu et al. (2017), equation 7, by the angle itself."""
    cosines = [_cosine(embeddings, [mpf(x) for x in row]) for row in prototypes]
    own, length = int(target), sqrt(_dot(embeddings, embeddings))
    angle = acos(cosines[own])
    k = int(angle * margin / pi)
    cosines[own] = (-1) ** k * cos(margin * angle) - 2 * k
    # As 1 over what the right class is outweighed by, whose logarithm loses nothing.
    return log(sum(exp(scale * length * (c - cosines[own])) for c in cosines))


@facts(
    known=[
        # Three of a class at one point and one other at 90°: six pairs, each ln(1 + e⁻¹).
        (
            {
                "embeddings": [[1.0, 0.0], [2.0, 0.0], [3.0, 0.0], [0.0, 1.0]],
                "target": np.array([0, 0, 0, 1]),
                "temperature": 1.0,
            },
            _ONE_APART,
        ),
        # optax' documentation of ntxent: one dimension, so that all cosines are 1: ln 3.
        (
            {
                "embeddings": [[0.08969027], [1.6291292], [0.8622629], [0.13612625]],
                "target": np.array([0, 0, 1, 1]),
            },
            math.log(3),
        ),
        ({"embeddings": _SAME, "target": np.array([7, 7, 7])}, 0.0),
        ({"embeddings": _SAME, "target": np.array([0, 1, 2])}, 0.0),
    ],
    extremes=_LABELLED,
    outside=[],
)
def nt_xent_with_labels(embeddings, target, temperature):
    total = mpf(0)
    for i, row in enumerate(embeddings):
        rivals = [other for j, other in enumerate(embeddings) if target[j] != target[i]]
        for j, partner in enumerate(embeddings):
            if j != i and target[j] == target[i]:
                scores = [_cosine(row, other) for other in (partner, *rivals)]
                total += _surprise(scores, 0, temperature)
    return total


@facts(
    known=[
        # Wang et al. (2019), equation 9, by hand: two of a class at one point, one other at 90°.
        (
            _TWO_AND_ONE := {
                "embeddings": [[1.0, 0.0], [2.0, 0.0], [0.0, 1.0]],
                "target": np.array([0, 0, 1]),
            },
            (
                2 * (math.log1p(math.exp(-1)) / 2 + math.log1p(math.exp(-25)) / 50)
                + math.log1p(2 * math.exp(-25)) / 50
            )
            / 3,
        ),
        ({"embeddings": _SAME[:1], "target": np.array([7])}, 0.0),
    ],
    extremes=_LABELLED,
    outside=[],
)
def multi_similarity(embeddings, target, alpha, beta, base):
    total, a, b = mpf(0), mpf(alpha), mpf(beta)
    for i, row in enumerate(embeddings):
        near, far = mpf(1), mpf(1)
        for j, other in enumerate(embeddings):
            above = _cosine(row, other) - mpf(base)
            if j != i and target[j] == target[i]:
                near += exp(-a * above)
            elif j != i:
                far += exp(b * above)
        total += log(near) / a + log(far) / b
    return total


@facts(
    known=[
        # Sun et al. (2020), equation 6, m = 0.4: exp(γ 0.4 · -0.4) · exp(-γ 0.4 · 0.4), twice.
        (_TWO_AND_ONE | {"scale": 1.0}, math.log1p(math.exp(-0.32))),
        (_TWO_AND_ONE, math.log1p(math.exp(-25.6))),
        ({"embeddings": _SAME, "target": np.array([7, 7, 7])}, 0.0),
    ],
    extremes=_LABELLED,
    outside=[],
)
def circle(embeddings, target, margin, scale):
    """Sun et al. (2020), equations 4 to 6, in which the weights are constants of the gradient."""
    total, m = mpf(0), mpf(margin)
    for i, row in enumerate(embeddings):
        near, far = mpf(0), mpf(0)
        for j, other in enumerate(embeddings):
            s = _cosine(row, other)
            if j != i and target[j] == target[i]:
                near += exp(-scale * max(mpf(0), 1 + m - _held(s)) * (s - (1 - m)))
            elif j != i:
                far += exp(scale * max(mpf(0), _held(s) + m) * (s - m))
        total += log(1 + near * far)
    return total


def _held(x):
    """A number that does not move with the tiny steps of a derivative: its first 30 digits."""
    return mpf(nstr(x, 30))


@facts(
    known=[
        # Bardes et al. (2022), equations 1 to 6, term by term by hand.
        (
            {
                "first": _AXES,
                "second": [[0.0, 0.0]] * 2,
                "variance": 0.0,
                "covariance": 0.0,
            },
            12.5,
        ),
        (
            {"first": _AXES[:1] * 2, "second": _AXES[:1] * 2, "covariance": 0.0},
            25 * 0.99,
        ),
        ({"first": [[1.0, 1.0], [-1.0, -1.0]], "second": [[1.0, 1.0], [-1.0, -1.0]]}, 8.0),
    ],
    extremes=[{"first": _SPREAD, "second": _FLAT}],
    outside=[],
)
def vicreg(first, second, invariance, variance, covariance):
    n, d = len(first), len(first[0])
    pairs = [(a, b) for u, v in zip(first, second, strict=True) for a, b in zip(u, v, strict=True)]
    total = mpf(invariance) * sum((a - b) ** 2 for a, b in pairs) / (n * d)
    for view in (first, second):
        columns = _centred(view)
        for i, a in enumerate(columns):
            spread = sqrt(sum(x**2 for x in a) / (n - 1) + mpf("1e-4"))
            total += mpf(variance) * max(mpf(0), 1 - spread) / d / 2
            for j, b in enumerate(columns):
                if i != j:
                    total += mpf(covariance) * (_dot(a, b) / (n - 1)) ** 2 / d
    return total


@facts(
    known=[
        # Zbontar et al. (2021), equation 1: copies, opposites, and two dimensions that are one.
        ({"first": [[1.0], [2.0]], "second": [[5.0], [9.0]]}, 0.0),
        ({"first": [[1.0], [2.0]], "second": [[9.0], [5.0]]}, 4.0),
        ({"first": [[1.0, 1.0], [-1.0, -1.0]], "second": [[1.0, 1.0], [-1.0, -1.0]]}, 0.01),
        # A dimension that is constant correlates with nothing.
        ({"first": [[3.0], [3.0]], "second": [[5.0], [9.0]]}, 1.0),
    ],
    extremes=[{"first": _SPREAD, "second": _FLAT}],
    outside=[],
)
def barlow_twins(first, second, redundancy):
    total = mpf(0)
    for i, a in enumerate(_centred(first)):
        for j, b in enumerate(_centred(second)):
            c = _cosine(a, b)
            total += (1 - c) ** 2 if i == j else mpf(redundancy) * c**2
    return total


def _dot(a, b):
    return sum(x * y for x, y in zip(a, b, strict=True))


def _cosine(a, b):
    return _dot(a, b) / sqrt(_dot(a, a) * _dot(b, b))


def _distance(a, b, p=2):
    return sum(abs(x - y) ** p for x, y in zip(a, b, strict=True)) ** (1 / mpf(p))


def _surprise(scores, own, temperature):
    parts = [exp(s / mpf(temperature)) for s in scores]
    return -log(parts[own] / sum(parts))


def _centred(view):
    """The dimensions of a view, each with mean 0."""
    columns = [[row[d] for row in view] for d in range(len(view[0]))]
    return [[x - sum(column) / len(column) for x in column] for column in columns]
