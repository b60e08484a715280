"""Draw every axis once.

Ticks, their labels and the grid take four fifths of the time of a frame, and seldom change from
one to the next.
"""

import functools
import hashlib

from matplotlib.artist import allow_rasterization

from .style import KEEP


def reuse_axes(fig, film):
    """Replace the axes of `fig` that `film` has seen by empty groups that stand for them."""
    for place, ax in enumerate(fig.axes):
        # Axes in 3-D and polar ones draw themselves in other ways.
        if ax.name != "rectilinear":
            continue
        for axis in (ax.xaxis, ax.yaxis):
            look = _look(axis)
            if look is None:
                continue
            content = repr((place, ax.get_position().bounds, axis.axis_name, look))
            name = KEEP + hashlib.sha256(content.encode()).hexdigest()
            axis.set_gid(name)
            if name in film.groups:
                axis.draw = functools.partial(_stand_in, axis)


# The decorator ends a bitmap that the artist before may have begun, as every artist's `draw` does.
@allow_rasterization
def _stand_in(axis, renderer):
    renderer.open_group("axis", gid=axis.get_gid())
    renderer.close_group("axis")


def _look(axis):
    """Return everything that decides how an axis is drawn, or None if it cannot be known."""
    places = axis.get_majorticklocs()
    names = axis.get_major_formatter().format_ticks(places)
    if axis.get_major_formatter().get_offset():
        # "1e6" is written beside the axis and moves the title: known only after drawing.
        return None
    ticks = [_text_look(label) for tick in axis.majorTicks for label in (tick.label1, tick.label2)]
    return (
        axis.get_visible(),
        axis.get_scale(),
        tuple(axis.get_view_interval()),
        tuple(places),
        names,
        tuple(axis.get_minorticklocs()),
        axis.get_tick_params(),
        axis.get_tick_params(which="minor"),
        _text_look(axis.label),
        ticks,
    )


def _text_look(text):
    return (
        text.get_text(),
        text.get_color(),
        text.get_fontsize(),
        text.get_fontweight(),
        text.get_rotation(),
        text.get_visible(),
    )
