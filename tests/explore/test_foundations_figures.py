"""The pictures of chapter 1 say what is true of the numbers in them."""

import numpy as np
import pytest
from pictures import figures_of

from lossfns.explore import foundations
from lossfns.explore.style import svg

Z = np.linspace(-3, 3, 31)
IMAGE = np.arange(64.0).reshape(8, 8)
DATA = np.random.default_rng(0)
X, Y = DATA.uniform(-1, 1, 15), DATA.normal(size=15)
LINES = (np.array([2.0, 1.0]), np.array([2.0, 1.0]))

FIGURES = {
    "metric_and_loss": lambda: foundations.metric_and_loss(Z, -(Z**2), Z**2, window=(-1, 1)),
    "regularised_fit": lambda: foundations.regularised_fit(-3.0, X, Y, X, Y),
    "loop": foundations.loop,
    "difference_error": lambda: foundations.difference_error(10.0**Z, 10.0 ** np.abs([Z, Z + 1])),
    "convex_in_what": foundations.convex_in_what,
    "robust_in_what": lambda: foundations.robust_in_what([("clean", X, Y, *LINES)] * 3),
    "sum_and_mean": lambda: foundations.sum_and_mean(
        {(r, n): [3.0, 2.0, 1.0] for r in ("mean", "sum") for n in (4, 16)}
    ),
    "logit_scale": lambda: foundations.logit_scale([-2, 0, 2]),
    "coin_likelihood": lambda: foundations.coin_likelihood(100),
    "families": lambda: foundations.families([("Gaussian", "ŷ", Z, np.exp(-(Z**2)), Z**2)] * 5),
    "predictions": lambda: foundations.predictions(X, {"MSE": Y, "MAE": Y}),
    "gallery": lambda: foundations.gallery([IMAGE] * 3, ["a", "b", "c"]),
}


def test_every_figure_is_tested():
    assert figures_of(foundations) == set(FIGURES)


@pytest.mark.parametrize("name", FIGURES)
def test_figure_is_the_same_twice_and_small(name):
    first, second = svg(FIGURES[name]()), svg(FIGURES[name]())
    assert first == second
    assert len(first) < 200_000


@pytest.mark.parametrize(
    "draw",
    [
        lambda: foundations.regularised_fit(-3.0, X, Y, X, Y),
        lambda: foundations.coin_likelihood(100),
    ],
)
def test_pictures_of_explorers_describe_themselves(draw):
    assert len(draw().alt) > 30


def test_likelihood_underflows_and_the_loss_does_not():
    assert "peaks at 0.0e+00" in foundations.coin_likelihood(2000).alt
    for flips in (10, 100, 2000):
        assert "minimum 0.611 at p = 0.7" in foundations.coin_likelihood(flips).alt


def test_training_risk_rises_with_the_strength_of_the_penalty():
    training = [foundations._risks(10.0**s, X, Y, X, Y, 9)[0] for s in range(-8, 2)]
    assert np.all(np.diff(training) > 0)
