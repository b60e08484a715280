"""Logarithms of one number: of the sigmoid, and of 1 - e^-x."""

import numpy as np

from lossfns.check import kinds
from lossfns.check.exercise import Call, Exercise, Misconception
from lossfns.check.faults import capped
from lossfns.check.questions import refuse, shuffled


def log_sigmoid(z):
    return -np.logaddexp(0, -z)


def _shapes(rng):
    count = int(rng.integers(20, 40))
    return [(1,), (2,), (3,), (2, 3), (int(rng.integers(2, 5)), 5), (count,)]


def _draw_log_sigmoid(rng):
    pieces = [shuffled(rng, [2.0, -1.5, 0.5, -3.0, 0.0], shape) for shape in _shapes(rng)]
    for z in (*pieces, *(z.astype(np.float32) for z in pieces[2:4])):
        yield Call({"z": z})
    sure = float(rng.integers(40, 60))
    for z in ([-1000.0], [1000.0], [sure], [1e12, -1e12], [-1000.0, 1000.0, 0.0]):
        yield Call({"z": np.array(z)}, {}, "extremes")
    yield Call({"z": np.array([-1000.0, 1000.0], np.float32)}, {}, "extremes")


def _tail(z):
    return np.log1p(np.exp(-abs(z)))


LOG_SIGMOID = Exercise(
    name="log_sigmoid",
    signature="log_sigmoid(z)",
    read="log-sigmoid",
    right=log_sigmoid,
    draw=_draw_log_sigmoid,
    probes=(kinds.beyond_fifty("z", high=85.0),),
    # ln σ(40) is -4e-18, and that is what is asked for: digits count, not decimal places.
    atol=0.0,
    misconceptions=(
        Misconception(
            "the sigmoid without its logarithm",
            lambda z: np.exp(log_sigmoid(z)),
            "That is the probability. Its logarithm is asked for, in a form that does not go "
            "through the probability.",
        ),
        Misconception(
            "minus the logarithm",
            lambda z: -log_sigmoid(z),
            "ln(1 + e^-z) is the loss of a positive item, that is minus ln σ(z). The logarithm of "
            "a probability is negative.",
        ),
        Misconception(
            "the other side: ln(1 - σ(z))",
            lambda z: log_sigmoid(-z),
            "1 - σ(z) is σ(-z), the probability of y = 0. For large z yours falls without bound, "
            "where ln σ(z) goes to 0.",
        ),
        Misconception(
            "softplus of z",
            lambda z: -log_sigmoid(-z),
            "ln(1 + e^z) is minus the logarithm of the other side. Both signs have to change: "
            "ln σ(z) = -ln(1 + e^-z).",
        ),
        Misconception(
            "only min(z, 0)",
            lambda z: np.minimum(z, 0),
            "min(z, 0) is right far out on either side. Near 0 the term -ln(1 + e^-|z|) is "
            "missing: ln σ(0) is -ln 2.",
        ),
        Misconception(
            "max in place of min",
            lambda z: np.maximum(z, 0) - _tail(z),
            "For large z the logarithm goes to 0, and for very negative z it goes like z itself: "
            "min(z, 0).",
        ),
        Misconception(
            "the correction added instead of subtracted",
            lambda z: np.minimum(z, 0) + _tail(z),
            "ln σ(z) lies below min(z, 0), not above it, or the probability would exceed 1.",
        ),
        Misconception(
            "|z| without its minus",
            lambda z: np.minimum(z, 0) - np.log1p(np.exp(abs(z))),
            "The exponent must be -|z|, so that the exponential is at most 1. With +|z| it "
            "overflows, and it is another number.",
        ),
        Misconception(
            "logarithms to the base 2",
            lambda z: log_sigmoid(z) / np.log(2),
            "Everywhere in this course logarithms are natural: np.log, not np.log2.",
        ),
        Misconception(
            "the logarithm of a rounded probability",
            lambda z: np.log(1 / (1 + np.exp(-z))),
            "At z = -1000 the sigmoid is rounded to 0 and its logarithm is -∞; at z = "
            "40 it is rounded to 1 and the logarithm to 0. Do not go through the "
            "probability.",
            formula="min(z, 0) - ln(1 + e^-|z|)",
        ),
        Misconception(
            "an exponential that overflows for z < 0",
            lambda z: -np.log1p(np.exp(-z)),
            "-ln(1 + e^-z) is right, but e^1000 is beyond every float. Where z < 0, "
            "take z out of the logarithm: then no exponent is positive.",
            formula="min(z, 0) - ln(1 + e^-|z|)",
        ),
        Misconception(
            "an exponential that overflows for z > 0",
            lambda z: z - np.log1p(np.exp(z)),
            "z - ln(1 + e^z) is right, but for z > 0 the exponential overflows, and "
            "before that the difference of two equal numbers loses all digits. Which "
            "exponent is never positive?",
            formula="min(z, 0) - ln(1 + e^-|z|)",
        ),
        Misconception(
            "the probability kept away from 0 before the logarithm",
            lambda z: np.log(np.exp(log_sigmoid(z)) + 1e-12),
            "With ε inside the logarithm the result stops falling (at -28 for 1e-12) "
            "and is wrong by hundreds; its gradient is 0. The stable form needs no ε.",
            capped(log_sigmoid),
            formula="min(z, 0) - ln(1 + e^-|z|)",
        ),
        Misconception(
            "log(1 + x) where log1p(x) belongs",
            lambda z: np.minimum(z, 0) - np.log(1 + np.exp(-abs(z))),
            "1 + 4e-18 is rounded to 1, so ln σ(40) becomes 0 and a probability that is nearly 1 "
            "counts as exactly 1. np.log1p(x) keeps the digits of a small x.",
        ),
    ),
)


def log1mexp(x):
    """The branch whose argument of the logarithm loses nothing, on either side of ln 2."""
    if not (x > 0).all():
        raise ValueError("x must be positive")
    with np.errstate(all="ignore"):
        return np.where(x < np.log(2), np.log(-np.expm1(-x)), np.log1p(-np.exp(-x)))


def _draw_log1mexp(rng):
    pieces = [shuffled(rng, [0.5, 2.0, 0.25, 1.0, 3.0], shape) for shape in _shapes(rng)]
    for x in (*pieces, *(x.astype(np.float32) for x in pieces[2:4])):
        yield Call({"x": x})
    tiny, large = 10.0 ** -int(rng.integers(18, 30)), float(rng.integers(40, 60))
    for x in ([tiny], [large], [1e-300, 700.0], [tiny, 0.5, large, 1000.0]):
        yield Call({"x": np.array(x)}, {}, "extremes")
    yield Call({"x": np.array([1e-20, 60.0], np.float32)}, {}, "extremes")
    yield refuse(
        "x = 0 accepted",
        "1 - e^0 is 0 and has no logarithm. Raise ValueError unless every x is positive.",
        x=np.array([1.0, 0.0]),
    )
    yield refuse(
        "a negative x accepted",
        "For x < 0 there is no logarithm to return: 1 - e^-x is negative. Raise ValueError "
        "unless every x is positive.",
        x=np.array([-1.0, 1.0, 2.0]),
    )


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
    name="log1mexp",
    signature="log1mexp(x)",
    read="log1mexp",
    right=log1mexp,
    draw=_draw_log1mexp,
    probes=(kinds.outside("x", 0.0, ends=(0.0, -1e-300)),),
    # The result spans e^-700 to 700, so digits count, not decimal places.
    rtol=1e-5,
    atol=0.0,
    misconceptions=(
        Misconception(
            "ln(1 + e^-x)",
            lambda x: np.log1p(np.exp(-x)),
            "The sign inside is a minus: 1 - e^-x is the probability that something with rate 1 "
            "has happened by the time x. Yours is softplus(-x).",
        ),
        Misconception(
            "1 - e^-x without its logarithm",
            lambda x: -np.expm1(-x),
            "That is the probability itself. Its logarithm is asked for.",
        ),
        Misconception(
            "minus the logarithm",
            lambda x: -log1mexp(x),
            "1 - e^-x lies between 0 and 1, so its logarithm is negative.",
        ),
        Misconception(
            "the sign of the exponent lost",
            lambda x: np.log(abs(np.expm1(x))),
            "You have e^x where e^-x belongs; 1 - e^x is negative for every x > 0 and has no "
            "logarithm.",
        ),
        Misconception(
            "ln x for all x",
            lambda x: np.log(x),
            "1 - e^-x is near x for small x only. For x of 1 and more the logarithm goes to 0 "
            "from below, while ln x goes up.",
        ),
        Misconception(
            "-e^-x for all x",
            lambda x: -np.exp(-x),
            "ln(1 - e^-x) is near -e^-x for large x only. Near x = 0 it falls without bound, like "
            "ln x.",
        ),
        Misconception(
            "logarithms to the base 2",
            lambda x: log1mexp(x) / np.log(2),
            "Everywhere in this course logarithms are natural: np.log, not np.log2.",
        ),
        Misconception(
            "x in units of ln 2",
            lambda x: log1mexp(x * np.log(2)),
            "ln 2 is the place where the two branches meet, not a factor of x. Your result is "
            "ln(1 - 2^-x).",
        ),
        Misconception(
            "the digits lost on both sides",
            lambda x: np.log(1 - np.exp(-x)),
            "For tiny x, e^-x is rounded to 1, and 1 - 1 = 0 has the logarithm -∞. For large x, "
            "1 - e^-x is rounded to 1, and the result to 0. expm1 belongs where x is small and "
            "log1p where x is large; exchanged, they help as little as the formula itself.",
        ),
        Misconception(
            "log1p(-e^-x) on both sides",
            lambda x: np.log1p(-np.exp(-x)),
            "log1p is right where e^-x is small. For tiny x, e^-x is rounded to 1 "
            "before log1p sees it, and the digits of x are gone: there another of the "
            "two functions keeps them.",
            formula="log(-expm1(-x))",
        ),
        Misconception(
            "log(-expm1(-x)) on both sides",
            lambda x: np.log(-np.expm1(-x)),
            "expm1 is right where x is small. For large x, -expm1(-x) is rounded to 1 "
            "and its logarithm to 0: there another of the two functions keeps the "
            "digits.",
            formula="log1p(-exp(-x))",
        ),
        Misconception(
            "ln(e^x - 1) - x",
            lambda x: np.log(np.expm1(x)) - x,
            "For large x this is the difference of two nearly equal numbers, and beyond "
            "709 the exponential overflows. Keep the exponent negative.",
            formula="log1p(-exp(-x))",
        ),
        Misconception(
            "a small number added before the logarithm",
            lambda x: np.log(-np.expm1(-x) + 1e-12),
            "With ε inside, the result stops falling at ln ε, as if x could not be "
            "smaller. One of the two functions has all digits of a small x, and needs "
            "no ε.",
            _stopped,
            formula="log(-expm1(-x))",
        ),
    ),
)
