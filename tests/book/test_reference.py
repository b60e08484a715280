"""The reference pages show the whole catalog: a new loss appears on them by itself."""

import re

import pytest
from built_book import ROOT

from lossfns import catalog, functions

ATLAS = (ROOT / "book" / "atlas.md").read_text()


def article(site, page):
    html = (site / "book" / f"{page}.html").read_text()
    return re.search(r"<article.*?</article>", html, re.DOTALL).group()


def test_the_atlas_has_a_section_for_every_family():
    shown = re.findall(r'^atlas\.family\("(\w+)"\)$', ATLAS, re.MULTILINE)
    assert shown == list(dict.fromkeys(record.family for record in catalog.values()))


def test_every_loss_and_function_has_a_card_of_its_own(site):
    html = article(site, "atlas")
    cards = re.findall(r'<div class="loss" id="atlas-(\w+)">', html)
    assert sorted(cards) == sorted([*catalog, *functions])
    assert html.count('<figure class="plot"><svg role="img"') == len(catalog)
    assert set(re.findall(r'href="#atlas-(\w+)"', html)) == set(catalog)


def test_the_atlas_is_no_heavier_than_a_photograph(site):
    assert (site / "book" / "atlas.html").stat().st_size < 3_000_000


def test_every_name_elsewhere_is_listed(site):
    html = article(site, "elsewhere").replace("<wbr/>", "").replace("<wbr>", "")
    for record in catalog.values():
        assert f">{record.name}</code></th>" in html or not record.equivalents, record.name
        assert record.equivalents or re.search(rf"\b{record.name}\b", html), record.name


def test_every_loss_passes_on_the_conformance_page(site):
    html = article(site, "conformance")
    table = re.search(r'<table class="lossfns-conformance">.*?</table>', html, re.DOTALL).group()
    rows = re.findall(r"<tr><th>([\w<>/]+?)</th><td", table)
    assert [re.sub(r"<wbr/?>", "", row) for row in rows] == ["allowed", *catalog]
    assert "failed" not in table and "✗" not in table
    assert re.search(rf"{len(catalog)} losses, \d+ checks, \d+ comparisons: .* 0 fail", html)


@pytest.mark.parametrize("page", ["atlas", "elsewhere"])
def test_cards_and_tables_of_names_can_be_told(site, page):
    """test_pages.py finds by this class what must fit the screen."""
    assert re.search(r'class="[^"]*\blossfns-atlas\b', article(site, page))
