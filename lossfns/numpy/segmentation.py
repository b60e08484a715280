"""Overlap losses of masks: one statistic (tp, fp, fn) per mask, and what is made of it.

A mask is what lies along `axis`, by default the last two axes: an image. Every other axis counts
masks: images of a batch, classes, or both, each with a loss of its own.

Smoothing is written once: `smooth` counts as that many more pixels of agreement, tp + smooth, and
so enters Dice, Jaccard and Tversky alike. A mask that is empty and predicted empty costs 0, and an
empty mask with something predicted costs more the more is predicted.

`pixel_weight` says how often each pixel counts. Where it is 0 nothing counts, neither what is
predicted there nor what the target says (NaN or a label such as 255 included): pixels that nobody
annotated. A mask without any pixel that counts is no item of the mean.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from lossfns._arguments import (
    MASK_HINT,
    Reduction,
    flag,
    free_axis,
    integer,
    mask_axes,
    number,
    pixel_shape,
    same_shapes,
)
from lossfns.numpy._classes import times
from lossfns.numpy._core import Array, Evaluation, item_weight, loss, real, reduced, within
from lossfns.numpy._logits import sides
from lossfns.numpy.classification import binary_surprise_of_probs

IMAGE = (-2, -1)


@loss
def dice(
    probs: ArrayLike,
    target: ArrayLike,
    *,
    smooth: float = 1.0,
    squared: bool = False,
    axis: int | Sequence[int] = IMAGE,
    pixel_weight: ArrayLike | None = None,
    reduction: Reduction = "mean",
    sample_weight: ArrayLike | None = None,
) -> Evaluation:
    """Dice loss: one minus the overlap of two masks, relative to their mean size.

        l = 1 - 2 (Σ p y + s) / (Σ p + Σ y + 2 s)
        l = 1 - 2 (Σ p y + s) / (Σ p² + Σ y² + 2 s)   with squared

    Args:
        probs: predicted probabilities, in [0, 1], any shape with the axes of a mask.
        target: same shape, in [0, 1]: 0 and 1, or soft masks.
        smooth: s ≥ 0, pixels of agreement added to every mask. The s of formulas written
            (2 Σ p y + s) / (Σ p + Σ y + s), as in MONAI, is twice this one.
        squared: squares in the denominator (Milletari's V-Net) instead of the plain sums.
        axis: the axes of one mask: an image by default, (-3, -2, -1) for a volume, -1 for masks of
            the shape (items, pixels).
        pixel_weight: how often each pixel counts in the sums, ≥ 0, same shape, or of length 1
            along axes that share it; 0 ignores a pixel, `pixel_weight=labels != 255` all that are
            marked so.
        reduction, sample_weight: as for every loss; the losses have the shape without those axes.
    Returns:
        The loss, in [0, 1]. A correctly empty mask costs 0. Without smoothing an empty mask costs
        1 whatever else is predicted, with no gradient to say how to improve.
    Raises:
        TypeError, ValueError: shapes differ, integer predictions, NaN, values outside [0, 1],
        smooth or pixel_weight < 0, axes that do not exist.
    Gradient:
        With N = ½ (fp + fn) and D = tp + s + N: (½ (1 - 2 y) (D - N) - y N) / D² over the number
        of masks; 0 where D = 0. With squared, p - y in place of ½ (1 - 2 y).
    Pitfall:
        The sums run over one mask, by default the last two axes: masks of the shape (items, pixels)
        count as one image and a volume as its slices, unless `axis` says otherwise. Over a whole
        batch it is another loss, in which large objects hide small ones. To ignore pixels, do not
        multiply the logits by 0: their sigmoid is ½, and counts (MONAI's `MaskedDiceLoss` with
        sigmoid=True does so).
    Reference:
        Milletari, Navab & Ahmadi (2016), V-Net, 3DV, arXiv:1606.04797.
    Chapter:
        loss-dice
    Example:
        >>> import lossfns.numpy as ln
        >>> ln.dice([[1.0, 1.0, 0.0, 0.0]], [[1, 0, 1, 0]], smooth=0.0)
        0.5
        >>> ln.dice([[0.5, 0.5]], [[0, 0]], smooth=1.0), ln.dice([[0.0, 0.0]], [[0, 0]])
        (0.3333333333333333, 0.0)
        >>> ln.dice([[1.0, 0.7, 0.0]], [[1, 255, 0]], pixel_weight=[[1, 0, 1]])
        0.0
    """
    masks = masks_of(target, axis, sample_weight, pixel_weight, probs=probs)
    return masks.reduced(reduction, *overlap_of(masks, 0.5, 0.5, smooth, squared=squared))


@loss
def jaccard(
    probs: ArrayLike,
    target: ArrayLike,
    *,
    smooth: float = 1.0,
    squared: bool = False,
    axis: int | Sequence[int] = IMAGE,
    pixel_weight: ArrayLike | None = None,
    reduction: Reduction = "mean",
    sample_weight: ArrayLike | None = None,
) -> Evaluation:
    """Jaccard (IoU) loss: one minus intersection over union of two masks.

        l = 1 - (tp + s) / (tp + s + fp + fn),   tp = Σ p y, fp = Σ p (1 - y), fn = Σ (1 - p) y

    Args:
        probs: predicted probabilities, in [0, 1], any shape with the axes of a mask.
        target: same shape, in [0, 1]: 0 and 1, or soft masks.
        smooth: s ≥ 0, pixels of agreement added to every mask.
        squared: Σ p² + Σ y² - Σ p y as the union, instead of Σ p + Σ y - Σ p y.
        axis: the axes of one mask: an image by default, (-3, -2, -1) for a volume, -1 for masks of
            the shape (items, pixels).
        pixel_weight: how often each pixel counts, as in `dice`; 0 ignores it.
        reduction, sample_weight: as for every loss; the losses have the shape without those axes.
    Returns:
        The loss, in [0, 1]. With D the Dice loss of the same smoothing it is 2 D / (1 + D).
    Raises:
        TypeError, ValueError: shapes differ, integer predictions, NaN, values outside [0, 1],
        smooth or pixel_weight < 0, axes that do not exist.
    Gradient:
        With N = fp + fn and D = tp + s + N: ((1 - 2 y) (D - N) - y N) / D² over the number of
        masks; 0 where D = 0.
    Pitfall:
        It ranks predictions of one mask as Dice does; training with either improves both.
    Reference:
        Rahman & Wang (2016), Optimizing intersection-over-union in deep neural networks for image
        segmentation, ISVC.
    Chapter:
        loss-jaccard
    Example:
        >>> import lossfns.numpy as ln
        >>> round(ln.jaccard([[1.0, 1.0, 0.0, 0.0]], [[1, 0, 1, 0]], smooth=0.0), 4)
        0.6667
    """
    masks = masks_of(target, axis, sample_weight, pixel_weight, probs=probs)
    return masks.reduced(reduction, *overlap_of(masks, 1.0, 1.0, smooth, squared=squared))


@loss
def tversky(
    probs: ArrayLike,
    target: ArrayLike,
    *,
    alpha: float = 0.3,
    beta: float = 0.7,
    smooth: float = 1.0,
    axis: int | Sequence[int] = IMAGE,
    pixel_weight: ArrayLike | None = None,
    reduction: Reduction = "mean",
    sample_weight: ArrayLike | None = None,
) -> Evaluation:
    """Tversky loss: Dice with separate prices for false alarms and for misses.

        l = 1 - (tp + s) / (tp + s + α fp + β fn),   fp = Σ p (1 - y), fn = Σ (1 - p) y

    Args:
        probs: predicted probabilities, in [0, 1], any shape with the axes of a mask.
        target: same shape, in [0, 1]: 0 and 1, or soft masks.
        alpha: α ≥ 0, the price of a false positive.
        beta: β ≥ 0, the price of a false negative, as in the paper; larger finds more. (Papers
            that follow, focal Tversky among them, swap the letters.)
        smooth: s ≥ 0, pixels of agreement added to every mask.
        axis: the axes of one mask: an image by default, (-3, -2, -1) for a volume, -1 for masks of
            the shape (items, pixels).
        pixel_weight: how often each pixel counts, as in `dice`; 0 ignores it.
        reduction, sample_weight: as for every loss; the losses have the shape without those axes.
    Returns:
        The loss, in [0, 1]; α = β = ½ is `dice`, α = β = 1 `jaccard`.
    Raises:
        TypeError, ValueError: shapes differ, integer predictions, NaN, values outside [0, 1],
        alpha, beta, smooth or pixel_weight < 0, axes that do not exist.
    Gradient:
        With N = α fp + β fn and D = tp + s + N: ((α (1 - y) - β y) (D - N) - y N) / D² over the
        number of masks; 0 where D = 0.
    Pitfall:
        Summed over the classes of a softmax, false positives of one class are false negatives of
        another: α and β cancel. Take one loss per class, as here.
    Reference:
        Salehi, Erdogmus & Gholipour (2017), Tversky loss function for image segmentation using 3D
        fully convolutional deep networks, MLMI, arXiv:1706.05721.
    Chapter:
        loss-tversky
    Example:
        >>> import lossfns.numpy as ln
        >>> found, missed = [[1.0, 1.0, 0.0]], [[1.0, 0.0, 0.0]]
        >>> round(ln.tversky(found, [[1, 0, 0]], smooth=0.0), 4)  # one false positive
        0.2308
        >>> round(ln.tversky(missed, [[1, 1, 0]], smooth=0.0), 4)  # one false negative
        0.4118
    """
    _check_prices(alpha, beta)
    masks = masks_of(target, axis, sample_weight, pixel_weight, probs=probs)
    return masks.reduced(reduction, *overlap_of(masks, alpha, beta, smooth))


@loss
def focal_tversky(
    probs: ArrayLike,
    target: ArrayLike,
    *,
    alpha: float = 0.3,
    beta: float = 0.7,
    gamma: float = 4 / 3,
    smooth: float = 1.0,
    axis: int | Sequence[int] = IMAGE,
    pixel_weight: ArrayLike | None = None,
    reduction: Reduction = "mean",
    sample_weight: ArrayLike | None = None,
) -> Evaluation:
    """Focal Tversky loss: the Tversky loss of each mask to a power.

        l = (1 - (tp + s) / (tp + s + α fp + β fn))^(1 / γ)

    Args:
        probs: predicted probabilities, in [0, 1], any shape with the axes of a mask.
        target: same shape, in [0, 1]: 0 and 1, or soft masks.
        alpha: α ≥ 0, the price of a false positive.
        beta: β ≥ 0, the price of a false negative, as in `tversky`. The paper swaps the letters:
            its α = 0.7 is β here.
        gamma: γ > 0; the exponent is 1 / γ, as in the paper, whose best is 4/3. Above 1 small
            errors keep a strong pull, below 1 they fade. Code that raises to γ itself has 3/4.
        smooth: s ≥ 0, pixels of agreement added to every mask.
        axis: the axes of one mask: an image by default, (-3, -2, -1) for a volume, -1 for masks of
            the shape (items, pixels).
        pixel_weight: how often each pixel counts, as in `dice`; 0 ignores it.
        reduction, sample_weight: as for every loss; the losses have the shape without those axes.
    Returns:
        The loss, in [0, 1]; γ = 1 is `tversky`.
    Raises:
        TypeError, ValueError: shapes differ, integer predictions, NaN, values outside [0, 1],
        alpha, beta, smooth or pixel_weight < 0, gamma ≤ 0, axes that do not exist.
    Gradient:
        T^(1/γ - 1) / γ times that of the Tversky loss T; 0 for a perfect mask, where for γ > 1
        the slope is infinite and automatic differentiation gives NaN.
    Pitfall:
        The power of the mean over a batch is not the mean of the powers: it is taken per mask.
    Reference:
        Abraham & Khan (2019), A novel focal Tversky loss function with improved attention U-Net
        for lesion segmentation, ISBI, arXiv:1810.07842.
    Chapter:
        loss-focal-tversky
    Example:
        >>> import lossfns.numpy as ln
        >>> round(ln.focal_tversky([[1.0, 0.0, 0.0]], [[1, 1, 0]], smooth=0.0), 4)
        0.514
    """
    _check_prices(alpha, beta)
    number("gamma", gamma, above=0)
    masks = masks_of(target, axis, sample_weight, pixel_weight, probs=probs)
    return masks.reduced(reduction, *overlap_of(masks, alpha, beta, smooth, power=1 / gamma))


@loss
def dice_bce(
    probs: ArrayLike,
    target: ArrayLike,
    *,
    bce_weight: float = 1.0,
    smooth: float = 1.0,
    squared: bool = False,
    axis: int | Sequence[int] = IMAGE,
    pixel_weight: ArrayLike | None = None,
    reduction: Reduction = "mean",
    sample_weight: ArrayLike | None = None,
) -> Evaluation:
    """Dice plus binary cross-entropy: overlap of the mask, and a clear gradient at every pixel.

        l = dice + λ · mean over the pixels of the mask of -(y ln p + (1 - y) ln(1 - p))

    Args:
        probs: predicted probabilities, in [0, 1], any shape with the axes of a mask.
        target: same shape, in [0, 1]: 0 and 1, or soft masks.
        bce_weight: λ ≥ 0.
        smooth, squared: of the Dice part, see `dice`.
        axis: the axes of one mask: an image by default, (-3, -2, -1) for a volume, -1 for masks of
            the shape (items, pixels).
        pixel_weight: how often each pixel counts, as in `dice`; 0 ignores it.
        reduction, sample_weight: as for every loss; the losses have the shape without those axes.
    Returns:
        The loss; infinite where a pixel is certain and wrong.
    Raises:
        TypeError, ValueError: shapes differ, integer predictions, NaN, values outside [0, 1],
        bce_weight, smooth or pixel_weight < 0, axes that do not exist.
    Gradient:
        That of `dice` plus λ that of `bce`, averaged over the pixels. A pixel that is certain and
        wrong gets that of `dice` alone.
    Pitfall:
        The two parts have different scales: Dice is at most 1 a mask, cross-entropy of a bad start
        several. A sigmoid that saturates loses the second part: use `dice_bce_with_logits`.
    Reference:
        Isensee et al. (2021), nnU-Net, Nature Methods 18, arXiv:1904.08128.
    Chapter:
        loss-dice-bce
    Example:
        >>> import lossfns.numpy as ln
        >>> round(ln.dice_bce([[0.5, 0.5]], [[1, 0]], smooth=0.0), 4)
        1.1931
    """
    number("bce_weight", bce_weight, at_least=0)
    masks = masks_of(target, axis, sample_weight, pixel_weight, probs=probs)
    overlap, push = overlap_of(masks, 0.5, 0.5, smooth, squared=squared)
    if not bce_weight:
        return masks.reduced(reduction, overlap, push)
    surprise, pull = binary_surprise_of_probs(masks.scores, masks.target)
    share = bce_weight * masks.share()

    def slope() -> Array:
        return np.asarray(push() + share * pull())

    return masks.reduced(reduction, overlap + (share * surprise).sum(axis=-1), slope)


@loss
def dice_bce_with_logits(
    logits: ArrayLike,
    target: ArrayLike,
    *,
    bce_weight: float = 1.0,
    smooth: float = 1.0,
    squared: bool = False,
    axis: int | Sequence[int] = IMAGE,
    pixel_weight: ArrayLike | None = None,
    reduction: Reduction = "mean",
    sample_weight: ArrayLike | None = None,
) -> Evaluation:
    """Dice plus binary cross-entropy of logits, finite for logits of any size.

        l = dice(σ(z), y) + λ · mean over the pixels of the mask of bce_with_logits(z, y)

    Args:
        logits: floating point, any shape with the axes of a mask.
        target: same shape, in [0, 1]: 0 and 1, or soft masks.
        bce_weight: λ ≥ 0.
        smooth, squared: of the Dice part, see `dice`.
        axis: the axes of one mask: an image by default, (-3, -2, -1) for a volume, -1 for masks of
            the shape (items, pixels).
        pixel_weight: how often each pixel counts, as in `dice`; 0 ignores it.
        reduction, sample_weight: as for every loss; the losses have the shape without those axes.
    Returns:
        The loss: `dice_bce` of the sigmoid.
    Raises:
        TypeError, ValueError: shapes differ, integer predictions, NaN, targets outside [0, 1],
        bce_weight, smooth or pixel_weight < 0, axes that do not exist.
    Gradient:
        p (1 - p) times that of `dice`, plus λ (p - y) averaged over the pixels.
    Pitfall:
        For Dice alone the factor p (1 - p) silences pixels that are certain and wrong; the
        cross-entropy is what still reaches them.
    Reference:
        Isensee et al. (2021), nnU-Net, Nature Methods 18, arXiv:1904.08128.
    Chapter:
        loss-dice-bce-with-logits
    Example:
        >>> import lossfns.numpy as ln
        >>> round(ln.dice_bce_with_logits([[0.0, 0.0]], [[1, 0]], smooth=0.0), 4)
        1.1931
        >>> ln.dice_bce_with_logits([[-1000.0, 0.0]], [[1, 0]], smooth=0.0) > 500
        True
    """
    number("bce_weight", bce_weight, at_least=0)
    masks = masks_of(target, axis, sample_weight, pixel_weight, logits=logits)
    p, rest, hit, reject = sides(masks.scores)
    y = masks.target
    overlap, push = overlap_of(masks._replace(scores=p), 0.5, 0.5, smooth, squared=squared)
    losses, share = overlap, bce_weight * masks.share()
    if bce_weight:
        losses = overlap + (share * (times(y, hit) + times(1 - y, reject))).sum(axis=-1)

    def slope() -> Array:
        # dp = p (1 - p) dz, and the cross-entropy has p - y = (1 - y) p - y (1 - p).
        return np.asarray(push() * p * rest + share * ((1 - y) * p - y * rest))

    return masks.reduced(reduction, losses, slope)


@loss
def lovasz(
    probs: ArrayLike,
    target: ArrayLike,
    *,
    axis: int | Sequence[int] = IMAGE,
    pixel_weight: ArrayLike | None = None,
    reduction: Reduction = "mean",
    sample_weight: ArrayLike | None = None,
) -> Evaluation:
    """Lovász loss of probabilities: the Jaccard loss made convex, exact for hard predictions.

        l = Σ_i e_(i) (J_i - J_{i-1}),   e_(1) ≥ e_(2) ≥ …  the errors |y - p|, sorted,
        J_i: the Jaccard loss of getting exactly the first i of them wrong

    This is the Lovász-softmax of one class; with classes on an axis of their own there is a loss
    for each. (The Lovász hinge, of logits, is the same with the errors max(0, 1 - z (2 y - 1)).)

    Args:
        probs: predicted probabilities, in [0, 1], any shape with the axes of a mask.
        target: same shape, 0 and 1.
        axis: the axes of one mask: an image by default, (-3, -2, -1) for a volume, -1 for masks of
            the shape (items, pixels).
        pixel_weight: how often each pixel counts, as in `dice`; 0 ignores it.
        reduction, sample_weight: as for every loss; the losses have the shape without those axes.
    Returns:
        The loss, in [0, 1]; for p of 0 and 1 it is `jaccard` without smoothing. Of an empty mask it
        is the largest p.
    Raises:
        TypeError, ValueError: shapes differ, integer predictions, NaN, probs outside [0, 1],
        targets other than 0 and 1, pixel_weight < 0, axes that do not exist.
    Gradient:
        (1 - 2 y) (J_i - J_{i-1}) over the number of masks, i the rank of the pixel's error; among
        equal errors the earlier pixel ranks first.
    Pitfall:
        Classes that do not occur in an image are counted too; the authors' code leaves them out by
        default. Give them a weight of 0 for the same.
    Reference:
        Berman, Rannen Triki & Blaschko (2018), The Lovász-softmax loss, CVPR, arXiv:1705.08790.
    Chapter:
        loss-lovasz
    Example:
        >>> import lossfns.numpy as ln
        >>> round(ln.lovasz([[0.9, 0.6, 0.2]], [[1, 0, 1]]), 4)
        0.5333
    """
    masks = masks_of(target, axis, sample_weight, pixel_weight, probs=probs)
    p, y = masks.scores, masks.target
    if not ((y == 0) | (y == 1) | masks.left_out).all():
        raise ValueError("target must hold 0 and 1 only: a soft mask has no Jaccard loss of a set")
    errors = np.abs(y - p)
    order = np.argsort(-errors, axis=-1, kind="stable")
    pixels = np.ones_like(y) if masks.pixels is None else masks.pixels
    steps = _jaccard_steps(*(np.take_along_axis(a, order, axis=-1) for a in (y, pixels)))
    share = np.empty_like(steps)
    np.put_along_axis(share, order, steps, axis=-1)
    # In one order of the errors the steps are constants, and |y - p| has the slope 1 - 2 y.
    return masks.reduced(reduction, (errors * share).sum(axis=-1), lambda: (1 - 2 * y) * share)


@loss
def generalized_dice(
    probs: ArrayLike,
    target: ArrayLike,
    *,
    power: float = 2.0,
    smooth: float = 1.0,
    class_axis: int = -3,
    axis: int | Sequence[int] = IMAGE,
    pixel_weight: ArrayLike | None = None,
    reduction: Reduction = "mean",
    sample_weight: ArrayLike | None = None,
) -> Evaluation:
    """Generalised Dice: one overlap of all classes together, in which the rare ones count as much.

        l = 1 - 2 Σ_c w_c (Σ p_c y_c + s) / Σ_c w_c (Σ p_c + Σ y_c + 2 s),   w_c = 1 / (Σ y_c)^k

    Args:
        probs: predicted probabilities, in [0, 1], any shape with a class axis and the axes of a
            mask.
        target: same shape, in [0, 1]: one-hot over the classes, or soft, or masks that overlap.
        power: k ≥ 0: 2 as in the paper (MONAI's w_type="square"), 1 is "simple"; at 0, "uniform",
            every pixel counts alike, and large classes rule.
        smooth: s ≥ 0, pixels of agreement added to every class. MONAI adds its smoothing to the
            weighted sums, where 1 would outweigh any image.
        class_axis: the axis of the classes, by default the one in front of an image.
        axis: the axes of one mask: an image by default, (-3, -2, -1) for a volume, -1 for masks of
            the shape (items, pixels).
        pixel_weight: how often each pixel counts, as in `dice`; 0 ignores it. (N, 1, H, W) holds
            for all classes.
        reduction, sample_weight: as for every loss; one loss per image.
    Returns:
        The loss, in [0, 1]. A class that an image does not hold weighs as much as the rarest that
        it holds, as in MONAI, so that finding it there costs.
    Raises:
        TypeError, ValueError: shapes differ, integer predictions, NaN, values outside [0, 1],
        power, smooth or pixel_weight < 0, axes that do not exist or are the same.
    Gradient:
        That of `dice` with the pixels of a class weighted by w_c; no gradient flows into w_c.
    Pitfall:
        A class of a single pixel weighs 10⁸ times one of 10⁴ pixels: a mislabelled pixel rules
        its image. A lower power, or patches, tame it.
    Reference:
        Sudre et al. (2017), Generalised Dice overlap as a deep learning loss function for highly
        unbalanced segmentations, DLMIA, arXiv:1707.03237.
    Chapter:
        loss-generalized-dice
    Example:
        >>> import numpy as np, lossfns.numpy as ln
        >>> rare = np.array([[1.0, 0.0, 0.0, 0.0]])            # one pixel of four
        >>> found = np.array([[0.5, 0.0, 0.0, 0.0]])
        >>> masks = [np.stack([1 - found, found]), np.stack([1 - rare, rare])]
        >>> round(ln.generalized_dice(*masks, smooth=0.0), 4)
        0.25
        >>> round(ln.generalized_dice(*masks, power=0.0, smooth=0.0), 4)
        0.125
    """
    number("power", power, at_least=0, below=math.inf)
    integer("class_axis", class_axis)
    masks = masks_of(target, axis, sample_weight, pixel_weight, class_axis, probs=probs)
    return masks.reduced(reduction, *overlap_of(_as_one(masks, power), 0.5, 0.5, smooth))


class Masks(NamedTuple):
    """Predictions and targets with the pixels of a mask along the last axis."""

    name: str
    scores: Array
    target: Array
    weight: Array | None
    pixels: Array | None  # how often each counts
    left_out: Array
    restore: Callable[[Array], Array]

    def each(self, values: Array) -> Array:
        """What each pixel adds to a sum."""
        return values if self.pixels is None else values * self.pixels

    def total(self, values: Array) -> Array:
        """The sum over the pixels of each mask."""
        return np.asarray(self.each(values).sum(axis=-1))

    def share(self) -> Array:
        """The weight of each pixel in the mean over its mask."""
        if self.pixels is None:
            return np.asarray(1 / self.scores.shape[-1])
        counted = self.pixels.sum(axis=-1, keepdims=True)
        return self.pixels / np.where(counted == 0, 1.0, counted)

    def reduced(
        self, reduction: Reduction, losses: Array, slope: Callable[[], Array]
    ) -> Evaluation:
        """Reduce a loss per mask; the gradient gets the shape of the input."""
        evaluation = reduced(losses, reduction, self.weight, axis=-1, scores=slope)
        chained = evaluation.gradients["scores"]
        return Evaluation(evaluation.value, {self.name: lambda: self.restore(chained())})


def masks_of(
    target: ArrayLike,
    axis: int | Sequence[int],
    sample_weight: ArrayLike | None,
    pixel_weight: ArrayLike | None,
    class_axis: int | None = None,
    **scores: ArrayLike,
) -> Masks:
    """Check predicted against true masks, and lay out each along the last axis.

    With a class axis the classes lie in front of it, and together are one item. Masks and pixels of
    weight 0 become ½ everywhere, so that nothing in them reaches value or gradient.
    """
    ((name, value),) = scores.items()
    p, y = real(name, value, floating=True), real("target", target)
    same_shapes({name: p.shape, "target": y.shape})
    front = mask_axes(name, p.shape, axis)
    classes = () if class_axis is None else (free_axis(name, p.shape, class_axis, front),)
    moved = (*classes, *front)
    back = tuple(range(-len(moved), 0))
    shape = np.moveaxis(p, moved, back).shape
    rows, lead = shape[: len(shape) - len(moved)], shape[: len(shape) - len(front)]

    def laid_out(array: Array) -> Array:
        return np.moveaxis(array, moved, back).reshape(*lead, math.prod(shape[len(lead) :]))

    whole, p, y = p.shape, laid_out(p), laid_out(y)
    weight, pixels, left_out = None, None, np.zeros((), bool)
    if sample_weight is not None:
        weight = item_weight(sample_weight, rows, MASK_HINT)
        left_out = weight.reshape(weight.shape + (1,) * (p.ndim - weight.ndim)) == 0
    if pixel_weight is not None:
        pixels = real("pixel_weight", pixel_weight)
        pixel_shape(pixels.shape, whole)
        pixels = np.where(left_out, 1.0, laid_out(np.broadcast_to(pixels, whole)))
        within("pixel_weight", pixels, low=0.0)
        weight = _where_any(pixels, weight, len(rows))
        left_out = left_out | (pixels == 0)
    if sample_weight is not None or pixel_weight is not None:
        p, y = np.where(left_out, 0.5, p), np.where(left_out, 0.5, y)
    if name == "probs":
        within("probs", p, low=0.0, high=1.0, hint="pass the sigmoid or softmax of logits")
    within("target", y, low=0.0, high=1.0)

    def restore(grad: Array) -> Array:
        return np.asarray(np.moveaxis(grad.reshape(shape), back, moved))

    return Masks(name, p, y, weight, pixels, left_out, restore)


def _where_any(pixels: Array, weight: Array | None, items: int) -> Array | None:
    """The weights of the items, 0 for those of which no pixel counts."""
    counted = pixels.any(axis=tuple(range(items, pixels.ndim)))
    if counted.all():
        return weight
    return np.where(counted, 1.0 if weight is None else weight, 0.0)


def _check_prices(alpha: float, beta: float) -> None:
    number("alpha", alpha, at_least=0)
    number("beta", beta, at_least=0)


def _as_one(masks: Masks, power: float) -> Masks:
    """The masks of all classes as one, with weights that fall with the size of the class.

    They sum to 1, so that pixels added to every class are as many of the whole.
    """
    size = masks.total(masks.target)
    rarest = np.where(size > 0, size, np.inf).min(axis=-1, keepdims=True)
    share = np.where(size > 0, rarest / size, 1.0) ** power
    share /= share.sum(axis=-1, keepdims=True)
    rows = (*size.shape[:-1], math.prod(masks.target.shape[-2:]))
    pixels = masks.each(np.broadcast_to(share[..., None], masks.target.shape))
    p, y, pixels = (a.reshape(rows) for a in (masks.scores, masks.target, pixels))
    return masks._replace(scores=p, target=y, pixels=pixels)


def overlap_of(
    masks: Masks,
    alpha: float,
    beta: float,
    smooth: float,
    *,
    squared: bool = False,
    power: float = 1.0,
) -> tuple[Array, Callable[[], Array]]:
    """The Tversky loss of each mask to a power, and its slope.

    Written as miss / (hit + miss) it keeps its digits for nearly perfect masks, which 1 - hit / …
    would cancel.
    """
    number("smooth", smooth, at_least=0)
    flag("squared", squared)
    p, y = masks.scores, masks.target
    hit = masks.total(p * y) + smooth
    if squared:
        miss = alpha * masks.total((p - y) ** 2)
    else:
        miss = alpha * masks.total(p * (1 - y)) + beta * masks.total((1 - p) * y)
    total = hit + miss
    ratio = np.where(total == 0, 0.0, miss / total)

    def slope() -> Array:
        # miss / (hit + miss): (hit d(miss) - miss d(hit)) / (hit + miss)², with d(hit) = y dp.
        price = 2 * alpha * (p - y) if squared else alpha * (1 - y) - beta * y
        # Divided twice, as the square of a small total underflows.
        bent = masks.each(price * (hit / total)[..., None] - y * (miss / total)[..., None])
        steep = power * ratio ** (power - 1) / total
        steep = np.where((total == 0) | (ratio == 0) & (power < 1), 0.0, steep)
        return times(np.broadcast_to(steep[..., None], p.shape), bent)

    return ratio**power, slope


def _jaccard_steps(sorted_target: Array, sorted_pixels: Array) -> Array:
    """How much the Jaccard loss of a set rises with each pixel that joins those got wrong.

    A pixel of the mask takes itself from the intersection, another adds itself to the union; as
    differences of losses that lie close together the steps would cancel.
    """
    own, others = sorted_pixels * sorted_target, sorted_pixels * (1 - sorted_target)
    size = own.sum(axis=-1, keepdims=True)
    hit = size - own.cumsum(axis=-1)
    union = size + others.cumsum(axis=-1)
    smaller = union - others
    # From 0 / 0 to 0 / 1: a loss of 1.
    grown = np.where(smaller == 0, 1.0, hit / smaller * (others / union))
    return np.where(sorted_pixels == 0, 0.0, np.where(sorted_target == 1, own / union, grown))
