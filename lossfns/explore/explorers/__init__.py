"""The explorers of the book: each teaches one idea and stands under a question.

What is drawn in the browser is a `Scene`. Its formulas are compared with `lossfns` by tests.
"""

from .calibration import reliability_temperature
from .classification import bce_logit, mse_vs_ce, softmax_scores
from .foundations import courier_descent, pulls
from .regression import mse_squares, regression_losses, two_lines
from .training import gradient_flow, landscape

__all__ = [
    "bce_logit",
    "courier_descent",
    "gradient_flow",
    "landscape",
    "mse_squares",
    "mse_vs_ce",
    "pulls",
    "regression_losses",
    "reliability_temperature",
    "softmax_scores",
    "two_lines",
]
