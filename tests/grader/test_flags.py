"""Flags that need no submission: what is read in the answers."""

import copy

import pytest
from coursework.course import solution

from grader.flags import flags_of

CLINIC = solution("08_debugging")
REPAIRED = [
    cell.metadata.nbgrader.grade_id
    for cell in CLINIC.cells
    if cell.metadata.get("nbgrader", {}).get("grade_id", "").startswith("repaired_")
    and cell.metadata.nbgrader.solution
]


def flags(**answers):
    notebook = copy.deepcopy(CLINIC)
    for cell in notebook.cells:
        about = cell.metadata.get("nbgrader", {})
        if about.get("solution") and about["grade_id"] in answers:
            cell.source = answers[about["grade_id"]]
    return flags_of(notebook)


def test_repairs_have_no_flag():
    assert len(REPAIRED) == 5
    assert not [flag for flag in flags() if "rewritten" in flag]


@pytest.mark.parametrize("name", REPAIRED)
def test_what_is_written_anew_instead_of_repaired_has_one(name):
    anew = f"def {name}(x, y):\n    return np.polyfit(x, y, 1)"
    (flag,) = [flag for flag in flags(**{name: anew}) if "rewritten" in flag]
    assert flag.startswith(f"{name}: rewritten, not repaired? 0 of ")
