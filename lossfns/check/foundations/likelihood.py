"""The likelihood of a coin, without underflow."""

import math

import numpy as np

from lossfns.check import kinds
from lossfns.check.exercise import Exercise, Misconception
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
    yield refuse(
        "a p accepted that is no probability",
        "With p = 1.5 the logarithm of 1 - p is NaN, or the result even negative. Raise "
        "ValueError for everything that is not between 0 and 1.",
        outcomes=flips[3],
        p=1.5,
    )
    for p in (0.0, 1.0):
        yield refuse(
            "p = 0 or p = 1 accepted",
            "A model with p = 1 rules a 0 out, and one such outcome costs infinity. The "
            "specification wants 0 < p < 1, both ends excluded.",
            outcomes=flips[3],
            p=p,
        )
    yield refuse(
        "outcomes accepted that are neither 0 nor 1",
        "A 2 makes ln(1 - p) count with a minus sign, and the loss may become negative. Raise "
        "ValueError for outcomes other than 0 and 1.",
        outcomes=np.array([1.0, 2.0]),
        p=0.25,
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
    name="bernoulli_nll",
    signature="bernoulli_nll(outcomes, p)",
    read="sec-01-likelihood",
    right=_checked,
    draw=_draw_nll,
    probes=(
        kinds.outside("p", 0.0, 1.0, ends=(0.0, 1.0)),
        kinds.outside("outcomes", 0.0, 1.0, ends=(0.5, 2.0)),
    ),
    misconceptions=(
        Misconception(
            "the likelihood itself",
            _of_chances(np.prod),
            "The product of the probabilities is the likelihood. It is large where the model is "
            "good, and it vanishes with many outcomes: take minus its logarithm, divided by n.",
        ),
        Misconception(
            "the sign forgotten",
            _of_chances(lambda chances: -_nll(chances)),
            "This is the log-likelihood, which is to be made large. A loss is to be made small: "
            "turn the sign.",
        ),
        Misconception(
            "the sum instead of the mean",
            _of_chances(lambda chances: chances.size * _nll(chances)),
            "The sum grows with the number of outcomes. Divide by n, so that data sets of "
            "different sizes can be compared.",
        ),
        Misconception(
            "the logarithm to the base 2",
            _of_chances(lambda chances: _nll(chances) / np.log(2)),
            "Base 2 gives bits. The logarithm here is the natural one, np.log.",
        ),
        Misconception(
            "p and 1 - p exchanged",
            lambda outcomes, p: _right(1 - outcomes, p),
            "p is the probability of outcome 1: a 1 costs -ln p, a 0 costs -ln(1 - p).",
        ),
        Misconception(
            "only the ones counted",
            lambda outcomes, p: -(outcomes * np.log(p)).mean(),
            "A 0 is an observation, too: it costs -ln(1 - p). Without it p = 1 would always be the "
            "best guess.",
        ),
        Misconception(
            "the logarithm of the mean probability",
            _of_chances(lambda chances: -np.log(chances.mean())),
            "You average first. Independent outcomes multiply, so their logarithms add up: one "
            "logarithm for each outcome, then the mean.",
        ),
        Misconception(
            "the logarithm forgotten",
            _of_chances(lambda chances: 1 - chances.mean()),
            "This is the mean probability of being wrong. Each outcome costs minus the logarithm "
            "of its probability.",
        ),
        Misconception(
            "the squared error",
            _of_chances(lambda chances: ((1 - chances) ** 2).mean()),
            "(y - p)² belongs to Gaussian noise. An outcome of 0 or 1 with probability p has the "
            "negative log-likelihood -ln p or -ln(1 - p).",
        ),
        Misconception(
            "the share of ones in place of p",
            _of_share,
            "The share is the p for which the loss is lowest. Asked for is the loss of the p that "
            "you were given.",
        ),
        Misconception(
            "the number of orders included",
            _with_coefficient,
            "The binomial coefficient counts in how many orders so many ones can come. The data "
            "have one order, and the coefficient does not depend on p: leave it out.",
        ),
        Misconception(
            "the logarithm of a product that underflowed",
            _of_chances(lambda chances: -np.log(np.prod(chances)) / chances.size),
            "With thousands of outcomes the product is exactly 0 in floating point, and -ln 0 is "
            "infinite, for every p. The logarithm of a product is a sum of logarithms: take them "
            "first.",
        ),
        Misconception(
            "an underflow hidden by a smallest number",
            _of_chances(lambda chances: -np.log(max(np.prod(chances), 1e-300)) / chances.size),
            "The product has lost its information before the maximum mends it: every p looks the "
            "same. Take the logarithm of each factor, then add up.",
        ),
        Misconception(
            "probabilities clipped",
            _of_chances(lambda chances: _nll(chances.clip(1e-12))),
            "With probabilities clipped at 1e-12 nothing can cost more than 27.6, however "
            "surprising it is. p is never 0 here, so nothing needs to be clipped.",
            capped(_right, share=0.97),
        ),
    ),
)
