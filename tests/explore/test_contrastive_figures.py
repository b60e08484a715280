"""The pictures of chapter 6 show the embeddings, losses and shares that they are given."""

import numpy as np
import pytest
from pictures import figures_of

import lossfns.numpy as ln
from lossfns.explore import contrastive
from lossfns.explore.style import svg

RNG = np.random.default_rng(0)
DIGITS = np.repeat(np.arange(10), 3)
POINTS = RNG.normal(size=(30, 2))
STEPS = np.arange(12)
SHARES = RNG.dirichlet(np.ones(3), size=12).T

FIGURES = {
    "maps": lambda: contrastive.maps({"one": POINTS, "two": POINTS * 3}, DIGITS),
    "pair_loss": lambda: contrastive.pair_loss((1, 2)),
    "triplet_over_negative": lambda: contrastive.triplet_over_negative(positive=1.0, margin=0.5),
    "zones": lambda: contrastive.zones(positive=1.0, margin=0.8),
    "lines": lambda: contrastive.lines(
        STEPS, {"a": STEPS + 1.0, "b": STEPS**2 + 1.0}, xlabel="step", ylabel="loss", log="y"
    ),
    "score_table": lambda: contrastive.score_table(
        RNG.normal(size=(3, 3)).round(2) * 0 + np.eye(3), rows=range(3), columns=range(3)
    ),
    "mined": lambda: contrastive.mined(STEPS, dict(zip("abc", SHARES, strict=True))),
    "margins_on_a_circle": lambda: contrastive.margins_on_a_circle(
        {"plain": np.cos(np.linspace(0, np.pi, 50))}
    ),
    "correlations": lambda: contrastive.correlations({"a": np.eye(4), "b": np.full((4, 4), -0.5)}),
    "views_of": lambda: contrastive.views_of(
        np.eye(8).reshape(1, 64).repeat(3, axis=0), np.zeros((3, 64))
    ),
}


def test_every_figure_is_tested():
    assert figures_of(contrastive) == set(FIGURES)


@pytest.mark.parametrize("name", sorted(FIGURES))
def test_figure_is_the_same_twice_and_small(name):
    first, second = svg(FIGURES[name]()), svg(FIGURES[name]())
    assert first == second
    assert len(first) < 200_000


def test_each_dot_of_a_map_is_its_own_digit():
    (ax,) = contrastive.maps({"one": POINTS}, DIGITS).axes
    for line in ax.lines:
        digit = int(line.get_marker().strip("$"))
        assert np.allclose(line.get_xydata(), POINTS[digit == DIGITS])


def test_points_on_a_circle_have_length_one():
    (ax,) = contrastive.maps({"one": 5 * POINTS}, DIGITS, circle=True).axes
    lengths = np.concatenate([np.hypot(*line.get_xydata().T) for line in ax.lines])
    assert np.allclose(lengths, 1)


def test_pair_loss_is_that_of_the_formula():
    (ax,) = contrastive.pair_loss((1, 2)).axes
    equal, *unequal = ax.lines
    d = equal.get_xdata()
    assert np.allclose(equal.get_ydata(), d**2 / 2)
    for margin, line in zip((1, 2), unequal, strict=True):
        assert np.allclose(line.get_ydata(), np.maximum(margin - d, 0) ** 2 / 2)


def test_slope_of_the_triplet_loss_is_that_of_its_curve():
    top, bottom = contrastive.triplet_over_negative(positive=1.0, margin=0.5).axes
    for upper, end in zip(top.lines[:2], (1.5, np.sqrt(1.5)), strict=True):
        far, loss = upper.get_data()
        assert np.allclose(loss[far > end], 0)
        assert loss[far < end].min() > 0
    pieces = [line.get_data() for line in bottom.lines if len(line.get_xdata()) > 20]
    constant = [y for x, y in pieces if len(x) and np.allclose(y[x < 1.4], -1)]
    assert constant, "with plain distances the push is constant"


def test_zones_end_at_the_positive_and_a_margin_beyond():
    (ax,) = contrastive.zones(positive=1.0, margin=0.8).axes
    radii = sorted(abs(patch.get_xy()).max() for patch in ax.patches)
    assert np.allclose(radii, (1.0, 1.8))
    anchor = np.zeros((1, 2))
    for radius, loss in ((0.9, 0.9), (1.5, 0.3), (1.9, 0.0)):
        assert ln.triplet(anchor, [[1.0, 0.0]], [[radius, 0.0]], margin=0.8) == pytest.approx(loss)


def test_shares_of_mined_triplets_fill_the_panel():
    (ax,) = contrastive.mined(STEPS, dict(zip("abc", SHARES, strict=True))).axes
    top = ax.collections[-1].get_paths()[0].vertices[:, 1].max()
    assert top == pytest.approx(1.0)
