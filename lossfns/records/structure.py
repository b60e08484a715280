"""Records of the losses of molecular structure."""

import numpy as np

from lossfns.records.record import Arrays, Hyper, Record

BINS = 5

_NAN = float("nan")
_INF = float("inf")


def _rotations(rng: np.random.Generator, n: int) -> np.ndarray:
    turned = np.linalg.qr(rng.normal(size=(n, 3, 3)))[0]
    return np.asarray(turned * np.linalg.det(turned)[:, None, None])


def _frames(rng: np.random.Generator, n: int) -> Arrays:
    """Atoms nearer and farther than the clamp, and a frame for each."""
    arrays = {
        "positions": 3 * rng.normal(size=(n, 3)),
        "target": 3 * rng.normal(size=(n, 3)),
    }
    for prefix in ("", "target_"):
        arrays[prefix + "rotations"] = _rotations(rng, n)
        arrays[prefix + "translations"] = 3 * rng.normal(size=(n, 3))
    return arrays


def _residues(rng: np.random.Generator, n: int) -> Arrays:
    return {"logits": rng.normal(size=(n, n, BINS)), "target": 8 * rng.normal(size=(n, 3))}


LOSSES = [
    Record(
        name="fape",
        task="protein structure, atoms seen from every residue's frame",
        formula=r"\min\Bigl(c, \sqrt{\lVert R_i^\top (x_j - t_i)"
        r" - R_i^{*\top} (x_j^* - t_i^*) \rVert^2 + \epsilon}\Bigr) / s",
        units="none",
        convex=False,
        differentiable="except on the clamp",
        bounded_pull=True,
        domain="positions, target in Å; rotations orthogonal; translations in Å",
        sample=_frames,
        wrt=("positions", "rotations", "translations"),
        item_axes=1,
        batched=True,
        coupled=True,
        hyper={
            "clamp": Hyper(default=10.0, domain="> 0", valid=(10.0, _INF), wrong=(0.0, -1.0, _NAN)),
            "scale": Hyper(default=10.0, domain="> 0", valid=(10.0, 1.0), wrong=(0.0, -1.0, _NAN)),
            "epsilon": Hyper(default=1e-4, domain="> 0", valid=(1e-4, 1.0), wrong=(0.0, _NAN)),
        },
        paper="Jumper et al. (2021), Nature 596, supplement 1.9.2",
    ),
    Record(
        name="distogram",
        task="protein structure, distances between residues",
        formula=r"-\ln \operatorname{softmax}(z_{ij})"
        r"_{\operatorname{bin}(\lVert x_i - x_j \rVert)}",
        units="nats",
        convex=True,
        differentiable="everywhere",
        bounded_pull=True,
        domain="logits real, target in Å",
        sample=_residues,
        wrt=("logits",),
        item_axes=2,
        batched=True,
        coupled=True,
        crosswise=("logits",),
        hyper={
            "first": Hyper(default=2.3125, domain="real", valid=(2.3125, 8.0), wrong=(30.0, _NAN)),
            "last": Hyper(
                default=21.6875, domain="> first", valid=(21.6875, 15.0), wrong=(2, _NAN)
            ),
        },
        paper="Senior et al. (2020), Nature 577",
    ),
]
