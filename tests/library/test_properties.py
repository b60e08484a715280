"""What the mathematics promises, for inputs that hypothesis makes up."""

import math

import numpy as np
import pytest
from hypothesis import given, strategies as st
from hypothesis.extra.numpy import arrays

import lossfns.numpy as ln

# No number so small that its square is not a normal float any more.
finite = st.floats(-1e3, 1e3).map(lambda x: round(x, 6))
vectors = arrays(np.float64, st.integers(1, 12), elements=finite)
sizes = st.floats(1e-2, 1e2)


def close(actual, expected, rel=1e-9, abs=1e-12):
    assert actual == pytest.approx(expected, rel=rel, abs=abs)


@given(vectors)
def test_the_mean_minimises_mse(target):
    close(ln.mse.grad(np.full_like(target, target.mean()), target).sum(), 0, abs=1e-9)


@given(vectors)
def test_the_median_minimises_mae(target):
    at_median = ln.mae(np.full_like(target, np.median(target)), target)
    for other in [*target, target.mean()]:
        assert at_median <= ln.mae(np.full_like(target, other), target) + 1e-9


@given(vectors, st.floats(0.05, 0.95))
def test_a_quantile_minimises_the_pinball_loss(target, q):
    level = np.quantile(target, q, method="inverted_cdf")
    at_quantile = ln.quantile(np.full_like(target, level), target, q=q)
    for other in [*target, target.mean()]:
        assert at_quantile <= ln.quantile(np.full_like(target, other), target, q=q) + 1e-9


@given(st.lists(st.integers(0, 30), min_size=1, max_size=9))
def test_the_mean_count_minimises_poisson_nll(counts):
    target = np.array(counts, float)
    if target.mean() > 0:
        log_rate = np.full_like(target, math.log(target.mean()))
        close(ln.poisson_nll.grad(log_rate, target).sum(), 0, abs=1e-9)


@given(vectors)
def test_the_mean_and_the_variance_minimise_gaussian_nll(target):
    if target.var() < 1e-3:
        return
    mean, var = np.full_like(target, target.mean()), np.full_like(target, target.var())
    for wrt in ("pred", "var"):
        close(ln.gaussian_nll.grad(mean, target, var=var, wrt=wrt).sum(), 0, abs=1e-6)


@given(vectors)
def test_the_median_and_the_mean_deviation_minimise_laplace_nll(target):
    deviation = np.abs(target - np.median(target)).mean()
    if deviation < 1e-3:
        return
    pred, scale = np.full_like(target, np.median(target)), np.full_like(target, deviation)
    close(ln.laplace_nll.grad(pred, target, scale=scale, wrt="scale").sum(), 0, abs=1e-6)


@given(st.lists(st.booleans(), min_size=1, max_size=12))
def test_the_frequency_minimises_bce(labels):
    target = np.array(labels, float)
    if 0 < target.mean() < 1:
        probs = np.full_like(target, target.mean())
        close(ln.bce.grad(probs, target).sum(), 0)
        logits = np.log(probs / (1 - probs))
        close(ln.bce_with_logits.grad(logits, target).sum(), 0)


@given(vectors, sizes)
def test_huber_lies_between_its_quadratic_and_its_linear_part(error, delta):
    losses = ln.huber(error, np.zeros_like(error), delta=delta, reduction="none")
    slack = 1 + 1e-12
    assert np.all(losses <= 0.5 * error**2 * slack)
    assert np.all(losses <= delta * np.abs(error) * slack)
    assert np.all(losses * slack >= delta * (np.abs(error) - 0.5 * delta) - 1e-12)


@given(vectors, vectors)
def test_huber_with_a_large_delta_is_half_the_mse(pred, target):
    n = min(len(pred), len(target))
    pred, target = pred[:n], target[:n]
    close(ln.huber(pred, target, delta=1e4), ln.mse(pred, target) / 2)


@given(vectors, sizes)
def test_smooth_l1_is_huber_over_beta(error, beta):
    zeros = np.zeros_like(error)
    close(ln.smooth_l1(error, zeros, beta=beta), ln.huber(error, zeros, delta=beta) / beta)


@given(vectors)
def test_smooth_l1_tends_to_mae(error):
    zeros = np.zeros_like(error)
    close(ln.smooth_l1(error, zeros, beta=1e-9), ln.mae(error, zeros), abs=1e-9)


@given(vectors)
def test_the_median_level_of_the_pinball_loss_is_half_the_mae(error):
    zeros = np.zeros_like(error)
    close(ln.quantile(error, zeros, q=0.5), ln.mae(error, zeros) / 2)


@given(vectors, st.floats(0.05, 0.95))
def test_mirrored_errors_swap_the_quantile_level(error, q):
    zeros = np.zeros_like(error)
    close(ln.quantile(error, zeros, q=q), ln.quantile(-error, zeros, q=1 - q))


@given(arrays(np.float64, (5, 3), elements=finite), arrays(np.float64, 5, elements=finite))
def test_several_levels_are_the_mean_of_each(heads, target):
    levels = (0.1, 0.5, 0.9)
    each = [ln.quantile(heads[:, k], target, q=level) for k, level in enumerate(levels)]
    close(ln.quantile(heads, target, q=levels), np.mean(each))


SYMMETRIC = ["mse", "rmse", "mae", "huber", "smooth_l1", "log_cosh", "pseudo_huber"]


@pytest.mark.parametrize("name", [*SYMMETRIC, "general_robust"])
@given(error=vectors)
def test_the_sign_of_the_error_does_not_matter(name, error):
    loss, zeros = getattr(ln, name), np.zeros_like(error)
    assert loss(error, zeros) == loss(-error, zeros)
    np.testing.assert_array_equal(loss.grad(error, zeros), -loss.grad(-error, zeros))


@pytest.mark.parametrize("name", [*SYMMETRIC, "general_robust"])
@given(error=vectors, shift=finite)
def test_only_the_error_matters(name, error, shift):
    loss = getattr(ln, name)
    shifted = loss(error + shift, np.full_like(error, shift))
    close(shifted, loss(error, np.zeros_like(error)), rel=1e-6, abs=1e-6)


@given(vectors, sizes)
def test_losses_in_the_units_of_the_target_scale_with_it(error, unit):
    zeros = np.zeros_like(error)
    for loss in (ln.mae, ln.rmse, ln.quantile):
        close(loss(unit * error, zeros), unit * loss(error, zeros))
    close(ln.mse(unit * error, zeros), unit**2 * ln.mse(error, zeros))
    close(ln.huber(unit * error, zeros, delta=unit), unit**2 * ln.huber(error, zeros, delta=1.0))


@given(vectors, st.floats(0.1, 10))
def test_general_robust_has_the_named_losses_as_members(error, scale):
    zeros, u = np.zeros_like(error), error / scale

    def member(alpha):
        return ln.general_robust(error, zeros, alpha=alpha, scale=scale, reduction="none")

    np.testing.assert_allclose(member(2.0), 0.5 * u**2)
    pseudo = ln.pseudo_huber(error, zeros, delta=scale, reduction="none")
    np.testing.assert_allclose(member(1.0), pseudo / scale**2, rtol=1e-9)
    np.testing.assert_allclose(member(0.0), np.log1p(0.5 * u**2), rtol=1e-9)
    np.testing.assert_allclose(member(-2.0), 2 * u**2 / (u**2 + 4), rtol=1e-9)
    np.testing.assert_allclose(member(-math.inf), -np.expm1(-0.5 * u**2), rtol=1e-9)
    np.testing.assert_allclose(member(-1e9), member(-math.inf), rtol=1e-6, atol=1e-9)


@given(vectors)
def test_log_cosh_lies_between_mae_minus_ln_2_and_both_of_its_limits(error):
    losses = ln.log_cosh(error, np.zeros_like(error), reduction="none")
    size = np.abs(error)
    assert np.all(losses <= np.minimum(size, 0.5 * error**2) * (1 + 1e-12))
    assert np.all(losses >= size - math.log(2) - 1e-12)


@given(vectors)
def test_rmse_lies_between_mae_and_the_largest_error(error):
    zeros = np.zeros_like(error)
    root = ln.rmse(error, zeros)
    assert ln.mae(error, zeros) <= root * (1 + 1e-12)
    assert root <= np.abs(error).max() * (1 + 1e-12)
    close(root**2, ln.mse(error, zeros))


@given(vectors)
def test_gaussian_crps_of_a_sharp_forecast_is_the_absolute_error(error):
    sharp = np.full_like(error, 1e-12)
    close(ln.gaussian_crps(error, np.zeros_like(error), std=sharp), np.abs(error).mean(), abs=1e-9)


logit_rows = arrays(np.float64, (4, 5), elements=st.floats(-50, 50))


def softmax(rows):
    parts = np.exp(rows - rows.max(axis=-1, keepdims=True))
    return parts / parts.sum(axis=-1, keepdims=True)


def log_softmax(rows):
    shifted = rows - rows.max(axis=-1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))


@given(logit_rows, logit_rows)
def test_kl_is_never_negative_and_0_only_for_the_same(p, q):
    assert ln.kl_div(log_softmax(q), softmax(p)) >= -1e-12
    close(ln.kl_div(log_softmax(p), softmax(p)), 0)


@given(logit_rows, logit_rows)
def test_js_is_symmetric_and_at_most_ln_2(p, q):
    there = ln.js_div(log_softmax(p), softmax(q), reduction="none")
    back = ln.js_div(log_softmax(q), softmax(p), reduction="none")
    np.testing.assert_allclose(there, back, atol=1e-12)
    assert np.all(there >= -1e-12) and np.all(there <= math.log(2) + 1e-12)


@given(logit_rows)
def test_entropy_is_at_most_that_of_equal_chances(logits):
    losses = ln.entropy(softmax(logits), reduction="none")
    assert np.all(losses >= 0) and np.all(losses <= math.log(5) + 1e-12)


@given(logit_rows, st.floats(0.0, 1.0))
def test_label_smoothing_mixes_with_the_uniform_distribution(logits, smoothing):
    labels = np.array([0, 1, 2, 4])
    hard = ln.cross_entropy(logits, labels)
    uniform = ln.cross_entropy(logits, np.full((4, 5), 0.2))
    smoothed = ln.cross_entropy(logits, labels, label_smoothing=smoothing)
    close(smoothed, (1 - smoothing) * hard + smoothing * uniform)


@given(logit_rows)
def test_equal_class_weights_change_nothing(logits):
    labels = np.array([0, 1, 2, 4])
    close(ln.cross_entropy(logits, labels, weight=[3.0] * 5), ln.cross_entropy(logits, labels))


@given(logit_rows)
def test_crammer_singer_is_the_largest_term_of_weston_watkins(scores):
    labels = np.array([0, 1, 2, 4])
    strongest = ln.multiclass_hinge(scores, labels, kind="crammer_singer", reduction="none")
    all_rivals = ln.multiclass_hinge(scores, labels, reduction="none")
    assert np.all(strongest <= all_rivals + 1e-12)
    assert np.all(all_rivals <= 4 * strongest + 1e-12)


@given(vectors)
def test_hinge_bounds_the_error_rate_from_above(scores):
    target = np.where(np.arange(len(scores)) % 2, 1.0, -1.0)
    wrong = np.mean(target * scores <= 0)
    assert ln.hinge(scores, target) >= wrong
    assert ln.squared_hinge(scores, target) >= wrong


@given(logit_rows)
def test_generalized_cross_entropy_lies_between_its_two_limits(logits):
    labels = np.array([0, 1, 2, 4])
    own = softmax(logits)[np.arange(4), labels]
    near_0 = ln.generalized_cross_entropy(logits, labels, q=1e-9)
    close(near_0, ln.cross_entropy(logits, labels), rel=1e-6, abs=1e-9)
    close(ln.generalized_cross_entropy(logits, labels, q=1.0), np.mean(1 - own))


@given(logit_rows)
def test_logit_adjustment_by_equal_counts_is_cross_entropy(logits):
    labels = np.array([0, 1, 2, 4])
    adjusted = ln.logit_adjusted_cross_entropy(logits, labels, class_counts=[7] * 5)
    close(adjusted, ln.cross_entropy(logits, labels))


@given(logit_rows, logit_rows)
def test_a_hot_distillation_matches_logits(student, teacher):
    # T² KL → ½ Var over the classes of the difference of the logits (Hinton et al., section 2.1);
    # the next term of the expansion is of order z³ / T.
    student, teacher = student / 10, teacher / 10
    expected = 0.5 * (student - teacher).var(axis=-1).mean()
    close(ln.distillation(student, teacher, temperature=1e4), expected, rel=0, abs=10**3 / 1e4)


@given(arrays(np.float64, (3, 4), elements=st.floats(-3, 3)))
def test_gaussian_kl_is_0_for_the_standard_normal_only(mean):
    close(ln.gaussian_kl(np.zeros((3, 4)), np.zeros((3, 4))), 0)
    assert ln.gaussian_kl(mean, 0.5 * mean) >= 0
