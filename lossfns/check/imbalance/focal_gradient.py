"""The gradient of the focal loss.

In the formulas z are the logits, y the targets, q is 1 - p_t, ce is -ln p_t and g is γ.
"""

import numpy as np

import lossfns.numpy as ln
from lossfns.check import faults, kinds, questions
from lossfns.check.exercise import Exercise
from lossfns.check.imbalance.focal import ce, far, q_t, right_core
from lossfns.check.recipes import averaged, sigmoid


def _draw_focal_grad(rng):
    pairs = questions.labelled(rng)
    yield from questions.ask_logits(pairs)
    yield from questions.ask_logits(pairs, gamma=float(np.round(rng.uniform(0.5, 1.5), 2)))
    yield from questions.ask_logits(pairs[:5], gamma=0.0)
    yield from questions.ask_logits(questions.singles(pairs[3:5]), gamma=3.0)
    yield from questions.ask_logits(far(), "extremes")


def _slope(z, y, gamma=2.0, left=lambda q, ce, g: q + g * (1 - q) * ce):
    """-s (1 - p_t)^γ times what the product rule leaves, with s = 1 for positives, else -1."""
    return -(2 * y - 1) * q_t(z, y) ** gamma * left(q_t(z, y), ce(z, y), gamma)


def _leaving(left):
    """The gradient with something else left by the product rule."""
    return averaged(lambda z, y, gamma=2.0: _slope(z, y, gamma, left))


def _power_too_low(z, y, gamma=2.0):
    q = q_t(z, y)
    return -(2 * y - 1) * q ** (gamma - 1) * (q + gamma * (1 - q) * ce(z, y))


def _in_p(z, y, gamma=2.0):
    p_t = 1 - q_t(z, y)
    return _slope(z, y, gamma) / (p_t * (1 - p_t))


def _by_logarithm(z, y, gamma=2.0):
    p = 1 / (1 + np.exp(-z))
    p_t = np.where(y == 1, p, 1 - p)
    return -(2 * y - 1) * (1 - p_t) ** gamma * (1 - p_t - gamma * p_t * np.log(p_t))


def _clipped(z, y, gamma=2.0):
    p_t = (1 - q_t(z, y)).clip(1e-7, 1 - 1e-7)
    # The clip is flat outside.
    inside = (p_t > 1e-7) & (p_t < 1 - 1e-7)
    return inside * _slope(z, y, gamma)


FOCAL_GRAD = Exercise(
    signature="focal_grad(logits, target, gamma=2.0)",
    read="loss-focal-with-logits",
    right=lambda logits, target, gamma=2.0: ln.focal_with_logits.grad(
        logits, target, gamma=gamma, alpha=None
    ),
    draw=_draw_focal_grad,
    probes=(
        kinds.zero("gamma"),
        kinds.beyond_fifty("logits"),
        kinds.certain("logits", "target", "gamma"),
    ),
    mistakes={
        "the fading factor taken for a constant": _leaving(lambda q, ce, g: q),
        "only the derivative of the fading factor": _leaving(lambda q, ce, g: g * (1 - q) * ce),
        "the two terms subtracted": _leaving(lambda q, ce, g: q - g * (1 - q) * ce),
        "the γ of the product rule forgotten": _leaving(lambda q, ce, g: q + (1 - q) * ce),
        "the exponent γ - 1 on the whole": averaged(_power_too_low),
        "the derivative in p instead of in z": averaged(_in_p),
        "the factor p (1 - p) twice": averaged(
            lambda z, y, gamma=2.0: _slope(z, y, gamma) * q_t(z, y) * (1 - q_t(z, y))
        ),
        "the gradient of the cross-entropy": averaged(lambda z, y, gamma=2.0: sigmoid(z) - y),
        "the gradient of the cross-entropy times p_t^γ": averaged(
            lambda z, y, gamma=2.0: (1 - q_t(z, y)) ** gamma * (sigmoid(z) - y)
        ),
        "the formula of the positives for all": averaged(
            lambda z, y, gamma=2.0: _slope(z, np.ones_like(z), gamma) * np.where(y == 1, 1.0, -1.0)
        ),
        "γ fixed at 2": averaged(lambda z, y, gamma=2.0: _slope(z, y)),
        **faults.of_gradient(_slope),
        "the loss per item instead of its derivative": averaged(right_core),
        "0 · ln 0": averaged(_by_logarithm),
        "no gradient where the probability was clipped": averaged(_clipped),
    },
)
