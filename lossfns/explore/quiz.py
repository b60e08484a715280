"""Quick checks: questions that answer in the page."""

import hashlib
import json
import os
import random
import re
from pathlib import Path

from lossfns.explore import final_quiz


def display_quiz(questions, draw=None):
    """Show a quick check: with jupyterquiz, or where that is not installed as plain text.

    The published page gets the questions alone; what asks them is in a script of the page.

    Arguments
        questions: a file, or a list of questions, as jupyterquiz takes them.
        draw: how many of them to draw at random. In the published page the reader draws, and is
            told a score and what to read again; each question then has a `section`, a label.

    >>> as_text([{"question": "Is $e^2$ convex?", "answers": [
    ...     {"answer": "Yes", "correct": True, "feedback": "Its slope rises."},
    ...     {"answer": "No", "correct": False, "feedback": "Look at its slope."}]}])
    '1. Is $e^2$ convex?\\n   a) Yes\\n   b) No\\nAnswers: 1 a'
    """
    if isinstance(questions, str):
        questions = json.loads(Path(questions).read_text(encoding="utf8"))
    published = os.environ.get("LOSSFNS_EXPLORE") == "static"
    if draw and not published:
        questions = random.sample(questions, draw)
    try:
        import jupyterquiz
    except ImportError:
        print(as_text(questions))
        return
    if not published:
        jupyterquiz.display_quiz(questions)
        return
    from IPython.display import HTML, display

    display(HTML(final_quiz.as_html(questions, draw) if draw else as_html(questions)))


def as_html(questions):
    """The questions as data for the script of the published page, named after what they ask.

    >>> as_html([{"question": "Why?", "answers": []}])[:44]
    '<div class="lossfns-quiz" id="quiz-d3824861"'
    """
    shown = [
        question | {"answers": [_without_computed(answer) for answer in question["answers"]]}
        for question in questions
    ]
    data = json.dumps(shown, ensure_ascii=False)
    name = "quiz-" + hashlib.sha256(data.encode()).hexdigest()[:8]
    # Inside a script nothing but "</" needs care, and JSON may write it "<\\/".
    data = data.replace("</", "<\\/")
    return (
        f'<div class="lossfns-quiz" id="{name}" data-shuffleanswers="True">'
        f'<script type="application/json">{data}</script></div>'
    )


def _without_computed(answer):
    """What makes a test of an answer is not for the page."""
    return {key: value for key, value in answer.items() if key != "computed"}


def as_text(questions):
    """The questions with their options, and the right ones in a last line."""
    lines, right = [], []
    for number, question in enumerate(questions, start=1):
        lines.append(f"{number}. {_plain(question['question'])}")
        marks = []
        for letter, answer in zip("abcdefghij", question["answers"], strict=False):
            if "answer" in answer:
                lines.append(f"   {letter}) {_plain(str(answer['answer']))}")
                marks += [letter] * bool(answer.get("correct"))
            elif answer.get("correct"):
                marks.append(str(answer.get("value", answer.get("range"))))
        right.append(f"{number} {' '.join(marks)}")
    return "\n".join([*lines, "Answers: " + ", ".join(right)])


def _plain(text):
    return re.sub(r"<[^>]+>", "", text)
