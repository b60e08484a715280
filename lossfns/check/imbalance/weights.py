"""Class weights from the counts of the classes."""

import numpy as np

import lossfns.numpy as ln
from lossfns.check import kinds
from lossfns.check.exercise import Call, Exercise
from lossfns.check.questions import refuse


def _draw_weights(rng):
    two = np.array([int(rng.integers(6, 10)) * 100, int(rng.integers(1, 4)) * 20])
    three = np.array([1000, int(rng.integers(1, 4)) * 100, int(rng.integers(2, 9)) * 5])
    many = rng.integers(1, 500, size=int(rng.integers(4, 9)))
    asked = [
        *({"kind": kind} for kind in ("inverse", "inverse_sqrt", "effective")),
        {"kind": "effective", "beta": 0.9},
        {"kind": "effective", "beta": 0.99},
    ]
    for options in ({}, *asked):
        for counts in (two, three, many, np.array([50, 50, 50])):
            yield Call({"counts": counts}, options)
    yield Call({"counts": three.astype(np.float64)}, {"kind": "inverse"})
    for options in asked[:3]:
        yield Call({"counts": np.array([10**9, 1])}, options, "extremes")
    yield Call({"counts": np.array([40, 3])}, {"kind": "effective", "beta": 0.0}, "extremes")
    yield refuse("a class without examples accepted", counts=np.array([90, 0]))
    yield refuse("an unknown kind taken for another", counts=two, kind="inversed")
    yield refuse("β = 1 accepted", counts=two, kind="effective", beta=1.0)


def _inverse(counts):
    return counts.sum() / (len(counts) * counts)


def _effective(counts, beta):
    return (1 - beta) / (1 - beta**counts)


def _weights(inverse=_inverse, inverse_sqrt=None, effective=_effective):
    """A wrong variant from its three formulas; the root is that of `inverse` unless given."""

    def wrong(counts, kind="inverse", beta=0.999):
        if kind == "effective":
            return effective(counts, beta)
        if kind == "inverse_sqrt":
            return inverse_sqrt(counts) if inverse_sqrt else np.sqrt(inverse(counts))
        return inverse(counts)

    return wrong


CLASS_WEIGHTS = Exercise(
    signature='class_weights(counts, kind="inverse", beta=0.999)',
    read="class-weight-schemes",
    right=lambda counts, kind="inverse", beta=0.999: ln.class_weights(counts, kind=kind, beta=beta),
    draw=_draw_weights,
    probes=(
        kinds.outside("counts", 0, ends=(0,), whole=True),
        kinds.words("kind", "inverse", "inverse_sqrt", "effective"),
        kinds.outside("beta", 0.0, 1.0, ends=(1.0,), kind="effective"),
    ),
    # Effective weights of frequent classes are as small as 1 - β.
    atol=1e-9,
    mistakes={
        "the number of classes C forgotten": _weights(inverse=lambda counts: counts.sum() / counts),
        "the bare inverse of the counts": _weights(inverse=lambda counts: 1 / counts),
        "weights that sum to 1": _weights(inverse=lambda counts: (1 / counts) / (1 / counts).sum()),
        "weights that sum to C": _weights(
            inverse=lambda counts: len(counts) * (1 / counts) / (1 / counts).sum()
        ),
        "the frequency instead of its inverse": _weights(
            inverse=lambda counts: len(counts) * counts / counts.sum()
        ),
        "the largest count over each count": _weights(inverse=lambda counts: counts.max() / counts),
        "division by n - n_c": _weights(
            inverse=lambda counts: counts.sum() / (len(counts) * (counts.sum() - counts))
        ),
        "the quotient of the others and the class": _weights(
            inverse=lambda counts: (counts.sum() - counts) / counts
        ),
        "whole numbers by //": _weights(
            inverse=lambda counts: counts.sum() // (len(counts) * counts)
        ),
        "the root of n_c alone": _weights(
            inverse_sqrt=lambda counts: counts.sum() / (len(counts) * np.sqrt(counts))
        ),
        "the square instead of the root": _weights(
            inverse_sqrt=lambda counts: _inverse(counts) ** 2
        ),
        "the argument kind without effect": _weights(
            inverse_sqrt=_inverse, effective=lambda counts, beta: _inverse(counts)
        ),
        "the effective number instead of one over it": _weights(
            effective=lambda counts, beta: (1 - beta**counts) / (1 - beta)
        ),
        "the factor 1 - β forgotten": _weights(
            effective=lambda counts, beta: 1 / (1 - beta**counts)
        ),
        "the exponent n instead of n_c": _weights(
            effective=lambda counts, beta: _effective(counts.sum() + 0 * counts, beta)
        ),
        "β · n_c instead of β^n_c": _weights(
            effective=lambda counts, beta: (1 - beta) / (1 - beta * counts)
        ),
        "effective weights scaled to sum to C": _weights(
            effective=lambda counts, beta: (
                _effective(counts, beta) / _effective(counts, beta).mean()
            )
        ),
        "β fixed at 0.999": _weights(effective=lambda counts, beta: _effective(counts, 0.999)),
    },
)
