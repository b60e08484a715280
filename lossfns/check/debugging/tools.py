"""Instruments: what the loss should be at first, how long the gradient is, where a run broke.

In the mistakes c stands for the number of classes, g for the gradients and x for the losses.
"""

import numpy as np

from lossfns.check import kinds
from lossfns.check.exercise import Exercise
from lossfns.check.questions import ask_each, refuse


def _draw_initial(rng):
    many = rng.choice(np.arange(11, 500), size=3, replace=False)
    yield from ask_each("classes", [2, 3, 10, *many])
    yield from ask_each("classes", [1, 1_000_000], "extremes")
    yield refuse("-∞ for no classes", classes=np.array(0))
    yield refuse("a negative number of classes accepted", classes=np.array(-3))


def _initial(classes):
    if classes < 1:
        raise ValueError("there must be a class")
    return np.log(classes)


EXPECTED_INITIAL_LOSS = Exercise(
    signature="expected_initial_loss(classes)",
    read="expected-initial-loss",
    right=_initial,
    draw=_draw_initial,
    probes=(kinds.outside("classes", 1, whole=True),),
    mistakes={
        "the logarithm to base 2": np.log2,
        "the decimal logarithm": np.log10,
        "the probability instead of the loss": lambda c: 1 / c,
        "the sign of the logarithm flipped": lambda c: -np.log(c),
        "the share of wrong answers": lambda c: 1 - 1 / c,
        "one class too few": lambda c: np.log(c - 1),
        "one class too many": lambda c: np.log(c + 1),
        "the entropy term of one class": lambda c: np.log(c) / c,
        "binary cross-entropy over all classes": lambda c: c * np.log(2),
        "ln 2 for any number of classes": lambda c: np.log(2) + 0 * c,
    },
)


def _draw_norm(rng):
    halves = [-4.0, -2.5, -1.5, -0.5, 0.5, 2.0, 3.0]
    rows, columns = int(rng.integers(2, 4)), int(rng.integers(4, 6))
    # Two entries and more: of one alone most wrong norms are right.
    for shape in ((2,), (3,), (2, 3), (rows, columns), (2, 2, 2)):
        yield from ask_each("gradients", [rng.choice(halves, size=shape)])
    yield from ask_each("gradients", [rng.choice(halves, size=(2, 3)).astype(np.float32)])
    yield from ask_each("gradients", [rng.normal(size=(rows, int(rng.integers(20, 40))))])
    single = np.array([[3e30, 0.0], [0.0, 4e30]], np.float32)
    yield from ask_each("gradients", [np.zeros((2, 2)), [3e200, -4e200], single], "extremes")


def _scaled_norm(g):
    """With the largest entry in front, so that no square overflows."""
    largest = np.abs(g).max()
    return largest * np.sqrt(((g / largest) ** 2).sum())


def _norm(g):
    return _scaled_norm(g) if g.any() else 0.0


def _rows(g):
    return g.reshape(len(g), -1)


def _row_norms(g):
    return np.sqrt((_rows(g) ** 2).sum(axis=1))


GRADIENT_NORM = Exercise(
    signature="gradient_norm(gradients)",
    read="gradient-norms",
    right=_norm,
    draw=_draw_norm,
    mistakes={
        "the squared norm": lambda g: (g**2).sum(),
        "the root of the mean square": lambda g: np.sqrt((g**2).mean()),
        "the sum of the absolute values": lambda g: np.abs(g).sum(),
        "the largest entry": lambda g: np.abs(g).max(),
        "the sum of the entries": lambda g: np.abs(g.sum()),
        "the sum of the norms of the rows": lambda g: _row_norms(g).sum(),
        "the mean of the norms of the rows": lambda g: _row_norms(g).mean(),
        "the norm of the mean gradient": lambda g: np.sqrt((g.mean(axis=0) ** 2).sum()),
        "one norm a row": lambda g: _row_norms(g) if g.ndim > 1 else _norm(g),
        "the largest stretch of the matrix": lambda g: np.linalg.norm(_rows(g), 2),
        "overflow of the squares": lambda g: np.sqrt((g**2).sum()),
        "0 / 0 for a gradient of 0": _scaled_norm,
    },
)


def _draw_steps(rng):
    nan, inf = np.nan, np.inf
    runs = [[0.5, nan, 2.0], [2.0, 0.5, inf, nan], [2.5, 1.5, 0.5]]
    runs += [[1.5, 0.5, nan, 3.0, inf, nan], [nan, nan], [3.0, 1.0, 2.0, 0.5, -inf]]
    for bad in (nan, inf, None):
        losses = np.round(np.exp(rng.normal(size=int(rng.integers(30, 60)))), 3)
        if bad is not None:
            losses[int(rng.integers(8, 28)) :] = bad
        runs.append(losses.astype(np.float32 if bad == inf else np.float64))
    yield from ask_each("losses", runs)
    yield from ask_each("losses", [[2.0, 1e300, 0.5], [-3.0, -1e300, nan], []], "extremes")


def _is_bad(x):
    return ~np.isfinite(x)


def _step(answer, bad=_is_bad):
    """An answer from the bad steps, in order, and the number of all steps."""
    return lambda x: int(answer(np.flatnonzero(bad(x)), len(x)))


def _first(bad):
    """The first step that `bad` calls bad; -1 for none."""
    return _step(lambda steps, n: steps[0] if len(steps) else -1, bad)


def _fails_when_empty(x):
    step = int(np.argmax(_is_bad(x)))
    return step if _is_bad(x)[step] else -1


FIRST_BAD_STEP = Exercise(
    signature="first_bad_step(losses)",
    read="check-finite",
    right=_first(_is_bad),
    draw=_draw_steps,
    mistakes={
        "a comparison with NaN": _first(lambda x: x == np.nan),
        "infinities overlooked": _first(np.isnan),
        "NaN overlooked": _first(np.isinf),
        "minus infinity overlooked": _first(lambda x: np.isnan(x) | (x == np.inf)),
        "the last bad step": _step(lambda bad, n: bad[-1] if len(bad) else -1),
        "the number of bad steps": _step(lambda bad, n: len(bad) or -1),
        "steps counted from 1": _step(lambda bad, n: bad[0] + 1 if len(bad) else -1),
        "the last good step": _step(lambda bad, n: bad[0] - 1 if len(bad) else -1),
        "0 for a run without a fault": lambda x: int(np.argmax(_is_bad(x))) if len(x) else -1,
        "the number of steps for a run without a fault": _step(
            lambda bad, n: bad[0] if len(bad) else n
        ),
        "the first step at which the loss rises": _first(lambda x: np.diff(x, prepend=x[:1]) > 0),
        "large losses taken for bad ones": _first(lambda x: _is_bad(x) | (np.abs(x) > 1e6)),
        "no answer for a run without steps": _fails_when_empty,
    },
)
