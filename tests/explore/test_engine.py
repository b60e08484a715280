"""explore(): one drawing function, what it refuses, what it makes."""

import builtins
import json
import os
import re
import subprocess
import sys

import pytest
from matplotlib.figure import Figure
from pictures import explorer, line

import lossfns.explore.engine as engine
from lossfns.explore import Choice, Slider, explore
from lossfns.explore.style import figure


def data(html):
    """Return what the script of the page reads."""
    text = re.search(r'<script type="application/json">(.*?)</script>', html, re.DOTALL)[1]
    return json.loads(text)


@pytest.fixture(scope="module")
def html():
    return explorer().html()


def test_a_frame_for_every_combination_the_last_control_fastest(html):
    film = data(html)
    assert len(film["frames"]) == 3 * 2 * 4
    assert film["alts"][:5] == [
        "slope -1.0, side left, step 0",
        "slope -1.0, side left, step 1",
        "slope -1.0, side left, step 2",
        "slope -1.0, side left, step 3",
        "slope -1.0, side right, step 0",
    ]
    assert film["values"] == [
        ["−1\N{NO-BREAK SPACE}m/s", "0.5\N{NO-BREAK SPACE}m/s", "2\N{NO-BREAK SPACE}m/s"],
        ["left", "right"],
        ["0", "1", "2", "3"],
    ]


def test_the_picture_in_the_page_is_the_frame_of_the_starting_values(html):
    film = data(html)
    svg = re.search(r"<svg.*?</svg>", html, re.DOTALL)[0]
    assert 'aria-label="slope 0.5, side left, step 0"' in svg
    first = film["frames"][1 * 2 * 4]
    assert svg.endswith("</defs>" + "".join(film["parts"][k] for k in first) + "</svg>")


def test_frames_differ_where_the_figures_do(html):
    frames = [tuple(frame) for frame in data(html)["frames"]]
    assert len(set(frames)) == len(frames)


def test_html_is_the_same_in_another_process(html):
    again = subprocess.run(
        [sys.executable, "-c", "from pictures import explorer; print(explorer().html())"],
        capture_output=True,
        text=True,
        check=True,
        cwd=os.path.dirname(__file__),
        encoding="utf-8",
        env=os.environ | {"PYTHONHASHSEED": "1", "PYTHONIOENCODING": "utf-8"},
    )
    assert again.stdout.rstrip("\n") == html


def test_html_names_no_address(html):
    assert set(re.findall(r"https?://[^\"' ]*", html)) == {"http://www.w3.org/2000/svg"}
    assert "src=" not in html


def lines(k):
    return line(k)


def bars_with_changing_labels(k):
    fig, ax = figure(height=2)
    ax.bar(["a", "b"], [k, 2], hatch="/")
    ax.get_xticklabels()[k % 2].set_color("red")
    ax.set_ylim(0, 4)
    return fig


def picture_with_colour_bar(k):
    fig, ax = figure(height=2, title=r"$\frac{1}{2}$")
    fig.colorbar(ax.imshow([[k, 2], [3, 4]], vmin=0, vmax=9))
    return fig


def large_numbers(k):
    fig, ax = figure(height=2, title="times ten million")
    ax.plot([0, k * 1e7])
    return fig


def two_scales(k):
    fig, ax = figure(height=2)
    ax.loglog([1, 10], [k, 10])
    ax.twinx().plot([1, 10], [10, k])
    return fig


def surface(k):
    fig = Figure(figsize=(3, 2))
    ax = fig.add_subplot(projection="3d")
    ax.view_init(30, 30 * k)
    return fig


@pytest.mark.parametrize(
    "draw",
    [lines, bars_with_changing_labels, picture_with_colour_bar, large_numbers, two_scales, surface],
)
def test_reusing_axes_changes_no_picture(draw, monkeypatch):
    def pictures():
        film = data(explore(draw, k=Slider([1, 2, 3])).html())
        return [
            "".join(re.sub(r"#x\w+-\d+", "", film["parts"][k]) for k in frame)
            for frame in film["frames"]
        ]

    reused = pictures()
    monkeypatch.setattr(engine, "reuse_axes", lambda fig, film: None)
    assert pictures() == reused


def test_axes_that_change_are_drawn_anew():
    def zoom(limit):
        fig, ax = figure(height=2)
        ax.set(xlim=(0, limit), ylim=(0, 1))
        return fig

    first, second = (set(f) for f in data(explore(zoom, limit=Slider([1, 7])).html())["frames"])
    assert first - second
    assert second - first


def test_axes_stay_where_the_first_picture_has_them():
    def labelled(size):
        fig, ax = figure(ylabel="wide\n" * size)
        ax.set_ylim(0, 10**size)
        return fig

    shown = explore(labelled, size=Slider([1, 4, 6]))
    places = [shown.figure(size=s).axes[0].get_position().bounds for s in (4, 1, 6)]
    assert places[0] == places[1] == places[2]


def test_describe_gives_the_alternative_text():
    shown = explore(
        lambda a: figure(height=1)[0], describe=lambda a: f"It is {a}.", a=Slider([1, 2])
    )
    assert data(shown.html())["alts"] == ["It is 1.", "It is 2."]


def test_without_description_the_values_are_the_alternative_text():
    shown = explore(
        lambda a, b: Figure(figsize=(2, 1)),
        a=Slider([1, 2], label="size", unit="m"),
        b=Choice(["x", "y"]),
    )
    assert data(shown.html())["alts"][0] == "size: 1\N{NO-BREAK SPACE}m, b: x"


def test_text_from_the_author_is_escaped():
    shown = explore(
        lambda a: figure(height=1, alt='</script><b>"&')[0],
        a=Choice({"<i>": 1, "</script>": 2}, label="<u>"),
    )
    html = shown.html()
    assert "<b>" not in html.replace("<\\/script><b>", "")
    assert "<i>" not in re.sub(r'<script type="application/json">.*', "", html, flags=re.DOTALL)
    assert "<u>" not in html
    assert html.count("</script>") == 2


def test_any_matplotlib_figure_is_welcome():
    def plain(a):
        fig = Figure(figsize=(3, 2))
        fig.subplots().imshow([[0, a], [a, 0]])
        return fig

    assert len(data(explore(plain, a=Slider([1, 2])).html())["frames"]) == 2


def test_figures_of_pyplot_are_closed():
    import matplotlib

    matplotlib.use("agg")
    import matplotlib.pyplot as plt

    def plain(a):
        fig, ax = plt.subplots(figsize=(3, 2))
        ax.plot([0, a])
        return fig

    plt.close("all")
    explore(plain, a=Slider([1, 2])).html()
    assert plt.get_fignums() == []


def test_terminal_gets_a_line_of_text():
    assert repr(explorer()) == (
        "<explorer line: slope = 0.5\N{NO-BREAK SPACE}m/s (3 values), side = left (2 values),"
        " step = 0 (4 values); shows itself in Jupyter or Colab>"
    )


def test_published_page_gets_html(html, monkeypatch):
    monkeypatch.setenv("LOSSFNS_EXPLORE", "static")
    bundle = explorer()._repr_mimebundle_()
    assert bundle == {"text/html": html, "text/plain": repr(explorer())}


def test_live_kernel_gets_a_widget(monkeypatch):
    monkeypatch.delenv("LOSSFNS_EXPLORE", raising=False)
    bundle = explorer()._repr_mimebundle_()
    assert set(bundle) == {"application/vnd.jupyter.widget-view+json", "text/plain"}


def test_live_kernel_without_ipywidgets_gets_html(html, monkeypatch):
    monkeypatch.delenv("LOSSFNS_EXPLORE", raising=False)
    real = builtins.__import__

    def without(name, *args, **kwargs):
        if name.startswith("ipywidgets"):
            raise ImportError(name)
        return real(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", without)
    assert explorer()._repr_mimebundle_()["text/html"] == html


def test_importing_explorers_imports_neither_widgets_nor_torch_nor_pyplot():
    code = (
        "import sys, lossfns.explore; "
        "print({'ipywidgets', 'torch', 'matplotlib.pyplot'} & set(sys.modules))"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert result.stdout.strip() == "set()"


def draws_text(a):
    return "a picture"


def wants_b(b):
    return figure()[0]


@pytest.mark.parametrize(
    ("make", "error", "words"),
    [
        (lambda: explore("line", a=Slider([1, 2])), TypeError, "draw must be callable, got 'line'"),
        (lambda: explore(line), ValueError, "controls: give at least one"),
        (
            lambda: explore(line, slope=[1, 2]),
            TypeError,
            r"control 'slope' must be a Slider, Choice or Play, got \[1, 2\]",
        ),
        (
            lambda: explore(wants_b, a=Slider([1, 2])),
            TypeError,
            r"draw does not take the controls \['a'\]: missing a required argument: 'b'",
        ),
        (
            lambda: explore(line, describe="It is.", slope=Slider([1, 2])),
            TypeError,
            "describe must be callable",
        ),
        (
            lambda: explore(line, describe=wants_b, slope=Slider([1, 2])),
            TypeError,
            r"describe does not take the controls \['slope'\]",
        ),
        (
            lambda: explore(draws_text, a=Slider([1, 2])).html(),
            TypeError,
            "draw must return a matplotlib Figure, draws_text returned 'a picture'",
        ),
        (
            lambda: explore(line, slope=Slider(range(11)), step=Slider(range(12))),
            ValueError,
            r"'slope' \(11\) × 'step' \(12\) make 132 frames, more than 120; "
            r"take fewer values of 'step'",
        ),
    ],
)
def test_bad_input_is_named(make, error, words):
    with pytest.raises(error, match=words):
        make()


def test_120_frames_are_allowed():
    explore(line, slope=Slider(range(10)), step=Slider(range(12)))


def test_too_many_bytes_name_the_control(monkeypatch):
    monkeypatch.setattr(engine, "MOST_BYTES", 10_000)
    with pytest.raises(ValueError, match="explorer line: 0.0. MB are more than .* of 'step'"):
        explorer().html()


def test_frames_of_different_sizes_are_refused():
    shown = explore(lambda a: figure(height=a)[0], a=Slider([1, 2]))
    with pytest.raises(ValueError, match="all frames must have one size"):
        shown.html()
