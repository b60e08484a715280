"""The talk with a kernel in which a learner's code runs: a client that trusts nothing it says.

The learner's code can write to the sockets, too. So messages are of bounded size and number, and
may be of any form; what is shown of them is text and pictures.
"""

import contextlib
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import zmq
from jupyter_client.blocking.client import BlockingKernelClient

from grader.folders import without_folders
from grader.limits import MEGABYTE, Limits


@dataclass
class Outcome:
    """What became of one piece of code: "ok", "error", "timeout" or "died", and what it showed."""

    status: str
    outputs: list[dict[str, Any]] = field(default_factory=list)
    error: str = ""
    value: str | None = None


class Client:
    """A connection to the kernel of a connection file."""

    def __init__(self, connection: Path, limits: Limits):
        self._limits = limits
        context = zmq.Context()
        # A longer message closes the connection instead of filling this process's memory.
        context.setsockopt(zmq.MAXMSGSIZE, limits.message)
        context.setsockopt(zmq.RCVHWM, 100)
        self._kernel = BlockingKernelClient(context=context)
        self._kernel.load_connection_file(str(connection))
        self._kernel.start_channels(stdin=False, hb=False)

    def close(self) -> None:
        self._kernel.stop_channels()
        self._kernel.context.destroy(linger=0)

    def ask(self, code: str, expression: str = "") -> "Request":
        """Send code, or one expression, to be run; `listen` for what comes of it."""
        wanted = {"value": expression} if expression else {}
        asked = self._kernel.execute(
            code, store_history=not expression, allow_stdin=False, stop_on_error=False,
            user_expressions=wanted,
        )  # fmt: skip
        return Request(asked, self._limits.output)

    def listen(self, request: "Request") -> bool:
        """Take in what the kernel says now, waiting a moment for it. False if it is silent."""
        poller = zmq.Poller()
        channels = (self._kernel.iopub_channel, self._kernel.shell_channel)
        for channel in channels:
            poller.register(channel.socket, zmq.POLLIN)
        ready = dict(poller.poll(timeout=100))
        for channel in channels:
            if channel.socket in ready:
                with contextlib.suppress(Exception):
                    request.hear(channel.get_msg(timeout=0))
        return bool(ready)

    def interrupt(self) -> None:
        message = self._kernel.session.msg("interrupt_request", content={})
        self._kernel.control_channel.send(message)

    def is_heard(self, seconds: float, alive: Callable[[], bool]) -> bool:
        """Wait until the kernel answers and its output, which has a way of its own, arrives."""
        end = time.monotonic() + seconds
        answered = False
        while time.monotonic() < end and alive():
            self._kernel.kernel_info()
            with contextlib.suppress(Exception):
                answered = bool(self._kernel.shell_channel.get_msg(timeout=0.2)) or answered
            if answered and self._kernel.iopub_channel.socket.poll(200):
                self._drop_waiting_messages()
                return True
        return False

    def connect_again(self, alive: Callable[[], bool]) -> None:
        """After a message over the limit, which has ended the connection that brings the output."""
        address = f"ipc://{self._kernel.ip}-{self._kernel.iopub_port}"
        with contextlib.suppress(zmq.ZMQError):
            self._kernel.iopub_channel.socket.disconnect(address)
        self._kernel.iopub_channel.socket.connect(address)
        self.is_heard(5.0, alive)

    def _drop_waiting_messages(self) -> None:
        """Questions repeated during the start have answers that nobody waits for any more."""
        end = time.monotonic() + 0.02
        while time.monotonic() < end:
            for channel in (self._kernel.shell_channel, self._kernel.iopub_channel):
                with contextlib.suppress(Exception):
                    channel.get_msg(timeout=0)


class Request:
    """One request, and the messages that answer it."""

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
    def output_has_stopped(self) -> bool:
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

    def cut_off(self) -> None:
        self.outputs.append({"kind": "stream", "name": False, "text": "\n[cut off here]\n"})

    def outcome(self, status: str = "") -> Outcome:
        reply = self.reply or {}
        value = None
        with contextlib.suppress(Exception):
            value = reply["user_expressions"]["value"]["data"]["text/plain"]
        replied = "ok" if reply.get("status") == "ok" else "error"
        error = str(reply.get("ename", ""))[:200]
        return Outcome(status or replied, self.outputs, error, value)

    def _show(self, kind: str, name: Any, text: str) -> None:
        text = without_folders(text)[: max(self.room, 0)]
        self.room -= len(text)
        if text:
            self.outputs.append({"kind": kind, "name": name, "text": text})
            if self.room <= 0:
                self.cut_off()

    def _picture(self, data: dict[str, Any]) -> None:
        """Pictures and text only: anything else could act in the browser of whoever marks it."""
        picture = data.get("image/png")
        if isinstance(picture, str) and len(picture) < MEGABYTE and len(self.outputs) < 20:
            self.outputs.append({"kind": "picture", "name": None, "text": picture})
        elif isinstance(data.get("text/plain"), str):
            self._show("stream", False, data["text/plain"] + "\n")
