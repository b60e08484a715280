"""Pictures of chapter 6, Contrastive and metric learning: the chapter computes, these draw.

The pictures of losses call `lossfns.numpy` themselves, so that what is drawn is what is taught.
"""

import numpy as np

import lossfns.numpy as ln

from .regression import value_and_slope
from .style import BLUE, CYCLE, FAINT, INK, LINES, OLIVE, ORANGE, PURPLE, figure, label, zero


def maps(embeddings, digits, *, circle=False):
    """Embeddings in two dimensions, a panel each: `{title: rows}`. Every dot is its own digit.

    The axes are equally long and have no numbers: what counts is who lies near whom.
    """
    columns = min(len(embeddings), 3)
    rows = -(-len(embeddings) // columns)
    width = 4.4 if columns == 1 else 7.2
    fig, axes = figure(
        rows, columns, width=width, height=rows * width / columns + 0.3 * rows, squeeze=False
    )
    digits = np.asarray(digits)
    for ax in axes.flat[len(embeddings) :]:
        ax.set_axis_off()
    for ax, (name, points) in zip(axes.flat, embeddings.items(), strict=False):
        points = np.asarray(points)
        if circle:
            points = points / np.linalg.norm(points, axis=1, keepdims=True)
        for k in np.unique(digits):
            ax.plot(
                *points[digits == k].T,
                linestyle="",
                marker=f"${k}$",
                markersize=6,
                color=CYCLE[k % 5],
                markeredgewidth=0.1,
            )
        ax.set_title(name)
        ax.set_aspect("equal", adjustable="datalim")
        _bare(ax)
    return fig


def pair_loss(margins):
    """The contrastive loss of an equal pair, and of unequal ones with several margins."""
    d = np.linspace(0, 3, 301)
    fig, ax = figure(xlabel="distance d of the pair", ylabel="loss")

    def losses(target, margin):
        rows = np.column_stack([d, 0 * d])
        return ln.contrastive(
            rows, 0 * rows, np.full(len(d), target), margin=margin, reduction="none"
        )

    ax.plot(d, losses(1, 1), color=BLUE)
    label(ax, 1.95, 2.3, "equal", BLUE, ha="right")
    for margin, line in zip(margins, LINES, strict=False):
        ax.plot(d, losses(0, margin), line, color=ORANGE)
        # Only the highest one has room for more than its margin.
        name = "unequal, " if margin == max(margins) else ""
        label(ax, 0.04, margin**2 / 2 + 0.06, f"{name}m = {margin:g}", ORANGE)
    ax.set(ylim=(0, 2.8), xlim=(0, 3))
    return fig


def triplet_over_negative(positive, margin):
    """Both triplet losses and their slopes over the distance of the negative."""
    far = np.linspace(0.01, 3, 600)
    curves = {}
    for name, squared in (("distances", False), ("squared distances", True)):
        rows = [np.column_stack([x, 0 * far]) for x in (0 * far, 0 * far + positive, far)]
        options = {"margin": margin, "squared": squared, "reduction": "none"}
        curves[name] = (
            ln.triplet(*rows, **options),
            ln.triplet.grad(*rows, **options, wrt="negative")[:, 0],
        )
    fig = value_and_slope(
        far, curves, xlabel="distance of the negative", ylabel="loss", gradient="slope"
    )
    for ax in fig.axes:
        ax.axvline(positive, color=INK, linewidth=1, linestyle=":")
    fig.axes[0].text(positive + 0.04, 1.4, "distance of the positive")
    return fig


def zones(positive, margin):
    """Where a negative is hard, semi-hard and easy for an anchor and its positive."""
    reach = 1.5 * (positive + margin)
    fig, ax = figure(width=4.6, height=4.4)
    turn = np.linspace(0, 2 * np.pi, 200)
    circle = np.column_stack([np.cos(turn), np.sin(turn)])
    ax.fill(*((positive + margin) * circle).T, facecolor=PURPLE + "33", edgecolor=PURPLE)
    ax.fill(*(positive * circle).T, facecolor=ORANGE + "55", edgecolor=ORANGE)
    ax.plot(0, 0, "o", color=INK, markersize=9)
    ax.plot(positive, 0, "s", color=BLUE, markersize=9)
    ax.text(0, -0.08 * reach, "anchor", ha="center", va="top")
    label(ax, positive + 0.04 * reach, 0, "positive", BLUE, va="center")
    label(ax, 0, 0.5 * positive, "hard", ORANGE, ha="center", va="center")
    label(ax, 0, positive + margin / 2, "semi-hard", PURPLE, ha="center", va="center")
    label(ax, 0, 1.22 * (positive + margin), "easy: costs nothing", OLIVE, ha="center", va="center")
    ax.set(xlim=(-reach, reach), ylim=(-reach, reach))
    ax.set_aspect("equal")
    _bare(ax)
    return fig


def lines(x, curves, *, xlabel, ylabel, log="", ylim=None, level=None):
    """Several curves over one x: `{name: y}`, or `{name: (x, y)}` with `x=None`.

    `log` names the logarithmic axes, as "x" or "xy"; `level` is a dotted line and what it means.
    """
    fig, ax = figure(width=5.8, height=3.5, xlabel=xlabel, ylabel=ylabel)
    for i, (name, y) in enumerate(curves.items()):
        at, values = y if x is None else (x, y)
        marker = "o" if len(at) < 12 else ""
        ax.plot(
            at,
            values,
            linestyle=LINES[i % 4],
            marker=marker,
            markersize=6,
            color=CYCLE[i % 5],
            label=name,
        )
    if "x" in log:
        ax.set_xscale("log")
    if "y" in log:
        ax.set_yscale("log")
    if level is not None:
        value, text = level
        ax.axhline(value, color=INK, linewidth=1.2, linestyle=":")
        ax.text(ax.get_xlim()[1], value, text, ha="right", va="bottom")
    if ylim:
        ax.set_ylim(*ylim)
    if len(curves) > 1:
        fig.legend(
            *ax.get_legend_handles_labels(),
            loc="outside upper center",
            ncols=min(len(curves), 3),
            frameon=False,
            labelcolor=INK,
            fontsize=fig.font_size,
        )
    return fig


def score_table(scores, *, rows, columns, row_name="query", column_name="key"):
    """A table of scores: the darker a cell, the larger; the cells of the diagonal are framed."""
    scores = np.asarray(scores, dtype=float)
    n, k = scores.shape
    fig, ax = figure(width=4.6, height=4.0, xlabel=column_name, ylabel=row_name)
    top = abs(scores).max()
    for i in range(n):
        for j in range(k):
            shade = scores[i, j] / top
            colour = BLUE if shade >= 0 else ORANGE
            ax.add_patch(_cell(j, i, colour, abs(shade) * 0.25))
            ax.text(j, i, f"{scores[i, j]:.2f}".replace("-", "−"), ha="center", va="center")
    for i in range(min(n, k)):
        ax.add_patch(_cell(i, i, "none", 1, edgecolor=INK, linewidth=2.2))
    ax.set(xlim=(-0.5, k - 0.5), ylim=(n - 0.5, -0.5))
    ax.set_xticks(range(k), columns)
    ax.set_yticks(range(n), rows)
    ax.grid(False)
    return fig


def mined(steps, shares):
    """How the triplets of a batch divide into hard, semi-hard and easy ones as training goes on."""
    fig, ax = figure(width=5.8, height=3.3, xlabel="step", ylabel="share of the triplets")
    colours = (ORANGE, PURPLE, OLIVE)
    below = np.zeros(len(steps))
    for (name, values), colour, hatch in zip(
        shares.items(), colours, ("//", "..", ""), strict=True
    ):
        above = below + np.asarray(values)
        ax.fill_between(
            steps,
            below,
            above,
            facecolor=colour + "66",
            edgecolor=colour,
            hatch=hatch,
            linewidth=1,
            label=name,
        )
        below = above
    ax.set(ylim=(0, 1), xlim=(steps[0], steps[-1]))
    fig.legend(
        *ax.get_legend_handles_labels(),
        loc="outside upper center",
        ncols=3,
        frameon=False,
        labelcolor=INK,
        fontsize=fig.font_size,
    )
    return fig


def margins_on_a_circle(curves):
    """The score of the right class over the angle to its prototype: `{name: scores}`."""
    degrees = np.linspace(0, 180, len(next(iter(curves.values()))))
    fig, ax = figure(
        width=5.8,
        height=3.4,
        xlabel="angle θ to the own prototype, degrees",
        ylabel="score of the right class",
    )
    for i, (name, values) in enumerate(curves.items()):
        ax.plot(degrees, values, LINES[i % 4], color=CYCLE[i % 5], label=name)
    zero(ax, x=False)
    ax.set_xticks(range(0, 181, 30))
    fig.legend(
        *ax.get_legend_handles_labels(),
        loc="outside upper center",
        ncols=4,
        frameon=False,
        labelcolor=INK,
        fontsize=fig.font_size,
        columnspacing=1.0,
        handlelength=1.6,
    )
    return fig


def correlations(matrices):
    """Correlations of the dimensions of an embedding with each other: `{title: matrix}`."""
    fig, axes = figure(1, len(matrices), height=2.8, title=list(matrices), squeeze=False)
    for ax, matrix in zip(axes.flat, matrices.values(), strict=True):
        n = len(matrix)
        for i in range(n):
            for j in range(n):
                colour = BLUE if matrix[i, j] >= 0 else ORANGE
                ax.add_patch(_cell(j, i, colour, min(abs(matrix[i, j]), 1.0)))
        ax.set(xlim=(-0.5, n - 0.5), ylim=(n - 0.5, -0.5), xticks=[], yticks=[])
        ax.set_aspect("equal")
        ax.grid(False)
    return fig


def views_of(images, again):
    """Digits above, and below each another view of it."""
    fig, axes = figure(2, len(images), height=2.5)
    for row, pictures in zip(axes, (images, again), strict=True):
        for ax, picture in zip(row, pictures, strict=True):
            # Transparent where the paper is white, so that it sits on a dark page as well.
            ink = np.zeros((8, 8, 4))
            ink[..., :3] = [int(INK[i : i + 2], 16) / 255 for i in (1, 3, 5)]
            ink[..., 3] = np.clip(np.asarray(picture).reshape(8, 8), 0, 1)
            ax.imshow(ink)
            ax.set(xticks=[], yticks=[])
            ax.spines[:].set(visible=True, color=FAINT)
            ax.grid(False)
    axes[0, 0].set_ylabel("first")
    axes[1, 0].set_ylabel("second")
    return fig


def _bare(ax):
    """Take away what gives places a number: only who lies near whom counts."""
    ax.set(xticks=[], yticks=[])
    ax.spines[:].set_visible(False)
    ax.grid(False)


def _cell(x, y, colour, opacity, **line):
    from matplotlib.colors import to_rgba
    from matplotlib.patches import Rectangle

    face = "none" if colour == "none" else to_rgba(colour, opacity)
    return Rectangle((x - 0.5, y - 0.5), 1, 1, **({"linewidth": 0} | line), facecolor=face)
