"""The exercises of chapter 5, with the mistakes that people make in them."""

from lossfns.check.imbalance import (
    cross_entropy,
    dice,
    focal,
    focal_gradient,
    rare,
    tversky,
    weights,
)

EXERCISES = (
    weights.CLASS_WEIGHTS,
    cross_entropy.WEIGHTED_CROSS_ENTROPY,
    focal.FOCAL,
    focal_gradient.FOCAL_GRAD,
    dice.DICE,
    tversky.TVERSKY,
    focal.FOCAL_TORCH,
    dice.DICE_TORCH,
    rare.TRAIN_RARE,
)
