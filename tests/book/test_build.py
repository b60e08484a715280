"""The build itself, on a book of two tiny chapters: what it runs again, and what it refuses."""

import re
import shutil

import pytest
import yaml
from built_book import ROOT, build

CHAPTER = """---
file_format: mystnb
kernelspec:
  name: python3
---
# {name}

```{{code-cell}} ipython3
import os, time
print(os.environ["LOSSFNS_EXPLORE"], os.environ["OMP_NUM_THREADS"], flush=True)
time.sleep(1)
print("in the next message of the kernel")
```

```{{code-cell}} ipython3
name = "quizzes/{name}.json"
print(1 / {divisor})
```
"""


@pytest.fixture(scope="module")
def book(tmp_path_factory):
    folder = tmp_path_factory.mktemp("book")
    shutil.copytree(ROOT / "book" / "_ext", folder / "book" / "_ext")
    shutil.copytree(ROOT / "book" / "_static", folder / "book" / "_static")
    config = (ROOT / "_config.yml").read_text()
    address = 'url: "https://github.com/us/course"'
    (folder / "_config.yml").write_text(re.sub(r"\burl: \S+", address, config, count=1))
    chapters = [{"file": "book/two"}, {"file": "book/state"}]
    toc = {"format": "jb-book", "root": "book/one", "chapters": chapters}
    (folder / "_toc.yml").write_text(yaml.safe_dump(toc))
    (folder / "book" / "references.bib").write_text("")
    (folder / "book" / "quizzes").mkdir()
    (folder / "lossfns").mkdir()
    (folder / ".venv").mkdir()
    (folder / ".venv" / "notebook.ipynb").write_text("not a page, and no notebook either")
    (folder / "book" / "state.md").write_text("# State\n\n```{status}\n```\n")
    write(folder, "one")
    write(folder, "two")
    return folder


def write(folder, name, divisor=1, more=""):
    text = CHAPTER.format(name=name, divisor=divisor) + more
    (folder / "book" / f"{name}.md").write_text(text)


def executed(result):
    return sorted(re.findall(r"^  (\w+) done in", result.stdout, re.MULTILINE))


def test_only_what_changed_runs_again(book):
    first = build(book)
    assert first.returncode == 0, first.stdout + first.stderr
    assert executed(first) == ["one", "two"]
    shown = (book / "_build" / "html" / "book" / "one.html").read_text()
    assert "static 1\nin the next message of the kernel\n" in shown, "a blank line, or two blocks"
    assert executed(build(book)) == []

    write(book, "two", divisor=2)
    assert executed(build(book)) == ["two"]
    assert "0.5" in (book / "_build" / "html" / "book" / "two.html").read_text()

    (book / "book" / "quizzes" / "one.json").write_text("[]")
    assert executed(build(book)) == ["one"]

    for name in ("new.py", "new.css"):
        (book / "lossfns" / name).write_text("changed = True")
        assert executed(build(book)) == ["one", "two"]


def test_the_search_keeps_the_entries_of_a_page_that_did_not_change(book):
    write(book, "two", more="\n```{index} ! why is my loss odd\n```\n")
    for divisor in (1, 4):
        write(book, "one", divisor=divisor)
        assert build(book).returncode == 0
        index = (book / "_build" / "html" / "searchindex.js").read_text(encoding="utf8")
        assert re.search(r'"why is my loss odd": \[\[\d', index)
    write(book, "one")
    write(book, "two")


def test_an_unchanged_book_is_not_written_again_and_figures_keep_their_numbers(book):
    site = book / "_build" / "html" / "book"
    figure = "\n```{{figure}} _static/logo.svg\n:name: fig-{0}\n\n{0}\n```\n"
    cited = "\nSee {numref}`fig-last`.\n"
    write(book, "one", more=figure.format("last"))
    write(book, "two", more=cited)
    assert build(book).returncode == 0
    before = {path: path.stat().st_mtime_ns for path in site.glob("*.html")}
    assert build(book).returncode == 0
    assert before == {path: path.stat().st_mtime_ns for path in site.glob("*.html")}

    write(book, "two", more="\nAgain." + cited)
    assert build(book).returncode == 0
    assert "Fig. 1" in (site / "two.html").read_text()
    write(book, "one", more=figure.format("first") + figure.format("last"))
    assert build(book).returncode == 0
    assert "Fig. 2" in (site / "one.html").read_text()
    write(book, "one")
    write(book, "two")


def test_a_failing_cell_fails_the_build_and_is_named(book):
    write(book, "two", divisor=0)
    result = build(book)
    write(book, "two", divisor=2)
    assert result.returncode != 0
    assert "book/two.md:16: code cell 2 of two failed" in result.stderr
    assert "ZeroDivisionError" in result.stderr
    assert "jupyter_cache" not in result.stderr, "a traceback of ours"


def test_a_warning_fails_the_build_each_time_until_it_is_mended(book):
    write(book, "two", divisor=2, more="\nSee {ref}`nowhere`.\n")
    for _ in range(2):
        result = build(book)
        assert result.returncode != 0
        assert re.search(r"book/two\.md:\d+: WARNING: undefined label: 'nowhere'", result.stderr)
    write(book, "two", divisor=2)
    assert build(book).returncode == 0


def test_a_link_to_the_repository_names_a_file_that_is_there(book):
    write(book, "two", divisor=2, more="\n{repository}`_toc.yml` {colab}`Open <_toc.yml>`\n")
    assert build(book).returncode == 0
    page = (book / "_build" / "html" / "book" / "two.html").read_text()
    path = "us/course/blob/main/_toc.yml"
    assert f'href="https://github.com/{path}">_toc.yml</a>' in page
    assert f'href="https://colab.research.google.com/github/{path}">Open</a>' in page

    assert 'href="https://github.com/us/course"' in page, "the button of the theme"

    write(book, "two", divisor=2, more="\n{repository}`nowhere.md`\n")
    result = build(book)
    write(book, "two", divisor=2)
    assert result.returncode != 0
    assert re.search(r"book/two\.md:\d+: WARNING: no nowhere\.md in the repository", result.stderr)


def test_the_status_page_says_what_ran_and_follows_it(book):
    state = book / "_build" / "html" / "book" / "state.html"

    def rows():
        table = re.search(r"<article.*?(<table.*?</table>)", state.read_text(), re.DOTALL)[1]
        rows = re.findall(r"<tr.*?</tr>", table, re.DOTALL)[1:]
        return [re.sub(r"<[^>]+>|\s+", " ", row).split() for row in rows]

    write(book, "two")
    assert build(book).returncode == 0
    one, two, total = rows()
    assert (one[:2], one[-3:]) == (["one", "2"], ["every", "cell", "ran"])
    assert 1 < float(two[2]) < 100, "it sleeps for a second"
    assert total[-4:] == ["2", "of", "2", "pages"]
    write(book, "two", more="\n```{code-cell} ipython3\n3\n```\n")
    assert build(book).returncode == 0
    assert rows()[1][:2] == ["two", "3"], "only the page of the cell has changed, not this one"
    write(book, "two")
