"""What the loss compares with what: shapes, types and labels."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from lossfns.auditing.report import Finding
from lossfns.debug.answers import absent, fails, passes, said, shape_of
from lossfns.debug.criterion import unbounded
from lossfns.debug.step import Step

_NOT_ONE = "the output is not one tensor of real numbers"


def shapes(step: Step) -> Finding:
    """Whether each prediction meets its own target."""
    name, pred, target = "shapes", step.pred, step.target
    if pred is None or not isinstance(target, Tensor):
        return absent(name, f"{_NOT_ONE}, or the target is no tensor")
    seen = f"output {shape_of(pred)}, target {shape_of(target)}"
    if step.axis is not None and (
        not target.is_floating_point() or step.loss_error is not None and pred.shape[step.axis] > 1
    ):
        if pred.shape[step.axis] == 1 and step.kind == "classes":
            return fails(
                name,
                "there is one output for each row, and class numbers as targets",
                cause="one class",
                smallest=seen,
                got="1 output",
                expected="one for each class",
                effect="the softmax of one number is 1: the loss is 0 and nothing is learned",
                cure="give the last layer one output for each class, or use a loss of yes and no",
                label="target-dtype",
            )
        return passes(name, f"{seen}: {pred.shape[step.axis]} classes")
    if pred.shape == target.shape:
        return passes(name, seen)
    try:
        table = torch.broadcast_shapes(  # type: ignore[no-untyped-call]
            pred.shape, target.shape
        )
    except RuntimeError:
        if step.loss_error is None:
            return passes(name, f"{seen}; the loss takes them so")
        return fails(
            name,
            f"output and target do not fit, and the loss says: {said(step.loss_error)}",
            smallest=seen,
            cure="give both the shape that the loss asks for",
            effect="there is no step",
            label="debugging-shapes",
        )
    if step.loss_error is None and pred.numel() == target.numel() == math.prod(table):
        return passes(name, f"{seen}: they differ by axes of length 1 only")
    return fails(
        name,
        "output and target have different shapes that broadcast to a third one",
        cause="everybody against everybody",
        smallest=seen,
        got=f"{math.prod(table)} differences, {shape_of(table)}",
        expected=f"{max(pred.numel(), target.numel())} differences",
        effect="each prediction is compared with the targets of others, so the best it can be is "
        "their mean: predictions turn flat, and the loss stops at the variance of the "
        "targets",
        cure="give both one shape: output.squeeze(1) or target.unsqueeze(1)",
        label="broadcasting",
    )


def target_type(step: Step) -> Finding:
    """Whether the target has the type that the loss takes."""
    name, target = "target dtype", step.target
    if not isinstance(target, Tensor):
        return absent(name, "the target is no tensor")
    error = step.loss_error or step.backward_error
    words = str(error).lower()
    kind = str(target.dtype).removeprefix("torch.")
    if error is None or not any(
        word in words
        for word in (
            "dtype",
            "scalar type",
            "not implement",
            "integer",
            "floating",
            "int64",
            "long",
        )
    ):
        return passes(name, kind)
    shape = f"{kind} target of shape {shape_of(target)}"
    whole = target.is_floating_point() and bool((target == target.round()).all())
    to = (
        "target.long(): class numbers are integers"
        if whole
        else "target.float(), of the type of the output"
    )
    return fails(
        name,
        f"the loss does not take a target of {kind}: {said(error)}",
        smallest=shape,
        cause="float class numbers" if whole else "integers for numbers",
        got=kind,
        expected="int64" if whole else "float32",
        effect="the step stops with an error",
        cure=to,
        label="target-dtype",
    )


def labels(step: Step) -> Finding:
    """Whether the labels are in range, and not all of one class."""
    name, pred, target = "labels", step.pred, step.target
    if pred is None or not isinstance(target, Tensor) or not target.numel():
        return absent(name, f"{_NOT_ONE}, or the target is no tensor")
    if step.kind == "classes":
        return _class_numbers(step, pred, target)
    if step.kind == "shares":
        return passes(name, "probabilities of the classes, which sum to 1")
    values = target.double()
    if not bool(values.isfinite().all()):
        return fails(
            name,
            "the target holds values that are not finite",
            cause="NaN in the target",
            got=int((~values.isfinite()).sum()),
            expected=0,
            effect="the loss is NaN, and with the first step every weight",
            cure="find where they come from, lossfns.torch.check_finite(target=target), and mask "
            "them or leave the rows out",
            label="check-finite",
        )
    low, high = values.min().item(), values.max().item()
    few = torch.unique(target)
    if step.kind == "yes or no":
        share = values.mean().item()
        if target.numel() >= 8 and share in (0.0, 1.0):
            return _one_class(f"all {target.numel()} targets are {share:.0f}", 1, 2)
        return passes(name, f"0 and 1; {share:.3g} of them are 1")
    if len(few) == 2 and (low, high) in ((-1.0, 1.0), (0.0, 255.0)) and unbounded(step):
        return fails(
            name,
            f"the labels are {low:.0f} and {high:.0f}, and the loss wants 0 and 1",
            cause="labels −1 and 1" if low < 0 else "a mask of 0 and 255",
            got=f"{low:.0f} and {high:.0f}",
            expected="0 and 1",
            effect="the loss falls below 0 and has no lower bound: the outputs grow without end",
            cure="(target + 1) / 2" if low < 0 else "target / 255",
            label="label-range",
        )
    return passes(name, f"numbers from {low:.4g} to {high:.4g}")


def _class_numbers(step: Step, pred: Tensor, target: Tensor) -> Finding:
    name = "labels"
    assert step.axis is not None
    classes = pred.shape[step.axis]
    ignored = target == getattr(step.loss, "ignore_index", -100)
    counted = target[~ignored]
    if not counted.numel():
        return fails(
            name,
            "every label is ignored",
            cause="nothing counts",
            got=0,
            expected=f"some of {target.numel()}",
            label="stability-empty",
            effect="a mean over nothing: the loss is NaN, or 0 without a gradient",
            cure="leave out such batches, or use a loss that gives 0 for them",
        )
    low, high = int(counted.min()), int(counted.max())
    found = torch.unique(counted)
    if high >= classes or low < 0:
        from_one = low == 1 and high == classes
        return fails(
            name,
            f"labels from {low} to {high} do not fit {classes} outputs",
            cause="labels count from 1" if from_one else "label out of range",
            smallest=f"label {high if high >= classes else low}",
            got=f"{low} to {high}",
            expected=f"0 to {classes - 1}",
            label="label-range",
            effect="an error on the CPU, a device-side assert on a GPU; negative ones may be "
            "ignored silently",
            cure="target - 1" if from_one else "number the classes from 0, or add outputs",
        )
    if counted.numel() >= 8 and len(found) == 1 and classes > 1:
        return _one_class(f"all {counted.numel()} labels are {low}", 1, classes)
    if low == 1 and len(found) == classes - 1 and counted.numel() >= 4 * classes > 8:
        return fails(
            name,
            f"label 0 does not occur, and each of 1 to {high} does",
            cause="labels count from 1",
            got=f"1 to {high}",
            expected=f"0 to {classes - 1}",
            effect="the loss falls, and the accuracy, with labels from 0, is below guessing",
            cure=f"if there are {classes - 1} classes: target - 1, and an output less",
            label="label-range",
        )
    rest = f", {int(ignored.sum())} ignored" if bool(ignored.any()) else ""
    return passes(name, f"{low} to {high}, {len(found)} of {classes} classes{rest}")


def _one_class(what: str, got: int, classes: int) -> Finding:
    return fails(
        "labels",
        what,
        cause="data sorted by class",
        got=f"{got} class",
        expected=f"several of {classes} classes",
        label="ex-08-clinic-1",
        effect="the network learns to say this one class and forgets it with the next: the loss is "
        "a saw",
        cure="shuffle the examples at every epoch",
    )
