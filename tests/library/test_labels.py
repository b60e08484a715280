"""Labels of the book, as library, checks and command line name them."""

import importlib
import json
import re
from pathlib import Path

import pytest

from lossfns import labels
from lossfns.labels import place, places, where

LOSSFNS = Path(labels.__file__).parent


def test_a_section_has_an_address():
    assert place("loss-huber").address.endswith("#loss-huber")
    assert where("case-studies") == "chapter 9, Case studies"


def test_a_published_book_is_linked(monkeypatch):
    known = json.loads((LOSSFNS / "labels.json").read_text("utf8"))
    monkeypatch.setattr(labels, "_known", lambda: known | {"site": "https://example.org/losses"})
    found = place("loss-huber")
    assert where("loss-huber") == f"{found}: https://example.org/losses/book/{found.address}"


def test_an_unknown_label_is_an_error():
    with pytest.raises(KeyError, match="loss-huuber"):
        where("loss-huuber")


MODULES = sorted(
    path.relative_to(LOSSFNS.parent).with_suffix("").as_posix().replace("/", ".")
    for path in LOSSFNS.rglob("*.py")
    if path.stem not in ("__init__", "__main__")
)


@pytest.mark.parametrize("name", MODULES)
def test_every_label_that_a_docstring_names_is_in_the_book(name):
    source = Path(importlib.import_module(name).__file__).read_text("utf8")
    named = re.findall(r"^ +Chapter:\n +(\S+)$", source, re.MULTILINE)
    assert all(place(label) for label in named)
    assert not re.search(r"\d\d_[a-z_]+(\.html|\.md)", source), "a page, where a label belongs"


def test_every_label_has_a_title():
    assert all(place.title for place in places().values())
