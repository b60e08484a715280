"""notebooks/ is what the builder makes of book/, and runs where there is no checkout."""

import base64
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tempfile
import zipfile
from pathlib import Path

import nbformat
import pytest
import yaml
from distribution import build
from set_up import set_up, wheel as address

ROOT = Path(__file__).resolve().parents[2]
NOTEBOOKS = ROOT / "notebooks"
COMMITTED = sorted(NOTEBOOKS.rglob("*.ipynb"))
EXERCISES = sorted((ROOT / "exercises").rglob("*.ipynb"))
each = pytest.mark.parametrize(
    "path", COMMITTED, ids=lambda p: p.relative_to(NOTEBOOKS).with_suffix("").as_posix()
)


@pytest.fixture(scope="module")
def generated(tmp_path_factory):
    """Generate the notebooks as `make notebooks` does, elsewhere."""
    folder = tmp_path_factory.mktemp("notebooks")
    command = [
        Path(sys.executable).parent / "jupyter-book",
        "build",
        ROOT,
        "-q",
        "-W",
        "-n",
        "--keep-going",
        "--path-output",
        folder,
        "--builder",
        "custom",
        "--custom-builder",
        "notebook",
    ]
    result = subprocess.run(command, capture_output=True, text=True)
    assert result.returncode == 0, result.stdout + result.stderr
    return folder / "_build" / "notebook"


def test_notebooks_are_in_step_byte_for_byte(generated):
    made = sorted(generated.rglob("*.ipynb"))
    names = [path.relative_to(generated) for path in made]
    assert names == [path.relative_to(NOTEBOOKS) for path in COMMITTED]
    for new, old in zip(made, COMMITTED, strict=True):
        assert new.read_bytes() == old.read_bytes(), f"{old.name} is old: make notebooks"


def test_every_page_with_cells_has_a_notebook():
    book = ROOT / "book"
    pages = {p.relative_to(book) for p in book.rglob("*.md") if "{code-cell}" in p.read_text()}
    assert {p.relative_to(NOTEBOOKS) for p in COMMITTED} == {p.with_suffix(".ipynb") for p in pages}


def test_the_readme_names_source_and_command():
    text = (ROOT / "notebooks" / "README.md").read_text()
    assert "make notebooks" in text
    assert "book/" in text


def plain(markdown):
    """Without the backslashes and the marks of formulas and code."""
    return re.sub(r"[\\`$]", "", markdown)


@each
class TestNotebook:
    def test_is_valid_and_clean(self, path):
        notebook = nbformat.read(path, as_version=4)
        nbformat.validate(notebook)
        assert notebook.metadata.kernelspec.name == "python3"
        for cell in notebook.cells:
            if cell.cell_type == "code":
                assert cell.outputs == []
                assert cell.execution_count is None

    def test_title_comes_first_and_the_folded_set_up_before_all_other_code(self, path):
        cells = nbformat.read(path, as_version=4).cells
        assert cells[0].cell_type == "markdown" and cells[0].source.startswith("# ")
        first = next(cell for cell in cells if cell.cell_type == "code")
        assert first.source == set_up(quizzes=True)
        assert first.metadata.cellView == "form"

    def test_the_first_line_says_what_it_is(self, path):
        title, line, *_ = nbformat.read(path, as_version=4).cells[0].source.split("\n\n")
        name = re.sub(r"^# ([\d.]+ )?", "", title)
        assert line.startswith("> This notebook is the page ")
        assert f"*{plain(name)}*" in plain(line)
        assert "the course *Loss Functions in Machine Learning*" in line
        assert "None" not in line and "not set" not in line

    def test_text_is_plain_markdown(self, path):
        for cell in nbformat.read(path, as_version=4).cells:
            if cell.cell_type == "markdown":
                assert not re.search(r"^\s*(```|:::+)\{", cell.source, re.MULTILINE), cell.source
                assert not re.search(r"\{[a-z:]+\}`", cell.source), cell.source
                assert "Solution to" not in cell.source

    def test_knows_no_file_of_the_checkout(self, path):
        text = path.read_text(encoding="utf8")
        for cell in json.loads(text)["cells"]:
            source = "".join(cell["source"])
            if cell["cell_type"] == "code":
                assert '"quizzes/' not in source
            else:
                for target in re.findall(r"\]\(([^)\s]+)\)", source):
                    # Beside a copy in somebody's Drive lies no other notebook.
                    assert target.startswith(("#", "http://", "https://", "data:")), target

    def test_every_internal_link_has_its_anchor(self, path):
        text = "\n".join(c.source for c in nbformat.read(path, as_version=4).cells)
        anchors = set(re.findall(r'<a id="([^"]+)"></a>', text))
        assert set(re.findall(r"\]\(#([^)]+)\)", text)) <= anchors


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    return build(tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="module")
def elsewhere(tmp_path_factory, wheel):
    """An environment with everything but lossfns, and no checkout in sight."""
    return environment(tmp_path_factory.mktemp("elsewhere")), wheel


# What Colab has, where it is older than what this course is tested with.
COLAB = ["ipywidgets==7.7.1", "ipython==7.34.0", "ipykernel==6.17.1"]
OLD_NEEDS = [
    *("ipython-genutils==0.2.0", "backcall==0.2.0", "pickleshare==0.7.5", "nest-asyncio==1.6.0"),
    "decorator==5.2.1",
]


@pytest.fixture(scope="module")
def colab(tmp_path_factory, wheel):
    """The same with the versions of Colab."""
    return environment(tmp_path_factory.mktemp("colab"), colab_packages()), wheel


def colab_packages():
    """The folder with those versions, installed once."""
    key = hashlib.sha256(f"{COLAB} {OLD_NEEDS} {sys.version}".encode()).hexdigest()[:12]
    folder = ROOT / "_build" / "colab" / key
    if not folder.exists():
        folder.parent.mkdir(parents=True, exist_ok=True)
        fresh = Path(tempfile.mkdtemp(dir=folder.parent))
        pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", fresh]
        subprocess.run([*pip, *COLAB, *OLD_NEEDS], check=True)
        fresh.rename(folder)
    return folder


def environment(folder, first=None):
    """A Python of its own: what the folder `first` holds, then what this environment does."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder / "venv"], check=True)
    python = folder / "venv" / "bin" / "python"
    ask = [python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"]
    site = Path(subprocess.run(ask, capture_output=True, text=True, check=True).stdout.strip())
    own = {}
    for place in filter(None, (first, Path(sysconfig.get_path("purelib")))):
        entries = {entry: entry.name.lower().partition("-")[0] for entry in place.iterdir()}
        for entry, name in entries.items():
            name = name.replace("_", "-")
            if "lossfns" not in name and own.setdefault(name, place) == place:
                (site / entry.name).symlink_to(entry)
    return python


# A notebook installs lossfns into the environment by itself; where it is there already,
# `run_all.py` forks its kernels from a process that has imported it.
RUN = """
import sys, nbformat
from nbclient import NotebookClient
notebook = nbformat.read(sys.argv[1], as_version=4)
NotebookClient(notebook, timeout=300, extra_arguments=["--log-level=ERROR"]).execute()
nbformat.write(notebook, sys.argv[1])
"""


def run_notebook(python, notebook, folder, wheel):
    """Execute a notebook with a python of its own. Return the result and the cells."""
    path = written(notebook, folder)
    result = subprocess.run(
        [python, "-c", RUN, path],
        cwd=folder,
        env=clean_environment(wheel),
        capture_output=True,
        text=True,
    )
    return result, nbformat.read(path, as_version=4).cells


def written(notebook, folder):
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "notebook.ipynb"
    nbformat.write(notebook, path)
    return path


def clean_environment(wheel):
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("LOSSFNS", "PYTHON"))}
    return kept | {"LOSSFNS_WHEEL": str(wheel), "PIP_NO_INDEX": "1"}


def printed(cell):
    return "".join(output.get("text", "") for output in cell.outputs)


def shown(cells):
    return {kind for c in cells for o in c.get("outputs", []) for kind in o.get("data", {})}


def test_notebook_runs_outside_the_checkout(elsewhere, tmp_path):
    python, wheel = elsewhere
    missing = subprocess.run([python, "-c", "import lossfns"], cwd=tmp_path, capture_output=True)
    assert missing.returncode != 0
    notebook = nbformat.read(with_explorers()[0], as_version=4)
    where = "import lossfns; print(lossfns.__file__)"
    notebook.cells += map(nbformat.v4.new_code_cell, [MOVE, where])
    result, cells = run_notebook(python, notebook, tmp_path, wheel)
    assert result.returncode == 0, result.stderr
    assert printed(cells[-2]) == "True ()\n"
    assert str(python.parent.parent) in printed(cells[-1])
    assert "application/vnd.jupyter.widget-view+json" in shown(cells), "explorers are live"
    assert "application/javascript" in shown(cells), "quizzes are shown"


def with_explorers():
    """The notebooks that show an explorer, whose set-up says so in no other way."""
    return [path for path in COMMITTED if "explore(" in path.read_text()]


MOVE = """
from lossfns.explore import Slider, explore
from lossfns.explore.style import figure

def drawing(a):
    return figure(height=1, alt=f"a is {a}")[0]

picture, row, errors = explore(drawing, a=Slider([0, 1, 2], start=1)).widget().children
row.children[0].value = 2
print("a is 2" in picture.value, errors.outputs)
"""


def test_everything_runs_with_the_versions_of_colab(colab, tmp_path):
    """All of it: notebooks with their explorers alive, and exercises up to the first answer."""
    python, wheel = colab
    versions = "from importlib.metadata import version; print(*map(version, {!r}))"
    names, wanted = zip(*(pin.split("==") for pin in COLAB), strict=True)
    ask = [python, "-c", versions.format(names)]
    assert subprocess.run(ask, capture_output=True, text=True).stdout.split() == list(wanted)

    # The first installs the wheel, the others then find it.
    first, _ = run_notebook(python, nbformat.read(COMMITTED[0], as_version=4), tmp_path, wheel)
    assert first.returncode == 0, first.stderr
    copies = {}
    for number, path in enumerate(COMMITTED + EXERCISES):
        notebook = nbformat.read(path, as_version=4)
        notebook.metadata["title"] = path.name
        if path in EXERCISES:
            for cell in notebook.cells:  # nothing is answered: checks and what follows them fail
                if cell.id != "set-up":
                    tags = {*cell.metadata.get("tags", []), "raises-exception"}
                    cell.metadata["tags"] = sorted(tags)
        else:
            notebook.cells.append(nbformat.v4.new_code_cell(MOVE))
        copies[path] = written(notebook, tmp_path / str(number))
    runner = [python, Path(__file__).with_name("run_all.py"), *copies.values()]
    run = subprocess.run(runner, env=clean_environment(wheel), capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    filmed = drawn = 0
    for path, copy in copies.items():
        cells = nbformat.read(copy, as_version=4).cells
        if path in COMMITTED:
            assert printed(cells[-1]) == "True ()\n", path.name
        for output in (o for c in cells for o in c.get("outputs", [])):
            plain = output.get("data", {}).get("text/plain", "")
            if plain.startswith("<explorer "):
                assert "application/vnd.jupyter.widget-view+json" in output.data, path.name
                filmed += 1
            if plain.startswith("<explorer: "):
                assert "<svg" in output.data["text/html"], path.name
                drawn += 1
            if output.output_type == "error":
                assert path in EXERCISES, output.evalue
                assert output.ename in ("NotImplementedError", "NameError"), path.name
            else:
                assert "Traceback" not in output.get("text", ""), output.text
    assert filmed >= 2
    assert drawn >= 9


def test_quizzes_are_plain_text_where_jupyterquiz_is_missing(elsewhere, tmp_path):
    python, wheel = elsewhere
    path = next(p for p in COMMITTED if "display_quiz(json" in p.read_text())
    notebook = nbformat.read(path, as_version=4)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    quiz = next(cell for cell in code if "display_quiz(json" in cell.source)
    gone = nbformat.v4.new_code_cell('import sys; sys.modules["jupyterquiz"] = None')
    notebook.cells = [code[0], gone, quiz]
    result, cells = run_notebook(python, notebook, tmp_path, wheel)
    assert result.returncode == 0, result.stderr
    assert re.search(r"^1\. .+\n   a\) ", printed(cells[-1]))
    assert "Answers: 1 " in printed(cells[-1])


def only_set_up():
    notebook = nbformat.read(COMMITTED[0], as_version=4)
    notebook.cells = [nbformat.v4.new_code_cell(set_up(quizzes=True))]
    return notebook


def test_set_up_leaves_an_installed_lossfns_alone(tmp_path):
    result, _ = run_notebook(sys.executable, only_set_up(), tmp_path, "no-such.whl")
    assert result.returncode == 0, result.stderr


@pytest.mark.parametrize("wheel", ["no-such.whl", ""])
def test_set_up_says_what_to_do_when_it_cannot_install(tmp_path, wheel):
    python = environment(tmp_path / "environment")
    result, _ = run_notebook(python, only_set_up(), tmp_path, wheel and tmp_path / wheel)
    assert result.returncode != 0
    assert "Put its wheel, the file lossfns-….whl, beside this notebook" in result.stderr
    assert "`pip install .`" in result.stderr
    assert wheel in result.stderr, "what pip said"


def test_set_up_takes_a_wheel_that_lies_beside_the_notebook(tmp_path, wheel):
    python = environment(tmp_path / "environment")
    shutil.copy(wheel, tmp_path)
    result, _ = run_notebook(python, only_set_up(), tmp_path, "")
    assert result.returncode == 0, result.stderr
    assert next(tmp_path.glob("environment/venv/lib/*/site-packages/lossfns")).is_dir()


@pytest.mark.parametrize("right", [True, False])
def test_a_release_is_installed_only_if_it_has_its_hash(tmp_path, wheel, right):
    """pip holds the file to the hash in the address; here it lies on this machine."""
    python = environment(tmp_path / "environment")
    digest = hashlib.sha256(wheel.read_bytes()).hexdigest() if right else "0" * 64
    notebook = only_set_up()
    source = f'default="{wheel.as_uri()}#sha256={digest}"'
    notebook.cells[0].source = re.sub(r'default=".*"', source, notebook.cells[0].source)
    assert source in notebook.cells[0].source
    result, _ = run_notebook(python, notebook, tmp_path, "")
    installed = list(tmp_path.glob("environment/venv/lib/*/site-packages/lossfns"))
    assert bool(installed) == right == (result.returncode == 0), result.stderr
    assert right or "DO NOT MATCH THE HASHES" in result.stderr


def test_set_up_asks_nobody_before_there_is_a_release_with_an_address():
    """Whoever claimed a made-up address could run code on every learner's machine."""
    assert address() == "" or "#sha256=" in address()
    for path in COMMITTED + EXERCISES:
        text = path.read_text(encoding="utf8")
        assert "git+http" not in text and "SystemExit" not in text
        assert address() or "releases/download" not in text


def test_a_release_is_installed_by_address_and_hash(monkeypatch, tmp_path):
    digest = "ab" * 32
    (tmp_path / "_config.yml").write_text("repository: {url: 'https://example.org/us/course'}")
    (tmp_path / "release.yml").write_text(f"version: '1.2.3'\nsha256: '{digest}'")
    monkeypatch.setattr("set_up.ROOT", tmp_path)
    monkeypatch.setattr("set_up.RELEASE", tmp_path / "release.yml")
    name = "lossfns-1.2.3-py3-none-any.whl"
    expected = f"https://example.org/us/course/releases/download/v1.2.3/{name}#sha256={digest}"
    assert address() == expected
    assert f'"{expected}"' in set_up(quizzes=False)


def test_the_same_sources_give_the_same_wheel(wheel, tmp_path):
    """On another day, and from files that are nobody else's to read."""
    source = tmp_path / "source"
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "lossfns", source / "lossfns", ignore=ignored)
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    for path in source.rglob("*"):
        os.utime(path, (1_000_000_000, 1_000_000_000))
        path.chmod(0o700 if path.is_dir() else 0o600)
    again = build(tmp_path, source)
    assert again.name == wheel.name
    assert again.read_bytes() == wheel.read_bytes()


def test_nothing_in_the_wheel_depends_on_the_tools_that_built_it(wheel):
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        assert names == [*sorted(names[:-1]), names[-1]]
        assert {info.compress_type for info in archive.infolist()} == {zipfile.ZIP_STORED}
        assert {info.date_time for info in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        about = archive.read(names[-1].replace("RECORD", "WHEEL")).decode()
        assert "Generator: setuptools\n" in about
        record = [line.split(",") for line in archive.read(names[-1]).decode().splitlines()]
        assert sorted(name for name, _, _ in record) == sorted(names)
        for name, digest, size in record[:-1]:
            content = archive.read(name)
            value = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).decode()
            assert (digest, size) == (f"sha256={value.rstrip('=')}", str(len(content)))


def test_the_code_of_a_released_version_does_not_change(wheel):
    """After a release the version goes up before anything else changes."""
    release = yaml.safe_load((ROOT / "book" / "release.yml").read_text())
    if release["version"] == wheel.name.split("-")[1]:
        assert hashlib.sha256(wheel.read_bytes()).hexdigest() == release["sha256"]
