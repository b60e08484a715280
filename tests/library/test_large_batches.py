"""Losses over all pairs of a large batch: the same as by the matrix of scores, without it."""

import pytest
import torch

import lossfns.torch as lt
from lossfns.torch import _contrast

LOSSES = {
    "info_nce": lambda a, b, t, **k: lt.info_nce(a, b, temperature=t, **k),
    "nt_xent": lambda a, b, t, **k: lt.nt_xent(a, b, temperature=t, **k),
    "clip": lambda a, b, t, **k: lt.clip(a, b, temperature=t, **k),
    "siglip": lambda a, b, t, **k: lt.siglip(a, b, scale=1 / t, bias=-3 * t, **k),
    "sup_con": lambda a, b, t, **k: lt.sup_con(
        torch.cat([a, b]), torch.tensor([0, 5, 5, 2, 9, 0, 0, 2, 7, 5, 2, 3, 2, 4]),
        temperature=t, **k),
}  # fmt: skip


@pytest.fixture
def in_slices(monkeypatch):
    """Slices of a few rows, and no batch too small for them, once it is called."""

    def switch():
        monkeypatch.setattr(_contrast, "_LARGE", 0)
        monkeypatch.setattr(_contrast, "_SLICE", 3 * 7)

    return switch


def evaluated(loss, reduction, temperature=0.3, spread=1.0):
    seeded = torch.Generator().manual_seed(1)
    a, b = (spread * torch.randn(7, 3, generator=seeded, dtype=torch.float64) for _ in "ab")
    leaves = [a, b, torch.tensor(temperature, dtype=torch.float64)]
    for leaf in leaves:
        leaf.requires_grad_()
    value = loss(*leaves, reduction=reduction)
    factor = torch.arange(1, value.numel() + 1).reshape(value.shape)  # not all items alike
    (value * factor).sum().backward()
    return value.detach(), *(leaf.grad for leaf in leaves)


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
@pytest.mark.parametrize("name", LOSSES)
def test_value_and_gradients_are_those_of_the_whole_matrix(name, reduction, in_slices):
    whole = evaluated(LOSSES[name], reduction)
    in_slices()
    for got, expected in zip(evaluated(LOSSES[name], reduction), whole, strict=True):
        assert torch.allclose(got, expected, rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize("name", LOSSES)
def test_a_temperature_near_0_overflows_nothing(name, in_slices):
    whole = evaluated(LOSSES[name], "mean", temperature=1e-4)
    in_slices()
    for got, expected in zip(evaluated(LOSSES[name], "mean", 1e-4), whole, strict=True):
        assert torch.allclose(got, expected, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("name", ["info_nce", "clip"])
def test_a_loss_near_0_keeps_its_digits(name, in_slices):
    """Two orthogonal pairs: ln(1 + e^-s), far below the rounding of the scores."""
    in_slices()
    eye = torch.eye(2)
    got = LOSSES[name](eye, eye, 0.08, reduction="mean").item()
    assert got == pytest.approx(3.7266532e-06, rel=1e-1)  # float32: 1 + e^-12.5, as in log_softmax
    assert LOSSES[name](eye.double(), eye.double(), 0.08, reduction="mean").item() == pytest.approx(
        3.7266462e-06, rel=1e-6
    )


def test_no_matrix_is_made(monkeypatch):
    """Neither on the way forth nor back does a tensor hold more than one slice of the scores."""
    largest = 0

    class Watch(torch.utils._python_dispatch.TorchDispatchMode):
        def __torch_dispatch__(self, func, types, args=(), kwargs=None):
            nonlocal largest
            out = func(*args, **(kwargs or {}))
            for one in out if isinstance(out, (tuple, list)) else [out]:
                if isinstance(one, torch.Tensor):
                    largest = max(largest, one.numel())
            return out

    monkeypatch.setattr(_contrast, "_LARGE", 0)
    monkeypatch.setattr(_contrast, "_SLICE", 8 * 64)
    a, b = (torch.randn(64, 4, requires_grad=True) for _ in "ab")
    with Watch():
        lt.clip(a, b).backward()
    assert largest <= 8 * 64


def test_a_second_derivative_is_refused_and_not_wrong(in_slices):
    in_slices()
    a = torch.randn(7, 3, requires_grad=True)
    for loss in (lt.info_nce(a, a.detach()), lt.siglip(a, a.detach())):
        with pytest.raises(RuntimeError, match="first derivatives only"):
            torch.autograd.grad(loss, a, create_graph=True)
