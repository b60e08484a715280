"""The pictures of chapter 9 about several tasks show the numbers that they are given."""

import numpy as np
import pytest
from pictures import figures_of

from lossfns.explore import multitask
from lossfns.explore.style import svg

LAMS = 10.0 ** np.arange(-3, 1)
RUNS = np.linspace(0.1, 0.9, 12).reshape(4, 3)
STEPS = np.stack([np.linspace(0, 3, 20), np.linspace(6, 3, 20)], axis=1)
ERRORS = np.linspace(-150, 150, 31)
G1, G2 = np.array([1.4, 0.5]), np.array([-1.0, 1.0])
H1, H2 = np.array([0.95, 0.95]), np.array([-0.43, 1.2])
FIGURES = {
    "turned": lambda: multitask.turned(np.ones((8, 64)), range(8), np.arange(8.0)),
    "trade_off": lambda: multitask.trade_off(LAMS, RUNS, 20 * RUNS, {"1 / variance": 0.01}),
    "paths": lambda: multitask.paths(
        {"a": STEPS, "b": STEPS}, {"a": STEPS + 1, "b": STEPS}, names=["digit", "turn"]
    ),
    "surgery": lambda: multitask.surgery(G1, G2, H1, H2),
    "cosines": lambda: multitask.cosines({"a": -STEPS[:, 0] / 3, "b": STEPS[:, 0] / 3}),
    "methods": lambda: multitask.methods({f"{i}": RUNS[:3, :2] for i in range(5)}),
    "lopsided": lambda: multitask.lopsided(ERRORS, ERRORS**2, 2 * ERRORS),
}


def test_every_figure_is_tested():
    assert figures_of(multitask) == set(FIGURES)


@pytest.mark.parametrize("name", sorted(FIGURES))
def test_figure_is_the_same_twice_and_small(name):
    first, second = svg(FIGURES[name]()), svg(FIGURES[name]())
    assert first == second
    assert len(first) < 200_000


def test_the_trade_off_has_a_line_for_each_seed():
    top, low = multitask.trade_off(LAMS, RUNS, 20 * RUNS, {}).axes
    assert [
        np.allclose(line.get_ydata(), values)
        for line, values in zip(top.lines, RUNS.T, strict=True)
    ] == [True] * 3
    assert len(low.lines) == 3
