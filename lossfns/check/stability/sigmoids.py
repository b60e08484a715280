"""Logarithms of one number: of the sigmoid, and of 1 - e^-x."""

import numpy as np

from lossfns.check import kinds
from lossfns.check.exercise import Exercise, Recognised
from lossfns.check.faults import capped
from lossfns.check.questions import ask_each, refuse, shuffled, single
from lossfns.check.recipes import library


def log_sigmoid(z):
    return -np.logaddexp(0, -z)


def _pieces(rng, values):
    """Arrays of these values, then two of them in single precision."""
    count = int(rng.integers(20, 40))
    shapes = [(1,), (2,), (3,), (2, 3), (int(rng.integers(2, 5)), 5), (count,)]
    pieces = [shuffled(rng, values, shape) for shape in shapes]
    return [*pieces, *single(*pieces[2:4])]


def _draw_log_sigmoid(rng):
    yield from ask_each("z", _pieces(rng, [2.0, -1.5, 0.5, -3.0, 0.0]))
    sure = float(rng.integers(40, 60))
    far = ([-1000.0], [1000.0], [sure], [1e12, -1e12], [-1000.0, 1000.0, 0.0])
    yield from ask_each("z", far, "extremes")
    yield from ask_each("z", single(np.array([-1000.0, 1000.0])), "extremes")


def tail(z):
    """What softplus adds to max(z, 0)."""
    return log1pexp(-abs(z))


def log1pexp(z):
    """Softplus in the form that overflows."""
    lib = library(z)
    return lib.log1p(lib.exp(z))


LOG_SIGMOID = Exercise(
    signature="log_sigmoid(z)",
    read="log-sigmoid",
    right=log_sigmoid,
    draw=_draw_log_sigmoid,
    probes=(kinds.beyond_fifty("z", high=85.0),),
    # ln σ(40) is -4e-18, and that is what is asked for: digits count, not decimal places.
    atol=0.0,
    mistakes={
        "the sigmoid without its logarithm": lambda z: np.exp(log_sigmoid(z)),
        "minus the logarithm": lambda z: -log_sigmoid(z),
        "the other side: ln(1 - σ(z))": lambda z: log_sigmoid(-z),
        "softplus of z": lambda z: -log_sigmoid(-z),
        "only min(z, 0)": lambda z: np.minimum(z, 0),
        "max in place of min": lambda z: np.maximum(z, 0) - tail(z),
        "the correction added instead of subtracted": lambda z: np.minimum(z, 0) + tail(z),
        "|z| without its minus": lambda z: np.minimum(z, 0) - log1pexp(abs(z)),
        "logarithms to the base 2": lambda z: log_sigmoid(z) / np.log(2),
        "the logarithm of a rounded probability": lambda z: np.log(1 / (1 + np.exp(-z))),
        "an exponential that overflows for z < 0": lambda z: -log1pexp(-z),
        "an exponential that overflows for z > 0": lambda z: z - log1pexp(z),
        "the probability kept away from 0 before the logarithm": Recognised(
            lambda z: np.log(np.exp(log_sigmoid(z)) + 1e-12), capped(log_sigmoid)
        ),
        "log(1 + x) where log1p(x) belongs": lambda z: (
            np.minimum(z, 0) - np.log(1 + np.exp(-abs(z)))
        ),
    },
)


def log1mexp(x):
    """The branch whose argument of the logarithm loses nothing, on either side of ln 2."""
    if not (x > 0).all():
        raise ValueError("x must be positive")
    with np.errstate(all="ignore"):
        return np.where(x < np.log(2), np.log(-np.expm1(-x)), np.log1p(-np.exp(-x)))


def _draw_log1mexp(rng):
    yield from ask_each("x", _pieces(rng, [0.5, 2.0, 0.25, 1.0, 3.0]))
    tiny, large = 10.0 ** -int(rng.integers(18, 30)), float(rng.integers(40, 60))
    far = ([tiny], [large], [1e-300, 700.0], [tiny, 0.5, large, 1000.0])
    yield from ask_each("x", far, "extremes")
    yield from ask_each("x", single(np.array([1e-20, 60.0])), "extremes")
    yield refuse("x = 0 accepted", x=np.array([1.0, 0.0]))
    yield refuse("a negative x accepted", x=np.array([-1.0, 1.0, 2.0]))


def _stopped(call, value):
    """Right but for the tiny x, where the result stops at the logarithm of an ε."""
    x = call.arrays["x"].astype(np.float64)
    if value.shape != x.shape or (x <= 0).any():
        return False
    best = log1mexp(x)
    tiny = x < 1e-17
    near = np.isclose(value, best, rtol=1e-3, atol=1e-5)
    return bool(np.where(tiny, (value < -10) & (value > 0.95 * best), near).all())


LOG1MEXP = Exercise(
    signature="log1mexp(x)",
    read="log1mexp",
    right=log1mexp,
    draw=_draw_log1mexp,
    probes=(kinds.outside("x", 0.0, ends=(0.0, -1e-300)),),
    # The result spans e^-700 to 700, so digits count, not decimal places.
    rtol=1e-5,
    atol=0.0,
    mistakes={
        "ln(1 + e^-x)": lambda x: log1pexp(-x),
        "1 - e^-x without its logarithm": lambda x: -np.expm1(-x),
        "minus the logarithm": lambda x: -log1mexp(x),
        "the sign of the exponent lost": lambda x: np.log(abs(np.expm1(x))),
        "ln x for all x": lambda x: np.log(x),
        "-e^-x for all x": lambda x: -np.exp(-x),
        "logarithms to the base 2": lambda x: log1mexp(x) / np.log(2),
        "x in units of ln 2": lambda x: log1mexp(x * np.log(2)),
        "the digits lost on both sides": lambda x: np.log(1 - np.exp(-x)),
        "log1p(-e^-x) on both sides": lambda x: np.log1p(-np.exp(-x)),
        "log(-expm1(-x)) on both sides": lambda x: np.log(-np.expm1(-x)),
        "ln(e^x - 1) - x": lambda x: np.log(np.expm1(x)) - x,
        "a small number added before the logarithm": Recognised(
            lambda x: np.log(-np.expm1(-x) + 1e-12), _stopped
        ),
    },
)
