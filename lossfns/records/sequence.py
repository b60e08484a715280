"""Records of the losses of sequences."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from lossfns.records.classification import IGNORE
from lossfns.records.record import REQUIRED, Arrays, Hyper, Record

FRAMES = 4
SYMBOLS = 4
STATES = 3

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


def _states(rng: np.random.Generator, n: int) -> Arrays:
    return {
        "hidden": rng.normal(size=(n, FRAMES, STATES)),
        "target": rng.integers(0, SYMBOLS, (n, FRAMES)),
    }


def _head(seed: int) -> tuple[tuple[float, ...], ...]:
    rows = np.random.default_rng(seed).normal(size=(SYMBOLS, STATES)).round(2)
    return tuple(map(tuple, rows.tolist()))


def _few_or_all(settings: Mapping[str, Any]) -> bool:
    """Each setting away from its default by itself, and all of them together."""
    changed = [name for name, value in settings.items() if value != _HEAD[name].valid[0]]
    return len(changed) <= 1 or len(changed) == len(settings)


_Z_LOSS = Hyper(default=0.0, domain="≥ 0", valid=(0.0, 0.1), wrong=(-0.1, _NAN))

_HEAD = {
    "linear_weight": Hyper(
        default=REQUIRED,
        domain="a row per class",
        valid=(_head(1), _head(2)),
        wrong=((1.0, 2.0), ((1.0, 2.0),)),
    ),
    "linear_bias": Hyper(
        default=None,
        domain="one per class, or None",
        valid=(None, (0.5, -1.0, 0.0, 2.0)),
        wrong=((1.0, 2.0),),
    ),
    "weight": Hyper(
        default=None,
        domain="one per class, ≥ 0",
        valid=(None, (0.5, 1.0, 2.0, 0.0)),
        wrong=((1.0, -1.0, 1.0, 1.0), (1.0, 1.0)),
    ),
    "ignore_index": IGNORE,
    "label_smoothing": Hyper(
        default=0.0, domain="[0, 1]", valid=(0.0, 0.1), wrong=(-0.1, 1.1, _NAN)
    ),
    "z_loss": _Z_LOSS,
    "num_items": _NUM_ITEMS,
    "chunk_size": Hyper(
        default=None, domain="≥ 1, or None", valid=(None, 3), wrong=(0, -1, 0.5, _NAN)
    ),
}

LOSSES = [
    Record(
        name="ctc",
        task="speech and handwriting recognition, with no alignment given",
        formula=r"-\ln \sum_{\text{paths that collapse to the target}}"
        r" \prod_t \operatorname{softmax}(z_t)_{\text{path}_t}",
        units="nats",
        convex=False,
        differentiable="everywhere; infinite with gradient 0 where the target does not fit",
        bounded_pull=True,
        label_noise=False,
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
    ),
    Record(
        name="causal_lm",
        task="language models that predict the next token",
        formula=r"-\ln \operatorname{softmax}(z_t)_{x_{t+1}}"
        r" + \zeta \ln^2 \textstyle\sum_v e^{z_{tv}}",
        units="nats per token",
        convex=True,
        differentiable="everywhere",
        bounded_pull=True,
        label_noise=False,
        domain="logits real, tokens: integers",
        sample=_text,
        wrt=("logits",),
        item_axes=2,
        batched=True,
        weightless=True,
        hyper={
            "ignore_index": IGNORE,
            "num_items": _NUM_ITEMS,
            "z_loss": _Z_LOSS,
        },
        equivalents={"torch": "torch.nn.functional.cross_entropy (of shifted, flattened tokens)"},
        paper="Bengio et al. (2003), JMLR 3",
    ),
    Record(
        name="masked_lm",
        task="language models that fill in masked tokens",
        formula=r"-\ln \operatorname{softmax}(z_t)_{x_t} \text{ where } t \text{ was masked}",
        units="nats per masked token",
        convex=True,
        differentiable="everywhere",
        bounded_pull=True,
        label_noise=False,
        domain="logits real, target: integers",
        sample=_masked,
        wrt=("logits",),
        item_axes=2,
        batched=True,
        weightless=True,
        hyper={"ignore_index": IGNORE, "num_items": _NUM_ITEMS},
        equivalents={"torch": "torch.nn.functional.cross_entropy (of flattened tokens)"},
        paper="Devlin et al. (2019), NAACL, arXiv:1810.04805",
    ),
    Record(
        name="linear_cross_entropy",
        task="language models and classifiers whose logits do not fit into memory",
        formula=r"-\sum_c w_c t_c \ln \operatorname{softmax}(W h + b)_c"
        r" + m\, \zeta \ln^2 \textstyle\sum_c e^{(W h + b)_c}, \quad m = \sum_c w_c t_c",
        units="nats per vector",
        convex=True,
        differentiable="everywhere",
        bounded_pull=True,
        label_noise=False,
        domain="hidden, linear_weight, linear_bias real, target: integers",
        sample=_states,
        wrt=("hidden",),
        item_axes=2,
        batched=True,
        weightless=True,
        hyper=_HEAD,
        compatible=_few_or_all,
        equivalents={
            "torch": "torch.nn.functional.cross_entropy (of torch.nn.functional.linear);"
            " torch 2.13 also has torch.nn.functional.linear_cross_entropy",
        },
        paper="Wijmans et al. (2025), ICLR, arXiv:2411.09009",
    ),
]
