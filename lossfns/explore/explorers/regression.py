"""Explorers about numbers that are predicted: lines through points, and losses over an error."""

import itertools
import math

from ..scene import Scene
from ..style import BLUE, INK, OLIVE, ORANGE, PLUM

# The best line has slope 0.8, intercept 1 and MSE 0.5.
_X = (1, 2.5, 4, 5.5, 7, 8.5)
_Y = (1.1, 4.1, 4.4, 4.4, 7.1, 7.7)
_TYPED = (1.2, 1.9, 3.1, 3.8, 5.2, 5.9)


def two_lines():
    """Drag a point away: the line of least squares follows it, that of least absolute errors stays.

    >>> two_lines()
    <explorer: One of these numbers was mistyped: drag the orange point up. Which line follows it?\
 Shows itself in a notebook or a page>
    """
    scene = Scene(
        "One of these numbers was mistyped: drag the orange point up. Which line follows it?",
        "A square makes a large error count far more than a small one, so the line of least squares"
        " runs after the point. The absolute error counts it like any other, and its line stays"
        " with the majority. The loss decides what the model learns from one wrong number.",
        guesses={"least squares": True, "least absolute error": False, "both": False},
        seen="y4 > 8",
    )
    for i, y in enumerate(_TYPED):
        scene.variable(f"y{i}", 0, 10, start=y, step=0.1, label=f"point {i + 1}", slider=False)
    n, x = len(_TYPED), range(1, len(_TYPED) + 1)
    mean = sum(x) / n
    spread = sum((a - mean) ** 2 for a in x)
    scene.let(
        ls_slope=" + ".join(f"{(a - mean) / spread!r} * y{i}" for i, a in enumerate(x)),
        ls_start=f"({' + '.join(f'y{i}' for i in range(n))}) / {n} - {mean} * ls_slope",
    )
    # A line with the least sum of absolute errors runs through two of the points.
    pairs = list(itertools.combinations(range(n), 2))
    for i, j in pairs:
        name = f"{i}{j}"
        scene.let(**{f"a{name}": f"(y{j} - y{i}) / {j - i}"})
        scene.let(
            **{
                f"c{name}": " + ".join(
                    f"abs(y{i} + a{name} * {k - i} - y{k})" for k in range(n) if k not in (i, j)
                )
            }
        )
    names = [f"{i}{j}" for i, j in pairs]
    scene.let(least="min(" + ", ".join(f"c{name}" for name in names) + ")")
    scene.let(
        lad_slope=_first(names, "a{0}", "c{0} <= least"),
        lad_start=_first(names, "y{1} - a{0} * {2}", "c{0} <= least"),
    )
    panel = scene.panel((34, 12, 430, 270), x=(0.4, 6.6), y=(0, 10.4), xticks=x)
    for name, color, dash in (("ls", ORANGE, ""), ("lad", BLUE, "7 4")):
        panel.line(
            0.4,
            f"{name}_start + 0.4 * {name}_slope",
            6.6,
            f"{name}_start + 6.6 * {name}_slope",
            color,
            dash=dash,
            width=3,
        )
    panel.text(0.6, 9.6, "— least squares: slope {ls_slope:.2f}", ORANGE)
    panel.text(0.6, 8.8, "- - least absolute error: slope {lad_slope:.2f}", BLUE)
    for i, a in enumerate(x):
        panel.handle(
            str(a),
            f"y{i}",
            {f"y{i}": "y"},
            label=f"Point {i + 1}",
            color=ORANGE if i == 4 else INK,
            hint="drag me up" if i == 4 else "",
        )
    scene.says(
        "Point 5 at {y4:.1f}: the line of least squares has the slope {ls_slope:.2f}, the"
        " line of least absolute error {lad_slope:.2f}."
    )
    return scene


def _first(names, value, condition):
    """Return a formula for the value of the first name whose condition holds."""

    def fill(text, name):
        return text.format(name, name[0], int(name[0]) + 1)

    *others, last = names
    text = fill(value, last)
    for name in reversed(others):
        text = f"({fill(value, name)}) if {fill(condition, name)} else ({text})"
    return text


def mse_squares():
    """Drag a line or points: every error is the side of a square, the MSE their mean area.

    >>> round(float(mse_squares().at(left=1, right=9)["mse"]), 2)
    0.5
    """
    scene = Scene(
        "A point moves to twice its distance from the line. How much does its square grow?",
        "Twice the side is four times the area, so one large error can outweigh many small ones:"
        " that is what “squared” means for the line that fits best.",
        guesses={
            "to twice its area": False,
            "to four times": True,
            "it depends on the line": False,
        },
        seen="abs(e5) > 3.5",
        goal=("Can you get the mean square under 1.0?", "mse < 1"),
    )
    scene.variable("left", -3, 12, start=2.5, step=0.1, label="left end", slider=False)
    scene.variable("right", -3, 12, start=6.5, step=0.1, label="right end", slider=False)
    for i, y in enumerate(_Y):
        scene.variable(f"y{i}", -1, 11, start=y, step=0.1, label=f"point {i + 1}", slider=False)
    scene.let(slope="(right - left) / 10")
    for i, x in enumerate(_X):
        scene.let(**{f"e{i}": f"left + slope * {x} - y{i}"})
    scene.let(mse=f"({' + '.join(f'e{i} ** 2' for i in range(6))}) / 6", side="sqrt(mse)")
    panel = scene.panel((30, 12, 442, 408), x=(-0.6, 12.4), y=(-1.2, 10.8))
    for i, x in enumerate(_X):
        panel.polygon(
            [
                (f"{x}", f"y{i}"),
                (f"{x}", f"y{i} + e{i}"),
                (f"{x} + e{i}", f"y{i} + e{i}"),
                (f"{x} + e{i}", f"y{i}"),
            ],
            ORANGE,
        )
    panel.text(
        "8.5 + e5 / 2",
        "y5 + e5 / 2 - 0.15",
        "{e5 ** 2:.1f}",
        ORANGE,
        anchor="middle",
        show="abs(e5) > 1",
    )
    panel.line(-1, "left - slope", 13, "left + 13 * slope", BLUE, width=3)
    panel.polygon(
        [("12.2", "-1"), ("12.2", "side - 1"), ("12.2 - side", "side - 1"), ("12.2 - side", "-1")],
        ORANGE,
        opacity=0.55,
    )
    panel.text(12.2, "side - 0.7", "mean square {mse:.2f}", ORANGE, anchor="end")
    panel.text(-0.3, 10.2, "the line has the slope {slope:.2f}", BLUE)
    for i, x in enumerate(_X):
        panel.handle(
            str(x), f"y{i}", {f"y{i}": "y"}, label=f"Point {i + 1}", hint="drag" if i == 5 else ""
        )
    panel.handle("0", "left", {"left": "y"}, label="Left end of the line", color=BLUE)
    panel.handle(
        "10", "right", {"right": "y"}, label="Right end of the line", color=BLUE, hint="drag"
    )
    scene.says(
        "A line of slope {slope:.2f} through {left:.1f} at x = 0: the mean square is {mse:.2f}."
    )
    return scene


_LOSSES = (
    # name, loss and gradient of the error {t}, colour, dash, points to draw each of the two
    ("MSE", "{t} ** 2", "2 * {t}", INK, "", (41, 2)),
    ("MAE", "abs({t})", "sign({t})", INK, "6 4", (3, 81)),
    (
        "Huber",
        "min(abs({t}), delta) * (abs({t}) - min(abs({t}), delta) / 2)",
        "min(max({t}, -delta), delta)",
        BLUE,
        "",
        (41, 81),
    ),
    (
        "smooth L1",
        "min(abs({t}), beta) * (abs({t}) - min(abs({t}), beta) / 2) / beta",
        "min(max({t}, -beta), beta) / beta",
        PLUM,
        "8 3",
        (41, 81),
    ),
    (
        "log-cosh",
        f"abs({{t}}) + softplus(-2 * abs({{t}})) - {math.log(2)!r}",
        "tanh({t})",
        OLIVE,
        "2 4",
        (41, 41),
    ),
    (
        "quantile",
        "max(-q * {t}, (1 - q) * {t})",
        "(1 - q if {t} > 0 else -q if {t} < 0 else 0)",
        ORANGE,
        "",
        (3, 81),
    ),
)


def regression_losses():
    """Drag an error along six losses and their gradients, with δ, β and q to set.

    >>> scene = regression_losses()
    >>> [round(float(scene.at(e=3)[name]), 2) for name in ("loss0", "loss2", "slope0", "slope2")]
    [9.0, 3.38, 6.0, 1.5]
    """
    scene = Scene(
        "Drag the error from 3 to 4. Whose gradient still grows noticeably?",
        "Only that of MSE: its pull is proportional to the error, without end. All others have"
        " reached their greatest pull by then: δ for Huber, q or 1 − q for the quantile loss, 1"
        " for the rest.",
        guesses={"MSE only": True, "MSE and Huber": False, "all of them": False},
        seen="e > 3.8",
    )
    scene.variable("e", -4, 4, start=1.5, step=0.05, label="error ŷ − y", slider=False)
    scene.variable("delta", 0.5, 2.5, start=1.5, step=0.1, label="δ of Huber")
    scene.variable("beta", 0.1, 2.5, start=0.5, step=0.1, label="β of smooth L1")
    scene.variable("q", 0.05, 0.95, start=0.9, step=0.05, label="q of the quantile loss")
    for i, (_, loss, slope, *_) in enumerate(_LOSSES):
        scene.let(**{f"loss{i}": loss.format(t="e"), f"slope{i}": slope.format(t="e")})
    top = scene.panel((34, 26, 300, 210), x=(-4, 4), y=(-0.2, 5), ylabel="loss")
    low = scene.panel(
        (34, 288, 300, 190), x=(-4, 4), y=(-3, 3), ylabel="gradient", xlabel="error ŷ − y"
    )
    for place, (panel, kind) in enumerate(((top, "loss"), (low, "slope"))):
        low_end, high_end = panel.y
        panel.line("e", low_end, "e", high_end, INK, dash="2 4")
        for i, (name, *formulas, color, dash, points) in enumerate(_LOSSES):
            panel.curve(
                "t",
                formulas[place].format(t="t"),
                color,
                dash=dash,
                width=2.2,
                points=points[place],
            )
            # A value beyond the panel stands at its edge.
            panel.dot("e", f"min(max({kind}{i}, {low_end}), {high_end})", color, radius=4)
            row = high_end - (high_end - low_end) * (0.06 + 0.15 * i)
            panel.text(
                4.3,
                row,
                f"{name} {{{kind}{i}:.2f}}",
                "currentColor" if color == INK else color,
                bold=True,
            )
    top.handle("e", "0", {"e": "x"}, label="Error", color=INK, hint="drag")
    scene.says(
        "At an error of {e:.2f}: "
        + ", ".join(
            f"{name} loss {{loss{i}:.2f}} gradient {{slope{i}:.2f}}"
            for i, (name, *_) in enumerate(_LOSSES)
        )
        + "."
    )
    return scene
