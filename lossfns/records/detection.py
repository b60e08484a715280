"""Records of the losses of detectors."""

import numpy as np

from lossfns.records.boxes import corners
from lossfns.records.classification import IGNORE
from lossfns.records.imbalance import ALPHA, GAMMA
from lossfns.records.record import Arrays, Hyper, Record

ANCHORS = 4
CLASSES = 3

_NAN = float("nan")


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
        "boxes": corners(rng, n, ANCHORS),
        "target_boxes": corners(rng, n, ANCHORS),
        "target_objectness": rng.random((n, ANCHORS)),
    }


def _factor(default: float, other: float) -> Hyper:
    return Hyper(default=default, domain="≥ 0", valid=(default, other), wrong=(-1.0, _NAN))


LOSSES = [
    Record(
        name="retinanet",
        task="one-stage detectors: which anchors hold what, and where exactly",
        formula=r"\sum_c \mathrm{focal}(z_{ac}, [c = y_a])"
        r" + [y_a \text{ is an object}]\; \lambda \sum_4 \mathrm{smooth\_l1}(b_a - b_a^*)",
        units="nats, plus units of the offsets",
        convex=False,
        differentiable="everywhere; at beta = 0 except where an offset is exact",
        bounded_pull=True,
        label_noise=False,
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
    ),
    Record(
        name="yolo",
        task="one-stage detectors: is there an object, where are its edges, what is it",
        formula=r"\lambda_o\, \mathrm{bce}(o_a, t_a) + [y_a \text{ is an object}]\,"
        r" \bigl(\lambda_b\, \mathrm{ciou}(b_a, b_a^*)"
        r" + \lambda_c \operatorname{mean}_c \mathrm{bce}(z_{ac}, [c = y_a])\bigr)",
        units="nats, plus a share for the boxes",
        convex=True,
        differentiable="except where edges align",
        bounded_pull=True,
        label_noise=False,
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
    ),
]
