"""Losses with slopes in closed form: in slices, on every way that a derivative can be asked for."""

import functools
import math

import numpy as np
import pytest
import torch

import lossfns.numpy as ln
import lossfns.torch as lt
from lossfns.torch._slopes import slice_size

F64 = torch.float64


def numbers(*shape, seed=0):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=F64)


def event(*shape):
    return (numbers(*shape, seed=1) > 0).to(F64)


def labels(*shape):
    return torch.arange(math.prod(shape[:-1])).reshape(shape[:-1]) % shape[-1]


LOSSES = {
    "log_cosh": (lt.log_cosh, numbers, lambda *s: numbers(*s, seed=1)),
    "bce_with_logits": (lt.bce_with_logits, numbers, event),
    "bce_with_logits of soft labels": (
        lt.bce_with_logits, numbers, lambda *s: numbers(*s, seed=1).sigmoid()),
    "multiclass_hinge": (lt.multiclass_hinge, numbers, labels),
    "kl_div": (
        lt.kl_div, lambda *s: numbers(*s).log_softmax(-1),
        lambda *s: numbers(*s, seed=1).softmax(-1)),
    "kl_div near agreement": (
        lt.kl_div, lambda *s: numbers(*s).log_softmax(-1),
        lambda *s: (numbers(*s) + 0.1 * numbers(*s, seed=1)).softmax(-1)),
    "cross_entropy of soft labels": (
        lt.cross_entropy, numbers, lambda *s: numbers(*s, seed=1).softmax(-1)),
    "focal_with_logits": (lt.focal_with_logits, numbers, event),
    "focal_with_logits, gamma": (
        functools.partial(lt.focal_with_logits, gamma=0.5, alpha=None), numbers, event),
    "dice": (lt.dice, lambda *s: numbers(*s).sigmoid(), event),
    "tversky": (lt.tversky, lambda *s: numbers(*s).sigmoid(), event),
    "tversky of soft masks": (
        lt.tversky, lambda *s: numbers(*s).sigmoid(), lambda *s: numbers(*s, seed=1).sigmoid()),
}  # fmt: skip
EACH = pytest.mark.parametrize(("loss", "make", "make_target"), LOSSES.values(), ids=list(LOSSES))


@pytest.mark.parametrize("reduction", ["none", "mean", "sum"])
@EACH
def test_every_way_to_a_derivative_agrees(loss, make, make_target, reduction):
    pred, target = make(2, 2, 3).requires_grad_(), make_target(2, 2, 3)
    # A soft target moves as well: PyTorch disturbs it to compare the tangents.
    inputs = (pred, target.requires_grad_() if (0 < target).all() else target)

    def value(*given):
        return loss(*given, reduction=reduction)

    assert torch.autograd.gradcheck(value, inputs, check_forward_ad=True, check_batched_grad=True)
    assert torch.autograd.gradgradcheck(value, inputs)


@EACH
def test_a_second_way_back_gives_the_same_gradient(loss, make, make_target):
    pred, target = make(4, 3).requires_grad_(), make_target(4, 3)
    value = loss(pred, target)
    (first,) = torch.autograd.grad(value, pred, retain_graph=True)
    before = first.clone()
    (second,) = torch.autograd.grad(value, pred)
    assert torch.equal(first, before)  # nor is the first one written over
    assert torch.equal(second, before)


@pytest.mark.parametrize("name", ["log_cosh", "bce_with_logits", "focal_with_logits"])
def test_slices_are_put_together_in_order(name):
    loss, make, make_target = LOSSES[name]
    size = slice_size() + 5
    pred, target = make(size).requires_grad_(), make_target(size)
    halves = [loss(p, t, reduction="none") for p, t in zip(pred.split(999), target.split(999))]  # noqa: B905
    expected = torch.cat(halves)
    (slope,) = torch.autograd.grad(expected.sum(), pred)
    for reduction, same in (("none", expected), ("sum", expected.sum()), ("mean", expected.mean())):
        value = loss(pred, target, reduction=reduction)
        torch.testing.assert_close(value, same, rtol=1e-13, atol=0)
        (got,) = torch.autograd.grad(value.sum() * (size if reduction == "mean" else 1), pred)
        torch.testing.assert_close(got, slope, rtol=1e-13, atol=0)


@pytest.mark.parametrize("name", ["bce", "bce_with_logits", "focal_with_logits"])
def test_slices_of_arrays_are_put_together_in_order(name):
    loss, size = getattr(ln, name), 2**13 + 5
    pred, target = numbers(2, size).numpy(), event(2, size).numpy()
    pred = 1 / (1 + np.exp(-pred)) if name == "bce" else pred
    value, slope = loss.value_and_grad(pred, target, reduction="none")
    for part in np.array_split(np.arange(size), 7):
        alone = loss.value_and_grad(pred[:, part], target[:, part], reduction="none")
        np.testing.assert_allclose(value[:, part], alone[0], rtol=1e-14)
        np.testing.assert_allclose(slope[:, part], alone[1], rtol=1e-14)


def test_rows_with_labels_are_put_together_in_order():
    shape = (slice_size() // 64 + 3, 64)
    scores, target = numbers(*shape).requires_grad_(), labels(*shape)
    parts = zip(scores.split(99), target.split(99))  # noqa: B905
    apart = torch.cat([lt.multiclass_hinge(z, y, reduction="none") for z, y in parts])
    joined = lt.multiclass_hinge(scores, target, reduction="none")
    torch.testing.assert_close(joined, apart, rtol=1e-13, atol=0)
    along = numbers(shape[0], seed=2)
    for got, same in ((joined, apart), (lt.multiclass_hinge(scores, target), apart.mean())):
        weights = along if got.dim() else along[0]
        slopes = (
            torch.autograd.grad(one, scores, weights, retain_graph=True) for one in (got, same)
        )
        torch.testing.assert_close(*(slope for (slope,) in slopes), rtol=1e-12, atol=1e-18)


@pytest.mark.parametrize("dtype", [torch.float32, F64])
def test_few_binary_logits_keep_their_digits_at_every_size(dtype):
    logits = torch.tensor([-math.inf, -700, -60, -41, -25, -14, -0.5, 0, 14, 60, math.inf])
    logits = logits.to(dtype)
    for target, sign in ((0.0, 1), (1.0, -1)):
        z = logits.clone().requires_grad_()
        losses = lt.bce_with_logits(z, torch.full_like(z, target), reduction="none")
        exact = torch.from_numpy(np.logaddexp(0, sign * logits.double().numpy()))
        tiny = torch.finfo(dtype).tiny
        torch.testing.assert_close(
            losses.double(), exact, rtol=8 * torch.finfo(dtype).eps, atol=tiny
        )
        losses.sum().backward()
        slope = sign * (sign * logits.double()).sigmoid()
        torch.testing.assert_close(
            z.grad.double(), slope, rtol=32 * torch.finfo(dtype).eps, atol=tiny
        )


def test_a_rival_on_the_margin_has_half_a_slope_in_many_rows_as_in_few():
    scores = torch.tensor([[2.0, 1.0, 0.0]], dtype=F64).expand(slice_size() // 2, 3)
    few, many = (s.clone().requires_grad_() for s in (scores[:2], scores))
    for z in (few, many):
        lt.multiclass_hinge(z, torch.zeros(len(z), dtype=torch.int64), reduction="sum").backward()
        assert torch.equal(z.grad[0], torch.tensor([-0.5, 0.5, 0.0], dtype=F64))
    with torch.no_grad():
        assert lt.multiclass_hinge(few, torch.zeros(2, dtype=torch.int64)) == 0


def test_masks_are_put_together_in_order():
    probs = numbers(3, slice_size() // 2 + 1).sigmoid().requires_grad_()
    target = event(*probs.shape)
    each = torch.stack([lt.dice(p, t, axis=-1) for p, t in zip(probs, target)])  # noqa: B905
    got = lt.dice(probs, target, axis=-1, reduction="none")
    torch.testing.assert_close(got, each, rtol=1e-13, atol=0)
    torch.testing.assert_close(
        *(torch.autograd.grad(one.sum(), probs)[0] for one in (got, each)), rtol=1e-13, atol=0
    )


@pytest.mark.parametrize("soft", [False, True], ids=["labels", "soft"])
def test_rows_of_distributions_are_put_together_in_order(soft):
    rows = slice_size() // 64 + 3
    log_probs = (4 * numbers(rows, 64)).log_softmax(-1).requires_grad_()
    target = (4 * numbers(rows, 64, seed=1)).softmax(-1)
    target = target if soft else (target == target.amax(-1, keepdim=True)).to(F64)
    target = target.requires_grad_(soft)
    half = rows // 2
    parts = (slice(0, half), slice(half, rows))
    apart = torch.cat([lt.kl_div(log_probs[i], target[i], reduction="none") for i in parts])
    joined = lt.kl_div(log_probs, target, reduction="none")
    torch.testing.assert_close(joined, apart, rtol=1e-13, atol=1e-15)
    by = [log_probs, target] if soft else [log_probs]
    along = numbers(rows, seed=2)
    for got, same in zip(*(torch.autograd.grad(one, by, along) for one in (joined, apart))):  # noqa: B905
        torch.testing.assert_close(got, same, rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("dtype", [torch.float32, F64])
def test_one_large_error_spoils_no_other(dtype):
    pred = torch.tensor([0.25, 1e30, -2.0], dtype=dtype, requires_grad=True)
    target = torch.zeros(3, dtype=dtype)
    losses = lt.log_cosh(pred, target, reduction="none")
    near, far = (math.log1p(2 * math.sinh(e / 2) ** 2) for e in (0.25, 2.0))
    exact = torch.tensor([near, 1e30, far], dtype=F64)
    torch.testing.assert_close(losses.to(F64), exact, rtol=8 * torch.finfo(dtype).eps, atol=0)
    losses.sum().backward()
    torch.testing.assert_close(pred.grad, pred.detach().tanh(), rtol=1e-6, atol=0)
