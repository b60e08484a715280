"""Weights by uncertainty: value, gradient, minimiser, and the same in PyTorch."""

from functools import partial

import numpy as np

import lossfns.numpy as ln
from lossfns.check import kinds
from lossfns.check.exercise import Call, Exercise, Misconception
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
        yield refuse(
            "log-variances that are broadcast",
            "NumPy stretches log_vars of another shape over the losses and adds up too much. "
            "There must be one a task: compare the shapes and raise ValueError.",
            losses=losses,
            log_vars=log_vars,
        )
    losses, log_vars = pairs[1]
    yield refuse(
        "an unknown kind taken for regression",
        'A typing error such as "classificaton" halves the weight of that task and nobody '
        "notices. Raise ValueError for every kind that is not known.",
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
    name="uncertainty_weighting",
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
    misconceptions=(
        Misconception(
            "no ½ for regression",
            _adding(lambda loss, s, c: np.exp(-s) * loss + 0.5 * s),
            "The exponent of a Gaussian is -e²/(2σ²), so a squared error carries a ½. Only a "
            "cross-entropy goes without.",
        ),
        Misconception(
            "a ½ for classification, too",
            _adding(lambda loss, s, c: 0.5 * np.exp(-s) * loss + 0.5 * s),
            "The ½ comes from the Gaussian -e²/(2σ²). A cross-entropy is a negative "
            "log-likelihood as it is: its factor is 1.",
        ),
        Misconception(
            "the two kinds exchanged",
            _adding(lambda loss, s, c: (1.5 - c) * np.exp(-s) * loss + 0.5 * s),
            "The ½ belongs to regression, whose squared error comes from -e²/(2σ²); the factor of "
            "classification is 1.",
        ),
        Misconception(
            "the ½ of the penalty forgotten",
            _adding(lambda loss, s, c: c * np.exp(-s) * loss + s),
            "The penalty is ln σ, and with s = ln σ² that is ½s.",
        ),
        Misconception(
            "every ½ forgotten",
            _adding(lambda loss, s, c: np.exp(-s) * loss + s),
            "Neither the squared error nor the penalty has its ½: -ln of a Gaussian is "
            "e²/(2σ²) + ln σ, and ln σ = ½s.",
        ),
        Misconception(
            "the penalty forgotten",
            _adding(lambda loss, s, c: c * np.exp(-s) * loss),
            "Without ½s the way down is to call everything uncertain: s grows without bound, all "
            "weights go to 0 and nothing is learned.",
        ),
        Misconception(
            "the penalty subtracted",
            _adding(lambda loss, s, c: c * np.exp(-s) * loss - 0.5 * s),
            "Then uncertainty is rewarded twice and s grows without bound. ½s is the price of a "
            "small weight: it is added.",
        ),
        Misconception(
            "the sign of the exponent flipped",
            _adding(lambda loss, s, c: c * np.exp(s) * loss + 0.5 * s),
            "A task with a large variance must count less: its weight is 1/σ² = exp(-s).",
        ),
        Misconception(
            "s taken for ln σ",
            _adding(lambda loss, s, c: c * np.exp(-2 * s) * loss + s),
            "With s = ln σ the formula would be exp(-2s) and s. Here s = ln σ² is the logarithm "
            "of the variance: exp(-s) and ½s.",
        ),
        Misconception(
            "s taken for the variance",
            _adding(lambda loss, s, c: c * loss / s + 0.5 * np.log(s)),
            "log_vars are logarithms: they may be 0 or negative, where a variance may not. The "
            "weight is exp(-s), and ln σ² is s itself.",
        ),
        Misconception(
            "s taken for σ",
            _adding(lambda loss, s, c: c * loss / s**2 + np.log(np.abs(s))),
            "This is the formula as the paper prints it, in σ. The function gets s = ln σ², which "
            "may be 0 or negative: 1/σ² = exp(-s) and ln σ = ½s.",
        ),
        Misconception(
            "the mean over the tasks",
            lambda losses, log_vars, kinds="regression": (
                _adding(_right_term)(losses, log_vars, kinds) / losses.size
            ),
            "It is the likelihood of all tasks together: the logarithms are added, not averaged.",
        ),
        Misconception(
            "ln(1 + σ²) as the penalty",
            _adding(lambda loss, s, c: c * np.exp(-s) * loss + 0.5 * np.logaddexp(0, s)),
            "That is a later variant, made so that the sum never gets negative. The likelihood "
            "asks for ½s, and may well be negative: a density can be larger than 1.",
        ),
        Misconception(
            "the log-variances clipped",
            _adding(lambda loss, s, c: _right_term(loss, np.clip(s, -10, 10), c)),
            "A loss in the squared millimetres wants s = ln 10¹² = 27.6, which your limits forbid; "
            "beyond a limit the gradient is 0 besides, so s never comes back.",
        ),
    ),
)


def _draw_grad(rng):
    for pair in with_singles(_pairs(rng)):
        yield _ask(pair)
    for pair in _far():
        yield _ask(pair, "extremes")


def _term_grad(losses, s):
    return 0.5 - 0.5 * np.exp(-s) * losses


UNCERTAINTY_WEIGHTING_GRAD = Exercise(
    name="uncertainty_weighting_grad",
    signature="uncertainty_weighting_grad(losses, log_vars)",
    read="loss-uncertainty-weighting",
    right=lambda losses, log_vars: ln.uncertainty_weighting.grad(losses, log_vars, wrt="log_vars"),
    draw=_draw_grad,
    probes=(kinds.beyond_fifty("log_vars", high=80.0),),
    misconceptions=(
        Misconception(
            "the gradient with respect to the losses",
            lambda losses, s: 0.5 * np.exp(-s),
            "½exp(-s) is what multiplies each loss, and moves the network. The log-variances move "
            "by the derivative with respect to s.",
        ),
        Misconception(
            "the sign of the gradient flipped",
            lambda losses, s: -_term_grad(losses, s),
            "A step against this gradient makes the loss grow. Where the loss is large, a larger "
            "s helps: the derivative must be negative there.",
        ),
        Misconception(
            "the inner derivative -1 forgotten",
            lambda losses, s: 0.5 + 0.5 * np.exp(-s) * losses,
            "The derivative of exp(-s) is -exp(-s). With a plus both terms push s down for ever; "
            "it is their difference that finds a balance.",
        ),
        Misconception(
            "the ½ of the penalty forgotten",
            lambda losses, s: 1 - 0.5 * np.exp(-s) * losses,
            "The penalty is ½s, whose derivative is ½.",
        ),
        Misconception(
            "the ½ of the squared error forgotten",
            lambda losses, s: 0.5 - np.exp(-s) * losses,
            "The regression loss enters as ½exp(-s) L: the ½ stays in the derivative.",
        ),
        Misconception(
            "every ½ forgotten",
            lambda losses, s: 1 - np.exp(-s) * losses,
            "Twice the gradient: both terms, ½exp(-s) L and ½s, carry a ½. The zero is in the "
            "right place, but every step is twice as long.",
        ),
        Misconception(
            "the derivative of the penalty missing",
            lambda losses, s: -0.5 * np.exp(-s) * losses,
            "½s contributes ½. Without it the gradient is never 0, and s grows without bound.",
        ),
        Misconception(
            "the derivative with respect to the variance",
            lambda losses, s: 0.5 * np.exp(-s) - 0.5 * np.exp(-2 * s) * losses,
            "This is the derivative for σ². The parameter is s = ln σ², so multiply by "
            "dσ²/ds = σ², or differentiate the formula in s from the start.",
        ),
        Misconception(
            "the derivative with respect to σ",
            lambda losses, s: np.exp(-s / 2) - np.exp(-1.5 * s) * losses,
            "This is 1/σ - L/σ³, the derivative for σ. The parameter is s = ln σ²: "
            "differentiate the loss with respect to s.",
            formula="½ - ½exp(-s) L",
        ),
        Misconception(
            "the sign of the exponent flipped",
            lambda losses, s: 0.5 - 0.5 * np.exp(s) * losses,
            "The weight is 1/σ² = exp(-s), and so it is in the derivative.",
        ),
        Misconception(
            "the mean over the tasks",
            lambda losses, s: _term_grad(losses, s) / losses.size,
            "The terms of the tasks are added up, not averaged, so there is no 1/K.",
        ),
        Misconception(
            "the gradient added up to one number",
            lambda losses, s: _term_grad(losses, s).sum(),
            "Every task has a log-variance of its own, and each needs to know where to go: one "
            "derivative a task.",
        ),
        Misconception(
            "the terms instead of their derivatives",
            lambda losses, s: 0.5 * np.exp(-s) * losses + 0.5 * s,
            "These are the terms of the loss itself. Differentiate each with respect to its s.",
        ),
    ),
)


def _draw_best(rng):
    rows = [(row,) for row in loss_rows(rng)]
    for (losses,) in with_singles(rows):
        yield Call({"losses": losses})
    yield Call({"losses": np.array([1e12, 1e-12])}, {}, "extremes")
    yield refuse(
        "a loss of 0 accepted",
        "For L = 0 the loss ½s falls for ever: there is no best s. Raise ValueError, rather than "
        "hand on a number that was made up.",
        losses=np.array([0.5, 0.0]),
    )
    yield refuse(
        "a negative loss accepted",
        "For L < 0 the loss falls for ever as s does, and L has no logarithm. Raise ValueError for "
        "every loss that is not positive.",
        losses=np.array([0.5, -2.0]),
    )


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
    name="best_log_vars",
    signature="best_log_vars(losses)",
    read="loss-uncertainty-weighting",
    right=_best,
    draw=_draw_best,
    probes=(kinds.outside("losses", 0.0, ends=(0.0,)),),
    misconceptions=(
        Misconception(
            "the variance instead of its logarithm",
            lambda losses: losses.copy(),
            "σ² = L is the best variance. s is its logarithm.",
        ),
        Misconception(
            "the standard deviation instead of the log-variance",
            np.sqrt,
            "σ = √L is the best standard deviation. s is the logarithm of the variance.",
        ),
        Misconception(
            "ln σ instead of ln σ²",
            lambda losses: 0.5 * np.log(losses),
            "½ ln L is the logarithm of the standard deviation; s = ln σ² is twice that.",
        ),
        Misconception(
            "the sign of the logarithm flipped",
            lambda losses: -np.log(losses),
            "-ln L is the logarithm of the best weight, 1/L. The variance is its reciprocal: a "
            "large loss has a large s.",
        ),
        Misconception(
            "the minimum of exp(-s) L + ½s",
            lambda losses: np.log(2 * losses),
            "ln 2L is right for classification, whose loss enters without ½. For "
            "regression set the derivative to 0: both halves cancel.",
            formula="½ - ½exp(-s) L = 0",
        ),
        Misconception(
            "the minimum of ½exp(-s) L + s",
            lambda losses: np.log(losses / 2),
            "The penalty is ½s, so its derivative is ½, not 1.",
        ),
        Misconception(
            "the decimal logarithm",
            np.log10,
            "The weight is exp(-s), so its inverse is the natural logarithm.",
        ),
        Misconception(
            "ln(1 + L)",
            np.log1p,
            "The 1 keeps the logarithm from -∞ but moves the minimum: a loss below 1 must give a "
            "negative s. Bad losses are refused, not bent.",
        ),
        Misconception(
            "one number for all tasks",
            lambda losses: np.log(losses.mean()),
            "Every task has a log-variance of its own. One for all would weigh them alike, and "
            "that is what the weights are there to avoid.",
        ),
        Misconception(
            "the best weight instead of the log-variance",
            lambda losses: 1 / losses,
            "exp(-s) = 1/L is the weight that results. Solve it for s.",
        ),
        Misconception(
            "an ε under the logarithm",
            lambda losses: np.log(losses + 1e-8),
            "An ε that is larger than the loss decides the result. Refuse a loss that is not "
            "positive, and leave the others as they are.",
        ),
        Misconception(
            "-∞ for a loss of 0",
            np.log,
            "For L = 0 the loss ½s falls for ever: there is no best s. Raise ValueError, rather "
            "than hand -inf or NaN to whatever comes next.",
        ),
        Misconception(
            "a floor under the losses",
            _floored,
            "With L ≤ 0 there is no best s, and a floor makes one up: s = -69 would be a weight of "
            "10³⁰. Raise ValueError.",
        ),
        Misconception(
            "NaN for a negative loss",
            _only_zero_refused,
            "You refuse 0 but not what lies below. For L < 0 the loss falls for ever as well, and "
            "the logarithm is NaN: raise ValueError.",
        ),
    ),
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
        yield refuse(
            "log-variances that are broadcast",
            "PyTorch stretches log_vars of another shape over the losses and you add up too much. "
            "There must be one a task: compare the shapes and raise ValueError.",
            losses=losses,
            log_vars=log_vars,
        )


def _tensors(term):
    return lambda losses, log_vars: term(losses, log_vars).sum()


def _torch_term(losses, s):
    return 0.5 * (-s).exp() * losses + 0.5 * s


UNCERTAINTY_WEIGHTING_TORCH = Exercise(
    name="uncertainty_weighting_torch",
    signature="uncertainty_weighting_torch(losses, log_vars)",
    read="loss-uncertainty-weighting",
    right=_right,
    draw=_draw_torch,
    probes=(
        kinds.shapes("losses", "log_vars", axes=1),
        kinds.beyond_fifty("log_vars", high=80.0),
    ),
    torch=True,
    slopes={
        "losses": ln.uncertainty_weighting.grad,
        "log_vars": lambda losses, s: ln.uncertainty_weighting.grad(losses, s, wrt="log_vars"),
    },
    misconceptions=(
        Misconception(
            "no gradient for the log-variances",
            lambda losses, s: _torch_term(losses, s.detach()).sum(),
            "The weights are to be learned, so the loss must reach log_vars. .detach(), .item(), "
            ".data and no_grad() cut them off, and they would stay at their first values for ever.",
        ),
        Misconception(
            "the penalty without gradient",
            lambda losses, s: (0.5 * (-s).exp() * losses + 0.5 * s.detach()).sum(),
            "The value is right, but only the weight learns, not its price: the log-variances "
            "would grow without bound.",
        ),
        Misconception(
            "no gradient for the losses",
            lambda losses, s: _torch_term(losses.detach(), s).sum(),
            "The log-variances learn, the network does not: its losses are cut off by .detach(), "
            ".item() or torch.tensor(...).",
        ),
        Misconception(
            "every ½ forgotten",
            _tensors(lambda losses, s: (-s).exp() * losses + s),
            "This is twice the loss. -ln of a Gaussian is e²/(2σ²) + ln σ, and ln σ = ½s.",
        ),
        Misconception(
            "the ½ of the penalty forgotten",
            _tensors(lambda losses, s: 0.5 * (-s).exp() * losses + s),
            "The penalty is ln σ, and with s = ln σ² that is ½s.",
        ),
        Misconception(
            "the ½ of the squared error forgotten",
            _tensors(lambda losses, s: (-s).exp() * losses + 0.5 * s),
            "These are losses of regression: ½exp(-s) L. Without the ½ it is the formula for "
            "classification.",
        ),
        Misconception(
            "the penalty forgotten",
            _tensors(lambda losses, s: 0.5 * (-s).exp() * losses),
            "Without ½s the way down is to call everything uncertain: all weights go to 0.",
        ),
        Misconception(
            "the sign of the exponent flipped",
            _tensors(lambda losses, s: 0.5 * s.exp() * losses + 0.5 * s),
            "A task with a large variance must count less: its weight is 1/σ² = exp(-s).",
        ),
        Misconception(
            "the log-variances taken for weights",
            _tensors(lambda losses, s: s * losses),
            "s is not the weight but the logarithm of a variance: the weight is ½exp(-s), which "
            "stays positive whatever the optimizer does to s.",
        ),
        Misconception(
            "the log-variances clipped",
            _tensors(lambda losses, s: _torch_term(losses, s.clamp(-10, 10))),
            "Outside the limits the gradient is 0, so s never comes back; and a loss in the "
            "squared millimetres wants s = ln 10¹² = 27.6.",
        ),
        Misconception(
            "the mean over the tasks",
            lambda losses, s: _torch_term(losses, s).mean(),
            "It is the likelihood of all tasks together: the logarithms are added, not averaged.",
        ),
    ),
)
