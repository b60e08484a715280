"""Nothing that a reader could find by its label is lost when pages are cut or renamed."""

import re
from collections import Counter

import pytest
from built_book import PAGES, ROOT

LABEL = re.compile(r"^\(([\w-]+)\)=$|^:label: (\S+)$", re.MULTILINE)
# The labels of sections, equations and exercises that chapters 1 to 3 had when each was one page.
KEPT = (ROOT / "tests" / "book" / "labels.txt").read_text().split()


def labels():
    sources = [(ROOT / f"{page}.md").read_text() for page in PAGES]
    return Counter(name or label for text in sources for name, label in LABEL.findall(text))


def test_no_label_is_given_twice():
    assert [label for label, times in labels().items() if times > 1] == []


@pytest.mark.parametrize("label", KEPT)
def test_a_label_that_was_there_is_there(label):
    assert label in labels()
