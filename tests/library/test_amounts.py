"""Likelihoods of counts and amounts: against scikit-learn, SciPy and their own limits."""

import math

import numpy as np
import pytest
import torch
from scipy import stats
from sklearn import linear_model, metrics

import lossfns.numpy as ln
import lossfns.torch as lt


@pytest.fixture
def amounts(rng):
    target = rng.gamma(2.0, 1.0, 40) * (rng.random(40) < 0.6)
    return rng.normal(size=40), target, rng.uniform(0.5, 2.0, 40)


def both(name, *arrays, **settings):
    yield getattr(ln, name)(*arrays, **settings)
    tensors = {n: torch.tensor(v) if isinstance(v, np.ndarray) else v for n, v in settings.items()}
    yield getattr(lt, name)(*map(torch.tensor, arrays), **tensors).item()


@pytest.mark.parametrize("power", [1.01, 1.2, 1.5, 1.9, 1.99])
def test_tweedie_is_the_deviance_of_scikit_learn(power, amounts):
    log_mean, target, weight = amounts
    expected = metrics.mean_tweedie_deviance(
        target, np.exp(log_mean), power=power, sample_weight=weight
    )
    for value in both("tweedie_deviance", log_mean, target, power=power, sample_weight=weight):
        assert value == pytest.approx(expected, rel=1e-11)


def test_tweedie_lies_between_poisson_and_gamma(amounts):
    log_mean, target, _ = amounts
    poisson = metrics.mean_poisson_deviance(target, np.exp(log_mean))
    assert ln.tweedie_deviance(log_mean, target, power=1 + 1e-7) == pytest.approx(poisson, rel=1e-5)
    some = target > 0
    gamma = metrics.mean_gamma_deviance(target[some], np.exp(log_mean[some]))
    near = ln.tweedie_deviance(log_mean[some], target[some], power=2 - 1e-7)
    assert near == pytest.approx(gamma, rel=1e-5)


def test_a_model_fitted_by_scikit_learn_has_no_slope_left(rng):
    """`TweedieRegressor` minimises half of the same deviance, through the same exponential."""
    x = rng.normal(size=(200, 2))
    target = rng.gamma(1.0, np.exp(x @ [0.5, -0.3])) * (rng.random(200) < 0.7)
    model = linear_model.TweedieRegressor(power=1.5, alpha=0.0, link="log", tol=1e-10)
    model.fit(x, target)
    slope = ln.tweedie_deviance.grad(x @ model.coef_ + model.intercept_, target)
    np.testing.assert_allclose(slope.sum(), 0, atol=1e-8)
    np.testing.assert_allclose(slope @ x, 0, atol=1e-8)


@pytest.mark.parametrize("gap", [1e-3, 1e-5, 1e-7, -1e-7])
def test_deviance_keeps_its_digits_where_mean_and_target_agree(gap):
    """Written out, three terms near 8 cancel to 1e-14: nothing is left, or less than nothing."""
    mean = np.exp(gap)
    naive = 2 * (-4 + 2 / mean**0.5 + 2 * mean**0.5)
    exact = gap**2 * (1 + gap**2 / 48)  # 8 (cosh(gap / 2) - 1)
    for value in both("tweedie_deviance", np.array([gap]), np.array([1.0])):
        assert value == pytest.approx(exact, rel=1e-12, abs=0)
    single = lt.tweedie_deviance(torch.tensor([gap]), torch.ones(1))
    assert single.item() == pytest.approx(exact, rel=1e-6, abs=0)
    assert abs(gap) > 1e-6 or naive != pytest.approx(exact, rel=1e-3, abs=0)


def test_gamma_is_the_density_of_scipy_and_half_the_deviance_of_scikit_learn(amounts):
    log_mean, target, _ = amounts
    log_mean, target = log_mean[target > 0], target[target > 0]
    mean = np.exp(log_mean)
    for shape in (0.5, 1.0, 3.0):
        expected = -stats.gamma.logpdf(target, shape, scale=mean / shape).mean()
        for value in both("gamma_nll", log_mean, target, shape=shape, full=True):
            assert value == pytest.approx(expected, rel=1e-12)
    half = metrics.mean_gamma_deviance(target, mean) / 2
    least = (1 + np.log(target)).mean()
    assert ln.gamma_nll(log_mean, target) - least == pytest.approx(half, rel=1e-12)


@pytest.mark.parametrize("dispersion", [0.1, 1.0, 2.5])
def test_negative_binomial_is_the_mass_of_scipy(dispersion, rng):
    log_mean, count = rng.normal(size=30), rng.poisson(3.0, 30).astype(float)
    r, mean = 1 / dispersion, np.exp(log_mean)
    expected = -stats.nbinom.logpmf(count, r, r / (r + mean)).mean()
    settings = dict(dispersion=dispersion, full=True)
    for value in both("negative_binomial_nll", log_mean, count, **settings):
        assert value == pytest.approx(expected, rel=1e-12)
    # The variance that gives it its name: μ + α μ².
    variance = stats.nbinom.var(r, r / (r + mean))
    np.testing.assert_allclose(variance, mean + dispersion * mean**2, rtol=1e-12)


def test_negative_binomial_of_no_dispersion_is_poisson(rng):
    log_rate, count = rng.normal(size=30), rng.poisson(3.0, 30).astype(float)
    poisson = ln.poisson_nll(log_rate, count, full=True)
    near = ln.negative_binomial_nll(log_rate, count, dispersion=1e-5, full=True)
    assert near == pytest.approx(poisson, rel=1e-4)
    grad = ln.negative_binomial_nll.grad(log_rate, count, dispersion=1e-9)
    np.testing.assert_allclose(grad, ln.poisson_nll.grad(log_rate, count), rtol=1e-6)


@pytest.mark.parametrize("name", ["tweedie_deviance", "gamma_nll", "negative_binomial_nll"])
def test_the_mean_of_the_targets_minimises_them_all(name, rng):
    target = rng.poisson(3.0, 50) + 1.0
    at_mean = np.full(50, math.log(target.mean()))
    loss = getattr(ln, name)
    assert loss.grad(at_mean, target).sum() == pytest.approx(0, abs=1e-12)
    assert loss(at_mean, target) < min(loss(at_mean + s, target) for s in (0.1, -0.1))


def test_an_amount_of_0_has_no_gamma_density_and_a_tweedie_one():
    with pytest.raises(ValueError, match="target must be > 0"):
        ln.gamma_nll([0.0], [0.0])
    leaf = torch.tensor([0.5, -80.0, 80.0], requires_grad=True)
    loss = lt.tweedie_deviance(leaf, torch.zeros(3), reduction="sum")
    loss.backward()
    expected = ln.tweedie_deviance.grad([0.5, -80.0, 80.0], np.zeros(3), reduction="sum")
    np.testing.assert_allclose(leaf.grad.numpy(), expected, rtol=1e-5)
