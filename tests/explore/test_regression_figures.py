"""The pictures of chapter 2 show the losses, gradients and minima that they are given."""

import numpy as np
import pytest
from pictures import figures_of

import lossfns.numpy as ln
from lossfns.explore import regression
from lossfns.explore.style import svg

X = np.linspace(-3.0, 3.0, 61)
BAND = (X, X + 2.0, X - 1.0, X, X + 1.0)

FIGURES = {
    "loss_and_gradient": lambda: regression.loss_and_gradient(
        ("MSE", ln.mse), ("Huber", ln.huber, {"delta": 2.0})
    ),
    "value_and_slope": lambda: regression.value_and_slope(X, {"a": (X**2, 2 * X)}, xlabel="x"),
    "best_constants": lambda: regression.best_constants(
        X, X, {name: (X - c) ** 2 + 1 for name, c in [("a", 0.0), ("b", -1.0), ("c", 2.0)]}
    ),
    "descent": lambda: regression.descent({"a": X, "b": -X}, ylabel="error"),
    "line_fits": lambda: regression.line_fits(X, X, {"MSE": (1.0, 0.0)}),
    "fits_and_predictions": lambda: regression.fits_and_predictions(X, X**2, {"MSE": X}),
    "spreads": lambda: regression.spreads(X[X > 0], {"a": X[X > 0], "b": X[X > 0] ** 2}),
    "bands": lambda: regression.bands({"one": BAND, "two": BAND}, xlabel="x", ylabel="y"),
}


def test_every_figure_is_tested():
    assert figures_of(regression) == set(FIGURES)


@pytest.mark.parametrize("name", FIGURES)
def test_figure_is_the_same_twice_and_small(name):
    first, second = svg(FIGURES[name]()), svg(FIGURES[name]())
    assert first == second
    assert len(first) < 200_000


def test_the_lower_panel_is_the_gradient_of_the_upper():
    top, bottom = regression.loss_and_gradient(("Huber", ln.huber, {"delta": 2.0})).axes
    error, value = top.lines[0].get_data()
    slope = bottom.lines[0].get_ydata()
    assert np.allclose(np.gradient(value, error)[1:-1], slope[1:-1], atol=0.02)


def test_a_jump_of_the_gradient_is_a_gap_and_not_a_line():
    _, bottom = regression.loss_and_gradient(("MAE", ln.mae)).axes
    slope = bottom.lines[0].get_ydata()
    assert np.isnan(slope).sum() == 2
    assert set(slope[np.isfinite(slope)]) == {-1.0, 0.0, 1.0}


def test_the_dot_sits_at_the_minimum_of_its_curve():
    _, bottom = FIGURES["best_constants"]().axes
    dots = [line.get_xdata()[0] for line in bottom.lines if line.get_marker() == "o"]
    assert np.allclose(dots, [0.0, -1.0, 2.0], atol=0.05)


def test_what_an_interval_misses_is_marked():
    ax = regression.bands({"one": BAND}, xlabel="x", ylabel="y").axes[0]
    missed = [line for line in ax.lines if line.get_marker() == "x"]
    assert len(missed[0].get_xdata()) == X.size
