"""Losses with a logarithm: log-cosh, and the Gaussian likelihood in PyTorch."""

from dataclasses import replace

import numpy as np

import lossfns.numpy as ln
from lossfns.check import kinds, questions
from lossfns.check.exercise import Call, Exercise, Misconception, summed_slope
from lossfns.check.faults import mean_over_rows, sum_for_mean
from lossfns.check.recipes import of_error, per_error


def _draw_log_cosh(rng):
    yield from questions.plain(rng)
    far = [([1000.0], [0.0]), ([0.0, 1.0], [800.0, 0.5]), ([1e12, 0.5], [0.0, 0.5])]
    yield from questions.ask_errors([(np.array(p), np.array(t)) for p, t in far], "extremes")


def _log_cosh(e):
    size = abs(e)
    return size + np.log1p(np.exp(-2 * size)) - np.log(2)


LOG_COSH = Exercise(
    name="log_cosh",
    signature="log_cosh(pred, target)",
    read="loss-log-cosh",
    right=ln.log_cosh,
    draw=_draw_log_cosh,
    probes=(
        kinds.exact_items("pred", "target"),
        kinds.offset("pred", "target"),
        kinds.huge("pred"),
    ),
    misconceptions=(
        Misconception(
            "overflow of cosh",
            per_error(lambda e: np.log(np.cosh(e))),
            "cosh(e) grows like ½exp(|e|) and is infinite in float64 beyond |e| = 710, although "
            "its logarithm is a modest number. Write cosh with exponentials and take the larger "
            "one out of the logarithm.",
            formula="|e| + ln(1 + exp(-2|e|)) - ln 2",
        ),
        Misconception(
            "overflow on one side",
            per_error(lambda e: e + np.log1p(np.exp(-2 * e)) - np.log(2)),
            "For large negative e, exp(-2e) overflows. cosh is even: use |e| in place of e.",
        ),
        Misconception(
            "overflow hidden by clipping",
            per_error(lambda e: np.log(np.cosh(e.clip(-700, 700)))),
            "Clipping the error makes the result finite but wrong, and its gradient 0. Rewrite "
            "the formula instead: take the larger exponential out of the logarithm.",
            formula="|e| + ln(1 + exp(-2|e|)) - ln 2",
        ),
        Misconception(
            "ln 2 not subtracted",
            per_error(lambda e: _log_cosh(e) + np.log(2)),
            "cosh e = ½(exp(e) + exp(-e)): the ½ becomes - ln 2. Without it the loss of an exact "
            "prediction would not be 0.",
        ),
        Misconception(
            "the logarithm forgotten",
            per_error(np.cosh),
            "This is the mean of cosh(e), which grows exponentially. Take its logarithm.",
        ),
        Misconception(
            "the logarithm after the mean",
            of_error(lambda e: np.log(np.cosh(e).mean())),
            "The logarithm belongs to each item's loss; the mean comes last.",
        ),
        Misconception(
            "the decimal logarithm",
            per_error(lambda e: _log_cosh(e) / np.log(10)),
            "The logarithm is the natural one, np.log.",
        ),
        Misconception(
            "|e| - ln 2, its straight line far out",
            per_error(lambda e: abs(e) - np.log(2)),
            "That is what the loss approaches for large errors. Near 0 the term "
            "ln(1 + exp(-2|e|)) is missing.",
        ),
        sum_for_mean(of_error(_log_cosh)),
        mean_over_rows(of_error(_log_cosh), "pred"),
    ),
)


def _draw_gaussian(rng):
    pairs = questions.errors(rng)
    for pred, target in questions.both_floats(pairs):
        var = np.exp(rng.normal(scale=0.7, size=pred.shape)).round(2) + 0.05
        yield _gaussian(pred, target, var)
    exact, far = np.array([0.5, 1e4], np.float32), np.array([0.5, -1e4], np.float32)
    yield _gaussian(exact, far, np.array([1e-4, 1e4]), "extremes")
    vague = _gaussian(exact, far, np.exp(rng.uniform(55, 80, size=2)), "extremes")
    yield replace(vague, kind=kinds.CLIPPED)


def _gaussian(pred, target, var, aspect="values"):
    arrays = {"pred": pred, "target": target, "var": var.astype(pred.dtype)}
    return Call(arrays, {}, aspect, wants=("pred", "var"))


def _likelihood(core):
    return lambda pred, target, var: core(pred - target, var).mean()


GAUSSIAN_NLL_TORCH = Exercise(
    name="gaussian_nll_torch",
    signature="gaussian_nll_torch(pred, target, var)",
    read="loss-gaussian-nll",
    right=lambda pred, target, var: ln.gaussian_nll(pred, target, var=var),
    draw=_draw_gaussian,
    probes=(
        kinds.exact_items("pred", "target"),
        kinds.offset("pred", "target"),
    ),
    torch=True,
    slopes={"pred": summed_slope(ln.gaussian_nll), "var": summed_slope(ln.gaussian_nll, "var")},
    twin="GaussianNLLLoss",
    misconceptions=(
        Misconception(
            "the logarithm of the variance forgotten",
            _likelihood(lambda e, var: 0.5 * e * e / var),
            "Without ½ ln var the model may call every error uncertainty: the loss goes to 0 as "
            "var grows without bound.",
        ),
        Misconception(
            "the ½ forgotten",
            _likelihood(lambda e, var: var.log() + e * e / var),
            "The exponent of the Gaussian is -e²/(2 var) and its factor is 1/√(2π var): both "
            "terms carry a ½.",
        ),
        Misconception(
            "the ½ on the squared error only",
            _likelihood(lambda e, var: var.log() + 0.5 * e * e / var),
            "ln √var is ½ ln var: the logarithm carries a ½, too.",
        ),
        Misconception(
            "the ½ on the logarithm only",
            _likelihood(lambda e, var: 0.5 * var.log() + e * e / var),
            "The exponent of the Gaussian is -e²/(2 var): the squared error carries a ½, too.",
        ),
        Misconception(
            "the sign of the logarithm flipped",
            _likelihood(lambda e, var: 0.5 * (e * e / var - var.log())),
            "A large variance must cost something, or it would be the way out of every error: "
            "ln var is added.",
        ),
        Misconception(
            "the standard deviation where the variance belongs",
            _likelihood(lambda e, var: 0.5 * (2 * var.log() + (e / var) ** 2)),
            "var is σ² already, and you treat it as σ: neither square nor double it.",
        ),
        Misconception(
            "the root of the variance under the squared error",
            _likelihood(lambda e, var: 0.5 * (var.log() + e * e / var.sqrt())),
            "The squared error is divided by var = σ², not by σ.",
        ),
        Misconception(
            "var taken for its logarithm",
            _likelihood(lambda e, var: 0.5 * (var + e * e * (-var).exp())),
            "Many networks predict s = ln var, and then exp(-s) is right. Here var is the "
            "variance itself.",
        ),
        Misconception(
            "the absolute error instead of the squared error",
            _likelihood(lambda e, var: 0.5 * (var.log() + abs(e) / var)),
            "|e| belongs to the Laplace distribution; the exponent of a Gaussian holds e².",
        ),
        Misconception(
            "the constant ½ ln 2π included",
            _likelihood(lambda e, var: 0.5 * (var.log() + e * e / var) + 0.5 * np.log(2 * np.pi)),
            "That is the full likelihood. The constant does not move the minimum, and the "
            "specification leaves it out, as torch.nn.GaussianNLLLoss does by default.",
        ),
        Misconception(
            "the sum instead of the mean",
            lambda pred, target, var: (0.5 * (var.log() + (pred - target) ** 2 / var)).sum(),
            "Divide by the number of items: the default reduction is the mean.",
        ),
        Misconception(
            "no gradient for the variance",
            lambda pred, target, var: (
                0.5 * (var.detach().log() + (pred - target) ** 2 / var.detach())
            ).mean(),
            "var is predicted, too, and must learn. .detach(), .item() and no_grad() cut it off.",
        ),
    ),
)
