"""What the checks need, and that drawing, calling and judging can happen in different processes."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np

from lossfns.check import EXERCISES, answer
from lossfns.check.answer import Answer
from lossfns.check.judge import judge


def run(code, *arguments, cwd=None):
    command = [sys.executable, "-c", code, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, cwd=cwd)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_checks_need_numpy_alone():
    code = """
import sys
from lossfns.check import check
check("mae", lambda pred, target: abs(pred - target).mean())
heavy = {"torch", "matplotlib", "IPython", "nbgrader", "scipy"} & set(sys.modules)
assert not heavy, heavy
"""
    assert run(code).startswith("mae: right")


ELSEWHERE = '''
"""A process that holds the learner's function and `answer.py`, and no reference."""
import dataclasses, json, sys
from pathlib import Path
from types import SimpleNamespace
import numpy as np
from answer import ask

def learner(pred, target, reduction="mean"):
    if pred.shape != target.shape:
        raise ValueError("shapes differ")
    squares = (pred - target) ** 2
    return squares if reduction == "none" else squares.sum()

box = Path(sys.argv[1])
for i, options in enumerate(json.loads((box / "options.json").read_text())):
    with np.load(box / f"{i}.npz", allow_pickle=False) as arrays:
        call = SimpleNamespace(arrays=dict(arrays), options=options, wants=())
    given = dataclasses.asdict(ask(learner, call))
    value = given.pop("value")
    if value is not None:
        np.save(box / f"{i}.npy", value, allow_pickle=False)
    (box / f"{i}.json").write_text(json.dumps(given))
assert not any(name.startswith("lossfns") for name in sys.modules)
'''


def test_a_verifier_can_question_a_function_in_another_process(tmp_path):
    exercise = EXERCISES["mse"]
    calls = exercise.calls(seed=5)
    (tmp_path / "answer.py").write_text(Path(answer.__file__).read_text(encoding="utf8"))
    (tmp_path / "options.json").write_text(json.dumps([call.options for call in calls]))
    for i, call in enumerate(calls):
        np.savez(tmp_path / f"{i}.npz", **call.arrays)

    run(ELSEWHERE, str(tmp_path), cwd=tmp_path)

    answers = []
    for i in range(len(calls)):
        given = json.loads((tmp_path / f"{i}.json").read_text())
        path = tmp_path / f"{i}.npy"
        value = np.load(path, allow_pickle=False) if path.exists() else None
        answers.append(Answer(**given | {"value": value, "changed": tuple(given["changed"])}))
    verdict = judge(exercise, calls, answers)
    assert verdict.explained.name == "the sum instead of the mean"
    assert verdict.failed == ("values", "reductions", "extremes", "bad input")
