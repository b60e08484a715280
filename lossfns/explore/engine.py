"""`explore`: one drawing function, two front ends."""

import inspect
import itertools
import math
import os
import sys

from matplotlib.figure import Figure

from .controls import Choice, Slider
from .film import Film
from .live import live
from .page import page, svg_element
from .reuse import reuse_axes
from .style import svg

MOST_FRAMES = 120
MOST_BYTES = 1_200_000


def explore(draw, /, *, describe=None, **controls):
    """Make a picture that the reader can change.

    In a live kernel (Jupyter, Colab) it shows itself with ipywidgets, and `draw` runs again on
    every change. In the published book (environment `LOSSFNS_EXPLORE=static`) it shows itself
    as one HTML fragment that holds the frames for all combinations of values and needs neither
    kernel nor network. A live kernel without ipywidgets gets the HTML fragment too.

    Arguments
        draw: called with a keyword argument for each control, returns a matplotlib `Figure`
            (`lossfns.explore.style.figure` makes one). Fix the limits of the axes in it, or the
            picture jumps. All frames keep the layout of the first.
        describe: called like `draw`, returns the message of that frame in a sentence, for readers
            who do not see it. If left out, the figure's `alt` is taken, else the values.
        controls: a `Slider`, `Choice` or `Play` for each argument of `draw`. Together they may have
            at most 120 combinations of values, and all frames at most 1.2 MB.

    Returns
        An `Explorer`; as the last expression of a cell, it shows itself.

    Errors
        `TypeError`, `ValueError` naming the argument: `draw` is not callable, does not take the
        controls or returns no Figure; a control is missing, unknown or has too many values.

    >>> from lossfns.explore.style import figure
    >>> def parabola(height):
    ...     fig, ax = figure(alt=f"A parabola that ends at {height}.")
    ...     ax.plot([-1, 0, 1], [height, 0, height])
    ...     ax.set_ylim(0, 3)
    ...     return fig
    >>> explore(parabola, height=Slider([1, 2, 3], start=2))
    <explorer parabola: height = 2 (3 values); shows itself in Jupyter or Colab>
    """
    return Explorer(draw, describe, controls)


class Explorer:
    """What `explore` returns: `html()` for the published page, `widget()` for a live kernel.

    `figure(**values)` is one picture; values left out stand where their controls start.

    >>> from lossfns.explore.style import figure
    >>> def point(x):
    ...     fig, ax = figure(alt=f"A point at {x}.")
    ...     ax.plot(x, 0, "o")
    ...     return fig
    >>> explore(point, x=Slider([1, 2, 3])).figure(x=2).alt
    'A point at 2.'
    """

    def __init__(self, draw, describe, controls):
        self.draw, self.describe, self.controls = draw, describe, controls
        self._name = getattr(draw, "__name__", "draw")
        self._places = None
        self._check()

    @property
    def start(self):
        """The values of the first picture."""
        return {name: control.start for name, control in self.controls.items()}

    def figure(self, **values):
        """Draw the figure for some values; controls left out stand at their start."""
        fig = self.draw(**self.start | values)
        if not isinstance(fig, Figure):
            raise TypeError(f"draw must return a matplotlib Figure, {self._name} returned {fig!r}")
        self._keep_layout(fig)
        return fig

    def html(self):
        """Return the HTML fragment with all frames."""
        film, alts, first = Film(), [], None
        names = list(self.controls)
        # The first picture fixes the layout, whichever frame it is.
        _close(self.figure())
        for combination in itertools.product(*(c.values for c in self.controls.values())):
            values = dict(zip(names, combination, strict=True))
            fig = self.figure(**values)
            reuse_axes(fig, film)
            number = film.add(_svg_once(fig))
            alts.append(self._alt(fig, values))
            if values == self.start:
                first = number
        fragment = page(film, self.controls, alts, first)
        size = len(fragment.encode())
        if size > MOST_BYTES:
            raise ValueError(
                f"explorer {self._name}: {size / 1e6:.2f} MB are more than the"
                f" {MOST_BYTES / 1e6:.1f} MB of a page; take fewer values of {self._longest()!r},"
                " or draw fewer points"
            )
        return fragment

    def widget(self):
        """Return the ipywidgets front end."""
        return live(self._picture, self.controls)

    def _picture(self, **values):
        fig = self.figure(**values)
        film, alt = Film(), self._alt(fig, values)
        film.add(_svg_once(fig))
        # Without the width, the widget's own style would stretch it.
        return (
            '<div style="max-width:100%;overflow-x:auto">'
            + film.named(svg_element(film, 0, alt, fig.get_size_inches()[0] * 96))
            + "</div>"
        )

    def _alt(self, fig, values):
        text = self.describe(**values) if self.describe else getattr(fig, "alt", "")
        return text or ", ".join(
            f"{c.label or name}: {c.text(values[name])}" for name, c in self.controls.items()
        )

    def _keep_layout(self, fig):
        """Put the axes of every frame where the first frame has them: nothing may jump."""
        if self._places is None:
            fig.draw_without_rendering()
            self._places = [ax.get_position() for ax in fig.axes]
        elif len(fig.axes) == len(self._places):
            fig.set_layout_engine("none")
            for ax, place in zip(fig.axes, self._places, strict=True):
                ax.set_position(place)

    def _check(self):
        if not callable(self.draw):
            raise TypeError(f"draw must be callable, got {self.draw!r}")
        if self.describe is not None and not callable(self.describe):
            raise TypeError(f"describe must be callable, got {self.describe!r}")
        if not self.controls:
            raise ValueError("controls: give at least one, such as speed=Slider([1, 2, 3])")
        for name, control in self.controls.items():
            if not isinstance(control, Slider | Choice):
                raise TypeError(
                    f"control {name!r} must be a Slider, Choice or Play, got {control!r}"
                )
        for role, function in (("draw", self.draw), ("describe", self.describe)):
            try:
                function and inspect.signature(function).bind(**self.start)
            except TypeError as error:
                raise TypeError(
                    f"{role} does not take the controls {list(self.controls)}: {error}"
                ) from None
        count = math.prod(len(c.values) for c in self.controls.values())
        if count > MOST_FRAMES:
            sizes = " × ".join(f"{n!r} ({len(c.values)})" for n, c in self.controls.items())
            raise ValueError(
                f"controls: {sizes} make {count} frames, more than {MOST_FRAMES};"
                f" take fewer values of {self._longest()!r}"
            )

    def _longest(self):
        return max(self.controls, key=lambda name: len(self.controls[name].values))

    def _repr_mimebundle_(self, include=None, exclude=None):
        if os.environ.get("LOSSFNS_EXPLORE") != "static":
            try:
                import ipywidgets  # noqa: F401
            except ImportError:
                pass
            else:
                return _view(self.widget()) | {"text/plain": repr(self)}
        return {"text/html": self.html(), "text/plain": repr(self)}

    def __repr__(self):
        parts = [
            f"{name} = {control.text(control.start)} ({len(control.values)} values)"
            for name, control in self.controls.items()
        ]
        return f"<explorer {self._name}: {', '.join(parts)}; shows itself in Jupyter or Colab>"


def _view(widget):
    """What shows a widget. ipywidgets 7, which Colab has, makes no such bundle itself."""
    view = {"version_major": 2, "version_minor": 0, "model_id": widget.model_id}
    return {"application/vnd.jupyter.widget-view+json": view}


def _svg_once(fig):
    """Return the SVG text of a figure that nobody will use again."""
    text = svg(fig)
    _close(fig)
    return text


def _close(fig):
    """Let go of a figure: pyplot keeps those it made, and a notebook would show them once more."""
    if "matplotlib.pyplot" in sys.modules:
        sys.modules["matplotlib.pyplot"].close(fig)
