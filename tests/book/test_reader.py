"""What a page does for its reader in a browser, from disk: search, marks, answers, print."""

import json

import pytest

PAGE = "book/02_regression/mse"


def found(reader, words):
    """What the search page lists for typed words: addresses in order."""
    tab = reader().open("search")
    field = tab.locator("input[name=q]:visible").first
    field.fill(words)
    field.press("Enter")
    # Results come one after the other; the summary tells when all are there.
    tab.wait_for_function("""() => /Search finished/.test(
        document.querySelector("#search-results .search-summary")?.textContent)""")
    links = tab.locator("#search-results li a")
    return [link.get_attribute("href") for link in links.all()]


@pytest.mark.parametrize("words", ["vicreg", "dpo", "lovasz", "huber", "grpo", "ssim"])
def test_search_leads_to_the_card_of_a_loss(reader, words):
    assert any(link.endswith(f"atlas.html#atlas-{words}") for link in found(reader, words)[:5])


@pytest.mark.parametrize(("words", "loss"), [
    ("SmoothL1Loss", "smooth_l1"),
    ("sparse_categorical_crossentropy", "sparse_categorical_cross_entropy"),
    ("binary_focal", "focal_with_logits"),
    ("BCEWithLogitsLoss", "bce_with_logits"),
    ("SupConLoss", "sup_con"),
    ("mean_pinball_loss", "quantile"),
])  # fmt: skip
def test_search_knows_the_names_of_other_libraries(reader, words, loss):
    assert any(link.endswith(f"atlas.html#atlas-{loss}") for link in found(reader, words)[:3])


def marked(tab):
    """The pages that the sidebar and the map of the chapter show as read."""
    return tab.evaluate("""() => ["nav.bd-links", "article table"].map(place =>
        [...document.querySelectorAll(`${place} a.lossfns-read`)].map(
            link => link.textContent.trim()))""")


# What a page keeps is looked at on a web server: of pages that it opens from the disk, Chromium
# itself loses what they store about once in thirty openings, down to a page of a single line.
def test_a_page_is_marked_as_read_when_the_reader_says_so_and_until_all_is_forgotten(reader):
    visitor = reader(served=True)
    tab = visitor.open(PAGE)
    box = tab.get_by_label("I have read this page")
    assert not box.is_checked()
    tab.evaluate("window.scrollTo(0, document.body.scrollHeight)")
    assert marked(tab) == [[], []], "nobody has said so"
    box.focus()
    tab.keyboard.press("Space")
    sidebar, _ = marked(tab)
    assert len(sidebar) == 1 and sidebar[0].startswith("2.1. MSE") and "(read)" in sidebar[0]
    tab = visitor.open("book/02_regression/index")
    sidebar, table = marked(tab)
    assert len(sidebar) == len(table) == 1 and table[0].startswith("MSE")
    tab = visitor.open("book/00_start")
    assert [text.startswith("MSE") for text in marked(tab)[1]] == [True]
    chapters = tab.locator(".lossfns-chapters .wide .state").all_text_contents()
    assert chapters[:2] == ["11 pages", "1 of 18 pages read"]
    tab = visitor.open(PAGE)
    assert tab.get_by_label("I have read this page").is_checked()
    tab.get_by_role("button", name="Forget").focus()
    tab.keyboard.press("Enter")
    assert "forgotten" in tab.locator(".lossfns-marks [role=status]").inner_text()
    assert not tab.get_by_label("I have read this page").is_checked()
    assert marked(tab) == [[], []]
    assert tab.evaluate("Object.keys(localStorage).filter(key => key.includes('lossfns'))") == []
    assert visitor.requests == [] and visitor.complaints == []


def verdicts(tab):
    return tab.evaluate("""() => [...document.querySelectorAll(".Quiz")].map(q =>
        [q.querySelector(".Feedback").className, q.querySelector(".Feedback").textContent])""")


def test_answers_are_there_again_and_can_be_forgotten(reader):
    visitor = reader(served=True)
    tab = visitor.open(PAGE)
    field = tab.locator(".Quiz .Input-text").first
    field.fill("20")
    field.press("Enter")
    radio = tab.locator(".Quiz .MCButton input").nth(1)
    radio.focus()
    tab.keyboard.press("Space")
    said = verdicts(tab)
    assert said[0][0] == "Feedback incorrect" and said[2][1], said
    tab = visitor.open(PAGE)
    assert [words for words, _ in verdicts(tab)] == [words for words, _ in said]
    assert tab.locator(".Quiz .Input-text").first.input_value() == "20"
    assert not tab.evaluate("!!document.activeElement.closest('.Quiz')"), "nothing takes the focus"
    kept = json.loads(tab.evaluate("localStorage.getItem('lossfns-marks')"))
    assert list(kept["answers"].values())[0]["0"] == ["20"]
    tab.get_by_role("button", name="Forget").click()
    tab.evaluate("look.settled(100)")
    assert {text for _, text in verdicts(tab)} == {""}
    tab = visitor.open(PAGE)
    assert {text for _, text in verdicts(tab)} == {""}


def test_several_right_answers_are_all_remembered(reader, site):
    visitor = reader(served=True)
    page = next(p for p in sorted(site.glob("book/0*/*.html")) if '"many_choice"' in p.read_text())
    page = page.relative_to(site).with_suffix("").as_posix()
    tab = visitor.open(page)
    right = "[...document.querySelectorAll('.ManyChoiceQn')].map(q => q.parentElement)[0]"
    tab.evaluate(f"for (const o of {right}.querySelectorAll('[data-correct=true]')) o.click()")
    count = tab.evaluate(f"{right}.querySelectorAll('.correctButton').length")
    assert count > 1
    tab = visitor.open(page)
    assert tab.evaluate(f"{right}.querySelectorAll('.correctButton').length") == count


def test_a_browser_that_keeps_nothing_shows_the_page_all_the_same(reader):
    visitor = reader(served=True)
    visitor.context.add_init_script("""
        Object.defineProperty(window, "localStorage", {get() { throw new DOMException("no"); }});
    """)
    tab = visitor.tab
    tab.goto(f"{visitor.address}/{PAGE}.html")
    tab.wait_for_selector(".Quiz .MCButton")
    tab.locator(".Quiz .MCButton").first.click()
    assert tab.locator(".lossfns-marks").count() == 0
    ours = [text for text in visitor.complaints if "book.js" in text]
    assert ours == []


@pytest.mark.parametrize("start", ["", "fb"])
def test_verdicts_are_announced_and_fields_have_names(reader, start):
    """Whatever the names of the elements, which the quiz engine draws by chance, begin with."""
    tab = reader().open(PAGE)
    tab.evaluate(
        """start => {
        const draw = makeid;
        makeid = length => start + draw(length);
        quizzes.showAll();
    }""",
        start,
    )
    for quiz in tab.locator(".Quiz").all():
        assert quiz.locator(".Feedback").get_attribute("aria-live") == "polite"
        asked = quiz.locator("[id^=quizQn]").inner_text()
        if quiz.locator(".Input-text").count():
            named = quiz.get_by_role("textbox", name=asked[:40])
            assert named.count() == 1
        else:
            group = quiz.get_by_role("group", name=asked[:40])
            assert group.get_by_role("radio").count() == quiz.locator(".MCButton").count() > 1


def test_on_paper_everything_is_unfolded(reader):
    tab = reader().open("book/02_regression/summary")
    folded = tab.locator(".solution.dropdown").first.locator(".section, p").last
    assert not folded.is_visible()
    tab.emulate_media(media="print")
    assert folded.is_visible()
    opaque = "getComputedStyle(document.querySelectorAll('.solution.dropdown p')[1]).opacity"
    assert tab.evaluate(opaque) == "1"
    tab = reader().open("book/conformance")
    table = tab.locator("table.lossfns-conformance")
    assert not table.is_visible()
    tab.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    assert table.is_visible()
    tab.evaluate("window.dispatchEvent(new Event('afterprint'))")
    assert not table.is_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_button_that_leads_back_to_the_top_can_be_read(reader, scheme):
    tab = reader(width=1000, scheme=scheme).open(PAGE)
    for place in (3000, 2500):  # it shows when somebody scrolls up
        tab.evaluate("top => window.scrollTo({top, behavior: 'instant'})", place)
        tab.wait_for_function("top => scrollY === top", arg=place)
        tab.evaluate("new Promise(requestAnimationFrame)")
    button = tab.locator("#pst-back-to-top")
    button.wait_for(state="visible")
    assert button.evaluate("look.faintBox") == []
    button.hover()
    assert button.evaluate("look.faintBox") == []
