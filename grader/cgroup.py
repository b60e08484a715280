"""A control group for a sandbox: limits on the memory and the processes of all of it together.

Limits of a process do not add up: a submission may start as many as it is allowed, each with all
its memory. Control groups count them together. Linux has two forms of them; here is what both need.
Who may not make one, as an ordinary user often may not, grades without.
"""

import contextlib
import functools
import itertools
import os
import signal
import subprocess
import time
from pathlib import Path

MOUNTS = Path("/sys/fs/cgroup")
NAME = "lossfns-sandbox"
# What a sandbox needs besides the processes that its limit allows: bubblewrap itself.
OURS = 8

# Joins the groups that stand before "--", then becomes the command behind it.
_JOIN = 'while [ "$1" != -- ]; do echo 0 > "$1" || exit 99; shift; done; shift; exec "$@"'
_number = itertools.count()


class Group:
    """Control groups for one sandbox, a folder each; `remove` when its processes are gone."""

    def __init__(self, memory: int, processes: int):
        self._limits = {
            "memory.max": memory,
            "memory.swap.max": 0,
            "memory.limit_in_bytes": memory,
            "pids.max": processes + OURS,
        }
        self.folders: list[Path] = []

    def make(self, parents: list[Path]) -> None:
        """Make the folders and set the limits. Raises OSError where that is not allowed."""
        name = f"{NAME}-{os.getpid()}-{next(_number)}"
        for parent in parents:
            folder = parent / name
            folder.mkdir()
            self.folders.append(folder)
            for file, limit in self._limits.items():
                if (folder / file).exists():
                    (folder / file).write_text(str(limit))

    def around(self, command: list[str]) -> list[str]:
        """The command, started as a member of the group."""
        joining = [str(folder / "cgroup.procs") for folder in self.folders]
        return ["/bin/sh", "-c", _JOIN, "sh", *joining, "--", *command] if joining else command

    def remove(self) -> None:
        """End what still runs in there, and remove the folders."""
        end = time.monotonic() + 5
        for folder in self.folders:
            while folder.exists() and time.monotonic() < end:
                with contextlib.suppress(OSError):
                    folder.rmdir()
                    break
                # Killed processes leave a moment later; others are still to be killed.
                for pid in _members(folder):
                    with contextlib.suppress(OSError):
                        os.kill(pid, signal.SIGKILL)
                time.sleep(0.02)
        self.folders = []


def new_group(memory: int, processes: int) -> Group:
    """A group with these limits; one without folders, and so without effect, where none can be."""
    group = Group(memory, processes)
    with contextlib.suppress(OSError):
        group.make(list(_parents()))
        return group
    group.remove()
    return group


def sweep_groups() -> None:
    """Remove the groups whose grader was killed."""
    for parent in _parents():
        for folder in parent.glob(f"{NAME}-*-*"):
            if not Path("/proc", folder.name.split("-")[2]).exists():
                with contextlib.suppress(OSError):
                    folder.rmdir()


@functools.cache
def _parents() -> tuple[Path, ...]:
    """The folders in which groups can be made and joined here, found out by trying."""
    for parents in _candidates():
        group = Group(2**30, 64)
        try:
            group.make(parents)
            command = group.around(["/bin/sh", "-c", ":"])
            if subprocess.run(command, capture_output=True, timeout=20).returncode == 0:
                return tuple(parents)
        except (OSError, subprocess.SubprocessError):
            continue
        finally:
            group.remove()
    return ()


def _candidates() -> list[list[Path]]:
    own = _own_groups()
    if "" in own and (MOUNTS / "cgroup.controllers").exists():
        # Version 2: one tree. A group that has members of its own limits no groups below it.
        above = [MOUNTS / own[""].lstrip("/"), *(MOUNTS / own[""].lstrip("/")).parents]
        trees = [path for path in above if path == MOUNTS or MOUNTS in path.parents]
        return [[path] for path in trees if {"memory", "pids"} <= _passed_on(path)]
    # Version 1: a tree for each of the two.
    kinds = ("memory", "pids")
    mine = [MOUNTS / kind / own.get(kind, "").lstrip("/") for kind in kinds]
    return [paths for paths in (mine, [MOUNTS / kind for kind in kinds]) if _are_there(paths)]


def _own_groups() -> dict[str, str]:
    """The groups of this process by what they limit; version 2 has one, under an empty name."""
    try:
        lines = Path("/proc/self/cgroup").read_text().splitlines()
    except OSError:
        return {}
    parts = [line.split(":", 2) for line in lines]
    return {kind: path for _, kinds, path in parts for kind in kinds.split(",")}


def _members(folder: Path) -> list[int]:
    try:
        return [int(pid) for pid in (folder / "cgroup.procs").read_text().split() if pid != "0"]
    except OSError:
        return []


def _passed_on(folder: Path) -> set[str]:
    try:
        return set((folder / "cgroup.subtree_control").read_text().split())
    except OSError:
        return set()


def _are_there(folders: list[Path]) -> bool:
    return all((folder / "cgroup.procs").exists() for folder in folders)
