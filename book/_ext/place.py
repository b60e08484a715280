"""Writes under the title of a section where the reader is: chapter, section, minutes.

The minutes and the star of the short route come from the map on the first page of the chapter, a
table whose rows link a section and then say how long it takes.
"""

import html
import re
from pathlib import Path

REFERENCE = re.compile(r"\{ref\}`(?:[^`<]*<)?([\w-]+)>?`")
MINUTES = re.compile(r"\| *(\d+) *\| *(★?) *\|$")


def rows(text):
    """The rows of a chapter's map: labels, minutes, whether it is on the short route."""
    for line in text.splitlines():
        facts = MINUTES.search(line)
        if line.startswith("|") and facts:
            yield REFERENCE.findall(line), int(facts[1]), bool(facts[2])


def say_where(app, pagename, templatename, context, doctree):
    chapter = pagename.rpartition("/")[0] + "/index"
    sections = app.env.toctree_includes.get(chapter, [])
    if pagename not in sections or "body" not in context:
        return
    words = [f"section {sections.index(pagename) + 1} of {len(sections)}"]
    labels = app.env.domaindata["std"]["labels"]
    source = Path(app.env.doc2path(chapter)).read_text(encoding="utf8")
    for named, minutes, starred in rows(source):
        if any(labels.get(label, [""])[0] == pagename for label in named):
            words.append(f"{minutes} minutes")
            words += ["on the short route ★"] if starred else []
            break
    number = app.env.toc_secnumbers.get(chapter, {}).get("", ())
    title = html.escape(app.env.titles[chapter].astext())
    name = f"Chapter {number[0]}: {title}" if number else title
    link = f'<a href="{app.builder.get_relative_uri(pagename, chapter)}">{name}</a>'
    line = f'<p class="lossfns-place">{" · ".join([link, *words])}</p>'
    context["body"] = context["body"].replace("</h1>", "</h1>\n" + line, 1)


def setup(app):
    app.connect("html-page-context", say_where)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
