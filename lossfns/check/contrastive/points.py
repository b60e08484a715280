"""Random embeddings for the questions, and what several of the exercises compute from them."""

import numpy as np

from lossfns.check.questions import Batch, refuse

# Directions of length 1 with coordinates that print briefly.
_DIRECTIONS = np.array(
    [[0.6, 0.8], [-0.8, 0.6], [-0.6, -0.8], [0.8, -0.6], [1.0, 0.0], [0.0, -1.0]]
)


def halves(rng: np.random.Generator, shape: tuple[int, int]) -> np.ndarray:
    """Rows that print briefly, are exact in every dtype, and all differ; none of them is 0."""
    while True:
        rows = rng.integers(-6, 7, size=shape) / 2
        if rows.any(axis=1).all() and len(np.unique(rows, axis=0)) == len(rows):
            return rows


def normal(rng: np.random.Generator, shape: tuple[int, int]) -> np.ndarray:
    """Rows of three digits."""
    return np.round(rng.normal(size=shape), 3)


def batches(rng: np.random.Generator, *readable, large) -> list[Batch]:
    """Pairs of matrices of one shape, row against row, the smaller ones first."""
    shapes = (two_sizes(rng), large)
    small = [(halves(rng, shape), halves(rng, shape)) for shape in readable]
    return [*small, *((normal(rng, shape), normal(rng, shape)) for shape in shapes)]


def steps(rng: np.random.Generator, lengths) -> np.ndarray:
    """Differences of these lengths in two dimensions, in random directions."""
    return np.round(rng.permutation(_DIRECTIONS)[: len(lengths)] * np.array(lengths)[:, None], 2)


def two_sizes(rng: np.random.Generator) -> tuple[int, int]:
    """Two different sizes: equal ones would hide a mixed-up axis."""
    n, m = (int(k) for k in rng.choice(np.arange(3, 9), size=2, replace=False))
    return n, m


def bad_margins(**arrays):
    """Margins that are not positive, with good arrays."""
    reason = "a margin that is not positive accepted"
    return [refuse(reason, **arrays, margin=margin) for margin in (0.0, -1.0)]


def bad_temperatures(**arrays):
    """As `bad_margins`."""
    reason = "a temperature that is not positive accepted"
    return [refuse(reason, **arrays, temperature=temperature) for temperature in (-0.5, 0.0)]


def hinge(x):
    """What lies above 0."""
    return np.maximum(x, 0)


def length(difference):
    """Euclidean length of every row."""
    return np.sqrt((difference * difference).sum(axis=-1))


def lengths(rows):
    """As `length`, in a column."""
    return np.linalg.norm(rows, axis=-1, keepdims=True)


def scaled(rows, lengths):
    """Rows divided by their lengths; what has length 0 stays 0."""
    return rows / np.where(lengths == 0, 1.0, lengths)


def unit(rows):
    """Rows of length 1; rows of zeros stay zero."""
    return scaled(rows, lengths(rows))
