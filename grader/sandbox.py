"""A sandboxed kernel for a learner's code, and a client that trusts nothing it says.

On Linux the kernel runs in bubblewrap: no network, no process of the host, a read-only interpreter
with its packages, an empty home in memory, a cleared environment, no capabilities, and limits on
memory, time, files and processes. A filter refuses system calls that no answer uses (`seccomp.py`),
and where control groups can be made, they limit the sandbox as a whole (`cgroup.py`). The kernel
talks through sockets in a directory that holds nothing else. What lies in the sandbox besides
Python is `inside/`: the probe, and a stand-in for `lossfns` that knows no answer. See `levels.py`
for machines without bubblewrap.
"""

import contextlib
import json
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
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import zmq
from jupyter_client.blocking.client import BlockingKernelClient
from jupyter_client.connect import write_connection_file

import lossfns.check.answer
from grader import seccomp
from grader.cgroup import Group, new_group, sweep_groups
from grader.folders import (
    installed_references,
    python_folders,
    short_folder,
    system_folders,
    without_folders,
)
from grader.levels import BUBBLEWRAP, find_level

INSIDE = Path(__file__).resolve().parent / "inside"
HOME = "/home/learner"
MEGABYTE = 2**20


@dataclass(frozen=True)
class Limits:
    """What a submission may use. Sizes are in bytes, times in seconds."""

    memory: int = 3 * 2**30  # of address space; a small torch training peaks at 0.7 GB
    disk: int = 128 * MEGABYTE  # of the home, in memory
    file_size: int = 64 * MEGABYTE
    processes: int = 64  # and threads
    open_files: int = 256
    message: int = 32 * MEGABYTE  # from the kernel
    output: int = 20_000  # characters kept of what a cell prints
    start: float = 60
    cell: float = 60
    probe: float = 30  # all questions of one check
    interrupt: float = 3  # between an interrupt and the end
    submission: float = 600


class SandboxError(Exception):
    """The sandbox could not be started or reached: this machine's fault, never a submission's."""


@dataclass
class Outcome:
    """What became of one piece of code: "ok", "error", "timeout" or "died", and what it showed."""

    status: str
    outputs: list[dict[str, Any]] = field(default_factory=list)
    error: str = ""
    value: str | None = None


class Sandbox:
    """A sandboxed kernel. Use it as a context manager; what is left of it is removed at the end."""

    def __init__(self, limits: Limits | None = None):
        self.limits = limits or Limits()
        self.level = find_level()
        self._folder = None
        self._group: Group | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._client: BlockingKernelClient | None = None
        self._last_words: deque[bytes] = deque(maxlen=8)

    def __enter__(self) -> "Sandbox":
        try:
            self._start()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    @property
    def alive(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def run(self, code: str, seconds: float, *, expression: str = "") -> Outcome:
        """Run code, or evaluate one expression. What is late is interrupted, then killed."""
        if not self.alive:
            return Outcome("died")
        wanted = {"value": expression} if expression else {}
        asked = self._client.execute(
            code, store_history=not expression, allow_stdin=False, stop_on_error=False,
            user_expressions=wanted,
        )  # fmt: skip
        talk = _Talk(asked, self.limits.output)
        deadline = time.monotonic() + seconds
        interrupted = False
        while not talk.over:
            if not self._listen(talk) and not self.alive:
                return talk.outcome("died")
            if talk.waits_in_vain:
                # A message over the limit has ended the connection that brings the output.
                talk.cut_off()
                self._connect_again()
                break
            if time.monotonic() < deadline:
                continue
            if interrupted:
                self._kill()
                return talk.outcome("timeout")
            self._interrupt()
            interrupted, deadline = True, time.monotonic() + self.limits.interrupt
        return talk.outcome("timeout") if interrupted else talk.outcome()

    def close(self) -> None:
        """End every process of the sandbox and remove its folder."""
        if self._client is not None:
            self._client.stop_channels()
            self._client.context.destroy(linger=0)
            self._client = None
        self._kill()
        if self._group is not None:
            self._group.remove()
            self._group = None
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)
            self._folder = None

    def _start(self) -> None:
        # Short, for the path of a socket may have 107 characters at the most.
        self._folder = Path(tempfile.mkdtemp(prefix=f"box-{os.getpid()}-", dir=short_folder()))
        connection, _ = write_connection_file(
            str(self._folder / "kernel.json"), transport="ipc", ip=str(self._folder / "k")
        )
        uid = _free_uid()
        for path in (self._folder, Path(connection)):
            if uid is not None:
                os.chown(path, uid, uid)
        orders = {"limits": asdict(self.limits), "uid": uid, "connection": connection}
        with _as_file(seccomp.program()) as filter_file:
            command, environment = self._command(orders, filter_file)
            self._group = new_group(self.limits.memory, self.limits.processes)
            self._process = subprocess.Popen(
                self._group.around(command), env=environment, cwd=self._folder,
                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                start_new_session=True, pass_fds=[filter_file] if filter_file else [],
            )  # fmt: skip
        threading.Thread(target=self._read_last_words, daemon=True).start()
        context = zmq.Context()
        # A longer message closes the connection instead of filling this process's memory.
        context.setsockopt(zmq.MAXMSGSIZE, self.limits.message)
        context.setsockopt(zmq.RCVHWM, 100)
        self._client = BlockingKernelClient(context=context)
        self._client.load_connection_file(connection)
        self._client.start_channels(stdin=False, hb=False)
        self._wait_until_ready()
        if uid is not None:
            # The sockets are there, and nothing else needs to be written.
            os.chown(self._folder, 0, 0)

    def _command(
        self, orders: dict[str, Any], filter_file: int
    ) -> tuple[list[str], dict[str, str]]:
        # Only names and numbers: no path of this machine, no secret, no token.
        environment = {
            "LANG": "C.UTF-8",
            "OMP_NUM_THREADS": "1",  # the numbers do not depend on the machine, and jobs share it
            "PYTHONDONTWRITEBYTECODE": "1",
            "PYTHONHASHSEED": "0",
            "TORCHDYNAMO_DISABLE": "1",  # torch.compile needs a compiler, which is not here
            "MPLBACKEND": "module://matplotlib_inline.backend_inline",
        }
        if self.level < BUBBLEWRAP:
            home = self._folder / "home"
            home.mkdir()
            inside = self._folder / "inside"
            _copy_inside(inside)
            orders["uid"] = None
            environment |= {"HOME": str(home), "PYTHONPATH": str(inside), "PATH": os.defpath}
            return [sys.executable, str(inside / "launch.py"), json.dumps(orders)], environment
        environment |= {"HOME": HOME, "PYTHONPATH": "/box/inside:/box", "PATH": "/usr/bin"}
        command = ["bwrap", "--die-with-parent", "--new-session", "--clearenv"]
        if orders["uid"] is None:
            command += ["--unshare-all", "--uid", "1000", "--gid", "1000", "--cap-drop", "ALL"]
        else:
            # Root starts the sandbox and gives its rights away inside: a limit on processes does
            # not bind root, whatever it is called in there.
            command += ["--unshare-ipc", "--unshare-pid", "--unshare-net", "--unshare-uts"]
            command += ["--unshare-cgroup-try", "--cap-drop", "ALL"]
            command += ["--cap-add", "CAP_SETUID", "--cap-add", "CAP_SETGID"]
        if filter_file:
            command += ["--seccomp", str(filter_file)]
        for key, value in environment.items():
            command += ["--setenv", key, value]
        command += ["--hostname", "box", "--proc", "/proc", "--dev", "/dev"]
        size = str(self.limits.disk)
        for folder in ("/tmp", "/dev/shm", HOME):
            command += ["--perms", "1777", "--size", size, "--tmpfs", folder]
        seen = [*system_folders(), *python_folders()]
        # bwrap would make the folders above these for root alone.
        above = {"/box"}.union(
            *(map(str, Path(path).parents[:-1]) for path in [*seen, self._folder])
        )
        for parent in sorted(above - {"/tmp"}):
            command += ["--perms", "0755", "--dir", parent]
        for path in seen:
            command += ["--ro-bind", path, path]
        # The reference, should it be installed as a package: a folder with nothing in it.
        for path in installed_references():
            command += ["--tmpfs", path]
        command += ["--ro-bind", str(INSIDE), "/box/inside"]
        command += ["--ro-bind", lossfns.check.answer.__file__, "/box/answer.py"]
        command += ["--bind", str(self._folder), str(self._folder), "--chdir", HOME]
        launch = [sys.executable, "/box/inside/launch.py", json.dumps(orders)]
        return [*command, "--", *launch], {"PATH": os.environ.get("PATH", os.defpath)}

    def _wait_until_ready(self) -> None:
        if self._is_heard(self.limits.start):
            return
        words = b"".join(self._last_words)[-2000:].decode(errors="replace").strip()
        raise SandboxError(f"the kernel did not start: {words or 'no answer in time'}")

    def _is_heard(self, seconds: float) -> bool:
        """Wait until the kernel answers and its output, which has a way of its own, arrives."""
        end = time.monotonic() + seconds
        answered = False
        while time.monotonic() < end and self.alive:
            self._client.kernel_info()
            with contextlib.suppress(Exception):
                answered = bool(self._client.shell_channel.get_msg(timeout=0.2)) or answered
            if answered and self._client.iopub_channel.socket.poll(200):
                self._drop_waiting_messages()
                return True
        return False

    def _drop_waiting_messages(self) -> None:
        """Questions repeated during the start have answers that nobody waits for any more."""
        end = time.monotonic() + 0.02
        while time.monotonic() < end:
            for channel in (self._client.shell_channel, self._client.iopub_channel):
                with contextlib.suppress(Exception):
                    channel.get_msg(timeout=0)

    def _listen(self, talk: "_Talk") -> bool:
        """Take in what the kernel says now, waiting a moment for it. False if it is silent."""
        poller = zmq.Poller()
        channels = (self._client.iopub_channel, self._client.shell_channel)
        for channel in channels:
            poller.register(channel.socket, zmq.POLLIN)
        ready = dict(poller.poll(timeout=100))
        for channel in channels:
            if channel.socket in ready:
                # A message may be of any form: the learner's code can write to the socket, too.
                with contextlib.suppress(Exception):
                    talk.hear(channel.get_msg(timeout=0))
        return bool(ready)

    def _connect_again(self) -> None:
        address = f"ipc://{self._client.ip}-{self._client.iopub_port}"
        with contextlib.suppress(zmq.ZMQError):
            self._client.iopub_channel.socket.disconnect(address)
        self._client.iopub_channel.socket.connect(address)
        self._is_heard(5.0)

    def _interrupt(self) -> None:
        message = self._client.session.msg("interrupt_request", content={})
        self._client.control_channel.send(message)

    def _kill(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        # bwrap is the parent of the first process of the sandbox; with that one, all others end.
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()

    def _read_last_words(self) -> None:
        process = self._process
        if process is not None and process.stderr is not None:
            for line in iter(lambda: process.stderr.read1(4096), b""):
                self._last_words.append(line)


class _Talk:
    """The messages that answer one request."""

    def __init__(self, asked: str, most: int):
        self.asked = asked
        self.room = most
        self.reply: dict[str, Any] | None = None
        self.idle = False
        self.replied = 0.0
        self.outputs: list[dict[str, Any]] = []

    @property
    def over(self) -> bool:
        return self.reply is not None and self.idle

    @property
    def waits_in_vain(self) -> bool:
        """Output may come after the reply, but the end of it may be lost or withheld."""
        return self.reply is not None and time.monotonic() > self.replied + 1

    def hear(self, message: dict[str, Any]) -> None:
        if message["parent_header"].get("msg_id") != self.asked:
            return
        kind, content = message["msg_type"], message["content"]
        if kind == "execute_reply":
            self.reply, self.replied = content, time.monotonic()
        elif kind == "status" and content["execution_state"] == "idle":
            self.idle = True
        elif kind == "stream":
            self._show("stream", str(content["name"]) == "stderr", str(content["text"]))
        elif kind in ("display_data", "execute_result"):
            self._picture(content["data"])
        elif kind == "error":
            lines = [str(line) for line in content["traceback"]]
            text = "\n".join(lines) or f"{content['ename']}: {content['evalue']}"
            self._show("error", str(content["ename"]), text)

    def _show(self, kind: str, name: Any, text: str) -> None:
        text = without_folders(text)[: max(self.room, 0)]
        self.room -= len(text)
        if text:
            self.outputs.append({"kind": kind, "name": name, "text": text})
            if self.room <= 0:
                self.cut_off()

    def cut_off(self) -> None:
        self.outputs.append({"kind": "stream", "name": False, "text": "\n[cut off here]\n"})

    def _picture(self, data: dict[str, Any]) -> None:
        """Pictures and text only: anything else could act in the browser of whoever marks it."""
        picture = data.get("image/png")
        if isinstance(picture, str) and len(picture) < MEGABYTE and len(self.outputs) < 20:
            self.outputs.append({"kind": "picture", "name": None, "text": picture})
        elif isinstance(data.get("text/plain"), str):
            self._show("stream", False, data["text/plain"] + "\n")

    def outcome(self, status: str = "") -> Outcome:
        reply = self.reply or {}
        value = None
        with contextlib.suppress(Exception):
            value = reply["user_expressions"]["value"]["data"]["text/plain"]
        replied = "ok" if reply.get("status") == "ok" else "error"
        error = str(reply.get("ename", ""))[:200]
        return Outcome(status or replied, self.outputs, error, value)


def sweep() -> None:
    """Remove what is left of sandboxes whose grader was killed."""
    for folder in Path(short_folder()).glob("box-*-*"):
        pid = folder.name.split("-")[1]
        if pid.isdigit() and not Path("/proc", pid).exists() and Path("/proc/self").exists():
            shutil.rmtree(folder, ignore_errors=True)
    sweep_groups()


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


def _copy_inside(target: Path) -> None:
    shutil.copytree(INSIDE, target, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(lossfns.check.answer.__file__, target / "answer.py")
