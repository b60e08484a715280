"""Pictures of chapter 7, Calibration: the chapter computes, these functions draw."""

import numpy as np

from .style import BLUE, CYCLE, FAINT, INK, LINES, MARKERS, ORANGE, figure, label


def said_and_happened(groups):
    """For each forecaster, what was said of a group and how often it happened, on one line.

    Arguments
        groups: `{name: (said, happened, count)}`, as shares.
    """
    fig, ax = figure(
        width=6.2, height=0.75 * len(groups) + 1.4, xlabel="share of the patients in the group"
    )
    for row, (said, happened, _) in enumerate(groups.values()):
        ax.plot([said, happened], [-row, -row], color=FAINT, linewidth=2)
        ax.plot(said, -row, "D", color=BLUE, markersize=9)
        ax.plot(happened, -row, "o", color=ORANGE, markersize=9)
    said, happened, _ = next(iter(groups.values()))
    label(ax, said + 0.005, 0.32, "said", BLUE)
    label(ax, happened - 0.005, 0.32, "happened", ORANGE, ha="right")
    ax.set(xlim=(0.3, 1), ylim=(0.5 - len(groups), 0.8))
    ax.set_yticks(
        range(0, -len(groups), -1),
        [f"{name}\n{count} patients" for name, (*_, count) in groups.items()],
    )
    return fig


def reliability(
    tables, *, said="mean confidence of the bin", was="accuracy of the bin", chance=False
):
    """A reliability diagram: `{name: table}` with the columns count, confidence and accuracy.

    The area of a marker grows with the count. With `chance`, bars show how far a bin of its count
    strays in 95 of 100 cases where the confidences are right.
    """
    fig, ax = figure(width=5.2, height=4.6, xlabel=said, ylabel=was)
    ax.plot([0, 1], [0, 1], ":", color=INK, linewidth=1.4)
    for i, (name, table) in enumerate(tables.items()):
        count, confidence, accuracy = np.asarray(table, dtype=float).T
        held = count > 0
        count, confidence, accuracy = count[held], confidence[held], accuracy[held]
        if chance:
            reach = 1.96 * np.sqrt(confidence * (1 - confidence) / count)
            ax.vlines(
                confidence,
                np.maximum(confidence - reach, 0),
                np.minimum(confidence + reach, 1),
                color=FAINT,
                linewidth=7,
            )
        ax.plot(confidence, accuracy, LINES[i], color=CYCLE[i], linewidth=1.6)
        ax.scatter(
            confidence,
            accuracy,
            14 + 360 * count / count.sum(),
            marker=MARKERS[i],
            color=CYCLE[i],
            label=name,
            zorder=3,
        )
    ax.set(xlim=(0, 1.03), ylim=(-0.02, 1.05))
    ax.set_aspect("equal")
    if len(tables) > 1:
        ax.legend(loc="upper left")
    return fig


def gaps(table, *, said="confidence", was="accuracy"):
    """The bins as bars: how often it happened, and in the other colour what is missing to it."""
    count, confidence, accuracy = np.asarray(table, dtype=float).T
    bins = len(count)
    fig, (top, low) = figure(
        2,
        1,
        height=5.4,
        sharex=True,
        height_ratios=[3, 1],
        xlabel=["", said],
        ylabel=[was, "count"],
    )
    middle, width = (np.arange(bins) + 0.5) / bins, 0.9 / bins
    top.bar(middle, accuracy, width, color=BLUE)
    top.bar(
        middle,
        confidence - accuracy,
        width,
        bottom=accuracy,
        facecolor="none",
        edgecolor=ORANGE,
        hatch="//",
        linewidth=1.4,
    )
    top.plot([0, 1], [0, 1], ":", color=INK, linewidth=1.4)
    label(top, 0.02, 0.9, "happened", BLUE)
    label(top, 0.02, 0.78, "gap to what was said", ORANGE)
    low.bar(middle, count, width, color=FAINT)
    top.set(xlim=(0, 1), ylim=(0, 1.03))
    return fig


def ece_by_chance(bins, curves):
    """The ECE of a calibrated model over the number of bins: `{name: (low, mean, high)}`."""
    fig, ax = figure(width=5.6, height=3.4, xlabel="number of bins", ylabel="ECE")
    for i, (name, (low, mean, high)) in enumerate(curves.items()):
        ax.fill_between(bins, low, high, color=CYCLE[i], alpha=0.22, linewidth=0)
        ax.plot(bins, mean, LINES[i], color=CYCLE[i])
        label(ax, bins[-1] * 1.06, mean[-1], name, CYCLE[i], va="center")
    ax.set(xscale="log", xlim=(bins[0], bins[-1] * 3), ylim=(0, None))
    ax.set_xticks(bins, [str(k) for k in bins])
    ax.minorticks_off()
    return fig


def expected_scores(report, curves, truth):
    """The expected score over what is reported: `{name: values}`, each with its cheapest report."""
    fig, ax = figure(
        width=5.6,
        height=3.6,
        xlabel="reported probability r",
        ylabel="expected score, from its least",
    )
    for i, (name, values) in enumerate(curves.items()):
        values = values - values.min()
        ax.plot(report, values, LINES[i], color=CYCLE[i], label=name)
        ax.plot(report[values.argmin()], 0, MARKERS[i], color=CYCLE[i], markersize=10)
    ax.axvline(truth, color=INK, linewidth=1, linestyle=":")
    ax.text(truth + 0.01, 0.76, "the truth")
    ax.set(ylim=(-0.04, 0.8), xlim=(0, 1.02))
    ax.legend(loc="upper center")
    return fig


def training(steps, curves, *, ylabel, top):
    """What is measured in the course of a training: `{name: values}` over the steps."""
    fig, ax = figure(width=6.2, height=3.3, xlabel="step", ylabel=ylabel)
    for i, (name, values) in enumerate(curves.items()):
        ax.plot(steps, values, LINES[i], color=CYCLE[i])
        label(ax, steps[-1] * 1.04, values[-1], name, CYCLE[i], va="center")
    ax.set(xscale="log", xlim=(steps[0], steps[-1] * 4.2), ylim=(-0.04 * top, top))
    ax.set_xticks([30, 100, 300], ["30", "100", "300"])
    ax.minorticks_off()
    return fig


def temperatures(values, losses, accuracy, fitted):
    """The losses `{name: values}` over the temperature, and the accuracy that does not move."""
    fig, ax = figure(width=6.2, height=3.6, xlabel="temperature T", ylabel="NLL in nats, accuracy")
    for i, (name, curve) in enumerate(losses.items()):
        ax.plot(values, curve, LINES[i], color=CYCLE[i], label=name)
    ax.plot(values, accuracy, color=INK, linewidth=3, label="accuracy, test")
    ax.axvline(fitted, color=INK, linewidth=1, linestyle=":")
    ax.text(fitted * 1.04, 1.28, f"T = {fitted:.2f}")
    ax.set(xscale="log", ylim=(0, 1.4))
    ax.set_xticks([0.5, 1, 2, 4, 8], ["0.5", "1", "2", "4", "8"])
    ax.minorticks_off()
    fig.legend(
        *ax.get_legend_handles_labels(),
        loc="outside upper center",
        ncols=4,
        frameon=False,
        labelcolor=INK,
        fontsize=fig.font_size,
    )
    return fig


def bands(results, measures):
    """For each method its seeds as dots and their mean as a bar, a panel a measure.

    Arguments
        results: `{method: array of shape (seeds, measures)}`.
        measures: the name of each column.
    """
    fig, axes = figure(
        1,
        len(measures),
        width=7.2,
        height=0.5 * len(results) + 1.3,
        title=list(measures),
        sharey=True,
    )
    for column, ax in enumerate(np.atleast_1d(axes)):
        for row, values in enumerate(results.values()):
            of = np.asarray(values)[:, column]
            ax.plot([of.min(), of.max()], [-row, -row], color=FAINT, linewidth=6)
            ax.plot(of, np.full(len(of), -row), "o", color=BLUE, markersize=5, alpha=0.7)
            ax.plot(of.mean(), -row, "|", color=ORANGE, markersize=18, markeredgewidth=3)
        ax.set_yticks(range(0, -len(results), -1), list(results))
        ax.locator_params(axis="x", nbins=4)
        ax.margins(y=0.15)
    return fig


def costs(ratio, curves):
    """The cost of deciding by each forecast over the price of a mistake: `{name: values}`."""
    fig, ax = figure(
        width=6.2,
        height=3.6,
        xlabel="cost of a mistake, in looks of a person",
        ylabel="cost per 1000 images",
    )
    for i, (name, values) in enumerate(curves.items()):
        ax.plot(ratio, values, LINES[i], color=CYCLE[i], label=name)
    ax.set(xscale="log", ylim=(0, None))
    ax.set_xticks([2, 5, 10, 20, 50], ["2", "5", "10", "20", "50"])
    ax.minorticks_off()
    ax.legend(loc="upper left")
    return fig


def decomposition(parts):
    """The Brier score as uncertainty − resolution + reliability, a bar each for each forecaster."""
    fig, ax = figure(width=6.2, height=3.3, ylabel="part of the Brier score")
    names = ["uncertainty", "− resolution", "+ reliability", "= Brier"]
    width = 0.8 / len(parts)
    for i, (name, values) in enumerate(parts.items()):
        at = np.arange(len(values)) + (i - (len(parts) - 1) / 2) * width
        ax.bar(at, values, width * 0.92, color=CYCLE[i], hatch=("", "//")[i % 2], label=name)
        for x, value in zip(at, values, strict=True):
            ax.text(x, value + 0.004, f"{value:.3f}", ha="center", fontsize=fig.font_size - 2.5)
    ax.set_xticks(np.arange(len(names)), names)
    ax.set_ylim(0, 1.22 * max(max(values) for values in parts.values()))
    ax.legend(loc="upper center", ncols=2)
    return fig
