"""Many submissions: killed at random moments, on a cluster, with PostgreSQL."""

import contextlib
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
from submissions.corpus import SAMPLES
from submissions.course_folder import LIMITS, CourseFolder
from submissions.student_folder import ESSAY, NAME, POINTS, TOTAL

from grader.course import Course
from grader.grade import grade
from grader.results import latest

ROOT = Path(__file__).resolve().parents[2]
CLASS = 120


def hand_in_copies(course_folder, count):
    """The same right notebook from so many students."""
    (right,) = (sample for sample in SAMPLES if sample.name == "right")
    course_folder.hand_in([right])
    original = course_folder.folder / "submitted" / "right"
    for number in range(count):
        target = course_folder.folder / "submitted" / f"s{number:05}" / NAME
        target.mkdir(parents=True)
        os.link(original / NAME / f"{NAME}.ipynb", target / f"{NAME}.ipynb")
    shutil.rmtree(original)


def all_scores(course):
    from nbgrader.api import Gradebook

    with Gradebook(course.db_url, course.coursedir.course_id) as gradebook:
        return {
            submission.student_id: sorted(
                grade.auto_score
                for notebook in submission.notebooks
                for grade in notebook.grades
                if grade.auto_score
            )
            for submission in gradebook.assignment_submissions(NAME)
        }


def test_a_master_killed_at_random_moments_loses_and_repeats_nothing(few, tmp_path):
    many = CourseFolder(tmp_path)
    many.release()
    hand_in_copies(many, CLASS)
    recorded = latest(few.course.results(NAME), "right").to_json()
    (tmp_path / "recorded.json").write_text(recorded)
    command = [sys.executable, str(ROOT / "tests/grader/replay.py"), str(tmp_path), "0.05"]
    chance = random.Random(7)
    kills, done = 0, 0
    for _ in range(40):
        # Each try may take longer than the one before: a busy machine comes to an end too, and the
        # fastest is killed at least once.
        patience = 1.2**kills * (2 + 2 * chance.random())
        log = open(tmp_path / "replay.log", "w")
        run = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT)
        try:
            run.wait(timeout=patience)
            assert run.returncode == 0, (tmp_path / "replay.log").read_text()
            break
        except subprocess.TimeoutExpired:
            run.send_signal(signal.SIGKILL)
            run.wait()
            kills += 1
            before, done = done, len(list(many.course.results(NAME).glob("s*.json")))
            assert done >= before
    else:
        pytest.fail("it never came to an end")
    assert kills >= 1
    expected = sorted(float(points) for points in POINTS.values())
    assert all_scores(many.course) == {f"s{i:05}": expected for i in range(CLASS)}


def test_a_killed_child_is_replaced(sandbox, tmp_path, monkeypatch):
    """The process that grades is killed once: it is started again, and the mark is there."""
    one = CourseFolder(tmp_path)
    one.release()
    one.hand_in([s for s in SAMPLES if s.name == "right"])
    from grader import schedule

    marker = tmp_path / "killed"
    real = schedule.do

    def killed_once(job):
        if not marker.exists():
            marker.touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return real(job)

    monkeypatch.setattr(schedule, "do", killed_once)
    (row,) = grade(one.course, NAME, jobs=1)
    assert marker.exists()
    assert (row["status"], row["marks"]) == ("graded", str(TOTAL))


def test_a_child_that_always_dies_is_our_fault_and_stops_nobody(sandbox, tmp_path, monkeypatch):
    two = CourseFolder(tmp_path)
    two.release()
    two.hand_in([s for s in SAMPLES if s.name in ("right", "truncated")])
    from grader import schedule

    real = schedule.do

    def killed(job):
        if job.student == "right":
            os._exit(9)
        return real(job)

    monkeypatch.setattr(schedule, "do", killed)
    rows = {row["student"]: row for row in grade(two.course, NAME, jobs=2)}
    assert rows["right"]["status"] == "not graded"
    assert "ended with 9" in rows["right"]["message"]
    assert rows["truncated"]["status"] == "unreadable"
    assert set(two.scores("right").values()) == {None}


# --- a cluster ----------------------------------------------------------------------------------


@pytest.fixture
def cluster(tmp_path):
    """A Dask scheduler with two workers, each a process of its own."""
    port = free_port()
    address = f"tcp://127.0.0.1:{port}"
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    start = lambda *words: subprocess.Popen(  # noqa: E731
        [sys.executable, "-m", "dask", *words], cwd=ROOT, env=environment,
        stdout=subprocess.DEVNULL, stderr=open(tmp_path / "dask.log", "a"),
    )  # fmt: skip
    scheduler = start("scheduler", "--host", "127.0.0.1", "--port", str(port), "--no-dashboard")
    worker = ("--nthreads", "1", "--no-dashboard", "--no-nanny", "--local-directory")
    workers = [start("worker", address, *worker, str(tmp_path / f"w{i}")) for i in range(2)]
    yield address, workers
    for process in (*workers, scheduler):
        process.kill()
        process.wait()


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


def test_a_cluster_gives_the_same_marks_though_a_worker_is_killed(few, cluster, tmp_path):
    address, workers = cluster
    other = CourseFolder(tmp_path / "course")
    other.release()
    chosen = [s for s in SAMPLES if s.demo and s.name.startswith(("right", "half", "sum", "trunc"))]
    other.hand_in(chosen)
    killer = subprocess.Popen(
        [sys.executable, "-c", f"import os, time; time.sleep(8); os.kill({workers[0].pid}, 9)"]
    )
    rows = grade(other.course, NAME, jobs=1, scheduler=address)
    killer.wait()
    assert {row["student"]: row["status"] for row in rows} == {s.name: s.status for s in chosen}
    for sample in chosen:
        assert other.scores(sample.name) == few.scores(sample.name), sample.name


# --- PostgreSQL ---------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def postgresql(tmp_path_factory):
    """A PostgreSQL server of our own, as the address of an empty database."""
    (programs, *_) = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    folder = Path(tmp_path_factory.mktemp("pg"))
    port = free_port()
    # PostgreSQL does not run as root; Debian's package brings its user.
    who = {"user": "postgres", "group": "postgres"} if os.geteuid() == 0 else {}
    data = Path("/tmp", f"postgresql-{port}")
    command = [programs / "initdb", "-D", data, "-U", "grader", "-A", "trust", "--no-sync"]
    subprocess.run(command, check=True, capture_output=True, cwd="/tmp", **who)
    options = ["-D", data, "-p", str(port), "-h", "127.0.0.1", "-k", "/tmp", "-F"]
    log = open(folder / "log", "w")
    server = subprocess.Popen(
        [programs / "postgres", *options], cwd="/tmp", stdout=log, stderr=log, **who
    )
    ready = [programs / "pg_isready", "-h", "127.0.0.1", "-p", str(port)]
    end = time.monotonic() + 60
    while subprocess.run(ready, capture_output=True).returncode and time.monotonic() < end:
        time.sleep(0.2)
    create = [programs / "createdb", "-h", "127.0.0.1", "-p", str(port), "-U", "grader", "course"]
    subprocess.run(create, check=True)
    yield f"postgresql://grader@127.0.0.1:{port}/course"
    server.send_signal(signal.SIGINT)
    with contextlib.suppress(subprocess.TimeoutExpired):
        server.wait(timeout=20)
    server.kill()
    shutil.rmtree(data, ignore_errors=True)


def test_a_gradebook_in_postgresql(few, postgresql, tmp_path):
    other = CourseFolder(tmp_path)
    other.commands.gradebook = postgresql
    source = f"--db={postgresql}"
    other.release(source)
    chosen = [s for s in SAMPLES if s.name in ("right", "half", "untouched", "truncated")]
    other.hand_in(chosen)
    course = Course.open(str(tmp_path), postgresql, **LIMITS)
    rows = grade(course, NAME, jobs=2)
    assert {row["student"]: row["status"] for row in rows} == {s.name: s.status for s in chosen}
    for sample in chosen:
        assert other.scores(sample.name) == few.scores(sample.name)
    # nbgrader's own commands work on it, too, and a regrade keeps what a person gave.
    with other.commands.open_gradebook() as gradebook:
        gradebook.find_grade(ESSAY, NAME, NAME, "right").manual_score = 6
        gradebook.db.commit()
    other.commands.nbgrader("autograde", NAME, "--student=right", "--force", source)
    with other.commands.open_gradebook() as gradebook:
        assert gradebook.find_submission(NAME, "right").score == TOTAL + 6
