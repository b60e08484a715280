"""Leaves out of the pages what the theme has them ask for in vain: 2.2 of the 3.6 MB of scripts.

Its icons come from a font, whose names its style sheet knows; a script of 1.5 MB that draws the
same icons serves those who add their own. The index of words serves the search while one types,
which is not on (a page is found on the page *Search*, which loads the index itself).
"""

import re
from pathlib import Path

TEMPLATES = Path(__file__).with_name("templates")
ICONS = "_static/scripts/fontawesome.js"
IN_VAIN = [ICONS, "_static/searchtools.js", "_static/language_data.js", "searchindex.js"]
SCRIPT = re.compile(
    rf'\s*<script[^>]*src="[^"]*({"|".join(map(re.escape, IN_VAIN))})[^>]*></script>'
)


def lean(markup):
    return SCRIPT.sub("", markup)


def offer(app, pagename, templatename, context, doctree):
    """To templates/layout.html."""
    context["lean"] = lean


def remove_icons(app, exception):
    if not exception and app.builder.format == "html":
        Path(app.outdir, ICONS).unlink(missing_ok=True)


def setup(app):
    app.config.templates_path.append(str(TEMPLATES))
    app.connect("html-page-context", offer)
    app.connect("build-finished", remove_icons)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
