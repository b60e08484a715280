"""Shorthand for the findings of a diagnosis."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from lossfns.auditing.report import ABSENT, FAILS, PASSES, Finding


def passes(name: str, what: str) -> Finding:
    """Nothing to mend; what was seen."""
    return Finding(name, PASSES, what)


def absent(name: str, why: str) -> Finding:
    """A question that cannot be asked here."""
    return Finding(name, ABSENT, why)


def fails(name: str, what: str, **more: Any) -> Finding:
    """Something to mend."""
    return Finding(name, FAILS, what, **more)


def shape_of(value: Tensor | torch.Size) -> str:
    """As it is printed."""
    return str(tuple(value if isinstance(value, torch.Size) else value.shape))


def span(values: Tensor) -> str:
    """Smallest and largest."""
    return f"from {values.min():.3g} to {values.max():.3g}"


def said(error: Exception | None) -> str:
    """The message of an error, not too long."""
    words = " ".join(str(error).split())
    return words if len(words) <= 160 else words[:157] + "..."
