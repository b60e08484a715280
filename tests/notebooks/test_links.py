"""Where the links of notebooks lead: into the repository once it has an address, before nowhere."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
URL = "https://github.com/us/course"

PAGE = """---
file_format: mystnb
kernelspec:
  name: python3
---
({name}-label)=
# Page {name}

{text}

```{{code-cell}} ipython3
print(1)
```
"""
PAGES = {
    "book/one": (
        "See {doc}`the deep page <02_two/deep>` and {ref}`deep-label`. {repository}`_toc.yml`, "
        "{colab}`Colab <_toc.yml>`, {download}`a file </_toc.yml>`."
    ),
    "book/02_two/index": "Back to {ref}`the start <one-label>`.",
    "book/02_two/deep": "![A message in four words](/picture.svg)",
}


@pytest.fixture(scope="module", params=["", URL], ids=["without", "with"])
def small(request, tmp_path_factory):
    """The notebooks of a book of two chapters, one of them a folder: the address, text by name."""
    folder = tmp_path_factory.mktemp("small")
    for name in ("book/_ext", "book/_static"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "book" / "release.yml", folder / "book")
    config = yaml.safe_load((ROOT / "_config.yml").read_text())
    config["repository"]["url"] = request.param
    (folder / "_config.yml").write_text(yaml.safe_dump(config))
    sections = [{"file": "book/02_two/deep"}]
    chapters = [{"file": "book/02_two/index", "sections": sections}]
    toc = {"format": "jb-book", "root": "book/one", "chapters": chapters}
    (folder / "_toc.yml").write_text(yaml.safe_dump(toc))
    (folder / "book" / "references.bib").write_text("")
    (folder / "picture.svg").write_text('<svg xmlns="http://www.w3.org/2000/svg"/>')
    (folder / "lossfns").mkdir()
    (folder / "book" / "02_two").mkdir()
    for name, text in PAGES.items():
        page = PAGE.format(name=name.rsplit("/", 1)[1], text=text)
        (folder / f"{name}.md").write_text(page)
    command = [
        *(Path(sys.executable).parent / "jupyter-book", "build", folder, "-q", "-W", "-n"),
        *("--keep-going", "--builder", "custom", "--custom-builder", "notebook"),
    ]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    made = folder / "_build" / "notebook"
    return request.param, {
        path.relative_to(made).as_posix(): nbformat.read(path, as_version=4).cells[0].source
        for path in made.rglob("*.ipynb")
    }


def test_a_notebook_lies_where_its_page_lies(small):
    _, made = small
    assert sorted(made) == ["02_two/deep.ipynb", "02_two/index.ipynb", "one.ipynb"]


def test_links_lead_into_the_repository_or_are_plain_words(small):
    url, made = small
    one, two = made["one.ipynb"], made["02_two/index.ipynb"]
    if url:
        shown = f"{url}/blob/main"
        assert f"[the deep page]({shown}/notebooks/02_two/deep.ipynb)" in one
        assert f"[Page deep]({shown}/notebooks/02_two/deep.ipynb#deep-label)" in one
        assert f"[\\_toc.yml]({shown}/_toc.yml)" in one
        assert f"[a file]({shown}/_toc.yml)" in one
        colab = shown.replace("https://github.com", "https://colab.research.google.com/github")
        assert f"[Colab]({colab}/_toc.yml)" in one
        assert f"[the start]({shown}/notebooks/one.ipynb#one-label)" in two
    else:
        told = "See the deep page and Page deep. `_toc.yml`, no link to Colab yet, `_toc.yml`"
        assert told in one
        assert "Back to the start." in two


def test_the_first_line_links_its_page_once_there_is_an_address(small):
    url, made = small
    line = made["02_two/deep.ipynb"].split("\n\n")[1]
    page = f"[*Page deep*]({url}/blob/main/book/02_two/deep.md)" if url else "*Page deep*"
    assert line.startswith(f"> This notebook is the page {page} from the course *")


def test_what_other_pages_point_at_is_there(small):
    _, made = small
    assert '<a id="deep-label"></a>' in made["02_two/deep.ipynb"]
    assert '<a id="one-label"></a>' in made["one.ipynb"]


def test_a_picture_is_fetched_from_the_repository_or_travels_along(small):
    url, made = small
    start = f"{url}/raw/main/picture.svg" if url else "data:image/svg+xml;base64,"
    assert f"![A message in four words]({start}" in made["02_two/deep.ipynb"]
    assert "None" not in json.dumps(made)
