"""The command lines of the sandbox, without starting it: what they show, hide and take away."""

import json
from dataclasses import asdict
from pathlib import Path

import pytest

from grader.bubblewrap import HOME, Shown, Start, environment_of, in_bubblewrap, unprotected
from grader.limits import Limits

LIMITS = Limits(disk=7 * 2**20)
SOCKETS = "/run/box-1-x"
START = Start(Path(SOCKETS, "kernel.json"), LIMITS)
SHOWN = Shown(["/usr/lib", "/opt/py/lib"], ["/opt/py/lib/lossfns"], "/src/inside", "/src/answer.py")


def values(command: list[str], option: str, count: int = 1) -> list[tuple[str, ...]]:
    """What follows an option, each time that it is given."""
    places = [i for i, word in enumerate(command) if word == option]
    return [tuple(command[i + 1 : i + 1 + count]) for i in places]


def test_only_what_is_named_is_shown_and_nothing_but_the_sockets_can_be_written():
    command = in_bubblewrap(START, SHOWN)
    assert values(command, "--ro-bind", 2) == [
        ("/usr/lib", "/usr/lib"),
        ("/opt/py/lib", "/opt/py/lib"),
        ("/src/inside", "/box/inside"),
        ("/src/answer.py", "/box/answer.py"),
    ]
    assert values(command, "--bind", 2) == [(SOCKETS, SOCKETS)]
    assert not {"--dev-bind", "--share-net", "--bind-try"} & set(command)


def test_the_installed_reference_is_hidden_after_its_folder_is_shown():
    """A mount that comes later covers an earlier one."""
    command = in_bubblewrap(START, SHOWN)
    assert command.index("/opt/py/lib/lossfns") > command.index("/opt/py/lib")
    assert ("/opt/py/lib/lossfns",) in values(command, "--tmpfs")


def test_folders_above_those_that_are_shown_can_be_entered():
    made = [folder for (folder,) in values(in_bubblewrap(START, SHOWN), "--dir")]
    assert made == ["/box", "/opt", "/opt/py", "/run", "/usr"]
    in_tmp = Start(Path("/tmp/box-1-x/kernel.json"), LIMITS)
    made = [folder for (folder,) in values(in_bubblewrap(in_tmp, SHOWN), "--dir")]
    assert "/tmp" not in made, "it would cover the empty one"


def test_what_can_be_written_in_memory_is_limited():
    command = in_bubblewrap(START, SHOWN)
    sized = values(command, "--size", 3)
    assert sized == [(str(7 * 2**20), "--tmpfs", f) for f in ("/tmp", "/dev/shm", HOME)]


def test_an_ordinary_user_gets_new_namespaces_of_every_kind():
    command = in_bubblewrap(START, SHOWN)
    assert "--unshare-all" in command
    assert values(command, "--uid") == [("1000",)] and values(command, "--gid") == [("1000",)]
    assert values(command, "--cap-drop") == [("ALL",)] and not values(command, "--cap-add")


def test_root_keeps_the_right_to_become_somebody_else_and_no_other():
    command = in_bubblewrap(Start(START.connection, LIMITS, 200_001), SHOWN)
    assert {"--unshare-net", "--unshare-pid", "--unshare-ipc", "--unshare-uts"} <= set(command)
    assert values(command, "--cap-drop") == [("ALL",)]
    assert values(command, "--cap-add") == [("CAP_SETUID",), ("CAP_SETGID",)]
    assert json.loads(command[-1])["uid"] == 200_001


@pytest.mark.parametrize("uid", [None, 200_001])
def test_the_environment_is_cleared_and_the_sandbox_ends_with_its_owner(uid, monkeypatch):
    monkeypatch.setenv("COURSE_SECRET", "canary")
    command = in_bubblewrap(Start(START.connection, LIMITS, uid), SHOWN)
    assert {"--clearenv", "--die-with-parent", "--new-session"} <= set(command)
    known = dict(values(command, "--setenv", 2))
    assert known["HOME"] == HOME and known["PATH"] == "/usr/bin"
    assert "canary" not in " ".join(command)
    assert "canary" not in environment_of(Path("/h"), Path("/i")).values()


def test_the_filter_is_named_only_where_there_is_one():
    assert "--seccomp" not in in_bubblewrap(START, SHOWN)
    assert values(in_bubblewrap(START, SHOWN, 7), "--seccomp") == [("7",)]


def test_the_kernel_is_told_its_limits_and_its_connection():
    for command in (in_bubblewrap(START, SHOWN), unprotected(START, Path("/src/inside"))):
        told = json.loads(command[-1])
        assert told == {
            "limits": asdict(LIMITS), "uid": None, "connection": f"{SOCKETS}/kernel.json"
        }  # fmt: skip
        assert command[-2].endswith("inside/launch.py")
