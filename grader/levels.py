"""How well this machine can isolate a learner's code, found out by trying.

The right answers are outside the kernel at every level, so no level lets a notebook print itself a
mark. But below the first two the code runs as the person who grades: it can read and change what
that person can, the gradebook and the secret of the course among it.
"""

import functools
import shutil
import subprocess
import sys
from pathlib import Path

BUBBLEWRAP, CONTAINER, LIMITS, NOTHING = 3, 2, 1, 0

MEANING = {
    BUBBLEWRAP: "a sandbox (bubblewrap): no network, no files of this machine, limits",
    CONTAINER: "a throw-away container without network, with limits",
    LIMITS: "an ordinary process, limits only: the code can read your files and use the network",
    NOTHING: "an ordinary process without limits: the code can do whatever you can",
}


class NoSandbox(Exception):
    """There is no sandbox on this machine, and nobody has said that the code is trusted."""


def require_level(trust: bool) -> int:
    """The level of this machine; below a container, only for somebody who trusts the code."""
    level = find_level()
    if level < CONTAINER and not trust:
        raise NoSandbox(
            f"on this machine a submission would run in {MEANING[level]}. {why_not_higher()}. "
            "To grade anyway, say that you trust this code (see the page for instructors)"
        )
    return level


@functools.cache
def find_level() -> int:
    """The highest level that works here."""
    if sys.platform != "linux":
        return NOTHING
    if bubblewrap_works():
        return BUBBLEWRAP
    return CONTAINER if _in_container_without_network() else LIMITS


def bubblewrap_works() -> bool:
    """Whether bwrap is there and may make namespaces."""
    if not shutil.which("bwrap"):
        return False
    command = ["bwrap", "--unshare-pid", "--unshare-net", "--ro-bind", "/", "/", "true"]
    return subprocess.run(command, capture_output=True, timeout=20).returncode == 0


def why_not_higher() -> str:
    """What to do about it, for the person who grades."""
    if sys.platform != "linux":
        return "bubblewrap exists on Linux only: grade in a Linux container or virtual machine"
    if not shutil.which("bwrap"):
        return "bubblewrap is not installed: sudo apt-get install bubblewrap"
    return (
        "bwrap may not make namespaces here (in a container, or kernel.unprivileged_userns_clone "
        "or kernel.apparmor_restrict_unprivileged_userns forbids it)"
    )


def _in_container_without_network() -> bool:
    marked = any(Path(mark).exists() for mark in ("/.dockerenv", "/run/.containerenv"))
    links = {path.name for path in Path("/sys/class/net").glob("*")}
    return marked and links <= {"lo"}
