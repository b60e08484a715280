"""Random batches of logits and labels, or of distributions: small ones come first."""

from collections.abc import Iterable

import numpy as np

from lossfns.check import kinds
from lossfns.check.exercise import Call
from lossfns.check.questions import Batch, ask_logits, single, singles, some

# What is easily forgotten of tables of logits with labels.
TABLES = (
    kinds.square("logits", labels="target"),
    kinds.single_class("logits", "target"),
    kinds.equal_logits("logits"),
)
_LOGITS = [0.5, -1.0, 2.0, -2.5, 1.5, -0.5, 3.0, -3.0]


def binary(rng: np.random.Generator) -> list[Batch]:
    """Pairs (logits, target) with targets 0 and 1; the first two are one item of each kind."""
    shapes = [(2,), (3,), (2, int(rng.integers(3, 6))), (4, 1), (int(rng.integers(60, 120)),)]
    yes, no = (some(rng, _LOGITS, (1,)), np.ones(1)), (some(rng, _LOGITS, (1,)), np.zeros(1))
    more = [(some(rng, _LOGITS, shape), some(rng, [1.0, 0.0], shape)) for shape in shapes]
    return [yes, no, *more]


def soft(rng: np.random.Generator) -> Batch:
    """Logits with targets between 0 and 1."""
    return some(rng, _LOGITS, (3,)), some(rng, [0.2, 0.7, 0.9], (3,))


def ask_binary(rng: np.random.Generator, pairs: list[Batch], *far: tuple) -> Iterable[Call]:
    """Questions about pairs of `binary`, soft targets, single precision, and `far` logits."""
    yield from ask_logits([*pairs, soft(rng), *singles(pairs[3:5])])
    low = single(np.array([100.0, -100.0]), np.zeros(2))
    yield from ask_logits([*arrays(*far), low], "extremes")


def arrays(*pairs: tuple) -> list[Batch]:
    """The same pairs, of arrays instead of lists."""
    return [(np.array(one), np.array(other)) for one, other in pairs]


def named(logits: np.ndarray, target: np.ndarray) -> dict[str, np.ndarray]:
    return {"logits": logits, "target": target}


def labelled(rng: np.random.Generator) -> list[Batch]:
    """Pairs (logits, labels) of shapes (n, C) and (n,), where n and C differ."""
    n, classes = (int(k) for k in rng.choice([4, 5, 6, 7], size=2, replace=False))
    shapes = [(1, 2), (1, 3), (2, 3), (3, 2), (n, classes)]
    pairs = [(some(rng, _LOGITS, shape), _labels(rng, shape)) for shape in shapes]
    shape = (int(rng.integers(40, 80)), 10)
    return [*pairs, (np.round(rng.normal(scale=2.0, size=shape), 3), _labels(rng, shape))]


def distributions(rng: np.random.Generator) -> list[Batch]:
    """Pairs (p, q) of rows that sum to 1, without zeros, of shape (n, C) where n and C differ."""
    rows = np.array([[0.7, 0.2, 0.1], [0.25, 0.25, 0.5], [0.1, 0.6, 0.3], [0.4, 0.5, 0.1]])
    one, two, *_ = rng.permutation(4)
    pairs = [
        (np.array([[0.5, 0.5]]), np.array([[0.25, 0.75]])),
        (rows[[one]], rows[[two]]),
        (rows[[one, two]], rows[[two, one]]),
    ]
    n, classes = (int(k) for k in rng.choice([4, 5, 6, 7], size=2, replace=False))
    for shape in ((n, classes), (int(rng.integers(15, 30)), 10)):
        pairs.append((_simplex(rng, shape), _simplex(rng, shape)))
    return pairs


def _labels(rng, shape):
    n, classes = shape
    # All classes about equally often, so that two items do not agree by chance.
    return rng.permutation((rng.integers(classes) + np.arange(n)) % classes).astype(np.int64)


def _simplex(rng, shape):
    rows = np.round(rng.dirichlet(np.full(shape[1], 2.0), size=shape[0]), 3) + 0.001
    rows[:, -1] = 1 - rows[:, :-1].sum(axis=1)
    # The rounding may have eaten the last entry of a row.
    return np.where(rows.min(axis=1, keepdims=True) < 5e-4, 1 / shape[1], rows)
