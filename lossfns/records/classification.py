"""Records of the classification losses."""

from typing import Any

import numpy as np

from lossfns.records.record import REQUIRED, Arrays, Hyper, Record, Sampler

CLASSES = 4

IGNORE = Hyper(default=-100, domain="an integer", valid=(-100, -1), wrong=())
SMOOTHING = Hyper(default=0.0, domain="[0, 1]", valid=(0.0, 0.2), wrong=(-0.1, 1.5, float("nan")))
AXIS = Hyper(default=-1, domain="an axis of the scores", valid=(-1, 1), wrong=(2, -3, 0.5))
_NAN = float("nan")


def binary(name: str, predict: Any) -> Sampler:
    """Predictions against hard and soft binary labels."""

    def sample(rng: np.random.Generator, n: int) -> Arrays:
        hard = rng.integers(0, 2, n).astype(float)
        soft = rng.uniform(0.1, 0.9, n)
        return {name: predict(rng, n), "target": np.where(rng.random(n) < 0.7, hard, soft)}

    return sample


def probabilities(rng: np.random.Generator, n: int) -> Any:
    return rng.uniform(0.02, 0.98, n)


def logits(rng: np.random.Generator, n: int) -> Any:
    return 3 * rng.normal(size=n)


def _signed(rng: np.random.Generator, n: int) -> Arrays:
    """Scores on both sides of the margin, and never on it."""
    margins = rng.choice([-1.5, -0.2, 0.6, 1.7, 3.4], n) * rng.uniform(0.95, 1.05, n)
    target = rng.choice([-1.0, 1.0], n)
    return {"scores": target * margins, "target": target}


def softmax_rows(rng: np.random.Generator, n: int) -> Any:
    """Distributions over the classes."""
    rows = np.exp(rng.normal(size=(n, CLASSES)))
    return rows / rows.sum(axis=1, keepdims=True)


def against_labels(name: str, rows: Any) -> Sampler:
    def sample(rng: np.random.Generator, n: int) -> Arrays:
        return {name: rows(rng, n), "target": rng.integers(0, CLASSES, n)}

    return sample


def _against_rows(rng: np.random.Generator, n: int) -> Arrays:
    hard = np.eye(CLASSES)[rng.integers(0, CLASSES, n)]
    soft = softmax_rows(rng, n)
    return {"probs": softmax_rows(rng, n), "target": np.where(rng.random((n, 1)) < 0.5, hard, soft)}


def logit_rows(rng: np.random.Generator, n: int) -> Any:
    return 3 * rng.normal(size=(n, CLASSES))


LOSSES = [
    Record(
        name="bce",
        task="binary and multi-label classification, from probabilities",
        formula=r"-\bigl(y \ln p + (1 - y)\ln(1 - p)\bigr)",
        units="nats",
        convex=True,
        differentiable="everywhere in (0, 1)",
        bounded_pull=False,
        label_noise=False,
        domain="probs, target in [0, 1]",
        sample=binary("probs", probabilities),
        wrt=("probs",),
        hyper={"label_smoothing": SMOOTHING},
        equivalents={
            "torch": "torch.nn.functional.binary_cross_entropy",
            "keras": "keras.losses.BinaryCrossentropy",
            "sklearn": "sklearn.metrics.log_loss",
        },
        paper="Good (1952), Journal of the Royal Statistical Society B 14(1)",
    ),
    Record(
        name="bce_with_logits",
        task="binary and multi-label classification",
        formula=r"w_+ y \ln(1 + e^{-z}) + (1 - y)\ln(1 + e^{z})",
        units="nats",
        convex=True,
        differentiable="everywhere",
        bounded_pull=True,
        label_noise=False,
        domain="logits real, target in [0, 1]",
        sample=binary("logits", logits),
        wrt=("logits",),
        hyper={
            "pos_weight": Hyper(
                default=None, domain="≥ 0, or one per label", valid=(None, 0.5, 9.0), wrong=(-1.0,)
            ),
            "label_smoothing": SMOOTHING,
        },
        equivalents={
            "torch": "torch.nn.functional.binary_cross_entropy_with_logits",
            "keras": "keras.losses.BinaryCrossentropy(from_logits=True)",
            "optax": "optax.losses.sigmoid_binary_cross_entropy",
        },
        paper="Good (1952), Journal of the Royal Statistical Society B 14(1)",
    ),
    Record(
        name="categorical_cross_entropy",
        task="multi-class classification, from probabilities",
        formula=r"-\sum_c t_c \ln p_c",
        units="nats",
        convex=True,
        differentiable="everywhere in (0, 1)",
        bounded_pull=False,
        label_noise=False,
        domain="probs, target: distributions over the classes",
        sample=_against_rows,
        wrt=("probs",),
        item_axes=1,
        hyper={"axis": AXIS},
        equivalents={
            "keras": "keras.losses.CategoricalCrossentropy",
            "sklearn": "sklearn.metrics.log_loss",
        },
        paper="Bridle (1990), Neurocomputing: Algorithms, Architectures and Applications",
    ),
    Record(
        name="sparse_categorical_cross_entropy",
        task="multi-class classification, from probabilities, integer labels",
        formula=r"-\ln p_y",
        units="nats",
        convex=True,
        differentiable="everywhere in (0, 1)",
        bounded_pull=False,
        label_noise=False,
        domain="probs: distributions over the classes, target: integer labels",
        sample=against_labels("probs", softmax_rows),
        wrt=("probs",),
        item_axes=1,
        hyper={"ignore_index": IGNORE, "axis": AXIS},
        equivalents={
            "torch": "torch.nn.functional.nll_loss (of log-probabilities)",
            "keras": "keras.losses.SparseCategoricalCrossentropy",
            "sklearn": "sklearn.metrics.log_loss",
        },
        paper="Bridle (1990), Neurocomputing: Algorithms, Architectures and Applications",
    ),
    Record(
        name="cross_entropy",
        task="multi-class classification",
        formula=r"-\sum_c w_c t_c \ln \operatorname{softmax}(z)_c",
        units="nats",
        convex=True,
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
            "ignore_index": IGNORE,
            "label_smoothing": Hyper(
                default=0.0, domain="[0, 1]", valid=(0.0, 0.1, 1.0), wrong=(-0.1, 1.5, _NAN)
            ),
            "axis": AXIS,
        },
        equivalents={
            "torch": "torch.nn.functional.cross_entropy (classes on axis 1)",
            "keras": "keras.losses.SparseCategoricalCrossentropy(from_logits=True)",
            "optax": "optax.losses.softmax_cross_entropy_with_integer_labels",
        },
        paper="Bridle (1990), Neurocomputing: Algorithms, Architectures and Applications",
    ),
    Record(
        name="hinge",
        task="binary classification by margin",
        formula=r"\max(0, m - y s)",
        units="units of the score",
        convex=True,
        differentiable="except at y s = m",
        bounded_pull=True,
        label_noise=False,
        domain="scores real, target -1 or +1",
        sample=_signed,
        wrt=("scores",),
        hyper={"margin": Hyper(default=1.0, domain="> 0", valid=(1.0, 2.5), wrong=(0.0, -1.0))},
        equivalents={
            "keras": "keras.losses.Hinge",
            "optax": "optax.losses.hinge_loss",
            "sklearn": "sklearn.metrics.hinge_loss",
        },
        paper="Cortes & Vapnik (1995), Machine Learning 20",
    ),
    Record(
        name="squared_hinge",
        task="binary classification by margin, smooth",
        formula=r"\max(0, m - y s)^2",
        units="squared units of the score",
        convex=True,
        differentiable="everywhere",
        bounded_pull=False,
        label_noise=False,
        domain="scores real, target -1 or +1",
        sample=_signed,
        wrt=("scores",),
        hyper={"margin": Hyper(default=1.0, domain="> 0", valid=(1.0, 2.5), wrong=(0.0, -1.0))},
        equivalents={
            "keras": "keras.losses.SquaredHinge",
            "sklearn": "sklearn.svm.LinearSVC(loss='squared_hinge')",
        },
        paper="Tang (2013), arXiv:1306.0239",
    ),
    Record(
        name="multiclass_hinge",
        task="multi-class classification by margin",
        formula=r"\sum_{j \ne y} \max(0, m + s_j - s_y)",
        units="units of the score",
        convex=True,
        differentiable="except where a rival sits on the margin",
        bounded_pull=True,
        label_noise=False,
        domain="scores real, target: integer labels",
        sample=against_labels("scores", logit_rows),
        wrt=("scores",),
        item_axes=1,
        hyper={
            "margin": Hyper(default=1.0, domain="> 0", valid=(1.0, 2.5), wrong=(0.0, -1.0)),
            "kind": Hyper(
                default="weston_watkins",
                domain="weston_watkins or crammer_singer",
                valid=("weston_watkins", "crammer_singer"),
                wrong=("hinge", None),
            ),
            "ignore_index": IGNORE,
            "axis": AXIS,
        },
        equivalents={
            "torch": "torch.nn.functional.multi_margin_loss (divided by C)",
            "keras": "keras.losses.CategoricalHinge (crammer_singer)",
            "sklearn": "sklearn.metrics.hinge_loss (crammer_singer)",
        },
        paper="Weston & Watkins (1999), ESANN; Crammer & Singer (2001), JMLR 2",
    ),
    Record(
        name="generalized_cross_entropy",
        task="multi-class classification with noisy labels",
        formula=r"(1 - p_y^q) / q",
        units="none",
        convex=False,
        differentiable="everywhere",
        bounded_pull=True,
        label_noise=True,
        domain="logits real, target: integer labels",
        sample=against_labels("logits", logit_rows),
        wrt=("logits",),
        item_axes=1,
        hyper={
            "q": Hyper(default=0.7, domain="(0, 1]", valid=(0.01, 0.7, 1.0), wrong=(0.0, 1.5)),
            "ignore_index": IGNORE,
            "axis": AXIS,
        },
        paper="Zhang & Sabuncu (2018), NeurIPS, arXiv:1805.07836",
    ),
    Record(
        name="symmetric_cross_entropy",
        task="multi-class classification with noisy labels",
        formula=r"-\alpha \ln p_y - \beta A (1 - p_y)",
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
            "alpha": Hyper(default=0.1, domain="≥ 0", valid=(0.0, 0.1, 6.0), wrong=(-1.0, _NAN)),
            "beta": Hyper(default=1.0, domain="≥ 0", valid=(0.0, 1.0), wrong=(-1.0, _NAN)),
            "log_zero": Hyper(default=-4.0, domain="< 0", valid=(-4.0, -6.0), wrong=(0.0, 4.0)),
            "ignore_index": IGNORE,
            "axis": AXIS,
        },
        paper="Wang et al. (2019), ICCV, arXiv:1908.06112",
    ),
    Record(
        name="logit_adjusted_cross_entropy",
        task="multi-class classification with a long tail",
        formula=r"-\ln \operatorname{softmax}(z + \tau \ln \pi)_y",
        units="nats",
        convex=True,
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
                valid=((1000.0, 100.0, 10.0, 1.0), (1.0, 1.0, 1.0, 1.0)),
                wrong=((1.0, 1.0), (0.0, 1.0, 1.0, 1.0)),
            ),
            "tau": Hyper(default=1.0, domain="≥ 0", valid=(0.0, 1.0, 2.0), wrong=(-1.0, _NAN)),
            "ignore_index": IGNORE,
            "axis": AXIS,
        },
        paper="Menon et al. (2021), ICLR, arXiv:2007.07314",
    ),
]
