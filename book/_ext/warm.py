"""Kernels that find the large libraries imported already.

A page is a notebook of its own, with a kernel of its own. To import PyTorch, scikit-learn and
Matplotlib takes such a kernel longer than most pages compute. So one process imports them and
becomes a kernel by forking, as often as a page asks: `python warm.py ADDRESS` is that process,
and `python warm.py ADDRESS -f CONNECTION_FILE` what Jupyter starts in place of a kernel. It hands
on its streams, its folder and its environment, passes signals on, and ends as the kernel ends.
"""

import importlib
import json
import os
import select
import signal
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager, suppress

LIBRARIES = [
    "ipykernel.kernelapp",
    "ipykernel.ipkernel",
    "ipywidgets",
    "matplotlib.pyplot",
    "matplotlib_inline.backend_inline",
    "sklearn.datasets",
    "sklearn.linear_model",
    "torch",
    "torch._dynamo",  # the first step of an optimizer imports it, for as long as torch itself
    "lossfns.numpy",
    "lossfns.torch",
    "lossfns.explore",
]
# What a kernel and its pages draw pictures with; it is read when Matplotlib is imported.
BACKEND = "module://matplotlib_inline.backend_inline"
LENGTH = 8


@contextmanager
def warm_kernels():
    """Give a class of kernel managers whose kernels are forked, or None where that cannot be."""
    if sys.platform != "linux":  # elsewhere a process with libraries loaded does not fork safely
        yield None
        return
    from jupyter_client.kernelspec import KernelSpec
    from jupyter_client.manager import AsyncKernelManager

    with tempfile.TemporaryDirectory() as folder:
        address = os.path.join(folder, "kernels")
        command = [sys.executable, __file__, address]
        server = subprocess.Popen(command, stdin=subprocess.PIPE)
        while not os.path.exists(address):
            if server.poll() is not None:
                raise RuntimeError("the libraries of the pages cannot be imported: see above")
            time.sleep(0.05)

        class WarmKernelManager(AsyncKernelManager):
            @property
            def kernel_spec(self):
                argv = [sys.executable, "-S", "-E", __file__, address, "-f", "{connection_file}"]
                return KernelSpec(argv=argv, display_name="Python 3", language="python")

        try:
            yield WarmKernelManager
        finally:
            server.stdin.close()
            server.wait()


def serve(address):
    """Import the libraries, then become a kernel for everybody who asks, until stdin closes."""
    os.environ["MPLBACKEND"] = BACKEND
    # The first entry is this folder, whose modules no page shall see.
    del sys.path[0]
    for library in LIBRARIES:
        importlib.import_module(library)
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(address + ".new")
    listener.listen()
    os.rename(address + ".new", address)
    kernels = {}  # by process number, who asked
    while True:
        ready, _, _ = select.select([listener, 0, *kernels.values()], [], [], 0.1)
        if 0 in ready:
            break
        if listener in ready:
            asked, _ = listener.accept()
            pid = become_kernel(asked, [listener, *kernels.values()])
            asked.sendall(pid.to_bytes(LENGTH, "big"))
            kernels[pid] = asked
        for pid, asked in list(kernels.items()):
            if asked in ready:  # nobody waits for this kernel any more
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            ended, status = os.waitpid(pid, os.WNOHANG)
            if ended:
                with suppress(OSError):
                    code = abs(os.waitstatus_to_exitcode(status))
                    asked.sendall(code.to_bytes(LENGTH, "big"))
                asked.close()
                del kernels[pid]
    for pid in kernels:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def become_kernel(asked, others):
    """Fork. The child never returns: it is the kernel."""
    head, streams, *_ = socket.recv_fds(asked, LENGTH, 3)
    words = json.loads(received(asked, int.from_bytes(head, "big")))
    pid = os.fork()
    if pid:
        for stream in streams:
            os.close(stream)
        return pid
    try:
        os.setsid()
        for connection in [asked, *others]:
            connection.close()
        for number, stream in enumerate(streams):
            os.dup2(stream, number)
            os.close(stream)
        os.chdir(words["folder"])
        os.environ.clear()
        os.environ.update(words["environment"])
        sys.argv = ["ipykernel_launcher", *words["arguments"]]
        sys.path.insert(0, "")
        import random

        import numpy as np
        import torch
        from ipykernel.kernelapp import IPKernelApp

        # A page that forgets its seed must not find the same numbers as every other page.
        random.seed()
        np.random.seed()  # noqa: NPY002
        torch.seed()
        # Read when the class was made, long before there was a parent to name.
        IPKernelApp.launch_instance(parent_handle=os.getppid())
        code = 0
    except SystemExit as error:
        code = error.code if isinstance(error.code, int) else int(error.code is not None)
    except BaseException:
        import traceback

        traceback.print_exc()
        code = 1
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def ask(address, arguments):
    """Stand for a kernel: have one made, hand on signals, and end as it does."""
    connection = socket.socket(socket.AF_UNIX)
    connection.connect(address)
    words = {"arguments": arguments, "folder": os.getcwd(), "environment": dict(os.environ)}
    content = json.dumps(words).encode()
    socket.send_fds(connection, [len(content).to_bytes(LENGTH, "big")], [0, 1, 2])
    connection.sendall(content)
    pid = int.from_bytes(received(connection, LENGTH), "big")

    def hand_on(number, frame):
        with suppress(ProcessLookupError):
            os.kill(pid, number)

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGUSR1):
        signal.signal(number, hand_on)
    return int.from_bytes(received(connection, LENGTH), "big")


def received(connection, length):
    content = b""
    while len(content) < length:
        more = connection.recv(length - len(content))
        if not more:
            raise ConnectionError("the process that makes kernels is gone")
        content += more
    return content


if __name__ == "__main__":
    if len(sys.argv) == 2:
        serve(sys.argv[1])
    else:
        sys.exit(ask(sys.argv[1], sys.argv[2:]))
