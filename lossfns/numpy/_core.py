"""What every NumPy loss shares: the `.grad` contract, the reduction and the input checks.

A loss is written once, as a function that checks its inputs, computes the un-reduced losses and
hands them to `reduced` together with the closed-form slope of each differentiable argument. The
`loss` decorator turns it into a function that returns the value and carries `.grad` and
`.value_and_grad`.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any, NamedTuple, NoReturn, ParamSpec, Protocol, cast

import numpy as np
import numpy.typing as npt

from lossfns._arguments import (
    REDUCTIONS,
    Reduction,
    blame_not_finite,
    bounded,
    excess_near_0,
    leading_axes,
    one_of,
    same_shapes,
    slices,
)

Array = npt.NDArray[np.float64]
Value = float | Array
P = ParamSpec("P")

# Numbers that fit the cache with what is computed from them.
_SLICE = 2**13


class Evaluation(NamedTuple):
    """The value of a loss and, for each differentiable argument, a way to compute its gradient."""

    value: Value
    gradients: dict[str, Callable[[], Array]]


class Loss(Protocol[P]):
    """A loss function: call it for the value, `.grad` for the gradient of that value."""

    __name__: str

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> Any: ...

    def grad(self, *args: Any, wrt: str | None = None, **kwargs: Any) -> Array:
        """Gradient of the reduced loss with respect to the first argument, or the one named."""

    def value_and_grad(
        self, *args: Any, wrt: str | None = None, **kwargs: Any
    ) -> tuple[Value, Array]:
        """Both, computed together."""


def loss(evaluate: Callable[P, Evaluation]) -> Loss[P]:
    """Make a loss of a function that returns an `Evaluation`."""

    def evaluated(*args: Any, **kwargs: Any) -> Evaluation:
        with np.errstate(all="ignore"):
            result = evaluate(*args, **kwargs)
            if _holds_nan(result.value):
                blame("the loss", args, kwargs)
        return result

    @functools.wraps(evaluate, assigned=["__module__", "__name__", "__qualname__", "__doc__"])
    def value(*args: Any, **kwargs: Any) -> Value:
        return evaluated(*args, **kwargs).value

    def value_and_grad(*args: Any, wrt: str | None = None, **kwargs: Any) -> tuple[Value, Array]:
        result = evaluated(*args, **kwargs)
        name = next(iter(result.gradients)) if wrt is None else wrt
        one_of("wrt", name, result.gradients)
        with np.errstate(all="ignore"):
            gradient = result.gradients[name]()
            if _holds_nan(gradient):
                blame(f"the gradient with respect to {name}", args, kwargs)
        return result.value, gradient

    def grad(*args: Any, wrt: str | None = None, **kwargs: Any) -> Array:
        return value_and_grad(*args, wrt=wrt, **kwargs)[1]

    def blame(result: str, args: Any, kwargs: Any) -> NoReturn:
        given = inspect.signature(evaluate).bind(*args, **kwargs).arguments.items()
        arrays = [(name, np.asarray(value)) for name, value in given if value is not None]
        blame_not_finite(result, arrays)

    for function, returned in ((grad, Array), (value_and_grad, tuple[Value, Array])):
        name = function.__name__
        function.__doc__ = getattr(Loss, name).__doc__
        function.__qualname__ = f"{evaluate.__name__}.{name}"
        functools.update_wrapper(function, evaluate, assigned=["__module__"], updated=[])
        _sign(function, evaluate, returned)
        setattr(value, name, function)
    _sign(value, evaluate, Value)
    return cast(Loss[P], value)


def _sign(function: Any, like: Callable[..., Any], returned: Any) -> None:
    """Show the arguments of another function, then a function's own, and what it returns."""
    own = inspect.signature(function, follow_wrapped=False)
    more = [p for p in own.parameters.values() if p.kind is p.KEYWORD_ONLY]
    parameters = [*inspect.signature(like).parameters.values(), *more]
    function.__signature__ = own.replace(parameters=parameters)
    function.__annotations__ = {p.name: p.annotation for p in parameters} | {"return": returned}


def reduced(
    losses: Array,
    reduction: Reduction,
    weight: Array | None = None,
    /,
    *,
    mass: Array | None = None,
    items: float | None = None,
    axis: int | None = None,
    **slopes: Callable[[], Array],
) -> Evaluation:
    """Reduce un-weighted losses, and chain their slopes through the same reduction.

    `mean` is Σ w·l / Σ w·m over the items that count; an empty sum divided by nothing is 0.

    Args:
        losses: one loss per item.
        reduction: "none", "mean" or "sum".
        weight: of each item, from `paired`, in a shape that broadcasts to the losses.
        mass: m, what an item adds to the denominator of the mean; 1 unless classes are weighted.
        items: > 0, the denominator itself, where it is not what these losses add up to.
        axis: where the classes, last in the slopes, belong in the gradient.
        slopes: for each differentiable argument, a function that gives d(loss)/d(argument), in the
            shape of the losses or with further axes at the end.
    """
    one_of("reduction", reduction, REDUCTIONS)
    share = np.ones(()) if weight is None else weight
    weighted = losses if weight is None else losses * weight
    value: Value
    if reduction == "none":
        value = weighted + 0.0  # a loss of -0.0 reads badly
    elif reduction == "sum":
        value = float(weighted.sum()) + 0.0
    else:
        each = share if mass is None else share * mass
        # Broadcast to the losses, every entry of it counts equally often.
        total = float(each.sum()) * losses.size / max(each.size, 1) if items is None else items
        share = share / total if total > 0 else np.zeros_like(share)
        value = float(weighted.sum() / total) + 0.0 if total > 0 else 0.0
    chain = functools.partial(_chain, share=share, axis=axis)
    return Evaluation(value, {name: functools.partial(chain, s) for name, s in slopes.items()})


def in_slices(
    core: Callable[..., tuple[Array, Callable[[], Array]]], *inputs: Array
) -> tuple[Array, Callable[[], Array]]:
    """What an element-wise core makes of arrays of one shape: the losses, and the slope.

    It is given slices that fit the cache. Of the whole it would write each step to new memory,
    which takes longer than to compute the losses once more for the slope.
    """
    first = inputs[0]
    if first.size <= _SLICE:
        return core(*inputs)
    flat = [one.reshape(-1) for one in inputs]
    parts = slices(first.size, _SLICE, 1)
    losses = np.empty(first.size)
    for part in parts:
        losses[part] = core(*(one[part] for one in flat))[0]

    def slope() -> Array:
        slopes = np.empty(first.size)
        for part in parts:
            slopes[part] = core(*(one[part] for one in flat))[1]()
        return slopes.reshape(first.shape)

    return losses.reshape(first.shape), slope


def _chain(slope: Callable[[], Array], share: Array, axis: int | None) -> Array:
    values = slope()
    if share.ndim:
        share = share.reshape(share.shape + (1,) * (values.ndim - share.ndim))
    gradient = values * share
    return gradient if axis is None else np.moveaxis(gradient, -1, axis)


def paired(sample_weight: Any, **arrays: Any) -> tuple[Any, ...]:
    """Check arrays that must agree in shape, and return them as float64 with the weights.

    The first is the prediction and must be floating point. Items of weight 0 are replaced by a
    harmless 0.5 everywhere, so that a NaN in a masked item reaches neither value nor gradient.
    """
    values = [real(name, array, floating=i == 0) for i, (name, array) in enumerate(arrays.items())]
    same_shapes({name: value.shape for name, value in zip(arrays, values, strict=True)})
    if sample_weight is None:
        return (*values, None)
    weight = item_weight(sample_weight, values[0].shape)
    return (*(np.where(weight == 0, 0.5, value) for value in values), weight)


def item_weight(sample_weight: Any, shape: tuple[int, ...], hint: str = "") -> Array:
    """Check the weights against the shape of the losses; trailing axes of length 1 are added."""
    weight = real("sample_weight", sample_weight)
    leading_axes("sample_weight", weight.shape, shape, hint)
    within("sample_weight", weight, low=0.0)
    return weight.reshape(weight.shape + (1,) * (len(shape) - weight.ndim))


def real(name: str, value: Any, *, floating: bool = False) -> Array:
    """Convert to float64, or say what is wrong; `floating` refuses integers."""
    array = as_array(name, value)
    if array.dtype.kind not in "fiub":
        raise TypeError(f"{name} must hold real numbers, got dtype {array.dtype}")
    if floating and array.dtype.kind != "f" and array.size:
        raise TypeError(
            f"{name} must be floating point, got {array.dtype}: predictions are real numbers; "
            f"convert with np.asarray({name}, float) if yours are meant to be"
        )
    return array.astype(np.float64, copy=False)


def as_array(name: str, value: Any) -> npt.NDArray[Any]:
    """Convert to an array of whatever dtype; ragged lists are no array."""
    if isinstance(value, np.ma.MaskedArray):
        cure = f"{name}.data, and sample_weight=~mask to leave out what is masked"
        if name == "sample_weight":
            cure = "sample_weight.filled(0), which leaves out what is masked"
        raise TypeError(f"{name} is a masked array, whose mask would be lost; pass {cure}")
    if isinstance(value, (list, tuple)) and any(isinstance(v, np.ma.MaskedArray) for v in value):
        raise TypeError(f"{name} holds masked arrays, whose masks would be lost; use np.ma.stack")
    try:
        return np.asarray(value)
    except ValueError:
        raise ValueError(f"{name} must be an array of numbers; its rows differ in length") from None
    except (RuntimeError, TypeError) as error:  # such as a tensor that requires a gradient
        raise TypeError(f"{name} cannot be read as an array: {error}") from None


def within(name: str, array: Array, **limits: Any) -> None:
    """Demand that every value lies within the limits of `bounded`."""
    if array.size:
        bounded(name, float(array.min()), float(array.max()), **limits)


def excess(x: Array) -> Array:
    """e^x - 1 - x ≥ 0, the exponential less its tangent: about x²/2 near 0, with every digit."""
    near = np.abs(x) < 0.125
    return np.where(near, excess_near_0(np.where(near, x, 0.0)), np.expm1(x) - x)


def _holds_nan(value: Value) -> bool:
    # A sum is the cheapest look at all entries; infinities of both signs make it NaN as well.
    return bool(np.isnan(np.sum(value)) and np.isnan(value).any())
