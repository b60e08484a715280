"""Equal to torch where torch is right; and where peers go wrong, both numbers."""

import math

import numpy as np
import pytest
import torch
from library.cases import draw, every_loss, numpy_loss, settings, to_torch, torch_value_and_grads
from torch.nn import functional as F

import lossfns.numpy as ln
import lossfns.torch as lt
from lossfns import catalog
from lossfns.conformance.measures import PEER, peer_error
from lossfns.conformance.peers import TORCH


def test_every_equivalent_in_torch_is_compared():
    assert {r.name for r in catalog.values() if "torch" in r.equivalents} <= TORCH.keys()


@every_loss
def test_equals_torchs_own(record):
    if record.name not in TORCH:
        return
    compared = 0
    for setting in settings(record):
        for reduction in record.reductions:
            error = peer_error(record, setting, reduction)
            if error is not None:
                assert error <= PEER.error, (setting, reduction)
                compared += 1
    assert compared


# Where ours differ from a peer's, on purpose.


def test_rmse_gradient_of_a_perfect_fit_is_0():
    pred = torch.ones(3, requires_grad=True)
    (theirs,) = torch.autograd.grad(F.mse_loss(pred, torch.ones(3)).sqrt(), pred)
    assert theirs.isnan().all()
    (ours,) = torch.autograd.grad(lt.rmse(pred, torch.ones(3)), pred)
    assert ours.tolist() == [0, 0, 0]
    assert ln.rmse.grad(np.ones(3), np.ones(3)).tolist() == [0, 0, 0]


def test_log_cosh_is_finite_at_100():
    error = torch.tensor([100.0], requires_grad=True)
    assert error.cosh().log().item() == math.inf  # float32, as Keras 2 and many a blog write it
    loss = lt.log_cosh(error, torch.zeros(1))
    loss.backward()
    assert loss.item() == pytest.approx(100 - math.log(2))
    assert error.grad.item() == 1
    assert ln.log_cosh([800.0], [0.0]) == pytest.approx(800 - math.log(2))


def test_log_cosh_keeps_its_digits_near_0():
    # |e| + softplus(-2|e|) - ln 2, Keras' form, cancels: twice the loss, if not 0 or negative.
    e = 1e-8
    theirs = e + math.log1p(math.exp(-2 * e)) - math.log(2)
    assert abs(theirs - 5e-17) > 4e-17
    assert ln.log_cosh([e], [0.0]) == pytest.approx(5e-17, rel=1e-12, abs=0)


def test_smooth_l1_at_beta_0_is_mae_with_a_finite_gradient():
    # Written as ½e²/β where |e| < β, else |e| - ½β, it is 0/0 at e = 0.
    pred = torch.tensor([0.0, 2.0, -3.0], requires_grad=True)
    loss = lt.smooth_l1(pred, torch.zeros(3), beta=0.0)
    loss.backward()
    assert loss.item() == pytest.approx(5 / 3)
    assert pred.grad.tolist() == pytest.approx([0, 1 / 3, -1 / 3])
    naive = 0.5 * pred.detach() ** 2 / 0.0
    assert naive[0].isnan()


def test_huber_second_derivative_at_0_is_1():
    # ½e² written through |e| differentiates |e| twice, and loses it at 0.
    pred = torch.zeros(1, dtype=torch.float64, requires_grad=True)
    hessian = torch.autograd.functional.hessian(
        lambda p: lt.huber(p, torch.zeros(1).double()), pred
    )
    assert hessian.item() == 1


def test_poisson_full_is_exact_where_torch_uses_stirling():
    log_rate, count = torch.zeros(3), torch.tensor([1.0, 2.0, 5.0])
    exact = torch.tensor([1.0, 1 + math.log(2), 1 + math.log(120)])
    theirs = F.poisson_nll_loss(log_rate, count, full=True, reduction="none")
    assert theirs.tolist() == pytest.approx([1.0, 1.6518, 5.7708], abs=1e-4)
    torch.testing.assert_close(lt.poisson_nll(log_rate, count, full=True, reduction="none"), exact)


def test_mse_of_an_error_of_300_fits_into_float16():
    pred, target = torch.tensor([300.0]).half(), torch.zeros(1).half()
    assert F.mse_loss(pred, target).item() == math.inf
    assert lt.mse(pred, target).item() == 90_000


def test_gaussian_nll_refuses_a_variance_that_torch_silently_replaces():
    pred, target, var = torch.zeros(1), torch.ones(1), torch.zeros(1)
    # torch raises the variance to 1e-6: ½ (ln 1e-6 + 1/1e-6).
    assert F.gaussian_nll_loss(pred, target, var).item() == pytest.approx(499_993, rel=1e-5)
    with pytest.raises(ValueError, match="var"):
        lt.gaussian_nll(pred, target, var=var)


def test_mape_refuses_the_target_0_that_peers_divide_by_an_epsilon():
    # scikit-learn returns |1 - 0| / 2.2e-16 = 4.5e15, Keras 100 · 1 / 1e-7 = 1e9.
    with pytest.raises(ValueError, match="target"):
        ln.mape([1.0], [0.0])


def test_column_against_row_is_an_error_where_torch_broadcasts():
    pred, target = torch.tensor([[1.0], [2.0], [3.0]]), torch.tensor([1.0, 2.0, 3.0])
    with pytest.warns(UserWarning, match="broadcast"):
        theirs = F.mse_loss(pred, target)
    assert theirs.item() == pytest.approx(4 / 3)  # of a perfect fit
    with pytest.raises(ValueError, match=r"\(3, 1\) and \(3,\)"):
        lt.mse(pred, target)


def test_labels_and_one_hot_rows_agree_under_class_weights():
    logits = torch.tensor([[2.0, 0.5, -1.0], [0.0, 1.0, 0.0], [0.3, 0.2, 0.1]])
    labels, weight = torch.tensor([0, 1, 2]), torch.tensor([1.0, 2.0, 5.0])
    one_hot = F.one_hot(labels, 3).float()
    # torch divides labels by the sum of their weights, 8: 0.919; soft targets by the number of
    # items, 3: 2.451.
    theirs = [F.cross_entropy(logits, t, weight).item() for t in (labels, one_hot)]
    assert theirs == pytest.approx([0.91924, 0.91924 * 8 / 3], abs=1e-4)
    ours = [lt.cross_entropy(logits, t, weight=weight).item() for t in (labels, one_hot)]
    assert ours == pytest.approx([theirs[0]] * 2)


def test_labels_and_one_hot_rows_agree_under_class_weights_and_label_smoothing():
    logits = torch.tensor([[2.0, 0.5, -1.0], [0.0, 1.0, 0.0], [0.3, 0.2, 0.1]])
    labels, weight = torch.tensor([0, 0, 2]), torch.tensor([1.0, 2.0, 5.0])
    one_hot = F.one_hot(labels, 3).float()
    # torch divides labels by their weights before smoothing, 7: 1.345; soft targets by 3: 3.139.
    # Smoothed, the rows weigh 7.3: 1.290.
    theirs = [
        F.cross_entropy(logits, t, weight, label_smoothing=0.3).item() for t in (labels, one_hot)
    ]
    assert theirs == pytest.approx([1.34536, 3.13916], abs=1e-4)
    ours = [
        lt.cross_entropy(logits, t, weight=weight, label_smoothing=0.3).item()
        for t in (labels, one_hot)
    ]
    # By hand: smoothed rows, weighted per class, over the sum of what they weigh.
    soft = (0.7 * one_hot + 0.1) * weight
    by_hand = -(soft * logits.log_softmax(-1)).sum() / soft.sum()
    assert by_hand.item() == pytest.approx(1.29007, abs=1e-4)
    assert ours == pytest.approx([by_hand.item()] * 2)
    assert ln.cross_entropy(
        logits.numpy(), labels.numpy(), weight=weight.numpy(), label_smoothing=0.3
    ) == pytest.approx(by_hand.item())


def test_label_smoothing_spreads_over_all_classes():
    logits, label = np.array([[1.0, 2.0, 3.0]]), np.array([0])
    z = logits[0] - np.log(np.exp(logits[0]).sum())
    # ε/C over all classes: Szegedy et al., torch, Keras.
    over_all = -(0.8 * z[0] + 0.1 * z[1] + 0.1 * z[2])
    # ε/(C - 1) over the others: the same ε means more smoothing.
    over_others = -(0.7 * z[0] + 0.15 * z[1] + 0.15 * z[2])
    assert ln.cross_entropy(logits, label, label_smoothing=0.3) == pytest.approx(over_all)
    converted = ln.cross_entropy(logits, label, label_smoothing=0.3 * 3 / 2)
    assert converted == pytest.approx(over_others)


def test_a_batch_of_ignored_labels_gives_0_where_torch_gives_nan():
    logits, labels = torch.randn(3, 4, requires_grad=True), torch.full((3,), -100)
    assert F.cross_entropy(logits, labels).isnan()
    loss = lt.cross_entropy(logits, labels)
    loss.backward()
    assert loss.item() == 0
    assert (logits.grad == 0).all()


def test_mean_of_kl_is_the_divergence_where_torch_divides_by_the_classes_too():
    log_probs = torch.tensor([[0.25, 0.25, 0.5]]).log()
    target = torch.tensor([[0.5, 0.25, 0.25]])
    divergence = 0.5 * math.log(2) + 0.25 * math.log(0.5)
    assert lt.kl_div(log_probs, target).item() == pytest.approx(divergence)
    with pytest.warns(UserWarning, match="batchmean"):
        theirs = F.kl_div(log_probs, target, reduction="mean")
    assert theirs.item() == pytest.approx(divergence / 3)


def test_bce_of_an_infinite_logit_of_the_right_sign_is_0_where_torch_gives_nan():
    logits, target = torch.tensor([-math.inf, math.inf]), torch.tensor([0.0, 1.0])
    theirs = F.binary_cross_entropy_with_logits(logits, target, reduction="none")
    assert theirs.isnan().all()
    logits.requires_grad_()
    loss = lt.bce_with_logits(logits, target)
    loss.backward()
    assert loss.item() == 0
    assert logits.grad.tolist() == [0, 0]
    assert ln.bce_with_logits(logits.detach().numpy(), target.numpy()) == 0


def test_bce_is_exact_where_torch_stops_at_100_and_keras_at_16():
    probs, target = torch.tensor([0.0, 1e-44]), torch.ones(2)
    theirs = F.binary_cross_entropy(probs, target, reduction="none")
    assert theirs.tolist() == [100, 100]
    ours = lt.bce(probs, target, reduction="none")
    assert ours.tolist() == [math.inf, pytest.approx(-math.log(1e-44), rel=1e-2)]


def test_bce_gradient_is_the_slope_of_the_loss_where_clipping_makes_it_0():
    # Clipped at 1e-7 as in Keras, a probability of 1e-9 has gradient 0: stuck for ever.
    probs = torch.tensor([1e-9], requires_grad=True)
    (clipped,) = torch.autograd.grad(-probs.clamp(1e-7, 1 - 1e-7).log().sum(), probs)
    assert clipped.item() == 0
    (ours,) = torch.autograd.grad(lt.bce(probs, torch.ones(1)), probs)
    assert ours.item() == pytest.approx(-1e9)


def test_multiclass_hinge_is_torchs_times_the_number_of_classes():
    scores, label = torch.tensor([[2.0, 1.5, 1.25]]), torch.tensor([0])
    assert F.multi_margin_loss(scores, label).item() == pytest.approx(0.25)
    assert lt.multiclass_hinge(scores, label).item() == pytest.approx(0.75)


def test_mean_of_means_is_not_the_mean():
    """Why an item's weight divides: halves of unequal size, joined by their numbers of items."""
    pred, target = np.array([1.0, 2.0, 3.0]), np.zeros(3)
    halves = [ln.mse(pred[:1], target[:1]), ln.mse(pred[1:], target[1:])]
    assert np.mean(halves) == pytest.approx(3.75)
    assert ln.mse(pred, target) == pytest.approx((1 * halves[0] + 2 * halves[1]) / 3)


PERFECT = [r for r in catalog.values() if r.family == "regression" and "pred" in r.wrt]


@pytest.mark.parametrize("record", PERFECT, ids=lambda r: r.name)
def test_no_gradient_is_nan_where_every_error_is_0(record):
    """A perfect fit: the point at which square roots and ratios of peers give NaN."""
    arguments = draw(record)
    arguments["pred"] = arguments["target"].copy()
    value, grads = torch_value_and_grads(record, to_torch(arguments))
    assert value.isfinite()
    assert all(grad.isfinite().all() for grad in grads.values())
    for name in record.wrt:
        assert np.isfinite(numpy_loss(record).grad(**arguments, wrt=name)).all()
