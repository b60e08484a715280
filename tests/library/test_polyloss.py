"""Poly-1: the first coefficient of the series of cross-entropy and of focal loss, set by hand."""

import math

import numpy as np
import pytest
import torch
from torch.nn import functional as F

import lossfns.numpy as ln
import lossfns.torch as lt


@pytest.fixture
def rows(rng):
    return 2 * rng.normal(size=(30, 5)), rng.integers(0, 5, 30)


@pytest.fixture
def binary(rng):
    return 3 * rng.normal(size=40), (rng.random(40) < 0.3).astype(float)


def both(name, pred, target, **options):
    """The loss and its gradient from either twin."""
    yield getattr(ln, name).value_and_grad(pred, target, **options)
    leaf = torch.tensor(pred, requires_grad=True)
    arrays = {n: torch.tensor(v) if np.ndim(v) else v for n, v in options.items()}
    loss = getattr(lt, name)(leaf, torch.tensor(target), **arrays)
    (grad,) = torch.autograd.grad(loss.sum(), leaf)
    yield loss.detach().numpy(), grad.numpy()


@pytest.mark.parametrize("options", [{}, {"weight": (0.5, 1.0, 2.0, 0.0, 4.0)}])
@pytest.mark.parametrize("smoothing", [0.0, 0.2])
def test_epsilon_0_is_cross_entropy(rows, options, smoothing):
    options = options | {"label_smoothing": smoothing}
    for (loss, grad), (expected, expected_grad) in zip(
        both("poly1_cross_entropy", *rows, epsilon=0.0, **options),
        both("cross_entropy", *rows, **options),
        strict=True,
    ):
        np.testing.assert_allclose(loss, expected, rtol=1e-13)
        np.testing.assert_allclose(grad, expected_grad, rtol=1e-10, atol=1e-15)


@pytest.mark.parametrize("gamma", [0.0, 0.5, 2.0])
def test_epsilon_0_is_the_focal_loss(binary, gamma):
    for (loss, grad), (expected, expected_grad) in zip(
        both("poly1_focal_with_logits", *binary, epsilon=0.0, gamma=gamma),
        both("focal_with_logits", *binary, gamma=gamma),
        strict=True,
    ):
        np.testing.assert_array_equal(loss, expected)
        np.testing.assert_array_equal(grad, expected_grad)


@pytest.mark.parametrize("epsilon", [-1.0, 0.5, 2.0])
def test_the_first_coefficient_of_the_series_is_1_plus_epsilon(epsilon):
    """Leng et al., equation 5: the series in q = 1 - p itself, to 200 terms."""
    for p in (0.3, 0.9, 0.99):
        q = 1 - p
        series = (1 + epsilon) * q + sum(q**k / k for k in range(2, 200))
        logits = np.array([[math.log(p / q), 0.0]])
        for loss, _ in both("poly1_cross_entropy", logits, np.array([0]), epsilon=epsilon):
            assert loss == pytest.approx(series, rel=1e-12)
        for loss, _ in both(
            "poly1_focal_with_logits", logits[:, 0], np.ones(1), epsilon=epsilon, alpha=None
        ):
            assert loss == pytest.approx(q**2 * series, rel=1e-12)


def test_it_is_optax_on_distributions(rows, rng):
    """optax.losses.poly_loss_cross_entropy: the cross-entropy, plus ε Σ t (1 - p)."""
    logits, soft = torch.tensor(rows[0]), torch.tensor(rng.dirichlet(np.ones(5), 30))
    optax = F.cross_entropy(logits, soft) + 2 * (soft * (1 - logits.softmax(1))).sum(1).mean()
    for loss, _ in both("poly1_cross_entropy", rows[0], soft.numpy()):
        assert loss == pytest.approx(optax.item(), rel=1e-12)


def test_alpha_weighs_both_terms_where_ports_weigh_one():
    """At p = ½, y = 1: a quarter of (ln 2 + ½) / 4, against a quarter of ln 2 / 4 and all of ⅛."""
    for loss, _ in both("poly1_focal_with_logits", np.zeros(1), np.ones(1)):
        assert loss == pytest.approx((math.log(2) + 0.5) / 16)
    port = 0.25 * math.log(2) / 4 + 0.5**3
    assert port == pytest.approx(0.1683, abs=1e-4)


def test_smoothed_labels_are_soft_labels(binary):
    logits, labels = binary
    for (loss, grad), (expected, expected_grad) in zip(
        both("poly1_focal_with_logits", logits, labels, label_smoothing=0.2),
        both("poly1_focal_with_logits", logits, 0.8 * labels + 0.1),
        strict=True,
    ):
        assert loss == pytest.approx(expected, rel=1e-13)
        np.testing.assert_allclose(grad, expected_grad, rtol=1e-11)


@pytest.mark.parametrize("name", ["poly1_cross_entropy", "poly1_focal_with_logits"])
def test_below_minus_1_the_loss_would_reward_mistakes(name, rows, binary):
    inputs = rows if name == "poly1_cross_entropy" else binary
    for wrong in (-1.01, -math.inf, math.inf, math.nan):
        with pytest.raises(ValueError, match="epsilon"):
            getattr(ln, name)(*inputs, epsilon=wrong)
        with pytest.raises(ValueError, match="epsilon"):
            getattr(lt, name)(*map(torch.tensor, inputs), epsilon=wrong)


def test_without_its_first_term_a_sure_prediction_keeps_the_digits_of_the_second():
    """-ln p - (1 - p) is q² / 2: of q = 1e-9 the difference has lost all digits."""
    logit = -math.log(1e-9)
    for loss, grad in both(
        "poly1_focal_with_logits", np.array([logit]), np.ones(1), epsilon=-1.0, gamma=0.0,
        alpha=None,
    ):  # fmt: skip
        assert loss == pytest.approx(0.5e-18, rel=1e-8, abs=0)
        assert grad[0] == pytest.approx(-1e-18, rel=1e-8, abs=0)
