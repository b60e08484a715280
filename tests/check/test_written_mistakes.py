"""Mistakes as learners write them, apart from our own variants, are called by their names."""

import numpy as np
import pytest
from submissions.core import MISTAKES, WAYS

from lossfns.check import CheckFailed, check

WRITTEN = [
    pytest.param(function, source, name, id=f"{function}: {name}")
    for function, mistakes in MISTAKES.items()
    for source, name, _ in mistakes
]
RIGHT = [
    pytest.param(function, source, id=f"{function}-{i}")
    for function, ways in WAYS.items()
    for i, source in enumerate(ways)
]


def written(function, source):
    space = {"np": np}
    exec(source, space)
    return space[function]


@pytest.mark.parametrize(("function", "source", "name"), WRITTEN)
def test_a_mistake_is_recognised(function, source, name):
    with pytest.raises(CheckFailed) as failure:
        check(function, written(function, source))
    assert failure.value.verdict.explained.name == name


@pytest.mark.parametrize(("function", "source"), RIGHT)
def test_a_right_way_passes(function, source):
    check(function, written(function, source))
