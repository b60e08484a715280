"""Calls, and the random batches that they are made of: small ones that read well come first."""

from collections.abc import Iterable
from functools import partial

import numpy as np

from lossfns.check.exercise import Call

Batch = tuple[np.ndarray, ...]


def refuse(reason: str, /, **given) -> Call:
    """A call with bad input, which must raise ValueError; `reason` names what accepting it is.

    `given` holds arguments of the function: arrays in their order, and options.
    """
    arrays = {key: value for key, value in given.items() if isinstance(value, np.ndarray)}
    options = {key: value for key, value in given.items() if key not in arrays}
    return Call(arrays, options, "bad input", raises="ValueError", reason=reason)


def ask(names: str, batch: Batch, aspect: str = "values", wants=(), **options) -> Call:
    """An ordinary question; `names` are those of the arrays, such as "logits target"."""
    return Call(dict(zip(names.split(), batch, strict=True)), options, aspect, wants)


def ask_all(names: str, batches: Iterable[Batch], *about, **options) -> list[Call]:
    """One question a batch, all about the same and with the same options."""
    return [ask(names, batch, *about, **options) for batch in batches]


def ask_each(name: str, values: Iterable, *about, **options) -> list[Call]:
    """As `ask_all`, of a function of one array; `values` are arrays or numbers."""
    return ask_all(name, ((np.array(value),) for value in values), *about, **options)


ask_errors = partial(ask_all, "pred target")
ask_logits = partial(ask_all, "logits target")


def ask_reductions(batches: Iterable[Batch], wants=(), **options) -> list[Call]:
    """The three reductions by name."""
    batches = list(batches)
    return [
        call
        for reduction in ("none", "sum", "mean")
        for call in ask_errors(batches, "reductions", wants, reduction=reduction, **options)
    ]


def single(*arrays: np.ndarray) -> Batch:
    """The same in single precision; integers stay as they are."""
    return tuple(array.astype(np.float32) if array.dtype.kind == "f" else array for array in arrays)


def singles(batches: Iterable[Batch]) -> list[Batch]:
    """The same batches in single precision."""
    return [single(*batch) for batch in batches]


def both_floats(batches: list[Batch]) -> list[Batch]:
    """Single precision, which is what models run in, then a double to see that it stays one."""
    return [*singles(batches), batches[2]]


def between(rng: np.random.Generator, low: float, high: float, digits: int = 2) -> float:
    """A number that is brief to read."""
    return float(np.round(rng.uniform(low, high), digits))


def some(rng: np.random.Generator, values: list[float], shape: tuple[int, ...]) -> np.ndarray:
    """Values from a short list, each about equally often."""
    return shuffled(rng, rng.permutation(values), shape)


def shuffled(rng: np.random.Generator, values, shape: int | tuple[int, ...]) -> np.ndarray:
    """As `some`; where there is room for some of the values only, it is the first ones."""
    return rng.permutation(np.resize(values, np.prod(shape))).reshape(shape)


def sides(rng: np.random.Generator) -> tuple[int, int]:
    """How many rows and columns: equal numbers would hide a division by the wrong one."""
    rows, columns = (int(k) for k in rng.integers(2, 6, size=2))
    return rows, columns + (rows == columns)


def errors(rng: np.random.Generator) -> list[Batch]:
    """Pairs (pred, target) with errors of both signs, some below and some above 1."""
    rows, columns = sides(rng)
    tall, wide = _grid(rng, (columns, rows)), _grid(rng, (2, 3))
    return [
        _grid(rng, (1,), sign=1),
        _grid(rng, (1,), sign=-1),
        _grid(rng, (2,)),
        _grid(rng, (3,)),
        wide,
        _normal(rng, (int(rng.integers(4, 9)), 1)),
        # A view whose memory is not in order, as a transposed matrix is.
        (tall[0].T, tall[1].T),
        _normal(rng, (int(rng.integers(60, 120)),)),
    ]


def plain(rng: np.random.Generator) -> Iterable[Call]:
    """What a loss or gradient without options is asked: batches, single precision, a far error."""
    pairs = errors(rng)
    yield from ask_errors(pairs)
    yield from ask_errors(singles(pairs[3:5]))
    yield from ask_errors([(np.array([1e12, 0.5]), np.array([0.0, 0.5]))], "extremes")


def column_against_row(rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Shapes (n, 1) and (n,), which NumPy and PyTorch would broadcast to (n, n)."""
    pred, target = _grid(rng, (3,))
    return {"pred": pred[:, None], "target": target}


def two(rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Two items."""
    pred, target = _grid(rng, (2,))
    return {"pred": pred, "target": target}


def labelled(rng: np.random.Generator) -> list[Batch]:
    """Pairs (logits, target) of halves and labels 0 and 1, right and wrong ones of both kinds."""
    rows, columns = sides(rng)
    tall = _labels(rng, (columns, rows))
    return [
        _labels(rng, (1,), [1.0]),
        _labels(rng, (1,), [0.0]),
        _labels(rng, (2,)),
        _labels(rng, (3,)),
        _labels(rng, (2, 3)),
        _labels(rng, (int(rng.integers(4, 9)), 1)),
        (tall[0].T, tall[1].T),
        (_spread(rng, count := int(rng.integers(60, 120))), (rng.random(count) < 0.3) * 1.0),
    ]


def _grid(rng, shape, sign=0) -> Batch:
    """Halves, which print briefly and are exact in every dtype; no error is 0 or ±1."""
    count = int(np.prod(shape))
    size = rng.permutation(np.resize([0.5, 3.0, 1.5, 0.5, 2.5], count))
    signs = rng.permutation(np.resize([1.0, -1.0], count)) if not sign else np.full(count, sign)
    target = rng.integers(-4, 5, size=count) / 2
    return (target + size * signs).reshape(shape), target.reshape(shape)


def _normal(rng, shape) -> Batch:
    target = np.round(rng.normal(scale=2.0, size=shape), 3)
    error = np.round(rng.normal(scale=1.5, size=shape), 3)
    return target + error, target


def _labels(rng, shape, labels=(1.0, 0.0)) -> Batch:
    logits = shuffled(rng, [2.0, 1.0, -0.5, -1.5, 0.5], shape)
    return logits, shuffled(rng, labels, shape)


def _spread(rng, count):
    """Logits of which none is exactly 0, where max(z, 0) and |z| have kinks."""
    logits = np.round(rng.normal(scale=1.5, size=count), 3)
    return np.where(logits == 0, 0.001, logits)
