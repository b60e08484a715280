"""Instruments: what the loss should be at first, how long the gradient is, where a run broke."""

import numpy as np

from lossfns.check import kinds
from lossfns.check.exercise import Call, Exercise, Misconception
from lossfns.check.questions import ask, refuse


def _draw_initial(rng):
    for classes in (2, 3, 10, *rng.choice(np.arange(11, 500), size=3, replace=False)):
        yield Call({"classes": np.array(classes)})
    yield Call({"classes": np.array(1)}, {}, "extremes")
    yield Call({"classes": np.array(1_000_000)}, {}, "extremes")
    yield refuse(
        "-∞ for no classes",
        "Without a class there is nothing to guess. Raise ValueError; -inf or NaN would be "
        "compared with a loss later on, and nobody would know where it comes from.",
        classes=np.array(0),
    )
    yield refuse(
        "a negative number of classes accepted",
        "Zero is refused, but what lies below it gives NaN. Raise ValueError for every number "
        "below 1.",
        classes=np.array(-3),
    )


def _initial(classes):
    if classes < 1:
        raise ValueError("there must be a class")
    return np.log(classes)


EXPECTED_INITIAL_LOSS = Exercise(
    name="expected_initial_loss",
    signature="expected_initial_loss(classes)",
    read="expected-initial-loss",
    right=_initial,
    draw=_draw_initial,
    probes=(kinds.outside("classes", 1, whole=True),),
    misconceptions=(
        Misconception(
            "the logarithm to base 2",
            np.log2,
            "That is the entropy in bits. Cross-entropy in PyTorch and in this course uses the "
            "natural logarithm, and the number to compare with must, too.",
        ),
        Misconception(
            "the decimal logarithm",
            np.log10,
            "Cross-entropy uses the natural logarithm: for ten classes a run starts at 2.303, "
            "not at 1.",
        ),
        Misconception(
            "the probability instead of the loss",
            lambda classes: 1 / classes,
            "A network that knows nothing gives every class the probability 1/C. Its loss is "
            "-ln of that.",
        ),
        Misconception(
            "the sign of the logarithm flipped",
            lambda classes: -np.log(classes),
            "ln(1/C) is negative, and the loss is minus that: never below 0.",
        ),
        Misconception(
            "the share of wrong answers",
            lambda classes: 1 - 1 / classes,
            "That is the error rate of guessing. The loss is -ln of the probability that the true "
            "class gets.",
        ),
        Misconception(
            "one class too few",
            lambda classes: np.log(classes - 1),
            "The true class is among those that share the probability: there are C of them, not "
            "C - 1.",
        ),
        Misconception(
            "one class too many",
            lambda classes: np.log(classes + 1),
            "There are C classes, counted from 0 to C - 1. ln(1 + C) would be the loss with one "
            "more.",
        ),
        Misconception(
            "the entropy term of one class",
            lambda classes: np.log(classes) / classes,
            "-p ln p with p = 1/C is one of C terms of the entropy. The cross-entropy with a "
            "label has a single term, of weight 1: -ln(1/C).",
        ),
        Misconception(
            "binary cross-entropy over all classes",
            lambda classes: classes * np.log(2),
            "C logits of 0 cost C · ln 2 if each is judged by a sigmoid of its own. A softmax "
            "shares one probability among all classes.",
        ),
        Misconception(
            "ln 2 for any number of classes",
            lambda classes: np.log(2) + 0 * classes,
            "0.693 is the loss of guessing between two classes. With more of them a guess is "
            "worse.",
        ),
    ),
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
    name="gradient_norm",
    signature="gradient_norm(gradients)",
    read="gradient-norms",
    right=_norm,
    draw=_draw_norm,
    misconceptions=(
        Misconception(
            "the squared norm",
            lambda gradients: (gradients**2).sum(),
            "The root is missing. A norm grows in proportion to the gradient, so that it can be "
            "compared with a limit for clipping.",
        ),
        Misconception(
            "the root of the mean square",
            lambda gradients: np.sqrt((gradients**2).mean()),
            "Dividing by the number of entries gives a typical entry, not the length of the "
            "gradient, and a step is as long as the whole gradient.",
        ),
        Misconception(
            "the sum of the absolute values",
            lambda gradients: np.abs(gradients).sum(),
            "That is the L1 norm. The length of a vector is the root of the sum of its squares.",
        ),
        Misconception(
            "the largest entry",
            lambda gradients: np.abs(gradients).max(),
            "The largest entry says nothing about how many others there are. The length of a "
            "vector is the root of the sum of all squares.",
        ),
        Misconception(
            "the sum of the entries",
            lambda gradients: np.abs(gradients.sum()),
            "Entries of opposite sign cancel. Square them before you add.",
        ),
        Misconception(
            "the sum of the norms of the rows",
            lambda gradients: _row_norms(gradients).sum(),
            "Lengths of parts do not add up to the length of the whole: 3 and 4 at right angles "
            "make 5. Add the squares of the norms and take one root.",
        ),
        Misconception(
            "the mean of the norms of the rows",
            lambda gradients: _row_norms(gradients).mean(),
            "The average layer is not the whole network. Add all squares and take one root.",
        ),
        Misconception(
            "the norm of the mean gradient",
            lambda gradients: np.sqrt((gradients.mean(axis=0) ** 2).sum()),
            "You average the rows first, so that they cancel. They are gradients of different "
            "parameters: all entries count for themselves.",
        ),
        Misconception(
            "one norm a row",
            _one_norm_a_row,
            "You have one number for each row. Clipping and monitoring need the norm of all "
            "entries together: one number.",
        ),
        Misconception(
            "the largest stretch of the matrix",
            _spectral,
            "np.linalg.norm(gradients, 2) of a matrix is its largest singular value. Without the "
            "2, or of the flattened array, it is the root of the sum of all squares.",
        ),
        Misconception(
            "overflow of the squares",
            lambda gradients: np.sqrt((gradients**2).sum()),
            "This is right until a run explodes, which is when the norm is needed: the square of "
            "3e200 is infinite. Divide by the largest entry first and multiply the root by it.",
        ),
        Misconception(
            "0 / 0 for a gradient of 0",
            _always_scaled,
            "Dividing by the largest entry is a good idea, except where it is 0: a network that "
            "has converged, or is cut off, has the norm 0, not NaN.",
        ),
    ),
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
    name="first_bad_step",
    signature="first_bad_step(losses)",
    read="check-finite",
    right=_first(_is_bad),
    draw=_draw_steps,
    misconceptions=(
        Misconception(
            "a comparison with NaN",
            _first(lambda losses: losses == np.nan),
            "NaN equals nothing, not even itself, so `losses == np.nan` is False everywhere. Ask "
            "np.isnan or, for infinities as well, np.isfinite.",
        ),
        Misconception(
            "infinities overlooked",
            _first(np.isnan),
            "Loss and gradient are lost from the first infinity on; NaN often comes only some "
            "steps later, when infinities are subtracted. np.isfinite finds both.",
        ),
        Misconception(
            "NaN overlooked",
            _first(np.isinf),
            "You look for infinities only. 0/0, ∞ - ∞ and the logarithm of a negative number "
            "give NaN at once: np.isfinite finds both.",
        ),
        Misconception(
            "minus infinity overlooked",
            _first(lambda losses: np.isnan(losses) | (losses == np.inf)),
            "A loss can fall to -∞ as well, where it has no lower bound or takes the logarithm of "
            "0 with the wrong sign. np.isfinite knows all three.",
        ),
        Misconception(
            "the last bad step",
            _last,
            "Once a loss is NaN, it usually stays so; what happened is told by the first bad step.",
        ),
        Misconception(
            "the number of bad steps",
            lambda losses: int(_is_bad(losses).sum()) or -1,
            "You count how many there are. Asked is at which index the first one stands.",
        ),
        Misconception(
            "steps counted from 1",
            lambda losses: step + 1 if (step := _first(_is_bad)(losses)) >= 0 else -1,
            "Indices count from 0: losses[first_bad_step(losses)] must be the bad value.",
        ),
        Misconception(
            "the last good step",
            lambda losses: step - 1 if (step := _first(_is_bad)(losses)) >= 0 else -1,
            "You return the step before. Asked is the first bad one itself; for a run that is bad "
            "from the start, yours cannot be told from a run without a fault.",
        ),
        Misconception(
            "0 for a run without a fault",
            _zero_without_fault,
            "np.argmax of an array that is False everywhere is 0, as if the very first step were "
            "bad. Ask .any() first and return -1 if there is none.",
        ),
        Misconception(
            "the number of steps for a run without a fault",
            lambda losses: step if (step := _first(_is_bad)(losses)) >= 0 else len(losses),
            "When no step is bad, return -1: len(losses) looks like the index of a step.",
        ),
        Misconception(
            "the first step at which the loss rises",
            _first(lambda losses: np.diff(losses, prepend=losses[:1]) > 0),
            "A loss that rises now and then is ordinary. Bad is a value that is no number any "
            "more.",
        ),
        Misconception(
            "large losses taken for bad ones",
            _first(lambda losses: _is_bad(losses) | (np.abs(losses) > 1e6)),
            "A large loss may be right: it depends on the units. Only what is not finite is bad "
            "without doubt.",
        ),
        Misconception(
            "no answer for a run without steps",
            _fails_when_empty,
            "An empty run has no bad step: -1. np.argmax and [0] fail on an empty array.",
        ),
    ),
)
