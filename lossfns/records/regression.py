"""Records of the regression losses."""

from typing import Any

import numpy as np

from lossfns.records.record import Arrays, Hyper, Record, Sampler

_NAN = float("nan")
_FULL = Hyper(default=False, domain="bool", valid=(False, True), wrong=())


def _scale(default: Any = 1.0) -> Hyper:
    """A length in the units of the error."""
    return Hyper(
        default=default, domain="> 0", valid=(0.25, 1.0, 3.0), wrong=(0.0, -1.0, float("nan"))
    )


def _real_pair(rng: np.random.Generator, n: int) -> Arrays:
    """Errors of either sign and of every size around 1, kept off 0 and off the usual elbows."""
    error = rng.choice([-1.0, 1.0], n) * rng.choice([0.1, 0.7, 2.2, 6.0], n) * rng.uniform(0.9, 1.1)
    target = rng.normal(size=n)
    return {"pred": target + error, "target": target}


def _nonzero_pair(rng: np.random.Generator, n: int) -> Arrays:
    target = rng.choice([-1.0, 1.0], n) * rng.uniform(0.5, 4.0, n)
    error = rng.choice([-1.0, 1.0], n) * rng.uniform(0.1, 2.0, n)
    return {"pred": target + error, "target": target}


def _above_minus_one(rng: np.random.Generator, n: int) -> Arrays:
    return {"pred": rng.uniform(-0.5, 9.0, n), "target": rng.uniform(-0.5, 9.0, n)}


def _counts(rng: np.random.Generator, n: int) -> Arrays:
    return {"log_rate": rng.normal(size=n), "target": rng.poisson(2.0, n).astype(float)}


def _amounts(rng: np.random.Generator, n: int) -> Arrays:
    """Some of them 0."""
    amounts = rng.gamma(2.0, 1.0, n) * (rng.random(n) < 0.7)
    return {"log_mean": rng.normal(size=n), "target": amounts}


def _positive_amounts(rng: np.random.Generator, n: int) -> Arrays:
    return {"log_mean": rng.normal(size=n), "target": rng.gamma(2.0, 1.0, n) + 0.05}


def _varied_counts(rng: np.random.Generator, n: int) -> Arrays:
    arrays = _counts(rng, n)
    return {"log_mean": arrays["log_rate"], "target": arrays["target"]}


def _with_spread(name: str) -> Sampler:
    def sample(rng: np.random.Generator, n: int) -> Arrays:
        return {**_real_pair(rng, n), name: rng.uniform(0.3, 3.0, n)}

    return sample


LOSSES = [
    Record(
        name="mse",
        task="regression, Gaussian noise",
        formula=r"(\hat y - y)^2",
        units="squared units of the target",
        convex=True,
        differentiable="everywhere",
        bounded_pull=False,
        domain="pred, target real",
        sample=_real_pair,
        equivalents={
            "torch": "torch.nn.functional.mse_loss",
            "keras": "keras.losses.MeanSquaredError",
            "optax": "optax.losses.squared_error",
            "sklearn": "sklearn.metrics.mean_squared_error",
        },
        paper="Gauss (1809), Theoria motus corporum coelestium",
    ),
    Record(
        name="rmse",
        task="reporting a regression error in the units of the target",
        formula=r"\sqrt{\tfrac1n \sum_i (\hat y_i - y_i)^2}",
        units="units of the target",
        convex=True,
        differentiable="except where every error is 0",
        bounded_pull=True,
        domain="pred, target real",
        sample=_real_pair,
        reductions=("mean",),
        equivalents={
            "keras": "keras.metrics.RootMeanSquaredError",
            "sklearn": "sklearn.metrics.root_mean_squared_error",
        },
        paper="Hyndman & Koehler (2006), International Journal of Forecasting 22(4)",
    ),
    Record(
        name="mae",
        task="regression with outliers, median",
        formula=r"|\hat y - y|",
        units="units of the target",
        convex=True,
        differentiable="except at e = 0",
        bounded_pull=True,
        domain="pred, target real",
        sample=_real_pair,
        equivalents={
            "torch": "torch.nn.functional.l1_loss",
            "keras": "keras.losses.MeanAbsoluteError",
            "sklearn": "sklearn.metrics.mean_absolute_error",
        },
        paper="Boscovich (1757); Stigler (1986), The History of Statistics",
    ),
    Record(
        name="huber",
        task="regression with outliers",
        formula=r"\begin{cases}\tfrac12 e^2 & |e| \le \delta\\"
        r" \delta(|e| - \tfrac12\delta) & |e| > \delta\end{cases}",
        units="squared units of the target",
        convex=True,
        differentiable="everywhere (the slope has a corner at |e| = δ)",
        bounded_pull=True,
        domain="pred, target real",
        sample=_real_pair,
        hyper={"delta": _scale()},
        equivalents={
            "torch": "torch.nn.functional.huber_loss",
            "keras": "keras.losses.Huber",
            "optax": "optax.losses.huber_loss",
            "sklearn": "sklearn.linear_model.HuberRegressor",
        },
        paper="Huber (1964), Annals of Mathematical Statistics 35(1)",
    ),
    Record(
        name="smooth_l1",
        task="box regression, regression with outliers",
        formula=r"\begin{cases}\tfrac12 e^2/\beta & |e| < \beta\\"
        r" |e| - \tfrac12\beta & |e| \ge \beta\end{cases}",
        units="units of the target",
        convex=True,
        differentiable="everywhere for β > 0",
        bounded_pull=True,
        domain="pred, target real",
        sample=_real_pair,
        hyper={
            "beta": Hyper(
                default=1.0,
                domain="≥ 0, finite",
                valid=(0.0, 0.25, 1.0, 3.0),
                wrong=(-1.0, float("inf"), float("nan")),
            )
        },
        equivalents={"torch": "torch.nn.functional.smooth_l1_loss"},
        paper="Girshick (2015), Fast R-CNN, arXiv:1504.08083",
    ),
    Record(
        name="log_cosh",
        task="regression with outliers, smooth",
        formula=r"\ln\cosh e",
        units="none: errors must be of order 1",
        convex=True,
        differentiable="everywhere",
        bounded_pull=True,
        domain="pred, target real",
        sample=_real_pair,
        equivalents={"keras": "keras.losses.LogCosh", "optax": "optax.losses.log_cosh"},
        paper="Green (1990), IEEE Transactions on Medical Imaging 9(1)",
    ),
    Record(
        name="quantile",
        task="quantiles, prediction intervals",
        formula=r"\max\bigl(q (y - \hat y),\ (q - 1)(y - \hat y)\bigr)",
        units="units of the target",
        convex=True,
        differentiable="except at e = 0",
        bounded_pull=True,
        domain="pred, target real",
        sample=_real_pair,
        hyper={
            "q": Hyper(
                default=0.5, domain="(0, 1)", valid=(0.1, 0.5, 0.95), wrong=(0.0, 1.0, -0.5, 9.0)
            )
        },
        equivalents={"sklearn": "sklearn.metrics.mean_pinball_loss"},
        paper="Koenker & Bassett (1978), Econometrica 46(1)",
    ),
    Record(
        name="mape",
        task="relative errors of positive targets",
        formula=r"|\hat y - y| / |y|",
        units="fraction of the target",
        convex=True,
        differentiable="except at e = 0",
        bounded_pull=True,
        domain="pred real, target real and not 0",
        sample=_nonzero_pair,
        equivalents={
            "keras": "keras.losses.MeanAbsolutePercentageError (per cent)",
            "sklearn": "sklearn.metrics.mean_absolute_percentage_error",
        },
        paper="Hyndman & Koehler (2006), International Journal of Forecasting 22(4)",
    ),
    Record(
        name="msle",
        task="targets over many decades",
        formula=r"\bigl(\ln(1 + \hat y) - \ln(1 + y)\bigr)^2",
        units="squared log units",
        convex=False,
        differentiable="everywhere",
        bounded_pull=False,
        domain="pred, target > -1",
        sample=_above_minus_one,
        equivalents={
            "keras": "keras.losses.MeanSquaredLogarithmicError",
            "sklearn": "sklearn.metrics.mean_squared_log_error",
        },
        paper="Tofallis (2015), Journal of the Operational Research Society 66(8)",
    ),
    Record(
        name="poisson_nll",
        task="counts",
        formula=r"e^{z} - y z",
        units="nats",
        convex=True,
        differentiable="everywhere",
        bounded_pull=False,
        domain="log_rate real, target ≥ 0",
        sample=_counts,
        wrt=("log_rate",),
        hyper={"full": Hyper(default=False, domain="bool", valid=(False, True), wrong=())},
        equivalents={
            "torch": "torch.nn.functional.poisson_nll_loss",
            "keras": "keras.losses.Poisson (takes the rate)",
            "sklearn": "sklearn.linear_model.PoissonRegressor",
        },
        paper="Nelder & Wedderburn (1972), Journal of the Royal Statistical Society A 135(3)",
    ),
    Record(
        name="gaussian_nll",
        task="regression with predicted uncertainty",
        formula=r"\tfrac12\bigl(\ln\sigma^2 + (\hat y - y)^2/\sigma^2\bigr)",
        units="nats",
        convex=True,
        differentiable="everywhere",
        bounded_pull=False,
        domain="pred, target real, var > 0",
        sample=_with_spread("var"),
        wrt=("pred", "var"),
        hyper={"full": Hyper(default=False, domain="bool", valid=(False, True), wrong=())},
        equivalents={"torch": "torch.nn.functional.gaussian_nll_loss"},
        paper="Nix & Weigend (1994), ICNN",
    ),
    Record(
        name="pseudo_huber",
        task="regression with outliers, smooth",
        formula=r"\delta^2\bigl(\sqrt{1 + (e/\delta)^2} - 1\bigr)",
        units="squared units of the target",
        convex=True,
        differentiable="everywhere",
        bounded_pull=True,
        domain="pred, target real",
        sample=_real_pair,
        hyper={"delta": _scale()},
        paper="Charbonnier et al. (1997), IEEE Transactions on Image Processing 6(2)",
    ),
    Record(
        name="general_robust",
        task="regression with outliers, one family from L2 to Welsch",
        formula=r"\frac{|\alpha-2|}{\alpha}"
        r"\Bigl(\bigl(\tfrac{u^2}{|\alpha-2|} + 1\bigr)^{\alpha/2} - 1\Bigr)",
        units="none",
        convex=False,
        differentiable="everywhere",
        bounded_pull=True,
        domain="pred, target real",
        sample=_real_pair,
        hyper={
            "alpha": Hyper(
                default=1.0,
                domain="[-∞, 2]",
                valid=(2.0, 1.0, 0.0, 1e-9, -2.0, float("-inf")),
                wrong=(3.0, float("nan")),
            ),
            "scale": _scale(),
        },
        paper="Barron (2019), CVPR, arXiv:1701.03077",
    ),
    Record(
        name="laplace_nll",
        task="regression with outliers and predicted uncertainty",
        formula=r"\ln 2b + |\hat y - y|/b",
        units="nats",
        convex=True,
        differentiable="except at e = 0",
        bounded_pull=True,
        domain="pred, target real, scale > 0",
        sample=_with_spread("scale"),
        wrt=("pred", "scale"),
        equivalents={"torch": "-torch.distributions.Laplace(pred, scale).log_prob(target)"},
        paper="Kotz, Kozubowski & Podgórski (2001), The Laplace Distribution",
    ),
    Record(
        name="gaussian_crps",
        task="probabilistic forecasts",
        formula=r"\sigma\bigl(z(2\Phi(z) - 1) + 2\varphi(z) - 1/\sqrt\pi\bigr),"
        r"\quad z = (y - \hat y)/\sigma",
        units="units of the target",
        convex=True,
        differentiable="everywhere",
        bounded_pull=True,
        domain="pred, target real, std > 0",
        sample=_with_spread("std"),
        wrt=("pred", "std"),
        paper="Gneiting & Raftery (2007), Journal of the American Statistical Association 102(477)",
    ),
    Record(
        name="tweedie_deviance",
        task="amounts that are often exactly 0: claims, rainfall, sales",
        formula=r"2\Bigl(\frac{y^{2-p}}{(1-p)(2-p)} - \frac{y \mu^{1-p}}{1-p}"
        r" + \frac{\mu^{2-p}}{2-p}\Bigr), \quad \mu = e^z",
        units="units of the target to the power 2 - p",
        convex=True,
        differentiable="everywhere",
        bounded_pull=False,
        domain="log_mean real, target ≥ 0",
        sample=_amounts,
        wrt=("log_mean",),
        hyper={
            "power": Hyper(
                default=1.5, domain="(1, 2)", valid=(1.5, 1.1, 1.9), wrong=(1.0, 2.0, 0.0, _NAN)
            )
        },
        equivalents={
            "sklearn": "sklearn.metrics.mean_tweedie_deviance (takes the mean; power = power)",
            "statsmodels": "statsmodels.genmod.families.Tweedie.deviance (var_power = power)",
            "lightgbm": "lightgbm objective tweedie (half, without the target's term)",
        },
        paper="Jørgensen (1987), Journal of the Royal Statistical Society B 49(2)",
    ),
    Record(
        name="gamma_nll",
        task="positive amounts whose errors grow with them",
        formula=r"k (z + y e^{-z})",
        units="nats",
        convex=True,
        differentiable="everywhere",
        bounded_pull=False,
        domain="log_mean real, target > 0",
        sample=_positive_amounts,
        wrt=("log_mean",),
        hyper={
            "shape": Hyper(
                default=1.0, domain="> 0", valid=(1.0, 0.5, 3.0), wrong=(0.0, -1.0, _NAN)
            ),
            "full": _FULL,
        },
        equivalents={
            "torch": "-torch.distributions.Gamma(k, k / mean).log_prob(target) (with full)",
            "sklearn": "sklearn.metrics.mean_gamma_deviance (twice, minus its least value)",
        },
        paper="Nelder & Wedderburn (1972), Journal of the Royal Statistical Society A 135(3)",
    ),
    Record(
        name="negative_binomial_nll",
        task="counts that vary more than Poisson's",
        formula=r"-y \ln p - \tfrac1\alpha \ln(1 - p), \quad p = \frac{\alpha e^z}{1 + \alpha e^z}",
        units="nats",
        convex=True,
        differentiable="everywhere",
        bounded_pull=True,
        domain="log_mean real, target ≥ 0",
        sample=_varied_counts,
        wrt=("log_mean",),
        hyper={
            "dispersion": Hyper(
                default=1.0, domain="> 0", valid=(1.0, 0.25), wrong=(0.0, -1.0, _NAN)
            ),
            "full": _FULL,
        },
        equivalents={
            "torch": "-torch.distributions.NegativeBinomial(1 / alpha, logits=log_mean + ln alpha)"
            ".log_prob(target) (with full)",
            "statsmodels": "statsmodels.genmod.families.NegativeBinomial (alpha = dispersion)",
        },
        paper="Lawless (1987), Canadian Journal of Statistics 15(3)",
    ),
]
