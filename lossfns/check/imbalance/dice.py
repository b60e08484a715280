"""The Dice loss of masks, and the same in PyTorch.

Of each mask, tp is Σ p y and n is Σ p + Σ y; s is the smoothing.
"""

from functools import partial

import numpy as np

import lossfns.numpy as ln
from lossfns.check import kinds
from lossfns.check.exercise import Exercise
from lossfns.check.questions import ask_all, refuse, shuffled, singles
from lossfns.check.recipes import average, total


def _right(probs, target, smooth=1.0):
    return ln.dice(rows(probs), rows(target), smooth=smooth, axis=-1)


def _slope(probs, target, smooth=1.0):
    slope = ln.dice.grad(rows(probs), rows(target), smooth=smooth, axis=-1)
    return slope.reshape(probs.shape)


def rows(masks):
    """One row for each mask, whatever the number of its axes."""
    if masks.ndim < 2:
        raise ValueError(f"the first axis counts masks, so shape {masks.shape} is too short")
    return masks.reshape(len(masks), -1)


def masks(rng):
    """Pairs (probs, target): tenths that read well first, then batches of flat and square masks."""
    shapes = [(1, 3), (1, 4), (2, 3), (2, 2, 2), (3, *(int(k) for k in rng.integers(3, 7, size=2)))]
    return [_mask(rng, shape) for shape in shapes]


def _mask(rng, shape):
    # All on one side of ½ would make a threshold harmless.
    probs = shuffled(rng, [0.2, 0.9, 0.6, 0.1, 0.7, 0.4], shape)
    return probs, shuffled(rng, [1.0, 0.0, 0.0], shape)


ask_masks = partial(ask_all, "probs target")


def edges():
    """Empty masks and perfect ones; the second batch mixes an empty with a full mask."""
    none, some = np.zeros((1, 4)), np.array([[0.0, 1.0, 1.0, 0.0]])
    unsure = np.array([[0.5, 0.25, 0.0, 0.25]])
    mixed = np.concatenate([unsure, some]), np.concatenate([none, some])
    return [(none, none), (unsure, none), (some, some), (none, some), mixed]


def _draw_dice(rng):
    pairs, one_pixel = masks(rng), np.array([[0.0, 0.0, 0.0], [0.0, 1.0, 0.0]])
    yield from ask_masks(pairs)
    yield from ask_masks(pairs, smooth=0.0)
    yield from ask_masks(pairs, smooth=_below_one(rng))
    yield from ask_masks(singles(pairs[1:4]))
    yield from ask_masks(edges(), "extremes")
    yield from ask_masks([*edges()[2:4], (np.zeros((2, 3)), one_pixel)], "extremes", smooth=0.0)
    probs, target = pairs[2]
    bad = partial(refuse, probs=probs, target=target)
    yield bad("masks of different shapes accepted", probs=probs[:1])
    yield bad("logits accepted as probabilities", probs=4 * probs - 2)
    yield bad("a negative smooth accepted", smooth=-1.0)


def _draw_dice_torch(rng):
    pairs, wants = masks(rng), ("probs",)
    yield from ask_masks([*singles(pairs), pairs[2]], wants=wants)
    for smooth in (0.0, _below_one(rng)):
        yield from ask_masks(singles(pairs), wants=wants, smooth=smooth)
    yield from ask_masks(singles(edges()), "extremes", wants)


def _below_one(rng):
    return float(np.round(rng.uniform(0.2, 0.8), 2))


def sums(p, y):
    """Σ p y, Σ p and Σ y of every mask."""
    return sums_along(-1)(p.reshape(len(p), -1), y.reshape(len(y), -1))


def sums_along(axis):
    """The same along one axis, whatever it counts."""
    return lambda p, y: ((p * y).sum(axis), p.sum(axis), y.sum(axis))


def sums_of_all(p, y):
    """The same with all masks of the batch taken for one."""
    return sums(p.reshape(1, -1), y.reshape(1, -1))


def sums_of_rounded(p, y):
    return sums(1.0 * (p >= 0.5), y)


def _loss(tp, n, s):
    return 1 - 2 * (tp + s) / (n + 2 * s)


def _dice(loss=_loss, sums=sums, reduce=average):
    """A variant from its formula, the sums that this gets, and what joins the losses of masks."""

    def wrong(probs, target, smooth=1.0):
        tp, p, y = sums(probs, target)
        return reduce(loss(tp, p + y, smooth))

    return wrong


def _nothing_missed(tp, n, s):
    sizes = n + 2 * s
    return 1 - np.divide(2 * (tp + s), sizes, out=np.zeros_like(sizes), where=sizes > 0)


_FORMULA = {
    "the overlap instead of one minus it": _dice(lambda tp, n, s: 1 - _loss(tp, n, s)),
    "the smoothing of another convention": _dice(lambda tp, n, s: 1 - (2 * tp + s) / (n + s)),
    "s once in the numerator, twice in the denominator": _dice(
        lambda tp, n, s: 1 - (2 * tp + s) / (n + 2 * s)
    ),
    "s twice in the numerator, once in the denominator": _dice(
        lambda tp, n, s: 1 - 2 * (tp + s) / (n + s)
    ),
    "s in the denominator only": _dice(lambda tp, n, s: 1 - 2 * tp / (n + 2 * s)),
    "s counted twice": _dice(lambda tp, n, s: _loss(tp, n, 2 * s)),
    "the argument smooth without effect": _dice(lambda tp, n, s: _loss(tp, n, 1.0)),
    "no smoothing": _dice(lambda tp, n, s: _loss(tp, n, 0.0)),
    "the factor 2 forgotten": _dice(lambda tp, n, s: 1 - (tp + s) / (n + 2 * s)),
    "intersection over union": _dice(lambda tp, n, s: 1 - (tp + s) / (n - tp + s)),
    "squares in the denominator": _dice(
        sums=lambda p, y: (sums(p, y)[0], sums(p, p)[0], sums(y, y)[0])
    ),
    "all masks of the batch taken for one": _dice(sums=sums_of_all),
    "all masks taken for one, and s in another convention": _dice(
        lambda tp, n, s: 1 - (2 * tp + s) / (n + s), sums_of_all
    ),
    "the sum over the masks": _dice(reduce=total),
    "sums over the last axis only": _dice(sums=sums_along(-1)),
    "sums along the first axis": _dice(sums=sums_along(0)),
    "one quotient per pixel": _dice(sums=lambda p, y: (p * y, p, y)),
    "the background's overlap": _dice(sums=lambda p, y: sums(1 - p, 1 - y)),
    "probabilities rounded to 0 and 1 first": _dice(sums=sums_of_rounded),
}

DICE = Exercise(
    signature="dice(probs, target, smooth=1.0)",
    read="loss-dice",
    right=_right,
    draw=_draw_dice,
    probes=(
        kinds.shapes("probs", "target"),
        kinds.outside("probs", 0.0, 1.0),
        kinds.outside("smooth", 0.0),
        kinds.single_item("probs", "target"),
        kinds.zero("smooth"),
    ),
    mistakes={
        **_FORMULA,
        "0/0 of an empty mask": _dice(),
        "an empty mask that counts as missed": _dice(_nothing_missed),
    },
)

DICE_TORCH = Exercise(
    signature="dice_torch(probs, target, smooth=1.0)",
    read="loss-dice",
    right=_right,
    draw=_draw_dice_torch,
    probes=(kinds.zero("smooth"),),
    torch=True,
    slopes={"probs": _slope},
    mistakes=_FORMULA,
)
