"""`make book ONLY=…` builds a page or a chapter."""

import pytest
import yaml
from built_book import PAGES
from only import main, part


def test_a_page_is_that_page():
    assert part("02_regression/huber", PAGES) == ["book/02_regression/huber"]
    assert part("book/02_regression/huber.md", PAGES) == ["book/02_regression/huber"]
    assert part("atlas", PAGES) == ["book/atlas"]


def test_a_chapter_is_all_its_pages():
    first, *rest = part("02_regression", PAGES)
    assert first == "book/02_regression/index"
    assert rest[-1] == "book/02_regression/summary"
    assert all(page.startswith("book/02_regression/") for page in rest)


def test_the_contents_have_the_pages_that_all_refer_to(capsys):
    main("02_regression/huber")
    toc = yaml.safe_load(capsys.readouterr().out)
    assert toc["root"] == "book/02_regression/huber"
    assert [c["file"] for c in toc["chapters"]] == ["book/notation", "book/bibliography"]


def test_what_is_no_part_is_said():
    with pytest.raises(SystemExit, match="no page and no chapter 12_nothing"):
        main("12_nothing")
