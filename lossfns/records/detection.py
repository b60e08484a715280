"""Records of the losses of boxes."""

import numpy as np

from lossfns.records.classification import IGNORE
from lossfns.records.imbalance import ALPHA, GAMMA
from lossfns.records.record import Arrays, Hyper, Record

ANCHORS = 4
CLASSES = 3

_NAN = float("nan")


def _corners(rng: np.random.Generator, *shape: int) -> np.ndarray:
    """Boxes some of which overlap, some of which lie apart, some inside each other."""
    corner = rng.normal(size=(*shape, 2))
    return np.concatenate([corner, corner + rng.uniform(0.3, 2.5, (*shape, 2))], axis=-1)


def _boxes(rng: np.random.Generator, n: int) -> Arrays:
    return {"pred": _corners(rng, n), "target": _corners(rng, n)}


def _matched(rng: np.random.Generator, n: int) -> Arrays:
    """Anchors with an object, the first among them, and without."""
    target = rng.integers(0, CLASSES + 1, (n, ANCHORS))
    target[:, 0] = rng.integers(0, CLASSES, n)
    return {"logits": 2 * rng.normal(size=(n, ANCHORS, CLASSES)), "target": target}


def _offsets(rng: np.random.Generator, n: int) -> Arrays:
    """Offsets whose errors lie on both sides of beta."""
    offsets = {name: rng.normal(size=(n, ANCHORS, 4)) for name in ("boxes", "target_boxes")}
    return _matched(rng, n) | offsets


def _cells(rng: np.random.Generator, n: int) -> Arrays:
    return _matched(rng, n) | {
        "objectness": 2 * rng.normal(size=(n, ANCHORS)),
        "boxes": _corners(rng, n, ANCHORS),
        "target_boxes": _corners(rng, n, ANCHORS),
        "target_objectness": rng.random((n, ANCHORS)),
    }


def _factor(default: float, other: float) -> Hyper:
    return Hyper(default=default, domain="≥ 0", valid=(default, other), wrong=(-1.0, _NAN))


def _record(name: str, task: str, formula: str, torchvision: str, paper: str) -> Record:
    return Record(
        name=name,
        family="detection",
        task=task,
        formula=formula,
        units="none",
        convex=False,
        differentiable="except where edges align",
        bounded_pull=True,
        domain="boxes (x1, y1, x2, y2) with x1 ≤ x2, y1 ≤ y2",
        sample=_boxes,
        item_axes=1,
        equivalents={"torchvision": f"torchvision.ops.{torchvision}"},
        paper=paper,
        chapter=f"loss-{name.replace('_', '-')}",
    )


DETECTION = [
    _record(
        "box_iou",
        "boxes that overlap",
        r"1 - \frac{|P \cap T|}{|P \cup T|}",
        "box_iou (of all pairs, not a loss)",
        "Yu et al. (2016), ACM Multimedia, arXiv:1608.01471",
    ),
    _record(
        "giou",
        "boxes, also where they do not touch",
        r"1 - \mathrm{IoU} + \frac{|E| - |P \cup T|}{|E|}",
        "generalized_box_iou_loss",
        "Rezatofighi et al. (2019), CVPR, arXiv:1902.09630",
    ),
    _record(
        "diou",
        "boxes, by overlap and centre",
        r"1 - \mathrm{IoU} + \frac{\rho^2}{c^2}",
        "distance_box_iou_loss",
        "Zheng et al. (2020), AAAI, arXiv:1911.08287",
    ),
    _record(
        "ciou",
        "boxes, by overlap, centre and shape",
        r"1 - \mathrm{IoU} + \frac{\rho^2}{c^2} + \frac{v^2}{1 - \mathrm{IoU} + v}",
        "complete_box_iou_loss",
        "Zheng et al. (2020), AAAI, arXiv:1911.08287",
    ),
    Record(
        name="retinanet",
        family="detection",
        task="one-stage detectors: which anchors hold what, and where exactly",
        formula=r"\sum_c \mathrm{focal}(z_{ac}, [c = y_a])"
        r" + [y_a \text{ is an object}]\; \lambda \sum_4 \mathrm{smooth\_l1}(b_a - b_a^*)",
        units="nats, plus units of the offsets",
        convex=False,
        differentiable="everywhere; at beta = 0 except where an offset is exact",
        bounded_pull=True,
        domain="logits, boxes real, target: integers, the number of classes for the background",
        sample=_offsets,
        wrt=("logits", "boxes"),
        item_axes=2,
        batched=True,
        weightless=True,
        hyper={
            "alpha": ALPHA,
            "gamma": GAMMA,
            "beta": Hyper(
                default=0.11,
                domain="≥ 0, finite",
                valid=(0.11, 1.0),
                wrong=(-1.0, float("inf"), _NAN),
            ),
            "box_weight": _factor(1.0, 2.0),
            "ignore_index": IGNORE,
        },
        equivalents={"torchvision": "models.detection.RetinaNet (inside, with L1 for the boxes)"},
        paper="Lin et al. (2017), ICCV, arXiv:1708.02002",
        chapter="loss-retinanet",
    ),
    Record(
        name="yolo",
        family="detection",
        task="one-stage detectors: is there an object, where are its edges, what is it",
        formula=r"\lambda_o\, \mathrm{bce}(o_a, t_a) + [y_a \text{ is an object}]\,"
        r" \bigl(\lambda_b\, \mathrm{ciou}(b_a, b_a^*)"
        r" + \lambda_c \operatorname{mean}_c \mathrm{bce}(z_{ac}, [c = y_a])\bigr)",
        units="nats, plus a share for the boxes",
        convex=True,
        differentiable="except where edges align",
        bounded_pull=True,
        domain="logits, objectness real, target: integers, the number of classes for none,"
        " boxes (x1, y1, x2, y2), target_objectness in [0, 1]",
        sample=_cells,
        wrt=("logits", "objectness", "boxes"),
        item_axes=2,
        batched=True,
        weightless=True,
        hyper={
            "box_weight": _factor(0.05, 2.0),
            "objectness_weight": _factor(1.0, 3.0),
            "classification_weight": _factor(0.5, 0.0),
            "ignore_index": IGNORE,
        },
        paper="Redmon & Farhadi (2018), arXiv:1804.02767",
        chapter="loss-yolo",
    ),
]
