"""The reference pages show the whole catalog: a new loss appears on them by itself."""

import re

import pytest
from built_book import ROOT

from lossfns import catalog, functions
from lossfns.explore.elsewhere import disagreements

ATLAS = (ROOT / "book" / "atlas.md").read_text()


def article(site, page):
    html = (site / "book" / f"{page}.html").read_text()
    return re.search(r"<article.*?</article>", html, re.DOTALL).group()


def test_the_atlas_has_a_section_for_every_family():
    shown = re.findall(r'^atlas\.family\("(\w+)"\)$', ATLAS, re.MULTILINE)
    assert shown == list(dict.fromkeys(record.family for record in catalog.values()))


def test_every_loss_and_function_has_a_card_of_its_own(site):
    html = article(site, "atlas")
    cards = re.findall(r'<section class="lossfns-atlas loss" id="atlas-(\w+)">\s*<h3>(\w+)<', html)
    assert all(anchor == name for anchor, name in cards)
    assert sorted(name for name, _ in cards) == sorted([*catalog, *functions])
    assert html.count('<figure class="plot"><svg role="img"') == len(catalog)
    assert set(re.findall(r'<a href="#atlas-(\w+)"', html)) == set(catalog)


def test_the_atlas_is_no_heavier_than_other_pages(site):
    assert (site / "book" / "atlas.html").stat().st_size < 1_000_000


def test_every_name_elsewhere_is_listed(site):
    html = article(site, "elsewhere").replace("<wbr/>", "").replace("<wbr>", "")
    for record in catalog.values():
        assert f">{record.name}</code></th>" in html or not record.equivalents, record.name
        assert record.equivalents or re.search(rf"\b{record.name}\b", html), record.name


def test_elsewhere_opens_with_what_is_disagreed_about_and_has_it_in_its_contents(site):
    html = article(site, "elsewhere")
    table = re.search(r"</h1>.*?(<table.*?</table>)", html, re.DOTALL)
    assert "<h2" not in html[: table.end()]
    row = r'<tr><td><a href="#([\w-]+)">(.*?)</a></td><td>.+?</td><td>.+?</td>'
    rows = re.findall(row, table[1])
    assert len(rows) >= 19
    sections = re.findall(r'<section id="([\w-]+)">\s*(<span.*?)?<h2>(.*?)<a', html)
    found = {title: f"{first} {more}" for first, more, title in sections}
    assert [title for _, title in rows] == list(found)[: len(rows)]
    for label, title in rows:
        assert label in found[title]
    whole = (site / "book" / "elsewhere.html").read_text()
    contents = re.search(r'<nav[^>]*class="[^"]*page-toc.*?</nav>', whole, re.DOTALL).group()
    for _, title in rows:
        assert title in contents


def test_the_numbers_behind_the_table_are_those_of_the_sections(executed):
    """Both numbers of a row are printed by the cells under its heading."""
    printed, title = {}, ""
    for cell in executed("book/elsewhere"):
        if cell.cell_type == "markdown":
            title = (re.findall(r"^## (.*)$", cell.source, re.MULTILINE) or [title])[-1]
        for output in cell.get("outputs", []):
            printed[title] = printed.get(title, "") + output.get("text", "")
    for _, title, _, numbers in disagreements():
        words = re.findall(r"-?\d+(?:\.\d+)?(?:e[-+]?\d+)?|inf|nan", printed[title])
        shown = [float(word) for word in words]
        for number in (number for number in numbers if number is not None):
            same = [
                s
                for s in shown
                if s == number
                or abs(s - number) <= 6e-5 * max(1, abs(number))
                or (s != s and number != number)
            ]
            assert same, f"{title}: {number} is not among {words}"


def test_conformance_opens_with_what_it_found_and_folds_the_ticks(site):
    html = article(site, "conformance")
    opening = html[: html.index('id="the-questions"')]
    assert "comparisons" in opening and "<img" in opening and "✓" not in opening
    assert "✓" not in re.sub(r"<details>.*?</details>", "", html, flags=re.DOTALL).replace(
        "A ✓ says", ""
    )


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
