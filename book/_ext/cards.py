"""Makes a section of every card of the atlas, and lets the search know its names elsewhere.

A cell shows the cards of a family as one piece of HTML, of which Sphinx knows nothing. Here each
card becomes a section under a real heading, so that contents and search lead to it. The names that
other libraries have for a loss are objects of a domain of their own, which is what the search looks
into first.
"""

import re

from docutils import nodes
from sphinx.domains import Domain, ObjType

ATLAS = "book/atlas"
STYLE = re.compile(r'(<style>.*?</style>)<div class="lossfns-atlas">(.*)</div>\s*', re.DOTALL)
CARD = re.compile(r'<div class="loss" id="([\w-]+)"><h3>(.*?)</h3>(.*)</div>', re.DOTALL)
NEXT = re.compile(r'(?=<div class="loss" id=)')


def make_sections(app, doctree):
    """Before the contents are collected."""
    for raw in list(doctree.findall(nodes.raw)):
        parts = STYLE.fullmatch(raw.astext())
        if not parts or 'class="loss" id=' not in parts[2]:
            continue
        cell = raw.parent
        while cell.get("nb_element") != "cell_code":
            cell = cell.parent
        cards = [section(card) for card in NEXT.split(parts[2]) if card]
        place = cell.parent.index(cell)
        cell.parent[place : place + 1] = [nodes.raw("", parts[1], format="html"), *cards]


def section(card):
    anchor, name, content = CARD.fullmatch(card).groups()
    title = nodes.title("", name)
    body = nodes.raw("", content, format="html")
    return nodes.section("", title, body, ids=[anchor], classes=["lossfns-atlas", "loss"])


class Elsewhere(Domain):
    """The names of the losses in other libraries; there is nothing to write them with."""

    name = "elsewhere"
    label = "Elsewhere"

    def __init__(self, env):
        super().__init__(env)
        self.names = list(names())
        self.object_types = {kind: ObjType(words) for kind, words, _, _ in self.names}

    def get_type_name(self, type, primary=False):
        return type.lname

    def get_objects(self):
        for kind, _, name, anchor in self.names if ATLAS in self.env.found_docs else []:
            yield name, name, kind, ATLAS, anchor, 0

    def merge_domaindata(self, docnames, otherdata):
        """Nothing is read from pages."""


def names():
    """By loss, library and name: kind, the kind in words, name, where its card is."""
    from lossfns import catalog, functions, synonyms

    for entry in [*catalog.values(), *functions.values()]:
        for library, called in synonyms.names(entry).items():
            for name in dict.fromkeys(called):
                kind = f"{library}-{entry.name}".replace(" ", "-")
                yield kind, f"{entry.name} in {library}", name, f"atlas-{entry.name}"


def setup(app):
    app.add_domain(Elsewhere)
    app.connect("doctree-read", make_sections, priority=400)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
