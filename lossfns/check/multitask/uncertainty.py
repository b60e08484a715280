"""Weights by uncertainty: value, gradient, minimiser, and the same in PyTorch.

In the formulas L are the losses, s the log-variances, and c is ½ for regression, 1 for
classification.
"""

from functools import partial

import numpy as np

import lossfns.numpy as ln
from lossfns.check import kinds
from lossfns.check.exercise import Exercise
from lossfns.check.multitask.tasks import arrays, beside, loss_rows, same_shape, with_singles
from lossfns.check.questions import ask_all, refuse, singles

_FACTORS = {"regression": 0.5, "classification": 1.0}

_ask = partial(ask_all, "losses log_vars")


def _pairs(rng):
    """Losses with log-variances of both signs, never 0."""
    *rows, many = loss_rows(rng)
    pairs = beside(rng, rows, [-1.0, -0.5, 0.25, 0.5, 1.5])
    return [*pairs, (many, np.round(rng.normal(size=many.size), 2))]


def _far():
    """Log-variances far outside what a clip would leave alone, yet all results are finite."""
    return [arrays([1e12, 0.5], [30.0, 0.5]), arrays([1e-9, 0.5], [-20.0, 0.5])]


def _misshapen():
    bad = partial(refuse, "log-variances that are broadcast", losses=np.array([0.5, 2.0]))
    return [bad(log_vars=np.array(one)) for one in ([0.25], [[0.25], [1.5]])]


def _draw_value(rng):
    pairs = _pairs(rng)
    yield from _ask(with_singles(pairs))
    yield from _ask(pairs[:2], kinds="classification")
    for pair in (pairs[1], pairs[3], pairs[4]):
        kinds = [str(kind) for kind in rng.permutation(np.resize(list(_FACTORS), pair[0].size))]
        yield from _ask([pair], kinds=kinds)
    yield from _ask(_far(), "extremes")
    yield from _misshapen()
    losses, log_vars = pairs[1]
    unknown = {"losses": losses, "log_vars": log_vars, "kinds": "classificaton"}
    yield refuse("an unknown kind taken for regression", **unknown)


def _draw_grad(rng):
    yield from _ask(with_singles(_pairs(rng)))
    yield from _ask(_far(), "extremes")


def _draw_torch(rng):
    pairs, wants = _pairs(rng), ("losses", "log_vars")
    yield from _ask([*singles(pairs), pairs[2]], wants=wants)
    yield from _ask(singles(_far()), "extremes", wants)
    yield from _misshapen()


def _right(losses, log_vars, kinds="regression"):
    same_shape(losses, log_vars)
    return ln.uncertainty_weighting(losses, log_vars, kinds=kinds)


def _adding(term):
    """A variant from its term for one task, made of the loss, s, and the factor of its kind."""

    def wrong(losses, log_vars, kinds="regression"):
        named = [kinds] * losses.size if isinstance(kinds, str) else kinds
        return term(losses, log_vars, np.array([_FACTORS[kind] for kind in named])).sum()

    return wrong


def _term(L, s, c):
    return c * np.exp(-s) * L + 0.5 * s


UNCERTAINTY_WEIGHTING = Exercise(
    signature='uncertainty_weighting(losses, log_vars, kinds="regression")',
    read="loss-uncertainty-weighting",
    right=_right,
    draw=_draw_value,
    probes=(
        kinds.shapes("losses", "log_vars", axes=1),
        kinds.words("kinds", "regression", "classification", nothing=False),
        kinds.lists("kinds", "log_vars", "regression", "classification"),
        kinds.beyond_fifty("log_vars", high=80.0),
    ),
    mistakes={
        "no ½ for regression": _adding(lambda L, s, c: np.exp(-s) * L + 0.5 * s),
        "a ½ for classification, too": _adding(lambda L, s, c: 0.5 * np.exp(-s) * L + 0.5 * s),
        "the two kinds exchanged": _adding(lambda L, s, c: (1.5 - c) * np.exp(-s) * L + 0.5 * s),
        "the ½ of the penalty forgotten": _adding(lambda L, s, c: c * np.exp(-s) * L + s),
        "every ½ forgotten": _adding(lambda L, s, c: np.exp(-s) * L + s),
        "the penalty forgotten": _adding(lambda L, s, c: c * np.exp(-s) * L),
        "the penalty subtracted": _adding(lambda L, s, c: c * np.exp(-s) * L - 0.5 * s),
        "the sign of the exponent flipped": _adding(lambda L, s, c: c * np.exp(s) * L + 0.5 * s),
        "s taken for ln σ": _adding(lambda L, s, c: c * np.exp(-2 * s) * L + s),
        "s taken for the variance": _adding(lambda L, s, c: c * L / s + 0.5 * np.log(s)),
        "s taken for σ": _adding(lambda L, s, c: c * L / s**2 + np.log(np.abs(s))),
        "the mean over the tasks": lambda losses, log_vars, kinds="regression": (
            _adding(_term)(losses, log_vars, kinds) / losses.size
        ),
        "ln(1 + σ²) as the penalty": _adding(
            lambda L, s, c: c * np.exp(-s) * L + 0.5 * np.logaddexp(0, s)
        ),
        "the log-variances clipped": _adding(lambda L, s, c: _term(L, np.clip(s, -10, 10), c)),
    },
)


def _grad(losses, log_vars):
    return ln.uncertainty_weighting.grad(losses, log_vars, wrt="log_vars")


def _term_grad(L, s):
    return 0.5 - 0.5 * np.exp(-s) * L


UNCERTAINTY_WEIGHTING_GRAD = Exercise(
    signature="uncertainty_weighting_grad(losses, log_vars)",
    read="loss-uncertainty-weighting",
    right=_grad,
    draw=_draw_grad,
    probes=(kinds.beyond_fifty("log_vars", high=80.0),),
    mistakes={
        "the gradient with respect to the losses": lambda L, s: 0.5 * np.exp(-s),
        "the sign of the gradient flipped": lambda L, s: -_term_grad(L, s),
        "the inner derivative -1 forgotten": lambda L, s: 0.5 + 0.5 * np.exp(-s) * L,
        "the ½ of the penalty forgotten": lambda L, s: 1 - 0.5 * np.exp(-s) * L,
        "the ½ of the squared error forgotten": lambda L, s: 0.5 - np.exp(-s) * L,
        "every ½ forgotten": lambda L, s: 1 - np.exp(-s) * L,
        "the derivative of the penalty missing": lambda L, s: -0.5 * np.exp(-s) * L,
        "the derivative with respect to the variance": lambda L, s: (
            0.5 * np.exp(-s) - 0.5 * np.exp(-2 * s) * L
        ),
        "the derivative with respect to σ": lambda L, s: np.exp(-s / 2) - np.exp(-1.5 * s) * L,
        "the sign of the exponent flipped": lambda L, s: 0.5 - 0.5 * np.exp(s) * L,
        "the mean over the tasks": lambda L, s: _term_grad(L, s) / L.size,
        "the gradient added up to one number": lambda L, s: _term_grad(L, s).sum(),
        "the terms instead of their derivatives": lambda L, s: 0.5 * np.exp(-s) * L + 0.5 * s,
    },
)


def _draw_best(rng):
    ask = partial(ask_all, "losses")
    yield from ask(with_singles([(row,) for row in loss_rows(rng)]))
    yield from ask([arrays([1e12, 1e-12])], "extremes")
    yield refuse("a loss of 0 accepted", losses=np.array([0.5, 0.0]))
    yield refuse("a negative loss accepted", losses=np.array([0.5, -2.0]))


def _logarithm(bad):
    """The right answer, once it has refused what is `bad`."""

    def best(losses):
        if bad(losses).any():
            raise ValueError("losses must be positive")
        return np.log(losses)

    return best


BEST_LOG_VARS = Exercise(
    signature="best_log_vars(losses)",
    read="loss-uncertainty-weighting",
    right=_logarithm(bad=lambda L: ~(L > 0)),
    draw=_draw_best,
    probes=(kinds.outside("losses", 0.0, ends=(0.0,)),),
    mistakes={
        "the variance instead of its logarithm": lambda L: L.copy(),
        "the standard deviation instead of the log-variance": np.sqrt,
        "ln σ instead of ln σ²": lambda L: 0.5 * np.log(L),
        "the sign of the logarithm flipped": lambda L: -np.log(L),
        "the minimum of exp(-s) L + ½s": lambda L: np.log(2 * L),
        "the minimum of ½exp(-s) L + s": lambda L: np.log(L / 2),
        "the decimal logarithm": np.log10,
        "ln(1 + L)": np.log1p,
        "one number for all tasks": lambda L: np.log(L.mean()),
        "the best weight instead of the log-variance": lambda L: 1 / L,
        "an ε under the logarithm": lambda L: np.log(L + 1e-8),
        "-∞ for a loss of 0": np.log,
        "a floor under the losses": lambda L: np.log(np.maximum(L, 1e-30)),
        "NaN for a negative loss": _logarithm(bad=lambda L: L == 0),
    },
)


def _tensors(term):
    return lambda losses, log_vars: term(losses, log_vars).sum()


def _torch_term(L, s):
    return 0.5 * (-s).exp() * L + 0.5 * s


UNCERTAINTY_WEIGHTING_TORCH = Exercise(
    signature="uncertainty_weighting_torch(losses, log_vars)",
    read="loss-uncertainty-weighting",
    right=_right,
    draw=_draw_torch,
    probes=(kinds.shapes("losses", "log_vars", axes=1), kinds.beyond_fifty("log_vars", high=80.0)),
    torch=True,
    slopes={"losses": ln.uncertainty_weighting.grad, "log_vars": _grad},
    mistakes={
        "no gradient for the log-variances": _tensors(lambda L, s: _torch_term(L, s.detach())),
        "the penalty without gradient": _tensors(
            lambda L, s: 0.5 * (-s).exp() * L + 0.5 * s.detach()
        ),
        "no gradient for the losses": _tensors(lambda L, s: _torch_term(L.detach(), s)),
        "every ½ forgotten": _tensors(lambda L, s: (-s).exp() * L + s),
        "the ½ of the penalty forgotten": _tensors(lambda L, s: 0.5 * (-s).exp() * L + s),
        "the ½ of the squared error forgotten": _tensors(lambda L, s: (-s).exp() * L + 0.5 * s),
        "the penalty forgotten": _tensors(lambda L, s: 0.5 * (-s).exp() * L),
        "the sign of the exponent flipped": _tensors(lambda L, s: 0.5 * s.exp() * L + 0.5 * s),
        "s taken for ln σ": _tensors(lambda L, s: 0.5 * (-2 * s).exp() * L + s),
        "s taken for the variance": _tensors(lambda L, s: 0.5 * L / s + 0.5 * s.log()),
        "s taken for σ": _tensors(lambda L, s: 0.5 * L / s**2 + s.log()),
        "the log-variances taken for weights": _tensors(lambda L, s: s * L),
        "the log-variances clipped": _tensors(lambda L, s: _torch_term(L, s.clamp(-10, 10))),
        "the mean over the tasks": lambda L, s: _torch_term(L, s).mean(),
    },
)
