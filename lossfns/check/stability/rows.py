"""Log-sum-exp and log-softmax along the last axis, and log-sum-exp in PyTorch."""

import math
from functools import partial

import numpy as np

from lossfns.check import kinds
from lossfns.check.exercise import Exercise, Recognised
from lossfns.check.faults import capped
from lossfns.check.questions import ask_each, shuffled, sides, single
from lossfns.check.recipes import library, naive_softmax


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
    single_rows = ([1000.0, 1000.0 - a], [-1000.0, -1000.0 - b], [-1000.0, 1000.0])
    table = [[1000.0, 1000.0 + a], [-1000.0, -1000.0 - b]]
    return [np.array(x) for x in (*single_rows, table)]


def _draw(rng, name, hidden=()):
    """The questions about a function of one array; `hidden` are entries of -∞."""
    pieces, far = _rows(rng), _far(rng)
    yield from ask_each(name, [*pieces, *single(*pieces[1:3])])
    yield from ask_each(name, [*far, *hidden], "extremes")


def _draw_torch(rng):
    pieces, far = _rows(rng), _far(rng)
    yield from ask_each("x", [*single(*pieces), pieces[2]], "values", ("x",))
    yield from ask_each("x", single(*far, *LEFT_OUT), "extremes", ("x",))


# -∞ is how attention and constrained decoding leave an entry out: its exponential is 0.
LEFT_OUT = (np.array([-np.inf, 0.5]), np.array([[0.0, -np.inf, 1.0], [-np.inf, -np.inf, 2.0]]))


def _top(x):
    return x.max(-1, keepdims=True) if library(x) is np else x.amax(-1, keepdims=True)


def _summed(x, shift=_top, back=lambda x, top: top, inside=lambda powers: powers.sum(-1)):
    """Log-sum-exp with its shift, what is added back, or the sum replaced."""
    lib, top = library(x), shift(x)
    return lib.log(inside(lib.exp(x - top))) + back(x, top)[..., 0]


def _naive(x):
    lib = library(x)
    return lib.log(lib.exp(x).sum(-1))


def _with(**parts):
    """A variant of `_summed` with other parts."""
    return partial(_summed, **parts)


def _probes(name):
    probes = (kinds.square, kinds.single_class, kinds.equal_logits, kinds.beyond_fifty)
    return tuple(probe(name) for probe in probes)


LOGSUMEXP = Exercise(
    signature="logsumexp(x)",
    read="log-sum-exp",
    right=logsumexp,
    draw=partial(_draw, name="x", hidden=LEFT_OUT),
    probes=_probes("x"),
    mistakes={
        "the maximum alone": lambda x: _top(x)[..., 0],
        "the maximum not added back": _with(back=lambda x, top: 0 * top),
        "the maximum added twice": _with(back=lambda x, top: 2 * top),
        "the mean instead of the sum": _with(inside=lambda powers: powers.mean(-1)),
        "the sum without its logarithm": lambda x: (
            library(x).exp(x - _top(x)).sum(-1) + _top(x)[..., 0]
        ),
        "ln(1 + Σ) instead of ln Σ": _with(inside=lambda powers: 1 + powers.sum(-1)),
        "a sum over all axes": lambda x: _summed(x.reshape(1, -1))[0],
        "a sum along the first axis": lambda x: _summed(x.swapaxes(0, -1)),
        "axis 1 instead of the last axis": _with(inside=lambda powers: powers.sum(1)),
        "an axis of length 1 left over": lambda x: _summed(x)[..., None],
        "logarithms to the base 2": lambda x: _summed(x) / math.log(2),
        "exponentials that overflow": _naive,
        "one maximum for all rows": _with(
            shift=lambda x: x.max(), back=lambda x, top: top.reshape(1)
        ),
        "the mean taken out instead of the maximum": _with(shift=lambda x: x.mean(-1)[..., None]),
        "large entries clipped": Recognised(
            lambda x: _naive(x.clip(-80, 80)), capped(logsumexp, share=0.95)
        ),
    },
)


def _normalised(z, total=lambda z: _summed(z)[..., None]):
    """Log-softmax with another normaliser."""
    return z - total(z)


LOG_SOFTMAX = Exercise(
    signature="log_softmax(logits)",
    read="log-sum-exp",
    right=log_softmax,
    draw=partial(_draw, name="logits"),
    probes=_probes("logits"),
    mistakes={
        "the softmax without its logarithm": lambda z: np.exp(_normalised(z)),
        "minus the logarithm": lambda z: -_normalised(z),
        "only the maximum subtracted": lambda z: z - _top(z),
        "the sum without its logarithm": lambda z: (
            z - _top(z) - np.exp(z - _top(z)).sum(-1)[..., None]
        ),
        "the maximum subtracted from one side only": lambda z: z - _naive(z - _top(z))[..., None],
        "the maximum subtracted outside the sum only": lambda z: z - _top(z) - _naive(z)[..., None],
        "axis 1 instead of the last axis": lambda z: (
            z - _top(z) - np.log(np.exp(z - _top(z)).sum(1, keepdims=True))
        ),
        "the logarithm of a sigmoid": lambda z: -np.logaddexp(0, -z),
        "normalised over all entries": lambda z: _normalised(z, lambda z: _summed(z.reshape(-1))),
        "normalised along the first axis": lambda z: _normalised(z.swapaxes(0, -1)).swapaxes(0, -1),
        "logarithms to the base 2": lambda z: _normalised(z) / np.log(2),
        "exponentials that overflow": lambda z: np.log(naive_softmax(z)),
        "the logarithm of a rounded probability": lambda z: np.log(naive_softmax(z - _top(z))),
        "the probability kept away from 0 before the logarithm": Recognised(
            lambda z: np.log(naive_softmax(z - _top(z)) + 1e-12), capped(log_softmax)
        ),
        "one maximum for all rows": lambda z: z - z.max() - _naive(z - z.max())[..., None],
    },
)


def _detached_inside(x):
    """The maximum is a constant inside the sum, but not where it is added back."""
    return _summed(x.detach() * 0 + x, shift=lambda x: _top(x).detach(), back=lambda x, _: _top(x))


LOGSUMEXP_TORCH = Exercise(
    signature="logsumexp_torch(x)",
    read="log-sum-exp",
    right=logsumexp,
    draw=_draw_torch,
    probes=LOGSUMEXP.probes,
    torch=True,
    slopes={"x": lambda x: np.exp(log_softmax(x))},
    mistakes={
        **LOGSUMEXP.mistakes,
        "the maximum detached inside the sum only": _detached_inside,
        "the maximum detached outside the sum only": _with(back=lambda x, top: top.detach()),
    },
)
