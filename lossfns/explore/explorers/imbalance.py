"""Explorers about what is rare: weights from counts, the focal loss, the overlap of masks."""

from ..scene import Scene
from ..style import BLUE, INK, OLIVE, ORANGE, PLUM, PURPLE

_START = (3, 2, 1)
_SCHEMES = ("inverse frequency", "square root", "effective number", "none")


def class_weight_shares():
    """Drag the counts of three classes: their weights, and what share of the loss each then has.

    >>> at = class_weight_shares().at()
    >>> [round(float(at[f"w{i}"]), 2) for i in range(3)], round(float(at["share2"]), 3)
    ([0.37, 3.7, 37.0], 0.333)
    """
    scene = Scene(
        "Under inverse frequency, drag the rare class down to a single example. What share of the"
        " loss does this one example get?",
        "A third, as the ten had before: n / (C n_c) gives every class the same total, whoever is"
        " in it. So one example, perhaps a mislabelled one, steers a third of the training. The"
        " square root and the effective number are milder.",
        guesses={
            "about a thousandth": False,
            "a tenth of what the ten had": False,
            "a third": True,
        },
        seen="n2 < 1.5",
    )
    for i, start in enumerate(_START):
        scene.variable(
            f"c{i}", 0, 4, start=start, step=0.05, label=f"class {i}, log₁₀ n", slider=False
        )
    scene.choice("scheme", _SCHEMES, label="weights")
    scene.variable("k", 1, 5, start=3, step=0.25, label="β = 1 − 10⁻ᵏ, k")
    scene.let(rest="10 ** (-k)")
    for i in range(3):
        scene.let(**{f"n{i}": f"floor(10 ** c{i} + 0.5)"})
    scene.let(n="n0 + n1 + n2")
    for i in range(3):
        scene.let(
            **{
                f"inverse{i}": f"n / (3 * n{i})",
                f"effective{i}": f"rest / (1 - exp(n{i} * log(1 - rest)))",
                f"w{i}": f"(1 if scheme > 2.5 else effective{i} if scheme > 1.5 else"
                f" sqrt(inverse{i}) if scheme > 0.5 else inverse{i})",
            }
        )
    scene.let(total=" + ".join(f"n{i} * w{i}" for i in range(3)))
    for i in range(3):
        scene.let(**{f"share{i}": f"n{i} * w{i} / total"})
    classes = {i: f"{i}" for i in range(3)}
    powers = {0: "1", 1: "10", 2: "100", 3: "10³", 4: "10⁴"}
    counts = scene.panel(
        (34, 40, 120, 230),
        x=(-0.6, 2.6),
        y=(0, 4.3),
        title="examples n",
        xticks=classes,
        yticks=powers,
        xlabel="class",
    )
    weights = scene.panel(
        (194, 40, 120, 230),
        x=(-0.6, 2.6),
        y=(-3.3, 4.6),
        title="weight w",
        xticks=classes,
        xlabel="class",
        yticks={-3: ".001", -1: ".1", 0: "1", 1: "10", 3: "10³"},
    )
    shares = scene.panel(
        (354, 40, 120, 230),
        x=(-0.6, 2.6),
        y=(0, 1.1),
        title="share of loss",
        xticks=classes,
        xlabel="class",
        yticks=(0, 0.5, 1),
    )
    weights.line(-0.6, 0, 2.6, 0)
    weights.text(2.6, -2.9, "β = {1 - rest:.5f}", anchor="end", show="scheme < 2.5")
    for i in range(3):
        color = ORANGE if i == 2 else INK
        log_w = f"log(w{i}) * 0.4342944819032518"
        counts.bar(str(i), "0", f"c{i}", color)
        weights.bar(str(i), "0", log_w, color)
        weights.text(i, f"max({log_w}, 0) + 0.12", f"{{w{i}:.2g}}", anchor="middle")
        shares.bar(str(i), "0", f"share{i}", color)
        shares.text(i, f"share{i} + 0.03", f"{{share{i}:.2f}}", anchor="middle")
        counts.handle(
            str(i),
            f"c{i}",
            {f"c{i}": "y"},
            label=f"Examples of class {i}, log 10",
            color=color,
            hint="drag" if i == 2 else "",
        )
        counts.text(i, 0.12, f"{{n{i}:.0f}}", anchor="middle", size="11")
    scene.says(
        "Classes of {n0:.0f}, {n1:.0f} and {n2:.0f} examples have the weights {w0:.3g},"
        " {w1:.3g} and {w2:.3g} and the shares {share0:.2f}, {share1:.2f} and {share2:.2f}"
        " of the loss."
    )
    return scene


def focal_modulation():
    """Drag an example from hard to easy, under cross-entropy and under the focal loss.

    >>> at = focal_modulation().at(pt=0.9)
    >>> round(float(at["ratio"]), 4), round(float(at["ce"]), 4), round(float(at["loss"]), 6)
    (0.01, 0.1054, 0.001054)
    """
    scene = Scene(
        "With γ = 2, drag the example to where the model is 90 % right about it. How much of its"
        " cross-entropy is left?",
        "A hundredth: (1 − 0.9)² = 0.01. Where the model is 90 % wrong, (1 − 0.1)² = 81 % is left."
        " Nothing is added to the hard examples; the easy ones are made to fade.",
        guesses={"nine tenths": False, "a tenth": False, "a hundredth": True},
        seen="abs(pt - 0.9) < 0.006",
    )
    scene.variable(
        "pt", 0.01, 0.99, start=0.5, step=0.01, label="probability of what happened", slider=False
    )
    scene.variable("gamma", 0, 5, start=2, step=0.1, label="γ")
    scene.variable("alpha", 0.05, 0.95, start=0.25, step=0.05, label="α")
    scene.choice("kind", ["without α", "a positive, α", "a negative, 1 − α"], label="weight αₜ")
    scene.let(
        weight="1 if kind < 0.5 else alpha if kind < 1.5 else 1 - alpha",
        ce="-log(pt)",
        ratio="weight * (1 - pt) ** gamma",
        loss="ratio * ce",
        ce_slope="1 - pt",
        slope="ratio * (1 - pt + gamma * pt * ce)",
    )
    top = scene.panel(
        (34, 26, 436, 200),
        x=(0, 1),
        y=(0, 4.8),
        ylabel="loss",
        xticks=(0, 0.2, 0.4, 0.6, 0.8, 1),
        yticks=(0, 1, 2, 3, 4),
    )
    low = scene.panel(
        (34, 272, 436, 150),
        x=(0, 1),
        y=(0, 1.3),
        ylabel="size of the gradient to the logit",
        yticks=(0, 0.5, 1),
        xticks=(0, 0.2, 0.4, 0.6, 0.8, 1),
        xlabel="pₜ, the probability of what happened",
    )
    ends = (0.005, 0.995)
    top.curve("t", "-log(t)", INK, dash="6 4", over=ends, points=61)
    top.curve("t", "weight * (1 - t) ** gamma * -log(t)", ORANGE, over=ends, points=61)
    low.curve("t", "1 - t", INK, dash="6 4", over=ends, points=2)
    low.curve(
        "t",
        "weight * (1 - t) ** gamma * (1 - t - gamma * t * log(t))",
        PURPLE,
        over=ends,
        points=61,
    )
    top.text(0.98, 4.3, "cross-entropy {ce:.3f}", anchor="end", bold=True)
    top.text(0.98, 3.75, "focal {loss:.2g}", ORANGE, anchor="end")
    top.text(0.98, 3.2, "kept: αₜ (1 − pₜ)ᵞ = {ratio:.3g}", anchor="end")
    top.text(0.98, 2.65, "γ = {gamma:.1f}, α = {alpha:.2f}", anchor="end")
    low.text(0.98, 1.15, "cross-entropy {ce_slope:.2f}", anchor="end", bold=True)
    low.text(0.98, 1.0, "focal {slope:.2g}", PURPLE, anchor="end")
    top.line("pt", "0", "pt", "4.8", INK, dash="2 4")
    low.line("pt", "0", "pt", "slope", PURPLE, width=5)
    top.dot("pt", "ce", INK)
    top.handle(
        "pt", "loss", {"pt": "x"}, label="Probability of what happened", color=ORANGE, hint="drag"
    )
    scene.says(
        "At a probability of {pt:.2f} the cross-entropy is {ce:.3f}, the focal loss"
        " {loss:.3g}: a share of {ratio:.3g} is kept. The gradients are {ce_slope:.2f} and"
        " {slope:.3g} in size."
    )
    return scene


_SIDE = 20
# The lower left corner of the true mask.
_CORNER = 6


def overlap_masks():
    """Drag a predicted square over the true one: what the overlap losses and the accuracy say.

    >>> at = overlap_masks().at(left=8, low=6, a=4, b=4, s=0)
    >>> [round(float(at[name]), 3) for name in ("dice", "jaccard", "tversky", "accuracy")]
    [0.5, 0.667, 0.5, 0.96]
    """
    scene = Scene(
        "Drag the predicted square clear of the true one, and then further away. What does the"
        " Dice loss do on the way?",
        "It rises to its highest value and stays there. Without overlap the intersection is 0,"
        " whatever the distance, so the loss cannot say in which direction the mask lies. The"
        " accuracy of the pixels hardly moves at all: most of them are background.",
        guesses={"it keeps growing": False, "it rises, then stays": True, "it hardly moves": False},
        seen="tp < 0.5",
    )
    scene.variable("left", 0, 12, start=7, step=1, label="left edge", slider=False)
    scene.variable("low", 0, 12, start=7, step=1, label="lower edge", slider=False)
    scene.variable("b", 1, 8, start=6, step=1, label="side of the prediction", slider=False)
    scene.variable("a", 1, 10, start=5, step=1, label="side of the true mask")
    scene.variable("beta", 0, 1, start=0.7, step=0.1, label="β of Tversky, α = 1 − β")
    scene.variable("s", 0, 5, start=0, step=0.5, label="smoothing s")
    for edge in ("left", "low"):
        scene.let(
            **{f"common_{edge}": f"max(0, min({edge} + b, {_CORNER} + a) - max({edge}, {_CORNER}))"}
        )
    scene.let(
        tp="common_left * common_low",
        fp="b * b - tp",
        fn="a * a - tp",
        dice="(0.5 * fp + 0.5 * fn) / (tp + s + 0.5 * fp + 0.5 * fn)",
        jaccard="(fp + fn) / (tp + s + fp + fn)",
        wrong="(1 - beta) * fp + beta * fn",
        tversky="0 if wrong < 0.000001 else wrong / (tp + s + wrong)",
        accuracy=f"1 - (fp + fn) / {_SIDE**2}",
    )
    grid = scene.panel(
        (4, 30, 210, 210),
        x=(0, _SIDE),
        y=(0, _SIDE),
        xticks=(),
        yticks=(),
        title=f"{_SIDE} × {_SIDE} pixels",
    )
    grid.polygon(
        [
            (str(_CORNER), str(_CORNER)),
            (f"{_CORNER} + a", str(_CORNER)),
            (f"{_CORNER} + a", f"{_CORNER} + a"),
            (str(_CORNER), f"{_CORNER} + a"),
        ],
        ORANGE,
        opacity=0.35,
        width=2,
    )
    grid.polygon(
        [("left", "low"), ("left + b", "low"), ("left + b", "low + b"), ("left", "low + b")],
        BLUE,
        opacity=0.3,
        width=2,
    )
    grid.text(0.6, 18.6, "true", ORANGE)
    grid.text(0.6, 17.1, "predicted", BLUE)
    grid.text(0.6, 2.2, "in both {tp:.0f} pixels")
    grid.text(0.6, 0.6, "false {fp:.0f}, missed {fn:.0f}")
    bars = scene.panel(
        (244, 30, 232, 210),
        x=(-0.6, 3.6),
        y=(0, 1.12),
        xticks={0: "Dice", 1: "IoU", 2: "Tversky", 3: "acc."},
        yticks=(0, 0.5, 1),
        title="losses, and accuracy",
    )
    for place, (name, color) in enumerate(
        (("dice", ORANGE), ("jaccard", PLUM), ("tversky", OLIVE), ("accuracy", INK))
    ):
        bars.bar(str(place), "0", name, color)
        bars.text(place, f"{name} + 0.03", f"{{{name}:.2f}}", anchor="middle")
    grid.handle(
        "left + b / 2",
        "low + b / 2",
        {"left": "x - b / 2", "low": "y - b / 2"},
        label="Predicted mask",
        color=BLUE,
        hint="drag",
    )
    grid.handle(
        "left + b", "low", {"b": "x - left"}, label="Side of the predicted mask", color=BLUE
    )
    scene.says(
        "A predicted square of side {b:.0f} at ({left:.0f}, {low:.0f}) and a true one of"
        " side {a:.0f} at (6, 6) share {tp:.0f} pixels: Dice loss {dice:.2f}, Jaccard"
        " {jaccard:.2f}, Tversky {tversky:.2f}, accuracy {accuracy:.2f}."
    )
    return scene
