"""Time and memory, against the size of the inputs and against the loss of the catalog."""

from __future__ import annotations

import functools
import importlib
import time
import tracemalloc
from typing import Any

from lossfns.auditing.call import Subject, subject_of
from lossfns.auditing.case import Case
from lossfns.auditing.checks.check import absent, check, fails, passes
from lossfns.auditing.report import Finding

# So many items, but no more numbers than that: images and sequences need not be thousands.
_MANY, _NUMBERS = 2000, 50_000
# Slower than this many times the catalog's is worth a look; measurements differ by two or three.
_SLOW = 25.0


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
    case.pairs = sizes[1] > 8 * sizes[0]
    if case.pairs:
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
    work = functools.partial(case.work, arrays)
    if not case.subject.torch:
        tracemalloc.start()
        try:
            work()
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
    import torch
    from torch.utils import _python_dispatch

    Mode: Any = _python_dispatch.TorchDispatchMode

    class Largest(Mode):  # type: ignore[misc]
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


@check(
    "time",
    effect="The loss takes as long as the model.",
    cure="no loop of Python over items or classes: one expression over the whole batch.",
    label="performance",
)
def takes_no_time(case: Case) -> Finding:
    few = case.draw(max(2, case.fewest))
    size = sum(v.size for v in few.values()) / len(few[case.first])
    many = int(min(_MANY, max(64, _NUMBERS / size)))
    arrays = case.draw(many) if not case.coupled else case.draw(200)
    n = len(next(iter(arrays.values())))
    own = _seconds(case, case.subject, arrays)
    if own is None:
        return absent("a call fails")
    if case.like is not None:
        theirs = _seconds(case, _twin(case), arrays)
        if theirs is not None and own > _SLOW * theirs and own > 0.01:
            if case.pairs:
                return absent("the table of all pairs takes the time, see memory")
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
    if own / n > 1e-5:
        return fails(
            f"{n} items take {own:.2g} s",
            f"{n} items",
            got=f"{own:.2g} s",
            expected="well below a hundredth of a second",
            cause="a loop over the items",
        )
    return passes()


def _twin(case: Case) -> Subject:
    """The catalog's loss of the same library."""
    assert case.like is not None
    module: Any = importlib.import_module(
        "lossfns.torch" if case.subject.torch else "lossfns.numpy"
    )
    return subject_of(
        getattr(module, case.like.name),
        list(case.subject.places),
        case.subject.runner,
        settings=case.like.hyper,
        required=case.setting,
    )


def _seconds(case: Case, subject: Subject, arrays: Any) -> float | None:
    """The least of three, in time of the processor: how busy the machine is does not matter."""
    passed = {n: v for n, v in case.setting.items() if n in subject.settings}
    work = functools.partial(subject._work, arrays, "float32", case.wrt, None, passed, None, {})

    def timed() -> float:
        start = time.thread_time()
        work()
        return time.thread_time() - start

    times = []
    for _ in range(3):
        outcome = subject.runner.call(timed)
        if outcome.error:
            return None
        times.append(outcome.value)
        if outcome.value > 0.1:
            break
    return float(min(times))
