"""The focal loss of logits, and the same in PyTorch."""

import numpy as np

import lossfns.numpy as ln
from lossfns.check import faults, kinds, questions
from lossfns.check.exercise import Exercise, Recognised
from lossfns.check.questions import refuse
from lossfns.check.recipes import library, per_item, sigmoid, softplus


def right(logits, target, gamma=2.0, alpha=None, reduction="mean"):
    return ln.focal_with_logits(logits, target, gamma=gamma, alpha=alpha, reduction=reduction)


def _draw_focal(rng):
    pairs = questions.labelled(rng)
    gamma, alpha = (float(np.round(rng.uniform(*ends), 2)) for ends in ((0.5, 1.5), (0.1, 0.4)))
    yield from questions.ask_logits(pairs)
    yield from questions.ask_logits(pairs, gamma=gamma)
    yield from questions.ask_logits(pairs, alpha=alpha)
    yield from questions.ask_logits(pairs[:5], gamma=0.0, alpha=0.75)
    yield from questions.ask_logits(questions.singles(pairs[3:5]), gamma=3.0)
    for reduction in ("none", "sum", "mean"):
        asked = [pairs[2], pairs[4]]
        yield from questions.ask_logits(asked, "reductions", reduction=reduction, alpha=alpha)
    yield from questions.ask_logits(far(np.float64), "extremes")
    yield from questions.ask_logits(far(np.float64)[2:], "extremes", gamma=gamma, alpha=alpha)
    logits, target = pairs[2]
    yield refuse(
        "broadcasting of (n, 1) against (n,)", logits=pairs[3][0][:, None], target=pairs[3][1]
    )
    yield refuse(
        "an unknown reduction taken for the mean", logits=logits, target=target, reduction="average"
    )
    yield refuse("a negative γ accepted", logits=logits, target=target, gamma=-1.0)
    yield refuse("an α outside 0 … 1 accepted", logits=logits, target=target, alpha=1.5)


def far(dtype):
    """Logits that no exponential survives, on the wrong side and on the right one."""
    pairs = [
        ([-1000.0], [1.0]),
        ([1000.0], [0.0]),
        ([1000.0, -1000.0, -1000.0, 1000.0, 1.0], [1.0, 1.0, 0.0, 0.0, 1.0]),
    ]
    return [(np.array(logits, dtype), np.array(target, dtype)) for logits, target in pairs]


def surprise_of(z, y):
    """-ln p_t, the cross-entropy of an item."""
    return y * softplus(-z) + (1 - y) * softplus(z)


def missing_of(z, y):
    """1 - p_t, the probability of what did not happen."""
    return y * sigmoid(-z) + (1 - y) * sigmoid(z)


def fade_of(z, y, gamma):
    return missing_of(z, y) ** gamma


def _fade_of_mean(z, y, gamma):
    """What code makes of the factor that begins with an averaged cross-entropy."""
    return (1 - library(z).exp(-surprise_of(z, y).mean())) ** gamma


def _alpha_t(y, alpha):
    return 1.0 if alpha is None else alpha * y + (1 - alpha) * (1 - y)


def core_of(fade=fade_of, surprise=surprise_of, weigh=_alpha_t):
    """The core with one of its three factors replaced: fading, cross-entropy, class weight."""

    def core(z, y, gamma=2.0, alpha=None):
        return weigh(y, alpha) * fade(z, y, gamma) * surprise(z, y)

    return core


def _of_probability(p, y, gamma, alpha):
    """The focal loss as it is written for probabilities."""
    lib = library(p)
    losses = -y * (1 - p) ** gamma * lib.log(p) - (1 - y) * p**gamma * lib.log(1 - p)
    return _alpha_t(y, alpha) * losses


def _clipping(eps, probability=sigmoid):
    def core(z, y, gamma=2.0, alpha=None):
        return _of_probability(probability(z).clip(eps, 1 - eps), y, gamma, alpha)

    return core


def _overflowing(z, y, gamma=2.0, alpha=None):
    return _of_probability(1 / (1 + library(z).exp(-z)), y, gamma, alpha)


def _per_positive(logits, target, *, reduction="mean", **options):
    losses = core_of()(logits, target, **options)
    return losses.sum() / target.sum().clip(1) if reduction == "mean" else losses.sum()


def _per_weight(logits, target, gamma=2.0, alpha=None, reduction="mean"):
    losses, weights = core_of()(logits, target, gamma, alpha), fade_of(logits, target, gamma)
    return losses.sum() / (_alpha_t(target, alpha) * weights).sum()


def _per_alpha(logits, target, gamma=2.0, alpha=None, reduction="mean"):
    losses = core_of()(logits, target, gamma, alpha)
    return losses.sum() / (_alpha_t(target, alpha) + 0 * target).sum()


FORMULA = {
    "α on both classes": per_item(core_of(weigh=lambda y, alpha: 1.0 if alpha is None else alpha)),
    "α and 1 - α exchanged": per_item(core_of(weigh=lambda y, alpha: _alpha_t(1 - y, alpha))),
    "the negatives not weighted": per_item(
        core_of(weigh=lambda y, alpha: 1.0 if alpha is None else alpha * y + (1 - y))
    ),
    "the argument alpha without effect": per_item(core_of(weigh=lambda y, alpha: 1.0)),
    "alpha=None taken for 0.25": per_item(
        core_of(weigh=lambda y, alpha: _alpha_t(y, 0.25 if alpha is None else alpha))
    ),
    "alpha=None taken for ½": per_item(
        core_of(weigh=lambda y, alpha: _alpha_t(y, 0.5 if alpha is None else alpha))
    ),
    "the easy items kept and the hard ones faded": per_item(
        core_of(fade=lambda z, y, gamma: (1 - missing_of(z, y)) ** gamma)
    ),
    "(1 - p)^γ for both classes": per_item(core_of(fade=lambda z, y, gamma: sigmoid(-z) ** gamma)),
    "p^γ for both classes": per_item(core_of(fade=lambda z, y, gamma: sigmoid(z) ** gamma)),
    "γ as a factor instead of an exponent": per_item(
        core_of(fade=lambda z, y, gamma: gamma * missing_of(z, y))
    ),
    "the power around the product": per_item(
        core_of(
            fade=lambda z, y, gamma: (missing_of(z, y) * surprise_of(z, y)) ** gamma,
            surprise=lambda z, y: 1.0,
        )
    ),
    "1 - p_t^γ instead of (1 - p_t)^γ": per_item(
        core_of(fade=lambda z, y, gamma: 1 - (1 - missing_of(z, y)) ** gamma)
    ),
    "γ fixed at 2": per_item(core_of(fade=lambda z, y, gamma: missing_of(z, y) ** 2)),
    "the fading factor missing": per_item(core_of(fade=lambda z, y, gamma: 1.0)),
    "one factor for the whole batch": per_item(core_of(fade=_fade_of_mean)),
    "no loss for the negatives": per_item(
        lambda z, y, gamma=2.0, alpha=None: y * core_of()(z, y, gamma, alpha)
    ),
    "the sigmoid forgotten": per_item(_clipping(1e-7, probability=lambda z: z)),
    "the sigmoid twice": per_item(_clipping(1e-7, probability=lambda z: sigmoid(sigmoid(z)))),
    "the sign flipped": per_item(
        lambda z, y, gamma=2.0, alpha=None: -core_of()(z, y, gamma, alpha)
    ),
}

NORMALISERS = {
    "divided by the number of positives": _per_positive,
    "divided by the sum of the fading factors": _per_weight,
    "divided by the sum of the α_t": _per_alpha,
}

OVERFLOW = {"the logarithm of a rounded probability": per_item(_overflowing)}


CLIPPED = {
    "the probability kept away from 0 and 1": Recognised(
        per_item(_clipping(1e-7)), faults.capped(right)
    )
}


FOCAL = Exercise(
    signature='focal(logits, target, gamma=2.0, alpha=None, reduction="mean")',
    read="loss-focal",
    right=right,
    draw=_draw_focal,
    probes=(
        kinds.shapes("logits", "target"),
        kinds.words("reduction", "none", "mean", "sum"),
        kinds.outside("gamma", 0.0),
        kinds.outside("alpha", 0.0, 1.0),
        kinds.zero("gamma"),
        kinds.zero("alpha"),
        kinds.beyond_fifty("logits"),
        kinds.certain("logits", "target", "gamma"),
    ),
    mistakes={
        **FORMULA,
        **NORMALISERS,
        **faults.of_mean(core_of()),
        **faults.of_reduction(core_of()),
        **OVERFLOW,
        **CLIPPED,
    },
)


def _draw_focal_torch(rng):
    pairs = questions.labelled(rng)
    gamma, alpha = (float(np.round(rng.uniform(*ends), 2)) for ends in ((0.5, 1.5), (0.1, 0.4)))
    single, wants = questions.singles(pairs), ("logits",)
    yield from questions.ask_logits(questions.both_floats(pairs), wants=wants)
    yield from questions.ask_logits(single, wants=wants, gamma=gamma)
    yield from questions.ask_logits(single, wants=wants, alpha=alpha)
    yield from questions.ask_logits(single[:5], wants=wants, gamma=0.0, alpha=0.75)
    yield from questions.ask_logits(far(np.float32), "extremes", wants)
    yield from questions.ask_logits(far(np.float32)[2:], "extremes", wants, gamma=3.0, alpha=alpha)


def _factor_detached(z, y, gamma=2.0, alpha=None):
    return core_of(fade=lambda z, y, gamma: fade_of(z.detach(), y, gamma))(z, y, gamma, alpha)


FOCAL_TORCH = Exercise(
    signature="focal_torch(logits, target, gamma=2.0, alpha=None)",
    read="loss-focal",
    right=right,
    draw=_draw_focal_torch,
    probes=(
        kinds.zero("gamma"),
        kinds.zero("alpha"),
        kinds.beyond_fifty("logits"),
        kinds.certain("logits", "target", "gamma"),
    ),
    torch=True,
    slopes={
        "logits": lambda logits, target, gamma=2.0, alpha=None: ln.focal_with_logits.grad(
            logits, target, gamma=gamma, alpha=alpha
        )
    },
    # In float32 a rounded factor of 1 ± 1e-7 times a loss of 1000 leaves 1e-4 of a gradient of 1.
    rtol=1e-3,
    mistakes={
        **FORMULA,
        **NORMALISERS,
        **faults.of_mean(core_of()),
        **OVERFLOW,
        **CLIPPED,
        "the fading factor detached": per_item(_factor_detached),
    },
)
