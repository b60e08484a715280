"""What a class got: of a simulated one of 500, and of one that was graded."""

import csv
import re
import shutil
from pathlib import Path

import pytest
from submissions.course_folder import CourseFolder
from submissions.simulated import simulate
from submissions.student_folder import NAME, POINTS, TOTAL

from grader.__main__ import main
from grader.errors import CourseError
from grader.report import graded_assignments, report
from lossfns.check import EXERCISES

SIZE = 500


@pytest.fixture(scope="module")
def large(tmp_path_factory):
    """A class of 500 with two assignments that have the same checks."""
    course_folder = CourseFolder(tmp_path_factory.mktemp("large"))
    course_folder.release()
    simulate(course_folder.course, NAME, SIZE)
    second = course_folder.folder / "grading" / "second"
    shutil.copytree(course_folder.folder / "grading" / NAME, second)
    with course_folder.commands.open_gradebook() as gradebook:
        gradebook.add_assignment("second")
    report(course_folder.course, [NAME, "second"])
    return course_folder


def read(course_folder, *parts):
    return (course_folder.folder / "grading").joinpath(*parts).read_text(encoding="utf8")


@pytest.fixture(scope="module")
def page(large):
    return read(large, NAME, "report.html")


@pytest.fixture(scope="module")
def table(large):
    return list(csv.DictReader(read(large, NAME, "report.csv").splitlines()))


def test_the_class_is_summed_up(page):
    assert "<strong>500</strong>submissions" in page
    assert "495 graded, 5 unreadable" in page
    assert f" of {TOTAL:g}</strong>median of the points" in page or "median of the points" in page


def test_every_check_has_its_share(page, table):
    right = {row["check"]: row for row in table if row["what_happened"] == "right"}
    assert list(right) == list(POINTS)
    for row in right.values():
        # Who handed in nothing that can be read has not failed at each check.
        assert row["asked"] == "495"
        assert float(row["share_right"]) == pytest.approx(int(row["how_many"]) / 495, abs=1e-3)
    (shown,) = re.findall(r"<tr><td>mae</td>.*?(\d+)%</td>", page)
    assert int(shown) == round(100 * float(right["mae-values"]["share_right"]))


def test_luck_tells_nothing_and_skill_does(table):
    """The simulation makes every tenth check a matter of luck."""
    tells = {row["check"]: float(row["discrimination"]) for row in table}
    lucky = [name for i, name in enumerate(POINTS) if i % 10 == 0]
    assert all(abs(tells[name]) < 0.15 for name in lucky)
    assert all(tells[name] > 0.25 for name in tells if name not in lucky)


def test_mistakes_are_listed_by_frequency(page, table):
    for name in ("mse", "focal"):
        rows = [
            r for r in table if r["check"] == f"{name}-values" and r["what_happened"] != "right"
        ]
        counts = [int(row["how_many"]) for row in rows]
        assert counts == sorted(counts, reverse=True)
        assert rows[0]["what_happened"] == EXERCISES[name].misconceptions[0].name
        wrong = int(rows[0]["asked"]) * (1 - float(rows[0]["share_right"]))
        assert sum(counts) == pytest.approx(wrong, abs=1)
        assert f"{EXERCISES[name].misconceptions[0].name} ({counts[0]} of 495)" in page


def test_nobody_is_named_unless_asked(large, page):
    everything = [page, read(large, NAME, "report.csv"), read(large, "report.html")]
    everything.append(read(large, "report.csv"))
    assert not any("student-" in text or "example.org" in text for text in everything)
    assert "learner " in page
    report(large.course, [NAME], names=True)
    try:
        assert "student-0007@example.org" in read(large, NAME, "report.html")
    finally:
        report(large.course, [NAME])


def test_what_to_look_at(page):
    looked = page[page.index("<h2>To look at") :]
    assert looked.count("mse: imports sklearn") == 10
    assert looked.count("the file is empty") == 5


def test_the_page_asks_nobody_for_anything(page):
    assert "<script" not in page and "http" not in page.replace("http-equiv", "")
    assert len(page) < 200_000


def test_the_course_shows_who_falls_behind_and_what_persists(large):
    text = read(large, "report.html")
    behind = text[text.index("Who falls behind") : text.index("What persists")]
    shares = [int(one) for one in re.findall(r">(\d+)%<", behind)]
    assert shares and max(shares) < 50 and shares[::2] == sorted(shares[::2])
    persists = text[text.index("What persists") :]
    first = EXERCISES["mse"].misconceptions[0].name
    (row,) = re.findall(rf"<tr><td>{re.escape(first)}</td>.*?</tr>", persists)
    assert f"{NAME}, second" in row
    rows = list(csv.DictReader(read(large, "report.csv").splitlines()))
    assert len(rows) == SIZE and set(rows[0]) == {"learner", NAME, "second"}


def test_a_class_that_was_graded(few, capsys):
    assert main(["report", NAME, "--course", str(few.folder)]) == 0
    html, sheet = capsys.readouterr().out.split()
    text = Path(html).read_text(encoding="utf8")
    assert "half of the mean squared error" in text and "not written yet" in text
    assert re.search(r"<strong>[1-9]\d*</strong>wait for a person", text)
    rows = list(csv.DictReader(Path(sheet).read_text(encoding="utf8").splitlines()))
    assert {row["check"] for row in rows} == set(POINTS)


def test_nothing_to_report_is_said(tmp_path, few):
    empty = CourseFolder(tmp_path)
    with pytest.raises(CourseError, match="nothing has been graded"):
        graded_assignments(empty.course)
    with pytest.raises(CourseError, match="nothing of other has been graded"):
        report(few.course, ["other"])


def test_one_or_all(few, capsys):
    for wrong in (["report"], ["report", NAME, "--all"]):
        with pytest.raises(SystemExit):
            main([*wrong, "--course", str(few.folder)])
        assert "name an assignment, or say --all" in capsys.readouterr().err
