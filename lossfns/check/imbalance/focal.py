"""The focal loss of logits, its gradient, and the same in PyTorch.

p_t is the probability of what happened, α_t the weight of its class. In the formulas z are the
logits, y the targets, q is 1 - p_t, ce is -ln p_t; g is γ and a is α.
"""

from functools import partial

import numpy as np

import lossfns.numpy as ln
from lossfns.check import faults, kinds, questions
from lossfns.check.exercise import Exercise, Recognised
from lossfns.check.questions import ask_logits, between, singles
from lossfns.check.recipes import averaged, each, library, per_item, sigmoid, softplus


def _right(logits, target, gamma=2.0, alpha=None, reduction="mean"):
    return ln.focal_with_logits(logits, target, gamma=gamma, alpha=alpha, reduction=reduction)


def _grad(logits, target, gamma=2.0, alpha=None):
    return ln.focal_with_logits.grad(logits, target, gamma=gamma, alpha=alpha)


def _draw_focal(rng):
    pairs = questions.labelled(rng)
    gamma, alpha = between(rng, 0.5, 1.5), between(rng, 0.1, 0.4)
    yield from ask_logits(pairs)
    yield from ask_logits(pairs, gamma=gamma)
    yield from ask_logits(pairs, alpha=alpha)
    yield from ask_logits(pairs[:5], gamma=0.0, alpha=0.75)
    yield from ask_logits(singles(pairs[3:5]), gamma=3.0)
    for reduction in ("none", "sum", "mean"):
        yield from ask_logits([pairs[2], pairs[4]], "reductions", reduction=reduction, alpha=alpha)
    yield from ask_logits(_far(), "extremes")
    yield from ask_logits(_far()[2:], "extremes", gamma=gamma, alpha=alpha)
    (logits, target), (three, its_target) = pairs[2:4]
    bad = partial(questions.refuse, logits=logits, target=target)
    yield bad("broadcasting of (n, 1) against (n,)", logits=three[:, None], target=its_target)
    yield bad("an unknown reduction taken for the mean", reduction="average")
    yield bad("a negative γ accepted", gamma=-1.0)
    yield bad("an α outside 0 … 1 accepted", alpha=1.5)


def _draw_focal_torch(rng):
    pairs, wants = questions.labelled(rng), ("logits",)
    single = singles(pairs)
    gamma, alpha = between(rng, 0.5, 1.5), between(rng, 0.1, 0.4)
    yield from ask_logits(questions.both_floats(pairs), wants=wants)
    yield from ask_logits(single, wants=wants, gamma=gamma)
    yield from ask_logits(single, wants=wants, alpha=alpha)
    yield from ask_logits(single[:5], wants=wants, gamma=0.0, alpha=0.75)
    yield from ask_logits(singles(_far()), "extremes", wants)
    yield from ask_logits(singles(_far()[2:]), "extremes", wants, gamma=3.0, alpha=alpha)


def _draw_focal_grad(rng):
    pairs = questions.labelled(rng)
    yield from ask_logits(pairs)
    yield from ask_logits(pairs, gamma=between(rng, 0.5, 1.5))
    yield from ask_logits(pairs[:5], gamma=0.0)
    yield from ask_logits(singles(pairs[3:5]), gamma=3.0)
    yield from ask_logits(_far(), "extremes")


def _far():
    """Logits that no exponential survives, on the wrong side and on the right one."""
    many = [1000.0, -1000.0, -1000.0, 1000.0, 1.0], [1.0, 1.0, 0.0, 0.0, 1.0]
    pairs = ([-1000.0], [1.0]), ([1000.0], [0.0]), many
    return [(np.array(logits), np.array(target)) for logits, target in pairs]


def _ce(z, y):
    """-ln p_t, the cross-entropy of an item."""
    return y * softplus(-z) + (1 - y) * softplus(z)


def _q_t(z, y):
    """1 - p_t, the probability of what did not happen."""
    return y * sigmoid(-z) + (1 - y) * sigmoid(z)


def _p_t(z, y):
    return 1 - _q_t(z, y)


def _alpha_t(y, a):
    return 1.0 if a is None else a * y + (1 - a) * (1 - y)


def _core(z, y, gamma=2.0, alpha=None):
    return _alpha_t(y, alpha) * _q_t(z, y) ** gamma * _ce(z, y)


def _weighing(weigh):
    """The core with another weight of the classes."""
    return lambda z, y, gamma=2.0, alpha=None: weigh(y, alpha) * _q_t(z, y) ** gamma * _ce(z, y)


def _fading(fade):
    """The core with another fading factor."""
    return lambda z, y, gamma=2.0, alpha=None: _alpha_t(y, alpha) * fade(z, y, gamma) * _ce(z, y)


def _fade_of_mean(z, y, g):
    """What code makes of the factor that begins with an averaged cross-entropy."""
    return (1 - library(z).exp(-_ce(z, y).mean())) ** g


def _of_probability(probability, eps=1e-7):
    """The core as it is written for probabilities, which stay `eps` away from 0 and 1."""

    def core(z, y, gamma=2.0, alpha=None):
        p, lib = probability(z).clip(eps, 1 - eps), library(z)
        losses = -y * (1 - p) ** gamma * lib.log(p) - (1 - y) * p**gamma * lib.log(1 - p)
        return _alpha_t(y, alpha) * losses

    return core


def _per_positive(logits, target, *, reduction="mean", **options):
    losses = _core(logits, target, **options)
    return losses.sum() / target.sum().clip(1) if reduction == "mean" else losses.sum()


_CORES = {
    "α on both classes": _weighing(lambda y, a: 1.0 if a is None else a),
    "α and 1 - α exchanged": _weighing(lambda y, a: _alpha_t(1 - y, a)),
    "the negatives not weighted": _weighing(lambda y, a: 1.0 if a is None else a * y + (1 - y)),
    "the argument alpha without effect": _weighing(lambda y, a: 1.0),
    "alpha=None taken for 0.25": _weighing(lambda y, a: _alpha_t(y, 0.25 if a is None else a)),
    "alpha=None taken for ½": _weighing(lambda y, a: _alpha_t(y, 0.5 if a is None else a)),
    "the easy items kept and the hard ones faded": _fading(lambda z, y, g: _p_t(z, y) ** g),
    "(1 - p)^γ for both classes": _fading(lambda z, y, g: sigmoid(-z) ** g),
    "p^γ for both classes": _fading(lambda z, y, g: sigmoid(z) ** g),
    "γ as a factor instead of an exponent": _fading(lambda z, y, g: g * _q_t(z, y)),
    "the power around the product": lambda z, y, gamma=2.0, alpha=None: (
        _alpha_t(y, alpha) * (_q_t(z, y) * _ce(z, y)) ** gamma
    ),
    "1 - p_t^γ instead of (1 - p_t)^γ": _fading(lambda z, y, g: 1 - _p_t(z, y) ** g),
    "γ fixed at 2": _fading(lambda z, y, g: _q_t(z, y) ** 2),
    "the fading factor missing": _fading(lambda z, y, g: 1.0),
    "one factor for the whole batch": _fading(_fade_of_mean),
    "one factor for the whole batch, and α on both classes": lambda z, y, gamma=2.0, alpha=None: (
        (1.0 if alpha is None else alpha) * _fade_of_mean(z, y, gamma) * _ce(z, y)
    ),
    "no loss for the negatives": lambda z, y, **options: y * _core(z, y, **options),
    "the sigmoid forgotten": _of_probability(lambda z: z),
    "the sigmoid twice": _of_probability(lambda z: sigmoid(sigmoid(z))),
    "the sign flipped": lambda z, y, **options: -_core(z, y, **options),
}

_FORMULA = {
    **each(per_item, _CORES),
    "divided by the number of positives": _per_positive,
    "divided by the sum of the fading factors": lambda z, y, gamma=2.0, alpha=None, **_: (
        _core(z, y, gamma, alpha).sum() / (_alpha_t(y, alpha) * _q_t(z, y) ** gamma).sum()
    ),
    "divided by the sum of the α_t": lambda z, y, gamma=2.0, alpha=None, **_: (
        _core(z, y, gamma, alpha).sum() / (_alpha_t(y, alpha) + 0 * y).sum()
    ),
    **faults.of_mean(_core),
}

_ROUNDING = {
    "the logarithm of a rounded probability": per_item(
        _of_probability(lambda z: 1 / (1 + library(z).exp(-z)), eps=0)
    ),
    "the probability kept away from 0 and 1": Recognised(
        per_item(_of_probability(sigmoid)), faults.capped(_right)
    ),
}

_FAR = (kinds.beyond_fifty("logits"), kinds.certain("logits", "target", "gamma"))
_PROBES = (kinds.zero("gamma"), kinds.zero("alpha"), *_FAR)

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
    mistakes={**_FORMULA, **faults.of_reduction(_core), **_ROUNDING},
)

FOCAL_TORCH = Exercise(
    signature="focal_torch(logits, target, gamma=2.0, alpha=None)",
    read="loss-focal",
    right=_right,
    draw=_draw_focal_torch,
    probes=_PROBES,
    torch=True,
    slopes={"logits": _grad},
    # In float32 a rounded factor of 1 ± 1e-7 times a loss of 1000 leaves 1e-4 of a gradient of 1.
    rtol=1e-3,
    mistakes={
        **_FORMULA,
        **_ROUNDING,
        "the fading factor detached": per_item(_fading(lambda z, y, g: _q_t(z.detach(), y) ** g)),
    },
)


def _slope(z, y, gamma=2.0, left=lambda q, ce, g: q + g * (1 - q) * ce):
    """-s (1 - p_t)^γ times what the product rule leaves, with s = 1 for positives, else -1."""
    return -(2 * y - 1) * _q_t(z, y) ** gamma * left(_q_t(z, y), _ce(z, y), gamma)


def _leaving(left):
    """The gradient with something else left by the product rule."""
    return averaged(lambda z, y, gamma=2.0: _slope(z, y, gamma, left))


def _power_too_low(z, y, gamma=2.0):
    q = _q_t(z, y)
    return -(2 * y - 1) * q ** (gamma - 1) * (q + gamma * (1 - q) * _ce(z, y))


def _by_logarithm(z, y, gamma=2.0):
    p = 1 / (1 + np.exp(-z))
    p_t = np.where(y == 1, p, 1 - p)
    return -(2 * y - 1) * (1 - p_t) ** gamma * (1 - p_t - gamma * p_t * np.log(p_t))


def _clipped(z, y, gamma=2.0):
    p_t = _p_t(z, y).clip(1e-7, 1 - 1e-7)
    # The clip is flat outside.
    inside = (p_t > 1e-7) & (p_t < 1 - 1e-7)
    return inside * _slope(z, y, gamma)


FOCAL_GRAD = Exercise(
    signature="focal_grad(logits, target, gamma=2.0)",
    read="loss-focal-with-logits",
    right=_grad,
    draw=_draw_focal_grad,
    probes=(kinds.zero("gamma"), *_FAR),
    mistakes={
        "the fading factor taken for a constant": _leaving(lambda q, ce, g: q),
        "only the derivative of the fading factor": _leaving(lambda q, ce, g: g * (1 - q) * ce),
        "the two terms subtracted": _leaving(lambda q, ce, g: q - g * (1 - q) * ce),
        "the γ of the product rule forgotten": _leaving(lambda q, ce, g: q + (1 - q) * ce),
        "the exponent γ - 1 on the whole": averaged(_power_too_low),
        "the derivative in p instead of in z": averaged(
            lambda z, y, gamma=2.0: _slope(z, y, gamma) / (_p_t(z, y) * (1 - _p_t(z, y)))
        ),
        "the factor p (1 - p) twice": averaged(
            lambda z, y, gamma=2.0: _slope(z, y, gamma) * _q_t(z, y) * _p_t(z, y)
        ),
        "the gradient of the cross-entropy": averaged(lambda z, y, gamma=2.0: sigmoid(z) - y),
        "the gradient of the cross-entropy times p_t^γ": averaged(
            lambda z, y, gamma=2.0: _p_t(z, y) ** gamma * (sigmoid(z) - y)
        ),
        "the formula of the positives for all": averaged(
            lambda z, y, gamma=2.0: _slope(z, np.ones_like(z), gamma) * np.where(y == 1, 1.0, -1.0)
        ),
        "γ fixed at 2": averaged(lambda z, y, gamma=2.0: _slope(z, y)),
        **faults.of_gradient(_slope),
        "the loss per item instead of its derivative": averaged(_core),
        "0 · ln 0": averaged(_by_logarithm),
        "no gradient where the probability was clipped": averaged(_clipped),
    },
)
