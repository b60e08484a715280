"""Records of the losses and methods for several tasks."""

import numpy as np

from lossfns.records.record import REQUIRED, Arrays, Function, Hyper, Record

TASKS = 3

_AXIS = Hyper(default=-1, domain="an axis of the losses", valid=(-1, 1), wrong=(2, -3, 0.5))
_TRAINS = "it trains along with a network, which takes automatic differentiation"


def _rows(rng: np.random.Generator, n: int) -> Arrays:
    return {"losses": rng.uniform(0.1, 5.0, (n, TASKS))}


def _rows_with_spread(rng: np.random.Generator, n: int) -> Arrays:
    return {**_rows(rng, n), "log_vars": rng.normal(size=(n, TASKS))}


LOSSES = [
    Record(
        name="weighted_sum",
        task="several tasks, fixed weights",
        formula=r"\sum_k w_k L_k",
        units="those of w L",
        convex=True,
        differentiable="everywhere",
        bounded_pull=True,
        domain="losses real",
        sample=_rows,
        wrt=("losses",),
        item_axes=1,
        hyper={
            "weights": Hyper(
                default=REQUIRED,
                domain="≥ 0, one per task",
                valid=((0.5, 2.0, 0.0), (1.0, 1.0, 1.0)),
                wrong=((1.0, 1.0), (-1.0, 1.0, 1.0), (float("nan"), 1.0, 1.0)),
            ),
            "axis": _AXIS,
        },
        equivalents={"keras": "keras.Model.compile(loss_weights=...)"},
        paper="Caruana (1997), Machine Learning 28",
    ),
    Record(
        name="uncertainty_weighting",
        task="several tasks, weights learned as noise levels",
        formula=r"\sum_k c_k e^{-s_k} L_k + \tfrac12 s_k,"
        r"\quad c = \tfrac12\ \text{or}\ 1",
        units="nats",
        convex=True,
        differentiable="everywhere",
        bounded_pull=True,
        domain="losses, log_vars real",
        sample=_rows_with_spread,
        wrt=("losses", "log_vars"),
        item_axes=1,
        hyper={
            "kinds": Hyper(
                default="regression",
                domain="regression or classification, one for all or one per task",
                valid=(
                    "regression",
                    "classification",
                    ("regression", "classification", "regression"),
                ),
                wrong=("ranking", ("regression",), None, ("regression", "ranking", "regression")),
            ),
            "axis": _AXIS,
        },
        paper="Kendall, Gal & Cipolla (2018), CVPR, arXiv:1705.07115",
    ),
]

FUNCTIONS = [
    Function(
        name="UncertaintyWeighting",
        task="several tasks, weights learned as noise levels",
        formula=r"\sum_k c_k e^{-s_k} L_k + \tfrac12 s_k",
        gradient="by automatic differentiation",
        paper="Kendall, Gal & Cipolla (2018), CVPR, arXiv:1705.07115",
        chapter="loss-uncertainty-weighting",
        backends=("torch",),
        why_not=f"{_TRAINS}; the function `uncertainty_weighting` has both twins",
    ),
    Function(
        name="GradNorm",
        task="several tasks that should train at similar rates",
        formula=r"\sum_k \bigl|w_k \lVert\nabla_W L_k\rVert - \bar G\, r_k^\alpha\bigr|",
        gradient="with respect to the weights w",
        paper="Chen et al. (2018), ICML, arXiv:1711.02257",
        chapter="loss-gradnorm",
        backends=("torch",),
        why_not=_TRAINS,
    ),
    Function(
        name="DWA",
        task="several tasks, weights by how fast each loss falls",
        formula=r"w_k = K \operatorname{softmax}\bigl(L(t-1) / (L(t-2)\,T)\bigr)_k",
        gradient="with respect to the losses: the weights",
        paper="Liu, Johns & Davison (2019), CVPR, arXiv:1803.10704",
        chapter="loss-dwa",
        backends=("torch",),
        why_not=_TRAINS,
    ),
    Function(
        name="pcgrad",
        task="several tasks whose gradients conflict",
        formula=r"g_i \leftarrow g_i - \frac{\min(0, g_i \cdot g_j)}{\lVert g_j\rVert^2}\,g_j",
        gradient="it is one: that of no loss",
        paper="Yu et al. (2020), NeurIPS, arXiv:2001.06782",
        chapter="loss-pcgrad",
        backends=("torch",),
        why_not=_TRAINS,
    ),
]
