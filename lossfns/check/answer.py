"""Ask a learner's function one question and write down all that can be judged about its answer.

This module knows no reference, no exercise and nothing else of `lossfns`: it can run alone in
a process that must not know the right answer.
"""

import contextlib
import io
import traceback
import tracemalloc
import warnings
from dataclasses import dataclass, field, replace

import numpy as np


@dataclass(frozen=True)
class Answer:
    """What came back, as plain data: `value` is float64, or None when there was nothing to read.

    `kind` is the name of the returned type, `error` the name of an exception with its `message`
    and the learner's line; `changed` names arguments whose contents are no longer what they were;
    `slopes` holds gradients by argument, None where no gradient arrived; `moved` is the device of
    the result if that is not the device of the arguments; `peak` is how many bytes were held at a
    time, where that is asked.
    """

    value: np.ndarray | None = None
    kind: str = ""
    dtype: str = ""
    moved: str = ""
    error: str = ""
    message: str = ""
    line: str = ""
    changed: tuple[str, ...] = ()
    slopes: dict[str, np.ndarray | None] = field(default_factory=dict)
    peak: int = 0


def ask(function, call, *, torch: bool = False, device: str = "cpu") -> Answer:
    """Call `function` with the call's arrays and options and describe what it does."""
    if getattr(call, "most_memory", None) and not tracemalloc.is_tracing():
        tracemalloc.start()
        try:
            answer = _ask(function, call, torch, device)
            return replace(answer, peak=tracemalloc.get_traced_memory()[1])
        finally:
            tracemalloc.stop()
    return _ask(function, call, torch, device)


def _ask(function, call, torch, device) -> Answer:
    make = _tensors if torch else _copies
    given = make(call, device)
    kept = {name: array.copy() for name, array in call.arrays.items()}
    # A warning is no mistake here, and graders read any line on stderr as one.
    with np.errstate(all="ignore"), warnings.catch_warnings(), _no_stderr():
        warnings.simplefilter("ignore")
        try:
            result = function(*given.values(), **call.options)
        except (Exception, SystemExit) as error:
            return Answer(
                error=type(error).__name__,
                message=str(error),
                line=_line(error),
                changed=_changed(given, kept),
            )
        changed = _changed(given, kept)
        if torch:
            return _read_tensor(result, given, call.wants, changed)
        return _read(result, changed)


def _copies(call, device):
    """Copies, of which the first lies in memory column by column, as a transposed matrix does."""
    order = ("C" if at else "F" for at in range(len(call.arrays)))
    return {name: array.copy(next(order)) for name, array in call.arrays.items()}


def _tensors(call, device):
    import torch

    tensors = {}
    for name, array in _copies(call, device).items():
        # Unlike torch.tensor this keeps the order in memory.
        leaf = torch.from_numpy(array).to(device)
        tensors[name] = leaf.requires_grad_(name in call.wants)
    return tensors


def _changed(given, kept):
    changed = []
    for name, before in kept.items():
        now = given[name]
        now = now if isinstance(now, np.ndarray) else now.detach().cpu().numpy()
        if now.shape != before.shape or not np.array_equal(now, before, equal_nan=True):
            changed.append(name)
    return tuple(changed)


def _read(result, changed) -> Answer:
    kind = type(result).__name__
    if not isinstance(result, (int, float, np.ndarray, np.number)) or isinstance(result, bool):
        return Answer(kind=kind, changed=changed)
    array = np.asarray(result)
    if array.dtype.kind not in "fiu":
        return Answer(kind=kind, dtype=str(array.dtype), changed=changed)
    return Answer(array.astype(np.float64), kind, str(array.dtype), changed=changed)


def _read_tensor(result, given, wants, changed) -> Answer:
    import torch

    if not isinstance(result, torch.Tensor):
        return Answer(kind=type(result).__name__, changed=changed)
    home = next(iter(given.values())).device
    slopes: dict[str, np.ndarray | None] = dict.fromkeys(wants)
    if wants and result.requires_grad:
        asked = [given[name] for name in wants]
        try:
            grads = torch.autograd.grad(result.sum(), asked, allow_unused=True)
        except RuntimeError as error:
            return Answer(error="RuntimeError", message=f"in backward: {error}", changed=changed)
        slopes = {
            name: None if grad is None else _float64(grad)
            for name, grad in zip(wants, grads, strict=True)
        }
    return Answer(
        value=_float64(result),
        kind="Tensor",
        dtype=str(result.dtype).removeprefix("torch."),
        moved="" if result.device == home else str(result.device),
        changed=changed,
        slopes=slopes,
    )


def _float64(tensor):
    return tensor.detach().cpu().double().numpy()


def _line(error) -> str:
    """The innermost line of the learner's own code, not of a library it called."""
    frames = traceback.extract_tb(error.__traceback__)[1:]
    own = [frame for frame in frames if "site-packages" not in frame.filename and frame.line]
    return own[-1].line if own else ""


def _no_stderr():
    return contextlib.redirect_stderr(io.StringIO())
