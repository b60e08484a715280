"""The Python that runs in the reader's browser: Pyodide, with NumPy, Matplotlib and our library.

The site hands it out itself, so that a page asks nobody else. A build takes it from the folder that
PYODIDE names (`make book PYODIDE=folder`; PYODIDE= for a site without) or else from the cache that
`make pyodide` fills: it downloads the pinned release and holds every file to its hash. Where there
is neither, the site is built without; where a distribution has no Matplotlib, without what draws.
"""

import ast
import hashlib
import io
import json
import os
import sys
import urllib.request
import zipfile
from pathlib import Path

VERSION = "0.29.5"
SOURCE = f"https://cdn.jsdelivr.net/pyodide/v{VERSION}/full/"
FILES = {
    "pyodide.mjs": "510ca14305230018f50c40fb81be673afd68080e70ce7733fcce6600dd6a1714",
    "pyodide.asm.js": "356c42f69e1695397e9d8670bd3c2e678248cde76e18bdae1731e848537b47d7",
    "pyodide.asm.wasm": "54309a5a2cfd757b1f0fdbc9093c92503f7b341500110329d932487183912718",
    "python_stdlib.zip": "831fd1e535084b972f87c6a35275de3d236efd5166f5e77ce89497710635e73c",
    "pyodide-lock.json": "14d2c2dba101277999e17135e653d8f15389ad1437f53eae213bf0c3cdff723d",
    "numpy-2.2.5-cp313-cp313-pyemscripten_2025_0_wasm32.whl": (
        "800c98edc0c864dfa49f07005680c699b4b42b84eae1f8cb19d35b3634e7f05c"
    ),
    "matplotlib-3.8.4-cp313-cp313-pyemscripten_2025_0_wasm32.whl": (
        "b919d426f1703c055b3c12a06871af40b8eb07d82339f4f9d7e45279fd93e81f"
    ),
    "contourpy-1.3.1-cp313-cp313-pyemscripten_2025_0_wasm32.whl": (
        "65f63bc91d211c5d44e2e81dab7397b2da5f195688cf2785586be3cba6d732a7"
    ),
    "cycler-0.12.1-py3-none-any.whl": (
        "6eedeaff76b9be1d5e5b759fa9b84c3b384b3684cabea98defd97e974112865f"
    ),
    "fonttools-4.56.0-py3-none-any.whl": (
        "30d4590e0bac3ef0445a4e0fa25600e8b4fff54bb028b02666013c26fde42965"
    ),
    "kiwisolver-1.4.8-cp313-cp313-pyemscripten_2025_0_wasm32.whl": (
        "23e3ec0666ab7e747f902c18f9009103b094c8424458aaeeb2504338dac9100f"
    ),
    "packaging-26.2-py3-none-any.whl": (
        "7a0e80a4de677fefa2782ea4d34063708a3ac3d54469298f22cedcc4c7bebb4b"
    ),
    "pillow-11.3.0-cp313-cp313-pyemscripten_2025_0_wasm32.whl": (
        "57d88e2ac283c21830b4ee920cb73fbbf5c46df62d967089fce5fec46548bd7b"
    ),
    "pyparsing-3.2.1-py3-none-any.whl": (
        "67a97ce758343bf6e651a1cc63731f19fd6720a2d6617eab71528021552ee3dc"
    ),
    "python_dateutil-2.9.0.post0-py2.py3-none-any.whl": (
        "1fe3a0346ef21bc85b295227256d6aed72aa8116178b019fc5ae5d57fbd213cf"
    ),
    "pytz-2025.2-py2.py3-none-any.whl": (
        "d7fb2f11cf7f8dd17e652d5494189f520ee086e9fc71aef4cbb978f5dcfc2878"
    ),
    "six-1.17.0-py2.py3-none-any.whl": (
        "bc830cfdc71a224b6d0e4337183a87ea53f21b6623deca5771ee3bc866fd8da2"
    ),
}
LOCK = "pyodide-lock.json"
NAMES = [name for name in FILES if not name.endswith(".whl")]
# Code, labels and hints; what neither the checks nor the cells of pages use there stays out.
NEEDED = (".py", ".json", ".md")
LEFT_OUT = ("torch", "conformance", "explore/explorers", "explore/scene.py", "explore/engine.py")
IN_PARTS = "lossfns/explore/__init__.py"
DEPENDS = Path(__file__).with_name("depends.py")
NOTICE = """\
What runs Python in the reader's browser, under the licences of those who made it:
Pyodide, MPL-2.0, sources at https://github.com/pyodide/pyodide; it contains CPython (PSF-2.0).
NumPy, BSD-3-Clause, sources at https://github.com/numpy/numpy.
{more}lossfns.zip is a part of lossfns, BSD-3-Clause, of this course.
"""
FOR_FIGURES = """\
Matplotlib (a licence like PSF-2.0), sources at https://github.com/matplotlib/matplotlib, and what
it needs: contourpy, cycler, kiwisolver (BSD-3-Clause), packaging, python-dateutil (Apache-2.0 or
BSD), Pillow (MIT-CMU), fonttools, pyparsing, pytz, six (MIT).
"""
OLDEST = (1980, 1, 1, 0, 0, 0)  # that a ZIP file can say


class IncompleteError(Exception):
    """A folder that does not hold what runs in a browser."""


def cache():
    """The folder that `make pyodide` fills."""
    root = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(root, "lossfns", f"pyodide-{VERSION}")


def find():
    """The folder with a distribution, or None.

    Raises:
        IncompleteError: PYODIDE names a folder that lacks something.
    """
    named = os.environ.get("PYODIDE")
    if named == "":
        return None
    folder = Path(named).expanduser().resolve() if named else cache()
    if named is None and not folder.exists():
        return None
    missing = [name for name in NAMES if not (folder / name).is_file()]
    missing += [] if wheel_of("numpy", folder) else ["numpy-*.whl"]
    if missing and named is None:
        return None
    if missing:
        raise IncompleteError(f"PYODIDE={named}: no {', '.join(missing)} in that folder")
    return folder


def draws(folder):
    """Whether a distribution has Matplotlib and all that it needs."""
    return all(wheels(folder, "matplotlib").values())


def wheels(folder, package):
    """The files of a package and of those that it needs, {package: path, or None for no file}."""
    packages = json.loads((folder / LOCK).read_text(encoding="utf8"))["packages"]
    found, left = {}, [package]
    while left:
        name = left.pop()
        if name not in found:
            about = packages.get(name, {})
            found[name] = wheel_of(about.get("file_name", name).partition("-")[0], folder)
            left += about.get("depends", [])
    return found


def wheel_of(name, folder):
    return max((p for p in folder.glob(f"{name}-*.whl") if p.stat().st_size), default=None)


def distribution(folder):
    """The files that the site hands out, {name: bytes}."""
    files = {name: (folder / name).read_bytes() for name in NAMES if name != LOCK}
    # The list of the release names hundreds of packages; the browser is told of those there are.
    lock = json.loads((folder / LOCK).read_text(encoding="utf8"))
    packages, more = wheels(folder, "numpy"), ""
    if draws(folder):
        packages |= wheels(folder, "matplotlib")
        more = FOR_FIGURES
    lock["packages"] = {
        name: described(lock["packages"][name], path) for name, path in packages.items()
    }
    files |= {path.name: path.read_bytes() for path in packages.values()}
    files[LOCK] = json.dumps(lock).encode()
    files["LICENCES.txt"] = NOTICE.format(more=more).encode()
    return files


def described(package, wheel):
    return package | {
        "file_name": wheel.name,
        "version": wheel.name.split("-")[1],
        "sha256": digest(wheel.read_bytes()),
    }


def carried(path):
    """Whether a file of lossfns, named from its folder, comes along to the browser."""
    return not any(path.is_relative_to(left_out) for left_out in LEFT_OUT)


def library(root):
    """What of ours comes along, as a ZIP file: the same sources give the same bytes."""
    inside = sorted(
        file
        for file in (root / "lossfns").rglob("*")
        if file.suffix in NEEDED and carried(file.relative_to(root / "lossfns"))
    )
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in inside:
            name, content = file.relative_to(root).as_posix(), file.read_bytes()
            if name == IN_PARTS:
                content = in_parts(content.decode()).encode()
            archive.writestr(zipfile.ZipInfo(name, OLDEST), content, zipfile.ZIP_DEFLATED)
        archive.writestr(zipfile.ZipInfo("depends.py", OLDEST), DEPENDS.read_bytes())
    return packed.getvalue()


def in_parts(source):
    """A module that imports others for their names, as one that does so for each name in time.

    A table of numbers then needs no Matplotlib, which takes longer to come than all else.
    """
    homes = {
        name.name: f".{one.module}"
        for one in ast.parse(source).body
        if isinstance(one, ast.ImportFrom) and one.level
        for name in one.names
    }
    return f"""\
from importlib import import_module

HOMES = {homes!r}


def __getattr__(name):
    if name not in HOMES:
        raise AttributeError(f"module {{__name__!r}} has no attribute {{name!r}}")
    return getattr(import_module(HOMES[name], __name__), name)
"""


def fetch(folder, source=SOURCE, files=FILES):
    """Download what `folder` lacks of the release; a file whose hash differs is not kept."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, expected in files.items():
        path = folder / name
        if path.is_file() and digest(path.read_bytes()) == expected:
            continue
        try:
            with urllib.request.urlopen(source + name, timeout=60) as reply:
                content = reply.read()
        except OSError as error:
            raise SystemExit(
                f"{source}{name} cannot be downloaded: {error}\n"
                f"Put the files of Pyodide {VERSION} into a folder by other means "
                f"({', '.join(files)}), then: make book PYODIDE=folder"
            ) from None
        if digest(content) != expected:
            raise SystemExit(
                f"{source}{name} is not the file of the release: its SHA-256 is {digest(content)}, "
                f"{expected} was expected. It was not kept."
            )
        path.write_bytes(content)
        print(f"{name}: {len(content):,} bytes")
    print(f"Pyodide {VERSION} is in {folder}; make book puts it into the site")


def digest(content):
    return hashlib.sha256(content).hexdigest()


if __name__ == "__main__":
    if sys.argv[1:]:
        sys.exit("usage: python book/_ext/runtime.py")
    fetch(cache())
