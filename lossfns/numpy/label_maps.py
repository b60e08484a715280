"""Losses of label maps: one class per pixel, out of several that exclude each other.

Overlap of each class, plus a term that reaches every pixel. The scores are logits with an axis of
classes, the target holds an integer label per pixel, and there is one loss per image.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import ArrayLike

from lossfns._arguments import Reduction, flag, integer, label_map_axis, number
from lossfns.numpy._classes import class_weight, in_range, integers, log_softmax, one_hot, times
from lossfns.numpy._core import Array, Evaluation, loss, real
from lossfns.numpy.imbalance import label_focal
from lossfns.numpy.segmentation import IMAGE, Masks, masks_of, overlap_of


@loss
def dice_ce(
    logits: ArrayLike,
    target: ArrayLike,
    *,
    weight: ArrayLike | None = None,
    ce_weight: float = 1.0,
    smooth: float = 1.0,
    include_background: bool = True,
    ignore_index: int = -100,
    class_axis: int = -3,
    axis: int | Sequence[int] = IMAGE,
    reduction: Reduction = "mean",
    sample_weight: ArrayLike | None = None,
) -> Evaluation:
    """Dice plus cross-entropy over several classes: the usual loss of semantic segmentation.

        l = Σ_c w_c dice_c / Σ_c w_c + λ Σ_i w_{y_i} (-ln p_{y_i}) / Σ_i w_{y_i},   p = softmax(z)

    Args:
        logits: floating point, any shape with a class axis and the axes of a mask: (N, C, H, W).
        target: integer labels, the shape of `logits` without its class axis: (N, H, W).
        weight: w of each class, ≥ 0, length C; in both terms, each divided by the weights it used.
        ce_weight: λ ≥ 0.
        smooth: s ≥ 0, pixels of agreement added to every class, see `dice`.
        include_background: whether class 0 counts among the classes of the Dice term.
        ignore_index: label of pixels to leave out, of both terms.
        class_axis: the axis of the classes, by default the one in front of an image; for channels
            last, -1 with axis=(-3, -2).
        axis: the axes of one mask: an image by default, (-3, -2, -1) for a volume, -1 for pixels
            in a row.
        reduction, sample_weight: as for every loss; one loss per image, and an image of which
            every pixel is ignored is no item of the mean.
    Returns:
        The loss: a share in [0, 1], plus nats. MONAI's `DiceCELoss(softmax=True)` takes the mean of
        the cross-entropy over the pixels of the batch, not image by image, gives its `weight` to
        both terms, and divides the weighted Dice terms by C, not by Σ w.
    Raises:
        TypeError, ValueError: shapes do not fit, labels out of range, NaN, negative weight,
        ce_weight or smooth, axes that do not exist or are the same, one class only.
    Gradient:
        p_c (g_c - Σ_k p_k g_k) for the slopes g of the Dice term by p, plus λ w_y (p - onehot(y))
        over the weights of the pixels.
    Pitfall:
        A class that an image does not hold has a Dice term all the same: 0 if nothing of it is
        predicted, and up to 1 if much is. Libraries that leave it out do not unlearn false alarms.
    Reference:
        Isensee et al. (2021), nnU-Net, Nature Methods 18, arXiv:1904.08128.
    Chapter:
        loss-dice-ce
    Example:
        >>> import numpy as np, lossfns.numpy as ln
        >>> logits = np.array([[[2.0, 0.0]], [[0.0, 2.0]], [[0.0, 0.0]]])    # 3 classes, 1 x 2
        >>> round(ln.dice_ce(logits, [[0, 1]], smooth=0.0), 4)
        0.6854
        >>> round(ln.dice_ce(logits, [[0, -100]], smooth=0.0), 4)
        0.9459
    """
    maps = _label_maps(logits, target, ignore_index, class_axis, axis, sample_weight)
    number("ce_weight", ce_weight, at_least=0)
    losses, slope = _with_dice(maps, weight, smooth, include_background, ce_weight, gamma=0.0)
    return maps.reduced(reduction, losses, slope)


@loss
def dice_focal(
    logits: ArrayLike,
    target: ArrayLike,
    *,
    weight: ArrayLike | None = None,
    gamma: float = 2.0,
    focal_weight: float = 1.0,
    smooth: float = 1.0,
    include_background: bool = True,
    ignore_index: int = -100,
    class_axis: int = -3,
    axis: int | Sequence[int] = IMAGE,
    reduction: Reduction = "mean",
    sample_weight: ArrayLike | None = None,
) -> Evaluation:
    """Dice plus focal loss over several classes: pixels that are already right fade.

        l = Σ_c w_c dice_c / Σ_c w_c
            + λ Σ_i w_{y_i} (1 - p_{y_i})^γ (-ln p_{y_i}) / Σ_i w_{y_i},   p = softmax(z)

    Args:
        logits: floating point, any shape with a class axis and the axes of a mask: (N, C, H, W).
        target: integer labels, the shape of `logits` without its class axis: (N, H, W).
        weight: w of each class, ≥ 0, length C; in both terms, each divided by the weights it used.
        gamma: γ ≥ 0, how strongly easy pixels fade; 0 is `dice_ce`.
        focal_weight: λ ≥ 0.
        smooth: s ≥ 0, pixels of agreement added to every class, see `dice`.
        include_background: whether class 0 counts among the classes of the Dice term.
        ignore_index: label of pixels to leave out, of both terms.
        class_axis: the axis of the classes, by default the one in front of an image; for channels
            last, -1 with axis=(-3, -2).
        axis: the axes of one mask: an image by default, (-3, -2, -1) for a volume, -1 for pixels
            in a row.
        reduction, sample_weight: as for every loss; one loss per image, and an image of which
            every pixel is ignored is no item of the mean.
    Returns:
        The loss: a share in [0, 1], plus nats. MONAI's `DiceFocalLoss` has a sigmoid for each class
        in the focal term even where the Dice term has a softmax, and averages over the classes.
    Raises:
        TypeError, ValueError: shapes do not fit, labels out of range, NaN, negative weight, gamma,
        focal_weight or smooth, axes that do not exist or are the same, one class only.
    Gradient:
        As for `dice_ce`, with the slope of `softmax_focal` in the second term.
    Pitfall:
        The focal term fades as training goes on (for a pixel at p = 0.9 to a hundredth of the
        cross-entropy): the λ that balances Dice and cross-entropy is too small here.
    Reference:
        Zhu et al. (2019), AnatomyNet, Medical Physics 46(2), arXiv:1808.05238.
    Chapter:
        loss-dice-focal
    Example:
        >>> import numpy as np, lossfns.numpy as ln
        >>> logits = np.array([[[2.0, 0.0]], [[0.0, 2.0]], [[0.0, 0.0]]])    # 3 classes, 1 x 2
        >>> round(ln.dice_focal(logits, [[0, 1]], smooth=0.0), 4)
        0.4567
    """
    maps = _label_maps(logits, target, ignore_index, class_axis, axis, sample_weight)
    number("gamma", gamma, at_least=0, below=np.inf)
    number("focal_weight", focal_weight, at_least=0)
    losses, slope = _with_dice(maps, weight, smooth, include_background, focal_weight, gamma)
    return maps.reduced(reduction, losses, slope)


def _label_maps(
    logits: ArrayLike,
    target: ArrayLike,
    ignore_index: int,
    class_axis: int,
    axis: int | Sequence[int],
    sample_weight: ArrayLike | None,
) -> Masks:
    """Logits against a mask per class; the pixels of an image count alike, or not at all."""
    integer("ignore_index", ignore_index)
    scores, labels = real("logits", logits, floating=True), integers(target)
    front = label_map_axis("logits", scores.shape, labels.shape, axis, class_axis)
    counted = labels != ignore_index
    labels = in_range(np.where(counted, labels, 0), scores.shape[front])
    own = np.moveaxis(one_hot(labels, scores.shape[front]), -1, front)
    pixels = np.expand_dims(counted, front)
    return masks_of(own, axis, sample_weight, pixels, class_axis, logits=scores)


def _with_dice(
    maps: Masks,
    weight: ArrayLike | None,
    smooth: float,
    include_background: bool,
    factor: float,
    gamma: float,
) -> tuple[Array, Callable[[], Array]]:
    """Dice over the classes, plus the focal loss of the pixels by a factor, and the slope."""
    rows = np.swapaxes(maps.scores, -1, -2)
    by_class = class_weight(weight, rows)
    probs = np.swapaxes(np.exp(log_softmax(rows)), -1, -2)
    overlaps, push = overlap_of(maps._replace(scores=probs), 0.5, 0.5, smooth)
    share = _of_classes(by_class, include_background)
    surprise, pull = label_focal(rows, maps.target.argmax(axis=-2), gamma)
    counts = (by_class[:, None] * maps.each(maps.target)).sum(axis=-2)
    counts = factor * counts / _or_1(counts.sum(axis=-1, keepdims=True))

    def slope() -> Array:
        by_probs = share[:, None] * push()
        by_logits = probs * (by_probs - (probs * by_probs).sum(axis=-2, keepdims=True))
        return np.asarray(by_logits + np.swapaxes(counts[..., None] * pull(), -1, -2))

    return (share * overlaps).sum(axis=-1) + times(counts, surprise).sum(axis=-1), slope


def _of_classes(by_class: Array, include_background: bool) -> Array:
    """What each class adds to the mean over the classes."""
    flag("include_background", include_background)
    if not include_background:
        by_class = np.where(np.arange(len(by_class)) == 0, 0.0, by_class)
    return np.asarray(by_class / _or_1(by_class.sum()))


def _or_1(total: Array) -> Array:
    return np.where(total == 0, 1.0, total)
