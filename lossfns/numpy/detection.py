"""Losses of boxes, given as corners (x1, y1, x2, y2) with x1 ≤ x2 and y1 ≤ y2."""

import math
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from lossfns._arguments import box_shapes
from lossfns.numpy._core import Array, Evaluation, item_weight, loss, real, reduced


@loss
def box_iou(
    pred: npt.ArrayLike,
    target: npt.ArrayLike,
    *,
    reduction: str = "mean",
    sample_weight: npt.ArrayLike | None = None,
) -> Evaluation:
    """IoU loss of boxes: one minus the share of the union that both cover.

        l = 1 - |P ∩ T| / |P ∪ T|

    Args:
        pred: predicted boxes (x1, y1, x2, y2), floating point, (..., 4), in any unit of length.
        target: true boxes, same shape.
        reduction, sample_weight: as for every loss; one loss per box.
    Returns:
        The loss, in [0, 1]; 0 for two identical boxes even if they have no area.
    Raises:
        TypeError, ValueError: shapes differ or do not end in 4, integers, NaN, corners in the wrong
        order.
    Gradient:
        That of the ratio; 0 for boxes that do not touch.
    Pitfall:
        Boxes that do not overlap all cost 1, near or far: there is nothing to follow.
    Reference:
        Yu et al. (2016), UnitBox, ACM Multimedia, arXiv:1608.01471 (there as -ln IoU).
    Chapter:
        09_case_studies.html#loss-box-iou
    Example:
        >>> import lossfns.numpy as ln
        >>> round(ln.box_iou([[0.0, 0.0, 2.0, 2.0]], [[1.0, 1.0, 3.0, 3.0]]), 4)
        0.8571
    """
    boxes, weight = _boxes(pred, target, sample_weight)
    losses, slope = 1 - boxes.iou, -boxes.iou_slope
    return reduced(losses, reduction, weight, axis=-1, pred=lambda: slope)


@loss
def giou(
    pred: npt.ArrayLike,
    target: npt.ArrayLike,
    *,
    reduction: str = "mean",
    sample_weight: npt.ArrayLike | None = None,
) -> Evaluation:
    """Generalized IoU loss: the IoU loss plus the empty share of the smallest enclosing box.

        l = 1 - IoU + (|E| - |P ∪ T|) / |E|,   E the smallest box around both

    Args:
        pred: predicted boxes (x1, y1, x2, y2), floating point, (..., 4), in any unit of length.
        target: true boxes, same shape.
        reduction, sample_weight: as for every loss; one loss per box.
    Returns:
        The loss, in [0, 2]; 0 for two identical boxes even if they have no area, where the ratio is
        0 / 0 and NaN elsewhere.
    Raises:
        TypeError, ValueError: shapes differ or do not end in 4, integers, NaN, corners in the wrong
        order.
    Gradient:
        That of both ratios; it pulls boxes that do not touch together.
    Pitfall:
        For a box inside the other it is the IoU loss: the centre no longer matters.
    Reference:
        Rezatofighi et al. (2019), CVPR, arXiv:1902.09630.
    Chapter:
        09_case_studies.html#loss-giou
    Example:
        >>> import lossfns.numpy as ln
        >>> ln.giou([[0.0, 0.0, 1.0, 1.0]], [[1.0, 1.0, 2.0, 2.0]])
        1.5
    """
    boxes, weight = _boxes(pred, target, sample_weight)
    hull, (width, height) = boxes.hull.prod(axis=-1), (boxes.hull[..., :1], boxes.hull[..., 1:])
    hull_slope = boxes.hull_slope * np.concatenate([height, width, height, width], axis=-1)
    filled, filled_slope = _ratio(boxes.union, boxes.union_slope, hull, hull_slope, empty=1.0)
    losses, slope = 2 - boxes.iou - filled, -boxes.iou_slope - filled_slope
    return reduced(losses, reduction, weight, axis=-1, pred=lambda: slope)


@loss
def diou(
    pred: npt.ArrayLike,
    target: npt.ArrayLike,
    *,
    reduction: str = "mean",
    sample_weight: npt.ArrayLike | None = None,
) -> Evaluation:
    """Distance IoU loss: the IoU loss plus the distance of the centres.

        l = 1 - IoU + ρ² / c²,   ρ between the centres, c the diagonal of the hull

    Args:
        pred: predicted boxes (x1, y1, x2, y2), floating point, (..., 4), in any unit of length.
        target: true boxes, same shape.
        reduction, sample_weight: as for every loss; one loss per box.
    Returns:
        The loss, in [0, 2].
    Raises:
        TypeError, ValueError: shapes differ or do not end in 4, integers, NaN, corners in the wrong
        order.
    Gradient:
        That of both ratios.
    Pitfall:
        Two boxes of equal centre and equal IoU cost the same whatever their shapes: see `ciou`.
    Reference:
        Zheng et al. (2020), AAAI, arXiv:1911.08287.
    Chapter:
        09_case_studies.html#loss-diou
    Example:
        >>> import lossfns.numpy as ln
        >>> ln.diou([[0.0, 0.0, 1.0, 1.0]], [[1.0, 1.0, 2.0, 2.0]])
        1.25
    """
    boxes, weight = _boxes(pred, target, sample_weight)
    apart, apart_slope = _centre_distance(boxes)
    losses, slope = 1 - boxes.iou + apart, apart_slope - boxes.iou_slope
    return reduced(losses, reduction, weight, axis=-1, pred=lambda: slope)


@loss
def ciou(
    pred: npt.ArrayLike,
    target: npt.ArrayLike,
    *,
    reduction: str = "mean",
    sample_weight: npt.ArrayLike | None = None,
) -> Evaluation:
    """Complete IoU loss: overlap, distance of the centres and shape.

        l = 1 - IoU + ρ² / c² + v² / (1 - IoU + v),
        v = 4 / π² (arctan(w_t / h_t) - arctan(w / h))²

    Args:
        pred: predicted boxes (x1, y1, x2, y2), floating point, (..., 4), in any unit of length.
        target: true boxes, same shape.
        reduction, sample_weight: as for every loss; one loss per box.
    Returns:
        The loss, in [0, 2.5].
    Raises:
        TypeError, ValueError: shapes differ or do not end in 4, integers, NaN, corners in the wrong
        order.
    Gradient:
        Of the formula as it stands. Torchvision holds the weight α = v / (1 - IoU + v) of the shape
        term constant, and its gradient of a box without height is NaN; here it is finite.
    Pitfall:
        Equal aspect ratio is not equal shape: a box twice as large has v = 0.
    Reference:
        Zheng et al. (2020), AAAI, arXiv:1911.08287.
    Chapter:
        09_case_studies.html#loss-ciou
    Example:
        >>> import lossfns.numpy as ln
        >>> round(ln.ciou([[0.0, 0.0, 2.0, 1.0]], [[0.0, 0.0, 1.0, 2.0]]), 4)
        0.7629
    """
    boxes, weight = _boxes(pred, target, sample_weight)
    apart, apart_slope = _centre_distance(boxes)
    shape, shape_slope = _shape_term(boxes)
    losses, slope = 1 - boxes.iou + apart + shape, apart_slope - boxes.iou_slope + shape_slope
    return reduced(losses, reduction, weight, axis=-1, pred=lambda: slope)


class _Boxes(NamedTuple):
    """Two boxes, what they share, and the derivatives with respect to the first one's corners."""

    pred: Array
    target: Array
    iou: Array
    iou_slope: Array
    union: Array
    union_slope: Array
    hull: Array  # width and height of the smallest box around both
    hull_slope: Array  # of the width by x1 and x2, of the height by y1 and y2


def _boxes(
    pred: npt.ArrayLike, target: npt.ArrayLike, sample_weight: Any
) -> tuple[_Boxes, Array | None]:
    pred, target = real("pred", pred, floating=True), real("target", target)
    box_shapes({"pred": pred.shape, "target": target.shape})
    weight = None
    if sample_weight is not None:
        weight = item_weight(sample_weight, pred.shape[:-1])
        masked = weight[..., None] == 0
        pred, target = np.where(masked, 0.0, pred), np.where(masked, 0.0, target)
    for name, box in (("pred", pred), ("target", target)):
        if (box[..., :2] > box[..., 2:]).any():
            raise ValueError(f"{name} must have x1 <= x2 and y1 <= y2 in every box")
        if np.isinf(box).any():
            raise ValueError(f"{name} holds an infinity: a box has finite corners")

    low, high = np.maximum(pred, target)[..., :2], np.minimum(pred, target)[..., 2:]
    sides = np.maximum(high - low, 0)
    inter = sides.prod(axis=-1)
    # Which corner bounds the intersection; at a tie each bounds half of it.
    bounds = np.concatenate(
        [
            -np.heaviside(pred - target, 0.5)[..., :2] * np.heaviside(high - low, 0.5),
            np.heaviside(target - pred, 0.5)[..., 2:] * np.heaviside(high - low, 0.5),
        ],
        axis=-1,
    )
    inter_slope = bounds * np.tile(sides[..., ::-1], 2)
    own = pred[..., 2:] - pred[..., :2]
    other = target[..., 2:] - target[..., :2]
    union = own.prod(axis=-1) + other.prod(axis=-1) - inter
    area_slope = np.tile(own[..., ::-1], 2) * np.array([-1.0, -1.0, 1.0, 1.0])
    union_slope = area_slope - inter_slope
    iou, iou_slope = _ratio(inter, inter_slope, union, union_slope, empty=0.0)
    iou = np.where((pred == target).all(axis=-1), 1.0, iou)
    hull = np.maximum(pred, target)[..., 2:] - np.minimum(pred, target)[..., :2]
    hull_slope = np.concatenate(
        [
            -np.heaviside(target - pred, 0.5)[..., :2],
            np.heaviside(pred - target, 0.5)[..., 2:],
        ],
        axis=-1,
    )
    return _Boxes(pred, target, iou, iou_slope, union, union_slope, hull, hull_slope), weight


def _ratio(
    top: Array, top_slope: Array, bottom: Array, bottom_slope: Array, empty: float
) -> tuple[Array, Array]:
    """top / bottom and its derivative; where the bottom is 0, `empty` with derivative 0."""
    safe = np.where(bottom == 0, 1.0, bottom)
    ratio = np.where(bottom == 0, empty, top / safe)
    slope = (top_slope - ratio[..., None] * bottom_slope) / safe[..., None]
    return ratio, np.where(bottom[..., None] == 0, 0.0, slope)


def _centre_distance(boxes: _Boxes) -> tuple[Array, Array]:
    """Squared distance of the centres over the squared diagonal of the hull."""
    centres = [(box[..., :2] + box[..., 2:]) / 2 for box in (boxes.pred, boxes.target)]
    offset = centres[0] - centres[1]
    diagonal_slope = 2 * np.tile(boxes.hull, 2) * boxes.hull_slope
    return _ratio(
        (offset**2).sum(axis=-1),
        np.tile(offset, 2),
        (boxes.hull**2).sum(axis=-1),
        diagonal_slope,
        empty=0.0,
    )


def _shape_term(boxes: _Boxes) -> tuple[Array, Array]:
    """v² / (1 - IoU + v)."""
    (w, h), (w_true, h_true) = (
        np.moveaxis(box[..., 2:] - box[..., :2], -1, 0) for box in (boxes.pred, boxes.target)
    )
    turn = 2 / math.pi * (np.arctan2(w, h) - np.arctan2(w_true, h_true))
    squared = w * w + h * h
    safe = np.where(squared == 0, 1.0, squared)
    turn_slope = 2 / math.pi * np.stack([-h, w, h, -w], axis=-1) / safe[..., None]
    v, v_slope = turn**2, 2 * turn[..., None] * turn_slope
    return _ratio(
        v**2, 2 * v[..., None] * v_slope, 1 - boxes.iou + v, v_slope - boxes.iou_slope, empty=0.0
    )
