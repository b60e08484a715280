"""Time, memory and error of the losses against what people would use instead.

    make bench [QUICK=1]                     # or: python benchmarks/losses.py [--quick] [NAME ...]

A row is one loss at one size against one peer. Each is measured in a process of its own, in which
the two take turns, forward and backward for PyTorch, so that both meet the same state of the
machine. Printed is the median of the ratios of neighbours with its quartiles, below 1 where ours is
faster, and the time of the peer. The peaks of memory come from two more processes, the errors from
the same inputs in float64. With OMP_NUM_THREADS=1 the time is that of the processor: set it where
the machine has other work to do. With `--page` the tables are written into book/performance.md.
"""

import argparse
import json
import os
import platform
import resource
import statistics
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from page import table, today, write
from peers import by_torch, elsewhere
from torch import Tensor

import lossfns.numpy as ln
import lossfns.torch as lt

SEED = 0
# For the C library: what is freed stays with the process. Else the one of the two that happens to
# free the last block pays for fresh pages at each turn, which are three times the work of a loss.
KEEP_MEMORY = {"MALLOC_MMAP_MAX_": "0", "MALLOC_TRIM_THRESHOLD_": str(2**40)}


# Inputs: functions of the size, each the arguments of a loss; those to differentiate come first.


def pairs(size):
    return (normal(size), normal(size)), 1


def labelled(size):
    return (normal(size), (normal(size) > 0).float()), 1


def probable(size):
    probs = torch.rand(size, generator=generator()) * 0.98 + 0.01
    return (probs, (normal(size) > 0).float()), 1


def counted(size):
    return (normal(size), torch.randint(0, 9, size, generator=generator()).float()), 1


def varied(size):
    return (normal(size), normal(size), torch.rand(size, generator=generator()) + 0.1), 1


def classes(size):
    labels = torch.randint(0, size[-1], size[:-1], generator=generator())
    return (normal(size), labels), 1


def distributions(size):
    return (normal(size).log_softmax(-1), normal(size).softmax(-1)), 1


def triplets(size):
    return (normal(size), normal(size), normal(size)), 3


def partners(size):
    first = normal(size)
    return (first, first + normal(size)), 2


def signed(size):
    return (normal(size), normal(size), torch.randint(0, 2, size[:-1]) * 2 - 1), 2


def masks(size):
    return (torch.rand(size, generator=generator()), (normal(size) > 0).float()), 1


def grouped(size):
    """Embeddings, eight to a class."""
    return (normal(size), torch.arange(size[0]) // 8), 1


def hidden(size):
    items, width, vocabulary = size
    labels = torch.randint(0, vocabulary, (items,), generator=generator())
    return (normal((items, width)), normal((vocabulary, width)) / width**0.5, labels), 2


def generator(state=[0]):  # noqa: B006 (each call draws other numbers)
    state[0] += 1
    return torch.Generator().manual_seed(SEED + state[0])


def normal(size):
    return torch.randn(size, generator=generator())


# Peers without a function of their own.


def torchvision_focal(logits: Tensor, target: Tensor, alpha=0.25, gamma=2.0) -> Tensor:
    """The formula that torchvision publishes."""
    p = torch.sigmoid(logits)
    ce = F.binary_cross_entropy_with_logits(logits, target, reduction="none")
    p_t = p * target + (1 - p) * (1 - target)
    alpha_t = alpha * target + (1 - alpha) * (1 - target)
    return (alpha_t * ce * (1 - p_t) ** gamma).mean()


def open_clip(image: Tensor, text: Tensor) -> Tensor:
    """Both softmaxes of the matrix of scores, as in the pseudocode of the paper."""
    scores = F.normalize(image, dim=-1) @ F.normalize(text, dim=-1).T / 0.07
    own = torch.arange(len(scores))
    return (F.cross_entropy(scores, own) + F.cross_entropy(scores.T, own)) / 2


def info_nce_matrix(query: Tensor, key: Tensor) -> Tensor:
    scores = F.normalize(query, dim=-1) @ F.normalize(key, dim=-1).T / 0.1
    return F.cross_entropy(scores, torch.arange(len(scores)))


def siglip_matrix(image: Tensor, text: Tensor) -> Tensor:
    scores = F.normalize(image, dim=-1) @ F.normalize(text, dim=-1).T * 10 - 10
    return -F.logsigmoid((2 * torch.eye(len(scores)) - 1) * scores).sum(-1).mean()


def matmul_cross_entropy(rows: Tensor, head: Tensor, labels: Tensor) -> Tensor:
    return F.cross_entropy(rows @ head.T, labels)


def fused_cross_entropy(rows: Tensor, head: Tensor, labels: Tensor) -> Tensor:
    return lt.linear_cross_entropy(rows, labels, linear_weight=head)


LARGE, ROWS, TALL, SMALL = (2**22,), (2**12, 2**10), (2**14, 2**8), (32, 10)
IMAGES, GROUPS = (16, 1, 256, 256), (2**10, 2**7)

# name: (inputs, sizes, ours, {peer: function})
TORCH = {
    "mse": (pairs, [LARGE, SMALL], lt.mse, {"F.mse_loss": F.mse_loss}),
    "mae": (pairs, [LARGE, SMALL], lt.mae, {"F.l1_loss": F.l1_loss}),
    "huber": (pairs, [LARGE, SMALL], lt.huber, {"F.huber_loss": F.huber_loss}),
    "smooth_l1": (pairs, [LARGE, SMALL], lt.smooth_l1, {"F.smooth_l1_loss": F.smooth_l1_loss}),
    "log_cosh": (pairs, [LARGE], lt.log_cosh, {}),
    "poisson_nll": (
        counted, [LARGE, SMALL], lt.poisson_nll, {"F.poisson_nll_loss": F.poisson_nll_loss}),
    "gaussian_nll": (
        varied, [LARGE, SMALL], lambda p, t, v: lt.gaussian_nll(p, t, var=v),
        {"F.gaussian_nll_loss": F.gaussian_nll_loss}),
    "bce": (
        probable, [LARGE, SMALL], lt.bce, {"F.binary_cross_entropy": F.binary_cross_entropy}),
    "bce_with_logits": (
        labelled, [LARGE, SMALL], lt.bce_with_logits,
        {"F.binary_cross_entropy_with_logits": F.binary_cross_entropy_with_logits}),
    "focal_with_logits": (
        labelled, [LARGE, SMALL, (2**24,)], lt.focal_with_logits,
        {"torchvision's formula": torchvision_focal}),
    "cross_entropy": (
        classes, [ROWS, SMALL], lt.cross_entropy, {"F.cross_entropy": F.cross_entropy}),
    "cross_entropy, label_smoothing": (
        classes, [ROWS, SMALL], lambda z, y: lt.cross_entropy(z, y, label_smoothing=0.1),
        {"F.cross_entropy": lambda z, y: F.cross_entropy(z, y, label_smoothing=0.1)}),
    "multiclass_hinge": (
        classes, [ROWS, SMALL], lt.multiclass_hinge,
        {"F.multi_margin_loss": lambda z, y: F.multi_margin_loss(z, y) * z.shape[-1]}),
    "kl_div": (
        distributions, [ROWS, SMALL], lt.kl_div,
        {"F.kl_div": lambda p, t: F.kl_div(p, t, reduction="batchmean")}),
    "triplet": (
        triplets, [TALL, SMALL], lt.triplet, {"F.triplet_margin_loss": F.triplet_margin_loss}),
    "cosine_embedding": (
        signed, [TALL, SMALL], lt.cosine_embedding,
        {"F.cosine_embedding_loss": F.cosine_embedding_loss}),
    "dice": (masks, [IMAGES], lt.dice, {}),
    "tversky": (masks, [IMAGES], lt.tversky, {}),
    "ssim": (masks, [IMAGES], lambda x, y: lt.ssim(x, y, data_range=1.0), {}),
    "sup_con": (grouped, [GROUPS], lt.sup_con, {}),
    "nt_xent_with_labels": (grouped, [GROUPS], lt.nt_xent_with_labels, {}),
    "circle": (grouped, [GROUPS], lt.circle, {}),
    "multi_similarity": (grouped, [GROUPS], lt.multi_similarity, {}),
    "info_nce": (partners, [(2**13, 2**8)], lt.info_nce, {"the matrix": info_nce_matrix}),
    "clip": (partners, [(2**13, 2**8), (2**14, 2**8)], lt.clip, {"the matrix": open_clip}),
    "siglip": (partners, [(2**13, 2**8)], lt.siglip, {"the matrix": siglip_matrix}),
    "linear_cross_entropy": (
        hidden, [(2**13, 2**9, 2**15)], fused_cross_entropy,
        {"matmul, F.cross_entropy": matmul_cross_entropy}),
}  # fmt: skip

SKLEARN_ROWS = (10**5, 10)
SUPERSCRIPT = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")


def numpy_rows():
    """The twins in NumPy, values only, against the obvious line without any check."""
    from sklearn.metrics import log_loss, mean_absolute_error, mean_squared_error

    rng = np.random.default_rng(SEED)
    p, t = rng.normal(size=10**6), rng.normal(size=10**6)
    y = (t > 0).astype(float)
    q, sign = 1 / (1 + np.exp(-p)), 2 * y - 1
    z, label = rng.normal(size=SKLEARN_ROWS), rng.integers(0, SKLEARN_ROWS[1], SKLEARN_ROWS[0])
    softmax = np.exp(z) / np.exp(z).sum(1, keepdims=True)
    every = np.arange(len(z))
    e = p - t

    def logistic():
        return np.maximum(p, 0) - p * y + np.log1p(np.exp(-np.abs(p)))

    line = "one line"
    return {
        "mse": (lambda: ln.mse(p, t), {
            line: lambda: np.mean((p - t) ** 2),
            "sklearn": lambda: mean_squared_error(t, p)}),
        "mae": (lambda: ln.mae(p, t), {
            line: lambda: np.mean(np.abs(p - t)),
            "sklearn": lambda: mean_absolute_error(t, p)}),
        "huber": (lambda: ln.huber(p, t), {line: lambda: np.mean(
            np.where(np.abs(p - t) <= 1, 0.5 * (p - t) ** 2, np.abs(p - t) - 0.5))}),
        "log_cosh": (lambda: ln.log_cosh(p, t), {
            line: lambda: np.mean(np.logaddexp(e, -e) - np.log(2))}),
        "hinge": (lambda: ln.hinge(p, sign), {line: lambda: np.mean(np.maximum(0, 1 - sign * p))}),
        "bce": (lambda: ln.bce(q, y), {
            line: lambda: -np.mean(y * np.log(q) + (1 - y) * np.log1p(-q)),
            "sklearn": lambda: log_loss(y, q)}),
        "bce_with_logits": (lambda: ln.bce_with_logits(p, y), {line: lambda: logistic().mean()}),
        "focal_with_logits": (lambda: ln.focal_with_logits(p, y, alpha=None), {
            line: lambda: np.mean((1 - np.where(y > 0, q, 1 - q)) ** 2 * logistic())}),
        "cross_entropy": (lambda: ln.cross_entropy(z, label), {
            line: lambda: np.mean(np.log(np.exp(z - z.max(1, keepdims=True)).sum(1))
                                  - (z - z.max(1, keepdims=True))[every, label]),
            "sklearn": lambda: log_loss(label, softmax)}),
    }  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description="Losses against their peers: time, memory, error.")
    parser.add_argument("names", nargs="*", help="of PyTorch; all, and NumPy's, unless named")
    parser.add_argument(
        "--quick",
        action="store_true",
        help="fewer rounds, PyTorch's own peers, no huge batches, no memory",
    )
    parser.add_argument("--compile", action="store_true", help="against torch.compile(peer) too")
    parser.add_argument("--page", action="store_true", help="write the table into the page")
    parser.add_argument("--cell", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.cell:
        print(json.dumps(measure(json.loads(options.cell))))
        return
    print(machine(), flush=True)
    rows = []
    for cell in cells(options):
        row = cell | in_a_process(cell)
        if "left out" in row:  # it computes something else, or asks for more memory than there is
            print(f"{cell['name']} of {cell['peer']} is left out: {row['left out']}", flush=True)
            continue
        large = cell["kind"] == "torch" and cell["size"] != list(SMALL)
        if large and not cell.get("compile") and not options.quick:
            row["memory"] = [in_a_process(cell | {"memory": who}) for who in ("ours", "peer")]
        rows.append(row)
        print(line(row), flush=True)
        if options.page:  # after each row: a run that is broken off leaves what it has measured
            write_page(rows)


def cells(options):
    wanted = options.names or [*TORCH]
    rounds = 5 if options.quick else 11
    for name in wanted:
        if name not in TORCH:
            sys.exit(f"no loss {name!r} here; there are {', '.join(TORCH)}")
        _, sizes, _, peers = TORCH[name]
        for size in sizes:
            work = products(name, size)
            if options.quick and work > 2**34:
                continue
            others = [] if options.quick or size == SMALL else elsewhere(name)
            for peer in [*peers, *others]:
                cell = {
                    "kind": "torch",
                    "name": name,
                    "size": list(size),
                    "peer": peer,
                    "rounds": min(rounds, 3) if work else rounds,
                }
                yield cell
                if options.compile and not work and peer in peers:
                    yield cell | {"compile": True}
    if not options.names:
        for name, (_, peers) in numpy_rows().items():
            for peer in peers:
                yield {"kind": "numpy", "name": name, "peer": peer, "rounds": rounds}


def products(name, size):
    """Multiplications of the scores of all pairs, or of a vocabulary; 0 where there are none."""
    if name in ("clip", "info_nce", "siglip"):
        return size[0] * size[1] * size[0]
    return size[0] * size[1] * size[2] if name == "linear_cross_entropy" else 0


def in_a_process(cell):
    command = [sys.executable, __file__, "--cell", json.dumps(cell)]
    settings = os.environ | KEEP_MEMORY
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=settings)
    if done.returncode:
        return {"left out": done.stderr.strip().rpartition("\n")[2]}
    return json.loads(done.stdout)


def measure(cell):
    if cell["kind"] == "numpy":
        ours, peers = numpy_rows()[cell["name"]]
        return timed(ours, peers[cell["peer"]], cell["rounds"])
    make, _, ours, peers = TORCH[cell["name"]]
    inputs, differentiable = make(tuple(cell["size"]))
    peer = (
        by_torch(peers[cell["peer"]])
        if cell["peer"] in peers
        else (elsewhere(cell["name"])[cell["peer"]])
    )
    if cell.get("compile"):
        peer = by_torch(torch.compile(peers[cell["peer"]]))
    small = inputs[0].numel() < 10**4
    if "memory" in cell:
        start = {"ours": by_torch(ours), "peer": peer}[cell["memory"]]
        # What PyTorch loads at a first call, up to 90 MB, is not the loss's.
        start(*make((16,) * len(cell["size"])))()
        step = start(inputs, differentiable)
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        step()
        after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return (after - before) / 2**10
    ours_run, peer_run = (make_step(inputs, differentiable) for make_step in (by_torch(ours), peer))
    row = timed(ours_run, peer_run, cell["rounds"], 200 if small else 1)
    if inputs[0].numel() <= 2**22 and not cell.get("compile") and cell.get("errors", True):
        for run in (ours_run, peer_run):
            run.read = True
        exact = by_torch(ours)(
            [x.double() if x.is_floating_point() else x for x in inputs], differentiable
        )()
        row["error"] = [worst(run(), exact) for run in (ours_run, peer_run)]
        if row["error"][1] > 1e-2:
            return {"left out": f"another value or gradient, by {row['error']}"}
    return row


def worst(got, exact):
    """The largest error of value and gradients, relative to the largest entry of each."""
    return max(
        ((g.double() - e).abs().max() / e.abs().max()).item()
        for g, e in zip(got, exact, strict=True)
    )


def clock():
    """Seconds on the clock; of one thread those of the processor, which other work leaves alone."""
    return time.process_time() if torch.get_num_threads() == 1 else time.perf_counter()


def timed(ours, peer, rounds, repeats=1):
    for run in (ours, peer):  # nothing is measured the first time
        for _ in range(min(repeats, 20)):
            run()
    ratios, seconds = [], []
    for _ in range(rounds):
        times = []
        for run in (ours, peer):
            start = clock()
            for _ in range(repeats):
                run()
            times.append((clock() - start) / repeats)
        ratios.append(times[0] / times[1])
        seconds.append(times[1])
    low, _, high = statistics.quantiles(ratios, n=4)
    return {
        "ratio": statistics.median(ratios),
        "low": low,
        "high": high,
        "seconds": statistics.median(seconds),
    }


def line(row):
    text = (f"{row['kind']:6} {row['name']:30} {size_of(row):18} {peer_of(row):36} "
            f"{row['ratio']:5.2f} [{row['low']:.2f}, {row['high']:.2f}] "
            f"of {row['seconds'] * 1e3:10.3f} ms")  # fmt: skip
    if "memory" in row:
        text += ", memory {:.0f} / {:.0f} MB".format(*row["memory"])
    if "error" in row:
        text += ", error {:.0e} / {:.0e}".format(*row["error"])
    return text


def size_of(row):
    if row["kind"] == "numpy":
        return "10⁵ × 10" if row["name"] == "cross_entropy" else "10⁶"
    if tuple(row["size"]) == IMAGES:
        return "16 × 256²"
    return " × ".join(
        f"2{str(n.bit_length() - 1).translate(SUPERSCRIPT)}" if n > 500 else str(n)
        for n in row["size"]
    )


def peer_of(row):
    return ("compiled " if row.get("compile") else "") + row["peer"]


def write_page(rows):
    parts = [f"Measured on {today()} with {machine()}.\n"]
    for title, kind in (("PyTorch, value and gradients", "torch"), ("NumPy, the value", "numpy")):
        head = ["loss", "size", "time", "quartiles", "against", "its time"]
        more = ["memory", "its memory", "error", "its error"] if kind == "torch" else []
        cells = [
            [
                f"`{row['name']}`" if "," not in row["name"] else row["name"],
                whole(size_of(row)),
                f"**{row['ratio']:.2f}**",
                whole(f"{row['low']:.2f} – {row['high']:.2f}"),
                f"`{peer_of(row)}`" if peer_of(row).startswith("F.") else peer_of(row),
                whole(f"{row['seconds'] * 1e3:.3g} ms"),
            ]
            + ([whole(f"{m:.0f} MB") for m in row.get("memory", [])] or ["", ""] if more else [])
            + ([f"{e:.0e}" for e in row.get("error", [])] or ["", ""] if more else [])
            for row in rows
            if row["kind"] == kind
        ]
        if cells:
            rule = ["---", "---", "---:", "---", "---", "---:", *["---:"] * len(more)]
            parts.append(f"## {title}\n\n" + table(head + more, rule, cells))
    write("make bench", "\n".join(parts))


def whole(text):
    """On one line wherever a table is narrow."""
    return text.replace(" ", "\N{NO-BREAK SPACE}").replace("–", "–\N{WORD JOINER}")


def machine():
    return (
        f"{processor()}, {os.cpu_count()} cores, {threads()}, Python {platform.python_version()}, "
        f"PyTorch {torch.__version__.partition('+')[0]}, NumPy {np.__version__}"
    )


def threads():
    number = torch.get_num_threads()
    return f"{number} threads" if number > 1 else "1 thread"


def processor():
    """Its name, where the system tells it."""
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf8")
    except OSError:
        return platform.processor() or platform.machine()
    names = [one.partition(":")[2].strip() for one in text.splitlines() if "model name" in one]
    return names[0] if names else platform.machine()


if __name__ == "__main__":
    main()
