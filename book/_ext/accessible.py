"""Mends what the tools write into a page that stands in the way of assistive technology."""

import re

SIGNATURE = re.compile(r'<dt class="sig .*?</dt>', re.DOTALL)


def mend(app, pagename, templatename, context, doctree):
    """Docutils gives each cited work a role that ARIA 1.2 has given up, inside a list.

    Sphinx makes of a signature of several lines a list of definitions that defines nothing.
    """
    if "body" in context:
        body = context["body"].replace('role="doc-biblioentry"', 'role="listitem"')
        context["body"] = SIGNATURE.sub(lambda found: in_lines(found[0]), body)


def in_lines(signature):
    for tag, name in (("dl", "sig-lines"), ("dd", "sig-line")):
        signature = signature.replace(f"<{tag}>", f'<span class="{name}">')
        signature = signature.replace(f"</{tag}>", "</span>")
    return signature


def setup(app):
    app.connect("html-page-context", mend)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
