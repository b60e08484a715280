"""Points: after each check of an assignment, added up at the end, and for a notebook in a file."""

import base64
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

import lossfns.numpy as ln
from lossfns.check import CheckFailed, check, hand_in, total_points

RIGHT = "def mae(pred, target):\n    return abs(pred - target).mean()"
WRONG = "def rmse(pred, target):\n    return ((pred - target) ** 2).mean()"
STUB = "def mse(pred, target):\n    raise NotImplementedError()"
IMPORT = "from lossfns.check import check, hand_in, total_points"


def notebook(*sources):
    cells = [new_code_cell(source, id=f"cell-{i}") for i, source in enumerate(sources)]
    return new_notebook(cells=cells)


def run(made, **variables):
    """Run all cells in a kernel as Colab does: until it says that one failed, whatever its tags."""
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        NotebookClient(made, kernel_name="python3", timeout=60).execute()
    finally:
        for name, value in before.items():
            os.environ.pop(name) if value is None else os.environ.update({name: value})
    return made.cells


def text(cell, stream="stdout"):
    return "".join(o.text for o in cell.outputs if o.get("name") == stream)


@pytest.fixture(scope="module")
def cells():
    return run(
        notebook(
            f"{IMPORT}\n{RIGHT}\n{WRONG}\n{STUB}",
            'check("mse", mse, points=6)',
            'check("rmse", rmse, points=3)',
            'check("mae", mae, points=2)',
            "mse(1, 2)",
            "total_points(of=20)",
        )
    )


def test_run_all_goes_on_after_checks_that_fail(cells):
    assert "mse: not written yet" in text(cells[1], "stderr")
    assert "This looks like: the root forgotten" in text(cells[2], "stderr")
    assert text(cells[2], "stderr").endswith("\n\n0 of 3 points\n")
    assert not text(cells[1]) and not text(cells[2])
    assert re.fullmatch(r"mae: right on all .*\.\n2 of 2 points\n", text(cells[3]))
    assert not text(cells[3], "stderr")


def test_run_all_goes_on_after_a_call_of_a_function_that_is_not_written(cells):
    """The cell shows its error; that the others ran is what the fixture tells."""
    assert [output.ename for output in cells[4].outputs] == ["NotImplementedError"]


def test_another_error_still_stops_a_run():
    with pytest.raises(Exception, match="ZeroDivisionError"):
        run(notebook(f'{IMPORT}\n{RIGHT}\ncheck("mae", mae, points=2)', "1 / 0"))


def test_the_points_are_added_up(cells):
    assert text(cells[5]) == (
        " points  check\n"
        "  0 / 6  mse: not written yet\n"
        "  0 / 3  rmse: the root forgotten\n"
        "  2 / 2  mae: right\n"
        "\n"
        "2 of 20 points by the checks that you see. 9 are in cells that have not been run.\n"
    )


def test_outside_a_notebook_a_failed_check_raises():
    with pytest.raises(CheckFailed, match="\n\n0 of 2 points$"):
        check("mae", lambda pred, target: 0.0, points=2)


def test_in_a_notebook_a_check_without_points_raises():
    source = f'{IMPORT}\ntry:\n    check("mae", lambda pred, target: 0.0)\nexcept AssertionError:'
    (cell,) = run(notebook(f'{source}\n    print("raised")'))
    assert text(cell) == "raised\n"


def test_a_check_that_is_run_again_counts_once(capsys):
    for _ in range(2):
        check("mae", ln.mae, points=2)
    capsys.readouterr()
    total_points(of=2)
    assert capsys.readouterr().out.count(": right") == 1


@pytest.mark.parametrize("points", [0, -1, "4", [4]])
def test_points_are_a_number_above_0(points):
    with pytest.raises(ValueError, match="points must be a number above 0"):
        check("mae", lambda pred, target: 0.0, points=points)


def command(*arguments):
    done = subprocess.run(
        [sys.executable, "-m", "lossfns.check", *map(str, arguments)],
        capture_output=True,
        text=True,
    )
    return done.returncode, done.stdout, done.stderr


def test_a_notebook_in_a_file_is_checked_as_a_whole(tmp_path):
    made = notebook(
        "import os\nimport not_installed_here",
        "import numpy as np\nfrom lossfns.check import check",
        f"%matplotlib inline\n{RIGHT}",
        '# 2 points\ncheck("mae", mae, points=2)',
        WRONG,
        'check("rmse", rmse, points=3)',
        'check("huber", huber, aspects=["values"], points=5)',
        "raise SystemError('an experiment')",
        "def mse(pred",
        'check("mse", mse, points=4)',
    )
    made.cells[7].metadata["tags"] = ["ungraded"]
    made.cells.append(new_markdown_cell("in words", metadata={"nbgrader": {"points": 6}}))
    path = tmp_path / "a notebook.ipynb"
    nbformat.write(made, path)
    code, out, err = command(path)
    assert (code, err) == (1, "")
    assert "This looks like: the root forgotten." in out
    assert "stopped: cell cell-0: ModuleNotFoundError: No module named 'not_installed_here'" in out
    assert "stopped: cell cell-8: SyntaxError" in out and "experiment" not in out
    assert out.endswith(
        " points  check\n"
        "  2 / 2  mae: right\n"
        "  0 / 3  rmse: the root forgotten\n"
        "  0 / 5  huber: not defined: no cell defines it, or the definition failed\n"
        "  0 / 4  mse: not defined: no cell defines it, or the definition failed\n"
        "\n"
        "2 of 14 points by the checks that you see.\n"
        "6 more are for answers in words, which a person marks.\n"
    )
    assert "looks like" not in command(path, "--brief")[1]


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (None, "cannot be read: No such file"),
        ("{", "is no notebook, or is not saved completely"),
        ("[]", "is no notebook, or is not saved completely"),
        ('{"cells": []}', "holds no check with points"),
    ],
)
def test_a_file_without_checks_is_refused(tmp_path, content, says):
    path = tmp_path / "a.ipynb"
    if content is not None:
        path.write_text(content)
    code, out, err = command(path)
    assert (code, out) == (2, "") and says in err


def test_all_points_are_told_by_the_exit_status(tmp_path):
    path = tmp_path / "a.ipynb"
    nbformat.write(notebook(IMPORT, RIGHT, 'check("mae", mae, points=2)'), path)
    assert command(path)[0] == 0


def download(cell):
    (html,) = (o.data["text/html"] for o in cell.outputs if "text/html" in o.get("data", {}))
    name, data = re.fullmatch(
        r'<a download="(.+?)" href="data:.+?;base64,(.+?)">.+</a>', html
    ).groups()
    return name, json.loads(base64.b64decode(data))


def test_the_notebook_is_offered_under_the_right_name(tmp_path):
    made = notebook(IMPORT, 'hand_in("02_regression")')
    made.cells[0].outputs = [nbformat.v4.new_output("stream", text="long")]
    path = tmp_path / "02_regression (1).ipynb"
    nbformat.write(made, path)
    cells = run(notebook(IMPORT, 'hand_in("02_regression")'), JPY_SESSION_NAME=str(path))
    name, content = download(cells[1])
    assert name == "02_regression.ipynb"
    assert "".join(content["cells"][0]["source"]) == IMPORT
    assert content["cells"][0]["outputs"] == []
    assert "02_regression (1).ipynb, as it was saved at " in text(cells[1])


def test_vs_code_tells_the_file_by_a_name(tmp_path):
    path = tmp_path / "other.ipynb"
    nbformat.write(notebook("1"), path)
    told = f"{IMPORT}\n__vsc_ipynb_file__ = {str(path)!r}"
    cells = run(notebook(told, 'hand_in("02_regression")'))
    assert download(cells[1])[1]["cells"][0]["source"] in ("1", ["1"])


# What Colab has, as far as it is asked for; it exists nowhere else.
COLAB = """
import sys, types
notebook = {"cells": [{"cell_type": "code", "source": "mine", "outputs": [1], "metadata": {}}]}
class message:
    blocking_request = staticmethod(lambda what, timeout_sec: {"ipynb": notebook})
class files:
    download = staticmethod(lambda name: print(name, open(name).read()))
colab = types.ModuleType("google.colab")
colab._message, colab.files = message, files
sys.modules["google"], sys.modules["google.colab"] = types.ModuleType("google"), colab
"""


def test_colab_hands_over_what_it_shows(tmp_path):
    told = f"import os\nos.chdir({str(tmp_path)!r})\n{COLAB}{IMPORT}"
    cells = run(notebook(told, 'hand_in("02_regression")'))
    name, content = text(cells[1]).split(" ", 1)
    assert name == "02_regression.ipynb"
    assert json.loads(content)["cells"][0]["source"] == "mine"
    assert json.loads(content)["cells"][0]["outputs"] == []


def test_without_a_notebook_there_is_nothing_to_offer():
    with pytest.raises(RuntimeError, match="in a notebook only"):
        hand_in("02_regression")


def test_a_file_that_is_not_found_is_said_to_be(tmp_path):
    told = f"import os\nos.chdir({str(tmp_path)!r})\n{IMPORT}"
    cells = run(notebook(told, 'hand_in("02_regression")'))
    assert "hand it in under the name 02_regression.ipynb" in text(cells[1])
    assert not list(Path(tmp_path).iterdir())
