"""The measures find what is wrong, and the report says so."""

import functools
import math

import numpy as np
import pytest
import torch

import lossfns
import lossfns.numpy as ln
import lossfns.torch as lt
from lossfns import catalog, conformance
from lossfns.conformance import extremes, measures
from lossfns.conformance.checks import CHECKS, measured
from lossfns.conformance.measures import relative_error
from lossfns.torch import _classes as torch_classes

MAE, HUBER, CROSS_ENTROPY, CLIP = (
    catalog[name] for name in ("mae", "huber", "cross_entropy", "clip")
)


def failed_checks(record):
    """Of those that measure; what the audit says besides has tests of its own."""
    findings, _ = measured(record)
    return {finding.name for finding in findings if finding.fails}


@pytest.mark.parametrize("record", catalog.values(), ids=lambda r: r.name)
def test_every_loss_passes_every_check(record):
    conformance.measure([record]).raise_failures()


def test_every_check_is_asked_of_some_loss_and_of_no_other_name():
    every = [f for record in (CROSS_ENTROPY, MAE, CLIP) for f in measured(record)[0]]
    assert {f.name for f in every if f.error is not None} == {check.name for check in CHECKS}
    assert {f.name for f in every} == {check.name for check in CHECKS}


def test_the_error_is_that_of_assert_allclose():
    rng = np.random.default_rng(0)
    for _ in range(200):
        actual, expected = rng.normal(size=(2, 3)) * 10.0 ** rng.integers(-6, 3)
        actual = expected + 1e-3 * actual
        error = relative_error(actual, expected, floor=0.1)
        np.testing.assert_allclose(actual, expected, 1.001 * error, 0.1 * 1.001 * error)
        with pytest.raises(AssertionError):
            np.testing.assert_allclose(actual, expected, 0.999 * error, 0.1 * 0.999 * error)


@pytest.mark.parametrize(
    "actual, expected",
    [
        ([1.0], [1.0, 1.0]),
        (1.0, [1.0]),
        ([math.nan], [1.0]),
        ([1.0], [math.nan]),
        ([math.inf], [1.0]),
        ([math.inf], [-math.inf]),
        ([math.nan], [math.inf]),
    ],
)
def test_what_cannot_be_compared_is_infinitely_wrong(actual, expected):
    assert relative_error(actual, expected, floor=1.0) == math.inf


def test_the_same_infinities_and_nans_are_no_error():
    special = [math.inf, -math.inf, math.nan, 0.0, 2.0]
    assert relative_error(special, special, floor=1.0) == 0


def replace(monkeypatch, module, name, change):
    """Give a twin of a loss another value, with the gradients that it had."""
    original = getattr(module, name)

    @functools.wraps(original)
    def changed(*args, **kwargs):
        return change(original(*args, **kwargs), kwargs)

    for attribute in ("grad", "value_and_grad"):
        if hasattr(original, attribute):
            setattr(changed, attribute, getattr(original, attribute))
    monkeypatch.setattr(module, name, changed)


def test_a_value_off_in_the_tenth_digit_is_found(monkeypatch):
    replace(monkeypatch, ln, "mae", lambda value, _: value * (1 + 1e-10))
    assert failed_checks(MAE) == {"value float64"}


def test_a_wrong_gradient_is_found(monkeypatch):
    loss = ln.huber.grad
    monkeypatch.setattr(ln.huber, "grad", lambda *a, **k: 1.001 * loss(*a, **k))
    found = failed_checks(HUBER)
    assert {"gradient float64", "gradient float32", "slope", "curvature"} <= found
    assert not found & {"value float64", "order", "empty"}


def test_a_loss_computed_in_half_precision_is_found(monkeypatch):
    def in_half(value, arguments):
        dtype = arguments["pred"].dtype
        return value.to(dtype).float() if dtype.itemsize == 2 else value

    replace(monkeypatch, lt, "mae", in_half)
    found = failed_checks(MAE)
    assert {"value float16", "value bfloat16"} <= found
    assert not found & {"value float64", "value float32"}


def test_a_nan_for_an_empty_batch_is_found(monkeypatch):
    def of_mean(value, arguments):
        return value * torch.nan if not arguments["pred"].numel() else value

    replace(monkeypatch, lt, "mae", of_mean)
    assert failed_checks(MAE) == {"empty"}


def test_an_item_of_weight_0_that_still_counts_is_found(monkeypatch):
    def counted(value, arguments):
        weight = arguments.get("sample_weight")
        dropped = weight is not None and weight.numel() == 8 and (weight == 0).any()
        return value * (7 / 8) if dropped else value

    replace(monkeypatch, lt, "mae", counted)
    assert "weight 0" in failed_checks(MAE)


def test_a_batch_whose_order_matters_is_found(monkeypatch):
    replace(monkeypatch, lt, "mae", lambda value, k: value + 1e-9 * k["pred"].reshape(-1)[:1].sum())
    assert "order" in failed_checks(MAE)


def test_an_overflow_far_out_is_found(monkeypatch):
    def naive(logits, target, **options):
        if options.get("weight") is None and logits.dtype == torch.float32:
            nats = logits.exp().sum(-1).log() - logits.gather(-1, target[..., None])[..., 0]
            return nats.mean()
        return original(logits, target, **options)

    original = lt.cross_entropy
    monkeypatch.setattr(lt, "cross_entropy", naive)
    assert measures.far_error(CROSS_ENTROPY) == math.inf


def test_another_second_derivative_is_found(monkeypatch):
    def bent(pred, target, **options):
        value = original(pred, target, **options)
        return value + (0.5e-3 * (pred - pred.detach()) ** 2).sum()  # the same value and slope

    original = lt.huber
    monkeypatch.setattr(lt, "huber", bent)
    # The item that holds NaN counts in the term, too, and of an infinite one it is inf - inf.
    assert failed_checks(HUBER) == {"curvature", "weight 0", "infinity"}


def test_labels_compared_in_a_byte_are_found(monkeypatch):
    def unconverted(target, *args, **kwargs):
        return target

    monkeypatch.setattr(torch_classes, "integers", unconverted)
    monkeypatch.setattr(torch_classes, "in_range", lambda labels, *args: labels.long())
    monkeypatch.setattr(torch_classes, "extremes_of", lambda *args: None)  # all may be ignored
    assert failed_checks(CROSS_ENTROPY) == {"labels"}


def test_a_target_rounded_to_the_prediction_is_found(monkeypatch):
    original = lt.mae

    def rounding(pred, target, **options):
        return original(pred, target.to(pred.dtype), **options)

    monkeypatch.setattr(lt, "mae", rounding)
    assert failed_checks(MAE) == {"float64 target"}


def test_a_divergence_that_cancels_is_found(monkeypatch):
    def naive(log_probs, target, axis=-1, **options):
        middle = (0.5 * (log_probs.exp() + target)).log()
        kl = log_probs.exp() * (log_probs - middle) + target * (target.log() - middle)
        return 0.5 * kl.sum(axis).mean() if options.get("reduction") != "none" else 0.5 * kl.sum(-1)

    monkeypatch.setattr(lt, "js_div", naive)
    assert extremes.agreement_error(catalog["js_div"]) > measures.AGREEMENT.error


def test_a_loss_that_collapse_pleases_is_found(monkeypatch):
    def naive(first, second, redundancy=0.005, **options):
        a, b = (v - v.mean(0) for v in (first, second))
        c = (a / a.norm(dim=0)).T @ (b / b.norm(dim=0))
        return ((c - torch.eye(len(c))) ** 2).diagonal().sum()

    assert extremes.collapse_error(catalog["barlow_twins"]) == 0
    monkeypatch.setattr(lt, "barlow_twins", naive)
    assert extremes.collapse_error(catalog["barlow_twins"]) > 0.9


def test_an_infinity_that_becomes_nan_in_silence_is_found(monkeypatch):
    def silent(value, arguments):
        return value * torch.nan if arguments["pred"].isinf().any() else value

    replace(monkeypatch, lt, "mae", silent)
    assert failed_checks(MAE) == {"infinity", "fake"}  # it looks at values


def test_a_look_at_values_that_are_not_there_is_found(monkeypatch):
    replace(monkeypatch, lt, "mae", lambda value, k: value + 0 * k["pred"].sum().item())
    assert "fake" in failed_checks(MAE)


def test_a_tangent_that_is_lost_is_found(monkeypatch):
    original = lt.mae

    def constant(pred, target, **options):
        primal = torch.autograd.forward_ad.unpack_dual(pred).primal
        return original(primal, target, **options)

    monkeypatch.setattr(lt, "mae", constant)
    assert failed_checks(MAE) == {"forward"}


def test_another_number_than_torchs_is_found(monkeypatch):
    monkeypatch.setitem(
        measures.TORCH,
        "mae",
        lambda pred, target, reduction: (
            2 * torch.nn.functional.l1_loss(pred, target, reduction=reduction)
        ),
    )
    assert failed_checks(MAE) == {"torch's own"}


def test_the_table_marks_what_fails_and_raises(monkeypatch):
    good = conformance.measure([MAE, CROSS_ENTROPY])
    assert "failed" not in good._repr_html_().partition("</style>")[2]
    assert "✗" not in str(good) and "0 fail" in good.counts()
    replace(monkeypatch, ln, "mae", lambda value, _: value + 1e-9)
    bad = conformance.measure([MAE, CROSS_ENTROPY])
    table = bad._repr_html_().partition("</style>")[2]
    assert table.count('class="failed"') == str(bad).count("✗") == len(bad.failures()) > 0
    with pytest.raises(AssertionError, match="mae: value float64 is 1"):
        bad.raise_failures()


def test_the_table_has_a_row_a_loss_a_head_a_family_and_says_where_a_check_does_not_apply():
    records = [MAE, catalog["kl_div"]]
    table = conformance.measure(records)._repr_html_()
    assert table.count('<tr class="group">') == 1 + 2
    assert table.count("<tr>") == 1 + len(records)
    # Log-probabilities cannot be far out; neither has labels, nor embeddings that could collapse.
    assert table.count("<td>·</td>") == 1 + 2 * 2


def test_processes_that_share_the_work_give_the_same_answers(monkeypatch):
    few = {record.name: record for record in (MAE, HUBER, CLIP)}
    monkeypatch.setattr(conformance.report, "catalog", few)
    assert conformance.measure(processes=2) == conformance.measure(processes=1)


def test_the_worst_error_of_a_check_is_that_of_the_loss_that_came_closest():
    report = conformance.measure([MAE, CROSS_ENTROPY])
    for check, name in report.closest().items():
        assert report.exact[name][check].error == max(report.errors(check).values())


def test_the_audit_of_a_loss_is_that_of_both_its_twins():
    audits = conformance.measure([MAE]).audits["mae"]
    assert list(audits) == ["numpy", "torch"]
    for module, report in zip((ln, lt), audits.values(), strict=True):
        assert report == lossfns.audit(module.mae, like="mae", compile=False)


def test_what_only_the_audit_asks_fails_the_measure(monkeypatch):
    def unchecked(pred, target, **options):
        return original(*torch.broadcast_tensors(pred, target), **options)

    original = lt.mae
    monkeypatch.setattr(lt, "mae", unchecked)
    report = conformance.measure([MAE])
    assert not report.exact["mae"].failures
    assert [line for line in report.failures() if "shapes that differ" in line]
    assert "1 fail" in report.counts()
