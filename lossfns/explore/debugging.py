"""Pictures of chapter 8, Debugging: the chapter runs what is broken, these functions draw."""

import numpy as np

from .style import BLUE, CYCLE, INK, LINES, MARKERS, ORANGE, figure, label

_LINES = (*LINES, (0, (5, 1, 1, 1, 1, 1)))


def curves(runs, *, ylabel="loss", xlabel="step", log=False, levels=None, bottom=None, top=None):
    """What was measured step by step: `{name: values}`; a run that ends in NaN ends in a cross.

    Arguments
        levels: values to compare with, `{what it is: value}`, as dotted lines.
    """
    fig, ax = figure(width=6.2, height=3.4, xlabel=xlabel, ylabel=ylabel)
    longest = max(map(len, runs.values()))
    for i, (name, values) in enumerate(runs.items()):
        values = np.asarray(values, dtype=float)
        bad = np.flatnonzero(~np.isfinite(values))
        end = bad[0] if len(bad) else len(values)
        ax.plot(np.arange(end), values[:end], linestyle=_LINES[i], color=CYCLE[i], label=name)
        if len(bad) and end:
            ax.plot(end - 1, values[end - 1], "x", color=CYCLE[i], markersize=11, markeredgewidth=3)
    for what, value in (levels or {}).items():
        ax.axhline(value, color=INK, linewidth=1.2, linestyle=":")
        ax.annotate(what, (longest - 1, value), (0, 3), textcoords="offset points", ha="right")
    ax.set(xlim=(-0.01 * longest, 1.01 * longest))
    if log:
        ax.set_yscale("log")
    ax.set_ylim(bottom, top)
    if len(runs) > 1:
        fig.legend(
            *ax.get_legend_handles_labels(),
            loc="outside upper center",
            frameon=False,
            ncols=min(len(runs), 2 if max(map(len, runs)) > 16 else 3),
            labelcolor=INK,
            fontsize=fig.font_size,
        )
    return fig


def loss_and_metric(runs, *, metric="accuracy, test", chance=None, log=False):
    """The loss above the metric, step by step: `{name: (losses, metrics)}`."""
    fig, (above, below) = figure(
        2,
        1,
        width=6.2,
        height=4.6,
        sharex=True,
        xlabel=["", "step"],
        ylabel=["training loss", metric],
    )
    for i, (name, (losses, metrics)) in enumerate(runs.items()):
        above.plot(losses, linestyle=_LINES[i], color=CYCLE[i], label=name)
        below.plot(
            np.linspace(0, len(losses) - 1, len(metrics)),
            metrics,
            linestyle=_LINES[i],
            color=CYCLE[i],
        )
    if chance is not None:
        below.axhline(chance, color=INK, linewidth=1.2, linestyle=":")
        below.annotate("guessing", (0, chance), (2, 3), textcoords="offset points")
    if log:
        above.set_yscale("log")
    below.set_ylim(-0.04, 1.04)
    if len(runs) > 1:
        fig.legend(
            *above.get_legend_handles_labels(),
            loc="outside upper center",
            frameon=False,
            ncols=2 if max(map(len, runs)) > 16 else 3,
            labelcolor=INK,
            fontsize=fig.font_size,
        )
    return fig


def starts(losses, expected, *, name):
    """First losses as points on a logarithmic scale, beside the loss of a guess: `{run: loss}`."""
    fig, ax = figure(width=6.2, height=0.42 * len(losses) + 1.2, xlabel="first loss")
    ax.axvline(expected, color=ORANGE, linewidth=2, linestyle="--")
    for row, value in enumerate(losses.values()):
        ax.plot([expected, value], [-row, -row], color=INK, linewidth=1)
        ax.plot(value, -row, "o", color=BLUE, markersize=9)
        ax.text(value * 1.18, -row, f"{value:.2f}", va="center")
    label(ax, expected * 1.04, 0.55, name, ORANGE)
    high = max(losses.values())
    ax.set(
        xscale="log",
        xlim=(min(*losses.values(), expected) * 0.7, high * 2.6),
        ylim=(0.4 - len(losses), 1.1),
    )
    ax.set_yticks(range(0, -len(losses), -1), list(losses))
    ticks = [t for t in (1, 2, 5, 10, 20, 50, 100, 200, 500) if t <= 2 * high]
    ax.set_xticks(ticks, [str(t) for t in ticks])
    ax.minorticks_off()
    return fig


def spread(names, finite, *, start=0):
    """Which tensors were finite at which step: filled where they hold NaN or an infinity.

    Arguments
        names: of the tensors, in the order in which a step computes them.
        finite: for each step a row, true where the tensor is finite.
        start: the number of the first of these steps.
    """
    bad = ~np.asarray(finite, dtype=bool)
    fig, ax = figure(width=6.2, height=0.36 * len(names) + 1.3, xlabel="step")
    steps = start + np.arange(len(bad))
    for row in range(len(names)):
        good, wrong = steps[~bad[:, row]], steps[bad[:, row]]
        ax.plot(good, np.full(len(good), -row), "o", color=BLUE, markersize=6)
        ax.plot(wrong, np.full(len(wrong), -row), "X", color=ORANGE, markersize=10)
    ax.set_yticks(range(0, -len(names), -1), names)
    ax.set(ylim=(0.5 - len(names), 0.5), xlim=(steps[0] - 0.6, steps[-1] + 0.6))
    ax.set_xticks(steps)
    ax.plot([], [], "o", color=BLUE, label="finite")
    ax.plot([], [], "X", color=ORANGE, markersize=10, label="NaN or infinite")
    fig.legend(
        *ax.get_legend_handles_labels(),
        loc="outside upper center",
        frameon=False,
        ncols=2,
        labelcolor=INK,
        fontsize=fig.font_size,
    )
    return fig


def norms_by_layer(networks):
    """The norm of the gradient of each layer: `{network: norms}`, from the input to the output."""
    fig, ax = figure(
        width=6.2, height=3.4, xlabel="layer, from the input", ylabel="norm of the gradient"
    )
    for i, (name, norms) in enumerate(networks.items()):
        ax.plot(
            np.arange(1, len(norms) + 1),
            norms,
            linestyle=_LINES[i],
            marker=MARKERS[i],
            color=CYCLE[i],
            label=name,
            markersize=6,
        )
    ax.set(yscale="log")
    ax.set_xticks(range(1, max(map(len, networks.values())) + 1))
    fig.legend(
        *ax.get_legend_handles_labels(),
        loc="outside upper center",
        frameon=False,
        ncols=len(networks),
        labelcolor=INK,
        fontsize=fig.font_size,
    )
    return fig


def pairs(pred, target):
    """What a loss compares: every prediction with its own target, or with every target."""
    n = len(pred)
    fig, axes = figure(
        1, 2, width=6.6, height=3.2, title=["(n,) and (n,)", "(n, 1) and (n,)"], sharey=True
    )
    for every, ax in enumerate(axes):
        for i in range(n):
            for j in range(n) if every else (i,):
                ax.plot([0, 1], [pred[i], target[j]], color=ORANGE, linewidth=1.3)
        ax.plot(np.zeros(n), pred, "o", color=BLUE, markersize=9)
        ax.plot(np.ones(n), target, "s", color=INK, markersize=8)
        ax.set_xticks([0, 1], ["predictions", "targets"])
        ax.set(xlim=(-0.35, 1.35))
        ax.grid(False)
    return fig


def predicted(target, runs):
    """Predictions over targets: `{name: predictions}`, with the line on which both are equal."""
    fig, ax = figure(width=5.6, height=3.8, xlabel="target", ylabel="prediction")
    ends = [float(min(target)), float(max(target))]
    ax.plot(ends, ends, ":", color=INK)
    for i, (name, values) in enumerate(runs.items()):
        ax.scatter(target, values, 20, marker=MARKERS[i], color=CYCLE[i], label=name, alpha=0.8)
    ax.legend(loc="upper left")
    return fig


def perfect(values):
    """What losses charge for a perfect answer, as bars: `{call: loss}`; 0 would be right."""
    fig, ax = figure(width=6.2, height=0.42 * len(values) + 1.2, xlabel="loss of a perfect answer")
    for row, value in enumerate(values.values()):
        ax.barh(-row, value, 0.6, color=ORANGE)
        ax.text(max(value, 0), -row, f" {value:.4f}".replace("-", "−"), va="center")
    ax.axvline(0, color=INK, linewidth=1)
    low, high = min(*values.values(), 0), max(*values.values(), 0)
    ax.set(xlim=(low - 0.05 * (high - low), high + 0.2 * (high - low)))
    ax.set_yticks(range(0, -len(values), -1), list(values))
    return fig


def sweep(rates, losses, chosen):
    """The loss after a few steps over the learning rate, and the rate that is chosen."""
    fig, ax = figure(width=6.2, height=3.3, xlabel="learning rate", ylabel="loss after 30 steps")
    losses = np.asarray(losses, dtype=float)
    ax.plot(rates, losses, marker="o", markersize=4, color=BLUE)
    ax.axvline(chosen, color=ORANGE, linewidth=2, linestyle="--")
    label(ax, chosen * 0.9, 0.12, "take this", ORANGE, ha="right")
    ax.set(xscale="log", ylim=(0, min(4, 1.1 * np.nanmax(losses))))
    ax.set_xticks([0.001, 0.01, 0.1, 1, 10], ["0.001", "0.01", "0.1", "1", "10"])
    ax.minorticks_off()
    return fig


def loss_and_norm(runs, *, limit=None):
    """The loss above the norm of the gradient, both on logarithmic scales: `{name: (loss, norm)}`.

    Arguments
        limit: the norm at which gradients are clipped, as a dotted line.
    """
    fig, (above, below) = figure(
        2,
        1,
        width=6.2,
        height=4.6,
        sharex=True,
        xlabel=["", "step"],
        ylabel=["loss", "norm of the gradient"],
    )
    for i, (name, (losses, norms)) in enumerate(runs.items()):
        for ax, values in ((above, losses), (below, norms)):
            values = np.asarray(values, dtype=float)
            values[~np.isfinite(values)] = np.nan
            ax.plot(values, linestyle=_LINES[i], color=CYCLE[i], label=name)
    if limit is not None:
        below.axhline(limit, color=INK, linewidth=1.2, linestyle=":")
    for ax in (above, below):
        ax.set_yscale("log")
        ax.minorticks_off()
    fig.legend(
        *above.get_legend_handles_labels(),
        loc="outside upper center",
        frameon=False,
        ncols=2,
        labelcolor=INK,
        fontsize=fig.font_size,
    )
    return fig


def digits(images, rows):
    """Some digits of 8 × 8 pixels, a row for each `{name: labels}`, with what the label says."""
    count = len(images)
    fig, axes = figure(len(rows), count, width=6.6, height=1.25 * len(rows) + 0.2)
    for (name, labels), line in zip(rows.items(), np.atleast_2d(axes), strict=True):
        for k, ax in enumerate(line):
            ax.imshow(np.asarray(images[k]).reshape(8, 8), cmap="gray_r", vmin=0, vmax=1)
            ax.set_title(str(int(labels[k])), loc="center")
            ax.set_xticks([])
            ax.set_yticks([])
        line[0].set_ylabel(name)
    return fig


def findings(reports, main=None):
    """Which findings each run has, a column each: `{run: report}`.

    Filled is the finding that `main`, `{run: name}`, says of a run, else its first.
    """
    main = {run: report.failures[0].name for run, report in reports.items() if report.failures} | (
        main or {}
    )
    asked = dict.fromkeys(finding.name for report in reports.values() for finding in report)
    failed = {finding.name for report in reports.values() for finding in report.failures}
    shown = [name for name in asked if name in failed]
    fig, ax = figure(width=6.6, height=0.3 * len(shown) + 2.0)
    for column, (run, report) in enumerate(reports.items()):
        for finding in report.failures:
            ax.plot(
                column,
                -shown.index(finding.name),
                "o",
                color=ORANGE,
                markersize=11,
                markerfacecolor=ORANGE if finding.name == main[run] else "none",
                markeredgewidth=2,
            )
    ax.set_xticks(range(len(reports)), list(reports), rotation=40, ha="right")
    ax.set_yticks(range(0, -len(shown), -1), shown)
    ax.set(xlim=(-0.6, len(reports) - 0.4), ylim=(0.4 - len(shown), 0.6))
    return fig
