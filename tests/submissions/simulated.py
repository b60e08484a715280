"""A class of hundreds, simulated: results as grading leaves them, without grading anything."""

import hashlib
import json

import numpy as np

from grader.course import Course
from grader.job import Result
from grader.probes import probes
from grader.results import keep
from grader.status import Status
from lossfns.check import EXERCISES

WRONG = "def {0}(*given):\n    '''of {1}'''\n    return 0  # by {1}"


def simulate(course: Course, assignment: str, size: int, seed: int = 0) -> dict[str, float]:
    """Results of a class of this size; returns how able each student is.

    The abler earn more checks. Of those who miss one, half make the first mistake of its table,
    and the others one of all. Every tenth check, counted from the first, is a matter of luck.
    """
    rng = np.random.default_rng(seed)
    released = json.loads(course.released(assignment))
    students = {f"student-{i:04}@example.org": float(rng.normal()) for i in range(size)}
    graded = [
        i
        for i, cell in enumerate(released["cells"])
        if (about := cell["metadata"].get("nbgrader", {})).get("grade") and not about["solution"]
    ]
    hard = dict(zip(graded, rng.normal(-0.5, 1.0, size=len(graded)), strict=True))
    for number, (student, able) in enumerate(students.items()):
        notebook, scores = json.loads(json.dumps(released)), {}
        for place, i in enumerate(graded):
            cell = notebook["cells"][i]
            about = cell["metadata"]["nbgrader"]
            (probe,) = probes(_text(cell))
            chance = 0.5 if place % 10 == 0 else 1 / (1 + np.exp(2 * (hard[i] - able)))
            right = bool(rng.uniform() < chance)
            mistakes = EXERCISES[probe.exercise].misconceptions
            which = 0 if rng.uniform() < 0.5 else int(rng.integers(len(mistakes)))
            said = "right" if right else mistakes[which].name
            finding = {"function": probe.function, "aspects": list(probe.aspects or ())}
            finding |= {"right": right, "said": said, "read": EXERCISES[probe.exercise].read}
            cell["metadata"]["findings"] = [finding | {"example": "" if right else "an input"}]
            scores[about["grade_id"]] = float(about["points"]) if right else 0.0
        for cell in notebook["cells"]:
            about = cell["metadata"].get("nbgrader", {})
            if about.get("solution") and cell["cell_type"] == "code":
                cell["source"] = WRONG.format(about["grade_id"], student)
        status = Status.UNREADABLE if number % 100 == 7 else Status.GRADED
        keep(
            course.results(assignment),
            Result(
                key=hashlib.sha256(student.encode()).hexdigest(),
                student=student,
                assignment=assignment,
                status=status,
                message="the file is empty" if status is Status.UNREADABLE else "",
                notebook=notebook,
                scores=dict.fromkeys(scores, 0.0) if status is Status.UNREADABLE else scores,
                flags=["mse: imports sklearn"] if number % 50 == 3 else [],
                seconds=float(rng.gamma(4.0, 2.0)),
            ),
        )
    return students


def _text(cell) -> str:
    return "".join(cell["source"])
