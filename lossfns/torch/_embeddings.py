"""What losses over embeddings share: unit vectors and distances."""

from __future__ import annotations

import math

import torch
from torch import Tensor


def distance(difference: Tensor, p: float = 2.0) -> Tensor:
    """p-norm of each row; where the row is 0 the derivative is 0, not NaN."""
    if p == math.inf:
        return difference.abs().amax(-1)  # equal largest entries share the derivative
    size = difference.detach().abs().amax(-1, keepdim=True)
    same = size == 0
    # In units of the largest entry no power overflows; a row of zeros takes a detour around the
    # root, whose slope there is infinite.
    relative = difference.abs() / torch.where(same, 1, size)
    norm = torch.where(same, 1, relative).pow(p).sum(-1, keepdim=True).pow(1 / p)
    return torch.where(same, 0, size * norm)[..., 0]


def unit(rows: Tensor) -> Tensor:
    """Rows scaled to length 1; a row of zeros has no direction, stays zero and gets no gradient."""
    # In units of the largest entry, in which no length overflows; the unit vector is the same.
    size = rows.detach().abs().amax(-1, keepdim=True)
    none = size == 0
    relative = rows / torch.where(none, 1, size)
    length = torch.where(none, 1, relative).square().sum(-1, keepdim=True).sqrt()
    return torch.where(none, 0, relative / length)
