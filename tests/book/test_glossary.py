"""The glossary: one sentence and one section for each word, in the words of the pages."""

import re

import pytest
from built_book import PAGES, ROOT

SOURCE = (ROOT / "book" / "glossary.md").read_text(encoding="utf8")
ENTRY = re.compile(r"^(\S.*)\n((?:    .*\n)+)", re.MULTILINE)
ENTRIES = ENTRY.findall(SOURCE.split(":sorted:\n")[1])
LABEL = re.compile(r"^\(([\w-]+)\)=$", re.MULTILINE)
TEXTS = {page: (ROOT / f"{page}.md").read_text(encoding="utf8") for page in PAGES}
LABELS = {label for text in TEXTS.values() for label in LABEL.findall(text)}


def test_there_are_some_fifty_words_and_none_twice():
    words = [word for word, _ in ENTRIES]
    assert len(words) == len(set(words)) >= 50


@pytest.mark.parametrize(("word", "text"), ENTRIES, ids=[word for word, _ in ENTRIES])
def test_a_word_has_one_sentence_and_its_section(word, text):
    sentence, label = re.fullmatch(r"(.+)\s→ \{ref\}`([\w-]+)`", " ".join(text.split())).groups()
    plain = re.sub(r"\$[^$]*\$", "x", sentence)
    assert plain.endswith(".") and not re.search(r"\.\s", plain)
    assert label in LABELS


def test_every_chapter_that_is_written_links_to_the_glossary():
    chapters = [page for page in PAGES if re.match(r"book/0[1-7]_\w+/index", page)]
    assert chapters
    for page in chapters:
        assert "{term}`" in TEXTS[page], page


@pytest.mark.parametrize("page", PAGES)
def test_a_link_names_a_word_of_the_glossary(page):
    words = {word for word, _ in ENTRIES}
    for linked in re.findall(r"\{term\}`(?:[^`<]*<)?([^`>]+)>?`", TEXTS[page]):
        assert linked in words
