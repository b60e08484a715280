"""Frames share their parts, and are drawn as matplotlib drew them."""

from xml.etree import ElementTree

import pytest

from lossfns.explore.film import Film
from lossfns.explore.style import figure, svg


def drawing(height):
    fig, ax = figure(height=2, xlabel="x")
    ax.plot([0, 1, 2], [0, height, 0], "o-")
    ax.set_ylim(0, 9)
    return svg(fig)


@pytest.fixture(scope="module")
def film():
    film = Film()
    for height in (1, 2, 1):
        film.add(drawing(height))
    return film


def test_equal_drawings_are_one_frame(film):
    first, second, third = film.frames
    assert first == third != second


def test_only_what_differs_is_kept_twice(film):
    first, second, _ = map(set, film.frames)
    # The line, and its markers.
    assert len(first - second) == len(second - first) == 2


def test_every_reference_has_its_element(film):
    root = ElementTree.fromstring(f"<svg>{film.named(film.drawing(0))}</svg>")
    ids = {element.get("id") for element in root.find("defs")}
    links = {e.get("href")[1:] for e in root.iter() if e.get("href")}
    clips = {e.get("clip-path")[5:-1] for e in root.iter() if e.get("clip-path")}
    assert links
    assert clips
    assert links | clips <= ids
    assert all(name.startswith(film.name) for name in ids)


def test_no_rule_reaches_the_page_around(film):
    assert "<style" not in film.drawing(0)
    assert "<style" in drawing(1)


def test_name_depends_on_the_pictures_alone(film):
    other = Film()
    for height in (1, 2, 1):
        other.add(drawing(height))
    assert other.name == film.name
    other.add(drawing(3))
    assert other.name != film.name
