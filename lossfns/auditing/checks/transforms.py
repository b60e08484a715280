"""What PyTorch can do with a loss: differentiate it twice, map it, compile it, move it."""

from __future__ import annotations

import copy
import functools
import types
from typing import Any

import numpy as np

from lossfns.auditing.case import Case, close
from lossfns.auditing.checks.check import absent, check, fails, passes
from lossfns.auditing.checks.manners import NO_TENSOR
from lossfns.auditing.report import Finding

_NUMPY = "it is a NumPy function"
_GUARD = (
    "A check of values that raises is left out there: if not (torch.compiler.is_compiling() or "
    "torch._C._are_functorch_transforms_active()): ..."
)


def _tensors(case: Case, arrays: Any, wanted: bool = False) -> Any:
    """By name, in the order of the case."""
    return {
        n: case.subject._given(n, v, case.subject.dtype, wanted and n in case.wrt)
        for n, v in arrays.items()
    }


def _call(case: Case) -> Any:
    """The loss as a function of tensors in the order of the arrays."""
    loss, options = case.subject.prepared(None, case.passed(), case.subject.dtype)
    if case.subject.weighted:
        options[case.subject.weight] = 1.0

    def function(names: tuple[str, ...], *tensors: Any) -> Any:
        positional, named = case.subject.placed(dict(zip(names, tensors, strict=True)))
        return loss(*positional, **named, **options)

    return function


@check(
    "double backward",
    effect="Gradient penalties, meta-learning and second-order optimisers fail or use a wrong "
    "curvature.",
    cure="a custom autograd.Function needs a backward made of differentiable operations; see "
    "once_differentiable.",
    label="sec-01-gradient",
)
def double_backward(case: Case) -> Finding:
    if not case.subject.torch:
        return absent(_NUMPY)
    if case.record is not None and not case.record.double_backward:
        return absent(case.record.why_not)
    arrays = case.draw(max(2, case.fewest))
    if not _tracked(case, arrays):
        return absent("it has no first derivative")
    outcome = case.subject.runner.call(functools.partial(_twice, case, arrays))
    if outcome.error:
        return fails(
            f"it raises {outcome.error}",
            case.written(arrays),
            got=outcome.error,
            expected="a second derivative",
            cause="no second derivative",
        )
    if outcome.value is not None and not np.isfinite(outcome.value).all():
        return fails(
            "the second derivative is not finite",
            case.written(arrays),
            got="NaN",
            expected="finite",
            cause="no second derivative",
        )
    return passes()


def _tracked(case: Case, arrays: Any) -> bool:
    """Whether the result is a tensor with a gradient."""
    answer = case.ask(arrays, wants=case.wrt)
    return bool(answer.grads) and not answer.detached and answer.kind not in NO_TENSOR


def _twice(case: Case, arrays: Any) -> Any:
    import torch

    given = _tensors(case, arrays, wanted=True)
    result = _call(case)(tuple(given), *given.values())
    leaf = given[case.first]
    (gradient,) = torch.autograd.grad(result.sum(), leaf, create_graph=True)
    if not gradient.requires_grad:  # it is constant, as that of the absolute error
        return None
    (second,) = torch.autograd.grad(gradient.sum(), leaf, allow_unused=True, materialize_grads=True)
    # What torch keeps as a tensor of zeros has no memory of its own.
    return (second.detach() + 0.0).numpy(force=True)


@check(
    "torch.func.vmap",
    effect="Gradients per example, ensembles and torch.func code cannot use the loss.",
    cure="no .item(), no losses[mask], no `if` on values, no assignment to parts of a new tensor: "
    "torch.where, and arithmetic with masks. " + _GUARD,
    label="sec-01-gradient",
)
def vmap(case: Case) -> Finding:
    if not case.subject.torch:
        return absent(_NUMPY)
    parts = [case.draw(max(2, case.fewest), seed=s) for s in (1, 2, 3)]
    if case.ask(parts[0]).kind in NO_TENSOR:
        return absent("it returns no tensor")
    if len({tuple(v.shape for v in part.values()) for part in parts}) > 1:
        return absent("its batches differ in shape")
    arrays = {n: np.stack([part[n] for part in parts]) for n in parts[0]}
    outcome = case.subject.runner.call(functools.partial(_mapped, case, arrays))
    if outcome.error:
        return fails(
            f"it raises {outcome.error}",
            case.written(parts[0]),
            got=outcome.error,
            expected="a loss for each",
            cause="vmap refused",
        )
    answers = [case.ask(part).value for part in parts]
    if all(a is not None for a in answers):
        right = np.stack([np.asarray(a) for a in answers])
        found = outcome.value.reshape(right.shape if outcome.value.size == right.size else -1)
        if not close(found, right, case.digits):
            return fails(
                "it gives other numbers than a loop",
                case.written(parts[0]),
                got=str(outcome.value),
                expected=str(right),
                cause="vmap differs",
            )
    return passes()


def _mapped(case: Case, arrays: Any) -> Any:
    import torch

    given = _tensors(case, arrays)
    function = functools.partial(_call(case), tuple(given))
    return np.asarray(torch.func.vmap(function)(*given.values()).detach().double())


@check(
    "torch.compile",
    effect="The compiled model falls back to Python at the loss, and loses most of the speed.",
    cure="no .item(), print, NumPy or `if` on values inside; fullgraph=True names the line. "
    + _GUARD,
    label="performance",
)
def compiled(case: Case) -> Finding:
    if not case.subject.torch:
        return absent(_NUMPY)
    if not case.compile:
        return absent("it was not asked for; say compile=True")
    arrays = case.draw(max(2, case.fewest))
    # The loss has answered in time before; the compiler may be loaded for the first time.
    outcome = case.subject.runner.call(functools.partial(_compiled, case, arrays), seconds=60)
    if outcome.error:
        return fails(
            f"fullgraph=True raises {outcome.error}",
            case.written(arrays),
            got=outcome.error,
            expected="one graph",
            cause="a break in the graph",
        )
    right = case.ask(arrays).value
    if right is not None and not close(outcome.value, right, case.digits):
        return fails(
            "it gives another number",
            case.written(arrays),
            got=str(outcome.value),
            expected=str(right),
            cause="compiled it differs",
        )
    return passes("traced as one graph; no code was generated from it")


def _compiled(case: Case, arrays: Any) -> Any:
    import torch

    given = _tensors(case, arrays)
    function, names = _call(case), tuple(given)

    def once(*tensors: Any) -> Any:
        return function(names, *tensors)

    # The compiler keeps its graphs by the code of a function, and gives up after eight for one.
    own = types.FunctionType(once.__code__.replace(), globals(), "loss", None, once.__closure__)
    # The backend that traces and then runs as it stands: what is asked is whether it is one graph.
    graph = torch.compile(own, fullgraph=True, backend="eager")
    return np.asarray(graph(*given.values()).detach().double())


@check(
    "device",
    effect="On a GPU the loss stops with tensors on two devices, or copies to the CPU and back at "
    "every step.",
    cure="make tensors where the prediction is: zeros_like, new_tensor, arange(n, "
    "device=pred.device); a module's tensors belong in register_buffer.",
    label="faq-fails",
)
def device(case: Case) -> Finding:
    if not case.subject.torch:
        return absent(_NUMPY)
    arrays = case.draw(max(2, case.fewest))
    outcome = case.subject.runner.call(functools.partial(_elsewhere, case, arrays))
    if outcome.error:
        if not any(words in outcome.error for words in ("different devices", "same device")):
            return absent("it looks at the values, which tensors without values cannot show")
        return fails(
            f"it raises {outcome.error}",
            case.written(arrays) + ", on a GPU",
            got=outcome.error,
            expected="a result on the GPU",
            cause="a tensor on another device",
        )
    if outcome.value not in ("cuda", "meta"):
        return fails(
            f"the result is on {outcome.value}",
            case.written(arrays) + ", on a GPU",
            got=outcome.value,
            expected="cuda",
            cause="a result on another device",
        )
    return passes()


def _elsewhere(case: Case, arrays: Any) -> str:
    """The device of the result for tensors that say they are on a GPU and hold no values."""
    import torch
    from torch._subclasses.fake_tensor import FakeTensorMode

    loss, options = case.subject.prepared(None, case.passed(), "float32")
    module = isinstance(loss, torch.nn.Module)
    loss = copy.deepcopy(loss) if module else loss
    held = [*loss.parameters(), *loss.buffers()] if module else []

    def moved(value: Any) -> Any:
        return torch.empty(value.shape, dtype=value.dtype, device="cuda")

    with FakeTensorMode(allow_non_fake_inputs=not held):
        for part in loss.modules() if module else ():
            for kept in (part._parameters, part._buffers):
                kept.update({n: moved(v) for n, v in kept.items() if v is not None})
        given = {n: moved(case.subject._given(n, v, "float32", False)) for n, v in arrays.items()}
        options = {k: moved(v) if isinstance(v, torch.Tensor) else v for k, v in options.items()}
        positional, named = case.subject.placed(given)
        if case.subject.weighted:
            options[case.subject.weight] = torch.ones((), device="cuda")
        result = loss(*positional, **named, **options)
        return str(result.device.type)
