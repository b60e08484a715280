"""Random numbers that read well, and calls made of them."""

import numpy as np

from lossfns.check.exercise import Call


def some(rng: np.random.Generator, values: list[float], shape: tuple[int, ...]) -> np.ndarray:
    """Values from a short list, each about equally often."""
    count = int(np.prod(shape))
    return rng.permutation(np.resize(rng.permutation(values), count)).reshape(shape)


def points(rng: np.random.Generator, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Points (x, y) around a line that misses the origin; the mean of x is not 0."""
    x = some(rng, [1.0, -0.5, 2.0, 0.5, 1.5, -1.0], (count,))
    slope, intercept = rng.choice([-2.0, 1.5, 3.0]), rng.choice([-3.0, 1.0, 2.0])
    return x, slope * x + intercept + some(rng, [0.5, -1.0, 1.5, -0.5], (count,))


def single(*arrays: np.ndarray) -> tuple[np.ndarray, ...]:
    """The same in single precision; integers stay as they are."""
    return tuple(array.astype(np.float32) if array.dtype.kind == "f" else array for array in arrays)


def call(names: str, *arrays: np.ndarray, aspect: str = "values", **options) -> Call:
    """An ordinary question; `names` are those of the arguments, such as "x y"."""
    return Call(dict(zip(names.split(), arrays, strict=True)), options, aspect)
