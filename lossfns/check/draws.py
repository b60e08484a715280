"""Random batches for the questions: small ones that read well first, then larger shapes."""

from collections.abc import Iterable

import numpy as np

from lossfns.check.exercise import Call

Batch = tuple[np.ndarray, np.ndarray]


def batches(rng: np.random.Generator) -> list[Batch]:
    """Pairs (pred, target) with errors of both signs, some below and some above 1."""
    rows, columns = (int(k) for k in rng.integers(2, 6, size=2))
    # Equal sides would hide a division by the wrong one.
    columns += rows == columns
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
    pairs = batches(rng)
    yield from ask_all(pairs)
    yield from ask_all(floats32(pairs[3:5]))
    yield from ask_all([(np.array([1e12, 0.5]), np.array([0.0, 0.5]))], "extremes")


def floats32(pairs: Iterable[Batch]) -> list[Batch]:
    """The same batches in single precision."""
    return [(pred.astype(np.float32), target.astype(np.float32)) for pred, target in pairs]


def both_floats(pairs: list[Batch]) -> list[Batch]:
    """Single precision, which is what models run in, then a double to see that it stays one."""
    return [*floats32(pairs), pairs[2]]


def ask_all(pairs: Iterable[Batch], aspect: str = "values", wants=(), **options) -> list[Call]:
    """One call a batch, all with the same options."""
    return [
        Call({"pred": pred, "target": target}, options, aspect, wants) for pred, target in pairs
    ]


def ask_reductions(pairs: Iterable[Batch], wants=(), **options) -> list[Call]:
    """The three reductions by name."""
    pairs = list(pairs)
    return [
        call
        for reduction in ("none", "sum", "mean")
        for call in ask_all(pairs, "reductions", wants, reduction=reduction, **options)
    ]


def column_against_row(rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Shapes (n, 1) and (n,), which NumPy and PyTorch would broadcast to (n, n)."""
    pred, target = _grid(rng, (3,))
    return {"pred": pred[:, None], "target": target}


def two(rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Two items."""
    pred, target = _grid(rng, (2,))
    return {"pred": pred, "target": target}


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


def labelled(rng: np.random.Generator) -> list[Batch]:
    """Pairs (logits, target) of halves and labels 0 and 1, right and wrong ones of both kinds."""
    rows, columns = (int(k) for k in rng.integers(2, 6, size=2))
    columns += rows == columns
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


def ask_logits(pairs: Iterable[Batch], aspect: str = "values", wants=(), **options) -> list[Call]:
    """As `ask_all`, for losses of logits."""
    return [
        Call({"logits": logits, "target": target}, options, aspect, wants)
        for logits, target in pairs
    ]


def _labels(rng, shape, labels=(1.0, 0.0)) -> Batch:
    count = int(np.prod(shape))
    logits = rng.permutation(np.resize([2.0, 1.0, -0.5, -1.5, 0.5], count))
    target = rng.permutation(np.resize(labels, count))
    return logits.reshape(shape), target.reshape(shape)


def _spread(rng, count):
    """Logits of which none is exactly 0, where max(z, 0) and |z| have kinks."""
    logits = np.round(rng.normal(scale=1.5, size=count), 3)
    return np.where(logits == 0, 0.001, logits)
