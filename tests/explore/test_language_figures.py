"""The pictures of the language pages of chapter 9 show what they are given."""

import numpy as np
import pytest
from pictures import figures_of

from lossfns.explore import language
from lossfns.explore.style import svg

X = np.linspace(0.0, 10.0, 50)
FIGURES = {
    "curves": lambda: language.curves(
        X, {"a": X, "b": X + 0.1}, xlabel="step", ylabel="loss", levels={"guess": 3.3}, bottom=0
    ),
    "bars": lambda: language.bars(["a", "b"], [1.0, 0.5], ylabel="loss"),
    "places": lambda: language.places(
        ["who", "does"], {"a": [2.8, 1.4], "b": [1.4, 1.5]}, best={"a": [2.7, 1.3], "b": [1.3, 1.3]}
    ),
    "surrogate": lambda: language.surrogate(
        X, {"A = +1": (X, np.minimum(X, 1.2)), "A = −1": (-X, -np.maximum(X, 0.8))}
    ),
    "over_kl": lambda: language.over_kl(X, {"reward": X, "quality": -X}, marks={"β = 1": 20}),
    "directions": lambda: language.directions(
        X, {"NDCG": np.sin(X), "pairs": np.cos(X)}, {"a": 2.0, "b": 7.0}
    ),
}


def test_every_figure_is_tested():
    assert figures_of(language) == set(FIGURES)


@pytest.mark.parametrize("name", sorted(FIGURES))
def test_figure_is_the_same_twice_and_small(name):
    first, second = svg(FIGURES[name]()), svg(FIGURES[name]())
    assert first == second
    assert len(first) < 200_000


def test_names_of_lines_that_end_together_stand_apart():
    ax = FIGURES["curves"]().axes[0]
    low, high = (text.get_position()[1] for text in ax.texts[-2:])
    assert high - low >= 0.07 * np.ptp(ax.get_ylim())


def test_the_best_possible_loss_stands_under_its_mark():
    ax = FIGURES["places"]().axes[0]
    bars = ax.collections[0].get_segments()
    assert [segment[0][1] for segment in bars] == [2.7, 1.3]


def test_a_loss_is_marked_where_it_ended():
    ax = FIGURES["directions"]().axes[0]
    at, height = ax.lines[1].get_xydata()[0]
    assert at == 2.0
    assert height == pytest.approx(np.sin(2.0), abs=0.01)
