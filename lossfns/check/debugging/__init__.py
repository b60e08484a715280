"""The exercises of the clinic: broken training loops to repair, and instruments to read them."""

from lossfns.check.debugging import classes, lines, tools

EXERCISES = (
    tools.EXPECTED_INITIAL_LOSS,
    tools.GRADIENT_NORM,
    tools.FIRST_BAD_STEP,
    lines.REPAIRED_BROADCAST,
    lines.REPAIRED_ZERO_GRAD,
    lines.REPAIRED_REDUCTION,
    classes.REPAIRED_DOUBLE_SOFTMAX,
    classes.REPAIRED_WEIGHTS,
)
