"""Pictures of an argument rather than of a function: triangles, graphs, bars, bells over x."""

import numpy as np

from .style import BLUE, CYCLE, FAINT, INK, ORANGE, PURPLE, figure, label


def cancelling_factors():
    """From the logit to the loss and back: the two factors of the chain rule that cancel."""
    fig, ax = figure(width=6.2, height=2.7)
    ax.set(xlim=(0, 10), ylim=(0, 4.4))
    ax.set_axis_off()
    box = {"boxstyle": "round,pad=0.5", "facecolor": "none"}
    for x, text, colour in ((1.2, "logit z", INK), (5, "p = σ(z)", BLUE), (8.8, "loss L", ORANGE)):
        ax.text(
            x, 3.7, text, ha="center", va="center", color=colour, bbox=box | {"edgecolor": colour}
        )
    for start, end in ((2.2, 3.8), (6.2, 7.8)):
        ax.annotate("", (end, 3.7), (start, 3.7), arrowprops={})
        ax.annotate("", (start, 2.75), (end, 2.75), arrowprops={"color": PURPLE})
    for x, text in ((3, "∂p/∂z"), (7, "∂L/∂p")):
        ax.text(x, 2.25, text, ha="center", va="center")
    large = {"ha": "center", "va": "center", "fontsize": fig.font_size + 2}
    ax.text(3, 1.45, "p (1 − p)", color=PURPLE, **large)
    ax.text(7, 1.72, "p − y", color=PURPLE, **large)
    ax.plot([6.1, 7.9], [1.35, 1.35], color=PURPLE, linewidth=1.4)
    ax.text(7, 0.95, "p (1 − p)", color=PURPLE, **large)
    for x, y in ((3, 1.45), (7, 0.95)):
        ax.plot([x - 1, x + 1], [y - 0.22, y + 0.22], color=ORANGE, linewidth=2)
    label(ax, 5, 0.25, "together: ∂L/∂z = p − y", PURPLE, ha="center", va="center")
    ax.text(5, 1.45, "×", **large)
    return fig


def stacked_costs(costs, *, xlabel, parts):
    """A bar a row, put together from parts: `{name: (first, second, …)}`."""
    fig, ax = figure(width=6.2, height=0.62 * len(costs) + 1.5, xlabel=xlabel)
    end = max(sum(values) for values in costs.values())
    for row, values in enumerate(costs.values()):
        left = 0.0
        for value, colour, hatch in zip(
            values, (BLUE, ORANGE, PURPLE), ("", "//", ".."), strict=False
        ):
            ax.barh(
                -row,
                value,
                left=left,
                height=0.6,
                facecolor=colour + "66",
                hatch=hatch,
                edgecolor=colour,
                linewidth=1.2,
            )
            left += value
        ax.text(left + 0.012 * end, -row, f"{left:.3f}", va="center")
    ax.set(xlim=(0, 1.16 * end), ylim=(0.5 - len(costs), 1.05))
    ax.set_yticks(range(0, -len(costs), -1), list(costs))
    ax.grid(False, axis="y")
    edge = 0.0
    for part, value, colour in zip(
        parts, list(costs.values())[-1], (BLUE, ORANGE, PURPLE), strict=False
    ):
        label(ax, edge, 0.55, part, colour, va="center")
        edge += value
    return fig


def shares(groups, categories, *, ylabel, xlabel="", ylim=None, level=None):
    """Bars side by side for every category: `{name: values}`; a dotted line at `level`."""
    fig, ax = figure(width=6.2, height=3.3, xlabel=xlabel, ylabel=ylabel)
    width = 0.8 / len(groups)
    at = np.arange(len(categories))
    for i, (name, values) in enumerate(groups.items()):
        offset = (i - (len(groups) - 1) / 2) * width
        ax.bar(
            at + offset,
            values,
            0.88 * width,
            color=CYCLE[i],
            label=name,
            hatch=("", "//", "..", "xx")[i % 4],
            edgecolor=CYCLE[i],
            facecolor=CYCLE[i] + "99",
            linewidth=1.2,
        )
    ax.set_xticks(at, categories)
    ax.grid(False, axis="x")
    if ylim:
        ax.set_ylim(*ylim)
    if level is not None:
        ax.axhline(level, color=INK, linewidth=1.2, linestyle=":")
    if len(groups) > 1:
        fig.legend(
            *ax.get_legend_handles_labels(),
            loc="outside upper center",
            ncols=min(len(groups), 3),
            frameon=False,
            labelcolor=INK,
            fontsize=fig.font_size,
        )
    return fig


def right_triangle(explained, residual):
    """Pythagoras for a fit: the mean, the fit and the targets as corners, drawn to scale."""
    base, height = np.sqrt(explained), np.sqrt(residual)
    fig, ax = figure(width=5.2, height=4.2)
    ax.set_axis_off()
    ax.set_aspect("equal")
    ax.fill([0, base, base], [0, 0, height], color=FAINT, linewidth=0)
    ax.plot([0, base], [0, 0], color=BLUE)
    ax.plot([base, base], [0, height], color=ORANGE)
    ax.plot([0, base], [0, height], color=INK)
    corner = 0.06 * base
    ax.plot([base - corner, base - corner, base], [0, corner, corner], color=INK, linewidth=1)
    ax.plot([0, base, base], [0, 0, height], "o", color=INK)
    gap = 0.05 * base
    ax.text(-gap, -gap, "the mean,\nfor everybody", ha="center", va="top")
    ax.text(base, -gap, "the fit", ha="center", va="top")
    ax.text(base, height + gap, "the targets", ha="center", va="bottom")
    label(ax, base / 2, -gap, f"{base:.1f}", BLUE, ha="center", va="top")
    label(ax, base + gap, height / 2, f"{height:.1f}\nresidual", ORANGE, va="center")
    ax.text(base / 2 - gap, height / 2 + gap, f"{np.hypot(base, height):.1f}", ha="right")
    ax.set(xlim=(-0.4 * base, 1.6 * base), ylim=(-0.32 * base, height + 0.2 * base))
    return fig


def densities_over_x(x, targets, curve, bells, *, xlabel, ylabel, name, discrete=False):
    """A fit over x, and the distribution of the target that it stands for, at some places.

    `bells` are `(x, y, density)` each: drawn sideways, from the place to the right.
    """
    fig, ax = figure(width=5.6, height=3.7, xlabel=xlabel, ylabel=ylabel)
    ax.plot(x, targets, ".", color=FAINT, markersize=5)
    order = np.argsort(curve[0])
    ax.plot(curve[0][order], curve[1][order], color=BLUE, label=name)
    room = 0.16 * np.ptp(x)
    top = max(density.max() for _, _, density in bells)
    for place, y, density in bells:
        reach = place + room * density / top
        ax.axvline(place, color=INK, linewidth=0.8, linestyle=":")
        if discrete:
            ax.hlines(y, place, reach, color=ORANGE, linewidth=2.5)
        else:
            ax.fill_betweenx(y, place, reach, color=ORANGE, alpha=0.25, linewidth=0)
            ax.plot(reach, y, color=ORANGE)
    ax.legend(loc="upper left")
    return fig
