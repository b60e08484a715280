"""Loss functions in NumPy (`lossfns.numpy`) and PyTorch (`lossfns.torch`), with a catalog of both.

>>> import lossfns, lossfns.numpy as ln
>>> ln.huber([0.5, 3.0], [0.0, 0.0], delta=1.0)
1.3125
>>> lossfns.catalog["huber"].equivalents["torch"]
'torch.nn.functional.huber_loss'
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lossfns._signatures import make_readable
from lossfns.catalog import Function, Hyper, Record, catalog, functions
from lossfns.chooser import Suggestion, choose

if TYPE_CHECKING:
    from lossfns.auditing import audit, identify

__version__ = "0.1.0"

__all__ = [
    "Function",
    "Hyper",
    "Record",
    "Suggestion",
    "audit",
    "catalog",
    "choose",
    "functions",
    "identify",
]

make_readable(globals(), ["choose"])
del make_readable


def __getattr__(name: str) -> Any:
    """Load `audit` and `identify` at their first use: no import of a loss waits for them."""
    if name in ("audit", "identify"):
        from lossfns import auditing

        return getattr(auditing, name)
    raise AttributeError(f"module 'lossfns' has no attribute {name!r}")
