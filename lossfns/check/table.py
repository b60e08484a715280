"""All exercises by name. A new one is a new row in the table of its family."""

from lossfns.check import (
    calibration,
    classification,
    contrastive,
    debugging,
    foundations,
    imbalance,
    multitask,
    regression,
    stability,
)
from lossfns.check.exercise import Exercise
from lossfns.check.kinds import missed
from lossfns.check.problems import OF_RESULTS

# One module an assignment, in the order of the chapters.
FAMILIES = (
    foundations,
    regression,
    classification,
    stability,
    imbalance,
    contrastive,
    calibration,
    debugging,
    multitask,
)

EXERCISES: dict[str, Exercise] = {
    exercise.name: exercise for family in FAMILIES for exercise in family.EXERCISES
}

# What is recognised in all exercises where it can happen, and has its name and hint from there.
IN_SEVERAL = (
    *(kind.name for kind in missed.KINDS),
    *(problem.name for problem in OF_RESULTS if problem.common),
)
