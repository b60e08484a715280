"""The button "autograde" of the formgrader, in a real Jupyter server with our configuration."""

import json
import os
import subprocess
import sys
import time
import urllib.error
import urllib.request

import pytest
from submissions.corpus import SAMPLES
from submissions.course_folder import CourseFolder
from submissions.student_folder import ESSAY, NAME, POINTS, TOTAL

from grader.course import ROOT

pytestmark = pytest.mark.usefixtures("sandbox")
# nbgrader_config.py as a course elsewhere would use it.
SETTINGS = """
c = get_config()
load_subconfig("{root}/nbgrader_config.py")
c.CourseDirectory.root = "{folder}"
"""


@pytest.fixture
def server(tmp_path):
    course_folder = CourseFolder(tmp_path)
    course_folder.release()
    course_folder.hand_in([s for s in SAMPLES if s.name in ("right", "half")])
    (tmp_path / "nbgrader_config.py").write_text(SETTINGS.format(root=ROOT, folder=tmp_path))
    command = [
        *(sys.executable, "-m", "jupyter", "server", "--allow-root", "--no-browser", "--port=0"),
        *("--ServerApp.token=test", "--ServerApp.disable_check_xsrf=True"),
        "--ServerApp.jpserver_extensions={'nbgrader.server_extensions.formgrader': True}",
    ]
    kinds = ("CONFIG", "RUNTIME", "DATA")
    private = {f"JUPYTER_{kind}_DIR": str(tmp_path / kind) for kind in kinds}
    with open(tmp_path / "server.log", "w") as log:
        run = subprocess.Popen(
            command, cwd=tmp_path, env=os.environ | private, stdout=log, stderr=log
        )
    yield course_folder, address(tmp_path / "RUNTIME")
    run.terminate()
    run.wait(timeout=30)


def address(folder):
    """Where the server says that it listens, once it does."""
    end = time.monotonic() + 90
    while time.monotonic() < end:
        for path in folder.glob("jpserver-*.json"):
            url = json.loads(path.read_text())["url"]
            try:
                urllib.request.urlopen(url + "api", timeout=5)
                return url
            except urllib.error.URLError:
                pass
        time.sleep(0.3)
    raise TimeoutError("the Jupyter server did not start")


def ask(url, path, method="GET"):
    request = urllib.request.Request(url + f"formgrader/api/{path}", method=method)
    request.add_header("Authorization", "token test")
    with urllib.request.urlopen(request, timeout=120) as answer:
        return json.load(answer)


def test_the_button_grades_in_the_sandbox(server):
    course_folder, url = server
    for student in ("right", "half"):
        assert ask(url, f"submission/{NAME}/{student}/autograde", "POST")["success"]
    shown = ask(url, f"submission/{NAME}/right")
    assert (shown["code_score"], shown["max_score"]) == (TOTAL, TOTAL + 6)
    assert shown["needs_manual_grade"] and shown["autograded"]
    scores = course_folder.scores("half")
    assert scores.pop(ESSAY) is None
    assert scores == POINTS | {"mse-values": 0}
