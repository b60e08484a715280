"""What is said of each mistake: read from the pages of hints, `hints.md` of each family.

A page is plain text under headings, to be edited without a word of Python:

    # mse

    ## the sum instead of the mean

    You add up the losses of all items but do not divide by their number n. ...

    Written out: Σe²/n.

The first level names the exercise, the second the mistake as the table of the exercise calls it. A
paragraph that begins with *Written out:* is the formula that the task asks for. What an exercise
does not say itself is looked up under its NumPy sibling (`mse` for `mse_torch`), then under
`# In several exercises` of the family, then on `lossfns/check/hints.md`. There `{array}` stands for
the first argument of the exercise, or for the one that is meant.
"""

import re
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from lossfns.check.exercise import Exercise

SHARED = "In several exercises"
WRITTEN_OUT = "Written out: "


class Hint(NamedTuple):
    """What is wrong and where to look; `formula` is what the task asks for, "" if left unsaid."""

    text: str
    formula: str = ""


# By exercise (or SHARED) and mistake.
Page = dict[str, dict[str, Hint]]


def hint(exercise: "Exercise", mistake: str, array: str = "") -> Hint:
    """What to tell somebody who made this mistake in this exercise, or with this argument of it.

    A name that no page has, as after a slip in a heading, leaves the mistake without words but the
    check alive; tests/check/test_hints.py finds it.
    """
    for section in _sections(exercise.name):
        if mistake in section:
            text, formula = section[mistake]
            return Hint(text.replace("{array}", array or first_argument(exercise)), formula)
    return Hint("")


def first_argument(exercise: "Exercise") -> str:
    """As the signature of the exercise calls it."""
    return re.split(r"\W+", exercise.signature)[1]


def read(page: str) -> Page:
    """The hints on a page."""
    sections: Page = {}
    for part in ("\n" + page).split("\n# ")[1:]:
        name, *mistakes = part.split("\n## ")
        section = sections.setdefault(name.strip(), {})
        for mistake in mistakes:
            title, _, body = mistake.partition("\n")
            paragraphs = [" ".join(lines.split()) for lines in body.split("\n\n") if lines.strip()]
            formula = ""
            if paragraphs and paragraphs[-1].startswith(WRITTEN_OUT):
                formula = paragraphs.pop().removeprefix(WRITTEN_OUT).removesuffix(".")
            section[title] = Hint(" ".join(paragraphs), formula)
    return sections


@cache
def pages() -> dict[str, Page]:
    """All pages by their folder: the families', and "check" for what they share."""
    check = resources.files("lossfns.check")
    found = {folder.name: folder / "hints.md" for folder in (check, *check.iterdir())}
    found = {name: page for name, page in found.items() if page.is_file()}
    return {name: read(page.read_text(encoding="utf8")) for name, page in found.items()}


def _sections(exercise: str) -> list[dict[str, Hint]]:
    """Where the hints of an exercise stand; what is said of it alone comes first."""
    sibling = exercise.removesuffix("_torch")
    own = [page for page in pages().values() if exercise in page or sibling in page]
    names = (exercise, sibling, SHARED)
    return [page[name] for page in [*own, pages()["check"]] for name in names if name in page]
