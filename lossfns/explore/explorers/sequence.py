"""Explorers about sequences: the alignments that CTC adds up."""

import numpy as np

from ..formula import Lookup
from ..scene import Scene
from ..style import BLUE, INK, OLIVE, ORANGE, PURPLE

FRAMES, PLACES = 4, 5
# What a network might say about four frames: the logits of blank, which are 0, of A and of B.
LOGITS = ((0, 1.3, -0.7), (0, 0.3, -0.4), (0, -0.8, -0.1), (0, -0.7, 1.2))
_DEAD = PLACES
# What a frame emits at each place: the blank, A, or the second letter of the target.
_LETTER = "papcp"


def _next_place(repeat):
    """Where the symbols –, A and B lead from each place of – A – B –, or of – A – A –."""
    symbols = (0, 1, 0, 1 if repeat else 2, 0)
    table = np.full((PLACES + 1, 3), float(_DEAD))
    for place in range(PLACES):
        steps = [place] + [place + 1] * (place + 1 < PLACES)
        if place + 2 < PLACES and symbols[place + 2] not in (0, symbols[place]):
            steps.append(place + 2)
        for step in reversed(steps):
            table[place, symbols[step]] = step
    return table


def ctc_alignments():
    """Drag the symbol of each of four frames: which paths say AB, and which say AA?

    >>> at = ctc_alignments().at(s0=1, s1=0, s2=1, s3=1, repeat=1)
    >>> bool(at["counts"])
    True
    """
    scene = Scene(
        "Set the target to AA, and drag the four symbols until they say it. How many of the four"
        " frames does AA need at least?",
        "Three: A, a blank, A. Without the blank, two A in a row are one long A. That is why the"
        " grid of AA has no way that jumps over the blank in the middle, and why a target with"
        " repeats needs more frames than letters.",
        guesses={"2": False, "3": True, "4": False},
        seen="(repeat > 0.5) and (counts > 0.5)",
    )
    for i, start in enumerate((1, 1, 2, 1)):
        scene.variable(f"s{i}", 0, 2, start=start, step=1, slider=False, label=f"symbol {i + 1}")
    scene.choice("repeat", ["AB", "AA"], label="target")
    scene.variable("u", 0, 2, start=1, step=0.1, label="how sure the network is")
    scene.lookup("ab", Lookup(_next_place(False), (0, PLACES), (0, 2)))
    scene.lookup("aa", Lookup(_next_place(True), (0, PLACES), (0, 2)))
    for t, (_, a, b) in enumerate(LOGITS):
        scene.let(**{f"p{t}": f"1 / (1 + exp({a} * u) + exp({b} * u))"})
        scene.let(**{f"a{t}": f"p{t} * exp({a} * u)", f"b{t}": f"p{t} * exp({b} * u)"})
        # The second letter of the target.
        scene.let(**{f"c{t}": f"a{t} if repeat > 0.5 else b{t}"})
    _sums(scene)
    scene.let(k0="ab(0, s0)")
    for t in range(1, FRAMES):
        scene.let(**{f"k{t}": f"aa(k{t - 1}, s{t}) if repeat > 0.5 else ab(k{t - 1}, s{t})"})
    own = [f"(p{t} if s{t} < 0.5 else a{t} if s{t} < 1.5 else b{t})" for t in range(FRAMES)]
    scene.let(
        counts="1 if (k3 > 2.5) and (k3 < 4.5) else 0",
        path=" * ".join(own),
        share="counts * path / total",
    )
    letters = ["1 if s0 > 0.5 else 0"] + [
        f"1 if (s{t} > 0.5) and (abs(s{t} - s{t - 1}) > 0.5) else 0" for t in range(1, FRAMES)
    ]
    for t, new in enumerate(letters):
        scene.let(**{f"w{t}": new})
    _symbols(scene)
    _grid(scene)
    scene.says(
        "Repeated letters in the target: {repeat:.0f}. Alignments among the drawn path:"
        " {counts:.0f}. The path has probability {path:.3f}, all alignments {total:.3f};"
        " the loss is {loss:.2f}."
    )
    return scene


def _sums(scene):
    """The sums over the beginnings (f) and the ends (g) of alignments, as the library has them."""
    for t in range(FRAMES):
        for k in range(min(2 * t + 2, PLACES)):
            before = [f"f{t - 1}{j}" for j in (k, k - 1) if 0 <= j < 2 * t]
            before += [f"(1 - repeat) * f{t - 1}1"] if k == 3 else []
            text = f"{_LETTER[k]}{t}"
            scene.let(**{f"f{t}{k}": text if not t else f"{text} * ({' + '.join(before)})"})
    for t in range(FRAMES - 2, -1, -1):
        for k in range(min(2 * t + 2, PLACES)):
            after = [_onward(t, k, to) for to in (k, k + 1, k + 2) if _possible(t, k, to)]
            scene.let(**{f"g{t}{k}": " + ".join(after) or "0 * u"})
    scene.let(total="f33 + f34", loss="-log(f33 + f34)")


def _onward(t, start, stop):
    """The probability of all ends that go from a place to another after frame t."""
    once = "(1 - repeat) * " if stop == start + 2 else ""
    ends = "" if t == FRAMES - 2 else f" * g{t + 1}{stop}"
    return f"{once}{_LETTER[stop]}{t + 1}{ends}"


def _symbols(scene):
    panel = scene.panel(
        (58, 56, 270, 108),
        x=(0.5, 4.5),
        y=(-0.5, 2.5),
        xticks={1: "", 2: "", 3: "", 4: ""},
        yticks={0: "blank", 1: "A", 2: "B"},
        title="your path; bars: the network",
    )
    for t in range(FRAMES):
        for symbol, name in enumerate("pab"):
            panel.line(
                f"{t + 0.72}",
                f"{symbol - 0.26}",
                f"{t + 0.72} + 0.56 * {name}{t}",
                f"{symbol - 0.26}",
                BLUE,
                width=6,
            )
    for t in range(FRAMES - 1):
        panel.line(f"{t + 1}", f"s{t}", f"{t + 2}", f"s{t + 1}", INK, width=2)
    for t in range(FRAMES):
        panel.handle(
            f"{t + 1}",
            f"s{t}",
            {f"s{t}": "floor(min(max(y, 0), 2) + 0.5)"},
            label=f"Frame {t + 1}",
            color=ORANGE,
            hint="drag" if t == 0 else "",
        )
    says = scene.panel((348, 56, 128, 108), x=(0, 4), y=(0, 4), frame=False)
    says.text(0, 3.5, "it says")
    for t in range(FRAMES):
        place = " + ".join(["0"] + [f"w{j}" for j in range(t)])
        says.text(
            f"0.62 * ({place})", "2.5", "A", ORANGE, size=20, show=f"(w{t} > 0.5) and (s{t} < 1.5)"
        )
        says.text(
            f"0.62 * ({place})", "2.5", "B", ORANGE, size=20, show=f"(w{t} > 0.5) and (s{t} > 1.5)"
        )
    says.text(0, 1.4, "the target", OLIVE, show="counts > 0.5")
    says.text(0, 1.4, "not the target", PURPLE, show="counts < 0.5")
    says.text(0, 0.5, "P(path) = {path:.4f}")


def _grid(scene):
    panel = scene.panel(
        (58, 208, 270, 170),
        x=(0.5, 4.5),
        y=(4.5, -0.5),
        xlabel="frame",
        xticks=(1, 2, 3, 4),
        yticks={0: "–", 1: "A", 2: "–", 4: "–"},
        title="all alignments of the target",
    )
    moves = [
        (t, k, k + step)
        for t in range(FRAMES - 1)
        for k in range(PLACES)
        for step in (0, 1, 2)
        if _possible(t, k, k + step)
    ]
    for t, k, to in moves:
        least = "0.6 * (1 - repeat)" if to == k + 2 else "0.6"
        panel.line(
            f"{t + 1}",
            f"{k}",
            f"{t + 2}",
            f"{to}",
            BLUE,
            width=f"{least} + 12 * f{t}{k} * {_onward(t, k, to)} / total",
        )
    for t in range(FRAMES - 1):
        panel.line(
            f"{t + 1}",
            f"k{t}",
            f"{t + 2}",
            f"k{t + 1}",
            ORANGE,
            width=2.5,
            show="counts > 0.5",
            dash="5 4",
        )
    panel.text(0.41, 3.12, "B", "currentColor", anchor="end", show="repeat < 0.5")
    panel.text(0.41, 3.12, "A", "currentColor", anchor="end", show="repeat > 0.5")
    says = scene.panel((348, 208, 128, 170), x=(0, 4), y=(0, 6), frame=False)
    says.text(0, 5.4, "all of them")
    says.text(0, 4.5, "P = {total:.4f}", BLUE)
    says.text(0, 3.6, "loss {loss:.2f} nats", bold=True)
    says.text(0, 2.2, "your path has", ORANGE, show="counts > 0.5")
    says.text(0, 1.3, "{100 * share:.1f} % of it", ORANGE, show="counts > 0.5")


def _possible(t, start, stop):
    """Whether an alignment of AB can go from a place to another after frame t."""
    if stop >= PLACES or (stop == start + 2 and start != 1):
        return False
    # From the beginning places can be reached at two a frame, except from one blank to the next.
    soon = [place <= 2 * frame + 1 for frame, place in ((t, start), (t + 1, stop))]
    return all(soon) and stop + 2 * (FRAMES - 2 - t) >= PLACES - 2
