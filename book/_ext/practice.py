"""Exercises to write in the page: {practice} with the names of exercises, under their section.

The page shows what the learner is given in exercises/, text and stub: never a solution, since that
folder holds none. Where the site carries Python (runtime.py), a press turns the stub into an
editor, whose text is checked in the browser; else the page leads to the notebook. What does so
lies in book/_static/practice/.
"""

import functools
import hashlib
import html
import json
from pathlib import Path

import runtime
from docutils import nodes
from docutils.statemachine import StringList
from repository import address_of
from sphinx import addnodes
from sphinx.errors import ExtensionError
from sphinx.util.docutils import SphinxDirective


class practice(nodes.General, nodes.Element):
    """One exercise: its text, its stub, and where its notebook is."""


class practice_button(nodes.General, nodes.Element):
    """What turns the stub into an editor, where the site carries Python."""


class Practice(SphinxDirective):
    required_arguments = 1
    final_argument_whitespace = True

    def run(self):
        return [self.exercise(name) for name in self.arguments[0].split()]

    def exercise(self, name):
        notebook, text, stub = find(Path(self.env.srcdir, "exercises"), name)
        if notebook is None:
            raise self.error(f"no notebook in exercises/ has the exercise {name}")
        path = notebook.relative_to(self.env.srcdir).as_posix()
        self.env.note_dependency(path)
        node = practice(name=name, key=f"{notebook.stem}/{name}", ids=[f"practice-{name}"])
        self.state.nested_parse(StringList(text.splitlines(), path), 0, node)
        for head in [one for one in node.findall(nodes.thead) if not one.astext().strip()]:
            head.parent.remove(head)  # Markdown knows no table without
        node += nodes.literal_block(stub, stub, language="python", classes=["lossfns-stub"])
        node += practice_button()
        node += self.where(path)
        return node

    def where(self, path):
        line = nodes.paragraph(classes=["lossfns-where"])
        line += nodes.Text("In the graded assignment: ")
        line += addnodes.download_reference(
            "", "", nodes.Text("download its notebook"), reftarget=f"/{path}"
        )
        address = address_of(self.config, path).removeprefix("https://github.com/")
        if address:
            line += nodes.Text(" or ")
            address = f"https://colab.research.google.com/github/{address}"
            line += nodes.reference("", "open it on Colab", refuri=address, internal=False)
        line += nodes.Text(".")
        return line


def find(folder, name):
    """The notebook that has an exercise, with its text and its stub; (None, "", "") if none has."""
    for path in sorted(folder.glob("*/*.ipynb")):
        cells = cells_of(path, path.stat().st_mtime_ns)
        for at, (kind, source, about) in enumerate(cells):
            if kind == "code" and about.get("solution") and about["grade_id"] == name:
                return path, text_of(cells[:at]), f"import numpy as np\n\n\n{source.rstrip()}"
    return None, "", ""


@functools.lru_cache
def cells_of(path, changed):
    """Kind, source and what nbgrader says of each cell; read again when the file has changed."""
    cells = json.loads(path.read_text(encoding="utf8"))["cells"]
    return [
        (c["cell_type"], "".join(c["source"]), c["metadata"].get("nbgrader", {})) for c in cells
    ]


def text_of(cells):
    """What an exercise says, and what its part says of all its functions, without headings."""
    texts = [source for kind, source, _ in cells if kind == "markdown"]
    own = next(text for text in reversed(texts) if text.startswith("### "))
    part = next((text for text in reversed(texts) if text.startswith("## ")), "")
    shared = [part] if "**For every function" in part else []
    return "\n\n".join(text.partition("\n")[2].strip() for text in [own, *shared])


def visit(self, node):
    version = self.config.practice_version
    name = html.escape(node["name"])
    self.body.append(
        f'<details class="lossfns-practice" id="practice-{name}" data-exercise="{name}" '
        f'data-key="{html.escape(node["key"])}" data-version="{version}">'
        f"<summary>Write it yourself: <code>{name}</code> "
        '<span class="lossfns-state"></span></summary>\n'
    )


def depart(self, node):
    self.body.append("</details>\n")


def visit_button(self, node):
    if self.config.practice_version:
        button = '<button type="button" class="lossfns-first" hidden>Write it here</button>'
        self.body.append(f'<p>{button}</p><p class="lossfns-said" role="status"></p>\n')
    raise nodes.SkipNode


def carry(app, config):
    """Say whether pages offer the editor; they are written again when what it loads changes."""
    try:
        folder = runtime.find()
    except runtime.IncompleteError as error:
        raise ExtensionError(str(error)) from None
    if folder is not None:
        ours = sorted(Path(app.srcdir, "book", "_static", "practice").iterdir())
        parts = [*(path.read_bytes() for path in ours), runtime.library(Path(app.srcdir))]
        parts.append("".join(sorted(path.name for path in folder.iterdir())).encode())
        config.practice_draws = runtime.draws(folder)
        config.practice_version = hashlib.sha256(b"".join(parts)).hexdigest()[:8]


def write_runtime(app):
    """Into the folder of the site, and out of it again when the site is built without."""
    if app.builder.format != "html":
        return
    folder = Path(app.outdir, "_static", "pyodide")
    files = {}
    if app.config.practice_version:
        files = runtime.distribution(runtime.find())
        files["lossfns.zip"] = runtime.library(Path(app.srcdir))
    for old in folder.glob("*"):
        if old.name not in files:
            old.unlink()
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists() or path.read_bytes() != content:
            path.write_bytes(content)


def setup(app):
    app.add_config_value("practice_version", "", "html")
    app.add_config_value("practice_draws", False, "html")
    app.add_node(practice, html=(visit, depart))
    app.add_node(practice_button, html=(visit_button, None))
    app.add_directive("practice", Practice)
    app.connect("config-inited", carry)
    app.connect("builder-inited", write_runtime)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
