"""The page that learners get back: what it says, and what it must not do."""

import re
from html.parser import HTMLParser

import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from grader.feedback import feedback
from grader.pages import formula, markdown

ABOUT = {"student": "ada", "assignment": "mini", "score": 6.0, "max_score": 12}
ABOUT |= {"late_penalty": 1.5, "seconds_late": 1.25 * 86400}
HOSTILE = (
    "<script>alert(1)</script> <img src=http://evil.example/x onerror=alert(1)> "
    "![seen](http://evil.example/y.png) [run](javascript:alert(1)) [see](https://ok.example) "
    r"$\text{<script>alert(2)</script>}$ $\href{javascript:alert(3)}{x}$ "
    '<a href="javascript:alert(4)">x</a>\n\n<div onclick="alert(5)">\n\n</div>\n\n'
    "```mermaid\n<script>\n```\n\n$$\\frac1n \\sum_i e_i^2$$"
)


def about(grade_id, **more):
    return {"nbgrader": {"grade_id": grade_id, "grade": False, "solution": False, **more}}


def answer(name, source, **more):
    return new_code_cell(source, metadata=about(name, solution=True, **more))


def verdict(grade_id, score, points, said, **finding):
    found = {"function": grade_id, "aspects": [], "right": score == points, "read": "loss-mse"}
    cell = new_code_cell("", metadata=about(grade_id, grade=True, score=score, points=points))
    cell.metadata["findings"] = [found | {"example": "", "said": said} | finding]
    cell.outputs = [new_output("error", ename="CheckFailed", traceback=[f"{said}, at length"])]
    return cell


def essay(grade_id, source, **more):
    return new_markdown_cell(
        source, metadata=about(grade_id, grade=True, solution=True, points=4, **more)
    )


def notebook(*cells, **grading):
    made = new_notebook(cells=[new_markdown_cell("# Assignment *0* & more"), *cells])
    made.metadata["grading"] = {"status": "graded", "message": "", "remarks": []} | grading
    return made


@pytest.fixture(scope="module")
def page():
    drawn = new_output("display_data", data={"image/png": "iVBORw0KGgo=", "text/html": HOSTILE})
    forged = new_output("display_data", data={"image/png": '"><script>alert(6)</script>'})
    first = answer("mse", f"# {HOSTILE}\ndef mse(): ...", comment="look **here**")
    first.outputs = [new_output("stream", text=HOSTILE + "\x1b[31mred"), drawn, forged]
    made = notebook(
        new_markdown_cell("### 1.1 Its task\n\n$$L = \\frac1n \\sum_i e_i^2$$"),
        first,
        verdict("mse-values", 0, 4, "half of it", function="mse", example="mse(1, 2)"),
        verdict("mse-bad-input", 2, 2, "right", function="mse", aspects=["bad input"]),
        answer("mae", "def mae(): ..."),
        verdict("mae-values", 2, 2, "the sum", function="mae", right=False),
        new_markdown_cell("What is a loss?"),
        essay("in-words", HOSTILE, score=3, comment=f"good {HOSTILE}"),
        essay("later", "an answer", score=None, waits=True),
        remarks=[f"line `{HOSTILE[:30]}` was left out"],
    )
    return feedback(made, ABOUT, {"in-words": "**Rubric**\n\n| 1 | for it |", "later": "secret"})


def test_the_sum_comes_first(page):
    assert "6 of 12 points" in page
    assert "It came 1.2 days after the deadline; 1.5 points were taken off." in page
    assert "4 points are for answers that nobody has marked yet" in page
    assert page.index("6 of 12") < page.index("At a glance") < page.index("Your answers")


def test_what_to_do_first_is_what_most_points_are_missing_for(page):
    assert re.search(r"most points are missing for <code>mse</code> \(4\)\.", page)


def test_what_a_function_calls_is_mended_before_it():
    made = notebook(
        answer("mse_grad", "def mse_grad(pred, target):\n    return pred - target"),
        verdict("mse-grad-values", 0, 4, "the n forgotten", function="mse_grad"),
        answer("fit_line", "def fit_line(x, y):\n    return mse_grad(x, y) + rmse(x, y)"),
        verdict("fit-line-values", 0, 6, "wrong numbers", function="fit_line"),
        answer("rmse", "def rmse(pred, target): ..."),
        verdict("rmse-values", 3, 3, "right", function="rmse"),
    )
    shown = re.sub("</?code>", "", feedback(made, ABOUT, {}))
    assert "most points are missing for mse_grad (4), fit_line (6)." in shown
    assert "fit_line calls mse_grad: when that is right, fit_line may be, too." in shown
    assert "calls rmse" not in shown


def test_part_of_the_points_is_no_failure():
    for score, kind in ((0, "bad"), (1, "wait"), (4, "good")):
        shown = feedback(notebook(essay("in-words", "Because.", score=score)), ABOUT, {})
        assert f'<div class="verdict {kind}"><strong>{score} of 4 points' in shown


def test_the_table_names_points_mistake_input_and_place(page):
    (row,) = re.findall(r"<tr>.*half of it.*</tr>", page)
    assert '<a href="#mse-values">mse</a>' in row and "0 of 4" in row
    assert "mse(1, 2)" in row and "chapter 2, MSE" in row
    (row,) = re.findall(r"<tr>.*mse \(bad input\).*</tr>", page)
    assert "2 of 2" in row and "right" in row and "chapter" not in row


def test_points_that_a_person_gave_win(page):
    (row,) = re.findall(r"<tr>.*>mae</a>.*</tr>", page)
    assert "2 of 2" in row and "accepted by whoever marked it" in row and "is-good" in row


def test_every_row_leads_to_a_verdict(page):
    places = set(re.findall(r'href="#([^"]+)"', page))
    assert places == {"mse-values", "mse-bad-input", "mae-values", "in-words", "later"}
    assert places <= set(re.findall(r'id="([^"]+)"', page))


def test_the_verdict_stands_under_the_cell(page):
    order = [page.rindex(part) for part in ("def</span>", "half of it, at length")]
    assert page.index("half of it, at length") < page.index(">mae</h3>") < order[0]


def test_a_written_answer_comes_with_its_rubric_once_it_is_marked(page):
    assert "3 of 4 points" in page and "for it" in page
    assert "secret" not in page and "waits for a person" in page
    assert "<strong>here</strong>" in page


def test_formulas_need_no_network(page):
    assert page.count("<mfrac>") >= 3
    assert "MathJax" not in page


class Reader(HTMLParser):
    def __init__(self, page):
        super().__init__()
        self.found = []
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))


def test_nothing_acts_and_nobody_is_asked(page):
    tags = Reader(page).found
    assert not {"script", "iframe", "object", "embed", "form", "link", "base"} & {
        t for t, _ in tags
    }
    for tag, attributes in tags:
        assert not [name for name in attributes if name.startswith("on")]
        assert "style" not in attributes
        for name in ("src", "href", "action", "xlink:href"):
            address = attributes.get(name) or "#"
            if tag == "a":
                assert address.startswith(("#", "https://ok.example")), address
            else:
                assert address.startswith(("#", "data:image/png;base64,iVBOR")), address
    policy = next(a for t, a in tags if t == "meta" and "http-equiv" in a)["content"]
    assert policy.startswith("default-src 'none'") and "script" not in policy


def test_tags_are_shown_as_they_were_written():
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in markdown("a <script>alert(1)</script>")
    assert "&amp;lt;" not in markdown("a <script>alert(1)</script>\n\n<div>\n\n</div>")


@pytest.mark.parametrize(
    "source",
    [r"\text{<script>}", r"\text{<img src=x></img>}", r"\frac{", "x" * 3000, r"\begin{cases}", "{"],
)
def test_what_is_no_formula_is_shown_as_text(source):
    assert formula(source).startswith("<code>") and "<script" not in formula(source)


def test_a_formula_cannot_carry_a_link():
    made = formula(r"\href{javascript:alert(1)}{x} + \frac12")
    assert "javascript" not in made and "<mfrac>" in made


def test_a_status_that_is_not_graded_is_explained():
    made = notebook(status="unreadable", message="it is <b>empty</b>")
    shown = feedback(made, ABOUT, {})
    assert "unreadable" in shown and "could not be read" in shown and "&lt;b&gt;empty" in shown


def test_a_right_submission_has_nothing_to_mend():
    made = notebook(answer("mse", "1"), verdict("mse-values", 4, 4, "right", function="mse"))
    assert "nothing has to be mended" in feedback(made, ABOUT, {})
