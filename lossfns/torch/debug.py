"""Tools for training runs that go wrong: finite checks, gradient norms, sanity tests."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Literal

import torch
from torch import Tensor, nn

from lossfns._arguments import integer, number, one_of
from lossfns.torch._core import with_values


def check_finite(**tensors: Tensor) -> None:
    """Demand finite tensors; the error says which is not, where, and how much of it.

    Args:
        tensors: by name. On a GPU the check waits for the device.
    Returns:
        Nothing.
    Raises:
        TypeError: not a tensor.
        ValueError: one holds NaN or an infinity.
    Gradient:
        None.
    Pitfall:
        Check the inputs of the loss, not the loss: there it is too late to see what was wrong.
    Reference:
        Goodfellow, Bengio & Courville (2016), Deep Learning, section 11.5.
    Chapter:
        check-finite
    Example:
        >>> import torch, lossfns.torch as lt
        >>> lt.check_finite(logits=torch.tensor([0.0, float("nan")]))
        Traceback (most recent call last):
            ...
        ValueError: logits holds 1 NaN and 0 infinities in 2 values, the first at index (1,)
    """
    for name, value in tensors.items():
        with_values(name, value)
        bad = ~torch.isfinite(value)
        if bad.any():
            nans, infinities = int(value.isnan().sum()), int(value.isinf().sum())
            where = tuple(bad.nonzero()[0].tolist())
            raise ValueError(
                f"{name} holds {nans} NaN and {infinities} infinities in {value.numel()} values, "
                f"the first at index {where}"
            )


def gradient_norms(module: nn.Module) -> dict[str, float]:
    """Euclidean norm of the gradient of every parameter, by name, and of all together.

    Args:
        module: after `backward`.
    Returns:
        Norms by parameter name, and the norm of the whole under "total". A parameter that got no
        gradient is missing from the list: it is not part of the loss.
    Raises:
        TypeError: not a module.
    Gradient:
        None: the norms are numbers.
    Pitfall:
        Under a `GradScaler` the gradients are scaled until `unscale_`.
    Reference:
        Pascanu, Mikolov & Bengio (2013), ICML, arXiv:1211.5063.
    Chapter:
        gradient-norms
    Example:
        >>> import torch, lossfns.torch as lt
        >>> layer = torch.nn.Linear(1, 1)
        >>> lt.mse(layer(torch.ones(4, 1)), layer(torch.ones(4, 1)).detach() - 1).backward()
        >>> {name: round(norm, 3) for name, norm in lt.gradient_norms(layer).items()}
        {'weight': 2.0, 'bias': 2.0, 'total': 2.828}
    """
    _module(module)
    norms = {
        name: float(torch.linalg.vector_norm(parameter.grad.float()))
        for name, parameter in module.named_parameters()
        if parameter.grad is not None
    }
    return {**norms, "total": math.hypot(*norms.values())}


@dataclass
class Trouble:
    """The first place where something was not finite."""

    layer: str = ""
    stage: str = ""

    def __bool__(self) -> bool:
        return bool(self.layer)


@contextmanager
def watch(module: nn.Module) -> Iterator[Trouble]:
    """Find the first layer whose output, or gradient, is NaN or infinite.

    Inside the block every layer is watched in the forward and in the backward pass. What is found
    first is kept; nothing is raised, so the block can finish and the state be looked at.

    Args:
        module: the network.
    Returns:
        An object that is true once something was found, with `layer` and `stage` ("forward" or
        "backward").
    Raises:
        TypeError: not a module.
    Gradient:
        Left as it is.
    Pitfall:
        Every output is looked at: on a GPU that makes training wait. Use it to find, not to guard.
    Reference:
        Goodfellow, Bengio & Courville (2016), Deep Learning, section 11.5.
    Chapter:
        watch
    Example:
        >>> import torch, lossfns.torch as lt
        >>> net = torch.nn.Sequential(torch.nn.Linear(1, 1), torch.nn.ReLU())
        >>> with lt.watch(net) as trouble:
        ...     _ = net(torch.tensor([[float("inf")]]) * 0)
        >>> trouble
        Trouble(layer='0', stage='forward')
    """
    _module(module)
    trouble = Trouble()

    def look(layer: str, stage: str, values: object) -> None:
        tensors = values if isinstance(values, (tuple, list)) else (values,)
        for value in tensors:
            if isinstance(value, Tensor) and value.is_floating_point() and not trouble:
                if not value.isfinite().all():
                    trouble.layer, trouble.stage = layer, stage

    def seen(layer: str, value: object) -> object:
        if not (isinstance(value, Tensor) and value.requires_grad and torch.is_grad_enabled()):
            return value
        # The view belongs to this layer alone: what comes back through it, comes from the layer.
        # (PyTorch's own hook warns where no input of a layer asks for a gradient.)
        value = value.view_as(value)
        value.register_hook(  # type: ignore[no-untyped-call]
            lambda grad: look(layer, "backward", grad)
        )
        return value

    def hooks(name: str, layer: nn.Module) -> Iterator[torch.utils.hooks.RemovableHandle]:
        yield layer.register_forward_hook(lambda _, __, out: look(name, "forward", out))
        yield layer.register_forward_pre_hook(
            lambda _, values: tuple(seen(name, value) for value in values)
        )

    handles = [
        handle
        for name, layer in module.named_modules()
        if not list(layer.children())
        for handle in hooks(name or type(layer).__name__, layer)
    ]
    try:
        yield trouble
    finally:
        for handle in handles:
            handle.remove()


def expected_initial_loss(
    task: Literal["multiclass", "binary", "contrastive"],
    *,
    classes: int = 2,
    positives: float = 0.5,
) -> float:
    """The loss that a network that knows nothing should start with.

        multiclass:  ln C
        binary:      ln 2, or, with the output bias at the log-odds of the positives π,
                     -π ln π - (1 - π) ln(1 - π)
        contrastive: ln n for a batch of n

    Args:
        task: "multiclass", "binary" or "contrastive".
        classes: C, or the batch size n for "contrastive".
        positives: π in (0, 1), the share of positives the bias was set to; 0.5 for a bias of 0.
    Returns:
        The loss, in nats.
    Raises:
        ValueError: unknown task, classes < 1, positives outside (0, 1).
    Gradient:
        None: it is a number.
    Pitfall:
        A start far above it means logits that are too large, or labels that do not match.
    Reference:
        Karpathy (2019), A recipe for training neural networks.
    Chapter:
        expected-initial-loss
    Example:
        >>> import lossfns.torch as lt
        >>> round(lt.expected_initial_loss("multiclass", classes=10), 4)
        2.3026
    """
    one_of("task", task, ("multiclass", "binary", "contrastive"))
    integer("classes", classes)
    number("classes", classes, at_least=1)
    number("positives", positives, above=0, below=1)
    if task == "binary":
        return -positives * math.log(positives) - (1 - positives) * math.log1p(-positives)
    return math.log(classes)


@dataclass
class Overfit:
    """What `overfit_one_batch` saw."""

    losses: list[float] = field(repr=False)
    first: float
    last: float
    learned: bool


def overfit_one_batch(
    module: nn.Module,
    loss: Callable[[Tensor, Tensor], Tensor],
    inputs: Tensor,
    target: Tensor,
    *,
    steps: int = 200,
    lr: float = 1e-2,
    goal: float = 0.05,
) -> Overfit:
    """Train a copy of the network on one batch: a model that can learn, can learn that.

    Args:
        module: the network; it is copied, and stays as it is.
        loss: called as loss(prediction, target).
        inputs, target: one batch.
        steps: of Adam, ≥ 1.
        lr: learning rate, > 0.
        goal: learned means that the last loss is at most this share of the first, > 0.
    Returns:
        All losses, the first, the last, and whether the goal was reached. A loss that starts or
        ends below 0 has no least value there to come near: it has not learned.
    Raises:
        ValueError: an argument out of range; a loss that is not finite.
    Gradient:
        None in the module: a copy is trained.
    Pitfall:
        Dropout is left on as the module has it: put it in eval mode to look at the loss alone.
    Reference:
        Karpathy (2019), A recipe for training neural networks.
    Chapter:
        overfit-one-batch
    Example:
        >>> import torch, lossfns.torch as lt
        >>> _ = torch.manual_seed(0)
        >>> net = torch.nn.Sequential(*map(torch.nn.Linear, (2, 16), (16, 1)))
        >>> _ = net.insert(1, torch.nn.Tanh())
        >>> inputs = torch.randn(8, 2)
        >>> lt.overfit_one_batch(net, lt.mse, inputs, inputs.prod(1, keepdim=True)).learned
        True
    """
    _module(module)
    integer("steps", steps)
    number("steps", steps, at_least=1)
    number("lr", lr, above=0)
    number("goal", goal, above=0)
    pupil = copy.deepcopy(module)
    optimizer = torch.optim.Adam(pupil.parameters(), lr)
    losses = []
    for _ in range(steps):
        optimizer.zero_grad()
        value = loss(pupil(inputs), target)
        check_finite(loss=value.detach())
        value.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        losses.append(value.item())
    learned = abs(losses[-1]) <= goal * losses[0]
    return Overfit(losses, losses[0], losses[-1], learned)


def _module(module: nn.Module) -> None:
    if not isinstance(module, nn.Module):
        raise TypeError(f"module must be a torch.nn.Module, got {type(module).__name__}")
