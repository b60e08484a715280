"""Which lines of a broken loop are left: whatever they are called, and only those that run."""

import re

import pytest
from check.test_method import CELLS, REPAIRED, broken, written

from lossfns.check import CheckFailed, check

NAMES = {
    name: f"my_{name}"
    for name in (
        *("x", "y", "labels", "x_new", "inputs", "target", "slope", "intercept", "optimizer"),
        *("pred", "loss", "classes", "weights", "bias", "probs", "logits", "ratio"),
    )
}
LOOP = broken("repaired_broadcast").split("\n", 1)[1]
INSTEAD = """\
    slope, intercept = np.polyfit(x, y, 1)
    return np.array([slope.item(), intercept.item()])
"""


def refused(body):
    source = f"def repaired_broadcast(x, y):\n{body}"
    with pytest.raises(CheckFailed, match="written anew instead of repaired"):
        check("repaired_broadcast", written("repaired_broadcast", source))


@pytest.mark.parametrize("name", REPAIRED)
def test_all_names_may_be_changed(name):
    source = re.sub(r'""".*?"""', "", CELLS[name], flags=re.DOTALL)
    renamed = re.sub(
        r"(?<![.\w])([a-z_]+)\b(?!=[^=])", lambda found: NAMES.get(found[1], found[1]), source
    )
    assert renamed.count("my_") > 10
    check(name, written(name, renamed))


@pytest.mark.parametrize("head", ["if False:", "if x is None:", "while False:", "def unused():"])
def test_lines_that_never_run_are_not_left(head):
    kept = LOOP.rpartition("\n")[0].replace("\n", "\n    ")
    refused(f"    {head}\n    {kept}\n{INSTEAD}")


def test_lines_below_the_return_are_not_left():
    refused(f"{INSTEAD}{LOOP}")


def test_two_names_changed_for_one_another_are_followed():
    old, new = "    return", "        slope.grad = intercept.grad = None\n    return"
    source = broken("repaired_zero_grad").replace(old, new)
    other = {"slope": "intercept", "intercept": "slope"}
    swapped = re.sub("slope|intercept", lambda found: other[found[0]], source)
    check("repaired_zero_grad", written("repaired_zero_grad", swapped))
