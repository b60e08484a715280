"""Which statements a piece of a program depends on of those before it, read from the code alone.

The build asks which cells of a page can be run in a browser (cells.py), and there it is asked again
what a cell needs as the reader has changed it: runtime.py has this file come along.
"""

import ast
import builtins

BUILTINS = frozenset(dir(builtins))
IMPORTS = ast.Import | ast.ImportFrom
FUNCTIONS = ast.FunctionDef | ast.Lambda
COMPREHENSIONS = ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp


def before(code, earlier):
    """The statements that run before `code`, of those in `earlier`, all as texts.

    >>> before("print(x)", ["x = 1", "y = 2", "x += 1"])
    ['x = 1', 'x += 1']
    """
    statements = [ast.parse(text).body[0] for text in earlier]
    for one, text in zip(statements, earlier, strict=True):
        one.text = text
    return [one.text for one in depended_on(ast.parse(code).body, statements)]


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
