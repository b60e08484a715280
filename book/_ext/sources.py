"""Labels the works of the bibliography as the text cites them: by author and year."""

from pybtex.plugin import register_plugin
from pybtex.style.formatting.plain import Style as Plain
from pybtex.style.labels import BaseLabelStyle


class AuthorYearLabels(BaseLabelStyle):
    def format_labels(self, sorted_entries):
        for entry in sorted_entries:
            people = entry.persons.get("author") or entry.persons.get("editor") or []
            yield f"{cited(people) or entry.fields['title']}, {entry.fields['year']}"


def cited(people):
    """The last names of at most two, as in the text."""
    last = [
        " ".join(str(part) for part in person.rich_prelast_names + person.rich_last_names)
        for person in people
    ]
    return " and ".join(last) if len(last) < 3 else f"{last[0]} et al."


class AuthorYear(Plain):
    """Works in the order of authors, then years."""

    default_label_style = AuthorYearLabels


def setup(app):
    register_plugin("pybtex.style.formatting", "author_year", AuthorYear)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
