"""Who may import whom, as loaded modules in a fresh interpreter."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
HEAVY = ("torch", "matplotlib", "scipy", "sklearn", "ipywidgets", "IPython", "nbgrader", "grader")


def loaded_by(statement):
    """Which of the heavy packages an import brings in."""
    code = f"{statement}\nimport sys\nprint(*[name for name in {HEAVY} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


@pytest.mark.parametrize(
    "statement",
    ["import lossfns, lossfns.numpy", "import lossfns.check", "import lossfns.catalog"],
)
def test_needs_numpy_alone(statement):
    assert loaded_by(statement) == set()


def test_the_torch_twin_adds_torch_alone():
    assert loaded_by("import lossfns.torch") - {"scipy"} == {"torch"}


def test_importing_numpy_losses_takes_less_than_a_third_of_a_second():
    """Beyond NumPy itself, in time of the processor, so that a busy machine does not matter."""
    code = """
import time, numpy
start = time.process_time()
import lossfns.numpy
print(time.process_time() - start)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert float(done.stdout) < 0.3


@pytest.mark.parametrize("folder", ["lossfns", "book", "solutions", "exercises"])
def test_nothing_shipped_imports_the_grader(folder):
    pattern = re.compile(r"^\W*(from|import) grader\b", re.MULTILINE)
    sources = [p for p in (ROOT / folder).rglob("*") if p.suffix in {".py", ".md", ".ipynb"}]
    assert not [path for path in sources if pattern.search(path.read_text())]


def test_the_numpy_twin_never_names_torch():
    shared = [*ROOT.glob("lossfns/*.py"), *ROOT.glob("lossfns/records/*.py")]
    for path in [*ROOT.glob("lossfns/numpy/*.py"), *shared]:
        assert not re.search(r"^\s*(from|import) (torch|lossfns\.torch)", path.read_text(), re.M)
