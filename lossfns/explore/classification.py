"""Pictures of chapter 3, Classification: the chapter computes, these functions draw.

The pictures of losses call `lossfns.numpy` themselves, so that what is drawn is what is taught.
"""

import numpy as np

import lossfns.numpy as ln

from .regression import value_and_slope
from .style import (
    BLUE,
    CYCLE,
    FAINT,
    INK,
    LINES,
    OLIVE,
    ORANGE,
    PLUM,
    PURPLE,
    figure,
    label,
    note,
    zero,
)


def mistakes(says, y):
    """For each model, a dot per mistake at the probability it gave to the truth."""
    fig, ax = figure(width=6.2, height=2.3, xlabel="probability given to what was true")
    for row, p in enumerate(says.values()):
        q = np.where(y == 1, p, 1 - p)
        q = q[q < 0.5]
        ax.plot(q, np.full(len(q), -row), "o", color=CYCLE[row], markersize=9, alpha=0.75)
    ax.axvline(0.5, color=INK, linewidth=1, linestyle=":")
    ax.set(xscale="log", xlim=(None, 3), ylim=(0.4 - len(says), 0.9))
    ax.set_yticks(range(0, -len(says), -1), list(says))
    note(ax, "surely wrong")
    note(ax, "unsure", loc="upper right")
    return fig


def surprise():
    """-ln q with the halvings marked."""
    fig, ax = figure(xlabel="probability q", ylabel="surprise −ln q in nats")
    q = np.linspace(0.004, 1, 500)
    ax.plot(q, -np.log(q), color=ORANGE)
    for halving, name in enumerate(("1", "½", "¼", "⅛", "1/16")):
        at = 0.5**halving
        ax.plot([at, at, 0], [0, -np.log(at), -np.log(at)], color=FAINT, linewidth=1)
        ax.plot(at, -np.log(at), "o", color=ORANGE)
        ax.text(at + 0.015, -np.log(at) + 0.08, name)
    ax.set(xlim=(0, 1.08), ylim=(0, 5))
    return fig


def entropy_of_a_coin():
    """The entropy of two outcomes and its gradient with respect to the logit."""
    p = np.linspace(0.002, 0.998, 400)
    pairs = np.column_stack([p, 1 - p])
    slope = ln.entropy.grad(pairs, reduction="none") @ np.array([1, -1]) * p * (1 - p)
    return value_and_slope(
        p,
        {"entropy": (ln.entropy(pairs, reduction="none"), slope)},
        xlabel="probability of heads",
        ylabel="entropy",
        gradient="gradient dH/dz",
    )


def bce_over_probability():
    """Binary cross-entropy and its gradient with respect to the probability."""
    p = np.linspace(0.01, 0.99, 400)
    curves = {f"y = {y}": _value_and_slope_of(ln.bce, p, y) for y in (1, 0)}
    return value_and_slope(
        p,
        curves,
        xlabel="probability p",
        ylabel="loss",
        gradient="gradient dL/dp",
        ylim=((0, 4.7), (-22, 22)),
    )


def bce_over_logit():
    """The same loss and its gradient with respect to the logit."""
    z = np.linspace(-6, 6, 400)
    curves = {f"y = {y}": _value_and_slope_of(ln.bce_with_logits, z, y) for y in (1, 0)}
    return value_and_slope(z, curves, xlabel="logit z", ylabel="loss", gradient="gradient dL/dz")


def softmax_steps(z):
    """The scores, their exponentials and their shares, as bars."""
    rows = {"score z": z, "exp z": np.exp(z), "softmax": np.exp(z) / np.exp(z).sum()}
    fig, axes = figure(1, 3, height=2.5, title=list(rows), sharey=True)
    for ax, values, colour in zip(axes, rows.values(), (INK, PLUM, BLUE), strict=True):
        places = np.arange(len(values), 0, -1)
        ax.barh(places, values, color=colour, height=0.6)
        for place, value in zip(places, values, strict=True):
            ax.text(max(value, 0), place, f" {value:.2f}".replace("-", "−"), va="center")
        ax.axvline(0, color=INK, linewidth=0.8)
        ax.set_yticks(places, [f"class {k}" for k in range(len(values))])
        ax.set_xlim(min(values.min() * 1.1, 0), values.max() * 1.5)
        ax.grid(False)
    return fig


def cross_entropy_over_logit(rivals):
    """Cross-entropy and its gradient over the logit of the true class; the rivals stay put."""
    z = np.linspace(-6, 8, 300)
    logits = np.column_stack([z] + [np.full_like(z, rival) for rival in rivals])
    target = np.zeros(len(z), dtype=int)
    losses = ln.cross_entropy(logits, target, reduction="none")
    slopes = ln.cross_entropy.grad(logits, target, reduction="none")
    fig, (top, bottom) = figure(
        2,
        1,
        height=4.9,
        sharex=True,
        xlabel=["", "logit of the true class"],
        ylabel=["loss", "gradient p − y"],
    )
    top.plot(z, losses, color=ORANGE)
    bottom.plot(z, slopes[:, 0], color=PURPLE)
    label(bottom, -5.8, -0.86, "true class", PURPLE)
    for rival, slope, colour, line in zip(
        rivals, slopes.T[1:], (BLUE, OLIVE), LINES[1:3], strict=False
    ):
        bottom.plot(z, slope, color=colour, linestyle=line)
        label(
            bottom, -5.8, slope[0] + 0.06, f"rival with logit {rival:g}".replace("-", "−"), colour
        )
    zero(bottom, x=False)
    bottom.set_ylim(-1.1, 1.15)
    return fig


def training_curves(runs, *, panels=("loss", "accuracy"), floor=None):
    """The histories `{name: {"loss": [...], "accuracy": [...]}}` over the training steps."""
    titles = {"loss": "training loss", "accuracy": "test accuracy"}
    fig, axes = figure(
        len(panels),
        1,
        height=4.7 if len(panels) > 1 else 3.1,
        sharex=True,
        xlabel=[""] * (len(panels) - 1) + ["step"],
        ylabel=[titles[panel] for panel in panels],
    )
    for ax, panel in zip(np.atleast_1d(axes), panels, strict=True):
        for i, (name, history) in enumerate(runs.items()):
            ax.plot(history[panel], LINES[i], color=CYCLE[i], label=name)
        ax.set_ylim(0, 1.02 if panel == "accuracy" else None)
        if panel == "loss" and floor is not None:
            ax.axhline(floor, color=INK, linewidth=1.2, linestyle=":")
            end = len(next(iter(runs.values()))[panel])
            ax.text(end, floor - 0.06, f"floor {floor:.2f}", va="top", ha="right")
    fig.legend(
        *np.atleast_1d(axes)[0].get_legend_handles_labels(),
        loc="outside upper center",
        ncols=min(len(runs), 3),
        frameon=False,
        labelcolor=INK,
        fontsize=fig.font_size,
        columnspacing=1.2,
        handlelength=1.6,
    )
    return fig


def escape(wrong, *, of):
    """How many examples are judged wrongly, step by step: `{name: counts}`."""
    fig, ax = figure(xlabel="step", ylabel=f"wrong, of {of}")
    for i, (name, counts) in enumerate(wrong.items()):
        ax.plot(counts, LINES[i], color=CYCLE[i])
        middle = int(len(counts) * (0.55 if i else 0.3))
        label(ax, middle, counts[middle] + 0.04 * of, name, CYCLE[i], va="bottom")
    ax.set_ylim(0, 1.2 * of)
    return fig


def squared_error_over_logit():
    """Cross-entropy and the squared error of the sigmoid for a positive example."""
    z = np.linspace(-8, 6, 400)
    p = 1 / (1 + np.exp(-z))
    curves = {
        "cross-entropy": _value_and_slope_of(ln.bce_with_logits, z, 1),
        "squared error": ((p - 1) ** 2, 2 * (p - 1) * p * (1 - p)),
    }
    return value_and_slope(
        z,
        curves,
        xlabel="logit z of a positive example",
        ylabel="loss",
        gradient="gradient dL/dz",
        ylim=((0, 4), (-1.1, 0.15)),
    )


def hinge_over_margin():
    """Zero-one, hinge, squared hinge and logistic loss over the signed margin."""
    s = np.linspace(-2.5, 3, 500)
    curves = {
        "hinge": _value_and_slope_of(ln.hinge, s, 1),
        "squared hinge": _value_and_slope_of(ln.squared_hinge, s, 1),
        "logistic": _value_and_slope_of(ln.bce_with_logits, s, 1),
    }
    fig = value_and_slope(
        s,
        curves,
        xlabel="signed margin y·s",
        ylabel="loss",
        gradient="gradient, times y",
        ylim=((-0.1, 4.2), (-4.2, 0.4)),
    )
    top = fig.axes[0]
    top.step([-2.5, 0, 3], [1, 1, 0], where="pre", color=FAINT, linewidth=2)
    top.text(-2.45, 0.5, "wrong 1, right 0")
    return fig


def best_scores(probability, scores):
    """Where the score settles over the probability of a positive: `{loss: scores}`."""
    fig, ax = figure(xlabel="probability of +1, η", ylabel="best score", height=3.4)
    for i, (name, values) in enumerate(scores.items()):
        steps = {"drawstyle": "steps-mid"} if len(set(values.round(2))) < 5 else {}
        ax.plot(probability, values, LINES[i], color=CYCLE[i], label=name, **steps)
    zero(ax, x=False)
    ax.axvline(0.5, color=INK, linewidth=1, linestyle=":")
    ax.legend(loc="upper left")
    return fig


def multiclass_hinge_over_score(rivals):
    """Both multiclass hinges and cross-entropy over the score of the true class."""
    s = np.linspace(-3, 4, 701)
    scores = np.column_stack([s] + [np.full_like(s, rival) for rival in rivals])
    target = np.zeros(len(s), dtype=int)

    def curve(loss, **options):
        options["reduction"] = "none"
        return loss(scores, target, **options), loss.grad(scores, target, **options)[:, 0]

    curves = {
        "all rivals": curve(ln.multiclass_hinge),
        "strongest rival": curve(ln.multiclass_hinge, kind="crammer_singer"),
        "cross-entropy": curve(ln.cross_entropy),
    }
    return value_and_slope(
        s,
        curves,
        xlabel="score of the true class",
        ylabel="loss",
        gradient="gradient of its score",
    )


def margin(points, y, w, b):
    """The separating line and its street; filled points have a gradient."""
    fig, ax = figure(
        width=5.6,
        height=4.3,
        xlabel="worst radius (standardised)",
        ylabel="worst texture (standardised)",
    )
    pulling = (2 * y - 1) * (points @ w + b) < 1
    for kind, colour, marker, name in ((0, BLUE, "o", "benign"), (1, ORANGE, "s", "malignant")):
        for mine, face in ((~pulling, "none"), (pulling, colour)):
            chosen = points[(y == kind) & mine]
            ax.scatter(
                *chosen.T,
                s=26,
                marker=marker,
                facecolors=face,
                edgecolors=colour,
                linewidths=1,
                label=name if face != "none" else None,
            )
    x = np.array([points[:, 0].min(), points[:, 0].max()])
    for level, line, width in ((0, "-", 2.2), (-1, "--", 1.2), (1, "--", 1.2)):
        ax.plot(x, (level - b - w[0] * x) / w[1], color=INK, linestyle=line, linewidth=width)
    ax.set_ylim(points[:, 1].min() - 0.3, points[:, 1].max() + 0.3)
    ax.legend(loc="lower right")
    return fig


def two_directions(x, target, covers, picks):
    """A two-humped target with the best bell curve of either direction of KL."""
    fig, ax = figure(width=5.6, height=3.2, xlabel="x", ylabel="probability")
    ax.fill_between(x, target, color=FAINT, linewidth=0)
    ax.plot(x, covers, color=BLUE)
    ax.plot(x, picks, "--", color=ORANGE)
    ax.text(2.1, target[x > 0].max() * 1.04, "target t", ha="center")
    label(ax, -5.9, covers.max() * 1.15, "min KL(t‖q)\ncovers", BLUE)
    label(ax, -1.0, picks.max() * 0.86, "min KL(q‖t) picks one", ORANGE)
    ax.set_ylim(0, picks.max() * 1.08)
    return fig


def divergences(target):
    """KL both ways and JS between two-class distributions, over the model's logit."""
    z = np.linspace(-9, 9, 500)
    log_q = np.column_stack([-np.logaddexp(0, -z), -np.logaddexp(0, z)])
    q, t = np.exp(log_q), np.broadcast_to([target, 1 - target], (len(z), 2))
    through_logit = np.column_stack([1 - q[:, 0], -q[:, 0]])
    curves = {
        "KL(t‖q)": (
            ln.kl_div(log_q, t, reduction="none"),
            (ln.kl_div.grad(log_q, t, reduction="none") * through_logit).sum(axis=1),
        ),
        "KL(q‖t)": (
            ln.kl_div(np.log(t), q, reduction="none"),
            q[:, 0] * q[:, 1] * (z - np.log(target / (1 - target))),
        ),
        "JS": (
            ln.js_div(log_q, t, reduction="none"),
            (ln.js_div.grad(log_q, t, reduction="none") * through_logit).sum(axis=1),
        ),
    }
    fig = value_and_slope(
        z,
        curves,
        xlabel="logit z of the model",
        ylabel="divergence",
        gradient="gradient d/dz",
        ylim=((0, 4), (-1.05, 0.35)),
    )
    top = fig.axes[0]
    top.axhline(np.log(2), color=INK, linewidth=1.2, linestyle=":")
    top.text(9, np.log(2) + 0.06, "ln 2", ha="right")
    return fig


def label_smoothing(classes, amounts):
    """Cross-entropy over the lead of the true logit, for several amounts of smoothing."""
    lead = np.linspace(-2, 12, 400)
    logits = np.column_stack([lead] + [np.zeros_like(lead)] * (classes - 1))
    target = np.zeros(len(lead), dtype=int)
    curves = {
        f"ε = {eps:g}": (
            ln.cross_entropy(logits, target, label_smoothing=eps, reduction="none"),
            ln.cross_entropy.grad(logits, target, label_smoothing=eps, reduction="none")[:, 0],
        )
        for eps in amounts
    }
    return value_and_slope(
        lead,
        curves,
        xlabel="lead of the true logit over the others",
        ylabel="loss",
        gradient="gradient of the true logit",
    )


def temperatures(image, logits, levels):
    """A digit and the softened probabilities of its classes, a panel per temperature."""
    image, logits = np.asarray(image), np.asarray(logits, dtype=float)
    fig, axes = figure(
        1,
        len(levels) + 1,
        width=7.2,
        height=2.6,
        title=[""] + [f"T = {t:g}" for t in levels],
        width_ratios=[1] + [1.5] * len(levels),
    )
    # Transparent where the paper is white, so that it sits on a light and a dark page alike.
    ink = np.zeros((8, 8, 4))
    ink[..., :3] = [int(INK[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    ink[..., 3] = image.reshape(8, 8)
    axes[0].imshow(ink)
    axes[0].set_axis_off()
    for ax, level in zip(axes[1:], levels, strict=True):
        scaled = np.exp((logits - logits.max()) / level)
        ax.bar(np.arange(len(logits)), scaled / scaled.sum(), color=BLUE)
        ax.set(ylim=(0, 1), xticks=range(0, len(logits), 3))
        if ax is not axes[1]:
            ax.set_yticklabels([])
    axes[1].set_ylabel("probability")
    return fig


def distillation_over_logit(teacher, temperatures):
    """Distillation between two classes over the student's logit, per temperature."""
    z = np.linspace(-8, 8, 400)
    student = np.column_stack([z, -z]) / 2
    advisor = np.broadcast_to([teacher / 2, -teacher / 2], student.shape)
    curves = {}
    for level in temperatures:
        options = {"temperature": level, "reduction": "none"}
        slopes = ln.distillation.grad(student, advisor, **options) @ np.array([0.5, -0.5])
        curves[f"T = {level:g}"] = (ln.distillation(student, advisor, **options), slopes)
    fig = value_and_slope(
        z, curves, xlabel="logit of the student", ylabel="loss", gradient="gradient dL/dz"
    )
    for ax in fig.axes:
        ax.axvline(teacher, color=INK, linewidth=1, linestyle=":")
    fig.axes[1].text(teacher + 0.2, fig.axes[1].get_ylim()[0] * 0.85, "teacher")
    return fig


def confidences(said):
    """The mean confidence where right and where wrong: `{name: (right, wrong)}`, a row each."""
    fig, ax = figure(
        width=6.2, height=0.5 * len(said) + 1.5, xlabel="mean probability of the answer"
    )
    for row, (right, wrong) in enumerate(said.values()):
        ax.plot([wrong, right], [-row, -row], color=FAINT, linewidth=2)
        ax.plot(right, -row, "o", color=BLUE, markersize=9)
        ax.plot(wrong, -row, "x", color=ORANGE, markersize=9, markeredgewidth=2.5)
    first = next(iter(said.values()))
    label(ax, 1.03, 0.45, "where right", BLUE, ha="right")
    label(ax, first[1] + 0.02, 0.45, "where wrong", ORANGE, ha="right")
    ax.set(xlim=(0.2, 1.04), ylim=(0.5 - len(said), 0.95))
    ax.set_yticks(range(0, -len(said), -1), list(said))
    return fig


def robust_losses():
    """Cross-entropy, generalised cross-entropy and 1 − p, and the pull on the label's logit."""
    p = np.linspace(0.005, 1, 400)
    curves = {
        "cross-entropy": (-np.log(p), p - 1),
        "generalised, q = 0.7": ((1 - p**0.7) / 0.7, p**0.7 * (p - 1)),
        "1 − p": (1 - p, p * (p - 1)),
    }
    return value_and_slope(
        p,
        curves,
        xlabel="probability of the labelled class",
        ylabel="loss",
        gradient="gradient of its logit",
        ylim=((0, 4), (-1.05, 0.1)),
    )


def _value_and_slope_of(loss, x, target):
    targets = np.full(len(x), target)
    return (
        loss(x, targets, reduction="none"),
        loss.grad(x, targets, reduction="none"),
    )
