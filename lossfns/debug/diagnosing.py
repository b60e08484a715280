"""The diagnosis of one training step: which questions it is asked, and in which order."""

from __future__ import annotations

import copy
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn

from lossfns.auditing.report import ABSENT, Finding, Report
from lossfns.debug import comparison, criterion, network
from lossfns.debug.answers import fails
from lossfns.debug.step import Step, untouched_randomness

# What is to be mended first comes first: the later ones are often its consequence.
_QUESTIONS: tuple[Callable[[Step], Finding], ...] = (
    network.inputs,
    network.forward,
    comparison.shapes,
    comparison.target_type,
    comparison.labels,
    network.activations,
    network.dead_units,
    criterion.output_layer,
    criterion.value,
    criterion.reduction,
    criterion.first_loss,
    criterion.sign,
    criterion.lower_bound,
    criterion.pairing,
    network.gradient,
    network.parameters,
    network.layers,
    network.rows,
    network.mode,
)


def diagnose(
    model: nn.Module,
    batch: tuple[Any, Any] | list[Any],
    loss: Callable[..., Any],
    *,
    optimizer: torch.optim.Optimizer | None = None,
) -> Report:
    """Take one training step on a copy, and say by name what is wrong with it.

    The questions are those of the table of symptoms that one step can answer: shapes that
    broadcast, labels out of range, two softmaxes or none, the first loss against ln C, the sign,
    the layer in which a NaN was born, parameters without a gradient, dead units, gradients that
    vanish or explode, a step that raises the loss. The model, its gradients, its buffers, the
    optimizer and the random state are left as they were.

    Args:
        model: called as model(inputs); model(*inputs) for a tuple or a list of inputs, and
            model(**inputs) for a dictionary.
        batch: (inputs, target), as a `DataLoader` gives it.
        loss: called as loss(output, target).
        optimizer: that of the training. With it, a real step of it is taken; without it, a small
            one down the gradient.
    Returns:
        A `Report`: print it, show it in a notebook, or call its `assert_ok()` in a test.
    Raises:
        TypeError: model is no module, loss cannot be called, or optimizer is none.
        ValueError: batch is no pair.
    Pitfall:
        It sees one step. Labels that were shuffled, a metric that is wrong and a forgotten
        `zero_grad` take more: see the table. Hooks of your own on the model run as well.
    Reference:
        Karpathy (2019), A recipe for training neural networks.
    Chapter:
        diagnose
    Example:
        >>> import torch, lossfns.debug, lossfns.torch as lt
        >>> _ = torch.manual_seed(0)
        >>> net = torch.nn.Sequential(torch.nn.Linear(4, 3), torch.nn.Softmax(dim=1))
        >>> batch = torch.randn(16, 4), torch.arange(16) % 3
        >>> report = lossfns.debug.diagnose(net, batch, lt.cross_entropy)
        >>> [(finding.name, finding.cause) for finding in report.failures]
        [('output layer', 'two softmaxes')]
    """
    if not isinstance(model, nn.Module):
        raise TypeError(f"model must be a torch.nn.Module, got {type(model).__name__}")
    if not callable(loss):
        raise TypeError(f"loss must be callable as loss(output, target), got {type(loss).__name__}")
    if isinstance(loss, type):
        raise TypeError(f"loss must be an instance: {loss.__name__}(), not {loss.__name__}")
    if optimizer is not None and not isinstance(optimizer, torch.optim.Optimizer):
        raise TypeError(
            f"optimizer must be a torch.optim.Optimizer, got {type(optimizer).__name__}"
        )
    if not isinstance(batch, (tuple, list)) or len(batch) != 2:
        got = f"{len(batch)} things" if isinstance(batch, (tuple, list)) else type(batch).__name__
        raise ValueError(
            f"batch must be a pair (inputs, target), got {got};"
            " several inputs are a tuple or a dictionary"
        )
    model = getattr(model, "_orig_mod", model)  # what torch.compile wraps
    inputs, target = batch
    begin = time.perf_counter()
    with _left_as_it_is(model), untouched_randomness(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        findings = _findings(model, optimizer, loss, inputs, target)
    subject = f"one training step of {type(model).__name__} with {_name(loss)}"
    return Report(subject, findings, (), time.perf_counter() - begin)


def _findings(
    model: nn.Module,
    optimizer: torch.optim.Optimizer | None,
    loss: Callable[..., Any],
    inputs: Any,
    target: Any,
) -> tuple[Finding, ...]:
    try:
        # Together, so that what they share, such as the parameters, is shared by the copies.
        copies = copy.deepcopy((model, optimizer, loss))
    except Exception as error:  # whatever a model may hold that cannot be copied
        words = " ".join(str(error).split())[:160]
        return (
            fails(
                "copy",
                f"the model cannot be copied: {type(error).__name__}: {words}",
                effect="nothing can be looked at without changing it",
                cure="keep no tensors with a gradient, files or locks as attributes of the model",
                label="diagnose",
            ),
        )
    step = Step(*copies, inputs, target)
    findings = _roots([question(step) for question in _QUESTIONS])
    named = dict(model.named_parameters())
    held = [p for group in optimizer.param_groups for p in group["params"]] if optimizer else []
    missing = [
        key for key, p in named.items() if p.requires_grad and not any(p is one for one in held)
    ]
    strange = sum(not any(one is p for p in named.values()) for one in held)
    # The step comes last: it changes the weights of the copy.
    last = [network.optimizer(step, missing, strange), network.update(step)]
    return (*findings, *last)


def _roots(findings: list[Finding]) -> list[Finding]:
    """Leave out a loss that raises because of what a finding above it names."""
    found: list[Finding] = []
    for finding in findings:
        above = [f.name for f in found if f.fails and f.cause]
        if finding.fails and not finding.cause and finding.name == "loss value" and above:
            words = f"{finding.what}; mend {above[-1]!r} first"
            finding = Finding(finding.name, ABSENT, words)
        found.append(finding)
    return found


@contextmanager
def _left_as_it_is(model: nn.Module) -> Iterator[None]:
    """Put back what a loss that holds the model itself may change: buffers and gradients."""
    buffers = [(buffer, buffer.detach().clone()) for buffer in model.buffers()]
    grads: list[tuple[Tensor, Tensor | None]] = [(p, p.grad) for p in model.parameters()]
    modes = [(module, module.training) for module in model.modules()]
    try:
        yield
    finally:
        with torch.no_grad():
            for buffer, before in buffers:
                if not torch.equal(buffer, before):
                    buffer.copy_(before)
        for parameter, grad in grads:
            parameter.grad = grad
        for module, training in modes:
            module.training = training


def _name(loss: Callable[..., Any]) -> str:
    return repr(loss) if isinstance(loss, nn.Module) else getattr(loss, "__name__", repr(loss))
