"""A figure stands in a page as a picture file: its text follows the theme that the reader chose."""

import base64
import io

import numpy as np
import pytest
from PIL import Image

from lossfns.explore import style


def paper_and_ink(page):
    """The two colours that cover most of the picture."""
    page.evaluate("document.images[0].decode()")
    picture = Image.open(io.BytesIO(page.locator("img").screenshot())).convert("RGB")
    colours, counts = np.unique(np.array(picture).reshape(-1, 3), axis=0, return_counts=True)
    return ["#{:02x}{:02x}{:02x}".format(*colour) for colour in colours[counts.argsort()[:-3:-1]]]


@pytest.mark.parametrize("system", ["light", "dark"])
@pytest.mark.parametrize("theme, paper", [("light", "#ffffff"), ("dark", "#121212")])
def test_letters_take_the_shade_of_the_theme_and_not_of_the_system(visit, theme, paper, system):
    fig, ax = style.figure(width=4, height=2)
    ax.set_axis_off()
    ax.text(0.5, 0.5, "loss", fontsize=60, ha="center", va="center")
    drawing = fig._repr_mimebundle_()[0]["image/svg+xml"]
    source = "data:image/svg+xml;base64," + base64.b64encode(drawing.encode()).decode()
    page = visit(
        f"<style>html {{ color-scheme: {theme}; background: {paper} }}</style>",
        f'<img src="{source}" alt="">',
        color_scheme=system,
    )
    ink = dict(zip(("light", "dark"), style.text_colours(style.INK), strict=True))[theme]
    assert paper_and_ink(page) == [paper, ink]
