"""Reading what was handed in, and what a person is asked to look at."""

import json

import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook
from submissions.answers import BUILT_IN, MAE, MSE

from grader.flags import alike, fingerprints, flags_of
from grader.handed_in import Unreadable, find_notebook, is_student_id, read_file
from grader.intake import harmless_markdown, rebuild, untouched
from grader.probes import Probe, probes


def cell(grade_id, source, kind="code", **about):
    make = new_code_cell if kind == "code" else new_markdown_cell
    known = {"grade_id": grade_id, "solution": True, "grade": kind == "markdown", "locked": False}
    return make(source, id=grade_id, metadata={"nbgrader": known | about})


@pytest.fixture
def released():
    return new_notebook(
        cells=[
            new_markdown_cell("# Title", id="title"),
            cell("mse", "def mse(pred, target):\n    raise NotImplementedError()"),
            cell("mse-values", 'check("mse", mse)', solution=False, grade=True, points=4),
            new_markdown_cell("Why?", id="question"),
            cell("why", "YOUR ANSWER HERE", kind="markdown", points=3),
        ]
    )


def handed_in(*cells):
    return json.dumps({"cells": list(cells)}).encode()


def answers(rebuilt):
    return {
        c.metadata.nbgrader.grade_id: c.source
        for c in rebuilt.notebook.cells
        if c.metadata.get("nbgrader", {}).get("solution")
    }


def test_answers_are_taken_over_and_nothing_else(released):
    forged = {"cell_type": "code", "source": "pass", "metadata": {"nbgrader": {
        "grade_id": "mse-values", "points": 100, "grade": True}}}  # fmt: skip
    mine = {"cell_type": "code", "source": MSE, "metadata": {"nbgrader": {"grade_id": "mse"}}}
    rebuilt = rebuild(released, handed_in(forged, mine))
    assert answers(rebuilt)["mse"] == MSE
    assert [c.id for c in rebuilt.notebook.cells] == [c.id for c in released.cells]
    assert rebuilt.notebook.cells[2] == released.cells[2]
    assert rebuilt.remarks == ["no answer found for why"]
    assert untouched(rebuilt.notebook, released) == ["why"]


def test_answers_are_found_by_id_by_name_and_by_their_question(released):
    by_id = {"cell_type": "code", "id": "mse", "source": "x = 1"}
    assert answers(rebuild(released, handed_in(by_id)))["mse"] == "x = 1"
    by_name = {"cell_type": "code", "source": ["import math\n", "def mse(a, b) :\n", " return ("]}
    assert "return (" in answers(rebuild(released, handed_in(by_name)))["mse"]
    texts = [{"cell_type": "markdown", "source": text} for text in ("Why?", "Because.")]
    assert answers(rebuild(released, handed_in(*texts)))["why"] == "Because."


def test_a_test_cell_is_never_taken_for_an_answer(released):
    """The name occurs in many cells; only a definition counts."""
    calls = {"cell_type": "code", "source": "print(mse(1, 2))\n# def mse"}
    assert "NotImplementedError" in answers(rebuild(released, handed_in(calls)))["mse"]


def test_of_several_answers_the_last_worked_on_counts(released):
    stub = {"cell_type": "code", "id": "mse", "source": released.cells[1].source}
    first, second = (stub | {"source": text} for text in ("one = 1", "two = 2"))
    rebuilt = rebuild(released, handed_in(first, second, stub))
    assert answers(rebuilt)["mse"] == "two = 2"
    assert "2 cells answer mse: the last one counts" in rebuilt.remarks


def test_a_very_long_answer_is_cut_and_said_to_be(released):
    long = {"cell_type": "code", "id": "mse", "source": "x" * 200_000}
    rebuilt = rebuild(released, handed_in(long))
    assert len(answers(rebuilt)["mse"]) == 100_000
    assert "mse was cut off: 200000 characters" in rebuilt.remarks


def own(source, **about):
    return {"cell_type": "code", "source": source} | about


def test_the_cell_of_the_assignment_counts_if_it_defines_the_function(released):
    rebuilt = rebuild(released, handed_in(own(MSE, id="mse"), own("def mse(a, b): return 0")))
    assert answers(rebuilt)["mse"] == MSE
    assert "mse is defined in other cells, too: that of the assignment counts" in rebuilt.remarks


@pytest.mark.parametrize("left", ["# below", "import math", "", None])
def test_else_the_last_cell_that_defines_it_counts(released, left):
    stub = released.cells[1].source if left is None else left
    cells = own(stub, id="mse"), own("def mse(a, b): return 0"), own("def mse(a, b): return 1")
    rebuilt = rebuild(released, handed_in(*cells, own("mse = mse(1, 2)")))
    found = answers(rebuilt)["mse"]
    assert "return 1" in found and "return 0" not in found and "NotImpl" not in found
    assert ("import math" in found) == (left == "import math")
    (remark,) = (text for text in rebuilt.remarks if "not defined in its own cell" in text)
    assert "(the last of 2, cell 3 of your notebook from the top)" in remark


def test_a_function_that_is_still_to_be_written_is_no_definition(released):
    stub = 'def mse(a, b):\n    """Mine."""\n    # soon\n    raise NotImplementedError'
    rebuilt = rebuild(released, handed_in(own(stub, id="mse"), own(MSE), own(stub)))
    assert MSE.strip() in answers(rebuilt)["mse"]


def test_what_an_answer_uses_is_taken_from_other_cells_and_nothing_else(released):
    helper = "def _size(x, unit=UNIT):\n    return len(x) * unit * np.pi"
    cells = [
        own("UNIT = {}\nUNIT['m'] = 1\nprint('tried')\nother = 3"),
        own(helper),
        own("def mse(pred, target):\n    size = 0\n    return _size(pred) + size", id="mse"),
        own("size = pred = 7\nUNIT = 0\nlen = max\nimport numpy as np"),
    ]
    rebuilt = rebuild(released, handed_in(*cells))
    taken = answers(rebuilt)["mse"].partition("# From the cell of the assignment:")[0]
    assert taken.splitlines() == [
        "# From other cells of your notebook:",
        *("UNIT = {}", "UNIT['m'] = 1", *helper.splitlines(), "import numpy as np", ""),
    ]
    assert "mse: taken along from other cells: UNIT, _size, np" in rebuilt.remarks


def test_a_name_of_another_answer_or_of_the_course_is_not_taken_from_elsewhere(released):
    released.cells.insert(0, new_code_cell("import numpy as np", id="set-up"))
    released.cells.append(cell("mae", "def mae(p, t):\n    raise NotImplementedError()"))
    uses = "def mse(p, t):\n    return np.sqrt(mae(p, t))"
    cells = own(uses, id="mse"), own(MAE, id="mae"), own("np = mae = None")
    assert answers(rebuild(released, handed_in(*cells)))["mse"] == uses


def test_an_answer_with_an_error_of_syntax_is_shown_as_it_is(released):
    broken = "x = 1\ndef mse(pred, target:\n    return 0"
    rebuilt = rebuild(released, handed_in(own(broken, id="mse")))
    assert answers(rebuilt)["mse"] == broken
    assert answers(rebuild(released, handed_in(own(broken))))["mse"] == broken


def test_a_text_goes_on_in_the_cells_that_were_added_under_it(released):
    def text(source, **about):
        return {"cell_type": "markdown", "source": source} | about

    more = text("Because."), text("Moreover."), own("1"), text("Notes.")
    empty = text("YOUR ANSWER HERE", id="why")
    rebuilt = rebuild(released, handed_in(text("Why?"), empty, *more))
    assert answers(rebuilt)["why"] == "Because.\n\nMoreover."
    rebuilt = rebuild(released, handed_in(text("So.", id="why"), text("# Title"), *more))
    assert answers(rebuilt)["why"] == "So."


def test_much_code_is_not_read_for_definitions(released):
    long = own("# " + "x" * 90_000 + "\ndef _f(): 0")
    rebuilt = rebuild(released, handed_in(*[long] * 100, own("def mse(): _g()", id="mse"), long))
    assert answers(rebuilt)["mse"] == "def mse(): _g()"


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "empty"),
        (b" \n", "empty"),
        (b"\xff\xff\xff", "not UTF-8"),
        (b"{", "not valid JSON (line 1)"),
        (b"[" * 100_000, "not valid JSON"),
        (b"[1]", "not a JSON object"),
        (b'{"a": 1}', "has no cells"),
        (b'{"cells": {}}', "has no cells"),
        (b"1" * 5000, "not valid JSON"),
    ],
)
def test_what_is_no_notebook_is_said_to_be_none(released, content, words):
    with pytest.raises(Unreadable) as failure:
        rebuild(released, content)
    assert words in str(failure.value)


@pytest.mark.parametrize("name", ["ada", "a.b-c_d", "x@y.org", "9", "A" * 64, "k+1"])
def test_student_ids(name):
    assert is_student_id(name)


@pytest.mark.parametrize(
    "name", ["", ".", "..", "a..b", "-x", "a/b", "a b", "=x", "A" * 65, "é", "a\n", "a;b", "~"]
)
def test_what_is_no_student_id(name):
    assert not is_student_id(name)


def test_a_file_is_read_only_if_it_is_one(tmp_path):
    (tmp_path / "file").write_bytes(b"x")
    (tmp_path / "link").symlink_to(tmp_path / "file")
    assert read_file(tmp_path / "file") == b"x"
    with pytest.raises(Unreadable, match="it is a link"):
        read_file(tmp_path / "link")
    with pytest.raises(Unreadable, match="not an ordinary file"):
        read_file(tmp_path)
    with pytest.raises(FileNotFoundError):
        read_file(tmp_path / "none")


def test_a_notebook_is_found_under_another_name(tmp_path):
    (tmp_path / "mine.IPYNB").touch()
    assert find_notebook(tmp_path, "a") == tmp_path / "mine.IPYNB"
    (tmp_path / "a.ipynb").touch()
    assert find_notebook(tmp_path, "a") == tmp_path / "a.ipynb"


def test_markdown_keeps_its_meaning_and_loses_its_tags():
    text = "If $a < b$ and 1<2, then `x < y`.\n\n> quote\n\n[a](https://b.org)"
    assert harmless_markdown(text) == text
    assert harmless_markdown("<b>x</b>") == "&lt;b>x&lt;/b>"
    assert "javascript:" not in harmless_markdown("[x](JavaScript:alert(1))").lower()


def notebook(source, text="short"):
    return new_notebook(cells=[cell("mse", source), cell("why", text, kind="markdown")])


@pytest.mark.parametrize(
    ("source", "flag"),
    [
        (BUILT_IN, "uses torch.nn.functional.mse_loss"),
        ("loss = torch.nn.MSELoss()(a, b)", "uses torch.nn.MSELoss"),
        ("from torch.nn.functional import huber_loss", "imports huber_loss"),
        ("from sklearn.metrics import log_loss", "imports sklearn"),
        ("import lossfns.numpy as ln", "imports lossfns"),
        ("eval('1')", "calls eval()"),
        ("getattr(torch.nn, 'M' + name)", "getattr() with a computed name"),
        ("getattr(__import__('torch'), name)", "calls __import__()"),
        ("open('x')", "calls open()"),
        ("class A:\n    def __eq__(self, other): return True", "defines __eq__"),
        ("get_ipython()", "reaches for the kernel"),
        ("%load_ext x\nimport inspect", "imports inspect"),
        ("import inspect", "imports inspect"),
        ("sys._getframe().f_back", "reaches for f_back"),
        ("torch.nn.functional.__dict__['mse' + '_loss']", "reaches for __dict__"),
    ],
)
def test_a_flag(source, flag):
    assert any(flag in found for found in flags_of(notebook(source)))


@pytest.mark.parametrize(
    "source",
    [
        MSE,
        MAE,
        "import math\nfrom functools import partial\nimport torch.nn as nn",
        "getattr(losses, reduction)()",
        "def mse_loss(pred, target):\n    return huber(pred, target)",
        "x = F.relu(z) + torch.log_softmax(z, -1)",
        "def f(",
        "%load_ext x\n!ls\n%pip install sklearn\nget_ipython().system('ls')",
    ],
)
def test_ordinary_code_has_no_flag(source):
    assert flags_of(notebook(source), {"softmax", "sum", "square"}) == []


def test_losses_may_be_used_where_a_model_is_trained():
    source = "def fit_line(x, y):\n    return torch.nn.MSELoss()(x, y)"
    assert flags_of(new_notebook(cells=[cell("fit_line", source)])) == []
    assert flags_of(new_notebook(cells=[cell("fit_line", "eval('1')")])) != []


def test_calls_seen_during_the_questions_are_flagged():
    (flag,) = flags_of(notebook(MSE), {"mse_loss", "sum"})
    assert flag == "PyTorch's mse_loss was called while the answers were checked"


def test_same_answers_are_seen_through_layout_and_comments():
    released = notebook("stub", "YOUR ANSWER HERE")
    words = " ".join(f"word{i}" for i in range(30))
    one = fingerprints(notebook(MSE, words), released)
    other = fingerprints(
        notebook(
            "# mine\n" + MSE.replace("    squares", '    "my own"\n\n    squares'), words + "!"
        ),
        released,
    )
    assert set(one) == {"mse", "why"} and one["why"] == other["why"]
    assert fingerprints(notebook(MAE, "short"), released) == {}
    assert fingerprints(released, released) == {}


def test_only_those_who_share_several_answers_are_flagged():
    same = {"a": "1", "b": "2", "c": "3"}
    class_ = {"ada": same, "bob": same, "eve": {"a": "7", "b": "9", "c": "8"}, "zoe": {}}
    found = alike(class_)
    assert set(found) == {"ada", "bob"}
    assert found["ada"] == ["same answers as bob: a, b, c"]


def test_what_half_the_class_writes_is_nobody_s_copy():
    same = {"a": "1", "b": "2", "c": "3"}
    assert alike({f"s{i}": same for i in range(30)}) == {}


def test_probes_are_read_not_run():
    assert probes('# 4 points\ncheck("mse", mse, aspects=["values"])\ncheck("mae", mae)') == [
        Probe("mse", "mse", ("values",)),
        Probe("mae", "mae"),
    ]


@pytest.mark.parametrize(
    "source",
    ["", "pass", "x = 1", 'check("mse", mse, seed=3)', 'check(name, mse)', 'check("mse")',
     'check("mse", lambda: 0)', 'assert check("mse", mse)'],
)  # fmt: skip
def test_a_graded_cell_that_does_more_is_refused(source):
    with pytest.raises(ValueError, match="graded cell"):
        probes(source)
