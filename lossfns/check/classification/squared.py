"""Squared error of a sigmoid: the gradient that vanishes."""

import numpy as np

from lossfns.check.classification import batches
from lossfns.check.exercise import Exercise, Misconception
from lossfns.check.faults import flipped_gradient, n_in_gradient, reduced_gradient, rows_in_gradient
from lossfns.check.questions import ask, single
from lossfns.check.recipes import averaged, overflowing_sigmoid, sigmoid

_NAMES = "logits target"


def _draw_gradient(rng):
    pairs = batches.binary(rng)
    yield from (ask(_NAMES, pair) for pair in [*pairs, batches.soft(rng)])
    yield from (ask(_NAMES, single(*pair)) for pair in pairs[3:5])
    for logits, target in (
        ([1000.0], [0.0]),
        ([-1000.0], [1.0]),
        ([1e12, 0.5], [1.0, 0.0]),
    ):
        yield ask(_NAMES, (np.array(logits), np.array(target)), "extremes")
    far = np.array([100.0, -100.0], np.float32), np.array([0.0, 0.0], np.float32)
    yield ask(_NAMES, far, "extremes")


def slope(z, y):
    return 2 * (sigmoid(z) - y) * sigmoid(z) * sigmoid(-z)


def _stretched(z, y):
    """The slope by way of exp(-z), which is infinite for large negative logits."""
    p = sigmoid(z)
    return 2 * (p - y) * np.exp(-z) / (1 + np.exp(-z)) ** 2


def overflowing(z, y):
    p = overflowing_sigmoid(z)
    return 2 * (p - y) * p * (1 - p)


MSE_OF_SIGMOID_GRAD = Exercise(
    name="mse_of_sigmoid_grad",
    signature="mse_of_sigmoid_grad(logits, target)",
    read="squared-error-or-cross-entropy",
    right=averaged(slope),
    draw=_draw_gradient,
    misconceptions=(
        n_in_gradient(slope),
        flipped_gradient(averaged(slope)),
        Misconception(
            "the derivative of the sigmoid forgotten",
            averaged(lambda z, y: 2 * (sigmoid(z) - y)),
            "2(p - y) is the slope over the probability. On the way to the logit the chain rule "
            "adds the factor σ'(z) = p(1 - p), and this factor is what the part is about.",
        ),
        Misconception(
            "the 2 forgotten",
            averaged(lambda z, y: 0.5 * slope(z, y)),
            "The derivative of a square is twice its base: 2(p - y).",
        ),
        Misconception(
            "the gradient of the cross-entropy",
            averaged(lambda z, y: sigmoid(z) - y),
            "σ(z) - y is what cross-entropy leaves after its cancellation. In the squared error "
            "nothing cancels: the 2 and the factor p(1 - p) stay.",
        ),
        Misconception(
            "z(1 - z) for the derivative of the sigmoid",
            averaged(lambda z, y: 2 * (sigmoid(z) - y) * z * (1 - z)),
            "σ'(z) = σ(z)(1 - σ(z)): the sigmoid's output stands in the product, not its input.",
        ),
        Misconception(
            "the derivative of the hyperbolic tangent",
            averaged(lambda z, y: 2 * (sigmoid(z) - y) * (1 - sigmoid(z) ** 2)),
            "1 - p² belongs to tanh. The derivative of the sigmoid is p(1 - p).",
        ),
        Misconception(
            "the derivative of the sigmoid alone",
            averaged(lambda z, y: sigmoid(z) * sigmoid(-z)),
            "σ'(z) is the inner derivative only. Multiply by the outer one, 2(p - y), which says "
            "whether and in which direction the model is wrong.",
        ),
        Misconception(
            "the factor p(1 - p) in the denominator",
            averaged(lambda z, y: 2 * (sigmoid(z) - y) / (sigmoid(z) * sigmoid(-z))),
            "The chain rule multiplies by dp/dz = p(1 - p). Dividing by it makes a small gradient "
            "a huge one.",
        ),
        Misconception(
            "the squared error of the logit",
            averaged(lambda z, y: 2 * (z - y)),
            "The loss compares the probability σ(z) with the target. Without the sigmoid a logit "
            "of 5 would be wrong for a yes.",
        ),
        Misconception(
            "the sigmoid twice",
            averaged(lambda z, y: slope(sigmoid(z), y)),
            "The logits go through one sigmoid. Compute p = σ(z) once and use it everywhere.",
        ),
        Misconception(
            "the loss instead of its derivative",
            averaged(lambda z, y: (sigmoid(z) - y) ** 2),
            "These are the squared errors divided by n. The gradient is made of their "
            "derivatives with respect to the logits.",
        ),
        Misconception(
            "overflow in the sigmoid",
            averaged(overflowing),
            "exp(z)/(1 + exp(z)) is ∞/∞ for large z. 1/(1 + exp(-z)) is the same number and goes "
            "to 1 or 0 as it should.",
        ),
        Misconception(
            "overflow in the derivative of the sigmoid",
            averaged(_stretched),
            "exp(-z)/(1 + exp(-z))² is ∞/∞ for large negative z. The same number can be made "
            "from the p that you have already.",
            formula="p(1 - p)",
        ),
        rows_in_gradient(slope),
        reduced_gradient(slope),
    ),
)
