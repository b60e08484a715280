"""Explorers about classes: the logit, the scores, and what squared error does to them."""

from ..scene import Scene
from ..style import BLUE, INK, ORANGE, PURPLE


def bce_logit():
    """Drag a logit along binary cross-entropy, see the tangent, and let it descend.

    >>> at = bce_logit().at(z=-4)
    >>> round(float(at["loss"]), 3), round(float(at["slope"]), 3)
    (4.018, -0.982)
    """
    scene = Scene(
        "Drag the logit to where the model is completely wrong. How steep can the loss get?",
        "The gradient is p − y, a difference of two numbers between 0 and 1: it is never beyond 1"
        " in size, and it comes near 1 only where the model is sure and wrong.",
        guesses={
            "as steep as you like": False,
            "a slope of 1 in size": True,
            "flatter again": False,
        },
        seen="abs(slope) > 0.985",
    )
    scene.variable("z", -7, 7, start=-1.5, step=0.1, label="logit z", slider=False)
    scene.variable("rate", 0.2, 4, start=1, step=0.2, label="learning rate")
    scene.variable("steps", 0, 12, start=4, step=1, label="descent steps", play=350)
    scene.choice("no", ["y = 1", "y = 0"], label="target")
    scene.let(y="1 - no", p="sigmoid(z)", loss="softplus(z) - y * z", slope="p - y")
    top = scene.panel(
        (34, 26, 436, 230),
        x=(-7.4, 7.4),
        y=(-0.6, 7.6),
        ylabel="loss",
        xticks=range(-6, 7, 2),
        yticks=(0, 2, 4, 6),
    )
    low = scene.panel(
        (34, 300, 436, 110),
        x=(-7.4, 7.4),
        y=(-1.25, 1.25),
        xlabel="logit z",
        ylabel="gradient",
        xticks=range(-6, 7, 2),
        yticks=(-1, 0, 1),
    )
    top.curve("t", "softplus(t) - y * t", ORANGE)
    top.line("z - 1.8", "loss - 1.8 * slope", "z + 1.8", "loss + 1.8 * slope", PURPLE, width=2.4)
    top.path("z", "loss", {"z": "z - rate * slope"}, "steps")
    for side, anchor, shown in ((7.2, "end", "y > 0.5"), (-7.2, "start", "y < 0.5")):
        top.text(side, 6.9, "p = σ(z) = {p:.3g}", anchor=anchor, show=shown)
        top.text(side, 6.15, "loss {loss:.3f}", ORANGE, anchor=anchor, show=shown)
        top.text(side, 5.4, "slope p − y = {slope:.3f}", PURPLE, anchor=anchor, show=shown)
    low.curve("t", "sigmoid(t) - y", PURPLE)
    low.line("z", "0", "z", "slope", PURPLE, width=5)
    low.dot("z", "slope", PURPLE)
    top.handle("z", "loss", {"z": "x"}, label="Logit", color=ORANGE, hint="drag")
    scene.says(
        "At the logit {z:.1f} the probability is {p:.3g}, the loss {loss:.3f} and its slope"
        " {slope:.3f}."
    )
    return scene


_CLASSES = ("cat", "dog", "car")


def softmax_scores():
    """Drag the scores of three classes: softmax shares 1 among them, the loss reads one share.

    >>> at = softmax_scores().at(z0=0, z1=0, z2=0, shift=0)
    >>> [round(float(at[name]), 4) for name in ("p0", "loss", "g0", "g1")]
    [0.3333, 1.0986, -0.6667, 0.3333]
    """
    scene = Scene(
        "The picture shows a cat. Raise the score of dog: whose gradient changes?",
        "All three. The probabilities share a total of 1, so one score moves each of them; the"
        " gradient of every score is its own p − y. The loss reads the probability of cat alone.",
        guesses={"dog's": False, "cat's and dog's": False, "all three": True},
        seen="z1 > 1.6",
    )
    for i, start in enumerate((1.2, 0.4, -0.6)):
        scene.variable(
            f"z{i}", -3, 3, start=start, step=0.1, label=f"score of {_CLASSES[i]}", slider=False
        )
    scene.variable("shift", -3, 3, start=0, step=0.1, label="added to every score")
    scene.let(
        e0="exp(z0 + shift)",
        e1="exp(z1 + shift)",
        e2="exp(z2 + shift)",
        total="e0 + e1 + e2",
        p0="e0 / total",
        p1="e1 / total",
        p2="e2 / total",
        loss="log(total) - z0 - shift",
        g0="p0 - 1",
        g1="p1",
        g2="p2",
    )
    places = dict(enumerate(_CLASSES))
    scores = scene.panel(
        (34, 56, 120, 250),
        x=(-0.6, 2.6),
        y=(-6.4, 6.4),
        title="score z",
        xticks=places,
        yticks=(-6, -3, 0, 3, 6),
    )
    probs = scene.panel(
        (194, 56, 120, 250),
        x=(-0.6, 2.6),
        y=(0, 1.1),
        title="p = softmax(z)",
        xticks=places,
        yticks=(0, 0.5, 1),
    )
    slopes = scene.panel(
        (354, 56, 120, 250),
        x=(-0.6, 2.6),
        y=(-1.1, 1.1),
        title="gradient p − y",
        xticks=places,
        yticks=(-1, 0, 1),
    )
    scores.text(-0.6, 8.8, "loss = −ln p(cat) = −ln {p0:.3f} = {loss:.2f}", ORANGE)
    for i in range(3):
        color = BLUE if i == 0 else INK
        scores.bar(str(i), "0", f"z{i} + shift", color)
        probs.bar(str(i), "0", f"p{i}", color)
        probs.text(i, f"p{i} + 0.03", f"{{p{i}:.2f}}", anchor="middle")
        slopes.bar(str(i), "0", f"g{i}", PURPLE)
        slopes.text(i, f"g{i} + (0.04 if g{i} > 0 else -0.14)", f"{{g{i}:.2f}}", anchor="middle")
    scores.line(-0.6, 0, 2.6, 0)
    slopes.line(-0.6, 0, 2.6, 0)
    for i, name in enumerate(_CLASSES):
        scores.handle(
            str(i),
            f"z{i} + shift",
            {f"z{i}": "y - shift"},
            label=f"Score of {name}",
            color=BLUE if i == 0 else INK,
            hint="drag" if i == 1 else "",
        )
    scene.says(
        "The scores are {z0 + shift:.1f} for cat, the true class, {z1 + shift:.1f} for dog"
        " and {z2 + shift:.1f} for car; cat has the probability {p0:.2f}, the loss is"
        " {loss:.2f}; the gradients are {g0:.2f}, {g1:.2f} and {g2:.2f}."
    )
    return scene


def mse_vs_ce():
    """Drag a logit through the losses of a sigmoid: where it is flat, squared error stops pulling.

    >>> at = mse_vs_ce().at(z=-4)
    >>> round(float(at["ce_slope"]), 3), round(float(at["se_slope"]), 3)
    (-0.982, -0.035)
    """
    scene = Scene(
        "Drag the logit to the side where the model is sure and wrong. Which loss pulls it back"
        " harder there?",
        "Cross-entropy. The gradient of squared error has the slope of the sigmoid, p (1 − p), as a"
        " factor, and that vanishes for the worst mistakes: the more wrong, the weaker the pull.",
        guesses={"squared error": False, "cross-entropy": True, "both alike": False},
        seen="(ce_slope / se_slope) > 40",
    )
    scene.variable("z", -8, 8, start=0, step=0.1, label="logit z", slider=False)
    scene.choice("no", ["y = 1", "y = 0"], label="target")
    scene.let(
        y="1 - no",
        p="sigmoid(z)",
        ce="softplus(z) - y * z",
        se="(p - y) ** 2",
        ce_slope="p - y",
        se_slope="2 * (p - y) * p * (1 - p)",
        ratio="ce_slope / se_slope",
    )
    top = scene.panel(
        (34, 26, 436, 190), x=(-8.4, 8.4), y=(-0.5, 8.8), ylabel="loss", xticks=range(-8, 9, 2)
    )
    low = scene.panel(
        (34, 262, 436, 170),
        x=(-8.4, 8.4),
        y=(-1.2, 1.2),
        xlabel="logit z",
        ylabel="gradient to z",
        xticks=range(-8, 9, 2),
        yticks=(-1, -0.5, 0, 0.5, 1),
    )
    top.curve("t", "softplus(t) - y * t", BLUE)
    top.curve("t", "(sigmoid(t) - y) ** 2", ORANGE)
    low.curve("t", "sigmoid(t) - y", BLUE)
    low.curve("t", "2 * (sigmoid(t) - y) * sigmoid(t) * (1 - sigmoid(t))", ORANGE)
    low.line(-8.4, 0, 8.4, 0, width=1)
    low.line("z", "0", "z", "ce_slope", BLUE, width=5)
    low.line("z + 0.15", "0", "z + 0.15", "se_slope", ORANGE, width=5)
    top.dot("z", "se", ORANGE)
    for side, anchor, shown in ((8.2, "end", "y > 0.5"), (-8.2, "start", "y < 0.5")):
        top.text(side, 8, "z = {z:.1f}, p = {p:.3g}", anchor=anchor, show=shown)
        top.text(side, 7, "cross-entropy {ce:.3f}", BLUE, anchor=anchor, show=shown)
        top.text(side, 6, "squared error of p {se:.3f}", ORANGE, anchor=anchor, show=shown)
    for side, anchor, shown, rows in (
        (8.2, "end", "y > 0.5", (1, 0.75, 0.5)),
        (-8.2, "start", "y < 0.5", (-0.6, -0.85, -1.1)),
    ):
        for row, (text, color) in zip(
            rows,
            (
                ("cross-entropy {ce_slope:.3g}", BLUE),
                ("squared error {se_slope:.3g}", ORANGE),
                ("ratio {ratio:.3g}", "currentColor"),
            ),
            strict=True,
        ):
            low.text(side, row, text, color, anchor=anchor, bold=True, show=shown)
    top.handle("z", "ce", {"z": "x"}, label="Logit", color=BLUE, hint="drag")
    scene.says(
        "At the logit {z:.1f}, where p is {p:.3g}, the gradient of cross-entropy is"
        " {ce_slope:.3g} and that of squared error {se_slope:.3g}."
    )
    return scene
