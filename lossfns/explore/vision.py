"""Pictures of chapter 9's pages on vision: the chapter computes, these functions draw."""

import numpy as np
from matplotlib.patches import Rectangle

from .style import BLUE, FAINT, INK, OLIVE, ORANGE, PLUM, PURPLE, figure

_COLOURS = (INK, ORANGE, PURPLE, BLUE, OLIVE, PLUM)
_LINES = ("-", "--", "-.", ":", "-", "--")


def pairs_of_boxes(pairs, *, columns=4, hull=False):
    """A predicted and a true box a panel: `{title: (predicted, true)}`, as corners.

    With `hull`, the smallest box around both is dashed.
    """
    rows = -(-len(pairs) // columns)
    fig, axes = figure(
        rows,
        columns,
        width=1.85 * columns,
        height=2.1 * rows + 0.1,
        squeeze=False,
        sharex=True,
        sharey=True,
    )
    for ax in axes.flat[len(pairs) :]:
        ax.set_axis_off()
    for i, (title, (pred, true)) in enumerate(pairs.items()):
        ax = axes.flat[i]
        _box(ax, true, ORANGE, fill=0.3)
        _box(ax, pred, BLUE, fill=0.2)
        if hull:
            around = [*np.minimum(pred, true)[:2], *np.maximum(pred, true)[2:]]
            _box(ax, around, INK, linestyle="--")
        ax.set_title(title, fontweight="normal")
        ax.autoscale_view()
        _bare(ax)
    first = axes.flat[0]
    first.plot([], [], color=BLUE, linewidth=3, label="predicted")
    first.plot([], [], color=ORANGE, linewidth=3, label="true")
    fig.legend(
        *first.get_legend_handles_labels(),
        loc="outside lower center",
        ncols=2,
        frameon=False,
        labelcolor=INK,
        fontsize=fig.font_size,
    )
    return fig


def ways_of_boxes(ways, true, *, at):
    """The way of one box under each loss: `{name: boxes of every step}`, some steps drawn."""
    fig, axes = figure(
        1,
        len(ways),
        width=2.3 * len(ways),
        height=2.5,
        title=list(ways),
        sharex=True,
        sharey=True,
        squeeze=False,
    )
    for ax, way in zip(axes[0], ways.values(), strict=True):
        _box(ax, true, ORANGE, fill=0.3)
        for step in at:
            _box(ax, way[step], BLUE, linestyle=":" if step == at[0] else "-")
        centres = (way[:, :2] + way[:, 2:]) / 2
        ax.plot(*centres.T, color=PURPLE, linewidth=1.4)
        ax.plot(*centres[-1], "o", color=PURPLE, markersize=5)
        ax.autoscale_view()
        _bare(ax)
    return fig


def curves(x, lines, *, xlabel, ylabel, ylim=None, yscale="linear", columns=3):
    """Lines over a common x, `{name: values}`; up to six, told apart by colour and dashes."""
    fig, ax = figure(width=5.8, height=3.5, xlabel=xlabel, ylabel=ylabel)
    for i, (name, values) in enumerate(lines.items()):
        ax.plot(x, values, _LINES[i], color=_COLOURS[i], label=name)
    ax.set_yscale(yscale)
    if ylim:
        ax.set_ylim(ylim)
    fig.legend(
        *ax.get_legend_handles_labels(),
        loc="outside upper center",
        ncols=columns,
        frameon=False,
        labelcolor=INK,
        fontsize=fig.font_size,
    )
    return fig


def edges(panels):
    """Rows of pixels above what is said of an edge in each: `{title: (pixels, probs, places)}`.

    `probs` are those of the bins 0, 1, …; `places` are where the edge may be, dotted.
    """
    fig, axes = figure(
        2,
        len(panels),
        width=3.4 * len(panels),
        height=4.2,
        sharex=True,
        sharey="row",
        squeeze=False,
    )
    for (above, below), (title, (pixels, probs, places)) in zip(
        axes.T, panels.items(), strict=True
    ):
        above.bar(np.arange(len(pixels)) + 0.5, pixels, 0.96, color=FAINT)
        below.bar(np.arange(len(probs)), probs, 0.8, color=BLUE)
        for ax in (above, below):
            for place in places:
                ax.axvline(place, color=ORANGE, linewidth=2, linestyle=":")
        above.set_title(title)
        below.set_xlabel("place, in pixels")
        above.set_ylim(-0.25, 1.35)
    axes[0, 0].set_ylabel("darkness")
    axes[1, 0].set_ylabel("probability")
    return fig


def detections(panels):
    """Pictures with true boxes and what a detector says: `{title: (picture, found, corners)}`.

    `found` holds (score, name, corners), `corners` the true boxes.
    """
    fig, axes = figure(1, len(panels), width=2.4 * len(panels), height=2.9, squeeze=False)
    for ax, (title, (picture, found, corners)) in zip(axes[0], panels.items(), strict=True):
        side = len(picture)
        ink = np.zeros((side, side, 4))
        ink[..., :3] = [int(INK[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        ink[..., 3] = np.clip(np.asarray(picture, dtype=float), 0, 1) * 0.6
        ax.imshow(ink, interpolation="nearest", extent=(0, side, side, 0))
        for box in corners:
            _box(ax, box, ORANGE, linestyle=":")
        written = []
        for score, name, box in found:
            _box(ax, box, BLUE)
            # A second name of one thing goes below its box.
            taken = any(
                abs(box[0] - x) < side / 4 and abs(box[1] - y) < side / 8 for x, y in written
            )
            written.append((box[0], box[1]))
            ax.text(
                box[0],
                box[3] + 2.4 if taken else box[1] - 0.6,
                f"{name} {score:.2f}",
                color=BLUE,
                fontweight="bold",
                fontsize=fig.font_size - 3,
            )
        ax.set_title(title, fontweight="normal")
        ax.set(xlim=(0, side), ylim=(side, 0))
        _bare(ax)
    return fig


def _box(ax, corners, colour, *, fill=0.0, linestyle="-"):
    x1, y1, x2, y2 = corners
    area = Rectangle((x1, y1), x2 - x1, y2 - y1, facecolor=colour, alpha=fill, linewidth=0)
    edge = Rectangle(
        (x1, y1),
        x2 - x1,
        y2 - y1,
        facecolor="none",
        edgecolor=colour,
        linewidth=1.8,
        linestyle=linestyle,
    )
    for patch in (area, edge) if fill else (edge,):
        ax.add_patch(patch)


def _bare(ax):
    ax.set(xticks=(), yticks=(), aspect="equal")
    ax.grid(False)
    ax.spines[:].set_visible(True)
    ax.spines[:].set_color(FAINT)
