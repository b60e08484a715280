"""Every question to a loss, in the order in which its mistakes should be mended."""

from . import manners, reference, batches, arithmetic, transforms, cost  # noqa: F401, I001
from .check import CHECKS, Check

__all__ = ["CHECKS", "Check"]
