"""An `nn.Module` around a loss function or a sum of several, also from a configuration."""

from __future__ import annotations

import difflib
import inspect
import math
from collections.abc import Callable, Iterable, Mapping
from numbers import Real
from typing import Any

import torch
from torch import Tensor, nn

from lossfns.catalog import catalog, did_you_mean


class Criterion(nn.Module):
    """Hold a loss function and its settings; tensor settings move with the module.

    Args:
        function: a loss, called as function(*inputs, **settings), or the name of one of this
            library.
        settings: keyword arguments of every call. Tensors, such as class weights, become buffers:
            they follow `.to(device)`, but are not part of `state_dict`.
    Raises:
        TypeError: function is not callable, or does not take one of the settings.
        ValueError: function is a name that no loss has.
    Example:
        >>> import torch, lossfns.torch as lt
        >>> criterion = lt.Criterion(lt.huber, delta=2.0)
        >>> criterion(torch.tensor([3.0]), torch.zeros(1))
        tensor(4.)
        >>> lt.Criterion("huber", delta=2.0)
        Criterion(huber, delta=2.0)
    """

    def __init__(self, function: Callable[..., Tensor] | str, **settings: Any) -> None:
        super().__init__()
        if isinstance(function, str):
            function = _by_name("function", function)
        if not callable(function):
            raise TypeError(f"function must be callable, got {type(function).__name__}")
        parameters = inspect.signature(function).parameters.values()
        known = [p.name for p in parameters if p.kind is not p.VAR_KEYWORD]
        for name in settings:
            if name not in known and not any(p.kind is p.VAR_KEYWORD for p in parameters):
                raise TypeError(
                    f"{_name(function)} takes no argument {name!r}{_nearest(name, known)}"
                )
        self.function = function
        self._plain = {n: v for n, v in settings.items() if not isinstance(v, Tensor)}
        self._tensors = tuple(n for n in settings if n not in self._plain)
        for name in self._tensors:
            self.register_buffer(f"setting_{name}", settings[name], persistent=False)

    @staticmethod
    def from_config(config: Mapping[str, Any]) -> Criterion | CriterionSum:
        """Make a criterion from what a YAML or JSON file says; nothing of it is run as code.

        Args:
            config: {"loss": name, setting: value, ...}. A list of numbers becomes a tensor where
                the loss takes one. Or {"sum": {part: config, ...}}: a `CriterionSum`, in which the
                key "coefficient" of a part, 1 if left out, is its factor.
        Returns:
            A `Criterion`, or a `CriterionSum`.
        Raises:
            TypeError: config is no mapping, a setting is unknown, or its value is text where a
                number belongs.
            ValueError: a loss is unknown, or "loss" and "sum" are missing or both there.
        Example:
            >>> import lossfns.torch as lt
            >>> lt.Criterion.from_config({"loss": "cross_entropy", "weight": [1, 3]})
            Criterion(cross_entropy, weight=tensor(2,))
        """
        return _from_config("config", config)

    def forward(self, *inputs: Tensor, **settings: Any) -> Tensor:
        """Call the function; a setting given here wins over the one given at construction."""
        buffers = {name: getattr(self, f"setting_{name}") for name in self._tensors}
        return self.function(*inputs, **{**self._plain, **buffers, **settings})

    def __repr__(self) -> str:
        buffers = (f"{n}=tensor{tuple(getattr(self, f'setting_{n}').shape)}" for n in self._tensors)
        plain = (f"{name}={value!r}" for name, value in self._plain.items())
        return f"Criterion({', '.join([_name(self.function), *plain, *buffers])})"


class CriterionSum(nn.Module):
    """Add several criteria up, each with its coefficient; after a call, `values` has each of them.

    Args:
        parts: {name: criterion}, at least one; any module that returns a tensor is a criterion.
        coefficients: {name: number}, finite and not negative; 1 for a part that is left out.
    Raises:
        TypeError: a part is no module, or a coefficient is no number.
        ValueError: there is no part, a coefficient is negative or not finite or belongs to no part.
    Example:
        >>> import torch, lossfns.torch as lt
        >>> criterion = lt.Criterion.from_config({"sum": {
        ...     "absolute": {"loss": "mae"},
        ...     "squared": {"loss": "mse", "coefficient": 0.5}}})
        >>> criterion(torch.tensor([3.0, 1.0]), torch.ones(2))
        tensor(2.)
        >>> {name: value.item() for name, value in criterion.values.items()}
        {'absolute': 1.0, 'squared': 2.0}
    """

    def __init__(
        self, parts: Mapping[str, nn.Module], coefficients: Mapping[str, float] | None = None
    ) -> None:
        super().__init__()
        if not parts:
            raise ValueError("parts: give at least one criterion")
        for name, part in parts.items():
            if not isinstance(part, nn.Module):
                raise TypeError(
                    f"parts[{name!r}] must be an nn.Module, got {type(part).__name__};"
                    " wrap a function in a Criterion"
                )
        for name, factor in (coefficients or {}).items():
            if name not in parts:
                raise ValueError(f"coefficients: no part is called {name!r}{_nearest(name, parts)}")
            if isinstance(factor, bool) or not isinstance(factor, Real):
                raise TypeError(f"coefficients[{name!r}] must be a number, got {factor!r}")
            if not (math.isfinite(factor) and factor >= 0):
                raise ValueError(
                    f"coefficients[{name!r}] must be finite and not negative, got {factor!r}"
                )
        self.parts = nn.ModuleDict(parts)
        self.coefficients = {name: 1.0 for name in parts} | dict(coefficients or {})
        self.values: dict[str, Tensor] = {}

    def forward(self, *inputs: Any) -> Tensor:
        """Return the sum.

        Args:
            inputs: what every part is called with; or one mapping, {part: its inputs}, where the
                parts look at different outputs of the model.
        Raises:
            ValueError: the mapping does not name every part once, or the parts return tensors of
                different shapes, as with reduction="none" they may.
        """
        each = {name: inputs for name in self.parts}
        if len(inputs) == 1 and isinstance(inputs[0], Mapping):
            each = dict(inputs[0])
            if each.keys() != set(self.parts):
                raise ValueError(
                    f"inputs must name the parts {sorted(self.parts)}, got {sorted(each)}"
                )
        losses = {name: part(*each[name]) for name, part in self.parts.items()}
        shapes = {name: tuple(loss.shape) for name, loss in losses.items()}
        if len(set(shapes.values())) > 1:
            raise ValueError(f"the parts must have one shape to be added, got {shapes}")
        self.values = {name: loss.detach() for name, loss in losses.items()}
        return torch.stack([self.coefficients[name] * loss for name, loss in losses.items()]).sum(0)

    def extra_repr(self) -> str:
        """Say the coefficients."""
        return ", ".join(f"{name}: {factor:g} ×" for name, factor in self.coefficients.items())


def _from_config(where: str, config: Any) -> Criterion | CriterionSum:
    if not isinstance(config, Mapping):
        raise TypeError(
            f"{where} must be a mapping with the key 'loss' or 'sum', got {type(config).__name__}"
        )
    settings = dict(config)
    if ("loss" in settings) == ("sum" in settings):
        raise ValueError(
            f"{where} must have one of the keys 'loss' and 'sum', got {list(settings)}"
        )
    if "sum" in settings:
        parts = settings.pop("sum")
        if settings or not isinstance(parts, Mapping):
            raise ValueError(
                f"{where}['sum'] must be a mapping of parts and stand alone, got {config!r}"
            )
        plain = {
            name: dict(part) if isinstance(part, Mapping) else part for name, part in parts.items()
        }
        coefficients = {
            name: part.pop("coefficient")
            for name, part in plain.items()
            if isinstance(part, dict) and "coefficient" in part
        }
        return CriterionSum(
            {name: _from_config(f"{where}['sum'][{name!r}]", part) for name, part in plain.items()},
            coefficients,
        )
    name = settings.pop("loss")
    function = _by_name(f"{where}['loss']", name)
    hints = {p.name: str(p.annotation) for p in inspect.signature(function).parameters.values()}
    for setting, value in settings.items():
        hint = hints.get(setting, "")
        if "Tensor" in hint and isinstance(value, list):
            settings[setting] = torch.tensor(value)
        elif hint.split(" ")[0] in ("float", "int") and isinstance(value, str):
            # YAML reads 1e-3 as text; with a point, 1.0e-3, it is a number.
            raise TypeError(
                f"{where}[{setting!r}] must be a number, got the text {value!r};"
                " YAML takes 1e-3 for text and 1.0e-3 for a number"
            )
    return Criterion(function, **settings)


def _by_name(where: str, name: Any) -> Callable[..., Tensor]:
    import lossfns.torch as lt

    if not isinstance(name, str):
        raise TypeError(f"{where} must be the name of a loss, got {type(name).__name__}")
    if name not in catalog:
        raise ValueError(f"{where}: there is no loss {name!r}{did_you_mean(name)}")
    function: Callable[..., Tensor] = getattr(lt, name)
    return function


def _nearest(name: str, known: Iterable[str]) -> str:
    close = difflib.get_close_matches(name, list(known), n=1)
    return f"; did you mean {close[0]!r}?" if close else ""


def _name(function: Callable[..., Any]) -> str:
    return getattr(function, "__name__", repr(function))
