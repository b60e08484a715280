"""A batch that is spread over processes: everybody's rows, and one loss of all of them.

The gradients are exact: on the way back each process gets what all of them want of its rows. So
the gradients of the processes, averaged as `DistributedDataParallel` does, are those of one process
that has the whole batch.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, distributed as dist
from torch.autograd.function import once_differentiable

from lossfns._arguments import Reduction
from lossfns.torch._core import reads_values, reduced

if TYPE_CHECKING or dist.is_available():
    from torch.distributed import ProcessGroup as ProcessGroup
else:  # a build of PyTorch without it, in which nobody has a group to pass

    class ProcessGroup:
        pass


def everybodys(group: ProcessGroup | None, **tensors: Tensor) -> list[Tensor]:
    """Rows of all processes of a group: first those of this one, then the others in their order.

    How many rows each has may differ. Without a group there is nobody else.
    """
    if group is None:
        return list(tensors.values())
    _check(group)
    sizes = _sizes(group, tensors)
    return [_joined(name, rows, group, sizes) for name, rows in tensors.items()]


def reduced_jointly(
    losses: Tensor, reduction: Reduction, group: ProcessGroup | None, mass: Tensor | None = None
) -> Tensor:
    """What `reduced` makes of the losses of all processes; with "none", of those of this one."""
    if group is None or reduction == "none":
        return reduced(losses, reduction, mass=mass)
    total = reduced(losses, "sum")
    if reduction == "sum":
        return _sum(total, group)
    items = total.new_tensor(losses.numel()) if mass is None else mass.sum()
    dist.all_reduce(items, group=group)
    return reduced(_sum(total, group), "mean", items=items.clamp(min=1))


def _check(group: object) -> None:
    if not isinstance(group, ProcessGroup):
        raise TypeError(
            "group must be a process group, such as torch.distributed.group.WORLD after "
            f"init_process_group, got {type(group).__name__}"
        )
    if dist.get_rank(group) < 0:
        raise ValueError("group does not hold this process, which cannot take part in its loss")


def _sizes(group: ProcessGroup, tensors: dict[str, Tensor]) -> list[int]:
    """How many rows each process has; all must agree in what a row is."""
    (name, first), *_ = tensors.items()
    width = first.shape[1] if first.dim() == 2 else 1
    mine = torch.tensor([len(first), width, first.element_size()], device=first.device)
    all_sizes = mine.new_empty(dist.get_world_size(group), 3)
    dist.all_gather(list(all_sizes), mine, group=group)
    rows: list[int]
    rows, widths, bytes_each = all_sizes.T.tolist()
    if set(widths) != {width}:
        raise ValueError(f"{name} must have as many columns in every process, got {widths}")
    if set(bytes_each) != {first.element_size()}:
        bits = [8 * n for n in bytes_each]
        raise ValueError(f"{name} must have one dtype in every process, got {bits} bits")
    return rows


def _joined(name: str, rows: Tensor, group: ProcessGroup, sizes: list[int]) -> Tensor:
    if rows.is_floating_point():
        columns: Tensor = _Joined.apply(rows, group, sizes)  # type: ignore[no-untyped-call]
    else:
        columns = _gathered(rows, group, sizes)
    if columns.is_floating_point() and reads_values(columns) and not columns.isfinite().all():
        # All stop here: one that went on would wait for the others.
        whose = " of another process" if rows.isfinite().all() else ""
        raise ValueError(f"{name}{whose} holds NaN or an infinity: the loss is undefined")
    return columns


def _gathered(rows: Tensor, group: ProcessGroup, sizes: list[int]) -> Tensor:
    # Gathering wants parts of one size: short ones are filled up.
    part = rows.new_zeros(max(sizes), *rows.shape[1:])
    part[: len(rows)] = rows
    parts = rows.new_empty(len(sizes), *part.shape)
    dist.all_gather(list(parts), part, group=group)
    rank = dist.get_rank(group)
    others = [parts[i, :n] for i, n in enumerate(sizes) if i != rank]
    return torch.cat([rows, *others])


def _sum(value: Tensor, group: ProcessGroup) -> Tensor:
    total: Tensor = _Sum.apply(value, group)  # type: ignore[no-untyped-call]
    return total


class _Joined(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, rows: Tensor, group: ProcessGroup, sizes: list[int]) -> Tensor:
        ctx.group, ctx.sizes = group, sizes
        return _gathered(rows, group, sizes)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, slope: Tensor) -> tuple[Tensor, None, None]:
        group, sizes, rank = ctx.group, ctx.sizes, dist.get_rank(ctx.group)
        wanted = slope.new_zeros(len(sizes), max(sizes), *slope.shape[1:])
        order = [rank, *(i for i in range(len(sizes)) if i != rank)]
        for i, part in zip(order, torch.split(slope, [sizes[i] for i in order]), strict=True):
            wanted[i, : sizes[i]] = part
        dist.all_reduce(wanted, group=group)
        return wanted[rank, : sizes[rank]], None, None


class _Sum(torch.autograd.Function):
    """Of a number over the processes; each is asked for what all of them were asked for."""

    @staticmethod
    def forward(ctx: Any, value: Tensor, group: ProcessGroup) -> Tensor:
        ctx.group = group
        total = value.clone()
        dist.all_reduce(total, group=group)
        return total

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, slope: Tensor) -> tuple[Tensor, None]:
        wanted = slope.clone()
        dist.all_reduce(wanted, group=ctx.group)
        return wanted, None
