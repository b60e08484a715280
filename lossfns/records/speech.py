"""Records of the losses of self-supervised speech models."""

import numpy as np

from lossfns.records.record import Arrays, Hyper, Record

DIMENSIONS = 3
DISTRACTORS = 4
CODEBOOKS, ENTRIES = 2, 3

_PAPER = "Baevski et al. (2020), NeurIPS, arXiv:2006.11477"


def _latents(rng: np.random.Generator, n: int) -> Arrays:
    return {
        "context": rng.normal(size=(n, DIMENSIONS)),
        "quantized": rng.normal(size=(n, DIMENSIONS)),
        "distractors": rng.normal(size=(n, DISTRACTORS, DIMENSIONS)),
    }


def _choices(rng: np.random.Generator, n: int) -> Arrays:
    return {"probs": rng.dirichlet(3 * np.ones(ENTRIES), (n, CODEBOOKS))}


LOSSES = [
    Record(
        name="wav2vec2_contrastive",
        task="self-supervised speech: the true latent among distractors",
        formula=r"-\ln \frac{e^{\cos(c_t, q_t) / \kappa}}"
        r"{\sum_{q \in \{q_t\} \cup \text{distractors}} e^{\cos(c_t, q) / \kappa}}",
        units="nats",
        convex=False,
        differentiable="everywhere but at rows of zeros",
        bounded_pull=True,
        domain="context, quantized, distractors real",
        sample=_latents,
        wrt=("context", "quantized", "distractors"),
        item_axes=1,
        batched=True,
        hyper={
            "temperature": Hyper(
                default=0.1, domain="> 0", valid=(0.1, 0.5), wrong=(0.0, -1.0, float("nan"))
            )
        },
        paper=_PAPER,
    ),
    Record(
        name="codebook_diversity",
        task="keeping every entry of a codebook in use",
        formula=r"\frac{1}{GV} \sum_{g, v} \bar p_{gv} \ln \bar p_{gv}",
        units="nats per entry",
        convex=True,
        differentiable="except for entries never used",
        bounded_pull=True,
        domain="probs in [0, 1], each row summing to 1",
        sample=_choices,
        wrt=("probs",),
        item_axes=2,
        batched=True,
        coupled=True,
        reductions=("mean",),
        paper=_PAPER,
    ),
]
