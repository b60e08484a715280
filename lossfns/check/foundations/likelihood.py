"""The likelihood of a coin, without underflow. The outcomes are y, their chances c."""

import math

import numpy as np

from lossfns.check import kinds
from lossfns.check.exercise import Exercise, Recognised
from lossfns.check.faults import capped
from lossfns.check.questions import ask_all, between, refuse, single, some


def _draw_nll(rng):
    share = between(rng, 0.6, 0.9)
    flips = [np.ones(1), np.zeros(1), np.array([1.0, 0.0]), rng.permutation([1.0, 1.0, 0.0])]
    flips += [some(rng, [1.0, 1.0, 0.0], (int(n),)) for n in rng.integers(5, 60, size=2)]
    batches = [(outcomes,) for outcomes in flips]
    yield from ask_all("outcomes", batches, p=0.25)
    yield from ask_all("outcomes", [*batches, single(flips[4])], p=share)
    many = some(rng, [1.0, 1.0, 0.0], (3000,))
    yield from ask_all("outcomes", [(many,)], "extremes", p=share)
    yield from ask_all("outcomes", [(np.array([1.0, 0.0]),)], "extremes", p=1e-200)
    yield refuse("a p accepted that is no probability", outcomes=flips[3], p=1.5)
    for p in (0.0, 1.0):
        yield refuse("p = 0 or p = 1 accepted", outcomes=flips[3], p=p)
    neither = np.array([1.0, 2.0])
    yield refuse("outcomes accepted that are neither 0 nor 1", outcomes=neither, p=0.25)


def _nll(c):
    return -np.log(c).mean()


def _of(result):
    """What `result` makes of the chances."""
    return lambda y, p: result(np.where(y == 1, p, 1 - p))


_right = _of(_nll)


def _checked(outcomes, p):
    if not 0 < p < 1 or not np.isin(outcomes, (0, 1)).all():
        raise ValueError("no probability, or no outcomes")
    return _right(outcomes, p)


def _with_coefficient(y, p):
    n, ones = y.size, int(y.sum())
    ways = math.lgamma(n + 1) - math.lgamma(ones + 1) - math.lgamma(n - ones + 1)
    return _right(y, p) - ways / n


BERNOULLI_NLL = Exercise(
    signature="bernoulli_nll(outcomes, p)",
    read="sec-01-likelihood",
    right=_checked,
    draw=_draw_nll,
    probes=(
        kinds.outside("p", 0.0, 1.0, ends=(0.0, 1.0)),
        kinds.outside("outcomes", 0.0, 1.0, ends=(0.5, 2.0)),
    ),
    mistakes={
        "the likelihood itself": _of(np.prod),
        "the sign forgotten": _of(lambda c: -_nll(c)),
        "the sum instead of the mean": _of(lambda c: c.size * _nll(c)),
        "the logarithm to the base 2": _of(lambda c: _nll(c) / np.log(2)),
        "p and 1 - p exchanged": lambda y, p: _right(1 - y, p),
        "only the ones counted": lambda y, p: -(y * np.log(p)).mean(),
        "the logarithm of the mean probability": _of(lambda c: -np.log(c.mean())),
        "the logarithm forgotten": _of(lambda c: 1 - c.mean()),
        "the squared error": _of(lambda c: ((1 - c) ** 2).mean()),
        "the share of ones in place of p": lambda y, p: _right(y, y.mean().clip(1e-12, 1 - 1e-12)),
        "the number of orders included": _with_coefficient,
        "the logarithm of a product that underflowed": _of(lambda c: -np.log(c.prod()) / c.size),
        "an underflow hidden by a smallest number": _of(
            lambda c: -np.log(max(c.prod(), 1e-300)) / c.size
        ),
        "probabilities clipped": Recognised(
            _of(lambda c: _nll(c.clip(1e-12))), capped(_right, share=0.97)
        ),
    },
)
