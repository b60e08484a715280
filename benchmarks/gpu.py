"""Time of the losses on a GPU, against what the card itself can do.

    make bench-gpu                  # or: python benchmarks/gpu.py [--page] [--check]

Needs Python, PyTorch with CUDA and NumPy, and takes a few minutes. Three things are measured:

- Losses that little is computed for, forward and backward under `torch.compile`: the bytes that
  they cannot do without, by their time, against the rate at which the card copies.
- `linear_cross_entropy` at the size of a language model, in bfloat16, against its three matrix
  products alone, and against the whole matrix of logits.
- Whether a call makes the host wait for the device, which no loss should.

`--page` writes the tables into book/performance.md, `--check` goes through it all on the CPU with
small sizes, to see that the script runs: what it prints then is no measurement.
"""

import argparse
import statistics
import time
from collections.abc import Callable
from functools import partial

import torch
import torch.nn.functional as F
from page import table, today, write
from torch import Tensor

import lossfns.torch as lt

ROUNDS = 20


def main() -> None:
    parser = argparse.ArgumentParser(description="Losses on a GPU: bandwidth, products, waiting.")
    parser.add_argument("--page", action="store_true", help="write the tables into the page")
    parser.add_argument("--check", action="store_true", help="try the script on the CPU")
    options = parser.parse_args()
    if options.check:
        if options.page:
            parser.error("--check measures nothing that belongs on the page")
        device, numbers, model = torch.device("cpu"), 2**16, (64, 32, 256)
    elif not torch.cuda.is_available():
        parser.exit(1, "There is no GPU that PyTorch can use; --check tries the script without.\n")
    else:
        device, numbers, model = torch.device("cuda"), 2**26, (8192, 4096, 131072)
    torch.manual_seed(0)
    print(machine(device), flush=True)
    tables = {
        "Share of the bandwidth, under `torch.compile`": bandwidth(device, numbers),
        "Cross-entropy of a language model, bfloat16": products(device, *model),
        "Calls that wait for the device": waits(device),
    }
    text = f"Measured on {today()} with {machine(device)}.\n"
    for title, (head, *rows) in tables.items():
        rule = ["---", *["---:"] * (len(head) - 1)]
        text += f"\n### {title}\n\n" + table(head, rule, rows)
    print(text)
    if options.page:
        write("make bench-gpu", text)


def machine(device: torch.device) -> str:
    card = torch.cuda.get_device_name() if device.type == "cuda" else "the CPU (a trial)"
    return f"{card}, PyTorch {torch.__version__}"


def seconds(work, device: torch.device) -> float:
    """The median time of a call, measured on the device."""
    for _ in range(3):
        work()
    times = []
    for _ in range(ROUNDS):
        if device.type == "cuda":
            start, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
            start.record()
            work()
            end.record()
            end.synchronize()
            times.append(start.elapsed_time(end) / 1e3)
        else:
            began = time.perf_counter()
            work()
            times.append(time.perf_counter() - began)
    return statistics.median(times)


def bandwidth(device: torch.device, numbers: int) -> list[list[str]]:
    """Each loss reads prediction and target on both ways and writes one gradient."""
    source = torch.randn(numbers, device=device)
    into = torch.empty_like(source)
    copied = 2 * source.nbytes / seconds(lambda: into.copy_(source), device)
    rows = [["loss", "time", "of the copy's rate"]]
    event = (source > 0).float()
    losses = {
        "mse": (lt.mse, torch.randn_like(source)),
        "huber": (lt.huber, torch.randn_like(source)),
        "log_cosh": (lt.log_cosh, torch.randn_like(source)),
        "bce_with_logits": (lt.bce_with_logits, event),
        "focal_with_logits": (lt.focal_with_logits, event),
    }
    for name, (loss, target) in losses.items():
        pred = source.clone().requires_grad_()
        compiled = torch.compile(loss, fullgraph=True)

        def step(compiled=compiled, pred=pred, target=target):
            pred.grad = None
            compiled(pred, target).backward()

        spent = seconds(step, device)
        share = 5 * source.nbytes / spent / copied
        rows.append([f"`{name}`", f"{spent * 1e3:.3f} ms", f"**{share:.0%}**"])
        print(*rows[-1], flush=True)
    return rows


def products(device: torch.device, tokens: int, width: int, words: int) -> list[list[str]]:
    make = partial(torch.randn, device=device, dtype=torch.bfloat16)
    hidden, head = make(tokens, width).requires_grad_(), make(words, width) / width**0.5
    head.requires_grad_()
    labels = torch.randint(words, (tokens,), device=device)
    limit = seconds(three_products(hidden.detach(), head.detach(), make(tokens, words)), device)

    def whole():
        hidden.grad = head.grad = None
        F.cross_entropy((hidden @ head.T).float(), labels).backward()

    def chunks():
        hidden.grad = head.grad = None
        lt.linear_cross_entropy(hidden, labels, linear_weight=head).backward()

    rows = [["way", "time", "of the products' rate", "memory beside the inputs"]]
    for name, work in (("`linear_cross_entropy`", chunks), ("the whole matrix", whole)):
        try:
            spent, peak = seconds(work, device), memory(work, device)
        except torch.cuda.OutOfMemoryError:
            rows.append([name, "out of memory", "", ""])
            continue
        rows.append([name, f"{spent * 1e3:.1f} ms", f"**{limit / spent:.0%}**", peak])
        print(*rows[-1], flush=True)
    return rows


def three_products(hidden: Tensor, head: Tensor, logits: Tensor) -> Callable[[], object]:
    """What the loss cannot do without: the logits, and the gradients of both factors."""
    return lambda: (hidden @ head.T, logits @ head, logits.T @ hidden)


def memory(work, device: torch.device) -> str:
    if device.type != "cuda":
        return "not measured"
    torch.cuda.reset_peak_memory_stats()
    before = torch.cuda.memory_allocated()
    work()
    return f"{(torch.cuda.max_memory_allocated() - before) / 1e6:,.0f} MB"


def waits(device: torch.device) -> list[list[str]]:
    pred, target = (torch.randn(64, 10, device=device) for _ in range(2))
    labels = torch.randint(10, (64,), device=device)
    probs = pred.softmax(-1)
    calls = {
        "mse": (pred, target),
        "bce_with_logits": (pred, (target > 0).float()),
        "focal_with_logits": (pred, (target > 0).float()),
        "cross_entropy": (pred, labels),
        "multiclass_hinge": (pred, labels),
        "kl_div": (pred.log_softmax(-1), probs),
        "dice": (probs, (target > 0).float()),
        "triplet": (pred, target, probs),
        "info_nce": (pred, target),
    }
    rows = [["loss", "the host waits"]]
    for name, arguments in calls.items():
        first = arguments[0].clone().requires_grad_()
        if device.type == "cuda":
            torch.cuda.set_sync_debug_mode("error")
        try:
            getattr(lt, name)(first, *arguments[1:]).backward()
            answer = "no" if device.type == "cuda" else "not measured"
        except RuntimeError as error:
            if "synchroniz" not in str(error):
                raise
            answer = "**yes**"
        finally:
            if device.type == "cuda":
                torch.cuda.set_sync_debug_mode("default")
        rows.append([f"`{name}`", answer])
    return rows


if __name__ == "__main__":
    main()
