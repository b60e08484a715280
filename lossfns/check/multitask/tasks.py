"""Random losses of several tasks, small and readable ones first."""

import numpy as np

from lossfns.check.questions import singles

# No two alike, none 1 and none 0: their logarithms, squares and reciprocals all differ.
_READABLE = np.array([0.25, 0.5, 1.5, 2.0, 3.0, 4.0, 8.0])


def loss_rows(rng: np.random.Generator) -> list[np.ndarray]:
    """One loss a task, for one task to seven."""
    small = [rng.choice(_READABLE, size=tasks, replace=False) for tasks in (1, 2, 2, 3)]
    many = int(rng.integers(4, 8))
    return [*small, np.round(np.exp(rng.normal(scale=1.5, size=many)), 3) + 0.01]


def with_singles(rows: list[tuple[np.ndarray, ...]]) -> list[tuple[np.ndarray, ...]]:
    """The same rows, and the last two again in single precision."""
    return rows + singles(rows[-2:])


def same_shape(one: np.ndarray, other: np.ndarray) -> None:
    """What a right answer asks before it computes."""
    if one.shape != other.shape:
        raise ValueError(f"shapes {one.shape} and {other.shape} differ")
