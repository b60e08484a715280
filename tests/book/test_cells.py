"""Cells of the pages that a reader changes and runs: which ones, and what the browser does."""

import ast
import json
import re
import shutil
import subprocess
import sys

import cells
import depends
import pytest
import runtime
from built_book import CHAPTERS, ROOT
from test_pages import barriers, thin
from tiny_book import body, complete

# Which cells, and after what


def runnable(*sources):
    return cells.runnable(sources, str(ROOT))[1]


def test_what_needs_a_library_that_is_not_there_is_left_out_also_by_way_of_our_own():
    found = runnable(
        "import numpy as np, torch\nfrom lossfns.explore import lessons, table\nx = np.arange(3)",
        "print(x.sum())",
        "torch.tensor(x)",
        "len(lessons.overconfident())",
        "import lossfns.torch as lt",
        "import time",
        "from scipy.special import expit",
        "!pip list",
        "parts = lessons.overconfident()",
        "print(len(parts), x)",
        "lessons.gradient_check",
        "from lossfns.explore import mse_squares\nmse_squares()",
    )
    assert found == {1: (5, False), 10: (13, False)}


def test_what_draws_needs_matplotlib_and_a_table_does_not():
    found = runnable(
        "from lossfns.explore import calibration as draw, table",
        "table({'a': ''}, [[1]])",
        "draw.reliability({})",
    )
    assert {number: draws for number, (_, draws) in found.items()} == {0: True, 1: False, 2: True}


def test_statements_stand_as_they_were_written_and_imports_one_by_one():
    sources = [
        "import numpy as np, math\nx = [1,\n     2]",
        "@np.vectorize\ndef f(x): return x",
        "f",
    ]
    statements, found = cells.runnable(sources, str(ROOT))
    assert statements[:3] == ["import numpy as np", "import math", "x = [1,\n     2]"]
    assert statements[3].startswith("@np.vectorize\ndef f(x):") and found[2] == (4, False)


@pytest.mark.parametrize(
    ("earlier", "cell", "before"),
    [
        ("x = 1\ny = 2\nz = x", "z", ["x = 1", "z = x"]),
        ("x = 1\nx = 2", "x", ["x = 2"]),
        ("x = 1\nx += 2\nprint(x)", "x", ["x = 1", "x += 2"]),
        ("x = [1]\nx.append(2)\nx[0] = 3\nlen(x)", "x", ["x = [1]", "x.append(2)", "x[0] = 3"]),
        ("a = {}\na['k'] = 1\nb = a.get('k')", "a", ["a = {}", "a['k'] = 1", "b = a.get('k')"]),
        ("import math\nmath.f()\nprint(math.pi)", "math.e", ["import math", "math.f()"]),
        ("x = 1", "def f(x):\n    y = x\n    return [x for x in y]\nf(2)", []),
        ("x = 1", "for x in range(3):\n    print(x)", []),
        ("x = 1", "x = 2\nx + 1", []),
        ("x = 1", "g = lambda y: x + y", ["x = 1"]),
        ("x, y = 1, 2\nif y:\n    x = 3", "x", ["x, y = 1, 2", "if y:\n    x = 3"]),
        ("a = 1", "with open(a) as f:\n    f.read()", ["a = 1"]),
        ("k = 2\nd = {k: k for k in range(3)}", "d", ["d = {k: k for k in range(3)}"]),
    ],
)
def test_a_cell_runs_after_the_statements_that_it_depends_on(earlier, cell, before):
    statements = [ast.get_source_segment(earlier, one) for one in ast.parse(earlier).body]
    assert depends.before(cell, statements) == before


# What runs in the browser, here


def test_what_a_cell_prints_and_its_last_value_are_shown(run_py):
    found = run_py.cell(
        ["import numpy as np", "print(np.e)", "np.seterr()"], "print(1)\nnp.array([1.0])"
    )
    assert found == {"printed": "1\n", "shown": [{"text": "array([1.])"}]}
    assert run_py.cell([], "x = 1")["shown"] == run_py.cell([], "1;")["shown"] == []
    assert run_py.cell([], "None") == {"printed": "", "shown": []}


def test_no_run_shows_in_the_next(run_py):
    run_py.cell([], "import numpy as np\nnp.set_printoptions(precision=1)\nleft = 1")
    found = run_py.cell(["import numpy as np"], "print(np.array([0.123]))\nleft")
    assert found["printed"] == "[0.123]\n" and "NameError: name 'left'" in found["text"]


@pytest.mark.parametrize(("code", "line", "says"), [
    ("x = 1\nx +", 2, "line 2 with SyntaxError: invalid syntax\n  x +"),
    ("x = 1\n\ny = x + z", 3, "line 3 with NameError: name 'z' is not defined\n  y = x + z"),
    ("1\n1 / 0", 2, "line 2 with ZeroDivisionError: division by zero\n  1 / 0"),
    ("raise SystemExit", 1, "line 1 with SystemExit."),
])  # fmt: skip
def test_an_error_in_a_cell_shows_the_reader_s_own_line(run_py, code, line, says):
    found = run_py.cell(["a = 1", "b = 2"], code)
    assert says in found["text"] and found["line"] == line and not found["right"]


def test_an_error_above_a_cell_is_said_to_be_there(run_py):
    found = run_py.cell(["x = 1 / 0"], "x")
    assert (
        found["text"]
        == "What the cells above do for this one stopped: ZeroDivisionError: division by zero"
    )


def test_what_a_cell_shows_is_cut_at_a_length(run_py):
    found = run_py.cell([], "print('x' * 20_000)\n'y' * 20_000")
    assert len(found["printed"]) < 10_100 and "cut after 10,000" in found["printed"]
    assert len(found["shown"][0]["text"]) < 10_100 and "cut after" in found["shown"][0]["text"]


def test_figures_are_drawn_in_the_style_of_the_book_and_tables_are_tables(run_py):
    code = "fig, ax = figure(alt='A line.')\nax.plot([1, 2])\nfig"
    above = ["from lossfns.explore.style import figure", "from lossfns.explore import table"]
    (shown,) = run_py.cell(above, code)["shown"]
    assert shown["image"].startswith("data:image/svg+xml;base64,") and shown["alt"] == "A line."
    many = code.replace("[1, 2]", "__import__('numpy').random.rand(2, 9000), 'o'")
    (shown,) = run_py.cell(above, many)["shown"]
    assert shown["image"].startswith("data:image/png;base64,") and 400 < shown["width"] < 600
    (shown,) = run_py.cell(above, "table({'a': ''}, [[1]])")["shown"]
    assert shown["html"].startswith("<table")


# The book

LACKING = """
import json, sys
sys.modules |= dict.fromkeys(["torch", "sklearn", "scipy", "ipywidgets", "IPython"])
import lossfns, practice
assert lossfns.__file__.startswith(sys.argv[1]), lossfns.__file__
found = [practice.cell(above, code) for above, code in json.load(sys.stdin)]
print(json.dumps(found))
"""


def settled(text):
    """Without what rounding alone decides, which differs with the place of an array in memory."""
    return re.sub(r"\d(\.\d+)?e[-−]1\d", "tiny", text)


def test_unchanged_cells_show_what_the_page_shows(executed, tmp_path):
    """In an environment that has no more than a browser's."""
    jobs, expected = [], []
    for page in CHAPTERS:
        code = [cell for cell in executed(page) if cell.cell_type == "code"]
        statements, found = cells.runnable([cell.source for cell in code], str(ROOT))
        for number, (above, _) in found.items():
            if "remove-input" not in code[number].metadata.get("tags", []):
                jobs.append([statements[:above], code[number].source])
                expected.append((f"{page}, cell {number + 1}", code[number].outputs))
    (tmp_path / "lossfns.zip").write_bytes(runtime.library(ROOT))
    shutil.unpack_archive(tmp_path / "lossfns.zip", tmp_path)
    shutil.copy(ROOT / "book/_static/practice/run.py", tmp_path / "practice.py")
    command = [sys.executable, "-c", LACKING, str(tmp_path)]
    environment = {"PYTHONPATH": str(tmp_path), "OMP_NUM_THREADS": "1"}  # as the pages run
    done = subprocess.run(command, cwd=tmp_path, input=json.dumps(jobs), capture_output=True,
                          text=True, env=environment)  # fmt: skip
    assert done.returncode == 0, done.stderr
    for (name, outputs), found in zip(expected, json.loads(done.stdout), strict=True):
        printed = "".join(one.text for one in outputs if one.output_type == "stream")
        values = [one.data for one in outputs if one.output_type != "stream"]
        assert "text" not in found, (name, found)
        assert settled(found["printed"]) == settled(printed), name
        assert len(found["shown"]) == len(values), name
        for shown, value in zip(found["shown"], values, strict=True):
            if "html" in shown:
                assert settled(shown["html"]) == settled(value["text/html"]), name
            elif "image" in shown:
                assert "image/svg+xml" in value or "image/png" in value, name
            else:
                assert shown["text"].split() == value["text/plain"].split(), name
    assert len(jobs) >= 250


# The site


def offered(site):
    found = re.search(r'class="lossfns-cells">(.*?)</script>', body(site, "three"))
    return list(json.loads(found[1])["cells"]) if found else None


def test_a_site_with_python_says_what_its_cells_need(without, pretended, book, tmp_path_factory):
    assert offered(without) is None and "Try it" not in body(without, "three")
    assert (offered(pretended)) == ["cell-2", "cell-3"]
    folder = complete(tmp_path_factory.mktemp("made") / "pyodide", "matplotlib")
    site = book(folder)
    assert (offered(site)) == ["cell-2", "cell-3", "cell-4"]
    names = {path.name for path in (site / "_static" / "pyodide").iterdir()}
    assert "matplotlib-2.2.5-made-for-a-test.whl" in names
    assert "Matplotlib" in (site / "_static/pyodide/LICENCES.txt").read_text()


class Changer:
    """Somebody who changes cells."""

    def __init__(self, learner):
        self.learner, self.tab = learner, learner.tab

    def cell(self, number=2):
        return self.tab.locator(f"#cell-{number}")

    def begin(self, number=2):
        self.cell(number).get_by_role("button", name="Try it").click()
        self.cell(number).get_by_role("textbox", name="Code of this cell").wait_for()

    def run(self, text=None, number=2, seconds=60):
        """What is said, once it is."""
        if text is not None:
            self.cell(number).get_by_role("textbox").click()
            self.tab.keyboard.press("Control+A")
            self.tab.keyboard.insert_text(text)
        self.cell(number).get_by_role("button", name="Run").click()
        return self.said(number, seconds)

    def said(self, number=2, seconds=60):
        self.tab.wait_for_function(
            "id => !/^Running/.test(document.querySelector(id).innerText)",
            arg=f"#cell-{number} .lossfns-result", timeout=1000 * seconds)  # fmt: skip
        return self.cell(number).get_by_role("status").last.inner_text().strip()


@pytest.fixture
def changer(learner):
    return lambda *args, **kwargs: Changer(learner(*args, page="three", **kwargs))


def test_nothing_of_it_is_fetched_before_the_press(changer):
    one = changer()
    assert one.tab.get_by_role("button", name="Try it").count() == 2
    assert one.learner.fetched() == []
    one.begin()
    names = [re.sub(r".*/|\?.*", "", address) for address in one.learner.fetched()]
    assert names[:2] == ["editor.js", "practice.js"]
    assert one.cell().get_by_role("button", name="Try it").count() == 0
    assert one.run().startswith("Python did not run here")
    assert one.learner.visitor.requests == []


def test_from_a_file_a_cell_says_how_to_serve_the_book(visit, pretended):
    visitor = visit(pretended.as_uri())
    visitor.open("book/three")
    visitor.tab.locator("#cell-2").get_by_role("button", name="Try it").click()
    assert "make serve" in visitor.tab.locator("#cell-2").get_by_role("status").inner_text()
    assert visitor.complaints == []


def test_without_python_no_cell_offers_it(changer, without):
    one = changer(without)
    assert one.tab.get_by_role("button", name="Try it").count() == 0
    assert one.learner.visitor.complaints == []


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (375, "dark")])
def test_nothing_stands_in_the_way_of_who_changes_a_cell(changer, width, scheme):
    one = changer(width=width, scheme=scheme)
    one.tab.keyboard.press("Tab")
    one.cell().get_by_role("button", name="Try it").focus()
    one.tab.keyboard.press("Enter")
    one.tab.wait_for_function("document.activeElement.matches('#cell-2 .cm-content')")
    one.tab.keyboard.insert_text(
        "# longer than a phone is wide, for the sake of this test, really\n"
    )
    one.tab.keyboard.press("Escape")
    one.tab.keyboard.press("Tab")
    assert one.tab.evaluate("document.activeElement.textContent") == "Run"
    one.tab.keyboard.press("Enter")
    one.said()
    faults = one.tab.evaluate("look.tooWide()")
    thin(one.tab)
    faults += barriers(one.tab)
    heights = [
        b.bounding_box()["height"] for b in one.tab.locator("#cell-2 button, #cell-3 button").all()
    ]
    assert faults == [] and min(heights) >= 24


class TestWithPython:
    pytestmark = pytest.mark.pyodide

    @pytest.fixture
    def one(self, changer, real):
        return changer(real)

    def test_a_cell_runs_after_those_that_it_needs_and_as_it_has_been_changed(self, one):
        one.begin()
        assert one.run() == "mean 2.5"
        one.begin(3)
        said = one.run("print('sum', errors.sum())\nnp.abs(errors)", 3)
        assert re.sub(r"\s+", " ", said) == "sum -1.0 array([1., 2.])"
        one.cell(3).get_by_role("button", name="Start again").click()
        one.run(number=3)
        rows = one.cell(3).locator(".lossfns-table tr").all_inner_texts()
        assert rows == ["error", "1.0", "−2.0"]
        assert len(one.tab.workers) == 1, "one Python for all cells"
        assert one.learner.visitor.complaints == one.learner.visitor.requests == []

    def test_an_error_marks_the_line_and_the_code_comes_back(self, one):
        one.begin()
        said = one.run("x = 1\ny = x + nothing")
        assert said.startswith("Your code stops in line 2 with NameError")
        assert one.cell().locator(".lossfns-editor-error").inner_text() == "y = x + nothing"
        one.cell().get_by_role("button", name="Start again").click()
        assert one.run() == "mean 2.5"

    def test_an_endless_loop_in_a_cell_is_ended(self, one):
        one.begin()
        one.begin(3)
        one.run("1")
        one.cell(2).get_by_role("textbox").click()
        one.tab.keyboard.press("Control+A")
        one.tab.keyboard.insert_text("while True: print('x')")
        one.cell(2).get_by_role("button", name="Run").click()
        one.cell(3).get_by_role("button", name="Run").click()
        assert one.said(2).startswith("Stopped after 30 seconds")
        assert one.said(3).startswith("Another cell took too long")
        one.run(number=3)
        assert one.cell(3).locator(".lossfns-result table").count() == 1

    def test_what_comes_of_the_reader_s_code_cannot_act_in_the_page(self, one):
        one.begin()
        evil = "<table><tr><td onclick='acted = 1'>1<script>acted = 1</script></td></tr></table>"
        code = f"class Shown:\n    def _repr_html_(self): return {evil!r}\nShown()"
        assert one.run(code) == "1"
        assert one.cell().locator("[onclick], .lossfns-result script").count() == 0

    def test_a_picture_is_shown_and_described(self, one):
        """Of Matplotlib where the distribution has it, else made by hand."""
        drawn = 4 if runtime.draws(runtime.find()) else 2
        code = """
class Picture:
    alt = "A line."
    def _repr_mimebundle_(self):
        drawing = '<svg xmlns="http://www.w3.org/2000/svg" width="50" height="20"/>'
        return {"image/svg+xml": drawing}, {}
Picture()
"""
        one.begin(drawn)
        one.run(None if drawn == 4 else code, drawn)
        picture = one.cell(drawn).locator(".lossfns-result").get_by_role("img", name="A line.")
        picture.wait_for()
        assert picture.evaluate("image => image.decode().then(() => image.naturalWidth)") >= 50
