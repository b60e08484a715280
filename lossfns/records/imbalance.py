"""Records of the losses for rare classes, and of the class weights."""

from lossfns.records.classification import (
    AXIS,
    IGNORE,
    SMOOTHING,
    against_labels,
    binary,
    logit_rows,
    logits,
    probabilities,
)
from lossfns.records.record import REQUIRED, Function, Hyper, Record

_NAN = float("nan")
ALPHA = Hyper(default=0.25, domain="[0, 1], or None", valid=(0.25, None), wrong=(-0.1, 1.5, _NAN))
GAMMA = Hyper(default=2.0, domain="≥ 0", valid=(2.0, 0.0, 0.5), wrong=(-1.0, _NAN))
_LENG = "Leng et al. (2022), ICLR, arXiv:2204.12511"
_LIN = "Lin et al. (2017), ICCV, arXiv:1708.02002"


def _epsilon(default: float) -> Hyper:
    return Hyper(default=default, domain="≥ -1", valid=(default, -1.0), wrong=(-1.5, _NAN))


LOSSES = [
    Record(
        name="focal",
        task="binary classification with rare positives, from probabilities",
        formula=r"-\alpha y (1 - p)^\gamma \ln p - (1 - \alpha)(1 - y) p^\gamma \ln(1 - p)",
        units="nats",
        convex=True,
        differentiable="everywhere in (0, 1)",
        bounded_pull=False,
        label_noise=False,
        domain="probs, target in [0, 1]",
        sample=binary("probs", probabilities),
        wrt=("probs",),
        hyper={"alpha": ALPHA, "gamma": GAMMA, "label_smoothing": SMOOTHING},
        equivalents={"keras": "keras.losses.BinaryFocalCrossentropy(apply_class_balancing=True)"},
        paper=_LIN,
    ),
    Record(
        name="focal_with_logits",
        task="binary classification with rare positives, dense detection",
        formula=r"\alpha y (1 - p)^\gamma \ln(1 + e^{-z})"
        r" + (1 - \alpha)(1 - y) p^\gamma \ln(1 + e^{z})",
        units="nats",
        convex=False,
        differentiable="everywhere",
        bounded_pull=True,
        label_noise=False,
        domain="logits real, target in [0, 1]",
        sample=binary("logits", logits),
        wrt=("logits",),
        hyper={"alpha": ALPHA, "gamma": GAMMA, "label_smoothing": SMOOTHING},
        equivalents={
            "torchvision": "torchvision.ops.sigmoid_focal_loss",
            "keras": "keras.losses.BinaryFocalCrossentropy"
            "(apply_class_balancing=True, from_logits=True)",
            "optax": "optax.losses.sigmoid_focal_loss",
        },
        paper=_LIN,
    ),
    Record(
        name="softmax_focal",
        task="multi-class classification with rare classes",
        formula=r"-w_y \alpha_y (1 - p_y)^\gamma \ln p_y",
        units="nats",
        convex=False,
        differentiable="everywhere",
        bounded_pull=True,
        label_noise=False,
        domain="logits real, target: integer labels or distributions over the classes",
        sample=against_labels("logits", logit_rows),
        wrt=("logits",),
        item_axes=1,
        hyper={
            "weight": Hyper(
                default=None,
                domain="≥ 0, one per class",
                valid=(None, (0.5, 1.0, 2.0, 4.0)),
                wrong=((1.0, 1.0), (-1.0, 1.0, 1.0, 1.0)),
            ),
            "alpha": Hyper(
                default=None,
                domain="≥ 0, a number or one per class",
                valid=(None, (0.1, 0.2, 0.3, 0.4), 0.25),
                wrong=((1.0, 1.0), (-1.0, 1.0, 1.0, 1.0), -0.1, _NAN),
            ),
            "gamma": GAMMA,
            "ignore_index": IGNORE,
            "label_smoothing": SMOOTHING,
            "axis": AXIS,
        },
        # α only scales what the others give.
        compatible=lambda s: s["alpha"] is None or s["gamma"] == 2,
        equivalents={
            "keras": "keras.losses.CategoricalFocalCrossentropy (α = 0.25)",
            "monai": "monai.losses.FocalLoss(use_softmax=True) (over C)",
        },
        paper=_LIN,
    ),
    Record(
        name="class_balanced_focal",
        task="multi-class classification with a long tail, one-vs-all",
        formula=r"w_y \sum_c (1 - q_c)^\gamma (-\ln q_c),"
        r"\quad w_c \propto (1 - \beta)/(1 - \beta^{n_c})",
        units="nats",
        convex=False,
        differentiable="everywhere",
        bounded_pull=True,
        label_noise=False,
        domain="logits real, target: integer labels",
        sample=against_labels("logits", logit_rows),
        wrt=("logits",),
        item_axes=1,
        hyper={
            "class_counts": Hyper(
                default=REQUIRED,
                domain="> 0, one per class",
                valid=((1000.0, 100.0, 10.0, 1.0), (1.0, 2.0, 1.0, 3.0)),
                wrong=((1.0, 1.0), (0.0, 1.0, 1.0, 1.0)),
            ),
            "beta": Hyper(
                default=0.999, domain="[0, 1)", valid=(0.999, 0.9), wrong=(-0.1, 1.0, _NAN)
            ),
            "gamma": Hyper(default=2.0, domain="≥ 0", valid=(2.0, 0.5), wrong=(-1.0, _NAN)),
            "ignore_index": IGNORE,
            "axis": AXIS,
        },
        paper="Cui et al. (2019), CVPR, arXiv:1901.05555",
    ),
    Record(
        name="asymmetric",
        task="multi-label classification with few labels per item",
        formula=r"-y (1 - p)^{\gamma_+} \ln p - (1 - y) p_m^{\gamma_-} \ln(1 - p_m),"
        r"\quad p_m = \max(p - m, 0)",
        units="nats",
        convex=False,
        differentiable="everywhere for γ₋ > 0",
        bounded_pull=True,
        label_noise=False,
        domain="logits real, target in [0, 1]",
        sample=binary("logits", logits),
        wrt=("logits",),
        hyper={
            "gamma_pos": Hyper(default=0.0, domain="≥ 0", valid=(0.0, 1.0), wrong=(-1.0, _NAN)),
            "gamma_neg": Hyper(
                default=4.0, domain="≥ 0", valid=(4.0, 0.5, 0.0), wrong=(-1.0, _NAN)
            ),
            "margin": Hyper(
                default=0.05, domain="[0, 1)", valid=(0.05, 0.0), wrong=(-0.1, 1.0, _NAN)
            ),
        },
        paper="Ridnik et al. (2021), ICCV, arXiv:2009.14119",
    ),
    Record(
        name="poly1_cross_entropy",
        task="multi-class classification, with sure predictions made surer or less sure",
        formula=r"-\ln p_y + \varepsilon (1 - p_y)",
        units="nats",
        convex=False,
        differentiable="everywhere",
        bounded_pull=True,
        label_noise=False,
        domain="logits real, target: integer labels or distributions over the classes",
        sample=against_labels("logits", logit_rows),
        wrt=("logits",),
        item_axes=1,
        hyper={
            "epsilon": _epsilon(2.0),
            "weight": Hyper(
                default=None,
                domain="≥ 0, one per class",
                valid=(None, (0.5, 1.0, 2.0, 4.0)),
                wrong=((1.0, 1.0), (-1.0, 1.0, 1.0, 1.0)),
            ),
            "ignore_index": IGNORE,
            "label_smoothing": SMOOTHING,
            "axis": AXIS,
        },
        equivalents={"optax": "optax.losses.poly_loss_cross_entropy"},
        paper=_LENG,
    ),
    Record(
        name="poly1_focal_with_logits",
        task="binary classification with rare positives, with sure predictions pushed or held back",
        formula=r"\alpha y (1 - p)^\gamma \bigl(-\ln p + \varepsilon (1 - p)\bigr)"
        r" + (1 - \alpha)(1 - y) p^\gamma \bigl(-\ln(1 - p) + \varepsilon p\bigr)",
        units="nats",
        convex=False,
        differentiable="everywhere",
        bounded_pull=True,
        label_noise=False,
        domain="logits real, target in [0, 1]",
        sample=binary("logits", logits),
        wrt=("logits",),
        hyper={
            "epsilon": _epsilon(1.0),
            "alpha": ALPHA,
            "gamma": GAMMA,
            "label_smoothing": SMOOTHING,
        },
        paper=_LENG,
    ),
]

FUNCTIONS = [
    Function(
        name="class_weights",
        task="weights of the classes from their counts",
        formula=r"w_c = \frac{n}{C\,n_c}, \quad \sqrt{\frac{n}{C\,n_c}}"
        r"\quad\text{or}\quad \frac{1 - \beta}{1 - \beta^{n_c}}",
        gradient="none: counts are data",
        paper="Cui et al. (2019), CVPR, arXiv:1901.05555",
        chapter="class-weights",
    ),
]
