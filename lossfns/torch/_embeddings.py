"""What losses over embeddings share: unit vectors and distances."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from lossfns.torch._core import extremes_of


def distance(difference: Tensor, p: float = 2.0) -> Tensor:
    """p-norm of each row; where the row is 0 the derivative is 0, not NaN."""
    if p == math.inf:
        return difference.abs().amax(-1)  # equal largest entries share the derivative
    if p == 2 and difference.numel():
        lengths: Tensor = torch.linalg.vector_norm(difference, dim=-1)
        if _ordinary(lengths):
            return lengths
    size = difference.detach().abs().amax(-1, keepdim=True)
    same = size == 0
    # In units of the largest entry no power overflows; a row of zeros takes a detour around the
    # root, whose slope there is infinite.
    relative = difference.abs() / torch.where(same, 1, size)
    norm = torch.where(same, 1, relative).pow(p).sum(-1, keepdim=True).pow(1 / p)
    return torch.where(same, 0, size * norm)[..., 0]


def unit(rows: Tensor) -> Tensor:
    """Rows scaled to length 1; a row of zeros has no direction, stays zero and gets no gradient."""
    return directions(rows)[0]


def directions(rows: Tensor) -> tuple[Tensor, Tensor | None]:
    """The same, and which of them have a direction; None if all are known to have one."""
    lengths = (rows * rows).sum(-1, keepdim=True).sqrt()
    if _ordinary(lengths):
        return rows / lengths, None
    # The length of the largest rows would overflow; in units of their largest entry they point the
    # same way.
    size = rows.detach().abs().amax(-1, keepdim=True)
    rows = rows / torch.where(size > torch.finfo(rows.dtype).max ** 0.5, size, 1)
    length = distance(rows)[..., None]
    none = length == 0
    return torch.where(none, 0, rows / torch.where(none, 1, length)), ~none[..., 0]


def _ordinary(lengths: Tensor) -> bool:
    """Whether it is known that none of their squares has overflowed, and that none is 0."""
    extremes = extremes_of(lengths)
    return extremes is not None and 1e-15 < extremes[0] and extremes[1] < 1e15
