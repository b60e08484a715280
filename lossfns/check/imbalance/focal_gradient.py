"""The gradient of the focal loss."""

import numpy as np

import lossfns.numpy as ln
from lossfns.check import kinds, questions
from lossfns.check.exercise import Exercise, Misconception
from lossfns.check.faults import (
    flipped_gradient,
    n_in_gradient,
    reduced_gradient,
    rows_in_gradient,
    value_for_gradient,
)
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
    name="focal_grad",
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
    misconceptions=(
        Misconception(
            "the fading factor taken for a constant",
            averaged(_slope_with(lambda missing, surprise, gamma: missing)),
            "(1 - p_t)^γ depends on the logit, too: by the product rule its own derivative "
            "contributes γ p_t (-ln p_t). A .detach() on the factor makes the same mistake.",
        ),
        Misconception(
            "only the derivative of the fading factor",
            averaged(
                _slope_with(lambda missing, surprise, gamma: gamma * (1 - missing) * surprise)
            ),
            "This is one half of the product rule. The derivative of -ln p_t, times the factor, "
            "is missing.",
        ),
        Misconception(
            "the two terms subtracted",
            averaged(
                _slope_with(
                    lambda missing, surprise, gamma: missing - gamma * (1 - missing) * surprise
                )
            ),
            "Both factors fall as p_t grows, so their contributions have the same sign. ln p_t is "
            "negative, and -γ p_t ln p_t therefore adds to 1 - p_t.",
        ),
        Misconception(
            "the γ of the product rule forgotten",
            averaged(
                _slope_with(lambda missing, surprise, gamma: missing + (1 - missing) * surprise)
            ),
            "The derivative of (1 - p_t)^γ brings γ down as a factor.",
        ),
        Misconception(
            "the exponent γ - 1 on the whole",
            averaged(
                lambda z, y, gamma=2.0: _slope(
                    z, y, gamma, power=lambda z, y, gamma: missing_of(z, y) ** (gamma - 1)
                )
            ),
            "The derivative of (1 - p_t)^γ has the exponent γ - 1, but dp_t/dz = p_t (1 - p_t) "
            "gives the missing 1 - p_t back: the exponent is γ in both terms.",
        ),
        Misconception(
            "the derivative in p instead of in z",
            averaged(_slope_in_p),
            "That is the gradient with respect to the probability. The logit acts through the "
            "sigmoid, whose derivative p (1 - p) is still missing.",
        ),
        Misconception(
            "the factor p (1 - p) twice",
            averaged(
                lambda z, y, gamma=2.0: (
                    _slope(z, y, gamma) * missing_of(z, y) * (1 - missing_of(z, y))
                )
            ),
            "The derivative of the sigmoid is in the formula already, where it cancels the 1/p_t "
            "of the logarithm.",
        ),
        Misconception(
            "the gradient of the cross-entropy",
            averaged(lambda z, y, gamma=2.0: sigmoid(z) - y),
            "p - y is the gradient for γ = 0. With γ > 0 easy items must pull less than that.",
        ),
        Misconception(
            "the gradient of the cross-entropy times p_t^γ",
            averaged(lambda z, y, gamma=2.0: (1 - missing_of(z, y)) ** gamma * (sigmoid(z) - y)),
            "p_t^γ is near 1 for items that are right. It is 1 - p_t that is raised to γ, and the "
            "factor has a derivative of its own.",
        ),
        Misconception(
            "the formula of the positives for all",
            averaged(_slope_of_positives),
            "Where y = 0 it is the mirror image: p and 1 - p change places as well as the sign. "
            "Write it in p_t, the probability of what happened, and both cases are one.",
        ),
        Misconception(
            "γ fixed at 2",
            averaged(lambda z, y, gamma=2.0: _slope(z, y)),
            "Your gradient is the same whatever gamma is. With γ = 0 it must be p - y.",
        ),
        n_in_gradient(_slope),
        rows_in_gradient(_slope),
        flipped_gradient(averaged(_slope)),
        reduced_gradient(_slope),
        value_for_gradient(averaged(core_of())),
        Misconception(
            "0 · ln 0",
            averaged(_slope_by_logarithm),
            "At z = -1000 the probability is rounded to 0, and p ln p becomes 0 · (-∞), which is "
            "NaN. Take -ln p from the logit, as ln(1 + e^-z) in its stable form.",
        ),
        Misconception(
            "no gradient where the probability was clipped",
            averaged(_slope_clipped),
            "A clipped probability is constant, and the derivative of a constant is 0. So the item "
            "that is most wrong, with a gradient of ±1 by the formula, pulls no longer.",
        ),
    ),
)
