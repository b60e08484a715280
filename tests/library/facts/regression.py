"""The regression losses as textbooks print them."""

import math

from library.facts.row import facts
from library.facts.shared import (
    INF,
    LN2,
    LN3,
)
from mpmath import binomial, cosh, exp, gamma, log, mpf, ncdf, npdf, pi, sqrt


def errors(*sizes):
    return [{"pred": sign * size, "target": 0.0} for size in sizes for sign in (1.0, -1.0)]


def spread(name, *pairs):
    return [{"pred": e, "target": 0.0, name: width} for e, width in pairs]


def _at(*pairs):
    return [{"log_mean": z, "target": y} for z, y in pairs]


@facts(
    known=[
        # scikit-learn's documentation of mean_squared_error.
        ({"pred": [2.5, 0.0, 2.0, 8.0], "target": [3.0, -0.5, 2.0, 7.0]}, 0.375),
    ],
    extremes=errors(1e-15, 1e4, 1e18),
    outside=[],
)
def mse(pred, target):
    return (pred - target) ** 2


@facts(
    known=[
        # scikit-learn's documentation of root_mean_squared_error.
        ({"pred": [2.5, 0.0, 2.0, 8.0], "target": [3.0, -0.5, 2.0, 7.0]}, 0.6123724356957945),
        # By hand: the 3-4-5 triangle over two items.
        ({"pred": [3.0, 0.0], "target": [0.0, 4.0]}, 5 / 2**0.5),
    ],
    extremes=errors(1e-30, 1e4, 1e30),
    outside=[],
)
def rmse(pred, target):
    return sqrt((pred - target) ** 2)


@facts(
    known=[
        # scikit-learn's documentation of mean_absolute_error.
        ({"pred": [2.5, 0.0, 2.0, 8.0], "target": [3.0, -0.5, 2.0, 7.0]}, 0.5),
    ],
    extremes=errors(1e-30, 1e4, 1e30),
    outside=[],
)
def mae(pred, target):
    return abs(pred - target)


@facts(
    known=[
        # Huber (1964), the two branches by hand: 0.5²/2, 1·(3 - 1/2), 2·(3 - 1).
        ({"pred": [0.5], "target": [0.0]}, 0.125),
        ({"pred": [0.0], "target": [3.0]}, 2.5),
        ({"pred": [3.0], "target": [0.0], "delta": 2.0}, 4.0),
    ],
    extremes=errors(1e-8, 1e4, 1e30),
    outside=[],
)
def huber(pred, target, delta):
    e = abs(pred - target)
    return e**2 / 2 if e <= delta else delta * (e - mpf(delta) / 2)


@facts(
    known=[
        # Girshick (2015), equation 3, by hand; with β = 2: 0.5²/2/2 and 3 - 2/2.
        ({"pred": [0.5], "target": [0.0]}, 0.125),
        ({"pred": [0.0], "target": [3.0]}, 2.5),
        ({"pred": [0.5], "target": [0.0], "beta": 2.0}, 0.0625),
        ({"pred": [3.0], "target": [0.0], "beta": 2.0}, 2.0),
    ],
    extremes=errors(1e-8, 1e4, 1e30),
    outside=[],
)
def smooth_l1(pred, target, beta):
    e = abs(pred - target)
    return e**2 / 2 / beta if e < beta else e - mpf(beta) / 2


@facts(
    known=[
        # cosh 1 = 1.54308063481524377… (OEIS A073743); its logarithm.
        ({"pred": [1.0], "target": [0.0]}, 0.4337808304830271),
        # Far out it is |e| - ln 2.
        ({"pred": [0.0], "target": [1000.0]}, 999.3068528194400547),
    ],
    extremes=errors(1e-8, 1e-3, 0.999, 1.001, 100.0, 1e4, 1e30),
    outside=[],
)
def log_cosh(pred, target):
    return log(cosh(pred - target))


@facts(
    known=[
        # scikit-learn's documentation of mean_pinball_loss.
        ({"pred": [0.0, 2.0, 3.0], "target": [1.0, 2.0, 3.0], "q": 0.1}, 1 / 30),
        ({"pred": [1.0, 2.0, 4.0], "target": [1.0, 2.0, 3.0], "q": 0.1}, 0.3),
        ({"pred": [0.0, 2.0, 3.0], "target": [1.0, 2.0, 3.0], "q": 0.9}, 0.3),
        ({"pred": [1.0, 2.0, 4.0], "target": [1.0, 2.0, 3.0], "q": 0.9}, 1 / 30),
        # Two heads, by hand: 2 above under q = 0.9 costs 0.2, 2 below under q = 0.1 costs 0.2.
        ({"pred": [[8.0, 12.0]], "target": [10.0], "q": (0.1, 0.9)}, 0.2),
    ],
    extremes=errors(1e-30, 1e4, 1e30),
    outside=[],
)
def quantile(pred, target, q):
    return max(q * (target - pred), (mpf(q) - 1) * (target - pred))


@facts(
    known=[
        # scikit-learn's documentation of mean_absolute_percentage_error.
        ({"pred": [2.5, 0.0, 2.0, 8.0], "target": [3.0, -0.5, 2.0, 7.0]}, 0.3273809523809524),
    ],
    extremes=[{"pred": 1.0, "target": 1e-30}, {"pred": 1e30, "target": -2.0}],
    outside=[("target", 0.0)],
)
def mape(pred, target):
    return abs((target - pred) / target)


@facts(
    known=[
        # scikit-learn's documentation of mean_squared_log_error (0.039…); digits by hand:
        # (ln²(3.5/4) + ln²(5/3.5) + ln²(9/8)) / 4.
        ({"pred": [2.5, 5.0, 4.0, 8.0], "target": [3.0, 5.0, 2.5, 7.0]}, 0.03973012298459379),
    ],
    extremes=[{"pred": 1e30, "target": 0.0}, {"pred": -0.999, "target": 1e30}],
    outside=[("pred", -1.0), ("pred", -3.0), ("target", -1.0)],
)
def msle(pred, target):
    return (log(1 + pred) - log(1 + target)) ** 2


@facts(
    known=[
        # Rate 1: P(3) = e⁻¹/3!, so -ln P(3) = 1 + ln 6; without the constant, 1.
        ({"log_rate": [0.0], "target": [3.0]}, 1.0),
        ({"log_rate": [0.0], "target": [3.0], "full": True}, 2.791759469228055),
        # P(0) = P(1) = e⁻¹.
        ({"log_rate": [0.0, 0.0], "target": [0.0, 1.0], "full": True}, 1.0),
    ],
    extremes=[{"log_rate": z, "target": k} for z in (-1000.0, 0.0, 80.0) for k in (0.0, 1.0, 30.0)],
    outside=[("target", -1.0)],
)
def poisson_nll(log_rate, target, full):
    constant = log(gamma(target + 1)) if full else 0
    return exp(log_rate) - target * log_rate + constant


@facts(
    known=[
        # The standard normal density at 0 is 0.39894228… = 1/√(2π).
        ({"pred": [0.0], "target": [0.0], "var": [1.0], "full": True}, 0.9189385332046727),
        # By hand: ½ (ln 1 + 2²/1) and ½ (ln 4 + 2²/4).
        ({"pred": [1.0], "target": [3.0], "var": [1.0]}, 2.0),
        ({"pred": [1.0], "target": [3.0], "var": [4.0]}, 1.1931471805599454),
    ],
    extremes=spread("var", (1e4, 1e-8), (1e-8, 1e8), (1e25, 1e30), (0.0, 1e-30)),
    outside=[("var", 0.0), ("var", -1.0)],
)
def gaussian_nll(pred, target, var, full):
    constant = log(2 * pi) / 2 if full else 0
    return (log(var) + (pred - target) ** 2 / var) / 2 + constant


@facts(
    known=[
        # At |e| = δ: δ² (√2 - 1).
        ({"pred": [1.0], "target": [0.0]}, 2**0.5 - 1),
        ({"pred": [0.0], "target": [2.0], "delta": 2.0}, 4 * (2**0.5 - 1)),
    ],
    extremes=errors(1e-8, 1e4, 1e30),
    outside=[],
)
def pseudo_huber(pred, target, delta):
    return mpf(delta) ** 2 * (sqrt(1 + ((pred - target) / delta) ** 2) - 1)


@facts(
    known=[
        # Barron (2019), equation 8, by hand at x/c = 2: the named members of the family.
        ({"pred": [2.0], "target": [0.0], "alpha": 2.0}, 2.0),
        ({"pred": [2.0], "target": [0.0], "alpha": 1.0}, 5**0.5 - 1),
        ({"pred": [2.0], "target": [0.0], "alpha": 0.0}, LN3),
        ({"pred": [2.0], "target": [0.0], "alpha": -2.0}, 1.0),
        ({"pred": [2.0], "target": [0.0], "alpha": -INF}, 0.8646647167633873),
        ({"pred": [6.0], "target": [0.0], "alpha": -2.0, "scale": 3.0}, 1.0),
    ],
    extremes=errors(1e-8, 1e4, 1e30),
    outside=[],
)
def general_robust(pred, target, alpha, scale):
    u, a = (pred - target) / scale, mpf(alpha)
    if alpha == 2:
        return u**2 / 2
    if alpha == 0:
        return log(u**2 / 2 + 1)
    if alpha == -math.inf:
        return 1 - exp(-(u**2) / 2)
    return abs(a - 2) / a * ((u**2 / abs(a - 2) + 1) ** (a / 2) - 1)


@facts(
    known=[
        # The density at the centre is 1/(2b): ln 2 for b = 1; by hand ln 1 + 2/0.5.
        ({"pred": [0.0], "target": [0.0], "scale": [1.0]}, LN2),
        ({"pred": [1.0], "target": [3.0], "scale": [0.5]}, 4.0),
    ],
    extremes=spread("scale", (1e4, 1e-8), (1e30, 1.0), (1.0, 1e30)),
    outside=[("scale", 0.0), ("scale", -1.0)],
)
def laplace_nll(pred, target, scale):
    return -log(exp(-abs(pred - target) / scale) / (2 * scale))


@facts(
    known=[
        # Gneiting & Raftery (2007), section 4.2, at z = 0: σ (√2 - 1)/√π.
        ({"pred": [0.0], "target": [0.0], "std": [1.0]}, 0.23369497725510913),
        ({"pred": [5.0], "target": [5.0], "std": [2.0]}, 2 * 0.23369497725510913),
        # z = 1, with Φ(1) = 0.8413447460685429 and φ(1) = 0.24197072451914337 from tables.
        ({"pred": [0.0], "target": [1.0], "std": [1.0]}, 0.6024413576276163),
    ],
    extremes=spread("std", (1e4, 1e-8), (1e30, 1.0), (1e-8, 1.0), (1.0, 1e8)),
    outside=[("std", 0.0), ("std", -1.0)],
)
def gaussian_crps(pred, target, std):
    z = (target - pred) / std
    return std * (z * (2 * ncdf(z) - 1) + 2 * npdf(z) - 1 / sqrt(pi))


@facts(
    known=[
        # scikit-learn's documentation of mean_tweedie_deviance, with power=1: here by the limit of
        # its formula, 2 (y ln(y/μ) - y + μ); and by hand for p = 3/2: 2 (√μ - √y)² · 2 / √μ.
        ({"log_mean": [0.0], "target": [0.0]}, 4.0),
        ({"log_mean": [0.0], "target": [4.0]}, 4.0),
        ({"log_mean": [math.log(4)], "target": [1.0]}, 2.0),
        ({"log_mean": [math.log(4)], "target": [4.0]}, 0.0),
    ],
    # Agreement in all digits but a few, means far off, and the target 0.
    extremes=_at(
        (0.0, 1.0),
        (1e-6, 1.0),
        (-0.4999, 1.0),
        (0.5001, 1.0),
        (1.0, 2.75),
        (60.0, 3.0),
        (-60.0, 3.0),
        (-60.0, 0.0),
        (60.0, 0.0),
        (0.0, 1e20),
        (2.0, 1e-20),
    ),
    outside=[("target", -1.0)],
)
def tweedie_deviance(log_mean, target, power):
    """Jørgensen (1987): twice the log-likelihood that a mean of the target itself would gain."""
    mean, p = exp(log_mean), mpf(power)
    own = target ** (2 - p) / ((1 - p) * (2 - p))
    return 2 * (own - target * mean ** (1 - p) / (1 - p) + mean ** (2 - p) / (2 - p))


@facts(
    known=[
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
    extremes=_at((0.0, 1.0), (70.0, 3.0), (-70.0, 3.0), (0.0, 1e30), (0.0, 1e-30)),
    outside=[("target", 0.0), ("target", -1.0)],
)
def gamma_nll(log_mean, target, shape, full):
    k, mean = mpf(shape), exp(log_mean)
    density = (k / mean) ** k * target ** (k - 1) * exp(-k * target / mean) / gamma(k)
    constant = log(gamma(k)) - k * log(k) - (k - 1) * log(target)
    return -log(density) - (0 if full else constant)


@facts(
    known=[
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
    extremes=_at(
        (0.0, 0.0), (80.0, 0.0), (-80.0, 0.0), (1000.0, 3.0), (-1000.0, 30.0), (3.0, 30.0)
    ),
    outside=[("target", -1.0)],
)
def negative_binomial_nll(log_mean, target, dispersion, full):
    """The chance of y successes before 1/α failures; Lawless (1987), equation 1.1."""
    r = 1 / mpf(dispersion)
    p = exp(log_mean) / (r + exp(log_mean))
    ways = binomial(target + r - 1, target)
    return -log(p) * target - r * log(r / (r + exp(log_mean))) - (log(ways) if full else 0)
