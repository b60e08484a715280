"""Records of the losses of boxes."""

import numpy as np

from lossfns.records.record import Arrays, Record


def _boxes(rng: np.random.Generator, n: int) -> Arrays:
    """Boxes some of which overlap, some of which lie apart, some inside each other."""

    def draw() -> np.ndarray:
        corner = rng.normal(size=(n, 2))
        return np.concatenate([corner, corner + rng.uniform(0.3, 2.5, (n, 2))], axis=1)

    return {"pred": draw(), "target": draw()}


def _record(name: str, task: str, formula: str, torchvision: str, paper: str) -> Record:
    return Record(
        name=name,
        family="detection",
        task=task,
        formula=formula,
        units="none",
        convex=False,
        differentiable="except where edges align",
        robust=True,
        domain="boxes (x1, y1, x2, y2) with x1 ≤ x2, y1 ≤ y2",
        sample=_boxes,
        item_axes=1,
        equivalents={"torchvision": f"torchvision.ops.{torchvision}"},
        paper=paper,
        chapter=f"09_case_studies.html#loss-{name.replace('_', '-')}",
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
]
