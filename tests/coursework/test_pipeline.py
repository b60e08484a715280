"""The regression assignment through stock nbgrader: release, submit, grade, give back, export."""

import csv
import shutil

import pytest
from coursework.course import Course, answered, graded_cells, solutions

NAME = "02_regression"
AUTOMATIC, BY_HAND = 54, 6

# Partly wrong: half the MSE, a log-cosh that overflows, a Huber loss that is smooth L1, no torch.
MISTAKEN = {
    "mse": """
def mse(pred, target, reduction="mean"):
    if pred.shape != target.shape:
        raise ValueError("shapes differ")
    losses = 0.5 * (pred - target) ** 2
    if reduction not in ("none", "sum", "mean"):
        raise ValueError(reduction)
    return losses if reduction == "none" else getattr(losses, reduction)()
""",
    "huber": """
def huber(pred, target, delta=1.0, reduction="mean"):
    size = np.abs(pred - target)
    losses = np.where(size < delta, 0.5 * size**2 / delta, size - 0.5 * delta)
    return losses if reduction == "none" else getattr(losses, reduction)()
""",
    "log_cosh": """
def log_cosh(pred, target):
    return np.log(np.cosh(pred - target)).mean()
""",
    "mse_torch": """
def mse_torch(pred, target, reduction="mean"):
    raise NotImplementedError()
""",
}
# mse-values, huber-values, huber-bad-input, log-cosh-extremes, mse-torch-values
LOST = 4 + 5 + 1 + 2 + 4


@pytest.fixture(scope="module")
def course(tmp_path_factory, sandbox):
    course = Course(tmp_path_factory.mktemp("course"))
    course.nbgrader("generate_assignment", NAME)
    released = course.released(NAME)
    right = solutions(NAME)
    emptied = dict.fromkeys((name for name in right if name != "mae-or-mse"), "")
    course.submit("right", NAME, answered(released, right))
    course.submit("untouched", NAME, released)
    course.submit("silent", NAME, answered(released, emptied | {"mae-or-mse": "MAE, always."}))
    course.submit("mistaken", NAME, answered(released, right | MISTAKEN))
    course.nbgrader("autograde", NAME)
    return course


@pytest.fixture(scope="module")
def marked(course):
    """The course after a person has marked the written answers and feedback was made."""
    with course.open_gradebook() as gradebook:
        for student, score in (("right", 5.5), ("silent", 0.5), ("mistaken", 3)):
            grade = gradebook.find_grade("mae-or-mse", NAME, NAME, student)
            grade.manual_score = score
        gradebook.db.commit()
    course.nbgrader("generate_feedback", NAME)
    course.nbgrader("export", "--to", str(course.folder / "grades.csv"))
    return course


def automatic(course, student):
    with course.open_gradebook() as gradebook:
        submission = gradebook.find_submission(NAME, student)
        return {
            grade.name: (grade.auto_score, grade.needs_manual_grade)
            for notebook in submission.notebooks
            for grade in notebook.grades
        }


def total(grades):
    return sum(score or 0 for score, _ in grades.values())


def test_the_solution_gets_full_marks_and_its_text_waits_for_a_person(course):
    grades = automatic(course, "right")
    assert total(grades) == AUTOMATIC
    assert grades.pop("mae-or-mse") == (None, True)
    assert not any(waits for _, waits in grades.values())


def test_an_untouched_stub_gets_nothing(course):
    grades = automatic(course, "untouched")
    assert {score for score, _ in grades.values()} == {0}
    assert not any(waits for _, waits in grades.values())


def test_an_emptied_notebook_gets_nothing(course):
    grades = automatic(course, "silent")
    assert total(grades) == 0
    assert grades["mae-or-mse"] == (None, True)


def test_mistakes_cost_their_points_and_no_others(course):
    grades = automatic(course, "mistaken")
    assert total(grades) == AUTOMATIC - LOST
    assert grades["mse-bad-input"] == grades["log-cosh-values"] == (2, False)
    assert grades["log-cosh-extremes"] == (0, False)


def test_the_export_holds_the_marks_of_machine_and_person(marked):
    with open(marked.folder / "grades.csv", newline="", encoding="utf8") as file:
        rows = {row["student_id"]: row for row in csv.DictReader(file)}
    scores = {student: float(row["score"]) for student, row in rows.items()}
    assert scores == {
        "right": AUTOMATIC + 5.5,
        "untouched": 0,
        "silent": 0.5,
        "mistaken": AUTOMATIC - LOST + 3,
    }
    assert {float(row["max_score"]) for row in rows.values()} == {AUTOMATIC + BY_HAND}


def test_the_feedback_page_shows_the_hints(marked):
    page = feedback(marked, "mistaken")
    for hint in (
        "This looks like: half of the mean squared error.",
        "This looks like: smooth L1 instead of Huber.",
        "This looks like: overflow of cosh.",
        "mse_torch: not written yet",
        "The smallest input that shows it:",
    ):
        assert hint in page
    # The frames of the checker would bury the hint.
    assert "lossfns/check" not in page


def test_the_feedback_page_of_a_right_answer_shows_no_failure(marked):
    page = feedback(marked, "right")
    assert "fit_line: right on all" in page
    assert "This looks like" not in page and "not yet right" not in page


def feedback(course, student):
    path = course.folder / "feedback" / student / NAME / f"{NAME}.html"
    return path.read_text(encoding="utf8")


def test_a_second_autograde_keeps_the_marks_given_by_hand(marked, tmp_path):
    copy = Course(shutil.copytree(marked.folder, tmp_path / "copy"))
    copy.nbgrader("autograde", NAME, "--student=untouched", "--force")
    with copy.open_gradebook() as gradebook:
        assert gradebook.find_submission(NAME, "untouched").score == 0
        assert gradebook.find_submission(NAME, "right").score == AUTOMATIC + 5.5


def test_the_release_holds_no_answer(course):
    released = course.released(NAME)
    text = "\n".join(cell.source for cell in released.cells)
    for secret in ("BEGIN", "END", "SOLUTION", "HIDDEN", "seed=", "Rubric", "A full answer"):
        assert secret not in text
    for cell in graded_cells(released):
        if cell.metadata.nbgrader.solution:
            wanted = "YOUR ANSWER" if cell.cell_type == "markdown" else "NotImplementedError()"
            assert wanted in cell.source
