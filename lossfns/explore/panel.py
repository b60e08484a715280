"""The panels of a scene: axes, and marks whose places are formulas."""

import html
import json
import math

import numpy as np
from contourpy import contour_generator
from matplotlib.ticker import MaxNLocator

from .formula import Formula, Template, fixed
from .style import INK

_MARGIN = 44
# The steps of colour of a surface; scene.css says which.
_COLORS = 8


class Panel:
    """A part of a scene with axes of its own; all places are given in their numbers.

    Arguments
        box: (left, top, width, height) of the plotted area in the drawing.
        x, y: what the axes show, as (from, to); to < from turns an axis round.
        xlabel, ylabel, title: texts. `ylabel` stands above the axis, where a phone has room.
        xticks, yticks: numbers, a mapping from number to text, or () for none.
        frame: whether to draw axes at all.
    """

    def __init__(
        self,
        scene,
        box,
        x,
        y,
        *,
        xlabel="",
        ylabel="",
        title="",
        xticks=None,
        yticks=None,
        frame=True,
    ):
        self.scene, self.box, self.x, self.y = scene, box, x, y
        self.marks, self.handles, self._heads = [], [], {}
        self._place = len(scene.panels)
        left, top, width, height = box
        self._scale = width / (x[1] - x[0]), -height / (y[1] - y[0])
        self._origin = left - self._scale[0] * x[0], top + height - self._scale[1] * y[0]
        self.bottom = top + height + (_MARGIN if frame and xlabel else 24 if frame else 4)
        self._axes = self._frame(xlabel, ylabel, title, xticks, yticks) if frame else ""

    def curve(
        self, x, y, color=INK, *, over=None, points=81, dash="", width=2.4, fill="none", show=None
    ):
        """A line through points (x, y), formulas of `t`, which runs over the x axis or `over`."""
        low, high = over or self.x
        points = _Curve(self._x(x, "t"), self._y(y, "t"), low, high, points)
        self._add(
            "polyline",
            {"points": points},
            show,
            clip=True,
            fill=fill,
            stroke=color,
            stroke_width=width,
            stroke_dasharray=dash,
        )

    def path(self, x, y, update, steps, color=INK, *, width=1.6, show=None):
        """The way of the point (x, y) when the variables are changed by `update` so many times.

        `update` maps variables to formulas; `steps` is a formula. Each step has a dot.
        """
        known = self.scene.known
        points = _Walk(
            self.scene,
            self._x(x),
            self._y(y),
            {name: Formula(text, known) for name, text in update.items()},
            Formula(steps, known),
        )
        self._add(
            "polyline",
            {"points": points},
            show,
            clip=True,
            fill="none",
            stroke=color,
            stroke_width=width,
            marker_start="@dot@",
            marker_mid="@dot@",
        )

    def line(self, x1, y1, x2, y2, color=INK, *, dash="", width=1.6, show=None, clip=True):
        """A straight line between two points; its width is a number or a formula."""
        moving = self._ends(x1, y1, x2, y2)
        if isinstance(width, str):
            moving["stroke-width"], width = _Number(Formula(width, self.scene.known)), ""
        self._add(
            "line", moving, show, clip=clip, stroke=color, stroke_width=width, stroke_dasharray=dash
        )

    def arrow(self, x1, y1, x2, y2, color=INK, *, width=2.2):
        """A straight line with a head at (x2, y2); without length, nothing."""
        self._heads[color] = head = f"@scene@{self._place}{color[1:]}"
        self._add(
            "line",
            self._ends(x1, y1, x2, y2),
            f"hypot({x2} - ({x1}), {y2} - ({y1})) > 0.001",
            clip=True,
            stroke=color,
            stroke_width=width,
            marker_end=f"url(#{head})",
        )

    def polygon(self, corners, color=INK, *, opacity=0.2, width=1.2, show=None):
        """An area with straight sides; `corners` are pairs of formulas."""
        points = _Points([(self._x(x), self._y(y)) for x, y in corners])
        self._add(
            "polygon",
            {"points": points},
            show,
            clip=True,
            fill=color,
            fill_opacity=opacity,
            stroke=color,
            stroke_width=width,
        )

    def bar(self, x, y1, y2, color=INK, *, width=0.6, opacity=0.75, show=None):
        """An upright bar at `x` from `y1` to `y2`."""
        half = width / 2
        self.polygon(
            [
                (f"({x}) - {half}", y1),
                (f"({x}) + {half}", y1),
                (f"({x}) + {half}", y2),
                (f"({x}) - {half}", y2),
            ],
            color,
            opacity=opacity,
            width=1,
            show=show,
        )

    def dot(self, x, y, color=INK, *, radius=5, show=None):
        """A point."""
        self._add(
            "circle",
            {"cx": _Number(self._x(x)), "cy": _Number(self._y(y))},
            show,
            r=radius,
            fill=color,
        )

    def text(
        self, x, y, template, color="currentColor", *, anchor="start", bold=None, size="", show=None
    ):
        """A text whose baseline begins (or ends, or has its middle) at (x, y)."""
        bold = color != "currentColor" if bold is None else bold
        if color.startswith("#"):
            # No single colour has a contrast of 4.5:1 on white and on the dark page.
            color = f"color-mix(in srgb,{color} 72%,currentColor)"
        self._add(
            "text",
            {
                "x": _Number(self._x(x)),
                "y": _Number(self._y(y)),
                "": Template(template, self.scene.known),
            },
            show,
            fill=color,
            text_anchor=anchor if anchor != "start" else "",
            font_size=size,
            font_weight="bold" if bold else "",
        )

    def mesh(self, heights, camera, depth, *, show=None):
        """A surface over a square grid.

        Arguments
            heights: of shape (n, m), from 0 to 1.
            camera: two formulas of `i`, `j`, `h` (place in the grid from 0 to 1, and height) that
                give x and y in this panel.
            depth: a formula of `i` and `j`; what has more of it is drawn later, so it hides what
                lies behind.
        """
        x, y = (f(text, "i", "j", "h") for f, text in zip((self._x, self._y), camera, strict=True))
        mesh = _Mesh(
            np.round(heights, 3),
            x,
            y,
            Formula(depth, self.scene.known, ("i", "j")),
            Formula("1 > 0" if show is None else show, self.scene.known),
        )
        self._add("g", {"html": mesh}, None, clip=True, class_="mesh")

    def contours(self, values, levels, color=INK, *, show=None):
        """Lines of equal height; `values[i, j]` stand at the i-th x and the j-th y of the panel."""
        left, top, width, height = self.box
        rows, columns = values.shape
        lines = contour_generator(z=values.T).multi_lines(levels)
        way = ""
        for line in (line for level in lines for line in level):
            corners = np.round(
                line * [width / (rows - 1), -height / (columns - 1)] + [left, top + height]
            ).astype(int)
            # Neighbours that fall on one pixel need to be there once.
            kept = corners[np.append(True, np.any(np.diff(corners, axis=0), axis=1))]
            way += "M" + "L".join(f"{x} {y}" for x, y in kept)
        self._add("path", {}, show, clip=True, fill="none", stroke=color, d=way)

    def handle(self, x, y, drag, *, label, color=INK, hint="", keys=None):
        """A point that can be grabbed.

        Arguments
            drag: what it changes: {"z": "x"} sets `z` to the x under the pointer; the formulas may
                use everything else too.
            label: what it is called for those who listen to the page.
            hint: a word beside it until it is first moved.
            keys: the variable for the arrows left and right and the one for up and down; by
                default those whose formulas use x and y.
        """
        known = self.scene.known
        formulas = {n: Formula(text, known, ("x", "y")) for n, text in drag.items()}
        across, up = keys or (
            next((n for n, f in formulas.items() if axis in f.uses), None) for axis in "xy"
        )
        handle = _Handle(self, formulas, across, up, label)
        self.handles.append(handle)
        arrows = ""
        if any("x" in f.uses for f in formulas.values()):
            arrows += "M-14-5l-6 5 6 5M14-5l6 5-6 5"
        if any("y" in f.uses for f in formulas.values()):
            arrows += "M-5-14l5-6 5 6M-5 14l5 6 5-6"
        inside = (
            f'<circle class="hit" r="24"/><circle class="ring" r="13" stroke="{color}"/>'
            f'<circle class="knob" r="9" fill="{color}"/><path d="{arrows}"/>'
        )
        if hint:
            place = 'x="24" y="5"' if across else 'y="-26" text-anchor="middle"'
            inside += f'<text class="hint" {place}>{html.escape(hint)}</text>'
        self._add(
            "g",
            {"transform": _Place(self._x(x), self._y(y))},
            None,
            inside=inside,
            class_="handle first" if hint else "handle",
        )

    @property
    def clip(self):
        """The name of the clip path of this panel."""
        return f"@scene@c{self._place}"

    def drawing(self, values):
        """Return the elements of the panel for these values."""
        left, top, width, height = self.box
        heads = "".join(
            f'<marker id="{name}" viewBox="0 -5 10 10" refX="8" markerWidth="11" markerHeight="11"'
            f' markerUnits="userSpaceOnUse" orient="auto"><path fill="{color}" d="M0-5L10 0 0 5z"/>'
            "</marker>"
            for color, name in self._heads.items()
        )
        dot = (
            '<marker id="@scene@dot" viewBox="-3 -3 6 6" markerWidth="6" markerHeight="6"'
            ' markerUnits="userSpaceOnUse"><circle r="2.6" fill="' + INK + '"/></marker>'
        )
        defs = (
            f'<clipPath id="{self.clip}"><rect x="{left}" y="{top}" width="{width}"'
            f' height="{height}"/></clipPath>'
        )
        return f"<defs>{defs}{heads}{dot if not self._place else ''}</defs>{self._axes}" + "".join(
            mark.element(values) for mark in self.marks
        )

    def _add(self, tag, attributes, show, *, clip=False, inside="", **fixed_attributes):
        if show is not None:
            attributes["visibility"] = _Shown(Formula(show, self.scene.known))
        if clip:
            fixed_attributes["clip_path"] = f"url(#{self.clip})"
        self.marks.append(_Mark(tag, attributes, fixed_attributes, inside))

    def _ends(self, x1, y1, x2, y2):
        return {
            "x1": _Number(self._x(x1)),
            "y1": _Number(self._y(y1)),
            "x2": _Number(self._x(x2)),
            "y2": _Number(self._y(y2)),
        }

    def _x(self, text, *local):
        return self._pixel(text, 0, local)

    def _y(self, text, *local):
        return self._pixel(text, 1, local)

    def _pixel(self, text, axis, local):
        """Return the formula of the place in the drawing."""
        origin, scale = round(self._origin[axis], 4), round(self._scale[axis], 6)
        return Formula(f"{origin} + {scale} * ({text})", self.scene.known, local)

    def _frame(self, xlabel, ylabel, title, xticks, yticks):
        left, top, width, height = self.box
        right, bottom = left + width, top + height
        parts = []
        for at, text in _ticks(self.x, xticks, width).items():
            x = pixels(self._origin[0] + self._scale[0] * at)
            parts.append(
                f'<path class="grid" d="M{x} {top}V{bottom}"/>'
                f'<text x="{x}" y="{bottom + 17}" text-anchor="middle">{text}</text>'
            )
        for at, text in _ticks(self.y, yticks, height).items():
            y = pixels(self._origin[1] + self._scale[1] * at)
            parts.append(
                f'<path class="grid" d="M{left} {y}H{right}"/>'
                f'<text x="{left - 6}" y="{float(y) + 4.5:g}" text-anchor="end">{text}'
                "</text>"
            )
        parts.append(f'<path class="axis" d="M{left} {top}V{bottom}H{right}"/>')
        if xlabel:
            parts.append(
                f'<text x="{right}" y="{bottom + 36}" text-anchor="end">'
                f"{html.escape(xlabel)}</text>"
            )
        if ylabel:
            parts.append(f'<text x="{left - 30}" y="{top - 9}">{html.escape(ylabel)}</text>')
        if title:
            parts.append(
                f'<text x="{left}" y="{top - 9}" font-weight="bold">{html.escape(title)}</text>'
            )
        return f'<g class="frame" aria-hidden="true">{"".join(parts)}</g>'


def pixels(value):
    """Write a place in the drawing, to a tenth; what is no number lies outside.

    >>> pixels(12.34), pixels(12.0), pixels(float("inf")), pixels(float("nan"))
    ('12.3', '12', '10000', '-10000')
    """
    if math.isnan(value):
        return "-10000"
    value = math.floor(min(max(value, -1e4), 1e4) * 10 + 0.5) / 10
    return f"{value:.0f}" if value == int(value) else f"{value:.1f}"


class _Mark:
    """An element of the drawing: attributes that stay, and attributes that follow the values."""

    def __init__(self, tag, moving, fixed_attributes, inside):
        self.tag, self.inside = tag, inside
        self.kept = {
            name.rstrip("_").replace("_", "-"): value
            for name, value in fixed_attributes.items()
            if value != ""
        }
        self.all = moving
        self.moving = {name: part for name, part in moving.items() if "v." in part.script}

    @property
    def script(self):
        parts = ",".join(f"{json_key(name)}:{part.script}" for name, part in self.moving.items())
        return f"v=>({{{parts}}})"

    def element(self, values):
        written = {name: part.value(values) for name, part in self.all.items()}
        inside = (
            self.inside + html.escape(written.pop("", ""), quote=False) + written.pop("html", "")
        )
        attributes = "".join(
            f' {name}="{html.escape(str(value))}"' for name, value in (self.kept | written).items()
        )
        attributes = attributes.replace("@dot@", "url(#@scene@dot)")
        moves = " data-m" * bool(self.moving)
        return f"<{self.tag}{attributes}{moves}>{inside}</{self.tag}>"


def json_key(name):
    """Write a key of an object in the script."""
    return name if name.isalnum() and not name[0].isdigit() else f'"{name}"'


class _Number:
    def __init__(self, formula):
        self.formula, self.script = formula, f"f.px({formula.script})"

    def value(self, values):
        return pixels(self.formula.value(values))


class _Curve:
    def __init__(self, x, y, low, high, points):
        self.x, self.y, self.low, self.high, self.points = x, y, low, high, points
        self.script = f"f.curve(t=>[{x.script},{y.script}],{low},{high},{points})"

    def value(self, values):
        out = []
        for i in range(self.points):
            t = self.low + (self.high - self.low) * i / (self.points - 1)
            out.append(_pair(self.x, self.y, values | {"t": np.float64(t)}))
        return " ".join(out)


class _Points:
    def __init__(self, pairs):
        self.pairs = pairs
        self.script = f"f.points([{','.join(f'[{x.script},{y.script}]' for x, y in pairs)}])"

    def value(self, values):
        return " ".join(_pair(x, y, values) for x, y in self.pairs)


class _Walk:
    def __init__(self, scene, x, y, update, steps):
        self.scene, self.x, self.y, self.update, self.steps = scene, x, y, update, steps
        changes = ",".join(f"{name}:{formula.script}" for name, formula in update.items())
        self.script = f"f.walk(v,{steps.script},v=>({{{changes}}}),v=>[{x.script},{y.script}])"

    def value(self, values):
        out, steps = [], int(self.steps.value(values))
        for step in range(steps + 1):
            out.append(_pair(self.x, self.y, values))
            if step < steps:
                values = self.scene.derived(
                    values | {n: f.value(values) for n, f in self.update.items()}
                )
        return " ".join(out)


class _Mesh:
    def __init__(self, heights, x, y, depth, shown):
        self.heights, self.x, self.y, self.depth, self.shown = heights, x, y, depth, shown
        rows = json.dumps(heights.tolist(), separators=(",", ":")).replace("0.", ".")
        self.script = (
            f"({shown.script}?f.mesh({rows},(i,j,h)=>[{x.script},{y.script}],"
            f'(i,j)=>{depth.script}):"")'
        )

    def value(self, values):
        if not self.shown.value(values):
            return ""
        rows, columns = self.heights.shape

        def corner(i, j):
            place = {
                "i": np.float64(i / (rows - 1)),
                "j": np.float64(j / (columns - 1)),
                "h": np.float64(self.heights[i, j]),
            }
            return tuple(math.floor(f.value(values | place) + 0.5) for f in (self.x, self.y))

        corners = [[corner(i, j) for j in range(columns)] for i in range(rows)]
        tiles = []
        for i in range(rows - 1):
            for j in range(columns - 1):
                middle = {
                    "i": np.float64((i + 0.5) / (rows - 1)),
                    "j": np.float64((j + 0.5) / (columns - 1)),
                }
                mean = (
                    self.heights[i, j]
                    + self.heights[i + 1, j]
                    + self.heights[i, j + 1]
                    + self.heights[i + 1, j + 1]
                ) / 4
                color = min(int(math.sqrt(mean) * _COLORS), _COLORS - 1)
                four = (corners[i][j], corners[i + 1][j], corners[i + 1][j + 1], corners[i][j + 1])
                way = "L".join(f"{x} {y}" for x, y in four)
                tiles.append(
                    (self.depth.value(values | middle), f'<path class="c{color}" d="M{way}z"/>')
                )
        tiles.sort(key=lambda tile: tile[0])
        return "".join(tile for _, tile in tiles)


class _Place:
    def __init__(self, x, y):
        self.x, self.y = x, y
        self.script = f"`translate(${{f.px({x.script})}} ${{f.px({y.script})}})`"

    def value(self, values):
        return f"translate({pixels(self.x.value(values))} {pixels(self.y.value(values))})"


class _Shown:
    def __init__(self, formula):
        self.formula = formula
        self.script = f'({formula.script}?"visible":"hidden")'

    def value(self, values):
        return "visible" if self.formula.value(values) else "hidden"


class _Handle:
    def __init__(self, panel, formulas, across, up, label):
        changes = ",".join(f"{name}:{f.script}" for name, f in formulas.items())
        self.label = label
        origin, scale = panel._origin, panel._scale
        numbers = ",".join(f"{n:.6g}" for n in (*origin, *scale))
        quoted = '"' + label.replace('"', "″") + '"'
        self.script = (
            f"[{quoted},[{numbers}],{_quoted(across)},{_quoted(up)},(x,y,v)=>({{{changes}}})]"
        )


def _quoted(name):
    return f'"{name}"' if name else "null"


def _pair(x, y, values):
    return f"{pixels(x.value(values))},{pixels(y.value(values))}"


def _ticks(ends, given, size):
    """Return the places of the ticks and their texts."""
    if given is None:
        low, high = sorted(ends)
        given = [
            t
            for t in MaxNLocator(max(2, int(size // 55))).tick_values(low, high)
            if low - 1e-9 <= t <= high + 1e-9
        ]
    if isinstance(given, dict):
        return given
    digits = next((d for d in range(4) if all(abs(round(t, d) - t) < 1e-9 for t in given)), 4)
    return {float(t): fixed(t, digits) for t in given}
