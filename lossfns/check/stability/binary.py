"""Binary cross-entropy of logits in its stable form, its gradient, and the same in PyTorch."""

import numpy as np

import lossfns.numpy as ln
from lossfns.check import faults, kinds, questions
from lossfns.check.exercise import Exercise, Recognised
from lossfns.check.questions import refuse
from lossfns.check.recipes import averaged, library, per_item, sigmoid, softplus


def right(logits, target):
    return ln.bce_with_logits(logits, target)


def _soft(rng):
    """Labels between 0 and 1, as label smoothing and distillation make them."""
    logits = rng.permutation([2.0, -0.5, 1.5, -2.0])
    return [(logits[:1], np.array([0.75])), (logits, np.round(rng.uniform(0.05, 0.95, size=4), 2))]


def _far():
    return [
        (np.array([-1000.0]), np.array([1.0])),
        (np.array([1000.0]), np.array([0.0])),
        (np.array([1000.0]), np.array([1.0])),
        (np.array([1000.0, -1000.0, 0.5]), np.array([0.25, 0.25, 1.0])),
        (np.array([[1000.0, -1000.0], [-1000.0, 1000.0]]), np.array([[1.0, 0.0], [1.0, 0.0]])),
    ]


def _draw_bce(rng):
    pairs = [*questions.labelled(rng), *_soft(rng)]
    yield from questions.ask_logits(pairs)
    yield from questions.ask_logits(questions.singles(pairs[3:5]))
    yield from questions.ask_logits(_far(), "extremes")
    yield from questions.ask_logits(questions.singles(_far()[3:4]), "extremes")
    logits, target = pairs[3]
    yield refuse("broadcasting of (n, 1) against (n,)", logits=logits[:, None], target=target)
    yield refuse("a label of 2 accepted", logits=logits[:2], target=np.array([1.0, 2.0]))
    yield refuse("a label of -1 accepted", logits=logits[:2], target=np.array([-1.0, 1.0]))


def _stable(z, y):
    return softplus(z) - z * y


def _of_probability(p, y):
    lib = library(p)
    return -y * lib.log(p) - (1 - y) * lib.log(1 - p)


def _naive_sigmoid(z):
    return 1 / (1 + library(z).exp(-z))


def _tail(z):
    lib = library(z)
    return lib.log1p(lib.exp(-abs(z)))


FORMULA = {
    "the term z·y forgotten": per_item(lambda z, y: softplus(z)),
    "z·y added instead of subtracted": per_item(lambda z, y: softplus(z) + z * y),
    "the labels exchanged": per_item(lambda z, y: _stable(z, 1 - y)),
    "max(z, 0) forgotten": per_item(lambda z, y: _tail(z) - z * y),
    "the rest ln(1 + e^-|z|) forgotten": per_item(lambda z, y: z * (z > 0) - z * y),
    "z in place of |z| in the exponent": per_item(
        lambda z, y: z * (z > 0) - z * y + library(z).log1p(library(z).exp(-z))
    ),
    "no loss where y = 0": per_item(lambda z, y: y * softplus(-z)),
    "soft labels rounded to 0 and 1": per_item(lambda z, y: _stable(z, 1 * (y > 0.5))),
    "the sigmoid forgotten": per_item(lambda z, y: _of_probability(z.clip(1e-7, 1 - 1e-7), y)),
    "the sigmoid twice": per_item(lambda z, y: _stable(sigmoid(z), y)),
    "the squared error of the probability": per_item(lambda z, y: (sigmoid(z) - y) ** 2),
    "logarithms to the base 2": per_item(lambda z, y: _stable(z, y) / np.log(2)),
    **faults.of_mean(_stable),
}

OVERFLOWS = {
    "the logarithm of a rounded probability": per_item(
        lambda z, y: _of_probability(_naive_sigmoid(z), y)
    ),
    "an exponential that overflows for z > 0": per_item(
        lambda z, y: library(z).log1p(library(z).exp(z)) - z * y
    ),
    "an exponential that overflows for z < 0": per_item(
        lambda z, y: library(z).log1p(library(z).exp(-z)) + z * (1 - y)
    ),
    "the probability kept away from 0 and 1": Recognised(
        per_item(lambda z, y: _of_probability(sigmoid(z).clip(1e-7, 1 - 1e-7), y)),
        faults.capped(right),
    ),
}


STABLE_BCE = Exercise(
    signature="stable_bce(logits, target)",
    read="stable-bce",
    right=right,
    draw=_draw_bce,
    probes=(
        kinds.shapes("logits", "target"),
        kinds.outside("target", 0.0, 1.0),
        kinds.beyond_fifty("logits"),
    ),
    mistakes={**FORMULA, **OVERFLOWS},
)


def _draw_grad(rng):
    pairs = [*questions.labelled(rng), *_soft(rng)]
    yield from questions.ask_logits(pairs)
    yield from questions.ask_logits(questions.singles(pairs[3:5]))
    yield from questions.ask_logits(_far(), "extremes")
    yield from questions.ask_logits(questions.singles(_far()[3:4]), "extremes")


def _slope(z, y):
    return sigmoid(z) - y


def _slope_of_clipped(z, y):
    p = sigmoid(z)
    return (p - y) * ((p > 1e-7) & (p < 1 - 1e-7))


def _chain_rule(z, y):
    p = _naive_sigmoid(z)
    return ((1 - y) / (1 - p) - y / p) * p * (1 - p)


STABLE_BCE_GRAD = Exercise(
    signature="stable_bce_grad(logits, target)",
    read="stable-bce",
    right=ln.bce_with_logits.grad,
    draw=_draw_grad,
    mistakes={
        **faults.of_gradient(_slope),
        "the loss per item instead of its derivative": averaged(_stable),
        "the labels exchanged": averaged(lambda z, y: sigmoid(z) - (1 - y)),
        "the sigmoid forgotten": averaged(lambda z, y: z - y),
        "the derivative of the sigmoid once too often": averaged(
            lambda z, y: _slope(z, y) * sigmoid(z) * sigmoid(-z)
        ),
        "the derivative in p instead of in z": averaged(
            lambda z, y: _slope(z, y) / (sigmoid(z) * sigmoid(-z))
        ),
        "the gradient of the squared error": averaged(
            lambda z, y: 2 * _slope(z, y) * sigmoid(z) * sigmoid(-z)
        ),
        "soft labels rounded to 0 and 1": averaged(lambda z, y: _slope(z, y > 0.5)),
        "only the sign of the error": averaged(lambda z, y: np.sign(_slope(z, y))),
        "e^z / (1 + e^z)": averaged(lambda z, y: np.exp(z) / (1 + np.exp(z)) - y),
        "a gradient by way of 1/p": averaged(_chain_rule),
        "no gradient where the probability was clipped": averaged(_slope_of_clipped),
    },
)


def _draw_bce_torch(rng):
    pairs, wants = [*questions.labelled(rng), *_soft(rng)], ("logits",)
    yield from questions.ask_logits(questions.both_floats(pairs), wants=wants)
    yield from questions.ask_logits(questions.singles(_far()), "extremes", wants)
    # Where every training begins: a last layer of zeros. max(z, 0) and |z| have kinks there.
    start = [
        (np.array([0.0]), np.array([1.0])),
        (np.zeros((2, 2)), np.array([[1.0, 0.0], [0.25, 0.0]])),
    ]
    yield from questions.ask_logits(questions.singles(start), "extremes", wants)


def _kinked(positive_part):
    return per_item(lambda z, y: positive_part(z) - z * y + _tail(z))


def _two_branches(z, y):
    lib = library(z)
    above, below = z + lib.log1p(lib.exp(-z)), lib.log1p(lib.exp(z))
    return lib.where(z > 0, above, below) - z * y


STABLE_BCE_TORCH = Exercise(
    signature="stable_bce_torch(logits, target)",
    read="stable-bce",
    right=right,
    draw=_draw_bce_torch,
    probes=(kinds.beyond_fifty("logits"),),
    torch=True,
    slopes={"logits": ln.bce_with_logits.grad},
    twin="BCEWithLogitsLoss",
    mistakes={
        **FORMULA,
        **OVERFLOWS,
        "the kinks of clamp and |z| at z = 0": _kinked(lambda z: z.clamp(min=0)),
        "the kinks of relu and |z| at z = 0": _kinked(lambda z: z.relu()),
        "NaN from the branch that was not taken": per_item(_two_branches),
    },
)
