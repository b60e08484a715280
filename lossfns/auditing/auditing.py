"""The audit of one loss: which questions it is asked."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from .report import Report


def audit(
    loss: Callable[..., Any],
    like: str | None = None,
    sample: Any = None,
    *,
    arguments: str | tuple[str, ...] | None = None,
    seconds: float = 5.0,
    compile: bool = True,
    **hyper: Any,
) -> Report:
    """Ask a loss of one's own everything that should hold for it; a report, never an exception.

    Args:
        loss: an `nn.Module` or its class, a function of PyTorch tensors or of NumPy arrays.
        like: the name of the loss of the catalog that it should be, such as "huber".
        sample: inputs to ask it with, where `like` does not say: a mapping from its arguments to
            arrays, a tuple of arrays in its order, or a function of (rng, n) that draws n items.
        arguments: in which order it takes them, such as "target, pred", where names do not say.
        seconds: the time limit of any one call.
        compile: whether `torch.compile` is tried.
        hyper: settings, of `like` and of the loss, such as delta=2.0.
    Returns:
        A `Report`: print it, show it in a notebook, or call its `assert_ok()` in a test.
    Raises:
        ValueError: there is no loss `like`, or it has no such setting.
    """
    raise NotImplementedError
