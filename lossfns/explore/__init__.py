"""Pictures that answer: explorers for the published page and the live kernel, and figures' style.

`explore(draw, **controls)` makes an explorer from a drawing function of yours; the functions named
after losses are ready to show. `table` sets numbers side by side; `lossfns.explore.style` makes
figures in the style of the book.
"""

# ruff: noqa: E402 (what follows needs the library that is asked for here)
from lossfns._extras import require

require("matplotlib", "lossfns.explore", "Matplotlib", "explore")
del require

from .controls import Choice, Play, Slider
from .engine import Explorer, explore
from .explorers import (
    bce_logit,
    class_weight_shares,
    courier_descent,
    ctc_alignments,
    focal_modulation,
    gradient_flow,
    info_nce_temperature,
    landscape,
    loss_curves,
    mse_squares,
    mse_vs_ce,
    multitask_balance,
    naive_against_stable,
    overlap_masks,
    pulls,
    regression_losses,
    reliability_bins,
    reliability_temperature,
    sliding_boxes,
    softmax_scores,
    triplet_pull,
    two_lines,
)
from .formula import Lookup
from .quiz import display_quiz
from .scene import Scene
from .tables import table

__all__ = [
    "Choice",
    "Explorer",
    "Lookup",
    "Play",
    "Scene",
    "Slider",
    "bce_logit",
    "class_weight_shares",
    "courier_descent",
    "ctc_alignments",
    "display_quiz",
    "explore",
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
    "table",
    "triplet_pull",
    "two_lines",
]
