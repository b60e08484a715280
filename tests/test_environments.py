"""Environments besides the lock: for conda and for Codespaces. Both say what the project says."""

import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import nbformat
import pytest
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

ROOT = Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf8"))["project"]
# What conda-forge calls them.
CONDA = {"torch": "pytorch", "matplotlib": "matplotlib-base"}
PYTHONS = [f"3.{minor}" for minor in range(11, 15)]  # the lock's, see test_lock.py


def asked_for():
    """What the library, its PyTorch half and its explorers ask for."""
    extras = PROJECT["optional-dependencies"]
    return [
        Requirement(one) for one in PROJECT["dependencies"] + extras["torch"] + extras["explore"]
    ]


@pytest.fixture(scope="module")
def conda():
    """The packages of environment.yml with their ranges; what pip installs, too."""
    found = {}
    environment = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf8"))
    assert environment["name"] == PROJECT["name"]
    assert environment["channels"] == ["conda-forge"]
    for one in environment["dependencies"]:
        for text in one["pip"] if isinstance(one, dict) else [one]:
            name, ranges = re.fullmatch(r"(-e \.|[\w-]+) ?(.*)", text).groups()
            found[name] = SpecifierSet(ranges)
    return found


@pytest.mark.parametrize("requirement", asked_for(), ids=str)
def test_conda_installs_what_the_library_asks_for(conda, requirement):
    assert conda[CONDA.get(requirement.name, requirement.name)] == requirement.specifier


def test_conda_takes_the_pythons_that_the_project_is_tried_with(conda):
    assert [v for v in map("3.{}".format, range(30)) if f"{v}.0" in conda["python"]] == PYTHONS
    assert "-e ." in conda and "jupyterlab" in conda


def test_conda_brings_what_the_notebooks_import(conda):
    names = {
        "yaml": "pyyaml",
        "sklearn": "scikit-learn",
        "scipy": "scikit-learn",
        "lossfns": "-e .",
    } | CONDA
    known = set()
    for path in [*(ROOT / "notebooks").rglob("*.ipynb"), *(ROOT / "exercises").rglob("*.ipynb")]:
        for cell in nbformat.read(path, as_version=4).cells:
            if cell.cell_type == "code":
                known |= set(re.findall(r"^(?:from|import) (\w+)", cell.source, re.MULTILINE))
    for package in known - sys.stdlib_module_names:
        assert names.get(package, package) in conda, package


def test_a_codespace_makes_the_tested_environment():
    container = json.loads((ROOT / ".devcontainer" / "devcontainer.json").read_text("utf8"))
    version = re.fullmatch(r"mcr\.microsoft\.com/devcontainers/python:([\d.]+)-bookworm",
                           container["image"])[1]  # fmt: skip
    assert version in PYTHONS
    assert container["forwardPorts"] == [8000]
    planned = subprocess.run(
        [*container["postCreateCommand"].split(), "--dry-run", "--always-make"],
        cwd=ROOT, capture_output=True, text=True,
    )  # fmt: skip
    assert planned.returncode == 0, planned.stderr
    assert "--torch-backend cpu" in planned.stdout and "-e ." in planned.stdout
    kernel = container["customizations"]["vscode"]["settings"]["python.defaultInterpreterPath"]
    assert kernel == "${containerWorkspaceFolder}/.venv/bin/python"
