"""Explorers about calibration: the reliability diagram and the temperature."""

from ..scene import Scene
from ..style import BLUE, INK, ORANGE, PURPLE

# A model that is 2.5 times too sure. For each of its logits, how many predictions have it and how
# often the event happened: about as often as σ(logit / 2.5) says.
GROUPS = (
    (-7.5, 34, 2),
    (-6.5, 30, 2),
    (-5.5, 26, 3),
    (-4.5, 22, 2),
    (-3.5, 18, 4),
    (-2.5, 14, 4),
    (-1.5, 12, 5),
    (-0.5, 10, 4),
    (0.5, 10, 6),
    (1.5, 12, 7),
    (2.5, 14, 11),
    (3.5, 18, 14),
    (4.5, 22, 20),
    (5.5, 26, 23),
    (6.5, 30, 28),
    (7.5, 34, 33),
)
_MOST = 15


def reliability_temperature():
    """Drag a temperature or the number of bins, and see the reliability diagram follow.

    >>> scene = reliability_temperature()
    >>> [round(float(scene.at(temperature=T)["nll"]), 3) for T in (1, 2.5)]
    [0.549, 0.375]
    """
    n = sum(count for _, count, _ in GROUPS)
    scene = Scene(
        "Raise the temperature until the NLL is least. What happens to the accuracy on the way?",
        "Nothing. Dividing every logit by the same T > 0 leaves each on its side of 0, so no"
        " decision changes; only how sure the model sounds does. And the ECE follows the bins as"
        " well, though the model does not change with them.",
        guesses={"it rises": False, "it falls": False, "it stays as it is": True},
        seen="temperature > 2",
    )
    scene.variable("temperature", 0.5, 6, start=1, step=0.1, label="temperature T")
    scene.variable("bins", 2, _MOST, start=10, step=1, label="number of bins")
    scene.function("p", "z", "sigmoid(z / temperature)")
    scene.function("place", "z", "ceil(p(z) * bins)")
    for name, item in (("held", "{n}"), ("said", "{n} * p({z})"), ("came", "{y}")):
        total = " + ".join(
            f"({item.format(z=z, n=count, y=events)} if place({z}) == k else 0)"
            for z, count, events in GROUPS
        )
        scene.function(name, "k", total)
    # Of each bin: how many, and the means; an empty bin has none, and is not drawn.
    for k in range(1, _MOST + 1):
        scene.let(
            **{
                f"n{k}": f"held({k})",
                f"s{k}": f"said({k}) / max(n{k}, 1)",
                f"f{k}": f"came({k}) / max(n{k}, 1)",
            }
        )
    scene.function(
        "loss",
        "u",
        "("
        + " + ".join(
            f"{count} * softplus({z} / u) - {events * z} / u" for z, count, events in GROUPS
        )
        + f") / {n}",
    )
    right = sum(
        max(events, count - events)
        if (z > 0) == (2 * events > count)
        else min(events, count - events)
        for z, count, events in GROUPS
    )
    scene.let(
        nll="loss(temperature)",
        accuracy=str(right / n),
        ece="(" + " + ".join(f"n{k} * abs(f{k} - s{k})" for k in range(1, _MOST + 1)) + f") / {n}",
    )

    top = scene.panel(
        (34, 26, 250, 250),
        x=(0, 1),
        y=(0, 1),
        xlabel="mean forecast of the bin",
        ylabel="how often it happened",
        xticks=(0, 0.5, 1),
        yticks=(0, 0.5, 1),
    )
    top.line(0, 0, 1, 1, INK, dash="3 4")
    for k in range(1, _MOST + 1):
        held = f"n{k} > 0"
        top.line(f"s{k}", f"s{k}", f"s{k}", f"f{k}", ORANGE, width=3, show=held)
        top.dot(f"s{k}", f"f{k}", BLUE, radius=6, show=held)
    side = scene.panel((304, 26, 170, 250), x=(0, 1), y=(0, 1), frame=False)
    for row, (text, color) in enumerate(
        (
            ("NLL {nll:.3f}", ORANGE),
            ("ECE {ece:.3f}", BLUE),
            ("accuracy {accuracy:.3f}", "currentColor"),
            ("T = {temperature:.1f}", PURPLE),
            ("{bins:.0f} bins", "currentColor"),
        )
    ):
        side.text(0, 0.92 - 0.1 * row, text, color, bold=True)
    side.text(0, 0.28, "orange: the gap of")
    side.text(0, 0.21, "a bin, which the ECE")
    side.text(0, 0.14, "averages")
    low = scene.panel(
        (34, 346, 436, 100),
        x=(0.4, 6.1),
        y=(0.3, 0.9),
        xlabel="temperature T",
        ylabel="NLL",
        xticks=range(1, 7),
        yticks=(0.4, 0.6, 0.8),
    )
    low.curve("t", "loss(t)", ORANGE, over=(0.5, 6))
    low.handle(
        "temperature", "nll", {"temperature": "x"}, label="Temperature", color=ORANGE, hint="drag"
    )
    scene.says(
        "At the temperature {temperature:.1f} and with {bins:.0f} bins the NLL is {nll:.3f},"
        " the ECE {ece:.3f} and the accuracy {accuracy:.3f}."
    )
    return scene
