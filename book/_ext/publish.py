"""What search engines and messengers read of a page, once the site has an address (`html.baseurl`).

A description, the first paragraph of the page; the tags of Open Graph, of which a card with a
picture is made; and a sitemap. Without an address all of this would point nowhere.
"""

import html
from pathlib import Path

from docutils import nodes

LONGEST = 160  # characters of a description that are shown
PICTURE = "_static/page.png"


def describe(app, pagename, templatename, context, doctree):
    site = app.config.html_baseurl.rstrip("/")
    if not site or doctree is None:
        return
    words = description(doctree)
    properties = {
        "og:type": "article",
        "og:site_name": app.config.html_title,
        "og:title": app.env.titles[pagename].astext(),
        "og:description": words,
        "og:url": f"{site}/{app.builder.get_target_uri(pagename)}",
        "og:image": f"{site}/{PICTURE}",
    }
    tags = [("name", "description", words)]
    tags += [("property", name, content) for name, content in properties.items()]
    context["metatags"] = context.get("metatags", "") + "".join(
        f'\n<meta {kind}="{name}" content="{html.escape(content)}">' for kind, name, content in tags
    )


def description(doctree):
    """The first paragraph of the page that is a sentence, cut between words."""
    for paragraph in doctree.findall(nodes.paragraph):
        text = " ".join(paragraph.astext().split())
        if len(text) > 40:
            break
    else:
        return doctree.next_node(nodes.title).astext()
    if len(text) <= LONGEST:
        return text
    return text[: LONGEST - 1].rpartition(" ")[0].rstrip(",;:–-") + "…"


def write_sitemap(app, exception):
    site = app.config.html_baseurl.rstrip("/")
    if exception or not site or app.builder.format != "html":
        return
    pages = (f"{site}/{app.builder.get_target_uri(page)}" for page in sorted(app.env.found_docs))
    rows = "".join(f"<url><loc>{html.escape(page)}</loc></url>\n" for page in pages)
    Path(app.outdir, "sitemap.xml").write_text(
        '<?xml version="1.0" encoding="utf-8"?>\n'
        f'<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">\n{rows}</urlset>\n',
        encoding="utf8",
    )


def setup(app):
    app.connect("html-page-context", describe)
    app.connect("build-finished", write_sitemap)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
