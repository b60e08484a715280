"""The exercises of chapter 4, with the mistakes that people make in them."""

from lossfns.check.stability import binary, chunked, masked, rows, sigmoids

EXERCISES = (
    rows.LOGSUMEXP,
    rows.LOG_SOFTMAX,
    sigmoids.LOG_SIGMOID,
    binary.STABLE_BCE,
    binary.STABLE_BCE_GRAD,
    sigmoids.LOG1MEXP,
    masked.MASKED_MEAN,
    rows.LOGSUMEXP_TORCH,
    binary.STABLE_BCE_TORCH,
    chunked.CHUNKED_CROSS_ENTROPY,
)
