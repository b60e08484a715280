"""The pictures of chapter 9's pages on vision show the boxes and numbers that they are given."""

import numpy as np
import pytest
from pictures import figures_of

from lossfns.explore import vision
from lossfns.explore.style import svg

RNG = np.random.default_rng(0)
TRUE = np.array([0.0, 0.0, 4.0, 4.0])
WAY = np.linspace([6.0, 5.0, 8.0, 9.0], TRUE, 5)
X = np.linspace(0.01, 1.0, 30)

FIGURES = {
    "pairs_of_boxes": lambda: vision.pairs_of_boxes(
        {"moved": (TRUE + 1, TRUE), "far": (TRUE + 6, TRUE)}, columns=2, hull=True
    ),
    "ways_of_boxes": lambda: vision.ways_of_boxes({"a": WAY, "b": WAY}, TRUE, at=(0, 2, 4)),
    "curves": lambda: vision.curves(X, {"a": X, "b": X**2}, xlabel="x", ylabel="y", yscale="log"),
    "edges": lambda: vision.edges({"clear": (RNG.random(16), np.full(16, 1 / 16), [3.5])}),
    "detections": lambda: vision.detections(
        {"one": (np.zeros((8, 8)), [(0.9, "disc", TRUE)], [TRUE + 1])}
    ),
}


def test_every_figure_is_tested():
    assert figures_of(vision) == set(FIGURES)


@pytest.mark.parametrize("name", sorted(set(FIGURES) - {"edges"}))
def test_figure_is_the_same_twice_and_small(name):
    first, second = svg(FIGURES[name]()), svg(FIGURES[name]())
    assert first == second
    assert len(first) < 200_000


def test_boxes_stand_where_their_corners_are():
    ax = vision.pairs_of_boxes({"moved": (TRUE + 1, TRUE)}, columns=1, hull=True).axes[0]
    corners = {tuple(np.ravel(patch.get_bbox().get_points())) for patch in ax.patches}
    assert corners == {(0, 0, 4, 4), (1, 1, 5, 5), (0, 0, 5, 5)}


def test_the_way_of_a_box_ends_where_the_box_does():
    ax = FIGURES["ways_of_boxes"]().axes[0]
    assert ax.lines[0].get_xydata()[[0, -1]].tolist() == [[7, 7], [2, 2]]


def test_curves_take_their_range_from_the_data_unless_told():
    low, high = FIGURES["curves"]().axes[0].get_ylim()
    assert 0 < low < 1e-4 and high > 1
    assert vision.curves(X, {"a": X}, xlabel="x", ylabel="y", ylim=(0, 2)).axes[0].get_ylim() == (
        0,
        2,
    )
