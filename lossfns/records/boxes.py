"""Records of the losses of boxes."""

from collections.abc import Mapping

import numpy as np

from lossfns.records.classification import AXIS
from lossfns.records.record import Arrays, Hyper, Record

BINS = 5

_NAN = float("nan")


def corners(rng: np.random.Generator, *shape: int) -> np.ndarray:
    """Boxes some of which overlap, some of which lie apart, some inside each other."""
    corner = rng.normal(size=(*shape, 2))
    return np.concatenate([corner, corner + rng.uniform(0.3, 2.5, (*shape, 2))], axis=-1)


def _boxes(rng: np.random.Generator, n: int) -> Arrays:
    return {"pred": corners(rng, n), "target": corners(rng, n)}


def _edges(rng: np.random.Generator, n: int) -> Arrays:
    """Distances between the bins, and on the first and the last."""
    place = rng.uniform(0, BINS - 1, n)
    place[2:4] = (0, BINS - 1)[: len(place[2:4])]
    return {"logits": 2 * rng.normal(size=(n, BINS)), "target": place}


def _record(
    name: str,
    task: str,
    formula: str,
    torchvision: str,
    paper: str,
    hyper: Mapping[str, Hyper] | None = None,
) -> Record:
    return Record(
        name=name,
        task=task,
        formula=formula,
        units="none",
        convex=False,
        differentiable="except where edges align",
        bounded_pull=True,
        domain="boxes (x1, y1, x2, y2) with x1 ≤ x2, y1 ≤ y2",
        sample=_boxes,
        item_axes=1,
        hyper=hyper or {},
        equivalents={"torchvision": f"torchvision.ops.{torchvision}"} if torchvision else {},
        paper=paper,
    )


LOSSES = [
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
    _record(
        "eiou",
        "boxes, by overlap, centre, width and height",
        r"1 - \mathrm{IoU} + \frac{\rho^2}{c^2}"
        r" + \frac{(w - w_t)^2}{w_E^2} + \frac{(h - h_t)^2}{h_E^2}",
        "",
        "Zhang et al. (2021), arXiv:2101.08158",
    ),
    _record(
        "siou",
        "boxes, by overlap, direction of the centre and shape",
        r"1 - \mathrm{IoU} + \tfrac12 \sum_{x, y} \bigl(1 - e^{-(2 - \sin 2\alpha) \rho}\bigr)"
        r" + \tfrac12 \sum_{w, h} (1 - e^{-\omega})^\theta",
        "",
        "Gevorgyan (2022), arXiv:2205.12740",
        {"theta": Hyper(default=4.0, domain="≥ 1", valid=(4.0, 2.0), wrong=(0.5, -1.0, _NAN))},
    ),
    _record(
        "alpha_iou",
        "boxes that are to fit nearly perfectly, or noisy ones",
        r"1 - \mathrm{IoU}^\alpha + \sum r^\alpha",
        "",
        "He et al. (2021), NeurIPS, arXiv:2110.13675",
        {
            "alpha": Hyper(default=3.0, domain="> 0", valid=(3.0, 0.5), wrong=(0.0, -1.0, _NAN)),
            "kind": Hyper(
                default="iou",
                domain="iou, giou, diou or ciou",
                valid=("iou", "giou", "diou", "ciou"),
                wrong=("eiou", "IoU"),
            ),
        },
    ),
    Record(
        name="distribution_focal",
        task="edges of boxes whose place is uncertain, as distributions over bins",
        formula=r"-(i + 1 - y) \ln p_i - (y - i) \ln p_{i+1}",
        units="nats",
        convex=True,
        differentiable="everywhere",
        bounded_pull=True,
        domain="logits real, target in [0, bins - 1]",
        sample=_edges,
        wrt=("logits",),
        item_axes=1,
        hyper={"axis": AXIS},
        equivalents={
            "mmdet": "mmdet.models.losses.DistributionFocalLoss",
            "ultralytics": "ultralytics.utils.loss.DFLoss (clips, averages the four edges)",
        },
        paper="Li et al. (2020), NeurIPS, arXiv:2006.04388",
    ),
]
