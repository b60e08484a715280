"""Losses of self-supervised speech models, as in wav2vec 2.0."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from lossfns._arguments import Reduction, embedding_shapes, number, one_of
from lossfns.numpy._classes import distribution, log_softmax, times
from lossfns.numpy._core import Array, Evaluation, item_weight, loss, real, reduced
from lossfns.numpy._embeddings import unit


@loss
def wav2vec2_contrastive(
    context: ArrayLike,
    quantized: ArrayLike,
    *,
    distractors: ArrayLike,
    temperature: float = 0.1,
    reduction: Reduction = "mean",
    sample_weight: ArrayLike | None = None,
) -> Evaluation:
    """wav2vec 2.0's contrastive loss: find the true quantised latent among distractors.

        l_t = -ln (exp(cos(c_t, q_t) / κ) / Σ_{q in {q_t} ∪ distractors} exp(cos(c_t, q) / κ))

    Args:
        context: c, the transformer's outputs at masked frames, floating point, (n, d).
        quantized: q, the quantised latents of the same frames, (n, d).
        distractors: (n, K, d), quantised latents of K other masked frames of the utterance.
        temperature: κ > 0.
        reduction, sample_weight: as for every loss; one loss per frame.
    Returns:
        The loss, in nats; ln(K + 1) for a context that knows nothing. A distractor equal to the
        true latent counts as a negative; fairseq drops such distractors.
    Raises:
        TypeError, ValueError: shapes do not fit, integers, NaN, temperature ≤ 0.
    Gradient:
        With respect to the cosines, (softmax - [true]) / (n κ).
    Pitfall:
        The quantiser learns through it as well and can collapse: add `codebook_diversity`.
    Reference:
        Baevski et al. (2020), NeurIPS, arXiv:2006.11477.
    Chapter:
        loss-wav2vec2-contrastive
    Example:
        >>> import lossfns.numpy as ln
        >>> frame, other = [[1.0, 0.0]], [[[0.0, 1.0]]]
        >>> round(ln.wav2vec2_contrastive(frame, frame, distractors=other, temperature=1.0), 4)
        0.3133
    """
    number("temperature", temperature, above=0)
    rows, true = (
        real("context", context, floating=True),
        real("quantized", quantized, floating=True),
    )
    embedding_shapes({"context": rows.shape, "quantized": true.shape}, batch=True)
    others = real("distractors", distractors, floating=True)
    if others.ndim != 3 or others.shape[::2] != rows.shape or not others.shape[1]:
        raise ValueError(
            f"distractors must have the shape (items, distractors, dimensions) for context "
            f"{rows.shape}, got {others.shape}"
        )
    weight = None if sample_weight is None else item_weight(sample_weight, rows.shape[:1])
    candidates = np.concatenate([true[:, None], others], axis=1)
    if weight is not None:
        rows = np.where(weight[:, None] == 0, 0.0, rows)
        candidates = np.where(weight[:, None, None] == 0, 0.0, candidates)
    (c, back_c), (q, back_q) = unit(rows), unit(candidates)
    log_probs = log_softmax((c[:, None] * q).sum(axis=-1) / temperature)

    def pull() -> Array:
        # By the similarities: softmax less the true one, which comes first.
        wrong = np.exp(log_probs)
        wrong[:, 0] -= 1
        return wrong[..., None] / temperature

    return reduced(
        -log_probs[:, 0],
        reduction,
        weight,
        context=lambda: back_c((pull() * q).sum(axis=1)),
        quantized=lambda: back_q(pull() * c[:, None])[:, 0],
        distractors=lambda: back_q(pull() * c[:, None])[:, 1:],
    )


@loss
def codebook_diversity(
    probs: ArrayLike,
    *,
    reduction: Literal["mean"] = "mean",
) -> Evaluation:
    """wav2vec 2.0's diversity loss: use all entries of every codebook equally often.

        L = 1/(G V) Σ_g Σ_v p̄_gv ln p̄_gv,   p̄ the mean of the softmax over the batch

    Args:
        probs: probabilities of the V entries of G codebooks, floating point, (n, G, V), before
            noise and hardening.
        reduction: "mean" only: the entropy is of the batch, not of an item.
    Returns:
        The loss, in nats per entry, between -ln V / V and 0.
    Raises:
        TypeError, ValueError: shapes, rows that are not distributions, integers, NaN.
    Gradient:
        (ln p̄_gv + 1) / (G V n), and 0 for entries never used, where it is infinite.
    Pitfall:
        It asks for diversity over the batch; per frame the choice should be sharp.
    Reference:
        Baevski et al. (2020), NeurIPS, arXiv:2006.11477, equation 4.
    Chapter:
        loss-codebook-diversity
    Example:
        >>> import lossfns.numpy as ln
        >>> round(ln.codebook_diversity([[[1.0, 0.0]], [[0.0, 1.0]]]), 4)
        -0.3466
    """
    one_of("reduction", reduction, ("mean",))
    rows = real("probs", probs, floating=True)
    if rows.ndim != 3 or 0 in rows.shape[1:]:
        raise ValueError(f"probs must have the shape (items, codebooks, entries), got {rows.shape}")
    distribution("probs", rows)
    codebooks = rows.shape[1:]
    mean: Array = np.asarray(rows.mean(axis=0) if len(rows) else np.ones(codebooks))
    losses = times(mean, np.log(mean)).sum(axis=-1) / codebooks[-1]

    def slope() -> Array:
        # d(p ln p) = (ln p + 1) dp, of the mean p, in which each item has its share.
        flat = np.where(mean > 0, np.log(mean) + 1, 0.0) / codebooks[-1]
        return np.broadcast_to(flat / max(len(rows), 1), rows.shape)

    return reduced(losses, "mean", probs=slope)
