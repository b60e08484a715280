"""The look of the figures: readable on light and dark pages, and shown without pyplot."""

import json
import re
import subprocess
import sys

import numpy as np
import pytest
from matplotlib.transforms import Bbox

from lossfns.explore import style


def luminance(colour):
    rgb = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    return linear @ [0.2126, 0.7152, 0.0722]


def contrast(a, b):
    low, high = sorted([luminance(a), luminance(b)])
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("page", ["#ffffff", "#121212"])
def test_text_and_lines_stand_out_on_both_pages(page):
    assert contrast(style.INK, page) >= 4.3
    assert min(contrast(colour, page) for colour in style.CYCLE) >= 3.3


@pytest.mark.parametrize("colour", [style.INK, *style.CYCLE, "#000000", "#ffffff"])
def test_text_can_be_read_on_both_pages(colour):
    on_light, on_dark = style.text_colours(colour)
    assert contrast(on_light, "#ffffff") >= 4.5
    assert contrast(on_dark, "#121212") >= 4.5


def test_every_text_of_a_figure_takes_the_shade_of_the_page():
    """Ticks, names, two lines, a turned one, a half-transparent one: all that has letters."""
    fig, ax = style.figure(xlabel="x", ylabel="y", title="t")
    style.label(ax, 0, 0.5, "two\nlines", style.ORANGE)
    ax.text(0.5, 0.5, "faint", alpha=0.5, rotation=30)
    ax.plot([0, 1], [0, 1], label="line")
    ax.legend()
    drawing = fig._repr_mimebundle_()[0]["image/svg+xml"]
    letters = re.findall(r'<g style="([^"]*)" transform=', drawing)
    shades = {
        colour: "fill: light-dark({}, {})".format(*style.text_colours(colour))
        for colour in (style.INK, style.ORANGE)
    }
    assert all(any(shade in each for shade in shades.values()) for each in letters)
    assert sum(shades[style.ORANGE] in each for each in letters) == 2
    assert drawing.startswith('<svg style="color-scheme: light dark"')


def test_text_on_a_coloured_area_keeps_its_colour_on_both_pages():
    fig, ax = style.figure()
    ax.text(0.3, 0.5, "on plum", color="white")
    ax.text(0.7, 0.5, "on orange", color="black")
    drawing = style.svg(fig, alone=True)
    assert '<g style="fill: #ffffff" transform=' in drawing
    assert "<g transform=" in drawing


def test_a_drawing_inside_a_page_leaves_ink_to_the_page():
    fig, ax = style.figure()
    style.label(ax, 0.5, 0.5, "MSE", style.ORANGE)
    drawing = style.svg(fig)
    assert f'<g style="fill: {style.INK}" transform=' in drawing
    assert drawing.count("light-dark") == 1
    assert "color-scheme" not in drawing


def test_background_is_transparent():
    fig, ax = style.figure()
    assert fig.get_facecolor()[3] == 0
    assert ax.get_facecolor()[3] == 0


def test_text_is_in_ink_unless_told_otherwise():
    fig, ax = style.figure(xlabel="x", ylabel="y", title="t")
    texts = [
        ax.xaxis.label,
        ax.yaxis.label,
        ax.text(0, 0, "a"),
        ax.annotate("b", (0, 0)),
        fig.suptitle("s"),
        fig.text(0, 0, "f"),
        *ax.get_xticklabels(),
    ]
    assert {text.get_color() for text in texts} == {style.INK}
    assert ax.text(0, 0, "a", color=style.BLUE).get_color() == style.BLUE
    assert ax.text(0, 0, "a", c="red").get_color() == "red"


def test_panels_take_a_label_each():
    _, axes = style.figure(2, 2, xlabel=["", "", "a", "b"], ylabel="all")
    assert [ax.get_xlabel() for ax in axes.flat] == ["", "", "a", "b"]
    assert {ax.get_ylabel() for ax in axes.flat} == {"all"}
    with pytest.raises(ValueError, match="2 panels need 2 labels, got"):
        style.figure(1, 2, title=["one"])


def test_the_same_code_gives_the_same_bytes():
    def draw():
        fig, ax = style.figure(ylabel="y")
        ax.plot([1, 3, 2], label="a")
        ax.legend()
        return style.svg(fig), style.png(fig)

    assert draw() == draw()


def test_the_ids_of_a_drawing_come_from_what_is_seen():
    """Not from the last bits of a layout, which are not the same each time."""

    def draw(invisible):
        fig, ax = style.figure()
        (line,) = ax.plot([1, 3, 2])
        line.set_clip_path(None)
        line.set_clip_box(Bbox.from_bounds(10 + invisible, 10, 50, 50))
        return style.svg(fig)

    assert draw(0) == draw(1e-9)
    assert draw(0) != draw(1)


def test_drawings_with_names_share_no_id_on_a_page():
    fig, ax = style.figure()
    ax.plot([1, 3, 2])
    ids = [set(re.findall(r' id="([^"]+)"', style.svg(fig, name=name))) for name in ("a-", "b-")]
    assert all(ids) and not ids[0] & ids[1]
    used = re.findall(r'(?:url\(|href=")#([^")]+)', style.svg(fig, name="a-"))
    assert set(used) == ids[0]


def test_a_large_drawing_becomes_a_sharp_bitmap():
    fig, ax = style.figure(width=4, height=2)
    ax.scatter(*np.random.default_rng(0).normal(size=(2, 5000)))
    data, metadata = fig._repr_mimebundle_()
    assert set(data) == {"image/png", "text/plain"}
    assert metadata["image/png"] == {"width": 384, "height": 192}


def test_a_kernel_shows_a_figure_without_pyplot():
    code = """
import json, sys
from IPython.core.interactiveshell import InteractiveShell
from lossfns.explore.style import figure
shell = InteractiveShell.instance()
data, _ = shell.display_formatter.format(figure(alt="A line.")[0])
print(json.dumps({"pyplot": "matplotlib.pyplot" in sys.modules, **data}))
"""
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    data = json.loads(result.stdout)
    assert not data["pyplot"]
    assert data["image/svg+xml"].startswith("<svg")
    assert data["text/plain"] == "<figure: A line.>"
