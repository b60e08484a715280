"""Log-sum-exp and log-softmax along the last axis, and log-sum-exp in PyTorch."""

import math

import numpy as np

from lossfns.check import kinds
from lossfns.check.exercise import Call, Exercise, Misconception
from lossfns.check.faults import capped
from lossfns.check.questions import shuffled, sides
from lossfns.check.recipes import library


def logsumexp(x):
    """Entry by entry, with no maximum to subtract: another way than the one that is taught."""
    return np.logaddexp.reduce(x, axis=-1)


def log_softmax(logits):
    return logits - logsumexp(logits)[..., None]


def _rows(rng):
    """Rows of halves that read well, then larger ones; no side of a table equals another."""
    shapes = [(2,), (3,), (2, 3), (3, 1, 2), sides(rng)]
    return [
        *(shuffled(rng, [1.5, -0.5, 0.5, 2.0, -2.0], shape) for shape in shapes),
        np.round(rng.normal(scale=3.0, size=(int(rng.integers(20, 40)), 7)), 3),
    ]


def _far(rng):
    """Rows that no exponential survives; in the last one, two rows lie far apart."""
    a, b = (float(k) for k in rng.integers(1, 4, size=2))
    return [
        np.array([1000.0, 1000.0 - a]),
        np.array([-1000.0, -1000.0 - b]),
        np.array([-1000.0, 1000.0]),
        np.array([[1000.0, 1000.0 + a], [-1000.0, -1000.0 - b]]),
    ]


def _draw(name, hidden):
    """The questions about a function of one array; `hidden` are entries of -∞."""

    def draw(rng):
        pieces, far = _rows(rng), _far(rng)
        for x in (*pieces, *(x.astype(np.float32) for x in pieces[1:3])):
            yield Call({name: x})
        for x in (*far, *hidden):
            yield Call({name: x}, {}, "extremes")

    return draw


def _draw_torch(rng):
    pieces, far = _rows(rng), _far(rng)
    for x in (*(x.astype(np.float32) for x in pieces), pieces[2]):
        yield Call({"x": x}, wants=("x",))
    for x in (*far, *LEFT_OUT):
        yield Call({"x": x.astype(np.float32)}, {}, "extremes", ("x",))


# -∞ is how attention and constrained decoding leave an entry out: its exponential is 0.
LEFT_OUT = (
    np.array([-np.inf, 0.5]),
    np.array([[0.0, -np.inf, 1.0], [-np.inf, -np.inf, 2.0]]),
)


def _top(x, axis=-1):
    return x.amax(axis, keepdims=True) if library(x) is not np else x.max(axis, keepdims=True)


def _summed(x, shift=_top, back=lambda x, top: top, inside=lambda powers: powers.sum(-1)):
    """Log-sum-exp with its shift, what is added back, or the sum replaced."""
    lib, top = library(x), shift(x)
    return lib.log(inside(lib.exp(x - top))) + back(x, top)[..., 0]


def _naive(x):
    lib = library(x)
    return lib.log(lib.exp(x).sum(-1))


def _limited(x):
    lib = library(x)
    return lib.log(lib.exp(x.clip(-80, 80)).sum(-1))


def _along_first(x):
    return _summed(x.swapaxes(0, -1))


FORMULA = (
    Misconception(
        "the maximum alone",
        lambda x: _top(x)[..., 0],
        "The largest entry is near the result, and never above it: two equal entries a have the "
        "log-sum-exp a + ln 2. Add ln Σ e^(x - max).",
    ),
    Misconception(
        "the maximum not added back",
        lambda x: _summed(x, back=lambda x, top: 0 * top),
        "You compute ln Σ e^(x - m) and forget that e^m was taken out of the sum: its logarithm, "
        "m, has to come back.",
    ),
    Misconception(
        "the maximum added twice",
        lambda x: _summed(x, back=lambda x, top: 2 * top),
        "e^m was taken out of the sum once, so m comes back once.",
    ),
    Misconception(
        "the mean instead of the sum",
        lambda x: _summed(x, inside=lambda powers: powers.mean(-1)),
        "The exponentials are added up, not averaged. Yours is smaller by ln n, n the length of "
        "the row.",
    ),
    Misconception(
        "the sum without its logarithm",
        lambda x: library(x).exp(x - _top(x)).sum(-1) + _top(x)[..., 0],
        "m + Σ e^(x - m) still needs the logarithm around the sum: m + ln Σ e^(x - m).",
    ),
    Misconception(
        "ln(1 + Σ) instead of ln Σ",
        lambda x: _summed(x, inside=lambda powers: 1 + powers.sum(-1)),
        "The maximum contributes e^0 = 1 to the sum already. log1p fits only if its own term was "
        "left out of the sum.",
    ),
    Misconception(
        "a sum over all axes",
        lambda x: _summed(x.reshape(1, -1))[0],
        "Only the last axis is summed. A table of logits has one log-sum-exp for each row: "
        "axis=-1.",
    ),
    Misconception(
        "a sum along the first axis",
        _along_first,
        "axis=0 mixes different items. The classes lie along the last axis: axis=-1.",
    ),
    Misconception(
        "an axis of length 1 left over",
        lambda x: _summed(x)[..., None],
        "keepdims=True is right for the maximum that you subtract, but the result has one axis "
        "less than x.",
    ),
    Misconception(
        "logarithms to the base 2",
        lambda x: _summed(x) / math.log(2),
        "Everywhere in this course logarithms are natural: np.log, not np.log2.",
    ),
)

OVERFLOW = Misconception(
    "exponentials that overflow",
    _naive,
    "e^1000 is beyond every float, and e^-1000 is 0, whose logarithm is -∞. Take the "
    "largest entry m of each row out of the sum first: the largest exponential is then "
    "1.",
    formula="m + ln Σ e^(x - m)",
)

ONE_TOP = Misconception(
    "one maximum for all rows",
    lambda x: _summed(x, shift=lambda x: x.max(), back=lambda x, top: top.reshape(1)),
    "x.max() without an axis is the maximum of the whole array. A row far below it has "
    "exponentials of 0 only, and ln 0 is -∞. Each row needs its own: x.max(axis=-1, "
    "keepdims=True).",
)

MEAN_SHIFT = Misconception(
    "the mean taken out instead of the maximum",
    lambda x: _summed(x, shift=lambda x: x.mean(-1)[..., None]),
    "Any number may be taken out of the sum, but only the maximum keeps every exponential at or "
    "below 1. The mean of -1000 and 1000 is 0, and e^1000 overflows again.",
)

LIMITED = Misconception(
    "large entries clipped",
    _limited,
    "Clipping the input replaces an overflow by a wrong number that looks fine, and its gradient "
    "is 0 there. Take the maximum out of the sum instead; then nothing needs a limit.",
    capped(logsumexp, share=0.95),
)


LOGSUMEXP = Exercise(
    name="logsumexp",
    signature="logsumexp(x)",
    read="log-sum-exp",
    right=logsumexp,
    draw=_draw("x", LEFT_OUT),
    probes=(
        kinds.square("x"),
        kinds.single_class("x"),
        kinds.equal_logits("x"),
        kinds.beyond_fifty("x"),
    ),
    misconceptions=(
        *FORMULA,
        OVERFLOW,
        ONE_TOP,
        MEAN_SHIFT,
        LIMITED,
    ),
)


def _normalised(x, total=lambda x: _summed(x)[..., None]):
    """Log-softmax with another normaliser."""
    return x - total(x)


def _log_of_softmax(eps):
    def wrong(logits):
        powers = np.exp(logits - _top(logits))
        return np.log(powers / powers.sum(axis=-1, keepdims=True) + eps)

    return wrong


LOG_SOFTMAX = Exercise(
    name="log_softmax",
    signature="log_softmax(logits)",
    read="log-sum-exp",
    right=log_softmax,
    draw=_draw("logits", ()),
    probes=(
        kinds.square("logits"),
        kinds.single_class("logits"),
        kinds.equal_logits("logits"),
        kinds.beyond_fifty("logits"),
    ),
    misconceptions=(
        Misconception(
            "the softmax without its logarithm",
            lambda logits: np.exp(_normalised(logits)),
            "These are the probabilities. Their logarithms are asked for, and not by "
            "way of the probabilities.",
            formula="z - logsumexp(z)",
        ),
        Misconception(
            "minus the logarithm",
            lambda logits: -_normalised(logits),
            "The logarithm of a probability is negative. The minus belongs to the cross-entropy, "
            "not to log-softmax.",
        ),
        Misconception(
            "only the maximum subtracted",
            lambda logits: logits - _top(logits),
            "After the shift the probabilities do not yet sum to 1: subtract ln Σ e^(z - max), "
            "too.",
        ),
        Misconception(
            "the sum without its logarithm",
            lambda logits: logits - _top(logits) - np.exp(logits - _top(logits)).sum(-1)[..., None],
            "The logarithm of a quotient is the difference of the logarithms: subtract "
            "ln Σ e^(z - max), not the sum itself.",
        ),
        Misconception(
            "the maximum subtracted from one side only",
            lambda logits: logits - _summed(logits, back=lambda x, top: 0 * top)[..., None],
            "The logit and the normaliser must be shifted alike: (z - m) - ln Σ e^(z - m), or "
            "z - (m + ln Σ e^(z - m)).",
        ),
        Misconception(
            "the logarithm of a sigmoid",
            lambda logits: -np.logaddexp(0, -logits),
            "The sigmoid looks at one logit alone. The classes of a softmax share one normaliser, "
            "so that their probabilities sum to 1.",
        ),
        Misconception(
            "normalised over all entries",
            lambda logits: _normalised(logits, lambda x: _summed(x.reshape(-1))),
            "Each row is a distribution of its own: normalise along the last axis, with "
            "keepdims=True so that the shapes fit.",
        ),
        Misconception(
            "normalised along the first axis",
            lambda logits: _normalised(logits.swapaxes(0, -1)).swapaxes(0, -1),
            "axis=0 lets different items compete with each other. The classes lie along the last "
            "axis.",
        ),
        Misconception(
            "logarithms to the base 2",
            lambda logits: _normalised(logits) / np.log(2),
            "Everywhere in this course logarithms are natural: np.log, not np.log2.",
        ),
        Misconception(
            "exponentials that overflow",
            lambda logits: np.log(np.exp(logits) / np.exp(logits).sum(axis=-1, keepdims=True)),
            "e^1000 is beyond every float. Take the maximum of each row out of the sum first.",
        ),
        Misconception(
            "the logarithm of a rounded probability",
            _log_of_softmax(0.0),
            "Your softmax is stable, but the probability e^-2000 is 0 in every float, "
            "and ln 0 is -∞. Do not go through the probability: take the logarithm of "
            "the quotient on paper.",
            formula="z - logsumexp(z)",
        ),
        Misconception(
            "the probability kept away from 0 before the logarithm",
            _log_of_softmax(1e-12),
            "With ε inside the logarithm the result stops falling (at -28 for 1e-12) "
            "and is wrong by hundreds, with a gradient of 0. Do not go through the "
            "probability: take the logarithm of the quotient on paper.",
            capped(log_softmax),
            formula="z - logsumexp(z)",
        ),
        Misconception(
            "one maximum for all rows",
            lambda logits: (
                (shifted := logits - logits.max())
                - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))
            ),
            "x.max() without an axis is the maximum of the whole array. A row far below it has "
            "exponentials of 0 only, and ln 0 is -∞. Each row needs its own, with keepdims=True.",
        ),
    ),
)


def _detached_inside(x):
    """The maximum is a constant inside the sum, but not where it is added back."""
    return _summed(x.detach() * 0 + x, shift=lambda x: _top(x).detach(), back=lambda x, _: _top(x))


def _detached_outside(x):
    return _summed(x, back=lambda x, top: top.detach())


LOGSUMEXP_TORCH = Exercise(
    name="logsumexp_torch",
    signature="logsumexp_torch(x)",
    read="log-sum-exp",
    right=logsumexp,
    draw=_draw_torch,
    probes=(
        kinds.square("x"),
        kinds.single_class("x"),
        kinds.equal_logits("x"),
        kinds.beyond_fifty("x"),
    ),
    torch=True,
    slopes={"x": lambda x: np.exp(log_softmax(x))},
    misconceptions=(
        *FORMULA,
        OVERFLOW,
        ONE_TOP,
        MEAN_SHIFT,
        LIMITED,
        Misconception(
            "the maximum detached inside the sum only",
            _detached_inside,
            "The value is right, but m is a constant in x - m and a variable where it is added "
            "back, so the gradient is the softmax plus a 1 at the maximum. Detach both or none.",
        ),
        Misconception(
            "the maximum detached outside the sum only",
            _detached_outside,
            "The value is right, but m is a variable in x - m and a constant where it is added "
            "back, so the gradients of a row sum to 0 instead of 1. Detach both or none.",
        ),
    ),
)
