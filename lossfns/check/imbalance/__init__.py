"""The exercises of chapter 5, with the mistakes that people make in them."""

from lossfns.check.imbalance import cross_entropy, focal, masks, rare, weights

EXERCISES = (
    weights.CLASS_WEIGHTS,
    cross_entropy.WEIGHTED_CROSS_ENTROPY,
    focal.FOCAL,
    focal.FOCAL_GRAD,
    masks.DICE,
    masks.TVERSKY,
    focal.FOCAL_TORCH,
    masks.DICE_TORCH,
    rare.TRAIN_RARE,
)
