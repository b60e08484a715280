"""The status page: what ran when the site was built, for how long and with which versions."""

import re

import contents
import numpy as np
import torch
from built_book import EXECUTED


def rows(html):
    """The cells of the table, without markup."""
    table = re.search(r"<article.*?(<table.*?</table>)", html, re.DOTALL)[1]
    for row in re.findall(r"<tr.*?</tr>", table, re.DOTALL)[1:]:
        cells = re.findall(r"<td.*?</td>", row, re.DOTALL)
        yield [re.sub(r"<[^>]+>", "", cell).strip() for cell in cells]


def test_every_page_with_code_ran(site, executed):
    html = (site / "book" / "status.html").read_text(encoding="utf8")
    *pages, total = rows(html)
    assert len(pages) == len(EXECUTED)
    for page, (_, minutes, cells, seconds, result) in zip(EXECUTED, pages, strict=True):
        assert result == "every cell ran", page
        assert int(cells) == sum(cell.cell_type == "code" for cell in executed(page)), page
        assert float(seconds) >= 0
        section = re.match(r"book/\d\d", page) and not page.endswith("/index")
        assert (minutes != "") >= bool(section and page.count("/") == 2), page
    assert total[-1] == f"{len(pages)} of {len(pages)} pages"
    assert abs(sum(float(row[3]) for row in pages) - float(total[3])) < 1 + 0.05 * len(pages)
    assert html.count('<a class="reference internal" href="') >= len(pages)


def test_the_versions_are_those_that_ran():
    said = contents.versions()
    assert f"NumPy {np.__version__}" in said
    assert f"torch {torch.__version__}" in said
