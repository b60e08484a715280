"""requirements.txt pins what pyproject.toml asks for, and installs on any machine."""

import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

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
        assert requirement.url is None, line


def test_nothing_in_the_lock_exists_for_one_kind_of_machine_only():
    assert not [name for name in PINNED if name.startswith(("nvidia-", "cuda-", "triton"))]
