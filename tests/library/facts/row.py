"""What a row of facts holds.

The formula is the one that textbooks print, of one item: numbers for scalars, lists for vectors
over the classes. It is evaluated with 80 digits. Naive formulas cancel, overflow and underflow in
floating point; with enough digits and unbounded exponents they do not, so nothing there needs care,
and nothing is shared with the library.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from mpmath import mp

mp.dps = 80


@dataclass(frozen=True)
class Facts:
    """What is known of a loss apart from its record.

    Attributes:
        family: the file that holds the row.
        formula: of one item; of a coupled loss, of a batch, and of the sum.
        known: arguments and the loss of them that somebody has published, or that a hand reckons.
        extremes: items at which floating point is in danger: tiny errors that cancel, huge ones
            that overflow.
        outside: arguments, each with a value outside the domain that the record gives in words.
    """

    family: str
    formula: Callable[..., Any]
    known: list[tuple[dict[str, Any], Any]]
    extremes: list[dict[str, Any]]
    outside: list[tuple[str, Any]]


ROWS: dict[str, Facts] = {}


def facts(*, known, extremes, outside):
    """The row of a loss: a decorator of its formula, which has the name of the loss."""

    def keep(formula):
        family = formula.__module__.rpartition(".")[2]
        ROWS[formula.__name__] = Facts(family, formula, known, extremes, outside)
        return formula

    return keep
