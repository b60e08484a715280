"""Pictures of the pages of chapter 9 about sequences, sounds, embeddings and molecules."""

import numpy as np

from .style import BLUE, CYCLE, FAINT, INK, ORANGE, figure, label


def strip(image, spikes=None, *, text=""):
    """A strip of handwriting, and below it the probability of every symbol, frame by frame.

    Arguments
        image: the pixels, (rows, columns), 0 for white.
        spikes: `{symbol: probabilities}` over the frames, the blank as "blank"; none at first.
        text: what the strip says, as its title.
    """
    rows, columns = image.shape
    if spikes is None:
        fig, top = figure(width=6.6, height=1.5, title=text)
    else:
        fig, (top, low) = figure(
            2,
            1,
            width=6.6,
            height=3.9,
            height_ratios=[1, 2],
            title=[text, ""],
            xlabel=["", "frame"],
            ylabel=["", "probability"],
        )
    ink = np.zeros((rows, columns, 4))
    ink[..., :3] = np.array([22, 138, 240]) / 255
    ink[..., 3] = image
    top.imshow(ink, aspect="auto", interpolation="nearest")
    top.grid(False)
    top.set_xticks([])
    top.set_yticks([])
    if spikes is not None:
        frames = np.arange(len(next(iter(spikes.values()))))
        for name, values in spikes.items():
            if name == "blank":
                low.plot(frames, values, ":", color=INK, linewidth=1.6)
                label(low, frames[-1], 0.93, "blank", va="top", ha="right")
                continue
            low.plot(frames, values, color=ORANGE, linewidth=1.6)
            high = np.flatnonzero(np.asarray(values) > 0.5)
            for run in np.split(high, np.flatnonzero(np.diff(high) > 1) + 1):
                if len(run):
                    at = run[np.argmax(np.asarray(values)[run])]
                    label(low, frames[at], values[at] + 0.04, name, ORANGE, ha="center")
        low.set(xlim=(-0.5, len(frames) - 0.5), ylim=(0, 1.2), yticks=[0, 0.5, 1])
    return fig


def alignments(paths):
    """Every alignment as a row of cells, the likeliest on top: `{path: share of the whole}`."""
    order = sorted(paths, key=paths.get, reverse=True)
    frames = len(order[0])
    fig, ax = figure(width=5.2, height=0.27 * len(order) + 1.1, xlabel="frame")
    colours = {"–": FAINT} | dict(zip(sorted({*"".join(order)} - {"–"}), CYCLE, strict=False))
    for row, path in enumerate(order):
        for frame, symbol in enumerate(path):
            ax.barh(
                -row,
                0.94,
                0.84,
                left=frame + 0.53,
                color=colours[symbol] if symbol != "–" else "none",
                edgecolor=colours[symbol],
                alpha=1 if symbol == "–" else 0.35,
            )
            ax.text(frame + 1, -row, symbol, ha="center", va="center", color=INK, fontweight="bold")
        width = 2.2 * paths[path] / max(paths.values())
        ax.barh(-row, width, 0.6, left=frames + 0.7, color=ORANGE)
        ax.text(
            frames + 0.8 + width,
            -row,
            f"{paths[path]:.1%}",
            va="center",
            fontsize=fig.font_size - 1,
        )
    ax.text(frames + 0.7, 0.75, "share", fontsize=fig.font_size - 1)
    ax.set(
        xlim=(0.4, frames + 4), ylim=(0.4 - len(order), 1.5), yticks=[], xticks=range(1, frames + 1)
    )
    ax.grid(False)
    ax.spines[["left", "bottom"]].set_visible(False)
    return fig


def trellis(places, occupied, moves):
    """The places of the stretched target over the frames, and how much probability goes where.

    Arguments
        places: the symbol of each place, as ["–", "A", "–"].
        occupied: (frames, places), the share of the alignments that stand there.
        moves: `{(frame, from, to): share}` of the alignments that go this way to the next frame.
    """
    frames = len(occupied)
    fig, ax = figure(width=5.6, height=0.62 * len(places) + 0.9, xlabel="frame")
    for (frame, start, stop), share in moves.items():
        ax.plot(
            [frame + 1, frame + 2],
            [-start, -stop],
            color=FAINT if share < 1e-9 else ORANGE,
            linewidth=1 + 9 * share,
            alpha=0.75,
            solid_capstyle="round",
        )
    for frame in range(frames):
        for place in range(len(places)):
            share = occupied[frame][place]
            ax.plot(
                frame + 1,
                -place,
                "o",
                color=BLUE if share > 1e-9 else FAINT,
                markersize=6 + 20 * np.sqrt(share),
                alpha=0.85,
            )
            if share > 0.005:
                ax.text(
                    frame + 1,
                    -place + 0.36,
                    f"{share:.2f}",
                    ha="center",
                    fontsize=fig.font_size - 2,
                )
    ax.set_yticks(range(0, -len(places), -1), places)
    ax.set(xlim=(0.6, frames + 0.4), ylim=(0.5 - len(places), 0.75), xticks=range(1, frames + 1))
    ax.grid(False)
    return fig


def molecules(chains):
    """Chains of atoms in space, a panel each: `{title: positions}`; what is nearer is thicker."""
    fig, axes = figure(
        len(chains), 1, width=5.2, height=1.7 * len(chains), title=list(chains), squeeze=False
    )
    for ax, points in zip(axes.flat, chains.values(), strict=True):
        points = np.asarray(points)
        points = points - points.mean(axis=0)
        depth = (points[:, 2] - points[:, 2].min()) / max(np.ptp(points[:, 2]), 1e-9)
        for i in np.argsort(depth[:-1] + depth[1:]):
            near = depth[i : i + 2].mean()
            ax.plot(
                *points[i : i + 2, :2].T,
                color=BLUE,
                linewidth=1.2 + 4.5 * near,
                alpha=0.45 + 0.55 * near,
                solid_capstyle="round",
            )
        for point, near in zip(points, depth, strict=True):
            ax.plot(*point[:2], "o", color=BLUE, markersize=4 + 6 * near)
        ax.plot(*points[0, :2], "o", color=ORANGE, markersize=5 + 6 * depth[0])
        ax.set_aspect("equal", adjustable="datalim")
        ax.margins(y=0.25)
        ax.grid(False)
        ax.set(xticks=[], yticks=[])
        ax.spines[["left", "bottom"]].set_visible(False)
    return fig


def fitted_bins(edges, predicted, seen, *, mean, xlabel):
    """A predicted distribution over bins, the share of the data in each, and the fitted mean."""
    fig, ax = figure(width=5.8, height=3.2, xlabel=xlabel, ylabel="probability of the bin")
    width = edges[1] - edges[0]
    middle = np.concatenate([[edges[0] - width / 2], edges + width / 2])
    ax.bar(middle, seen, 0.95 * width, color=FAINT)
    ax.plot(middle, predicted, color=BLUE, linewidth=2)
    ax.axvline(mean, color=ORANGE, linestyle="--")
    top = max(np.max(seen), np.max(predicted))
    label(ax, mean + 0.2, 1.12 * top, "regression answers this", ORANGE, ha="center")
    label(ax, middle[np.argmax(predicted)], 1.01 * top, "distogram", BLUE, ha="center")
    ax.set(ylim=(0, 1.25 * top))
    return fig


def spectrum(frames, masked=None, *, ylabel="band"):
    """The strength of every band over time, as shades; frames that are masked lie in a frame."""
    frames = np.asarray(frames)
    fig, ax = figure(width=6.6, height=2.2, xlabel="frame", ylabel=ylabel)
    size = frames / np.abs(frames).max()
    shade = np.zeros((*size.T.shape, 4))
    for part, colour in ((size > 0, (22, 138, 240)), (size < 0, (238, 86, 15))):
        shade[part.T] = [*(np.array(colour) / 255), 0]
    shade[..., 3] = np.abs(size.T)
    ax.imshow(shade, aspect="auto", interpolation="nearest", origin="lower")
    ax.grid(False)
    for at in np.flatnonzero(masked) if masked is not None else ():
        ax.axvspan(at - 0.5, at + 0.5, facecolor=FAINT, edgecolor="none")
    return fig


def shares(tables):
    """How often each entry is used, a panel a model: `{title: shares}`; the dots are equal use."""
    fig, axes = figure(
        len(tables),
        1,
        width=6.2,
        height=1.6 * len(tables) + 0.6,
        sharex=True,
        title=list(tables),
        xlabel=[*[""] * (len(tables) - 1), "codebook entry"],
        ylabel="share",
        squeeze=False,
    )
    top = 1.15 * max(np.max(values) for values in tables.values())
    for ax, values in zip(axes.flat, tables.values(), strict=True):
        at = np.arange(1, len(values) + 1)
        ax.bar(at, values, 0.75, color=BLUE)
        ax.axhline(1 / len(values), color=INK, linestyle=":")
        ax.set(ylim=(0, top), xticks=at)
    return fig


def entries(counts, *, xlabel, ylabel):
    """A table of counts as discs: which entry goes with which sound."""
    counts = np.asarray(counts, dtype=float)
    fig, ax = figure(width=5.6, height=3.2, xlabel=xlabel, ylabel=ylabel)
    rows, columns = np.nonzero(counts)
    ax.scatter(columns + 1, rows + 1, 160 * counts[rows, columns] / counts.max(), color=BLUE)
    ax.set(
        xticks=range(1, counts.shape[1] + 1),
        yticks=range(1, counts.shape[0] + 1),
        xlim=(0.4, counts.shape[1] + 0.6),
        ylim=(0.4, counts.shape[0] + 0.6),
    )
    return fig


def projection(pred, target):
    """An estimate in two dimensions, taken apart into its share of the target and the rest."""
    pred, target = np.asarray(pred, dtype=float), np.asarray(target, dtype=float)
    along = pred @ target / (target @ target) * target
    fig, ax = figure(width=4.6, height=3.4)
    arrow = {"arrowstyle": "-|>", "linewidth": 2.4, "shrinkA": 0, "shrinkB": 0}
    for start, end, colour in (
        (0 * pred, target, INK),
        (0 * pred, pred, BLUE),
        (along, pred, ORANGE),
    ):
        ax.annotate("", end, start, arrowprops=arrow | {"color": colour})
    ax.plot([0, along[0]], [0, along[1]], color=BLUE, linestyle=":", linewidth=4)
    ax.text(*(target + [0.06, -0.02]), "target s", va="center")
    label(ax, *(0.5 * pred + [-0.06, 0.1]), "estimate", BLUE, ha="right")
    label(ax, *(0.5 * (along + pred) + [0.08, 0]), "rest e", ORANGE)
    label(ax, *(0.6 * along + [0.05, -0.24]), "a s", BLUE)
    reach = np.array([np.zeros(2), target, pred, along])
    ax.set(
        xlim=(reach[:, 0].min() - 0.3, reach[:, 0].max() + 0.9),
        ylim=(reach[:, 1].min() - 0.45, reach[:, 1].max() + 0.3),
        xticks=[],
        yticks=[],
    )
    ax.set_aspect("equal")
    ax.grid(False)
    return fig


def waves(sounds, *, rate):
    """Short pieces of sounds, one below the other: `{title: samples}`, over the time."""
    fig, axes = figure(
        len(sounds),
        1,
        width=6.4,
        height=1.15 * len(sounds) + 0.7,
        sharex=True,
        title=list(sounds),
        xlabel=[*[""] * (len(sounds) - 1), "time, ms"],
        squeeze=False,
    )
    for ax, samples in zip(axes.flat, sounds.values(), strict=True):
        samples = np.asarray(samples)
        ax.plot(1000 * np.arange(len(samples)) / rate, samples, color=BLUE, linewidth=1.2)
        ax.set(yticks=[])
    return fig


def pair_distances(same, different, threshold):
    """Distances of pairs of one kind and of two kinds, and the threshold that tells them apart."""
    fig, ax = figure(
        width=5.8, height=3.1, xlabel="squared distance of a pair", ylabel="share of the pairs"
    )
    bins = np.linspace(0, 4, 41)
    for values, colour, hatch in ((same, BLUE, ""), (different, ORANGE, "//")):
        values = np.asarray(values)
        heights = np.histogram(values, bins)[0] / len(values)
        ax.bar(
            bins[:-1],
            heights,
            np.diff(bins),
            align="edge",
            facecolor=colour + "66",
            edgecolor=colour,
            hatch=hatch,
            linewidth=0.8,
        )
    top = ax.get_ylim()[1]
    ax.axvline(threshold, color=INK, linestyle=":")
    ax.text(threshold + 0.04, 0.97 * top, "threshold", va="top")
    label(ax, 0.42, 0.72 * top, "same", BLUE)
    label(ax, 2.5, 0.4 * top, "different", ORANGE)
    return fig
