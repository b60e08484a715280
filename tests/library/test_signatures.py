"""What `help`, the tooltips of Jupyter and a type checker say of a function."""

import inspect
import pydoc
import subprocess
import sys

import pytest

import lossfns
import lossfns.numpy as ln
import lossfns.torch as lt

FUNCTIONS = [
    pytest.param(getattr(twin, name), id=f"{twin.__name__}.{name}")
    for twin in (ln, lt)
    for name in twin.__all__
]


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_signature_is_short_and_reads_as_it_was_written(function):
    text = str(inspect.signature(function))
    assert len(text) <= 90 * len(inspect.signature(function).parameters) and len(text) <= 360
    assert ": '" not in text and "-> '" not in text, "an annotation in quotation marks"
    for name in ("Union", "ForwardRef", "_NestedSequence", "numpy.ndarray", "torch.Tensor"):
        assert name not in text


def test_help_shows_one_readable_line():
    first = pydoc.render_doc(ln.huber, renderer=pydoc.plaintext).splitlines()[2]
    assert first.startswith(
        "huber(pred: ArrayLike, target: ArrayLike, *, delta: float = 1.0, reduction: Reduction"
    )
    assert len(first) < 200


WRONG = """
import lossfns
import lossfns.torch as lt
import torch
x = torch.zeros(2)
lt.mse(x, x, reduction="sum")
lt.mse(x, x, reduction="avg")
lt.rmse(x, x, reduction="sum")
lossfns.choose("regression", outliers=True)
lossfns.choose("regresion")
lossfns.choose("regression", outlier=True)
"""


def test_a_type_checker_refuses_what_the_library_refuses(tmp_path):
    (tmp_path / "wrong.py").write_text(WRONG)
    root = lossfns.__path__[0].rpartition("/")[0]
    command = [sys.executable, "-m", "mypy", "--cache-dir", tmp_path / "cache", "wrong.py"]
    command += ["--follow-imports", "silent", "--ignore-missing-imports"]
    environment = {"MYPYPATH": root, "PATH": ""}
    result = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True)
    lines = {int(line.split(":")[1]) for line in result.stdout.splitlines() if ": error:" in line}
    assert lines == {7, 8, 10, 11}, result.stdout + result.stderr
