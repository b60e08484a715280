"""Label smoothing and soft labels in binary cross-entropy and focal losses, and α per class."""

import math

import numpy as np
import pytest
import torch
from torch.nn import functional as F

import lossfns.numpy as ln
import lossfns.torch as lt

BINARY = {"bce": {}, "bce_with_logits": {}, "focal": {}, "focal_with_logits": {}}
binary_losses = pytest.mark.parametrize("name", BINARY)


@pytest.fixture
def binary(rng):
    """Predictions on the scale of either kind of loss, and hard labels."""
    logits = 3 * rng.normal(size=40)
    labels = (rng.random(40) < 0.3).astype(float)
    return {"probs": 1 / (1 + np.exp(-logits)), "logits": logits}, labels


@pytest.fixture
def rows(rng):
    return 2 * rng.normal(size=(30, 5)), rng.integers(0, 5, 30)


def both(name, pred, target, **options):
    """The loss and its gradient from either twin."""
    function = getattr(ln, name)
    yield function.value_and_grad(pred, target, **options)
    leaf = torch.tensor(pred, requires_grad=True)
    arrays = {n: torch.tensor(v) if np.ndim(v) else v for n, v in options.items()}
    loss = getattr(lt, name)(leaf, torch.tensor(target), **arrays)
    (grad,) = torch.autograd.grad(loss.sum(), leaf)
    yield loss.detach().numpy(), grad.numpy()


def of(name, binary):
    predictions, labels = binary
    return predictions["logits" if name.endswith("logits") else "probs"], labels


# Binary: y becomes (1 - ε) y + ε / 2.


@binary_losses
@pytest.mark.parametrize("smoothing", [0.0, 0.1, 1.0])
def test_smoothed_labels_are_soft_labels(binary, name, smoothing):
    pred, labels = of(name, binary)
    for (loss, grad), (expected, expected_grad) in zip(
        both(name, pred, labels, label_smoothing=smoothing),
        both(name, pred, (1 - smoothing) * labels + smoothing / 2),
        strict=True,
    ):
        np.testing.assert_allclose(loss, expected, rtol=1e-14)
        np.testing.assert_allclose(grad, expected_grad, rtol=1e-12, atol=1e-16)


def test_smoothing_of_one_logit_is_that_of_a_softmax_over_two_classes(binary):
    """As torch and Keras define it for classes: ε / C each, which is ε / 2."""
    logits, labels = of("bce_with_logits", binary)
    pairs = torch.tensor(np.stack([np.zeros(40), logits], axis=1))
    expected = F.cross_entropy(pairs, torch.tensor(labels).long(), label_smoothing=0.3)
    for loss, _ in both("bce_with_logits", logits, labels, label_smoothing=0.3):
        assert loss == pytest.approx(expected.item(), rel=1e-12)


def test_smoothing_is_that_of_keras():
    """The formula of keras.losses.BinaryCrossentropy(label_smoothing=0.2), by hand."""
    for loss, _ in both("bce", np.array([0.6, 0.4]), np.array([0.0, 1.0]), label_smoothing=0.2):
        assert loss == pytest.approx(-(0.9 * math.log(0.4) + 0.1 * math.log(0.6)))


def test_a_smoothed_loss_has_its_least_at_the_smoothed_label():
    for label, least in ((0.0, 0.05), (1.0, 0.95)):
        logit = np.array([math.log(least / (1 - least))])
        for _, grad in both("bce_with_logits", logit, np.array([label]), label_smoothing=0.1):
            assert abs(grad[0]) < 1e-15


def test_pos_weight_weighs_the_share_of_the_positive_class_that_smoothing_leaves():
    for loss, _ in both(
        "bce_with_logits", np.zeros(1), np.zeros(1), pos_weight=3.0, label_smoothing=0.2
    ):
        assert loss == pytest.approx((3 * 0.1 + 0.9) * math.log(2))


def test_focal_losses_mix_the_terms_of_a_soft_label():
    """torchvision puts y = ½ into one p_t, which is ½ whatever is predicted."""
    logits, half = np.array([-3.0, 0.0, 3.0]), np.full(3, 0.5)
    p = 1 / (1 + np.exp(-logits))
    surprise = -0.5 * np.log(p) - 0.5 * np.log(1 - p)
    torchvision = (1 - 0.5) ** 2 * surprise
    ours = 0.5 * (1 - p) ** 2 * -np.log(p) + 0.5 * p**2 * -np.log(1 - p)
    options = dict(alpha=None, reduction="none")
    for loss, _ in both("focal_with_logits", logits, half, **options):
        np.testing.assert_allclose(loss, ours, rtol=1e-12)
    assert ours[0] > 1.5 * torchvision[0]
    np.testing.assert_allclose(ours[1], torchvision[1])


@binary_losses
def test_a_smoothing_outside_of_0_to_1_is_named(binary, name):
    pred, labels = of(name, binary)
    for wrong in (-0.1, 1.1, math.nan):
        with pytest.raises(ValueError, match="label_smoothing"):
            getattr(ln, name)(pred, labels, label_smoothing=wrong)
        with pytest.raises(ValueError, match="label_smoothing"):
            getattr(lt, name)(torch.tensor(pred), torch.tensor(labels), label_smoothing=wrong)


# Several classes.


@pytest.mark.parametrize("options", [{}, {"weight": [0.5, 1.0, 2.0, 0.0, 4.0]}, {"alpha": 0.25}])
@pytest.mark.parametrize("gamma", [0.0, 0.5, 2.0])
def test_a_one_hot_row_is_its_label(rows, options, gamma):
    logits, labels = rows
    options = options | {"gamma": gamma}
    for (loss, grad), (expected, expected_grad) in zip(
        both("softmax_focal", logits, np.eye(5)[labels], **options),
        both("softmax_focal", logits, labels, **options),
        strict=True,
    ):
        np.testing.assert_allclose(loss, expected, rtol=1e-13)
        np.testing.assert_allclose(grad, expected_grad, rtol=1e-10, atol=1e-15)


@pytest.mark.parametrize("weight", [None, [0.5, 1.0, 2.0, 0.0, 4.0]])
def test_without_fading_soft_and_smoothed_rows_are_those_of_cross_entropy(rows, rng, weight):
    logits, labels = rows
    soft = rng.dirichlet(np.ones(5), 30)
    options = {} if weight is None else {"weight": weight}
    for target in (labels, soft):
        for (loss, grad), (expected, expected_grad) in zip(
            both("softmax_focal", logits, target, gamma=0.0, label_smoothing=0.1, **options),
            both("cross_entropy", logits, target, label_smoothing=0.1, **options),
            strict=True,
        ):
            np.testing.assert_allclose(loss, expected, rtol=1e-13)
            np.testing.assert_allclose(grad, expected_grad, rtol=1e-10, atol=1e-15)


def test_soft_rows_fade_class_by_class(rows, rng):
    """The formula, written out; and the gradient by differences in float64."""
    logits, soft = rows[0], rng.dirichlet(np.ones(5), 30)
    p = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    expected = (soft * (1 - p) ** 1.5 * -np.log(p)).sum(axis=1)
    for losses, _ in both("softmax_focal", logits, soft, gamma=1.5, reduction="none"):
        np.testing.assert_allclose(losses, expected, rtol=1e-12)
    leaf = torch.tensor(logits, requires_grad=True)
    target = torch.tensor(soft)
    assert torch.autograd.gradcheck(lambda z: lt.softmax_focal(z, target, gamma=1.5), leaf)
    assert torch.autograd.gradgradcheck(lambda z: lt.softmax_focal(z, target, gamma=1.5), leaf)


def test_alpha_scales_and_does_not_divide_where_weight_does_both(rows):
    """Keras divides by the items: α = ¼ is a quarter of the loss, a weight of ¼ changes nothing."""
    logits, labels = rows
    plain = ln.softmax_focal(logits, labels)
    for (quarter, _), (unchanged, _) in zip(
        both("softmax_focal", logits, labels, alpha=0.25),
        both("softmax_focal", logits, labels, weight=np.full(5, 0.25)),
        strict=True,
    ):
        assert quarter == pytest.approx(plain / 4, rel=1e-13)
        assert unchanged == pytest.approx(plain, rel=1e-13)
    factors = np.array([0.1, 0.2, 0.3, 0.4, 0.5])
    losses = ln.softmax_focal(logits, labels, reduction="none")
    for loss, _ in both("softmax_focal", logits, labels, alpha=factors):
        assert loss == pytest.approx((factors[labels] * losses).mean(), rel=1e-13)
    for loss, _ in both("softmax_focal", logits, labels, weight=factors):
        assert loss == pytest.approx((factors[labels] * losses).sum() / factors[labels].sum())


def test_keras_documentation_of_categorical_focal_crossentropy():
    """0.23315 there, with α = ¼ and an average over the items."""
    probs = np.array([[0.05, 0.95, 1e-300], [0.1, 0.8, 0.1]])
    for loss, _ in both("softmax_focal", np.log(probs), np.array([1, 2]), alpha=0.25):
        assert loss == pytest.approx(0.23315, abs=1e-5)


def test_the_likeliest_class_keeps_the_digits_of_its_complement():
    """1 - p of p = 1 - 1e-13 has three digits left, of p = 1 - 1e-20 none."""
    for z, exact in ((30.0, math.exp(-30)), (46.0, math.exp(-46))):
        logits, soft = np.array([[z, 0.0]]), np.array([[1.0, 0.0]])
        for loss, grad in both("softmax_focal", logits, soft, gamma=1.0):
            assert loss == pytest.approx(exact * exact, rel=1e-12, abs=0)
            assert np.isfinite(grad).all()


def test_soft_rows_of_saturated_logits_have_finite_gradients_in_float32():
    logits = torch.tensor([[1000.0, -1000.0, 0.0], [0.0, 0.0, -1000.0]], requires_grad=True)
    soft = torch.tensor([[0.5, 0.5, 0.0], [0.0, 0.2, 0.8]])
    for gamma in (0.0, 0.5, 2.0):
        loss = lt.softmax_focal(logits, soft, gamma=gamma)
        (grad,) = torch.autograd.grad(loss, logits)
        expected, slope = ln.softmax_focal.value_and_grad(
            logits.detach().numpy(), soft.numpy(), gamma=gamma
        )
        assert loss.item() == pytest.approx(expected, rel=1e-5)
        np.testing.assert_allclose(grad.numpy(), slope, rtol=1e-4, atol=1e-5)
