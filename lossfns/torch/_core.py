"""What every PyTorch loss shares: dtype promotion, input checks and the reduction.

Checks of shape, dtype, device and hyper-parameters run everywhere. Checks that must read values
run for CPU tensors in eager mode; on a GPU they would wait for the device, and under
`torch.compile` or `torch.func.vmap` they cannot run: there, `validate=True` asks for them.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any, TypeVar, cast

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch._subclasses.fake_tensor import FakeTensor

from lossfns._arguments import (
    REDUCTIONS,
    Reduction,
    blame_not_finite,
    bounded,
    excess_near_0,
    leading_axes,
    one_of,
    same_shapes,
)

F = TypeVar("F", bound=Callable[..., Tensor])
G = TypeVar("G", bound=Callable[..., Any])


def loss(twin: Callable[..., Any] | None = None) -> Callable[[F], F]:
    """Finish a torch loss: name the argument that made it NaN, and inherit the twin's docstring."""

    def decorate(function: F) -> F:
        @functools.wraps(function)
        def checked(*args: Any, **kwargs: Any) -> Tensor:
            value = function(*args, **kwargs)
            if reads_values(value, kwargs.get("validate", False)) and has_nan(value):
                bound = inspect.signature(function).bind(*args, **kwargs).arguments
                blame_not_finite("the loss", [(n, a) for n, v in bound.items() for a in _arrays(v)])
            return value

        return cast(F, checked if twin is None else documented(twin)(checked))

    return decorate


def documented(twin: Callable[..., Any]) -> Callable[[G], G]:
    """Inherit the docstring of the NumPy twin, up to its example.

    The documentation of the mathematics is written once; the torch function's own docstring holds
    what differs, with its example.
    """

    def decorate(function: G) -> G:
        theory = (inspect.getdoc(twin) or "").partition("\nExample:")[0]
        function.__doc__ = f"{theory}\n{inspect.getdoc(function)}\n"
        return function

    return decorate


def reduced(
    losses: Tensor,
    reduction: Reduction,
    weight: Tensor | None = None,
    *,
    mass: Tensor | None = None,
    items: float | Tensor | None = None,
) -> Tensor:
    """Reduce un-weighted losses; `mean` is Σ w·l / Σ w·m, and 0 where nothing counts.

    Args:
        losses: one loss per item.
        reduction: "none", "mean" or "sum".
        weight: of each item, from `paired`, in a shape that broadcasts to the losses.
        mass: m, what an item adds to the denominator of the mean; 1 unless classes are weighted.
        items: > 0, the denominator itself, where it is not what these losses add up to.
    """
    one_of("reduction", reduction, REDUCTIONS)
    if weight is not None:
        losses = losses * weight
    if reduction == "none":
        return losses
    if reduction == "mean" and items is None and weight is None and mass is None:
        return losses.mean() if losses.numel() else losses.sum()
    total = losses.sum()
    if reduction == "sum":
        return total
    if items is not None:
        return total / items
    each = losses.new_ones(())
    for share in (weight, mass):
        each = each if share is None else each * share
    counted = each.expand(losses.shape).sum()
    return total / torch.where(counted > 0, counted, 1)


def by_kernel(
    kernel: Callable[..., Tensor],
    pred: Tensor,
    target: Tensor,
    reduction: Reduction,
    weight: Tensor | None,
    **settings: Any,
) -> Tensor:
    """What `reduced` makes of the losses of one of PyTorch's own kernels.

    Where nothing is weighted it reduces them itself, in half the time. Of an empty batch its mean
    would be NaN.
    """
    one_of("reduction", reduction, REDUCTIONS)
    if weight is None and pred.numel():
        return kernel(pred, target, reduction=reduction, **settings)
    return reduced(kernel(pred, target, reduction="none", **settings), reduction, weight)


def paired(sample_weight: Any, *, validate: bool = False, **tensors: Any) -> tuple[Any, ...]:
    """Check tensors that must agree in shape and device; return them in the compute dtype.

    The first is the prediction: it must be floating point. Items of weight 0 are replaced by a
    harmless 0.5 everywhere, so that a NaN in a masked item reaches neither value nor gradient.
    """
    values = together(**tensors)
    agree_in_shape(tensors, values)
    if sample_weight is None:
        return (*values, None)
    pred = values[0]
    weight = item_weight(sample_weight, pred, pred.shape, validate)
    return (*(torch.where(weight == 0, 0.5, value) for value in values), weight)


def agree_in_shape(names: Iterable[str], values: Sequence[Tensor]) -> None:
    """Demand equal shapes."""
    shape = values[0].shape
    for value in values:
        if value.shape != shape:
            same_shapes({n: tuple(v.shape) for n, v in zip(names, values, strict=True)})


def item_weight(
    sample_weight: Any,
    like: Tensor,
    shape: tuple[int, ...],
    validate: bool = False,
    hint: str = "",
) -> Tensor:
    """Check the weights against the shape of the losses; trailing axes of length 1 are added."""
    weight = companion("sample_weight", sample_weight, like)
    leading_axes("sample_weight", tuple(weight.shape), tuple(shape), hint)
    within("sample_weight", weight, low=0.0, validate=validate)
    return weight.reshape(*weight.shape, *(1,) * (len(shape) - weight.dim()))


def compute_dtype(name: str, value: Any) -> Tensor:
    """Demand a floating-point tensor; float16 and bfloat16 become float32."""
    value = tensor(name, value)
    if not value.is_floating_point():
        raise TypeError(
            f"{name} must be floating point, got {value.dtype}: predictions are real numbers; "
            f"convert with {name}.float() if yours are meant to be"
        )
    return value.float() if value.dtype.itemsize < 4 else value


def together(floating: Collection[str] = (), **tensors: Any) -> list[Tensor]:
    """Demand real tensors on one device; return them in the widest of their dtypes.

    That is float32 at least, also for half precision, and float64 where one of them is: rounded to
    a float32 prediction, a float64 target would be another target.

    Args:
        floating: names of those that must be floating point besides the first, the prediction.
        tensors: the prediction, and what it is computed with.
    """
    values: list[Tensor] = []
    dtype, alike = torch.float32, True
    for name, given in tensors.items():
        if not values:
            value = compute_dtype(name, given)
            dtype = value.dtype
        else:
            if name in floating:
                compute_dtype(name, given)
            value = real(name, given, values[0])
            if value.dtype is not dtype:
                alike = False
                if value.is_floating_point():
                    dtype = torch.promote_types(dtype, value.dtype)
        values.append(value)
    return values if alike else [value.to(dtype) for value in values]


def real(name: str, value: Any, like: Tensor) -> Tensor:
    """Demand a real tensor on the prediction's device."""
    value = tensor(name, value)
    if value.is_complex():
        raise TypeError(f"{name} must hold real numbers, got dtype {value.dtype}")
    same_device(name, value, like)
    return value


def companion(name: str, value: Any, like: Tensor) -> Tensor:
    """Demand a real tensor, such as weights; return it in the dtype of the computation."""
    return real(name, value, like).to(like.dtype)


def product(a: Tensor, b: Tensor) -> Tensor:
    """Matrix product in the precision of its factors, which autocast would round to half."""
    with unrounded(a):
        return a @ b


def unrounded(like: Tensor) -> AbstractContextManager[Any]:
    """Switch autocast off on the device of a tensor."""
    if not torch.amp.is_autocast_available(like.device.type):
        return nullcontext()
    return torch.autocast(like.device.type, enabled=False)


def autocast(like: Tensor) -> bool:
    """Whether autocast is on for the device of a tensor."""
    return torch.is_autocast_enabled(like.device.type)


def positive_part(x: Tensor) -> Tensor:
    """max(0, x); `maximum` shares the gradient at the tie, where `relu` and `clamp` take a side."""
    return torch.maximum(x, x.new_zeros(()))


def excess(x: Tensor) -> Tensor:
    """e^x - 1 - x ≥ 0, the exponential less its tangent: about x²/2 near 0, with every digit."""
    near = x.abs() < 0.125
    # Where it is not taken the series is given 0, and its powers cannot overflow.
    series: Tensor = excess_near_0(torch.where(near, x, 0))
    return torch.where(near, series, torch.expm1(x) - x)


def tensor(name: str, value: Any) -> Tensor:
    """Demand an ordinary tensor."""
    if not isinstance(value, Tensor):
        raise TypeError(f"{name} must be a torch.Tensor, got {type(value).__name__}")
    if value.layout != torch.strided or value.is_nested:
        kind = "nested" if value.is_nested else "sparse"
        cure = "pad it, with sample_weight 0" if value.is_nested else f"pass {name}.to_dense()"
        raise TypeError(f"{name} must be a dense tensor, got a {kind} one; {cure}")
    return value


def with_values(name: str, value: Any) -> Tensor:
    """Demand a tensor that holds values: what is read from them has no shape of its own."""
    value = tensor(name, value)
    if value.is_meta:
        raise ValueError(f"{name} is on the device meta, where tensors have shapes but no values")
    return value


def same_device(name: str, value: Tensor, like: Tensor) -> None:
    if value.device != like.device:
        raise ValueError(f"{name} is on {value.device}, but the prediction is on {like.device}")


def reads_values(value: Tensor, validate: bool = False) -> bool:
    """Whether checks may look at the values: always when asked to, else where it costs nothing."""
    if isinstance(value, FakeTensor) or value.is_meta:  # shape and dtype without any values
        return False
    return validate or (
        value.is_cpu
        and not torch.compiler.is_compiling()
        # A trace would keep what it saw as a constant.
        and not traced()
        # Inside vmap a tensor stands for many and has no one truth value.
        and not transformed()
    )


def has_nan(value: Tensor) -> bool:
    """Whether there is a NaN; only where values may be read."""
    # One number says it for all; but infinities of both signs add up to NaN as well.
    total = (value.detach().sum() if value.dim() else value).item()
    return total != total and bool(value.isnan().any())


def traced() -> bool:
    """Whether `torch.jit.trace` records what is being computed."""
    return bool(torch._C._get_tracing_state())


def transformed() -> bool:
    """Whether `torch.func` transforms what is being computed."""
    return bool(torch._C._are_functorch_transforms_active())


def within(
    name: str, value: Tensor, *, validate: bool = False, **limits: Any
) -> tuple[float, float] | None:
    """Demand that every value lies within the limits of `bounded`, where values may be read.

    Returns:
        The smallest and the largest value; None where they were not read.
    """
    extremes = extremes_of(value, validate)
    if extremes:
        bounded(name, *extremes, **limits)
    return extremes


def extremes_of(value: Tensor, validate: bool = False) -> tuple[float, float] | None:
    """The smallest and the largest value; None where values may not be read, or there are none."""
    if not reads_values(value, validate) or not value.numel():
        return None
    value = value.detach()
    # Of many numbers amin and amax are faster, of few one operation.
    smallest, largest = (
        torch.aminmax(value) if value.numel() < 2**16 else (value.amin(), value.amax())
    )
    return smallest.item(), largest.item()


def _arrays(argument: Any) -> Iterator[npt.NDArray[Any]]:
    """The numbers that an argument holds, on the CPU; nothing for a text or None."""
    if isinstance(argument, Tensor):
        argument = argument.detach()
        argument = argument.double() if argument.is_floating_point() else argument
        yield argument.numpy(force=True)
    elif isinstance(argument, (list, tuple)):
        for one in argument:
            yield from _arrays(one)
    elif isinstance(argument, (int, float)):
        yield np.asarray(argument)
