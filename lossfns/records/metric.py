"""Records of the losses on embeddings."""

import math
from collections.abc import Callable

import numpy as np

from lossfns.records.record import REQUIRED, Arrays, Function, Hyper, Record, Sampler

DIMENSIONS = 3
CLASSES = 4

_NAN = float("nan")
_TEMPERATURE = Hyper(default=0.1, domain="> 0", valid=(0.1, 0.5), wrong=(0.0, -1.0, _NAN))


def _margin(default: float, *others: float) -> Hyper:
    return Hyper(default=default, domain="> 0", valid=(default, *others), wrong=(0.0, -1.0, _NAN))


def _rows(*names: str, spread: float = 1.0) -> Sampler:
    """Embeddings in general position."""

    def sample(rng: np.random.Generator, n: int) -> Arrays:
        return {name: spread * rng.normal(size=(n, DIMENSIONS)) for name in names}

    return sample


def _pairs(no: float) -> Sampler:
    """Equal and unequal pairs, on both sides of the margin."""

    def sample(rng: np.random.Generator, n: int) -> Arrays:
        arrays = _rows("first", "second", spread=0.7)(rng, n)
        return arrays | {"target": rng.choice([no, 1.0], n)}

    return sample


def _labelled(rng: np.random.Generator, n: int) -> Arrays:
    return _rows("embeddings")(rng, n) | {"target": rng.integers(0, CLASSES, n)}


def _prototypes(seed: int) -> tuple[tuple[float, ...], ...]:
    rows = np.random.default_rng(seed).normal(size=(CLASSES, DIMENSIONS))
    # Numbers that every floating-point type holds exactly.
    return tuple(tuple(row) for row in (np.round(64 * rows) / 64).tolist())


def _one_distance(settings: object) -> bool:
    """Only the Euclidean distance may be squared."""
    assert isinstance(settings, dict)
    return settings["p"] == 2 or not settings["squared"]


def _two_views(
    name: str, names: tuple[str, str], task: str, formula: str, paper: str, **fields: object
) -> Record:
    """A loss whose items are each other's negatives, or share their statistics."""
    settings = dict(
        name=name,
        task=task,
        formula=formula,
        units="nats",
        convex=False,
        differentiable="everywhere but at rows of zeros",
        bounded_pull=True,
        domain=f"{names[0]}, {names[1]} real, row i of both belong together",
        sample=_rows(*names),
        wrt=names,
        item_axes=1,
        batched=True,
        coupled=True,
        paper=paper,
    )
    build: Callable[..., Record] = Record
    return build(**settings | fields)


def _of_classes(name: str, task: str, formula: str, paper: str, **fields: object) -> Record:
    """A loss of embeddings with class labels."""
    settings = dict(
        name=name,
        task=task,
        formula=formula,
        units="nats",
        convex=False,
        differentiable="everywhere but at rows of zeros",
        bounded_pull=True,
        domain="embeddings real, target: integer labels",
        sample=_labelled,
        wrt=("embeddings",),
        item_axes=1,
        paper=paper,
    )
    build: Callable[..., Record] = Record
    return build(**settings | fields)


_PROTOTYPES = Hyper(
    default=REQUIRED,
    domain="one row per class",
    valid=(_prototypes(1), _prototypes(2)),
    wrong=((1.0, 2.0), ((1.0, 2.0),)),
)

LOSSES = [
    Record(
        name="contrastive",
        task="embeddings from labelled pairs",
        formula=r"\tfrac12 \bigl(y d^2 + (1 - y) \max(0, m - d)^2\bigr),"
        r"\quad d = \lVert a - b \rVert",
        units="squared units of distance",
        convex=False,
        differentiable="except for unequal pairs at distance 0",
        bounded_pull=False,
        domain="first, second real, target 0 or 1",
        sample=_pairs(0.0),
        wrt=("first", "second"),
        item_axes=1,
        hyper={"margin": _margin(1.0, 2.5)},
        paper="Hadsell, Chopra & LeCun (2006), CVPR",
    ),
    Record(
        name="triplet",
        task="embeddings from comparisons, retrieval",
        formula=r"\max(0, d(a, p) - d(a, n) + m)",
        units="units of distance, or their square",
        convex=False,
        differentiable="except on the margin and at distance 0",
        bounded_pull=True,
        domain="anchor, positive, negative real",
        sample=_rows("anchor", "positive", "negative"),
        wrt=("anchor", "positive", "negative"),
        item_axes=1,
        hyper={
            "margin": _margin(1.0, 0.2),
            "p": Hyper(
                default=2.0, domain="≥ 1", valid=(2.0, 1.0, 3.0), wrong=(0.5, 0.0, -2.0, _NAN)
            ),
            "squared": Hyper(default=False, domain="bool", valid=(False, True), wrong=()),
        },
        compatible=_one_distance,
        equivalents={"torch": "torch.nn.functional.triplet_margin_loss (adds 1e-6 inside)"},
        paper="Schroff, Kalenichenko & Philbin (2015), CVPR, arXiv:1503.03832",
    ),
    Record(
        name="cosine_embedding",
        task="directions from labelled pairs",
        formula=r"1 - \cos \text{ for } y = 1, \quad \max(0, \cos - m) \text{ for } y = -1",
        units="none",
        convex=False,
        differentiable="except on the margin and at rows of zeros",
        bounded_pull=True,
        domain="first, second real, target ±1",
        sample=_pairs(-1.0),
        wrt=("first", "second"),
        item_axes=1,
        hyper={
            "margin": Hyper(
                default=0.0, domain="[-1, 1)", valid=(0.0, 0.3), wrong=(-1.5, 1.0, _NAN)
            )
        },
        equivalents={
            "torch": "torch.nn.functional.cosine_embedding_loss",
            "keras": "keras.losses.CosineSimilarity (for y = 1, minus 1)",
        },
        paper="Salton & McGill (1983), Introduction to Modern Information Retrieval",
    ),
    _two_views(
        "info_nce",
        ("query", "key"),
        "self-supervised embeddings, retrieval",
        r"-\ln \operatorname{softmax}_j\bigl(\cos(q_i, k_j) / \tau\bigr)_i",
        "van den Oord, Li & Vinyals (2018), arXiv:1807.03748",
        hyper={"temperature": _TEMPERATURE},
    ),
    _two_views(
        "nt_xent",
        ("first", "second"),
        "self-supervised embeddings from two views (SimCLR)",
        r"-\ln \frac{e^{\cos(z_i, z_{j(i)}) / \tau}}{\sum_{k \ne i} e^{\cos(z_i, z_k) / \tau}}",
        "Chen et al. (2020), ICML, arXiv:2002.05709",
        hyper={"temperature": _TEMPERATURE},
        equivalents={"optax": "optax.losses.ntxent (of labels)"},
    ),
    _two_views(
        "clip",
        ("image", "text"),
        "one embedding for images and texts",
        r"-\tfrac12 \bigl(\ln \operatorname{softmax}_j(s_{ij})_i"
        r" + \ln \operatorname{softmax}_j(s_{ji})_i\bigr)",
        "Radford et al. (2021), ICML, arXiv:2103.00020",
        hyper={
            "temperature": Hyper(
                default=0.07, domain="> 0", valid=(0.07, 0.5), wrong=(0.0, -1.0, _NAN)
            )
        },
    ),
    _two_views(
        "siglip",
        ("image", "text"),
        "one embedding for images and texts, without a softmax over the batch",
        r"\sum_j \ln\bigl(1 + e^{-y_{ij}(s \cos_{ij} + b)}\bigr), \quad y_{ij} = \pm 1",
        "Zhai et al. (2023), ICCV, arXiv:2303.15343",
        hyper={
            "scale": Hyper(default=10.0, domain="> 0", valid=(10.0, 3.0), wrong=(0.0, -1.0, _NAN)),
            "bias": Hyper(default=-10.0, domain="real", valid=(-10.0, 1.0), wrong=(_NAN,)),
        },
    ),
    Record(
        name="sup_con",
        task="embeddings from class labels",
        formula=r"-\frac{1}{|P(i)|} \sum_{p \in P(i)}"
        r" \ln \operatorname{softmax}_{k \ne i}\bigl(\cos(z_i, z_k) / \tau\bigr)_p",
        units="nats",
        convex=False,
        differentiable="everywhere but at rows of zeros",
        bounded_pull=True,
        domain="embeddings real, target: integer labels",
        sample=_labelled,
        wrt=("embeddings",),
        item_axes=1,
        batched=True,
        coupled=True,
        hyper={"temperature": _TEMPERATURE},
        equivalents={"pml": "pytorch_metric_learning.losses.SupConLoss"},
        paper="Khosla et al. (2020), NeurIPS, arXiv:2004.11362",
    ),
    Record(
        name="arcface",
        task="face recognition: classes as directions",
        formula=r"-\ln \operatorname{softmax}\bigl(s \cos(\theta_j + m [j = y])\bigr)_y",
        units="nats",
        convex=False,
        differentiable="except at θ = π - m and at rows of zeros",
        bounded_pull=True,
        domain="embeddings real, target: integer labels",
        sample=_labelled,
        wrt=("embeddings",),
        item_axes=1,
        hyper={
            "prototypes": _PROTOTYPES,
            "margin": Hyper(
                default=0.5, domain="[0, π)", valid=(0.5, 0.0), wrong=(-0.1, math.pi, _NAN)
            ),
            "scale": Hyper(default=64.0, domain="> 0", valid=(64.0, 4.0), wrong=(0.0, -1.0, _NAN)),
        },
        equivalents={"pml": "pytorch_metric_learning.losses.ArcFaceLoss (margin in degrees)"},
        paper="Deng et al. (2019), CVPR, arXiv:1801.07698",
    ),
    _two_views(
        "vicreg",
        ("first", "second"),
        "self-supervised embeddings without negatives",
        r"\lambda \overline{(a - b)^2} + \mu \sum_{\text{views}}"
        r" \overline{\max(0, 1 - \sigma_d)} / 2"
        r" + \nu \sum_{\text{views}} \sum_{d \ne e} C_{de}^2 / D",
        "Bardes, Ponce & LeCun (2022), ICLR, arXiv:2105.04906",
        units="none",
        differentiable="except where a standard deviation is 1",
        bounded_pull=False,
        fewest=2,
        reductions=("mean",),
        hyper={
            name: Hyper(default=default, domain="≥ 0", valid=(default, 0.0), wrong=(-1.0, _NAN))
            for name, default in [("invariance", 25.0), ("variance", 25.0), ("covariance", 1.0)]
        },
    ),
    _two_views(
        "barlow_twins",
        ("first", "second"),
        "self-supervised embeddings without negatives",
        r"\sum_d (1 - C_{dd})^2 + \lambda \sum_{d \ne e} C_{de}^2",
        "Zbontar et al. (2021), ICML, arXiv:2103.03230",
        units="none",
        differentiable="except where a dimension is constant",
        fewest=2,
        reductions=("mean",),
        hyper={
            "redundancy": Hyper(default=0.005, domain="≥ 0", valid=(0.005, 1.0), wrong=(-1.0, _NAN))
        },
    ),
    _of_classes(
        "cosface",
        "face recognition: classes as directions, a margin of the cosine",
        r"-\ln \operatorname{softmax}\bigl(s (\cos \theta_j - m [j = y])\bigr)_y",
        "Wang et al. (2018), CVPR, arXiv:1801.09414",
        hyper={
            "prototypes": _PROTOTYPES,
            "margin": Hyper(
                default=0.35, domain="[0, 1)", valid=(0.35, 0.0), wrong=(-0.1, 1.0, _NAN)
            ),
            "scale": Hyper(default=64.0, domain="> 0", valid=(64.0, 4.0), wrong=(0.0, -1.0, _NAN)),
        },
        equivalents={"pml": "pytorch_metric_learning.losses.CosFaceLoss (prototypes transposed)"},
    ),
    _of_classes(
        "sphereface",
        "face recognition: classes as directions, the angle multiplied",
        r"-\ln \operatorname{softmax}\bigl(s \lVert x \rVert \cos \theta_j,"
        r"\ \psi(\theta_y)\bigr)_y, \quad \psi(\theta) = (-1)^k \cos(m \theta) - 2k",
        "Liu et al. (2017), CVPR, arXiv:1704.08063",
        hyper={
            "prototypes": _PROTOTYPES,
            "margin": Hyper(
                default=4, domain="integer ≥ 1", valid=(4, 1, 3), wrong=(0, -1, 1.5, _NAN)
            ),
            "scale": Hyper(default=1.0, domain="> 0", valid=(1.0, 4.0), wrong=(0.0, -1.0, _NAN)),
        },
        equivalents={"pml": "pytorch_metric_learning.losses.SphereFaceLoss"},
    ),
    _of_classes(
        "nt_xent_with_labels",
        "embeddings from class labels, each positive against the negatives",
        r"\sum_{p \in P(i)} -\ln \frac{e^{\cos(z_i, z_p) / \tau}}"
        r"{e^{\cos(z_i, z_p) / \tau} + \sum_{n: y_n \ne y_i} e^{\cos(z_i, z_n) / \tau}}",
        "Chen et al. (2020), ICML, arXiv:2002.05709",
        batched=True,
        coupled=True,
        hyper={
            "temperature": Hyper(
                default=0.07, domain="> 0", valid=(0.07, 0.5), wrong=(0.0, -1.0, _NAN)
            )
        },
        equivalents={
            "optax": "optax.losses.ntxent",
            "pml": "pytorch_metric_learning.losses.NTXentLoss",
        },
    ),
    _of_classes(
        "multi_similarity",
        "embeddings from class labels, hard pairs first",
        r"\tfrac1\alpha \ln\Bigl(1 + \sum_{p \in P(i)} e^{-\alpha(\cos_{ip} - \lambda)}\Bigr)"
        r" + \tfrac1\beta \ln\Bigl(1 + \sum_{n: y_n \ne y_i} e^{\beta(\cos_{in} - \lambda)}\Bigr)",
        "Wang et al. (2019), CVPR, arXiv:1904.06627",
        units="units of the cosine",
        batched=True,
        coupled=True,
        hyper={
            "alpha": Hyper(default=2.0, domain="> 0", valid=(2.0, 10.0), wrong=(0.0, -1.0, _NAN)),
            "beta": Hyper(default=50.0, domain="> 0", valid=(50.0, 4.0), wrong=(0.0, -1.0, _NAN)),
            "base": Hyper(default=0.5, domain="[-1, 1]", valid=(0.5, 0.0), wrong=(-1.5, 2.0, _NAN)),
        },
        equivalents={"pml": "pytorch_metric_learning.losses.MultiSimilarityLoss (without a miner)"},
    ),
    _of_classes(
        "circle",
        "embeddings from class labels, each pair paced by its distance from the goal",
        r"\ln\Bigl(1 + \sum_n e^{\gamma \alpha_n (s_n - m)}"
        r" \sum_p e^{-\gamma \alpha_p (s_p - 1 + m)}\Bigr),"
        r"\quad \alpha_n = [s_n + m]_+,\ \alpha_p = [1 + m - s_p]_+",
        "Sun et al. (2020), CVPR, arXiv:2002.10857",
        differentiable="everywhere but at rows of zeros, with the weights α held constant",
        held="the weights α",
        batched=True,
        coupled=True,
        hyper={
            "margin": Hyper(
                default=0.4, domain="[0, 1)", valid=(0.4, 0.25), wrong=(-0.1, 1.0, _NAN)
            ),
            "scale": Hyper(default=80.0, domain="> 0", valid=(80.0, 4.0), wrong=(0.0, -1.0, _NAN)),
        },
        equivalents={
            "keras": "keras.losses.Circle",
            "pml": "pytorch_metric_learning.losses.CircleLoss",
        },
    ),
]

FUNCTIONS = [
    Function(
        name="mine_triplets",
        task="choosing triplets that teach something",
        formula=r"\{(a, p, n) : y_a = y_p \ne y_n\},"
        r"\text{ all, or those with } d_p < d_n < d_p + m, \ldots",
        gradient="none: the choice is discrete",
        paper="Schroff, Kalenichenko & Philbin (2015), CVPR, arXiv:1503.03832",
        chapter="mine-triplets",
    ),
]
