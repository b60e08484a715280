"""The first Python program in the sandbox: give up rights, set limits, become a kernel."""

import json
import os
import resource
import sys

# What a process may map beyond its own memory. PyTorch with CUDA takes 3 GB of addresses for the
# code of its libraries, most of which never comes into memory.
LIBRARIES = 4 * 2**30


def main() -> None:
    orders = json.loads(sys.argv[1])
    limits, uid = orders["limits"], orders["uid"]
    if uid is not None:
        os.setgroups([])
        os.setresgid(uid, uid, uid)
        os.setresuid(uid, uid, uid)
    for name, most in (
        ("RLIMIT_DATA", limits["memory"]),
        ("RLIMIT_AS", limits["memory"] + LIBRARIES),
        ("RLIMIT_FSIZE", limits["file_size"]),
        ("RLIMIT_NPROC", limits["processes"]),
        ("RLIMIT_NOFILE", limits["open_files"]),
        ("RLIMIT_CPU", int(limits["submission"])),
        ("RLIMIT_CORE", 0),
    ):
        if hasattr(resource, name):
            resource.setrlimit(getattr(resource, name), (most, most))
    # What a kernel would remember of its start holds nothing that the code should see.
    sys.argv = ["kernel", "-f", orders["connection"], "--HistoryManager.enabled=False"]
    sys.argv.append("--InteractiveShellApp.extra_extensions=statements")
    sys.path[:] = [path for path in sys.path if path not in ("", os.getcwd())]

    from ipykernel.kernelapp import launch_new_instance

    launch_new_instance()


if __name__ == "__main__":
    main()
