"""The exercises on several losses at once, with the mistakes that people make in them."""

from lossfns.check.multitask import balance, fixed, heads, training, uncertainty

EXERCISES = (
    fixed.WEIGHTED_SUM,
    fixed.NORMALISED_LOSSES,
    uncertainty.UNCERTAINTY_WEIGHTING,
    uncertainty.UNCERTAINTY_WEIGHTING_GRAD,
    uncertainty.BEST_LOG_VARS,
    balance.DWA_WEIGHTS,
    balance.PROJECT_CONFLICT,
    uncertainty.UNCERTAINTY_WEIGHTING_TORCH,
    heads.TWO_HEAD_LOSS_TORCH,
    training.TRAIN_TWO_HEADS,
)
