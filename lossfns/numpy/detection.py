"""Losses of boxes, given as corners (x1, y1, x2, y2) with x1 ≤ x2 and y1 ≤ y2, and of detectors."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from lossfns._arguments import (
    REDUCTIONS,
    Reduction,
    anchor_shapes,
    box_shapes,
    integer,
    number,
    one_of,
)
from lossfns.numpy._classes import in_range, integers, one_hot
from lossfns.numpy._core import Array, Evaluation, item_weight, loss, real, reduced, within
from lossfns.numpy.classification import binary_surprise
from lossfns.numpy.imbalance import check_focal, sigmoid_focal
from lossfns.numpy.regression import rounded_l1


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
    boxes, weight = _boxes(pred, target, sample_weight)
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
    boxes, weight = _boxes(pred, target, sample_weight)
    hull, (width, height) = boxes.hull.prod(axis=-1), (boxes.hull[..., :1], boxes.hull[..., 1:])
    hull_slope = boxes.hull_slope * np.concatenate([height, width, height, width], axis=-1)
    filled, filled_slope = _ratio(boxes.union, boxes.union_slope, hull, hull_slope, empty=1.0)
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
    boxes, weight = _boxes(pred, target, sample_weight)
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
    boxes, weight = _boxes(pred, target, sample_weight)
    return boxes.reduced(*_complete(boxes), reduction, weight)


@loss
def retinanet(
    logits: ArrayLike,
    target: ArrayLike,
    *,
    boxes: ArrayLike,
    target_boxes: ArrayLike,
    alpha: float | None = 0.25,
    gamma: float = 2.0,
    beta: float = 0.11,
    box_weight: float = 1.0,
    ignore_index: int = -100,
    reduction: Reduction = "mean",
) -> Evaluation:
    """RetinaNet's loss: focal loss at every anchor, smooth L1 where an object is.

        l_a = Σ_c focal(z_ac, [c = y_a]) + [y_a is an object] λ Σ_4 smooth_l1(b_a - b*_a)
        mean = Σ_a l_a / max(1, anchors that hold an object)

    Args:
        logits: (..., C), floating point, one row per anchor; each class has a sigmoid of its own.
        target: (...), integers: the class 0 to C - 1 of the object that the anchor is matched to,
            C for the background, or `ignore_index`.
        boxes: predicted offsets (dx, dy, dw, dh) from the anchor to its object, (..., 4), floating
            point.
        target_boxes: those offsets; what they are at anchors without an object does not matter.
        alpha, gamma: of the focal loss, see `focal_with_logits`.
        beta: of the smooth L1 loss, ≥ 0, in the units of the offsets: 0.11 as in the authors' code;
            1 is the loss as Fast R-CNN has it, 0 is L1, as torchvision has it.
        box_weight: λ ≥ 0.
        ignore_index: label of anchors that count nowhere, such as those of an IoU between the
            thresholds.
        reduction: "none" (a loss per anchor), "mean" or "sum". There is no `sample_weight`.
    Returns:
        The loss, in nats plus units of the offsets. The mean divides by the objects of all that is
        passed, and by 1 if there are none: the background has to be learned from empty images too.
        torchvision does so image by image, then averages over the images.
    Raises:
        TypeError, ValueError: shapes do not fit, labels out of range, integer predictions, NaN,
        alpha outside [0, 1], gamma, beta or box_weight < 0.
    Gradient:
        Those of `focal_with_logits` and `smooth_l1`, over the number of objects; wrt="boxes" gives
        the latter.
    Pitfall:
        Divided by the number of all anchors instead, it is a thousand times smaller, and changes
        with the size of the image.
    Reference:
        Lin et al. (2017), Focal loss for dense object detection, ICCV, arXiv:1708.02002.
    Chapter:
        loss-retinanet
    Example:
        >>> import numpy as np, lossfns.numpy as ln
        >>> logits, target = np.array([[2.0], [-2.0], [-2.0]]), [0, 1, 1]    # object, 2 background
        >>> offsets = dict(boxes=np.zeros((3, 4)), target_boxes=np.full((3, 4), 0.2))
        >>> round(ln.retinanet(logits, target, **offsets), 4)
        0.5832
        >>> round(ln.retinanet(logits, target, **offsets, box_weight=0.0), 4)
        0.0032
    """
    check_focal(alpha, gamma)
    number("beta", beta, at_least=0, below=math.inf)
    number("box_weight", box_weight, at_least=0)
    anchors = _anchors(logits, target, ignore_index, boxes=boxes, target_boxes=target_boxes)
    seen, held = anchors.counted[..., None], anchors.positive[..., None]
    surprise, push = sigmoid_focal(anchors.logits, anchors.own, alpha, gamma)
    gap = anchors.where_held("boxes") - anchors.where_held("target_boxes")
    miss, pull = rounded_l1(gap, beta)
    return reduced(
        (seen * surprise).sum(axis=-1) + box_weight * miss.sum(axis=-1),
        reduction,
        items=max(1, int(held.sum())),
        logits=lambda: seen * push(),
        boxes=lambda: box_weight * held * pull,
    )


@loss
def yolo(
    logits: ArrayLike,
    target: ArrayLike,
    *,
    objectness: ArrayLike,
    boxes: ArrayLike,
    target_boxes: ArrayLike,
    target_objectness: ArrayLike | None = None,
    box_weight: float = 0.05,
    objectness_weight: float = 1.0,
    classification_weight: float = 0.5,
    ignore_index: int = -100,
    reduction: Reduction = "mean",
) -> Evaluation:
    """YOLO's loss: is there an object, where are its edges, what is it.

        l_a = λ_o bce(o_a, t_a) + [y_a is an object] (λ_b ciou(b_a, b*_a)
              + λ_c mean_c bce(z_ac, [c = y_a]))
        mean: the first term over all anchors that count, the other two over those with an object

    Args:
        logits: (..., C), floating point, one row per anchor or cell; each class has a sigmoid of
            its own.
        target: (...), integers: the class 0 to C - 1 of the object that the anchor is responsible
            for, C for none, or `ignore_index`.
        objectness: logits o, (...), floating point.
        boxes: predicted corners (x1, y1, x2, y2), decoded from what the network says, (..., 4),
            floating point, in any unit of length.
        target_boxes: true corners; what they are at anchors without an object does not matter.
        target_objectness: t in [0, 1] where an object is, (...): 1 by default (YOLOv3). YOLOv5 asks
            for the IoU that the box has reached, as a constant: `1 - box_iou(boxes, target_boxes,
            reduction="none")`, detached in torch. Elsewhere t = 0.
        box_weight, objectness_weight, classification_weight: λ_b, λ_o, λ_c ≥ 0. The defaults are
            YOLOv5's for the 80 classes of COCO at 640 pixels; they go with its three means.
        ignore_index: label of anchors that count nowhere, such as those that overlap an object that
            another anchor is responsible for.
        reduction: "none" (a loss per anchor), "mean" or "sum". There is no `sample_weight`.
    Returns:
        The loss: nats, and a share for the boxes, in one number. YOLOv5 takes the mean for each
        scale of the network, weighs the scales, and multiplies by the number of images.
    Raises:
        TypeError, ValueError: shapes do not fit, labels out of range, integer predictions, NaN,
        corners of an object in the wrong order, target_objectness outside [0, 1], a weight < 0.
    Gradient:
        Those of `bce_with_logits` and `ciou`, by their weights over their numbers of anchors;
        wrt="objectness" and wrt="boxes" give the others. None flows into target_objectness.
    Pitfall:
        The three terms live on different scales: a change of the number of classes, of anchors or
        of pixels shifts their balance, and the weights want another look.
    Reference:
        Redmon & Farhadi (2018), YOLOv3, arXiv:1804.02767; boxes by CIoU: Bochkovskiy et al. (2020),
        YOLOv4, arXiv:2004.10934; weights: Jocher (2020), YOLOv5, doi:10.5281/zenodo.3908559.
    Chapter:
        loss-yolo
    Example:
        >>> import numpy as np, lossfns.numpy as ln
        >>> logits, target = np.zeros((2, 3)), [1, 3]      # of 3 classes; the second cell is empty
        >>> boxes = np.array([[0.0, 0.0, 2.0, 2.0]] * 2)
        >>> cells = dict(objectness=np.zeros(2), boxes=boxes, target_boxes=boxes + 1)
        >>> round(ln.yolo(logits, target, **cells), 4)  # 1 · ln 2 + 0.5 · ln 2 + 0.05 · (6/7 + 1/9)
        1.0881
    """
    for name, factor in [
        ("box_weight", box_weight),
        ("objectness_weight", objectness_weight),
        ("classification_weight", classification_weight),
    ]:
        number(name, factor, at_least=0)
    one_of("reduction", reduction, REDUCTIONS)
    given = {"objectness": objectness, "boxes": boxes, "target_boxes": target_boxes}
    if target_objectness is not None:
        given["target_objectness"] = target_objectness
    anchors = _anchors(logits, target, ignore_index, **given)
    seen, held = anchors.counted, anchors.positive
    goal = anchors.where_held("target_objectness") if target_objectness is not None else held
    within("target_objectness", goal, low=0.0, high=1.0)
    present, lift = binary_surprise(anchors.where_seen("objectness"), goal, 1 - goal)
    kind, push = binary_surprise(anchors.logits, anchors.own, 1 - anchors.own)
    pair = _geometry(**{name: anchors.where_held(name) for name in ("boxes", "target_boxes")})
    miss, pull = _complete(pair)
    # Each part has a mean of its own.
    mean = reduction == "mean"
    per_seen = seen * objectness_weight / (max(1.0, seen.sum()) if mean else 1.0)
    per_held = held / (max(1.0, held.sum()) if mean else 1.0)
    share = classification_weight / kind.shape[-1] * per_held
    return reduced(
        per_seen * present + share * kind.sum(axis=-1) + box_weight * per_held * miss,
        "sum" if mean else reduction,
        logits=lambda: share[..., None] * push(),
        objectness=lambda: per_seen * lift(),
        boxes=lambda: box_weight * per_held[..., None] * pull / pair.unit,
    )


class _Anchors(NamedTuple):
    """What is predicted at each anchor, and what is there."""

    logits: Array
    own: Array  # 1 for the class of the object, (..., C)
    counted: Array  # 1, and 0 where ignored, (...)
    positive: Array  # 1 where there is an object, (...)
    others: dict[str, Array]

    def where_seen(self, name: str) -> Array:
        return np.where(self.counted == 1, self.others[name], 0.0)

    def where_held(self, name: str) -> Array:
        """Zeros where there is no object, so that nothing there reaches value or gradient."""
        values = self.others[name]
        same = values.shape == self.positive.shape
        held = self.positive if same else self.positive[..., None]
        return np.where(held == 1, values, 0.0)


def _anchors(logits: Any, target: Any, ignore_index: int, **others: Any) -> _Anchors:
    integer("ignore_index", ignore_index)
    rows, labels = real("logits", logits, floating=True), integers(target)
    arrays = {n: real(n, v, floating=not n.startswith("target")) for n, v in others.items()}
    shapes = {name: array.shape for name, array in arrays.items()}
    anchor_shapes(rows.shape, labels.shape, **shapes)
    classes = rows.shape[-1]
    counted = labels != ignore_index
    labels = in_range(np.where(counted, labels, classes), classes + 1)
    return _Anchors(
        np.where(counted[..., None], rows, 0.0),
        one_hot(labels, classes),
        counted.astype(float),
        (labels < classes).astype(float),
        arrays,
    )


class _Boxes(NamedTuple):
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


def _boxes(
    pred: ArrayLike, target: ArrayLike, sample_weight: Any
) -> tuple[_Boxes, Array | None]:
    pred, target = real("pred", pred, floating=True), real("target", target)
    box_shapes({"pred": pred.shape, "target": target.shape})
    weight = None
    if sample_weight is not None:
        weight = item_weight(sample_weight, pred.shape[:-1])
        masked = weight[..., None] == 0
        pred, target = np.where(masked, 0.0, pred), np.where(masked, 0.0, target)
    return _geometry(pred=pred, target=target), weight


def _geometry(**corners: Array) -> _Boxes:
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
    return _Boxes(
        unit, own, other, offset, iou, iou_slope, union, union_slope, hull, hull_slope
    )


def _complete(boxes: _Boxes) -> tuple[Array, Array]:
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


def _centre_distance(boxes: _Boxes) -> tuple[Array, Array]:
    """Squared distance of the centres over the squared diagonal of the hull."""
    diagonal_slope = 2 * np.tile(boxes.hull, 2) * boxes.hull_slope
    return _ratio(
        (boxes.offset**2).sum(axis=-1),
        np.tile(boxes.offset, 2),
        (boxes.hull**2).sum(axis=-1),
        diagonal_slope,
        empty=0.0,
    )


def _shape_term(boxes: _Boxes) -> tuple[Array, Array]:
    """v² / (1 - IoU + v)."""
    (w, h), (w_true, h_true) = (np.moveaxis(sides, -1, 0) for sides in (boxes.own, boxes.other))
    turn = 2 / math.pi * (np.arctan2(w, h) - np.arctan2(w_true, h_true))
    # In units of the longer side, as the squares of a tiny box in a large hull underflow.
    size = np.maximum(w, h)
    size = np.where(size == 0, 1.0, size)
    w, h = w / size, h / size
    squared = (w * w + h * h) * size
    safe = np.where(squared == 0, 1.0, squared)
    turn_slope = 2 / math.pi * np.stack([-h, w, h, -w], axis=-1) / safe[..., None]
    v, v_slope = turn**2, 2 * turn[..., None] * turn_slope
    return _ratio(
        v**2, 2 * v[..., None] * v_slope, 1 - boxes.iou + v, v_slope - boxes.iou_slope, empty=0.0
    )
