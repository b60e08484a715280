"""Records of the losses of sequences."""

import numpy as np

from lossfns.records.classification import IGNORE
from lossfns.records.record import Arrays, Hyper, Record

FRAMES = 4
SYMBOLS = 4

_NAN = float("nan")
_NUM_ITEMS = Hyper(default=None, domain="> 0, or None", valid=(None, 40.0), wrong=(0, -3.0, _NAN))


def _speech(rng: np.random.Generator, n: int) -> Arrays:
    """Targets of one or two symbols, with repeats and padding, that fit into 3 or 4 frames."""
    return {
        "logits": rng.normal(size=(n, FRAMES, SYMBOLS)),
        "target": rng.integers(1, 3, (n, 2)),
        "input_lengths": rng.integers(3, FRAMES + 1, n),
        "target_lengths": rng.integers(1, 3, n),
    }


def _text(rng: np.random.Generator, n: int) -> Arrays:
    return {
        "logits": rng.normal(size=(n, FRAMES, SYMBOLS)),
        "tokens": rng.integers(0, SYMBOLS, (n, FRAMES)),
    }


def _masked(rng: np.random.Generator, n: int) -> Arrays:
    arrays = _text(rng, n)
    return {"logits": arrays["logits"], "target": arrays["tokens"]}


SEQUENCE = [
    Record(
        name="ctc",
        family="sequence",
        task="speech and handwriting recognition, with no alignment given",
        formula=r"-\ln \sum_{\text{paths that collapse to the target}}"
        r" \prod_t \operatorname{softmax}(z_t)_{\text{path}_t}",
        units="nats",
        convex=False,
        differentiable="everywhere; infinite with gradient 0 where the target does not fit",
        robust=True,
        domain="logits real, target: integer symbols without the blank",
        sample=_speech,
        wrt=("logits",),
        item_axes=2,
        batched=True,
        hyper={
            "blank": Hyper(
                default=0, domain="a symbol", valid=(0, SYMBOLS - 1), wrong=(-1, SYMBOLS, 0.5, _NAN)
            )
        },
        equivalents={
            "torch": "torch.nn.functional.ctc_loss (its mean divides by the target's length)",
            "keras": "keras.losses.CTC",
            "optax": "optax.losses.ctc_loss",
        },
        paper="Graves et al. (2006), ICML",
        chapter="09_case_studies.html#loss-ctc",
    ),
    Record(
        name="causal_lm",
        family="sequence",
        task="language models that predict the next token",
        formula=r"-\ln \operatorname{softmax}(z_t)_{x_{t+1}}"
        r" + \zeta \ln^2 \textstyle\sum_v e^{z_{tv}}",
        units="nats per token",
        convex=True,
        differentiable="everywhere",
        robust=True,
        domain="logits real, tokens: integers",
        sample=_text,
        wrt=("logits",),
        item_axes=2,
        batched=True,
        weightless=True,
        hyper={
            "ignore_index": IGNORE,
            "num_items": _NUM_ITEMS,
            "z_loss": Hyper(default=0.0, domain="≥ 0", valid=(0.0, 0.1), wrong=(-0.1, _NAN)),
        },
        equivalents={"torch": "torch.nn.functional.cross_entropy (of shifted, flattened tokens)"},
        paper="Bengio et al. (2003), JMLR 3",
        chapter="09_case_studies.html#loss-causal-lm",
    ),
    Record(
        name="masked_lm",
        family="sequence",
        task="language models that fill in masked tokens",
        formula=r"-\ln \operatorname{softmax}(z_t)_{x_t} \text{ where } t \text{ was masked}",
        units="nats per masked token",
        convex=True,
        differentiable="everywhere",
        robust=True,
        domain="logits real, target: integers",
        sample=_masked,
        wrt=("logits",),
        item_axes=2,
        batched=True,
        weightless=True,
        hyper={"ignore_index": IGNORE, "num_items": _NUM_ITEMS},
        equivalents={"torch": "torch.nn.functional.cross_entropy (of flattened tokens)"},
        paper="Devlin et al. (2019), NAACL, arXiv:1810.04805",
        chapter="09_case_studies.html#loss-masked-lm",
    ),
]
