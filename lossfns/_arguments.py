"""Checks of the arguments that are plain Python values; both twins share them."""

import warnings
from collections.abc import Collection, Sequence
from typing import Any, Literal, NoReturn, get_args

import numpy as np
import numpy.typing as npt

Reduction = Literal["none", "mean", "sum"]
REDUCTIONS: tuple[str, ...] = get_args(Reduction)
WeightKind = Literal["inverse", "inverse_sqrt", "effective"]
WEIGHT_KINDS: tuple[str, ...] = get_args(WeightKind)
TaskKind = Literal["regression", "classification"]
GanKind = Literal["minimax", "non_saturating", "hinge", "least_squares", "wasserstein"]


def number(
    name: str,
    value: Any,
    *,
    above: float | None = None,
    at_least: float | None = None,
    below: float | None = None,
    at_most: float | None = None,
) -> None:
    """Demand a real number inside the bounds; the error names the argument, bounds and value."""
    if isinstance(value, bool) or not isinstance(value, (int, float, np.floating, np.integer)):
        raise TypeError(f"{name} must be a number, got {type(value).__name__}")
    # Written so that NaN, which fails every comparison, fails the check as well.
    inside = (
        (value == value)
        and (above is None or value > above)
        and (at_least is None or value >= at_least)
        and (below is None or value < below)
        and (at_most is None or value <= at_most)
    )
    if not inside:
        bounds = [(">", above), (">=", at_least), ("<", below), ("<=", at_most)]
        rule = " and ".join(f"{sign} {bound:g}" for sign, bound in bounds if bound is not None)
        raise ValueError(f"{name} must be {rule or 'a number'}, got {value!r}")


def integer(name: str, value: Any) -> None:
    """Demand an integer; True and False are none."""
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)):
        raise TypeError(f"{name} must be an integer, got {type(value).__name__}")


def check_chunk_size(size: int | None) -> None:
    if size is not None:
        integer("chunk_size", size)
        number("chunk_size", size, at_least=1)


def slices(items: int, size: int | None, width: int, budget: int = 2**24) -> list[slice]:
    """Cut rows of some width into chunks of `size`, or of as many as make up the budget."""
    step = size or max(1, budget // width)
    return [slice(start, start + step) for start in range(0, items, step)]


def flag(name: str, value: Any) -> None:
    """Demand True or False: the text "False" would count as true."""
    if not isinstance(value, (bool, np.bool_)):
        raise TypeError(f"{name} must be True or False, got {value!r}")


def one_of(name: str, value: Any, allowed: Collection[Any]) -> None:
    """Demand one of the allowed values."""
    if isinstance(value, str) and value in allowed:
        return
    choices = ", ".join(repr(choice) for choice in allowed)
    raise ValueError(f"{name} must be one of {choices}, got {value!r}")


def same_shapes(shapes: dict[str, tuple[int, ...]]) -> None:
    """Demand equal shapes: (n, 1) against (n,) would broadcast to (n, n) and still train."""
    (first, expected), *others = shapes.items()
    for name, shape in others:
        if shape != expected:
            raise ValueError(
                f"{first} and {name} must have the same shape, got {expected} and {shape}"
            )


def leading_axes(
    name: str, shape: tuple[int, ...], losses_shape: tuple[int, ...], hint: str = ""
) -> None:
    """Demand a weight for every loss, or for every item along the leading axes."""
    if shape != losses_shape[: len(shape)] or (not shape and losses_shape):
        raise ValueError(
            f"{name} must have the shape of the losses, {losses_shape}, or of its leading axes, "
            f"got {shape}{hint and '; ' + hint}"
        )


def bounded(
    name: str,
    smallest: float,
    largest: float,
    *,
    low: float = -np.inf,
    high: float = np.inf,
    open_low: bool = False,
    hint: str = "",
) -> None:
    """Demand that values between smallest and largest lie in [low, high], or (low, high]."""
    # Written so that NaN, which fails every comparison, fails the check as well.
    if not (smallest > low if open_low else smallest >= low):
        worst = smallest
    elif not largest <= high:
        worst = largest
    else:
        return
    if high == np.inf:
        rule = f"be {'>' if open_low else '>='} {low:g}"
    elif low == -np.inf:
        rule = f"be <= {high:g}"
    else:
        rule = f"lie in {'(' if open_low else '['}{low:g}, {high:g}]"
    raise ValueError(f"{name} must {rule}, got {worst:g}{hint and '; ' + hint}")


def class_axis(name: str, shape: tuple[int, ...], axis: int) -> int:
    """Check that the axis exists and holds classes; return it counted from the front."""
    integer("axis", axis)
    if not -len(shape) <= axis < len(shape):
        raise ValueError(f"axis must be one of the axes of {name}, shape {shape}, got {axis}")
    if shape[axis] == 0:
        raise ValueError(f"{name} must have at least one class along axis {axis}, got {shape}")
    return axis % len(shape)


MASK_HINT = "for masks (items, pixels) pass axis=-1, for volumes axis=(-3, -2, -1)"


def mask_axes(name: str, shape: tuple[int, ...], axis: int | Sequence[int]) -> tuple[int, ...]:
    """Check that the axes exist and hold pixels; return them in order, counted from the front."""
    axes = tuple(axis) if isinstance(axis, (tuple, list)) else (axis,)
    for one in axes:
        integer("axis", one)
        if not -len(shape) <= one < len(shape):
            hint = "; for flat masks pass axis=-1" if shape and axis == (-2, -1) else ""
            raise ValueError(
                f"axis must be among the axes of {name}, shape {shape}, got {axis}{hint}"
            )
    front = tuple(sorted({one % len(shape) for one in axes}))
    if not axes or len(front) < len(axes):
        raise ValueError(f"axis must be one axis or several different ones, got {axis}")
    if any(shape[one] == 0 for one in front):
        raise ValueError(f"{name} must have at least one pixel along axis {axis}, got {shape}")
    return front


def free_axis(name: str, shape: tuple[int, ...], class_axis: int, taken: tuple[int, ...]) -> int:
    """Check that a class axis exists and is none of a mask's; return it counted from the front."""
    integer("class_axis", class_axis)
    if not -len(shape) <= class_axis < len(shape):
        raise ValueError(f"class_axis must be an axis of {name}, shape {shape}, got {class_axis}")
    front = class_axis % len(shape)
    if front in taken:
        raise ValueError(f"class_axis must not be among the axes of a mask, got {class_axis}")
    if shape[front] == 0:
        raise ValueError(f"{name} must have at least one class along axis {front}, got {shape}")
    return front


def label_map_axis(
    name: str,
    shape: tuple[int, ...],
    labels: tuple[int, ...],
    axis: int | Sequence[int],
    class_axis: int,
) -> int:
    """Demand a label per pixel; return the axis of the classes, counted from the front."""
    front = free_axis(name, shape, class_axis, mask_axes(name, shape, axis))
    if shape[front] == 1:
        raise ValueError(
            f"{name} has one class only along axis {front}, shape {shape}, of which a softmax is "
            f"always 1; for one mask use dice_bce_with_logits"
        )
    expected = shape[:front] + shape[front + 1 :]
    if labels == expected:
        return front
    hint = ""
    if labels == shape:
        hint = "; one-hot masks become labels by argmax over the classes"
    elif labels == expected[:front] + (1,) + expected[front:]:
        hint = "; take the axis of length 1 out"
    raise ValueError(
        f"target must have one label per pixel, the shape of {name} without its class axis, "
        f"{expected}, got {labels}{hint}"
    )


def pixel_shape(shape: tuple[int, ...], masks: tuple[int, ...]) -> None:
    """Demand a weight for every pixel, or for all along axes of length 1."""
    if len(shape) != len(masks) or any(
        own not in (1, full) for own, full in zip(shape, masks, strict=True)
    ):
        raise ValueError(
            f"pixel_weight must have the shape of the masks, {masks}, or 1 on axes that share it, "
            f"got {shape}"
        )


def label_shapes(name: str, shape: tuple[int, ...], labels: tuple[int, ...], axis: int) -> None:
    """Demand one label per row of classes, and help with the two usual mistakes."""
    front = class_axis(name, shape, axis)
    expected = shape[:front] + shape[front + 1 :]
    if labels == expected:
        return
    hint = ""
    if labels == shape:
        hint = "; one-hot or soft targets must be floating point"
    elif len(shape) > 2 and labels == shape[:1] + shape[2:]:
        hint = "; for classes on axis 1, as in PyTorch, pass axis=1"
    raise ValueError(
        f"target must have the shape of {name} without its class axis, {expected}, "
        f"got {labels}{hint}"
    )


def hint_class_axis(
    name: str, shape: tuple[int, ...], labels: tuple[int, ...], axis: int, frames: int
) -> None:
    """Warn where labels fit PyTorch's class axis, 1, as well as the default, the last."""
    if axis == -1 and len(shape) > 2 and labels == shape[:-1] == shape[:1] + shape[2:]:
        last = len(shape) - 1
        warnings.warn(
            f"the classes of {name}, shape {shape}, are taken to lie on the last axis, but target "
            f"fits axis 1 as well, where PyTorch has them: say axis=1, or axis={last} for the last",
            stacklevel=frames,  # to the line that called the loss
        )


def hint_one_class(name: str, classes: int, frames: int) -> None:
    """Warn where a softmax has nothing to choose from."""
    if classes == 1:
        warnings.warn(
            f"{name} has one class only, of which a softmax is always 1 and the loss always 0; for "
            f"the logit of a yes-or-no question use bce_with_logits",
            stacklevel=frames,
        )


def check_num_items(items: Any) -> None:
    """Demand a denominator > 0."""
    number("num_items", items, at_least=0)
    if items == 0:
        raise ValueError(
            "num_items must be > 0, got 0: for a step in which nothing counts pass "
            "max(1, num_items), which gives 0"
        )


def linear_shapes(
    hidden: tuple[int, ...],
    target: tuple[int, ...],
    weight: tuple[int, ...],
    bias: tuple[int, ...] | None,
) -> None:
    """Demand a label per hidden vector, and a linear layer from those vectors to the classes."""
    if not hidden or target != hidden[:-1]:
        raise ValueError(
            f"target must have one label per vector of hidden, {hidden[:-1]}, got {target} "
            f"for hidden {hidden}"
        )
    if len(weight) != 2 or not weight[0] or weight[1] != hidden[-1]:
        raise ValueError(
            f"linear_weight must have the shape (classes, {hidden[-1]}) for hidden {hidden}, "
            f"got {weight}"
        )
    if bias is not None and bias != weight[:1]:
        raise ValueError(
            f"linear_bias must have one value per class, {weight[:1]}, got shape {bias}"
        )


def embedding_shapes(shapes: dict[str, tuple[int, ...]], *, batch: bool = False) -> None:
    """Demand equal shapes (..., d) with d > 0; for losses of a whole batch, (n, d)."""
    same_shapes(shapes)
    name, shape = next(iter(shapes.items()))
    if not shape or shape[-1] == 0:
        raise ValueError(f"{name} must have at least one dimension on its last axis, got {shape}")
    if batch and len(shape) != 2:
        raise ValueError(f"{name} must have the shape (items, dimensions), got {shape}")


def box_shapes(shapes: dict[str, tuple[int, ...]]) -> None:
    """Demand equal shapes that end in the four corners of a box."""
    same_shapes(shapes)
    name, shape = next(iter(shapes.items()))
    if not shape or shape[-1] != 4:
        raise ValueError(
            f"{name} must hold boxes (x1, y1, x2, y2) along its last axis, got {shape}"
        )


def bin_shapes(logits: tuple[int, ...], target: tuple[int, ...], axis: int) -> None:
    """Demand a number per row of logits over two bins or more."""
    front = class_axis("logits", logits, axis)
    if logits[front] < 2:
        raise ValueError(f"logits must have at least two bins along axis {axis}, got {logits}")
    expected = logits[:front] + logits[front + 1 :]
    if target != expected:
        raise ValueError(
            f"target must have the shape of logits without its axis of bins, {expected}, "
            f"got {target}"
        )


def anchor_shapes(
    logits: tuple[int, ...], target: tuple[int, ...], **others: tuple[int, ...]
) -> None:
    """Demand a label per row of logits, and for each a number (objectness) or four (a box)."""
    class_axis("logits", logits, -1)
    anchors = logits[:-1]
    if target != anchors:
        raise ValueError(
            f"target must have one label per anchor of logits, {anchors}, got {target}"
        )
    for name, shape in others.items():
        expected = anchors if "objectness" in name else (*anchors, 4)
        if shape != expected:
            raise ValueError(
                f"{name} must have the shape {expected} for the anchors of logits, {anchors}, "
                f"got {shape}"
            )


def task_vector(name: str, shape: tuple[int, ...], losses: tuple[int, ...], axis: int) -> None:
    """Demand one number per task, for losses of that shape."""
    front = class_axis("losses", losses, axis)
    if shape != losses[front : front + 1]:
        raise ValueError(
            f"{name} must have one value per task, {losses[front : front + 1]} for losses of "
            f"shape {losses}, got shape {shape}"
        )


# What multiplies e^{-s} L in the likelihood: the ½ of a Gaussian's squared error, none for a
# softmax.
TASK_KINDS = {"regression": 0.5, "classification": 1.0}


def task_factors(kinds: Any, tasks: int) -> list[float]:
    """Check the kind of each task; return the factor of its loss in the likelihood."""
    if isinstance(kinds, str):
        kinds = [kinds] * tasks
    elif not isinstance(kinds, (list, tuple)):
        raise TypeError(f"kinds must be a string or a list of them, got {type(kinds).__name__}")
    if len(kinds) != tasks:
        raise ValueError(f"kinds must name one kind per task, {tasks}, got {len(kinds)}")
    for kind in kinds:
        one_of("kinds", kind, TASK_KINDS)
    return [TASK_KINDS[kind] for kind in kinds]


def frame_shapes(
    names: list[str],
    points: tuple[int, ...],
    rotations: tuple[int, ...],
    translations: tuple[int, ...],
    like: tuple[tuple[int, ...], ...] | None = None,
) -> None:
    """Demand points (m, 3) and frames of rotations (n, 3, 3) and translations (n, 3)."""
    if like is not None:
        shapes = (points, rotations, translations)
        predicted = ("positions", "rotations", "translations")
        for name, own, shape, expected in zip(names, predicted, shapes, like, strict=True):
            if shape != expected:
                raise ValueError(f"{name} must have the shape of {own}, {expected}, got {shape}")
    if len(points) != 2 or points[1] != 3:
        raise ValueError(f"{names[0]} must have the shape (atoms, 3), got {points}")
    if len(rotations) != 3 or rotations[1:] != (3, 3):
        raise ValueError(f"{names[1]} must have the shape (frames, 3, 3), got {rotations}")
    if translations != rotations[:2]:
        raise ValueError(
            f"{names[2]} must have the shape (frames, 3) of {names[1]}, {rotations[:2]}, "
            f"got {translations}"
        )


def token_average(average: Any) -> int | None:
    """Demand a way to average tokens; return the length that divides, where it is a constant."""
    if isinstance(average, bool) or not isinstance(average, (int, np.integer)):
        if not isinstance(average, str) or average not in ("token", "sequence"):
            raise ValueError(
                f"average must be 'token', 'sequence' or a number of tokens, got {average!r}"
            )
        return None
    number("average", average, at_least=1)
    return int(average)


# Of SSIM's window, in pixels, and what keeps its ratios from 0 / 0, in units of the data range.
SSIM_SIGMA, SSIM_CONSTANTS = 1.5, (0.01, 0.03)


def image_shapes(shapes: dict[str, tuple[int, ...]], window: int) -> None:
    """Demand images (..., height, width) of one shape, into which an odd window fits."""
    integer("window", window)
    number("window", window, at_least=1)
    if window % 2 == 0:
        raise ValueError(f"window must be odd, got {window}")
    same_shapes(shapes)
    name, shape = next(iter(shapes.items()))
    if len(shape) < 2 or min(shape[-2:]) < window:
        raise ValueError(
            f"{name} must hold images of at least {window} x {window} pixels, the window, along "
            f"its last two axes, got shape {shape}"
        )


def resolution_sizes(
    resolutions: Any, samples: int, name: str = "pred"
) -> list[tuple[int, int, int]]:
    """Demand (transform, hop, window) sizes of Fourier transforms that the signals can fill."""
    if not isinstance(resolutions, (tuple, list)) or not resolutions:
        raise TypeError(
            f"resolutions must be a list of (transform, hop, window) sizes, got {resolutions!r}"
        )
    sizes = []
    for entry in resolutions:
        if not isinstance(entry, (tuple, list)) or len(entry) != 3:
            raise ValueError(f"resolutions must hold three sizes each, got {entry!r}")
        for size in entry:
            integer("resolutions", size)
            number("resolutions", size, at_least=1)
        transform, hop, width = entry
        if width > transform:
            raise ValueError(
                f"resolutions must have windows no longer than their transforms, got {entry}"
            )
        if samples <= transform // 2:
            raise ValueError(
                f"{name} must have more than {transform // 2} samples for the transform of "
                f"{transform}, got {samples}"
            )
        sizes.append((transform, hop, width))
    return sizes


def blame_not_finite(result: str, arguments: list[tuple[str, npt.NDArray[Any]]]) -> NoReturn:
    """Say why a result is NaN: a NaN among the arguments, an infinity, or numbers too large."""
    for fault, found in (("NaN", np.isnan), ("an infinity", np.isinf)):
        for name, array in arguments:
            if array.dtype.kind != "f" or not found(array).any():
                continue
            if not array.ndim:
                raise ValueError(f"{name} is {array}: {result} is undefined")
            where = tuple(int(i) for i in np.argwhere(found(array))[0])
            raise ValueError(f"{name} holds {fault} at index {where}: {result} is undefined")
    size, name = max(
        (float(np.abs(array).max(initial=0.0)), name)
        for name, array in arguments
        if array.dtype.kind == "f"
    )
    raise ValueError(
        f"{result} is NaN although every input is finite: it overflows on the way; the largest "
        f"number, {size:.2g}, is in {name}: scale the inputs"
    )


_SERIES = range(11, 2, -1)


def excess_near_0(x: Any) -> Any:
    """e^x - 1 - x for |x| ≤ 1/8, by its series, in whichever kind of array it is given."""
    tail = 1.0
    for k in _SERIES:
        tail = 1.0 + x / k * tail
    return 0.5 * x * x * tail
