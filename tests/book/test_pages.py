"""The built pages in a browser, opened from disk as a reader without a network would."""

import json
import re
from pathlib import Path

import axe_playwright_python
import pytest
from built_book import CHAPTERS, EXECUTED, PAGES, ROOT, holding

pytestmark = pytest.mark.browser

# The median time, in ms, that a step of a slider takes until the page is laid out again.
MILLISECONDS_PER_STEP = """slider => {
  const times = [];
  for (let i = +slider.min; i <= +slider.max; i++) {
    const start = performance.now();
    slider.value = i;
    slider.dispatchEvent(new Event("input", {bubbles: true}));
    slider.parentElement.getBoundingClientRect();
    times.push(performance.now() - start);
  }
  return times.sort((a, b) => a - b)[times.length >> 1];
}"""

# What scrolls sideways although it holds the whole page. The theme lets the article do so.
WIDER_THAN_THE_SCREEN = """[document.documentElement,
    ...document.querySelectorAll("main, .bd-content, .bd-article-container, article")]
  .filter(e => e.scrollWidth > e.clientWidth + 1)
  .map(e => `${e.tagName}.${e.className}: ${e.scrollWidth} > ${e.clientWidth}`)"""

WITH_EXPLORERS = holding(r"^explore\(|^(mse_squares|regression_losses|bce_logit|softmax_scores"
                         r"|mse_vs_ce)\(\)")

DEVICES = [(1280, "light"), (1280, "dark"), (390, "light"), (390, "dark")]

# The contrast of an element's text with what lies behind it, as WCAG 2 defines it.
CONTRAST = """element => {
  const rgb = colour => colour.match(/[\\d.]+/g).map(Number);
  const light = ([r, g, b]) => [r, g, b].map(c => c / 255)
    .map(c => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)
    .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
  let behind = element;
  while (behind.parentElement && (rgb(getComputedStyle(behind).backgroundColor)[3] ?? 1) === 0)
    behind = behind.parentElement;
  const [a, b] = [light(rgb(getComputedStyle(element).color)),
                  light(rgb(getComputedStyle(behind).backgroundColor))];
  return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
}"""


# What stands in somebody's way, by the rules of WCAG 2.1, levels A and AA.
AXE = Path(axe_playwright_python.__file__).with_name("axe.min.js").read_text(encoding="utf8")
BARRIERS = """async () => (await axe.run(document, {
    runOnly: {type: "tag", values: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]},
    rules: {"label-content-name-mismatch": {enabled: true}},
  })).violations.map(v => `${v.id}: ${v.nodes.map(n => n.html.slice(0, 200)).join(" | ")}`)"""


def barriers(tab):
    tab.evaluate(AXE)
    return tab.evaluate(BARRIERS)


@pytest.mark.parametrize(("width", "scheme"), DEVICES)
@pytest.mark.parametrize("page", PAGES)
def test_page_is_read_in_peace(reader, page, width, scheme):
    """No request leaves, no script complains, nothing is wider than the screen, all is set."""
    visitor = reader(width, scheme)
    tab = visitor.open(page)
    tab.evaluate("window.scrollTo(0, document.body.scrollHeight)")
    tab.wait_for_timeout(200)
    assert visitor.requests == []
    assert visitor.complaints == []
    assert tab.evaluate(WIDER_THAN_THE_SCREEN) == []
    assert tab.evaluate("document.documentElement.dataset.theme") == scheme
    assert tab.locator("article h1").count() == 1
    equations = tab.locator("article .math").count()
    assert tab.locator("article .math mjx-container").count() >= equations
    assert tab.locator("mjx-merror").count() == 0
    assert barriers(tab) == []


@pytest.mark.parametrize("page", EXECUTED)
def test_pictures_lie_on_the_dark_page_as_they_are(reader, page):
    tab = reader(1280, "dark").open(page)
    pictures = tab.locator("article img, article svg[role=img]").all()
    for picture in pictures:
        style = picture.evaluate(
            "e => [getComputedStyle(e).backgroundColor, getComputedStyle(e).filter]"
        )
        assert style == ["rgba(0, 0, 0, 0)", "none"]
    for box in tab.locator("article .cell_output .text_html").all():
        if not box.locator("table").count():
            background = box.evaluate("e => getComputedStyle(e).backgroundColor")
            assert background == "rgba(0, 0, 0, 0)"


def test_every_chapter_has_explorers():
    assert {page.split("/")[1] for page in WITH_EXPLORERS} == {
        page.split("/")[1] for page in CHAPTERS
    }


@pytest.mark.parametrize("page", WITH_EXPLORERS)
def test_every_slider_moves_the_picture_within_50_ms(reader, page):
    visitor = reader(390)
    tab = visitor.open(page)
    explorers = tab.locator(".lossfns-explorer").all()
    assert explorers
    for explorer in explorers:
        sliders = explorer.locator("input[type=range]").all()
        assert sliders
        for slider in sliders:
            before = explorer.locator("svg").inner_html()
            words = slider.get_attribute("aria-valuetext")
            slider.focus()
            tab.keyboard.press("Home" if slider.input_value() != "0" else "End")
            assert explorer.locator("svg").inner_html() != before
            assert slider.get_attribute("aria-valuetext") != words
            assert explorer.locator("svg").get_attribute("aria-label")
            assert slider.evaluate(MILLISECONDS_PER_STEP) < 50
    assert visitor.complaints == []
    assert visitor.requests == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("page", holding("display_quiz"))
def test_every_option_of_every_quiz_answers_readably(reader, page, scheme):
    names = re.findall(r"quizzes/([\w.-]+)", (ROOT / f"{page}.md").read_text())
    expected = sum(
        len(json.loads((ROOT / "book" / "quizzes" / name).read_text())) for name in names
    )
    visitor = reader(390, scheme)
    tab = visitor.open(page)
    questions = tab.locator(".Quiz").all()
    assert len(questions) == expected
    for question in questions:
        feedback = question.locator("[id^=fb]")
        for option in question.locator(".MCButton").all():
            assert option.evaluate(CONTRAST) >= 4.5
            option.click()
            said = feedback.inner_text()
            assert len(said.split()) >= 2
            tab.wait_for_timeout(50)
            assert feedback.evaluate(CONTRAST) >= 4.5, said
        for box in question.locator(".Input-text").all():
            box.fill("12345")
            box.press("Enter")
            assert len(feedback.inner_text().split()) >= 2
            assert box.evaluate(CONTRAST) >= 4.5
        wide = question.evaluate("e => e.scrollWidth > e.clientWidth + 1")
        assert not wide, question.inner_text()
    assert tab.locator(".MCButton.correctButton, .MCButton.incorrectButton").count() >= 1
    assert visitor.complaints == []
    assert visitor.requests == []
    assert tab.evaluate(WIDER_THAN_THE_SCREEN) == []


def test_search_finds_a_loss_without_a_server(reader):
    visitor = reader()
    tab = visitor.open("search", "?q=huber")
    tab.wait_for_selector("#search-results li a")
    assert "02_regression/huber" in tab.locator("#search-results").inner_html()
    assert visitor.complaints == []
    assert visitor.requests == []


def test_solutions_are_folded_until_asked_for(reader):
    tab = reader().open("book/02_regression/summary")
    solution = tab.locator(".solution.dropdown").first
    body = solution.locator(".section, p").last
    assert not body.is_visible()
    solution.locator("button").first.click()
    tab.wait_for_timeout(300)
    assert body.is_visible()
