"""The quick checks: every option explains itself, and every numeric answer is computed."""

import json
import re

import numpy as np
import pytest
from built_book import CHAPTERS, ROOT, SECTIONS

import lossfns.numpy as ln
from lossfns.explore.quiz import as_html

QUIZZES = sorted((ROOT / "book" / "quizzes").glob("*.json"))
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


@pytest.mark.parametrize("path", QUIZZES, ids=lambda p: p.stem)
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
    assert sorted(shown.values()) == [path.name for path in QUIZZES]
    assert "class Question" in (site / "_static" / "jupyterquiz.js").read_text(encoding="utf8")
