"""Kernels that are forked: fast, apart from each other, and gone when nobody wants them."""

import os
import time

import nbformat
import pytest
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError
from warm import warm_kernels

CODE = """
import os, random, sys
import numpy as np
print("torch" in sys.modules, hasattr(os, "mark"), os.getpid())
print(random.random(), np.random.rand())
os.mark = True
"""


@pytest.fixture(scope="module")
def kernels():
    with warm_kernels() as manager:
        yield manager


def run(kernels, *cells):
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    NotebookClient(notebook, kernel_manager_class=kernels, timeout=5).execute()
    return ["".join(output.text for output in cell.outputs) for cell in notebook.cells]


def alive(pid):
    return os.path.exists(f"/proc/{pid}")


def test_kernels_share_what_is_imported_and_nothing_else(kernels):
    seen = [run(kernels, CODE)[0].split() for _ in range(2)]
    for imported, marked, *_ in seen:
        assert (imported, marked) == ("True", "False")
    numbers = [number for *_, one, other in seen for number in (one, other)]
    assert len(set(numbers)) == 4, "seeds that are the same on every page"


def test_no_kernel_is_left(kernels):
    pid = int(run(kernels, "import os; print(os.getpid())")[0])
    start = time.monotonic()
    while alive(pid) and time.monotonic() - start < 60:
        time.sleep(0.1)
    assert not alive(pid)


def test_an_error_and_a_cell_that_takes_too_long_are_told(kernels):
    with pytest.raises(CellExecutionError, match="ZeroDivisionError"):
        run(kernels, "1 / 0")
    with pytest.raises(TimeoutError):
        run(kernels, "import time; time.sleep(60)")


def test_pages_do_not_see_the_extensions_of_the_book(kernels):
    code = "import importlib.util as u; print(u.find_spec('warm'), u.find_spec('lossfns') is None)"
    assert run(kernels, code)[0].split() == ["None", "False"]
