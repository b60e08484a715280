"""An `nn.Module` around a loss function or a sum of several, also from a configuration."""

from __future__ import annotations

import difflib
import inspect
import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from numbers import Real
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from lossfns.catalog import catalog, one_of_these
from lossfns.records.record import LAYOUT, needed


class Criterion(nn.Module):
    """Hold a loss function and its settings; tensor settings move with the module.

    Args:
        function: a loss, called as function(*inputs, **settings), or the name of one of this
            library.
        settings: keyword arguments of every call. Tensors, such as class weights, become buffers:
            they follow `.to(device)`, but are not part of `state_dict`.
    Raises:
        TypeError: function is not callable, or does not take one of the settings.
        ValueError: function is a name that no loss has, or a setting is out of its range; of a
            function itself that is said at the first call.
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
        by_name = isinstance(function, str)
        if isinstance(function, str):
            function = _by_name("function", function)
        if not callable(function):
            raise TypeError(f"function must be callable, got {type(function).__name__}")
        parameters = inspect.signature(function).parameters.values()
        known = [p.name for p in parameters if p.kind is not p.VAR_KEYWORD]
        if not any(p.kind is p.VAR_KEYWORD for p in parameters):
            for name in settings:
                _refuse_unknown(f"{_name(function)} takes no argument", name, known)
        if by_name:
            _try_settings(_name(function), function, settings)
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
                the loss takes one, and text such as "1e-3", which YAML does not read as a number,
                becomes one where the loss takes that. Or {"sum": {part: config, ...}}: a
                `CriterionSum`, in which the key "coefficient" of a part, 1 if left out, is its
                factor.
        Returns:
            A `Criterion`, or a `CriterionSum`.
        Raises:
            TypeError: config is no mapping, a setting is unknown or an input of the loss, or its
                value is text where a number belongs.
            ValueError: a loss is unknown, a setting out of its range, or "loss" and "sum" are
                missing or both there.
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
        ValueError: there is no part, or one has a name that modules cannot have; a coefficient is
            negative or not finite or belongs to no part.
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
            if (
                not isinstance(name, str)
                or not name
                or "." in name
                or hasattr(nn.ModuleDict(), name)
            ):
                raise ValueError(
                    f"parts: no part can be called {name!r}: the name must be text"
                    " without a point, and no attribute of an nn.ModuleDict"
                )
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


def _from_config(where: str, config: Any, also: Sequence[str] = ()) -> Criterion | CriterionSum:
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
            name: _value(
                f"{where}['sum'][{name!r}]['coefficient']", "float", part.pop("coefficient")
            )
            for name, part in plain.items()
            if isinstance(part, dict) and "coefficient" in part
        }
        return CriterionSum(
            {
                name: _from_config(f"{where}['sum'][{name!r}]", part, ("coefficient",))
                for name, part in plain.items()
            },
            coefficients,
        )
    name = settings.pop("loss")
    function = _by_name(f"{where}['loss']", name)
    # In the functions of this library the inputs come first and the settings by keyword.
    hints = {
        p.name: (p.kind is p.KEYWORD_ONLY, str(p.annotation))
        for p in inspect.signature(function).parameters.values()
    }
    known = [setting for setting, (by_keyword, _) in hints.items() if by_keyword]
    for setting, value in settings.items():
        if setting in hints and setting not in known:
            raise TypeError(
                f"{where}[{setting!r}] is an input of {name}, which it gets when it is"
                " called, and no setting"
            )
        _refuse_unknown(f"{where}: {name} takes no argument", setting, [*known, *also])
        settings[setting] = _value(f"{where}[{setting!r}]", hints[setting][1], value)
    _try_settings(where, function, settings)
    return Criterion(function, **settings)


def _try_settings(where: str, function: Callable[..., Tensor], settings: Mapping[str, Any]) -> None:
    """Call a loss of the catalog once, so that a bad value is refused before the training starts.

    What is given per class, and how the axes lie, fits the data alone.
    """
    record = catalog[_name(function)]
    tried = needed(record) | {
        n: v for n, v in settings.items() if n not in LAYOUT and not isinstance(v, Tensor)
    }
    tensors = {n: torch.tensor(v) for n, v in record.sample(np.random.default_rng(0), 6).items()}
    options = {n: torch.tensor(v) if isinstance(v, tuple) else v for n, v in tried.items()}
    try:
        function(**tensors, **options)
    except (TypeError, ValueError) as error:
        raise type(error)(f"{where}: {error}") from None


def _value(where: str, hint: str, value: Any) -> Any:
    """What a file says, as the type that the parameter has."""
    if "Tensor" in hint and "float" not in hint and isinstance(value, str | int | float):
        raise TypeError(f"{where} must be a list of numbers, got {value!r}")
    if "Tensor" in hint and isinstance(value, Sequence) and not isinstance(value, str):
        plain = [
            _value(f"{where}[{i}]", "float", one) if isinstance(one, str) else one
            for i, one in enumerate(value)
        ]
        try:
            return torch.tensor(plain)
        except (TypeError, ValueError, RuntimeError) as error:
            raise TypeError(f"{where} must be a list of numbers, got {value!r}") from error
    if isinstance(value, str) and re.search(r"\b(float|int)\b", hint) and "Literal" not in hint:
        # YAML 1.1 reads 1e-3 as text, and 1.0e-3 as a number.
        if "float" in hint and re.fullmatch(r"[-+]?\d+(\.\d*)?[eE][-+]?\d+", value):
            return float(value)
        raise TypeError(f"{where} must be a number, got {value!r}")
    return value


def _by_name(where: str, name: Any) -> Callable[..., Tensor]:
    import lossfns.torch as lt

    if not isinstance(name, str):
        raise TypeError(f"{where} must be the name of a loss, got {type(name).__name__}")
    try:
        function: Callable[..., Tensor] = getattr(lt, catalog[name].name)
    except KeyError as error:
        raise ValueError(f"{where}: {error.args[0]}") from None
    return function


def _refuse_unknown(sentence: str, name: Any, known: Sequence[str]) -> None:
    if name not in known:
        near = _nearest(name, known)
        takes = f"{near} It takes" if near else "; it takes"
        raise TypeError(f"{sentence} {name!r}{takes} {', '.join(known)}")


def _nearest(name: Any, known: Iterable[str]) -> str:
    return one_of_these(difflib.get_close_matches(str(name), list(known)))


def _name(function: Callable[..., Any]) -> str:
    return getattr(function, "__name__", repr(function))
