"""Exercises that are written in the page: what pages hold, and what the browser does with it."""

import ast
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import practice
import pytest
import runtime
from built_book import CHAPTERS, ROOT, build
from test_pages import barriers, thin
from tiny_book import IN_NUMPY, PART, SOLUTIONS, Learner, body, complete

from lossfns.check import EXERCISES
from lossfns.labels import place

LINE = re.compile(r"^```\{practice\} (.+)\n```$", re.MULTILINE)
SHOWN = {page: LINE.findall((ROOT / f"{page}.md").read_text()) for page in CHAPTERS}
PAGE_OF = {name: page for page, lines in SHOWN.items() for name in " ".join(lines).split()}


MSE = """\
import numpy as np

def mse(pred, target, reduction="mean"):
    if pred.shape != target.shape:
        raise ValueError("shapes")
    squares = (pred - target) ** 2
    if reduction not in ("none", "sum", "mean"):
        raise ValueError(reduction)
    return squares if reduction == "none" else getattr(squares, reduction)()
"""
HALF = MSE.replace("** 2", "** 2 / 2")


# The pages


def test_every_exercise_in_numpy_stands_on_the_page_that_teaches_it():
    assert sorted(PAGE_OF) == sorted(IN_NUMPY) and len(IN_NUMPY) == 64
    assert sum(len(" ".join(lines).split()) for lines in SHOWN.values()) == len(PAGE_OF)
    for name, page in PAGE_OF.items():
        read = f"book/{place(EXERCISES[name].read).page}"
        assert page == read or read == f"{page.rpartition('/')[0]}/index", name


@pytest.mark.parametrize("name", IN_NUMPY)
def test_a_page_shows_what_learners_get_and_never_a_solution(name):
    _, text, stub = practice.find(ROOT / "exercises", name)
    assert text and not text.startswith("#")
    assert stub.rstrip().endswith("# YOUR CODE HERE\n    raise NotImplementedError()")
    answer = SOLUTIONS[name].split("### BEGIN SOLUTION")[1].split("### END SOLUTION")[0]
    for line in filter(str.strip, answer.splitlines()):
        assert line.strip() not in stub.split('"""')[-1]


# The runtime


def test_the_library_that_is_handed_out_is_enough_for_the_checks_and_always_the_same(tmp_path):
    packed = runtime.library(ROOT)
    assert packed == runtime.library(ROOT)
    (tmp_path / "lossfns.zip").write_bytes(packed)
    shutil.unpack_archive(tmp_path / "lossfns.zip", tmp_path)
    code = """if True:
        import sys
        sys.modules["torch"] = sys.modules["matplotlib"] = None
        import practice, lossfns
        assert lossfns.__file__.startswith(sys.argv[1]), lossfns.__file__
        code = "import lossfns.numpy as ln\\nmse = ln.mse"
        print(practice.run("mse", code)["text"])
    """
    shutil.copy(ROOT / "book/_static/practice/run.py", tmp_path / "practice.py")
    environment = os.environ | {"PYTHONPATH": str(tmp_path)}
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path)], cwd=tmp_path,
                          env=environment, capture_output=True, text=True)  # fmt: skip
    assert done.stdout.startswith("mse: right on all"), done.stderr


def test_a_distribution_is_taken_from_the_named_folder_else_from_the_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv("PYODIDE", raising=False)
    assert runtime.find() is None
    cached = complete(runtime.cache())
    assert runtime.find() == cached
    named = complete(tmp_path / "named")
    monkeypatch.setenv("PYODIDE", str(named))
    assert runtime.find() == named
    (named / "python_stdlib.zip").unlink()
    with pytest.raises(runtime.IncompleteError, match=r"PYODIDE=.*named: no python_stdlib\.zip"):
        runtime.find()
    monkeypatch.setenv("PYODIDE", "")
    assert runtime.find() is None


def test_what_is_downloaded_is_held_to_its_hash(tmp_path, capsys):
    source, folder = tmp_path / "source", tmp_path / "folder"
    source.mkdir()
    (source / "one").write_text("right")
    files = {"one": runtime.digest(b"right"), "two": runtime.digest(b"right")}
    address = source.as_uri() + "/"
    with pytest.raises(SystemExit, match="two cannot be downloaded") as refused:
        runtime.fetch(folder, address, files)
    assert "make book PYODIDE=folder" in str(refused.value)
    (source / "two").write_text("wrong")
    with pytest.raises(SystemExit, match=f"its SHA-256 is {runtime.digest(b'wrong')}"):
        runtime.fetch(folder, address, files)
    assert [path.name for path in folder.iterdir()] == ["one"]
    (source / "two").write_text("right")
    (source / "one").unlink()  # it is there already
    runtime.fetch(folder, address, files)
    assert sorted(path.name for path in folder.iterdir()) == ["one", "two"]
    assert "make book puts it into the site" in capsys.readouterr().out


def test_the_editor_is_light_and_names_its_licences():
    path = ROOT / "book/_static/practice/editor.js"
    assert path.stat().st_size <= 400_000
    head = path.read_text(encoding="utf8")[:4000]
    lock = json.loads((ROOT / "book/_ext/editor/package-lock.json").read_text())["packages"]
    inside = re.findall(r"^   (\S+) (\S+) \(MIT\)$", head, re.MULTILINE)
    assert {"@codemirror/view", "@lezer/python"} <= {name for name, _ in inside}
    for name, version in inside:
        assert lock[f"node_modules/{name}"]["version"] == version, "make editor"
    assert "Permission is hereby granted" in head and "Marijn Haverbeke" in head
    assert not any("resolved" in package for package in lock.values()), "the address of a registry"


# What runs in the browser, here


def test_a_right_answer_is_praised_and_a_mistake_named(run_py):
    right = run_py.run("mse", MSE)
    assert right["right"] and right["text"].startswith("mse: right on all") and not right["printed"]
    wrong = run_py.run("mse", HALF)
    assert not wrong["right"] and "half of the mean squared error" in wrong["text"]
    assert "Read again" not in wrong["text"]
    assert wrong["address"] == "book/02_regression/mse.html#loss-mse"


@pytest.mark.parametrize(("code", "line", "says"), [
    ("import numpy as np\ndef mse(:\n", 2, "line 2 with SyntaxError: invalid syntax\n  def mse(:"),
    ("def mse(pred):\nreturn 1", 2, "line 2 with IndentationError"),
    ("x = 1\n\ny = x + z", 3, "line 3 with NameError: name 'z' is not defined\n  y = x + z"),
    ("import numpy as np\nnp.zeros(3).reshape(2, 2)", 2, "line 2 with ValueError: cannot reshape"),
    ("raise SystemExit", 1, "line 1 with SystemExit."),
    (MSE.replace("squares =", "squares = 1 if nothing else"), 6, "in: squares = 1 if nothing"),
    ("mse = 3", None, "There is no function mse in your code."),
])  # fmt: skip
def test_an_error_shows_the_reader_s_own_line(run_py, code, line, says):
    found = run_py.run("mse", code)
    assert says in found["text"] and found.get("line") == line and not found["right"]
    assert "lossfns" not in found["text"] and "Traceback" not in found["text"]


def test_what_is_printed_is_shown_up_to_a_length(run_py):
    loud = MSE.replace("    squares", "    print('here')\n    squares", 1)
    found = run_py.run("mse", loud)
    assert found["right"] and set(found["printed"].split()) == {"here"}
    assert run_py.run("mse", "print(1)\n" + HALF)["printed"] == "1\n"
    endless = run_py.run("mse", "for _ in range(5000): print('12345')\n" + MSE)
    assert len(endless["printed"]) < 10_100 and "cut after 10,000 characters" in endless["printed"]
    assert endless["right"]


def test_solved_exercises_may_be_used_and_missing_ones_are_named(run_py):
    source = "import numpy as np\n" + SOLUTIONS["log_softmax"]
    alone = run_py.run("log_softmax", source)
    assert "logsumexp is an exercise of its own, chapter 4" in alone["text"]
    solved = "import numpy as np\nprint('loud')\n" + SOLUTIONS["logsumexp"]
    found = run_py.run("log_softmax", source, ["1 +", "import nothing_of_this_name", solved])
    assert found["right"] and not found["printed"]


def test_hints_go_through_what_the_check_asks(run_py):
    hints = [run_py.hint("mse", turn)["text"] for turn in range(5)]
    asked = [re.search(r"asks \((.*)\)", text)[1] for text in hints]
    assert asked == ["values", "reductions", "extremes", "bad input", "values"]
    assert "  mse(np.array([-0.5]), np.array([-1.0]))\n  right: 0.25" in hints[0]
    assert "right: raises ValueError" in hints[3]
    for name in IN_NUMPY:
        for turn in range(4):
            text = run_py.hint(name, turn)["text"]
            assert len(text) < 1500 and "object at" not in text, text


# The site


def test_without_python_the_page_shows_text_stub_and_notebook(without):
    html = body(without)
    assert html.count('<details class="lossfns-practice"') == 3 and "<button" not in html
    assert "Write it yourself: <code>mse</code>" in html and "NotImplementedError" in html
    assert "the squared errors themselves" in html and "6 points" not in html
    assert "<thead>" not in html, "a heading of a table without words"
    path = "us/course/blob/main/exercises/02_regression/02_regression.ipynb"
    assert html.count(f'href="https://colab.research.google.com/github/{path}"') == 3
    downloads = set(re.findall(r'href="\.\./(_downloads/[^"]+)"', html))
    exercise = ROOT / "exercises/02_regression/02_regression.ipynb"
    assert [(without / d).read_bytes() for d in downloads] == [exercise.read_bytes()]
    assert not (without / "_static" / "pyodide").exists()


def test_with_python_the_site_carries_all_of_it_and_the_page_a_button(without, pretended):
    assert body(pretended).count("Write it here</button>") == 3
    handed_out = {path.name for path in (pretended / "_static" / "pyodide").iterdir()}
    ours = {"LICENCES.txt", "lossfns.zip"}
    assert handed_out == {*runtime.NAMES, "numpy-2.2.5-made-for-a-test.whl", *ours}
    lock = json.loads((pretended / "_static/pyodide" / runtime.LOCK).read_text())
    assert list(lock["packages"]) == ["numpy"]
    assert lock["packages"]["numpy"]["sha256"] == runtime.digest(b"numpy")
    assert len(body(pretended)) < 40_000, "three exercises closed"


def test_an_exercise_that_there_is_not_fails_the_build(book, without):
    page = book.folder / "book" / "two.md"
    before = page.read_text()
    page.write_text("# Two\n\n```{practice} nothing\n```\n")
    result = build(book.folder, "--toc", PART)
    page.write_text(before)
    assert result.returncode != 0
    said = r"two\.md:3: .*no notebook in exercises/ has the exercise nothing"
    assert re.search(said, result.stderr)


def test_nothing_is_fetched_before_the_press(learner):
    one = learner()
    one.unfold()
    assert one.fetched() == []
    one.box().get_by_role("button", name="Write it here").click()
    one.box().get_by_role("textbox").wait_for()
    names = [re.sub(r".*/|\?.*", "", address) for address in one.fetched()]
    assert names[:2] == ["editor.js", "practice.js"]
    assert one.visitor.requests == []


def test_what_is_written_is_there_again_until_the_reader_starts_again_or_has_it_forgotten(learner):
    one = learner()
    one.begin()
    stub = one.text()
    assert "raise NotImplementedError()" in stub and one.kept() == {}
    one.tab.keyboard.type("return 1")  # in place of what is to be written
    assert "raise" not in one.text() and "return 1" in one.text()
    assert one.box().locator("summary").inner_text().endswith("begun")
    one.visitor.open("book/one")
    assert one.box().locator("summary").inner_text().endswith("begun")
    one.begin()
    assert "return 1" in one.text()
    one.box().get_by_role("button", name="Start again").click()
    assert one.text() == stub and one.kept()["code"] == {}
    one.box().get_by_role("button", name="Bring it back").click()
    assert "return 1" in one.text() and list(one.kept()["code"]) == ["02_regression/mse"]
    one.tab.get_by_role("button", name="Forget").click()
    assert one.text() == stub and one.kept() == {}
    assert one.box().locator("summary").inner_text().endswith("mse")


def test_a_python_that_does_not_start_is_said_and_the_notebook_named(learner):
    one = learner()
    one.begin()
    said = one.press("Run and check")
    assert said.startswith("Python did not run here") and "notebook is linked below" in said


def test_from_a_file_it_says_how_to_serve_the_book(visit, pretended):
    one = Learner(visit(pretended.as_uri()))
    box = one.unfold()
    box.get_by_role("button", name="Write it here").click()
    assert "make serve" in box.get_by_role("status").inner_text()
    assert one.fetched() == [] and one.visitor.complaints == []


def test_without_script_the_stub_and_the_notebook_are_there(chromium, serve, pretended):
    context = chromium.new_context(java_script_enabled=False)
    tab = context.new_page()
    tab.goto(f"{serve(pretended)}/book/one.html")
    box = tab.locator("#practice-mse")
    box.locator("summary").click()
    assert box.get_by_text("NotImplementedError").is_visible()
    assert box.get_by_role("link", name="open it on Colab").is_visible()
    assert box.get_by_role("button").count() == 0
    context.close()


def test_the_keyboard_gets_in_and_out(learner):
    one = learner()
    one.box().locator("summary").focus()
    one.tab.keyboard.press("Enter")
    box = one.box()
    box.get_by_role("button", name="Write it here").focus()
    one.tab.keyboard.press("Enter")
    field = box.get_by_role("textbox", name="Your mse")
    field.wait_for()
    focused = "document.activeElement.textContent"
    one.tab.wait_for_function("document.activeElement.matches('.cm-content')")
    one.tab.keyboard.press("End")
    before = one.text()
    one.tab.keyboard.press("Tab")
    assert one.tab.evaluate("document.activeElement.matches('.cm-content')")
    assert one.text() != before
    one.tab.keyboard.press("Escape")
    one.tab.keyboard.press("Tab")
    assert one.tab.evaluate(focused) == "Run and check"
    one.tab.keyboard.press("Shift+Tab")
    one.tab.keyboard.press("Control+Enter")
    said = "document.querySelector('.lossfns-result').innerText"
    one.tab.wait_for_function(f"/did not run/.test({said})")


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (390, "dark")])
def test_nothing_stands_in_the_way_of_who_writes(learner, width, scheme):
    one = learner(width=width, scheme=scheme)
    one.begin()
    one.write("# a comment\n" + MSE)
    one.press("Run and check")
    faults = one.tab.evaluate("look.tooWide()")
    thin(one.tab)
    faults += barriers(one.tab)
    height = one.box().get_by_role("button", name="Run and check").bounding_box()["height"]
    text = one.box().locator(".cm-content")
    size = text.evaluate("e => parseFloat(getComputedStyle(e).fontSize)")
    assert faults == [] and height >= 24 and size >= 16


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_without_python_nothing_stands_in_the_way_either(learner, without, scheme):
    one = learner(without, scheme=scheme)
    box = one.unfold()
    box.get_by_role("link", name="open it on Colab").hover()
    thin(one.tab)
    assert barriers(one.tab) == [] and box.get_by_role("link", name="Colab").is_visible()
    assert one.fetched() == [] and one.visitor.complaints == []


def test_every_exercise_fits_a_phone(learner):
    one = learner(width=375)
    for page in ("one", "two"):
        one.visitor.open(f"book/{page}")
        one.tab.evaluate("for (const d of document.querySelectorAll('details')) d.open = true")
        one.tab.evaluate("look.settled(200)")
        faults = one.tab.evaluate("look.setInFull('light').concat(look.tooWide())")
        faults += one.tab.evaluate("""[...document.querySelectorAll(".lossfns-practice")].filter(
            box => box.scrollWidth > box.clientWidth).map(box => `too wide: ${box.id}`)""")
        assert faults == []


# With a real Python

with_python = pytest.mark.pyodide


class TestWithPython:
    pytestmark = with_python

    def test_a_mistake_is_named_and_the_right_answer_found(self, writer):
        writer.begin()
        writer.write(HALF)
        said = writer.press("Run and check")
        assert "This looks like: half of the mean squared error" in said
        link = writer.box().get_by_role("link", name="MSE: the mean of squares")
        assert link.get_attribute("href").endswith("/book/02_regression/mse.html#loss-mse")
        writer.write(MSE)
        assert "mse: right on all 36 inputs" in writer.press("Run and check")
        assert writer.box().locator("summary").inner_text().endswith("right ✓")
        writer.write("import numpy as np\n\nx = 1 +\n")
        assert "line 3 with SyntaxError" in writer.press("Run and check")
        assert writer.box().locator(".lossfns-editor-error").inner_text() == "x = 1 +"
        assert "right: 0.25" in writer.press("Show a hint")
        assert writer.visitor.complaints == [] and writer.visitor.requests == []

    def test_an_endless_loop_is_ended_and_disturbs_nobody(self, writer):
        for name in ("mse", "mse_grad"):
            writer.begin(name)
        writer.write("while True: print('x')", "mse")
        writer.box("mse").get_by_role("button", name="Run and check").click()
        writer.write("import numpy as np\nnp.was_here = 1\ndef mse_grad(pred, target):\n"
                     "    return 2 * (pred - target) / pred.size\n", "mse_grad")  # fmt: skip
        assert "mse_grad: right" in writer.press("Run and check", "mse_grad")
        assert writer.box("mse").get_by_role("status").last.inner_text().startswith("Running")
        writer.tab.wait_for_function(
            "/^Stopped after 10 seconds/.test(document.querySelector('.lossfns-result').innerText)",
            timeout=60_000)  # fmt: skip
        writer.write(MSE + "assert not hasattr(np, 'was_here')", "mse")
        assert "mse: right" in writer.press("Run and check", "mse")

    def test_what_breaks_numpy_is_said_and_mended(self, writer):
        writer.begin()
        writer.write("import numpy as np\nnp.isnan = None\n" + MSE)
        said = writer.press("Run and check")
        assert said.startswith("The check itself stopped with TypeError: 'NoneType' object is not")
        writer.write(MSE)
        assert "mse: right" in writer.press("Run and check")

    def test_memory_is_limited(self, writer):
        writer.begin()
        writer.write(MSE.replace("squares =", "np.ones(2**27)\n    squares ="))
        assert "It stops with MemoryError" in writer.press("Run and check")

    def test_what_was_solved_before_may_be_used(self, writer):
        for name in ("mse_grad", "huber_grad"):
            code = json.dumps({"text": "import numpy as np\n" + SOLUTIONS[name], "right": True})
            writer.tab.evaluate(f"marks.change(all => all.code['02_regression/{name}'] = {code})")
        writer.begin("fit_line")
        writer.write("import numpy as np\n" + SOLUTIONS["fit_line"], "fit_line")
        assert "fit_line: right" in writer.press("Run and check", "fit_line")

    def test_leaving_the_page_ends_python(self, writer):
        writer.begin()
        writer.write(HALF)
        writer.press("Run and check")
        assert len(writer.tab.workers) == 1
        writer.tab.evaluate("dispatchEvent(new PageTransitionEvent('pagehide'))")
        writer.tab.wait_for_timeout(200)
        assert writer.tab.workers == []

    def test_every_model_answer_passes_there(self, writer):
        """All in one worker, as fast as it answers."""
        jobs = [
            {"id": n, "do": "run", "with": [n, f"import numpy as np\n{SOLUTIONS[n]}",
             [f"import numpy as np\n{SOLUTIONS[o]}" for o in used_by(n)]]}
            for n in IN_NUMPY
        ]  # fmt: skip
        said = writer.tab.evaluate(
            """async jobs => {
            const worker = new Worker("../_static/practice/worker.js", {type: "module"});
            const said = {};
            return await new Promise(resolve => {
                worker.onmessage = ({data}) => {
                    if (data.ready) for (const job of jobs) worker.postMessage(job);
                    if ("result" in data) said[data.id] = data.result.right || data.result.text;
                    if ("failed" in data) said[data.id] = data.failed;
                    if (data.failed && !data.id || Object.keys(said).length == jobs.length)
                        resolve(said);
                };
            });
        }""",
            jobs,
        )
        assert said == dict.fromkeys(IN_NUMPY, True)


def used_by(name):
    """The exercises whose functions a model answer calls."""
    names = {node.id for node in ast.walk(ast.parse(SOLUTIONS[name])) if isinstance(node, ast.Name)}
    return sorted(names & set(IN_NUMPY) - {name})


def test_the_tests_with_python_run_wherever_there_is_one():
    assert TestWithPython.pytestmark == pytest.mark.pyodide
    assert Path(runtime.cache()).name == f"pyodide-{runtime.VERSION}"
