"""Slider, Choice and Play: what they accept and how they write values."""

import math

import numpy as np
import pytest

from lossfns.explore import Choice, Play, Slider


def test_slider_starts_at_its_first_value():
    assert Slider([3, 4]).start == 3


def test_slider_finds_the_start_in_a_grid_with_rounding_errors():
    slider = Slider(np.linspace(0, 1, 11), start=0.3)
    assert slider.start == np.linspace(0, 1, 11)[3]
    assert slider.text(slider.start) == "0.3"


def test_values_are_plain_numbers_of_one_kind():
    assert [type(v) for v in Slider(np.arange(3)).values] == [int] * 3
    assert [type(v) for v in Slider([0, 0.5]).values] == [float] * 2


def test_slider_is_continuous_unless_all_values_are_integers():
    assert Slider([0, 0.5]).continuous
    assert not Slider(range(3)).continuous


def test_text_has_minus_sign_and_unit():
    assert Slider([-2.5, 0], unit="m").text(-2.5) == "−2.5\N{NO-BREAK SPACE}m"


def test_choice_shows_names_and_gives_values():
    choice = Choice({"right": 1, "wrong": -1}, start=-1)
    assert choice.values == (1, -1)
    assert choice.text(choice.start) == "wrong"


@pytest.mark.parametrize(
    ("values", "error", "words"),
    [
        ([1, 1], ValueError, "1 before 1"),
        ([2, 1], ValueError, "increase"),
        ([1], ValueError, "at least two"),
        ([], ValueError, "at least two"),
        (3, TypeError, "sequence"),
        ("12", TypeError, "sequence"),
        (["a", "b"], TypeError, "finite numbers"),
        ([0, math.nan], TypeError, "finite numbers"),
        ([0, math.inf], TypeError, "finite numbers"),
        ([False, True], TypeError, "finite numbers"),
    ],
)
def test_slider_refuses_what_is_no_scale(values, error, words):
    with pytest.raises(error, match="values.*" + words):
        Slider(values)


@pytest.mark.parametrize(
    ("values", "error", "words"),
    [
        (["a", "a"], ValueError, "'a' twice"),
        ({"a": 1, "b": 1}, ValueError, "1 twice"),
        (["a"], ValueError, "at least two"),
        ({"a": 1}, ValueError, "at least two"),
        ([1, 2], TypeError, "strings"),
        ("ab", TypeError, "sequence"),
    ],
)
def test_choice_refuses_what_is_no_choice(values, error, words):
    with pytest.raises(error, match="values.*" + words):
        Choice(values)


@pytest.mark.parametrize("control", [Slider, Play])
def test_start_must_be_one_of_the_values(control):
    with pytest.raises(ValueError, match="start must be one of the values, got 7"):
        control([1, 2], start=7)


@pytest.mark.parametrize("interval", [0, -5, 1.5, "fast"])
def test_play_refuses_a_strange_interval(interval):
    with pytest.raises(ValueError, match="interval"):
        Play([1, 2], interval=interval)
