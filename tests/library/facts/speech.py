"""The losses of wav2vec 2.0 as the paper prints them."""

import math

from library.facts.row import facts
from library.facts.shared import (
    LN2,
    LN3,
    of_token,
)
from mpmath import log, mpf, sqrt


@facts(
    known=[
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
    extremes=[
        {"context": [1e4, 1e4, 0.0], "quantized": [1e-4, 0.0, 1e-4], "distractors": others}
        for others in ([[0.0, 1.0, 0.0]], [[1e-4, 0.0, 2e-4], [-1.0, 0.0, 5.0], [3.0, 3.0, 3.0]])
    ],
    outside=[],
)
def wav2vec2_contrastive(context, quantized, distractors, temperature):
    scores = [_cosine(context, q) / mpf(temperature) for q in [quantized, *distractors]]
    return of_token(scores, 0)


@facts(
    known=[
        # Baevski et al. (2020), equation 4: all entries alike, -ln V / V; one entry only, 0.
        ({"probs": [[[0.5, 0.5], [0.5, 0.5]]]}, -LN2 / 2),
        ({"probs": [[[1.0, 0.0]], [[1.0, 0.0]]]}, 0.0),
        # Sharp choices, spread over the batch; the other codebook has collapsed.
        ({"probs": [[[1.0, 0.0], [1.0, 0.0]], [[0.0, 1.0], [1.0, 0.0]]]}, -LN2 / 4),
    ],
    extremes=[
        {"probs": [[[0.5, 0.5, 1e-20]], [[0.25, 0.75, 1e-20]]]},
        {"probs": [[[0.25, 0.25, 0.5], [0.125, 0.75, 0.125]]]},
    ],
    outside=[("probs", 1.5), ("probs", -0.1), ("probs", 0.9)],
)
def codebook_diversity(probs):
    n, codebooks, entries = len(probs), len(probs[0]), len(probs[0][0])
    total = mpf(0)
    for g in range(codebooks):
        for v in range(entries):
            mean = sum(row[g][v] for row in probs) / n
            total += mean * log(mean)
    return total / (codebooks * entries)


def _cosine(a, b):
    norms = sqrt(sum(x * x for x in a)) * sqrt(sum(y * y for y in b))
    return sum(x * y for x, y in zip(a, b, strict=True)) / norms
