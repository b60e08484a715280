"""Shows contributors what the book must teach and which section does: {coverage}.

From the tables in tests/book/contract/, which the tests compare with the sections: a table for each
chapter that has one, *what it must teach → section*.
"""

from pathlib import Path

import yaml
from sphinx.util.docutils import SphinxDirective


class Coverage(SphinxDirective):
    def run(self):
        folder = Path(self.env.srcdir, "tests", "book", "contract")
        lines = []
        for path in sorted(folder.glob("*.yml")):
            self.env.note_dependency(str(path))
            lines += chapter(path.stem, yaml.safe_load(path.read_text(encoding="utf8")))
        self.env.note_dependency(str(folder))  # changes when a table is added
        return self.parse_text_to_nodes("\n".join(lines) + "\n", allow_section_headings=True)


def chapter(name, rows):
    number, _, words = name.partition("_")
    title = f"## Chapter {int(number)}, {words.replace('_', ' ')}"
    table = [f"| {cell(row['bullet'])} | {{ref}}`{row['label']}` |" for row in rows]
    return [title, "", "| what it must teach | section |", "|---|---|", *table, ""]


def cell(text):
    return text.replace("|", "\\|")


def setup(app):
    app.add_directive("coverage", Coverage)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
