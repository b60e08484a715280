"""The command lines that start a kernel, in bubblewrap and without: functions of what they get.

In bubblewrap there is no network and no process of the host, a read-only interpreter with its
packages, an empty home in memory, a cleared environment and no capabilities. Besides Python, the
folder `inside/` lies in there: the probe, and a stand-in for `lossfns` that knows no answer.
"""

import json
import os
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from grader.limits import Limits

HOME = "/home/learner"

# Only names and numbers: no path of this machine, no secret, no token.
ENVIRONMENT = {
    "LANG": "C.UTF-8",
    "OMP_NUM_THREADS": "1",  # the numbers do not depend on the machine, and jobs share it
    "PYTHONDONTWRITEBYTECODE": "1",
    "PYTHONHASHSEED": "0",
    "TORCHDYNAMO_DISABLE": "1",  # torch.compile needs a compiler, which is not here
    "MPLBACKEND": "module://matplotlib_inline.backend_inline",
}


@dataclass(frozen=True)
class Start:
    """How a kernel starts: its connection file, its limits, and who it becomes.

    Without a `uid` it stays who it is. `inside/launch.py` reads this and carries it out.
    """

    connection: Path
    limits: Limits
    uid: int | None = None

    def as_argument(self) -> str:
        return json.dumps(
            {"limits": asdict(self.limits), "uid": self.uid, "connection": str(self.connection)}
        )


@dataclass(frozen=True)
class Shown:
    """What of this machine the sandbox shows, read-only, and what it hides in there again."""

    folders: Sequence[str]
    hidden: Sequence[str]
    inside: str
    answer: str  # the file that says what an answer is


def in_bubblewrap(start: Start, shown: Shown, filter_file: int = 0) -> list[str]:
    """The command that starts a kernel in the sandbox; `filter_file` is open and holds a filter."""
    command = ["bwrap", "--die-with-parent", "--new-session", "--clearenv"]
    if start.uid is None:
        command += ["--unshare-all", "--uid", "1000", "--gid", "1000", "--cap-drop", "ALL"]
    else:
        # Root starts the sandbox and gives its rights away inside: a limit on processes does
        # not bind root, whatever it is called in there.
        command += ["--unshare-ipc", "--unshare-pid", "--unshare-net", "--unshare-uts"]
        command += ["--unshare-cgroup-try", "--cap-drop", "ALL"]
        command += ["--cap-add", "CAP_SETUID", "--cap-add", "CAP_SETGID"]
    if filter_file:
        command += ["--seccomp", str(filter_file)]
    environment = {"HOME": HOME, "PYTHONPATH": "/box/inside:/box", "PATH": "/usr/bin"}
    for key, value in (ENVIRONMENT | environment).items():
        command += ["--setenv", key, value]
    command += ["--hostname", "box", "--proc", "/proc", "--dev", "/dev"]
    size = str(start.limits.disk)
    for folder in ("/tmp", "/dev/shm", HOME):
        command += ["--perms", "1777", "--size", size, "--tmpfs", folder]
    sockets = str(start.connection.parent)
    # bwrap would make the folders above these for root alone.
    above = {"/box"}.union(
        *(map(str, Path(path).parents[:-1]) for path in [*shown.folders, sockets])
    )
    for parent in sorted(above - {"/tmp"}):
        command += ["--perms", "0755", "--dir", parent]
    for path in shown.folders:
        command += ["--ro-bind", path, path]
    for path in shown.hidden:
        command += ["--tmpfs", path]
    command += ["--ro-bind", shown.inside, "/box/inside", "--ro-bind", shown.answer]
    command += ["/box/answer.py", "--bind", sockets, sockets, "--chdir", HOME, "--"]
    return [*command, sys.executable, "/box/inside/launch.py", start.as_argument()]


def unprotected(start: Start, inside: Path) -> list[str]:
    """The command that starts a kernel as an ordinary process, in `environment_of` a home."""
    return [sys.executable, str(inside / "launch.py"), start.as_argument()]


def environment_of(home: Path, inside: Path) -> dict[str, str]:
    """What an unprotected kernel learns of this machine."""
    return ENVIRONMENT | {"HOME": str(home), "PYTHONPATH": str(inside), "PATH": os.defpath}
