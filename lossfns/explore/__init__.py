"""Pictures that answer: explorers for the published page and the live kernel, and figures' style.

`explore(draw, **controls)` makes an explorer from a drawing function of yours; the functions named
after losses are ready to show. `lossfns.explore.style` makes figures in the style of the book.
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
    focal_modulation,
    gradient_flow,
    landscape,
    mse_squares,
    mse_vs_ce,
    overlap_masks,
    regression_losses,
    softmax_scores,
    two_lines,
)
from .formula import Table
from .quiz import display_quiz
from .scene import Scene

__all__ = [
    "Choice",
    "Explorer",
    "Play",
    "Scene",
    "Slider",
    "Table",
    "bce_logit",
    "class_weight_shares",
    "display_quiz",
    "explore",
    "focal_modulation",
    "gradient_flow",
    "landscape",
    "mse_squares",
    "mse_vs_ce",
    "overlap_masks",
    "regression_losses",
    "softmax_scores",
    "two_lines",
]
