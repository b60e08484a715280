"""Log-sum-exp and log-softmax along the last axis, and log-sum-exp in PyTorch."""

import math

import numpy as np

from lossfns.check import kinds
from lossfns.check.exercise import Call, Exercise, Recognised
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
LEFT_OUT = (np.array([-np.inf, 0.5]), np.array([[0.0, -np.inf, 1.0], [-np.inf, -np.inf, 2.0]]))


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


FORMULA = {
    "the maximum alone": lambda x: _top(x)[..., 0],
    "the maximum not added back": lambda x: _summed(x, back=lambda x, top: 0 * top),
    "the maximum added twice": lambda x: _summed(x, back=lambda x, top: 2 * top),
    "the mean instead of the sum": lambda x: _summed(x, inside=lambda powers: powers.mean(-1)),
    "the sum without its logarithm": lambda x: (
        library(x).exp(x - _top(x)).sum(-1) + _top(x)[..., 0]
    ),
    "ln(1 + Σ) instead of ln Σ": lambda x: _summed(x, inside=lambda powers: 1 + powers.sum(-1)),
    "a sum over all axes": lambda x: _summed(x.reshape(1, -1))[0],
    "a sum along the first axis": _along_first,
    "an axis of length 1 left over": lambda x: _summed(x)[..., None],
    "logarithms to the base 2": lambda x: _summed(x) / math.log(2),
}

OVERFLOW = {"exponentials that overflow": _naive}

ONE_TOP = {
    "one maximum for all rows": lambda x: _summed(
        x, shift=lambda x: x.max(), back=lambda x, top: top.reshape(1)
    )
}

MEAN_SHIFT = {
    "the mean taken out instead of the maximum": lambda x: _summed(
        x, shift=lambda x: x.mean(-1)[..., None]
    )
}

LIMITED = {"large entries clipped": Recognised(_limited, capped(logsumexp, share=0.95))}


LOGSUMEXP = Exercise(
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
    mistakes={**FORMULA, **OVERFLOW, **ONE_TOP, **MEAN_SHIFT, **LIMITED},
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
    mistakes={
        "the softmax without its logarithm": lambda logits: np.exp(_normalised(logits)),
        "minus the logarithm": lambda logits: -_normalised(logits),
        "only the maximum subtracted": lambda logits: logits - _top(logits),
        "the sum without its logarithm": lambda logits: (
            logits - _top(logits) - np.exp(logits - _top(logits)).sum(-1)[..., None]
        ),
        "the maximum subtracted from one side only": lambda logits: (
            logits - _summed(logits, back=lambda x, top: 0 * top)[..., None]
        ),
        "the logarithm of a sigmoid": lambda logits: -np.logaddexp(0, -logits),
        "normalised over all entries": lambda logits: _normalised(
            logits, lambda x: _summed(x.reshape(-1))
        ),
        "normalised along the first axis": lambda logits: _normalised(
            logits.swapaxes(0, -1)
        ).swapaxes(0, -1),
        "logarithms to the base 2": lambda logits: _normalised(logits) / np.log(2),
        "exponentials that overflow": lambda logits: np.log(
            np.exp(logits) / np.exp(logits).sum(axis=-1, keepdims=True)
        ),
        "the logarithm of a rounded probability": _log_of_softmax(0.0),
        "the probability kept away from 0 before the logarithm": Recognised(
            _log_of_softmax(1e-12), capped(log_softmax)
        ),
        "one maximum for all rows": lambda logits: (
            (shifted := logits - logits.max()) - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))
        ),
    },
)


def _detached_inside(x):
    """The maximum is a constant inside the sum, but not where it is added back."""
    return _summed(x.detach() * 0 + x, shift=lambda x: _top(x).detach(), back=lambda x, _: _top(x))


def _detached_outside(x):
    return _summed(x, back=lambda x, top: top.detach())


LOGSUMEXP_TORCH = Exercise(
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
    mistakes={
        **FORMULA,
        **OVERFLOW,
        **ONE_TOP,
        **MEAN_SHIFT,
        **LIMITED,
        "the maximum detached inside the sum only": _detached_inside,
        "the maximum detached outside the sum only": _detached_outside,
    },
)
