"""Print a table of contents with one page or one chapter, for `make book ONLY=02_regression/huber`.

The notation and the bibliography come along, since every page refers to them.
"""

import sys
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[2]
ALONG = ["book/notation", "book/bibliography"]


def pages_in(toc):
    """The pages of a table of contents, in order."""
    own = [toc[key] for key in ("root", "file") if key in toc]
    inner = [one for key in ("parts", "chapters", "sections") for one in toc.get(key, [])]
    return own + [page for one in inner for page in pages_in(one)]


def part(name, pages):
    """The pages that `name` stands for: a page, or a chapter with all its pages."""
    wanted = f"book/{name.removeprefix('book/').removesuffix('.md').strip('/')}"
    return [page for page in pages if page == wanted or page.startswith(wanted + "/")]


def main(name):
    pages = part(name, pages_in(yaml.safe_load((ROOT / "_toc.yml").read_text())))
    if not pages:
        sys.exit(f"no page and no chapter {name}: ONLY=02_regression/huber, for example")
    root, *rest = pages
    chapters = [{"file": page} for page in [*rest, *ALONG] if page != root]
    print(yaml.safe_dump({"format": "jb-book", "root": root, "chapters": chapters}))


if __name__ == "__main__":
    main(sys.argv[1])
