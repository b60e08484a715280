"""A training step on a copy: what it shows, and how its loss answers other outputs."""

from __future__ import annotations

import functools
import math
import random
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from lossfns.torch.debug import Trouble, watch

Kind = Literal["classes", "shares", "yes or no", "amounts", "unknown"]

_RELUS = {F.relu, F.relu_, torch.relu, torch.relu_, Tensor.relu, Tensor.relu_}


@dataclass
class Layer:
    """What one layer gave out.

    Attributes:
        size: root of the mean square of its output.
        unused: share of its units that a ReLU set to 0 for every row; NaN if it has no ReLU.
    """

    size: float = math.nan
    unused: float = math.nan


@dataclass
class Pass:
    """One forward pass.

    Attributes:
        output: of the model.
        layers: by name, in the order in which they were done.
        trouble: the first layer whose output, or gradient, was not finite.
        error: what was raised, and `where`, the name of the module in which.
    """

    output: Any = None
    layers: dict[str, Layer] = field(default_factory=dict)
    trouble: Trouble = field(default_factory=Trouble)
    error: Exception | None = None
    where: str = ""


class Step:
    """One training step of a copy of the model.

    Attributes:
        model, optimizer, loss: copies, which the step may change.
        inputs, target: the batch.
        forward: the first pass, in the mode that the model is in.
        value: what the loss returned for it; `loss_error` what it raised.
        backward_error: what the backward pass raised.
        out_grad: the gradient with respect to the output.
    """

    def __init__(
        self,
        model: nn.Module,
        optimizer: torch.optim.Optimizer | None,
        loss: Callable[..., Any],
        inputs: Any,
        target: Any,
    ) -> None:
        self.model, self.optimizer, self.loss = model, optimizer, loss
        self.inputs, self.target = map(detached, (inputs, target))
        self.random = _random_state()
        self.value: Any = None
        self.loss_error: Exception | None = None
        self.backward_error: Exception | None = None
        self.out_grad: Tensor | None = None
        with torch.enable_grad(), watch(self.model) as trouble:
            self.forward = self.run(self.inputs)
            self.forward.trouble = trouble
            if self.forward.error is None:
                self._backward()

    def _backward(self) -> None:
        output = self.forward.output
        try:
            self.value = self.loss(output, detached(self.target))
        except Exception as error:  # of the reader's loss: it is what is to be reported
            self.loss_error = error
        wanted: list[Tensor] = [p for p in self.model.parameters() if p.requires_grad]
        for parameter in self.model.parameters():
            parameter.grad = None
        if not self.has_gradient or not math.isfinite(self.value.item()):
            return
        if isinstance(output, Tensor) and output.requires_grad:
            wanted.append(output)
        try:
            # Not backward(): a loss may hold other tensors, whose gradients stay as they are.
            grads = torch.autograd.grad(self.value, wanted, allow_unused=True)
        except Exception as error:
            self.backward_error = error
            return
        for parameter, grad in zip(wanted, grads, strict=True):
            if parameter is output:
                self.out_grad = grad
            else:
                parameter.grad = grad

    @property
    def has_gradient(self) -> bool:
        """Whether the loss is a number that can be differentiated."""
        value = self.value
        return isinstance(value, Tensor) and value.numel() == 1 and value.requires_grad

    @property
    def pred(self) -> Tensor | None:
        """The output, if it is one tensor of real numbers."""
        output = self.forward.output
        good = isinstance(output, Tensor) and output.is_floating_point() and output.numel() > 0
        return output.detach() if good else None

    @property
    def rows(self) -> int:
        """How many there are in the batch; 0 if nobody knows."""
        pred = self.pred
        return pred.shape[0] if pred is not None and pred.ndim else 0

    @functools.cached_property
    def kind(self) -> Kind:
        """What the target is: class numbers, shares of classes, yes or no, or amounts."""
        pred, target = self.pred, self.target
        if pred is None or not isinstance(target, Tensor) or not target.numel():
            return "unknown"
        if pred.shape == target.shape:
            if target.is_floating_point() and self._one_softmax(target):
                return "shares"
            two = bool(((target == 0) | (target == 1)).all())
            return "yes or no" if two and not self._takes_any_number() else "amounts"
        if target.is_floating_point() or target.dtype == torch.bool or self.axis is None:
            return "unknown"
        return "unknown" if self._only_compares_labels() else "classes"

    def _one_softmax(self, target: Tensor) -> bool:
        """Whether the target sums to 1 along an axis along which the loss has a softmax."""
        axes = {1, target.ndim - 1} if target.ndim > 1 else set()
        return any(
            target.shape[axis] > 1
            and is_shares(target, axis)
            and (self.shifts(axis) or self.is_linear(axis))
            for axis in axes
        )

    def _takes_any_number(self) -> bool:
        """Whether the loss takes outputs outside of [0, 1] and does not read them as logits."""
        assert self.pred is not None
        sure = self.ask(60.0 * self.target.to(self.pred.dtype) - 30.0)
        unsure = self.ask(torch.zeros_like(self.pred))
        return sure is not None and unsure is not None and sure > 0.01 * unsure

    def _only_compares_labels(self) -> bool:
        """Whether the loss does not mind other names for the classes, as one of embeddings."""
        assert self.axis is not None and self.pred is not None
        classes = self.pred.shape[self.axis]
        if classes < 2:
            return False
        if bool((self.target >= classes).any()):
            return self.loss_error is None
        output = self.some_output()
        renamed = torch.where(self.target < 0, self.target, (self.target + 1) % classes)
        before = self.ask(output)
        return before is not None and close(before, self.ask(output, renamed))

    @functools.cached_property
    def axis(self) -> int | None:
        """That of the classes, where the target has a class number for each of the rest."""
        pred, target = self.pred, self.target
        if pred is None or pred.ndim < 2 or not isinstance(target, Tensor):
            return None
        fits = [
            axis
            for axis in dict.fromkeys((1, pred.ndim - 1))
            if pred.shape[:axis] + pred.shape[axis + 1 :] == target.shape
        ]
        by_softmax = [axis for axis in fits if self.shifts(axis)]
        return next(iter(by_softmax or fits), None)

    def run(self, inputs: Any, fresh: bool = False) -> Pass:
        """One forward pass of the copy, from the random state of the start or a fresh one."""
        _set_random_state(self.random)
        if fresh:
            torch.rand(1)
        seen, stack = Pass(), []

        def enter(name: str) -> None:
            stack.append(name)

        def leave(name: str, result: Any) -> None:
            stack.pop()
            first = result[0] if isinstance(result, (tuple, list)) and result else result
            if isinstance(first, Tensor) and first.is_floating_point():
                size = first.detach().float().square().mean().sqrt().item()
                seen.layers.setdefault(name, Layer()).size = size

        handles = []
        for name, module in self.model.named_modules():
            name = name or type(module).__name__
            handles.append(module.register_forward_pre_hook(lambda m, a, n=name: enter(n)))
            handles.append(module.register_forward_hook(lambda m, a, out, n=name: leave(n, out)))
        try:
            with _Relus(seen.layers, stack):
                seen.output = _call(self.model, detached(inputs))
        except Exception as error:  # of the reader's model: it is what is to be reported
            seen.error, seen.where = error, stack[-1] if stack else ""
        finally:
            for handle in handles:
                handle.remove()
        return seen

    def loss_of(self, inputs: Any) -> float | None:
        """The loss of the model as it is now, with the random numbers of the first pass."""
        with torch.no_grad():
            output = self.run(inputs).output
            return None if output is None else self.ask(output)

    def ask(self, output: Any, target: Any = None) -> float | None:
        """The loss of another output or target; None where it has no answer."""
        _set_random_state(self.random)
        target = self.target if target is None else target
        with torch.no_grad(), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                value = self.loss(detached(output), detached(target))
                answer = value.item() if isinstance(value, Tensor) else None
            except Exception:  # of the reader's loss, which need not like what it is asked
                return None
        return answer if isinstance(answer, float) and math.isfinite(answer) else None

    def some_output(self) -> Tensor:
        """Random logits, or probabilities where the loss takes nothing else."""
        assert self.pred is not None
        logits = torch.randn_like(self.pred)
        if self.ask(logits) is not None:
            return logits
        return logits.sigmoid() if self.axis is None else logits.softmax(self.axis)

    def shifts(self, axis: int) -> bool:
        """Whether a constant on top of the outputs along an axis changes nothing: a softmax."""
        assert self.pred is not None
        random = torch.randn_like(self.pred)
        constant = random.narrow(axis, 0, 1)
        before = self.ask(random)
        far = self.ask(3 * random)
        return (
            before is not None
            and close(before, self.ask(random + constant))
            and not close(before, far)
        )

    def is_linear(self, axis: int) -> bool:
        """Whether the loss falls in proportion to such a constant: it takes log-probabilities."""
        assert self.pred is not None
        log_probs = torch.randn_like(self.pred).log_softmax(axis)
        values = [self.ask(log_probs + shift) for shift in (0.0, 1.0, 2.0)]
        if None in values:
            return False
        first, second, third = values
        return second < first and close(first - second, second - third)  # type: ignore[operator]


def close(a: float | None, b: float | None, tolerance: float = 1e-3) -> bool:
    """Whether two losses are the same but for rounding; None is close to nothing."""
    return a is not None and b is not None and abs(a - b) <= tolerance * max(abs(a), abs(b), 1e-6)


def is_shares(values: Tensor, axis: int) -> bool:
    """Whether these are probabilities that sum to 1 along an axis."""
    values = values.float()
    total = values.sum(axis)
    return bool((values >= 0).all() and ((total - 1).abs() < 1e-3).all())


def detached(values: Any) -> Any:
    """A copy of all tensors in it, which nobody can change from inside the step."""
    if isinstance(values, Tensor):
        return values.detach().clone()
    if isinstance(values, Mapping):
        return {key: detached(value) for key, value in values.items()}
    if isinstance(values, tuple) and hasattr(values, "_fields"):
        return type(values)(*map(detached, values))
    if isinstance(values, (tuple, list)):
        return type(values)(map(detached, values))
    return values


def tensors(values: Any, name: str = "inputs") -> Iterator[tuple[str, Tensor]]:
    """All tensors in it, with their names."""
    if isinstance(values, Tensor):
        yield name, values
    elif isinstance(values, Mapping):
        for key, value in values.items():
            yield from tensors(value, f"{name}[{key!r}]")
    elif isinstance(values, (tuple, list)):
        for key, value in enumerate(values):
            yield from tensors(value, f"{name}[{key}]")


def _call(model: nn.Module, inputs: Any) -> Any:
    if isinstance(inputs, Mapping):
        return model(**inputs)
    if isinstance(inputs, (tuple, list)):
        return model(*inputs)
    return model(inputs)


class _Relus(TorchFunctionMode):
    """Sees every ReLU, as a module or as a function, and which module calls it."""

    def __init__(self, layers: dict[str, Layer], stack: list[str]) -> None:
        super().__init__()
        self.layers, self.stack = layers, stack

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        result = func(*args, **(kwargs or {}))
        if func in _RELUS and result.ndim > 1:
            name = self.stack[-1] if self.stack else ""
            units = result.detach().transpose(0, 1).flatten(1)
            layer = self.layers.setdefault(name, Layer())
            layer.unused = (units == 0).all(1).double().mean().item()
        return result


@contextmanager
def untouched_randomness() -> Iterator[None]:
    """Leave the random state of Python, NumPy and PyTorch as it was."""
    state = _random_state()
    try:
        yield
    finally:
        _set_random_state(state)


def _random_state() -> tuple[Any, ...]:
    initialized = torch.cuda.is_initialized()  # type: ignore[no-untyped-call]
    cuda = torch.cuda.get_rng_state_all() if initialized else None
    # The generator that other people's np.random.rand() draws from.
    legacy = np.random.get_state()  # noqa: NPY002
    return random.getstate(), legacy, torch.get_rng_state(), cuda


def _set_random_state(state: tuple[Any, ...]) -> None:
    random.setstate(state[0])
    np.random.set_state(state[1])  # noqa: NPY002
    torch.set_rng_state(state[2])
    if state[3] is not None:
        torch.cuda.set_rng_state_all(state[3])
