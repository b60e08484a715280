"""What happens at the ends: bytes, agreement, collapse, infinities, tensors without values.

The measures are relative errors as in `lossfns.conformance.measures`; None where a question does
not apply to a loss.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.autograd import forward_ad

from lossfns.auditing.draws import PER_CLASS, Arguments, draw
from lossfns.auditing.numbers import relative_error
from lossfns.conformance.arguments import (
    array_of,
    numpy_loss,
    to_numpy,
    to_torch,
    torch_loss,
    torch_value_and_grads,
)
from lossfns.conformance.measures import AGREEMENT, GRADIENT, VALUE, WIDER
from lossfns.records.record import Record

_BYTES = (np.uint8, np.int8, np.int16)
_MANY = 300  # classes, more than a byte holds


def small_label_error(record: Record) -> float | None:
    """Of labels in one or two bytes against the same in eight."""
    cases = list(_small_labels(record))
    errors = []
    for arguments, name, dtype in cases:
        expected = numpy_loss(record)(**arguments)
        small = arguments | {name: arguments[name].astype(dtype)}
        for twin in _both(record, torch.float64):
            actual = _or_refused(twin, small)
            errors.append(_error(actual, expected, VALUE[torch.float64].floor))
    return max(errors, default=None)


def _small_labels(record: Record) -> Iterator[tuple[Arguments, str, type[np.integer[Any]]]]:
    arguments = draw(record)
    labels = [n for n in ("target", "tokens") if n in arguments and arguments[n].dtype.kind == "i"]
    for name in labels:
        for dtype in _BYTES:
            yield arguments, name, dtype
        if "ignore_index" not in record.hyper:
            continue
        ignored = arguments[name].copy()
        ignored.flat[1] = 255
        yield arguments | {name: ignored, "ignore_index": 255}, name, np.uint8
        scores = arguments[record.wrt[0]]
        if record.item_axes == 1 and record.wrt[0] in ("logits", "scores", "probs"):
            classes = scores.shape[-1]
            filler = np.full((*scores.shape[:-1], _MANY - classes), 1 / (_MANY - classes))
            wide = np.concatenate([scores / 2, filler / 2], axis=-1)
            # -100 is 156 in a byte, and 255 is the last number that it holds.
            many = np.resize([156, 255, 3, 200], arguments[name].shape)
            more = {
                n: (*arguments[n], *[1.0] * (_MANY - classes)) for n in PER_CLASS if n in arguments
            }
            yield arguments | more | {record.wrt[0]: wide, name: many}, name, np.uint8


def wider_target_error(record: Record) -> float | None:
    """Of a float32 prediction with everything else in float64 against NumPy."""
    arrays = record.sample(np.random.default_rng(1), 8)
    first, *others = arrays
    if not any(arrays[name].dtype.kind == "f" for name in others):
        return None
    tensors = to_torch(draw(record))
    tensors[first] = tensors[first].float()
    value = torch_loss(record)(**tensors)
    return relative_error(array_of(value), numpy_loss(record)(**to_numpy(tensors)), WIDER.floor)


def agreement_error(record: Record) -> float | None:
    """Of float32 against float64 where target and prediction nearly agree.

    Infinite where the loss is negative although its formula is not.
    """
    arguments = draw(record)
    first, *others = record.sample(np.random.default_rng(1), 8)
    pred = arguments[first]
    if (
        not others
        or arguments[others[0]].dtype.kind != "f"
        or arguments[others[0]].shape != pred.shape
    ):
        return None
    if first == "log_probs" and record.item_axes:
        pred = np.exp(pred)
    elif first == "logits":
        pred = 1 / (1 + np.exp(-pred))
    # A thousandth of another item: still a distribution, a box, a positive number.
    near = 0.999 * pred + 0.001 * pred[::-1]
    how = "none" if "none" in record.reductions else "mean"
    arguments |= {others[0]: near, "reduction": how}
    try:
        expected = np.asarray(numpy_loss(record)(**arguments))
    except ValueError:  # labels of ±1, counts
        return None
    value = array_of(torch_loss(record)(**to_torch(arguments, torch.float32)))
    if np.any((value < 0) & (expected >= 0)):
        return float("inf")
    return relative_error(value, expected, AGREEMENT.floor)


def collapse_error(record: Record) -> float | None:
    """0, where a batch whose items are all the same costs no less than one that agrees; else more.

    Of losses that compare the items of a batch with each other, which collapse must not please.
    """
    arrays = record.sample(np.random.default_rng(1), 7)
    first, *others = arrays
    views = [n for n in others if arrays[n].shape == arrays[first].shape]
    if record.family != "metric" or not (record.coupled and views):
        return None
    errors = []
    for constant in (arrays[first][:1], np.full((1, arrays[first].shape[1]), 0.1)):
        collapsed = np.repeat(constant, 7, axis=0)
        for call in _both(record, torch.float32):
            low = call(**draw(record, 7) | dict.fromkeys([first, *views], arrays[first]))
            high = call(**draw(record, 7) | dict.fromkeys([first, *views], collapsed))
            # Written so that NaN, which is no less than anything, fails as well.
            errors.append(0.0 if high >= low else float(np.nan_to_num(low - high, nan=np.inf)))
    return max(errors)


def infinity_error(record: Record) -> float:
    """Of torch against NumPy for an infinite prediction; both may refuse it, and neither be NaN."""
    arguments = draw(record)
    name = record.wrt[0]
    errors = []
    for infinity in (np.inf, -np.inf):
        array = arguments[name].copy()
        array.flat[0] = infinity
        changed = arguments | {name: array}
        ours = _or_refused(numpy_loss(record).value_and_grad, changed)
        theirs = _or_refused(partial(_value_and_grad, record), changed)
        if ours is None or theirs is None:
            # A gradient that is NaN is refused by NumPy alone: torch is not asked for it.
            refused = theirs is None or bool(np.isnan(theirs[1]).any())
            errors.append(0.0 if ours is None and refused else float("inf"))
            continue
        errors.append(relative_error(theirs[0], ours[0], VALUE[torch.float64].floor))
        errors.append(relative_error(theirs[1], ours[1], GRADIENT[torch.float64].floor))
        if np.isnan(theirs[1]).any():
            return float("inf")
    return max(errors)


def fake_error(record: Record) -> float:
    """Whether value and gradient have the right shapes where tensors hold no values."""
    arguments = to_torch(draw(record, weighted=True), torch.float32)
    expected, slopes = torch_value_and_grads(record, arguments)
    with FakeTensorMode() as mode:
        fake = {n: mode.from_tensor(v) if torch.is_tensor(v) else v for n, v in arguments.items()}
        try:
            value, grads = torch_value_and_grads(record, fake)
        except RuntimeError:
            return float("inf")
    same = (value.shape, value.dtype) == (expected.shape, expected.dtype)
    return 0.0 if same and all(grads[n].shape == slopes[n].shape for n in grads) else float("inf")


def forward_error(record: Record) -> float:
    """Of the tangent of forward mode against the closed-form gradient along a direction."""
    arguments = draw(record, weighted=True)
    errors = []
    for name in record.wrt:
        direction = np.random.default_rng(2).uniform(-1, 1, arguments[name].shape)
        tensors = to_torch(arguments)
        with forward_ad.dual_level():
            tangent = torch.tensor(direction)
            tensors[name] = forward_ad.make_dual(tensors[name], tangent)  # type: ignore[no-untyped-call]
            value = torch_loss(record)(**tensors)
            tangent = forward_ad.unpack_dual(value).tangent  # type: ignore[no-untyped-call]
        slope = numpy_loss(record).grad(**arguments, wrt=name)
        expected = float((slope * direction).sum())
        floor = GRADIENT[torch.float64].floor * (1 + float(np.abs(slope).sum()))
        actual = np.nan if tangent is None else array_of(tangent)
        errors.append(relative_error(actual, expected, floor))
    return max(errors)


def _both(
    record: Record, dtype: torch.dtype
) -> tuple[Callable[..., Any], Callable[..., npt.NDArray[Any]]]:
    """The twins on NumPy's arguments, torch in a dtype."""

    def in_torch(**arguments: Any) -> npt.NDArray[Any]:
        return array_of(torch_loss(record)(**to_torch(arguments, dtype)))

    return numpy_loss(record), in_torch


def _value_and_grad(record: Record, **arguments: Any) -> tuple[Any, Any]:
    """Of the torch twin in float64, with respect to its first argument."""
    value, grads = torch_value_and_grads(record, to_torch(arguments))
    return array_of(value), array_of(grads[record.wrt[0]])


def _or_refused(call: Callable[..., Any], arguments: Arguments) -> Any:
    """What a call returns, or None where it raises the error of bad input."""
    try:
        return call(**arguments)
    except ValueError:
        return None


def _error(actual: Any, expected: Any, floor: float) -> float:
    return float("inf") if actual is None else relative_error(actual, expected, floor)
