"""Points a page's Colab and download buttons at its notebook in notebooks/.

The theme would link the Markdown source, which Colab refuses, and offer the executed copy, whose
explorers are pictures. A page without a notebook gets neither button.
"""

import shutil
from pathlib import Path


def offer_notebook(app, pagename, templatename, context, doctree):
    """The theme offers a notebook only where there are launch buttons, and so an address."""
    if notebook_of(app, pagename).exists():
        context.setdefault("ipynb_source", pagename + ".ipynb")


def point_at_notebook(app, pagename, templatename, context, doctree):
    if not context.get("ipynb_source"):
        return
    notebook = notebook_of(app, pagename)
    for group in list(context["header_buttons"]):
        if notebook.exists():
            link_colab(group, pagename, notebook.relative_to(app.srcdir).as_posix())
        elif group.get("label") == "launch-buttons":
            context["header_buttons"].remove(group)
        elif group.get("label") == "download-buttons":
            group["buttons"] = [b for b in group["buttons"] if b["text"] != ".ipynb"]
    if notebook.exists():
        target = Path(app.outdir, "_sources", context["ipynb_source"])
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(notebook, target)


def link_colab(group, pagename, path):
    for button in group.get("buttons", []):
        if button["text"] == "Colab":
            button["url"] = button["url"].removesuffix(pagename + ".md") + path


def pages_with_a_new_notebook(app, env, added, changed, removed):
    """Have a page written again when its notebook has appeared or changed."""
    return [docname for docname in env.all_docs if offers_another(app, docname)]


def offers_another(app, pagename):
    notebook = notebook_of(app, pagename)
    offered = Path(app.outdir, "_sources", pagename + ".ipynb")
    if not notebook.exists() or not offered.exists():
        return False
    return notebook.read_bytes() != offered.read_bytes()


def notebook_of(app, pagename):
    return Path(app.srcdir, "notebooks", pagename.removeprefix("book/") + ".ipynb")


def setup(app):
    app.connect("env-get-outdated", pages_with_a_new_notebook)
    # The theme makes its buttons at priority 501.
    app.connect("html-page-context", offer_notebook, priority=500)
    app.connect("html-page-context", point_at_notebook, priority=502)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
