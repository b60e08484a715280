"""The Python that runs in the reader's browser: Pyodide, with NumPy and what the checks need.

The site hands it out itself, so that a page asks nobody else. A build takes it from the folder that
PYODIDE names (`make book PYODIDE=folder`; PYODIDE= for a site without) or else from the cache that
`make pyodide` fills: it downloads the pinned release and holds every file to its hash. Where there
is neither, the site is built without.
"""

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
WHEEL = "numpy-2.2.5-cp313-cp313-pyemscripten_2025_0_wasm32.whl"
FILES = {
    "pyodide.mjs": "510ca14305230018f50c40fb81be673afd68080e70ce7733fcce6600dd6a1714",
    "pyodide.asm.js": "356c42f69e1695397e9d8670bd3c2e678248cde76e18bdae1731e848537b47d7",
    "pyodide.asm.wasm": "54309a5a2cfd757b1f0fdbc9093c92503f7b341500110329d932487183912718",
    "python_stdlib.zip": "831fd1e535084b972f87c6a35275de3d236efd5166f5e77ce89497710635e73c",
    "pyodide-lock.json": "14d2c2dba101277999e17135e653d8f15389ad1437f53eae213bf0c3cdff723d",
    WHEEL: "800c98edc0c864dfa49f07005680c699b4b42b84eae1f8cb19d35b3634e7f05c",
}
LOCK = "pyodide-lock.json"
NAMES = [name for name in FILES if name != WHEEL]
# What `lossfns.check` and the losses in NumPy need: code, labels, hints; not the other rooms.
NEEDED = (".py", ".json", ".md")
LEFT_OUT = ("torch", "explore", "conformance")
NOTICE = """\
What runs Python in the reader's browser, under the licences of those who made it:
Pyodide, MPL-2.0, sources at https://github.com/pyodide/pyodide; it contains CPython (PSF-2.0).
NumPy, BSD-3-Clause, sources at https://github.com/numpy/numpy.
lossfns.zip is a part of lossfns, BSD-3-Clause, of this course.
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
    missing += [] if any(folder.glob("numpy-*.whl")) else ["numpy-*.whl"]
    if missing and named is None:
        return None
    if missing:
        raise IncompleteError(f"PYODIDE={named}: no {', '.join(missing)} in that folder")
    return folder


def distribution(folder):
    """The files that the site hands out, {name: bytes}."""
    files = {name: (folder / name).read_bytes() for name in NAMES if name != LOCK}
    wheel = max(folder.glob("numpy-*.whl"))
    files[wheel.name] = wheel.read_bytes()
    # The list of the release names hundreds of packages; the browser is told of the one there is.
    lock = json.loads((folder / LOCK).read_text(encoding="utf8"))
    numpy = lock["packages"]["numpy"] | {
        "file_name": wheel.name,
        "version": wheel.name.split("-")[1],
        "sha256": hashlib.sha256(files[wheel.name]).hexdigest(),
    }
    lock["packages"] = {"numpy": numpy}
    files[LOCK] = json.dumps(lock).encode()
    files["LICENCES.txt"] = NOTICE.encode()
    return files


def library(root):
    """What the checks need of lossfns, as a ZIP file: the same sources give the same bytes."""
    inside = sorted(
        file
        for file in (root / "lossfns").rglob("*")
        if file.suffix in NEEDED and file.relative_to(root).parts[1] not in LEFT_OUT
    )
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in inside:
            entry = zipfile.ZipInfo(file.relative_to(root).as_posix(), OLDEST)
            archive.writestr(entry, file.read_bytes(), zipfile.ZIP_DEFLATED)
    return packed.getvalue()


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
