"""The pictures of the pages about sequences, sounds and molecules show what they are given."""

import numpy as np
import pytest
from pictures import figures_of

from lossfns.explore import sequences
from lossfns.explore.style import svg

RNG = np.random.default_rng(0)
SPIKES = {"3": np.array([0, 0.9, 0.1, 0, 0.8]), "blank": np.array([1, 0.1, 0.9, 1, 0.2])}
PIXELS, FRAMES, SAMPLES = RNG.uniform(size=(4, 10)), RNG.normal(size=(12, 4)), RNG.normal(size=40)
CHAIN = np.cumsum(RNG.normal(size=(6, 3)), axis=0)
FIGURES = {
    "strip": lambda: sequences.strip(PIXELS, SPIKES, text="33"),
    "alignments": lambda: sequences.alignments({"A–": 0.5, "–A": 0.2, "AA": 0.3}),
    "trellis": lambda: sequences.trellis(
        ["–", "A", "–"],
        np.array([[0.3, 0.7, 0], [0, 0.4, 0.6]]),
        {(0, 0, 1): 0.3, (0, 1, 1): 0.1, (0, 1, 2): 0.6},
    ),
    "molecules": lambda: sequences.molecules({"a": CHAIN, "b": -CHAIN}),
    "fitted_bins": lambda: sequences.fitted_bins(
        np.arange(2.0, 6), np.full(5, 0.2), np.array([0.5, 0, 0, 0, 0.5]), mean=4, xlabel="Å"
    ),
    "spectrum": lambda: sequences.spectrum(FRAMES, np.arange(12) % 3 == 0),
    "shares": lambda: sequences.shares({"a": [0.5, 0.5, 0], "b": [0.3, 0.3, 0.4]}),
    "entries": lambda: sequences.entries([[3, 0, 1], [0, 5, 0]], xlabel="entry", ylabel="sound"),
    "projection": lambda: sequences.projection([2.0, 1.2], [2.6, 0.2]),
    "waves": lambda: sequences.waves({"a": SAMPLES, "b": np.zeros(40)}, rate=8000),
    "pair_distances": lambda: sequences.pair_distances([0.1, 0.3], [1.5, 2.5, 3], 0.8),
}


def test_every_figure_is_tested():
    assert figures_of(sequences) == set(FIGURES)


@pytest.mark.parametrize("name", sorted(FIGURES))
def test_figure_is_the_same_twice_and_small(name):
    first, second = svg(FIGURES[name]()), svg(FIGURES[name]())
    assert first == second
    assert len(first) < 200_000


def test_every_spike_is_named():
    low = FIGURES["strip"]().axes[1]
    assert sorted(text.get_text() for text in low.texts) == ["3", "3", "blank"]


def test_the_likeliest_alignment_stands_on_top():
    ax = FIGURES["alignments"]().axes[0]
    shares = [
        (text.get_position()[1], text.get_text())
        for text in ax.texts
        if text.get_text().endswith("%")
    ]
    assert [share for _, share in sorted(shares, reverse=True)] == ["50.0%", "30.0%", "20.0%"]


def test_the_rest_stands_at_a_right_angle_to_the_target():
    ax = FIGURES["projection"]().axes[0]
    (_, end), (_, height) = ax.lines[0].get_data()
    rest = np.array([2.0, 1.2]) - [end, height]
    assert rest @ [2.6, 0.2] == pytest.approx(0, abs=1e-12)


def test_a_chain_has_one_bond_less_than_atoms():
    ax = FIGURES["molecules"]().axes[0]
    bonds = [line for line in ax.lines if len(line.get_xdata()) == 2]
    assert len(bonds) == len(CHAIN) - 1
