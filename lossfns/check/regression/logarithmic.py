"""Losses with a logarithm: log-cosh, and the Gaussian likelihood in PyTorch."""

from dataclasses import replace

import numpy as np

import lossfns.numpy as ln
from lossfns.check import faults, kinds, questions
from lossfns.check.exercise import Call, Exercise, summed_slope
from lossfns.check.recipes import each, of_error, per_error


def _draw_log_cosh(rng):
    yield from questions.plain(rng)
    far = [([1000.0], [0.0]), ([0.0, 1.0], [800.0, 0.5]), ([1e12, 0.5], [0.0, 0.5])]
    yield from questions.ask_errors([(np.array(p), np.array(t)) for p, t in far], "extremes")


def _log_cosh(e):
    size = abs(e)
    return size + np.log1p(np.exp(-2 * size)) - np.log(2)


_CORES = {
    "overflow of cosh": lambda e: np.log(np.cosh(e)),
    "overflow on one side": lambda e: e + np.log1p(np.exp(-2 * e)) - np.log(2),
    "overflow hidden by clipping": lambda e: np.log(np.cosh(e.clip(-700, 700))),
    "ln 2 not subtracted": lambda e: _log_cosh(e) + np.log(2),
    "the logarithm forgotten": np.cosh,
    "the decimal logarithm": lambda e: _log_cosh(e) / np.log(10),
    "|e| - ln 2, its straight line far out": lambda e: abs(e) - np.log(2),
}

LOG_COSH = Exercise(
    signature="log_cosh(pred, target)",
    read="loss-log-cosh",
    right=ln.log_cosh,
    draw=_draw_log_cosh,
    probes=(
        kinds.exact_items("pred", "target"),
        kinds.offset("pred", "target"),
        kinds.huge("pred"),
    ),
    mistakes={
        **each(per_error, _CORES),
        "the logarithm after the mean": of_error(lambda e: np.log(np.cosh(e).mean())),
        **faults.of_mean(of_error(_log_cosh)),
    },
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


def _mean(core):
    return lambda pred, target, var: core(pred - target, var).mean()


def _nll(e, v):
    return 0.5 * (v.log() + e * e / v)


# Here v is the variance.
_NLLS = {
    "the logarithm of the variance forgotten": lambda e, v: 0.5 * e * e / v,
    "the ½ forgotten": lambda e, v: v.log() + e * e / v,
    "the ½ on the squared error only": lambda e, v: v.log() + 0.5 * e * e / v,
    "the ½ on the logarithm only": lambda e, v: 0.5 * v.log() + e * e / v,
    "the sign of the logarithm flipped": lambda e, v: 0.5 * (e * e / v - v.log()),
    "the standard deviation where the variance belongs": (
        lambda e, v: 0.5 * (2 * v.log() + (e / v) ** 2)
    ),
    "the root of the variance under the squared error": (
        lambda e, v: 0.5 * (v.log() + e * e / v.sqrt())
    ),
    "var taken for its logarithm": lambda e, v: 0.5 * (v + e * e * (-v).exp()),
    "the absolute error instead of the squared error": lambda e, v: 0.5 * (v.log() + abs(e) / v),
    "the constant ½ ln 2π included": lambda e, v: _nll(e, v) + 0.5 * np.log(2 * np.pi),
    "no gradient for the variance": lambda e, v: _nll(e, v.detach()),
}

GAUSSIAN_NLL_TORCH = Exercise(
    signature="gaussian_nll_torch(pred, target, var)",
    read="loss-gaussian-nll",
    right=lambda pred, target, var: ln.gaussian_nll(pred, target, var=var),
    draw=_draw_gaussian,
    probes=(kinds.exact_items("pred", "target"), kinds.offset("pred", "target")),
    torch=True,
    slopes={"pred": summed_slope(ln.gaussian_nll), "var": summed_slope(ln.gaussian_nll, "var")},
    twin="GaussianNLLLoss",
    mistakes={
        **each(_mean, _NLLS),
        "the sum instead of the mean": lambda pred, target, var: _nll(pred - target, var).sum(),
    },
)
