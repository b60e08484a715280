"""Archives as learning platforms hand them out, and archives that mean harm."""

import os
import shutil
import stat
import zipfile
from pathlib import Path

import pytest
from submissions.course_folder import CourseFolder
from submissions.student_folder import NAME

from grader import archives as module
from grader.__main__ import main
from grader.collect import collect
from grader.errors import CourseError

NEW, OLD = (2026, 11, 20, 10, 0, 0), (2026, 11, 10, 10, 0, 0)


@pytest.fixture(scope="module")
def released(tmp_path_factory):
    course_folder = CourseFolder(tmp_path_factory.mktemp("collect"))
    course_folder.release()
    return course_folder.folder


@pytest.fixture
def course_folder(released, tmp_path):
    shutil.copytree(released, tmp_path / "course")
    return CourseFolder(tmp_path / "course")


def archive(path, *files):
    """A zip of (name, content, time) or of ready entries with their content."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as zipped:
        for name, content, *when in files:
            entry = name
            if not isinstance(name, zipfile.ZipInfo):
                entry = zipfile.ZipInfo(name, *(when or [NEW]))
            zipped.writestr(entry, content, zipfile.ZIP_DEFLATED)
    return path


def run(course_folder, source, do=True, take="newest", layout=""):
    course_folder.course.coursedir.config.Attempts.take = take
    return collect(course_folder.course, NAME, Path(source), layout=layout, do=do)


def handed_in(course_folder):
    return {
        path.parent.parent.name: path.read_text()
        for path in sorted((course_folder.folder / "submitted").glob(f"*/{NAME}/{NAME}.ipynb"))
    }


def enrol(course_folder, *people):
    with course_folder.commands.open_gradebook() as book:
        for student, first, last, number in people:
            book.update_or_create_student(
                student, first_name=first, last_name=last, lms_user_id=number
            )


def test_canvas(course_folder, tmp_path):
    source = archive(
        tmp_path / "submissions.zip",
        # The times are those of the download: the number of the file tells which is newer.
        ("doejane_12345_678901_mini.ipynb", "first", NEW),
        ("doejane_12345_678955_mini-1.ipynb", "second", OLD),
        ("oneiljosé_LATE_777_678902_my work_final.ipynb", "late"),
        ("doejane_99999_678903_mini.ipynb", "another of that name"),
        ("doejane_99999_678903_data.csv", "no notebook"),
        ("van_dijkann_31_678904_1_2_mini.ipynb", "with underscores"),
        ("LATE_anon_aB3dE_678905_mini.ipynb", "anonymous"),
    )
    plan = run(course_folder, source)
    assert plan.layout == "canvas" and not plan.problems
    assert handed_in(course_folder) == {
        "doejane_12345": "second",
        "doejane_99999": "another of that name",
        "oneiljose_777": "late",
        "van_dijkann_31": "with underscores",
        "anon_aB3dE": "anonymous",
    }
    # Nobody is late because the archive was downloaded after the deadline.
    assert not list(course_folder.folder.glob("submitted/*/*/timestamp.txt"))
    # The export finds them by that number again.
    with course_folder.commands.open_gradebook() as book:
        assert book.find_student("oneiljose_777").lms_user_id == "777"


def test_canvas_with_a_list_of_the_class(course_folder, tmp_path, capsys):
    enrol(course_folder, ("jd", "Jane", "Doe", "12345"), ("jo", "José", "O'Neil", ""))
    source = archive(
        tmp_path / "submissions.zip",
        ("doejane_12345_1_mini.ipynb", "jane"),
        ("oneiljose_777_2_mini.ipynb", "josé"),
        ("strangera_555_3_mini.ipynb", "nobody"),
    )
    plan = run(course_folder, source)
    assert handed_in(course_folder) == {"jd": "jane", "jo": "josé"}
    assert len(plan.problems) == 1 and "'strangera' is not in the gradebook" in plan.problems[0]
    assert "not placed: strangera_555_3_mini.ipynb" in capsys.readouterr().out


def test_late_in_canvas(course_folder, tmp_path, capsys):
    """Canvas says who is late, not by how much; a time that was entered by hand stays."""
    with course_folder.commands.open_gradebook() as book:
        book.update_or_create_assignment(NAME, duedate="2026-11-13 00:00:00")
    source = archive(
        tmp_path / "s.zip",
        ("doejane_1_2_mini.ipynb", "in time"),
        ("doejane_LATE_1_3_mini.ipynb", "late"),
    )
    run(course_folder, source, take="deadline")
    assert handed_in(course_folder) == {"doejane_1": "in time"}
    assert "canvas does not tell when something was handed in" in capsys.readouterr().out
    stamp = course_folder.folder / "submitted" / "doejane_1" / NAME / "timestamp.txt"
    stamp.write_text("2026-11-12 23:00:00 UTC\n")
    run(course_folder, source, take="deadline")
    assert stamp.exists()
    run(course_folder, source, take="newest")
    assert handed_in(course_folder) == {"doejane_1": "late"} and not stamp.exists()
    assert "late, says the platform" in capsys.readouterr().out


@pytest.mark.parametrize("ending", ["file_/", "file/", "file_", "file/week 2/", "file/a_1_2_"])
def test_moodle(course_folder, tmp_path, ending):
    source = archive(
        tmp_path / "CS1-Assignment 2-4711.zip",
        (f"Jane Doe_101_assignsubmission_{ending}02 (1).ipynb", "jane"),
        (f"José María ONeil_102_assignsubmission_{ending}mini.ipynb", "josé"),
        (f"李 雷_103_assignsubmission_{ending}mini.ipynb", "李"),
        (f"Max Li_104_assignsubmission_{ending}mini.ipynb", "one Max"),
        (f"Max Li_105_assignsubmission_{ending}mini.ipynb", "the other Max"),
        (f"Team A_12_assignsubmission_{ending}mini.ipynb", "a group"),
        (f"Default group_assignsubmission_{ending}mini.ipynb", "in no group"),
        ("Jane Doe_101_assignsubmission_onlinetext_/onlinetext.html", "<p>"),
    )
    plan = run(course_folder, source)
    assert plan.layout == "moodle"
    assert not list(course_folder.folder.glob("submitted/*/*/timestamp.txt"))
    assert handed_in(course_folder) == {
        "jane-doe": "jane",
        "jose-maria-oneil": "josé",
        "max-li_104": "one Max",
        "max-li_105": "the other Max",
        "team-a": "a group",
        "default-group": "in no group",
    }
    assert len(plan.problems) == 1 and "makes no student id" in plan.problems[0]


def test_two_of_one_name_are_not_guessed(course_folder, tmp_path):
    enrol(
        course_folder, ("ml1", "Max", "Li", ""), ("ml2", "Max", "Li", ""), ("lei", "雷", "李", "")
    )
    source = archive(
        tmp_path / "m.zip", ("Max Li_104_assignsubmission_file_/mini.ipynb", "one Max")
    )
    plan = run(course_folder, source)
    assert "may be any of ml1, ml2" in plan.problems[0]
    assert handed_in(course_folder) == {}


def test_blackboard(course_folder, tmp_path):
    name = "Assignment%202_{}_attempt_{}_{}"
    source = archive(
        tmp_path / "gradebook_CS1_2.zip",
        (name.format("jdoe", "2026-11-10-09-00-00", "mini.ipynb"), "early"),
        (name.format("jdoe", "2026-11-20-23-30-00", "mini.ipynb"), "newest"),
        ("Assignment%202_jdoe_attempt_2026-11-20-23-30-00.txt", "Name: Jane Doe"),
        (name.format("o'neil", "2026-11-11-00-00-00", "work.ipynb"), "no id"),
        (name.format("li_wei", "2026-11-11-00-00-00", "mini.ipynb"), "an underscore"),
        (name.format("wei", "2026-11-11-00-00-00", "mini.ipynb"), "another"),
        ("Assignment%202_wei_attempt_2026-11-11-00-00-00.txt", "Name: Mei Wei (wei)"),
        (
            "Assignment%202_li_wei_attempt_2026-11-11-00-00-00.txt",
            "Name: Li (Max) Wei (li_wei)\nAssignment: Assignment 2\n"
            "Date Submitted: Wednesday, November 11, 2026 12:00:00 AM UTC\nCurrent Grade: (none)\n",
        ),
    )
    plan = run(course_folder, source)
    assert plan.layout == "blackboard" and not plan.problems
    assert handed_in(course_folder) == {
        "jdoe": "newest",
        "oneil": "no id",
        "li_wei": "an underscore",
        "wei": "another",
    }
    stamp = course_folder.folder / "submitted" / "jdoe" / NAME / "timestamp.txt"
    assert stamp.read_text() == "2026-11-20 23:30:00 UTC\n"


@pytest.mark.parametrize(
    ("slug", "users"),
    [
        ("losses-mini", ("ada-l", "ada-b")),
        ("losses-mini", ("ada-l",)),
        # Without the name of the assignment, only what all share is known.
        ("renamed", ("ada-l", "bob")),
    ],
)
def test_github_classroom(course_folder, tmp_path, slug, users):
    folder = tmp_path / f"{slug}-submissions"
    for user in users:
        place = folder / f"losses-mini-{user}"
        (place / ".git").mkdir(parents=True)
        (place / ".git" / "x.ipynb").write_text("of git")
        (place / ".ipynb_checkpoints").mkdir()
        (place / ".ipynb_checkpoints" / "mini-checkpoint.ipynb").write_text("old")
        (place / "mini.ipynb").write_text(user)
    plan = run(course_folder, folder)
    assert plan.layout == "github"
    assert handed_in(course_folder) == {user: user for user in users}
    # The times of the files are those of the cloning.
    assert not list(course_folder.folder.glob("submitted/*/*/timestamp.txt"))


def test_folders_with_a_common_beginning_are_not_taken_for_clones(course_folder, tmp_path):
    for name in ("student-01", "student-02"):
        (tmp_path / "all" / name).mkdir(parents=True)
        (tmp_path / "all" / name / "mini.ipynb").write_text(name)
    plan = run(course_folder, tmp_path / "all")
    assert plan.layout == "folders"
    assert handed_in(course_folder) == {name: name for name in ("student-01", "student-02")}


def test_folders_and_archives_of_students(course_folder, tmp_path):
    inner = archive(tmp_path / "inner.zip", ("work/mini.ipynb", "packed"))
    source = archive(
        tmp_path / "all.zip",
        ("everything/ada/mini.ipynb", "ada"),
        ("everything/bob/my work.zip", inner.read_bytes()),
        ("__MACOSX/everything/ada/._mini.ipynb", "of macOS"),
    )
    plan = run(course_folder, source)
    assert plan.layout == "folders"
    assert handed_in(course_folder) == {"ada": "ada", "bob": "packed"}


def test_nothing_is_written_before_it_is_asked_for(course_folder, tmp_path, capsys):
    source = archive(tmp_path / "s.zip", ("doejane_1_2_mini.ipynb", "x"))
    before = sorted(course_folder.folder.rglob("*"))
    assert main(["collect", NAME, str(source), "--course", str(course_folder.folder)]) == 0
    out = capsys.readouterr().out
    assert "doejane_1 " in out and "the same with --do does it" in out
    assert "of several attempts the newest is taken (c.Attempts.take" in out
    assert sorted(course_folder.folder.rglob("*")) == before
    arguments = ["collect", NAME, str(source), "--do", "--course", str(course_folder.folder)]
    assert main(arguments) == 0
    assert handed_in(course_folder) == {"doejane_1": "x"}


def test_every_attempt_is_kept_also_what_was_there(course_folder, tmp_path):
    there = course_folder.folder / "submitted" / "jdoe" / NAME
    there.mkdir(parents=True)
    (there / f"{NAME}.ipynb").write_text("was there")
    name = "A_jdoe_attempt_{}_mini.ipynb"
    source = archive(
        tmp_path / "g.zip",
        (name.format("2026-11-10-09-00-00"), "early"),
        (name.format("2026-11-12-09-00-00"), "late"),
    )
    for _ in range(2):
        run(course_folder, source)
    kept = sorted((course_folder.folder / "collected" / NAME / "jdoe").iterdir())
    assert {path.read_text() for path in kept} == {"was there", "early", "late"}
    assert len(kept) <= 4 and kept[0].name.startswith("2026-11-10_090000_")


def test_the_last_before_the_deadline(course_folder, tmp_path, capsys):
    name = "A_jdoe_attempt_{}_mini.ipynb"
    source = archive(
        tmp_path / "g.zip",
        (name.format("2026-11-10-09-00-00"), "early"),
        (name.format("2026-11-12-09-00-00"), "in time"),
        (name.format("2026-11-20-09-00-00"), "too late"),
        ("A_bob_attempt_2026-11-21-09-00-00_mini.ipynb", "late, and all there is"),
    )
    with pytest.raises(CourseError, match="has no deadline"):
        run(course_folder, source, take="deadline")
    with course_folder.commands.open_gradebook() as book:
        most = book.update_or_create_assignment(NAME, duedate="2026-11-13 00:00:00").max_score
    course_folder.course.coursedir.config.LatePolicy.percent_per_day = 10
    run(course_folder, source, take="deadline")
    assert handed_in(course_folder) == {"jdoe": "in time", "bob": "late, and all there is"}
    assert f"late by 8.4 days, which costs {0.9 * most:g} points" in capsys.readouterr().out
    run(course_folder, source)
    assert handed_in(course_folder)["jdoe"] == "too late"


def link(name):
    entry = zipfile.ZipInfo(name, NEW)
    entry.external_attr = (stat.S_IFLNK | 0o777) << 16
    return entry


def test_an_archive_that_means_harm_writes_nothing_elsewhere(course_folder, tmp_path):
    inner = archive(tmp_path / "i.zip", ("deeper.zip", b"PK"), ("../../evil.ipynb", "inner"))
    outside = sorted(path for path in tmp_path.rglob("*") if "course" not in path.parts)
    source = archive(
        tmp_path / "course" / "s.zip",
        ("../../../evil_1_2_mini.ipynb", "up"),
        ("/etc/evil_1_2_mini.ipynb", "absolute"),
        ("C:\\evil_1_2_mini.ipynb", "a drive"),
        ("..\\..\\evil_1_2_mini.ipynb", "up, in Windows"),
        ("good_1_2_mini.ipynb", "good"),
        ("fine_2_2_mini.ipynb", "fine"),
        ("nice_6_2_mini.ipynb", "nice"),
        ("neat_7_2_mini.ipynb", "neat"),
        ("okay_8_2_mini.ipynb", "okay"),
        ("cool_9_2_mini.ipynb", "cool"),
        (link("link_3_4_mini.ipynb"), "/etc/passwd"),
        ("nest_5_6_inner.zip", inner.read_bytes()),
    )
    plan = run(course_folder, source)
    found = handed_in(course_folder)
    assert found.pop("nest_5") == "inner"
    assert set(found.values()) == {"good", "fine", "nice", "neat", "okay", "cool"}
    assert any("it is a link" in one for one in plan.problems)
    assert any("archive in an archive in an archive" in one for one in plan.problems)
    after = sorted(path for path in tmp_path.rglob("*") if "course" not in path.parts)
    assert after == outside and not os.path.lexists("/etc/evil_1_2_mini.ipynb")


def test_bombs_are_stopped(course_folder, tmp_path, monkeypatch):
    monkeypatch.setattr(module, "LARGEST", 2**20)
    inner = archive(tmp_path / "i.zip", ("mini.ipynb", bytes(2**22)))
    source = archive(
        tmp_path / "s.zip",
        ("bomb_1_2_mini.ipynb", bytes(2**22)),
        ("nest_3_4_mini.zip", inner.read_bytes()),
        ("good_5_6_mini.ipynb", "good"),
    )
    plan = run(course_folder, source)
    assert handed_in(course_folder) == {"good_5": "good"}
    assert sum("larger than 1 MB" in one for one in plan.problems) == 2
    monkeypatch.setattr(module, "MOST_FILES", 2)
    with pytest.raises(CourseError, match="holds 3 files, more than 2"):
        run(course_folder, source)


def test_all_together_may_not_be_too_large(course_folder, tmp_path, monkeypatch):
    monkeypatch.setattr(module, "MOST_BYTES", 1000)
    files = [(f"user{c}_{c}_2_mini.ipynb", bytes(400)) for c in range(5)]
    plan = run(course_folder, archive(tmp_path / "s.zip", *files))
    assert len(plan.students) == 2 and "too large" in plan.problems[0]


def test_an_entry_that_is_broken_costs_only_itself(course_folder, tmp_path):
    source = archive(
        tmp_path / "s.zip", ("good_5_6_mini.ipynb", "good"), ("bad_1_2_mini.ipynb", "x" * 500)
    )
    data = bytearray(source.read_bytes())
    at = data.index(b"bad_1_2_mini.ipynb") + len(b"bad_1_2_mini.ipynb")
    data[at : at + 4] = b"\xff\xff\xff\xff"
    source.write_bytes(data)
    plan = run(course_folder, source)
    assert handed_in(course_folder) == {"good_5": "good"}
    assert "cannot be unpacked" in plan.problems[0]


def test_links_in_a_folder_are_not_followed(course_folder, tmp_path):
    folder = tmp_path / "in"
    for name in ("ada", "eve"):
        (folder / name).mkdir(parents=True)
    (folder / "ada" / "mini.ipynb").write_text("ada")
    (tmp_path / "secret.ipynb").write_text("secret")
    (folder / "eve" / "mini.ipynb").symlink_to(tmp_path / "secret.ipynb")
    (folder / "mal").symlink_to(tmp_path)
    plan = run(course_folder, folder)
    assert handed_in(course_folder) == {"ada": "ada"}
    assert len(plan.problems) == 1 and "link" in plan.problems[0]


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda path: path.write_text("no archive"), "neither a folder nor a zip"),
        (lambda path: None, "cannot be read: No such file"),
        (lambda path: archive(path), "holds no notebook"),
        (lambda path: archive(path, ("mini.ipynb", "x")), "like those of no known platform"),
    ],
)
def test_what_is_no_archive_is_said_to_be_none(course_folder, tmp_path, make, says):
    make(tmp_path / "s.zip")
    with pytest.raises(CourseError, match=says):
        run(course_folder, tmp_path / "s.zip")


def test_an_archive_without_an_end(course_folder, tmp_path):
    source = archive(tmp_path / "s.zip", ("good_5_6_mini.ipynb", "good"))
    source.write_bytes(source.read_bytes()[:-10])
    with pytest.raises(CourseError, match="neither a folder nor a zip"):
        run(course_folder, source)
