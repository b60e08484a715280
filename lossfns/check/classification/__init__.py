"""The exercises of chapter 3, with the mistakes that people make in them."""

from lossfns.check.classification import (
    binary,
    cross_entropy,
    divergence,
    race,
    softmax,
    squared,
    tensors,
)

EXERCISES = (
    binary.BCE,
    binary.BCE_WITH_LOGITS,
    binary.BCE_WITH_LOGITS_GRAD,
    softmax.SOFTMAX,
    cross_entropy.CROSS_ENTROPY,
    cross_entropy.CROSS_ENTROPY_GRAD,
    divergence.KL_DIVERGENCE,
    tensors.CROSS_ENTROPY_TORCH,
    squared.MSE_OF_SIGMOID_GRAD,
    race.TRAIN_LOGISTIC,
)
