"""Arguments for any loss of the catalog, drawn from its record, and calls of either twin."""

import itertools
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

import lossfns.numpy as ln
import lossfns.torch as lt
from lossfns.records.record import REQUIRED, Hyper, Record

Arguments = dict[str, Any]
Setting = dict[str, Any]

# Hyper-parameters that are arrays, and tensors in torch.
PER_CLASS = (
    *("weight", "weights", "alpha", "class_counts", "prototypes"),
    *("linear_weight", "linear_bias"),
)

# They say how the batch is laid out, not what the loss is.
LAYOUT = ("axis", "class_axis", "ignore_index", "average", "chunk_size")


def tuned(record: Record) -> dict[str, Hyper]:
    """The hyper-parameters that change the loss of an item."""
    return {name: hyper for name, hyper in record.hyper.items() if name not in LAYOUT}


def settings(record: Record) -> list[Setting]:
    """Every combination of the valid hyper-parameters."""
    hyper = tuned(record)
    combinations = itertools.product(*(h.valid for h in hyper.values()))
    every = (dict(zip(hyper, values, strict=True)) for values in combinations)
    return [setting for setting in every if record.compatible(setting)]


def few_settings(record: Record) -> list[Setting]:
    """Each valid hyper-parameter once, for checks too slow for every combination."""
    hyper = tuned(record)
    most = max((len(h.valid) for h in hyper.values()), default=1)
    few = ({name: h.valid[i % len(h.valid)] for name, h in hyper.items()} for i in range(most))
    return [setting for setting in few if record.compatible(setting)]


def needed(record: Record) -> Setting:
    """Values for the hyper-parameters that have no default."""
    return {name: h.valid[0] for name, h in record.hyper.items() if h.default is REQUIRED}


def draw(record: Record, n: int = 8, weighted: bool = False, seed: int = 1) -> Arguments:
    """Arguments of n items, required settings included.

    With weights, where the loss takes them; one of them is 0.
    """
    rng = np.random.default_rng(seed)
    arguments: Arguments = record.sample(rng, n) | needed(record)
    if weighted and record.takes_weights:
        arguments["sample_weight"] = rng.uniform(0.2, 3.0, n) * (np.arange(n) != 1)
    return arguments


def leading(arguments: Mapping[str, Any], change: Callable[[Any], Any]) -> Arguments:
    """Change every array along the items' axis, for instance to reorder or to drop some."""
    return {n: change(v) if isinstance(v, np.ndarray) else v for n, v in arguments.items()}


def reordered(record: Record, arguments: Mapping[str, Any], order: npt.ArrayLike) -> Arguments:
    """The same items in another order; pairs of items are reordered along both axes."""
    changed = leading(arguments, lambda array: array[order])
    return {n: v[:, order] if n in record.crosswise else v for n, v in changed.items()}


def numpy_loss(record: Record) -> Any:
    return getattr(ln, record.name)


def torch_loss(record: Record) -> Any:
    return getattr(lt, record.name)


def to_torch(
    arguments: Mapping[str, Any], dtype: torch.dtype = torch.float64, device: str = "cpu"
) -> Arguments:
    """Arrays and what is given per class as tensors, integers (class labels) as they are."""
    tensors = dict(arguments)
    for name, value in arguments.items():
        per_class = isinstance(value, tuple) and name in PER_CLASS
        if isinstance(value, np.ndarray) or per_class:
            tensor = torch.tensor(np.asarray(value), device=device)
            tensors[name] = tensor.to(dtype) if tensor.is_floating_point() else tensor
    return tensors


def to_numpy(arguments: Mapping[str, Any]) -> Arguments:
    """Exactly what the tensors hold after rounding, in float64."""
    return {
        name: array_of(value) if isinstance(value, torch.Tensor) else value
        for name, value in arguments.items()
    }


def array_of(tensor: torch.Tensor) -> npt.NDArray[Any]:
    tensor = tensor.double() if tensor.is_floating_point() else tensor
    return np.asarray(tensor.numpy(force=True))


def torch_value_and_grads(
    record: Record, arguments: Mapping[str, Any], **options: Any
) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
    """The torch twin's value, and its gradient with respect to each differentiable argument."""
    leaves = {
        name: value.clone().requires_grad_() if name in record.wrt else value
        for name, value in arguments.items()
    }
    value = torch_loss(record)(**leaves, **options)
    grads = torch.autograd.grad(value.sum(), [leaves[name] for name in record.wrt])
    return value.detach(), dict(zip(record.wrt, grads, strict=True))


def both_twins(
    record: Record, arguments: Mapping[str, Any]
) -> list[tuple[npt.NDArray[Any], dict[str, npt.NDArray[Any]]]]:
    """Value and gradients from NumPy, then from torch in float64."""
    grads = {n: numpy_loss(record).grad(**arguments, wrt=n) for n in record.wrt}
    value, torch_grads = torch_value_and_grads(record, to_torch(arguments))
    return [
        (np.asarray(numpy_loss(record)(**arguments)), grads),
        (array_of(value), {name: array_of(grad) for name, grad in torch_grads.items()}),
    ]
