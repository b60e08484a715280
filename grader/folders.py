"""The folders of this machine that a sandbox shows, and how their names are kept from learners."""

import functools
import os
import re
import sys
import sysconfig
import tempfile
from pathlib import Path

_RUNNING_CELL = re.compile(r"/tmp/ipykernel_\d+/\d+\.py")
_IN_SANDBOX = re.compile(r"/box\b(?:/inside\b)?/?")


def system_folders() -> list[str]:
    """Libraries of the system that Python needs."""
    names = ["/usr/lib", "/usr/lib64", "/lib", "/lib64", "/usr/local/lib", "/etc/ld.so.cache"]
    return [name for name in names if os.path.exists(name)]


def python_folders() -> list[str]:
    """The interpreter and its packages, wherever they are."""
    found = [path for path in _homes_of_python() if os.path.isdir(path)]
    system = ("/usr", "/")
    return [
        path
        for path in found
        if path not in system and not any(path.startswith(f"{o}/") for o in found if o != path)
    ] + (["/usr/bin"] if sys.base_prefix == "/usr" else [])


def installed_references() -> list[str]:
    """Where `lossfns` lies inside the folders that a sandbox shows: it must not be seen there."""
    places = [Path(path, "lossfns") for path in (*sys.path, sysconfig.get_paths()["purelib"])]
    bound = python_folders()
    return sorted(
        {
            str(place)
            for place in places
            if place.is_dir() and any(str(place).startswith(f"{folder}/") for folder in bound)
        }
    )


def short_folder() -> str:
    """A folder for temporary files with a short name."""
    usual = tempfile.gettempdir()
    return "/tmp" if len(usual) > 60 and os.access("/tmp", os.W_OK) else usual


def without_folders(text: str) -> str:
    """A text for learners: files of packages are named from the package on, others by name only."""
    for folder, instead in _replacements():
        text = text.replace(folder, instead)
    return _IN_SANDBOX.sub("", _RUNNING_CELL.sub("your cell", text))


@functools.cache
def _replacements() -> list[tuple[str, str]]:
    known = sysconfig.get_paths()
    packages = {known["purelib"], known["platlib"]}
    packages |= {os.path.realpath(path) for path in packages}
    library = {known["stdlib"], known["platstdlib"], os.path.realpath(known["stdlib"])}
    found = [(f"{path}/", "") for path in packages] + [(f"{path}/", "python/") for path in library]
    found += [(path, "python") for path in _homes_of_python() if path not in ("/usr", "/")]
    # The longest first: one may lie in another.
    return sorted(found, key=lambda one: (-len(one[0]), one))


def _homes_of_python() -> list[str]:
    known = sysconfig.get_paths()
    paths = {sys.prefix, sys.base_prefix, known["stdlib"], known["purelib"]}
    paths.add(str(Path(os.path.realpath(sys.executable)).parents[1]))
    return sorted(paths)
