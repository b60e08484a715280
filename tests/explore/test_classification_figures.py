"""The pictures of chapter 3 show the losses, gradients and minima that they are given."""

import numpy as np
import pytest
from pictures import figures_of

from lossfns.explore import classification
from lossfns.explore.style import svg

RNG = np.random.default_rng(0)
LABELS = RNG.integers(0, 2, 30)
X = np.linspace(-3.0, 3.0, 61)
RUN = {"loss": np.linspace(2, 1, 50), "accuracy": np.linspace(0, 1, 50)}

# Two panels whose lower curves are the derivatives of the upper ones.
SLOPES = {
    "bce_over_probability": classification.bce_over_probability,
    "bce_over_logit": classification.bce_over_logit,
    "squared_error_over_logit": classification.squared_error_over_logit,
    "hinge_over_margin": classification.hinge_over_margin,
    "multiclass_hinge_over_score": lambda: classification.multiclass_hinge_over_score((1.5, -0.5)),
    "divergences": lambda: classification.divergences(target=0.9),
    "label_smoothing": lambda: classification.label_smoothing(10, (0.0, 0.1, 0.3)),
    "distillation_over_logit": lambda: classification.distillation_over_logit(2.0, (1.0, 4.0)),
}
FIGURES = SLOPES | {
    "mistakes": lambda: classification.mistakes({"A": RNG.random(30), "B": RNG.random(30)}, LABELS),
    "surprise": classification.surprise,
    "entropy_of_a_coin": classification.entropy_of_a_coin,
    "best_scores": lambda: classification.best_scores(
        X[X > 0] / 4, {"hinge": np.sign(X[X > 0] - 1.4), "squared": X[X > 0]}
    ),
    "confidences": lambda: classification.confidences({"a": (0.9, 0.6), "b": (0.8, 0.4)}),
    "escape": lambda: classification.escape({"a": [9, 3, 1], "b": [9, 9, 8]}, of=10),
    "softmax_steps": lambda: classification.softmax_steps(np.array([2.0, 1.0, -1.0])),
    "cross_entropy_over_logit": lambda: classification.cross_entropy_over_logit((1.0, -1.0)),
    "training_curves": lambda: classification.training_curves({"a": RUN, "b": RUN}, floor=1.5),
    "margin": lambda: classification.margin(
        np.column_stack([X, X**2]), (X > 0).astype(int), np.array([1.0, 0.5]), -0.5
    ),
    "two_directions": lambda: classification.two_directions(
        X, np.exp(-(X**2)), np.exp(-(X**2) / 4), np.exp(-((X + 1) ** 2))
    ),
    "temperatures": lambda: classification.temperatures(np.zeros(64), np.arange(10.0), (1, 4)),
    "robust_losses": classification.robust_losses,
}


def test_every_figure_is_tested():
    assert figures_of(classification) == set(FIGURES)


@pytest.mark.parametrize("name", sorted(set(FIGURES) - {"mistakes"}))
def test_figure_is_the_same_twice_and_small(name):
    first, second = svg(FIGURES[name]()), svg(FIGURES[name]())
    assert first == second
    assert len(first) < 200_000


@pytest.mark.parametrize("name", SLOPES)
def test_the_lower_panel_is_the_gradient_of_the_upper(name):
    top, bottom = SLOPES[name]().axes
    compared = 0
    for upper, lower in zip(top.lines, bottom.lines, strict=False):
        x, value = upper.get_data()
        if len(x) < 100 or len(lower.get_xdata()) != len(x):
            continue  # a guide line, or a curve with a jump
        smooth = np.gradient(np.gradient(value, x), x)
        inside = np.isfinite(lower.get_ydata()) & (abs(smooth) < 5)
        inside[:2] = inside[-2:] = False
        assert np.allclose(np.gradient(value, x)[inside], lower.get_ydata()[inside], atol=0.05)
        compared += 1
    assert compared > 0


def test_the_gradient_of_a_robust_loss_is_over_the_logit():
    top, bottom = classification.robust_losses().axes
    for upper, lower in zip(top.lines[:3], bottom.lines[:3], strict=True):
        p, value = upper.get_data()
        chained = np.gradient(value, p) * p * (1 - p)
        assert np.allclose(chained[5:-5], lower.get_ydata()[5:-5], atol=0.02)


def test_only_mistakes_are_drawn():
    ax = classification.mistakes({"A": np.array([0.9, 0.2, 0.6])}, np.array([1, 1, 0])).axes[0]
    assert np.allclose(ax.lines[0].get_xdata(), [0.2, 0.4])


def test_filled_points_are_those_with_a_gradient():
    points, labels = np.array([[3.0, 0.0], [0.5, 0.0], [-3.0, 0.0]]), np.array([1, 1, 0])
    ax = classification.margin(points, labels, np.array([1.0, 0.1]), 0.0).axes[0]
    filled = [c for c in ax.collections if len(c.get_facecolor()) and c.get_facecolor()[0][3] > 0]
    assert sum(len(c.get_offsets()) for c in filled) == 1
