"""Leaves the headings on the first page of a chapter without a number.

Sphinx would count them among the sections, so that the sections of chapter 2 began at 2.3. The
pages of a chapter are its sections: they are 2.1, 2.2 and so on.
"""

from docutils import nodes
from sphinx import addnodes
from sphinx_external_toc.collectors import TocTreeCollectorWithStyles


def leave_out(app):
    """Have the sections numbered without those headings."""
    number = TocTreeCollectorWithStyles.assign_section_numbers
    if getattr(number, "leaves_out_headings", False):
        return

    def assign_section_numbers(self, env):
        left_out = [item for page in env.tocs if is_first(page) for item in items(env, page)]
        for item in left_out:
            item[0][0].attributes.pop("secnumber", None)  # which an older build gave it
        before = {id(item.parent): (item.parent, list(item.parent.children)) for item in left_out}
        for one, children in before.values():
            one.children = [child for child in children if isinstance(child, addnodes.toctree)]
        updated = number(self, env)
        for one, children in before.values():
            one.children = children
        return updated

    assign_section_numbers.leaves_out_headings = True
    TocTreeCollectorWithStyles.assign_section_numbers = assign_section_numbers


def keep_figures(app):
    """Have figures numbered only if a page was read or is gone."""
    number = TocTreeCollectorWithStyles.assign_figure_numbers
    if getattr(number, "keeps_figures", False):
        return

    def assign_figure_numbers(self, env):
        return number(self, env) if env.app.pages_changed else []

    assign_figure_numbers.keeps_figures = True
    TocTreeCollectorWithStyles.assign_figure_numbers = assign_figure_numbers


def note_removed(app, env, added, changed, removed):
    app.pages_changed = bool(removed)
    return []


def note_read(app, env, pages):
    app.pages_changed = app.pages_changed or bool(pages)


def say_no_number(app, doctree, page):
    """A heading of which no number is known would be given that of the page."""
    if is_first(page) and page in app.env.toc_secnumbers:
        anchors = [item[0][0]["anchorname"] for item in items(app.env, page)]
        app.env.toc_secnumbers[page].update({anchor: () for anchor in anchors})


def is_first(page):
    return page.endswith("/index")


def items(env, page):
    """The headings under the title of a page, in its contents."""
    return [item for item in env.tocs[page].findall(nodes.list_item) if item[0][0]["anchorname"]]


def setup(app):
    app.connect("builder-inited", leave_out)
    app.connect("builder-inited", keep_figures)
    app.connect("env-get-outdated", note_removed)
    app.connect("env-before-read-docs", note_read)
    app.connect("doctree-resolved", say_no_number)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
