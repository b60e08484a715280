"""Other ways to write an answer down: the source of cells becomes another one that means the same.

What rewritten sources call in place of operators and methods is in `EINSUM` and `LOOPS`.
"""

import ast
from collections.abc import Callable

import numpy as np
import torch


class Commuted(ast.NodeTransformer):
    """`b + a` for `a + b`, and `b > a` for `a < b`."""

    swapped = {
        ast.Lt: ast.Gt,
        ast.Gt: ast.Lt,
        ast.LtE: ast.GtE,
        ast.GtE: ast.LtE,
        ast.Eq: ast.Eq,
        ast.NotEq: ast.NotEq,
    }
    # Of these `+` and `*` put things in a row.
    sequences = (ast.List, ast.Tuple, ast.JoinedStr, ast.ListComp)

    def visit_BinOp(self, node):
        self.generic_visit(node)
        if isinstance(node.op, ast.Add | ast.Mult) and not any(
            isinstance(one, self.sequences) for one in (node.left, node.right)
        ):
            node.left, node.right = node.right, node.left
        return node

    def visit_Compare(self, node):
        self.generic_visit(node)
        if len(node.ops) == 1 and type(node.ops[0]) in self.swapped:
            (right,) = node.comparators
            return ast.Compare(right, [self.swapped[type(node.ops[0])]()], [node.left])
        return node


class Expanded(ast.NodeTransformer):
    """`a + (0 - b)` for `a - b`, `a * a` for `a ** 2`, and `a * -1` for `-a`."""

    def visit_BinOp(self, node):
        self.generic_visit(node)
        if isinstance(node.op, ast.Sub):
            minus = ast.BinOp(ast.Constant(0), ast.Sub(), node.right)
            return ast.BinOp(node.left, ast.Add(), minus)
        if isinstance(node.op, ast.Pow) and ast.unparse(node.right) == "2":
            return _call("square_of", node.left)
        return node

    def visit_UnaryOp(self, node):
        self.generic_visit(node)
        if isinstance(node.op, ast.USub) and not isinstance(node.operand, ast.Constant):
            return ast.BinOp(node.operand, ast.Mult(), ast.Constant(-1))
        return node


class Split(ast.NodeTransformer):
    """A name and a line for each operation."""

    # They evaluate their parts later, several times, or not at all.
    lazy = (ast.Lambda, ast.IfExp, ast.BoolOp, ast.ListComp, ast.GeneratorExp)

    def __init__(self):
        self.made = 0

    def statement(self, node):
        self.lines = []
        if node.value is not None and not isinstance(node.value, self.lazy):
            self._split(node.value)
        return [*self.lines, node]

    visit_Return = visit_Assign = visit_AugAssign = statement

    def _split(self, node):
        for name, value in ast.iter_fields(node):
            if isinstance(value, list):
                setattr(node, name, [self._taken_out(one) for one in value])
            else:
                setattr(node, name, self._taken_out(value))

    def _taken_out(self, node):
        if not isinstance(node, ast.AST) or isinstance(node, self.lazy):
            return node
        self._split(node)
        if not isinstance(node, ast.BinOp | ast.UnaryOp):
            return node
        self.made += 1
        name = f"step_{self.made}"
        self.lines.append(ast.Assign([ast.Name(name, ast.Store())], node))
        return ast.Name(name, ast.Load())


class Renamed(ast.NodeTransformer):
    """Other names for all that a function sets, and for its arrays, which are given in order."""

    def __init__(self, arrays: dict[str, list[str]]):
        self.arrays = arrays
        self.names: set[str] = set()

    def visit_FunctionDef(self, function):
        arrays = set(self.arrays.get(function.name, ()))
        inside = {
            node.id
            for node in ast.walk(function)
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
        }
        options = {one.arg for one in function.args.args} - arrays
        outside, self.names = self.names, self.names | (inside | arrays) - options
        self.generic_visit(function)
        self.names = outside
        return function

    def visit_Name(self, node):
        if node.id in self.names:
            node.id = f"my_{node.id}"
        return node

    def visit_arg(self, node):
        if node.arg in self.names:
            node.arg = f"my_{node.arg}"
        return node


class Reduced(ast.NodeTransformer):
    """`total_of(a)` for `a.sum()`, `average_of(a)` for the mean, `product_of(a, b)` for `a @ b`."""

    names = {"sum": "total_of", "mean": "average_of"}

    def visit_Call(self, node):
        self.generic_visit(node)
        if isinstance(node.func, ast.Attribute) and node.func.attr in self.names:
            array = [] if ast.unparse(node.func.value) == "np" else [node.func.value]
            return _call(self.names[node.func.attr], *array, *node.args, keywords=node.keywords)
        return node

    def visit_BinOp(self, node):
        self.generic_visit(node)
        if isinstance(node.op, ast.MatMult):
            return _call("product_of", node.left, node.right)
        return node


def rewritten(source: str, *steps: ast.NodeTransformer) -> str:
    tree = ast.parse(source)
    for step in steps:
        tree = step.visit(tree)
    return ast.unparse(ast.fix_missing_locations(tree))


def _call(name, *args, keywords=()):
    return ast.Call(ast.Name(name, ast.Load()), list(args), list(keywords))


# A sum is told its array, its axis (None for all) and whether that axis stays, with length 1.
Sum = Callable[..., np.ndarray | torch.Tensor]


def _with_einsum(array, axis, keep):
    axes, letters = _axes(array, axis), "abcdefgh"[: array.ndim]
    left = "".join(letter for i, letter in enumerate(letters) if i not in axes)
    einsum = torch.einsum if isinstance(array, torch.Tensor) else np.einsum
    return einsum(f"{letters}->{left}", array).reshape(_shape(array, axes, keep))


def _with_loops(array, axis, keep):
    if isinstance(array, torch.Tensor):
        # Training would take minutes.
        return array.sum(dim=axis, keepdim=keep)
    axes = _axes(array, axis)
    summed = np.zeros(_shape(array, axes, True))
    for at in np.ndindex(array.shape):
        summed[tuple(0 if i in axes else one for i, one in enumerate(at))] += array[at]
    return summed.reshape(_shape(array, axes, keep))[()]


def _axes(array, axis):
    return list(range(array.ndim)) if axis is None else [axis % array.ndim]


def _shape(array, axes, keep):
    lengths = [1 if i in axes else n for i, n in enumerate(array.shape)]
    return lengths if keep else [n for i, n in enumerate(lengths) if i not in axes]


def _product_with_einsum(left, right):
    """`left @ right` of vectors and matrices."""
    einsum = torch.einsum if isinstance(left, torch.Tensor) else np.einsum
    rows, columns = "bc"[2 - left.ndim :], "cd"[: right.ndim]
    return einsum(f"{rows},{columns}->{(rows + columns).replace('c', '')}", left, right)


def _product_with_loops(left, right):
    if isinstance(left, torch.Tensor):
        return left @ right
    columns = right.reshape(len(right), -1).T
    products = [[sum(row * column) for column in columns] for row in np.atleast_2d(left)]
    return np.reshape(products, left.shape[:-1] + right.shape[1:])[()]


def _tools(total: Sum, product_of: Callable) -> dict[str, Callable]:
    """What `Expanded` and `Reduced` write in the place of operators and methods."""

    def total_of(array, axis=None, keepdims=False, *, dim=None, keepdim=False):
        if array.dtype in (bool, torch.bool):
            # A number of items; einsum counts none.
            return array.sum()
        return total(array, axis if dim is None else dim, keepdims or keepdim)

    def average_of(array, axis=None, keepdims=False, *, dim=None, keepdim=False):
        axis = axis if dim is None else dim
        count = np.prod([array.shape[i] for i in _axes(array, axis)])
        return total(array, axis, keepdims or keepdim) / count

    return {
        "square_of": lambda number: number * number,
        "total_of": total_of,
        "average_of": average_of,
        "product_of": product_of,
    }


EINSUM = _tools(_with_einsum, _product_with_einsum)
LOOPS = _tools(_with_loops, _product_with_loops)
