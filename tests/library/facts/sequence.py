"""The losses of sequences as papers print them.

Connectionist temporal classification is the sum over all paths, one by one.
"""

import itertools
import math

import numpy as np
from library.facts.row import facts
from library.facts.shared import (
    LN2,
    LN3,
    LN5,
    log_sum_exp,
    of_token,
    softmax,
)
from mpmath import log, mpf

UNEVEN = [[150.0, -150.0, 0.0, 1e-9], [-40.0, 40.0, 39.0, 0.0], [0.0, 0.0, 1.0, -1e3]]


_AXES = {
    "hidden": [[[1.0, 0.0], [0.0, 1.0], [0.0, 0.0]]],
    "linear_weight": LN3 * np.eye(2),
}

_TWO_LETTERS = np.zeros((1, 2, 3))


@facts(
    # Graves et al. (2006), section 3, counting paths under equal chances.
    known=[
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
    extremes=[
        {"logits": UNEVEN, "target": text, "input_lengths": 3, "target_lengths": size}
        for text, size in [([1, 2], 2), ([1, 1], 2), ([2, 1], 1), ([1, 2], 0)]
    ],
    outside=[
        *[("target", symbol) for symbol in (0, 4, -1)],
        *[("input_lengths", length) for length in (5, -1)],
        *[("target_lengths", length) for length in (3, -1)],
    ],
)
def ctc(logits, target, input_lengths, target_lengths, blank):
    frames, size = int(input_lengths), int(target_lengths)
    text = [int(symbol) for symbol in target[:size]]
    probs = [softmax(row) for row in logits[:frames]]
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


@facts(
    known=[
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
    extremes=[{"logits": UNEVEN, "tokens": tokens} for tokens in ([0, 0, 1], [3, 1, 3])],
    outside=[("tokens", 4), ("tokens", -1)],
)
def causal_lm(logits, tokens, num_items, z_loss):
    pairs = zip(logits[:-1], tokens[1:], strict=True)
    return sum(of_token(row, token) + mpf(z_loss) * log_sum_exp(row) ** 2 for row, token in pairs)


@facts(
    known=[
        ({"logits": np.zeros((1, 3, 5)), "target": np.array([[-100, 2, -100]])}, math.log(5)),
        # Of two positions the masked one counts, and says token 1 with ¾.
        ({"logits": [[[9.0, 0.0], [0.0, LN3]]], "target": np.array([[-100, 1]])}, math.log(4 / 3)),
    ],
    extremes=[{"logits": UNEVEN, "target": target} for target in ([0, 0, 1], [1, 0, 3])],
    outside=[("target", 4), ("target", -1)],
)
def masked_lm(logits, target, num_items):
    return sum(of_token(row, token) for row, token in zip(logits, target, strict=True))


@facts(
    known=[
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
    extremes=[
        {
            "hidden": [[40.0, -40.0, 1e-9], [0.0, 0.0, 0.0], [1e-9, 1e-9, 30.0], [-60.0, 0.0, 1.0]],
            "target": target,
        }
        for target in ([0, 1, 2, 3], [3, 2, 1, 0])
    ],
    outside=[("target", 4), ("target", -1)],
)
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
        normaliser = log_sum_exp(z)
        total += sum(a * (normaliser - b) for a, b in zip(t, z, strict=True))
        total += sum(t) * mpf(z_loss) * normaliser**2
    return total
