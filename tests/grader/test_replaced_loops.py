"""A loop that was replaced instead of repaired earns nothing, whatever it returns."""

import copy

import pytest
from coursework.course import solution

from grader.limits import Limits
from grader.verifier import grade

PARTS = ("set-up", "torch-set-up", "broken_broadcast", "repaired_broadcast")
POINTS = "repaired-broadcast-values"
FIT = "slope, intercept = np.polyfit(x, y, 1)"
INSTEAD = f"def repaired_broadcast(x, y):\n    {FIT}\n    return np.array([slope, intercept])"


@pytest.mark.parametrize(
    ("source", "says"),
    [
        (None, "repaired_broadcast: right on all"),
        ("%matplotlib inline\n{}", "repaired_broadcast: right on all"),
        (INSTEAD, "This looks like: written anew instead of repaired."),
        (f"{INSTEAD}\n'''\n{{}}\n'''", "This looks like: written anew instead of repaired."),
    ],
)
def test_a_repair_keeps_the_lines(source, says):
    notebook = solution("08_debugging")
    notebook.cells = [copy.deepcopy(c) for c in notebook.cells if c.id in (*PARTS, POINTS)]
    (answer,) = (cell for cell in notebook.cells if cell.id == "repaired_broadcast")
    notebook.cells[0].source = "import numpy as np"
    if source is not None:
        answer.source = source.replace("{}", answer.source)
    (mark,) = grade(notebook, "ada", b"secret" * 4, Limits()).marks
    assert says in mark.text
    assert mark.score == (mark.points if "right on all" in says else 0)
