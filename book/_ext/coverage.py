"""Shows contributors what the book must teach and which section does: {coverage}.

From the tables in tests/book/contract/, which the tests compare with the sections: a table for each
chapter that has one, *what it must teach → section*.
"""

from pathlib import Path

import yaml
from contents import GATHERED, Gathered


class Coverage(Gathered):
    headings = True


def coverage(env):
    """The tables, as Markdown."""
    lines = []
    for path in sorted(Path(env.srcdir, "tests", "book", "contract").glob("*.yml")):
        lines += chapter(path.stem, yaml.safe_load(path.read_text(encoding="utf8")))
    return "\n".join(lines) + "\n"


def chapter(name, rows):
    number, _, words = name.partition("_")
    title = f"## Chapter {int(number)}, {words.replace('_', ' ')}"
    table = [f"| {cell(row['bullet'])} | {{ref}}`{row['label']}` |" for row in rows]
    return [title, "", "| what it must teach | section |", "|---|---|", *table, ""]


def cell(text):
    return text.replace("|", "\\|")


GATHERED["coverage"] = coverage


def setup(app):
    app.add_directive("coverage", Coverage)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
