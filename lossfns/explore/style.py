"""One look for every figure of the book.

    from lossfns.explore.style import BLUE, ORANGE, figure, label

    fig, ax = figure(xlabel="error", ylabel="loss", alt="The squared error is a parabola.")
    ax.plot(x, x**2, color=ORANGE)
    label(ax, 2, 4, "MSE", ORANGE)
    fig

- `figure(nrows, ncols, width=, height=)` makes the figure and its axes, without pyplot.
- `label(ax, x, y, text, color)` writes next to a line what it is: better than a legend.
- `note(ax, text)` puts the live numbers of a picture in a corner.
- `zero(ax)` draws the axes through the origin, when the sign of a value is the message.
- `BLUE` the model: its prediction, its fit · `ORANGE` the loss, the error · `PURPLE` the gradient
  · `PLUM`, `OLIVE` further series · `INK` the data, the targets, all text · `FAINT` what is there
  only to compare with. `CYCLE` is the order in which a plot takes them, one for each series;
  `LINES` and `MARKERS` tell the series apart for those who do not see the colours.

The background is transparent, and every colour has a contrast of at least 3.3:1 on white and on
the dark page (#121212): one picture serves both. No colour has the 4.5:1 that text needs on both,
so text in an SVG drawing takes a darker shade on a light page and a lighter one on a dark page.
Text on a coloured area is "black" or "white", and stays so.
The colours also stay apart for the three kinds of colour-blindness; still, name a line where it
runs and vary `linestyle`.
"""

import base64
import hashlib
import io
import re
from xml.etree import ElementTree

from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure

# The ids of groups that a film keeps begin with it.
KEEP = "keep-"
# The only grey with 4.3:1 on both white and #121212; more is not to be had on both.
INK = "#797979"
BLUE = "#168af0"
ORANGE = "#ee560f"
PURPLE = "#7340f5"
PLUM = "#a3479c"
OLIVE = "#6b8e00"
# Half-transparent, so that it recedes on either background.
FAINT = "#79797970"
CYCLE = (BLUE, ORANGE, PURPLE, OLIVE, PLUM)
LINES = ("-", "--", "-.", ":")
MARKERS = ("o", "s", "^", "D", "v")

_GRID = "#79797938"
# The luminance that gives text 4.55:1 on white at the most, and on #121212 at the least.
_TEXT_ON_LIGHT, _TEXT_ON_DARK = 0.1807, 0.2051
# The letters of a text: matplotlib draws nothing else in a group with a colour and a place.
_LETTERS = re.compile(r'(<g style="fill: )(#[0-9a-f]{6})((?:; opacity: [\d.]+)?" transform=)')
# White text stands on a coloured area, which is the same on both pages. So does black text, for
# which matplotlib writes no colour.
_WHITE = "#ffffff"
# A larger drawing is replaced by a bitmap: a scatter plot of 10,000 points is no job for SVG.
_LARGEST_SVG = 400_000


class StyledAxes(Axes):
    """Axes whose text, lines and legend follow the book's style unless told otherwise."""

    def plot(self, *args, **kwargs):
        if "lw" not in kwargs:
            kwargs.setdefault("linewidth", 2.2)
        return super().plot(*args, **kwargs)

    def text(self, x, y, s, fontdict=None, **kwargs):
        return super().text(x, y, s, fontdict, **_text_style(self.figure, kwargs))

    def annotate(self, text, xy, *args, **kwargs):
        if kwargs.get("arrowprops") is not None:
            kwargs["arrowprops"] = {"color": INK, "arrowstyle": "->"} | kwargs["arrowprops"]
        return super().annotate(text, xy, *args, **_text_style(self.figure, kwargs))

    def legend(self, *args, **kwargs):
        defaults = {"frameon": False, "labelcolor": INK, "fontsize": self.figure.font_size}
        return super().legend(*args, **defaults | kwargs)

    def set_title(self, label, *args, **kwargs):
        kwargs = {"loc": "left", "fontweight": "bold"} | _text_style(self.figure, kwargs)
        return super().set_title(label, *args, **kwargs)

    def set_xlabel(self, xlabel, *args, **kwargs):
        return super().set_xlabel(xlabel, *args, **_text_style(self.figure, kwargs))

    def set_ylabel(self, ylabel, *args, **kwargs):
        return super().set_ylabel(ylabel, *args, **_text_style(self.figure, kwargs))


class StyledFigure(Figure):
    """A figure that shows itself: Jupyter only knows how to show one after pyplot was imported."""

    alt = ""
    font_size = 11.0

    def text(self, x, y, s, fontdict=None, **kwargs):
        return super().text(x, y, s, fontdict, **_text_style(self, kwargs))

    def suptitle(self, t, **kwargs):
        return super().suptitle(t, **{"fontweight": "bold"} | _text_style(self, kwargs))

    def _repr_mimebundle_(self, include=None, exclude=None):
        drawing = svg(self, alone=True)
        if len(drawing) <= _LARGEST_SVG:
            return {"image/svg+xml": drawing, "text/plain": repr(self)}, {}
        width, height = self.get_size_inches() * 96
        return (
            {"image/png": base64.b64encode(png(self)).decode(), "text/plain": repr(self)},
            {"image/png": {"width": round(width), "height": round(height)}},
        )

    def __repr__(self):
        return f"<figure: {self.alt}>" if self.alt else "<figure>"


def figure(
    nrows=1, ncols=1, *, width=None, height=None, xlabel="", ylabel="", title="", alt="", **subplots
):
    """Make a styled figure and its axes.

    Arguments
        nrows, ncols: the panels. Two rows read better on a phone than two columns.
        width, height: of the whole figure in inches (96 px each on the page). By default 5.2 wide
            for one column and 7.2 for more; text grows with the width, because a phone
            shrinks the picture to its 350 px.
        xlabel, ylabel, title: of the axes; for several panels a string for all or a list, one each
            (row by row).
        alt: the message of the picture in a sentence, for those who do not see it. An explorer
            reads it from here; for a plain figure of a chapter, myst-nb takes the cell's metadata.
        subplots: anything `Figure.subplots` takes: sharex, sharey, width_ratios, ...

    Returns
        `(fig, ax)`: one axes, or an array of them shaped as `Figure.subplots` does.

    >>> fig, ax = figure(xlabel="error", ylabel="loss", alt="A parabola.")
    >>> line, = ax.plot([-1, 0, 1], [1, 0, 1])
    >>> line.get_color() == BLUE
    True
    >>> fig
    <figure: A parabola.>
    """
    width = (5.2 if ncols == 1 else 7.2) if width is None else width
    height = (3.1 if nrows == 1 else 2.3 * nrows + 0.4) if height is None else height
    fig = StyledFigure(figsize=(width, height), dpi=96, layout="constrained")
    fig.patch.set_alpha(0)
    fig.font_size = min(max(10.0, 2.1 * width), 13.5)
    fig.alt = alt
    keywords = {"axes_class": StyledAxes} | subplots.pop("subplot_kw", {})
    with rc_context({"axes.titlesize": fig.font_size}):
        axes = fig.subplots(nrows, ncols, subplot_kw=keywords, **subplots)
    panels = [axes] if nrows * ncols == 1 and isinstance(axes, Axes) else list(axes.flat)
    for panel, x, y, t in zip(
        panels, *(_each(s, len(panels)) for s in (xlabel, ylabel, title)), strict=True
    ):
        _dress(panel, fig.font_size)
        if x:
            panel.set_xlabel(x)
        if y:
            panel.set_ylabel(y)
        if t:
            panel.set_title(t)
    return fig, axes


def label(ax, x, y, text, color=INK, **kwargs):
    """Name a line where it runs: bold text in its colour at data coordinates (x, y).

    >>> fig, ax = figure()
    >>> label(ax, 0.5, 0.5, "MSE", ORANGE).get_text()
    'MSE'
    """
    return ax.text(x, y, text, **{"color": color, "fontweight": "bold"} | kwargs)


def note(ax, text, *, loc="upper left", color=INK, **kwargs):
    """Write `text` into a corner of the axes: "upper left", "lower right", ...

    >>> fig, ax = figure()
    >>> note(ax, "MSE = 2", loc="lower right").get_ha()
    'right'
    """
    vertical, horizontal = loc.split()
    x = {"left": 0.03, "center": 0.5, "right": 0.97}[horizontal]
    y = {"lower": 0.04, "center": 0.5, "upper": 0.96}[vertical]
    anchor = {"lower": "bottom", "center": "center", "upper": "top"}[vertical]
    place = {"transform": ax.transAxes, "ha": horizontal, "va": anchor, "color": color}
    return ax.text(x, y, text, **place | kwargs)


def zero(ax, *, x=True, y=True):
    """Draw thin lines through x = 0 and y = 0.

    >>> fig, ax = figure()
    >>> zero(ax)
    >>> len(ax.lines)
    2
    """
    if y:
        ax.axhline(0, color=INK, linewidth=0.8, zorder=1)
    if x:
        ax.axvline(0, color=INK, linewidth=0.8, zorder=1)


def svg(fig, *, name="", alone=False):
    """Return `fig` as SVG text, without date and random ids: the same code gives the same bytes.

    Drawings that stand in one page need a `name` each, with which their ids then begin. A drawing
    that stands `alone`, as a file, cannot take the ink of its text from the page around it.
    """
    buffer, canvas = io.StringIO(), fig.canvas
    # Figure.savefig would draw twice: this is the difference between 5 s and 10 s for an explorer.
    with rc_context({"svg.fonttype": "path", "svg.hashsalt": "lossfns"}):
        FigureCanvasSVG(fig).print_svg(buffer, metadata={"Date": None, "Creator": None})
    fig.set_canvas(canvas)
    text = buffer.getvalue()
    text = _with_stable_ids(text[text.index("<svg") :], name)
    return _with_readable_text(text, alone)


def text_colours(colour):
    """Return the shades of a colour in which text is readable on a light and on a dark page.

    >>> text_colours(INK)
    ('#767676', '#7d7d7d')
    """
    linear = [_linear(int(colour[i : i + 2], 16) / 255) for i in (1, 3, 5)]
    now = _luminance(linear)
    darker = [part * _TEXT_ON_LIGHT / max(now, _TEXT_ON_LIGHT) for part in linear]
    white = (_TEXT_ON_DARK - now) / (1 - now) if now < _TEXT_ON_DARK else 0
    return _hex(darker), _hex([part + white * (1 - part) for part in linear])


def _with_readable_text(text, alone):
    """Give letters a shade for each theme; an old viewer takes that for light pages."""

    def shaded(match):
        before, colour, after = match.groups()
        if colour == _WHITE or (colour == INK and not alone):
            return match[0]
        light, dark = text_colours(colour)
        return f"{before}{light}; fill: light-dark({light}, {dark}){after}"

    if alone:
        text = text.replace("<svg ", '<svg style="color-scheme: light dark" ', 1)
    return _LETTERS.sub(shaded, text)


def _linear(part):
    return part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4


def _luminance(linear):
    return sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def _hex(linear):
    parts = [12.92 * p if p <= 0.0031308 else 1.055 * p ** (1 / 2.4) - 0.055 for p in linear]
    return "#" + "".join(f"{round(255 * part):02x}" for part in parts)


def _with_stable_ids(text, name):
    """Call what is referred to after its content, and take the other ids away.

    Matplotlib names clip paths by the address of an object, which changes from run to run. What is
    the same keeps one id in all frames of an explorer, which then share it.
    """
    used = set(re.findall(r'(?:url\(|href=")#([^")]+)', text))
    named = [(e.attrib.pop("id", None), e) for e in ElementTree.fromstring(text).iter()]
    ids = {}
    for original, element in named:
        if original in used:
            content = ElementTree.tostring(element, encoding="unicode").strip()
            ids[original] = f"{name}x{hashlib.sha256(content.encode()).hexdigest()[:10]}"

    def renamed(match):
        before, original, after = match.groups()
        if original in ids:
            return f"{before}{ids[original]}{after}"
        return match[0] if original.startswith(KEEP) else ""

    text = re.sub(r'( id=")([^"]+)(")', renamed, text)
    return re.sub(r'((?:url\(|href=")#)([^")]+)([")])', renamed, text)


def png(fig, *, scale=2):
    """Return `fig` as PNG bytes at `scale` times the resolution of the page (96 px per inch)."""
    buffer = io.BytesIO()
    fig.savefig(buffer, format="png", dpi=96 * scale, metadata={"Software": None})
    return buffer.getvalue()


def _dress(ax, font_size):
    ax.set_facecolor("none")
    ax.set_prop_cycle(color=CYCLE)
    ax.set_axisbelow(True)
    ax.grid(True, color=_GRID, linewidth=0.8)
    ax.spines[["top", "right"]].set_visible(False)
    ax.spines[["left", "bottom"]].set_color(INK)
    ax.tick_params(colors=INK, labelsize=font_size - 1, length=3)
    # tick_params does not reach the "x 10^3" beside an axis.
    for axis in (ax.xaxis, ax.yaxis):
        axis.get_offset_text().set(color=INK, fontsize=font_size - 1)


def _text_style(fig, kwargs):
    """Fill in colour and size where the caller gave neither the long nor the short name."""
    if "color" not in kwargs and "c" not in kwargs:
        kwargs["color"] = INK
    if "fontsize" not in kwargs and "size" not in kwargs:
        kwargs["fontsize"] = fig.font_size
    return kwargs


def _each(value, count):
    if isinstance(value, str):
        return [value] * count
    if len(value) != count:
        raise ValueError(f"{count} panels need {count} labels, got {list(value)!r}")
    return list(value)
