"""The facts of each loss: one row in the file of its family, named like that of its record."""

import importlib
import pkgutil

from library.facts.row import ROWS, Facts

__all__ = ["ROWS", "Facts", "facts_of"]

for found in pkgutil.iter_modules(__path__):
    importlib.import_module(f"{__name__}.{found.name}")


def facts_of(record) -> Facts:
    """The row of a loss. Where there is none, the test that asks for it fails and says so."""
    if record.name not in ROWS:
        raise AssertionError(
            f"{record.name} has a record but no row of facts: write its formula into "
            f"tests/library/facts/{record.family}.py, under @facts(known=…, extremes=…, outside=…)"
        )
    return ROWS[record.name]
