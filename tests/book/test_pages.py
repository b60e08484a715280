"""The built pages in a browser, opened from disk as a reader without a network would.

A page is visited once on a wide screen, in light, and once on a phone, in dark; some pages, which
have one of everything, in all four ways. Everything is looked at there, and a test that fails names
all the faults of its page on its device.
"""

import json
import re
from pathlib import Path

import axe_playwright_python
import pytest
from built_book import CHAPTERS, EXECUTED, PAGES, ROOT

pytestmark = pytest.mark.browser

WIDE, PHONE = 1280, 390
# What goes wrong does so at a width or in a scheme, hardly ever at one width in one scheme alone.
DEVICES = [(WIDE, "light"), (PHONE, "dark")]
CROSSED = [(WIDE, "dark"), (PHONE, "light")]
IN_FULL = [PAGES[0], "book/01_foundations/gradient", "book/03_classification/squared_error"]
VISITS = [(page, *device) for page in PAGES for device in DEVICES]
VISITS += [(page, *device) for page in IN_FULL for device in CROSSED]

AXE = Path(axe_playwright_python.__file__).with_name("axe.min.js").read_text(encoding="utf8")


@pytest.mark.parametrize(("page", "width", "scheme"), VISITS)
def test_page_is_read_in_peace(reader, page, width, scheme):
    """No request leaves, no script complains, nothing is wider than the screen, all is set.

    Pictures lie on the dark page as they are, explorers follow their sliders, quizzes answer, and
    nothing stands in anybody's way, before the quizzes are answered (wide) or after (phone).
    """
    visitor = reader(width, scheme)
    tab = visitor.open(page)
    tab.evaluate("window.scrollTo(0, document.body.scrollHeight)")
    tab.evaluate("look.settled(100)")
    faults = tab.evaluate("scheme => look.setInFull(scheme)", scheme)
    faults += tab.evaluate("look.tooWide()")
    if page in EXECUTED and width == WIDE:
        faults += tab.evaluate("look.covered()")
    if width == PHONE:
        faults += faults_of_explorers(tab)
        faults += tab.evaluate("expected => look.answers(expected)", questions_of(page))
        faults += faults_of_boxes(tab)
        faults += [f"answered, {fault}" for fault in tab.evaluate("look.tooWide()")]
    # Where the button that leads back to the top is not in the way.
    tab.evaluate("window.scrollTo(0, document.body.scrollHeight)")
    tab.evaluate("look.settled(100)")
    faults += barriers(tab)
    faults += [f"asks for {address}" for address in visitor.requests]
    faults += [f"complains: {text}" for text in visitor.complaints]
    assert not faults, "\n".join([f"{page}, {width} px wide, {scheme}:", *faults])


def barriers(tab):
    """What axe-core holds against the page as it is now."""
    tab.evaluate(AXE)
    return tab.evaluate("look.barriers()")


def questions_of(page):
    """The number of questions in the quick checks that the source of a page shows."""
    source = ROOT / f"{page}.md"
    text = source.read_text() if source.exists() else ""
    names = re.findall(r'display_quiz\("[./]*quizzes/([\w.-]+)"\)', text)
    quizzes = [json.loads((ROOT / "book" / "quizzes" / name).read_text()) for name in names]
    return sum(map(len, quizzes))


def faults_of_boxes(tab):
    """Every box of a quiz can be read and answers whatever is filled in."""
    faults = []
    for question in tab.locator(".Quiz:has(.Input-text)").all():
        box, feedback = question.locator(".Input-text"), question.locator(".Feedback")
        box.fill("12345")
        box.press("Enter")
        found = box.evaluate("look.faintBox")
        if len(feedback.inner_text().split()) < 2:
            found.append("12345 is not answered")
        faults += [f"{fault}: {question.inner_text()}" for fault in found]
    return faults


def faults_of_explorers(tab):
    """Every slider moves the picture and says so, within 50 ms."""
    faults = []
    for explorer in tab.locator(".lossfns-explorer, .lossfns-scene").all():
        sliders = explorer.locator("input[type=range]").all()
        handles = explorer.locator(".handle[role=slider]").all()
        if not sliders + handles:
            faults.append(f"an explorer without sliders: {explorer.inner_text()}")
        for handle in handles:
            name = f"the handle {handle.get_attribute('aria-label')}"
            before = explorer.locator("svg").inner_html()
            low = handle.get_attribute("aria-valuemin") == handle.get_attribute("aria-valuenow")
            handle.press("End" if low else "Home")
            if explorer.locator("svg").inner_html() == before:
                faults.append(f"{name} moves nothing")
        for slider in sliders:
            # From the start, since two masks that are apart overlap by nothing whatever is set.
            explorer.evaluate("e => e.querySelector('[name=reset]')?.click()")
            name = f"the slider {slider.evaluate('e => e.name || e.ariaLabel')}"
            before = explorer.locator("svg").inner_html()
            words = slider.get_attribute("aria-valuetext")
            slider.focus()
            at_start = float(slider.input_value()) == float(slider.get_attribute("min"))
            tab.keyboard.press("End" if at_start else "Home")
            if explorer.locator("svg").inner_html() == before:
                faults.append(f"{name} moves nothing")
            if slider.get_attribute("aria-valuetext") == words:
                faults.append(f"{name} says the same as before")
            if not explorer.locator("svg").get_attribute("aria-label"):
                faults.append(f"{name} moves a picture without words")
            # What else runs on this machine may slow one of the tries.
            tries = (slider.evaluate("look.millisecondsPerStep") for _ in range(4))
            if not any(one < 50 for one in tries):
                faults.append(f"a step of {name} takes 50 ms")
    return faults


@pytest.mark.parametrize("number", sorted({page.split("/")[1].split("_")[0] for page in CHAPTERS}))
def test_every_chapter_has_pictures_and_an_explorer(site, number):
    pages = [page for page in CHAPTERS if page.startswith(f"book/{number}")]
    html = "".join((site / f"{page}.html").read_text(encoding="utf8") for page in pages)
    assert re.search(r'class="[^"]*\blossfns-(explorer|scene)\b', html)
    assert re.search(r"<img|<svg[^>]* role=\"?img", html)


def test_search_finds_a_loss_without_a_server(reader):
    visitor = reader()
    tab = visitor.open("search", "?q=huber")
    tab.wait_for_selector("#search-results li a")
    assert "02_regression/huber" in tab.locator("#search-results").inner_html()
    assert barriers(tab) == []
    assert visitor.complaints == []
    assert visitor.requests == []


def test_solutions_are_folded_until_asked_for(reader, site):
    folded = re.compile(r'class="[^"]*\bsolution dropdown\b')
    page = next(page for page in CHAPTERS if folded.search((site / f"{page}.html").read_text()))
    tab = reader().open(page)
    solution = tab.locator(".solution.dropdown").first
    body = solution.locator(".section, p").last
    assert not body.is_visible()
    solution.locator("button").first.click()
    body.wait_for(state="visible")
    # It fades in: half of its colour would be a colour that cannot be read.
    tab.evaluate("Promise.allSettled(document.getAnimations().map(one => one.finished))")
    assert barriers(tab) == []
