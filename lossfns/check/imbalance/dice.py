"""The Dice loss of masks, and the same in PyTorch."""

from functools import partial

import numpy as np

import lossfns.numpy as ln
from lossfns.check import kinds
from lossfns.check.exercise import Exercise
from lossfns.check.questions import ask_all, refuse, shuffled, singles


def dice(probs, target, smooth=1.0):
    return ln.dice(rows(probs), rows(target), smooth=smooth, axis=-1)


def _dice_slope(probs, target, smooth=1.0):
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
    return [
        (none, none),
        (unsure, none),
        (some, some),
        (none, some),
        (np.concatenate([unsure, some]), np.concatenate([none, some])),
    ]


def _draw_dice(rng):
    pairs, one_pixel = masks(rng), np.array([[0.0, 0.0, 0.0], [0.0, 1.0, 0.0]])
    yield from ask_masks(pairs)
    yield from ask_masks(pairs, smooth=0.0)
    yield from ask_masks(pairs, smooth=float(np.round(rng.uniform(0.2, 0.8), 2)))
    yield from ask_masks(singles(pairs[1:4]))
    yield from ask_masks(edges(), "extremes")
    yield from ask_masks([*edges()[2:4], (np.zeros((2, 3)), one_pixel)], "extremes", smooth=0.0)
    probs, target = pairs[2]
    yield refuse("masks of different shapes accepted", probs=probs[:1], target=target)
    yield refuse("logits accepted as probabilities", probs=4 * probs - 2, target=target)
    yield refuse("a negative smooth accepted", probs=probs, target=target, smooth=-1.0)


def sums(probs, target):
    """Σ p y, Σ p and Σ y of every mask."""
    flat = probs.reshape(len(probs), -1), target.reshape(len(target), -1)
    return (flat[0] * flat[1]).sum(-1), flat[0].sum(-1), flat[1].sum(-1)


def _overlapping(loss, prepare=lambda probs, target: (probs, target)):
    """The mean over the masks of `loss(tp, Σ p, Σ y, smooth)`."""

    def wrong(probs, target, smooth=1.0):
        return loss(*sums(*prepare(probs, target)), smooth).mean()

    return wrong


def _plain(both, p, y, smooth):
    return 1 - 2 * (both + smooth) / (p + y + 2 * smooth)


def one_mask(probs, target):
    return probs.reshape(1, -1), target.reshape(1, -1)


def _along_last_axis(probs, target, smooth=1.0):
    both, p, y = (probs * target).sum(-1), probs.sum(-1), target.sum(-1)
    return _plain(both, p, y, smooth).mean()


def _along_first_axis(probs, target, smooth=1.0):
    both, p, y = (probs * target).sum(0), probs.sum(0), target.sum(0)
    return _plain(both, p, y, smooth).mean()


def _squared(probs, target, smooth=1.0):
    both, p, y = (sums(*pair)[0] for pair in ((probs, target), (probs, probs), (target, target)))
    return _plain(both, p, y, smooth).mean()


DICE_FORMULA = {
    "the overlap instead of one minus it": _overlapping(
        lambda both, p, y, s: 1 - _plain(both, p, y, s)
    ),
    "the smoothing of another convention": _overlapping(
        lambda both, p, y, s: 1 - (2 * both + s) / (p + y + s)
    ),
    "s once in the numerator, twice in the denominator": _overlapping(
        lambda both, p, y, s: 1 - (2 * both + s) / (p + y + 2 * s)
    ),
    "s twice in the numerator, once in the denominator": _overlapping(
        lambda both, p, y, s: 1 - 2 * (both + s) / (p + y + s)
    ),
    "s in the denominator only": _overlapping(lambda both, p, y, s: 1 - 2 * both / (p + y + 2 * s)),
    "s counted twice": _overlapping(lambda both, p, y, s: _plain(both, p, y, 2 * s)),
    "the argument smooth without effect": _overlapping(
        lambda both, p, y, s: _plain(both, p, y, 1.0)
    ),
    "no smoothing": _overlapping(lambda both, p, y, s: _plain(both, p, y, 0.0)),
    "the factor 2 forgotten": _overlapping(lambda both, p, y, s: 1 - (both + s) / (p + y + 2 * s)),
    "intersection over union": _overlapping(
        lambda both, p, y, s: 1 - (both + s) / (p + y - both + s)
    ),
    "squares in the denominator": _squared,
    "all masks of the batch taken for one": _overlapping(_plain, one_mask),
    "all masks taken for one, and s in another convention": _overlapping(
        lambda both, p, y, s: 1 - (2 * both + s) / (p + y + s), one_mask
    ),
    "the sum over the masks": lambda probs, target, smooth=1.0: _plain(
        *sums(probs, target), smooth
    ).sum(),
    "sums over the last axis only": _along_last_axis,
    "sums along the first axis": _along_first_axis,
    "one quotient per pixel": lambda probs, target, smooth=1.0: _plain(
        probs * target, probs, target, smooth
    ).mean(),
    "the background's overlap": _overlapping(_plain, lambda probs, target: (1 - probs, 1 - target)),
    "probabilities rounded to 0 and 1 first": _overlapping(
        _plain, lambda probs, target: (1.0 * (probs >= 0.5), target)
    ),
}

EMPTY = {"0/0 of an empty mask": _overlapping(_plain)}


def _nothing_missed(both, p, y, smooth):
    sizes = p + y + 2 * smooth
    return 1 - np.divide(2 * (both + smooth), sizes, out=np.zeros_like(sizes), where=sizes > 0)


EMPTY_MISSED = {"an empty mask that counts as missed": _overlapping(_nothing_missed)}

DICE = Exercise(
    signature="dice(probs, target, smooth=1.0)",
    read="loss-dice",
    right=dice,
    draw=_draw_dice,
    probes=(
        kinds.shapes("probs", "target"),
        kinds.outside("probs", 0.0, 1.0),
        kinds.outside("smooth", 0.0),
        kinds.single_item("probs", "target"),
        kinds.zero("smooth"),
    ),
    mistakes={**DICE_FORMULA, **EMPTY, **EMPTY_MISSED},
)


def _draw_dice_torch(rng):
    pairs = masks(rng)
    wants = ("probs",)
    yield from ask_masks(singles(pairs), wants=wants)
    yield from ask_masks(pairs[2:3], wants=wants)
    yield from ask_masks(singles(pairs), wants=wants, smooth=0.0)
    yield from ask_masks(
        singles(pairs), wants=wants, smooth=float(np.round(rng.uniform(0.2, 0.8), 2))
    )
    yield from ask_masks(singles(edges()), "extremes", wants)


DICE_TORCH = Exercise(
    signature="dice_torch(probs, target, smooth=1.0)",
    read="loss-dice",
    right=dice,
    draw=_draw_dice_torch,
    probes=(kinds.zero("smooth"),),
    torch=True,
    slopes={"probs": _dice_slope},
    mistakes=DICE_FORMULA,
)
