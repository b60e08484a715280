"""requirements.txt pins what pyproject.toml asks for, and installs on any machine."""

import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
LINES = [
    line
    for line in (ROOT / "requirements.txt").read_text().splitlines()
    if line and not line.startswith("#")
]
PINNED = {canonicalize_name(r.name): r for r in map(Requirement, LINES)}


def wanted(extra):
    """What an extra asks for, with what the extras that it names ask for."""
    for text in PROJECT["optional-dependencies"][extra]:
        requirement = Requirement(text)
        if requirement.name == PROJECT["name"]:
            for other in sorted(requirement.extras):  # a set, whose order changes
                yield from wanted(other)
        else:
            yield requirement


@pytest.mark.parametrize(
    "requirement", [*map(Requirement, PROJECT["dependencies"]), *wanted("dev")], ids=str
)
def test_what_the_project_asks_for_is_pinned_to_a_version_that_fits(requirement):
    (pin,) = PINNED[canonicalize_name(requirement.name)].specifier
    assert requirement.specifier.contains(pin.version)


def test_every_line_is_one_exact_public_version():
    for line in LINES:
        requirement = Requirement(line)
        (pin,) = requirement.specifier
        assert pin.operator == "==" and "+" not in pin.version, line
        assert not Version(pin.version).is_prerelease, line
        assert requirement.url is None, line


# What README promises: the newest is the last that the pinned PyTorch has wheels for.
OLDEST, NEWEST = "3.11.0", "3.14.0"
PLATFORMS = [
    "x86_64-manylinux_2_28",
    "aarch64-manylinux_2_28",
    "aarch64-apple-darwin",
    "x86_64-pc-windows-msvc",
]


@pytest.mark.parametrize("platform", PLATFORMS)
@pytest.mark.parametrize("version", [OLDEST, NEWEST])
def test_the_lock_installs_on_every_python_and_machine_that_readme_names(
    version, platform, tmp_path
):
    """As wheels: nobody needs a compiler, and no version is too new for an old Python."""
    uv = Path(sys.executable).parent / "uv"
    command = [uv, "pip", "compile", "-q", ROOT / "requirements.txt", "-o", tmp_path / "resolved"]
    command += ["--python-version", version, "--python-platform", platform]
    command += ["--only-binary", ":all:", "--no-annotate", "--no-header"]
    # Without it uv would download the Python that it resolves for.
    command += ["--python", sys.executable]
    # PyTorch 2.13 is built for macOS 14, and uv assumes 13.
    environment = os.environ | {"MACOSX_DEPLOYMENT_TARGET": "14.0", "UV_HTTP_RETRIES": "10"}
    result = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    resolved = (tmp_path / "resolved").read_text().splitlines()
    # With what CUDA needs on Linux, which the lock leaves to the build of PyTorch.
    unpinned = [r for r in map(Requirement, resolved) if canonicalize_name(r.name) not in PINNED]
    assert all(r.name.startswith(("nvidia-", "cuda-", "triton")) for r in unpinned), unpinned


def test_readme_and_the_lock_name_the_pythons_that_are_tried_here():
    named = f"Python {OLDEST.removesuffix('.0')} to {NEWEST.removesuffix('.0')}"
    for file in ("README.md", "requirements.txt", "Makefile", "book/instructors.md"):
        assert named in " ".join((ROOT / file).read_text().replace("\\\n\t", "").split()), file


def test_nothing_in_the_lock_exists_for_one_kind_of_machine_only():
    assert not [name for name in PINNED if name.startswith(("nvidia-", "cuda-", "triton"))]
