"""Right results that were not found in the way that the exercise is about."""

import linecache

import numpy as np
import pytest
import torch
from check.right_answers.multitask import network, two_lines
from coursework.course import solution

from lossfns.check import EXERCISES, CheckFailed, check

CELLS = {
    cell.metadata.nbgrader.grade_id: cell.source
    for cell in solution("08_debugging").cells
    if "grade_id" in cell.metadata.get("nbgrader", {})
}
REPAIRED = [name for name in EXERCISES if EXERCISES[name].repairs]
# Each loop is repaired in other ways than in the solution, by these changes of the broken one.
REPAIRS = [
    ("repaired_broadcast", "pred - target", "pred[:, 0] - target"),
    ("repaired_broadcast", "intercept\n", "intercept\n        pred = pred.squeeze(1)\n"),
    ("repaired_zero_grad", "        loss.backward", "        slope.grad = intercept.grad = None\n"
     "        loss.backward"),
    ("repaired_reduction", ', reduction="sum"', ""),
    ("repaired_reduction", 'reduction="sum")', 'reduction="sum") / len(x)'),
    ("repaired_reduction", "lr=0.5", "lr=0.5 / len(x)"),
    ("repaired_double_softmax", "cross_entropy(probs", "nll_loss(probs.log()"),
    ("repaired_weights", "weight=ratio", "weight=1 + (ratio - 1) * target"),
]  # fmt: skip


def written(name, source):
    """A function as a notebook has it: its text can be read."""
    file = f"<{name}>"
    broken = CELLS[EXERCISES[name].repairs].split("\n\n\n")[0]
    namespace = {"np": np, "torch": torch}
    for place, text in ((f"<broken {name}>", broken), (file, source)):
        linecache.cache[place] = (len(text), None, [f"{one}\n" for one in text.split("\n")], place)
        exec(compile(text, place, "exec"), namespace)
    return namespace[name]


def broken(name):
    repairs = EXERCISES[name].repairs
    return CELLS[repairs].split("\n\n\n")[0].replace(repairs, name)


@pytest.mark.parametrize(("name", "old", "new"), REPAIRS)
def test_a_loop_may_be_repaired_in_several_ways(name, old, new):
    source = broken(name)
    assert source.count(old) == 1
    check(name, written(name, source.replace(old, new)))


@pytest.mark.parametrize("name", REPAIRED)
def test_comments_and_layout_of_a_repair_are_free(name):
    call = "    optimizer = torch.optim.SGD("
    source = CELLS[name].replace(call, f"{call}\n        # as it was\n        ")
    check(name, written(name, source))


def test_a_fit_by_a_library_repairs_nothing():
    for body in (
        "    return np.polyfit(x, y, 1)",
        "    slope, intercept = np.polyfit(x, y, 1)\n"
        "    return np.array([slope.item(), intercept.item()])",
        broken("repaired_broadcast").split("\n", 1)[1].rpartition("\n")[0]
        + "\n    return np.polyfit(x, y, 1)",
    ):
        source = f"def repaired_broadcast(x, y):\n{body}\n"
        with pytest.raises(CheckFailed, match="written anew instead of repaired") as failure:
            check("repaired_broadcast", written("repaired_broadcast", source))
        assert "lines of broken_broadcast are left" in " ".join(str(failure.value).split())
        assert "smallest input" not in str(failure.value)


def test_a_loop_that_is_still_broken_is_told_so_first():
    for name in REPAIRED:
        with pytest.raises(CheckFailed, match="still the broken loop"):
            check(name, written(name, broken(name)))


def test_two_models_that_share_nothing_are_not_trained_together():
    def two_networks(x, y_class, y_number, x_new):
        """One after the other, each with a loss of its own."""
        probs = network(x, y_class, y_class * 1.0, x_new)[:, :-1]
        numbers = network(x, np.zeros_like(y_class), y_number, x_new)[:, -1:]
        return np.hstack([probs, numbers])

    for apart in (two_lines, two_networks):
        with pytest.raises(CheckFailed, match="two models that know nothing of each other"):
            check("train_two_heads", apart)
