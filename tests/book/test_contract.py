"""What the book must teach has its place: a table for each chapter, in `contract/`.

A row is a bullet of what the chapter must hold, the label of the section that does it, and words
that stand there: a name of its code, the label of its equation. To extend it, add a file
`contract/NN_name.yml`.
"""

import re

import pytest
import yaml
from built_book import PAGES, ROOT

TABLES = sorted(ROOT.glob("tests/book/contract/*.yml"))
ROWS = [
    (path.stem, row) for path in TABLES for row in yaml.safe_load(path.read_text(encoding="utf8"))
]
# A section goes on to the next title of its own rank or above.
TITLE = re.compile(r"^((?:\([\w-]+\)=\n)*)(#+) \S", re.MULTILINE)


def sections(chapter):
    """The text that stands under each label above a title, for the pages of a chapter."""
    found = {}
    for page in (page for page in PAGES if page.startswith(f"book/{chapter}/")):
        text = (ROOT / f"{page}.md").read_text(encoding="utf8")
        code = [m.span() for m in re.finditer(r"^```.*?^```$", text, re.DOTALL | re.MULTILINE)]
        titles = [m for m in TITLE.finditer(text) if not any(a < m.start() < b for a, b in code)]
        for i, title in enumerate(titles):
            below = [t.start() for t in titles[i + 1 :] if len(t[2]) <= len(title[2])]
            for label in re.findall(r"\(([\w-]+)\)=", title[1]):
                found[label] = text[title.start() : min(below, default=len(text))]
    return found


def test_there_are_tables():
    assert TABLES
    for path in TABLES:
        assert (ROOT / "book" / path.stem / "index.md").exists(), path.name


@pytest.mark.parametrize(("chapter", "row"), ROWS, ids=[f"{c}: {r['bullet']}" for c, r in ROWS])
def test_what_the_chapter_must_teach_is_there(chapter, row):
    assert row["label"] in sections(chapter), f"no section has the label {row['label']}"
    text = sections(chapter)[row["label"]]
    missing = [words for words in row.get("shown", []) if words not in text]
    assert not missing, f"the section {row['label']} does not show {missing}"


def test_no_bullet_stands_twice():
    bullets = [(chapter, row["bullet"]) for chapter, row in ROWS]
    assert len(bullets) == len(set(bullets))


def test_contributors_see_every_row_with_a_link_to_its_section(site):
    html = (site / "book" / "coverage.html").read_text(encoding="utf8")
    row = r'<tr class="row-\w+"><td>(.*?)</td>\s*<td>.*?href="([^"]+)"'
    found = re.findall(row, html, re.DOTALL)
    assert len(found) == len(ROWS)
    for (_, row), (_, link) in zip(ROWS, found, strict=True):
        assert link.endswith("#" + row["label"])
