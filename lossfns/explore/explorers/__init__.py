"""The explorers of the book: each teaches one idea and stands under a question.

What is drawn in the browser is a `Scene`. Its formulas are compared with `lossfns` by tests.
"""

from .calibration import reliability_bins, reliability_temperature
from .classification import bce_logit, mse_vs_ce, softmax_scores
from .contrastive import info_nce_temperature, triplet_pull
from .debugging import loss_curves
from .foundations import courier_descent, pulls
from .imbalance import class_weight_shares, focal_modulation, overlap_masks
from .multitask import multitask_balance
from .regression import mse_squares, regression_losses, two_lines
from .sequence import ctc_alignments
from .stability import naive_against_stable
from .training import gradient_flow, landscape
from .vision import sliding_boxes

__all__ = [
    "bce_logit",
    "class_weight_shares",
    "courier_descent",
    "ctc_alignments",
    "focal_modulation",
    "gradient_flow",
    "info_nce_temperature",
    "landscape",
    "loss_curves",
    "mse_squares",
    "mse_vs_ce",
    "multitask_balance",
    "naive_against_stable",
    "overlap_masks",
    "pulls",
    "regression_losses",
    "reliability_bins",
    "reliability_temperature",
    "sliding_boxes",
    "softmax_scores",
    "triplet_pull",
    "two_lines",
]
