"""Instruments: what the loss should be at first, how long the gradient is, where a run broke."""

import numpy as np

from lossfns.check import kinds
from lossfns.check.exercise import Call, Exercise
from lossfns.check.questions import ask, refuse


def _draw_initial(rng):
    for classes in (2, 3, 10, *rng.choice(np.arange(11, 500), size=3, replace=False)):
        yield Call({"classes": np.array(classes)})
    yield Call({"classes": np.array(1)}, {}, "extremes")
    yield Call({"classes": np.array(1_000_000)}, {}, "extremes")
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
        "the probability instead of the loss": lambda classes: 1 / classes,
        "the sign of the logarithm flipped": lambda classes: -np.log(classes),
        "the share of wrong answers": lambda classes: 1 - 1 / classes,
        "one class too few": lambda classes: np.log(classes - 1),
        "one class too many": lambda classes: np.log(classes + 1),
        "the entropy term of one class": lambda classes: np.log(classes) / classes,
        "binary cross-entropy over all classes": lambda classes: classes * np.log(2),
        "ln 2 for any number of classes": lambda classes: np.log(2) + 0 * classes,
    },
)


def _draw_norm(rng):
    halves = [-4.0, -2.5, -1.5, -0.5, 0.5, 2.0, 3.0]
    rows, columns = int(rng.integers(2, 4)), int(rng.integers(4, 6))
    # Two entries and more: of one alone most wrong norms are right.
    for shape in ((2,), (3,), (2, 3), (rows, columns), (2, 2, 2)):
        yield ask("gradients", (rng.choice(halves, size=shape),))
    yield ask("gradients", (rng.choice(halves, size=(2, 3)).astype(np.float32),))
    yield ask("gradients", (rng.normal(size=(rows, int(rng.integers(20, 40)))),))
    yield ask("gradients", (np.zeros((2, 2)),), "extremes")
    yield ask("gradients", (np.array([3e200, -4e200]),), "extremes")
    yield ask("gradients", (np.array([[3e30, 0.0], [0.0, 4e30]], np.float32),), "extremes")


def _norm(gradients):
    largest = np.abs(gradients).max()
    if largest == 0:
        return 0.0
    return largest * np.sqrt(((gradients / largest) ** 2).sum())


def _always_scaled(gradients):
    largest = np.abs(gradients).max()
    return largest * np.sqrt(((gradients / largest) ** 2).sum())


def _rows(gradients):
    return gradients.reshape(len(gradients), -1)


def _row_norms(gradients):
    return np.sqrt((_rows(gradients) ** 2).sum(axis=1))


def _one_norm_a_row(gradients):
    return _row_norms(gradients) if gradients.ndim > 1 else _norm(gradients)


def _spectral(gradients):
    return np.linalg.norm(_rows(gradients), 2)


GRADIENT_NORM = Exercise(
    signature="gradient_norm(gradients)",
    read="gradient-norms",
    right=_norm,
    draw=_draw_norm,
    mistakes={
        "the squared norm": lambda gradients: (gradients**2).sum(),
        "the root of the mean square": lambda gradients: np.sqrt((gradients**2).mean()),
        "the sum of the absolute values": lambda gradients: np.abs(gradients).sum(),
        "the largest entry": lambda gradients: np.abs(gradients).max(),
        "the sum of the entries": lambda gradients: np.abs(gradients.sum()),
        "the sum of the norms of the rows": lambda gradients: _row_norms(gradients).sum(),
        "the mean of the norms of the rows": lambda gradients: _row_norms(gradients).mean(),
        "the norm of the mean gradient": lambda gradients: np.sqrt(
            (gradients.mean(axis=0) ** 2).sum()
        ),
        "one norm a row": _one_norm_a_row,
        "the largest stretch of the matrix": _spectral,
        "overflow of the squares": lambda gradients: np.sqrt((gradients**2).sum()),
        "0 / 0 for a gradient of 0": _always_scaled,
    },
)


def _draw_steps(rng):
    def ask(losses, aspect="values"):
        return Call({"losses": np.array(losses)}, {}, aspect)

    nan, inf = np.nan, np.inf
    yield ask([0.5, nan, 2.0])
    yield ask([2.0, 0.5, inf, nan])
    yield ask([2.5, 1.5, 0.5])
    yield ask([1.5, 0.5, nan, 3.0, inf, nan])
    yield ask([nan, nan])
    yield ask([3.0, 1.0, 2.0, 0.5, -inf])
    for bad in (nan, inf, None):
        losses = np.round(np.exp(rng.normal(size=int(rng.integers(30, 60)))), 3)
        if bad is not None:
            losses[int(rng.integers(8, 28)) :] = bad
        yield ask(losses.astype(np.float32 if bad == inf else np.float64))
    yield ask([2.0, 1e300, 0.5], "extremes")
    yield ask([-3.0, -1e300, nan], "extremes")
    yield ask([], "extremes")


def _first(bad):
    """The first index at which the losses are bad, by whatever `bad` calls bad; -1 for none."""

    def step(losses):
        found = np.flatnonzero(bad(losses))
        return int(found[0]) if len(found) else -1

    return step


def _is_bad(losses):
    return ~np.isfinite(losses)


def _last(losses):
    found = np.flatnonzero(_is_bad(losses))
    return int(found[-1]) if len(found) else -1


def _zero_without_fault(losses):
    return int(np.argmax(_is_bad(losses))) if len(losses) else -1


def _fails_when_empty(losses):
    step = int(np.argmax(_is_bad(losses)))
    return step if _is_bad(losses)[step] else -1


FIRST_BAD_STEP = Exercise(
    signature="first_bad_step(losses)",
    read="check-finite",
    right=_first(_is_bad),
    draw=_draw_steps,
    mistakes={
        "a comparison with NaN": _first(lambda losses: losses == np.nan),
        "infinities overlooked": _first(np.isnan),
        "NaN overlooked": _first(np.isinf),
        "minus infinity overlooked": _first(lambda losses: np.isnan(losses) | (losses == np.inf)),
        "the last bad step": _last,
        "the number of bad steps": lambda losses: int(_is_bad(losses).sum()) or -1,
        "steps counted from 1": lambda losses: (
            step + 1 if (step := _first(_is_bad)(losses)) >= 0 else -1
        ),
        "the last good step": lambda losses: (
            step - 1 if (step := _first(_is_bad)(losses)) >= 0 else -1
        ),
        "0 for a run without a fault": _zero_without_fault,
        "the number of steps for a run without a fault": lambda losses: (
            step if (step := _first(_is_bad)(losses)) >= 0 else len(losses)
        ),
        "the first step at which the loss rises": _first(
            lambda losses: np.diff(losses, prepend=losses[:1]) > 0
        ),
        "large losses taken for bad ones": _first(
            lambda losses: _is_bad(losses) | (np.abs(losses) > 1e6)
        ),
        "no answer for a run without steps": _fails_when_empty,
    },
)
