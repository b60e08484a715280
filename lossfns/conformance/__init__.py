"""Whether every loss does what its record says: the audit of our own catalog, and how exact it is.

>>> from lossfns import catalog, conformance
>>> report = conformance.measure([catalog["huber"]])
>>> report.raise_failures()
>>> report.exact["huber"]["value float64"].error < 1e-12
True

The tests of the library assert the same measures case by case; the book prints the table.
"""

# ruff: noqa: E402 (what follows needs the library that is asked for here)
from lossfns._extras import require

require("torch", "lossfns.conformance", "PyTorch", "torch")
del require

from .checks import CHECKS, Check
from .report import Measured, measure

__all__ = ["CHECKS", "Check", "Measured", "measure"]
