"""What the tests know about the book, and how to build it."""

import subprocess
import sys
from pathlib import Path

import yaml
from only import pages_in

ROOT = Path(__file__).resolve().parents[2]
JUPYTER_BOOK = Path(sys.executable).parent / "jupyter-book"

PAGES = pages_in(yaml.safe_load((ROOT / "_toc.yml").read_text()))
# What has cells to run. The pages of chapters teach, with explorers and quizzes; the others are the
# start page and reference pages.
EXECUTED = [
    page
    for page in PAGES
    if (source := ROOT / f"{page}.md").exists() and "{code-cell}" in source.read_text()
]
CHAPTERS = [page for page in EXECUTED if page.count("/") == 2]
SECTIONS = [page for page in CHAPTERS if not page.endswith(("/index", "/summary"))]


def build(folder, *options):
    """Build a book as `make book` does."""
    command = [JUPYTER_BOOK, "build", folder, "-q", "-W", "-n", "--keep-going", *options]
    return subprocess.run(command, capture_output=True, text=True, cwd=folder)
