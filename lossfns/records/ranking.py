"""Records of the losses of ranking."""

import numpy as np

from lossfns.records.record import Arrays, Hyper, Record

ITEMS = 5

_NAN = float("nan")


def _pairs(rng: np.random.Generator, n: int) -> Arrays:
    """Pairs in the right and in the wrong order, off the edge of every margin."""
    second = rng.normal(size=n)
    gap = rng.choice([-2.2, -0.3, 0.3, 2.2], n) * rng.uniform(0.9, 1.1, n)
    return {"first": second + gap, "second": second, "target": rng.choice([-1.0, 1.0], n)}


def _graded_lists(rng: np.random.Generator, n: int) -> Arrays:
    """Lists of unequal length with a few grades, some of them equal."""
    return {
        "scores": rng.normal(size=(n, ITEMS)),
        "target": rng.integers(0, 4, (n, ITEMS)).astype(float),
        "mask": np.arange(ITEMS) < rng.integers(2, ITEMS + 1, (n, 1)),
    }


LOSSES = [
    Record(
        name="margin_ranking",
        task="which of two items comes first",
        formula=r"\max\bigl(0, m - y (s_1 - s_2)\bigr)",
        units="units of the scores",
        convex=True,
        differentiable="except on the margin",
        bounded_pull=True,
        domain="first, second real, target ±1",
        sample=_pairs,
        wrt=("first", "second"),
        hyper={"margin": Hyper(default=0.0, domain="≥ 0", valid=(0.0, 1.0), wrong=(-1.0, _NAN))},
        equivalents={"torch": "torch.nn.functional.margin_ranking_loss"},
        paper="Herbrich, Graepel & Obermayer (2000), Advances in Large Margin Classifiers",
    ),
    Record(
        name="listnet",
        task="ranking by how likely each item is to come first",
        formula=r"-\sum_i \operatorname{softmax}(y)_i \ln \operatorname{softmax}(s)_i",
        units="nats",
        convex=True,
        differentiable="everywhere",
        bounded_pull=True,
        domain="scores, target real, mask boolean",
        sample=_graded_lists,
        wrt=("scores",),
        item_axes=1,
        equivalents={
            "torch": "torch.nn.functional.cross_entropy (of target.softmax(-1), without a mask)",
            "allrank": "allrank.models.losses.listNet",
        },
        paper="Cao et al. (2007), ICML",
    ),
    Record(
        name="listmle",
        task="ranking by the likelihood of the whole order",
        formula=r"\sum_i \Bigl(\ln \sum_{j \succeq i} e^{s_j} - s_i\Bigr)",
        units="nats",
        convex=True,
        differentiable="everywhere",
        bounded_pull=True,
        domain="scores, target real, mask boolean",
        sample=_graded_lists,
        wrt=("scores",),
        item_axes=1,
        equivalents={
            "allrank": "allrank.models.losses.listMLE (shuffles equal grades)",
            "keras": "keras_rs.losses.ListMLELoss",
        },
        paper="Xia et al. (2008), ICML",
    ),
    Record(
        name="lambdarank",
        task="ranking for a high NDCG: the top of the list counts most",
        formula=r"\sum_{y_i > y_j} |\Delta\mathrm{NDCG}_{ij}|"
        r" \ln\bigl(1 + e^{-\sigma(s_i - s_j)}\bigr)",
        units="nats",
        convex=False,
        differentiable="except where two scores tie and the ranks jump",
        bounded_pull=True,
        domain="scores real, target ≥ 0, mask boolean",
        sample=_graded_lists,
        wrt=("scores",),
        item_axes=1,
        hyper={
            "sigma": Hyper(default=1.0, domain="> 0", valid=(1.0, 3.0), wrong=(0.0, -1.0, _NAN))
        },
        equivalents={
            "allrank": "allrank.models.losses.lambdaLoss (lambdaRank_scheme; over ln 2)",
            "lightgbm": "lightgbm objective lambdarank (its gradient, with a norm of its own)",
        },
        paper="Burges, Ragno & Le (2006), NIPS",
    ),
]
