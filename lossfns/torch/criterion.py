"""An `nn.Module` around any loss function, for training loops that expect one."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from torch import Tensor, nn


class Criterion(nn.Module):
    """Hold a loss function and its settings; tensor settings move with the module.

    Args:
        function: a loss, called as function(*inputs, **settings).
        settings: keyword arguments of every call. Tensors, such as class weights, become buffers:
            they follow `.to(device)`, but are not part of `state_dict`.
    Raises:
        TypeError: function is not callable, or does not take one of the settings.
    Example:
        >>> import torch, lossfns.torch as lt
        >>> criterion = lt.Criterion(lt.huber, delta=2.0)
        >>> criterion(torch.tensor([3.0]), torch.zeros(1))
        tensor(4.)
        >>> criterion
        Criterion(huber, delta=2.0)
    """

    def __init__(self, function: Callable[..., Tensor], **settings: Any) -> None:
        super().__init__()
        if not callable(function):
            raise TypeError(f"function must be callable, got {type(function).__name__}")
        parameters = inspect.signature(function).parameters.values()
        known = {parameter.name for parameter in parameters}
        for name in settings:
            if name not in known and not any(p.kind is p.VAR_KEYWORD for p in parameters):
                raise TypeError(f"{_name(function)} takes no argument {name!r}")
        self.function = function
        self._plain = {n: v for n, v in settings.items() if not isinstance(v, Tensor)}
        self._tensors = tuple(n for n in settings if n not in self._plain)
        for name in self._tensors:
            self.register_buffer(f"setting_{name}", settings[name], persistent=False)

    def forward(self, *inputs: Tensor, **settings: Any) -> Tensor:
        """Call the function; a setting given here wins over the one given at construction."""
        buffers = {name: getattr(self, f"setting_{name}") for name in self._tensors}
        return self.function(*inputs, **{**self._plain, **buffers, **settings})

    def __repr__(self) -> str:
        buffers = (f"{n}=tensor{tuple(getattr(self, f'setting_{n}').shape)}" for n in self._tensors)
        plain = (f"{name}={value!r}" for name, value in self._plain.items())
        return f"Criterion({', '.join([_name(self.function), *plain, *buffers])})"


def _name(function: Callable[..., Any]) -> str:
    return getattr(function, "__name__", repr(function))
