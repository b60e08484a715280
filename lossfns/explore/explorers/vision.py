"""Explorers about pictures: boxes that slide over each other."""

import math

from ..scene import Scene
from ..style import BLUE, INK, ORANGE, PURPLE

# The true box, by its corners.
TARGET = (6.5, 5.0, 9.5, 7.0)
KINDS = ("iou", "giou", "diou", "ciou")
_NAMES = ("IoU", "GIoU", "DIoU", "CIoU")


def sliding_boxes():
    """Drag a predicted box: four losses, their pull on its centre, and where descent would go.

    >>> at = sliding_boxes().at(px=2, py=2, w=2, h=2)
    >>> [round(float(at[kind]), 3) for kind in ("iou", "giou", "diou", "ciou")]
    [1.0, 1.804, 1.48, 1.481]
    """
    scene = Scene(
        "Drag the predicted box by its middle until it no longer touches the true one. Which losses"
        " still pull it back?",
        "All but IoU. Without a common area the IoU loss is 1 wherever the box is, so nothing"
        " pulls. GIoU counts the empty part of the thin box around both, DIoU the distance of the"
        " centres, CIoU the shape as well. The dots show the way of the centre if you let go.",
        guesses={"all four": False, "all but IoU": True, "CIoU alone": False},
        seen="inter < 0.000001",
    )
    x1, y1, x2, y2 = TARGET
    width, height = x2 - x1, y2 - y1
    for name, start, low, high, label in (
        ("px", 7.2, 1, 11, "centre x"),
        ("py", 5.4, 1, 9, "centre y"),
        ("w", 2.2, 0.6, 6, "width"),
        ("h", 3.0, 0.6, 6, "height"),
    ):
        scene.variable(
            name, low, high, start=start, step=0.1, label=f"predicted {label}", slider=False
        )
    scene.choice("kind", _NAMES, label="way of descent on")
    scene.let(x1="px - w / 2", x2="px + w / 2", y1="py - h / 2", y2="py + h / 2")
    for axis, side, low, high in (("x", "w", x1, x2), ("y", "h", y1, y2)):
        scene.let(
            **{
                f"raw{side}": f"min({axis}2, {high}) - max({axis}1, {low})",
                f"i{side}": f"max(raw{side}, 0)",
                f"hull{side}": f"max({axis}2, {high}) - min({axis}1, {low})",
                # Which edges bound the common area, and which the box around both; a tie is half.
                f"a{axis}": f"(1 + sign({axis}1 - {low})) / 2 * (1 + sign(raw{side})) / 2",
                f"b{axis}": f"(1 + sign({high} - {axis}2)) / 2 * (1 + sign(raw{side})) / 2",
                f"c{axis}": f"(1 + sign({low} - {axis}1)) / 2",
                f"d{axis}": f"(1 + sign({axis}2 - {high})) / 2",
                f"off{axis}": f"p{axis} - {(low + high) / 2}",
            }
        )
    scene.let(
        inter="iw * ih",
        union=f"w * h + {width * height} - inter",
        share="inter / union",
        hull="hullw * hullh",
        far="offx ** 2 + offy ** 2",
        diagonal="hullw ** 2 + hullh ** 2",
        turn=f"{2 / math.pi!r} * (atan2(w, h) - atan2({width}, {height}))",
        v="turn ** 2",
        rest="max(1 - share + v, 0.000000000001)",
        iou="1 - share",
        giou="iou + (hull - union) / hull",
        diou="iou + far / diagonal",
        ciou="diou + v ** 2 / rest",
    )
    for name, axis, across, area, way in (
        ("px", "x", "h", "0", 1),
        ("py", "y", "w", "0", 1),
        ("w", "x", "h", "h", 2),
        ("h", "y", "w", "w", 2),
    ):
        own = "w" if axis == "x" else "h"
        # The edges move together with the centre, and by half each, apart, with the size.
        inner = f"b{axis} - a{axis}" if way == 1 else f"(b{axis} + a{axis}) / 2"
        outer = f"d{axis} - c{axis}" if way == 1 else f"(d{axis} + c{axis}) / 2"
        bend = {"w": "h", "h": "-w"}.get(name, "0")
        centre = f"2 * off{axis} * diagonal" if way == 1 else "0"
        scene.let(
            **{
                f"n_{name}": f"({inner}) * i{across}",
                f"u_{name}": f"{area} - n_{name}",
                f"k_{name}": f"({outer})",
                f"s_{name}": f"(n_{name} * union - inter * u_{name}) / union ** 2",
                f"t_{name}": f"{4 / math.pi!r} * turn * ({bend}) / (w ** 2 + h ** 2)",
                f"iou_{name}": f"-s_{name}",
                f"giou_{name}": f"-s_{name} - (u_{name} * hull - union * k_{name} * hull{across})"
                f" / hull ** 2",
                f"diou_{name}": f"-s_{name} + ({centre} - far * 2 * hull{own} * k_{name})"
                f" / diagonal ** 2",
                f"ciou_{name}": f"diou_{name} + (2 * v * t_{name} * rest - v ** 2 * (t_{name}"
                f" - s_{name})) / rest ** 2",
                f"g_{name}": f"ciou_{name} if kind > 2.5 else diou_{name} if kind > 1.5 else"
                f" giou_{name} if kind > 0.5 else iou_{name}",
            }
        )
    for kind in KINDS:
        scene.let(**{f"pull_{kind}": f"hypot({kind}_px, {kind}_py)"})
    plane = scene.panel(
        (4, 30, 258, 240), x=(0, 12), y=(-0.6, 10.56), xticks=(), yticks=(), title="two boxes"
    )
    plane.polygon(
        _corners("min(x1, 6.5)", "min(y1, 5)", "max(x2, 9.5)", "max(y2, 7)"),
        INK,
        opacity=0,
        width=1,
    )
    plane.polygon(_corners(x1, y1, x2, y2), ORANGE, opacity=0.35, width=2)
    plane.polygon(_corners("x1", "y1", "x2", "y2"), BLUE, opacity=0.3, width=2)
    plane.path(
        "px",
        "py",
        {
            name: f"min(max({name} - 1.5 * g_{name}, {low}), 14)"
            for name, low in (("px", -2), ("py", -2), ("w", 0.3), ("h", 0.3))
        },
        "60",
        PURPLE,
    )
    plane.text(0.2, 9.8, "true", ORANGE)
    plane.text(0.2, 9.0, "predicted", BLUE)
    plane.text(0.2, -0.3, "common area {inter:.2f}")
    for top, title, prefix, most in (
        (30, "loss", "", 2.1),
        (176, "pull on the centre", "pull_", 0.75),
    ):
        bars = scene.panel(
            (292, top, 184, 94),
            x=(-0.6, 3.6),
            y=(0, most),
            title=title,
            xticks=dict(enumerate(_NAMES)),
            yticks=(),
        )
        for place, kind in enumerate(KINDS):
            bars.bar(str(place), "0", prefix + kind, (INK, ORANGE, PURPLE, BLUE)[place])
            bars.text(
                place,
                f"min({prefix}{kind}, {most * 0.84}) + {most * 0.03}",
                f"{{{prefix}{kind}:.2f}}",
                anchor="middle",
            )
    plane.handle(
        "px",
        "py",
        {"px": "x", "py": "y"},
        label="Middle of the predicted box",
        color=BLUE,
        hint="drag",
    )
    plane.handle(
        "x2",
        "y2",
        {"w": "2 * (x - px)", "h": "2 * (y - py)"},
        label="Corner of the predicted box",
        color=BLUE,
    )
    scene.says(
        "A predicted box of {w:.1f} by {h:.1f} around ({px:.1f}, {py:.1f}) shares"
        " {inter:.2f} with a true one of 3 by 2 around (8, 6). Losses: IoU {iou:.2f},"
        " GIoU {giou:.2f}, DIoU {diou:.2f}, CIoU {ciou:.2f}. Pulls on the centre:"
        " {pull_iou:.2f}, {pull_giou:.2f}, {pull_diou:.2f}, {pull_ciou:.2f}."
    )
    return scene


def _corners(x1, y1, x2, y2):
    x1, y1, x2, y2 = map(str, (x1, y1, x2, y2))
    return [(x1, y1), (x2, y1), (x2, y2), (x1, y2)]
