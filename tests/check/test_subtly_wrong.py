"""Answers that are wrong in one detail lose marks, whatever the seed, and hear what it is."""

import numpy as np
import pytest
import torch
from check.subtly_wrong import ANSWERS, CHANGES

from lossfns.check import CheckFailed, check

SEEDS = 0, 1, 2024
WRONG = [
    pytest.param(name, old, new, told, id=f"{name}: {old.strip()} -> {new.strip()}")
    for name, old, new, told in CHANGES
]


def written(name, source):
    space = {"np": np, "torch": torch}
    exec(source, space)
    return space[name]


@pytest.mark.parametrize("name", ANSWERS)
def test_the_answer_before_the_change_is_right(name):
    for seed in SEEDS:
        check(name, written(name, ANSWERS[name]), seed=seed)


@pytest.mark.parametrize(("name", "old", "new", "told"), WRONG)
def test_a_subtly_wrong_answer_loses_marks_with_every_seed(name, old, new, told):
    assert ANSWERS[name].count(old) == 1
    answer = written(name, ANSWERS[name].replace(old, new))
    for seed in SEEDS:
        with pytest.raises(CheckFailed) as failure:
            check(name, answer, seed=seed)
        if told and seed == 0:
            name = told if isinstance(told, str) else told.name
            assert failure.value.verdict.explained.name == name


def test_the_corpus_is_large():
    assert len({(name, old, new) for name, old, new, _ in CHANGES}) == len(CHANGES) >= 200
