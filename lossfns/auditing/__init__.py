"""Is my loss right? What is my loss? The checks of this library, for a loss of one's own.

`lossfns.audit` asks a loss everything that should hold for it and returns a `Report` of named
findings; `lossfns.identify` looks it up in the catalog. NumPy functions need NumPy alone.
"""

from .auditing import audit
from .identifying import Identity, identify
from .report import Finding, Report

__all__ = ["Finding", "Identity", "Report", "audit", "identify"]
