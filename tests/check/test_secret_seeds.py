"""Misconceptions keep their names on the inputs that only the grader draws.

Two that nobody can tell apart would fail here: the first would be taken for the second, too.
"""

import hashlib
import hmac

import pytest

from lossfns.check import EXERCISES
from lossfns.check.answer import ask
from lossfns.check.judge import judge


def secret_seed(student: str, name: str) -> int:
    """64 bits from a secret, as grader/verifier.py draws them."""
    digest = hmac.new(b"the secret of a course", f"{student}\0{name}".encode(), hashlib.sha256)
    return int.from_bytes(digest.digest()[:8])


@pytest.mark.parametrize("student", ["ada", "bob"])
@pytest.mark.parametrize("name", EXERCISES)
def test_each_misconception_is_told_from_all_others(name, student):
    exercise = EXERCISES[name]
    calls = exercise.calls(secret_seed(student, name))
    named = {}
    for mistake in exercise.misconceptions:
        answers = [ask(mistake.wrong, call, torch=exercise.torch) for call in calls]
        explained = judge(exercise, calls, answers).explained
        named[mistake.name] = explained.name if explained else None
    assert named == {mistake.name: mistake.name for mistake in exercise.misconceptions}
