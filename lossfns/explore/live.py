"""The front end of a live kernel: ipywidgets, redrawn by the kernel on every change."""

import functools
import math
from fractions import Fraction

from .controls import Choice, Play

# A slider has at least so many steps between two neighbouring values, and at most so many at all.
_STEPS_BETWEEN = 20
_STEPS = 2000


def live(show, controls):
    """Return a widget that calls `show(**values)` for its picture whenever a control moves.

    Arguments
        show: returns the picture for values of the controls, as HTML.
        controls: mapping from name to control.
    """
    # Imported here: the published page and a terminal do without.
    import ipywidgets as widgets

    inputs = {name: _widget(widgets, name, control) for name, control in controls.items()}
    picture = widgets.HTML(layout={"max_width": "100%"})
    # An error in `draw` appears under the picture, with its traceback, and goes with the next one.
    errors = widgets.Output()

    def redraw(change=None):
        errors.clear_output()
        with errors:
            picture.value = show(**{name: w.value for name, w in inputs.items()})

    redraw()
    rows = []
    for name, control in controls.items():
        inputs[name].observe(redraw, names="value")
        row = [inputs[name]]
        if isinstance(control, Play):
            row.append(_player(widgets, control, inputs[name]))
        rows.append(widgets.HBox(row, layout={"flex_flow": "row wrap"}))
    return widgets.VBox([picture, *rows, errors])


def _widget(widgets, name, control):
    description = control.label or name
    wide = {
        "description": description,
        "style": {"description_width": "initial"},
        "layout": {"width": "32em", "max_width": "100%"},
    }
    if isinstance(control, Choice):
        options = list(zip(control.names, control.values, strict=True))
        return widgets.Dropdown(options=options, value=control.start, **wide)
    if control.unit:
        wide["description"] += f" ({control.unit})"
    low, high = control.values[0], control.values[-1]
    if not control.continuous:
        return widgets.IntSlider(value=control.start, min=low, max=high, **wide)
    return widgets.FloatSlider(
        value=control.start,
        min=low,
        max=high,
        step=_step(control.values),
        readout_format=".3g",
        **wide,
    )


def _step(values):
    """Return a step that reaches every value: the slider snaps to its steps, the start too."""
    exact = [Fraction(f"{value:.9g}") for value in values]
    gaps = [b - a for a, b in zip(exact, exact[1:], strict=False)]
    whole = functools.reduce(_common_divisor, gaps)
    step = whole / math.ceil(whole * _STEPS_BETWEEN / min(gaps))
    # Values without a common measure, such as powers: the snap is then too small to be seen.
    return float(max(step, (exact[-1] - exact[0]) / _STEPS))


def _common_divisor(a, b):
    return Fraction(
        math.gcd(a.numerator * b.denominator, b.numerator * a.denominator),
        a.denominator * b.denominator,
    )


def _player(widgets, control, slider):
    """A play button that walks through the values of a `Play`."""
    last = len(control.values) - 1
    player = widgets.Play(
        value=control.values.index(control.start), min=0, max=last, interval=control.interval
    )
    player.observe(
        lambda change: setattr(slider, "value", control.values[change["new"]]), names="value"
    )
    return player
