"""Pictures of chapter 4, Numerical stability. The chapter computes the numbers; these draw."""

import json
from importlib import resources

import numpy as np

from .regression import value_and_slope
from .style import (
    BLUE,
    CYCLE,
    FAINT,
    INK,
    LINES,
    MARKERS,
    ORANGE,
    PLUM,
    PURPLE,
    figure,
    label,
    zero,
)

# What benchmarks/curves.py has measured: the day, the machine and the curves.
MEASURED = json.loads(resources.files(__package__).joinpath("costs.json").read_text("utf8"))


def two_endings(broken, cured):
    """Two training losses, of which the first ends in NaN, where a cross stands."""
    fig, ax = figure(xlabel="step", ylabel="training loss", height=3.0)
    end = int(np.flatnonzero(np.isfinite(broken))[-1])
    ax.plot(cured, "--", color=BLUE)
    ax.plot(broken[: end + 1], color=ORANGE, linewidth=3.2)
    ax.plot(end, broken[end], "x", color=ORANGE, markersize=11, markeredgewidth=3)
    ax.set(yscale="log", ylim=(0.5 * min(cured), None))
    ax.set_yticks([0.02, 0.05, 0.1, 0.2, 0.5], ["0.02", "0.05", "0.1", "0.2", "0.5"])
    ax.minorticks_off()
    label(ax, end + 4, 1.25 * broken[end], "textbook: NaN", ORANGE)
    label(ax, len(cured), 0.72 * cured[-1], "from the logits", BLUE, ha="right")
    return fig


def ranges(limits):
    """The positive numbers of each dtype: `{name: (smallest, smallest normal, largest)}`."""
    fig, ax = figure(xlabel="size of the number, power of ten", height=2.7)
    for row, sizes in enumerate(limits.values()):
        low, normal, high = np.log10(np.array(sizes, dtype=np.longdouble)).astype(float)
        colour = CYCLE[row]
        ax.barh(-row, normal - low, left=low, height=0.5, color=colour, alpha=0.35)
        ax.barh(-row, high - normal, left=normal, height=0.5, color=colour)
    for power in (-100, 20, 100):
        at = power * np.log10(np.e)
        ax.axvline(at, color=INK, linewidth=1, linestyle=":")
        ax.text(at, 0.5, f"$e^{{{power}}}$", ha="left" if power == 100 else "center", va="bottom")
    ax.set(xlim=(-65, 65), ylim=(0.6 - len(limits), 1.0))
    ax.set_yticks(range(0, -len(limits), -1), list(limits))
    ax.text(64, 1 - len(limits), "on to 308 ", ha="right", va="center", color="black")
    ax.text(-64, 1 - len(limits), " on to −324", ha="left", va="center", color="black")
    ax.grid(False, axis="y")
    return fig


def spacing(eps):
    """The gap to the next float over the size of the number: `{name: gap at 1}`."""
    fig, ax = figure(xlabel="size of the number", ylabel="gap to the next number", height=3.4)
    x = 2.0 ** np.arange(-20, 16.01, 0.05)
    for i, (name, gap) in enumerate(eps.items()):
        size = np.maximum(x, 2.0**-14) if name == "fp16" else x
        y = gap * 2.0 ** np.floor(np.log2(size))
        ax.plot(x, y, color=CYCLE[i], linewidth=1.8)
        above = {"bf16": "bottom", "fp16": "top"}.get(name, "center")
        label(ax, x[-1] * 1.4, y[-1], name, CYCLE[i], va=above)
    ax.axhline(1, color=INK, linewidth=1.2, linestyle="--")
    ax.axvline(1, color=INK, linewidth=1, linestyle=":")
    ax.set(xscale="log", yscale="log", xlim=(x[0], x[-1]))
    ax.text(x[0] * 1.3, 1.4, "a gap of 1", va="bottom")
    return fig


def soft_maximum():
    """Log-sum-exp of x and 0, which is softplus, with the maximum that it rounds off."""
    x = np.linspace(-6, 6, 241)
    fig, ax = figure(xlabel="x", height=2.9)
    ax.plot(x, np.logaddexp(x, 0), color=ORANGE)
    ax.plot(x, np.maximum(x, 0), "--", color=INK, linewidth=1.6)
    ax.plot([0, 0], [0, np.log(2)], color=PURPLE, linewidth=3)
    label(ax, -0.2, 0.85, "ln 2", PURPLE, ha="right")
    label(ax, 0.9, 2.4, "logsumexp(x, 0)", ORANGE, ha="right")
    ax.text(3.4, 2.3, "max(x, 0)")
    return fig


def textbook_and_stable():
    """BCE of a positive example in float32: the textbook form, the stable one, their gradients."""
    import torch

    import lossfns.torch as lt

    def textbook(logits, target):
        p = torch.sigmoid(logits)
        return -(target * p.log() + (1 - target) * (1 - p).log())

    def stable(logits, target):
        return lt.bce_with_logits(logits, target, reduction="none")

    fig, (top, bottom) = figure(
        2,
        1,
        height=4.6,
        sharex=True,
        xlabel=["", "logit z of a positive example"],
        ylabel=["loss", "gradient"],
    )
    grid = torch.linspace(-120, 15, 541)
    for form, colour, line, width in ((stable, BLUE, "--", 2.2), (textbook, ORANGE, "-", 3.2)):
        logits = grid.clone().requires_grad_()
        value = form(logits, torch.ones_like(grid))
        value.sum().backward()
        for ax, numbers in ((top, value.detach().numpy()), (bottom, logits.grad.numpy())):
            kept = np.where(np.isfinite(numbers), numbers, np.nan)
            ax.plot(grid, kept, line, color=colour, linewidth=width, zorder=2 + (line == "--"))
            broken = np.flatnonzero(np.isfinite(kept))[0]
            if broken:
                ax.plot(
                    grid[broken], kept[broken], "x", color=colour, markersize=10, markeredgewidth=3
                )
    label(top, -55, 80, "stable", BLUE)
    label(top, -96, 62, "textbook", ORANGE)
    zero(bottom, x=False)
    bottom.set_ylim(-1.2, 0.2)
    return fig


def digits_kept(x, forms):
    """Correct decimal digits of `{name: (values, truth)}` over x, on a log axis."""
    fig, ax = figure(xlabel="x", ylabel="correct digits in float32", height=3.2)
    for i, (name, (values, truth)) in enumerate(forms.items()):
        with np.errstate(all="ignore"):
            error = np.abs(np.float64(values) / truth - 1)
            digits = np.clip(-np.log10(error), 0, 7.3)
        # The first form lies wide and pale under those that repair a part of it.
        style = (
            {"color": FAINT, "linewidth": 6}
            if not i
            else {"color": CYCLE[i - 1], "linewidth": 1.8, "linestyle": LINES[i - 1]}
        )
        ax.plot(x, np.where(np.isfinite(error), digits, 0), label=name, **style)
    ax.axvline(np.log(2), color=INK, linewidth=1, linestyle=":")
    ax.set(xscale="log", ylim=(-0.3, 10.8), yticks=range(0, 8, 2))
    ax.text(np.log(2), 7.6, " ln 2", ha="right")
    ax.legend(loc="upper left", ncols=1)
    return fig


# Colour of the cell, sign, and the ink in which the sign is readable on that colour.
_VERDICTS = {
    "right": (BLUE, "✓", INK),
    "∞": (ORANGE, "∞", "black"),
    "NaN": (ORANGE, "NaN", "black"),
    "lost": (ORANGE, "0", "black"),
    "wrong": (PLUM, "≠", "white"),
}


def verdicts(table, sizes):
    """A panel per formula: rows of dtypes, columns of logits, each value (left) and gradient.

    `table` maps formula and dtype to pairs of "right", "wrong", "lost", "∞" or "NaN".
    """
    fig, axes = figure(
        len(table), 1, width=6.4, height=1.55 * len(table) + 0.2, title=list(table), sharex=True
    )
    for ax, rows in zip(axes, table.values(), strict=True):
        for row, pairs in enumerate(rows.values()):
            for column, pair in enumerate(pairs):
                for side, verdict in enumerate(pair):
                    colour, sign, ink = _VERDICTS[verdict]
                    x = column + 0.44 * side
                    ax.barh(
                        -row,
                        0.42,
                        left=x,
                        height=0.84,
                        color=colour,
                        alpha=0.18 if verdict == "right" else 1,
                    )
                    ax.text(
                        x + 0.21,
                        -row,
                        sign,
                        ha="center",
                        va="center",
                        color=ink,
                        fontsize=fig.font_size - (3 if sign == "NaN" else 1),
                    )
        ax.set_yticks(range(0, -len(rows), -1), list(rows))
        ax.set_xticks(np.arange(len(sizes)) + 0.43, [f"{size:g}" for size in sizes])
        ax.grid(False)
        ax.spines[["left", "bottom"]].set_visible(False)
        ax.tick_params(length=0)
    axes[-1].set_xlabel("size of the logit: value left, gradient right")
    return fig


def what_clipping_does(forms, span=(-40, 15)):
    """Loss and gradient of a positive example over its logit, for `{name: loss}`, in float32."""
    import torch

    grid = torch.linspace(*span, 441)
    curves = {}
    for name, form in forms.items():
        logits = grid.clone().requires_grad_()
        values = torch.stack([form(z[None], torch.ones(1)) for z in logits])
        values.sum().backward()
        curves[name] = (values.detach().numpy(), logits.grad.numpy())
    return value_and_slope(
        grid.numpy(),
        curves,
        xlabel="logit z of a positive example",
        ylabel="loss",
        gradient="gradient",
    )


def ways_of_logits(histories):
    """Logits of positive examples over the steps of descent, a panel per loss."""
    fig, axes = figure(
        1,
        len(histories),
        height=3.2,
        sharey=True,
        title=list(histories),
        xlabel="step",
        ylabel=["logit", *[""] * (len(histories) - 1)],
    )
    for ax, ways in zip(axes, histories.values(), strict=True):
        for way in np.transpose(ways):
            stuck = way[-1] == way[0]
            ax.plot(way, "--" if stuck else "-", color=ORANGE if stuck else BLUE)
        zero(ax, x=False)
    return fig


def padded(losses, mask):
    """A batch of token losses, a sentence per row; what lies under the mask is pale."""
    fig, ax = figure(width=6.4, height=0.5 * len(losses) + 0.7)
    for row, (numbers, counts) in enumerate(zip(losses, mask, strict=True)):
        for column, (number, counted) in enumerate(zip(numbers, counts, strict=True)):
            ax.barh(
                -row,
                0.92,
                left=column,
                height=0.86,
                color=BLUE if counted else INK,
                alpha=0.3 if counted else 0.12,
            )
            text = f"{number:.1f}" if np.isfinite(number) else "∞" if number > 0 else "NaN"
            ax.text(
                column + 0.46,
                -row,
                text,
                ha="center",
                va="center",
                color=INK if np.isfinite(number) else ORANGE,
            )
    ax.set_yticks(range(0, -len(losses), -1), [f"sentence {i + 1}" for i in range(len(losses))])
    ax.set_xticks(np.arange(losses.shape[1]) + 0.46, range(1, losses.shape[1] + 1))
    ax.set_xlabel("token")
    ax.grid(False)
    ax.spines[["left", "bottom"]].set_visible(False)
    ax.tick_params(length=0)
    return fig


def costs(curves):
    """Memory and time of both ways over what is varied, on log axes, as `MEASURED` has them.

    Arguments
        curves: {what is varied: {"loss", "sizes", "megabytes", "seconds"}}, the last two
            {way: values}.
    """
    kinds = {"megabytes": "peak memory, MB", "seconds": "time, seconds"}
    fig, axes = figure(len(kinds), len(curves), height=5.6, sharex="col", sharey="row")
    for row, (kind, name) in zip(axes, kinds.items(), strict=True):
        row[0].set_ylabel(name)
        for ax, curve in zip(row, curves.values(), strict=True):
            for i, (way, values) in enumerate(curve[kind].items()):
                ax.plot(
                    curve["sizes"], values, LINES[i], color=CYCLE[i], marker=MARKERS[i], label=way
                )
            ax.set(xscale="log", yscale="log")
            ax.minorticks_off()
    for ax, (varied, curve) in zip(axes[-1], curves.items(), strict=True):
        ax.set_xlabel(varied)
        ends = curve["sizes"][0], curve["sizes"][-1]
        ax.set_xticks(ends, [f"{size:,}" for size in ends])
    fig.legend(
        *axes[0, 0].get_legend_handles_labels(),
        loc="outside upper center",
        ncols=2,
        frameon=False,
        labelcolor=INK,
        fontsize=fig.font_size,
    )
    return fig


def running_sums(sums):
    """Running sums of the same losses in several dtypes: `{name: values}`."""
    fig, ax = figure(xlabel="losses added so far", ylabel="running sum", height=3.1)
    for i, (name, values) in enumerate(sums.items()):
        ax.plot(values, color=CYCLE[i], linestyle=LINES[i])
        label(ax, len(values) * 1.01, float(values[-1]), name, CYCLE[i], va="center")
    ax.set_xlim(0, len(next(iter(sums.values()))))
    return fig


def gradients_and_range(exponents, scale):
    """Histogram of log2 of the gradients' sizes, unscaled and scaled, beside what fp16 drops."""
    fig, ax = figure(xlabel="size of a gradient, power of two", ylabel="entries", height=3.2)
    bins = np.arange(-46, 12, 1)
    ax.hist(exponents, bins=bins, color=ORANGE, alpha=0.75)
    ax.hist(exponents + np.log2(scale), bins=bins, histtype="step", color=BLUE, linewidth=2.2)
    top = ax.get_ylim()[1] * 1.12
    ax.axvspan(-46, -25, color=INK, alpha=0.18, linewidth=0)
    ax.text(-45.5, top * 0.95, "0 in fp16", va="top")
    middle = np.median(exponents)
    label(ax, max(middle, -24.5), top * 0.99, "as they are", ORANGE, va="top")
    label(ax, middle + np.log2(scale), top * 0.99, f"× {scale:,}", BLUE, va="top")
    ax.set(xlim=(-46, 11), ylim=(0, top))
    return fig


def errors_of_sums(sizes, errors):
    """Relative errors of sums over how many numbers they add, on log axes: `{name: errors}`."""
    fig, ax = figure(xlabel="numbers added", ylabel="relative error in float32", height=3.2)
    for i, (name, values) in enumerate(errors.items()):
        ax.plot(sizes, values, LINES[i], color=CYCLE[i], marker="o", markersize=5, label=name)
    ax.set(xscale="log", yscale="log")
    ax.legend(loc="upper left")
    return fig


def growing_apart(difference):
    """The largest difference between the weights of two runs over the steps, on a log axis."""
    fig, ax = figure(xlabel="step", ylabel="largest difference of a weight", height=3.0)
    ax.plot(difference, color=PURPLE)
    ax.set(yscale="log")
    return fig
