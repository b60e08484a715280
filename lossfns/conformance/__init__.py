"""Whether every loss does what its record says, measured: the worst error of each in each check.

>>> from lossfns import catalog, conformance
>>> report = conformance.measure([catalog["huber"]])
>>> report.raise_failures()
>>> report.worst["huber"]["value float64"].error < 1e-12
True

The tests of the library assert the same measures case by case; the book prints the table.
"""

from .checks import CHECKS, Check, Finding
from .report import Report, measure

__all__ = ["CHECKS", "Check", "Finding", "Report", "measure"]
