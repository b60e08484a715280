"""The mistakes that the checks know: {mistakes} lists those of a family, an exercise a fold.

{mistakes} several lists those that are the same in all exercises. They come from the exercises and
their pages of hints, without the formulas: those are for who asks a check again.
"""

from pathlib import Path

from docutils import nodes
from sphinx import addnodes
from sphinx.util.docutils import SphinxDirective

SEVERAL = "several"


class Mistakes(SphinxDirective):
    required_arguments = 1

    def run(self):
        from lossfns import check

        folder = Path(check.__file__).parent
        family = self.arguments[0]
        several = family == SEVERAL
        rooms = [folder, folder / ("kinds" if several else family)]
        for source in [Path(__file__), *(file for room in rooms for file in room.iterdir())]:
            if source.is_file():
                self.env.note_dependency(str(source))
        if several:
            return [fold(nodes.Text("Several exercises"), in_several())]
        return [
            fold(nodes.literal("", one.name), one.said(), taught=one.read) for one in of(family)
        ]


def of(family):
    """The exercises of a family."""
    from lossfns.check.table import FAMILIES

    return next(one for one in FAMILIES if one.__name__.endswith(f".{family}")).EXERCISES


def in_several():
    """What goes wrong in several exercises alike, said as of a function of `pred`."""
    from lossfns.check.hints import SHARED, pages
    from lossfns.check.table import IN_SEVERAL

    shared = pages()["check"][SHARED]
    return {name: shared[name].text.replace("{array}", "pred") for name in IN_SEVERAL}


def fold(name, said, taught=""):
    """A folded list, under the name of an exercise, of what goes wrong and what is said of it."""
    # Quotes in a hint are often those of a string in Python.
    box = nodes.admonition(classes=["dropdown", "lossfns-mistakes"], support_smartquotes=False)
    box += nodes.title("", "", name, nodes.Text(f", {len(said)} mistakes"))
    if taught:
        box += nodes.paragraph("", "", nodes.Text("Taught in "), reference(taught))
    entries = nodes.definition_list()
    for name, hint in said.items():
        entries += nodes.definition_list_item(
            "", nodes.term("", name), nodes.definition("", paragraph(hint))
        )
    box += entries
    return box


def paragraph(hint):
    """Plain text, in which backticks stand around code."""
    parts = hint.split("`")
    node = nodes.paragraph()
    node += [nodes.literal("", x) if i % 2 else nodes.Text(x) for i, x in enumerate(parts)]
    return node


def reference(label):
    """A link to a labelled section, in its own words."""
    link = addnodes.pending_xref(
        "", refdomain="std", reftype="ref", reftarget=label, refexplicit=False, refwarn=True
    )
    link += nodes.inline("", label)
    return link


def setup(app):
    app.add_directive("mistakes", Mistakes)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
