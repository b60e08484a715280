"""Closed-form gradients against finite differences, and torch's autograd against its own checks."""

import numpy as np
import pytest
import torch
from library.cases import (
    draw,
    every_loss,
    every_reduction,
    numpy_loss,
    some_settings,
    to_torch,
    torch_loss,
    torch_value_and_grads,
    weighted,
)

import lossfns.numpy as ln
import lossfns.torch as lt
from lossfns.conformance.measures import CURVATURE, SLOPE, curvature_error, slope_error


@weighted
@every_reduction
def test_closed_form_gradient_is_the_slope_of_the_loss(record, setting, reduction, weighted):
    arguments = draw(record, 6, weighted) | setting | {"reduction": reduction}
    for name in record.wrt if not record.held else []:
        assert slope_error(record, arguments, name) <= SLOPE.error, name


@some_settings
def test_second_derivative_is_the_slope_of_the_closed_form_gradient(record, setting):
    if record.double_backward and not record.held:
        for name in record.wrt:
            error = curvature_error(record, draw(record, 6) | setting, name)
            assert error <= CURVATURE.error, name


@every_reduction
def test_value_and_grad_returns_both(record, setting, reduction):
    arguments = draw(record, 6) | setting | {"reduction": reduction}
    function = numpy_loss(record)
    value, grad = function.value_and_grad(**arguments)
    np.testing.assert_array_equal(value, function(**arguments))
    np.testing.assert_array_equal(grad, function.grad(**arguments))


@every_loss
def test_the_first_differentiable_argument_is_the_default(record):
    arguments = draw(record)
    default = numpy_loss(record).grad(**arguments)
    np.testing.assert_array_equal(default, numpy_loss(record).grad(**arguments, wrt=record.wrt[0]))
    assert record.wrt[0] == next(iter(arguments))


@weighted
@some_settings
def test_autograd_passes_gradcheck(record, setting, weighted):
    function, inputs = _of_differentiable(record, setting, weighted)
    assert record.held or torch.autograd.gradcheck(function, inputs)


@weighted
@some_settings
def test_second_derivative_passes_gradgradcheck(record, setting, weighted):
    function, inputs = _of_differentiable(record, setting, weighted)
    if record.double_backward:
        assert record.held or torch.autograd.gradgradcheck(function, inputs)
    else:
        assert record.why_not


def _of_differentiable(record, setting, weighted):
    arguments = to_torch(draw(record, 5, weighted) | setting)
    inputs = [arguments[name].requires_grad_() for name in record.wrt]

    def function(*values):
        leaves = dict(zip(record.wrt, values, strict=True))
        return torch_loss(record)(**{**arguments, **leaves})

    return function, inputs


# At a kink the gradient is the middle of the two slopes, in both twins.
KINKS = {
    "mae": (dict(pred=[1.0], target=[1.0]), 0.0),
    "huber": (dict(pred=[1.0], target=[0.0]), 1.0),
    "smooth_l1": (dict(pred=[1.0], target=[1.0], beta=0.0), 0.0),
    "quantile": (dict(pred=[1.0], target=[1.0], q=0.9), 0.5 - 0.9),
    "mape": (dict(pred=[2.0], target=[2.0]), 0.0),
    "laplace_nll": (dict(pred=[1.0], target=[1.0], scale=[2.0]), 0.0),
    "rmse": (dict(pred=[1.0], target=[1.0]), 0.0),
    "log_cosh": (dict(pred=[1.0], target=[1.0]), 0.0),
    "pseudo_huber": (dict(pred=[1.0], target=[1.0]), 0.0),
    # σ(0) = ½ is the margin: flat below, and above it falls as ln(1 - p) does, by p(1 - p).
    "asymmetric": (dict(logits=[0.0], target=[0.0], gamma_neg=0.0, margin=0.5), 0.125),
    "general_robust": (dict(pred=[1.0], target=[1.0], alpha=0.0), 0.0),
}


@pytest.mark.parametrize("name", KINKS)
def test_gradient_at_a_singular_point_is_the_middle_of_the_slopes(name):
    arguments, expected = KINKS[name]
    arrays = {n: np.array(v) if isinstance(v, list) else v for n, v in arguments.items()}
    assert getattr(ln, name).grad(**arrays).tolist() == pytest.approx([expected])
    tensors = to_torch(arrays)
    pred = tensors.pop(next(iter(tensors))).requires_grad_()
    getattr(lt, name)(pred, **tensors).backward()
    assert pred.grad.tolist() == pytest.approx([expected])


@pytest.mark.parametrize("alpha", [1e-12, 1e-9, 1e-6])
def test_gradient_of_general_robust_is_continuous_at_alpha_0(alpha):
    pred, target = np.linspace(-5, 5, 11), np.zeros(11)
    near = ln.general_robust.grad(pred, target, alpha=alpha)
    # The loss changes with alpha at a rate of order 1 here.
    np.testing.assert_allclose(
        near, ln.general_robust.grad(pred, target, alpha=0.0), atol=10 * alpha
    )


@every_loss
def test_gradients_are_float64_in_numpy_and_of_the_inputs_dtype_in_torch(record):
    arrays = draw(record)
    assert numpy_loss(record).grad(**arrays).dtype == np.float64
    for dtype in (torch.float16, torch.bfloat16, torch.float32, torch.float64):
        _, grads = torch_value_and_grads(record, to_torch(arrays, dtype))
        assert {grad.dtype for grad in grads.values()} == {dtype}


def test_gradient_of_crps_is_finite_for_a_forecast_far_too_sure():
    """An error of 1 at a standard deviation of 1e-20: the loss is |e|, and flat in std."""
    pred, std = torch.ones(1, requires_grad=True), torch.full((1,), 1e-20, requires_grad=True)
    value = lt.gaussian_crps(pred, torch.zeros(1), std=std)
    grads = torch.autograd.grad(value, [pred, std])
    assert value.item() == 1
    # d/dstd is 2 φ(z) - 1/√π, and φ is 0 there.
    assert [grad.item() for grad in grads] == pytest.approx([1, -(np.pi**-0.5)])
