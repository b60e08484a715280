"""Random losses of several tasks, small and readable ones first."""

import numpy as np

from lossfns.check.questions import Batch, singles

# No two alike, none 1 and none 0: their logarithms, squares and reciprocals all differ.
_READABLE = np.array([0.25, 0.5, 1.5, 2.0, 3.0, 4.0, 8.0])


def loss_rows(rng: np.random.Generator) -> list[np.ndarray]:
    """One loss a task, for one task to seven."""
    small = [rng.choice(_READABLE, size=tasks, replace=False) for tasks in (1, 2, 2, 3)]
    many = int(rng.integers(4, 8))
    return [*small, np.round(np.exp(rng.normal(scale=1.5, size=many)), 3) + 0.01]


def beside(rng: np.random.Generator, rows: list[np.ndarray], values: list[float]) -> list[Batch]:
    """Each row with as many of the values, no two alike."""
    return [(row, rng.choice(values, size=row.size, replace=False)) for row in rows]


def arrays(*lists: list) -> Batch:
    """Numbers that are written out."""
    return tuple(map(np.array, lists))


def with_singles(rows: list[Batch]) -> list[Batch]:
    """The same rows, and the last two again in single precision."""
    return rows + singles(rows[-2:])


def same_shape(one: np.ndarray, other: np.ndarray) -> None:
    """What a right answer asks before it computes."""
    if one.shape != other.shape:
        raise ValueError(f"shapes {one.shape} and {other.shape} differ")
