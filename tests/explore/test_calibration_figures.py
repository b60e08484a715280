"""The pictures of chapter 7 show the bins, scores and costs that they are given."""

import numpy as np
import pytest
from pictures import figures_of

from lossfns.explore import calibration
from lossfns.explore.style import svg

X = np.linspace(0.01, 0.99, 50)
STEPS = [25, 50, 100, 400]
# Count, confidence and accuracy of four bins, one of them empty.
TABLE = np.array([[10, 0.1, 0.2], [0, 0, 0], [20, 0.6, 0.5], [70, 0.9, 0.8]])
FIGURES = {
    "said_and_happened": lambda: calibration.said_and_happened(
        {"a": (0.7, 0.6, 20), "b": (0.9, 0.95, 8)}
    ),
    "reliability": lambda: calibration.reliability({"a": TABLE, "b": TABLE}),
    "gaps": lambda: calibration.gaps(TABLE),
    "ece_by_chance": lambda: calibration.ece_by_chance(
        np.array([2, 10, 100]),
        {"n = 100": ([0, 0.1, 0.2], np.array([0.1, 0.2, 0.3]), [0.2, 0.3, 0.4])},
    ),
    "expected_scores": lambda: calibration.expected_scores(
        X, {"Brier": (X - 0.7) ** 2, "absolute error": 1 - X}, truth=0.7
    ),
    "training": lambda: calibration.training(
        STEPS, {"accuracy": [0.5, 0.8, 0.9, 0.9]}, ylabel="share", top=1.0
    ),
    "temperatures": lambda: calibration.temperatures(
        X * 8, {"test": (X - 0.3) ** 2}, np.full(50, 0.9), fitted=2.4
    ),
    "bands": lambda: calibration.bands({"a": np.ones((5, 2)), "b": np.zeros((5, 2))}, ["x", "y"]),
    "costs": lambda: calibration.costs(X * 50, {"before": X, "after": X / 2}),
    "decomposition": lambda: calibration.decomposition(
        {"a": (0.25, 0.09, 0.02, 0.18), "b": (0.25, 0.05, 0.0, 0.2)}
    ),
}


def test_every_figure_is_tested():
    assert figures_of(calibration) == set(FIGURES)


@pytest.mark.parametrize("name", sorted(FIGURES))
def test_figure_is_the_same_twice_and_small(name):
    first, second = svg(FIGURES[name]()), svg(FIGURES[name]())
    assert first == second
    assert len(first) < 200_000


def test_an_empty_bin_has_no_dot():
    (dots,) = calibration.reliability({"a": TABLE}).axes[0].collections
    assert np.allclose(dots.get_offsets(), TABLE[[0, 2, 3], 1:])


def test_the_area_of_a_dot_grows_with_the_count():
    (dots,) = calibration.reliability({"a": TABLE}).axes[0].collections
    assert np.all(np.diff(dots.get_sizes()) > 0)


def test_a_gap_reaches_from_what_happened_to_what_was_said():
    bars = calibration.gaps(TABLE).axes[0].patches
    happened, gap = bars[:4], bars[4:8]
    for one, other, (_, confidence, accuracy) in zip(happened, gap, TABLE, strict=True):
        assert one.get_height() == pytest.approx(accuracy)
        assert sorted([other.get_y(), other.get_y() + other.get_height()]) == pytest.approx(
            sorted([accuracy, confidence])
        )


def test_the_cheapest_report_is_marked():
    ax = calibration.expected_scores(X, {"Brier": (X - 0.7) ** 2}, truth=0.7).axes[0]
    (at,) = ax.lines[1].get_xdata()
    assert at == pytest.approx(0.7, abs=0.01)
