"""Signatures as `help` and the tooltips of Jupyter show them: annotations as they are written."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterable, Iterator
from typing import Any

# A name that says more than the alias does.
SPELLED_OUT = {
    "Value": "float | ndarray",
    "Array": "ndarray",
    "Labels": "ndarray",
    "Unpack[Traits]": "bool",
}


class _AsWritten(str):
    """An annotation that is shown without quotation marks."""

    def __repr__(self) -> str:
        return str(self)


def public_names(module: dict[str, Any]) -> Iterator[str]:
    """The names of a package that it imports from its own modules, for its `__all__`."""
    within = f"{module['__name__']}."
    yield from sorted(
        name
        for name, value in module.items()
        if not name.startswith("_") and getattr(value, "__module__", "").startswith(within)
    )


def make_readable(module: dict[str, Any], names: Iterable[str]) -> None:
    """Give the public functions and classes of a module signatures that one can read."""
    for name in names:
        public = module[name]
        for function in _methods(public) if inspect.isclass(public) else _calls(public):
            function.__signature__ = readable(inspect.signature(function))


def _calls(function: Any) -> list[Any]:
    """A function, and for a NumPy loss those for its gradient."""
    gradients = ("grad", "value_and_grad")
    return [function, *(getattr(function, n) for n in gradients if hasattr(function, n))]


def _methods(public: type) -> list[Any]:
    """What a class itself defines to be called."""
    return [
        method
        for name, method in vars(public).items()
        if inspect.isfunction(method) and (name == "__init__" or not name.startswith("_"))
    ]


def readable(signature: inspect.Signature) -> inspect.Signature:
    """The same signature with its annotations as text, which is shown as it was written."""
    parameters = [
        p.replace(annotation=_written(p.annotation)) for p in signature.parameters.values()
    ]
    returned = _written(signature.return_annotation)
    return signature.replace(parameters=parameters, return_annotation=returned)


def _written(annotation: Any) -> Any:
    if not isinstance(annotation, str):
        return annotation
    aliases = "|".join(rf"\b{re.escape(alias)}(?!\w)" for alias in SPELLED_OUT)
    return _AsWritten(re.sub(aliases, lambda alias: SPELLED_OUT[alias[0]], annotation))
