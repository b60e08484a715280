"""What every part of the tests shares."""

import os
import random
import sys

import pytest
import runtime

# Tests run side by side, and their arrays are small: threads that wait for each other's core made
# some of them forty times slower. Set before torch or NumPy is imported, and for child processes.
os.environ.setdefault("OMP_NUM_THREADS", "1")


def pytest_runtest_setup(item):
    """What a test draws without a seed of its own is the same in any order and on any worker."""
    random.seed(0)
    if "torch" in sys.modules:
        sys.modules["torch"].manual_seed(0)


def pytest_collection_modifyitems(items):
    """Tests marked `gpu` need one, those marked `pyodide` a distribution of Pyodide."""
    leave_out(items, "gpu", "no GPU", lambda: __import__("torch").cuda.is_available())
    leave_out(items, "pyodide", "no Pyodide", runtime.find)


def leave_out(items, mark, reason, is_there):
    marked = [item for item in items if item.get_closest_marker(mark)]
    if marked and not is_there():
        for item in marked:
            item.add_marker(pytest.mark.skip(reason=reason))
