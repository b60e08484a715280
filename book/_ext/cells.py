"""Code cells that a reader can change and run in the page, as the exercises are (practice.py).

Which ones these are is read from the code alone: those that need nothing but the standard library,
NumPy, Matplotlib and what of lossfns needs no more. A cell runs after those statements of earlier
cells that it depends on; the page carries them as data, for the press of a button.
"""

import ast
import builtins
import functools
import json
import sys
from itertools import chain
from pathlib import Path

import runtime
from docutils import nodes
from execution import read_notebook

NUMPY, MATPLOTLIB = "numpy", {"matplotlib", "contourpy"}
# What tells of the machine that the book was built on.
OF_THE_MACHINE = {"importlib", "os", "platform", "subprocess", "tempfile", "time"}
# In the browser each of its parts comes when it is needed (runtime.in_parts).
IN_PARTS = "lossfns.explore"
BUILTINS = frozenset(dir(builtins))
IMPORTS = ast.Import | ast.ImportFrom
FUNCTIONS = ast.FunctionDef | ast.Lambda
COMPREHENSIONS = ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp


def runnable(sources, root):
    """Which cells of a page can be run in a browser.

    Returns:
        {number of the cell: (the statements that it depends on, True if Matplotlib is needed)}
    """
    found, earlier = {}, []
    for number, source in enumerate(sources):
        try:
            statements = ast.parse(source).body
        except SyntaxError:  # a command of the shell
            continue
        for one in statements:
            one.text = ast.get_source_segment(source, one)
        before = depended_on(statements, earlier)
        libraries = needed([*before, *statements], root)
        if libraries <= {NUMPY, *MATPLOTLIB}:
            found[number] = [text_of(one) for one in before], bool(libraries & MATPLOTLIB)
        earlier += chain.from_iterable(map(apart, statements))
    return found


# The statements of earlier cells that a cell depends on


def depended_on(statements, earlier):
    wanted, before = used(statements), []
    modules = set().union(*(bound(one) for one in earlier if isinstance(one, IMPORTS)))
    for one in reversed(earlier):
        if wanted & (bound(one) | changed(one, modules)):
            before.append(one)
            wanted = wanted - given(one) | used(one)
    return before[::-1]


def apart(statement):
    """Imports one by one: a page imports side by side what runs in a browser and what does not."""
    if isinstance(statement, ast.Import):
        return [ast.Import([name]) for name in statement.names]
    if isinstance(statement, ast.ImportFrom):
        return [ast.ImportFrom(statement.module, [n], statement.level) for n in statement.names]
    return [statement]


def text_of(statement):
    return ast.unparse(statement) if isinstance(statement, IMPORTS) else statement.text


def used(part):
    """The names that a part of a program takes from what runs before it."""
    match part:
        case list():
            names = set()
            for one in reversed(part):
                names = names - given(one) | used(one)
            return names
        case ast.Name():
            return {part.id} - BUILTINS if isinstance(part.ctx, ast.Load) else set()
        case ast.AugAssign():
            return used(part.value) | used(part.target) | {root_of(part.target)}
        case ast.FunctionDef() | ast.Lambda():
            given_in = part.args
            names = {one.arg for one in ast.walk(given_in) if isinstance(one, ast.arg)}
            body = part.body if isinstance(part.body, list) else [part.body]
            names |= set().union(*map(bound, body))
            outside = [*given_in.defaults, *filter(None, given_in.kw_defaults)]
            outside += getattr(part, "decorator_list", [])
            return set().union(*map(used, outside)) | (used(body) - names)
        case ast.ListComp() | ast.SetComp() | ast.DictComp() | ast.GeneratorExp():
            made = [part.key, part.value] if isinstance(part, ast.DictComp) else [part.elt]
            names = set().union(*map(used, made))
            for one in reversed(part.generators):
                names |= set().union(*map(used, one.ifs))
                names = names - bound(one.target) | used(one.iter)
            return names
        case ast.For():
            inside = used(part.body) | used(part.orelse)
            return inside - bound(part.target) | used(part.iter)
        case ast.With():
            names = [bound(one.optional_vars) for one in part.items if one.optional_vars]
            outside = [used(one.context_expr) for one in part.items]
            return used(part.body) - set().union(*names) | set().union(*outside)
    names = set()
    for _, value in ast.iter_fields(part):
        if isinstance(value, list) and value and isinstance(value[0], ast.stmt):
            names |= used(value)
        elif isinstance(value, ast.AST | list):
            inner = value if isinstance(value, list) else [value]
            names |= set().union(*(used(one) for one in inner if isinstance(one, ast.AST)))
    return names


def bound(part):
    """The names that it gives to something, outside of functions and comprehensions."""
    if isinstance(part, ast.FunctionDef | ast.ClassDef):
        return {part.name}
    if isinstance(part, IMPORTS):
        return {name.asname or name.name.partition(".")[0] for name in part.names}
    if isinstance(part, ast.Name):
        return {part.id} if isinstance(part.ctx, ast.Store) else set()
    if isinstance(part, FUNCTIONS | COMPREHENSIONS):
        return set()
    return set().union(*map(bound, ast.iter_child_nodes(part)))


def given(statement):
    """The names that it gives anew whatever they were before."""
    anew = ast.Assign | ast.AnnAssign | ast.FunctionDef | ast.ClassDef | IMPORTS
    return bound(statement) if isinstance(statement, anew) else set()


def changed(statement, modules):
    """The names of what it may change: x[0] = 1, x.part = 1, x.method().

    The functions of modules change something at most where nothing is made of what they return.
    """
    at_once = statement.value if isinstance(statement, ast.Expr) else None
    found = set()
    for node in ast.walk(statement):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            found |= {root_of(node.func)} - (set() if node is at_once else modules)
        elif isinstance(node, ast.Attribute | ast.Subscript) and isinstance(node.ctx, ast.Store):
            found.add(root_of(node))
    return found


def root_of(node):
    while isinstance(node, ast.Attribute | ast.Subscript):
        node = node.value
    return getattr(node, "id", None)


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
    if not runtime.carried(path.relative_to(Path(root, "lossfns"))):
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
    return [one for one in statements if getattr(getattr(one, "test", None), "id", "") != "TYPE_CHECKING"]


# The page


class cells(nodes.General, nodes.Element):
    """What runs before each cell that can be run, and whether the cell draws."""


def find(app, doctree):
    """Note in the doctree which of the cells that show their code can be run in a browser."""
    shown = [
        node
        for node in doctree.findall(nodes.container)
        if node.get("nb_element") == "cell_code" and node[0].get("nb_element") == "cell_code_source"
    ]
    if not shown:
        return
    notebook = read_notebook(app, app.env.docname)
    numbers = [n for n, cell in enumerate(notebook.cells) if cell.cell_type == "code"]
    found = runnable([notebook.cells[n].source for n in numbers], app.srcdir)
    statements, data = {}, {}
    for node in shown:
        number = numbers.index(node["cell_index"])
        if number in found:
            before, draws = found[number]
            node["ids"].append(f"cell-{number + 1}")
            at = [statements.setdefault(text, len(statements)) for text in before]
            data[f"cell-{number + 1}"] = {"before": at, "draws": draws}
    if data:
        doctree += cells(statements=list(statements), cells=data)


def visit(self, node):
    """For book.js; nothing where the site carries no Python."""
    if self.config.practice_version:
        data = {
            "version": self.config.practice_version,
            "statements": node["statements"],
            "cells": {
                name: cell["before"]
                for name, cell in node["cells"].items()
                if self.config.practice_draws or not cell["draws"]
            },
            "draw": [name for name, cell in node["cells"].items() if cell["draws"]],
        }
        text = json.dumps(data, ensure_ascii=False, separators=(",", ":")).replace("</", "<\\/")
        self.body.append(f'<script type="application/json" class="lossfns-cells">{text}</script>\n')
    raise nodes.SkipNode


def setup(app):
    app.add_node(cells, html=(visit, None))
    app.connect("doctree-read", find)
    # Pages that were read before there was this part are read again.
    return {"env_version": 1, "parallel_read_safe": True, "parallel_write_safe": True}
