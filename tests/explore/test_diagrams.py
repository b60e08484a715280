"""The pictures of an argument show the numbers that they are given."""

import numpy as np
import pytest
from pictures import figures_of

from lossfns.explore import diagrams
from lossfns.explore.style import svg

X = np.linspace(0.0, 10.0, 50)
Y = np.linspace(-3.0, 3.0, 61)
COSTS = {"the truth": (0.8, 0.0), "optimist": (0.8, 0.6)}

FIGURES = {
    "cancelling_factors": diagrams.cancelling_factors,
    "stacked_costs": lambda: diagrams.stacked_costs(COSTS, parts=("H", "KL"), xlabel="nats"),
    "shares": lambda: diagrams.shares(
        {"a": [0.1, 0.9], "b": [0.4, 0.6]}, ["no", "yes"], ylabel="p", level=0.5
    ),
    "right_triangle": lambda: diagrams.right_triangle(16.0, 9.0),
    "densities_over_x": lambda: diagrams.densities_over_x(
        X,
        X + 1,
        (X, X),
        [(2.0, 2.0 + Y, np.exp(-(Y**2) / 2))],
        xlabel="x",
        ylabel="y",
        name="the mean",
    ),
}


def words(ax):
    return [text.get_text() for text in ax.texts]


def test_every_figure_is_tested():
    assert figures_of(diagrams) == set(FIGURES)


@pytest.mark.parametrize("name", sorted(FIGURES))
def test_figure_is_the_same_twice_and_small(name):
    first, second = svg(FIGURES[name]()), svg(FIGURES[name]())
    assert first == second
    assert len(first) < 200_000


def test_the_parts_of_a_cost_follow_each_other_and_the_sum_is_written():
    ax = FIGURES["stacked_costs"]().axes[0]
    bars = [(bar.get_x(), bar.get_width()) for bar in ax.patches]
    assert np.allclose(bars, [(0, 0.8), (0.8, 0), (0, 0.8), (0.8, 0.6)])
    assert {"0.800", "1.400"} < set(words(ax))


def test_the_triangle_has_the_lengths_and_a_right_angle():
    ax = FIGURES["right_triangle"]().axes[0]
    corners = ax.patches[0].get_xy()[:3]
    sides = corners - np.roll(corners, 1, axis=0)
    assert sorted(np.hypot(*sides.T)) == pytest.approx([3, 4, 5])
    assert {"4.0", "3.0\nresidual", "5.0"} < set(words(ax))
    assert ax.get_aspect() == 1


def test_two_products_are_struck_out_and_none_else():
    ax = FIGURES["cancelling_factors"]().axes[0]
    strokes = [line for line in ax.lines if line.get_color() == diagrams.ORANGE]
    products = [text.get_position() for text in ax.texts if text.get_text() == "p (1 − p)"]
    middles = [(np.mean(stroke.get_xdata()), np.mean(stroke.get_ydata())) for stroke in strokes]
    assert np.allclose(sorted(middles), sorted(products))


def test_a_distribution_stands_at_its_place_and_is_highest_at_the_mean():
    ax = FIGURES["densities_over_x"]().axes[0]
    bell = ax.lines[-1]
    assert bell.get_xdata().min() >= 2.0
    assert bell.get_ydata()[np.argmax(bell.get_xdata())] == pytest.approx(2.0)


def test_bars_of_a_category_stand_beside_each_other():
    ax = FIGURES["shares"]().axes[0]
    spans = sorted((bar.get_x(), bar.get_x() + bar.get_width()) for bar in ax.patches)
    assert all(end <= start for (_, end), (start, _) in zip(spans, spans[1:], strict=False))
