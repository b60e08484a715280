"""Random points around a line."""

import numpy as np

from lossfns.check.questions import some


def points(rng: np.random.Generator, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Points (x, y) around a line that misses the origin; the mean of x is not 0."""
    x = some(rng, [1.0, -0.5, 2.0, 0.5, 1.5, -1.0], (count,))
    slope, intercept = rng.choice([-2.0, 1.5, 3.0]), rng.choice([-3.0, 1.0, 2.0])
    return x, slope * x + intercept + some(rng, [0.5, -1.0, 1.5, -0.5], (count,))
