"""Where the book explains something.

Records, docstrings, hints and exercises name a label of the book, such as `loss-huber`, and never a
page: pages move. `labels.json` knows the page that holds each label. `make labels` makes it
from the pages.

>>> print(where("loss-huber"))
chapter 2, Huber: a bowl with straight walls
"""

from __future__ import annotations

import functools
import json
from dataclasses import dataclass
from importlib import resources
from typing import Any


@dataclass(frozen=True)
class Place:
    """What a label names.

    Attributes:
        label: the label itself.
        title: of the section that it names.
        page: without its ending and counted from `book/`, such as "02_regression/huber".
        chapter: its number; 0 outside the chapters.
    """

    label: str
    title: str
    page: str
    chapter: int

    @property
    def address(self) -> str:
        """Page and section, counted from `book/`."""
        return f"{self.page}.html#{self.label}"

    def __str__(self) -> str:
        return f"chapter {self.chapter}, {self.title}" if self.chapter else self.title


@functools.cache
def _known() -> dict[str, Any]:
    text = resources.files("lossfns").joinpath("labels.json").read_text(encoding="utf8")
    known: dict[str, Any] = json.loads(text)
    return known


@functools.cache
def places() -> dict[str, Place]:
    """Every label of the book."""
    return {label: Place(label, **facts) for label, facts in _known()["labels"].items()}


def place(label: str) -> Place:
    """What a label names.

    Raises:
        KeyError: the book has no such label.
    """
    return places()[label]


def where(label: str) -> str:
    """The place in words, with its address where the book is published.

    >>> where("loss-huber")
    'chapter 2, Huber: a bowl with straight walls'
    """
    found, site = place(label), _known()["site"]
    return f"{found}: {site}/book/{found.address}" if site else str(found)
