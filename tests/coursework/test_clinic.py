"""The broken loops of assignment 8: what is shown there is what its checks call still broken."""

import numpy as np
import pytest
import torch
from coursework.course import graded_cells, solution

from lossfns.check import CheckFailed, check

BROKEN = {
    cell.metadata.nbgrader.grade_id: cell.source
    for cell in graded_cells(solution("08_debugging"))
    if cell.metadata.nbgrader.grade_id.startswith("broken_")
}


def loop(name):
    """The function alone, without the line under it that shows what it does."""
    space = {"np": np, "torch": torch}
    exec(BROKEN[name].split("\n\n\n")[0], space)
    return space[name]


def test_there_are_five_that_nobody_can_edit():
    assert len(BROKEN) == 5
    locked = [
        cell for cell in graded_cells(solution("08_debugging")) if cell.source in BROKEN.values()
    ]
    assert all(cell.metadata.nbgrader.locked for cell in locked)


@pytest.mark.parametrize("seed", [0, 1, 2024])
@pytest.mark.parametrize("name", BROKEN)
def test_a_loop_that_is_handed_in_as_it_was_is_recognised(name, seed):
    repaired = name.replace("broken", "repaired")
    with pytest.raises(CheckFailed) as failure:
        check(repaired, loop(name), seed=seed)
    assert failure.value.verdict.explained.name == "still the broken loop"
