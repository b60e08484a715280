"""Explorers about calibration: the reliability diagram, its bins and the temperature."""

import numpy as np

from ..scene import Scene
from ..style import BLUE, INK, ORANGE, PURPLE

# A model that is 2.5 times too sure. For each of its logits, how many predictions have it and how
# often the event happened: about as often as σ(logit / 2.5) says.
GROUPS = (
    (-3.75, 32, 6),
    (-3.25, 28, 5),
    (-2.75, 25, 7),
    (-2.25, 22, 6),
    (-1.75, 19, 7),
    (-1.25, 17, 7),
    (-0.75, 15, 6),
    (-0.25, 14, 7),
    (0.25, 14, 8),
    (0.75, 15, 8),
    (1.25, 17, 11),
    (1.75, 19, 14),
    (2.25, 22, 16),
    (2.75, 25, 18),
    (3.25, 28, 22),
    (3.75, 32, 26),
)
_BINS = 4
_PLACES = range(1, _BINS + 1)


def reliability_bins():
    """Drag the edges of the bins of a reliability diagram, and see the ECE follow.

    >>> scene = reliability_bins()
    >>> [round(float(scene.at(e1=0, e2=middle, e3=1)["ece"]), 3) for middle in (0.5, 0.25, 0)]
    [0.157, 0.145, 0.006]
    """
    return _diagram(
        "Leave the model alone, and drag the edges of its bins. How small can its ECE become?",
        "Nearly 0. Push all edges to the ends: in a single bin, forecasts that are too low and"
        " forecasts that are too high cancel. The model, its NLL and its accuracy are what they"
        " were. So an ECE means nothing without its bins. Raise the temperature to 2.5 instead,"
        " and it is small whatever the bins.",
        guesses={"no smaller": False, "half as large": False, "nearly 0": True},
        seen="(ece < 0.03) and (temperature == 1)",
        goal=("An ECE under 0.02, by the edges alone", "(ece < 0.02) and (temperature == 1)"),
        hints=("drag", ""),
    )


def reliability_temperature():
    """Drag a temperature or the edges of the bins, and see the reliability diagram follow.

    >>> scene = reliability_temperature()
    >>> [round(float(scene.at(temperature=T)["nll"]), 3) for T in (1, 2.5)]
    [0.727, 0.583]
    """
    return _diagram(
        "Raise the temperature until the NLL is least. What happens to the accuracy on the way?",
        "Nothing. Dividing every logit by the same T > 0 leaves each on its side of 0, so no"
        " decision changes; only how sure the model sounds does. At T = 2.5 the gaps have"
        " closed; wherever you drag the edges of the bins, the ECE stays small.",
        guesses={"it rises": False, "it falls": False, "it stays as it is": True},
        seen="temperature > 2",
        hints=("", "drag"),
    )


def _diagram(question, answer, *, hints, **options):
    """Both are one drawing; the question decides what is grabbed first."""
    scene = Scene(question, answer, **options)
    for i in range(1, _BINS):
        scene.variable(f"e{i}", 0, 1, start=i / _BINS, step=0.01, slider=False)
    scene.variable("temperature", 0.5, 6, start=1, step=0.1, label="temperature T")
    # Edges may pass each other; the bins lie between the sorted ones.
    scene.let(
        a0="0",
        a1="min(e1, e2, e3)",
        a2="max(min(e1, e2), min(max(e1, e2), e3))",
        a3="max(e1, e2, e3)",
        a4="1",
    )
    scene.function(
        "place", "p", "1 + " + " + ".join(f"(1 if e{i} < p else 0)" for i in range(1, _BINS))
    )
    for g, (z, _, _) in enumerate(GROUPS):
        scene.let(**{f"p{g}": f"sigmoid({z} / temperature)", f"b{g}": f"place(p{g})"})
    for name, item in (("held", "{n}"), ("said", "{n} * p{g}"), ("came", "{y}")):
        scene.function(
            name,
            "k",
            " + ".join(
                f"({item.format(g=g, n=count, y=events)} if b{g} == k else 0)"
                for g, (_, count, events) in enumerate(GROUPS)
            ),
        )
    # Of each bin: how many, and the means; an empty bin has none, and is not drawn.
    for k in _PLACES:
        scene.let(
            **{
                f"n{k}": f"held({k})",
                f"s{k}": f"said({k}) / max(n{k}, 1)",
                f"f{k}": f"came({k}) / max(n{k}, 1)",
            }
        )
    logits, counts, events = np.array(GROUPS).T
    size = int(counts.sum())
    scene.function(
        "loss",
        "u",
        "("
        + " + ".join(f"{n} * softplus({z} / u) - {y * z} / u" for z, n, y in GROUPS)
        + f") / {size}",
    )
    right = np.where(logits > 0, events, counts - events).sum()
    scene.let(
        nll="loss(temperature)",
        accuracy=str(right / size),
        ece="(" + " + ".join(f"n{k} * abs(f{k} - s{k})" for k in _PLACES) + f") / {size}",
        ace="(" + " + ".join(_equal_counts(counts, events)) + f") / {size}",
    )

    head = scene.panel((4, 0, 466, 44), x=(0, 1), y=(0, 1), frame=False)
    for x, y, text, color in (
        (0, 0.55, "ECE, your bins: {ece:.3f}", ORANGE),
        (0, 0.07, "ACE, equal counts: {ace:.3f}", "currentColor"),
        (1, 0.55, "NLL {nll:.3f}, T = {temperature:.1f}", PURPLE),
        (1, 0.07, "accuracy {accuracy:.3f}", "currentColor"),
    ):
        head.text(x, y, text, color, anchor=("start", "end")[x])
    top = scene.panel(
        (34, 72, 436, 236),
        x=(0, 1),
        y=(0, 1.18),
        xlabel="forecast",
        ylabel="blue: how often it happened; orange: the gap",
        xticks=(0, 0.5, 1),
        yticks=(0, 0.5, 1),
    )
    for k in _PLACES:
        held, corners = f"n{k} > 0", (f"a{k - 1}", f"a{k}")
        for low, high, color, opacity in (
            ("0", f"f{k}", BLUE, 0.35),
            (f"f{k}", f"s{k}", ORANGE, 0.65),
        ):
            top.polygon(
                [(corners[0], low), (corners[1], low), (corners[1], high), (corners[0], high)],
                color,
                opacity=opacity,
                show=held,
            )
    top.line(0, 0, 1, 1, INK, dash="3 4")
    for k in _PLACES:
        top.text(
            f"(a{k - 1} + a{k}) / 2",
            0.03,
            f"n = {{n{k}:.0f}}",
            anchor="middle",
            show=f"a{k} - a{k - 1} > 0.15",
        )
    for i in range(1, _BINS):
        top.line(f"e{i}", 0, f"e{i}", 1.08, PURPLE, dash="5 3")
        top.handle(
            f"e{i}",
            1.08,
            {f"e{i}": "x"},
            label=f"Edge {i} of the bins",
            color=PURPLE,
            hint=hints[0] if i == 2 else "",
        )
    low = scene.panel(
        (34, 372, 436, 90),
        x=(0.4, 6.1),
        y=(0.55, 0.85),
        xlabel="temperature T",
        ylabel="NLL",
        xticks=range(1, 7),
        yticks=(0.6, 0.7, 0.8),
    )
    low.curve("t", "loss(t)", ORANGE, over=(0.5, 6))
    low.handle(
        "temperature", "nll", {"temperature": "x"}, label="Temperature", color=ORANGE, hint=hints[1]
    )
    scene.says(
        "At the temperature {temperature:.1f}, with edges at {a1:.2f}, {a2:.2f} and {a3:.2f}"
        " the ECE is {ece:.3f}; with bins of equal count it is {ace:.3f}. The NLL is"
        " {nll:.3f} and the accuracy {accuracy:.3f}."
    )
    return scene


def _equal_counts(counts, events):
    """The gaps of bins of equal count, times n; items of a group that is cut count as its mean."""
    ends, edge = np.cumsum(counts), 0
    for part in np.array_split(np.arange(ends[-1]), _BINS):
        low, edge = edge, edge + len(part)
        share = np.clip((np.minimum(ends, edge) - np.maximum(ends - counts, low)), 0, None)
        said = " + ".join(f"{n:.0f} * p{g}" for g, n in enumerate(share) if n)
        yield f"abs({float(share @ (events / counts))!r} - ({said}))"
