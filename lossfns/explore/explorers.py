"""The explorers of the book: each teaches one idea, each number comes from `lossfns.numpy`."""

import numpy as np
from matplotlib.patches import Rectangle

import lossfns.numpy as ln

from .controls import Choice, Play, Slider
from .engine import explore
from .style import BLUE, FAINT, INK, OLIVE, ORANGE, PLUM, PURPLE, figure, label, note, zero


def mse_squares():
    """Drag a line over six points: every error is the side of a square, the MSE their mean area.

    >>> mse_squares().start
    {'slope': 0.4, 'intercept': 0.0}
    """
    return explore(
        _squares,
        slope=Slider(_grid(0.3, 1.3, 11), start=0.4),
        intercept=Slider(_grid(-1, 2, 7), start=0),
    )


def regression_losses():
    """Compare six regression losses and their gradients over the error, with δ, β and q to set.

    >>> regression_losses().start
    {'delta': 1.0, 'beta': 1.0, 'q': 0.9}
    """
    return explore(
        _losses,
        delta=Slider([0.5, 1, 1.5, 2.0, 2.5], label="δ of Huber", start=1),
        beta=Slider([0.25, 0.5, 1.0, 2.0], label="β of smooth L1", start=1),
        q=Slider([0.1, 0.25, 0.5, 0.75, 0.9], label="q of the quantile loss", start=0.9),
    )


def bce_logit():
    """Choose a logit, see loss and gradient of binary cross-entropy, then let it descend.

    >>> bce_logit().start
    {'logit': -4.5, 'step': 0}
    """
    return explore(
        _descent,
        logit=Slider(_grid(-6, 6, 9), label="logit z at the start", start=-4.5),
        step=Play(range(13), label="descent steps", interval=350),
    )


def softmax_scores():
    """Change the scores of three classes: cross-entropy reads the true one's probability alone.

    >>> softmax_scores().start
    {'score': 0.0, 'share': 0.7, 'shift': 0.0}
    """
    return explore(
        _scores,
        score=Slider(_grid(-3, 3, 7), label="score of cat, the true class", start=0),
        share=Slider(_grid(0.1, 0.9, 5), label="dog's share of the rest", start=0.7),
        shift=Slider(_grid(-2, 2, 3), label="added to every score", start=0),
    )


def mse_vs_ce():
    """Compare the gradients of MSE and cross-entropy behind a sigmoid: one vanishes when wrong.

    >>> mse_vs_ce().start
    {'logit': -4.0, 'target': 1.0}
    """
    return explore(
        _vanishing,
        logit=Slider(_grid(-8, 8, 33), label="logit z", start=-4),
        target=Choice({"y = 1": 1.0, "y = 0": 0.0}, label="target"),
    )


# The best line has slope 0.8, intercept 1 and MSE 0.5: values that the sliders can reach.
_X = np.array([1, 2.5, 4, 5.5, 7, 8.5])
_Y = np.array([1.1, 4.1, 4.4, 4.4, 7.1, 7.7])
_BEST = 0.8 * _X + 1


def _squares(slope, intercept):
    pred = slope * _X + intercept
    value, best = ln.mse(pred, _Y), ln.mse(_BEST, _Y)
    fig, (ax, mean) = figure(
        1, 2, width=5.8, height=4.1, sharey=True, width_ratios=[14, 5.2],
        xlabel=["input x", ""], ylabel=["target y, prediction ŷ", ""],
        alt=f"The line ŷ = {slope:.2f} x {_signed(intercept)} and its six error squares: their"
            f" mean area, the MSE, is {value:.2f}. No line has less than {best:.2f}.")
    ax.set(xlim=(-1, 13), ylim=(-2, 12), yticks=range(0, 11, 2), aspect="equal")
    for x, y, p in zip(_X, _Y, pred, strict=True):
        side = abs(p - y)
        # On the side where a rising line leaves room.
        corner = (x, y) if p > y else (x - side, p)
        ax.add_patch(_square(corner, side, "38"))
    ends = np.array([-1, 13.0])
    ax.plot(ends, slope * ends + intercept, color=BLUE)
    ax.plot(_X, _Y, "o", color=INK, markersize=7)
    label(ax, -0.6, 11.3, f"ŷ = {slope:.2f} x {_signed(intercept)}", BLUE, va="center")
    side = np.sqrt(value)
    mean.add_patch(_square((0.2, 0), side, "a0"))
    mean.set(xlim=(0, 5.2), aspect="equal")
    mean.set_axis_off()
    label(mean, 0.2, side + 0.3, f"mean square\nMSE = {value:.2f}", ORANGE)
    mean.text(0.2, -0.3, f"best: {best:.2f}", va="top")
    return fig


def _square(corner, side, opacity):
    return Rectangle(corner, side, side, facecolor=ORANGE + opacity, edgecolor=ORANGE, linewidth=1)


# Nothing lies at 0 itself, so that a gradient that jumps there is drawn as a vertical line.
_HALF = np.concatenate([[1e-9], np.linspace(0, 4, 81)[1:]])
_ERROR = np.concatenate([-_HALF[::-1], _HALF])
_PROBE = 3.0


def _losses(delta, beta, q):
    losses = [
        ("MSE", ln.mse, {}, FAINT, "-"),
        ("MAE", ln.mae, {}, FAINT, "--"),
        ("Huber", ln.huber, {"delta": delta}, BLUE, "-"),
        ("smooth L1", ln.smooth_l1, {"beta": beta}, PLUM, (0, (4, 1.5))),
        ("log-cosh", ln.log_cosh, {}, OLIVE, ":"),
        ("quantile", ln.quantile, {"q": q}, ORANGE, "-"),
    ]
    fig, (top, bottom) = figure(2, 1, sharex=True, height=6, xlabel=["", "error ŷ − y"],
                                ylabel=["loss", "gradient"])
    target, probe, values, slopes = np.zeros_like(_ERROR), np.array([_PROBE]), [], []
    for name, loss, options, color, line in losses:
        options = options | {"reduction": "none"}
        top.plot(_ERROR, loss(_ERROR, target, **options), color=color, linestyle=line)
        bottom.plot(_ERROR, loss.grad(_ERROR, target, **options), color=color, linestyle=line)
        value = loss(probe, target[:1], **options)[0]
        slope = loss.grad(probe, target[:1], **options)[0]
        text = INK if color == FAINT else color
        values.append((value, f"{name} {value:.2f}", text))
        slopes.append((slope, f"{name} {_minus(slope)}", text))
    top.set(xlim=(-4, 4), ylim=(-0.1, 5))
    bottom.set(ylim=(-2.8, 2.8))
    for ax, rows in ((top, values), (bottom, slopes)):
        zero(ax)
        ax.axvline(_PROBE, color=INK, linestyle=":", linewidth=1.2)
        _beside(ax, rows)
    top.text(_PROBE, 5.05, f"error = {_PROBE:.0f}", ha="center")
    fig.alt = (f"For an error of 3 the losses are {', '.join(t for _, t, _ in values)} and the"
               f" gradients {', '.join(t for _, t, _ in slopes)}: only MSE's gradient keeps"
               " growing with the error.")
    return fig


_LOGIT = np.linspace(-7, 7, 141)


def _descent(logit, step):
    path = [float(logit)]
    one = np.array([1.0])
    for _ in range(step):
        path.append(path[-1] - ln.bce_with_logits.grad(np.array(path[-1:]), one)[0])
    path = np.array(path)
    target = np.ones_like(path)
    losses = ln.bce_with_logits(path, target, reduction="none")
    slopes = ln.bce_with_logits.grad(path, target, reduction="none")
    z, loss, slope, p = path[-1], losses[-1], slopes[-1], _sigmoid(path[-1])

    fig, (top, bottom) = figure(
        2, 1, sharex=True, height=5, xlabel=["", "logit z"],
        ylabel=["loss", "gradient"],
        alt=f"Binary cross-entropy with y = 1 after {step} steps from z = {_minus(logit)}:"
            f" z = {_minus(z)}, p = {p:.4g}, loss {loss:.3f}, gradient {_minus(slope, 3)}.")
    top.plot(_LOGIT, ln.bce_with_logits(_LOGIT, np.ones_like(_LOGIT), reduction="none"),
             color=ORANGE)
    bottom.plot(_LOGIT, ln.bce_with_logits.grad(_LOGIT, np.ones_like(_LOGIT), reduction="none"),
                color=PURPLE)
    reach = np.array([-1.6, 1.6])
    top.plot(z + reach, loss + slope * reach, color=PURPLE)
    for ax, heights, color in ((top, losses, ORANGE), (bottom, slopes, PURPLE)):
        zero(ax)
        ax.plot(path[:-1], heights[:-1], "o", color=INK, markersize=4, alpha=0.7)
        ax.plot(z, heights[-1], "o", color=color, markersize=10)
    top.set(xlim=(-7, 7), ylim=(-0.6, 7.6))
    bottom.set(ylim=(-1.2, 0.4), yticks=[-1, -0.5, 0])
    note(top, f"y = 1\nz = {_minus(z)}\np = σ(z) = {p:.4g}", loc="upper right")
    label(top, 6.6, 3.2, f"loss = −ln p = {loss:.3f}", ORANGE, ha="right")
    label(bottom, -6.6, -0.13, f"gradient = p − y = {_minus(slope, 3)}", PURPLE, va="center")
    bottom.text(-6.6, 0.13, "one step: z ← z − gradient", va="center")
    return fig


_CLASSES = ("cat\n(true)", "dog", "car")


def _scores(score, share, shift):
    # The wrong classes keep the sum of their exponentials, 2: only how they share it changes.
    scores = np.array([score, np.log(2 * share), np.log(2 - 2 * share)]) + shift
    probs = np.exp(scores) / np.exp(scores).sum()
    loss = ln.cross_entropy(scores[None], np.array([0]))
    gradient = ln.cross_entropy.grad(scores[None], np.array([0]))[0]
    fig, axes = figure(
        1, 3, width=5.8, height=3, sharey=True,
        title=["score z", "p = softmax(z)", "gradient p − y"],
        alt=f"The true class, cat, has the score {_minus(scores[0], 1)} and the probability"
            f" {probs[0]:.2f}, so the loss is {loss:.2f}. Dog has {probs[1]:.2f} and car"
            f" {probs[2]:.2f}; how they share the rest does not change the loss.")
    fig.suptitle(f"loss = −ln p(cat) = −ln {probs[0]:.4f} = {loss:.2f}", color=ORANGE)
    bars = (BLUE, INK, INK)
    for ax, values, limits, colors in zip(
            axes, (scores, probs, gradient), ((-7.5, 7.5), (0, 1.4), (-1.9, 1.9)),
            (bars, bars, (PURPLE,) * 3), strict=True):
        ax.barh(_CLASSES, values, color=colors, height=0.55)
        ax.set(xlim=limits, ylim=(2.5, -0.5))
        ax.grid(False, axis="y")
        ax.tick_params(axis="y", length=0)
        ax.axvline(0, color=INK, linewidth=0.8)
        for row, value in enumerate(values):
            side = 1 if value >= 0 else -1
            ax.text(value + side * 0.02 * (limits[1] - limits[0]), row, _minus(value),
                    va="center", ha="left" if side > 0 else "right")
    return fig


def _vanishing(logit, target):
    z = np.array([float(logit)])
    y = np.array([target])
    p = _sigmoid(z)

    def losses(z):
        y = np.full_like(z, target)
        return (ln.bce_with_logits(z, y, reduction="none"),
                ln.mse(_sigmoid(z), y, reduction="none"))

    def slopes(z):
        y, p = np.full_like(z, target), _sigmoid(z)
        # MSE sees p, so the chain rule brings in the slope of the sigmoid, p (1 − p).
        return (ln.bce_with_logits.grad(z, y, reduction="none"),
                ln.mse.grad(p, y, reduction="none") * p * (1 - p))

    (ce,), (mse,) = slopes(z)
    ratio = ce / mse
    fig, (top, bottom) = figure(
        2, 1, sharex=True, height=5.2, xlabel=["", "logit z"], ylabel=["loss", "gradient to z"],
        alt=f"At z = {_minus(logit, 1)}, p = {p[0]:.4f} with the target {target:.0f}, the gradient"
            f" of cross-entropy is {_four(ce)} and that of MSE {_four(mse)}:"
            f" cross-entropy pulls {_four(ratio)} times as hard.")
    grid = np.linspace(-8, 8, 161)
    for ax, curves, dots in ((top, losses(grid), losses(z)), (bottom, slopes(grid), slopes(z))):
        zero(ax)
        for curve, dot, color in zip(curves, dots, (BLUE, ORANGE), strict=True):
            ax.plot(grid, curve, color=color)
            ax.plot(z, dot, "o", color=color, markersize=9, clip_on=False)
    top.set(xlim=(-8, 8), ylim=(-0.4, 9))
    bottom.set(ylim=(-1.25, 1.25))
    # The loss is high on one side, the gradient has one sign: the text goes where nothing is.
    side, height = ("right", "upper") if target else ("left", "lower")
    lines = [(f"cross-entropy {_four(ce)}", BLUE), (f"MSE {_four(mse)}", ORANGE),
             (f"ratio {_four(ratio)}", INK)]
    note(top, f"z = {_minus(logit, 1)}, p = {p[0]:.4f}", loc=f"upper {side}")
    label(top, 7.6 if target else -7.6, 7.4, "cross-entropy", BLUE, ha=side)
    label(top, 7.6 if target else -7.6, 6.6, "MSE of p", ORANGE, ha=side)
    for row, (text, color) in enumerate(lines):
        y = (1.12 if height == "upper" else -0.62) - 0.25 * row
        label(bottom, 7.6 if target else -7.6, y, text, color, ha=side, va="center")
    return fig


def _sigmoid(z):
    return 1 / (1 + np.exp(-z))


def _grid(low, high, count):
    """Return evenly spaced values without the last digits of binary fractions."""
    return [float(v) for v in np.linspace(low, high, count).round(6)]


def _minus(value, digits=2):
    """Write a number with a real minus sign, and no minus before zero."""
    text = f"{value:.{digits}f}"
    return text.replace("-", "−") if float(text) else text.lstrip("-")


def _four(value):
    """Write four significant digits, however small the number is."""
    text = np.format_float_positional(value, precision=4, fractional=False, trim="-")
    return text.replace("-", "−")


def _signed(value):
    return f"{'−' if value < 0 else '+'} {abs(value):.2f}"


def _beside(ax, rows):
    """Write labels at the right of the axes, at the height of their values where there is room."""
    low, high = ax.get_ylim()
    gap = (high - low) / 11
    rows = sorted(rows, key=lambda row: row[0])
    heights = np.clip([value for value, _, _ in rows], low, high)
    # Neighbours that overlap push each other apart by half of what is missing.
    for _ in range(40):
        missing = np.maximum(gap - np.diff(heights), 0) / 2
        heights[1:] += missing
        heights[:-1] -= missing
        heights = np.clip(heights, low, high)
    for (_, text, color), height in zip(rows, heights, strict=True):
        label(ax, 1.02, height, text, color, transform=ax.get_yaxis_transform(), va="center")
