"""The pictures of chapter 4 show what they are given, and the floats as they are."""

import numpy as np
import pytest
import torch
from pictures import figures_of

import lossfns.torch as lt
from lossfns.explore import lessons, stability
from lossfns.explore.style import svg

X = np.linspace(0.01, 3, 50)
LIMITS = {"fp16": (6e-8, 6e-5, 65504.0), "fp64": (5e-324, 2.2e-308, 1.8e308)}
PAIRS = [("right", "lost"), ("∞", "NaN"), ("wrong", "right")]


def clipped(logits, target):
    p = torch.sigmoid(logits).clamp(1e-7, 1 - 1e-7)
    return -(target * p.log() + (1 - target) * (1 - p).log()).mean()


FIGURES = {
    "two_endings": lambda: stability.two_endings([0.7, 0.2, np.nan], [0.7, 0.2, 0.1]),
    "ranges": lambda: stability.ranges(LIMITS),
    "spacing": lambda: stability.spacing({"fp16": 2.0**-10, "bf16": 2.0**-7}),
    "soft_maximum": stability.soft_maximum,
    "textbook_and_stable": stability.textbook_and_stable,
    "digits_kept": lambda: stability.digits_kept(
        X, {"a": (X.astype(np.float32), X), "b": (0 * X, X), "c": (1.001 * X, X)}
    ),
    "verdicts": lambda: stability.verdicts(
        {"f": {"fp16": PAIRS, "fp32": PAIRS}, "g": {"fp16": PAIRS, "fp32": PAIRS}}, (1, 10, 100)
    ),
    "what_clipping_does": lambda: stability.what_clipping_does(
        {"from the logit": lt.bce_with_logits, "clipped": clipped}
    ),
    "ways_of_logits": lambda: stability.ways_of_logits(
        {"a": np.array([[-3.0, 1.0], [-3.0, 2.0]]), "b": np.array([[-3.0, 1.0], [-2.0, 2.0]])}
    ),
    "padded": lambda: stability.padded(
        np.array([[1.0, np.nan], [0.5, np.inf]]), np.array([[True, False], [True, False]])
    ),
    "costs": lambda: stability.costs(stability.MEASURED["curves"]),
    "running_sums": lambda: stability.running_sums({"fp32": [1.0, 2.0], "fp16": [1.0, 1.0]}),
    "gradients_and_range": lambda: stability.gradients_and_range(np.linspace(-30, -10, 99), 1024),
    "errors_of_sums": lambda: stability.errors_of_sums([10, 100], {"Kahan": [1e-8, 2e-8]}),
    "growing_apart": lambda: stability.growing_apart(np.array([1e-8, 1e-6])),
}


def test_every_figure_is_tested():
    assert figures_of(stability) == set(FIGURES)


@pytest.mark.parametrize("name", FIGURES)
def test_figure_is_the_same_twice_and_small(name):
    first, second = svg(FIGURES[name]()), svg(FIGURES[name]())
    assert first == second
    assert len(first) < 200_000


def test_the_gap_is_that_of_the_floats():
    line = stability.spacing({"fp16": 2.0**-10}).axes[0].lines[0]
    for x, gap in zip(*line.get_data(), strict=True):
        size = np.float16(min(x, 65000))
        if abs(float(size) / x - 1) < 1e-3 and not np.log2(float(size)).is_integer():
            assert gap == np.spacing(size), x


def test_a_clipped_loss_is_flat_where_its_gradient_is_drawn_as_nothing():
    top, bottom = FIGURES["what_clipping_does"]().axes
    for ax, truth, cut in ((top, 30.0, 16.118), (bottom, -1.0, 0.0)):
        for line, expected in zip(ax.lines, (truth, cut), strict=False):
            z, y = line.get_data()
            at = np.nanargmin(abs(z + 30))
            assert y[at] == pytest.approx(expected, abs=1e-3)


def test_a_logit_that_stays_is_drawn_as_stuck():
    left, right = FIGURES["ways_of_logits"]().axes
    assert [line.get_linestyle() for line in left.lines[:2]] == ["--", "-"]
    assert [line.get_linestyle() for line in right.lines[:2]] == ["-", "-"]


def test_nudging_an_array_finds_the_gradient_of_each_entry():
    x = np.array([[1.0, -2.0], [0.5, 3.0]])
    assert np.allclose(lessons.nudged(lambda x: (x**3).sum(), x), 3 * x**2)
    assert lessons.nudged(lambda x: x.sum(), [1, 2]).tolist() == pytest.approx([1, 1])


def test_the_peak_counts_what_is_held_at_once():
    def two_of_three():
        a = torch.ones(1000)
        b = a + 1
        del a
        return b + 1

    # A few bytes more for the 1 that is added.
    assert 8000 <= lessons.peak_memory(two_of_three) < 8100


def test_the_peak_says_nothing(capfd):
    lessons.peak_memory(lambda: torch.ones(10))
    assert capfd.readouterr() == ("", "")


def test_the_costs_of_chunks_grow_more_slowly_in_tokens_and_in_pairs():
    """The numbers that the page draws were measured once; its words about them must hold."""
    curves = stability.MEASURED["curves"]
    assert list(curves) == ["words", "tokens", "pairs in a batch"]
    for varied in ("tokens", "pairs in a batch"):
        whole, chunks = curves[varied]["megabytes"].values()
        assert whole[-1] > 5 * chunks[-1], varied
    for curve in curves.values():
        for kind in ("megabytes", "seconds"):
            for values in curve[kind].values():
                assert len(values) == len(curve["sizes"]) and min(values) > 0
        whole, chunks = curve["seconds"].values()
        assert chunks[-1] < 1.5 * whole[-1]
