"""What a late submission costs."""

from datetime import datetime, timedelta
from types import SimpleNamespace

import nbformat
import pytest
from nbgrader.api import Gradebook
from nbgrader.preprocessors import AssignLatePenalties
from traitlets.config import Config

from grader.course import Course
from grader.late import LatePolicy

DUE = datetime(2026, 11, 20, 12)


@pytest.fixture
def book(tmp_path):
    """A gradebook with three assignments of 20 points, a week apart."""
    Course.open()  # nbgrader's programs are found once its settings have been read
    url = f"sqlite:///{tmp_path}/gradebook.db"
    with Gradebook(url, "losses") as book:
        for week in range(3):
            name = f"week{week}"
            book.add_assignment(name, duedate=DUE + timedelta(weeks=week))
            book.add_notebook(name, name)
            book.add_grade_cell("a", name, name, max_score=20, cell_type="code")
        book.add_student("ada")
        yield SimpleNamespace(url=url, book=book)


def penalty(book, name, late, score=20.0, **policy):
    """What is taken off, by nbgrader's own step."""
    when = book.book.find_assignment(name).duedate + late
    submission = book.book.update_or_create_submission(name, "ada", timestamp=when)
    (notebook,) = submission.notebooks
    notebook.grades[0].auto_score = score
    book.book.db.commit()
    config = Config()
    config.AssignLatePenalties.plugin_class = LatePolicy
    config.LatePolicy = Config(policy)
    about = {"student": "ada", "assignment": name, "notebook": name, "db_url": book.url}
    AssignLatePenalties(config=config).preprocess(nbformat.v4.new_notebook(), {"nbgrader": about})
    book.book.db.expire_all()
    return book.book.find_submission(name, "ada").late_submission_penalty or 0


@pytest.mark.parametrize(
    ("late", "costs"),
    [(-1, 0), (0, 0), (0.1, 2), (24, 2), (24.1, 4), (100, 10), (24 * 30, 20)],
)
def test_each_day_that_has_begun_costs(book, late, costs):
    assert penalty(book, "week0", timedelta(hours=late), percent_per_day=10) == costs


def test_there_is_a_most_and_no_less_than_nothing(book):
    month = timedelta(days=30)
    assert penalty(book, "week0", month, percent_per_day=10, most_percent=50) == 10
    assert penalty(book, "week0", month, score=3.0, percent_per_day=10) == 3


def test_nothing_is_taken_off_unless_it_is_configured(book):
    assert penalty(book, "week0", timedelta(days=3)) == 0


def test_minutes_of_grace(book):
    options = {"percent_per_day": 10, "grace_minutes": 15}
    assert penalty(book, "week0", timedelta(minutes=15), **options) == 0
    assert penalty(book, "week0", timedelta(minutes=16), **options) == 2


def test_free_days_are_used_up_in_the_order_of_the_deadlines(book):
    options = {"percent_per_day": 10, "free_days": 3}
    assert penalty(book, "week0", timedelta(days=2), **options) == 0
    assert penalty(book, "week1", timedelta(days=2), **options) == 2
    assert penalty(book, "week2", timedelta(days=2), **options) == 4


def test_the_settings_of_the_course_reach_the_grader():
    config = Course.open().coursedir.config
    assert config.AssignLatePenalties.plugin_class == "grader.late.LatePolicy"
