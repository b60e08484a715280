"""The explorer about floats: what a naive formula gives as its logit grows, in each dtype."""

import numpy as np

from ..formula import Lookup
from ..scene import Scene
from ..style import BLUE, ORANGE, PURPLE

_DTYPES = {"fp16": "float16", "bf16": "bfloat16", "fp32": "float32", "fp64": "float64"}
# Powers of ten of the logit: where the tables have their values and the slider its steps.
_POWERS = np.linspace(0, 4, 41)


def _binary(z):
    """The loss of a sure mistake, y = 0, by way of the probability."""
    return -(1 - z.sigmoid()).log()


def _clipped(z):
    """The same with the probability kept away from 0 and 1."""
    return -(1 - z.sigmoid().clamp(1e-7, 1 - 1e-7)).log()


def _softmax(z):
    """The same with the probability from a softmax of the scores 0 and z."""
    right, wrong = (0 * z).exp(), z.exp()
    return -(right / (right + wrong)).log()


_FORMS = {
    "−ln(1 − σ(z))": _binary,
    "… with σ(z) clipped at 1e-7": _clipped,
    "−ln of a softmax": _softmax,
}


def naive_against_stable():
    """Drag the logit of a sure mistake: where a naive loss and its gradient end, in each dtype.

    >>> scene = naive_against_stable()
    >>> at = scene.at(dtype=1, k=0.8)  # bf16, a logit of 6.3
    >>> float(at["value_ok"]), round(float(at["stable"]), 2)
    (0.0, 6.31)
    """
    scene = Scene(
        "A sure mistake should cost about as much as its logit z. Of the two dtypes with 16 bits,"
        " in which does −ln(1 − σ(z)) break first as you drag z up?",
        "In bf16, near 6: it has the fewest digits, and the sigmoid is rounded to 1 first. The"
        " softmax breaks for another reason, the range of e to the z, so there fp16 is first, and"
        " its gradient is lost before its value. Clipping keeps the value finite and the gradient"
        " at 0; in 16 bits it does not even do that, because 1 − 1e-7 is rounded to 1.",
        guesses={
            "fp16, with the smaller range": False,
            "bf16, with the fewer digits": True,
            "both at the same logit": False,
        },
        seen="form < 0.5 and abs(dtype - 1) < 0.5 and value_ok < 0.5",
    )
    scene.variable("k", 0, 4, start=0.3, step=0.1, label="logit, power of ten", slider=False)
    scene.choice("dtype", _DTYPES, label="dtype")
    scene.choice("form", _FORMS, label="formula")
    last = len(_DTYPES) * len(_FORMS) - 1
    numbers = np.array(
        [_run(form, dtype) for form in _FORMS.values() for dtype in _DTYPES.values()]
    )
    for name, rows in (("value", numbers[:, 0]), ("slope", numbers[:, 1])):
        ends = [np.flatnonzero(np.isfinite(row))[-1] for row in rows]
        # Beyond the end it is not looked at; numbers take less room there than words would.
        filled = [
            np.where(np.isfinite(row), row, row[end]) for row, end in zip(rows, ends, strict=True)
        ]
        scene.lookup(f"{name}s", Lookup(filled, x=(0, last), y=(0, 4)))
        scene.lookup(f"{name}_ends", Lookup(_POWERS[ends], x=(0, last)))
    scene.let(
        z="10 ** k",
        row=f"{len(_DTYPES)} * form + dtype",
        stable="softplus(z)",
        stable_slope="sigmoid(z)",
        value_end="value_ends(row)",
        slope_end="slope_ends(row)",
        value="values(row, k)",
        slope="slopes(row, k)",
        value_ok="1 if k < value_end + 0.05 else 0",
        slope_ok="1 if k < slope_end + 0.05 else 0",
    )
    sizes = {0: "1", 1: "10", 2: "100", 3: "1000", 4: "10⁴"}
    top = scene.panel(
        (44, 26, 426, 210), x=(-0.1, 4.1), y=(-0.2, 4.3), ylabel="loss", xticks=sizes, yticks=sizes
    )
    low = scene.panel(
        (44, 286, 426, 120),
        x=(-0.1, 4.1),
        y=(-0.15, 1.25),
        ylabel="gradient",
        xlabel="logit z of a sure mistake",
        xticks=sizes,
        yticks=(0, 0.5, 1),
    )
    for panel, name, stable, at, below in (
        (top, "value", "log(softplus(10 ** t)) / 2.302585", "log({}) / 2.302585", 0.17),
        (low, "slope", "sigmoid(10 ** t)", "{}", 0.09),
    ):
        panel.curve("t", stable, BLUE, over=(0, 4), points=41, dash="6 4")
        end, inside = f"{name}_end", f"min(t, {name}_end)"
        height = at.format(f"{name}s(row, {{}})")
        panel.curve(inside, height.format(inside), ORANGE, over=(0, 4), points=41, width=4)
        panel.text(
            end,
            height.format(end) + f" - {below}",
            "×",
            ORANGE,
            anchor="middle",
            size="26",
            show=f"{end} < 3.95",
        )
    for place, name in enumerate(_FORMS):
        top.text(4.1, 4.48, name, ORANGE, anchor="end", show=f"abs(form - {place}) < 0.5")
    top.text(0.05, 3.9, "z = {z:.3g}: the loss is {stable:.3g}", BLUE)
    top.text(0.05, 3.45, "naively {value:.3g}", ORANGE, show="value_ok > 0.5")
    top.text(0.05, 3.45, "naively infinite", ORANGE, show="value_ok < 0.5")
    low.text(4.05, 0.55, "naive gradient {slope:.3f}", PURPLE, anchor="end", show="slope_ok > 0.5")
    low.text(4.05, 0.55, "naive gradient NaN", PURPLE, anchor="end", show="slope_ok < 0.5")
    top.handle(
        "k",
        "log(stable) / 2.302585",
        {"k": "x"},
        label="Logit, power of ten",
        color=BLUE,
        hint="drag",
    )
    scene.says(
        "At the logit {z:.3g} the loss is {stable:.3g}. The naive loss is finite up to a"
        " logit of {10 ** value_end:.3g}, its gradient up to {10 ** slope_end:.3g}."
    )
    return scene


def _run(form, dtype):
    """Return the values and the slopes of a formula over all powers of ten, computed in a dtype."""
    import torch  # only this explorer needs it

    z = torch.tensor(10.0**_POWERS).to(getattr(torch, dtype)).requires_grad_()
    values = form(z)
    values.sum().backward()
    return values.detach().double().numpy(), z.grad.double().numpy()
