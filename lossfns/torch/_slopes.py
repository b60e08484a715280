"""Element-wise losses whose slopes are known in closed form, in one pass over memory.

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
) -> Tensor:
    """What `reduced` makes of element-wise losses, formula(*inputs).

    Args:
        closed: gives the same losses of vectors, and for each input that may require a gradient a
            function for the slope by it. It need not mind extremes: where a loss is not finite, and
            where values may not be read, the formula is taken. So it is for second derivatives.
        formula: of operations that can be differentiated, right at every input.
        reduction: "none", "mean" or "sum".
        weight: of each item, from `paired`.
        inputs: of the same shape and dtype.
    """
    one_of("reduction", reduction, REDUCTIONS)
    if reads_values(inputs[0]):
        if weight is None and reduction != "none":
            items = max(inputs[0].numel(), 1) if reduction == "mean" else 1
            value = _Sloped.apply(closed, formula, items, *inputs)  # type: ignore[no-untyped-call]
        else:
            losses = _Sloped.apply(closed, formula, None, *inputs)  # type: ignore[no-untyped-call]
            value = reduced(losses, reduction, weight)
        # The sum is finite only if all are.
        if math.isfinite((value.detach().sum() if value.dim() else value).item()):
            return value
    return reduced(formula(*inputs), reduction, weight)


def slice_size() -> int:
    """How many numbers a slice holds: each core has its own cache."""
    return _SLICE * torch.get_num_threads()


def in_slices(*tensors: Tensor, width: int | None = None) -> Iterable[tuple[Tensor, ...]]:
    """The same tensors as vectors, or as rows of a width, in slices that fit the cores' caches."""
    shape, size = (
        ((-1,), slice_size()) if width is None else ((-1, width), max(1, slice_size() // width))
    )
    flat = [one.reshape(shape) for one in tensors]
    if len(flat[0]) <= size:
        return [tuple(flat)]
    return zip(*(torch.split(one, size) for one in flat), strict=True)


class _Sloped(torch.autograd.Function):
    """Each loss or, divided by a number of items, their sum."""

    @staticmethod
    def forward(ctx: Any, closed: Any, formula: Any, items: int | None, *inputs: Tensor) -> Tensor:
        ctx.settings = closed, formula, items
        ctx.save_for_backward(*inputs)
        ctx.save_for_forward(*inputs)
        losses, ctx.slopes = _evaluated(closed, items is None, inputs, ctx.needs_input_grad[3:])
        return losses if items is None else losses / items

    @staticmethod
    def backward(ctx: Any, along: Tensor) -> tuple[Tensor | None, ...]:
        closed, formula, items = ctx.settings
        inputs, needed = ctx.saved_tensors, ctx.needs_input_grad[3:]
        along = along if items is None else along / items
        wanted = [one for one, need in zip(inputs, needed, strict=True) if need]
        if torch.is_grad_enabled():  # for a second derivative
            total = formula(*inputs).sum()
            found = [
                slope * along for slope in torch.autograd.grad(total, wanted, create_graph=True)
            ]
        else:
            # What is kept becomes the gradient itself; a second way back computes it again.
            slopes = ctx.slopes or _evaluated(closed, False, inputs, needed)[1]
            ctx.slopes = []
            found = [slope * along if _many(along) else slope.mul_(along) for slope in slopes]
        given = iter(found)
        return (None, None, None, *(next(given) if need else None for need in needed))

    @staticmethod
    def jvp(ctx: Any, *changes: Any) -> Tensor:
        _, formula, items = ctx.settings
        moved = changes[3:]
        with torch.enable_grad():
            inputs = [
                one.detach().requires_grad_(d is not None)
                for one, d in zip(ctx.saved_tensors, moved, strict=True)
            ]
            wanted = [one for one in inputs if one.requires_grad]
            slopes = torch.autograd.grad(formula(*inputs).sum(), wanted)
        along = [d for d in moved if d is not None]
        change: Tensor = sum(s * d for s, d in zip(slopes, along, strict=True))
        return change if items is None else change.sum() / items


def _many(along: Tensor) -> bool:
    """Whether it stands for many, as in vmap, whose results do not fit the memory of one."""
    return transformed() or torch._C._functorch.is_legacy_batchedtensor(along)


def _evaluated(
    closed: Callable[..., tuple[Tensor, Sequence[Slope]]],
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
    outputs = [first.new_empty(first.shape), *slopes] if each else slopes
    totals = []
    for parts in in_slices(*inputs, *outputs):
        losses, derivatives = closed(*parts[: len(inputs)])
        into = list(parts[len(inputs) :])
        if each:
            into.pop(0).copy_(losses)
        else:
            totals.append(losses.sum())
        for slope, need in zip(derivatives, needed, strict=False):
            if need:
                into.pop(0).copy_(slope())
    return outputs[0] if each else torch.stack(totals).sum(), slopes
