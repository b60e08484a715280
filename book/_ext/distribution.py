"""Build the wheel of lossfns so that the same sources give the same bytes.

`python book/_ext/distribution.py` builds it into dist/ and prints its hash (`make dist`). With
--release it also writes version and hash into book/release.yml, where the set-up cells find them.
"""

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from set_up import RELEASE, ROOT

# No wheel can be older than what a ZIP file can say.
EPOCH = "315532800"
HEADING = "# The released wheel that the set-up cells install. Written by `make release`."


def build(folder, root=ROOT):
    """Build the wheel of the work tree into `folder` and return its path."""
    with tempfile.TemporaryDirectory() as scratch:
        source = Path(scratch, "source")
        shutil.copytree(
            root / "lossfns", source / "lossfns", ignore=shutil.ignore_patterns("__pycache__")
        )
        for name in ("pyproject.toml", "README.md", "LICENSE"):
            shutil.copy(root / name, source)
        for path in source.rglob("*"):
            path.chmod(0o755 if path.is_dir() else 0o644)
        pip = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation"]
        environment = os.environ | {"SOURCE_DATE_EPOCH": EPOCH, "PYTHONHASHSEED": "0"}
        subprocess.run([*pip, "--wheel-dir", scratch, source], check=True, env=environment)
        (wheel,) = Path(scratch).glob("*.whl")
        Path(folder).mkdir(parents=True, exist_ok=True)
        return Path(shutil.copy(wheel, folder))


def main(arguments):
    wheel = build(ROOT / "dist")
    version, digest = wheel.name.split("-")[1], hashlib.sha256(wheel.read_bytes()).hexdigest()
    print(f"{wheel.relative_to(ROOT)}\nsha256 {digest}")
    if "--release" in arguments:
        text = f'{HEADING}\nversion: "{version}"\nsha256: "{digest}"\n'
        RELEASE.write_text(text, encoding="utf8")
        print(f"written to {RELEASE.relative_to(ROOT)}; now: make notebooks exercises, commit, and")
        print(f"publish {wheel.name} as an asset of the release v{version}")


if __name__ == "__main__":
    main(sys.argv[1:])
