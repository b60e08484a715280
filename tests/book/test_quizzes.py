"""The quick checks: every option explains itself, and every numeric answer is computed."""

import json
import re

import numpy as np
import pytest
from built_book import CHAPTERS, ROOT, SECTIONS

import lossfns.numpy as ln
from lossfns.explore.quiz import as_html
from lossfns.labels import place, places

QUIZZES = sorted((ROOT / "book" / "quizzes").glob("*.json"))
FINAL = ROOT / "book" / "quizzes" / "final.json"
QUICK_CHECKS = [path for path in QUIZZES if path != FINAL]
NUMBER = re.compile(r"[-−+]?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?")


def questions(path):
    return json.loads(path.read_text(encoding="utf8"))


def value_of(expression):
    """Evaluate a `computed` expression, which may use NumPy as np and lossfns.numpy as ln."""
    return eval(expression, {"np": np, "ln": ln})


def claimed(answer):
    """Return the number that an answer claims, with the error that its digits allow."""
    if "value" in answer:
        text = repr(answer["value"])
    else:
        found = NUMBER.search(str(answer["answer"]).replace("−", "-"))
        text = found.group() if found else ""
    if not text:
        return None
    mantissa, _, exponent = text.lower().partition("e")
    digits = len(mantissa.partition(".")[2])
    return float(text), 0.5 * 10.0 ** (int(exponent or 0) - digits) + 1e-12


def test_there_are_quizzes():
    assert QUIZZES


@pytest.mark.parametrize("path", QUICK_CHECKS, ids=lambda p: p.stem)
def test_quiz_is_shown_by_one_page_of_its_chapter(path):
    chapters = [page for page in CHAPTERS if path.name in (ROOT / f"{page}.md").read_text()]
    assert len(chapters) == 1
    assert path.name.split("-")[0] == chapters[0].removeprefix("book/").split("_")[0]


@pytest.mark.parametrize("page", SECTIONS)
def test_every_section_ends_with_a_quiz_that_exists(page):
    names = re.findall(r"quizzes/([\w.-]+)", (ROOT / f"{page}.md").read_text())
    assert names
    assert set(names) <= {path.name for path in QUIZZES}
    assert "## Quick check\n" in (ROOT / f"{page}.md").read_text()


@pytest.mark.parametrize("path", QUIZZES, ids=lambda p: p.stem)
def test_every_question_can_be_answered_and_every_option_explains_itself(path):
    for question in questions(path):
        assert question["type"] in ("multiple_choice", "many_choice", "numeric", "string")
        answers = question["answers"]
        assert any(answer.get("correct") for answer in answers), question["question"]
        for answer in answers:
            assert len(answer["feedback"].split()) >= 2, (question["question"], answer)
        if question["type"] == "numeric":
            assert any(a.get("type") == "default" for a in answers), question["question"]
        if question["type"] == "multiple_choice":
            assert sum(bool(a["correct"]) for a in answers) == 1, question["question"]
            assert len({str(a["answer"]) for a in answers}) == len(answers) >= 2


@pytest.mark.parametrize("path", QUIZZES, ids=lambda p: p.stem)
def test_computed_answers_are_right(path):
    for question in questions(path):
        for answer in question["answers"]:
            if "computed" not in answer:
                continue
            result = value_of(answer["computed"])
            where = f"{question['question']}: {answer['computed']} = {result}"
            if isinstance(result, (bool, np.bool_)):
                assert bool(result) == bool(answer.get("correct")), where
            elif "range" in answer:
                low, high = answer["range"]
                assert low <= result < high, where
            else:
                number, error = claimed(answer)
                assert abs(number - result) <= error, where


@pytest.mark.parametrize("path", QUIZZES, ids=lambda p: p.stem)
def test_right_numbers_are_computed(path):
    for question in questions(path):
        if question["type"] not in ("numeric", "multiple_choice"):
            continue
        for answer in question["answers"]:
            is_number = "value" in answer or "range" in answer
            text = str(answer.get("answer", "")).strip("$ %")
            if answer.get("correct") and (is_number or NUMBER.fullmatch(text)):
                assert "computed" in answer, f"{question['question']}: {answer}"


def test_the_final_quiz_asks_about_every_chapter_and_knows_where_to_read_again():
    asked = questions(FINAL)
    assert len(asked) >= 30
    assert len({question["question"] for question in asked}) == len(asked)
    chapters = [place(question["section"]).chapter for question in asked]
    assert set(chapters) == {one.chapter for one in places().values()} - {0}
    assert all(question["type"] == "multiple_choice" for question in asked)
    text = FINAL.read_text(encoding="utf8")
    assert "`" not in text and "$" not in text, "the page of the quiz sets neither"


@pytest.mark.parametrize(
    ("words", "right"),
    [
        ("+2 and by −4", "10"),
        ("y = 1 and p → 0", "Both grow without bound."),
        ("900 and 100", "0.556 and 5"),
    ],
)
def test_the_final_quiz_asks_what_it_must(words, right):
    (question,) = [q for q in questions(FINAL) if words in q["question"]]
    assert [a["answer"] for a in question["answers"] if a["correct"]] == [right]


def test_the_final_quiz_is_on_its_page_with_links_to_what_is_written(site):
    html = (site / "book" / "quiz.html").read_text(encoding="utf8")
    assert html.count('class="lossfns-final"') == 1 and "jupyterquiz.js" not in html
    data = re.search(r'class="lossfns-final".*?json">(.*?)</script>', html, re.DOTALL)[1]
    shown = json.loads(data.replace("<\\/", "</"))
    assert len(shown) == len(questions(FINAL))
    for question in shown:
        page, _, label = question["section"]["address"].partition("#")
        if page:
            assert f'id="{label}"' in (site / "book" / page).read_text(encoding="utf8")


def test_a_wrong_number_is_found():
    number, error = claimed({"answer": "about 0.83 nats"})
    assert abs(number - 0.8345) <= error
    assert abs(number - 0.84) > error
    assert claimed({"value": 10})[0] == 10


def test_the_engine_is_in_the_site_once_and_the_same_questions_give_the_same_page(site):
    shown = {}
    for page in CHAPTERS:
        html = (site / f"{page}.html").read_text(encoding="utf8")
        assert "show_questions" not in html and "class Question" not in html
        boxes = re.findall(r'<div class="lossfns-quiz" id="([\w-]+)".*?</div>', html, re.DOTALL)
        assert html.count("jupyterquiz.js") == bool(boxes)
        sources = re.findall(r"quizzes/([\w.-]+)", (ROOT / f"{page}.md").read_text())
        for box, name in zip(boxes, sources, strict=True):
            shown[box] = name
            again = as_html(questions(ROOT / "book" / "quizzes" / name))
            assert f'id="{box}"' in again and '"computed"' not in again
    assert sorted(shown.values()) == [path.name for path in QUICK_CHECKS]
    assert "class Question" in (site / "_static" / "jupyterquiz.js").read_text(encoding="utf8")
