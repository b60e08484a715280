"""Formulas that are written once and computed twice: here, and in the reader's browser.

A formula is a Python expression of numbers, names and a few functions. `Formula.value` computes it,
`Formula.script` writes it in JavaScript, where the names of a scene are the properties of `v`.
"""

import ast
import string
from decimal import ROUND_HALF_UP, Decimal

import numpy as np


def _sigmoid(x):
    return 1 / (1 + np.exp(-x))


def _softplus(x):
    # log1p keeps the digits that 1 + exp(-|x|) would round away.
    return max(x, 0) + np.log1p(np.exp(-abs(x)))


# Each of them is a property of Math or a line of scene.js.
FUNCTIONS = {
    "abs": abs,
    "atan2": np.arctan2,
    "ceil": np.ceil,
    "cos": np.cos,
    "exp": np.exp,
    "floor": np.floor,
    "hypot": np.hypot,
    "log": np.log,
    "max": max,
    "min": min,
    "sigmoid": _sigmoid,
    "sign": np.sign,
    "sin": np.sin,
    "softplus": _softplus,
    "sqrt": np.sqrt,
    "tanh": np.tanh,
}
_OPERATORS = {
    ast.Add: "+",
    ast.Sub: "-",
    ast.Mult: "*",
    ast.Div: "/",
    ast.Pow: "**",
    ast.USub: "-",
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
    ast.Eq: "===",
    ast.And: "&&",
    ast.Or: "||",
}


class Formula:
    """One expression.

    Arguments
        text: the expression, or a number.
        names: what it may refer to besides the functions of this module.
        local: names that stand for arguments in the script, such as the `t` of a curve.

    Errors
        `ValueError`: it does not parse, or uses a name or a construct that is not known.

    >>> slope = Formula("sigmoid(z) - y", {"z", "y"})
    >>> round(float(slope.value({"z": 0.0, "y": 1.0})), 3)
    -0.5
    >>> slope.script
    '(f.sigmoid(v.z)-v.y)'
    >>> Formula("z ** two", {"z"})
    Traceback (most recent call last):
        ...
    ValueError: formula 'z ** two': 'two' is not known; known are ['z']
    """

    def __init__(self, text, names=(), local=()):
        self.text = text if isinstance(text, str) else repr(float(text))
        self._known, self._local = set(names), set(local)
        self.uses = set()
        try:
            tree = ast.parse(self.text.strip(), mode="eval")
        except SyntaxError as error:
            raise ValueError(f"formula {self.text!r}: {error.msg}") from None
        self.script = self._script(tree.body)
        self._code = compile(tree, self.text, "eval")

    def value(self, values):
        """Compute it. As in the browser, a division by zero gives an infinity or NaN."""
        with np.errstate(all="ignore"):
            return eval(self._code, {"__builtins__": {}} | FUNCTIONS, values)

    def _script(self, node):
        match node:
            case ast.Constant(value=bool()):
                return str(node.value).lower()
            case ast.Constant(value=int() | float()):
                return (
                    f"{node.value:g}"
                    if node.value == float(f"{node.value:g}")
                    else repr(node.value)
                )
            case ast.Name(id=name):
                if name in self._local:
                    self.uses.add(name)
                    return name
                if name in self._known:
                    self.uses.add(name)
                    return f"v.{name}"
                raise self._wrong(
                    f"{name!r} is not known; known are {sorted(self._known | self._local)}"
                )
            case ast.BinOp(op=op) if type(op) in _OPERATORS:
                return (
                    f"({self._script(node.left)}{_OPERATORS[type(op)]}{self._script(node.right)})"
                )
            case ast.UnaryOp(op=ast.USub()):
                return f"(-{self._script(node.operand)})"
            case ast.Compare(ops=[op], comparators=[right]) if type(op) in _OPERATORS:
                return f"({self._script(node.left)}{_OPERATORS[type(op)]}{self._script(right)})"
            case ast.BoolOp(op=op):
                return f"({_OPERATORS[type(op)].join(map(self._script, node.values))})"
            case ast.IfExp():
                return (
                    f"({self._script(node.test)}?{self._script(node.body)}"
                    f":{self._script(node.orelse)})"
                )
            case ast.Call(func=ast.Name(id=name), keywords=[]):
                return f"{self._function(name)}({','.join(map(self._script, node.args))})"
        raise self._wrong(f"{ast.unparse(node)!r} is more than a formula may hold")

    def _function(self, name):
        if name in FUNCTIONS:
            return f"f.{name}"
        if name in self._known:
            return f"v.{name}"
        raise self._wrong(f"there is no function {name!r}; there are {sorted(FUNCTIONS)}")

    def _wrong(self, why):
        return ValueError(f"formula {self.text!r}: {why}")


class Lookup:
    """A function that is known at evenly spaced places, with straight lines between them.

    Arguments
        values: of shape (n,) or (n, m); at least two in each direction.
        x, y: the first and the last place in each direction.

    Beyond the ends it keeps the last value.

    >>> square = Lookup([0, 1, 4], x=(0, 2))
    >>> float(square(1.5)), float(square(9))
    (2.5, 4.0)
    """

    def __init__(self, values, x, y=(0.0, 1.0)):
        values = np.asarray(values, dtype=float)
        if values.ndim not in (1, 2) or min(values.shape) < 2:
            raise ValueError(f"values must be (n,) or (n, m) with n, m ≥ 2, got {values.shape}")
        # Four digits are what a picture shows; in JSON they are half as long.
        self.values = np.array([float(f"{v:.4g}") for v in values.flat]).reshape(values.shape)
        self.ends = (x, y)[: values.ndim]

    def __call__(self, *place):
        value, low, shares = self.values, [], []
        for p, (start, stop), n in zip(place, self.ends, value.shape, strict=True):
            u = min(max((p - start) / (stop - start), 0), 1) * (n - 1)
            low.append(min(int(u), n - 2))
            shares.append(u - low[-1])
        for i, share in zip(low, shares, strict=True):
            value = value[i] + share * (value[i + 1] - value[i])
        return value

    @property
    def plain(self):
        """What the script needs, for JSON."""
        return {"values": self.values.tolist(), "ends": [list(e) for e in self.ends]}


class Template:
    """A text with formulas in braces: "loss {loss:.2f}".

    `.2f` gives two digits after the point, `.3g` three significant digits, both with a real minus
    sign. Other text stays as it is.

    >>> text = Template("z = {z:.1f}, p = {sigmoid(z):.3g}", {"z"})
    >>> text.value({"z": -4.0})
    'z = −4.0, p = 0.0180'
    >>> text.script
    '`z = ${f.fix(v.z,1)}, p = ${f.sig(f.sigmoid(v.z),3)}`'
    """

    def __init__(self, text, names=()):
        self.parts, script = [], []
        for literal, field, spec, _ in string.Formatter().parse(text):
            self.parts.append(literal)
            script.append(literal.replace("\\", "\\\\").replace("`", "\\`").replace("$", "\\$"))
            if field is None:
                continue
            if not (spec and spec[0] == "." and spec[1:-1].isdigit() and spec[-1] in "fg"):
                raise ValueError(f"template {text!r}: write {{{field}:.2f}} or {{{field}:.3g}}")
            formula, digits = Formula(field, names), int(spec[1:-1])
            write, name = {"f": (fixed, "fix"), "g": (significant, "sig")}[spec[-1]]
            self.parts.append((formula, write, digits))
            script.append(f"${{f.{name}({formula.script},{digits})}}")
        self.script = f"`{''.join(script)}`"

    def value(self, values):
        """Fill in the numbers."""
        return "".join(
            part if isinstance(part, str) else part[1](part[0].value(values), part[2])
            for part in self.parts
        )


def fixed(value, digits):
    """Write a number as the script does: `digits` after the point, half away from zero.

    >>> fixed(-0.125, 2), fixed(-0.001, 2), fixed(float("inf"), 1)
    ('−0.13', '0.00', '∞')
    """
    if not np.isfinite(value):
        return "–" if np.isnan(value) else "∞" if value > 0 else "−∞"
    text = f"{Decimal(float(abs(value))).quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP):f}"
    return "−" + text if value < 0 and float(text) else text


def significant(value, digits):
    """Write a number with so many significant digits, in full, however small it is.

    >>> significant(0.000123456, 3), significant(1234.5, 3), significant(0, 3)
    ('0.000123', '1235', '0.00')
    """
    if not np.isfinite(value) or value == 0:
        return fixed(value, digits - 1)
    return fixed(value, int(min(max(digits - 1 - np.floor(np.log10(abs(value))), 0), 12)))
