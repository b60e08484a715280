"""The two twins give the same numbers, in every dtype and on every device."""

import numpy as np
import pytest
import torch
from library.cases import (
    draw,
    every_loss,
    every_reduction,
    every_setting,
    numpy_loss,
    some_settings,
    to_torch,
    torch_loss,
    torch_value_and_grads,
    weighted,
)


def assert_twins_agree(record, arguments, dtype, rtol, atol, grad_rtol, device="cpu"):
    tensors = to_torch(arguments, dtype, device)
    # NumPy gets exactly what the tensors hold after rounding, and decides what is right.
    rounded = {
        name: np.asarray(value.cpu().double() if value.is_floating_point() else value.cpu())
        if isinstance(value, torch.Tensor)
        else value
        for name, value in tensors.items()
    }
    value, grads = torch_value_and_grads(record, tensors)
    assert value.device.type == device
    expected = numpy_loss(record)(**rounded)
    np.testing.assert_allclose(value.cpu().double().numpy(), expected, rtol, atol)
    for name, grad in grads.items():
        expected = numpy_loss(record).grad(**rounded, wrt=name)
        # Roundings of the largest terms remain where they cancel.
        size = max(1.0, np.abs(expected).max(initial=0.0))
        np.testing.assert_allclose(
            grad.cpu().double().numpy(), expected, grad_rtol, atol * size, err_msg=name
        )
    return value


@weighted
@every_reduction
def test_twins_agree_in_float64(record, setting, reduction, weighted):
    arguments = draw(record, 8, weighted) | setting | {"reduction": reduction}
    # A few dozen roundings of 1e-16.
    assert_twins_agree(record, arguments, torch.float64, 1e-12, 1e-13, 1e-12)


@weighted
@every_reduction
def test_twins_agree_in_float32(record, setting, reduction, weighted):
    arguments = draw(record, 8, weighted) | setting | {"reduction": reduction}
    # The same roundings of 6e-8; differences such as ŷ - y lose up to a digit more.
    assert_twins_agree(record, arguments, torch.float32, 2e-5, 2e-6, 2e-5)


@pytest.mark.parametrize("dtype, eps", [(torch.float16, 2**-11), (torch.bfloat16, 2**-8)])
@every_setting
def test_half_precision_is_computed_in_float32(record, setting, dtype, eps):
    arguments = draw(record, 8, weighted=True) | setting
    # Only the gradient is rounded to half precision; the loss is as exact as in float32.
    value = assert_twins_agree(record, arguments, dtype, 2e-5, 2e-6, 2 * eps)
    assert value.dtype == torch.float32


@every_loss
def test_half_precision_inputs_are_not_computed_in_half_precision(record):
    """A thousand items: a half-precision sum would lose the small ones."""
    arrays = draw(record, 1000)
    half = to_torch(arrays, torch.bfloat16)
    exact = {n: t.double() if t.is_floating_point() else t for n, t in half.items()}
    total = torch_loss(record)(**half)
    expected = torch_loss(record)(**exact)
    # A sum of 1000 in float32 loses at most some 1000 · 6e-8, in practice far less.
    torch.testing.assert_close(total.double(), expected, rtol=1e-5, atol=1e-6)


@pytest.mark.gpu
@some_settings
def test_twins_agree_on_the_gpu(record, setting):
    arguments = draw(record, 8, weighted=True) | setting
    assert_twins_agree(record, arguments, torch.float64, 1e-12, 1e-13, 1e-12, device="cuda")
