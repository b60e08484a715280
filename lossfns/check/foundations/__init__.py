"""The exercises of chapter 1, with the mistakes that people make in them."""

from lossfns.check.foundations import (
    constant,
    descent,
    likelihood,
    line,
    pieces,
    risk,
    survey,
    tensors,
)

EXERCISES = (
    risk.WEIGHTED_RISK,
    risk.RIDGE_RISK,
    line.LINE_GRADIENT,
    descent.DESCEND,
    tensors.TRAINING_STEP_TORCH,
    pieces.ACCUMULATED_GRADIENT,
    constant.BEST_CONSTANT,
    likelihood.BERNOULLI_NLL,
    survey.FIT_SURVEY,
)
