"""Code cells that a reader can change and run in the page, as the exercises are (practice.py).

Which ones these are is read from the code alone: those that need nothing but the standard library,
NumPy, Matplotlib and what of lossfns needs no more. A cell runs after those statements of the cells
above it that it depends on; the page carries them as data, for the press of a button.
"""

import ast
import functools
import json
import sys
from itertools import chain
from pathlib import Path

import runtime
from depends import IMPORTS, apart, bound, depended_on
from docutils import nodes
from execution import read_notebook

NUMPY, MATPLOTLIB = "numpy", {"matplotlib", "contourpy"}
# What tells of the machine that the book was built on.
OF_THE_MACHINE = {"importlib", "os", "platform", "subprocess", "tempfile", "time"}
# In the browser each of its parts comes when it is needed (runtime.in_parts).
IN_PARTS = "lossfns.explore"


def runnable(sources, root):
    """Which cells of a page can be run in a browser.

    Returns:
        the statements of the page, as texts;
        {number of the cell: (how many of them stand above it, True if Matplotlib is needed)}
    """
    earlier, found = [], {}
    for number, source in enumerate(sources):
        try:
            statements = ast.parse(source).body
        except SyntaxError:  # a command of the shell
            continue
        libraries = needed([*depended_on(statements, earlier), *statements], root)
        if libraries <= {NUMPY, *MATPLOTLIB}:
            found[number] = len(earlier), bool(libraries & MATPLOTLIB)
        for statement in statements:
            for one in apart(statement):
                anew = isinstance(one, IMPORTS) or getattr(one, "decorator_list", [])
                one.text = ast.unparse(one) if anew else ast.get_source_segment(source, one)
                earlier.append(one)
    return [one.text for one in earlier], found


# The libraries that code needs


def needed(statements, root):
    """The libraries that statements of a page need, also by way of what they use of lossfns."""
    libraries, left = at_once(statements, names_in(statements, "", root), root)
    libraries -= sys.stdlib_module_names - OF_THE_MACHINE
    seen = set()
    while left:
        one = left.pop()
        if one not in seen:
            seen.add(one)
            more, further = of_ours(*one, root)
            libraries |= more - sys.stdlib_module_names
            left |= further
    return libraries


@functools.cache
def of_ours(module, name, root):
    """What a name of a module of lossfns needs, or the import of the module where there is none.

    Returns:
        names of libraries; pairs like (module, name), which need something in their turn
    """
    path = path_of(module, root)
    if path is None or not runtime.carried(path.relative_to(Path(root, "lossfns"))):
        return {module}, set()
    parts = parsed(module, root)
    if name is None:
        parts = list(chain.from_iterable(map(when_imported, parts)))
        first = {(module.rpartition(".")[0], None)} if "." in module else set()
    else:
        parts = [one for part in parts for one in apart(part) if name in bound(one)]
        first = {(module, None)}
        if not parts:
            return {f"{module}.{name}"}, set()
    if module == IN_PARTS:
        first, parts = set(), parts if name else []
    libraries, further = at_once(parts, names_of(module, root), root)
    return libraries, first | further


def when_imported(statement):
    """What of a statement runs when its module is imported."""
    match statement:
        case ast.FunctionDef(args=args):
            return [*statement.decorator_list, *args.defaults, *filter(None, args.kw_defaults)]
        case ast.ClassDef():
            return [*statement.decorator_list, *statement.bases]
    return [statement]


def at_once(parts, names, root):
    libraries, further = set(), set()
    for node in chain.from_iterable(map(ast.walk, parts)):
        if isinstance(node, IMPORTS):
            targets = [target for _, target in imported(node, names[""], root)]
        elif isinstance(node, ast.Name):
            targets = [names[node.id]] if node.id in names else []
        elif isinstance(node, ast.Attribute) and getattr(node.value, "id", None) in names:
            module, name = names[node.value.id]
            targets = [] if name or not is_ours(module) else [part_of(module, node.attr, root)]
        else:
            continue
        further |= {target for target in targets if is_ours(target[0])}
        libraries |= {module.partition(".")[0] for module, _ in targets if not is_ours(module)}
    return libraries, further


@functools.cache
def names_of(module, root):
    return names_in(parsed(module, root), module, root)


def names_in(statements, module, root):
    """What the names in a module stand for, each (module, name in it or None); itself as ""."""
    names = {name: (module, name) for one in statements for name in bound(one)} if module else {}
    for node in chain.from_iterable(map(ast.walk, statements)):
        if isinstance(node, IMPORTS):
            names |= imported(node, module, root)
    return names | {"": module}


def imported(node, module, root):
    if isinstance(node, ast.Import):
        for name in node.names:
            whole = name.name if name.asname else name.name.partition(".")[0]
            yield name.asname or whole, (whole, None)
        return
    source = node.module or ""
    if node.level:
        inside = f"{module}.__init__" if path_of(module, root).stem == "__init__" else module
        package = ".".join(inside.split(".")[: -node.level])
        source = f"{package}.{source}".rstrip(".")
    for name in node.names:
        yield name.asname or name.name, part_of(source, name.name, root)


def part_of(module, name, root):
    inner = f"{module}.{name}"
    return (inner, None) if is_ours(module) and path_of(inner, root) else (module, name)


def is_ours(module):
    return module.partition(".")[0] == "lossfns"


@functools.cache
def path_of(module, root):
    path = Path(root, *module.split("."))
    files = [path.with_suffix(".py"), path / "__init__.py"]
    return next((file for file in files if file.is_file()), None)


@functools.cache
def parsed(module, root):
    """The statements of a module, but for those that only checkers of types read."""
    statements = ast.parse(path_of(module, root).read_text(encoding="utf8")).body
    return [
        one
        for one in statements
        if getattr(getattr(one, "test", None), "id", "") != "TYPE_CHECKING"
    ]


# The page


class cells(nodes.General, nodes.Element):
    """The statements of a page, and which of its cells can be run."""


def find(app, doctree):
    """Note in the doctree which of the cells that show their code can be run in a browser."""
    shown = [
        node.parent
        for node in doctree.findall(nodes.container)
        if node.get("nb_element") == "cell_code_source"
    ]
    if not shown or app.builder.format != "html":
        return
    notebook = read_notebook(app, app.env.docname)
    numbers = [n for n, cell in enumerate(notebook.cells) if cell.cell_type == "code"]
    statements, found = runnable([notebook.cells[n].source for n in numbers], app.srcdir)
    offered = {}
    for node in shown:
        number = numbers.index(node["cell_index"])
        if number in found:
            node["ids"].append(f"cell-{number + 1}")
            offered[f"cell-{number + 1}"] = found[number]
    if offered:
        most = max(above for above, _ in offered.values())
        doctree += cells(statements=statements[:most], offered=offered)


def visit(self, node):
    """For book.js; nothing where the site carries no Python."""
    if self.config.practice_version:
        data = {
            "version": self.config.practice_version,
            "statements": node["statements"],
            "cells": {
                name: {"above": above, "draws": draws}
                for name, (above, draws) in node["offered"].items()
                if self.config.practice_draws or not draws
            },
        }
        text = json.dumps(data, ensure_ascii=False, separators=(",", ":")).replace("</", "<\\/")
        self.body.append(f'<script type="application/json" class="lossfns-cells">{text}</script>\n')
    raise nodes.SkipNode


def setup(app):
    app.add_node(cells, html=(visit, None))
    app.connect("doctree-read", find)
    # Pages that were read before there was this part are read again.
    return {"env_version": 1, "parallel_read_safe": True, "parallel_write_safe": True}
