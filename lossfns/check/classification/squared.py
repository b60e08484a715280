"""Squared error of a sigmoid: the gradient that vanishes."""

import numpy as np

from lossfns.check import faults
from lossfns.check.classification import batches
from lossfns.check.exercise import Exercise
from lossfns.check.recipes import averaged, overflowing_sigmoid, sigmoid

_FAR = ([1000.0], [0.0]), ([-1000.0], [1.0]), ([1e12, 0.5], [1.0, 0.0])


def slope(z, y):
    return 2 * (sigmoid(z) - y) * sigmoid(z) * sigmoid(-z)


def times(factor):
    """The slope with another factor in place of the derivative of the sigmoid."""
    return lambda z, y: 2 * (sigmoid(z) - y) * factor(z)


def _stretched(z, y):
    """The slope by way of exp(-z), which is infinite for large negative logits."""
    p = sigmoid(z)
    return 2 * (p - y) * np.exp(-z) / (1 + np.exp(-z)) ** 2


def overflowing(z, y):
    p = overflowing_sigmoid(z)
    return 2 * (p - y) * p * (1 - p)


MSE_OF_SIGMOID_GRAD = Exercise(
    signature="mse_of_sigmoid_grad(logits, target)",
    read="squared-error-or-cross-entropy",
    right=averaged(slope),
    draw=lambda rng: batches.ask_binary(rng, batches.binary(rng), *_FAR),
    mistakes={
        **faults.of_gradient(slope),
        "the derivative of the sigmoid forgotten": averaged(times(lambda z: 1)),
        "the 2 forgotten": averaged(lambda z, y: 0.5 * slope(z, y)),
        "the gradient of the cross-entropy": averaged(lambda z, y: sigmoid(z) - y),
        "z(1 - z) for the derivative of the sigmoid": averaged(times(lambda z: z * (1 - z))),
        "the derivative of the hyperbolic tangent": averaged(times(lambda z: 1 - sigmoid(z) ** 2)),
        "the derivative of the sigmoid alone": averaged(lambda z, y: sigmoid(z) * sigmoid(-z)),
        "the factor p(1 - p) in the denominator": averaged(
            lambda z, y: 2 * (sigmoid(z) - y) / (sigmoid(z) * sigmoid(-z))
        ),
        "the squared error of the logit": averaged(lambda z, y: 2 * (z - y)),
        "the sigmoid twice": averaged(lambda z, y: slope(sigmoid(z), y)),
        "the loss instead of its derivative": averaged(lambda z, y: (sigmoid(z) - y) ** 2),
        "overflow in the sigmoid": averaged(overflowing),
        "overflow in the derivative of the sigmoid": averaged(_stretched),
    },
)
