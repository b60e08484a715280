"""The cheat sheet: rows from the catalog, and one page of A4 on paper."""

import re

import cheat_sheet
import pytest
import torch
from built_book import ROOT

from lossfns import catalog
from lossfns.labels import place

NAMES = [name for names in cheat_sheet.GROUPS.values() for name in names.split()]


def test_no_loss_stands_twice():
    assert len(NAMES) == len(set(NAMES)) >= 20


@pytest.mark.parametrize("name", NAMES)
def test_a_row_says_what_the_catalog_and_the_docstring_say(name):
    row = cheat_sheet.row(name)
    called, formula, gradient, call, pitfall = re.split(r"(?<!\\) ?(?<!\\)\| ?", row)[1:-1]
    assert name in called and ("{ref}" in called) == bool(place(catalog[name].chapter).page)
    assert formula.startswith("$") and formula.endswith("$") and len(formula) > 5
    assert gradient and gradient[-1] not in ",.;"
    assert pitfall.endswith((".", "?"))
    known = re.search(r"`F\.(\w+)", call)
    assert hasattr(torch.nn.functional, known[1]) if known else call == f"`lt.{name}`"


def test_a_row_is_what_one_expects():
    assert cheat_sheet.row("mse") == (
        "| {ref}`mse <loss-mse>` | $(\\hat y - y)^2$ | 2 (pred - target) / n | `F.mse_loss` | "
        "An error five times larger costs 25 times more: one outlier can own the fit. |"
    )


def test_the_page_shows_every_row(site):
    html = (site / "book" / "cheat_sheet.html").read_text(encoding="utf8")
    sheet = html.split('class="lossfns-sheet')[1].partition("</table>")[0]
    assert sheet.count("<tr") == 1 + len(cheat_sheet.GROUPS) + len(NAMES)
    for name in NAMES:
        found = place(catalog[name].chapter)
        assert not found.page or f"#{found.label}" in sheet
    assert "system-message" not in html


def test_it_is_printed_on_one_page_of_a4(site, chromium, tmp_path):
    import sheet

    page = site / "book" / "cheat_sheet.html"
    pdf = sheet.write(page, tmp_path / "sheet.pdf", chromium).read_bytes()
    sizes = re.findall(rb"/MediaBox \[0 0 ([\d.]+) ([\d.]+)\]", pdf)
    assert [(round(float(w)), round(float(h))) for w, h in sizes] == [(842, 595)]
    assert b"file:" not in pdf


def test_links_of_the_sheet_lead_to_the_published_book(site, chromium, tmp_path):
    """Where the address of the book is known; the sheet itself is a file."""
    import sheet

    html = (site / "book" / "cheat_sheet.html").read_text(encoding="utf8")
    address = "https://example.org/course/book/cheat_sheet.html"
    page = tmp_path / "cheat_sheet.html"
    page.write_text(
        re.sub(r"<script.*?</script>", "", html, flags=re.DOTALL)
        .replace("</head>", f'<link rel="canonical" href="{address}"></head>')
        .replace("<table", '<a href="02_regression/mse.html#loss-mse">a loss</a><table', 1),
        encoding="utf8",
    )
    tab = chromium.new_page()
    tab.goto(page.as_uri())
    tab.evaluate(sheet.LINKS)
    links = tab.locator("article a[href]").evaluate_all("all => all.map(link => link.href)")
    tab.close()
    assert "https://example.org/course/book/02_regression/mse.html#loss-mse" in links
    assert not [link for link in links if link.startswith("file:")]


def test_nothing_of_the_printed_sheet_is_cut_or_too_small_to_read(site, chromium):
    # What A4 has within the margins of the style sheet, in pixels.
    tab = chromium.new_page(viewport={"width": 1069, "height": 740})
    tab.emulate_media(media="print")
    tab.goto((site / "book" / "cheat_sheet.html").as_uri())
    tab.wait_for_function("window.MathJax?.startup?.promise")
    tab.evaluate("MathJax.startup.promise.then(() => document.fonts.ready).then(() => true)")
    # The name of a group may run over its empty neighbours.
    cells = tab.locator(".lossfns-sheet tr:not(:has(td strong)) :is(td, th)")
    cut = "all => all.filter(c => c.scrollWidth > c.clientWidth + 1).map(c => c.textContent)"
    assert cells.evaluate_all(cut) == []
    beyond = """all => all.filter(m => m.getBoundingClientRect().right
        > m.closest("td").getBoundingClientRect().right).map(m => m.closest("tr").textContent)"""
    assert tab.locator(".lossfns-sheet mjx-math").evaluate_all(beyond) == []
    sizes = cells.evaluate_all("all => all.map(c => parseFloat(getComputedStyle(c).fontSize))")
    assert min(sizes) >= 9  # 6.75 pt
    table = tab.locator(".lossfns-sheet table").bounding_box()
    assert table["x"] >= 0 and table["x"] + table["width"] <= 1069
    assert table["y"] + table["height"] <= 740
    tab.close()


def test_make_names_the_sheet():
    assert "\nsheet: book  ## " in (ROOT / "Makefile").read_text(encoding="utf8")
