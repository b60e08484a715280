"""Losses of numbers or of rows whose slopes are known in closed form, in one pass over memory.

As a chain of operations a loss writes every step for the whole batch and keeps some of them for the
way back: the time is that of the memory, not of the arithmetic. Here each slice of the batch, small
enough for the cache, goes all the way, and nothing is kept but the slopes.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import torch
from torch import Tensor

from lossfns._arguments import REDUCTIONS, Reduction, one_of
from lossfns.torch._core import reads_values, reduced, transformed

Slope = Callable[[], Tensor]

# Numbers that a core works on at a time: few enough for its cache.
_SLICE = 2**17


def reduced_by_slopes(
    closed: Callable[..., tuple[Tensor, Sequence[Slope]]],
    formula: Callable[..., Tensor],
    reduction: Reduction,
    weight: Tensor | None,
    *inputs: Tensor,
    rows: bool = False,
) -> Tensor:
    """What `reduced` makes of element-wise losses, or of losses of rows, formula(*inputs).

    Args:
        closed: gives the same losses of vectors, or of a matrix of rows, and for each input that
            may require a gradient a function for the slope by it. It need not mind extremes: where
            a loss is not finite, and where values may not be read, the formula is taken. So it is
            for second derivatives.
        formula: of operations that can be differentiated, right at every input.
        reduction: "none", "mean" or "sum".
        weight: of each item, from `paired`.
        inputs: of the same shape.
        rows: there is a loss for each row, which lies along the last axis; of that the inputs may
            differ in length.
    """
    one_of("reduction", reduction, REDUCTIONS)
    if reads_values(inputs[0]):
        shared = weight is None and reduction != "none"
        items = None
        if shared:
            width = inputs[0].shape[-1] if rows else 1
            items = max(inputs[0].numel() // width, 1) if reduction == "mean" else 1
        value = _Sloped.apply(closed, formula, rows, items, *inputs)  # type: ignore[no-untyped-call]
        if not shared:
            value = reduced(value, reduction, weight)
        # The sum is finite only if all are.
        if math.isfinite((value.detach().sum() if value.dim() else value).item()):
            return value
    return reduced(formula(*inputs), reduction, weight)


def is_small(batch: Tensor) -> bool:
    """Whether calls take longer than the arithmetic: then the fewest operations are the fastest."""
    return batch.numel() < 2**13


def slice_size() -> int:
    """How many numbers a slice holds: each core has its own cache."""
    return _SLICE * torch.get_num_threads()


def in_slices(*tensors: Tensor, rows: bool = False) -> Iterable[tuple[Tensor, ...]]:
    """The same tensors as vectors, or as matrices of rows, in slices that fit the cores' caches.

    Few numbers are one slice, and keep their shape.
    """
    size = slice_size()
    if tensors[0].numel() <= size:
        return [tensors]
    if rows:
        size = max(1, size // tensors[0].shape[-1])
    flat = (one.reshape(-1, one.shape[-1]) if rows else one.reshape(-1) for one in tensors)
    return zip(*(torch.split(one, size) for one in flat), strict=True)


class _Sloped(torch.autograd.Function):
    """Each loss or, divided by a number of items, their sum."""

    @staticmethod
    def forward(
        ctx: Any, closed: Any, formula: Any, rows: bool, items: int | None, *inputs: Tensor
    ) -> Tensor:
        ctx.settings = closed, formula, rows, items
        ctx.save_for_backward(*inputs)
        ctx.save_for_forward(*inputs)
        needed = ctx.needs_input_grad[4:]
        losses: Tensor
        losses, ctx.slopes = _evaluated(closed, rows, items is None, inputs, needed)
        return losses if items is None else losses.div_(items)

    @staticmethod
    def backward(ctx: Any, along: Tensor) -> tuple[Tensor | None, ...]:
        closed, formula, rows, items = ctx.settings
        inputs, needed = ctx.saved_tensors, ctx.needs_input_grad[4:]
        if items is not None:
            along = along / items
        elif rows:
            along = along[..., None]
        wanted = [one for one, need in zip(inputs, needed, strict=True) if need]
        if torch.is_grad_enabled():  # for a second derivative
            total = formula(*inputs).sum()
            found = [
                slope * along for slope in torch.autograd.grad(total, wanted, create_graph=True)
            ]
        else:
            # What is kept becomes the gradient itself; a second way back computes it again.
            slopes = ctx.slopes or _evaluated(closed, rows, False, inputs, needed)[1]
            ctx.slopes = []
            found = [slope * along if _many(along) else slope.mul_(along) for slope in slopes]
        given = iter(found)
        return (*(None,) * 4, *(next(given) if need else None for need in needed))

    @staticmethod
    def jvp(ctx: Any, *changes: Any) -> Tensor:
        _, formula, rows, items = ctx.settings
        moved = changes[4:]
        with torch.enable_grad():
            inputs = [
                one.detach().requires_grad_(d is not None)
                for one, d in zip(ctx.saved_tensors, moved, strict=True)
            ]
            wanted = [one for one in inputs if one.requires_grad]
            slopes = torch.autograd.grad(formula(*inputs).sum(), wanted)
        along = [d for d in moved if d is not None]
        change: Tensor = sum(s * d for s, d in zip(slopes, along, strict=True))
        if items is not None:
            change = change.sum() / items
        elif rows:
            change = change.sum(-1)
        return change


def _many(along: Tensor) -> bool:
    """Whether it stands for many, as in vmap, whose results do not fit the memory of one."""
    return transformed() or torch._C._functorch.is_legacy_batchedtensor(along)


def _evaluated(
    closed: Callable[..., tuple[Tensor, Sequence[Slope]]],
    rows: bool,
    each: bool,
    inputs: Sequence[Tensor],
    needed: Sequence[bool],
) -> tuple[Tensor, list[Tensor]]:
    """The losses, or else their sum, and the slopes that are needed."""
    first = inputs[0]
    if first.numel() <= slice_size():
        losses, derivatives = closed(*inputs)
        slopes = [slope() for slope, need in zip(derivatives, needed, strict=False) if need]
        return losses if each else losses.sum(), slopes
    slopes = [first.new_empty(first.shape) for need in needed if need]
    of_all = first.new_empty(first.shape[:-1] if rows else first.shape)
    outputs = [of_all[..., None] if rows else of_all, *slopes] if each else slopes
    totals = []
    for parts in in_slices(*inputs, *outputs, rows=rows):
        losses, derivatives = closed(*parts[: len(inputs)])
        into = list(parts[len(inputs) :])
        if each:
            into.pop(0).copy_(losses[:, None] if rows else losses)
        else:
            totals.append(losses.sum())
        for slope, need in zip(derivatives, needed, strict=False):
            if need:
                into.pop(0).copy_(slope())
    return of_all if each else torch.stack(totals).sum(), slopes
