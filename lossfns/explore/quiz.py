"""Quick checks: questions that answer in the page."""

import re


def display_quiz(questions):
    """Show a quick check: with jupyterquiz, or where that is not installed as plain text.

    Arguments
        questions: a file, or a list of questions, as jupyterquiz takes them.

    >>> as_text([{"question": "Is $e^2$ convex?", "answers": [
    ...     {"answer": "Yes", "correct": True, "feedback": "Its slope rises."},
    ...     {"answer": "No", "correct": False, "feedback": "Look at its slope."}]}])
    '1. Is $e^2$ convex?\\n   a) Yes\\n   b) No\\nAnswers: 1 a'
    """
    try:
        import jupyterquiz
    except ImportError:
        if isinstance(questions, str):
            import json
            from pathlib import Path

            questions = json.loads(Path(questions).read_text(encoding="utf8"))
        print(as_text(questions))
    else:
        jupyterquiz.display_quiz(questions)


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
