"""Losses over all pairs of a large batch, without their matrix of scores.

The scores are computed twice, a few rows at a time: once for the sums, which are updated as in an
online softmax, and once more on the way back. The memory is that of the rows and of one slice.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from lossfns._arguments import slices
from lossfns.torch._core import product, transformed

# Scores in a slice: few enough for the cache, enough rows for a fast matrix product.
_SLICE = 2**21
# Below as many scores the matrix costs little, and its loss can be differentiated twice.
_LARGE = 2**22


def is_large(rows: Tensor, columns: Tensor) -> bool:
    """Whether the matrix of scores is better not made; transforms and compilers take it apart."""
    return (
        len(rows) * len(columns) > _LARGE
        and not torch.compiler.is_compiling()
        and not transformed()
    )


def surprises(
    rows: Tensor,
    columns: Tensor,
    scale: Tensor | float,
    *,
    shift: int = 0,
    partners: Tensor | None = None,
    skip_own: bool = False,
    both: bool = False,
) -> tuple[Tensor, Tensor]:
    """-ln softmax of each row's partner among the columns and, if asked for, the other way round.

    The scores are scale · rows @ columns.T, and the partner of row i is column i + shift, counted
    round the first columns, as many as there are rows; or it has none among them, and `partners`
    are what its own score is computed with. With skip_own column i is no choice for row i.

    Returns:
        The losses of the rows, and those of the columns; these are empty unless both are asked for.
    """
    factor = torch.as_tensor(scale, dtype=rows.dtype, device=rows.device)
    if partners is None:
        own = (rows * columns[: len(rows)].roll(-shift, 0)).sum(-1) * factor
        place = shift
    else:
        own, place = (rows * partners).sum(-1) * factor, -1
    losses: tuple[Tensor, Tensor] = _Surprises.apply(  # type: ignore[no-untyped-call]
        rows, columns, factor, own, place, skip_own, both
    )
    return losses


def margin_losses(rows: Tensor, columns: Tensor, scale: Any, bias: Any) -> Tensor:
    """Σ ln(1 + e^-m) of each row, where m is the score of its own column, and less that of others.

    The scores are scale · rows @ columns.T + bias.
    """
    factor, offset = (
        torch.as_tensor(value, dtype=rows.dtype, device=rows.device) for value in (scale, bias)
    )
    losses: Tensor = _MarginLosses.apply(  # type: ignore[no-untyped-call]
        rows, columns, factor, offset
    )
    return losses


class _Surprises(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any,
        rows: Tensor,
        columns: Tensor,
        scale: Tensor,
        own: Tensor,
        place: int,
        skip_own: bool,
        both: bool,
    ) -> tuple[Tensor, Tensor]:
        ctx.settings = place, skip_own
        top, total = torch.empty_like(own), torch.empty_like(own)
        high, mass = torch.full_like(own, -torch.inf), torch.zeros_like(own)
        for part in slices(len(rows), None, len(columns), _SLICE):
            scores, _ = _scores(part, rows, columns, scale, own, place, skip_own)
            top[part] = scores.amax(1)
            if both:
                higher = torch.maximum(high, scores.amax(0))
                mass *= (high - higher).exp_()
                mass += (scores - higher).exp_().sum(0)
                high = higher
            total[part] = scores.sub_(top[part][:, None]).exp_().sum(1)
        ctx.save_for_backward(rows, columns, scale, own, top + total.log(), high + mass.log())
        # First the largest score less the partner's: near 0 logarithms have no digits to subtract.
        by_row = (top - own) + total.log()
        return by_row, (high - own) + mass.log() if both else own.new_empty(0)

    @staticmethod
    def backward(ctx: Any, by_row: Tensor, by_column: Tensor) -> tuple[Tensor | None, ...]:
        _refuse_second_derivatives()
        rows, columns, scale, own, row_sums, column_sums = ctx.saved_tensors
        place, skip_own = ctx.settings
        d_rows, d_columns = torch.empty_like(rows), torch.zeros_like(columns)
        d_own = -by_row - by_column if len(by_column) else -by_row
        for part in slices(len(rows), None, len(columns), _SLICE):
            scores, partner = _scores(part, rows, columns, scale, own, place, skip_own)
            slope = (scores - row_sums[part][:, None]).exp_().mul_(by_row[part][:, None])
            if len(by_column):
                slope += scores.sub_(column_sums).exp_().mul_(by_column)
            if partner is not None:
                d_own[part] += slope.gather(1, partner)[:, 0]
                slope.scatter_(1, partner, 0)
            d_rows[part] = product(slope, columns)
            d_columns += product(slope.T, rows[part])
        d_scale = (d_rows * rows).sum()
        return d_rows.mul_(scale), d_columns.mul_(scale), d_scale, d_own, None, None, None


class _MarginLosses(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, rows: Tensor, columns: Tensor, scale: Tensor, bias: Tensor) -> Tensor:
        ctx.save_for_backward(rows, columns, scale, bias)
        losses = rows.new_empty(len(rows))
        for part in slices(len(rows), None, len(columns), _SLICE):
            # Beyond the threshold of its softplus torch drops the tail: at 40 there is none.
            each = F.softplus(_minus_margins(part, rows, columns, scale, bias), threshold=40)
            losses[part] = each.sum(1)
        return losses

    @staticmethod
    def backward(ctx: Any, along: Tensor) -> tuple[Tensor, ...]:
        _refuse_second_derivatives()
        rows, columns, scale, bias = ctx.saved_tensors
        d_rows, d_columns = torch.empty_like(rows), torch.zeros_like(columns)
        d_bias = torch.zeros_like(bias)
        for part in slices(len(rows), None, len(columns), _SLICE):
            slope = _minus_margins(part, rows, columns, scale, bias).sigmoid_()
            slope *= along[part][:, None]
            slope.diagonal(part.start).neg_()
            d_rows[part] = product(slope, columns)
            d_columns += product(slope.T, rows[part])
            d_bias += slope.sum()
        d_scale = (d_rows * rows).sum()
        return d_rows.mul_(scale), d_columns.mul_(scale), d_scale, d_bias


def _minus_margins(
    part: slice, rows: Tensor, columns: Tensor, scale: Tensor, bias: Tensor
) -> Tensor:
    scores = product(rows[part], columns.T).mul_(scale).add_(bias)
    scores.diagonal(part.start).neg_()
    return scores


def _scores(
    part: slice,
    rows: Tensor,
    columns: Tensor,
    scale: Tensor,
    own: Tensor,
    place: int,
    skip_own: bool,
) -> tuple[Tensor, Tensor | None]:
    """Some rows of the scores, with the partner's as it was given, and where that is."""
    scores = product(rows[part], columns.T).mul_(scale)
    index = torch.arange(len(rows), device=rows.device)[part, None]
    partner = None
    if place >= 0:
        partner = (index + place) % len(rows)
        scores.scatter_(1, partner, own[part][:, None])
    if skip_own:
        scores.scatter_(1, index, -torch.inf)
    return scores, partner


def _refuse_second_derivatives() -> None:
    if torch.is_grad_enabled():  # as it is on the way back with create_graph=True
        raise RuntimeError(
            f"with more than {_LARGE:,} pairs this loss has first derivatives only; for second "
            "ones (create_graph=True) take smaller batches"
        )
