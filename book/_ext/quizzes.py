"""Hands the quiz engine, which is jupyterquiz's, to the pages that hold a quiz: once for the site.

A page holds the questions alone (lossfns/explore/quiz.py); book.js has the engine show them.
"""

import importlib.resources
from pathlib import Path

SCRIPT, STYLE = "jupyterquiz.js", "jupyterquiz.css"


def write_engine(app):
    """Into the folder of the site, since Sphinx looks there for what it is to name in a page."""
    if app.builder.format != "html":
        return
    package = importlib.resources.files("jupyterquiz")
    parts = sorted(package.joinpath("js").iterdir(), key=lambda part: part.name)
    script = "\n".join(p.read_text(encoding="utf8") for p in parts if p.name.endswith(".js"))
    folder = Path(app.outdir, "_static")
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in [
        (SCRIPT, script),
        (STYLE, package.joinpath("styles.css").read_text(encoding="utf8")),
    ]:
        path = folder / name
        if not path.exists() or path.read_text(encoding="utf8") != text:
            path.write_text(text, encoding="utf8")


def load_engine(app, pagename, templatename, context, doctree):
    if 'class="lossfns-quiz"' in context.get("body", ""):
        app.add_js_file(SCRIPT, priority=200)  # before book.js, which uses it
        app.add_css_file(STYLE, priority=200)  # before book.css, which overrides it


def setup(app):
    app.connect("builder-inited", write_engine)
    app.connect("html-page-context", load_engine)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
