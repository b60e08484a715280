"""Call a function that may do anything: hang, raise, print, leave the interpreter.

The function runs in a thread of its own, so that whoever asked can go on when the time is over. A
loop of Python is then ended by an exception; what sleeps inside a library is left to itself.
"""

from __future__ import annotations

import contextlib
import ctypes
import io
import logging
import queue
import random
import sys
import threading
import traceback
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np


class OutOfTime(BaseException):
    """Raised inside a call that has taken too long; `except Exception` does not catch it."""


@dataclass(frozen=True)
class Outcome:
    """What a call did: `value` counts where there is no `error`.

    `error` is the name and message of an exception, `line` the line of the caller's own code that
    raised it; `hung` says that the time was over.
    """

    value: Any = None
    error: str = ""
    line: str = ""
    printed: str = ""
    hung: bool = False


class Runner:
    """One thread after another that calls functions; a new one where the last is stuck.

    `hung` says whether one ever was.
    """

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.hung = False
        self._asked: queue.SimpleQueue[Callable[[], Any] | None] = queue.SimpleQueue()
        self._answers: queue.SimpleQueue[tuple[Any, BaseException | None]] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None

    def call(self, function: Callable[[], Any], seconds: float | None = None) -> Outcome:
        """Call without arguments; everything that happens comes back as an outcome.

        Arguments:
            function: to be called.
            seconds: another time limit than that of this runner.
        """
        seconds = self.seconds if seconds is None else seconds
        if self._thread is None:
            self._asked, self._answers = queue.SimpleQueue(), queue.SimpleQueue()
            self._thread = threading.Thread(
                target=_serve, args=(self._asked, self._answers), daemon=True
            )
            self._thread.start()
        out = io.StringIO()
        with (
            contextlib.redirect_stdout(out),
            contextlib.redirect_stderr(out),
            warnings.catch_warnings(),
            _no_logging(),
        ):
            warnings.simplefilter("ignore")
            self._asked.put(function)
            try:
                value, error = self._answers.get(timeout=seconds)
            except queue.Empty:
                self._abandon()
                self.hung = True
                return Outcome(error=f"no answer after {seconds:g} s", hung=True)
        if error is not None:
            return Outcome(
                error=f"{type(error).__name__}: {_first_line(error)}".rstrip(": "),
                line=_line(error),
                printed=out.getvalue(),
            )
        return Outcome(value, printed=out.getvalue())

    def close(self) -> None:
        """Let the thread end."""
        self._asked.put(None)
        self._thread = None

    def _abandon(self) -> None:
        """Give up a thread that is stuck, and stop what Python runs in it."""
        assert self._thread is not None and self._thread.ident is not None
        ctypes.pythonapi.PyThreadState_SetAsyncExc(
            ctypes.c_ulong(self._thread.ident), ctypes.py_object(OutOfTime)
        )
        self._asked.put(None)
        # Long enough for a loop to notice; whatever sleeps is not waited for.
        self._thread.join(0.2)
        self._thread = None


@contextlib.contextmanager
def _no_logging() -> Iterator[None]:
    """What torch logs of a call that fails is in the report."""
    level = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        yield
    finally:
        logging.disable(level)


def _serve(asked: Any, answers: Any) -> None:
    while True:
        try:
            function = asked.get()
            if function is None:
                return
            settings = [(read(), read, write) for read, write in _settings().values()]
            try:
                with np.errstate(all="ignore"):
                    answer = function()
            finally:
                for before, read, write in settings:
                    if read() != before:
                        write(before)
            answers.put((answer, None))
        except OutOfTime:
            return
        except BaseException as error:  # also SystemExit and what pytest raises
            answers.put((None, error))


def _first_line(error: BaseException) -> str:
    try:
        return str(error).strip().partition("\n")[0][:300]
    except Exception:  # its own words fail, too
        return ""


def _line(error: BaseException) -> str:
    """The innermost line of the caller's own code, not of a library it called."""
    frames = traceback.extract_tb(error.__traceback__)
    own = [f for f in frames if "site-packages" not in f.filename and "auditing" not in f.filename]
    return f"{own[-1].line} (line {own[-1].lineno})" if own and own[-1].line else ""


def load_torch() -> None:
    """Load what torch would load at the first use, which a time limit must not cut off half-way."""
    import torch._dynamo
    import torch._subclasses.fake_tensor
    import torch.func
    import torch.utils._python_dispatch  # noqa: F401


# How a thing is read and set.
_Access = tuple[Callable[[], Any], Callable[[Any], Any]]


class Surroundings:
    """What a loss must leave alone: the states of the random generators, and torch's settings."""

    def __init__(self) -> None:
        self._before = {name: read() for name, (read, _) in _world().items()}

    def changed(self) -> list[str]:
        """The names of what is no longer as it was."""
        world = _world()
        return [n for n, state in self._before.items() if not _same(state, world[n][0]())]

    @staticmethod
    def stir() -> None:
        """Bring the generators into a state that no seed of a loss would set."""
        random.seed(987654321)
        np.random.seed(987654321)  # noqa: NPY002
        torch = sys.modules.get("torch")
        if torch is not None:
            torch.manual_seed(987654321)

    def restore(self) -> None:
        """Set back what was changed."""
        world = _world()
        for name in self.changed():
            world[name][1](self._before[name])


def _world() -> dict[str, _Access]:
    return _generators() | _settings()


def _generators() -> dict[str, _Access]:
    every: dict[str, _Access] = {
        "Python's random state": (random.getstate, random.setstate),
        "NumPy's random state": (np.random.get_state, np.random.set_state),
    }
    torch = sys.modules.get("torch")
    if torch is not None:
        every["torch's random state"] = torch.get_rng_state, torch.set_rng_state
    return every


def _settings() -> dict[str, _Access]:
    torch = sys.modules.get("torch")
    if torch is None:
        return {}
    return {
        "torch's default dtype": (torch.get_default_dtype, torch.set_default_dtype),
        "torch's number of threads": (torch.get_num_threads, torch.set_num_threads),
        "whether torch computes gradients": (torch.is_grad_enabled, torch.set_grad_enabled),
        "whether torch is deterministic": (
            torch.are_deterministic_algorithms_enabled,
            torch.use_deterministic_algorithms,
        ),
    }


def _same(one: Any, other: Any) -> bool:
    if isinstance(one, tuple):
        return len(one) == len(other) and all(map(_same, one, other))
    return bool(np.array_equal(one, other)) if hasattr(one, "shape") else bool(one == other)
