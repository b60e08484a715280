"""What every part of the tests shares."""

import os
import random
import sys

import pytest
import runtime
import system

# Tests run side by side, and their arrays are small: threads that wait for each other's core made
# some of them forty times slower. Set before torch or NumPy is imported, and for child processes.
os.environ.setdefault("OMP_NUM_THREADS", "1")

# Where submissions are graded.
GRADES = ("grader", "coursework")
PATH = os.environ["PATH"]


def pytest_runtest_setup(item):
    """What a test draws without a seed of its own is the same in any order and on any worker.

    A test of the grader that does not use the fixture `sandbox` finds none, as on a machine that
    has none: there it would not be left out.
    """
    random.seed(0)
    if "torch" in sys.modules:
        sys.modules["torch"].manual_seed(0)
    hidden = item.path.parent.name in GRADES and not item.get_closest_marker("sandbox")
    os.environ["PATH"] = system.path_without_sandbox() if hidden else PATH
    if "grader.levels" in sys.modules:
        sys.modules["grader.levels"].find_level.cache_clear()


@pytest.fixture(scope="session")
def sandbox():
    """Used by whatever grades: it is left out where there is no bubblewrap."""


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items):
    """Tests that use a fixture of system.FIXTURES have its mark, by which they can be left out.

    Tests marked `gpu` need one, those marked `pyodide` a distribution of Pyodide.
    """
    for item in items:
        for fixture in system.FIXTURES.keys() & set(getattr(item, "fixturenames", ())):
            item.add_marker(system.FIXTURES[fixture])
    leave_out(items, "gpu", "no GPU", lambda: __import__("torch").cuda.is_available())
    leave_out(items, "pyodide", "no Pyodide", runtime.find)


def leave_out(items, mark, reason, is_there):
    marked = [item for item in items if item.get_closest_marker(mark)]
    if marked and not is_there():
        for item in marked:
            item.add_marker(pytest.mark.skip(reason=reason))
