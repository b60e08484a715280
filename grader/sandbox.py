"""The life of a sandboxed kernel: it is opened, runs code within limits, and is ended.

On Linux the kernel runs in bubblewrap (`bubblewrap.py`). A filter refuses system calls that no
answer uses (`seccomp.py`), and where control groups can be made, they limit the sandbox as a whole
(`cgroup.py`). The kernel talks through sockets in a directory that holds nothing else
(`client.py`). See `levels.py` for machines without bubblewrap.
"""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

from jupyter_client.connect import write_connection_file

import lossfns.check.answer
from grader import seccomp
from grader.bubblewrap import Shown, Start, environment_of, in_bubblewrap, unprotected
from grader.cgroup import Group, new_group, sweep_groups
from grader.client import Client, Outcome
from grader.folders import installed_references, python_folders, short_folder, system_folders
from grader.levels import BUBBLEWRAP, find_level
from grader.limits import Limits

INSIDE = Path(__file__).resolve().parent / "inside"
ANSWER = Path(lossfns.check.answer.__file__)


class SandboxError(Exception):
    """The sandbox could not be started or reached: this machine's fault, never a submission's."""


class Sandbox:
    """A kernel that runs. `Sandbox.open` starts one; after `with`, nothing is left of it."""

    def __init__(
        self,
        limits: Limits,
        folder: Path,
        group: Group,
        process: "KernelProcess",
        client: Client,
        left: ExitStack,
    ):
        self.limits, self.folder, self.group = limits, folder, group
        self.process = process
        self._client = client
        self._left = left

    @classmethod
    def open(cls, limits: Limits | None = None) -> "Sandbox":
        """A sandbox whose kernel answers. Raises SandboxError where none does."""
        limits = limits or Limits()
        with ExitStack() as left:
            # Short, for the path of a socket may have 107 characters at the most.
            folder = Path(tempfile.mkdtemp(prefix=f"box-{os.getpid()}-", dir=short_folder()))
            left.callback(_remove, folder)
            start = _start(folder, limits)
            group = new_group(limits.memory, limits.processes)
            left.callback(group.remove)
            process = _launched(start, group)
            left.callback(process.end)
            client = Client(start.connection, limits)
            left.callback(client.close)
            if not client.is_heard(limits.start, process.is_alive):
                words = process.last_errors() or "no answer in time"
                raise SandboxError(f"the kernel did not start: {words}")
            # The sockets are there, and nothing else needs to be written.
            if start.uid is not None:
                os.chown(folder, 0, 0)
            else:
                # Against accidents: whoever runs as the owner can open it again.
                folder.chmod(0o500)
            return cls(limits, folder, group, process, client, left.pop_all())

    def __enter__(self) -> "Sandbox":
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def close(self) -> None:
        """End every process of the sandbox and remove its folder."""
        self._left.close()

    @property
    def alive(self) -> bool:
        return self.process.is_alive()

    def run(self, code: str, seconds: float, *, expression: str = "") -> Outcome:
        """Run code, or evaluate one expression. What is late is interrupted, then killed."""
        if not self.alive:
            return Outcome("died")
        request = self._client.ask(code, expression)
        deadline = time.monotonic() + seconds
        interrupted = False
        while not request.over:
            if not self._client.listen(request) and not self.alive:
                return request.outcome("died")
            if request.output_has_stopped:
                request.cut_off()
                self._client.connect_again(self.process.is_alive)
                break
            if time.monotonic() < deadline:
                continue
            if interrupted:
                self.process.end()
                return request.outcome("timeout")
            self._client.interrupt()
            interrupted, deadline = True, time.monotonic() + self.limits.interrupt
        return request.outcome("timeout") if interrupted else request.outcome()


class KernelProcess:
    """The process that was started, and the last of what it says about errors."""

    def __init__(self, command: list[str], environment: dict[str, str], folder: Path, kept: int):
        self._process = subprocess.Popen(
            command, env=environment, cwd=folder,
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
            bufsize=0, start_new_session=True, pass_fds=[kept] if kept else [],
        )  # fmt: skip
        self.pid = self._process.pid
        self._ended = False
        self._errors: deque[bytes] = deque(maxlen=8)
        self._reader = threading.Thread(target=self._read_errors, daemon=True)
        self._reader.start()

    def is_alive(self) -> bool:
        return not self._ended and self._process.poll() is None

    def end(self) -> None:
        """Kill it with all that it has started."""
        if self._ended:
            return
        self._ended = True
        # bwrap is the parent of the first process of the sandbox; with that one, all others end.
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)
        self._process.wait()

    def last_errors(self) -> str:
        """The end of its error output, all of it where the process has ended."""
        if not self.is_alive():
            self._reader.join(5)  # what it said before it ended may not have been read yet
        return b"".join(self._errors)[-2000:].decode(errors="replace").strip()

    def _read_errors(self) -> None:
        errors = self._process.stderr
        assert errors is not None
        while part := errors.read(4096):
            self._errors.append(part)


def sweep() -> None:
    """Remove what is left of sandboxes whose grader was killed."""
    for folder in Path(short_folder()).glob("box-*-*"):
        pid = folder.name.split("-")[1]
        if pid.isdigit() and not Path("/proc", pid).exists() and Path("/proc/self").exists():
            _remove(folder)
    sweep_groups()


def _remove(folder: Path) -> None:
    """A folder of a sandbox, which may be closed to writing."""
    with contextlib.suppress(OSError):
        folder.chmod(0o700)
    shutil.rmtree(folder, ignore_errors=True)


def _start(folder: Path, limits: Limits) -> Start:
    """The order for a kernel that talks through sockets in this folder."""
    file, _ = write_connection_file(
        str(folder / "kernel.json"), transport="ipc", ip=str(folder / "k")
    )
    start = Start(Path(file), limits, _free_uid() if find_level() == BUBBLEWRAP else None)
    if start.uid is not None:
        for path in (folder, start.connection):
            os.chown(path, start.uid, start.uid)
    return start


def _launched(start: Start, group: Group) -> KernelProcess:
    folder, limits = start.connection.parent, start.limits
    if find_level() < BUBBLEWRAP:
        home, inside = folder / "home", folder / "inside"
        home.mkdir()
        _copy_inside(inside)
        # The limit counts all that the user runs anywhere, down to each thread of a browser.
        processes = limits.processes + _threads_of_user()
        start = replace(start, limits=replace(limits, processes=processes))
        command = unprotected(start, inside)
        return KernelProcess(group.around(command), environment_of(home, inside), folder, 0)
    shown = Shown(
        [*system_folders(), *python_folders()],
        # The reference, should it be installed as a package: a folder with nothing in it.
        installed_references(),
        str(INSIDE),
        str(ANSWER),
    )
    with _as_file(seccomp.program()) as filter_file:
        command = in_bubblewrap(start, shown, filter_file)
        environment = {"PATH": os.environ.get("PATH", os.defpath)}
        return KernelProcess(group.around(command), environment, folder, filter_file)


@contextlib.contextmanager
def _as_file(content: bytes | None) -> Iterator[int]:
    """An open file that holds this, for a child to read; 0 if there is nothing to hold."""
    if content is None or not hasattr(os, "memfd_create"):
        yield 0
        return
    handle = os.memfd_create("filter")
    try:
        os.write(handle, content)
        os.lseek(handle, 0, os.SEEK_SET)
        yield handle
    finally:
        os.close(handle)


def _free_uid() -> int | None:
    """A user id for one sandbox alone; None if we are not root and cannot become somebody else."""
    if sys.platform != "linux" or os.geteuid() != 0:
        return None
    return 200_000 + os.getpid() % 2**17 + 2**17 * (time.monotonic_ns() // 1000 % 8)


def _threads_of_user() -> int:
    """How many threads the user of this process has now, as far as /proc tells."""
    threads = 0
    for status in Path("/proc").glob("[0-9]*/status"):
        with contextlib.suppress(OSError):
            told = dict(line.split(":\t", 1) for line in status.read_text().splitlines())
            threads += int(told["Threads"]) * (int(told["Uid"].split()[0]) == os.getuid())
    return threads


def _copy_inside(target: Path) -> None:
    shutil.copytree(INSIDE, target, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ANSWER, target / "answer.py")
