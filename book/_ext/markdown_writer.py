"""Turns the document tree of a page into Markdown that Jupyter and Colab understand."""

import re

from docutils import nodes
from repository import address_of
from sphinx.util import logging

LOGGER = logging.getLogger(__name__)
# How an address begins that leads nowhere: what refers to it is written as plain words.
NOT_LINKED = "not-linked:"


class MarkdownWriter:
    """Writes one page. A method named after a kind of node returns its Markdown."""

    def __init__(self, builder, docname, doctree):
        self.builder = builder
        self.docname = docname
        self.doctree = doctree
        self.depth = 0  # of the section
        self.anchors = {
            node["refid"] if "refid" in node else node["refuri"].removeprefix("#")
            for node in doctree.findall(nodes.reference)
            if "refid" in node or node.get("refuri", "").startswith("#")
        }
        # Other notebooks point at labels.
        labels = builder.env.domaindata["std"]["anonlabels"].values()
        self.anchors |= {anchor for page, anchor in labels if page == docname}
        equations = builder.env.domaindata["math"]["objects"].items()
        self.anchors |= {f"equation-{label}" for label, (page, _) in equations if page == docname}
        self.cited = {}

    def pieces(self):
        """Yield the page in order: Markdown of a cell, or the index of a code cell."""
        text = []
        for piece in self.walk(self.doctree):
            if isinstance(piece, int) or piece.startswith("#"):
                yield from self.join(text)
                text = []
            if isinstance(piece, int):
                yield piece
            else:
                text.append(piece)
        yield from self.join(text)
        if self.cited:
            yield "## References\n\n" + "\n\n".join(self.cited[work] for work in sorted(self.cited))

    def join(self, blocks):
        text = re.sub(r"\n{3,}", "\n\n", "\n\n".join(b for b in blocks if b.strip())).strip()
        if text:
            yield text

    def walk(self, node):
        """Yield Markdown blocks and code cells, going into what may hold code cells."""
        kind = type(node).__name__
        if node.get("nb_element") == "cell_code":
            yield node["cell_index"]
        elif kind.startswith("solution"):
            return  # readers find it in the book
        elif kind == "section":
            self.depth += 1
            yield from self.walk_all(node.children)
            self.depth -= 1
        elif kind == "document":
            yield from self.walk_all(node.children)
        elif kind in ("exercise_node", "exercise_enumerable_node"):
            yield self.exercise_title(node)
            yield from self.walk_all(node.children[1:])
        else:
            yield self.block(node)

    def exercise_title(self, node):
        numbers = self.builder.env.toc_fignumbers.get(self.docname, {}).get("exercise", {})
        number = ".".join(map(str, numbers.get(node.get("label"), ())))
        title = f"Exercise {number}".strip() + self.inline(node.children[0])
        anchors = self.anchor(node)
        return f"{'#' * min(self.depth + 1, 6)} {title}\n\n{anchors}".rstrip()

    def walk_all(self, children):
        for child in children:
            if isinstance(child, nodes.Element):
                yield from self.walk(child)

    def block(self, node):
        """Return the Markdown of a block, with its anchors if something points at it."""
        method = getattr(self, type(node).__name__, None)
        if method is None:
            LOGGER.warning(
                "no notebook rule for %s in %s", type(node).__name__, self.docname, location=node
            )
            return self.inline(node)
        return self.anchor(node) + method(node)

    def anchor(self, node):
        ids = [i for i in node.get("ids", []) if i in self.anchors]
        return "".join(f'<a id="{i}"></a>\n\n' for i in ids)

    def blocks(self, children):
        return "\n\n".join(self.block(c) for c in children if isinstance(c, nodes.Element)).strip()

    def inline(self, node):
        return "".join(self.span(child) for child in node.children)

    def span(self, node):
        method = getattr(self, type(node).__name__, None)
        return method(node) if method else self.inline(node)

    # Blocks

    def title(self, node):
        number = self.builder.env.toc_secnumbers.get(self.docname, {})
        section = node.parent
        ids = ["", *(f"#{i}" for i in section.get("ids", []))]
        key = next((i for i in ids if i in number and (i or self.depth == 1)), None)
        prefix = ".".join(map(str, number[key])) + ". " if number.get(key) else ""
        anchors = self.anchor(section)
        heading = f"{'#' * min(self.depth, 6)} {prefix}{self.inline(node)}"
        return f"{heading}\n\n{anchors}".rstrip()

    def paragraph(self, node):
        return self.inline(node)

    compact_paragraph = line = paragraph

    def bullet_list(self, node):
        return "\n".join(self.item(child, "- ") for child in node.children)

    def enumerated_list(self, node):
        start = node.get("start", 1)
        return "\n".join(
            self.item(child, f"{number}. ") for number, child in enumerate(node.children, start)
        )

    def item(self, node, bullet):
        text = self.blocks(node.children)
        if not any(isinstance(c, nodes.paragraph) for c in node.children[1:]):
            text = text.replace("\n\n", "\n")  # a tight list stays tight
        return bullet + text.replace("\n", "\n" + " " * len(bullet))

    def definition_list(self, node):
        return "\n\n".join(self.definition_list_item(child) for child in node.children)

    glossary = definition_list

    def definition_list_item(self, node):
        if isinstance(node, nodes.definition_list):
            return self.definition_list(node)
        terms = ", ".join(f"**{self.inline(c)}**" for c in node.findall(nodes.term))
        meaning = "\n\n".join(self.blocks(c.children) for c in node.findall(nodes.definition))
        return f"{terms}: {meaning}"

    def field_list(self, node):
        return ""

    def block_quote(self, node):
        return quote(self.blocks(node.children))

    def attribution(self, node):
        return "— " + self.inline(node)

    def literal_block(self, node):
        language = node.get("language", "")
        return f"```{'' if language in ('default', 'none') else language}\n{node.astext()}\n```"

    doctest_block = literal_block

    def math_block(self, node):
        tag = ""
        if node.get("number") and node["ids"]:
            numbers = self.builder.env.toc_fignumbers.get(self.docname, {})
            number = numbers.get("displaymath", {}).get(node["ids"][0], [node["number"]])
            tag = f" \\tag{{{'.'.join(map(str, number))}}}"
        return f"$$\n{node.astext().strip()}{tag}\n$$"

    def transition(self, node):
        return "---"

    def target(self, node):
        return ""

    comment = index = raw = substitution_definition = toctree = meta = target

    def rubric(self, node):
        return f"**{self.inline(node)}**"

    caption = rubric

    def container(self, node):
        return self.blocks(node.children)

    compound = legend = line_block = document = section = container

    def PassthroughTextElement(self, node):
        """The title of a card; its other one is the link that lies over the card in the book."""
        titled = node.parent.get("design_component") == "card-title"
        return f"**{self.inline(node)}**" if titled else ""

    def topic(self, node):
        return quote(self.blocks(node.children))

    sidebar = topic

    def figure(self, node):
        return self.blocks(node.children)

    def image(self, node):
        return f"![{node.get('alt', '')}]({self.builder.get_image_uri(node['uri'])})"

    def admonition(self, node):
        children = list(node.children)
        title = type(node).__name__.capitalize()
        if children and isinstance(children[0], nodes.title):
            title = self.inline(children.pop(0))
        return quote(f"**{title}**\n\n{self.blocks(children)}")

    attention = caution = danger = error = hint = important = note = tip = admonition
    warning = seealso = versionadded = admonition

    def dropdown_main(self, node):
        title, *body = node.children
        return f"**{self.inline(title)}**\n\n{self.blocks(body)}"

    def practice(self, node):
        """The page has an editor here; a notebook leads to that of the exercise."""
        return f"**Write `{node['name']}` yourself.** {self.inline(node.children[-1])}"

    def footnote(self, node):
        label, *body = node.children
        anchors = "".join(f'<a id="{i}"></a>' for i in node["ids"])
        return f"{anchors}[{label.astext()}] {self.blocks(body)}"

    # Tables

    def table(self, node):
        caption = [f"**{self.inline(c)}**" for c in node.children if isinstance(c, nodes.title)]
        head = [self.row(r) for h in node.findall(nodes.thead) for r in h.children]
        body = [self.row(r) for b in node.findall(nodes.tbody) for r in b.children]
        width = len(next(node.findall(nodes.row)).children)
        rule = "|" + "---|" * width
        header = head[:1] or ["|" + " |" * width]
        return "\n\n".join([*caption, "\n".join([*header, rule, *head[1:], *body])])

    def row(self, node):
        cells = (self.blocks(entry.children) for entry in node.children)
        return "| " + " | ".join(cell_text(text) for text in cells) + " |"

    # Inline

    def Text(self, node):
        # Brackets stay bare: Jupyter takes \\[ for the start of a formula.
        return re.sub(r"([*_$`\\])", r"\\\1", node.astext()).replace("<", "&lt;")

    def emphasis(self, node):
        return f"*{self.inline(node)}*"

    title_reference = emphasis

    def strong(self, node):
        return f"**{self.inline(node)}**"

    def literal(self, node):
        text = node.astext()
        return f"`` {text} ``" if "`" in text else f"`{text}`"

    def math(self, node):
        return f"${node.astext().strip()}$"

    def subscript(self, node):
        return f"<sub>{self.inline(node)}</sub>"

    def superscript(self, node):
        return f"<sup>{self.inline(node)}</sup>"

    def footnote_reference(self, node):
        return f"<sup>[{node.astext()}](#{node['refid']})</sup>"

    def reference(self, node):
        uri = node.get("refuri") or "#" + node.get("refid", "")
        cited = self.citation(uri)
        if cited:
            uri = "#" + cited
        if uri.startswith(NOT_LINKED):
            return self.inline(node)
        return f"[{self.inline(node)}]({uri})"

    def download_reference(self, node):
        """The book hands the file out; a notebook lies alone and names where it is."""
        path = node["reftarget"].lstrip("/")
        uri = address_of(self.builder.config, path)
        return f"[{node.astext()}]({uri})" if uri else f"`{path}`"

    def citation(self, uri):
        """Note a cited work, to be listed at the end, and return its anchor."""
        for entry in self.builder.bibliography.findall(nodes.citation):
            if not uri.startswith("#") and uri.endswith(f"#{entry['ids'][0]}"):
                key = "cite-" + entry["ids"][0]
                labels = [c for c in entry.children if isinstance(c, nodes.label)]
                body = [c for c in entry.children if c not in labels]
                work = f"[{labels[0].astext()}]"
                self.cited[work] = f'<a id="{key}"></a>{work} {self.blocks(body)}'
                return key
        return None


def quote(text):
    return "\n".join(f"> {line}".rstrip() for line in text.splitlines())


def cell_text(text):
    """A cell of a Markdown table is one line, and a bar in it would end it."""
    return re.sub(r"\s*\n\s*", " ", text).replace("|", "\\|")
