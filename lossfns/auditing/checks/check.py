"""What a check is: a question, and for those who fail it, what that does and how to mend it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from lossfns.auditing.case import Case
from lossfns.auditing.report import ABSENT, FAILS, PASSES, Finding


@dataclass(frozen=True)
class Check:
    """A question to a loss.

    Attributes:
        name: in reports.
        ask: from a case to a finding.
        effect: what failing it does to training.
        cure: what to change.
        label: of the section to read.
        steady: whether it compares numbers of several calls, which says nothing about a loss that
            changes between calls.
    """

    name: str
    ask: Callable[[Case], Finding]
    effect: str
    cure: str
    label: str
    steady: bool = True

    def __call__(self, case: Case) -> Finding:
        """Ask, and fill in what all failures of this check share."""
        finding = replace(self.ask(case), name=self.name)
        if not finding.fails:
            return finding
        return replace(
            finding,
            effect=finding.effect or self.effect,
            cure=finding.cure or self.cure,
            label=finding.label or self.label,
        )


CHECKS: list[Check] = []


def check(
    name: str, *, effect: str, cure: str, label: str, steady: bool = True
) -> Callable[[Callable[[Case], Finding]], Check]:
    """Make a check of a function; they are asked in the order in which they are written."""

    def register(ask: Callable[[Case], Finding]) -> Check:
        made = Check(name, ask, effect, cure, label, steady)
        CHECKS.append(made)
        return made

    return register


def passes(what: str = "") -> Finding:
    return Finding("", PASSES, what)


def absent(why: str) -> Finding:
    return Finding("", ABSENT, why)


def fails(what: str, smallest: str = "", **details: Any) -> Finding:
    return Finding("", FAILS, what, smallest=smallest, **details)
