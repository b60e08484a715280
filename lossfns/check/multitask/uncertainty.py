"""Weights by uncertainty: value, gradient, minimiser, and the same in PyTorch."""

from functools import partial

import numpy as np

import lossfns.numpy as ln
from lossfns.check import kinds
from lossfns.check.exercise import Call, Exercise
from lossfns.check.multitask.tasks import loss_rows, same_shape, with_singles
from lossfns.check.questions import ask, refuse, singles

_FACTORS = {"regression": 0.5, "classification": 1.0}


def _pairs(rng):
    """Losses with log-variances of both signs, never 0."""
    rows = loss_rows(rng)
    small = [rng.choice([-1.0, -0.5, 0.25, 0.5, 1.5], row.size, False) for row in rows[:-1]]
    return list(zip(rows, [*small, np.round(rng.normal(size=rows[-1].size), 2)], strict=True))


def _far():
    """Log-variances far outside what a clip would leave alone, yet all results are finite."""
    return [
        (np.array([1e12, 0.5]), np.array([30.0, 0.5])),
        (np.array([1e-9, 0.5]), np.array([-20.0, 0.5])),
    ]


_ask = partial(ask, "losses log_vars")


def _misshapen():
    return [
        (np.array([0.5, 2.0]), np.array([0.25])),
        (np.array([0.5, 2.0]), np.array([[0.25], [1.5]])),
    ]


def _draw_value(rng):
    pairs = _pairs(rng)
    for pair in with_singles(pairs):
        yield _ask(pair)
    for pair in pairs[:2]:
        yield _ask(pair, kinds="classification")
    for pair in (pairs[1], pairs[3], pairs[4]):
        kinds = [str(kind) for kind in rng.permutation(np.resize(list(_FACTORS), pair[0].size))]
        yield _ask(pair, kinds=kinds)
    for pair in _far():
        yield _ask(pair, "extremes")
    for losses, log_vars in _misshapen():
        yield refuse("log-variances that are broadcast", losses=losses, log_vars=log_vars)
    losses, log_vars = pairs[1]
    yield refuse(
        "an unknown kind taken for regression",
        losses=losses,
        log_vars=log_vars,
        kinds="classificaton",
    )


def _right(losses, log_vars, kinds="regression"):
    same_shape(losses, log_vars)
    return ln.uncertainty_weighting(losses, log_vars, kinds=kinds)


def _factors(kinds, tasks):
    kinds = [kinds] * tasks if isinstance(kinds, str) else kinds
    return np.array([_FACTORS[kind] for kind in kinds])


def _adding(term):
    """A variant from its term for one task, made of the loss, s, and the factor of its kind."""

    def wrong(losses, log_vars, kinds="regression"):
        return term(losses, log_vars, _factors(kinds, losses.size)).sum()

    return wrong


def _right_term(loss, s, c):
    return c * np.exp(-s) * loss + 0.5 * s


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
        "no ½ for regression": _adding(lambda loss, s, c: np.exp(-s) * loss + 0.5 * s),
        "a ½ for classification, too": _adding(
            lambda loss, s, c: 0.5 * np.exp(-s) * loss + 0.5 * s
        ),
        "the two kinds exchanged": _adding(
            lambda loss, s, c: (1.5 - c) * np.exp(-s) * loss + 0.5 * s
        ),
        "the ½ of the penalty forgotten": _adding(lambda loss, s, c: c * np.exp(-s) * loss + s),
        "every ½ forgotten": _adding(lambda loss, s, c: np.exp(-s) * loss + s),
        "the penalty forgotten": _adding(lambda loss, s, c: c * np.exp(-s) * loss),
        "the penalty subtracted": _adding(lambda loss, s, c: c * np.exp(-s) * loss - 0.5 * s),
        "the sign of the exponent flipped": _adding(
            lambda loss, s, c: c * np.exp(s) * loss + 0.5 * s
        ),
        "s taken for ln σ": _adding(lambda loss, s, c: c * np.exp(-2 * s) * loss + s),
        "s taken for the variance": _adding(lambda loss, s, c: c * loss / s + 0.5 * np.log(s)),
        "s taken for σ": _adding(lambda loss, s, c: c * loss / s**2 + np.log(np.abs(s))),
        "the mean over the tasks": lambda losses, log_vars, kinds="regression": (
            _adding(_right_term)(losses, log_vars, kinds) / losses.size
        ),
        "ln(1 + σ²) as the penalty": _adding(
            lambda loss, s, c: c * np.exp(-s) * loss + 0.5 * np.logaddexp(0, s)
        ),
        "the log-variances clipped": _adding(
            lambda loss, s, c: _right_term(loss, np.clip(s, -10, 10), c)
        ),
    },
)


def _draw_grad(rng):
    for pair in with_singles(_pairs(rng)):
        yield _ask(pair)
    for pair in _far():
        yield _ask(pair, "extremes")


def _term_grad(losses, s):
    return 0.5 - 0.5 * np.exp(-s) * losses


UNCERTAINTY_WEIGHTING_GRAD = Exercise(
    signature="uncertainty_weighting_grad(losses, log_vars)",
    read="loss-uncertainty-weighting",
    right=lambda losses, log_vars: ln.uncertainty_weighting.grad(losses, log_vars, wrt="log_vars"),
    draw=_draw_grad,
    probes=(kinds.beyond_fifty("log_vars", high=80.0),),
    mistakes={
        "the gradient with respect to the losses": lambda losses, s: 0.5 * np.exp(-s),
        "the sign of the gradient flipped": lambda losses, s: -_term_grad(losses, s),
        "the inner derivative -1 forgotten": lambda losses, s: 0.5 + 0.5 * np.exp(-s) * losses,
        "the ½ of the penalty forgotten": lambda losses, s: 1 - 0.5 * np.exp(-s) * losses,
        "the ½ of the squared error forgotten": lambda losses, s: 0.5 - np.exp(-s) * losses,
        "every ½ forgotten": lambda losses, s: 1 - np.exp(-s) * losses,
        "the derivative of the penalty missing": lambda losses, s: -0.5 * np.exp(-s) * losses,
        "the derivative with respect to the variance": lambda losses, s: (
            0.5 * np.exp(-s) - 0.5 * np.exp(-2 * s) * losses
        ),
        "the derivative with respect to σ": lambda losses, s: (
            np.exp(-s / 2) - np.exp(-1.5 * s) * losses
        ),
        "the sign of the exponent flipped": lambda losses, s: 0.5 - 0.5 * np.exp(s) * losses,
        "the mean over the tasks": lambda losses, s: _term_grad(losses, s) / losses.size,
        "the gradient added up to one number": lambda losses, s: _term_grad(losses, s).sum(),
        "the terms instead of their derivatives": lambda losses, s: (
            0.5 * np.exp(-s) * losses + 0.5 * s
        ),
    },
)


def _draw_best(rng):
    rows = [(row,) for row in loss_rows(rng)]
    for (losses,) in with_singles(rows):
        yield Call({"losses": losses})
    yield Call({"losses": np.array([1e12, 1e-12])}, {}, "extremes")
    yield refuse("a loss of 0 accepted", losses=np.array([0.5, 0.0]))
    yield refuse("a negative loss accepted", losses=np.array([0.5, -2.0]))


def _best(losses):
    if not (losses > 0).all():
        raise ValueError("losses must be positive")
    return np.log(losses)


def _only_zero_refused(losses):
    if (losses == 0).any():
        raise ValueError("a loss of 0")
    return np.log(losses)


def _floored(losses):
    return np.log(np.maximum(losses, 1e-30))


BEST_LOG_VARS = Exercise(
    signature="best_log_vars(losses)",
    read="loss-uncertainty-weighting",
    right=_best,
    draw=_draw_best,
    probes=(kinds.outside("losses", 0.0, ends=(0.0,)),),
    mistakes={
        "the variance instead of its logarithm": lambda losses: losses.copy(),
        "the standard deviation instead of the log-variance": np.sqrt,
        "ln σ instead of ln σ²": lambda losses: 0.5 * np.log(losses),
        "the sign of the logarithm flipped": lambda losses: -np.log(losses),
        "the minimum of exp(-s) L + ½s": lambda losses: np.log(2 * losses),
        "the minimum of ½exp(-s) L + s": lambda losses: np.log(losses / 2),
        "the decimal logarithm": np.log10,
        "ln(1 + L)": np.log1p,
        "one number for all tasks": lambda losses: np.log(losses.mean()),
        "the best weight instead of the log-variance": lambda losses: 1 / losses,
        "an ε under the logarithm": lambda losses: np.log(losses + 1e-8),
        "-∞ for a loss of 0": np.log,
        "a floor under the losses": _floored,
        "NaN for a negative loss": _only_zero_refused,
    },
)


def _draw_torch(rng):
    pairs = _pairs(rng)
    wants = ("losses", "log_vars")
    for pair in singles(pairs):
        yield _ask(pair, wants=wants)
    yield _ask(pairs[2], wants=wants)
    for pair in singles(_far()):
        yield _ask(pair, "extremes", wants=wants)
    for losses, log_vars in _misshapen():
        yield refuse("log-variances that are broadcast", losses=losses, log_vars=log_vars)


def _tensors(term):
    return lambda losses, log_vars: term(losses, log_vars).sum()


def _torch_term(losses, s):
    return 0.5 * (-s).exp() * losses + 0.5 * s


UNCERTAINTY_WEIGHTING_TORCH = Exercise(
    signature="uncertainty_weighting_torch(losses, log_vars)",
    read="loss-uncertainty-weighting",
    right=_right,
    draw=_draw_torch,
    probes=(kinds.shapes("losses", "log_vars", axes=1), kinds.beyond_fifty("log_vars", high=80.0)),
    torch=True,
    slopes={
        "losses": ln.uncertainty_weighting.grad,
        "log_vars": lambda losses, s: ln.uncertainty_weighting.grad(losses, s, wrt="log_vars"),
    },
    mistakes={
        "no gradient for the log-variances": lambda losses, s: _torch_term(
            losses, s.detach()
        ).sum(),
        "the penalty without gradient": lambda losses, s: (
            0.5 * (-s).exp() * losses + 0.5 * s.detach()
        ).sum(),
        "no gradient for the losses": lambda losses, s: _torch_term(losses.detach(), s).sum(),
        "every ½ forgotten": _tensors(lambda losses, s: (-s).exp() * losses + s),
        "the ½ of the penalty forgotten": _tensors(lambda losses, s: 0.5 * (-s).exp() * losses + s),
        "the ½ of the squared error forgotten": _tensors(
            lambda losses, s: (-s).exp() * losses + 0.5 * s
        ),
        "the penalty forgotten": _tensors(lambda losses, s: 0.5 * (-s).exp() * losses),
        "the sign of the exponent flipped": _tensors(
            lambda losses, s: 0.5 * s.exp() * losses + 0.5 * s
        ),
        "the log-variances taken for weights": _tensors(lambda losses, s: s * losses),
        "the log-variances clipped": _tensors(
            lambda losses, s: _torch_term(losses, s.clamp(-10, 10))
        ),
        "the mean over the tasks": lambda losses, s: _torch_term(losses, s).mean(),
    },
)
