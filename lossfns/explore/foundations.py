"""Pictures of chapter 1, Foundations. The chapter computes the numbers; these functions draw them.

The four that an explorer redraws (`regularised_fit`, `descent`, `pulls`, `coin_likelihood`) compute
what depends on their control themselves.
"""

import numpy as np

from .style import BLUE, FAINT, INK, OLIVE, ORANGE, PLUM, PURPLE, figure, label, note


def metric_and_loss(threshold, accuracy, loss, *, window):
    """Accuracy and loss over a threshold, and both again within `window` = (low, high)."""
    fig, axes = figure(
        2,
        2,
        width=6.4,
        height=4.4,
        xlabel=["", "", "threshold", "threshold"],
        ylabel=["accuracy", "", "loss", ""],
        title=["all thresholds", "a window of them", "", ""],
    )
    inside = (threshold >= window[0]) & (threshold <= window[1])
    for row, values, colour in ((0, accuracy, BLUE), (1, loss, ORANGE)):
        axes[row, 0].plot(threshold, values, color=colour)
        axes[row, 0].axvspan(*window, color=FAINT, linewidth=0)
        axes[row, 1].plot(threshold[inside], values[inside], color=colour)
        best = np.argmax(values) if row == 0 else np.argmin(values)
        axes[row, 0].plot(threshold[best], values[best], "o", color=colour)
    return fig


def regularised_fit(log10_lambda, x, y, x_new, y_new, *, degree=9):
    """A polynomial fitted with strength 10^log10_lambda, and both risks over all strengths."""
    grid = np.linspace(-1, 1, 201)
    strengths = np.linspace(-8, 1, 46)
    risks = np.array([_risks(10.0**s, x, y, x_new, y_new, degree) for s in strengths])
    fit = _ridge(10.0**log10_lambda, x, y, degree)
    training, held_out = _risks(10.0**log10_lambda, x, y, x_new, y_new, degree)
    fig, (upper, lower) = figure(
        2,
        1,
        width=5.6,
        height=5.0,
        xlabel=["x", "log$_{10}$ λ"],
        ylabel=["y", "MSE"],
        alt=f"With λ = 10^{log10_lambda:g} the curve has training risk {training:.3f} and "
        f"held-out risk {held_out:.3f}.",
    )
    upper.plot(x, y, "o", color=INK)
    upper.plot(grid, _powers(grid, degree) @ fit, color=BLUE)
    upper.set_ylim(-2, 2)
    lower.plot(strengths, risks[:, 0], color=BLUE, linestyle="--")
    lower.plot(strengths, risks[:, 1], color=ORANGE)
    lower.plot(log10_lambda, training, "o", color=BLUE)
    lower.plot(log10_lambda, held_out, "o", color=ORANGE)
    lower.set_yscale("log")
    label(lower, 0.26, 0.2, "training", BLUE, transform=lower.transAxes)
    label(lower, 0.36, 0.66, "held out", ORANGE, transform=lower.transAxes)
    note(upper, f"λ = $10^{{{log10_lambda:g}}}$")
    return fig


def _powers(x, degree):
    return np.asarray(x)[:, None] ** np.arange(degree + 1)


def _ridge(strength, x, y, degree):
    features = _powers(x, degree)
    penalty = strength * np.diag([0.0] + [1.0] * degree)
    gram = features.T @ features / len(x) + penalty
    return np.linalg.solve(gram, features.T @ y / len(x))


def _risks(strength, x, y, x_new, y_new, degree):
    fit = _ridge(strength, x, y, degree)
    return tuple(np.mean((_powers(u, degree) @ fit - v) ** 2) for u, v in ((x, y), (x_new, y_new)))


def loop():
    """Forward, loss, backward, update as a circle of four stages."""
    fig, ax = figure(width=7.2, height=1.9)
    ax.set_axis_off()
    ax.set(xlim=(0, 100), ylim=(2, 27))
    stages = (
        ("forward", "parameters → predictions", BLUE),
        ("loss", "predictions → one number", ORANGE),
        ("backward", "number → gradient", PURPLE),
        ("update", "gradient → new parameters", OLIVE),
    )
    for i, (name, what, colour) in enumerate(stages):
        x = 12.5 + 25 * i
        label(ax, x, 23, f"{i + 1} {name}", colour, ha="center", size=15)
        ax.text(x, 17, what.replace(" → ", " →\n"), ha="center", va="top", size=12)
        if i < 3:
            ax.annotate("", (x + 15, 20), (x + 10.5, 20), arrowprops={})
    ax.annotate(
        "",
        (12.5, 7),
        (87.5, 7),
        arrowprops={"connectionstyle": "bar,fraction=-0.06", "color": INK},
    )
    ax.text(50, 4.5, "again, until the loss stops falling", ha="center", size=12)
    return fig


def difference_error(step, errors):
    """The error of a finite-difference gradient over the step: median and middle 80 % of rows."""
    fig, ax = figure(
        xlabel="step h",
        ylabel="error of the estimate",
    )
    ax.fill_between(step, *np.quantile(errors, [0.1, 0.9], axis=0), color=PURPLE, alpha=0.25)
    ax.loglog(step, np.median(errors, axis=0), "o-", color=PURPLE)
    note(ax, "rounding\ndominates", loc="lower left")
    note(ax, "curvature\ndominates", loc="lower right")
    return fig


def convex_in_what():
    """One squared error, three variables: convex, then not, then not."""
    fig, axes = figure(
        1,
        3,
        width=7.6,
        height=2.9,
        ylabel=["squared error", "", ""],
        xlabel=["prediction ŷ", "logit z", "weights u = v = t"],
        title=["ŷ itself", "ŷ = σ(z)", "ŷ = v·u·x"],
    )
    t = np.linspace(-1, 3, 201)
    axes[0].plot(t, (t - 1) ** 2, color=ORANGE)
    z = np.linspace(-8, 8, 201)
    axes[1].plot(z, (1 / (1 + np.exp(-z)) - 1) ** 2, color=ORANGE)
    w = np.linspace(-1.45, 1.45, 201)
    axes[2].plot(w, (w**2 - 1) ** 2, color=ORANGE)
    chords = (
        ((-0.6, 2.6), lambda u: (u - 1) ** 2),
        ((-7, 1.5), lambda u: (1 / (1 + np.exp(-u)) - 1) ** 2),
        ((-1, 1), lambda u: (u**2 - 1) ** 2),
    )
    for ax, (ends, f) in zip(axes, chords, strict=True):
        ends = np.array(ends)
        ax.plot(ends, f(ends), "o--", color=BLUE, linewidth=1.6)
    return fig


def robust_in_what(cases):
    """Lines fitted by MSE and MAE; `cases` are (title, x, y, line by MSE, line by MAE)."""
    fig, axes = figure(
        1,
        len(cases),
        width=7.6,
        height=3.0,
        xlabel="x",
        ylabel=["y"] + [""] * (len(cases) - 1),
        title=[case[0] for case in cases],
        sharey=True,
    )
    for ax, (_, x, y, by_mse, by_mae) in zip(axes, cases, strict=True):
        ends = np.array([-1.0, max(x.max(), 6.5) + 1])
        ax.plot(x, y, "o", color=INK, zorder=3)
        ax.plot(ends, np.polyval(by_mse, ends), color=ORANGE)
        ax.plot(ends, np.polyval(by_mae, ends), color=BLUE, linestyle="--")
    axes[0].plot([], [], color=ORANGE, label="MSE")
    axes[0].plot([], [], color=BLUE, linestyle="--", label="MAE")
    axes[0].legend(loc="upper left")
    return fig


def sum_and_mean(histories):
    """Loss per step; `histories` maps (reduction, batch size) to the mean loss at each step."""
    fig, axes = figure(
        1,
        2,
        height=3.2,
        xlabel="step",
        ylabel=["mean loss per item", ""],
        sharey=True,
        title=['reduction="mean"', 'reduction="sum"'],
    )
    styles = {0: (BLUE, "-"), 1: (PLUM, "--"), 2: (ORANGE, ":")}
    for ax, reduction in zip(axes, ("mean", "sum"), strict=True):
        runs = [(n, h) for (r, n), h in histories.items() if r == reduction]
        for i, (n, history) in enumerate(runs):
            colour, line = styles[i]
            ax.plot(history, color=colour, linestyle=line, label=f"n = {n}")
        ax.set_yscale("log")
    axes[0].set_ylim(5e-3, 1e6)
    axes[0].legend(loc="upper right")
    return fig


def logit_scale(marks):
    """The sigmoid, with some logits and their probabilities marked."""
    z = np.linspace(-7, 7, 281)
    fig, ax = figure(
        width=6.2,
        xlabel="logit z = ln(p / (1 − p))",
        ylabel="probability p = σ(z)",
    )
    ax.plot(z, 1 / (1 + np.exp(-z)), color=BLUE)
    marks = np.asarray(marks, float)
    p = 1 / (1 + np.exp(-marks))
    ax.vlines(marks, 0, p, color=FAINT, linewidth=1)
    ax.hlines(p, -7, marks, color=FAINT, linewidth=1)
    ax.plot(marks, p, "o", color=BLUE)
    ax.set(xlim=(-7, 7), ylim=(0, 1.03), xticks=marks)
    return fig


def coin_likelihood(flips, *, heads=0.7):
    """The likelihood of a coin's bias and its mean negative logarithm, after `flips` flips."""
    p = np.linspace(0.01, 0.99, 197)
    up = round(heads * flips)
    with np.errstate(under="ignore"):
        likelihood = p**up * (1 - p) ** (flips - up)
    nll = -(up * np.log(p) + (flips - up) * np.log1p(-p)) / flips
    peak = likelihood.max()
    fig, (top, bottom) = figure(
        2,
        1,
        width=6.2,
        height=4.4,
        sharex=True,
        xlabel=["", "probability of heads p"],
        ylabel=["likelihood", "−log likelihood ∕ n"],
        alt=f"After {flips} flips the likelihood peaks at {peak:.1e}; its negative logarithm, "
        f"divided by n, always has its minimum {nll.min():.3f} at p = {p[nll.argmin()]:.1f}.",
    )
    top.plot(p, likelihood, color=BLUE)
    bottom.plot(p, nll, color=ORANGE)
    for ax in (top, bottom):
        ax.axvline(p[nll.argmin()], color=INK, linestyle="--", linewidth=1)
    if peak == 0:
        top.set_ylim(-0.05, 1)
        note(top, f"n = {flips}: the product is 0 for every p", loc="upper left")
    else:
        top.set_ylim(0, 1.35 * peak)
        note(top, f"n = {flips}, peak {peak:.1e}", loc="upper left")
    # A fixed label format: otherwise the axis says 1e-6 in a corner of its own.
    top.set_yticks([])
    note(bottom, f"minimum {nll.min():.3f} at p = {p[nll.argmin()]:.1f}", loc="upper right")
    bottom.set_ylim(0.4, 2.6)
    return fig


def families(sweeps):
    """Likelihood and loss over one parameter, from (title, name, grid, likelihood, loss) each."""
    fig, axes = figure(
        len(sweeps),
        2,
        width=6.2,
        height=7.6,
        title=["likelihood", "loss"] + [""] * (2 * len(sweeps) - 2),
        ylabel=[text for s in sweeps for text in (s[0], "")],
        xlabel=[s[1] for s in sweeps for _ in range(2)],
    )
    for (left, right), (_, _, grid, likelihood, loss) in zip(axes, sweeps, strict=True):
        left.plot(grid, likelihood / likelihood.max(), color=BLUE)
        right.plot(grid, loss, color=ORANGE)
        for ax in (left, right):
            ax.axvline(grid[np.argmin(loss)], color=INK, linestyle="--", linewidth=1)
            ax.set_yticks([])
    return fig


def predictions(target, predicted):
    """Predictions against held-out targets; `predicted` maps a loss's name to its predictions."""
    fig, axes = figure(
        1,
        len(predicted),
        width=7.6,
        height=3.2,
        sharex=True,
        sharey=True,
        xlabel="target",
        ylabel=["prediction"] + [""] * (len(predicted) - 1),
        title=list(predicted),
    )
    ends = [target.min(), target.max()]
    for ax, values in zip(axes, predicted.values(), strict=True):
        ax.plot(target, values, ".", color=BLUE, alpha=0.7)
        ax.plot(ends, ends, color=INK, linestyle="--", linewidth=1.2)
    return fig


def gallery(images, captions):
    """A row of grey-scale pictures with a caption under each."""
    fig, axes = figure(1, len(images), width=7.6, height=1.9)
    for ax, image, caption in zip(axes, images, captions, strict=True):
        ax.imshow(image, cmap="gray_r")
        ax.set(xticks=[], yticks=[])
        ax.grid(False)
        ax.set_xlabel(caption)
    return fig
