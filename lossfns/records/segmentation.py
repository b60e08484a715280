"""Records of the overlap losses of masks."""

import numpy as np

from lossfns.records.record import Arrays, Hyper, Record

_NAN = float("nan")


def _masks(rng: np.random.Generator, n: int) -> Arrays:
    """Small images, some of whose true masks are empty, and with pixels that do not count."""
    target = (rng.random((n, 2, 3)) < 0.5).astype(float)
    target[n // 2 : n // 2 + 1] = 0
    probs = rng.uniform(0.05, 0.95, (n, 2, 3))
    pixels = rng.choice([0.0, 1.0, 1.0, 2.5], (n, 2, 3))
    pixels[:, 0, 0] = 1
    return {"probs": probs, "target": target, "pixel_weight": pixels}


def _logit_masks(rng: np.random.Generator, n: int) -> Arrays:
    masks = _masks(rng, n)
    del masks["probs"]
    return {"logits": 2 * rng.normal(size=(n, 2, 3)), **masks}


def _class_masks(rng: np.random.Generator, n: int) -> Arrays:
    """Masks of three classes, the last of which some images do not hold."""
    labels = rng.integers(0, 3, (n, 2, 3))
    labels[::2] %= 2
    pixels = rng.choice([0.0, 1.0, 1.0, 2.5], (n, 1, 2, 3))
    pixels[:, :, 0, 0] = 1
    return {
        "probs": rng.uniform(0.05, 0.95, (n, 3, 2, 3)),
        "target": np.moveaxis(np.eye(3)[labels], -1, 1),
        "pixel_weight": pixels,
    }


AXIS = Hyper(
    default=(-2, -1),
    domain="axes of a mask",
    valid=((-2, -1), (-1, -2)),
    wrong=(5, (), (-1, -1), 0.5, (0.5,), None),
)
CLASS_AXIS = Hyper(
    default=-3, domain="an axis of the scores", valid=(-3, 1), wrong=(5, -1, 0.5, None)
)
SMOOTH = Hyper(default=1.0, domain="≥ 0", valid=(1.0, 0.0), wrong=(-1.0, _NAN))
_SQUARED = Hyper(default=False, domain="bool", valid=(False, True), wrong=())
_ALPHA = Hyper(default=0.3, domain="≥ 0", valid=(0.3, 0.9), wrong=(-0.1, _NAN))
_BETA = Hyper(default=0.7, domain="≥ 0", valid=(0.7, 0.0), wrong=(-0.1, _NAN))
_IN_UNIT = "probs, target in [0, 1], pixel_weight ≥ 0"
_OVERLAP = r"1 - \frac{tp + s}{tp + s + \alpha\,fp + \beta\,fn}"

LOSSES = [
    Record(
        name="dice",
        task="segmentation of small objects",
        formula=r"1 - \frac{2(tp + s)}{2(tp + s) + fp + fn}",
        units="none",
        convex=False,
        differentiable="except for an empty mask predicted empty without smoothing",
        bounded_pull=True,
        label_noise=True,
        domain=_IN_UNIT,
        sample=_masks,
        wrt=("probs",),
        item_axes=2,
        hyper={"smooth": SMOOTH, "squared": _SQUARED, "axis": AXIS},
        equivalents={
            "keras": "keras.losses.Dice (over the whole batch)",
            "monai": "monai.losses.DiceLoss",
            "smp": "segmentation_models_pytorch.losses.DiceLoss (over the whole batch)",
        },
        paper="Milletari, Navab & Ahmadi (2016), 3DV, arXiv:1606.04797",
    ),
    Record(
        name="jaccard",
        task="segmentation, IoU as the objective",
        formula=r"1 - \frac{tp + s}{tp + s + fp + fn}",
        units="none",
        convex=False,
        differentiable="except for an empty mask predicted empty without smoothing",
        bounded_pull=True,
        label_noise=True,
        domain=_IN_UNIT,
        sample=_masks,
        wrt=("probs",),
        item_axes=2,
        hyper={"smooth": SMOOTH, "squared": _SQUARED, "axis": AXIS},
        equivalents={
            "monai": "monai.losses.DiceLoss(jaccard=True)",
            "smp": "segmentation_models_pytorch.losses.JaccardLoss (over the whole batch)",
        },
        paper="Rahman & Wang (2016), ISVC",
    ),
    Record(
        name="tversky",
        task="segmentation where misses cost more than false alarms",
        formula=_OVERLAP,
        units="none",
        convex=False,
        differentiable="except for an empty mask predicted empty without smoothing",
        bounded_pull=True,
        label_noise=True,
        domain=_IN_UNIT,
        sample=_masks,
        wrt=("probs",),
        item_axes=2,
        hyper={"alpha": _ALPHA, "beta": _BETA, "smooth": SMOOTH, "axis": AXIS},
        equivalents={
            "keras": "keras.losses.Tversky (over the whole batch)",
            "monai": "monai.losses.TverskyLoss",
            "smp": "segmentation_models_pytorch.losses.TverskyLoss (over the whole batch)",
        },
        paper="Salehi, Erdogmus & Gholipour (2017), MLMI, arXiv:1706.05721",
    ),
    Record(
        name="focal_tversky",
        task="segmentation of small lesions",
        formula=rf"\Bigl({_OVERLAP}\Bigr)^{{1/\gamma}}",
        units="none",
        convex=False,
        differentiable="except for a perfect mask",
        bounded_pull=False,
        label_noise=True,
        domain=_IN_UNIT,
        sample=_masks,
        wrt=("probs",),
        item_axes=2,
        hyper={
            "alpha": _ALPHA,
            "beta": _BETA,
            "gamma": Hyper(
                default=4 / 3, domain="> 0", valid=(4 / 3, 0.5), wrong=(0.0, -1.0, _NAN)
            ),
            "smooth": SMOOTH,
            "axis": AXIS,
        },
        paper="Abraham & Khan (2019), ISBI, arXiv:1810.07842",
    ),
    Record(
        name="dice_bce",
        task="segmentation",
        formula=r"1 - \frac{2(tp + s)}{2(tp + s) + fp + fn}"
        r" - \lambda\,\overline{y \ln p + (1 - y)\ln(1 - p)}",
        units="none",
        convex=False,
        differentiable="everywhere in (0, 1)",
        bounded_pull=False,
        label_noise=False,
        domain=_IN_UNIT,
        sample=_masks,
        wrt=("probs",),
        item_axes=2,
        hyper={
            "bce_weight": Hyper(default=1.0, domain="≥ 0", valid=(1.0, 0.0), wrong=(-1.0, _NAN)),
            "smooth": SMOOTH,
            "squared": _SQUARED,
            "axis": AXIS,
        },
        paper="Isensee et al. (2021), Nature Methods 18, arXiv:1904.08128",
    ),
    Record(
        name="dice_bce_with_logits",
        task="segmentation, from logits",
        formula=r"1 - \frac{2(tp + s)}{2(tp + s) + fp + fn}"
        r" + \lambda\,\overline{y \ln(1 + e^{-z}) + (1 - y)\ln(1 + e^{z})}",
        units="none",
        convex=False,
        differentiable="everywhere",
        bounded_pull=True,
        label_noise=False,
        domain="logits real, target in [0, 1], pixel_weight ≥ 0",
        sample=_logit_masks,
        wrt=("logits",),
        item_axes=2,
        hyper={
            "bce_weight": Hyper(default=1.0, domain="≥ 0", valid=(1.0, 0.0), wrong=(-1.0, _NAN)),
            "smooth": SMOOTH,
            "squared": _SQUARED,
            "axis": AXIS,
        },
        paper="Isensee et al. (2021), Nature Methods 18, arXiv:1904.08128",
    ),
    Record(
        name="lovasz",
        task="segmentation, IoU as the objective",
        formula=r"\sum_i e_{(i)} (J_i - J_{i-1}), \quad e_{(1)} \ge e_{(2)} \ge \dots",
        units="none",
        convex=True,
        differentiable="except where two errors are equal",
        bounded_pull=True,
        label_noise=True,
        domain="probs in [0, 1], target 0 or 1, pixel_weight ≥ 0",
        sample=_masks,
        wrt=("probs",),
        item_axes=2,
        hyper={"axis": AXIS},
        equivalents={"smp": "segmentation_models_pytorch.losses.LovaszLoss"},
        paper="Berman, Rannen Triki & Blaschko (2018), CVPR, arXiv:1705.08790",
    ),
    Record(
        name="generalized_dice",
        task="segmentation into classes of very unequal size",
        formula=r"1 - \frac{2 \sum_c w_c (tp_c + s)}{\sum_c w_c (2\,tp_c + 2 s + fp_c + fn_c)},"
        r" \quad w_c = \frac{1}{(\sum y_c)^k}",
        units="none",
        convex=False,
        differentiable="everywhere with smoothing",
        bounded_pull=True,
        label_noise=True,
        domain=_IN_UNIT,
        sample=_class_masks,
        wrt=("probs",),
        item_axes=3,
        hyper={
            "power": Hyper(default=2.0, domain="≥ 0", valid=(2.0, 1.0, 0.0), wrong=(-1.0, _NAN)),
            "smooth": SMOOTH,
            "class_axis": CLASS_AXIS,
            "axis": AXIS,
        },
        equivalents={"monai": "monai.losses.GeneralizedDiceLoss"},
        paper="Sudre et al. (2017), DLMIA, arXiv:1707.03237",
    ),
]
