"""Binary cross-entropy of logits in its stable form, its gradient, and the same in PyTorch."""

import numpy as np

import lossfns.numpy as ln
from lossfns.check import faults, kinds
from lossfns.check.exercise import Exercise, Recognised
from lossfns.check.questions import ask_logits, both_floats, labelled, refuse, singles
from lossfns.check.recipes import averaged, library, per_item, sigmoid, softplus
from lossfns.check.stability.sigmoids import log1pexp, tail


def _pairs(rng):
    """Labels 0 and 1, then between them, as label smoothing and distillation make them."""
    pairs, logits = labelled(rng), rng.permutation([2.0, -0.5, 1.5, -2.0])
    soft = np.round(rng.uniform(0.05, 0.95, size=4), 2)
    return [*pairs, (logits[:1], np.array([0.75])), (logits, soft)]


def _far():
    return [
        (np.array([-1000.0]), np.array([1.0])),
        (np.array([1000.0]), np.array([0.0])),
        (np.array([1000.0]), np.array([1.0])),
        (np.array([1000.0, -1000.0, 0.5]), np.array([0.25, 0.25, 1.0])),
        (np.array([[1000.0, -1000.0], [-1000.0, 1000.0]]), np.array([[1.0, 0.0], [1.0, 0.0]])),
    ]


def _draw(rng):
    pairs = _pairs(rng)
    yield from ask_logits(pairs)
    yield from ask_logits(singles(pairs[3:5]))
    yield from ask_logits(_far(), "extremes")
    yield from ask_logits(singles(_far()[3:4]), "extremes")


def _draw_and_refuse(rng):
    calls = list(_draw(rng))
    yield from calls
    z, y = calls[3].arrays.values()
    yield refuse("broadcasting of (n, 1) against (n,)", logits=z[:, None], target=y)
    yield refuse("a label of 2 accepted", logits=z[:2], target=np.array([1.0, 2.0]))
    yield refuse("a label of -1 accepted", logits=z[:2], target=np.array([-1.0, 1.0]))


def _stable(z, y):
    return softplus(z) - z * y


def _bce(p, y):
    lib = library(p)
    return -y * lib.log(p) - (1 - y) * lib.log(1 - p)


def _naive_sigmoid(z):
    return 1 / (1 + library(z).exp(-z))


STABLE_BCE = Exercise(
    signature="stable_bce(logits, target)",
    read="stable-bce",
    right=ln.bce_with_logits,
    draw=_draw_and_refuse,
    probes=(
        kinds.shapes("logits", "target"),
        kinds.outside("target", 0.0, 1.0),
        kinds.beyond_fifty("logits"),
    ),
    mistakes={
        "the term z·y forgotten": per_item(lambda z, y: softplus(z)),
        "z·y added instead of subtracted": per_item(lambda z, y: softplus(z) + z * y),
        "the labels exchanged": per_item(lambda z, y: _stable(z, 1 - y)),
        "max(z, 0) forgotten": per_item(lambda z, y: tail(z) - z * y),
        "the rest ln(1 + e^-|z|) forgotten": per_item(lambda z, y: z * (z > 0) - z * y),
        "z in place of |z| in the exponent": per_item(
            lambda z, y: z * (z > 0) - z * y + log1pexp(-z)
        ),
        "no loss where y = 0": per_item(lambda z, y: y * softplus(-z)),
        "soft labels rounded to 0 and 1": per_item(lambda z, y: _stable(z, 1 * (y > 0.5))),
        "the sigmoid forgotten": per_item(lambda z, y: _bce(z.clip(1e-7, 1 - 1e-7), y)),
        "the sigmoid twice": per_item(lambda z, y: _stable(sigmoid(z), y)),
        "the squared error of the probability": per_item(lambda z, y: (sigmoid(z) - y) ** 2),
        "logarithms to the base 2": per_item(lambda z, y: _stable(z, y) / np.log(2)),
        **faults.of_mean(_stable),
        "the logarithm of a rounded probability": per_item(lambda z, y: _bce(_naive_sigmoid(z), y)),
        "an exponential that overflows for z > 0": per_item(lambda z, y: log1pexp(z) - z * y),
        "an exponential that overflows for z < 0": per_item(
            lambda z, y: log1pexp(-z) + z * (1 - y)
        ),
        "the probability kept away from 0 and 1": Recognised(
            per_item(lambda z, y: _bce(sigmoid(z).clip(1e-7, 1 - 1e-7), y)),
            faults.capped(ln.bce_with_logits),
        ),
    },
)


def _in_p(core):
    """The gradient from the probabilities p and q of the labels 1 and 0."""
    return averaged(lambda z, y: core(sigmoid(z), sigmoid(-z), y))


def _chain_rule(z, y):
    p = _naive_sigmoid(z)
    return ((1 - y) / (1 - p) - y / p) * p * (1 - p)


STABLE_BCE_GRAD = Exercise(
    signature="stable_bce_grad(logits, target)",
    read="stable-bce",
    right=ln.bce_with_logits.grad,
    draw=_draw,
    mistakes={
        **faults.of_gradient(lambda z, y: sigmoid(z) - y),
        "the loss per item instead of its derivative": averaged(_stable),
        "the labels exchanged": _in_p(lambda p, q, y: p - (1 - y)),
        "the sigmoid forgotten": averaged(lambda z, y: z - y),
        "the derivative of the sigmoid once too often": _in_p(lambda p, q, y: (p - y) * p * q),
        "the derivative in p instead of in z": _in_p(lambda p, q, y: (p - y) / (p * q)),
        "the gradient of the squared error": _in_p(lambda p, q, y: 2 * (p - y) * p * q),
        "soft labels rounded to 0 and 1": _in_p(lambda p, q, y: p - (y > 0.5)),
        "only the sign of the error": _in_p(lambda p, q, y: np.sign(p - y)),
        "e^z / (1 + e^z)": averaged(lambda z, y: np.exp(z) / (1 + np.exp(z)) - y),
        "a gradient by way of 1/p": averaged(_chain_rule),
        "no gradient where the probability was clipped": _in_p(
            lambda p, q, y: (p - y) * ((p > 1e-7) & (p < 1 - 1e-7))
        ),
    },
)


def _draw_bce_torch(rng):
    wants = ("logits",)
    yield from ask_logits(both_floats(_pairs(rng)), wants=wants)
    yield from ask_logits(singles(_far()), "extremes", wants)
    # Where every training begins: a last layer of zeros. max(z, 0) and |z| have kinks there.
    start = [
        (np.array([0.0]), np.array([1.0])),
        (np.zeros((2, 2)), np.array([[1.0, 0.0], [0.25, 0.0]])),
    ]
    yield from ask_logits(singles(start), "extremes", wants)


STABLE_BCE_TORCH = Exercise(
    signature="stable_bce_torch(logits, target)",
    read="stable-bce",
    right=ln.bce_with_logits,
    draw=_draw_bce_torch,
    probes=(kinds.beyond_fifty("logits"),),
    torch=True,
    slopes={"logits": ln.bce_with_logits.grad},
    twin="BCEWithLogitsLoss",
    mistakes={
        **STABLE_BCE.mistakes,
        "the kinks of clamp and |z| at z = 0": per_item(lambda z, y: z.clamp(0) - z * y + tail(z)),
        "the kinks of relu and |z| at z = 0": per_item(lambda z, y: z.relu() - z * y + tail(z)),
        "NaN from the branch that was not taken": per_item(
            lambda z, y: library(z).where(z > 0, z + log1pexp(-z), log1pexp(z)) - z * y
        ),
    },
)
