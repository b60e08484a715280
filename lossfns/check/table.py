"""All exercises by name. A new one is a new row in the table of its chapter."""

from lossfns.check import regression
from lossfns.check.exercise import Exercise

EXERCISES: dict[str, Exercise] = {exercise.name: exercise for exercise in regression.EXERCISES}
