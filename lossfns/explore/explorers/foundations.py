"""Explorers about what a gradient does: pulls that balance, and steps down a valley."""

import numpy as np

from .. import lessons
from ..scene import Scene
from ..style import BLUE, FAINT, INK, ORANGE, PURPLE

_WAITS = (3, 4, 5, 6, 17)


def pulls():
    """Drag one announcement, or the people who waited: who pulls it, and how hard.

    >>> at = pulls().at(c=5)
    >>> round(float(at["mse"]), 1), float(at["mae"])
    (4.0, 0.0)
    """
    scene = Scene(
        "Drag the announcement until the pulls of MSE balance. Where is that?",
        "At the mean, 7 minutes: the one who waited long pulls as hard as the four others together."
        " Under MAE everybody pulls equally hard, so the balance is at the median, 5. Now drag the"
        " last one further away: only one of the two balances moves.",
        guesses={"at the mean": True, "at the median": False, "halfway from first to last": False},
        seen="abs(mse) < 0.05",
    )
    scene.variable("c", 1, 19, start=11, step=0.1, label="announcement c", slider=False)
    for i, wait in enumerate(_WAITS):
        scene.variable(f"y{i}", 1, 19, start=wait, step=0.5, label=f"wait {i + 1}", slider=False)
    n = len(_WAITS)
    for i in range(n):
        scene.let(**{f"s{i}": f"-2 * (c - y{i}) / {n}", f"a{i}": f"-sign(c - y{i}) / {n}"})
    scene.let(mse=" + ".join(f"s{i}" for i in range(n)), mae=" + ".join(f"a{i}" for i in range(n)))
    # Under MSE an arrow is four fifths of the error, under MAE two minutes.
    for place, (name, pull, scale) in enumerate((("MSE", "s", 2), ("MAE", "a", 2 * n))):
        panel = scene.panel(
            (10, 34 + 190 * place, 460, 130),
            x=(0.3, 19.7),
            y=(0, 5.9),
            xlabel="minutes" if place else "",
            yticks=(),
            xticks=range(2, 20, 2),
        )
        panel.line("c", "0", "c", "5.9", BLUE, width=3)
        for i in range(n):
            panel.arrow("c", i + 1, f"c + {scale} * {pull}{i}", i + 1, PURPLE)
            panel.dot(f"y{i}", i + 1, INK)
            if not place:
                panel.handle(
                    f"y{i}",
                    str(i + 1),
                    {f"y{i}": "x"},
                    label=f"Person {i + 1} waited",
                    hint="drag" if i == n - 1 else "",
                )
        total = name.lower()
        panel.text(0.5, 6.4, f"{name}: sum of the pulls {{{total} + 0.0:.1f}}", PURPLE)
        if not place:
            panel.handle("c", "0", {"c": "x"}, label="Announcement", color=BLUE, hint="drag")
    scene.says(
        "With the announcement at {c:.1f} minutes the pulls add up to {mse:.1f} under MSE"
        " and to {mae:.1f} under MAE."
    )
    return scene


def courier_descent():
    """Drag the start of gradient descent over the courier's loss, and raise the learning rate.

    >>> round(float(courier_descent().at(a=2.2, b=0.5)["loss"]), 2)
    0.45
    """
    km, minutes = lessons.courier()
    n = len(km)
    curvature = 2 / n * np.array([[np.sum(km**2), np.sum(km)], [np.sum(km), n]])
    limit = 2 / np.linalg.eigvalsh(curvature)[-1]
    scene = Scene(
        "Raise the learning rate little by little. What does the path do shortly before it breaks"
        " away?",
        "It crosses the narrow valley at every step and lands on the other side. Beyond"
        f" {limit:.3f}, which is 2 divided by the largest curvature, each landing is further up"
        " than the last.",
        guesses={
            "it gets slower and slower": False,
            "it jumps from side to side": True,
            "it heads straight for the goal": False,
        },
        seen="rate > 0.113",
    )
    scene.variable("a", -1.5, 5.5, start=0, step=0.1, label="slope a", slider=False)
    scene.variable("b", -2.5, 3.5, start=0, step=0.1, label="intercept b", slider=False)
    scene.variable("k", 0, 60, start=0, step=1, label="step", slider=False)
    scene.variable("rate", 0.001, 0.125, start=0.01, step=0.001, label="learning rate η")
    scene.variable("steps", 0, 60, start=25, step=1, label="steps", play=120)
    for i in range(n):
        scene.let(**{f"e{i}": f"a * {km[i]} + b - {minutes[i]}"})
    scene.let(
        loss=f"({' + '.join(f'e{i} ** 2' for i in range(n))}) / {n}",
        slope_a=f"2 / {n} * ({' + '.join(f'e{i} * {km[i]}' for i in range(n))})",
        slope_b=f"2 / {n} * ({' + '.join(f'e{i}' for i in range(n))})",
    )
    down = {"a": "a - rate * slope_a", "b": "b - rate * slope_b", "k": "k + 1"}
    plan = scene.panel(
        (34, 30, 430, 240), x=(-1.5, 5.5), y=(-2.5, 3.5), xlabel="slope a", ylabel="intercept b"
    )
    slope, intercept = np.linspace(-1.5, 5.5, 43), np.linspace(-2.5, 3.5, 37)
    errors = slope[:, None, None] * km + intercept[None, :, None] - minutes
    plan.contours(np.mean(errors**2, axis=-1), [0.6, 1, 2, 4, 8, 16, 32, 64, 128], FAINT)
    plan.text(2.2, 0.42, "×", anchor="middle", size=20)
    plan.path("a", "b", down, "steps", BLUE)
    plan.handle(
        "a", "b", {"a": "x", "b": "y"}, label="Start of the descent", color=BLUE, hint="drag"
    )
    low = scene.panel(
        (34, 332, 430, 100),
        x=(0, 60),
        y=(-0.6, 3.4),
        xlabel="step",
        ylabel="loss",
        yticks={0: "1", 1: "10", 2: "100", 3: "1000"},
    )
    low.path("k", "log(loss) / 2.302585092994046", down, "steps", ORANGE)
    scene.says(
        "Descent with the learning rate {rate:.3f} starts at a = {a:.1f}, b = {b:.1f}, where"
        " the loss is {loss:.2f}."
    )
    return scene
