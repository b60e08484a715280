"""The built pages in a browser, opened from disk as a reader without a network would.

A page is opened once, on a wide screen in daylight, and there turned into a phone in the dark; some
pages, which have one of everything, the other way round as well. Everything is looked at, and a
test that fails names all the faults of its page with the device.
"""

import json
import re
from pathlib import Path

import axe_playwright_python
import pytest
from built_book import CHAPTERS, EXECUTED, PAGES, ROOT

WIDE, PHONE = 1280, 390
# What goes wrong does so at a width or in a scheme, hardly ever at one width in one scheme alone.
IN_FULL = [PAGES[0], "book/01_foundations/gradient", "book/03_classification/squared_error"]
VISITS = [(page, "light", "dark") for page in PAGES]
VISITS += [(page, "dark", "light") for page in IN_FULL]

AXE = Path(axe_playwright_python.__file__).with_name("axe.min.js").read_text(encoding="utf8")


@pytest.mark.parametrize(("page", "wide", "phone"), VISITS)
def test_page_is_read_in_peace(reader, page, wide, phone):
    """No request leaves, no script complains, nothing is wider than the screen, all is set.

    Pictures lie on the dark page as they are, explorers follow their sliders, quizzes answer, and
    nothing stands in anybody's way, before the quizzes are answered (wide) or after (phone).
    """
    visitor = reader(WIDE, wide)
    tab = visitor.open(page)
    tab.evaluate(AXE)
    faults = faults_of_layout(tab, wide)
    # What is otherwise on the phone: there the contents are hidden, and the quizzes answered.
    faults += barriers(tab, parts=[".bd-sidebar-secondary", ".Quiz"])
    if page in EXECUTED:
        faults += tab.evaluate("look.covered()")
    faults = [f"{WIDE} px wide, {wide}: {fault}" for fault in faults]
    visitor.turn(PHONE, phone)
    found = faults_of_layout(tab, phone)
    found += faults_of_explorers(tab)
    found += tab.evaluate("expected => look.answers(expected)", questions_of(page))
    found += faults_of_boxes(tab)
    found += [f"answered, {fault}" for fault in tab.evaluate("look.tooWide()")]
    # Where the button that leads back to the top is not in the way.
    tab.evaluate("window.scrollTo(0, document.body.scrollHeight)")
    thin(tab, frame=False)
    found += barriers(tab)
    faults += [f"{PHONE} px wide, {phone}: {fault}" for fault in found]
    visitor.turn(PHONE, wide)
    faults += [f"{wide}: {fault}" for fault in barriers(tab, "of colour")]
    faults += [f"asks for {address}" for address in visitor.requests]
    faults += [f"complains: {text}" for text in visitor.complaints]
    assert not faults, "\n".join([f"{page}:", *faults])


@pytest.mark.parametrize("width", [WIDE, PHONE])
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("page", IN_FULL)
def test_nothing_stands_in_the_way_in_the_frame_of_the_pages(reader, page, width, scheme):
    tab = reader(width, scheme).open(page)
    thin(tab)
    assert barriers(tab) == []


def faults_of_layout(tab, scheme):
    tab.evaluate("window.scrollTo(0, document.body.scrollHeight)")
    tab.evaluate("look.settled(100)")
    return tab.evaluate("scheme => look.setInFull(scheme)", scheme) + tab.evaluate("look.tooWide()")


def thin(tab, *, frame=True):
    """Leave in the page what axe-core has to look at, and bring that."""
    tab.evaluate(AXE)
    tab.evaluate("frame => look.thin(frame)", frame)


def barriers(tab, rules="all", parts=None):
    """What axe-core holds against the page, or parts of it, as it is now."""
    return tab.evaluate("([rules, parts]) => look.barriers(rules, parts)", [rules, parts])


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
    thin(tab)
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
    thin(tab)
    assert barriers(tab) == []
