"""Explorers about descent: the landscape of a loss, and the way of its gradient back."""

import numpy as np

import lossfns.numpy as ln

from ..scene import Scene
from ..style import BLUE, INK, ORANGE

# Hours of study, measured from their mean, and who passed. No line divides them without a mistake.
_X = (-2, -1.2, -0.5, 0.3, 0.9, 1.6)
_Y = (0, 0, 1, 0, 1, 1)
_REACH = 6
_LOSSES = ("cross-entropy", "squared error")


def landscape():
    """Turn the landscapes of two losses of one small classifier, and let it descend in them.

    >>> scene = landscape()
    >>> [round(float(scene.at(w=-4, b=-3, se=se)["loss"]), 2) for se in (0, 1)]
    [4.05, 0.71]
    """
    scene = Scene(
        "The same classifier starts where it is wrong about nearly everything. Under which loss"
        " does it reach the valley in the steps it has?",
        "Under cross-entropy. Its landscape is a bowl that slopes everywhere; squared error has"
        " plateaus where the sigmoid is flat, and descent that starts on one hardly moves.",
        guesses={"both": False, "only cross-entropy": True, "only squared error": False},
        seen="se > 0.5",
    )
    scene.variable("w", -_REACH, _REACH, start=-4, step=0.1, label="weight w", slider=False)
    scene.variable("b", -_REACH, _REACH, start=-3, step=0.1, label="bias b", slider=False)
    scene.choice("se", _LOSSES, label="loss")
    scene.variable("turn", 0, 360, start=130, step=5, label="camera, degrees")
    scene.variable("rate", 0.5, 8, start=2, step=0.5, label="learning rate")
    scene.variable("steps", 0, 40, start=20, step=1, label="descent steps", play=120)
    for k, (x, y) in enumerate(zip(_X, _Y, strict=True)):
        scene.let(
            **{
                f"z{k}": f"w * {x} + b",
                f"p{k}": f"sigmoid(z{k})",
                f"d{k}": f"(p{k} - {y}) * (2 * p{k} * (1 - p{k}) if se > 0.5 else 1)",
            }
        )
    n = len(_X)
    scene.let(
        ce=f"({' + '.join(f'softplus(z{k}) - {y} * z{k}' for k, y in enumerate(_Y))}) / {n}",
        squares=f"({' + '.join(f'(p{k} - {y}) ** 2' for k, y in enumerate(_Y))}) / {n}",
        loss="squares if se > 0.5 else ce",
        slope_w=f"({' + '.join(f'd{k} * {x}' for k, x in enumerate(_X))}) / {n}",
        slope_b=f"({' + '.join(f'd{k}' for k in range(n))}) / {n}",
    )
    down = {"w": "w - rate * slope_w", "b": "b - rate * slope_b"}

    surface = scene.panel((0, 20, 280, 280), x=(-0.8, 0.8), y=(-0.48, 1.12), frame=False)
    plan = scene.panel(
        (312, 80, 160, 160),
        x=(-_REACH, _REACH),
        y=(-_REACH, _REACH),
        xlabel="weight w",
        ylabel="bias b",
        xticks=(-6, 0, 6),
        yticks=(-6, 0, 6),
    )
    scene.let(a="turn * 0.017453292519943295", cos_a="cos(a)", sin_a="sin(a)")
    across = "({u}) * cos_a - ({v}) * sin_a"
    away = "({u}) * sin_a + ({v}) * cos_a"
    up = "{h} * 0.95 - 0.5 * ({away})"
    grid = {"u": "(i - 0.5)", "v": "(j - 0.5)"}
    fine, coarse = np.linspace(-_REACH, _REACH, 17), np.linspace(-_REACH, _REACH, 12)
    for place, name in enumerate(_LOSSES):
        shown = f"abs(se - {place}) < 0.5"
        top = _heights(coarse, place).max()
        surface.mesh(
            _heights(coarse, place) / top,
            (across.format(**grid), up.format(h="h", away=away.format(**grid))),
            "-(" + away.format(**grid) + ")",
            show=shown,
        )
        here = {"u": f"w / {2 * _REACH}", "v": f"b / {2 * _REACH}"}
        surface.path(
            across.format(**here),
            up.format(h=f"min(loss, {top:.6g}) / {top:.6g}", away=away.format(**here)),
            down,
            "steps",
            ORANGE,
            width=2.4,
            show=shown,
        )
        heights = _heights(fine, place)
        levels = heights.min() + (heights.max() - heights.min()) * np.array(
            [0.03, 0.15, 0.35, 0.55, 0.8]
        )
        plan.contours(heights, levels, BLUE, show=shown)
        surface.text(-0.78, 1.04, name, bold=True, show=shown)
    for axis, at in (("w", {"u": "0", "v": "-0.6"}), ("b", {"u": "-0.6", "v": "0"})):
        surface.text(
            across.format(**at), up.format(h="0", away=away.format(**at)), axis, anchor="middle"
        )
    plan.path("w", "b", down, "steps", ORANGE, width=2.4)
    plan.text(_REACH, 6.6, "start: loss {loss:.2f}", ORANGE, anchor="end")
    plan.handle(
        "w", "b", {"w": "x", "b": "y"}, label="Start of the descent", color=ORANGE, hint="drag"
    )
    scene.says(
        "Descent starts at w = {w:.1f}, b = {b:.1f}, where the loss is {loss:.2f} and its"
        " slopes are {slope_w:.3f} and {slope_b:.3f}."
    )
    return scene


def _heights(places, squared):
    """Return the loss for each w and b, by the library."""
    logits = places[:, None, None] * np.array(_X) + places[None, :, None]
    target = np.broadcast_to(np.array(_Y, dtype=float), logits.shape)
    if squared:
        items = ln.mse(1 / (1 + np.exp(-logits)), target, reduction="none")
    else:
        items = ln.bce_with_logits(logits, target, reduction="none")
    return items.mean(axis=-1)


_INPUT = (1.0, -0.6)
# Drawn once from a normal distribution and rounded.
_WEIGHTS = (
    ((0.9, -0.7), (-0.4, 1.1), (0.6, 0.8)),
    ((0.7, -1.0, 0.5), (1.1, 0.6, -0.4), (-0.5, 0.8, 0.9)),
    ((-0.8, 0.9, 0.6), (0.5, 1.0, -0.7), (1.2, -0.3, 0.8)),
    ((0.9, -0.6, 1.1),),
)


def gradient_flow():
    """Drag the output of a network: how much gradient reaches each layer, under two losses.

    >>> at = gradient_flow().at(z=-6)
    >>> round(float(at["ce"]), 3), round(float(at["se"]), 4)
    (-0.998, -0.0049)
    """
    scene = Scene(
        "Make the output sure and wrong: the answer would be y = 1. Which layers still receive a"
        " gradient under squared error?",
        "None of them. The chain rule hands each layer what arrives at the output, and under"
        " squared error that is the small number 2 (p − y) p (1 − p). What the layers do to it on"
        " the way back is the same for both losses.",
        guesses={"all of them": False, "only the last": False, "none of them": True},
        seen="z < -5.5",
    )
    scene.variable("z", -8, 8, start=0, step=0.1, label="logit z of the output", slider=False)
    scene.variable("scale", 0.4, 3, start=1, step=0.1, label="size of the weights")
    scene.choice("act", ["tanh", "sigmoid"], label="activation")
    scene.let(p="sigmoid(z)", ce="p - 1", se="2 * (p - 1) * p * (1 - p)")
    for i, x in enumerate(_INPUT):
        scene.let(**{f"h0{i}": str(x)})
    for layer, rows in enumerate(_WEIGHTS[:-1], 1):
        for j, row in enumerate(rows):
            total = " + ".join(f"{w} * h{layer - 1}{i}" for i, w in enumerate(row))
            scene.let(**{f"u{layer}{j}": f"scale * ({total})"})
            u = f"u{layer}{j}"
            scene.let(**{f"h{layer}{j}": f"sigmoid({u}) if act > 0.5 else tanh({u})"})
    # How much of what arrives at the output reaches each unit: the same for every loss.
    scene.let(d40="1")
    for layer in (3, 2, 1):
        for i in range(3):
            total = " + ".join(
                f"{row[i]} * d{layer + 1}{j}" for j, row in enumerate(_WEIGHTS[layer])
            )
            h = f"h{layer}{i}"
            scene.let(
                **{
                    f"d{layer}{i}": f"scale * ({total})"
                    f" * ({h} * (1 - {h}) if act > 0.5 else 1 - {h} ** 2)"
                }
            )
    for layer, rows in enumerate(_WEIGHTS, 1):
        edges = []
        for j, row in enumerate(rows):
            for i in range(len(row)):
                edges.append(f"g{layer}{j}{i}")
                scene.let(**{edges[-1]: f"abs(h{layer - 1}{i} * d{layer}{j})"})
        scene.let(**{f"k{layer}": f"({' + '.join(edges)}) / {len(edges)}"})

    scene.function("width", "g", "max(0.3, 6.5 + 1.1 * log(g))")
    for row, (name, factor, color) in enumerate(
        (("cross-entropy", "ce", BLUE), ("squared error", "se", ORANGE))
    ):
        net = scene.panel(
            (0, 26 + 178 * row, 480, 172), x=(-0.35, 4.7), y=(-0.75, 2.6), frame=False
        )
        net.text(-0.3, 2.35, f"{name}: gradient to z = {{{factor}:.3g}}", color)
        for layer, rows in enumerate(_WEIGHTS, 1):
            for j, weights in enumerate(rows):
                for i in range(len(weights)):
                    net.line(
                        layer - 1,
                        _unit(layer - 1, i),
                        layer,
                        _unit(layer, j),
                        color,
                        width=f"width(abs({factor}) * g{layer}{j}{i})",
                        clip=False,
                    )
            net.text(layer - 0.5, -0.6, f"{{abs({factor}) * k{layer}:.2g}}", anchor="middle")
        for layer in range(5):
            for i in range(1 if layer == 4 else 2 if layer == 0 else 3):
                net.dot(layer, _unit(layer, i), INK, radius=6)
        net.text(4.12, 0.92, "p = {p:.2g}")
    low = scene.panel(
        (34, 400, 436, 30),
        x=(-8.4, 8.4),
        y=(0, 1),
        xlabel="logit z of the output",
        yticks=(),
        xticks=range(-8, 9, 2),
    )
    low.handle("z", "0.5", {"z": "x"}, label="Logit of the output", hint="drag")
    scene.says(
        "At the logit {z:.1f} the mean sizes of the gradients of the four layers are"
        " {abs(ce) * k1:.2g}, {abs(ce) * k2:.2g}, {abs(ce) * k3:.2g} and {abs(ce) * k4:.2g}"
        " under cross-entropy, and under squared error {abs(se) * k1:.2g},"
        " {abs(se) * k2:.2g}, {abs(se) * k3:.2g} and {abs(se) * k4:.2g}."
    )
    return scene


def _unit(layer, i):
    """Return the height at which a unit stands: two inputs, three units a layer, one output."""
    return {0: 0.5 + i, 4: 1.0}.get(layer, float(i))
