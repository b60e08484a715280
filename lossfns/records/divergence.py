"""Records of entropy and the divergences."""

import numpy as np

from lossfns.records.classification import CLASSES, softmax_rows
from lossfns.records.record import Arrays, Hyper, Record

_AXIS = Hyper(default=-1, domain="an axis of the input", valid=(-1, 1), wrong=(2, -3, 0.5))


def _rows(rng: np.random.Generator, n: int) -> Arrays:
    return {"probs": softmax_rows(rng, n)}


def _log_rows(rng: np.random.Generator, n: int) -> Arrays:
    return {"log_probs": np.log(softmax_rows(rng, n)), "target": softmax_rows(rng, n)}


def _gaussians(rng: np.random.Generator, n: int) -> Arrays:
    return {"mean": rng.normal(size=(n, CLASSES)), "log_var": rng.normal(size=(n, CLASSES))}


def _two_networks(rng: np.random.Generator, n: int) -> Arrays:
    return {
        "student_logits": 3 * rng.normal(size=(n, CLASSES)),
        "teacher_logits": 3 * rng.normal(size=(n, CLASSES)),
    }


LOSSES = [
    Record(
        name="entropy",
        task="measuring uncertainty, exploration bonus",
        formula=r"-\sum_c p_c \ln p_c",
        units="nats",
        convex=False,
        differentiable="everywhere in (0, 1)",
        bounded_pull=False,
        domain="probs: distributions over the classes",
        sample=_rows,
        wrt=("probs",),
        item_axes=1,
        hyper={"axis": _AXIS},
        equivalents={"torch": "torch.distributions.Categorical(probs).entropy()"},
        paper="Shannon (1948), Bell System Technical Journal 27",
    ),
    Record(
        name="kl_div",
        task="matching a target distribution",
        formula=r"\sum_c t_c (\ln t_c - \ln p_c)",
        units="nats",
        convex=True,
        differentiable="everywhere",
        bounded_pull=True,
        domain="log_probs: log-probabilities, target: distributions over the classes",
        sample=_log_rows,
        wrt=("log_probs",),
        item_axes=1,
        hyper={"axis": _AXIS},
        equivalents={
            "torch": "torch.nn.functional.kl_div(reduction='batchmean')",
            "keras": "keras.losses.KLDivergence (takes probabilities)",
            "optax": "optax.losses.kl_divergence",
        },
        paper="Kullback & Leibler (1951), Annals of Mathematical Statistics 22(1)",
    ),
    Record(
        name="js_div",
        task="comparing two distributions symmetrically",
        formula=r"\tfrac12 \operatorname{KL}(p \| m) + \tfrac12 \operatorname{KL}(t \| m),"
        r"\quad m = \tfrac12 (p + t)",
        units="nats, at most ln 2",
        # Convex in the probabilities, not in their logarithms, which it takes.
        convex=False,
        differentiable="everywhere",
        bounded_pull=True,
        domain="log_probs: log-probabilities, target: distributions over the classes",
        sample=_log_rows,
        wrt=("log_probs",),
        item_axes=1,
        hyper={"axis": _AXIS},
        equivalents={"scipy": "scipy.spatial.distance.jensenshannon (its square root)"},
        paper="Lin (1991), IEEE Transactions on Information Theory 37(1)",
    ),
    Record(
        name="gaussian_kl",
        task="regularising the latent code of a variational autoencoder",
        formula=r"\tfrac12 \sum_d \bigl(\mu_d^2 + e^{s_d} - 1 - s_d\bigr)",
        units="nats",
        convex=True,
        differentiable="everywhere",
        bounded_pull=False,
        domain="mean, log_var real",
        sample=_gaussians,
        wrt=("mean", "log_var"),
        item_axes=1,
        hyper={"axis": _AXIS},
        equivalents={"torch": "torch.distributions.kl_divergence"},
        paper="Kingma & Welling (2014), arXiv:1312.6114",
    ),
    Record(
        name="distillation",
        task="training a small network on the predictions of a large one",
        formula=r"T^2 \operatorname{KL}\bigl(\operatorname{softmax}(z'/T) \,\|\,"
        r" \operatorname{softmax}(z/T)\bigr)",
        units="nats times T²",
        convex=True,
        differentiable="everywhere",
        bounded_pull=True,
        domain="student_logits, teacher_logits real",
        sample=_two_networks,
        wrt=("student_logits",),
        item_axes=1,
        hyper={
            "temperature": Hyper(
                default=1.0, domain="> 0", valid=(0.5, 1.0, 4.0), wrong=(0.0, -1.0, float("nan"))
            ),
            "axis": _AXIS,
        },
        equivalents={
            "torch": "torch.nn.functional.kl_div(log_softmax(z / T), softmax(z' / T)) * T**2"
        },
        paper="Hinton, Vinyals & Dean (2015), arXiv:1503.02531",
    ),
]
