"""Reading a learner's cell: commands out, Python kept, line by line."""

import ast

import pytest
from IPython.core.inputtransformer2 import TransformerManager
from submissions.answers import MSE

from grader.cells import how_defined, read_cell, uses

COMMANDS = [
    *("%pip install -q scipy", "!ls -la", "!!ls", "%matplotlib inline", "%cd /content", "?help"),
    *("np.mean?", "mse??", "x = !ls", "x, y = !ls", "x = %pwd", "a.b = !ls", "%timeit f('(')"),
    *("!echo 'it", '!pip install "torch>=2', "%env A=(", "%who", "np.linalg.norm?", "??np"),
    *("!ls | grep '''", "%config A.b = {'c': 1}", "get_ipython().system('ls')"),
]
PYTHON = [
    *("x = 3 % 4", "x = [1,\n% 4]".replace("% 4", "5 % 4"), "x = (7\n  % 4)", "x = 7 \\\n% 4"),
    *("'''\n%pip install\n!ls\n'''", '"""a\n?b\n"""', "x != y", "x = y != z", "# what?\n# !ls"),
    *("f('''\n%a\n''', [\n'!'\n])", "'it\\'s' # ''' \nx = 1", "x = '''a\\'''\n%b\n'''", "pip = 3"),
    *("f'{a % b}'", "s = 'why?'", "b'''\n!c'''", "d = {\n# (\n'a': 1}\n", "@f\ndef g(): ...", ""),
]


@pytest.mark.parametrize("line", COMMANDS)
@pytest.mark.parametrize("before", ["", "def f():\n    ", "if x:\n\tfor i in y:\n\t\t"])
def test_a_command_is_taken_out_where_ipython_sees_one(line, before):
    """IPython's own reader is the second opinion; where it sees a command, Python is left."""
    cell = f"{before}{line}\nlast = 1\n"
    assert "get_ipython()" in TransformerManager().transform_cell(cell)
    script = read_cell(cell)
    assert script.taken_out == (line,) and not script.error
    assert not any("get_ipython" in uses(statement) for statement in script.statements)
    assert script.python.count("\n") == cell.count("\n")
    assert script.statements[-1].source == "last = 1"


@pytest.mark.parametrize("code", PYTHON)
def test_python_is_left_as_it_is(code):
    assert "get_ipython()" not in TransformerManager().transform_cell(code + "\n")
    script = read_cell(code)
    assert (script.python, script.taken_out, script.error) == (code, (), "")


@pytest.mark.parametrize(
    ("cell", "python"),
    [
        ("%%time\nx = 1", "pass  # %%time\nx = 1"),
        ("# mine\n%%timeit -n 3\nx = 1", "# mine\npass  # %%timeit -n 3\nx = 1"),
        ("%%bash\nls | wc\n", ""),
        ("\n%%html\n<b>x</b>", ""),
        ("\n\nx = 1", "#\n\nx = 1"),
        ("\n \n", "\n \n"),
        ("%time x = f()", "x = f()"),
        ("    %time x = f()\n    y = 1", "x = f()\ny = 1"),
        ("!pip install a \\\n   b \\\n   c\nx = 1", "pass  # !pip install a \\\n\n\nx = 1"),
        ("pip install a\nx = 1", "pass  # pip install a\nx = 1"),
        ("if x:\n    !ls\nelse:\n    y = !ls", "if x:\n    pass  # !ls\nelse:\n    y = []  # !ls"),
        (">>> def f(x):\n...     return x\n", "def f(x):\n    return x\n"),
        ("\ufeffx = 1", "x = 1"),
        ("  x = 1\n  y = 2", "x = 1\ny = 2"),
    ],
)
def test_what_stands_in_for_a_command(cell, python):
    assert read_cell(cell).python == python
    ast.parse(python)


def test_statements_are_known_by_their_lines():
    script = read_cell("%pip x\n\nimport a.b, c as d\n@e\n@f\ndef g():\n    h = 1\n\ni = 1; j = 2")
    assert [(one.line, one.source, set(one.binds)) for one in script.statements] == [
        (3, "import a.b, c as d", {"a", "d"}),
        (4, "@e\n@f\ndef g():\n    h = 1", {"g"}),
        (9, "i = 1", {"i"}),
        (9, "j = 2", {"j"}),
    ]
    assert script.statement_at(6).line == 4 and script.statement_at(1) is None


@pytest.mark.parametrize(
    ("code", "names"),
    [
        ("def f(x, y=A):\n    z = B(x)\n    return [q + C for q in z]", {"A", "B", "C"}),
        ("class K(D):\n    e = F\n    def g(self):\n        return H + self.e", {"D", "F", "H"}),
        ("for i in J:\n    k = i", {"J", "i"}),
        ("def f():\n    def g():\n        return L\n    L = 1", set()),
        ("def f():\n    global m\n    return m.n", {"m"}),
        ("@O\ndef f(): pass", {"O"}),
    ],
)
def test_names_that_a_statement_looks_up(code, names):
    (statement,) = read_cell(code).statements
    assert uses(statement) == names


@pytest.mark.parametrize(
    ("code", "how"),
    [
        (MSE, 2),
        ("if True:\n    def mse(): return 1", 2),
        ("try:\n    class mse: x = 1\nexcept E:\n    pass", 2),
        ("async def mse(): return 1", 2),
        ("mse = lambda p, t: 0", 1),
        ("from mine import mse", 1),
        ("def mse():\n    'text'\n    raise NotImplementedError('soon')", 0),
        ("def other():\n    def mse(): return 1", 0),
        ("mse(1, 2)", 0),
    ],
)
def test_how_a_name_is_defined(code, how):
    (statement,) = read_cell(code).statements
    assert how_defined(statement, "mse") == how


@pytest.mark.parametrize(
    "code",
    [
        "(" * 50_000,
        "-" * 90_000 + "1",
        "x" + "[0]" * 30_000,
        "x = 1\0",
        "def f(",
        "lambda: " * 5000,
    ],
)
def test_what_cannot_be_parsed_has_an_error_and_stops_nobody(code):
    script = read_cell(code)
    assert script.error and script.statements == ()


def test_long_cells_are_read_in_time_that_grows_with_their_length():
    """Half a second each; reading them anew after every command would take minutes."""
    for line in ("!ls '\n", "x = 1\n", "'''\n", "\\\n", "@f\ndef g(): pass\n", "x = !ls (\n"):
        read_cell(line * (100_000 // len(line)))
