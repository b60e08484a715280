"""The table of disagreements: factors that can be told without a computer."""

import math

import pytest

from lossfns.explore.elsewhere import disagreements, ratio

NUMBERS = {label: numbers for label, _, _, numbers in disagreements()}


@pytest.mark.parametrize(("label", "factor"), [
    ("reductions", 2),  # weights 1, 1, 4 add up to 6 for 3 items
    ("half", 1 / 2),
    ("huber", 2),  # the threshold
    ("per-cent", 100),
    ("kl", 3),  # classes
    ("hinge", 3),  # 1 + 2 against 1 - 0
    ("hinges", 3),  # classes
    ("focal", 4),  # alpha is a quarter
    ("dice", 0.5 / (1 - 32 / 33)),  # one image of two is missed; 16 of 17 pixels are found
    ("tversky", (1.4 / 2.4) / (0.6 / 1.6)),
    ("ctc", 4),  # tokens
    ("tokens", 2 / 1.4),  # (1 + 3) / 2 against 7 / 5
])  # fmt: skip
def test_factors_that_follow_from_the_conventions(label, factor):
    one, other = NUMBERS[label]
    assert one / other == pytest.approx(factor, rel=1e-6)


def test_what_is_no_factor_is_said_in_words():
    assert ratio(*NUMBERS["log-cosh"]) == "∞"
    assert ratio(*NUMBERS["ignored"]) == "NaN : 0"
    assert ratio(*NUMBERS["shapes"]).endswith(" : refused")
    assert math.isnan(NUMBERS["ignored"][0])
