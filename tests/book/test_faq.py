"""The questions that people ask: each one is answered shortly, run, and led on from."""

import re

import pytest
from built_book import ROOT

SOURCE = (ROOT / "book" / "faq.md").read_text(encoding="utf8")
ANSWERS = dict(re.findall(r"^### (.*?)\n(.*?)(?=^\(faq-|\Z)", SOURCE, re.MULTILINE | re.DOTALL))
CELL = re.compile(r"^```\{code-cell\} ipython3\n.*?^```", re.MULTILINE | re.DOTALL)


def test_there_are_twenty_questions_that_end_in_a_question_mark():
    assert len(ANSWERS) >= 20
    assert all(question.endswith("?") for question in ANSWERS)
    assert len(re.findall(r"^\(faq-[\w-]+\)=\n### ", SOURCE, re.MULTILINE)) == len(ANSWERS)


def test_the_page_opens_with_a_way_to_every_question():
    opening = SOURCE[: SOURCE.index("```{code-cell}")]
    linked = re.findall(r"<(faq-[\w-]+)>`", opening)
    assert linked == re.findall(r"^\((faq-[\w-]+)\)=$", SOURCE, re.MULTILINE)


@pytest.mark.parametrize("question", ANSWERS)
def test_an_answer_is_short_is_run_and_leads_on(question):
    answer = ANSWERS[question]
    assert len(CELL.findall(answer)) == 1
    words = CELL.sub("", answer)
    assert 25 <= len(words.split()) <= 115
    assert re.search(r"\{ref\}`", words)


@pytest.mark.parametrize(
    "words",
    [
        "loss nan",
        "stuck 0.693",
        "my loss negative",
        "does not require grad",
        "scalar type long",
        "target size different input size",
        "validation loss accuracy",
        "triplet margin",
        "segmentation background",
        "mse mae huber",
        "mse classification",
        "bceloss bcewithlogitsloss",
        "softmax crossentropyloss",
        "multi-label",
        "focal loss α γ",
        "good value loss",
        "gradient accumulation",
        "kldivloss negative",
        "class weights pos_weight",
        "padding",
        "combine two losses",
        "loss of my own",
    ],
)
def test_the_words_that_people_type_are_those_of_one_heading(words):
    found = [q for q in ANSWERS if all(word in q.lower() for word in words.split())]
    assert len(found) == 1, found


def test_every_question_is_two_clicks_from_the_start_page(site):
    start, page = (
        (site / "book" / f"{name}.html").read_text(encoding="utf8").partition("<article")[2]
        for name in ("00_start", "faq")
    )
    assert re.search(r'<a[^>]* href="faq\.html(#faq)?"', start)
    for label in re.findall(r"^\((faq-[\w-]+)\)=$", SOURCE, re.MULTILINE):
        assert f'href="#{label}"' in page and f'id="{label}"' in page


@pytest.mark.parametrize(
    ("typed", "question"),
    [
        ("nan loss", "Why is my loss NaN?"),
        ("loss decreases but accuracy does not change", "Why does the loss fall while accuracy"),
        ("expected scalar type Long but found Float", "“expected scalar type Long"),
        ("mse or mae", "MSE, MAE or Huber"),
        ("custom loss function", "How do I write a loss of my own?"),
    ],
)
def test_the_first_result_of_a_search_in_other_words_is_the_answer(reader, typed, question):
    tab = reader().open("search", "?q=" + typed.replace(" ", "+"))
    tab.locator("#search-results li a").first.click()
    heading = tab.locator("article h3", has_text=question)
    heading.wait_for()
    place = heading.bounding_box()
    assert 0 <= place["y"] <= tab.viewport_size["height"] / 2


def test_the_search_of_the_book_knows_the_questions(site):
    index = (site / "searchindex.js").read_text(encoding="utf8")
    titles = index[index.index('"alltitles"') :]
    for question in ("Why is my loss NaN?", "What is a good value of the loss?"):
        assert question in titles
