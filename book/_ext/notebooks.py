"""A Sphinx builder that writes the pages as clean notebooks: `make notebooks`.

Colab and Jupyter know nothing of MyST: the text of a cell has to be plain Markdown with every
reference resolved. Sphinx has resolved them all when a builder is called, so this one turns the
document tree into Markdown, takes the code cells from the source as they stand, and adds a set-up
cell. No output, date or random id is written: the same sources give the same bytes.
"""

import ast
import base64
import hashlib
import json
import mimetypes
import re
from functools import cached_property
from pathlib import Path

import nbformat
from docutils import nodes
from execution import read_notebook
from markdown_writer import NOT_LINKED, MarkdownWriter
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook
from repository import address_of
from set_up import METADATA, set_up
from sphinx.builders import Builder

# What a folded cell is called, by a word in its code.
TITLES = {
    "display_quiz": "Quick check",
    "chapter_map": "Map of the chapters",
    "elsewhere.table": "Disagreements",
    "explore": "Explorer",
    "atlas": "From the catalog",
}


class NotebookBuilder(Builder):
    name = "notebook"
    format = "ipynb"

    def init(self):
        # Nothing is executed, so MyST-NB cannot know the language; nor need it.
        self.config.suppress_warnings.append("myst-nb.lexer")

    def get_outdated_docs(self):
        return self.env.found_docs

    def prepare_writing(self, docnames):
        pass

    def get_target_uri(self, docname, typ=None):
        """Where the repository shows the notebook, or the page that is none.

        Somebody's copy lies alone, perhaps in a Drive: no link leads to a file beside it. Before
        the repository has an address, other pages are named and not linked.
        """
        name = docname.removeprefix("book/") + ".ipynb"
        path = f"notebooks/{name}" if read_notebook(self.app, docname) else f"{docname}.md"
        return address_of(self.config, path) or NOT_LINKED + docname

    def get_relative_uri(self, from_, to, typ=None):
        return "" if from_ == to else self.get_target_uri(to)

    def get_image_uri(self, path):
        """Where the repository hands the picture out; before it has an address, the picture."""
        address = address_of(self.config, path, kind="raw")
        if not address:
            content = base64.b64encode(Path(self.srcdir, path).read_bytes()).decode()
            address = f"data:{mimetypes.guess_type(path)[0]};base64,{content}"
        return address

    def what_this_is(self, docname):
        """A line for whoever meets the notebook alone, with a link once there is an address."""
        title = f"*{self.env.titles[docname].astext()}*"
        site = self.config.html_baseurl.rstrip("/")
        address = f"{site}/{docname}.html" if site else address_of(self.config, f"{docname}.md")
        page = f"[{title}]({address})" if address else title
        chapter = docname.rpartition("/")[0] + "/index"
        number = self.env.toc_secnumbers.get(chapter, {}).get("")
        place = f"chapter {number[0]} of " if number else ""
        return (
            f"> This notebook is the page {page} from {place}the course *{self.config.html_title}*:"
            " the same text, with code that you can run and change."
        )

    @cached_property
    def bibliography(self):
        """The page with the cited works; resolving it twice would list them twice."""
        page = "book/bibliography"
        if page not in self.env.all_docs:
            return nodes.Element()
        return self.env.get_and_resolve_doctree(page, self)

    def write_doc(self, docname, doctree):
        source = read_notebook(self.app, docname)
        if source is None:
            return
        cells = []
        writer = MarkdownWriter(self, docname, doctree)
        for content in writer.pieces():
            if isinstance(content, str):
                cells.append(new_markdown_cell(content))
            else:
                folder = Path(self.env.doc2path(docname)).parent
                cells.append(code_cell(source.cells[content], folder))
        # The title first, then what this is, and what it takes to run after it.
        title, _, rest = cells[0].source.partition("\n\n")
        cells[0].source = "\n\n".join(filter(None, [title, self.what_this_is(docname), rest]))
        first = next((i for i, c in enumerate(cells) if c.cell_type == "code"), len(cells))
        cells.insert(first, new_code_cell(set_up(quizzes=True), metadata=METADATA))
        notebook = new_notebook(cells=cells, metadata=metadata(source))
        give_stable_ids(notebook)
        nbformat.validate(notebook)
        path = Path(self.outdir, docname.removeprefix("book/") + ".ipynb")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(nbformat.writes(notebook) + "\n", encoding="utf8")


def code_cell(source, folder):
    """Return a cell of the source as it is; folded, when the book does not show its code."""
    cell = new_code_cell(inline_quizzes(source.source, folder))
    if {"remove-input", "hide-input"} & set(source.metadata.get("tags", [])):
        title = next((t for word, t in TITLES.items() if word in cell.source), "Figure")
        cell.source = f'#@title {title} {{display-mode: "form"}}\n{cell.source}'
        cell.metadata = {"cellView": "form", "jupyter": {"source_hidden": True}}
    return cell


def inline_quizzes(code, folder):
    """Replace the name of a quiz file by its questions: the notebook travels without the file."""
    for call in ast.walk(ast.parse(re.sub(r"^[%!].*$", "pass", code, flags=re.MULTILINE))):
        if isinstance(call, ast.Call) and getattr(call.func, "id", "") == "display_quiz":
            name = ast.get_source_segment(code, call.args[0])
            questions = json.loads((folder / ast.literal_eval(name)).read_text(encoding="utf8"))
            for answer in (a for q in questions for a in q["answers"]):
                answer.pop("computed", None)  # for our tests only
            text = json.dumps(questions, indent=1, ensure_ascii=False)
            assert "'''" not in text, name
            code = code.replace(name, f"json.loads(r'''\n{text}\n''')")
            imports = ["import json", "from lossfns.explore import display_quiz"]
            code = "\n".join([*(i for i in imports if i not in code), code])
    return code


def metadata(source):
    result = {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
        "colab": {"provenance": [], "toc_visible": True},
    }
    if source.metadata.get("accelerator"):
        result["accelerator"] = source.metadata["accelerator"]
    return result


def give_stable_ids(notebook):
    """A cell's id comes from what is in it, so that inserting a cell leaves the others alone."""
    seen = {}
    for cell in notebook.cells:
        digest = hashlib.sha256(cell.source.encode()).hexdigest()[:12]
        seen[digest] = seen.get(digest, 0) + 1
        cell.id = digest if seen[digest] == 1 else f"{digest}-{seen[digest]}"


def setup(app):
    app.add_builder(NotebookBuilder)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
