"""The final quiz: what is drawn, what is said to each answer, the score, and what to read again."""

import json
import random
import re
import sys

from lossfns.explore import display_quiz
from lossfns.explore.final_quiz import as_html

LABELS = ["loss-mse", "loss-mae", "loss-huber"]


def questions(count=25):
    return [
        {
            "question": f"Question {i}",
            "type": "multiple_choice",
            "section": LABELS[i % 3],
            "answers": [
                {"answer": f"right {i}", "correct": True, "feedback": "That is it."},
                {"answer": f"wrong {i}", "correct": False, "feedback": "Look again."},
            ],
        }
        for i in range(count)
    ]


def asked(page):
    return [re.sub(r"^\d+\. ", "", text) for text in page.locator("legend").all_inner_texts()]


def test_every_question_comes_once_before_one_comes_twice(visit):
    page = visit(as_html(questions(), 10))
    seen = []
    for _ in range(3):
        assert len(set(asked(page))) == 10
        seen += asked(page)
        for button in page.get_by_role("button", name="right").all():
            button.click()
        page.get_by_role("button", name="Draw ten others").click()
    assert len(set(seen)) == 25, "20 in two deals, and the other 5 first in the third"


def test_the_first_answer_counts_and_the_others_may_be_read(visit):
    page = visit(as_html(questions(10), 10))
    fields = page.locator("fieldset")
    status = page.get_by_role("status")
    assert status.inner_text() == "0 of 10 answered."
    for number in range(10):
        field = fields.nth(number)
        wrong, right = field.get_by_text("wrong"), field.get_by_text("right")
        (wrong if number < 3 else right).click()
        assert ("No. Look again." if number < 3 else "That is it.") in field.inner_text()
        (right if number < 3 else wrong).click()
        assert ("That is it." if number < 3 else "No. Look again.") in field.inner_text()
    assert status.inner_text() == "7 of 10 right. Read again:"
    missed = {int(text.split()[-1]) % 3 for text in asked(page)[:3]}
    links = page.locator("ul a")
    assert links.count() == len(missed)
    assert {link.get_attribute("href").split("#")[1] for link in links.all()} == {
        LABELS[i] for i in missed
    }


def test_nothing_is_to_be_read_again_after_ten_right_answers(visit):
    page = visit(as_html(questions(10), 10))
    for button in page.get_by_role("button", name="right").all():
        button.click()
    assert page.get_by_role("status").inner_text() == "10 of 10 right. Nothing to read again."


def test_a_keyboard_is_enough_and_passing_over_an_option_is_no_answer(visit):
    page = visit(as_html(questions(10), 10), width=375)
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    assert page.get_by_role("status").inner_text() == "0 of 10 answered."
    page.keyboard.press("Enter")
    assert page.get_by_role("status").inner_text() == "1 of 10 answered."
    assert page.locator("fieldset").first.locator("button").nth(1).get_attribute("class")
    assert page.locator("fieldset p").first.get_attribute("aria-live") == "polite"
    assert page.evaluate("document.documentElement.scrollWidth") <= 375


def test_what_makes_a_test_of_an_answer_is_not_for_the_page():
    asks = questions(1)
    asks[0]["answers"][0]["computed"] = "1 + 1"
    data = re.search(r'json">(.*?)</script>', as_html(asks, 1))[1].replace("<\\/", "</")
    assert "computed" not in data
    assert json.loads(data)[0]["section"]["address"].endswith("#loss-mse")


def test_a_notebook_draws_too(monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "jupyterquiz", None)
    monkeypatch.delenv("LOSSFNS_EXPLORE", raising=False)
    random.seed(1)
    display_quiz(questions(), draw=10)
    drawn = re.findall(r"^\d+\. (Question \d+)$", capsys.readouterr().out, re.MULTILINE)
    assert len(set(drawn)) == 10
