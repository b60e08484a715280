"""The likelihood of a coin, without underflow."""

import math

import numpy as np

from lossfns.check import kinds
from lossfns.check.exercise import Exercise, Recognised
from lossfns.check.faults import capped
from lossfns.check.questions import ask, refuse, single, some


def _draw_nll(rng):
    share = float(np.round(rng.uniform(0.6, 0.9), 2))
    flips = [np.ones(1), np.zeros(1), np.array([1.0, 0.0]), rng.permutation([1.0, 1.0, 0.0])]
    flips += [some(rng, [1.0, 1.0, 0.0], (int(n),)) for n in rng.integers(5, 60, size=2)]
    for p in (0.25, share):
        yield from (ask("outcomes", (outcomes,), p=p) for outcomes in flips)
    yield ask("outcomes", single(flips[4]), p=share)
    many = some(rng, [1.0, 1.0, 0.0], (3000,))
    yield ask("outcomes", (many,), aspect="extremes", p=share)
    yield ask("outcomes", (np.array([1.0, 0.0]),), aspect="extremes", p=1e-200)
    yield refuse("a p accepted that is no probability", outcomes=flips[3], p=1.5)
    for p in (0.0, 1.0):
        yield refuse("p = 0 or p = 1 accepted", outcomes=flips[3], p=p)
    yield refuse(
        "outcomes accepted that are neither 0 nor 1", outcomes=np.array([1.0, 2.0]), p=0.25
    )


def _chances(outcomes, p):
    return np.where(outcomes == 1, p, 1 - p)


def _nll(chances):
    return -np.log(chances).mean()


def _of_chances(reduce):
    return lambda outcomes, p: reduce(_chances(outcomes, p))


def _right(outcomes, p):
    return _nll(_chances(outcomes, p))


def _checked(outcomes, p):
    if not 0 < p < 1 or not np.isin(outcomes, (0, 1)).all():
        raise ValueError("no probability, or no outcomes")
    return _right(outcomes, p)


def _with_coefficient(outcomes, p):
    n, ones = outcomes.size, int(outcomes.sum())
    ways = math.lgamma(n + 1) - math.lgamma(ones + 1) - math.lgamma(n - ones + 1)
    return _right(outcomes, p) - ways / n


def _of_share(outcomes, p):
    return _right(outcomes, outcomes.mean().clip(1e-12, 1 - 1e-12))


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
        "the likelihood itself": _of_chances(np.prod),
        "the sign forgotten": _of_chances(lambda chances: -_nll(chances)),
        "the sum instead of the mean": _of_chances(lambda chances: chances.size * _nll(chances)),
        "the logarithm to the base 2": _of_chances(lambda chances: _nll(chances) / np.log(2)),
        "p and 1 - p exchanged": lambda outcomes, p: _right(1 - outcomes, p),
        "only the ones counted": lambda outcomes, p: -(outcomes * np.log(p)).mean(),
        "the logarithm of the mean probability": _of_chances(
            lambda chances: -np.log(chances.mean())
        ),
        "the logarithm forgotten": _of_chances(lambda chances: 1 - chances.mean()),
        "the squared error": _of_chances(lambda chances: ((1 - chances) ** 2).mean()),
        "the share of ones in place of p": _of_share,
        "the number of orders included": _with_coefficient,
        "the logarithm of a product that underflowed": _of_chances(
            lambda chances: -np.log(np.prod(chances)) / chances.size
        ),
        "an underflow hidden by a smallest number": _of_chances(
            lambda chances: -np.log(max(np.prod(chances), 1e-300)) / chances.size
        ),
        "probabilities clipped": Recognised(
            _of_chances(lambda chances: _nll(chances.clip(1e-12))), capped(_right, share=0.97)
        ),
    },
)
