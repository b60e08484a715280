"""The two twins give the same numbers, in every dtype and on every device."""

import pytest
import torch
from library.cases import (
    draw,
    every_loss,
    every_reduction,
    every_setting,
    some_settings,
    to_torch,
    torch_loss,
    weighted,
)

from lossfns.conformance.measures import GRADIENT, VALUE, twin_errors


def assert_twins_agree(record, arguments, dtype, device="cpu"):
    in_value, in_gradients = twin_errors(record, arguments, dtype, device)
    assert in_value <= VALUE[dtype].error
    assert in_gradients <= GRADIENT[dtype].error


@weighted
@every_reduction
@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
def test_twins_agree(record, setting, reduction, weighted, dtype):
    arguments = draw(record, 8, weighted) | setting | {"reduction": reduction}
    assert_twins_agree(record, arguments, dtype)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
@every_setting
def test_half_precision_is_computed_in_float32(record, setting, dtype):
    """Only the gradient is rounded to half precision; the loss is as exact as in float32."""
    arguments = draw(record, 8, weighted=True) | setting
    assert_twins_agree(record, arguments, dtype)
    assert torch_loss(record)(**to_torch(arguments, dtype)).dtype == torch.float32


def test_tolerances_are_a_few_roundings_of_the_type():
    for dtype, tolerance in VALUE.items():
        eps = torch.finfo(torch.float32 if dtype.itemsize == 2 else dtype).eps
        assert tolerance.error < 10_000 * eps
    for dtype, tolerance in GRADIENT.items():
        assert tolerance.error < 10_000 * torch.finfo(dtype).eps


@every_loss
def test_half_precision_inputs_are_not_computed_in_half_precision(record):
    """A thousand items: a half-precision sum would lose the small ones."""
    arrays = draw(record, 1000)
    half = to_torch(arrays, torch.bfloat16)
    exact = {
        n: t.double() if isinstance(t, torch.Tensor) and t.is_floating_point() else t
        for n, t in half.items()
    }
    total = torch_loss(record)(**half)
    expected = torch_loss(record)(**exact)
    # A sum of 1000 in float32 loses at most some 1000 · 6e-8, in practice far less.
    torch.testing.assert_close(total.double(), expected, rtol=1e-5, atol=1e-6)


@pytest.mark.gpu
@some_settings
def test_twins_agree_on_the_gpu(record, setting):
    arguments = draw(record, 8, weighted=True) | setting
    assert_twins_agree(record, arguments, torch.float64, device="cuda")
