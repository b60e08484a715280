"""Losses of self-supervised speech models, as in wav2vec 2.0."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor

from lossfns import numpy as ln
from lossfns._arguments import Reduction, embedding_shapes, number, one_of
from lossfns.torch._classes import distribution, times_log
from lossfns.torch._core import (
    compute_dtype,
    item_weight,
    loss,
    reduced,
    together,
)
from lossfns.torch._embeddings import unit


@loss(ln.wav2vec2_contrastive)
def wav2vec2_contrastive(
    context: Tensor,
    quantized: Tensor,
    *,
    distractors: Tensor,
    temperature: float = 0.1,
    reduction: Reduction = "mean",
    sample_weight: Tensor | None = None,
    validate: bool = False,
) -> Tensor:
    """PyTorch:
        None.
    Example:
        >>> import torch, lossfns.torch as lt
        >>> frame, other = torch.tensor([[1.0, 0.0]]), torch.tensor([[[0.0, 1.0]]])
        >>> lt.wav2vec2_contrastive(frame, frame, distractors=other, temperature=1.0)
        tensor(0.3133)
    """
    number("temperature", temperature, above=0)
    given = {"context": context, "quantized": quantized, "distractors": distractors}
    rows, true, others = together(given, **given)
    shapes = {"context": tuple(rows.shape), "quantized": tuple(true.shape)}
    embedding_shapes(shapes, batch=True)
    if others.dim() != 3 or others.shape[::2] != rows.shape or not others.shape[1]:
        raise ValueError(
            f"distractors must have the shape (items, distractors, dimensions) for context "
            f"{tuple(rows.shape)}, got {tuple(others.shape)}"
        )
    weight = None
    candidates = torch.cat([true[:, None], others], 1)
    if sample_weight is not None:
        weight = item_weight(sample_weight, rows, rows.shape[:1], validate)
        rows = torch.where(weight[:, None] == 0, 0, rows)
        candidates = torch.where(weight[:, None, None] == 0, 0, candidates)
    cosines = (unit(rows)[:, None] * unit(candidates)).sum(-1)
    return reduced(-(cosines / temperature).log_softmax(-1)[:, 0], reduction, weight)


@loss(ln.codebook_diversity)
def codebook_diversity(
    probs: Tensor, *, reduction: Literal["mean"] = "mean", validate: bool = False
) -> Tensor:
    """PyTorch:
        None.
    Example:
        >>> import torch, lossfns.torch as lt
        >>> lt.codebook_diversity(torch.eye(2)[:, None])
        tensor(-0.3466)
    """
    one_of("reduction", reduction, ("mean",))
    rows = compute_dtype("probs", probs)
    if rows.dim() != 3 or 0 in rows.shape[1:]:
        raise ValueError(
            f"probs must have the shape (items, codebooks, entries), got {tuple(rows.shape)}"
        )
    distribution("probs", rows, validate)
    if not len(rows):
        return reduced(rows, "sum")
    mean = rows.mean(0)
    return reduced(times_log(mean, mean).sum(-1) / rows.shape[2], "mean")
