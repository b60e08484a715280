"""Every section of a chapter has the same shape, and opens and ends as a page of its own."""

import re

import pytest
from built_book import CHAPTERS, PAGES, ROOT, SECTIONS

FRONT = re.compile(r"\A---\n.*?\n---\n\n?(?=\()", re.DOTALL)


def source(page):
    return (ROOT / f"{page}.md").read_text()


@pytest.mark.parametrize("page", CHAPTERS)
def test_a_page_begins_with_its_label_and_title(page):
    text = FRONT.sub("", source(page))
    assert re.match(r"(\([\w-]+\)=\n)+# \S", text)
    outside = re.sub(r"^```.*?^```$", "", text, flags=re.DOTALL | re.MULTILINE)
    assert len(re.findall(r"^# ", outside, re.MULTILINE)) == 1


@pytest.mark.parametrize("page", SECTIONS)
def test_a_section_says_what_it_is_for_and_what_remains_of_it(page):
    text = source(page)
    opening = text.split("```{code-cell}")[0]
    assert re.search(r"[Aa]fter this page you can\b", opening)
    quiz, summary = text.index("## Quick check\n"), text.index("## In short\n")
    assert quiz < summary
    lines = re.findall(r"^- ", text[summary:], re.MULTILINE)
    assert 2 <= len(lines) <= 5
    exercises = re.findall(r"\{ref\}`(ex-[\w-]+|sec-01-exercises|exercises-03)`", text[summary:])
    assert exercises


def test_links_between_pages_go_by_label():
    """A page may move; {doc} is for the few pages that are no section of a chapter."""
    folders = {page.split("/")[1] for page in PAGES if page.count("/") == 2}
    for page in PAGES:
        for target in re.findall(r"\{doc\}`(?:[^`<]*<)?([^`>]+)>?`", source(page)):
            assert not any(folder in target for folder in folders), f"{page}: {target}"
            assert target.startswith("../") or page.count("/") == 1, f"{page}: {target}"


def test_no_helper_is_defined_on_two_pages():
    """What two pages need is in `lossfns.explore.lessons`. A name may mean another thing."""
    found = {}
    for page in CHAPTERS:
        for name, body in re.findall(r"^def (\w+)(\(.*?\n(?:[ \t].*\n|\n(?=[ \t]))+)", source(page),
                                     re.MULTILINE):
            found.setdefault(name + body.rstrip(), set()).add(page)
    assert {body: pages for body, pages in found.items() if len(pages) > 1} == {}
