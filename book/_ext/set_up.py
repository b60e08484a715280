"""The cell with which every generated notebook begins to run, chapters and exercises alike.

It installs the released wheel, whose address and sha256 `make release` has written into
book/release.yml. Before there is a release with an address, it says what to do instead.
"""

from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[2]
RELEASE = ROOT / "book" / "release.yml"

TEXT = """\
#@title Set-up {{display-mode: "form"}}
# Uses lossfns if it is here, else installs it. NumPy and torch stay as they are.
import glob
import importlib.util
import os
import subprocess
import sys

# A wheel that lies beside this notebook, else the released one, which pip holds to its hash.
WHEEL = max(glob.glob("lossfns-*.whl"), default="{wheel}")
SOURCES = {sources}
said = ""
for name, source in SOURCES.items():
    if source and importlib.util.find_spec(name) is None:
        pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", source]
        said += subprocess.run(pip, capture_output=True, text=True).stderr
        importlib.invalidate_caches()
if importlib.util.find_spec("lossfns") is None:
    raise ModuleNotFoundError(
        "lossfns, the library of this course, is not installed here. Put its wheel, the file "
        "lossfns-….whl, beside this notebook (on Colab: Files, Upload) and run this cell again. "
        "Whoever gave you the notebook has it: `make dist` builds it in the folder of the "
        f"course, where `pip install .` needs none. {{said}}"
    )"""
METADATA = {"cellView": "form", "jupyter": {"source_hidden": True}}


def set_up(*, quizzes):
    """Return the code of the cell; with `quizzes`, what shows them is wanted, too."""
    sources = ['"lossfns": os.environ.get("LOSSFNS_WHEEL") or WHEEL']
    if quizzes:
        sources.append('"jupyterquiz": "jupyterquiz"')
    return TEXT.format(wheel=wheel(), sources=f"{{{', '.join(sources)}}}")


def wheel():
    """The address of the released wheel, with its hash; empty before there is one."""
    url = yaml.safe_load((ROOT / "_config.yml").read_text(encoding="utf8"))["repository"]["url"]
    release = yaml.safe_load(RELEASE.read_text(encoding="utf8"))
    if not url or not release["sha256"]:
        return ""
    version = release["version"]
    name = f"lossfns-{version}-py3-none-any.whl"
    return f"{url}/releases/download/v{version}/{name}#sha256={release['sha256']}"
