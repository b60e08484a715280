"""One class, graded once, and a few of it by themselves, for the tests of the grader."""

import http.server
import os
import tempfile
import threading

import pytest
from submissions.corpus import SAMPLES
from submissions.course_folder import CourseFolder
from submissions.student_folder import NAME

from grader.grade import grade

SECRET = "canary-secret-of-the-course"
# Most files need no more than these: where files run side by side, only one of them (the corpus)
# grades the whole class.
FEW = [
    sample
    for sample in SAMPLES
    if sample.name in ("right", "untouched", "truncated", "half")
    or (sample.demo and sample.name.startswith(("right", "half", "sum", "trunc")))
]


class Listener(http.server.BaseHTTPRequestHandler):
    heard: list[str] = []

    def handle_one_request(self):
        self.heard.append("a connection")
        self.close_connection = True


@pytest.fixture(scope="session")
def listener():
    """A server on this machine that notes every connection."""
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Listener) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


@pytest.fixture(scope="session")
def course_folder(tmp_path_factory, listener, sandbox):
    """The whole class, with everything graded; its `rows` are those of the table."""
    course_folder = CourseFolder(tmp_path_factory.mktemp("course_folder"), listener.server_port)
    course_folder.release()
    course_folder.hand_in(SAMPLES)
    course_folder.hand_in_under_bad_names()
    with pytest.MonkeyPatch.context() as patch, tempfile.TemporaryDirectory() as boxes:
        patch.setenv("COURSE_SECRET", SECRET)
        # The boxes of this class are looked for afterwards, and others may grade on this machine.
        patch.setattr(tempfile, "tempdir", boxes)
        rows = grade(course_folder.course, NAME, jobs=2)
        course_folder.left = os.listdir(boxes)
        course_folder.boxes = boxes
    course_folder.rows = {row["student"]: row for row in rows}
    return course_folder


@pytest.fixture(scope="session")
def few(tmp_path_factory, sandbox):
    """A few of the class in a course of their own, graded as the whole class is."""
    few = CourseFolder(tmp_path_factory.mktemp("few"))
    few.release()
    few.hand_in(FEW)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("COURSE_SECRET", SECRET)
        grade(few.course, NAME, jobs=2)
    return few
