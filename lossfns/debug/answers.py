"""Shorthand for the findings of a diagnosis."""

from __future__ import annotations

from typing import Any

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
