"""An explorer about debugging: what a fault in the loop does to the loss curve."""

from ..scene import Scene
from ..style import BLUE, INK, ORANGE

# Six points near y = 2 x + 1.
X = (-1.0, -0.4, 0.2, 0.8, 1.4, 2.0)
Y = (-0.8, 0.0, 1.7, 2.3, 4.1, 4.9)
STEPS = 60
FAULTS = (
    "none",
    "zero_grad forgotten",
    "sum instead of mean",
    "wrong sign",
    "(n, 1) against (n,)",
    "slope not trained",
)


def loss_curves():
    """Choose a fault and a learning rate, and see the loss curve of the fit of a line.

    >>> scene = loss_curves()
    >>> [round(float(scene.at(a=2, b=1, fault=fault)["loss"]), 3) for fault in (0, 2, 4)]
    [0.06, 0.36, 8.34]
    """
    n = len(X)
    mean_x, mean_y = sum(X) / n, sum(Y) / n
    scene = Scene(
        "Choose one fault after the other and lower the learning rate. Which of these faults does"
        " a smaller learning rate cure?",
        "The sum alone: it is a learning rate that is n times too large. Without zero_grad the loss"
        " swings more slowly, but never settles; the wrong sign climbs more slowly; and the"
        " other two come to rest on a wrong line, sooner or later.",
        guesses={
            "the forgotten zero_grad": False,
            "the sum": True,
            "the wrong sign": False,
            "the shapes": False,
        },
        seen="rate < 0.085 and fault > 0.5",
    )
    scene.choice("fault", FAULTS, label="fault")
    scene.variable("rate", 0.01, 0.7, start=0.15, step=0.01, label="learning rate")
    scene.variable("a", -2, 5, start=-1, step=0.1, label="slope", slider=False)
    scene.variable("b", -3, 4, start=3, step=0.1, label="intercept", slider=False)
    # What a walk changes besides: the number of the step, and what piles up without zero_grad.
    for name in ("k", "pile_a", "pile_b"):
        scene.variable(name, 0, STEPS, start=0, step=1, slider=False)
    for i, (x, y) in enumerate(zip(X, Y, strict=True)):
        scene.let(**{f"e{i}": f"a * {x} + b - {y}"})
    scene.let(
        mse=f"({' + '.join(f'e{i} ** 2' for i in range(n))}) / {n}",
        mse_a=f"2 * ({' + '.join(f'e{i} * {x}' for i, x in enumerate(X))}) / {n}",
        mse_b=f"2 * ({' + '.join(f'e{i}' for i in range(n))}) / {n}",
        # Every prediction against every target: the spread of both, and the distance of the means.
        miss=f"a * {mean_x!r} + b - {mean_y!r}",
        spread_x=repr(sum((x - mean_x) ** 2 for x in X) / n),
        spread_y=repr(sum((y - mean_y) ** 2 for y in Y) / n),
        crossed="a ** 2 * spread_x + spread_y + miss ** 2",
        crossed_a=f"2 * (a * spread_x + miss * {mean_x!r})",
        factor=f"{n} if abs(fault - 2) < 0.5 else (-1 if abs(fault - 3) < 0.5 else 1)",
        every="1 if abs(fault - 4) < 0.5 else 0",
        # What the loop computes.
        loss="crossed if every > 0.5 else max(factor, 1) * mse",
        slope_a="0 if abs(fault - 5) < 0.5 else factor * (crossed_a if every > 0.5 else mse_a)",
        slope_b="factor * (2 * miss if every > 0.5 else mse_b)",
        kept="1 if abs(fault - 1) < 0.5 else 0",
        log_loss="log(max(loss, 0.000001)) / 2.302585092994046",
    )
    walk = {
        "a": "a - rate * (slope_a + kept * pile_a)",
        "b": "b - rate * (slope_b + kept * pile_b)",
        "pile_a": "slope_a + kept * pile_a",
        "pile_b": "slope_b + kept * pile_b",
        "k": "k + 1",
    }
    sound = {"a": "a - rate * mse_a", "b": "b - rate * mse_b", "k": "k + 1"}

    top = scene.panel(
        (40, 28, 430, 190),
        x=(0, STEPS),
        y=(-2, 4),
        xlabel="step",
        ylabel="loss that the loop prints",
        yticks={-2: "0.01", 0: "1", 2: "100", 4: "10⁴"},
    )
    top.path("k", "log(max(mse, 0.000001)) / 2.302585092994046", sound, str(STEPS), INK, width=1.2)
    top.path("k", "log_loss", walk, str(STEPS), ORANGE, width=2)
    top.text(STEPS, 3.4, "first loss {loss:.2f}", ORANGE, anchor="end")
    low = scene.panel(
        (40, 290, 270, 190),
        x=(-2, 5),
        y=(-3, 4),
        xlabel="slope",
        ylabel="intercept",
        xticks=(-2, 0, 2, 4),
        yticks=(-2, 0, 2, 4),
    )
    low.path("a", "b", walk, str(STEPS), ORANGE, width=2)
    low.path("a", "b", sound, str(STEPS), INK, width=1.2)
    best_a = sum((x - mean_x) * (y - mean_y) for x, y in zip(X, Y, strict=True)) / sum(
        (x - mean_x) ** 2 for x in X
    )
    low.dot(best_a, mean_y - best_a * mean_x, BLUE, radius=7)
    low.handle(
        "a", "b", {"a": "x", "b": "y"}, label="Start of the descent", color=ORANGE, hint="drag"
    )
    side = scene.panel((326, 290, 146, 190), x=(0, 1), y=(0, 1), frame=False)
    side.text(0, 0.9, "orange: the loop", ORANGE)
    side.text(0, 0.78, "with the fault")
    side.text(0, 0.58, "grey: without")
    side.text(0, 0.38, "blue: the best line", BLUE)
    scene.says(
        "With the learning rate {rate:.2f} the loop starts at slope {a:.1f} and intercept"
        " {b:.1f}, prints the loss {loss:.2f} and has the slopes {slope_a:.2f} and"
        " {slope_b:.2f}."
    )
    return scene
