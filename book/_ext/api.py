"""The pages of the API reference: signatures and docstrings by Sphinx's own autodoc.

{api} regression shows a family: for each of its functions the formula, where the book explains it,
and both twins. {api-names} is the table of all of them. {api-public} shows the rest of a package,
{api-module} what the package says of itself. What the docstrings of the house say in
sections such as *Gradient* and *Pitfall* becomes fields. "Source" links are there once the
repository has an address.
"""

import dataclasses
import importlib
import inspect
import re
import textwrap
from pathlib import Path

from docutils.utils import new_document
from myst_parser.mocking import MockRSTParser
from repository import address_of
from sphinx.util.docutils import SphinxDirective

LISTED = ("Args", "Arguments", "Attributes", "Raises", "Errors")
FIELDS = (*LISTED, "Returns", "Gradient", "Pitfall", "Reference", "Chapter",
          "PyTorch", "Example")  # fmt: skip
SECTION = re.compile(rf"^({'|'.join(FIELDS)}):?\n((?:(?: .*)?(?:\n|\Z))+)", re.MULTILINE)
ITEM = re.compile(r"^([*\w]+(?:, [*\w]+)*): ", re.MULTILINE)
CODE = re.compile(r"`([^`]+)`")


class Family(SphinxDirective):
    """Everything of one family, a heading each."""

    required_arguments = 1

    def run(self):
        import lossfns

        library = Path(lossfns.__file__).parent
        for source in (Path(__file__), *library.glob("records/*.py"), library / "labels.json"):
            self.env.note_dependency(str(source))
        found = [one for one in entries() if one.family == self.arguments[0]]
        if not found:
            raise self.error(f"there is no family {self.arguments[0]}")
        return written(self, "\n".join(map(section, found)))


class Names(SphinxDirective):
    """A table: every family, and what is in it."""

    def run(self):
        rows = {}
        for one in entries():
            rows.setdefault(one.family, []).append(one)
        lines = ["| family | functions |", "|---|---|"]
        for family, members in rows.items():
            links = ", ".join(f"{{py:obj}}`{one.name} <{path(one)}>`" for one in members)
            lines.append(f"| {{ref}}`api-{family.replace('_', '-')}` | {links} |")
        return self.parse_text_to_nodes("\n".join(lines) + "\n")


class Public(SphinxDirective):
    """The public classes and functions of a module, or those named in the content."""

    required_arguments = 1
    has_content = True

    def run(self):
        module = importlib.import_module(self.arguments[0])
        named = {name: getattr(module, name) for name in self.content or module.__all__}
        return written(
            self,
            "\n".join(
                auto(f"{module.__name__}.{name}", thing)
                for name, thing in named.items()
                if inspect.isclass(thing) or inspect.isfunction(thing)
            ),
        )


class Module(SphinxDirective):
    """What the docstring of a package says."""

    required_arguments = 1

    def run(self):
        return written(self, f".. automodule:: {self.arguments[0]}\n")


def entries():
    from lossfns import catalog, functions

    return [*catalog.values(), *functions.values()]


def path(entry):
    return f"lossfns.{entry.backends[0]}.{entry.name}"


def section(entry):
    """Heading, formula, where to read, and the twins, as reStructuredText."""
    thing = getattr(importlib.import_module(f"lossfns.{entry.backends[0]}"), entry.name)
    # With brackets, so that who searches a loss by its name finds its card in the atlas first.
    title = plain(entry.name) + ("" if inspect.isclass(thing) else "()")
    lines = [title, "-" * len(title), "", plain(sentence(entry.task)), ""]
    if entry.formula:
        lines += [".. math::", "", f"    {entry.formula}", ""]
    card = f"`Card in the atlas <../atlas.html#atlas-{entry.name}>`__"
    lines += [f"Explained in :ref:`{entry.chapter}`. {card}.", ""]
    for twin in entry.backends:
        module = importlib.import_module(f"lossfns.{twin}")
        lines.append(auto(f"lossfns.{twin}.{entry.name}", getattr(module, entry.name)))
    return "\n".join(lines)


def sentence(words):
    return words[:1].upper() + words[1:].rstrip(".") + "."


def auto(name, thing):
    if inspect.isclass(thing):
        return f".. autoclass:: {name}\n    :members:\n"
    return f".. autofunction:: {name}\n"


def written(directive, text):
    """The nodes of reStructuredText on a page in Markdown.

    As MyST's eval-rst, which would make a label of the book of every heading, though.
    """
    document = directive.state.document
    inner = new_document(document["source"], document.settings)
    inner.reporter = document.reporter
    MockRSTParser().parse(text, inner)
    return inner.children


def fields_of_docstring(app, what, name, thing, options, lines):
    """What autodoc has read, in the markup that Sphinx knows."""
    text = own_words(name, "\n".join(lines).strip("\n"))
    lines[:] = [*markup(text).splitlines(), ""]


def written_signature(app, what, name, thing, options, arguments, returned):
    """Annotations as they are written: `ArrayLike`, and not the union that it stands for."""
    from lossfns._signatures import readable

    if arguments is None or what not in ("function", "class", "method"):
        return None
    if dataclasses.is_dataclass(thing) or what == "class" and issubclass(thing, Exception):
        return "", None  # what one gets and does not make: its attributes say it
    signature = readable(inspect.signature(thing))
    parameters = [p for p in signature.parameters.values() if p.name not in ("self", "cls")]
    shown = signature.replace(parameters=parameters, return_annotation=signature.empty)
    returns = "" if what == "class" else signature.return_annotation
    return str(shown), None if returns in ("", signature.empty) else str(returns)


def own_words(name, text):
    """The docstring of a PyTorch twin without what it has from its NumPy twin, shown above."""
    package, _, function = name.rpartition(".")
    twin = getattr(importlib.import_module("lossfns.numpy"), function, None)
    theory = (inspect.getdoc(twin) or "").partition("\nExample:")[0]
    return text.removeprefix(theory) if package == "lossfns.torch" and theory else text


def markup(text):
    parts, end = [], 0
    for found in SECTION.finditer(text):
        parts.append(body(text[end : found.start()]))
        parts.append(field(found[1], textwrap.dedent(found[2]).strip("\n")))
        end = found.end()
    return "\n\n".join(part for part in [*parts, body(text[end:])] if part)


def field(name, text):
    if name == "Chapter":
        return ""  # the link stands above
    words = {"Args": "Arguments", "Errors": "Raises"}.get(name, name)
    content = items(text) if name in LISTED and ITEM.match(text) else body(text)
    return f":{words}:\n{indented(content)}"


def items(text):
    """`name: what it is`, a line or several each, as a list of definitions."""
    found = list(ITEM.finditer(text))
    ends = [*(one.start() for one in found[1:]), len(text)]
    return "\n".join(
        ", ".join(f"``{name}``" for name in one[1].split(", "))
        + "\n"
        + indented(body(inspect.cleandoc(text[one.end() : end])))
        for one, end in zip(found, ends, strict=True)
    )


def body(text):
    """Paragraphs: examples as they are, formulas in plain text as they are, the rest in words."""
    paragraphs = []
    for paragraph in re.split(r"\n\s*\n", text.strip("\n")):
        if paragraph.startswith("    "):
            paragraphs.append(f".. code-block:: text\n\n{paragraph}")
        elif paragraph.startswith(">>>"):
            paragraphs.append(paragraph)
        else:
            paragraphs.append(plain(paragraph))
    return "\n\n".join(part for part in paragraphs if part.strip())


def plain(text):
    """Words with `code`, in which no other character means anything."""
    parts = CODE.split(text)
    parts[::2] = [re.sub(r"([\\*|_])", r"\\\1", part) for part in parts[::2]]
    parts[1::2] = [f"``{part}``" for part in parts[1::2]]
    return "".join(parts)


def indented(text):
    return "\n".join(f"    {line}" if line else "" for line in text.splitlines())


def source_of(config):
    """Where the repository shows a function; nowhere while it has no address."""

    def resolve(domain, info):
        if not info["module"]:
            return None  # data, described by hand
        thing = importlib.import_module(info["module"])
        for name in info["fullname"].split("."):
            thing = getattr(thing, name, None)
        thing = inspect.unwrap(thing.fget if isinstance(thing, property) else thing)
        if not (inspect.isroutine(thing) or inspect.isclass(thing)):
            return None
        lines, first = inspect.getsourcelines(thing)
        file = Path(inspect.getsourcefile(thing))
        root = Path(__file__).parents[2]
        address = address_of(config, file.relative_to(root).as_posix())
        return f"{address}#L{first}-L{first + len(lines) - 1}" if address else None

    return resolve


def configure(app, config):
    import lossfns

    config.version = config.release = lossfns.__version__
    config.linkcode_resolve = source_of(config)


def setup(app):
    app.setup_extension("sphinx.ext.autodoc")
    app.connect("config-inited", configure)
    app.setup_extension("sphinx.ext.linkcode")
    app.connect("autodoc-process-docstring", fields_of_docstring)
    app.connect("autodoc-process-signature", written_signature)
    app.add_directive("api", Family)
    app.add_directive("api-module", Module)
    app.add_directive("api-names", Names)
    app.add_directive("api-public", Public)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
