"""No test depends on which tests ran before it."""

import random

import pytest
import torch


@pytest.mark.parametrize("time", ["first", "second"])
def test_what_is_drawn_without_a_seed_is_the_same_each_time(time):
    assert random.random() == random.Random(0).random()
    assert torch.equal(torch.rand(3), torch.rand(3, generator=torch.Generator().manual_seed(0)))
