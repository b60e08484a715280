"""Pictures of chapter 9 about several tasks: the pages compute, these functions draw."""

import numpy as np

from .style import BLUE, CYCLE, FAINT, INK, LINES, MARKERS, ORANGE, PURPLE, figure, label


def turned(images, digits, turns):
    """A row of images of 8 × 8 pixels, with the digit and the turn that are to be told."""
    fig, axes = figure(1, len(images), width=7.2, height=1.7)
    for ax, image, digit, turn in zip(axes, images, digits, turns, strict=True):
        ax.imshow(np.asarray(image).reshape(8, 8), cmap="Greys", vmin=0, vmax=1)
        ax.set_title(f"{int(digit)}, {float(turn):+.0f}°", fontweight="normal", loc="center")
        ax.set_axis_off()
    return fig


def trade_off(lams, right, off, marks):
    """What each task gets over λ: a line a seed, one panel for each task.

    Arguments
        lams: the weights of the second task.
        right, off: shape (λs, seeds): the share of the digits, and the error in degrees.
        marks: `{text: λ}`, as dotted lines.
    """
    fig, (top, low) = figure(
        2,
        1,
        width=6.4,
        height=4.8,
        sharex=True,
        xlabel=["", "λ, in 1/degree²"],
        ylabel=["digits right", "error of the turn, °"],
    )
    for ax, values, color in ((top, right, BLUE), (low, off, ORANGE)):
        for seed, line in enumerate(np.asarray(values).T):
            ax.plot(
                lams,
                line,
                LINES[seed],
                color=color,
                marker=MARKERS[seed],
                markersize=4,
                linewidth=1.6,
            )
        for lam in marks.values():
            ax.axvline(lam, color=INK, linestyle=":", linewidth=1.4)
    for text, lam in marks.items():
        top.text(lam * 0.8, 0.05, text, ha="right")
    top.set(xscale="log", ylim=(0, 1))
    low.set(ylim=(0, None))
    return fig


def paths(curves, aims, *, names):
    """Log-variances in the course of training: a panel for each of `{title: (steps, tasks)}`.

    Arguments
        aims: `{title: (steps, tasks)}`, where each would be best at that moment.
        names: of the tasks.
    """
    fig, axes = figure(
        1,
        len(curves),
        width=7.2,
        height=3.3,
        title=list(curves),
        xlabel="step",
        ylabel=["log-variance s"] + [""] * (len(curves) - 1),
        sharey=True,
    )
    for ax, title in zip(axes, curves, strict=True):
        for k, name in enumerate(names):
            ax.plot(aims[title][:, k], color=CYCLE[k], linewidth=5, alpha=0.3)
            ax.plot(curves[title][:, k], LINES[k], color=CYCLE[k])
            if ax is axes[-1]:
                label(ax, len(curves[title]) * 0.45, aims[title][:, k].mean() + 0.4, name, CYCLE[k])
    return fig


def surgery(g1, g2, h1, h2):
    """Two gradients before and after each lost what it had against the other, and both sums."""
    fig, axes = figure(1, 2, width=7.0, height=3.8, title=["as they are", "after PCGrad"])
    for ax, one, other, names in zip(
        axes, (g1, h1), (g2, h2), (("g₁", "g₂"), ("h₁", "h₂")), strict=True
    ):
        if ax is axes[1]:
            for vector in (g1, g2):
                ax.annotate("", vector, (0, 0), arrowprops={"color": FAINT, "lw": 2})
        for vector, name, color, side in (
            (one, names[0], BLUE, 0.06),
            (other, names[1], ORANGE, 0),
            (one + other, "sum", INK, 0),
        ):
            ax.annotate("", vector, (0, 0), arrowprops={"color": color, "lw": 2.4})
            label(
                ax,
                vector[0] + 0.07 - 0.3 * (vector[0] < -0.1),
                vector[1] + side + 0.05,
                name,
                color,
            )
        ax.set(xlim=(-1.5, 1.6), ylim=(-0.4, 2.5))
        ax.set_aspect("equal")
    return fig


def cosines(curves):
    """The cosine of two gradients in the course of training: `{name: values}`."""
    fig, ax = figure(width=6.2, height=3.3, xlabel="step", ylabel="cosine of the two gradients")
    ax.axhline(0, color=INK, linewidth=1)
    for i, (name, values) in enumerate(curves.items()):
        ax.plot(values, LINES[i], color=CYCLE[i], linewidth=1.6, label=name)
    ax.set(ylim=(-1, 1))
    ax.legend(loc="upper right")
    return fig


def methods(results):
    """For each method its seeds: digits right across, error of the turn upwards, lower is better.

    Arguments
        results: `{method: array of shape (seeds, 2)}`, the share of the digits and the error.
    """
    fig, ax = figure(width=6.4, height=4.0, xlabel="digits right", ylabel="error of the turn, °")
    for i, (name, values) in enumerate(results.items()):
        right, off = np.asarray(values).T
        ax.plot(
            right,
            off,
            "osD^vPX*"[i],
            color=(INK, *CYCLE, BLUE, ORANGE)[i],
            markersize=8,
            label=name,
            linestyle="none",
            markerfacecolor="none" if i > 4 else None,
        )
    fig.legend(
        *ax.get_legend_handles_labels(),
        loc="outside upper center",
        ncols=2,
        frameon=False,
        labelcolor=INK,
        fontsize=fig.font_size,
    )
    return fig


def lopsided(errors, values, slopes):
    """A loss that is steeper on the left, above its gradient."""
    fig, (top, low) = figure(
        2,
        1,
        width=6.2,
        height=4.4,
        sharex=True,
        xlabel=["", "error: prediction − target"],
        ylabel=["loss", "gradient"],
    )
    top.plot(errors, values, color=ORANGE)
    low.plot(errors, slopes, color=PURPLE)
    low.axhline(0, color=INK, linewidth=1)
    top.set(ylim=(0, None))
    label(top, -115, float(values.max()) * 0.78, "too low", INK, ha="left")
    label(top, 50, float(values.max()) * 0.42, "too high", INK)
    return fig
