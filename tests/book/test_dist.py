"""What `make dist` hands out: each file opened, and what is in it followed."""

import re
import shutil
import sys
import tarfile
import zipfile

import book_pdf
import dist
import distribution
import nbformat
import pytest
import yaml
from built_book import ROOT
from pypdf import PdfReader
from pypdf.generic import NullObject

TOC = {
    "root": "book/00_start",
    "parts": [
        {
            "caption": "Chapters",
            "chapters": [
                {
                    "file": "book/02_regression/index",
                    "sections": [{"file": "book/02_regression/mse"}],
                },
            ],
        }
    ],
}
ABOUT = {"title": "Loss functions", "author": "Us", "copyright": "2026", "version": "9.9"}


@pytest.fixture(scope="module")
def book(site, chromium, tmp_path_factory):
    """Three pages of the book, as a PDF."""
    target = tmp_path_factory.mktemp("paper") / "book.pdf"
    return PdfReader(book_pdf.write(site, TOC, ABOUT, target, chromium))


def links(pdf):
    """Every link: the number of the sheet it is on, and where it leads."""
    for number, sheet in enumerate(pdf.pages):
        for note in sheet.get("/Annots", []):
            yield number, note.get_object()


def flat(items):
    for item in items:
        yield from flat(item) if isinstance(item, list) else [item]


def bookmarked(pdf, title):
    """The sheet that the first bookmark leads to whose title begins so."""
    item = next(item for item in flat(pdf.outline) if item.title.startswith(title))
    return pdf.get_destination_page_number(item)


def words(text):
    return " ".join(text.split())


class TestBook:
    def test_it_has_a_title_contents_and_numbers_on_every_sheet(self, book):
        assert book.metadata.title == "Loss functions" and book.metadata.author == "Us"
        before = book.page_labels.index("1")
        assert book.page_labels[:before] == ["i", "ii", "iii"][:before]
        assert "Version 9.9" in book.pages[0].extract_text()
        assert "Contents" in book.pages[1].extract_text()
        for label, sheet in zip(book.page_labels, book.pages, strict=True):
            assert label in sheet.extract_text().split(), label

    def test_contents_name_the_sheet_on_which_a_page_begins(self, book):
        before = book.page_labels.index("1")
        listed = re.findall(r"^(.*\D) ?(\d+)$", book.pages[1].extract_text(), re.MULTILINE)
        assert len(listed) == 3
        for title, number in listed:
            sheet = book.pages[before + int(number) - 1]
            assert words(title) in words(sheet.extract_text())

    def test_bookmarks_are_the_contents_with_the_headings_of_each_page(self, book):
        start, _, regression, inside = book.outline
        assert start.title == "Loss functions: start here"
        assert regression.title.startswith("2. Regression")
        mse = next(item for item in inside if not isinstance(item, list)
                   and item.title.startswith("2.1. "))  # fmt: skip
        headings = inside[inside.index(mse) + 1]
        assert any("Quick check" in item.title for item in headings)
        for item in headings:
            sheet = book.pages[book.get_destination_page_number(item)]
            assert words(item.title.split(" ", 1)[-1]) in words(sheet.extract_text())

    def test_a_link_to_a_page_of_the_book_stays_inside(self, book):
        found = list(links(book))
        inside = [(number, note["/Dest"]) for number, note in found if "/Dest" in note]
        assert len(inside) > 5
        assert {number for number, _ in inside} > {1}
        for _, (sheet, kind, _, top, _) in inside:
            assert kind == "/XYZ" and book.get_page_number(sheet.get_object()) is not None
            assert isinstance(top, NullObject) or 0 <= top <= 842
        for _, note in found:
            assert "/Dest" in note or note["/A"]["/URI"].startswith(("https:", "http:"))

    def test_the_map_of_a_chapter_leads_to_the_section(self, book):
        chapter, section = bookmarked(book, "2. Regression"), bookmarked(book, "2.1. ")
        leads = [
            book.get_page_number(note["/Dest"][0].get_object())
            for number, note in links(book)
            if chapter <= number < section and "/Dest" in note
        ]
        assert section in leads

    def test_an_explorer_is_a_figure(self, book):
        text = book.pages[book.page_labels.index("1")].extract_text()
        assert "least squares: slope" in text
        assert "Forget what I have read" not in "".join(p.extract_text() for p in book.pages)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    return distribution.build(tmp_path_factory.mktemp("wheel"))


def test_the_site_is_read_where_it_is_unzipped(site, chromium, tmp_path):
    archive = dist.pack_site(tmp_path / "site.zip", site)
    with zipfile.ZipFile(archive) as packed:
        packed.extractall(tmp_path / "some folder")
    folder = tmp_path / "some folder" / dist.NAME
    complaints, asked = [], []
    tab = chromium.new_page()
    tab.on("pageerror", lambda error: complaints.append(str(error)))
    tab.on("console", lambda said: said.type == "error" and complaints.append(said.text))
    tab.on("request", lambda request: asked.append(request.url))
    tab.goto((folder / "index.html").as_uri())
    tab.wait_for_url("**/book/00_start.html")
    tab.locator("article a[href*='02_regression/index.html']").first.click()
    tab.wait_for_url("**/02_regression/index.html*")
    tab.wait_for_selector("mjx-container")
    assert complaints == []
    assert all(url.startswith((folder.as_uri() + "/", "data:", "blob:")) for url in asked)
    tab.close()


def test_the_same_site_gives_the_same_archive(tmp_path):
    (tmp_path / "site" / "_static").mkdir(parents=True)
    (tmp_path / "site" / "index.html").write_text("a page")
    (tmp_path / "site" / "_static" / "a.css").write_text("")
    (tmp_path / "site" / ".buildinfo").write_text("a hash of the settings")
    first = dist.pack_site(tmp_path / "1.zip", tmp_path / "site").read_bytes()
    assert dist.pack_site(tmp_path / "2.zip", tmp_path / "site").read_bytes() == first
    names = zipfile.ZipFile(tmp_path / "1.zip").namelist()
    assert names == [f"{dist.NAME}/_static/a.css", f"{dist.NAME}/index.html"]


def test_learners_get_every_notebook_and_the_library_and_no_answer(wheel, tmp_path, capfd):
    archive = dist.pack_for_learners(tmp_path / "learners.zip", wheel)
    names = zipfile.ZipFile(archive).namelist()
    inside = {name.removeprefix(f"{dist.NAME}-for-learners/") for name in names}
    for folder in ("exercises", "notebooks"):
        committed = {path.relative_to(ROOT).as_posix() for path in (ROOT / folder).rglob("*.ipynb")
                     if ".ipynb_checkpoints" not in path.parts}  # fmt: skip
        assert committed and committed <= inside
        inside -= committed
    assert inside == {"LICENSE", "README.md", wheel.name}
    assert dist.look_through([archive])
    assert "0 leaks in exercises, notebooks" in capfd.readouterr().out


def test_an_answer_among_what_is_handed_out_is_seen(wheel, tmp_path, capfd):
    folder = tmp_path / "exercises" / "02_regression"
    folder.mkdir(parents=True)
    shutil.copy(ROOT / "LICENSE", tmp_path)
    shutil.copy(ROOT / "solutions" / "02_regression" / "02_regression.ipynb", folder)
    archive = dist.pack_for_learners(tmp_path / "learners.zip", wheel, tmp_path)
    assert not dist.look_through([archive])
    assert "BEGIN SOLUTION" in capfd.readouterr().out


def test_the_readme_for_learners_says_what_to_install(wheel):
    text = dist.README.format(wheel=wheel.name)
    (command,) = re.findall(r"pip install (.*)", text)
    assert f'"./{wheel.name}[torch,explore]"' in command
    brought = {"sklearn": "scikit-learn", "scipy": "scikit-learn", "yaml": "pyyaml"}
    brought["jupyterquiz"] = "jupyterquiz"
    brought |= dict.fromkeys(("lossfns", "numpy", "torch"), wheel.name)
    for path in (ROOT / "notebooks").rglob("*.ipynb"):
        for cell in nbformat.read(path, as_version=4).cells:
            if cell.cell_type == "code":
                for package in re.findall(r"^(?:from|import) (\w+)", cell.source, re.MULTILINE):
                    assert package in sys.stdlib_module_names or brought[package] in command


def test_the_source_archive_builds_the_same_wheel(wheel, tmp_path):
    source = distribution.build_source(tmp_path / "1")
    assert source.name == f"lossfns-{distribution.version()}.tar.gz"
    assert distribution.build_source(tmp_path / "2").read_bytes() == source.read_bytes()
    with tarfile.open(source) as packed:
        packed.extractall(tmp_path)
    folder = tmp_path / source.name.removesuffix(".tar.gz")
    assert (folder / "LICENSE").read_bytes() == (ROOT / "LICENSE").read_bytes()
    assert not {"solutions", "grader"} & {path.name for path in folder.rglob("*")}
    again = distribution.build(tmp_path / "wheel", folder)
    assert again.read_bytes() == wheel.read_bytes()


def test_the_title_page_says_what_the_settings_say():
    config = yaml.safe_load((ROOT / "_config.yml").read_text())
    assert dist.about()["title"] == config["title"]
    assert dist.about()["version"] == distribution.version()


def test_every_page_is_in_the_pdf_in_the_order_of_the_contents():
    import only

    toc = yaml.safe_load((ROOT / "_toc.yml").read_text())
    assert [entry.page for entry in book_pdf.entries(toc)] == only.pages_in(toc)
