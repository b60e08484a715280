"""The losses of sequences, structure and speech as papers print them; see `library.textbook`.

Connectionist temporal classification is the sum over all paths, one by one.
"""

import itertools
import math

import numpy as np
from mpmath import exp, log, mpf, sqrt


def ctc(logits, target, input_lengths, target_lengths, blank):
    frames, size = int(input_lengths), int(target_lengths)
    text = [int(symbol) for symbol in target[:size]]
    probs = [_softmax(row) for row in logits[:frames]]
    total = mpf(0)
    for path in itertools.product(range(len(logits[0])), repeat=frames):
        if collapse(path, blank) == text:
            chance = mpf(1)
            for row, symbol in zip(probs, path, strict=True):
                chance *= row[symbol]
            total += chance
    return -log(total)


def collapse(path, blank):
    """Merge repeats, then drop blanks."""
    return [symbol for symbol, _ in itertools.groupby(path) if symbol != blank]


def causal_lm(logits, tokens, num_items, z_loss):
    pairs = zip(logits[:-1], tokens[1:], strict=True)
    return sum(_token(row, token) + mpf(z_loss) * _normaliser(row) ** 2 for row, token in pairs)


def masked_lm(logits, target, num_items):
    return sum(_token(row, token) for row, token in zip(logits, target, strict=True))


def linear_cross_entropy(
    hidden, target, linear_weight, linear_bias, weight, label_smoothing, z_loss, num_items
):
    classes, smoothing = len(linear_weight), mpf(label_smoothing)
    total = mpf(0)
    for h, label in zip(hidden, target, strict=True):
        z = [sum(w * x for w, x in zip(row, h, strict=True)) for row in linear_weight]
        if linear_bias is not None:
            z = [a + b for a, b in zip(z, linear_bias, strict=True)]
        t = [smoothing / classes + (1 - smoothing) * (c == label) for c in range(classes)]
        if weight is not None:
            t = [w * a for w, a in zip(weight, t, strict=True)]
        normaliser = _normaliser(z)
        total += sum(a * (normaliser - b) for a, b in zip(t, z, strict=True))
        total += sum(t) * mpf(z_loss) * normaliser**2
    return total


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


def distogram(logits, target, first, last):
    bins = len(logits[0][0])
    edges = [mpf(first) + k * (mpf(last) - mpf(first)) / (bins - 2) for k in range(bins - 1)]
    total = mpf(0)
    for row, a in zip(logits, target, strict=True):
        for scores, b in zip(row, target, strict=True):
            d = sqrt(sum((x - y) ** 2 for x, y in zip(a, b, strict=True)))
            total += _token(scores, sum(d > edge for edge in edges))
    return total


def wav2vec2_contrastive(context, quantized, distractors, temperature):
    scores = [_cosine(context, q) / mpf(temperature) for q in [quantized, *distractors]]
    return _token(scores, 0)


def codebook_diversity(probs):
    n, codebooks, entries = len(probs), len(probs[0]), len(probs[0][0])
    total = mpf(0)
    for g in range(codebooks):
        for v in range(entries):
            mean = sum(row[g][v] for row in probs) / n
            total += mean * log(mean)
    return total / (codebooks * entries)


def _token(row, token):
    return _normaliser(row) - row[int(token)]


def _normaliser(row):
    return log(sum(exp(z) for z in row))


def _softmax(row):
    total = sum(exp(z) for z in row)
    return [exp(z) / total for z in row]


def _local(r, t, x):
    """The coordinates of x in the frame (r, t): the transpose of r takes off its rotation."""
    offset = [a - b for a, b in zip(x, t, strict=True)]
    return [sum(r[k][i] * offset[k] for k in range(3)) for i in range(3)]


def _cosine(a, b):
    norms = sqrt(sum(x * x for x in a)) * sqrt(sum(y * y for y in b))
    return sum(x * y for x, y in zip(a, b, strict=True)) / norms


_UNEVEN = [[150.0, -150.0, 0.0, 1e-9], [-40.0, 40.0, 39.0, 0.0], [0.0, 0.0, 1.0, -1e3]]
_TURN = [[0.0, -1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 1.0]]
_EYE = np.eye(3).tolist()
_FRAMES = {
    "rotations": [_TURN, _EYE],
    "translations": [[0.0, 1.0, 2.0], [16.0, 0.0, 0.0]],
    "target_rotations": [_EYE, _EYE],
    "target_translations": [[0.0, 0.0, 0.0], [16.0, 0.5, 0.0]],
}

EXTREMES = {
    "ctc": [
        {"logits": _UNEVEN, "target": text, "input_lengths": 3, "target_lengths": size}
        for text, size in [([1, 2], 2), ([1, 1], 2), ([2, 1], 1), ([1, 2], 0)]
    ],
    "causal_lm": [{"logits": _UNEVEN, "tokens": tokens} for tokens in ([0, 0, 1], [3, 1, 3])],
    "masked_lm": [{"logits": _UNEVEN, "target": target} for target in ([0, 0, 1], [1, 0, 3])],
    "linear_cross_entropy": [
        {
            "hidden": [[40.0, -40.0, 1e-9], [0.0, 0.0, 0.0], [1e-9, 1e-9, 30.0], [-60.0, 0.0, 1.0]],
            "target": target,
        }
        for target in ([0, 1, 2, 3], [3, 2, 1, 0])
    ],
    "fape": [
        _FRAMES | {"positions": positions, "target": [[1.0, 2.0, 3.0], [64.0, 0.0, -1.0]]}
        for positions in (
            [[1.0, 2.0, 3.0], [64.0, 0.0, -1.0]],
            [[-1.0, 2.5, 3.0], [30.0, 1e-9, 0.0]],
        )
    ],
    "distogram": [
        {
            "logits": [[row, row[::-1]] for row in (_UNEVEN[0], _UNEVEN[1])],
            "target": [[0.0, 0.0, 0.0], other],
        }
        for other in ([1.0, 2.0, 2.0], [11.0, 0.0, -1e-9], [1e6, 1e6, 0.0])
    ],
    "wav2vec2_contrastive": [
        {"context": [1e4, 1e4, 0.0], "quantized": [1e-4, 0.0, 1e-4], "distractors": others}
        for others in ([[0.0, 1.0, 0.0]], [[1e-4, 0.0, 2e-4], [-1.0, 0.0, 5.0], [3.0, 3.0, 3.0]])
    ],
    "codebook_diversity": [
        {"probs": [[[0.5, 0.5, 1e-20]], [[0.25, 0.75, 1e-20]]]},
        {"probs": [[[0.25, 0.25, 0.5], [0.125, 0.75, 0.125]]]},
    ],
}

LN2, LN3, LN5 = math.log(2), math.log(3), math.log(5)
_AXES = {
    "hidden": [[[1.0, 0.0], [0.0, 1.0], [0.0, 0.0]]],
    "linear_weight": LN3 * np.eye(2),
}
_TWO_LETTERS = np.zeros((1, 2, 3))
_HERE = {"rotations": [_EYE], "translations": [[0.0, 0.0, 0.0]]}
_THERE = {f"target_{name}": value for name, value in _HERE.items()}
_CORNER = _HERE | _THERE | {"positions": [[3.0, 4.0, 0.0]], "target": [[0.0, 0.0, 0.0]]}

KNOWN = {
    # Graves et al. (2006), section 3, counting paths under equal chances.
    "ctc": [
        # Two frames: 11, 01, 10 of nine.
        ({"logits": _TWO_LETTERS, "target": np.array([[1]])}, LN3),
        # 12 alone.
        ({"logits": _TWO_LETTERS, "target": np.array([[1, 2]])}, 2 * LN3),
        # Twice the same symbol takes a blank, which does not fit.
        ({"logits": _TWO_LETTERS, "target": np.array([[1, 1]])}, math.inf),
        # 101 alone of 27.
        ({"logits": np.zeros((1, 3, 3)), "target": np.array([[1, 1]])}, 3 * LN3),
        # Nothing but blanks.
        ({"logits": _TWO_LETTERS, "target": np.zeros((1, 0), int)}, 2 * LN3),
        # Three frames: 1__ in six ways, 001 010 100 011 110 111, of 27.
        ({"logits": np.zeros((1, 3, 3)), "target": np.array([[1]])}, math.log(27 / 6)),
    ],
    "causal_lm": [
        # A model that knows nothing: ln V a token; the normaliser is ln V as well.
        ({"logits": np.zeros((2, 3, 5)), "tokens": np.ones((2, 3), int)}, math.log(5)),
        (
            {"logits": np.zeros((2, 3, 5)), "tokens": np.ones((2, 3), int), "z_loss": 0.5},
            math.log(5) + math.log(5) ** 2 / 2,
        ),
        # Position 0 says token 1 with ¾; what the last position says does not matter.
        ({"logits": [[[0.0, LN3], [9.0, 0.0]]], "tokens": np.array([[0, 1]])}, math.log(4 / 3)),
        # Two tokens of ln 2, divided by 8.
        (
            {"logits": np.zeros((1, 3, 2)), "tokens": np.ones((1, 3), int), "num_items": 8},
            LN2 / 4,
        ),
    ],
    "masked_lm": [
        ({"logits": np.zeros((1, 3, 5)), "target": np.array([[-100, 2, -100]])}, math.log(5)),
        # Of two positions the masked one counts, and says token 1 with ¾.
        ({"logits": [[[9.0, 0.0], [0.0, LN3]]], "target": np.array([[-100, 1]])}, math.log(4 / 3)),
    ],
    "linear_cross_entropy": [
        # A layer that knows nothing: ln C for every vector that counts.
        (_AXES | {"target": np.array([[1, 2, -100]]), "linear_weight": np.zeros((5, 2))}, LN5),
        # h Wᵀ = (ln 3, 0), (0, ln 3), (0, 0): the right one has ¾, ¾ and ½.
        (_AXES | {"target": np.array([[0, 1, -100]])}, math.log(4 / 3)),
        (_AXES | {"target": np.array([[0, 0, 0]])}, (math.log(4 / 3) + math.log(4) + LN2) / 3),
        # The bias makes them equal again.
        (_AXES | {"target": np.array([[1, -100, -100]]), "linear_bias": (-LN3, 0.0)}, LN2),
        # Of weights 1 and 3: ln 4/3, then three times ln 2, over 4.
        (
            _AXES | {"target": np.array([[0, -100, 1]]), "weight": (1.0, 3.0)},
            (math.log(4 / 3) + 3 * LN2) / 4,
        ),
        (
            _AXES | {"target": np.array([[0, 1, -100]]), "label_smoothing": 0.5},
            math.log(4) - 0.75 * LN3,
        ),
        # The normaliser is ln 4; two vectors, divided by 8.
        (
            _AXES | {"target": np.array([[0, 1, -100]]), "z_loss": 0.5, "num_items": 8},
            (math.log(4 / 3) + math.log(4) ** 2 / 2) / 4,
        ),
    ],
    "fape": [
        # Jumper et al. (2021), supplement, algorithm 28: 3-4-5 Å, on a scale of 10 Å.
        (_CORNER | {"epsilon": 1e-30}, 0.5),
        (_CORNER | {"epsilon": 1e-30, "scale": 1.0}, 5.0),
        (_CORNER | {"clamp": 4.0}, 0.4),
        # A perfect fit costs √ε.
        (_CORNER | {"positions": [[0.0, 0.0, 0.0]]}, 1e-3),
    ],
    "distogram": [
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
    "wav2vec2_contrastive": [
        # Orthogonal to everything: one in three.
        (
            {
                "context": [[0.0, 1.0]],
                "quantized": [[1.0, 0.0]],
                "distractors": [[[1.0, 0.0], [-2.0, 0.0]]],
            },
            LN3,
        ),
        # Cosines 1 and 0.
        (
            {
                "context": [[2.0, 0.0]],
                "quantized": [[3.0, 0.0]],
                "distractors": [[[0.0, 1.0]]],
                "temperature": 0.5,
            },
            math.log1p(math.exp(-2)),
        ),
    ],
    "codebook_diversity": [
        # Baevski et al. (2020), equation 4: all entries alike, -ln V / V; one entry only, 0.
        ({"probs": [[[0.5, 0.5], [0.5, 0.5]]]}, -LN2 / 2),
        ({"probs": [[[1.0, 0.0]], [[1.0, 0.0]]]}, 0.0),
        # Sharp choices, spread over the batch; the other codebook has collapsed.
        ({"probs": [[[1.0, 0.0], [1.0, 0.0]], [[0.0, 1.0], [1.0, 0.0]]]}, -LN2 / 4),
    ],
}

OUTSIDE = {
    "ctc": [
        *[("target", symbol) for symbol in (0, 4, -1)],
        *[("input_lengths", length) for length in (5, -1)],
        *[("target_lengths", length) for length in (3, -1)],
    ],
    "causal_lm": [("tokens", 4), ("tokens", -1)],
    "masked_lm": [("target", 4), ("target", -1)],
    "linear_cross_entropy": [("target", 4), ("target", -1)],
    "fape": [],
    "distogram": [],
    "wav2vec2_contrastive": [],
    "codebook_diversity": [("probs", 1.5), ("probs", -0.1), ("probs", 0.9)],
}
