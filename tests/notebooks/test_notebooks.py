"""notebooks/ is what the builder makes of book/, and runs where there is no checkout."""

import json
import os
import re
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import nbformat
import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
COMMITTED = sorted((ROOT / "notebooks").glob("*.ipynb"))
# The numbered pages teach, with quizzes; the others are reference pages.
CHAPTERS = [path for path in COMMITTED if path.stem[0].isdigit()]
URL = yaml.safe_load((ROOT / "_config.yml").read_text())["repository"]["url"]


@pytest.fixture(scope="module")
def generated(tmp_path_factory):
    """Generate the notebooks as `make notebooks` does, elsewhere."""
    folder = tmp_path_factory.mktemp("notebooks")
    command = [
        Path(sys.executable).parent / "jupyter-book", "build", ROOT, "-q", "-W", "-n",
        "--keep-going", "--path-output", folder, "--builder", "custom",
        "--custom-builder", "notebook",
    ]
    result = subprocess.run(command, capture_output=True, text=True)
    assert result.returncode == 0, result.stdout + result.stderr
    return folder / "_build" / "notebook"


def test_notebooks_are_in_step_byte_for_byte(generated):
    made = sorted(generated.glob("*.ipynb"))
    assert [path.name for path in made] == [path.name for path in COMMITTED]
    for new, old in zip(made, COMMITTED, strict=True):
        assert new.read_bytes() == old.read_bytes(), f"{old.name} is old: make notebooks"


def test_every_page_with_cells_has_a_notebook():
    chapters = {p.stem for p in (ROOT / "book").glob("*.md") if "{code-cell}" in p.read_text()}
    assert {path.stem for path in COMMITTED} == chapters


def test_the_readme_names_source_and_command():
    text = (ROOT / "notebooks" / "README.md").read_text()
    assert "make notebooks" in text
    assert "book/" in text


@pytest.mark.parametrize("path", COMMITTED, ids=lambda p: p.stem)
class TestNotebook:
    def test_is_valid_and_clean(self, path):
        notebook = nbformat.read(path, as_version=4)
        nbformat.validate(notebook)
        assert notebook.metadata.kernelspec.name == "python3"
        for cell in notebook.cells:
            if cell.cell_type == "code":
                assert cell.outputs == []
                assert cell.execution_count is None

    def test_starts_with_the_set_up(self, path):
        first = nbformat.read(path, as_version=4).cells[0]
        assert first.cell_type == "code"
        assert "LOSSFNS_WHEEL" in first.source
        assert f"git+{URL}@" in first.source

    def test_text_is_plain_markdown(self, path):
        for cell in nbformat.read(path, as_version=4).cells:
            if cell.cell_type == "markdown":
                assert not re.search(r"^\s*(```|:::+)\{", cell.source, re.MULTILINE), cell.source
                assert not re.search(r"\{[a-z:]+\}`", cell.source), cell.source
                assert "Solution to" not in cell.source

    def test_knows_no_file_of_the_checkout(self, path):
        text = path.read_text(encoding="utf8")
        assert "../" not in text
        for cell in json.loads(text)["cells"]:
            source = "".join(cell["source"])
            if cell["cell_type"] == "code":
                assert '"quizzes/' not in source
            else:
                for target in re.findall(r"\]\(([^)\s]+)\)", source):
                    if not target.startswith(("#", "http://", "https://")):
                        assert (ROOT / "notebooks" / target.split("#")[0]).exists(), target

    def test_every_internal_link_has_its_anchor(self, path):
        text = "\n".join(c.source for c in nbformat.read(path, as_version=4).cells)
        anchors = set(re.findall(r'<a id="([^"]+)"></a>', text))
        assert set(re.findall(r"\]\(#([^)]+)\)", text)) <= anchors


@pytest.fixture(scope="module")
def elsewhere(tmp_path_factory):
    """An environment like Colab's: everything but lossfns, and no checkout in sight."""
    folder = tmp_path_factory.mktemp("elsewhere")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder / "venv"], check=True)
    python = folder / "venv" / "bin" / "python"
    ask = [python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"]
    packages = Path(subprocess.run(ask, capture_output=True, text=True).stdout.strip())
    for entry in Path(sysconfig.get_path("purelib")).iterdir():
        if "lossfns" not in entry.name:
            (packages / entry.name).symlink_to(entry)

    source = folder / "source"
    shutil.copytree(ROOT / "lossfns", source / "lossfns")
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    pip = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation"]
    subprocess.run([*pip, "--wheel-dir", folder, source], check=True)
    (wheel,) = folder.glob("*.whl")
    shutil.rmtree(source)
    return python, wheel


RUN = """
import sys, nbformat
from nbclient import NotebookClient
notebook = nbformat.read(sys.argv[1], as_version=4)
NotebookClient(notebook, timeout=300, extra_arguments=["--log-level=ERROR"]).execute()
nbformat.write(notebook, sys.argv[1])
"""


def run_notebook(python, notebook, folder, wheel):
    """Execute a notebook with a python of its own. Return the result and the cells."""
    path = folder / "notebook.ipynb"
    nbformat.write(notebook, path)
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("LOSSFNS", "PYTHON"))}
    environment |= {"LOSSFNS_WHEEL": str(wheel), "PIP_NO_INDEX": "1"}
    command = [python, "-c", RUN, path]
    result = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
    return result, nbformat.read(path, as_version=4).cells


def printed(cell):
    return "".join(output.get("text", "") for output in cell.outputs)


def test_notebook_runs_outside_the_checkout(elsewhere, tmp_path):
    python, wheel = elsewhere
    missing = subprocess.run([python, "-c", "import lossfns"], cwd=tmp_path, capture_output=True)
    assert missing.returncode != 0
    notebook = nbformat.read(ROOT / "notebooks" / "01_foundations.ipynb", as_version=4)
    notebook.cells.append(nbformat.v4.new_code_cell("print(lossfns.__file__)"))
    result, cells = run_notebook(python, notebook, tmp_path, wheel)
    assert result.returncode == 0, result.stderr
    assert str(python.parent.parent) in printed(cells[-1])
    assert re.search(r"NumPy [\d.]+, torch .+, lossfns [\d.]+, device \w+", printed(cells[0]))
    kinds = {kind for c in cells for o in c.get("outputs", []) for kind in o.get("data", {})}
    assert "application/vnd.jupyter.widget-view+json" in kinds, "explorers are live"
    assert "application/javascript" in kinds, "quizzes are shown"


@pytest.mark.parametrize("path", CHAPTERS, ids=lambda p: p.stem)
def test_quizzes_need_no_file(elsewhere, tmp_path, path):
    notebook = nbformat.read(path, as_version=4)
    first, *rest = notebook.cells
    notebook.cells = [first, *(c for c in rest if "display_quiz(json" in c.source)]
    assert len(notebook.cells) > 1
    python, wheel = elsewhere
    result, cells = run_notebook(python, notebook, tmp_path, wheel)
    assert result.returncode == 0, result.stderr
    for cell in cells[1:]:
        assert any("application/javascript" in o.get("data", {}) for o in cell.outputs)


def test_set_up_leaves_an_installed_lossfns_alone(tmp_path):
    notebook = nbformat.read(COMMITTED[0], as_version=4)
    notebook.cells = notebook.cells[:1]
    result, cells = run_notebook(sys.executable, notebook, tmp_path, "no-such.whl")
    assert result.returncode == 0, result.stderr
    assert "lossfns" in printed(cells[0])


def test_set_up_says_what_to_do_when_it_cannot_install(elsewhere, tmp_path):
    python, _ = elsewhere
    subprocess.run([python, "-m", "pip", "uninstall", "--yes", "lossfns"], capture_output=True)
    notebook = nbformat.read(COMMITTED[0], as_version=4)
    notebook.cells = notebook.cells[:1]
    result, _ = run_notebook(python, notebook, tmp_path, tmp_path / "no-such.whl")
    assert result.returncode != 0
    assert "pip install --no-deps ." in result.stderr
    assert URL in result.stderr
