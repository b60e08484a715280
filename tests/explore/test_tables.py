"""Tables of numbers, and the one table that checks a gradient."""

from functools import partial

import numpy as np
import pytest

import lossfns.numpy as ln
from lossfns.explore import table
from lossfns.explore.lessons import gradient_check, nudged


def test_numbers_are_formatted_and_stand_to_the_right():
    shown = table({"loss": "", "n": "d", "mean": ".3f"}, [("a < b", 3, -0.5), ("c", 10, 2)])
    page = shown._repr_html_()
    assert 'text-align: left">a &lt; b</td>' in page
    assert 'nowrap">−0.500</td>' in page
    assert repr(shown).splitlines() == [
        "loss    n    mean",
        "a < b   3  −0.500",
        "c      10   2.000",
    ]


def test_a_word_in_a_column_of_numbers_stays_a_word():
    assert repr(table({"steps": "d"}, [[12], ["> 150"]])) == "steps\n   12\n> 150"


def test_nothing_has_no_sign():
    column = [[-0.0], [-0.0004], [-0.0006], [float("-inf")]]
    assert [row[0][0] for row in table({"x": ".3f"}, column).rows] == [
        "0.000",
        "0.000",
        "−0.001",
        "−inf",
    ]


def test_a_row_of_another_length_is_refused():
    with pytest.raises(ValueError, match="2 columns need 2 values, got .'MSE'."):
        table({"loss": "", "mean": ".2f"}, [["MSE"]])


def differences(check):
    return [float(row[-1][0].replace("−", "-")) for row in check.rows]


def test_a_right_formula_agrees_and_a_wrong_one_does_not():
    error = np.array([-3.0, 0.2, 5.0])
    right = gradient_check(ln.mse, error, 0 * error, {"2e": 2 * error})
    wrong = gradient_check(ln.mse, error, 0 * error, {"e": error})
    assert max(differences(right)) < 1e-6
    assert np.allclose(differences(wrong), abs(error), rtol=0.5)


def test_a_loss_over_a_row_of_logits_is_nudged_entry_by_entry():
    z, label = np.array([[2.0, 1.0, -1.0]]), np.array([1])
    check = gradient_check(ln.cross_entropy, z, label, x="logit")
    assert check.headings == ["logit", "lossfns", "nudged", "gap"]
    assert len(check.rows) == 3
    assert max(differences(check)) < 1e-6


def test_settings_come_with_a_partial_and_several_losses_in_a_dict():
    error = np.array([-3.0, 0.2])
    check = gradient_check(
        {"narrow": partial(ln.huber, delta=0.5), "wide": partial(ln.huber, delta=4.0)},
        error,
        0 * error,
    )
    assert [row[0][0] for row in check.rows] == ["narrow", "narrow", "wide", "wide"]
    assert [row[2][0] for row in check.rows] == ["−0.5000", "0.2000", "−3.0000", "0.2000"]
    assert max(differences(check)) < 1e-6


def test_a_function_of_ones_own_needs_a_formula_and_no_options():
    p = np.array([0.7, 0.3])
    check = gradient_check(
        lambda p: -np.sum(p * np.log(p)), p, formula={"−(ln p + 1)": -(np.log(p) + 1)}
    )
    assert check.headings == ["prediction", "−(ln p + 1)", "nudged", "gap"]
    assert max(differences(check)) < 1e-6


def test_nudging_keeps_the_shape():
    assert nudged(lambda x: (x**2).sum(), np.ones((2, 3))).shape == (2, 3)
