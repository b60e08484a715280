"""The focal loss of logits, and the same in PyTorch.

p_t is the probability of what happened, α_t the weight of its class. In the formulas z are the
logits, y the targets, g is γ and a is α.
"""

from functools import partial

import numpy as np

import lossfns.numpy as ln
from lossfns.check import faults, kinds, questions
from lossfns.check.exercise import Exercise, Recognised
from lossfns.check.questions import ask_logits, singles
from lossfns.check.recipes import library, per_item, sigmoid, softplus


def _right(logits, target, gamma=2.0, alpha=None, reduction="mean"):
    return ln.focal_with_logits(logits, target, gamma=gamma, alpha=alpha, reduction=reduction)


def _draw_focal(rng):
    pairs = questions.labelled(rng)
    gamma, alpha = _options(rng)
    yield from ask_logits(pairs)
    yield from _ask_options(pairs, gamma, alpha)
    yield from ask_logits(singles(pairs[3:5]), gamma=3.0)
    for reduction in ("none", "sum", "mean"):
        yield from ask_logits([pairs[2], pairs[4]], "reductions", reduction=reduction, alpha=alpha)
    yield from ask_logits(far(), "extremes")
    yield from ask_logits(far()[2:], "extremes", gamma=gamma, alpha=alpha)
    (logits, target), (three, its_target) = pairs[2:4]
    bad = partial(questions.refuse, logits=logits, target=target)
    yield bad("broadcasting of (n, 1) against (n,)", logits=three[:, None], target=its_target)
    yield bad("an unknown reduction taken for the mean", reduction="average")
    yield bad("a negative γ accepted", gamma=-1.0)
    yield bad("an α outside 0 … 1 accepted", alpha=1.5)


def _draw_focal_torch(rng):
    pairs, wants = questions.labelled(rng), ("logits",)
    gamma, alpha = _options(rng)
    yield from ask_logits(questions.both_floats(pairs), wants=wants)
    yield from _ask_options(singles(pairs), gamma, alpha, wants=wants)
    yield from ask_logits(singles(far()), "extremes", wants)
    yield from ask_logits(singles(far()[2:]), "extremes", wants, gamma=3.0, alpha=alpha)


def _options(rng):
    """γ and α."""
    return [float(np.round(rng.uniform(*ends), 2)) for ends in ((0.5, 1.5), (0.1, 0.4))]


def _ask_options(pairs, gamma, alpha, **wants):
    yield from ask_logits(pairs, **wants, gamma=gamma)
    yield from ask_logits(pairs, **wants, alpha=alpha)
    yield from ask_logits(pairs[:5], **wants, gamma=0.0, alpha=0.75)


def far():
    """Logits that no exponential survives, on the wrong side and on the right one."""
    many = [1000.0, -1000.0, -1000.0, 1000.0, 1.0], [1.0, 1.0, 0.0, 0.0, 1.0]
    pairs = ([-1000.0], [1.0]), ([1000.0], [0.0]), many
    return [(np.array(logits), np.array(target)) for logits, target in pairs]


def ce(z, y):
    """-ln p_t, the cross-entropy of an item."""
    return y * softplus(-z) + (1 - y) * softplus(z)


def q_t(z, y):
    """1 - p_t, the probability of what did not happen."""
    return y * sigmoid(-z) + (1 - y) * sigmoid(z)


def _alpha_t(y, a):
    return 1.0 if a is None else a * y + (1 - a) * (1 - y)


def right_core(z, y, gamma=2.0, alpha=None):
    return _alpha_t(y, alpha) * q_t(z, y) ** gamma * ce(z, y)


def _weighing(weigh):
    """The core with another weight of the classes."""
    return lambda z, y, gamma=2.0, alpha=None: weigh(y, alpha) * q_t(z, y) ** gamma * ce(z, y)


def _fading(fade):
    """The core with another fading factor."""
    return lambda z, y, gamma=2.0, alpha=None: _alpha_t(y, alpha) * fade(z, y, gamma) * ce(z, y)


def _of_probability(probability):
    """The core as it is written for probabilities."""

    def core(z, y, gamma=2.0, alpha=None):
        p, lib = probability(z), library(z)
        losses = -y * (1 - p) ** gamma * lib.log(p) - (1 - y) * p**gamma * lib.log(1 - p)
        return _alpha_t(y, alpha) * losses

    return core


def _inside(p):
    return p.clip(1e-7, 1 - 1e-7)


def _divided(by):
    """The sum of the losses, divided by the sum of `by(z, y, γ, α)`."""

    def wrong(logits, target, gamma=2.0, alpha=None, reduction="mean"):
        losses = right_core(logits, target, gamma, alpha)
        return losses.sum() / by(logits, target, gamma, alpha).sum()

    return wrong


def _per_positive(logits, target, *, reduction="mean", **options):
    losses = right_core(logits, target, **options)
    return losses.sum() / target.sum().clip(1) if reduction == "mean" else losses.sum()


_CORES = {
    "α on both classes": _weighing(lambda y, a: 1.0 if a is None else a),
    "α and 1 - α exchanged": _weighing(lambda y, a: _alpha_t(1 - y, a)),
    "the negatives not weighted": _weighing(lambda y, a: 1.0 if a is None else a * y + (1 - y)),
    "the argument alpha without effect": _weighing(lambda y, a: 1.0),
    "alpha=None taken for 0.25": _weighing(lambda y, a: _alpha_t(y, 0.25 if a is None else a)),
    "alpha=None taken for ½": _weighing(lambda y, a: _alpha_t(y, 0.5 if a is None else a)),
    "the easy items kept and the hard ones faded": _fading(lambda z, y, g: (1 - q_t(z, y)) ** g),
    "(1 - p)^γ for both classes": _fading(lambda z, y, g: sigmoid(-z) ** g),
    "p^γ for both classes": _fading(lambda z, y, g: sigmoid(z) ** g),
    "γ as a factor instead of an exponent": _fading(lambda z, y, g: g * q_t(z, y)),
    "the power around the product": lambda z, y, gamma=2.0, alpha=None: (
        _alpha_t(y, alpha) * (q_t(z, y) * ce(z, y)) ** gamma
    ),
    "1 - p_t^γ instead of (1 - p_t)^γ": _fading(lambda z, y, g: 1 - (1 - q_t(z, y)) ** g),
    "γ fixed at 2": _fading(lambda z, y, g: q_t(z, y) ** 2),
    "the fading factor missing": _fading(lambda z, y, g: 1.0),
    # What code makes of the factor that begins with an averaged cross-entropy.
    "one factor for the whole batch": _fading(
        lambda z, y, g: (1 - library(z).exp(-ce(z, y).mean())) ** g
    ),
    "no loss for the negatives": lambda z, y, **options: y * right_core(z, y, **options),
    "the sigmoid forgotten": _of_probability(_inside),
    "the sigmoid twice": _of_probability(lambda z: _inside(sigmoid(sigmoid(z)))),
    "the sign flipped": lambda z, y, **options: -right_core(z, y, **options),
}

_FORMULA = {
    **{name: per_item(core) for name, core in _CORES.items()},
    "divided by the number of positives": _per_positive,
    "divided by the sum of the fading factors": _divided(
        lambda z, y, g, a: _alpha_t(y, a) * q_t(z, y) ** g
    ),
    "divided by the sum of the α_t": _divided(lambda z, y, g, a: _alpha_t(y, a) + 0 * y),
    **faults.of_mean(right_core),
}

_ROUNDING = {
    "the logarithm of a rounded probability": per_item(
        _of_probability(lambda z: 1 / (1 + library(z).exp(-z)))
    ),
    "the probability kept away from 0 and 1": Recognised(
        per_item(_of_probability(lambda z: _inside(sigmoid(z)))), faults.capped(_right)
    ),
}

_PROBES = (
    kinds.zero("gamma"),
    kinds.zero("alpha"),
    kinds.beyond_fifty("logits"),
    kinds.certain("logits", "target", "gamma"),
)

FOCAL = Exercise(
    signature='focal(logits, target, gamma=2.0, alpha=None, reduction="mean")',
    read="loss-focal",
    right=_right,
    draw=_draw_focal,
    probes=(
        kinds.shapes("logits", "target"),
        kinds.words("reduction", "none", "mean", "sum"),
        kinds.outside("gamma", 0.0),
        kinds.outside("alpha", 0.0, 1.0),
        *_PROBES,
    ),
    mistakes={**_FORMULA, **faults.of_reduction(right_core), **_ROUNDING},
)

FOCAL_TORCH = Exercise(
    signature="focal_torch(logits, target, gamma=2.0, alpha=None)",
    read="loss-focal",
    right=_right,
    draw=_draw_focal_torch,
    probes=_PROBES,
    torch=True,
    slopes={
        "logits": lambda logits, target, gamma=2.0, alpha=None: ln.focal_with_logits.grad(
            logits, target, gamma=gamma, alpha=alpha
        )
    },
    # In float32 a rounded factor of 1 ± 1e-7 times a loss of 1000 leaves 1e-4 of a gradient of 1.
    rtol=1e-3,
    mistakes={
        **_FORMULA,
        **_ROUNDING,
        "the fading factor detached": per_item(_fading(lambda z, y, g: q_t(z.detach(), y) ** g)),
    },
)
