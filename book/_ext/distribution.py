"""Build the wheel of lossfns so that the same sources give the same bytes, and its source archive.

On any machine: dates, modes and order of the files are fixed, nothing is compressed (zlib gives
other bytes in other versions), and the version of setuptools is not named.
`make release` builds the wheel into dist/ and writes its version and hash into book/release.yml,
from where the set-up cells know them; `make dist` builds both beside all else.
"""

import base64
import gzip
import hashlib
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import tomllib
import zipfile
from pathlib import Path

from set_up import RELEASE, ROOT

# No wheel can be older than what a ZIP file can say.
OLDEST = (1980, 1, 1, 0, 0, 0)
HEADING = "# The released wheel that the set-up cells install. Written by `make release`."


def build(folder, root=ROOT):
    """Build the wheel of the work tree into `folder` and return its path."""
    with tempfile.TemporaryDirectory() as scratch:
        source = copy_of(root, scratch)
        pip = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation"]
        environment = os.environ | {"PYTHONHASHSEED": "0"}
        subprocess.run([*pip, "--wheel-dir", scratch, source], check=True, env=environment)
        (wheel,) = Path(scratch).glob("*.whl")
        Path(folder).mkdir(parents=True, exist_ok=True)
        return write(Path(folder, wheel.name), contents(wheel))


def build_source(folder, root=ROOT):
    """Build the source archive of the work tree into `folder` and return its path.

    It holds what the wheel is built from; what tests the library needs the whole repository.
    """
    with tempfile.TemporaryDirectory() as scratch:
        code = "from setuptools.build_meta import build_sdist; build_sdist('..')"
        source = copy_of(root, scratch)
        subprocess.run([sys.executable, "-c", code], cwd=source, check=True, capture_output=True)
        (archive,) = Path(scratch).glob("*.tar.gz")
        Path(folder).mkdir(parents=True, exist_ok=True)
        target = Path(folder, archive.name)
        with (
            tarfile.open(archive) as made,
            target.open("wb") as file,
            gzip.GzipFile("", "wb", 9, file, mtime=0) as zipped,
            tarfile.open(fileobj=zipped, mode="w", format=tarfile.PAX_FORMAT) as packed,
        ):
            for member in sorted(filter(tarfile.TarInfo.isfile, made), key=lambda one: one.name):
                entry = tarfile.TarInfo(member.name)
                entry.size = member.size
                packed.addfile(entry, made.extractfile(member))
        return target


def copy_of(root, scratch):
    """What the package is built from, alone."""
    source = Path(scratch, "source")
    shutil.copytree(
        root / "lossfns", source / "lossfns", ignore=shutil.ignore_patterns("__pycache__")
    )
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(root / name, source)
    return source


def version(root=ROOT):
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf8"))["project"]
    return project["version"]


def contents(wheel):
    """The files of a wheel, without what depends on the tool that built it."""
    with zipfile.ZipFile(wheel) as archive:
        files = {i.filename: archive.read(i) for i in archive.infolist() if not i.is_dir()}
    about = next(name for name in files if name.endswith(".dist-info/WHEEL"))
    files[about] = re.sub(rb"(?m)^(Generator: setuptools).*", rb"\1", files[about])
    record = about.replace("WHEEL", "RECORD")
    del files[record]
    rows = [f"{name},{digest_of(files[name])},{len(files[name])}" for name in sorted(files)]
    files[record] = "\n".join([*rows, f"{record},,", ""]).encode()
    return files


def digest_of(content):
    digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest())
    return f"sha256={digest.rstrip(b'=').decode()}"


def write(path, files):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        for name in sorted(files, key=lambda name: (name.endswith("/RECORD"), name)):
            entry = zipfile.ZipInfo(name, OLDEST)
            entry.create_system, entry.external_attr = 3, 0o100644 << 16
            archive.writestr(entry, files[name])
    return path


def main():
    wheel = build(ROOT / "dist")
    digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
    print(f"{wheel.relative_to(ROOT)}\nsha256 {digest}")
    text = f'{HEADING}\nversion: "{version()}"\nsha256: "{digest}"\n'
    RELEASE.write_text(text, encoding="utf8")
    print(f"written to {RELEASE.relative_to(ROOT)}; now: make notebooks exercises, commit, and")
    print(f"publish {wheel.name} as an asset of the release v{version()}")


if __name__ == "__main__":
    main()
