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
    assert hasattr(torch.nn.functional, known[1]) if known else f"lossfns.torch.{name}`" in call


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


@pytest.mark.browser
def test_it_is_printed_on_one_page_of_a4(site, chromium, tmp_path):
    import sheet

    page = site / "book" / "cheat_sheet.html"
    pdf = sheet.write(page, tmp_path / "sheet.pdf", chromium).read_bytes()
    sizes = re.findall(rb"/MediaBox \[0 0 ([\d.]+) ([\d.]+)\]", pdf)
    assert [(round(float(w)), round(float(h))) for w, h in sizes] == [(842, 595)]


def test_make_names_the_sheet():
    assert "\nsheet: book  ## " in (ROOT / "Makefile").read_text(encoding="utf8")
