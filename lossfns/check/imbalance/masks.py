"""The losses of masks: Dice, Tversky, and Dice in PyTorch.

p are the probabilities and y the targets, s is the smoothing. Of each mask, tp is Σ p y, and n is
Σ p + Σ y; a and b are the prices α and β of the false positives fp and the false negatives fn.
"""

from functools import partial

import numpy as np

import lossfns.numpy as ln
from lossfns.check import kinds
from lossfns.check.exercise import Exercise
from lossfns.check.questions import ask_all, between, refuse, shuffled, singles
from lossfns.check.recipes import average, total

_ask = partial(ask_all, "probs target")


def _of_rows(loss):
    """A loss of the library, or its gradient, for masks with any number of axes."""
    return lambda probs, target, **options: loss(_rows(probs), _rows(target), axis=-1, **options)


def _dice_slope(probs, target, **options):
    return _of_rows(ln.dice.grad)(probs, target, **options).reshape(probs.shape)


def _rows(masks):
    """One row for each mask, whatever the number of its axes."""
    if masks.ndim < 2:
        raise ValueError(f"the first axis counts masks, so shape {masks.shape} is too short")
    return masks.reshape(len(masks), -1)


def _masks(rng):
    """Pairs (probs, target): tenths that read well first, then batches of flat and square masks."""
    shapes = [(1, 3), (1, 4), (2, 3), (2, 2, 2), (3, *rng.integers(3, 7, size=2))]
    # All on one side of ½ would make a threshold harmless.
    probs, target = [0.2, 0.9, 0.6, 0.1, 0.7, 0.4], [1.0, 0.0, 0.0]
    return [(shuffled(rng, probs, shape), shuffled(rng, target, shape)) for shape in shapes]


def _edges():
    """Empty masks and perfect ones; the second batch mixes an empty with a full mask."""
    none, some = np.zeros((1, 4)), np.array([[0.0, 1.0, 1.0, 0.0]])
    unsure = np.array([[0.5, 0.25, 0.0, 0.25]])
    mixed = np.concatenate([unsure, some]), np.concatenate([none, some])
    return [(none, none), (unsure, none), (some, some), (none, some), mixed]


def _draw_dice(rng):
    pairs, one_pixel = _masks(rng), np.array([[0.0, 0.0, 0.0], [0.0, 1.0, 0.0]])
    yield from _ask(pairs)
    yield from _ask(pairs, smooth=0.0)
    yield from _ask(pairs, smooth=between(rng, 0.2, 0.8))
    yield from _ask(singles(pairs[1:4]))
    yield from _ask(_edges(), "extremes")
    yield from _ask([*_edges()[2:4], (np.zeros((2, 3)), one_pixel)], "extremes", smooth=0.0)
    probs, target = pairs[2]
    bad = partial(refuse, probs=probs, target=target)
    yield bad("masks of different shapes accepted", probs=probs[:1])
    yield bad("logits accepted as probabilities", probs=4 * probs - 2)
    yield bad("a negative smooth accepted", smooth=-1.0)


def _draw_dice_torch(rng):
    pairs, wants = _masks(rng), ("probs",)
    yield from _ask([*singles(pairs), pairs[2]], wants=wants)
    for smooth in (0.0, between(rng, 0.2, 0.8)):
        yield from _ask(singles(pairs), wants=wants, smooth=smooth)
    yield from _ask(singles(_edges()), "extremes", wants)


def _sums(p, y):
    """Σ p y, Σ p and Σ y of every mask."""
    return _sums_along(-1)(p.reshape(len(p), -1), y.reshape(len(y), -1))


def _sums_along(axis):
    """The same along one axis, whatever it counts."""
    return lambda p, y: ((p * y).sum(axis), p.sum(axis), y.sum(axis))


def _sums_of_all(p, y):
    """The same with all masks of the batch taken for one."""
    return _sums(p.reshape(1, -1), y.reshape(1, -1))


def _sums_of_squares(p, y):
    return _sums(p, y)[0], _sums(p, p)[0], _sums(y, y)[0]


def _sums_of_rounded(p, y):
    return _sums(1.0 * (p >= 0.5), y)


def _dice_loss(tp, n, s):
    return 1 - 2 * (tp + s) / (n + 2 * s)


def _once(tp, n, s):
    """The other convention of s."""
    return 1 - (2 * tp + s) / (n + s)


def _dice(loss=_dice_loss, sums=_sums, reduce=average):
    """A variant from its formula, the sums that it gets, and what joins the losses of the masks."""

    def wrong(probs, target, smooth=1.0):
        tp, p, y = sums(probs, target)
        return reduce(loss(tp, p + y, smooth))

    return wrong


def _nothing_missed(tp, n, s):
    sizes = n + 2 * s
    return 1 - np.divide(2 * (tp + s), sizes, out=np.zeros_like(sizes), where=sizes > 0)


_DICE = {
    "the overlap instead of one minus it": _dice(lambda tp, n, s: 1 - _dice_loss(tp, n, s)),
    "the smoothing of another convention": _dice(_once),
    "s once in the numerator, twice in the denominator": _dice(
        lambda tp, n, s: 1 - (2 * tp + s) / (n + 2 * s)
    ),
    "s twice in the numerator, once in the denominator": _dice(
        lambda tp, n, s: 1 - 2 * (tp + s) / (n + s)
    ),
    "s in the denominator only": _dice(lambda tp, n, s: 1 - 2 * tp / (n + 2 * s)),
    "s counted twice": _dice(lambda tp, n, s: _dice_loss(tp, n, 2 * s)),
    "the argument smooth without effect": _dice(lambda tp, n, s: _dice_loss(tp, n, 1.0)),
    "no smoothing": _dice(lambda tp, n, s: _dice_loss(tp, n, 0.0)),
    "the factor 2 forgotten": _dice(lambda tp, n, s: 1 - (tp + s) / (n + 2 * s)),
    "intersection over union": _dice(lambda tp, n, s: 1 - (tp + s) / (n - tp + s)),
    "squares in the denominator": _dice(sums=_sums_of_squares),
    "squares in the denominator, and s in another convention": _dice(_once, _sums_of_squares),
    "all masks of the batch taken for one": _dice(sums=_sums_of_all),
    "all masks taken for one, and s in another convention": _dice(_once, _sums_of_all),
    "the sum over the masks": _dice(reduce=total),
    "sums over the last axis only": _dice(sums=_sums_along(-1)),
    "sums along the first axis": _dice(sums=_sums_along(0)),
    "one quotient per pixel": _dice(sums=lambda p, y: (p * y, p, y)),
    "the background's overlap": _dice(sums=lambda p, y: _sums(1 - p, 1 - y)),
    "probabilities rounded to 0 and 1 first": _dice(sums=_sums_of_rounded),
}

DICE = Exercise(
    signature="dice(probs, target, smooth=1.0)",
    read="loss-dice",
    right=_of_rows(ln.dice),
    draw=_draw_dice,
    probes=(
        kinds.shapes("probs", "target"),
        kinds.outside("probs", 0.0, 1.0),
        kinds.outside("smooth", 0.0),
        kinds.single_item("probs", "target"),
        kinds.zero("smooth"),
    ),
    mistakes={
        **_DICE,
        "0/0 of an empty mask": _dice(),
        "an empty mask that counts as missed": _dice(_nothing_missed),
    },
)

DICE_TORCH = Exercise(
    signature="dice_torch(probs, target, smooth=1.0)",
    read="loss-dice",
    right=_of_rows(ln.dice),
    draw=_draw_dice_torch,
    probes=(kinds.zero("smooth"),),
    torch=True,
    slopes={"probs": _dice_slope},
    mistakes=_DICE,
)


def _draw_tversky(rng):
    pairs = _masks(rng)
    alpha, beta = (between(rng, *ends) for ends in ((0.1, 0.4), (0.6, 0.95)))
    usual = {"alpha": 0.3, "beta": 0.7}
    yield from _ask(pairs, **usual)
    # Prices that do not sum to 1.
    yield from _ask(pairs, alpha=alpha, beta=1.5)
    yield from _ask(pairs, alpha=2.0, beta=beta, smooth=0.5)
    yield from _ask(singles(pairs[1:4]), alpha=alpha, beta=beta)
    yield from _ask(_edges(), "extremes", **usual)
    yield from _ask(_edges()[2:4], "extremes", **usual, smooth=0.0)
    probs, target = pairs[2]
    bad = partial(refuse, probs=probs, target=target, **usual)
    yield bad("masks of different shapes accepted", probs=probs[:1])
    yield bad("a negative price accepted", alpha=-0.1)
    yield bad("a negative price accepted", beta=-0.7)


def _tversky_loss(tp, fp, fn, a, b, s):
    return 1 - (tp + s) / (tp + s + a * fp + b * fn)


def _tversky(loss=_tversky_loss, sums=_sums):
    """The same of Tversky."""

    def wrong(probs, target, alpha, beta, smooth=1.0):
        tp, p, y = sums(probs, target)
        return loss(tp, p - tp, y - tp, alpha, beta, smooth).mean()

    return wrong


def _with(change):
    """The right formula with other prices and another smoothing."""
    return _tversky(lambda tp, fp, fn, a, b, s: _tversky_loss(tp, fp, fn, *change(a, b, s)))


def _with_true_negatives(probs, target, alpha, beta, smooth=1.0):
    tp, p, y = _sums(probs, target)
    tn = _sums(1 - probs, 1 - target)[0]
    return _tversky_loss(tp, p - tp, tn, alpha, beta, smooth).mean()


TVERSKY = Exercise(
    signature="tversky(probs, target, alpha, beta, smooth=1.0)",
    read="loss-tversky",
    right=_of_rows(ln.tversky),
    draw=_draw_tversky,
    probes=(
        kinds.shapes("probs", "target"),
        kinds.outside("alpha", 0.0),
        kinds.outside("beta", 0.0),
        kinds.zero("alpha"),
        kinds.zero("beta"),
        kinds.zero("smooth"),
    ),
    mistakes={
        "α and β exchanged": _with(lambda a, b, s: (b, a, s)),
        "1 - α in place of β": _with(lambda a, b, s: (a, 1 - a, s)),
        "false positives and negatives mixed up with true negatives": _with_true_negatives,
        "the overlap instead of one minus it": _tversky(lambda *given: 1 - _tversky_loss(*given)),
        "both prices without effect: Dice": _with(lambda a, b, s: (0.5, 0.5, s)),
        "both prices without effect: intersection over union": _with(lambda a, b, s: (1, 1, s)),
        "the true positives doubled": _tversky(
            lambda tp, fp, fn, a, b, s: 1 - 2 * (tp + s) / (2 * (tp + s) + a * fp + b * fn)
        ),
        "whole sizes in place of false positives and negatives": _tversky(
            lambda tp, fp, fn, a, b, s: _tversky_loss(tp, tp + fp, tp + fn, a, b, s)
        ),
        "no smoothing": _with(lambda a, b, s: (a, b, 0.0)),
        "the smoothing in the denominator only": _tversky(
            lambda tp, fp, fn, a, b, s: 1 - tp / (tp + s + a * fp + b * fn)
        ),
        "the argument smooth without effect": _with(lambda a, b, s: (a, b, 1.0)),
        "all masks of the batch taken for one": _tversky(sums=_sums_of_all),
        "sums over the last axis only": _tversky(sums=_sums_along(-1)),
        "sums along the first axis": _tversky(sums=_sums_along(0)),
        "probabilities rounded to 0 and 1 first": _tversky(sums=_sums_of_rounded),
    },
)
