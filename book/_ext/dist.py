"""`make dist`: everything that a release hands out, into dist/, looked through for answers.

The site as a ZIP file, which is read where it is unzipped; the whole book and the cheat sheet as
PDF; wheel and source of the library; and what learners work with: exercises, notebooks, wheel.
"""

import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

import book_pdf
import distribution
import sheet
import yaml
from playwright.sync_api import sync_playwright
from set_up import ROOT

DIST = ROOT / "dist"
SITE = ROOT / "_build" / "html"
NAME = "loss-functions"
HANDED_OUT = {".ipynb", ".md"}
README = """\
# Loss functions: notebooks and exercises

- `notebooks/`: the pages of the course, to run and to change.
- `exercises/`: the assignments. Write, check, save, hand in.
- `{wheel}`: the library that both import. Nothing is fetched from the network for it.

With Python 3.11 or newer, in this folder:

    python -m venv .venv
    . .venv/bin/activate            # in Windows: .venv\\Scripts\\activate
    pip install jupyterlab scikit-learn pyyaml jupyterquiz "./{wheel}[torch,explore]"
    jupyter lab

The code is under the BSD 3-clause licence, the text under CC BY 4.0: see LICENSE.
"""


def pack(target, folder, files):
    """Write a ZIP file, with everything in one folder. `files` maps names to bytes or paths."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in sorted(files):
            content = files[name]
            content = content if isinstance(content, bytes) else content.read_bytes()
            entry = zipfile.ZipInfo(f"{folder}/{name}", distribution.OLDEST)
            entry.create_system, entry.external_attr = 3, 0o100644 << 16
            archive.writestr(entry, content, zipfile.ZIP_DEFLATED)
    return target


def files_in(folder, kinds=None):
    """What is in a folder, by name; hidden files, such as what Jupyter keeps, apart."""
    names = (path.relative_to(folder) for path in folder.rglob("*") if path.is_file())
    return {
        name.as_posix(): folder / name
        for name in names
        if not any(part.startswith(".") for part in name.parts)
        and (kinds is None or name.suffix in kinds)
    }


def pack_site(target, site=SITE):
    return pack(target, NAME, files_in(site))


def pack_for_learners(target, wheel, root=ROOT):
    files = {"LICENSE": root / "LICENSE", wheel.name: wheel}
    for folder in ("exercises", "notebooks"):
        for name, path in files_in(root / folder, HANDED_OUT).items():
            # The README files there say how the folder is generated.
            if name != "README.md":
                files[f"{folder}/{name}"] = path
    files["README.md"] = README.format(wheel=wheel.name).encode()
    return pack(target, f"{NAME}-for-learners", files)


def look_through(archives):
    """Unpack what is handed out and hold every part of it to the check of the releases."""
    with tempfile.TemporaryDirectory() as scratch:
        for archive in archives:
            with zipfile.ZipFile(archive) as packed:
                packed.extractall(scratch)
        parts = [
            path
            for folder in sorted(Path(scratch).iterdir())
            for name in ("exercises", "notebooks", "*.whl", "book")
            for path in folder.glob(name)
        ]
        command = [sys.executable, "-m", "grader", "release-check", *parts]
        return subprocess.run(command, cwd=ROOT).returncode == 0


def print_all(about):
    """The cheat sheet and the book, by a browser."""
    toc = yaml.safe_load((ROOT / "_toc.yml").read_text(encoding="utf8"))
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=sheet.find_browser(), args=["--no-sandbox"]
        )
        yield sheet.write(sheet.PAGE, sheet.TARGET, browser)
        yield book_pdf.write(SITE, toc, about, DIST / f"{NAME}.pdf", browser, say)
        browser.close()


def about():
    """What the title page says."""
    config = yaml.safe_load((ROOT / "_config.yml").read_text(encoding="utf8"))
    return {name: config[name] for name in ("title", "author", "copyright")} | {
        "version": distribution.version()
    }


def say(words):
    print(f"  {words}", flush=True)


def main():
    shutil.rmtree(DIST, ignore_errors=True)
    wheel = distribution.build(DIST)
    site = pack_site(DIST / f"{NAME}-site.zip")
    learners = pack_for_learners(DIST / f"{NAME}-for-learners.zip", wheel)
    made = [wheel, distribution.build_source(DIST), site, learners]
    if not look_through([site, learners]):
        sys.exit("not to be handed out: see above")
    if sheet.find_browser():
        made += print_all(about())
    for path in made:
        print(f"{path.stat().st_size / 1e6:6.1f} MB  {path.relative_to(ROOT)}")
    if not sheet.find_browser():
        sys.exit("NOT MADE: the PDF files. Chromium prints them: apt-get install chromium")


if __name__ == "__main__":
    main()
