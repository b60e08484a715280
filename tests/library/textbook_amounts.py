"""Likelihoods of counts and amounts as their papers print them; see `library.textbook`."""

import math

from mpmath import binomial, exp, gamma, log, mpf


def tweedie_deviance(log_mean, target, power):
    """Jørgensen (1987): twice the log-likelihood that a mean of the target itself would gain."""
    mean, p = exp(log_mean), mpf(power)
    own = target ** (2 - p) / ((1 - p) * (2 - p))
    return 2 * (own - target * mean ** (1 - p) / (1 - p) + mean ** (2 - p) / (2 - p))


def gamma_nll(log_mean, target, shape, full):
    k, mean = mpf(shape), exp(log_mean)
    density = (k / mean) ** k * target ** (k - 1) * exp(-k * target / mean) / gamma(k)
    constant = log(gamma(k)) - k * log(k) - (k - 1) * log(target)
    return -log(density) - (0 if full else constant)


def negative_binomial_nll(log_mean, target, dispersion, full):
    """The chance of y successes before 1/α failures; Lawless (1987), equation 1.1."""
    r = 1 / mpf(dispersion)
    p = exp(log_mean) / (r + exp(log_mean))
    ways = binomial(target + r - 1, target)
    return -log(p) * target - r * log(r / (r + exp(log_mean))) - (log(ways) if full else 0)


def _at(*pairs):
    return [{"log_mean": z, "target": y} for z, y in pairs]


EXTREMES = {
    # Agreement in all digits but a few, means far off, and the target 0.
    "tweedie_deviance": _at(
        (0.0, 1.0), (1e-6, 1.0), (-0.4999, 1.0), (0.5001, 1.0), (1.0, 2.75), (60.0, 3.0),
        (-60.0, 3.0), (-60.0, 0.0), (60.0, 0.0), (0.0, 1e20), (2.0, 1e-20),
    ),
    "gamma_nll": _at((0.0, 1.0), (70.0, 3.0), (-70.0, 3.0), (0.0, 1e30), (0.0, 1e-30)),
    "negative_binomial_nll": _at(
        (0.0, 0.0), (80.0, 0.0), (-80.0, 0.0), (1000.0, 3.0), (-1000.0, 30.0), (3.0, 30.0)
    ),
}  # fmt: skip

KNOWN = {
    "tweedie_deviance": [
        # scikit-learn's documentation of mean_tweedie_deviance, with power=1: here by the limit of
        # its formula, 2 (y ln(y/μ) - y + μ); and by hand for p = 3/2: 2 (√μ - √y)² · 2 / √μ.
        ({"log_mean": [0.0], "target": [0.0]}, 4.0),
        ({"log_mean": [0.0], "target": [4.0]}, 4.0),
        ({"log_mean": [math.log(4)], "target": [1.0]}, 2.0),
        ({"log_mean": [math.log(4)], "target": [4.0]}, 0.0),
    ],
    "gamma_nll": [
        # The exponential distribution of mean 1: -ln e^-y; of mean 2: ln 2 + y/2.
        ({"log_mean": [0.0], "target": [3.0]}, 3.0),
        ({"log_mean": [0.0], "target": [3.0], "full": True}, 3.0),
        ({"log_mean": [math.log(2)], "target": [3.0], "full": True}, math.log(2) + 1.5),
        # Shape 2, mean 2: the density y e^-y.
        (
            {"log_mean": [math.log(2)], "target": [3.0], "shape": 2.0, "full": True},
            3 - math.log(3),
        ),
    ],
    "negative_binomial_nll": [
        # α = 1 is the geometric distribution, here with p = ½: P(y) = ½^(y + 1).
        ({"log_mean": [0.0], "target": [1.0], "full": True}, 2 * math.log(2)),
        ({"log_mean": [0.0], "target": [4.0], "full": True}, 5 * math.log(2)),
        # One way to see no success, y + 1 = 4 ways to see 3 before the second failure: p = ⅓.
        (
            {"log_mean": [0.0], "target": [3.0], "dispersion": 0.5, "full": True},
            -math.log(4 * (1 / 3) ** 3 * (2 / 3) ** 2),
        ),
        (
            {"log_mean": [0.0], "target": [3.0], "dispersion": 0.5},
            -math.log((1 / 3) ** 3 * (2 / 3) ** 2),
        ),
    ],
}

OUTSIDE = {
    "tweedie_deviance": [("target", -1.0)],
    "gamma_nll": [("target", 0.0), ("target", -1.0)],
    "negative_binomial_nll": [("target", -1.0)],
}
