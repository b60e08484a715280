"""The map of the chapters: every chapter once, with links to its pages."""

import re

import pytest

from lossfns.explore.chapters import STAGES, chapter_map
from lossfns.labels import place, places

LABELS = [label for _, chapters in STAGES for label in chapters]


def test_every_chapter_is_on_the_map_once_in_order():
    chapters = [place(label).chapter for label in LABELS]
    assert chapters == sorted({one.chapter for one in places().values()} - {0})


@pytest.mark.parametrize("static", [True, False])
def test_chapters_are_linked_where_pages_are(monkeypatch, static):
    monkeypatch.setenv("LOSSFNS_EXPLORE", "static" if static else "")
    firsts = [place(label).address for label in LABELS]
    links = re.findall(r'href="([^"]*)"', chapter_map().data)
    assert links == (2 * firsts if static else []), "once for each of the two drawings"
    assert all(address.split(".html")[0].endswith("/index") for address in firsts)


# What a letter is wide in the mean of a line, as a share of its size, in the fonts of the theme.
LETTER = 0.56


def test_words_stay_inside_their_boxes_and_the_picture():
    for svg in re.findall(r"<svg.*?</svg>", chapter_map().data):
        whole = float(re.search(r'viewBox="0 0 ([\d.]+)', svg)[1])
        for x, line in re.findall(r'<text class="stage" x="([\d.]+)"[^>]*>([^<]*)<', svg):
            assert float(x) + len(line) * 12.5 * LETTER <= whole, line
        boxes = re.findall(r"<rect[^>]* width=\"([\d.]+)\"[^>]*/>(.*?)(?=<rect|$)", svg)
        for width, content in boxes:
            for kind, line in re.findall(r'<text class="(title|question)"[^>]*>([^<]*)<', content):
                size = {"title": 14, "question": 12.5}[kind]
                assert len(line) * size * LETTER <= float(width) - 10, line
