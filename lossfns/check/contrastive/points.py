"""Random embeddings for the questions, and what several of the exercises compute from them."""

import numpy as np

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


def steps(rng: np.random.Generator, lengths) -> np.ndarray:
    """Differences of these lengths in two dimensions, in random directions."""
    return np.round(rng.permutation(_DIRECTIONS)[: len(lengths)] * np.array(lengths)[:, None], 2)


def two_sizes(rng: np.random.Generator) -> tuple[int, int]:
    """Two different sizes: equal ones would hide a mixed-up axis."""
    n, m = (int(k) for k in rng.choice(np.arange(3, 9), size=2, replace=False))
    return n, m


def hold_matrices(a, b) -> None:
    """Refuse anything but two matrices of one width."""
    if a.ndim != 2 or b.ndim != 2 or a.shape[1] != b.shape[1]:
        raise ValueError(f"needs shapes (n, d) and (m, d), got {a.shape} and {b.shape}")


def hold_shape(a, *others) -> None:
    """Refuse arrays of different shapes."""
    if any(other.shape != a.shape for other in others):
        raise ValueError(f"shapes differ: {[array.shape for array in (a, *others)]}")


def hold_positive(name, value) -> None:
    if not value > 0:
        raise ValueError(f"{name} must be positive, got {value}")


def length(difference):
    """Euclidean length of every row."""
    return np.sqrt((difference * difference).sum(axis=-1))


def unit(rows):
    """Rows of length 1; rows of zeros stay zero."""
    lengths = np.linalg.norm(rows, axis=-1, keepdims=True)
    return rows / np.where(lengths == 0, 1.0, lengths)
