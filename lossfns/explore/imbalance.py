"""Pictures of chapter 5, Imbalance: the chapter computes, these functions draw."""

import numpy as np
from matplotlib.patches import Rectangle
from matplotlib.ticker import NullLocator

import lossfns.numpy as ln

from .regression import value_and_slope
from .style import BLUE, CYCLE, FAINT, INK, LINES, ORANGE, PURPLE, figure, label, note


def crowd(y, called, *, columns=50):
    """A dot for each person: the ill who are found and missed, and the false alarms."""
    rows = -(-len(y) // columns)
    fig, ax = figure(width=6.4, height=0.13 * rows + 0.9)
    place = np.arange(len(y))
    x, height = place % columns, -(place // columns)
    kinds = (
        ((y == 0) & (called == 0), ".", FAINT, 4, "healthy, left alone"),
        ((y == 0) & (called == 1), "o", ORANGE, 4, "false alarm"),
        ((y == 1) & (called == 1), "s", BLUE, 7, "ill, found"),
        ((y == 1) & (called == 0), "X", PURPLE, 8, "ill, missed"),
    )
    for chosen, marker, colour, size, name in kinds:
        ax.plot(
            x[chosen],
            height[chosen],
            marker,
            color=colour,
            markersize=size,
            markeredgewidth=0,
            label=f"{name}: {chosen.sum()}",
        )
    _bare(ax)
    fig.legend(
        loc="outside lower center",
        ncols=2,
        frameon=False,
        markerscale=1.5,
        labelcolor=INK,
        fontsize=fig.font_size,
    )
    return fig


def confusion(tables):
    """Tables of counts ((tn, fp), (fn, tp)), one a panel: `{title: table}`."""
    fig, axes = figure(
        1, len(tables), width=3.4 * len(tables), height=2.5, title=list(tables), squeeze=False
    )
    words = (("healthy,\nleft alone", "false\nalarm"), ("missed", "found"))
    for ax, table in zip(axes[0], tables.values(), strict=True):
        for row in range(2):
            for column in range(2):
                right = row == column
                ax.add_patch(_box(column, 1 - row, BLUE if right else ORANGE))
                ax.text(
                    column + 0.5,
                    1.62 - row,
                    f"{table[row][column]:,}",
                    ha="center",
                    va="center",
                    fontweight="bold",
                    fontsize=fig.font_size + 2,
                )
                ax.text(column + 0.5, 1.26 - row, words[row][column], ha="center", va="center")
        ax.set(xlim=(0, 2), ylim=(0, 2))
        ax.set_xticks((0.5, 1.5), ("called healthy", "called ill"))
        ax.set_yticks((1.5, 0.5), ("healthy", "ill"))
        ax.grid(False)
        ax.spines[:].set_visible(False)
        ax.tick_params(length=0)
    return fig


def precision_recall(curves, *, share, marks=()):
    """Precision over recall: `{name: (recall, precision)}`, or with a low and a high precision.

    `marks` are points (recall, precision, text).
    """
    fig, ax = figure(
        width=5.6,
        height=3.7,
        xlabel="recall: share of the positives that is found",
        ylabel="precision",
    )
    for i, (name, (recall, precision, *band)) in enumerate(curves.items()):
        ax.plot(recall, precision, LINES[i % 4], color=CYCLE[i], label=name)
        if band:
            ax.fill_between(recall, *band, color=CYCLE[i], alpha=0.15, linewidth=0)
    ax.axhline(share, color=INK, linewidth=1.2, linestyle=":")
    ax.text(0.01, share + 0.015, f"picking at random: {share:.2g}")
    for recall, precision, text in marks:
        ax.plot(recall, precision, "o", color=INK, markersize=7)
        ax.text(recall + 0.02, precision + 0.06, text)
    ax.set(xlim=(0, 1.02), ylim=(0, 1.03))
    if len(curves) > 1:
        fig.legend(
            *ax.get_legend_handles_labels(),
            loc="outside upper center",
            ncols=2,
            frameon=False,
            labelcolor=INK,
            fontsize=fig.font_size,
        )
    return fig


def cost_of_thresholds(thresholds, costs, *, ylabel="cost per 1000 people"):
    """What each threshold costs, `{name: values}`, with the cheapest marked; both axes log."""
    fig, ax = figure(
        width=5.6, height=3.4, xlabel="call ill from this probability on", ylabel=ylabel
    )
    for i, (name, cost) in enumerate(costs.items()):
        best = np.argmin(cost)
        ax.plot(thresholds, cost, LINES[i], color=CYCLE[i], label=name)
        ax.plot(thresholds[best], cost[best], "o", color=CYCLE[i], markersize=8)
    ax.axvline(0.5, color=INK, linewidth=1.2, linestyle=":")
    ax.text(0.5, 1.01, "½", transform=ax.get_xaxis_transform(), ha="center", va="bottom")
    ax.set(xscale="log", yscale="log")
    low, high = ax.get_ylim()
    marks = [m for m in (20, 50, 100, 200, 500, 1000, 2000, 5000) if low <= m <= high]
    ax.set_yticks(marks, [f"{m:,}" for m in marks])
    ax.yaxis.set_minor_locator(NullLocator())
    if len(costs) > 1:
        ax.legend()
    return fig


def effective_numbers(betas, most=10_000):
    """The effective number of examples over the count, on log axes."""
    fig, ax = figure(height=3.3, xlabel="examples of the class, n_c", ylabel="effective number")
    counts = np.geomspace(1, most, 200)
    for i, beta in enumerate(betas):
        worth = 1 / ln.class_weights(counts, kind="effective", beta=beta)
        ax.plot(counts, worth, LINES[i % 4], color=CYCLE[i])
        label(ax, most * 1.1, worth[-1], f"β = {beta:g}", CYCLE[i], va="center")
    ax.set(xscale="log", yscale="log", xlim=(1, most * 4))
    return fig


def reliability(curves, *, highest=1.0):
    """Observed share of positives over the predicted probability: `{name: (said, happened)}`."""
    fig, ax = figure(
        width=5.2,
        height=4.2,
        xlabel="probability that the model states",
        ylabel="share of positives among them",
    )
    for i, (name, (said, happened)) in enumerate(curves.items()):
        ax.plot(said, happened, LINES[i % 4], color=CYCLE[i], marker="o", markersize=5, label=name)
    ax.plot(
        [0, highest],
        [0, highest],
        color=INK,
        linewidth=1.2,
        linestyle=":",
        label="says what happens",
    )
    ax.set(xlim=(0, highest * 1.02), ylim=(0, highest * 1.02))
    fig.legend(
        *ax.get_legend_handles_labels(),
        loc="outside upper center",
        ncols=2,
        frameon=False,
        labelcolor=INK,
        fontsize=fig.font_size,
    )
    return fig


def focal_over_logit(gammas=(0.0, 0.5, 2.0, 5.0)):
    """Focal losses of a positive example over its logit, and their gradients."""
    z = np.linspace(-5, 5, 400)
    target, curves = np.ones_like(z), {}
    for gamma in gammas:
        options = {"alpha": None, "gamma": gamma, "reduction": "none"}
        curves[f"γ = {gamma:g}"] = (
            ln.focal_with_logits(z, target, **options),
            ln.focal_with_logits.grad(z, target, **options),
        )
    return value_and_slope(
        z, curves, xlabel="logit z of a positive example", ylabel="loss", gradient="gradient dℓ/dz"
    )


def share_of_hard(shares):
    """How much of the loss the hardest examples make up: `{name: cumulative shares}`."""
    fig, ax = figure(
        height=3.4, xlabel="the hardest x % of the examples", ylabel="make up y % of the loss"
    )
    for i, (name, share) in enumerate(shares.items()):
        part = 100 * np.arange(1, len(share) + 1) / len(share)
        ax.plot(part, 100 * share, LINES[i % 4], color=CYCLE[i], label=name)
    ax.plot([0, 100], [0, 100], color=INK, linewidth=1, linestyle=":")
    ax.set(xlim=(0, 100), ylim=(0, 102))
    ax.legend(loc="lower right")
    return fig


def stated_over_true(curves):
    """The probability at which the expected loss is least, over the true one: `{name: values}`."""
    fig, ax = figure(
        width=4.8,
        height=3.8,
        xlabel="true probability",
        ylabel="probability that the loss asks for",
    )
    for i, (name, (true, stated)) in enumerate(curves.items()):
        ax.plot(true, stated, LINES[i % 4], color=CYCLE[i], label=name)
    ax.legend()
    return fig


def negatives_over_probability(curves, ylim=None):
    """Losses of a negative label over its probability: `{name: values}` on an even grid."""
    fig, ax = figure(
        height=3.3, xlabel="probability p of a label that does not apply", ylabel="loss"
    )
    for i, (name, loss) in enumerate(curves.items()):
        ax.plot(
            np.linspace(0, 1, len(loss) + 2)[1:-1], loss, LINES[i % 4], color=CYCLE[i], label=name
        )
    ax.set(ylim=ylim)
    ax.legend()
    return fig


def masks(panels, *, target=None, columns=3):
    """Images or masks with values from 0 to 1, `{title: image}`.

    The outline of `target` is on each, or that of one target each on its own.
    """
    rows = -(-len(panels) // columns)
    fig, axes = figure(rows, columns, width=2.15 * columns, height=2.3 * rows, squeeze=False)
    for ax in axes.flat[len(panels) :]:
        ax.set_axis_off()
    for i, (title, image) in enumerate(panels.items()):
        ax = axes.flat[i]
        image = np.clip(np.asarray(image, dtype=float), 0, 1)
        # Transparent where it is 0, so that it sits on a light and a dark page alike.
        ink = np.zeros((*image.shape, 4))
        ink[..., :3] = [int(BLUE[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        ink[..., 3] = image
        ax.imshow(ink, interpolation="nearest")
        if target is not None:
            outline = np.broadcast_to(target, (len(panels), *image.shape))[i]
            ax.contour(outline.astype(float), [0.5], colors=ORANGE, linewidths=2)
        ax.set_title(title, fontweight="normal")
        ax.set(xticks=(), yticks=())
        ax.grid(False)
        ax.spines[:].set_visible(True)
        ax.spines[:].set_color(FAINT)
    return fig


def curves(x, lines, *, xlabel, ylabel, xscale="linear", yscale="linear", text="", ylim=None):
    """Lines over a common x: `{name: values}`."""
    fig, ax = figure(width=5.6, height=3.4, xlabel=xlabel, ylabel=ylabel)
    for i, (name, values) in enumerate(lines.items()):
        ax.plot(x, values, LINES[i % 4], color=CYCLE[i % 5], label=name)
    ax.set(xscale=xscale, yscale=yscale, ylim=ylim)
    if text:
        note(ax, text)
    fig.legend(
        *ax.get_legend_handles_labels(),
        loc="outside upper center",
        ncols=3 if len(lines) == 3 else 2,
        frameon=False,
        labelcolor=INK,
        fontsize=fig.font_size,
    )
    return fig


def jaccard_steps(errors, steps):
    """The sorted errors of the pixels, each as wide as its step of the Jaccard loss."""
    fig, ax = figure(
        height=3.0, xlabel="Jaccard loss of the set of pixels so far", ylabel="error of the pixel"
    )
    left = np.concatenate([[0], np.cumsum(steps)[:-1]])
    ax.bar(left, errors, steps, align="edge", color=ORANGE, alpha=0.55, edgecolor=ORANGE)
    for rank, (x, step, error) in enumerate(zip(left, steps, errors, strict=True), 1):
        if step > 0.03:
            ax.text(x + step / 2, error + 0.02, f"{rank}", ha="center")
    ax.set(xlim=(0, 1), ylim=(0, 1.1))
    return fig


def _box(x, y, colour):
    return Rectangle((x + 0.03, y + 0.03), 0.94, 0.94, facecolor=colour, alpha=0.18, linewidth=0)


def _bare(ax):
    ax.set(xticks=(), yticks=())
    ax.grid(False)
    ax.spines[:].set_visible(False)
