"""Explorers about embeddings: who pulls whom, and what a temperature looks at."""

import math

from ..scene import Scene
from ..style import BLUE, INK, OLIVE, ORANGE, PURPLE

_TURN = 2 * math.pi


def triplet_pull():
    """Drag the positive and the negative of an anchor: who is pulled, and until when.

    >>> at = triplet_pull().at(px=0.6, py=0.8, nx=0, ny=1.5, m=1)
    >>> round(float(at["loss"]), 3)
    0.5
    """
    scene = Scene(
        "Drag the negative away from the anchor. Where does it stop being pushed?",
        "Only when it is farther away than the positive by the whole margin: on the outer circle."
        " Between the circles the order is right and the loss still pushes: the negative is"
        " semi-hard. What counts is the difference of the two distances, wherever the three are.",
        guesses={
            "once it is farther than the positive": False,
            "a margin farther": True,
            "never": False,
        },
        seen="loss <= 0",
    )
    for name, start in (("px", 0.4), ("py", -1.4), ("nx", -0.9), ("ny", 0.8)):
        scene.variable(
            name,
            -3,
            3,
            start=start,
            step=0.05,
            slider=False,
            label=(f"{'positive' if name[0] == 'p' else 'negative'} {name[1]}"),
        )
    scene.variable("m", 0.2, 1.5, start=0.8, step=0.1, label="margin m")
    scene.choice("sq", ["distances", "squared distances"], label="measure")
    scene.let(
        dp="hypot(px, py)",
        dn="hypot(nx, ny)",
        gap="(dp ** 2 - dn ** 2 if sq > 0.5 else dp - dn) + m",
        loss="max(gap, 0)",
        on="1 if gap > 0 else 0",
        # A distance has a slope of 1 in its direction, its square one of 2 d.
        kp="on * (2 if sq > 0.5 else 1 / max(dp, 0.000000001))",
        kn="on * (2 if sq > 0.5 else 1 / max(dn, 0.000000001))",
        gpx="kp * px",
        gpy="kp * py",
        gnx="-kn * nx",
        gny="-kn * ny",
        edge="sqrt(dp ** 2 + m) if sq > 0.5 else dp + m",
    )
    plane = scene.panel((20, 34, 440, 440), x=(-3.3, 3.3), y=(-3.3, 3.3), frame=False)
    for radius, color, dash in (("dp", ORANGE, ""), ("edge", PURPLE, "7 4")):
        plane.curve(
            f"{radius} * cos(t)", f"{radius} * sin(t)", color, over=(0, _TURN), dash=dash, width=1.8
        )
    plane.line("0", "0", "px", "py", BLUE, width=1.2)
    plane.line("0", "0", "nx", "ny", ORANGE, width=1.2, dash="4 4")
    plane.arrow("px", "py", "px - 0.5 * gpx", "py - 0.5 * gpy", PURPLE, width=3.5)
    plane.arrow("nx", "ny", "nx - 0.5 * gnx", "ny - 0.5 * gny", PURPLE, width=3.5)
    plane.dot("0", "0", INK, radius=7)
    plane.text(0.15, 0.05, "anchor")
    plane.text(-3.2, 3.55, "d(a, p) = {dp:.2f}", BLUE)
    plane.text(-1.2, 3.55, "d(a, n) = {dn:.2f}", ORANGE)
    plane.text(3.2, 3.55, "loss {loss:.2f}", anchor="end", bold=True)
    plane.text(-3.2, -3.15, "the negative is hard", ORANGE, show="dn <= dp")
    plane.text(-3.2, -3.15, "the negative is semi-hard", PURPLE, show="(dn > dp) and (gap > 0)")
    plane.text(-3.2, -3.15, "the negative is easy", OLIVE, show="(dn > dp) and (gap <= 0)")
    plane.handle("px", "py", {"px": "x", "py": "y"}, label="Positive", color=BLUE, hint="positive")
    plane.handle(
        "nx", "ny", {"nx": "x", "ny": "y"}, label="Negative", color=ORANGE, hint="drag the negative"
    )
    scene.says(
        "The positive is {dp:.2f} from the anchor, the negative {dn:.2f}, the margin is"
        " {m:.1f}: the loss is {loss:.2f}."
    )
    return scene


_ANGLES = (60, -25, -80, 150)


def info_nce_temperature():
    """Drag a key and three negatives around a query, and cool the softmax down.

    >>> at = info_nce_temperature().at(tau=0.1)
    >>> round(float(at["p1"]), 3)
    0.982
    """
    scene = Scene(
        "Turn the temperature down to its end. Who gets the push among the three negatives?",
        "Nearly all of it goes to the negative that is most similar to the query: a softmax of"
        " cosines divided by a small τ looks at the largest alone. At a high temperature the"
        " harmless ones far away get almost as much.",
        guesses={
            "each a third": False,
            "the most similar alone": True,
            "the most distant alone": False,
        },
        seen="max(s1, s2, s3) > 0.95",
    )
    for i, degrees in enumerate(_ANGLES):
        scene.variable(
            f"a{i}",
            -179,
            179,
            start=degrees,
            step=1,
            slider=False,
            label="angle of the key" if i == 0 else f"angle of negative {i}",
        )
    scene.variable("tau", 0.05, 1, start=0.8, step=0.05, label="temperature τ")
    for i in range(4):
        scene.let(
            **{f"c{i}": f"cos(a{i} * {math.pi / 180!r})", f"y{i}": f"sin(a{i} * {math.pi / 180!r})"}
        )
    scene.let(top="max(c0, c1, c2, c3)")
    for i in range(4):
        scene.let(**{f"e{i}": f"exp((c{i} - top) / tau)"})
    scene.let(total="e0 + e1 + e2 + e3", loss="log(total) - (c0 - top) / tau", rest="e1 + e2 + e3")
    for i in range(4):
        scene.let(**{f"p{i}": f"e{i} / total"})
    for i in range(1, 4):
        scene.let(**{f"s{i}": f"e{i} / max(rest, 1e-300)"})
    circle = scene.panel((14, 64, 250, 250), x=(-1.35, 1.35), y=(-1.35, 1.35), frame=False)
    circle.curve("cos(t)", "sin(t)", INK, over=(0, _TURN), width=1)
    circle.line("0", "0", "1", "0", INK, width=3)
    circle.text(0.12, 0.08, "query", bold=True)
    circle.text(-1.3, 1.78, "loss {loss:.2f}", bold=True)
    circle.text(
        -1.3, 1.53, "push on 1, 2, 3: {100 * s1:.0f}, {100 * s2:.0f}, {100 * s3:.0f} %", ORANGE
    )
    bars = scene.panel(
        (306, 64, 160, 250),
        x=(-0.6, 3.6),
        y=(0, 1.15),
        title="softmax p",
        xticks={0: "key", 1: "1", 2: "2", 3: "3"},
        yticks=(0, 0.5, 1),
    )
    for i in range(4):
        color = BLUE if i == 0 else ORANGE
        bars.bar(str(i), "0", f"p{i}", color)
        bars.text(i, f"p{i} + 0.03", f"{{p{i}:.2f}}", anchor="middle")
        circle.line("0", "0", f"c{i}", f"y{i}", color, width=f"0.6 + 6 * p{i}")
    for i in range(4):
        color = BLUE if i == 0 else ORANGE
        circle.handle(
            f"c{i}",
            f"y{i}",
            {f"a{i}": f"atan2(y, x) * {180 / math.pi!r}"},
            label="Key of the query" if i == 0 else f"Negative {i}",
            color=color,
            hint="its key" if i == 0 else "",
        )
        if i:
            circle.text(f"1.27 * c{i}", f"1.27 * y{i} - 0.05", str(i), anchor="middle")
    scene.says(
        "At the temperature {tau:.2f} the key has the probability {p0:.2f}, the negatives"
        " {p1:.2f}, {p2:.2f} and {p3:.2f}; the loss is {loss:.2f}."
    )
    return scene
