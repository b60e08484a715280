"""An explorer about several tasks in one network: λ and the units that it belongs to."""

import math

from ..formula import Lookup
from ..scene import Scene
from ..style import BLUE, INK, ORANGE, PURPLE

# The network of the page, trained at 17 λs in 1/degree² from 10⁻⁷ to 10, means of three seeds: the
# share of digits right and the error in degrees on test images, and the two training losses.
ENDS = (-7, 1)
RIGHT = (
    0.808,
    0.808,
    0.811,
    0.813,
    0.818,
    0.81,
    0.801,
    0.807,
    0.803,
    0.797,
    0.772,
    0.719,
    0.558,
    0.438,
    0.357,
    0.323,
    0.311,
)
OFF = (
    24.0,
    24.0,
    24.0,
    24.1,
    23.9,
    22.7,
    17.2,
    11.0,
    9.36,
    8.09,
    7.08,
    6.49,
    6.1,
    6.04,
    6.02,
    6.02,
    6.01,
)
CROSS = (
    0.124,
    0.124,
    0.123,
    0.121,
    0.113,
    0.116,
    0.144,
    0.159,
    0.211,
    0.287,
    0.433,
    0.686,
    1.19,
    1.52,
    1.73,
    1.82,
    1.84,
)
SQUARED = (529, 529, 528, 530, 515, 447, 245, 92.4, 57.8, 42.7, 32.5, 27.3, 23.6, 22.1, 22, 22, 22)
# How many of each make a degree, and the norms of both gradients in the trunk in the first step.
UNITS = {"degrees": 1.0, "minutes of arc": 60.0, "radians": math.pi / 180}
PULLS = (0.328, 885.4)


def multitask_balance():
    """Drag λ and change the unit of the angle: what a network with two heads then learns.

    >>> at = multitask_balance().at(m=0)
    >>> round(float(at["right"]), 3), round(float(at["off"]), 2)
    (0.357, 6.02)
    """
    scene = Scene(
        "λ = 0.001 suits an angle in degrees. Switch to minutes of arc, 60 to a degree: where must"
        " λ go so that the network learns the same?",
        "To 0.001 / 3600: the error is squared, and so is the factor. Both curves move sideways by"
        " log 3600 and keep their shapes: a λ belongs to its unit. How far up each curve you want"
        " to be is another question, and no unit answers it.",
        guesses={"to a sixtieth": False, "to a 3600th": True, "nowhere": False},
        seen="abs(unit - 1) < 0.5 and abs(m + 6.556) < 0.09",
    )
    scene.variable("m", -8, 4, start=-3, step=0.1, label="log₁₀ λ", slider=False)
    scene.choice("unit", list(UNITS), label="angle in")
    for name, values in (
        ("rights", RIGHT),
        ("offs", OFF),
        ("crosses", CROSS),
        ("squares", SQUARED),
    ):
        scene.lookup(name, Lookup(values, x=ENDS))
    logs = [repr(2 * math.log10(value)) for value in UNITS.values()]
    scene.let(
        shift=f"{logs[0]} if unit < 0.5 else {logs[1]} if unit < 1.5 else {logs[2]}",
        place="m + shift",
        right="rights(place)",
        off="offs(place)",
        cross="crosses(place)",
        squared="10 ** shift * squares(place)",
        lam="10 ** m",
        total="cross + lam * squared",
        pull=f"{PULLS[1]} * 10 ** place",
    )
    powers = {-8: "10⁻⁸", -6: "10⁻⁶", -4: "10⁻⁴", -2: "0.01", 0: "1", 2: "100", 4: "10⁴"}
    top = scene.panel(
        (44, 26, 426, 130),
        x=(-8.2, 4.2),
        y=(0, 1),
        ylabel="digits right",
        xticks=powers,
        yticks=(0, 0.5, 1),
    )
    low = scene.panel(
        (44, 206, 426, 104),
        x=(-8.2, 4.2),
        y=(0, 28),
        xlabel="λ",
        ylabel="error of the angle, degrees",
        xticks=powers,
        yticks=(0, 10, 20),
    )
    bars = scene.panel((44, 366, 426, 84), x=(-6.2, 8), y=(-0.6, 2.2), frame=False)
    bars.text(-6, 1.75, "pull on the shared layer in the first step, powers of ten")
    for panel, name, color in ((top, "right", BLUE), (low, "off", ORANGE)):
        panel.curve("t", f"{name}s(t + shift)", color, over=(-8, 4), points=97)
        panel.line("m", "0", "m", name, INK, dash="2 4")
    low.dot("m", "off", ORANGE)
    top.text(-8, 0.12, "{right * 100:.0f} % of the digits", BLUE, bold=True)
    low.text(-8, 3, "{off:.1f}° off", ORANGE, bold=True)
    start = "-6"
    for row, (value, color, text) in enumerate(
        (
            ("pull", ORANGE, "angle, times λ {pull:.2g}"),
            (str(PULLS[0]), BLUE, f"digit {PULLS[0]:.2g}"),
        )
    ):
        end = f"max(log({value}) / 2.302585092994046, -5.9)"
        bars.line(start, str(row), end, str(row), color, width=12)
        bars.text(f"{end} + 0.15", row - 0.12, text, color)
    top.handle("m", "right", {"m": "x"}, label="λ, power of ten", color=PURPLE, hint="drag")
    scene.says(
        "With the angle measured in the chosen unit and λ = {lam:.2g}, the network has"
        " {right * 100:.0f} % of the digits right and errs by {off:.1f} degrees; the total"
        " loss is {total:.3g}."
    )
    return scene
