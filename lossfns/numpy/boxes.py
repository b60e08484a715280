"""Losses of boxes, given as corners (x1, y1, x2, y2) with x1 ≤ x2 and y1 ≤ y2."""

from __future__ import annotations

import math
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from lossfns._arguments import Reduction, bin_shapes, box_shapes, number, one_of
from lossfns.numpy._classes import log_softmax, one_hot, times
from lossfns.numpy._core import Array, Evaluation, item_weight, loss, real, reduced, within


@loss
def box_iou(
    pred: ArrayLike,
    target: ArrayLike,
    *,
    reduction: Reduction = "mean",
    sample_weight: ArrayLike | None = None,
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
        loss-box-iou
    Example:
        >>> import lossfns.numpy as ln
        >>> round(ln.box_iou([[0.0, 0.0, 2.0, 2.0]], [[1.0, 1.0, 3.0, 3.0]]), 4)
        0.8571
    """
    boxes, weight = boxes_of(pred, target, sample_weight)
    return boxes.reduced(1 - boxes.iou, -boxes.iou_slope, reduction, weight)


@loss
def giou(
    pred: ArrayLike,
    target: ArrayLike,
    *,
    reduction: Reduction = "mean",
    sample_weight: ArrayLike | None = None,
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
        loss-giou
    Example:
        >>> import lossfns.numpy as ln
        >>> ln.giou([[0.0, 0.0, 1.0, 1.0]], [[1.0, 1.0, 2.0, 2.0]])
        1.5
    """
    boxes, weight = boxes_of(pred, target, sample_weight)
    filled, filled_slope = _ratio(boxes.union, boxes.union_slope, *_hull_area(boxes), empty=1.0)
    slope = -boxes.iou_slope - filled_slope
    return boxes.reduced(2 - boxes.iou - filled, slope, reduction, weight)


@loss
def diou(
    pred: ArrayLike,
    target: ArrayLike,
    *,
    reduction: Reduction = "mean",
    sample_weight: ArrayLike | None = None,
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
        loss-diou
    Example:
        >>> import lossfns.numpy as ln
        >>> ln.diou([[0.0, 0.0, 1.0, 1.0]], [[1.0, 1.0, 2.0, 2.0]])
        1.25
    """
    boxes, weight = boxes_of(pred, target, sample_weight)
    apart, apart_slope = _centre_distance(boxes)
    slope = apart_slope - boxes.iou_slope
    return boxes.reduced(1 - boxes.iou + apart, slope, reduction, weight)


@loss
def ciou(
    pred: ArrayLike,
    target: ArrayLike,
    *,
    reduction: Reduction = "mean",
    sample_weight: ArrayLike | None = None,
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
        loss-ciou
    Example:
        >>> import lossfns.numpy as ln
        >>> round(ln.ciou([[0.0, 0.0, 2.0, 1.0]], [[0.0, 0.0, 1.0, 2.0]]), 4)
        0.7629
    """
    boxes, weight = boxes_of(pred, target, sample_weight)
    return boxes.reduced(*complete(boxes), reduction, weight)


@loss
def eiou(
    pred: ArrayLike,
    target: ArrayLike,
    *,
    reduction: Reduction = "mean",
    sample_weight: ArrayLike | None = None,
) -> Evaluation:
    """Efficient IoU loss: overlap, distance of the centres, and width and height themselves.

        l = 1 - IoU + ρ² / c² + (w - w_t)² / w_E² + (h - h_t)² / h_E²,   E the hull, c its diagonal

    Args:
        pred: predicted boxes (x1, y1, x2, y2), floating point, (..., 4), in any unit of length.
        target: true boxes, same shape.
        reduction, sample_weight: as for every loss; one loss per box.
    Returns:
        The loss, in [0, 4]. MMDetection's `EIoULoss` is another one, the *extended* IoU of Peng &
        Yu (2021).
    Raises:
        TypeError, ValueError: shapes differ or do not end in 4, integers, NaN, corners in the wrong
        order.
    Gradient:
        That of the four ratios.
    Pitfall:
        What is called focal EIoU multiplies this by IoU^γ, which silences the boxes that overlap
        least; the authors recommend it for the boxes that an assigner has already matched.
    Reference:
        Zhang et al. (2021), Focal and efficient IoU loss for accurate bounding box regression,
        arXiv:2101.08158.
    Chapter:
        loss-eiou
    Example:
        >>> import lossfns.numpy as ln
        >>> round(ln.eiou([[0.0, 0.0, 2.0, 1.0]], [[0.0, 0.0, 1.0, 2.0]]), 4)
        1.2292
    """
    boxes, weight = boxes_of(pred, target, sample_weight)
    apart, apart_slope = _centre_distance(boxes)
    losses, slope = 1 - boxes.iou + apart, apart_slope - boxes.iou_slope
    for gap, hull in _by_side(boxes):
        unlike, unlike_slope = _ratio(*_squared(*gap), *_squared(*hull), empty=0.0)
        losses, slope = losses + unlike, slope + unlike_slope
    return boxes.reduced(losses, slope, reduction, weight)


@loss
def siou(
    pred: ArrayLike,
    target: ArrayLike,
    *,
    theta: float = 4.0,
    reduction: Reduction = "mean",
    sample_weight: ArrayLike | None = None,
) -> Evaluation:
    """SIoU loss: overlap, shape, and a distance that knows in which direction the target lies.

        l = 1 - IoU + (Δ + Ω) / 2
        Δ = Σ_{x,y} (1 - e^(-γ ρ)),   ρ_x = (d_x / w_E)²,   γ = 2 - sin 2α = 2 - 2 |d_x d_y| / d²
        Ω = Σ_{w,h} (1 - e^(-ω))^θ,   ω_w = |w - w_t| / max(w, w_t)

    Args:
        pred: predicted boxes (x1, y1, x2, y2), floating point, (..., 4), in any unit of length.
        target: true boxes, same shape.
        theta: θ ≥ 1, how little small differences of shape cost; the paper has 2 to 6, and 4.
        reduction, sample_weight: as for every loss; one loss per box.
    Returns:
        The loss, ≥ 0. d is the vector between the centres, α its angle to an axis: sin 2α is the
        angle cost that the paper writes 1 - 2 sin²(arcsin(|d_y| / |d|) - π / 4).
    Raises:
        TypeError, ValueError: shapes differ or do not end in 4, integers, NaN, corners in the wrong
        order, theta < 1.
    Gradient:
        That of the formula, angle cost included; the angle has no gradient where the centres
        coincide or lie on a line with an axis.
    Pitfall:
        The angle cost is a discount: along a diagonal γ is 1, along an axis 2, so that a box at 45°
        pays less for the same distance.
    Reference:
        Gevorgyan (2022), SIoU loss: more powerful learning for bounding box regression,
        arXiv:2205.12740.
    Chapter:
        loss-siou
    Example:
        >>> import lossfns.numpy as ln
        >>> round(ln.siou([[0.0, 0.0, 2.0, 1.0]], [[0.0, 0.0, 1.0, 2.0]]), 4)
        0.7512
    """
    number("theta", theta, at_least=1, below=math.inf)
    boxes, weight = boxes_of(pred, target, sample_weight)
    angle, angle_slope = _angle_cost(boxes)
    losses, slope = 1 - boxes.iou, -boxes.iou_slope
    for k, (gap, hull) in enumerate(_by_side(boxes)):
        offset = boxes.offset[..., k], np.abs(_CORNERS[k]) / 2
        apart, apart_slope = _ratio(*_squared(*offset), *_squared(*hull), empty=0.0)
        # 1 - e^-ρ with ρ = (2 - Λ) r: e^-ρ dρ, dρ = (2 - Λ) dr - r dΛ.
        pull = (2 - angle)[..., None] * apart_slope - apart[..., None] * angle_slope
        losses = losses - np.expm1((angle - 2) * apart) / 2
        slope = slope + np.exp((angle - 2) * apart)[..., None] * pull / 2
        unlike, unlike_slope = _unlikeness(boxes, k, gap)
        bend = -np.expm1(-unlike)
        losses = losses + bend**theta / 2
        # (1 - e^-ω)^θ by ω: θ (1 - e^-ω)^(θ - 1) e^-ω.
        steep = theta / 2 * bend ** (theta - 1) * np.exp(-unlike)
        slope = slope + steep[..., None] * unlike_slope
    return boxes.reduced(losses, slope, reduction, weight)


@loss
def alpha_iou(
    pred: ArrayLike,
    target: ArrayLike,
    *,
    alpha: float = 3.0,
    kind: Literal["iou", "giou", "diou", "ciou"] = "iou",
    reduction: Reduction = "mean",
    sample_weight: ArrayLike | None = None,
) -> Evaluation:
    """α-IoU losses: every term of an IoU loss to a power, for boxes that fit nearly perfectly.

        l = 1 - IoU^α + Σ r^α,   r the further terms of the kind: of `giou` (|E| - |P ∪ T|) / |E|,
        of `diou` ρ² / c², of `ciou` that and v² / (1 - IoU + v)

    Args:
        pred: predicted boxes (x1, y1, x2, y2), floating point, (..., 4), in any unit of length.
        target: true boxes, same shape.
        alpha: α > 0; 3 as in the paper, 1 is the loss of that kind itself. Above 1 boxes with a
            high IoU pull harder, below 1 those with a low one.
        kind: "iou", "giou", "diou" or "ciou": which loss is raised.
        reduction, sample_weight: as for every loss; one loss per box.
    Returns:
        The loss, in [0, 3]. The authors' code raises w_E^2α + h_E^2α instead of c^2α, so that its
        DIoU and CIoU terms are larger for α > 1.
    Raises:
        TypeError, ValueError: shapes differ or do not end in 4, integers, NaN, corners in the wrong
        order, alpha ≤ 0, unknown kind.
    Gradient:
        α x^(α - 1) times that of each term x; 0 at x = 0, where for α < 1 the slope is infinite.
    Pitfall:
        For α > 1 a box that barely overlaps has next to no gradient from the IoU term: start from
        boxes that overlap, or take a kind with a distance.
    Reference:
        He et al. (2021), Alpha-IoU: a family of power intersection over union losses for bounding
        box regression, NeurIPS, arXiv:2110.13675.
    Chapter:
        loss-alpha-iou
    Example:
        >>> import lossfns.numpy as ln
        >>> round(ln.alpha_iou([[0.0, 0.0, 2.0, 2.0]], [[1.0, 1.0, 3.0, 3.0]]), 4)    # 1 - (1/7)³
        0.9971
    """
    number("alpha", alpha, above=0, below=math.inf)
    one_of("kind", kind, ("iou", "giou", "diou", "ciou"))
    boxes, weight = boxes_of(pred, target, sample_weight)
    overlap, overlap_slope = _power(boxes.iou, boxes.iou_slope, alpha)
    losses, slope = 1 - overlap, -overlap_slope
    further = {
        "iou": (),
        "giou": (_empty_share,),
        "diou": (_centre_distance,),
        "ciou": (_centre_distance, _shape_term),
    }
    for term in further[kind]:
        raised, raised_slope = _power(*term(boxes), alpha)
        losses, slope = losses + raised, slope + raised_slope
    return boxes.reduced(losses, slope, reduction, weight)


@loss
def distribution_focal(
    logits: ArrayLike,
    target: ArrayLike,
    *,
    axis: int = -1,
    reduction: Reduction = "mean",
    sample_weight: ArrayLike | None = None,
) -> Evaluation:
    """Distribution focal loss: the place of an edge as a distribution over bins, not as a number.

        l = -((i + 1 - y) ln p_i + (y - i) ln p_{i+1}),   p = softmax(z),   i ≤ y ≤ i + 1

    Args:
        logits: floating point, any shape with an axis of bins 0, 1, … n: for each edge of a box
            those of its distance from the anchor.
        target: y in [0, n], the shape of `logits` without that axis: the true distance, in bins
            (pixels over the stride of the feature map).
        axis: the axis of the bins.
        reduction, sample_weight: as for every loss; one loss per edge.
    Returns:
        The loss, in nats: cross-entropy against the two bins next to y. Its least is not 0 but the
        entropy of that pair, and there the mean Σ i p_i, which is the predicted distance, is y.
    Raises:
        TypeError, ValueError: shapes do not fit, fewer than two bins, integer predictions, NaN,
        targets outside [0, n].
    Gradient:
        (p - t) / n for the mean, with t the shares of the two bins.
    Pitfall:
        A distance beyond the last bin cannot be said, and is refused here; Ultralytics clips it to
        n - 0.01, which teaches every larger box the same edge. More bins, or a coarser level.
    Reference:
        Li et al. (2020), Generalized focal loss: learning qualified and distributed bounding boxes
        for dense object detection, NeurIPS, arXiv:2006.04388.
    Chapter:
        loss-distribution-focal
    Example:
        >>> import lossfns.numpy as ln
        >>> round(ln.distribution_focal([[0.0, 2.0, 1.0, 0.0]], [1.25]), 4)
        0.7438
    """
    rows, place = real("logits", logits, floating=True), real("target", target)
    bin_shapes(rows.shape, place.shape, axis)
    rows, weight = np.moveaxis(rows, axis, -1), None
    if sample_weight is not None:
        weight = item_weight(sample_weight, place.shape)
        rows = np.where(weight[..., None] == 0, 0.0, rows)
        place = np.where(weight == 0, 0.0, place)
    bins = rows.shape[-1]
    within("target", place, low=0.0, high=bins - 1, hint="a distance in bins, from the first")
    left = np.minimum(place, bins - 2).astype(np.intp)
    share = (place - left)[..., None]
    soft = (1 - share) * one_hot(left, bins) + share * one_hot(left + 1, bins)
    log_probs = log_softmax(rows)
    return reduced(
        -times(soft, log_probs).sum(axis=-1),
        reduction,
        weight,
        axis=axis,
        logits=lambda: np.exp(log_probs) - soft,
    )


class Boxes(NamedTuple):
    """Two boxes, what they share, and the derivatives with respect to the first one's corners.

    All in units of the longest side of the smallest box around both: in any unit the losses are
    the same, and in this one no area underflows or overflows.
    """

    unit: Array
    own: Array  # width and height of the first
    other: Array  # and of the second
    offset: Array  # of the centres
    iou: Array
    iou_slope: Array
    union: Array
    union_slope: Array
    hull: Array  # width and height of the smallest box around both
    hull_slope: Array  # of the width by x1 and x2, of the height by y1 and y2

    def reduced(
        self, losses: Array, slope: Array, reduction: Reduction, weight: Array | None
    ) -> Evaluation:
        """Reduce losses of boxes, with their slope back in the unit of the corners."""
        return reduced(losses, reduction, weight, axis=-1, pred=lambda: slope / self.unit)


def boxes_of(pred: ArrayLike, target: ArrayLike, sample_weight: Any) -> tuple[Boxes, Array | None]:
    pred, target = real("pred", pred, floating=True), real("target", target)
    box_shapes({"pred": pred.shape, "target": target.shape})
    weight = None
    if sample_weight is not None:
        weight = item_weight(sample_weight, pred.shape[:-1])
        masked = weight[..., None] == 0
        pred, target = np.where(masked, 0.0, pred), np.where(masked, 0.0, target)
    return measured(pred=pred, target=target), weight


def measured(**corners: Array) -> Boxes:
    """Check predicted and true boxes, in this order; measure them."""
    pred, target = corners.values()
    for name, box in corners.items():
        if (box[..., :2] > box[..., 2:]).any():
            raise ValueError(f"{name} must have x1 <= x2 and y1 <= y2 in every box")
        if np.isinf(box).any():
            raise ValueError(f"{name} holds an infinity: a box has finite corners")

    hull = np.maximum(pred, target)[..., 2:] - np.minimum(pred, target)[..., :2]
    unit = hull.max(axis=-1, keepdims=True)
    unit = np.where(unit == 0, 1.0, unit)
    hull = hull / unit
    # Differences are scaled, not corners, whose differences would be rounded.
    low, high = np.maximum(pred, target)[..., :2], np.minimum(pred, target)[..., 2:]
    sides = np.maximum(high - low, 0) / unit
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
    own = (pred[..., 2:] - pred[..., :2]) / unit
    other = (target[..., 2:] - target[..., :2]) / unit
    union = own.prod(axis=-1) + other.prod(axis=-1) - inter
    area_slope = np.tile(own[..., ::-1], 2) * np.array([-1.0, -1.0, 1.0, 1.0])
    union_slope = area_slope - inter_slope
    iou, iou_slope = _ratio(inter, inter_slope, union, union_slope, empty=0.0)
    iou = np.where((pred == target).all(axis=-1), 1.0, iou)
    hull_slope = np.concatenate(
        [
            -np.heaviside(target - pred, 0.5)[..., :2],
            np.heaviside(pred - target, 0.5)[..., 2:],
        ],
        axis=-1,
    )
    gap = pred - target
    offset = (gap[..., :2] + gap[..., 2:]) / 2 / unit
    return Boxes(unit, own, other, offset, iou, iou_slope, union, union_slope, hull, hull_slope)


def complete(boxes: Boxes) -> tuple[Array, Array]:
    """CIoU losses and their slope."""
    apart, apart_slope = _centre_distance(boxes)
    shape, shape_slope = _shape_term(boxes)
    return 1 - boxes.iou + apart + shape, apart_slope - boxes.iou_slope + shape_slope


def _ratio(
    top: Array, top_slope: Array, bottom: Array, bottom_slope: Array, empty: float
) -> tuple[Array, Array]:
    """top / bottom and its derivative; where the bottom is 0, `empty` with derivative 0."""
    safe = np.where(bottom == 0, 1.0, bottom)
    ratio = np.where(bottom == 0, empty, top / safe)
    slope = (top_slope - ratio[..., None] * bottom_slope) / safe[..., None]
    return ratio, np.where(bottom[..., None] == 0, 0.0, slope)


def _centre_distance(boxes: Boxes) -> tuple[Array, Array]:
    """Squared distance of the centres over the squared diagonal of the hull."""
    diagonal_slope = 2 * np.tile(boxes.hull, 2) * boxes.hull_slope
    return _ratio(
        (boxes.offset**2).sum(axis=-1),
        np.tile(boxes.offset, 2),
        (boxes.hull**2).sum(axis=-1),
        diagonal_slope,
        empty=0.0,
    )


def _shape_term(boxes: Boxes) -> tuple[Array, Array]:
    """v² / (1 - IoU + v)."""
    (w, h), (w_true, h_true) = (np.moveaxis(sides, -1, 0) for sides in (boxes.own, boxes.other))
    turn = 2 / math.pi * (np.arctan2(w, h) - np.arctan2(w_true, h_true))
    # In units of the longer side, as the squares of a tiny box in a large hull underflow.
    size = np.maximum(w, h)
    size = np.where(size == 0, 1.0, size)
    w, h = w / size, h / size
    squared = (w * w + h * h) * size
    safe = np.where(squared == 0, 1.0, squared)
    # arctan(w / h) by w: h / (w² + h²), and by h: -w / (w² + h²).
    turn_slope = 2 / math.pi * np.stack([-h, w, h, -w], axis=-1) / safe[..., None]
    v, v_slope = turn**2, 2 * turn[..., None] * turn_slope
    return _ratio(
        v**2, 2 * v[..., None] * v_slope, 1 - boxes.iou + v, v_slope - boxes.iou_slope, empty=0.0
    )


# How the width and the height of a box change with its corners.
_CORNERS = np.array([[-1.0, 0.0, 1.0, 0.0], [0.0, -1.0, 0.0, 1.0]])

Sloped = tuple[Array, Array]


def _by_side(boxes: Boxes) -> list[tuple[Sloped, Sloped]]:
    """For width and height: the difference of the boxes, and the hull, with their slopes."""
    gap = boxes.own - boxes.other
    return [
        (
            (gap[..., k], np.broadcast_to(corners, boxes.hull_slope.shape)),
            (boxes.hull[..., k], np.abs(corners) * boxes.hull_slope),
        )
        for k, corners in enumerate(_CORNERS)
    ]


def _squared(value: Array, slope: Array) -> Sloped:
    return value**2, 2 * value[..., None] * slope


def _power(value: Array, slope: Array, alpha: float) -> Sloped:
    """A share to a power; at 0, where the slope may be infinite, there is none."""
    value = np.maximum(value, 0)
    steep = alpha * value ** (alpha - 1)
    return value**alpha, np.where(np.isinf(steep), 0.0, steep)[..., None] * slope


def _empty_share(boxes: Boxes) -> Sloped:
    """The part of the hull that neither box covers."""
    hull, hull_slope = _hull_area(boxes)
    empty = hull - boxes.union, hull_slope - boxes.union_slope
    return _ratio(*empty, hull, hull_slope, empty=0.0)


def _hull_area(boxes: Boxes) -> Sloped:
    sides = boxes.hull[..., ::-1]
    return boxes.hull.prod(axis=-1), boxes.hull_slope * np.tile(sides, 2)


def _angle_cost(boxes: Boxes) -> Sloped:
    """sin 2α of the angle between an axis and the line between the centres."""
    dx, dy = np.moveaxis(boxes.offset, -1, 0)
    each = np.stack([np.sign(dx) * np.abs(dy), np.sign(dy) * np.abs(dx)], axis=-1)
    squared = (boxes.offset**2).sum(axis=-1)
    return _ratio(2 * np.abs(dx * dy), np.tile(each, 2), squared, np.tile(boxes.offset, 2), 0.0)


def _unlikeness(boxes: Boxes, k: int, gap: Sloped) -> Sloped:
    """The difference of two widths or heights, over the larger."""
    own, other = boxes.own[..., k], boxes.other[..., k]
    larger = np.heaviside(own - other, 0.5)[..., None] * _CORNERS[k]
    apart = np.abs(gap[0]), np.sign(gap[0])[..., None] * gap[1]
    return _ratio(*apart, np.maximum(own, other), larger, empty=0.0)
