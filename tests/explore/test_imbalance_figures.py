"""The pictures of chapter 5 show the losses, gradients and counts that they are given."""

import numpy as np
import pytest
from pictures import figures_of

import lossfns.numpy as ln
from lossfns.explore import imbalance
from lossfns.explore.style import svg

RNG = np.random.default_rng(0)
Y = (np.arange(120) < 9) * 1.0
CALLED = RNG.random(120) < 0.2
X = np.linspace(0.01, 1.0, 30)
MASK = np.zeros((8, 8))
MASK[2:5, 3:6] = 1.0

FIGURES = {
    "crowd": lambda: imbalance.crowd(Y, CALLED),
    "confusion": lambda: imbalance.confusion({"a": np.array([[90, 5], [3, 2]])}),
    "precision_recall": lambda: imbalance.precision_recall(
        {"a": (X, 1 - X), "b": (X, 1 - X / 2, 0.9 - X / 2, 1.1 - X / 2)},
        share=0.1,
        marks=[(0.2, 0.8, "here")],
    ),
    "cost_of_thresholds": lambda: imbalance.cost_of_thresholds(
        X, {"a": (X - 0.3) ** 2 + 1, "b": (X - 0.6) ** 2 + 1}
    ),
    "effective_numbers": lambda: imbalance.effective_numbers((0.9, 0.999)),
    "reliability": lambda: imbalance.reliability({"a": (X, X**2)}),
    "focal_over_logit": imbalance.focal_over_logit,
    "share_of_hard": lambda: imbalance.share_of_hard({"a": X}),
    "stated_over_true": lambda: imbalance.stated_over_true({"a": (X, X)}),
    "negatives_over_probability": lambda: imbalance.negatives_over_probability({"a": X}),
    "masks": lambda: imbalance.masks({"a": MASK, "b": 1 - MASK}, target=MASK),
    "curves": lambda: imbalance.curves(X, {"a": X, "b": X**2}, xlabel="x", ylabel="y"),
    "jaccard_steps": lambda: imbalance.jaccard_steps(
        np.array([0.9, 0.5, 0.1]), np.array([0.5, 0.3, 0.2])
    ),
}


def test_every_figure_is_tested():
    assert figures_of(imbalance) == set(FIGURES)


@pytest.mark.parametrize("name", sorted(FIGURES))
def test_figure_is_the_same_twice_and_small(name):
    first, second = svg(FIGURES[name]()), svg(FIGURES[name]())
    assert first == second
    assert len(first) < 200_000


def test_the_crowd_is_counted_as_in_the_confusion_matrix():
    lines = imbalance.crowd(Y, CALLED).axes[0].lines
    counts = [len(line.get_xdata()) for line in lines]
    assert counts == [
        int(np.sum((Y == y) & (c == CALLED)))
        for y, c in ((0, False), (0, True), (1, True), (1, False))
    ]
    for line, count in zip(lines, counts, strict=True):
        assert line.get_label().endswith(f": {count}")


def test_the_lower_panel_of_focal_is_the_gradient_of_the_upper():
    top, bottom = FIGURES["focal_over_logit"]().axes
    for value, slope in zip(top.lines[:4], bottom.lines[:4], strict=True):
        z = value.get_xdata()
        middle = np.interp((z[1:] + z[:-1]) / 2, slope.get_xdata(), slope.get_ydata())
        assert np.diff(value.get_ydata()) / np.diff(z) == pytest.approx(middle, abs=2e-3)


def test_effective_numbers_level_off_at_one_over_one_minus_beta():
    line, other = FIGURES["effective_numbers"]().axes[0].lines
    assert line.get_ydata()[-1] == pytest.approx(10)
    assert other.get_ydata()[0] == pytest.approx(1)
    assert other.get_ydata()[-1] == pytest.approx(
        1 / ln.class_weights([10_000], kind="effective", beta=0.999)[0]
    )


def test_the_cheapest_threshold_is_marked():
    lines = FIGURES["cost_of_thresholds"]().axes[0].lines
    assert lines[1].get_xdata()[0] == pytest.approx(0.3, abs=0.02)


def test_the_steps_stand_side_by_side_up_to_one():
    bars = FIGURES["jaccard_steps"]().axes[0].patches
    assert [bar.get_x() for bar in bars] == pytest.approx([0, 0.5, 0.8])
    assert bars[-1].get_x() + bars[-1].get_width() == pytest.approx(1)
