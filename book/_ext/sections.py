"""Leaves the headings on the first page of a chapter without a number.

Sphinx would count them among the sections, so that the sections of chapter 2 began at 2.3. The
pages of a chapter are its sections: they are 2.1, 2.2 and so on.
"""

from sphinx import addnodes


def leave_out(app, doctree):
    """The collector of contents has run, and numbers nothing before all pages are read."""
    if app.env.docname.endswith("/index"):
        for _, entry in headings(app.env, app.env.docname):
            entry["skip_section_number"] = True


def say_no_number(app, doctree, docname):
    """A heading that has none would be given that of the page."""
    if docname.endswith("/index") and docname in app.env.toc_secnumbers:
        numbers = app.env.toc_secnumbers[docname]
        numbers.update({anchor: () for anchor, _ in headings(app.env, docname)})


def headings(env, docname):
    """Those under the title, with their entries in the contents."""
    for entry in env.tocs[docname].findall(addnodes.compact_paragraph):
        anchor = entry[0]["anchorname"]
        if anchor:
            yield anchor, entry


def setup(app):
    app.connect("doctree-read", leave_out, priority=600)
    app.connect("doctree-resolved", say_no_number)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
