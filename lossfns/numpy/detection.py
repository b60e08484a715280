"""Losses of detectors: which anchors hold an object, of what class, and where exactly."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from lossfns._arguments import (
    REDUCTIONS,
    Reduction,
    anchor_shapes,
    integer,
    number,
    one_of,
)
from lossfns.numpy._classes import in_range, integers, one_hot
from lossfns.numpy._core import Array, Evaluation, loss, real, reduced, within
from lossfns.numpy.boxes import complete, measured
from lossfns.numpy.classification import binary_surprise
from lossfns.numpy.imbalance import check_focal, sigmoid_focal
from lossfns.numpy.regression import rounded_l1


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
    pair = measured(**{name: anchors.where_held(name) for name in ("boxes", "target_boxes")})
    miss, pull = complete(pair)
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
