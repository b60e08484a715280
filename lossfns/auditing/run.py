"""Call a function that may do anything: hang, raise, print, leave the interpreter.

The function runs in a thread of its own, so that whoever asked can go on when the time is over. A
loop of Python is then ended by an exception; what sleeps inside a library is left to itself.
"""

from __future__ import annotations

import contextlib
import ctypes
import io
import queue
import random
import sys
import threading
import traceback
import warnings
from collections.abc import Callable
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


def _serve(asked: Any, answers: Any) -> None:
    while True:
        try:
            function = asked.get()
            if function is None:
                return
            with np.errstate(all="ignore"):
                answers.put((function(), None))
        except OutOfTime:
            return
        except BaseException as error:  # also SystemExit and what pytest raises
            answers.put((None, error))


def _first_line(error: BaseException) -> str:
    return str(error).strip().partition("\n")[0][:300]


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


class Surroundings:
    """What a loss must leave alone: the states of the random generators, and torch's settings."""

    def __init__(self) -> None:
        self._before = self._read()

    def changed(self) -> list[str]:
        """The names of what is no longer as it was."""
        now = self._read()
        return [name for name, state in self._before.items() if not _same(state, now[name])]

    @staticmethod
    def stir() -> None:
        """Bring the generators into a state that no seed of a loss would set."""
        random.seed(987654321)
        np.random.seed(987654321)  # noqa: NPY002
        torch = sys.modules.get("torch")
        if torch is not None:
            torch.manual_seed(987654321)

    def restore(self) -> None:
        """Set everything back."""
        random.setstate(self._before["Python's random state"])
        np.random.set_state(self._before["NumPy's random state"])  # noqa: NPY002
        torch = sys.modules.get("torch")
        if torch is not None and "torch's random state" in self._before:
            torch.set_rng_state(self._before["torch's random state"])
            torch.set_default_dtype(self._before["torch's default dtype"])
            torch.set_num_threads(self._before["torch's number of threads"])

    @staticmethod
    def _read() -> dict[str, Any]:
        states = {
            "Python's random state": random.getstate(),
            "NumPy's random state": np.random.get_state(),  # noqa: NPY002
        }
        torch = sys.modules.get("torch")
        if torch is not None:
            states["torch's random state"] = torch.get_rng_state()
            states["torch's default dtype"] = torch.get_default_dtype()
            states["torch's number of threads"] = torch.get_num_threads()
        return states


def _same(one: Any, other: Any) -> bool:
    if isinstance(one, tuple):
        return len(one) == len(other) and all(map(_same, one, other))
    return bool(np.array_equal(one, other)) if hasattr(one, "shape") else bool(one == other)
