"""How far a loss is from what it should be: one number a question, for the tests and the book.

An error is relative: the largest of |actual - expected| / (|expected| + floor) over all entries.
The floor keeps a number near 0 from being asked for digits that its terms do not have; with
`floor = atol / rtol` an error of at most rtol is NumPy's `assert_allclose(rtol, atol)`.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from lossfns.auditing.draws import Setting, draw, leading, reordered
from lossfns.auditing.numbers import Tolerance, finite_differences, relative_error
from lossfns.conformance.arguments import (
    array_of,
    both_twins,
    numpy_loss,
    to_numpy,
    to_torch,
    torch_loss,
    torch_value_and_grads,
)
from lossfns.conformance.peers import TORCH
from lossfns.records.record import Record

# A few dozen roundings: of 1e-16 in float64, of 6e-8 in float32, in which half precision is
# computed too. Differences such as ŷ - y lose up to a digit more.
VALUE = {
    torch.float64: Tolerance(1e-12, 0.1),
    torch.float32: Tolerance(2e-5, 0.1),
    torch.float16: Tolerance(2e-5, 0.1),
    torch.bfloat16: Tolerance(2e-5, 0.1),
}
# A gradient in half precision is rounded to it in the end, by up to half of its last digit (2^-11
# and 2^-8), and roundings of the largest terms remain where they cancel.
GRADIENT = {
    torch.float64: Tolerance(1e-12, 0.1),
    torch.float32: Tolerance(2e-5, 0.1),
    torch.float16: Tolerance(2 * 2**-11, 2e-6 / (2 * 2**-11)),
    torch.bfloat16: Tolerance(2 * 2**-8, 2e-6 / (2 * 2**-8)),
}
# A central difference is off by step² of the third derivative and by eps/step of the loss.
SLOPE = Tolerance(1e-6, 1e-2)
# The same, for a difference of gradients.
CURVATURE = Tolerance(1e-6, 1e-2)
# What torch.testing allows between two computations in float64.
PEER = Tolerance(1e-7, 1.0)
# Roundings of float32; where two large terms cancel (a triplet's distances), a digit more.
FAR = Tolerance(1e-4, 0.1)
# The same sum in another order, or divided by another sum of weights: a few roundings.
SAME = Tolerance(1e-13, 1e-2)
# A target in float64 is rounded by up to 6e-8 if it is turned into float32, which must not happen.
WIDER = Tolerance(1e-9, 0.1)
# Gaps of a thousandth keep five of float32's eight digits, and their squares one less; below 1e-9
# there is nothing to be right about.
AGREEMENT = Tolerance(1e-2, 1e-9)
# The empty batch: nothing to round.
EXACT = Tolerance(0.0, 1.0)


def _largest(gradient: npt.NDArray[Any]) -> float:
    """The scale on which the entries of a gradient are rounded."""
    return max(1.0, float(np.abs(gradient).max(initial=0.0)))


def twin_errors(
    record: Record, arguments: Mapping[str, Any], dtype: torch.dtype, device: str = "cpu"
) -> tuple[float, float]:
    """Of torch's value against NumPy's, and of autograd's gradients against the closed form.

    NumPy gets exactly what the tensors hold after rounding, and decides what is right.
    """
    tensors = to_torch(arguments, dtype, device)
    rounded = to_numpy(tensors)
    value, grads = torch_value_and_grads(record, tensors)
    assert value.device.type == device
    in_value = relative_error(
        array_of(value), numpy_loss(record)(**rounded), floor=VALUE[dtype].floor
    )
    in_grads = [0.0]
    for name, grad in grads.items():
        expected = numpy_loss(record).grad(**rounded, wrt=name)
        floor = GRADIENT[dtype].floor * _largest(expected)
        in_grads.append(relative_error(array_of(grad), expected, floor))
    return in_value, max(in_grads)


def slope_error(record: Record, arguments: Mapping[str, Any], name: str) -> float:
    """Of the closed-form gradient against finite differences."""
    slope = finite_differences(numpy_loss(record), arguments, name)
    scale = 1 + float(np.abs(slope).max())
    gradient = numpy_loss(record).grad(**arguments, wrt=name)
    return relative_error(gradient, slope, SLOPE.floor * scale)


def curvature_error(
    record: Record, arguments: Mapping[str, Any], name: str, step: float = 1e-6
) -> float:
    """Of torch's second derivative along a direction against differences of NumPy's gradient."""
    direction = np.random.default_rng(2).uniform(-1, 1, arguments[name].shape)
    ends = [
        numpy_loss(record).grad(**{**arguments, name: arguments[name] + h * direction}, wrt=name)
        for h in (step, -step)
    ]
    expected = (ends[0] - ends[1]) / (2 * step)
    tensors = to_torch(arguments)
    leaf = tensors[name].requires_grad_()
    (gradient,) = torch.autograd.grad(torch_loss(record)(**tensors).sum(), leaf, create_graph=True)
    along = torch.zeros_like(leaf)
    if gradient.requires_grad:  # it is constant for MAE and the like
        slope = (gradient * torch.tensor(direction)).sum()
        (along,) = torch.autograd.grad(slope, leaf, allow_unused=True, materialize_grads=True)
    scale = 1 + float(max(np.abs(expected).max(), np.abs(ends[0]).max()))
    return relative_error(array_of(along), expected, CURVATURE.floor * scale)


def peer_error(record: Record, setting: Setting, reduction: str) -> float | None:
    """Of value and gradient against torch's own, where it has the loss."""
    arguments = to_torch(draw(record) | setting)
    own = {n: v.clone().requires_grad_() if n in record.wrt else v for n, v in arguments.items()}
    theirs = TORCH[record.name](**own, reduction=reduction) if record.name in TORCH else None
    if theirs is None:
        return None
    value, grads = torch_value_and_grads(record, arguments, reduction=reduction)
    assert value.dtype == theirs.dtype
    error = relative_error(array_of(value), array_of(theirs), PEER.floor)
    if record.name == "entropy":  # torch normalises the rows, and differentiates that
        return error
    name = record.wrt[0]
    (their_grad,) = torch.autograd.grad(theirs.sum(), own[name])
    return max(error, relative_error(array_of(grads[name]), array_of(their_grad), PEER.floor))


def far_out(record: Record) -> list[dict[str, Any]]:
    """Arguments with extreme predictions: a thousand times the usual ones, or certain ones.

    Logits of one item also of ±10,000: a sum over the frames of a sequence would leave no digits
    of their differences. None, where a prediction cannot be extreme: the log-probabilities of
    distributions.
    """
    arguments = draw(record)
    name = record.wrt[0]
    pred = arguments[name]
    if name == "probs":
        distributions = record.item_axes and np.allclose(pred.sum(-1), 1)
        certain = np.eye(pred.shape[-1])[pred.argmax(-1)] if distributions else np.round(pred)
        return [arguments | {name: certain}]
    if name == "log_probs" and record.item_axes:
        return []
    every = [1e3 * pred]
    if name.endswith(("logits", "scores")) and record.item_axes < 2:
        every.append(1e4 * np.sign(pred))
    return [arguments | {name: extreme} for extreme in every]


def far_error(record: Record) -> float | None:
    """Of float32 against float64 for extreme predictions; infinite where either is NaN."""
    return max((_far_error(record, arguments) for arguments in far_out(record)), default=None)


def _far_error(record: Record, arguments: Mapping[str, Any]) -> float:
    tensors = to_torch(arguments, torch.float32)
    value, grads = torch_value_and_grads(record, tensors)
    rounded = to_numpy(tensors)
    with np.errstate(over="ignore"):  # beyond the range of float32 the right answer is inf
        expected = np.float32(numpy_loss(record)(**rounded))
        slopes = {n: np.float32(numpy_loss(record).grad(**rounded, wrt=n)) for n in record.wrt}
    if np.isnan(expected) or any(np.isnan(slope).any() for slope in slopes.values()):
        return float("inf")
    errors = [relative_error(array_of(value), expected, FAR.floor)]
    for name, slope in slopes.items():
        finite = np.abs(slope)[np.isfinite(slope)]
        floor = FAR.floor * _largest(finite)
        errors.append(relative_error(array_of(grads[name]), slope, floor))
    return max(errors)


def absence_error(
    record: Record, setting: Setting, reduction: str, poison: float = float("nan")
) -> float:
    """Of a batch with a poisoned item of weight 0 against the batch without it."""
    arrays = draw(record)
    weight = np.linspace(0.5, 2.0, 8)
    weight[3] = 0
    poisoned = leading(arrays, np.copy)
    for value in poisoned.values():
        if isinstance(value, np.ndarray) and value.dtype.kind == "f":
            value[3] = poison
    kept = leading(arrays | {"sample_weight": weight}, lambda array: np.delete(array, 3, axis=0))
    options = setting | {"reduction": reduction}
    with_hole = both_twins(record, poisoned | options | {"sample_weight": weight})
    errors = []
    for (value, grads), (expected, slopes) in zip(
        with_hole, both_twins(record, kept | options), strict=True
    ):
        errors.append(relative_error(value, expected, SAME.floor))
        for name, grad in grads.items():
            if np.any(grad[3] != 0):
                return float("inf")
            errors.append(relative_error(np.delete(grad, 3, axis=0), slopes[name], SAME.floor))
    return max(errors)


def order_error(record: Record, setting: Setting, order: npt.NDArray[np.int64]) -> float:
    """Of a batch against the same items in another order."""
    arguments = draw(record, weighted=True)
    errors = []
    for (value, grads), (expected, slopes) in zip(
        both_twins(record, reordered(record, arguments, order) | setting),
        both_twins(record, arguments | setting),
        strict=True,
    ):
        errors.append(relative_error(value, expected, SAME.floor))
        for name, grad in grads.items():
            moved = reordered(record, {name: slopes[name]}, order)[name]
            errors.append(relative_error(grad, moved, SAME.floor))
    return max(errors)


def emptiness_error(record: Record, setting: Setting, reduction: str) -> float | None:
    """Of an empty batch, whose loss is 0 and whose gradient is empty; None, where it is refused."""
    if record.fewest:
        return None
    arrays = draw(record, 0)
    errors = []
    for value, grads in both_twins(record, arrays | setting | {"reduction": reduction}):
        errors.append(relative_error(value, 0.0, EXACT.floor))
        for name, grad in grads.items():
            errors.append(relative_error(grad, np.zeros(arrays[name].shape), EXACT.floor))
    return max(errors)
