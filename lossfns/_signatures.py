"""Signatures as `help` and the tooltips of Jupyter show them: annotations as they are written."""

from __future__ import annotations

import inspect
from collections.abc import Iterable
from typing import Any

# A name that says more than the alias does.
SPELLED_OUT = {"Value": "float | ndarray", "Array": "ndarray"}


class _AsWritten(str):
    """An annotation that is shown without quotation marks."""

    def __repr__(self) -> str:
        return str(self)


def make_readable(module: dict[str, Any], names: Iterable[str]) -> None:
    """Give the public functions and classes of a module signatures that one can read."""
    for name in names:
        public = module[name]
        function: Any = public.__init__ if inspect.isclass(public) else public
        function.__signature__ = readable(inspect.signature(function))


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
    return _AsWritten(SPELLED_OUT.get(annotation, annotation))
