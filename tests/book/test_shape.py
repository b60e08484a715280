"""Every section of a chapter has the same shape, and opens and ends as a page of its own."""

import inspect
import re

import pytest
from built_book import CHAPTERS, PAGES, ROOT, SECTIONS

from lossfns.explore import classification

FRONT = re.compile(r"\A---\n.*?\n---\n\n?(?=\()", re.DOTALL)

# The figures of chapter 3 that are drawn as a loss above its gradient.
STACKS = [
    name
    for name, draw in inspect.getmembers(classification, inspect.isfunction)
    if draw.__module__ == classification.__name__
    and not name.startswith("_")
    and (
        "value_and_slope(" in inspect.getsource(draw)
        or '"gradient p − y"' in inspect.getsource(draw)
    )
]


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


@pytest.mark.parametrize("page", SECTIONS)
def test_what_readers_look_for_is_a_heading(page):
    """A run-in word in bold can neither be scanned nor linked."""
    text = re.sub(r"^(`{3,}|:::).*?^\1$", "", source(page), flags=re.DOTALL | re.MULTILINE)
    assert re.findall(r"^\*\*[^*]+[.:?]\*\*", text, re.MULTILINE) == []
    assert (
        re.findall(r"\*\*(?:Pitfall|Use it|Do not use it|Gradient|Definition|Intuition)\b.*", text)
        == []
    )
    pitfalls = re.findall(r"^#+ Pitfall(.*?): \S", text, re.MULTILINE)
    expected = [""] if len(pitfalls) == 1 else [f" {n + 1}" for n in range(len(pitfalls))]
    assert pitfalls == expected


@pytest.mark.parametrize("page", [page for page in SECTIONS if "/01_" not in page])
def test_a_page_about_a_loss_says_when_to_use_it(page):
    """Experiments with the losses of other pages need no box."""
    text = source(page)
    if re.search(r"^\(loss-", text, re.MULTILINE):
        assert re.search(r"^`{3,}\{admonition\} When to use ", text, re.MULTILINE)


@pytest.mark.parametrize("page", CHAPTERS)
def test_a_gradient_is_checked_once_and_by_one_helper(page):
    text = source(page)
    assert len(re.findall(r"^gradient_check\(", text, re.MULTILINE)) <= 1
    by_hand = re.findall(r".*/ \(2 \* h\)", text)
    assert by_hand == [] or page == "book/01_foundations/gradient", by_hand


@pytest.mark.parametrize("chapter", sorted({page.split("/")[1] for page in CHAPTERS}))
def test_no_more_than_every_second_figure_is_a_loss_above_its_gradient(chapter):
    """Curves over the same x say what a loss is; what it does needs other pictures."""
    stacked = "|".join(["loss_and_gradient", "value_and_slope", *STACKS])
    text = "".join(source(page) for page in CHAPTERS if page.split("/")[1] == chapter)
    figures = len(re.findall(r"^ +alt:", text, re.MULTILINE))
    stacks = len(re.findall(rf"^\w+\.(?:{stacked})\(", text, re.MULTILINE))
    assert 2 * stacks <= figures, f"{stacks} of {figures}"


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
        for name, body in re.findall(
            r"^def (\w+)(\(.*?\n(?:[ \t].*\n|\n(?=[ \t]))+)", source(page), re.MULTILINE
        ):
            found.setdefault(name + body.rstrip(), set()).add(page)
    assert {body: pages for body, pages in found.items() if len(pages) > 1} == {}
