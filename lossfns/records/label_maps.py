"""Records of the losses of label maps."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from lossfns.records.classification import IGNORE
from lossfns.records.imbalance import GAMMA
from lossfns.records.record import Arrays, Hyper, Record
from lossfns.records.segmentation import AXIS, CLASS_AXIS, SMOOTH

CLASSES = 3

_NAN = float("nan")


def _maps(rng: np.random.Generator, n: int) -> Arrays:
    """Small images of three classes, the last of which some do not hold."""
    target = rng.integers(0, CLASSES, (n, 2, 3))
    target[::2] %= 2
    return {"logits": 2 * rng.normal(size=(n, CLASSES, 2, 3)), "target": target}


def _few(setting: Mapping[str, Any]) -> bool:
    """At most one of the plain settings changed at a time, with and without class weights."""
    plain = {"include_background": True, "ce_weight": 1.0, "focal_weight": 1.0, "gamma": 2.0}
    changed = [name for name, value in plain.items() if setting.get(name, value) != value]
    return len(changed) <= 1


_WEIGHT = Hyper(
    default=None,
    domain="≥ 0, one per class",
    valid=(None, (0.5, 1.0, 3.0)),
    wrong=((1.0, 1.0), (-1.0, 1.0, 1.0)),
)
_FACTOR = Hyper(default=1.0, domain="≥ 0", valid=(1.0, 0.3), wrong=(-1.0, _NAN))
_BACKGROUND = Hyper(default=True, domain="bool", valid=(True, False), wrong=())
_LAYOUT = {"ignore_index": IGNORE, "class_axis": CLASS_AXIS, "axis": AXIS}

LOSSES = [
    Record(
        name="dice_ce",
        task="semantic segmentation: one of several classes for every pixel",
        formula=r"\sum_c \frac{w_c}{\sum w} \mathrm{dice}_c"
        r" - \lambda\, \frac{\sum_i w_{y_i} \ln p_{y_i}}{\sum_i w_{y_i}}",
        units="a share, plus nats",
        convex=False,
        differentiable="everywhere",
        bounded_pull=True,
        domain="logits real, target: an integer label per pixel",
        sample=_maps,
        wrt=("logits",),
        item_axes=3,
        hyper={
            "weight": _WEIGHT,
            "ce_weight": _FACTOR,
            "smooth": SMOOTH,
            "include_background": _BACKGROUND,
            **_LAYOUT,
        },
        compatible=_few,
        equivalents={"monai": "monai.losses.DiceCELoss(softmax=True, to_onehot_y=True)"},
        paper="Isensee et al. (2021), Nature Methods 18, arXiv:1904.08128",
    ),
    Record(
        name="dice_focal",
        task="semantic segmentation with rare classes or hard pixels",
        formula=r"\sum_c \frac{w_c}{\sum w} \mathrm{dice}_c"
        r" - \lambda\, \frac{\sum_i w_{y_i} (1 - p_{y_i})^\gamma \ln p_{y_i}}{\sum_i w_{y_i}}",
        units="a share, plus nats",
        convex=False,
        differentiable="everywhere",
        bounded_pull=True,
        domain="logits real, target: an integer label per pixel",
        sample=_maps,
        wrt=("logits",),
        item_axes=3,
        hyper={
            "weight": _WEIGHT,
            "gamma": GAMMA,
            "focal_weight": _FACTOR,
            "smooth": SMOOTH,
            "include_background": _BACKGROUND,
            **_LAYOUT,
        },
        compatible=_few,
        equivalents={
            "monai": "monai.losses.DiceFocalLoss (a sigmoid per class in the second term)"
        },
        paper="Zhu et al. (2019), Medical Physics 46(2), arXiv:1808.05238",
    ),
]
