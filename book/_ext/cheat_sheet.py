"""The cheat sheet: {cheat-sheet} is a table of the losses that everybody meets, from the catalog.

Formula and PyTorch call come from the records; gradient and pitfall are the first sentences of what
the docstrings say of them, which the tests of the library hold to.
"""

import inspect
import re
from pathlib import Path

from docutils import nodes
from sphinx.util.docutils import SphinxDirective

GROUPS = {
    "Numbers": "mse mae huber log_cosh quantile mape msle poisson_nll gaussian_nll",
    "Classes": "bce_with_logits cross_entropy hinge kl_div js_div brier",
    "Rare classes and masks": "focal_with_logits dice tversky",
    "Embeddings": "contrastive triplet info_nce sup_con clip",
    "Answers and sequences": "dpo ctc",
}
HEAD = "| loss | of one item | gradient of the mean | PyTorch | pitfall |"


class CheatSheet(SphinxDirective):
    def run(self):
        import lossfns

        library = Path(lossfns.__file__).parent
        sources = [*library.glob("records/*.py"), *library.glob("numpy/*.py")]
        for source in (Path(__file__), library / "labels.json", *sources):
            self.env.note_dependency(str(source))
        sheet = nodes.container(classes=["lossfns-sheet"])
        sheet += self.parse_text_to_nodes(table())
        return [sheet]


def table():
    """The whole sheet as a Markdown table."""
    lines = [HEAD, "|---|---|---|---|---|"]
    for group, names in GROUPS.items():
        lines.append(f"| **{group}** | | | | |")
        lines += [row(name) for name in names.split()]
    return "\n".join(lines) + "\n"


def row(name):
    import lossfns.numpy
    from lossfns import catalog
    from lossfns.labels import place

    record = catalog[name]
    said = inspect.getdoc(getattr(lossfns.numpy, name))
    found = place(record.chapter)
    called = f"{{ref}}`{name} <{record.chapter}>`" if found.page else f"`{name}`"
    cells = [
        called,
        f"${formula(record.formula)}$",
        gradient(section(said, "Gradient")),
        call(record),
        sentence(section(said, "Pitfall"), shortest=30),
    ]
    return "| " + " | ".join(cells) + " |"


def formula(latex):
    """Bars, which would end the cell, by their names."""
    return latex.replace(r"\|", r"\Vert ").replace("|", r"\vert ").replace("\n", " ")


def section(docstring, name):
    lines = re.search(rf"^{name}:\n((?:    .*\n)+)", docstring + "\n", re.MULTILINE)[1]
    return " ".join(lines.split()).replace("|", r"\|")


def sentence(text, shortest=0):
    """The first one, and the next where it is short."""
    first, *rest = re.split(r"(?<=[.!?])\s+(?=[A-Z])", text)
    return f"{first} {rest[0]}" if rest and len(first) < shortest else first


def gradient(text):
    """Without what holds at a single point, and without what the head of the column says."""
    text = sentence(text).partition(";")[0].removesuffix(".")
    text = re.sub(",? for the mean", "", text)
    return text[0].upper() + text[1:] if text.startswith("with") else text


def call(record):
    """PyTorch's own function, else this library's."""
    known = record.equivalents.get("torch", "")
    name, _, remark = known.partition(" ")
    name, bracket, settings = name.partition("(")
    if not known:
        return f"`lt.{record.name}`"
    return f"`{name.replace('torch.nn.functional', 'F')}{bracket}{settings}` {remark}".strip()


def setup(app):
    app.add_directive("cheat-sheet", CheatSheet)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
