"""The pictures of the generative models show the codes, losses and samples that they are given."""

import numpy as np
import pytest
from pictures import figures_of

from lossfns.explore import generative
from lossfns.explore.style import svg

X = np.linspace(-1, 2, 40)
FIGURES = {
    "codes": lambda: generative.codes(
        {"a": np.arange(20.0).reshape(10, 2) / 4, "b": np.zeros((10, 2))}, np.arange(10)
    ),
    "sheet": lambda: generative.sheet(
        np.linspace(0, 1, 64 * 5).reshape(5, 8, 8), across=3, rows=["a", "b"]
    ),
    "bound": lambda: generative.bound(
        X, {"σ = 1": X**2 + 1, "σ = 2": X**2 + 2}, floor=1.0, best=(0.0, 1.0)
    ),
    "photographs": lambda: generative.photographs(
        dict.fromkeys("abcd", np.linspace(0, 1, 64).reshape(8, 8))
    ),
    "clouds": lambda: generative.clouds(
        {"a": np.eye(2), "b": -np.eye(2)}, np.array([[0.0, 2.0], [2.0, 0.0]])
    ),
    "paths": lambda: generative.paths({"a": np.array([[1.0, 0.0], [0.5, 0.5]])}),
}


def test_every_figure_is_tested():
    assert figures_of(generative) == set(FIGURES)


@pytest.mark.parametrize("name", sorted(FIGURES))
def test_figure_is_the_same_twice_and_small(name):
    first, second = svg(FIGURES[name]()), svg(FIGURES[name]())
    assert first == second
    assert len(first) < 200_000


def test_each_code_is_its_own_digit():
    ax = FIGURES["codes"]().axes[0]
    assert [line.get_marker() for line in ax.lines[:10]] == [f"${k}$" for k in range(10)]


def test_a_picture_is_darker_where_its_values_are_larger():
    (image,) = FIGURES["sheet"]().axes[0].images
    assert np.allclose(image.get_array()[..., 3], np.linspace(0, 1, 320)[:64].reshape(8, 8))
