"""Pictures of the generative models of chapter 9: the chapter computes, these functions draw."""

import numpy as np

from .style import BLUE, CYCLE, FAINT, INK, LINES, ORANGE, figure, label, zero


def codes(planes, digits, *, prior=2.0, reach=9.0):
    """The two numbers of each digit, a panel each: `{title: rows}`. Every dot is its own digit.

    The circle holds what is drawn from the prior nearly always: it has the radius `prior`.
    """
    fig, axes = figure(
        1,
        len(planes),
        height=3.9,
        title=list(planes),
        sharex=True,
        sharey=True,
        xlabel="first number",
        ylabel=["second number"] + [""] * (len(planes) - 1),
    )
    turn = np.linspace(0, 2 * np.pi, 90)
    for ax, rows in zip(np.atleast_1d(axes), planes.values(), strict=True):
        for digit in range(10):
            own = np.asarray(rows)[np.asarray(digits) == digit]
            ax.plot(
                own[:, 0],
                own[:, 1],
                color=CYCLE[digit % 5],
                linestyle="",
                marker=f"${digit}$",
                markersize=6,
                markeredgewidth=0.2,
            )
        ax.plot(prior * np.cos(turn), prior * np.sin(turn), color=INK, linewidth=1.4)
        ax.set(xlim=(-reach, reach), ylim=(-reach, reach))
        ax.set_aspect("equal")
    return fig


def sheet(pictures, across, *, rows=(), width=5.2):
    """Pictures in rows of `across`, dark where their values are 1; `rows` names the rows."""
    pictures = [np.asarray(picture, dtype=float) for picture in pictures]
    down = -(-len(pictures) // across)
    fig, axes = figure(
        down,
        across,
        width=width,
        height=width * down / across,
        gridspec_kw={"hspace": 0.05, "wspace": 0.05},
    )
    axes = np.reshape(axes, (down, across))
    for ax in axes.flat:
        ax.set(xticks=[], yticks=[])
        ax.grid(False)
        ax.spines[:].set(visible=True, color=FAINT)
    for ax, picture in zip(axes.flat, pictures, strict=False):
        # Transparent where the paper is white, so that it sits on a dark page as well.
        ink = np.zeros((*picture.shape, 4))
        ink[..., :3] = [int(INK[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        ink[..., 3] = np.clip(picture, 0, 1)
        ax.imshow(ink)
    for ax, name in zip(axes[:, 0], rows, strict=False):
        ax.set_ylabel(name)
    return fig


def bound(mean, curves, floor, best):
    """The negative ELBO over the mean of the code: `{σ: values}`, above what it bounds."""
    fig, ax = figure(
        width=6.2, height=3.4, xlabel="mean μ of the encoder's Gaussian", ylabel="nats"
    )
    for i, (name, values) in enumerate(curves.items()):
        ax.plot(mean, values, LINES[i], color=CYCLE[i])
        label(ax, mean[-1] * 1.03, values[-1], name, CYCLE[i], va="center")
    ax.axhline(floor, color=INK, linewidth=2)
    label(ax, mean[0], floor - 0.06, "−ln P(x), what is bounded", va="top")
    ax.plot(*best, "o", color=ORANGE, markersize=10)
    ax.set(xlim=(mean[0], mean[-1] * 1.35), ylim=(floor - 0.45, None))
    return fig


def clouds(panels, real, *, reach=3.0, across=3):
    """Samples over the real points, a panel each: `{title: points}`."""
    across = min(across, len(panels))
    down = -(-len(panels) // across)
    fig, axes = figure(
        down, across, width=7.2, height=down * (7.2 / across + 0.25), sharex=True, sharey=True
    )
    for ax, (name, points) in zip(np.ravel(axes), panels.items(), strict=True):
        ax.scatter(*np.asarray(real).T, s=4, color=FAINT, linewidths=0)
        ax.scatter(*np.asarray(points).T, s=5, color=BLUE, linewidths=0)
        ax.set_title(name)
        ax.set(xlim=(-reach, reach), ylim=(-reach, reach))
        ax.set_aspect("equal")
    return fig


def paths(walks, *, reach=1.6):
    """The way of two players, a panel each: `{title: rows of generator and critic}`.

    The cross is where both should end; the square is where they start, the dot where they are.
    """
    fig, axes = figure(
        1,
        len(walks),
        height=3.3,
        title=list(walks),
        xlabel="generator θ",
        ylabel=["critic ψ"] + [""] * (len(walks) - 1),
        sharex=True,
        sharey=True,
    )
    for ax, walk in zip(np.atleast_1d(axes), walks.values(), strict=True):
        zero(ax)
        ax.plot(*np.asarray(walk).T, color=BLUE, linewidth=1.3)
        ax.plot(*walk[0], "s", color=INK, markersize=7)
        ax.plot(*walk[-1], "o", color=ORANGE, markersize=9)
        ax.plot(0, 0, "+", color=INK, markersize=13, markeredgewidth=2)
        ax.set(xlim=(-reach, reach), ylim=(-reach, reach))
        ax.set_aspect("equal")
    return fig


def photographs(pictures, *, across=3):
    """Grey pictures with values from 0 to 1, `{title: picture}`, as large as the page allows."""
    across = min(across, len(pictures))
    down = -(-len(pictures) // across)
    fig, axes = figure(down, across, width=7.2, height=down * (7.2 / across + 0.3))
    for ax in np.ravel(axes)[len(pictures) :]:
        ax.set_axis_off()
    for ax, (name, picture) in zip(np.ravel(axes), pictures.items(), strict=False):
        ax.imshow(np.asarray(picture), cmap="gray", vmin=0, vmax=1, interpolation="nearest")
        ax.set_title(name)
        ax.set(xticks=[], yticks=[])
        ax.grid(False)
    return fig
