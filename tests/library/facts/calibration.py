"""The Brier score as printed in 1950."""

import numpy as np
from library.facts.row import facts


@facts(
    known=[
        # scikit-learn's documentation of brier_score_loss: 0.0375, and 0.146… for classes.
        ({"probs": [0.1, 0.9, 0.8, 0.3], "target": [0.0, 1.0, 1.0, 0.0]}, 0.0375),
        (
            {
                "probs": [[0.8, 0.1, 0.1], [0.2, 0.7, 0.1], [0.2, 0.2, 0.6]],
                "target": np.array([0, 1, 2]),
            },
            0.44 / 3,
        ),
        # Brier (1950), by hand: (0.2 - 1)² + 0.5² + 0.3².
        ({"probs": [[0.2, 0.5, 0.3]], "target": np.array([0])}, 0.98),
        # Certain and wrong.
        ({"probs": [[0.0, 1.0]], "target": np.array([0])}, 2.0),
        ({"probs": [0.0], "target": [1.0]}, 1.0),
    ],
    extremes=[
        {"probs": p, "target": y}
        for p, y in [(0.0, 1.0), (1.0, 1.0), (1e-30, 0.0), (1 - 2**-20, 1.0), (0.5, 0.3)]
    ],
    outside=[("probs", 1.01), ("probs", -0.1), ("target", 2.0), ("target", -1.0)],
)
def brier(probs, target):
    return (probs - target) ** 2
