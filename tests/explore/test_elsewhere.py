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
    ("background", (1 - 192 / 196 + 1) / 2),  # both classes against the one that is missed
    ("focal-sum", 16),  # pixels
    ("mined", 4),  # 2 of 8 triplets cost something
    ("pairs", (0.8**0.5 + 1 - 0.4**0.5) * 3 / (0.4 + (1 - 0.4**0.5) ** 2 / 2)),
    ("ctc", 4),  # tokens
    ("tokens", 2 / 1.4),  # (1 + 3) / 2 against 7 / 5
])  # fmt: skip
def test_factors_that_follow_from_the_conventions(label, factor):
    one, other = NUMBERS[label]
    assert one / other == pytest.approx(factor, rel=3e-6)


def test_torchvision_holds_the_weight_of_ciou_constant():
    """By finite differences, of the whole loss and with the weight of one place."""

    def terms(y1):
        """Of the boxes (0, y1, 6, 1) and (1, 0, 3, 4), which share 2."""
        iou = 2 / (6 * (1 - y1) + 8 - 2)
        distance = (1 + ((y1 + 1) / 2 - 2) ** 2) / (36 + (4 - y1) ** 2)
        v = 4 / math.pi**2 * (math.atan(2 / 4) - math.atan(6 / (1 - y1))) ** 2
        return 1 - iou + distance, v, v / (1 - iou + v)

    h = 1e-5
    (low, v_low, a_low), (high, v_high, a_high) = terms(-1 - h), terms(-1 + h)
    a = terms(-1)[2]
    theirs = (high - low + a * (v_high - v_low)) / (2 * h)
    ours = (high - low + a_high * v_high - a_low * v_low) / (2 * h)
    assert NUMBERS["ciou"] == pytest.approx((theirs, ours), abs=1e-5)


def test_what_is_no_factor_is_said_in_words():
    assert ratio(*NUMBERS["log-cosh"]) == "∞"
    assert ratio(*NUMBERS["ignored"]) == "NaN : 0"
    assert ratio(*NUMBERS["shapes"]).endswith(" : refused")
    assert math.isnan(NUMBERS["ignored"][0])
