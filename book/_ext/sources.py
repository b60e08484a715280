"""Labels the works of the bibliography as the text cites them: by author and year."""

import unicodedata

from pybtex.plugin import register_plugin
from pybtex.style.formatting.plain import Style as Plain
from pybtex.style.labels import BaseLabelStyle
from pybtex.style.sorting import BaseSortingStyle


class AuthorYearLabels(BaseLabelStyle):
    def format_labels(self, sorted_entries):
        for entry in sorted_entries:
            yield ", ".join(author_and_year(entry))


class ByLabel(BaseSortingStyle):
    def sorting_key(self, entry):
        author, year = author_and_year(entry)
        return in_ascii(author), year, entry.fields["title"]


def author_and_year(entry):
    """The last names of at most two, and the year, as in the text."""
    people = entry.persons.get("author") or entry.persons.get("editor")
    return cited(people) if people else entry.fields["title"], entry.fields["year"]


def in_ascii(name):
    """Without accents, since É comes before F."""
    return "".join(c for c in unicodedata.normalize("NFKD", name.casefold()) if c.isascii())


def cited(people):
    last = [
        " ".join(str(part) for part in person.rich_prelast_names + person.rich_last_names)
        for person in people
    ]
    return " and ".join(last) if len(last) < 3 else f"{last[0]} et al."


class AuthorYear(Plain):
    """Works in the order of authors, then years."""

    default_label_style = AuthorYearLabels
    default_sorting_style = ByLabel


def setup(app):
    register_plugin("pybtex.style.formatting", "author_year", AuthorYear)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
