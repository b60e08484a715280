"""Losses of molecular structure, as in AlphaFold 2."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from lossfns import numpy as ln
from lossfns._arguments import Reduction, frame_shapes, number
from lossfns.torch._classes import pick
from lossfns.torch._core import (
    loss,
    product,
    reads_values,
    reduced,
    together,
)


@loss(ln.fape)
def fape(
    positions: Tensor,
    target: Tensor,
    *,
    rotations: Tensor,
    translations: Tensor,
    target_rotations: Tensor,
    target_translations: Tensor,
    clamp: float = 10.0,
    scale: float = 10.0,
    epsilon: float = 1e-4,
    reduction: Reduction = "mean",
    validate: bool = False,
) -> Tensor:
    """PyTorch:
        None.
    Example:
        >>> import torch, lossfns.torch as lt
        >>> frames = dict(rotations=torch.eye(3)[None], translations=torch.zeros(1, 3))
        >>> truth = {f"target_{name}": value for name, value in frames.items()}
        >>> lt.fape(torch.tensor([[3.0, 4.0, 0.0]]), torch.zeros(1, 3), **frames, **truth)
        tensor(0.5000)
    """
    number("clamp", clamp, above=0)
    number("scale", scale, above=0)
    number("epsilon", epsilon, above=0)
    predicted = {"positions": positions, "rotations": rotations, "translations": translations}
    true = {
        "target": target,
        "target_rotations": target_rotations,
        "target_translations": target_translations,
    }
    x, r, t, x_true, r_true, t_true = together(predicted, **predicted, **true)
    shapes = tuple(x.shape), tuple(r.shape), tuple(t.shape)
    true_shapes = tuple(x_true.shape), tuple(r_true.shape), tuple(t_true.shape)
    frame_shapes(list(predicted), *shapes)
    frame_shapes(list(true), *true_shapes, shapes)
    gap = product(x - t[:, None], r) - product(x_true - t_true[:, None], r_true)
    distance = ((gap**2).sum(-1) + epsilon).sqrt()
    # `minimum` of tensors shares the gradient at the tie, where `clamp` takes a side.
    return reduced(torch.minimum(distance, distance.new_full((), clamp)) / scale, reduction)


@loss(ln.distogram)
def distogram(
    logits: Tensor,
    target: Tensor,
    *,
    first: float = 2.3125,
    last: float = 21.6875,
    reduction: Reduction = "mean",
    validate: bool = False,
) -> Tensor:
    """PyTorch:
        None.
    Example:
        >>> import torch, lossfns.torch as lt
        >>> lt.distogram(torch.zeros(2, 2, 64), torch.zeros(2, 3))
        tensor(4.1589)
    """
    number("first", first, above=-math.inf, below=math.inf)
    number("last", last, above=-math.inf, below=math.inf)
    if first >= last:
        raise ValueError(f"first must be smaller than last, got {first!r} and {last!r}")
    rows, positions = together(logits=logits, target=target)
    n, shape = rows.shape[0] if rows.dim() else 0, tuple(rows.shape)
    if rows.dim() != 3 or shape[1] != n or tuple(positions.shape) != (n, 3):
        raise ValueError(
            f"logits must have the shape (residues, residues, bins) and target, of its "
            f"residues, {(n, 3)}, got {shape} and {tuple(positions.shape)}"
        )
    if shape[2] < 2:
        raise ValueError(f"logits must have at least 2 bins, got {shape[2]}")
    distances = ((positions[:, None] - positions) ** 2).sum(-1).sqrt()
    if reads_values(distances, validate) and distances.isnan().any():
        raise ValueError("target holds NaN or an infinity: the distances are undefined")
    edges = torch.linspace(first, last, shape[2] - 1, dtype=rows.dtype, device=rows.device)
    bins = torch.searchsorted(edges, distances.contiguous(), side="left")
    return reduced(-pick(rows.log_softmax(-1), bins), reduction)
