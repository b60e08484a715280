"""The pictures of chapter 8 show the runs that they are given, the broken ones too."""

import numpy as np
import pytest
from pictures import figures_of

from lossfns.auditing.report import Finding, Report
from lossfns.explore import debugging
from lossfns.explore.style import svg

RUN = np.exp(-np.linspace(0, 3, 40))
BROKEN = np.where(np.arange(40) < 12, RUN, np.nan)
FIGURES = {
    "curves": lambda: debugging.curves({"a": RUN, "b": BROKEN}, levels={"floor": 0.2}),
    "loss_and_metric": lambda: debugging.loss_and_metric(
        {"a": (RUN, 1 - RUN[::5]), "b": (BROKEN, RUN[::5])}, chance=0.1
    ),
    "starts": lambda: debugging.starts({"A": 2.3, "B": 53.0}, 2.3026, name="ln 10"),
    "spread": lambda: debugging.spread(["loss", "gradient"], [[1, 1], [1, 0], [0, 0]], start=5),
    "norms_by_layer": lambda: debugging.norms_by_layer({"a": [1e-6, 1e-3, 1], "b": [1, 1, 1]}),
    "pairs": lambda: debugging.pairs([1, 2, 3], [1, 2, 4]),
    "predicted": lambda: debugging.predicted([1.0, 2.0, 3.0], {"a": [2, 2, 2], "b": [1, 2, 3]}),
    "perfect": lambda: debugging.perfect({"right": 0.0, "two": 1.46, "wrong": -1.0}),
    "sweep": lambda: debugging.sweep(np.geomspace(0.001, 10, 5), [2, 1, 0.5, 3, np.nan], 0.1),
    "loss_and_norm": lambda: debugging.loss_and_norm({"a": (RUN, BROKEN)}, limit=1.0),
    "findings": lambda: debugging.findings({"sound": report(), "broken": report("a", "c")}),
    "digits": lambda: debugging.digits(np.zeros((3, 64)), {"right": [1, 2, 3], "wrong": [3, 1, 2]}),
}


def report(*failing):
    return Report(
        "a run", tuple(Finding(name, "fails" if name in failing else "pass") for name in "abc")
    )


def test_every_figure_is_tested():
    assert figures_of(debugging) == set(FIGURES)


@pytest.mark.parametrize("name", sorted(FIGURES))
def test_figure_is_the_same_twice_and_small(name):
    first, second = svg(FIGURES[name]()), svg(FIGURES[name]())
    assert first == second
    assert len(first) < 200_000


def test_the_first_finding_of_a_run_is_filled():
    ax = debugging.findings({"sound": report(), "broken": report("a", "c")}).axes[0]
    first, second = ax.lines
    assert (first.get_ydata()[0], second.get_ydata()[0]) == (0, -1)
    assert first.get_xdata()[0] == second.get_xdata()[0] == 1
    assert [t.get_text() for t in ax.get_yticklabels()] == ["a", "c"]
    assert first.get_markerfacecolor() != "none" and second.get_markerfacecolor() == "none"


def test_the_finding_that_is_named_is_filled():
    ax = debugging.findings({"broken": report("a", "c")}, {"broken": "c"}).axes[0]
    assert [line.get_markerfacecolor() != "none" for line in ax.lines] == [False, True]


def test_a_run_that_ends_in_nan_ends_in_a_cross():
    sound, broken, cross = debugging.curves({"a": RUN, "b": BROKEN}).axes[0].lines
    assert len(sound.get_xdata()) == 40 and len(broken.get_xdata()) == 12
    assert cross.get_xydata().tolist() == [[11, BROKEN[11]]]


def test_the_first_bad_step_is_marked_as_bad():
    ax = debugging.spread(["loss", "gradient"], [[1, 1], [1, 0], [0, 0]], start=5).axes[0]
    assert [list(line.get_xdata()) for line in ax.lines[:4]] == [[5, 6], [7], [5], [6, 7]]


def test_everybody_is_tied_to_everybody_on_the_right():
    own, every = debugging.pairs([1, 2, 3], [1, 2, 4]).axes
    assert len(own.lines) == 3 + 2 and len(every.lines) == 9 + 2
