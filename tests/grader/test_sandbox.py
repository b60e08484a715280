"""The sandbox by itself: what runs in it, what it withstands, and what is left of it."""

import ctypes
import dataclasses
import os
import platform
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from nbformat.v4 import new_code_cell, new_notebook
from submissions.corpus import SAMPLES
from submissions.course_folder import LIMITS, CourseFolder
from submissions.student_folder import NAME, POINTS

from grader import cgroup, levels, sandbox as module, seccomp
from grader.errors import CourseError
from grader.folders import python_folders
from grader.grade import grade
from grader.limits import Limits
from grader.questions import FAILURES, BadReply, expression, read, read_failures
from grader.sandbox import Sandbox, SandboxError
from grader.submission import do
from grader.verifier import grade as mark
from lossfns.check import EXERCISES
from lossfns.check.judge import judge

pytestmark = pytest.mark.usefixtures("sandbox")
FAST = Limits(interrupt=1.0)
MACHINE, _ = seccomp.MACHINES.get(platform.machine(), (0, 0))
NUMBERS = {name: numbers[MACHINE] for name, numbers in seccomp.REFUSED.items()}


@pytest.fixture(scope="module")
def sandbox():
    with Sandbox.open(FAST) as sandbox:
        yield sandbox


def text(outcome):
    return "".join(output["text"] for output in outcome.outputs)


def test_code_runs_and_shows_what_it_prints(sandbox):
    assert text(sandbox.run("print(6 * 7)", 10)) == "42\n"
    assert sandbox.run("kept = 3", 10).status == "ok"
    assert text(sandbox.run("kept + 1", 10)) == "4\n"
    failed = sandbox.run("1 / 0", 10)
    assert (failed.status, failed.error) == ("error", "ZeroDivisionError")


def test_a_question_is_answered_and_judged_outside(sandbox):
    sandbox.run("import numpy as np\nmae = lambda pred, target: np.abs(pred - target).sum()", 20)
    exercise = EXERCISES["mae"]
    calls = exercise.calls(3)
    outcome = sandbox.run("", 20, expression=expression("mae", calls, torch=False))
    answers, used = read(outcome.value, len(calls))
    assert judge(exercise, calls, answers).explained.name == "the sum instead of the mean"
    assert used == set()


def test_the_library_in_the_sandbox_knows_no_answer(sandbox):
    assert sandbox.run("import lossfns.numpy", 10).error == "ImportError"
    assert sandbox.run("import lossfns; lossfns.catalog", 10).error == "AttributeError"
    asked = sandbox.run("from lossfns.check import check; check('mse', print)", 10)
    assert text(asked) == "mse: the grader checks this itself.\n"
    found = sandbox.run("import lossfns; print(*lossfns.__file__.split('/'))", 10)
    assert text(found) == " box inside lossfns __init__.py\n"


def test_a_statement_that_fails_does_not_keep_the_next_from_running(sandbox):
    code = "import nowhere\n1 / 0\n@nothing\ndef f(x: Missing = 3) -> Other:\n    return x\nf()"
    outcome = sandbox.run(code, 20)
    assert (outcome.status, outcome.error) == ("error", "ModuleNotFoundError")
    assert outcome.outputs[-1] == {"kind": "stream", "name": False, "text": "3\n"}
    told = sandbox.run("", 10, expression=FAILURES)
    names = ["ModuleNotFoundError", "ZeroDivisionError", "NameError"]
    assert read_failures(told.value) == list(zip([1, 2, 4], names, strict=True))
    # Told once; and a cell that cannot be parsed has no statements.
    sandbox.run("def (", 10)
    assert read_failures(sandbox.run("", 10, expression=FAILURES).value) == []


def test_an_interrupted_cell_does_not_go_on(sandbox):
    outcome = sandbox.run("1 / 0\nwhile True: pass\nprint('on')", 0.5)
    assert outcome.status == "timeout" and "on\n" not in text(outcome)


@pytest.mark.parametrize(
    "value", [None, "", "'x'", "'e30='", "'WzFd'", "'W1sxLDJdLDNd'", "'bnVsbA=='"]
)
def test_failures_that_cannot_be_read_are_none(value):
    assert read_failures(value) == []


def test_what_a_learner_reads_names_no_folder_of_this_machine(sandbox):
    code = """
import sys, warnings, sysconfig, json, numpy as np
print(sys.path, sys.prefix, sys.base_prefix, sys.executable, np.__file__, json.__file__)
print(sysconfig.get_paths())
warnings.warn("careful")
np.linalg.solve(np.zeros((2, 3)), 3)
json.loads("{")
from numpy import nothing
import probe
probe.reply(1, 2)
"""
    told = text(sandbox.run(code, 20))
    assert "numpy/linalg/_linalg.py" in told and "python/json/decoder.py" in told
    assert "your cell:4: UserWarning: careful" in told
    # /usr, where the Python of a distribution lies, is the same on all machines.
    own = {sys.prefix, sys.base_prefix, str(Path(module.__file__).parents[1]), "/box"} - {"/usr"}
    for folder in own:
        assert folder not in told, folder
    sandbox.run("def f(pred, target):\n    from numpy import nothing", 10)
    exercise = EXERCISES["mae"]
    (call, *_) = exercise.calls(0)
    outcome = sandbox.run("", 20, expression=expression("f", [call], torch=False))
    ((answer,), _) = read(outcome.value, 1)
    assert answer.message.startswith("cannot import name 'nothing' from 'numpy' (numpy/__init__")


def test_a_late_cell_is_interrupted_and_the_sandbox_goes_on(sandbox):
    start = time.monotonic()
    assert sandbox.run("while True: pass", 0.5).status == "timeout"
    assert time.monotonic() - start < 10
    assert text(sandbox.run("print('on')", 10)) == "on\n"


def test_output_beyond_the_limit_is_cut_and_the_next_is_heard(sandbox):
    assert "[cut off here]" in text(sandbox.run("print('y' * 200_000_000)", 60))
    assert text(sandbox.run("print('on')", 10)) == "on\n"
    assert len(text(sandbox.run("print('z' * 1_000_000)", 30))) < FAST.output + 100


def test_a_kernel_that_is_deaf_is_killed():
    with Sandbox.open(FAST) as sandbox:
        deaf = "import signal, time\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\ntime.sleep(99)"
        assert sandbox.run(deaf, 0.5).status == "timeout"
        assert not sandbox.alive
        assert sandbox.run("1", 5).status == "died"


def test_a_kernel_that_dies_is_noticed():
    with Sandbox.open(FAST) as sandbox:
        assert sandbox.run("import os; os._exit(3)", 20).status == "died"


def test_nothing_is_left_of_a_sandbox():
    with Sandbox.open(FAST) as sandbox:
        folder, process = sandbox.folder, sandbox.process.pid
        assert folder.exists()
    assert not folder.exists()
    with pytest.raises(ProcessLookupError):
        os.kill(process, 0)


def test_the_sandbox_ends_when_its_owner_is_killed(tmp_path):
    code = (
        "import sys, time; sys.path.insert(0, sys.argv[1]);"
        "from grader.sandbox import Sandbox; sandbox = Sandbox.open();"
        "print(sandbox.process.pid, sandbox.folder, flush=True); time.sleep(99)"
    )
    owner = subprocess.Popen(
        [sys.executable, "-c", code, str(Path(module.__file__).parents[1])],
        stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    pid, folder = owner.stdout.readline().split()
    owner.send_signal(signal.SIGKILL)
    owner.wait()
    end = time.monotonic() + 10
    while Path("/proc", pid).exists() and time.monotonic() < end:
        if (Path("/proc", pid) / "stat").read_text().split()[2] == "Z":
            break
        time.sleep(0.1)
    else:
        assert not Path("/proc", pid).exists()
    # The folder with the sockets is removed by the next grader.
    module.sweep()
    assert not Path(folder).exists()


def test_user_namespaces_are_used_where_one_is_not_root(monkeypatch):
    monkeypatch.setattr(module, "_free_uid", lambda: None)
    with Sandbox.open(FAST) as sandbox:
        told = text(sandbox.run("import os; print(os.getuid(), *os.listdir('/home'))", 20))
        # The environment may lie below the home of the user who grades.
        above = {Path(path).parts[2] for path in python_folders() if path.startswith("/home/")}
        assert told.split()[0] == "1000" and set(told.split()[1:]) == {"learner"} | above
        assert "CapEff:\t0000000000000000" in text(
            sandbox.run("print(open('/proc/self/status').read())", 20)
        )


def test_a_box_that_cannot_start_is_our_fault(monkeypatch):
    read = module.KernelProcess._read_errors

    def read_late(self):
        time.sleep(0.5)  # as on a busy machine
        read(self)

    monkeypatch.setattr(module, "INSIDE", Path("/nowhere"))
    monkeypatch.setattr(module.KernelProcess, "_read_errors", read_late)
    with pytest.raises(SandboxError, match="did not start: bwrap: .*nowhere"):
        Sandbox.open(FAST)


def test_memory_is_limited_and_the_code_of_libraries_does_not_count():
    """PyTorch with CUDA maps 3 GB of code, which stays on the disk."""
    with Sandbox.open(dataclasses.replace(FAST, memory=2**30)) as sandbox:
        library = "import mmap; code = mmap.mmap(-1, 3 * 2**30, mmap.MAP_PRIVATE, mmap.PROT_READ)"
        assert sandbox.run(library, 10).status == "ok"
        assert sandbox.run("kept = bytearray(2**29); del kept", 10).status == "ok"
        assert sandbox.run("kept = bytearray(2**30)", 10).error == "MemoryError"
        # What processes share is memory, too, and the addresses are limited.
        assert sandbox.run("kept = mmap.mmap(-1, 5 * 2**30)", 10).error == "OSError"


@pytest.mark.parametrize(
    "value",
    [
        None, "", "'", "'%%%'", "'e30='", "'W10='", "'bnVsbA=='", "'" + "A" * 1000 + "'", "x" * 99,
    ],
)  # fmt: skip
def test_a_reply_that_is_none_is_said_to_be_so(value):
    with pytest.raises(BadReply):
        read(value, 1)


def reply(**changes):
    import base64
    import json

    answer = {
        "kind": "float", "dtype": "float64", "moved": "", "error": "", "message": "", "line": "",
        "changed": [], "slopes": {}, "value": [[], base64.b64encode(bytes(8)).decode()],
    }  # fmt: skip
    text = json.dumps({"answers": [answer | changes], "used": []})
    return f"'{base64.b64encode(text.encode()).decode()}'"


def test_a_good_reply_is_read():
    (answer,), _ = read(reply(), 1)
    assert answer.value == 0.0 and answer.value.dtype == np.float64


@pytest.mark.parametrize(
    "changes",
    [
        {"value": [[10**9, 10**9], "AAAAAAAAAAA="]},
        {"value": [[-1], "AAAAAAAAAAA="]},
        {"value": [[True], "AAAAAAAAAAA="]},
        {"value": [[1] * 9, "AAAAAAAAAAA="]},
        {"value": [[2], "AAAAAAAAAAA="]},
        {"value": 3},
        {"kind": 3},
        {"error": None},
        {"slopes": []},
        {"slopes": {"pred": 3}},
        {"changed": 7},
        {"changed": [1]},
    ],
)
def test_a_malformed_part_is_no_answer(changes):
    with pytest.raises(BadReply):
        read(reply(**changes), 1)


# --- machines that cannot shut code in ----------------------------------------------------------


@pytest.fixture
def without_bubblewrap(monkeypatch, tmp_path):
    """A PATH with everything but bwrap."""
    real = shutil.which
    monkeypatch.setattr(levels.shutil, "which", lambda n: None if n == "bwrap" else real(n))
    levels.find_level.cache_clear()
    yield
    levels.find_level.cache_clear()


def test_without_bubblewrap_somebody_has_to_say_so(without_bubblewrap):
    assert levels.find_level() == levels.LIMITS
    with pytest.raises(levels.NoSandbox) as failure:
        levels.require_level(trust=False)
    assert "bubblewrap is not installed: sudo apt-get install bubblewrap" in str(failure.value)
    assert "say that you trust this code" in str(failure.value)


def test_without_namespaces_the_reason_is_given(monkeypatch, tmp_path):
    fake = tmp_path / "bwrap"
    fake.write_text("#!/bin/sh\necho 'No permissions to create new namespace' >&2\nexit 1\n")
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    levels.find_level.cache_clear()
    try:
        with pytest.raises(levels.NoSandbox, match="may not make namespaces here"):
            levels.require_level(trust=False)
    finally:
        levels.find_level.cache_clear()


def test_marks_are_the_same_without_a_sandbox(without_bubblewrap, tmp_path, capsys):
    """The right answers are outside the kernel at every level, so nothing can be forged."""
    course_folder = CourseFolder(tmp_path)
    course_folder.release()
    few = [s for s in SAMPLES if s.name in ("right", "half", "equal-to-all", "reference", "exit")]
    course_folder.hand_in(few)
    with pytest.raises(CourseError, match="bubblewrap is not installed"):
        grade(course_folder.course, NAME, jobs=2)
    # A worker of a cluster decides for its own machine.
    elsewhere = do(course_folder.course.job(NAME, "right"))
    assert elsewhere.status == "not graded" and "not installed" in elsewhere.message
    grade(course_folder.course, NAME, jobs=2, trust=True)
    assert "limits only: the code can read your files" in capsys.readouterr().out
    for sample in few:
        scores = course_folder.scores(sample.name)
        assert {cell: scores[cell] for cell in POINTS} == {
            cell: POINTS[cell] * (cell in sample.earns) for cell in POINTS
        }, sample.name


def test_limits_that_do_not_exist_are_named(tmp_path):
    from grader.course import Course

    assert Course.open(str(tmp_path), **LIMITS).limits.cell == LIMITS["cell"]
    with pytest.raises(CourseError, match="Grade.limits may hold memory, disk"):
        Course.open(str(tmp_path), seconds=3)


# --- the filter of system calls -----------------------------------------------------------------


def test_the_filter_is_in_force_and_refuses(sandbox):
    code = f"""
import ctypes, errno
libc = ctypes.CDLL(None, use_errno=True)
for name, number in {sorted((name, numbers) for name, numbers in NUMBERS.items())}:
    ctypes.set_errno(0)
    done = libc.syscall(number, *[ctypes.c_long(-1)] * 6)
    print(name, done, errno.errorcode[ctypes.get_errno()])
done = libc.syscall({seccomp.CLONE[MACHINE]}, ctypes.c_long(0x10000011), 0, 0, 0, 0)
print("namespace", done, errno.errorcode[ctypes.get_errno()])
done = libc.syscall({seccomp.CLONE3[MACHINE]}, 0, 0)
print("clone3", done, errno.errorcode[ctypes.get_errno()])
print(next(line for line in open("/proc/self/status") if line.startswith("Seccomp:")))
"""
    told = text(sandbox.run(code, 30)).splitlines()
    assert told[: len(NUMBERS)] == [f"{name} -1 EPERM" for name in sorted(NUMBERS)]
    assert told[len(NUMBERS) :] == ["namespace -1 EPERM", "clone3 -1 ENOSYS", "Seccomp:\t2", ""]


def test_threads_and_processes_start_under_the_filter(sandbox):
    code = """
import os, subprocess, sys, threading
thread = threading.Thread(target=print, args=["thread"])
thread.start(); thread.join()
print(subprocess.run([sys.executable, "-c", "print('process')"], capture_output=True).stdout)
"""
    assert text(sandbox.run(code, 60)) == "thread\nb'process\\n'\n"


@pytest.mark.parametrize("machine", seccomp.MACHINES)
def test_the_numbers_of_system_calls_are_those_of_linux(machine):
    """Asked of libseccomp, which apt itself needs on Debian and Ubuntu."""
    library = ctypes.CDLL("libseccomp.so.2")
    resolve = library.seccomp_syscall_resolve_name_arch
    column, known = seccomp.MACHINES[machine]
    calls = seccomp.REFUSED | {"clone": seccomp.CLONE, "clone3": seccomp.CLONE3}
    found = {name: resolve(known, name.encode()) for name in calls}
    assert {n: numbers[column] for n, numbers in calls.items()} == found


def test_a_machine_that_is_not_known_has_no_filter():
    assert seccomp.program("riscv64") is None
    assert len(seccomp.program("aarch64")) == len(seccomp.program("x86_64"))


# --- control groups -----------------------------------------------------------------------------

HUNGRY = """
import subprocess, sys
code = "import time; hoard = bytearray(b'x') * (300 * 2**20); time.sleep(5)"
children = [subprocess.Popen([sys.executable, "-c", code]) for _ in range(4)]
print([child.wait() for child in children])
"""


def test_memory_is_limited_for_the_sandbox_as_a_whole():
    """Four processes, each of which is within the limit of a process."""
    with Sandbox.open(Limits(memory=700 * 2**20)) as hungry:
        outcome = hungry.run(HUNGRY, 120)
        folders = hungry.group.folders
        if folders:
            assert outcome.status == "died" or "-9" in text(outcome)
        else:
            assert text(outcome) == "[0, 0, 0, 0]\n"
    assert not any(folder.exists() for folder in folders)


def test_root_can_make_control_groups_here():
    """So that the test above tests something where it is run by root, as in CI."""
    writable = any(os.access(cgroup.MOUNTS / kind, os.W_OK) for kind in ("", "pids"))
    group = cgroup.new_group(2**30, 64)
    try:
        assert bool(group.folders) or os.geteuid() != 0 or not writable
    finally:
        group.remove()


def test_groups_of_a_killed_grader_are_removed():
    code = (
        "import os, sys; sys.path.insert(0, sys.argv[1]);"
        "from grader.cgroup import new_group; print(*new_group(2**30, 9).folders, flush=True);"
        "os.kill(os.getpid(), 9)"
    )
    command = [sys.executable, "-c", code, str(Path(module.__file__).parents[1])]
    left = subprocess.run(command, capture_output=True, text=True).stdout.split()
    cgroup.sweep_groups()
    assert not any(Path(folder).exists() for folder in left)


@pytest.fixture
def tree(tmp_path, monkeypatch):
    """Folders in place of those of Linux, and none that is known already."""
    monkeypatch.setattr(cgroup, "MOUNTS", tmp_path)
    cgroup._parents.cache_clear()
    yield tmp_path
    cgroup._parents.cache_clear()


def test_without_control_groups_the_command_is_as_it_was(tree):
    group = cgroup.new_group(2**30, 64)
    assert group.folders == [] and group.around(["bwrap"]) == ["bwrap"]


def test_groups_are_made_under_one_that_passes_its_limits_on(tree, monkeypatch):
    """Version 2: not in our own group, which has members, but in the nearest above that may."""
    monkeypatch.setattr(cgroup, "_own_groups", lambda: {"": "/user.slice/user-0.slice/session-1"})
    (tree / "cgroup.controllers").write_text("cpu memory pids")
    (tree / "user.slice" / "user-0.slice" / "session-1").mkdir(parents=True)
    for folder, passed in (("", "cpu memory pids"), ("user.slice", "memory pids cpu")):
        (tree / folder / "cgroup.subtree_control").write_text(passed)
    (tree / "user.slice/user-0.slice/cgroup.subtree_control").write_text("pids")
    assert cgroup._candidates() == [[tree / "user.slice"], [tree]]


# --- the time for a notebook --------------------------------------------------------------------


def test_the_replay_after_a_restart_is_within_the_time_for_the_notebook():
    """A cell that is quick at first and slow when it runs again, after a function has killed."""
    later = time.time() + 15
    cell = f"import time\nif time.time() > {later}: time.sleep(40)"
    deadly = (
        "def mse(pred, target, reduction='mean'):\n    import os, time\n"
        f"    time.sleep(max(0.1, {later} - time.time()) + 0.1)\n    os._exit(0)"
    )
    checks = [(f"check-{i}", 'check("mse", mse)', {"grade": True, "points": 1}) for i in range(3)]
    cells = [("first", cell, {}), ("mse", deadly, {}), *checks]
    notebook = new_notebook(
        cells=[
            new_code_cell(source, id=name, metadata={"nbgrader": {"grade_id": name} | about})
            for name, source, about in cells
        ]
    )
    graded = mark(notebook, "ada", b"secret", Limits(submission=20, cell=60))
    assert [one.asked for one in graded.marks] == [True, False, False]
    assert "the notebook took too long as a whole" in graded.message
