"""Several losses into one: fixed and learned weights, balanced gradients, projected gradients.

Losses of tasks come as one tensor with an axis of tasks, or as a list of tensors of equal shape.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from lossfns import numpy as ln
from lossfns._arguments import (
    Reduction,
    TaskKind,
    class_axis,
    integer,
    number,
    same_shapes,
    task_factors,
    task_vector,
)
from lossfns.torch._classes import class_rows, times
from lossfns.torch._core import (
    companion,
    compute_dtype,
    loss,
    reduced,
    tensor,
    together,
    within,
)


@loss(ln.weighted_sum)
def weighted_sum(
    losses: Tensor | Sequence[Tensor],
    *,
    weights: Tensor | Sequence[float],
    axis: int = -1,
    reduction: Reduction = "mean",
    sample_weight: Tensor | None = None,
    validate: bool = False,
) -> Tensor:
    """PyTorch:
        None. Losses may be a list of tensors of equal shape, weights a list of numbers.
    Example:
        >>> import torch, lossfns.torch as lt
        >>> lt.weighted_sum([torch.tensor(0.5), torch.tensor(200.0)], weights=[1.0, 0.01])
        tensor(2.5000)
    """
    rows = compute_dtype("losses", _stacked(losses, axis))
    if isinstance(weights, (list, tuple)):
        for one in weights:
            number("weights", one, at_least=0)
        weights = _filled(weights, rows)
    factors = companion("weights", weights, rows)
    task_vector("weights", tuple(factors.shape), tuple(rows.shape), axis)
    within("weights", factors, low=0.0, validate=validate)
    rows, share = class_rows(axis, sample_weight, validate, losses=rows)
    return reduced(times(factors.expand_as(rows), rows).sum(-1), reduction, share)


@loss(ln.uncertainty_weighting)
def uncertainty_weighting(
    losses: Tensor | Sequence[Tensor],
    log_vars: Tensor,
    *,
    kinds: TaskKind | Sequence[TaskKind] = "regression",
    axis: int = -1,
    reduction: Reduction = "mean",
    sample_weight: Tensor | None = None,
    validate: bool = False,
) -> Tensor:
    """PyTorch:
        None. Losses may be a list of tensors of equal shape. See also `UncertaintyWeighting`.
    Example:
        >>> import torch, lossfns.torch as lt
        >>> losses, kinds = torch.tensor([4.0, 3.0]), ["regression", "classification"]
        >>> lt.uncertainty_weighting(losses, torch.zeros(2), kinds=kinds)
        tensor(5.)
    """
    rows, spread = together(losses=_stacked(losses, axis), log_vars=log_vars)
    class_axis("losses", tuple(rows.shape), axis)
    factors = task_factors(kinds, rows.shape[axis])
    if spread.shape != rows.shape:
        task_vector("log_vars", tuple(spread.shape), tuple(rows.shape), axis)
        spread = spread.expand(rows.movedim(axis, -1).shape).movedim(-1, axis)
    rows, spread, share = class_rows(axis, sample_weight, validate, losses=rows, log_vars=spread)
    pull = _filled(factors, rows) * torch.exp(-spread)
    return reduced((times(pull, rows) + 0.5 * spread).sum(-1), reduction, share)


class UncertaintyWeighting(nn.Module):
    """`uncertainty_weighting` with log-variances that train with the network.

    Give its parameters to the optimizer, without weight decay: that would pull every s to 0.

    Args:
        kinds: "regression" or "classification" for each task.
        initial_weights: what multiplies each loss at the start, > 0. By default every s is 0,
            which is a weight of ½ for regression and 1 for classification.
    Raises:
        TypeError, ValueError: unknown kinds, not one initial weight > 0 per task.
    Reference:
        Kendall, Gal & Cipolla (2018), CVPR, arXiv:1705.07115.
    Chapter:
        loss-uncertainty-weighting
    Example:
        >>> import torch, lossfns.torch as lt
        >>> balance = lt.UncertaintyWeighting(["regression", "classification"])
        >>> balance([torch.tensor(4.0), torch.tensor(3.0)])
        tensor(5., grad_fn=<MeanBackward0>)
        >>> balance.weights
        tensor([0.5000, 1.0000])
    """

    def __init__(
        self, kinds: Sequence[TaskKind], *, initial_weights: Sequence[float] | None = None
    ) -> None:
        super().__init__()
        if isinstance(kinds, str):
            raise TypeError("kinds must be a list, one kind per task, got a string")
        factors = torch.tensor(task_factors(kinds, len(kinds)))
        self.kinds = tuple(kinds)
        self.register_buffer("_factors", factors, persistent=False)
        start = factors
        if initial_weights is not None:
            if len(initial_weights) != len(kinds):
                raise ValueError(
                    f"initial_weights must have one value per task, {len(kinds)}, "
                    f"got {len(initial_weights)}"
                )
            for weight in initial_weights:
                number("initial_weights", weight, above=0, below=float("inf"))
            start = torch.tensor(initial_weights, dtype=factors.dtype)
        # The weight of a loss is c e^{-s}.
        self.log_vars = nn.Parameter(-(start / factors).log())

    @property
    def weights(self) -> Tensor:
        """What multiplies each loss at present."""
        factors: Tensor = self.get_buffer("_factors")
        return factors * torch.exp(-self.log_vars.detach())

    def forward(self, losses: Tensor | Sequence[Tensor], **options: Any) -> Tensor:
        """Combine the losses of the tasks; options as in `uncertainty_weighting`."""
        return uncertainty_weighting(losses, self.log_vars, kinds=self.kinds, **options)

    def extra_repr(self) -> str:
        return f"kinds={list(self.kinds)}"


class GradNorm(nn.Module):
    """Weights that make the tasks train at similar rates, by the gradients in a shared layer.

        G_k = ‖∇_W w_k L_k‖,   r_k = (L_k / L_k(0)) / mean,
        minimise Σ_k |G_k - mean(G) r_k^α| over w,   then scale to Σ w = K

    One step of training, after `losses` of the tasks have been computed:

        total = balance(losses)
        pull = balance.balancing_loss(losses, shared.weight)
        (total + pull).backward()
        optimizer.step()          # of the network and of balance.parameters()
        balance.renormalize()

    The first call sets L(0). `total` moves only the network, `pull` only the weights: the norms
    of the gradients enter it as numbers, so there is no second derivative of the network.

    Args:
        tasks: how many.
        alpha: α ≥ 0, how strongly slow tasks are pushed; 0 makes all gradients equally large.
    Raises:
        TypeError, ValueError: tasks not an integer ≥ 1, alpha < 0, not one loss per task.
    Reference:
        Chen et al. (2018), GradNorm, ICML, arXiv:1711.02257.
    Chapter:
        loss-gradnorm
    Example:
        >>> import torch, lossfns.torch as lt
        >>> balance, w = lt.GradNorm(2), torch.ones(1, requires_grad=True)
        >>> losses = [(3 * w).sum(), (w - 2).pow(2).sum()]
        >>> balance.balancing_loss(losses, w)  # |3 - 2.5| + |2 - 2.5|
        tensor(1., grad_fn=<SumBackward0>)
    """

    def __init__(self, tasks: int, *, alpha: float = 1.5) -> None:
        super().__init__()
        _check_tasks(tasks)
        number("alpha", alpha, at_least=0)
        self.alpha = alpha
        self.weights = nn.Parameter(torch.ones(tasks))
        # 0 stands for not seen yet.
        self.register_buffer("initial_losses", torch.zeros(tasks))

    def forward(self, losses: Tensor | Sequence[Tensor]) -> Tensor:
        """The weighted sum of the losses, for the network."""
        rows = self._row(losses)
        self._first(rows)
        return (self.weights.detach() * rows).sum()

    def balancing_loss(
        self, losses: Tensor | Sequence[Tensor], shared: Tensor | Iterable[Tensor]
    ) -> Tensor:
        """How far the gradients in the shared parameters are from balance, for the weights."""
        rows = self._row(losses)
        initial = self._first(rows)
        parameters = (shared,) if isinstance(shared, Tensor) else tuple(shared)
        norms = torch.stack([_norm(_gradients(one, parameters)) for one in _each(losses)])
        rate = rows.detach() / torch.where(initial == 0, 1, initial)
        mean = rate.mean()
        relative = torch.where(mean == 0, 1, rate / torch.where(mean == 0, 1, mean))
        sizes = self.weights * norms
        return (sizes - (sizes.mean() * relative**self.alpha).detach()).abs().sum()

    @torch.no_grad()
    def renormalize(self) -> None:
        """After a step of the optimizer: weights > 0 that sum to the number of tasks."""
        self.weights.clamp_(min=1e-6)
        self.weights.mul_(self.weights.numel() / self.weights.sum())

    def _row(self, losses: Tensor | Sequence[Tensor]) -> Tensor:
        rows = compute_dtype("losses", _stacked(losses, -1))
        _check_row(rows, self.weights)
        return rows

    def _first(self, rows: Tensor) -> Tensor:
        initial = self.get_buffer("initial_losses")
        if self.training:
            initial.copy_(torch.where(initial == 0, rows.detach(), initial))
        return initial

    def extra_repr(self) -> str:
        return f"tasks={self.weights.numel()}, alpha={self.alpha}"


class DWA(nn.Module):
    """Dynamic weight average: tasks whose loss falls more slowly get more weight.

        w_k = K softmax(r / T)_k,   r_k = L_k(t - 1) / L_k(t - 2), losses averaged over an epoch

    In the first two epochs all weights are 1. Call `step()` at the end of every epoch.

    Args:
        tasks: how many.
        temperature: T > 0; large evens the weights out.
    Raises:
        TypeError, ValueError: tasks not an integer ≥ 1, temperature ≤ 0, not one loss per task,
        `step()` after an epoch without losses.
    Reference:
        Liu, Johns & Davison (2019), End-to-end multi-task learning with attention, CVPR,
        arXiv:1803.10704.
    Chapter:
        loss-dwa
    Example:
        >>> import torch, lossfns.torch as lt
        >>> balance = lt.DWA(2)
        >>> for losses in ([4.0, 1.0], [2.0, 1.0]):  # the first halves, the second stands still
        ...     total = balance(torch.tensor(losses))
        ...     balance.step()
        >>> balance.weights
        tensor([0.8756, 1.1244])
    """

    def __init__(self, tasks: int, *, temperature: float = 2.0) -> None:
        super().__init__()
        _check_tasks(tasks)
        number("temperature", temperature, above=0)
        self.temperature = temperature
        self.register_buffer("weights", torch.ones(tasks))
        self.register_buffer("total", torch.zeros(tasks))
        self.register_buffer("batches", torch.zeros((), dtype=torch.long))
        # The mean losses of the last epoch; 0 stands for no epoch yet.
        self.register_buffer("previous", torch.zeros(tasks))

    def forward(self, losses: Tensor | Sequence[Tensor]) -> Tensor:
        """The weighted sum of the losses; in training mode they also count for the epoch."""
        rows = compute_dtype("losses", _stacked(losses, -1))
        weights = self.get_buffer("weights")
        _check_row(rows, weights)
        if self.training:
            self.get_buffer("total").add_(rows.detach())
            self.get_buffer("batches").add_(1)
        return (weights * rows).sum()

    @torch.no_grad()
    def step(self) -> None:
        """End an epoch: set the weights of the next."""
        weights, total, batches, previous = (
            self.get_buffer(name) for name in ("weights", "total", "batches", "previous")
        )
        if batches == 0:
            raise ValueError("step() ends an epoch, but no losses have come since the last one")
        mean = total / batches
        if previous.any():
            ratio = mean / torch.where(previous == 0, 1, previous)
            weights.copy_(weights.numel() * (ratio / self.temperature).softmax(0))
        previous.copy_(mean)
        total.zero_()
        batches.zero_()

    def extra_repr(self) -> str:
        return f"tasks={self.get_buffer('weights').numel()}, temperature={self.temperature}"


def pcgrad(
    losses: Tensor | Sequence[Tensor],
    parameters: Iterable[Tensor],
    *,
    generator: torch.Generator | None = None,
) -> tuple[Tensor, ...]:
    """Sum of the tasks' gradients after each lost what it had against another's.

        g_i ← g_i - min(0, g_i · g_j) / ‖g_j‖² g_j,   for every j ≠ i in random order;   Σ_i g_i

    Everything is decided by the K x K matrix of inner products, so the gradients themselves are
    combined once, at the end.

    Args:
        losses: one per task, all computed in one forward pass.
        parameters: of the network; the graph is freed, as by `backward()`.
        generator: of the random orders, on the CPU.
    Returns:
        The gradient of each parameter, 0 for those no task uses:
        `for p, g in zip(parameters, pcgrad(losses, parameters)): p.grad = g`.
    Raises:
        TypeError, ValueError: losses that are not one number per task, no parameters.
    Gradient:
        The result is one, but of no loss: do not call `backward()` as well.
    Pitfall:
        The inner products are read on the CPU: one wait for the GPU per call.
    Reference:
        Yu et al. (2020), Gradient surgery for multi-task learning, NeurIPS, arXiv:2001.06782.
    Chapter:
        loss-pcgrad
    Example:
        >>> import torch, lossfns.torch as lt
        >>> w = torch.zeros(2, requires_grad=True)
        >>> losses = [w @ torch.tensor([1.0, 0.0]), w @ torch.tensor([-1.0, 1.0])]
        >>> lt.pcgrad(losses, [w])  # (½, ½) + (0, 1), where the plain sum is (0, 1)
        (tensor([0.5000, 1.5000]),)
    """
    rows = compute_dtype("losses", _stacked(losses, -1))
    if rows.dim() != 1 or not rows.numel():
        raise ValueError(f"losses must be one number per task, got shape {tuple(rows.shape)}")
    parameters = tuple(tensor("parameters", parameter) for parameter in parameters)
    if not parameters:
        raise ValueError("parameters must hold at least one tensor, got none")
    last = len(rows) - 1
    per_task = [_gradients(one, parameters, retain=i < last) for i, one in enumerate(_each(losses))]
    stacked = [torch.stack(one) for one in zip(*per_task, strict=True)]
    flat = [compute_dtype("parameters", g).reshape(len(g), g[0].numel()) for g in stacked]
    # In units of each task's largest entry, as the square of a small gradient underflows.
    units = torch.stack([one.abs().amax(1) for one in flat if one.numel()]).amax(0)
    units = torch.where((units > 0) & (units < torch.inf), units, 1)
    scaled = [one / units[:, None] for one in flat]
    products = torch.stack([one @ one.T for one in scaled]).sum(0)
    *rows_of_products, of_units = torch.cat([products, units[None]]).tolist()
    shares = _surgery(rows_of_products, of_units, generator)
    return tuple(torch.einsum("k,k...->...", torch.tensor(shares).to(one), one) for one in stacked)


def _surgery(
    products: list[list[float]], units: list[float], generator: torch.Generator | None
) -> list[float]:
    """How much of each task's gradient is left in the sum.

    Args:
        products: inner products of the gradients, each in units of its own.
        units: those units.
    """
    tasks = len(products)
    total = [0.0] * tasks
    for i in range(tasks):
        share = [float(k == i) for k in range(tasks)]
        for j in torch.randperm(tasks, generator=generator).tolist():
            conflict = sum(s * p for s, p in zip(share, products[j], strict=True))
            if j != i and conflict < 0:
                share[j] -= conflict / products[j][j]
        total = [t + s * units[i] / u for t, s, u in zip(total, share, units, strict=True)]
    return total


def _stacked(losses: Any, axis: int) -> Tensor:
    """Losses as one tensor; of a list, which has one tensor per task, along the axis of tasks."""
    if not isinstance(losses, (list, tuple)):
        return tensor("losses", losses)
    if not losses:
        raise ValueError("losses must have at least one task, got an empty list")
    each = [compute_dtype("losses", one) for one in losses]
    same_shapes({f"losses[{k}]": tuple(one.shape) for k, one in enumerate(each)})
    class_axis("losses", (*each[0].shape, len(each)), axis)
    return torch.stack(each, axis)


def _filled(values: Sequence[float], like: Tensor) -> Tensor:
    """A vector of numbers, filled in on the device: copied there, it would make the GPU wait."""
    return (
        torch.stack([like.new_full((), value) for value in values]) if values else like.new_ones(0)
    )


def _each(losses: Tensor | Sequence[Tensor]) -> Sequence[Tensor]:
    """The losses one by one: through the stack of a list, each would go back through all."""
    return losses.unbind() if isinstance(losses, Tensor) else losses


def _check_tasks(tasks: Any) -> None:
    integer("tasks", tasks)
    number("tasks", tasks, at_least=1)


def _check_row(rows: Tensor, weights: Tensor) -> None:
    if rows.shape != weights.shape:
        raise ValueError(
            f"losses must have one value per task, {tuple(weights.shape)}, "
            f"got shape {tuple(rows.shape)}"
        )


def _gradients(
    value: Tensor, parameters: tuple[Tensor, ...], *, retain: bool = True
) -> tuple[Tensor, ...]:
    grads = torch.autograd.grad(value, parameters, retain_graph=retain, allow_unused=True)
    pairs = zip(grads, parameters, strict=True)
    return tuple(torch.zeros_like(p) if g is None else g for g, p in pairs)


def _norm(gradients: tuple[Tensor, ...]) -> Tensor:
    each = [torch.linalg.vector_norm(compute_dtype("shared", one)) for one in gradients]
    whole: Tensor = torch.linalg.vector_norm(torch.stack(each))
    return whole
