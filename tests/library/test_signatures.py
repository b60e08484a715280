"""What `help`, the tooltips of Jupyter and a type checker say of a function."""

import inspect
import pydoc
import subprocess
import sys
from typing import get_args, get_type_hints

import pytest
from IPython.core.oinspect import Inspector
from library.cases import every_loss, numpy_loss, torch_loss
from sphinx.util import inspect as sphinx

import lossfns
import lossfns.numpy as ln
import lossfns.torch as lt


def callables():
    """The public functions, with the gradients of the NumPy losses and the methods of classes."""
    yield "lossfns.choose", lossfns.choose
    for twin in (ln, lt):
        for name in twin.__all__:
            public = getattr(twin, name)
            yield f"{twin.__name__}.{name}", public
            for part, function in vars(public).items():
                if inspect.isfunction(function) and not part.startswith("_"):
                    yield f"{twin.__name__}.{name}.{part}", function


FUNCTIONS = [pytest.param(function, id=name) for name, function in callables()]


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_signature_is_short_and_reads_as_it_was_written(function):
    text = str(inspect.signature(function))
    assert len(text) <= 90 + 60 * len(inspect.signature(function).parameters)
    assert len(text) <= (400 if "wrt" in text else 360)
    assert ": '" not in text and "-> '" not in text, "an annotation in quotation marks"
    for name in ("Union", "ForwardRef", "_NestedSequence", "numpy.ndarray", "torch.Tensor"):
        assert name not in text


def test_help_shows_one_readable_line():
    first = pydoc.render_doc(ln.huber, renderer=pydoc.plaintext).splitlines()[2]
    assert first.startswith(
        "huber(pred: ArrayLike, target: ArrayLike, *, delta: float = 1.0, reduction: Reduction"
    )
    assert len(first) < 200


def test_help_on_a_gradient_shows_its_arguments_too():
    assert str(inspect.signature(ln.mae.grad)) == (
        "(pred: ArrayLike, target: ArrayLike, *, reduction: Reduction = 'mean', "
        "sample_weight: ArrayLike | None = None, wrt: str | None = None) -> ndarray"
    )
    assert "with respect to the first argument" in pydoc.render_doc(ln.mae.grad)


def test_a_tooltip_in_jupyter_gives_each_argument_a_line_that_one_can_read():
    shown = Inspector(theme_name="nocolor").info(ln.huber, oname="ln.huber")["definition"]
    assert "ln.huber(\n    pred: ArrayLike,\n    target: ArrayLike,\n    *,\n" in shown
    assert max(map(len, shown.splitlines())) <= 45


def test_sphinx_shows_the_same_when_it_is_told_the_aliases():
    aliases = {name: name for name in ("ArrayLike", "Reduction")}
    signature = sphinx.signature(ln.huber, type_aliases=aliases)
    assert sphinx.stringify_signature(signature) == str(inspect.signature(ln.huber))


@every_loss
def test_editors_complete_the_words_that_an_argument_may_be(record):
    words = {name: words_among(hyper.valid) for name, hyper in record.hyper.items()}
    for function in (numpy_loss(record), torch_loss(record)):
        hints = get_type_hints(function)
        for name, valid in (words | {"reduction": set(record.reductions)}).items():
            assert words_among([hints[name]]) == valid, name


def words_among(values):
    """The texts among values or type hints, and among those that they are made of."""
    found = {value for value in values if isinstance(value, str)}
    parts = [value if isinstance(value, tuple) else get_args(value) for value in values]
    return found.union(*map(words_among, filter(None, parts)))


WRONG = """
import lossfns
import lossfns.numpy as ln
import lossfns.torch as lt
import torch
x = torch.zeros(2)
lt.mse(x, x, reduction="sum")
lt.mse(x, x, reduction="avg")      # wrong
lt.rmse(x, x, reduction="sum")     # wrong
ln.mse([0.0], [1.0], reduction="sum")
ln.mse([0.0], [1.0], reduction="avg")     # wrong
ln.rmse([0.0], [1.0], reduction="sum")    # wrong
lt.gan_generator(x, kind="hinge")
lt.gan_generator(x, kind="vanilla")       # wrong
lossfns.choose("regression", outliers=True)
lossfns.choose("ranking")
lossfns.choose("regresion")                    # wrong
lossfns.choose("regression", outlier=True)     # wrong
"""


def test_a_type_checker_refuses_what_the_library_refuses(tmp_path):
    (tmp_path / "wrong.py").write_text(WRONG)
    root = lossfns.__path__[0].rpartition("/")[0]
    command = [sys.executable, "-m", "mypy", "--cache-dir", tmp_path / "cache", "wrong.py"]
    command += ["--follow-imports", "silent", "--ignore-missing-imports"]
    environment = {"MYPYPATH": root, "PATH": ""}
    result = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True)
    lines = {int(line.split(":")[1]) for line in result.stdout.splitlines() if ": error:" in line}
    wrong = {n for n, line in enumerate(WRONG.splitlines(), start=1) if "# wrong" in line}
    assert lines == wrong, result.stdout + result.stderr
