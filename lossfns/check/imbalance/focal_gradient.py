"""The gradient of the focal loss."""

import numpy as np

import lossfns.numpy as ln
from lossfns.check import faults, kinds, questions
from lossfns.check.exercise import Exercise
from lossfns.check.imbalance.focal import core_of, fade_of, far, missing_of, surprise_of
from lossfns.check.recipes import averaged, sigmoid


def _draw_focal_grad(rng):
    pairs = questions.labelled(rng)
    yield from questions.ask_logits(pairs)
    yield from questions.ask_logits(pairs, gamma=float(np.round(rng.uniform(0.5, 1.5), 2)))
    yield from questions.ask_logits(pairs[:5], gamma=0.0)
    yield from questions.ask_logits(questions.singles(pairs[3:5]), gamma=3.0)
    yield from questions.ask_logits(far(np.float64), "extremes")


def _slope(z, y, gamma=2.0, inner=None, power=fade_of):
    """-s (1 - p_t)^γ times what the product rule leaves, with s = 1 for positives, else -1."""
    missing, surprise = missing_of(z, y), surprise_of(z, y)
    left = (
        missing + gamma * (1 - missing) * surprise
        if inner is None
        else inner(missing, surprise, gamma)
    )
    return -(2 * y - 1) * power(z, y, gamma) * left


def _slope_with(inner):
    return lambda z, y, gamma=2.0: _slope(z, y, gamma, inner)


def _slope_of_positives(z, y, gamma=2.0):
    return _slope(z, np.ones_like(z), gamma) * np.where(y == 1, 1.0, -1.0)


def _slope_in_p(z, y, gamma=2.0):
    p_t = 1 - missing_of(z, y)
    return _slope(z, y, gamma) / (p_t * (1 - p_t))


def _slope_by_logarithm(z, y, gamma=2.0):
    p = 1 / (1 + np.exp(-z))
    p_t = np.where(y == 1, p, 1 - p)
    return -(2 * y - 1) * (1 - p_t) ** gamma * (1 - p_t - gamma * p_t * np.log(p_t))


def _slope_clipped(z, y, gamma=2.0):
    p_t = (1 - missing_of(z, y)).clip(1e-7, 1 - 1e-7)
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
        "the fading factor taken for a constant": averaged(
            _slope_with(lambda missing, surprise, gamma: missing)
        ),
        "only the derivative of the fading factor": averaged(
            _slope_with(lambda missing, surprise, gamma: gamma * (1 - missing) * surprise)
        ),
        "the two terms subtracted": averaged(
            _slope_with(lambda missing, surprise, gamma: missing - gamma * (1 - missing) * surprise)
        ),
        "the γ of the product rule forgotten": averaged(
            _slope_with(lambda missing, surprise, gamma: missing + (1 - missing) * surprise)
        ),
        "the exponent γ - 1 on the whole": averaged(
            lambda z, y, gamma=2.0: _slope(
                z, y, gamma, power=lambda z, y, gamma: missing_of(z, y) ** (gamma - 1)
            )
        ),
        "the derivative in p instead of in z": averaged(_slope_in_p),
        "the factor p (1 - p) twice": averaged(
            lambda z, y, gamma=2.0: _slope(z, y, gamma) * missing_of(z, y) * (1 - missing_of(z, y))
        ),
        "the gradient of the cross-entropy": averaged(lambda z, y, gamma=2.0: sigmoid(z) - y),
        "the gradient of the cross-entropy times p_t^γ": averaged(
            lambda z, y, gamma=2.0: (1 - missing_of(z, y)) ** gamma * (sigmoid(z) - y)
        ),
        "the formula of the positives for all": averaged(_slope_of_positives),
        "γ fixed at 2": averaged(lambda z, y, gamma=2.0: _slope(z, y)),
        **faults.of_gradient(_slope),
        "the loss per item instead of its derivative": averaged(core_of()),
        "0 · ln 0": averaged(_slope_by_logarithm),
        "no gradient where the probability was clipped": averaged(_slope_clipped),
    },
)
