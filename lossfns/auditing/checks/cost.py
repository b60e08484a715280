"""Time and memory, against the size of the inputs and against the loss of the catalog."""

from __future__ import annotations

import functools
import time
import tracemalloc
from typing import Any

import lossfns.numpy as ln
from lossfns.auditing.case import Case
from lossfns.auditing.checks.check import absent, check, fails, passes
from lossfns.auditing.report import Finding

_MANY = 2000
# Slower than this many times the catalog's is worth a look; measurements differ by two or three.
_SLOW = 25.0


@check(
    "time",
    effect="The loss takes as long as the model.",
    cure="no loop of Python over items or classes: one expression over the whole batch.",
    label="performance",
)
def takes_no_time(case: Case) -> Finding:
    arrays = case.draw(_MANY) if not case.coupled else case.draw(200)
    n = len(next(iter(arrays.values())))
    own = _seconds(functools.partial(case.ask, arrays, "float32", wants=case.wrt))
    if own is None:
        return absent("a call fails")
    if case.like is not None:
        theirs = _seconds(functools.partial(_catalogs, case, arrays))
        if theirs is not None and own > _SLOW * theirs and own > 0.02:
            return fails(
                f"{n} items take {own:.2g} s, {own / theirs:.0f} times as long as the catalog's",
                f"{n} items",
                got=f"{own:.2g} s",
                expected=f"{theirs:.2g} s",
                cause="a loop over the items",
            )
        return passes()
    if case.coupled:
        return absent("without a reference there is nothing to compare with")
    if own / n > 2e-5:
        return fails(
            f"{n} items take {own:.2g} s",
            f"{n} items",
            got=f"{own:.2g} s",
            expected="well below a hundredth of a second",
            cause="a loop over the items",
        )
    return passes()


def _catalogs(case: Case, arrays: Any) -> Any:
    assert case.like is not None
    return getattr(ln, case.like.name).value_and_grad(**arrays, **case.setting)


def _seconds(call: Any) -> float | None:
    """The best of three."""
    best = float("inf")
    for _ in range(3):
        start = time.perf_counter()
        try:
            answer = call()
        except (TypeError, ValueError):
            return None
        best = min(best, time.perf_counter() - start)
        if getattr(answer, "error", ""):
            return None
        if best > 0.5:
            break
    return best


@check(
    "memory",
    effect="Memory grows with the square of the batch: a batch twice as large does not fit.",
    cure="no table of every item against every other one: look for an axis that is broadcast, "
    "[:, None].",
    label="performance",
)
def takes_no_memory(case: Case) -> Finding:
    if case.coupled:
        return absent("its items are compared with each other")
    sizes = []
    for n in (128, 512):
        arrays = case.draw(n)
        used = case.subject.runner.call(functools.partial(_largest, case, arrays))
        if used.error:
            return absent("a call fails")
        sizes.append(max(used.value, sum(v.nbytes for v in arrays.values())))
    if sizes[1] > 8 * sizes[0]:
        return fails(
            f"four times as many items take {sizes[1] / sizes[0]:.0f} times as much memory",
            "512 items",
            got=f"{sizes[1]:,} bytes",
            expected=f"about {4 * sizes[0]:,} bytes",
            cause="a table of all pairs",
        )
    return passes()


def _largest(case: Case, arrays: Any) -> int:
    """Bytes of the largest tensor that a call makes, or of all arrays at its peak in NumPy."""
    work = functools.partial(
        case.subject._work,
        arrays,
        "float64",
        (),
        None,
        {k: v for k, v in case.setting.items() if case._passed(k)},
        None,
        {},
    )
    if not case.subject.torch:
        tracemalloc.start()
        try:
            work()
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
    import torch
    from torch.utils._python_dispatch import TorchDispatchMode

    class Largest(TorchDispatchMode):
        size = 0

        def __torch_dispatch__(
            self, function: Any, types: Any, args: Any = (), kwargs: Any = None
        ) -> Any:
            result = function(*args, **(kwargs or {}))
            for one in result if isinstance(result, tuple | list) else (result,):
                if isinstance(one, torch.Tensor) and one.numel():
                    # A stretched view takes no memory.
                    own = 1
                    for size, step in zip(one.shape, one.stride(), strict=True):
                        own += (size - 1) * step
                    Largest.size = max(Largest.size, own * one.element_size())
            return result

    Largest.size = 0
    with Largest():
        work()
    return Largest.size
