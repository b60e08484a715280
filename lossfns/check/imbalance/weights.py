"""Class weights from the counts n of the classes."""

import numpy as np

import lossfns.numpy as ln
from lossfns.check import kinds
from lossfns.check.exercise import Call, Exercise
from lossfns.check.questions import refuse

_KINDS = ("inverse", "inverse_sqrt", "effective")


def _draw_weights(rng):
    two = np.array([int(rng.integers(6, 10)) * 100, int(rng.integers(1, 4)) * 20])
    three = np.array([1000, int(rng.integers(1, 4)) * 100, int(rng.integers(2, 9)) * 5])
    many = rng.integers(1, 500, size=int(rng.integers(4, 9)))
    each = [{"kind": kind} for kind in _KINDS]
    for options in ({}, *each, *({"kind": "effective", "beta": beta} for beta in (0.9, 0.99))):
        for counts in (two, three, many, np.array([50, 50, 50])):
            yield Call({"counts": counts}, options)
    yield Call({"counts": three.astype(np.float64)}, {"kind": "inverse"})
    for options in each:
        yield Call({"counts": np.array([10**9, 1])}, options, "extremes")
    yield Call({"counts": np.array([40, 3])}, {"kind": "effective", "beta": 0.0}, "extremes")
    yield refuse("a class without examples accepted", counts=np.array([90, 0]))
    yield refuse("an unknown kind taken for another", counts=two, kind="inversed")
    yield refuse("β = 1 accepted", counts=two, kind="effective", beta=1.0)


def _inverse(n):
    return n.sum() / (len(n) * n)


def _effective(n, b):
    return (1 - b) / (1 - b**n)


def _scaled(w):
    """So that they sum to C."""
    return w / w.mean()


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
        kinds.words("kind", *_KINDS),
        kinds.outside("beta", 0.0, 1.0, ends=(1.0,), kind="effective"),
    ),
    # Effective weights of frequent classes are as small as 1 - β.
    atol=1e-9,
    mistakes={
        "the number of classes C forgotten": _weights(lambda n: n.sum() / n),
        "the bare inverse of the counts": _weights(lambda n: 1 / n),
        "weights that sum to 1": _weights(lambda n: (1 / n) / (1 / n).sum()),
        "weights that sum to C": _weights(lambda n: _scaled(1 / n)),
        "the frequency instead of its inverse": _weights(lambda n: len(n) * n / n.sum()),
        "the largest count over each count": _weights(lambda n: n.max() / n),
        "division by n - n_c": _weights(lambda n: n.sum() / (len(n) * (n.sum() - n))),
        "the quotient of the others and the class": _weights(lambda n: (n.sum() - n) / n),
        "whole numbers by //": _weights(lambda n: n.sum() // (len(n) * n)),
        "the root of n_c alone": _weights(inverse_sqrt=lambda n: n.sum() / (len(n) * np.sqrt(n))),
        "the square instead of the root": _weights(inverse_sqrt=lambda n: _inverse(n) ** 2),
        "the argument kind without effect": _weights(_inverse, _inverse, lambda n, b: _inverse(n)),
        "the effective number instead of one over it": _weights(
            effective=lambda n, b: (1 - b**n) / (1 - b)
        ),
        "the factor 1 - β forgotten": _weights(effective=lambda n, b: 1 / (1 - b**n)),
        "the exponent n instead of n_c": _weights(
            effective=lambda n, b: _effective(n.sum() + 0 * n, b)
        ),
        "β · n_c instead of β^n_c": _weights(effective=lambda n, b: (1 - b) / (1 - b * n)),
        "weights of every kind scaled to sum to C": _weights(
            lambda n: _scaled(1 / n),
            lambda n: _scaled(n**-0.5),
            lambda n, b: _scaled(_effective(n, b)),
        ),
        "effective weights scaled to sum to C": _weights(
            effective=lambda n, b: _scaled(_effective(n, b))
        ),
        "β fixed at 0.999": _weights(effective=lambda n, b: _effective(n, 0.999)),
    },
)
