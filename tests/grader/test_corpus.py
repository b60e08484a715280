"""What becomes of a class of right, wrong, broken and hostile submissions, in the real sandbox."""

import json
import os
import subprocess
import sys
from html.parser import HTMLParser

import pytest
from submissions.answers import MARKUP
from submissions.corpus import REFUSED_NAMES, SAMPLES
from submissions.course_folder import LIMITS, CourseFolder
from submissions.student_folder import ESSAY, NAME, POINTS, ROOT

from grader.grade import _show as show
from grader.levels import BUBBLEWRAP, find_level
from grader.results import latest

pytestmark = pytest.mark.usefixtures("sandbox")
BY_NAME = {sample.name: sample for sample in SAMPLES}
every_sample = pytest.mark.parametrize("name", BY_NAME)
ACTING = ["markup", "markup-output", "right-large-outputs", "lying-error", "commands-with-markup"]
HANDED_IN = [name for name, sample in BY_NAME.items() if sample.status != "missing"]


def result(course_folder, name):
    return latest(course_folder.course.results(NAME), name)


def feedback(course_folder, name):
    """All that the learner is told: the outputs of the graded notebook, and its banner."""
    return json.dumps(result(course_folder, name).notebook["cells"], ensure_ascii=False)


def test_the_sandbox_is_really_in_use():
    assert find_level() == BUBBLEWRAP


def test_the_corpus_is_large():
    assert len(SAMPLES) >= 125
    assert sum(sample.name.startswith("everyday") for sample in SAMPLES) >= 40
    assert sum(sample.demo for sample in SAMPLES) >= 20


@every_sample
def test_status_is_as_expected(course_folder, name):
    assert course_folder.rows[name]["status"] == BY_NAME[name].status, course_folder.rows[name]


@pytest.mark.parametrize("name", HANDED_IN)
def test_marks_are_as_expected(course_folder, name):
    scores = course_folder.scores(name)
    scores.pop(ESSAY)
    assert scores == {cell: POINTS[cell] * (cell in BY_NAME[name].earns) for cell in POINTS}


@every_sample
def test_flags_are_as_expected(course_folder, name):
    said = course_folder.rows[name]["flags"]
    for flag in BY_NAME[name].flags:
        assert flag in said
    if name.startswith(("right", "everyday")) and not BY_NAME[name].flags:
        assert name == "right-with-warnings" or said == ""


@pytest.mark.parametrize("name", [name for name in HANDED_IN if BY_NAME[name].says])
def test_the_learner_is_told(course_folder, name):
    told = " ".join(feedback(course_folder, name).replace("\\n", " ").split())
    for words in BY_NAME[name].says:
        assert words in told.replace('", "', " ")


@pytest.mark.parametrize("name", REFUSED_NAMES)
def test_a_folder_that_is_no_student_is_refused(course_folder, name):
    assert course_folder.rows[name]["status"] == "unreadable"
    assert course_folder.rows[name]["message"] == "not a student id"
    assert not (course_folder.folder / "autograded" / name).exists()


@pytest.mark.parametrize("name", HANDED_IN)
def test_nothing_was_found_that_should_be_hidden(course_folder, name):
    told = feedback(course_folder, name)
    assert "FOUND []" in told or "FOUND" not in told.replace('print(\\"FOUND', "")
    assert "canary-secret" not in told


@pytest.mark.parametrize("name", HANDED_IN)
def test_no_folder_of_the_machine_is_named(course_folder, name):
    # What a learner's own code names is no secret: code cells are shown as they were handed in.
    told = json.dumps(
        [
            cell.get("outputs") if cell["cell_type"] == "code" else cell["source"]
            for cell in result(course_folder, name).notebook["cells"]
        ]
    )
    for folder in (ROOT, sys.prefix, sys.base_prefix, os.path.realpath(sys.executable), "/box"):
        assert str(folder) not in told, folder


def test_no_connection_left_the_sandbox(course_folder, listener):
    assert listener.RequestHandlerClass.heard == []


def test_no_process_is_left(course_folder):
    running = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True).stdout
    assert f"{course_folder.port}000" not in running
    assert course_folder.boxes not in running


def test_no_file_is_left(course_folder):
    assert course_folder.left == []
    folders = {path.name for path in course_folder.folder.iterdir()}
    assert folders <= {
        *("solutions", "exercises", "submitted", "autograded", "grading", "gradebook.db"),
        *("CONFIG", "RUNTIME"),
    }


def test_every_submission_has_its_log(course_folder):
    for name in HANDED_IN:
        log = (course_folder.course.results(NAME) / f"{name}.log").read_text()
        assert f"{NAME} of {name}" in log
        assert BY_NAME[name].status in log


def test_a_hidden_input_is_not_shown(course_folder):
    """Whoever knows only the visible answers learns the kind of mistake, not the question."""
    told = feedback(course_folder, "hard-coded")
    assert "right on the inputs of the check you see" in told
    assert "The smallest input" not in told


def test_texts_are_shown_without_acting(course_folder):
    shown = feedback(course_folder, "markup") + feedback(course_folder, "markup-output")
    shown += feedback(course_folder, "right-large-outputs") + feedback(course_folder, "lying-error")
    cells = result(course_folder, "markup").notebook["cells"]
    (essay,) = ("".join(cell["source"]) for cell in cells if cell.get("id") == ESSAY)
    assert "<script" not in essay and "javascript:" not in essay
    assert "1 < 2" in essay
    for student in ACTING:
        for cell in result(course_folder, student).notebook["cells"]:
            for output in cell.get("outputs", []):
                assert set(output.get("data", {})) <= {"image/png", "text/plain"}


@pytest.fixture(scope="module")
def feedback_pages(course_folder):
    course_folder.commands.nbgrader("generate_feedback", NAME)
    return course_folder.folder / "feedback"


class Acts(HTMLParser):
    """What in a page would act: scripts that hold the canary, handlers, frames, odd links."""

    def __init__(self, page):
        super().__init__()
        self.found, self.tag = [], ""
        self.feed(page)

    def handle_starttag(self, tag, attributes):
        self.tag = tag
        for name, value in attributes:
            if name.startswith("on") or "javascript:" in (value or "").lower():
                self.found.append((tag, name, value))
        if tag in ("iframe", "object", "embed"):
            self.found.append((tag, dict(attributes)))

    def handle_data(self, text):
        if self.tag == "script" and "canary" in text:
            self.found.append((self.tag, text))

    def handle_endtag(self, tag):
        self.tag = ""


@pytest.mark.parametrize("name", ACTING)
def test_nothing_of_a_learner_acts_in_the_feedback_page(feedback_pages, name):
    page = (feedback_pages / name / NAME / f"{NAME}.html").read_text(encoding="utf8")
    assert Acts(page).found == []


def test_what_acts_would_be_seen():
    assert len(Acts(MARKUP).found) == 4


def test_stock_nbgrader_with_our_configuration_gives_the_same_marks(course_folder, tmp_path):
    demo = [sample for sample in SAMPLES if sample.demo]
    other = CourseFolder(tmp_path, course_folder.port)
    other.release()
    other.hand_in(demo)
    other.commands.nbgrader("autograde", NAME, f"--Grade.limits={LIMITS!r}")
    for sample in demo:
        if sample.status != "missing":
            assert other.scores(sample.name) == course_folder.scores(sample.name), sample.name


# --- the table ----------------------------------------------------------------------------------


def test_a_table_in_a_file_is_complete_and_one_in_a_terminal_fits(capsys, monkeypatch, tmp_path):
    row = {"status": "graded", "marks": "3", "message": "words " * 40, "flags": ""}
    rows = [row | {"student": f"s{i}"} for i in range(78)]
    show(rows, tmp_path)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 2 + 78 + 1 and all(len(line) > 250 for line in lines[2:-1])
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", "100")
    show(rows, tmp_path)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 2 + 60 + 2 and max(map(len, lines[:-1])) <= 100
    assert lines[-2] == "... and 18 more"
    assert lines[-1] == f"the whole table: {tmp_path / 'table.csv'}"
