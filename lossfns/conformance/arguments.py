"""Calls of either twin with the arguments that `lossfns.auditing.draws` draws."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

import lossfns.numpy as ln
import lossfns.torch as lt
from lossfns.auditing.draws import PER_CLASS, Arguments
from lossfns.records.record import Record


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
