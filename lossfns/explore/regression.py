"""Pictures of chapter 2, Regression. The chapter computes the numbers; these functions draw."""

import numpy as np

from .style import BLUE, CYCLE, FAINT, INK, LINES, ORANGE, PURPLE, figure, label, zero


def loss_and_gradient(*losses, span=(-4, 4)):
    """A loss over the error and, under it, its slope: `(name, loss[, hyper-parameters])` each."""
    error = np.linspace(*span, 401)
    curves = {}
    for name, loss, *hyper in losses:
        arguments = (error, np.zeros_like(error))
        settings = hyper[0] if hyper else {}
        curves[name] = (
            loss(*arguments, reduction="none", **settings),
            loss.grad(*arguments, reduction="none", **settings),
        )
    return value_and_slope(error, curves, xlabel="error ŷ − y", gradient="gradient dℓ/dŷ")


def value_and_slope(x, curves, *, xlabel, ylabel="loss ℓ", gradient="gradient", ylim=None):
    """Two panels with a common x: `{name: (value, slope)}` above and below."""
    fig, (top, bottom) = figure(
        2, 1, height=4.7, sharex=True, xlabel=["", xlabel], ylabel=[ylabel, gradient]
    )
    alone = len(curves) == 1
    for i, (name, (value, slope)) in enumerate(curves.items()):
        line = LINES[i % len(LINES)]
        top.plot(x, value, line, color=ORANGE if alone else CYCLE[i], label=name)
        _plot_with_jumps(bottom, x, slope, linestyle=line, color=PURPLE if alone else CYCLE[i])
    zero(bottom, x=x[0] < 0 < x[-1])
    if not alone:
        fig.legend(
            *top.get_legend_handles_labels(),
            loc="outside upper center",
            ncols=2 if len(curves) in (2, 4) else 3,
            frameon=False,
            labelcolor=INK,
            fontsize=fig.font_size,
        )
    if ylim:
        top.set_ylim(*ylim[0])
        bottom.set_ylim(*ylim[1])
    return fig


def best_constants(values, candidates, curves):
    """The targets, and the average of each loss over all constant predictions with its minimum."""
    fig, (top, bottom) = figure(
        2,
        1,
        height=4.9,
        sharex=True,
        xlabel=["", "the one number that you predict for everybody"],
        ylabel=["patients", "average loss ÷ its minimum"],
    )
    top.hist(values, bins=30, color=FAINT)
    ceiling = top.get_ylim()[1]
    for i, (name, curve) in enumerate(curves.items()):
        best = candidates[np.argmin(curve)]
        line, colour = LINES[i], CYCLE[i]
        bottom.plot(candidates, curve / curve.min(), line, color=colour)
        bottom.plot(best, 1, "o", color=colour)
        top.axvline(best, linestyle=line, color=colour, linewidth=2)
        label(
            top,
            best + (-4 if i == 1 else 4),
            ceiling * 1.02,
            name,
            colour,
            va="bottom",
            ha="right" if i == 1 else "left",
        )
    bottom.set_ylim(0.95, 2.5)
    return fig


def descent(histories, *, ylabel, xlabel="step"):
    """What descent visits, step after step: `{name: values}`."""
    fig, ax = figure(xlabel=xlabel, ylabel=ylabel, height=3.3)
    for i, (name, values) in enumerate(histories.items()):
        ax.plot(values, LINES[i], color=CYCLE[i], label=name)
    zero(ax, x=False)
    fig.legend(
        *ax.get_legend_handles_labels(),
        loc="outside upper center",
        ncols=min(len(histories), 3),
        frameon=False,
        labelcolor=INK,
        fontsize=fig.font_size,
    )
    return fig


def line_fits(x, y, fits):
    """Points, and the line `(slope, intercept)` that each loss has fitted to them."""
    fig, ax = figure(xlabel="x", ylabel="y", height=3.6)
    reach = np.array([x.min() - 0.3, x.max() + 0.3])
    for i, (name, (slope, intercept)) in enumerate(fits.items()):
        ax.plot(reach, slope * reach + intercept, LINES[i], color=CYCLE[i])
        label(ax, reach[1] + 0.05, slope * reach[1] + intercept, name, CYCLE[i], va="center")
    ax.plot(x, y, "o", color=INK, markersize=8)
    ax.set_xlim(reach[0], reach[1] + 0.22 * np.ptp(reach))
    return fig


def fits_and_predictions(area, price, fits):
    """What two models say over the input, and the distributions of what they say."""
    fig, (top, bottom) = figure(
        2,
        1,
        height=6.2,
        height_ratios=[3, 2],
        xlabel=["living area (m²)", "price (thousands)"],
        ylabel=["price (thousands)", "houses"],
    )
    order = np.argsort(area)
    top.plot(area, price, ".", color=FAINT, markersize=4)
    bins = np.linspace(0, 900, 31)
    bottom.hist(price, bins=bins, color=FAINT)
    for i, (name, predicted) in enumerate(fits.items()):
        top.plot(area[order], predicted[order], LINES[i], color=CYCLE[i], label=name)
        bottom.hist(
            predicted,
            bins=bins,
            histtype="step",
            color=CYCLE[i],
            linestyle=LINES[i],
            linewidth=2.2,
        )
    top.set_ylim(0, 1300)
    top.legend(loc="upper left")
    bottom.text(600, bottom.get_ylim()[1] * 0.55, "grey: the real prices")
    return fig


def spreads(mean, variances):
    """The variance of several distributions over their mean: `{name: variance}`."""
    fig, ax = figure(xlabel="mean μ", ylabel="variance", height=3.6)
    for i, (name, variance) in enumerate(variances.items()):
        ax.plot(mean, variance, LINES[i], color=CYCLE[i], label=name)
    ax.set(xscale="log", yscale="log")
    ax.legend(loc="upper left")
    return fig


def bands(panels, *, xlabel, ylabel):
    """Intervals and what fell into them: `{title: (x, target, low, middle, high)}`, one a panel."""
    fig, axes = figure(
        len(panels),
        1,
        height=2.6 * len(panels) + 0.5,
        sharex=True,
        sharey=True,
        xlabel=[""] * (len(panels) - 1) + [xlabel],
        ylabel=ylabel,
        title=list(panels),
        squeeze=False,
    )
    for ax, (x, target, low, middle, high) in zip(axes[:, 0], panels.values(), strict=True):
        order = np.argsort(x)
        missed = (target < low) | (target > high)
        ax.fill_between(x[order], low[order], high[order], color=BLUE, alpha=0.25, linewidth=0)
        ax.plot(x[order], middle[order], color=BLUE)
        ax.plot(x[~missed], target[~missed], ".", color=INK, markersize=5)
        ax.plot(x[missed], target[missed], "x", color=ORANGE, markersize=6, markeredgewidth=2)
    return fig


def _plot_with_jumps(ax, x, slope, **style):
    """Leave a gap where the slope jumps: a kink of the loss is no steep stretch of it."""
    step = np.abs(np.diff(slope))
    jumps = np.flatnonzero(step > 0.2 * np.ptp(slope)) + 1 if np.ptp(slope) else []
    ax.plot(np.insert(x, jumps, np.nan), np.insert(slope, jumps, np.nan), **style)
