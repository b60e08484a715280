"""Pictures of the language pages of chapter 9: the chapter computes, these functions draw."""

import numpy as np

from .style import BLUE, CYCLE, INK, LINES, MARKERS, ORANGE, figure, label


def curves(x, series, *, xlabel, ylabel, levels=None, bottom=None, top=None):
    """Lines over a common x, `{name: values}`, each named at its end, above dotted levels.

    Arguments
        levels: `{name: value}`, what the lines are to be compared with.
        bottom, top: ends of the y axis.
    """
    fig, ax = figure(width=6.2, height=3.6, xlabel=xlabel, ylabel=ylabel)
    span = x[-1] - x[0]
    for name, value in (levels or {}).items():
        ax.axhline(value, color=INK, linewidth=1.2, linestyle=":")
        ax.text(x[-1] + 0.42 * span, value, name, va="bottom", ha="right")
    for i, values in enumerate(series.values()):
        ax.plot(x, values, LINES[i % 4], color=CYCLE[i])
    ax.set_ylim(bottom, top)
    ends = _apart([values[-1] for values in series.values()], 0.075 * np.ptp(ax.get_ylim()))
    for i, (name, at) in enumerate(zip(series, ends, strict=True)):
        label(ax, x[-1] + 0.04 * span, at, name, CYCLE[i], va="center")
    ax.set_xlim(x[0], x[-1] + 0.42 * span)
    return fig


def bars(names, values, *, xlabel="", ylabel=""):
    """A bar for each name."""
    fig, ax = figure(width=6.2, height=3.0, xlabel=xlabel, ylabel=ylabel)
    ax.bar(range(len(values)), values, 0.72, color=BLUE)
    ax.set_xticks(range(len(names)), names)
    ax.grid(False, axis="x")
    return fig


def places(names, losses, *, best):
    """Losses at the places of a text, `{name: values}`, and the best possible ones as bars."""
    fig, ax = figure(width=6.2, height=3.4, ylabel="loss in nats")
    for i, (name, values) in enumerate(losses.items()):
        at = [k + 0.16 * (2 * i - 1) for k in range(len(values))]
        ax.hlines(
            best[name], [x - 0.14 for x in at], [x + 0.14 for x in at], color=INK, linewidth=2
        )
        ax.plot(at, values, MARKERS[i], color=CYCLE[i], markersize=8, label=name)
    ax.plot([], [], color=INK, linewidth=2, label="best possible")
    ax.set_xticks(range(len(names)), names)
    ax.set_ylim(0, 1.25 * max(max(values) for values in losses.values()))
    ax.grid(False, axis="x")
    ax.legend(loc="upper center", ncols=3)
    return fig


def surrogate(ratio, panels):
    """PPO's objective over the ratio, `{title: (unclipped, clipped)}`, a panel each."""
    fig, axes = figure(
        1,
        len(panels),
        width=7.2,
        height=3.0,
        xlabel="ratio r = π / π_old",
        ylabel=["objective"] + [""] * (len(panels) - 1),
        title=list(panels),
    )
    for ax, (plain, clipped) in zip(axes, panels.values(), strict=True):
        ax.plot(ratio, plain, "--", color=INK, linewidth=1.6)
        ax.plot(ratio, clipped, color=ORANGE, linewidth=3)
        ax.plot(1, plain[abs(ratio - 1).argmin()], "o", color=BLUE, markersize=8)
    return fig


def over_kl(kl, series, *, marks):
    """What a policy earns over its distance from the reference: `{name: values}`.

    Arguments
        kl: KL(policy ‖ reference), rising.
        marks: `{name: index}`, points to name on every line.
    """
    fig, ax = figure(
        width=6.2,
        height=3.8,
        xlabel="KL(policy ‖ reference) in nats",
        ylabel="mean over the policy's answers",
    )
    for i, (name, values) in enumerate(series.items()):
        ax.plot(kl, values, LINES[i], color=CYCLE[i])
        label(ax, kl[-1] + 0.3, values[-1], name, CYCLE[i], va="center")
        for at in marks.values():
            ax.plot(kl[at], values[at], "o", color=CYCLE[i], markersize=6)
    first = next(iter(series.values()))
    for name, at in marks.items():
        ax.text(kl[at] - 0.1, first[at] + 0.25, name, ha="right")
    ax.axhline(0, color=INK, linewidth=0.8)
    ax.set(xlim=(-1.2, kl[-1] * 1.35), ylim=(None, 1.12 * max(first)))
    return fig


def _apart(heights, gap):
    """The heights, moved up until each is at least `gap` above the next lower one."""
    moved = list(heights)
    order = np.argsort(heights, kind="stable")
    for lower, upper in zip(order[:-1], order[1:], strict=True):
        moved[upper] = max(moved[upper], moved[lower] + gap)
    return moved


def directions(degrees, measures, ends):
    """Two measures over the direction of a scorer, each in a panel, and where each loss ended.

    Arguments
        measures: `{name: values}`.
        ends: `{loss: degrees}`.
    """
    fig, axes = figure(
        len(measures),
        1,
        width=6.2,
        height=2.4 * len(measures) + 0.6,
        sharex=True,
        xlabel=["", "direction of the scorer in degrees"],
        ylabel=list(measures),
    )
    for ax, values in zip(axes, measures.values(), strict=True):
        ax.plot(degrees, values, color=INK, linewidth=1.8)
        for i, (name, at) in enumerate(ends.items()):
            ax.plot(
                at,
                np.interp(at, degrees, values),
                MARKERS[i],
                color=CYCLE[i],
                markersize=9,
                label=name,
            )
    fig.legend(
        *axes[0].get_legend_handles_labels(),
        loc="outside upper center",
        ncols=3,
        frameon=False,
        labelcolor=INK,
        fontsize=fig.font_size,
    )
    return fig
