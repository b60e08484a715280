"""Checks for the coursework: is this function right, and if not, what kind of mistake is it?

>>> from lossfns.check import check
>>> def mse(pred, target, reduction="mean"):
...     if pred.shape != target.shape:
...         raise ValueError(f"pred has shape {pred.shape}, target {target.shape}")
...     squares = (pred - target) ** 2
...     if reduction not in ("none", "mean", "sum"):
...         raise ValueError(f"unknown reduction {reduction!r}")
...     return squares if reduction == "none" else getattr(squares, reduction)()
>>> check("mse", mse)  # doctest: +ELLIPSIS
mse: right on all ... inputs (values, reductions, extremes, bad input).

A wrong answer raises `CheckFailed`, whose message names the mistake that explains all the
results, shows the smallest input on which it shows, and says where to read again.

The work is done in three steps that need not happen in one process: an `Exercise` of the table
draws `Call`s from a seed, `answer.ask` puts them to a function, `judge.judge` compares.
"""

from lossfns.check.checking import CheckFailed, check
from lossfns.check.hand_in import hand_in
from lossfns.check.points import total_points
from lossfns.check.table import EXERCISES

__all__ = ["EXERCISES", "CheckFailed", "check", "hand_in", "total_points"]
