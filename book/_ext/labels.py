"""A Sphinx builder that writes lossfns/labels.json: which page holds each label. `make labels`.

Every other build compares the file with the pages and warns where it is old, which fails the build.
"""

import json
from pathlib import Path

from sphinx.builders import Builder
from sphinx.util import logging

LOGGER = logging.getLogger(__name__)


class LabelBuilder(Builder):
    name = "labels"
    format = "json"

    def init(self):
        # Nothing is executed, so MyST-NB cannot know the language; nor need it.
        self.config.suppress_warnings.append("myst-nb.lexer")

    def get_outdated_docs(self):
        return []

    def get_target_uri(self, docname, typ=None):
        return docname

    def write(self, *pages_and_method):
        """Nothing is written for a page."""

    def finish(self):
        file_of(self.app).write_text(known(self.env), encoding="utf8")


def file_of(app):
    return Path(app.srcdir, "lossfns", "labels.json")


def known(env):
    """The text of the file: labels in alphabetical order, a line each."""
    lines = [
        f" {json.dumps(label)}: {json.dumps(facts, ensure_ascii=False)}"
        for label, facts in sorted(labels_of_pages(env).items())
    ]
    site = json.dumps(env.config.html_baseurl.rstrip("/"))
    return f'{{"site": {site}, "labels": {{\n' + ",\n".join(lines) + "\n}}\n"


def labels_of_pages(env):
    """Those that stand above a heading; equations have no title, exercises name only their kind."""
    rows = {}
    for label, (docname, _, title) in env.domaindata["std"]["labels"].items():
        exercise = title in ("Exercise", "Solution to")
        if docname.startswith("book/") and title and not exercise:
            numbers = env.toc_secnumbers.get(docname, {}).get("") or (0,)
            page = docname.removeprefix("book/")
            rows[label] = {"title": title, "page": page, "chapter": numbers[0]}
    return rows


def compare(app, env):
    """Warn where the file is not what the pages make it."""
    path = file_of(app)
    if app.builder.name == "labels" or not path.exists() or partial(app):
        return
    if path.read_text(encoding="utf8") != known(env):
        LOGGER.warning("lossfns/labels.json is old: make labels")


def partial(app):
    """Whether only a part is built: `make book ONLY=…` has a table of contents of its own."""
    return Path(app.srcdir, app.config.external_toc_path) != Path(app.srcdir, "_toc.yml")


def words_for_what_is_not_built(app, env, node, contnode):
    """A link that leads out of the part is plain words."""
    return contnode if partial(app) else None


def setup(app):
    app.add_builder(LabelBuilder)
    app.connect("missing-reference", words_for_what_is_not_built)
    app.connect("env-check-consistency", compare)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
