"""The tables for learning platforms."""

import csv
import io

import pytest
from submissions.student_folder import NAME, TOTAL

from grader.__main__ import main
from grader.errors import CourseError
from grader.export import export
from grader.tables import harmless


def exported(few, to, capsys):
    export(few.course, NAME, to)
    return list(csv.reader(io.StringIO(capsys.readouterr().out)))


def by_student(rows, column=0):
    return {row[column]: row for row in rows[1:]}


def test_a_plain_table(few, capsys):
    rows = exported(few, "csv", capsys)
    assert rows[0][:1] == ["student_id"] and rows[0][4:7] == ["score", "max_score", "status"]
    found = by_student(rows)
    assert found["right"][4:] == [str(TOTAL), str(TOTAL + 6), "graded", "yes"]
    assert found["untouched"][4:] == ["0", str(TOTAL + 6), "graded", ""]
    assert found["truncated"][6] == "unreadable"


def test_canvas_finds_its_columns(few, capsys):
    header, points, *rows = exported(few, "canvas", capsys)
    assert header == ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", NAME]
    assert points[0] == "    Points Possible" and points[-1] == str(TOTAL + 6)
    assert {row[3]: row[5] for row in rows}["half"] == str(TOTAL - 4)


def test_moodle_finds_its_columns(few, capsys):
    rows = exported(few, "moodle", capsys)
    assert rows[0][:4] == ["ID number", "First name", "Last name", "Email address"]
    assert by_student(rows)["half"][4:] == [str(TOTAL - 4), "graded"]


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@sum", "\t=1", "\r=1", "  =1", "\n@x"])
def test_a_name_is_no_formula(text):
    assert not harmless(text).strip().startswith(("=", "+", "-", "@"))
    assert harmless("Ann-Marie O'Neil") == "Ann-Marie O'Neil"


def test_names_of_students_are_made_harmless(few, capsys):
    with few.commands.open_gradebook() as gradebook:
        gradebook.update_or_create_student("half", last_name='=HYPERLINK("http://x")')
    for to in ("csv", "canvas", "moodle"):
        text = "\n".join(",".join(row) for row in exported(few, to, capsys))
        assert "'=HYPERLINK" in text and ",=HYPERLINK" not in text


def test_a_file_and_bad_arguments(few, tmp_path, capsys):
    export(few.course, NAME, "csv", str(tmp_path / "marks.csv"))
    assert "right" in (tmp_path / "marks.csv").read_text()
    with pytest.raises(CourseError, match="cannot be written: No such file"):
        export(few.course, NAME, "csv", str(tmp_path / "no" / "marks.csv"))
    with pytest.raises(CourseError, match="does not know 'other'"):
        export(few.course, "other", "csv")
    with pytest.raises(SystemExit):
        main(["export", NAME, "--to", "excel"])
    assert "invalid choice: 'excel'" in capsys.readouterr().err
    assert main(["export", "other", "--to", "csv", "--course", str(few.folder)]) == 1
    assert "does not know 'other'" in capsys.readouterr().err
