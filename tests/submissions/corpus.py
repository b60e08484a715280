"""A class of submissions: right, wrong, broken and hostile, with what has to become of each.

`SAMPLES` is the table; a row says what was handed in, which graded cells earn their points, under
which status, with which flags and with which words in the feedback.
"""

import json
import os
from pathlib import Path

from submissions import answers as a, files as f
from submissions.core import MISTAKES, WAYS
from submissions.everyday import EVERYDAY
from submissions.sample import NO_MSE, Sample, with_answers, without
from submissions.student_folder import RIGHT, ROOT


def right_in_every_function(number: int) -> Sample:
    """The core functions, each written in its own way."""
    return Sample(
        f"right-all-{number}",
        with_answers(**{function: ways[number] for function, ways in WAYS.items()}),
        demo=number < 2,
    )


def wrong_in_every_function(number: int) -> Sample:
    """A mistake in each of the core functions, each with its own hint."""
    sources, lost, names = {}, [], []
    for function, mistakes in MISTAKES.items():
        sources[function], name, aspects = mistakes[number]
        lost += [f"{function.replace('_', '-')}-{aspect}" for aspect in aspects]
        names.append(f"This looks like: {name}.")
    return Sample(
        f"wrong-all-{number}",
        with_answers(**sources),
        without(*lost),
        says=tuple(names),
        demo=number in (0, 5),
    )


NOTHING: tuple[str, ...] = ()
UNREADABLE = {"earns": NOTHING, "status": "unreadable"}

SAMPLES = [
    # Right answers, written in different ways.
    Sample("right", with_answers(), demo=True),
    Sample("right-loop", with_answers(mse=a.LOOP), demo=True),
    Sample("right-expanded", with_answers(mse=a.EXPANDED)),
    Sample("right-norm", with_answers(mse=a.NORM)),
    Sample("right-float32", with_answers(mse=a.SINGLE), demo=True),
    Sample("right-through-torch", with_answers(mse=a.THROUGH_TORCH)),
    Sample("right-more-arguments", with_answers(mse=a.MORE_ARGUMENTS)),
    Sample("right-with-helper", with_answers(mse=a.HELPER), demo=True),
    Sample("right-with-class", with_answers(mse=a.CALLABLE)),
    Sample("right-with-warnings", with_answers(mse=a.CHATTY), demo=True),
    Sample("right-colab", f.colab, demo=True),
    Sample("right-vscode", f.vs_code, demo=True),
    Sample("right-stripped", f.stripped, demo=True),
    Sample("right-version-3", f.version_3),
    Sample("right-only-answers", f.only_answers),
    Sample("right-odd-cells", f.odd_cells),
    Sample("right-bom", f.encoded("utf-8-sig")),
    Sample("right-utf16", f.encoded("utf-16")),
    Sample("right-surrogates", f.surrogates),
    Sample("right-large-outputs", f.large_outputs),
    Sample("right-100000-cells", f.hundred_thousand_cells),
    Sample("right-renamed", f.renamed, demo=True),
    Sample("right-duplicated", f.duplicated, says=("2 cells answer mse: the last one counts",)),
    Sample("right-numpy-beside", f.beside("numpy.py", "raise SystemExit('shadowed')"), demo=True),
    *map(right_in_every_function, range(5)),
    *EVERYDAY,
    # Wrong answers.
    *map(wrong_in_every_function, range(8)),
    Sample(
        "untouched",
        lambda student_folder: student_folder.hand_in(student_folder.released()),
        NOTHING,
        demo=True,
        says=("mse: not written yet", "mse_torch: not written yet"),
    ),
    Sample(
        "emptied",
        with_answers(**dict.fromkeys(RIGHT, "")),
        NOTHING,
        says=("mse is not defined",),
    ),
    Sample(
        "half",
        with_answers(mse=a.MSE.replace("= (pred", "= 0.5 * (pred")),
        without("mse-values"),
        says=("This looks like: half of the mean squared error",),
        demo=True,
    ),
    Sample(
        "sum-for-mean",
        with_answers(mae=a.MAE.replace("mean", "sum")),
        without("mae-values"),
        says=("This looks like: the sum instead of the mean",),
        demo=True,
    ),
    Sample(
        "graph-cut",
        with_answers(mse_torch=a.MSE_TORCH.replace("(pred - target)", "(pred.detach() - target)")),
        without("mse-torch-values"),
        says=("This looks like: the graph cut off",),
        demo=True,
    ),
    Sample(
        "no-shape-check",
        with_answers(mse=a.MSE.replace("if pred.shape != target.shape", "if False")),
        without("mse-bad-input"),
        says=("broadcasting of (n, 1) against (n,)",),
    ),
    Sample(
        "refuses-everything",
        with_answers(mse=a.IN_FUNCTION.format(body="raise ValueError()")),
        NO_MSE,
        says=("This input is good, yet it is refused",),
    ),
    Sample(
        "syntax-error",
        with_answers(mse="def mse(pred, target:\n    return 0"),
        NO_MSE,
        says=("mse is not defined",),
        demo=True,
    ),
    Sample(
        "returns-list",
        with_answers(mae="def mae(p, t):\n    return [1.0]\n"),
        without("mae-values"),
        says=("It returns list",),
    ),
    Sample(
        "returns-object",
        with_answers(mae="def mae(p, t):\n    return np.array([{}, open])\n"),
        without("mae-values"),
        flags=(),
    ),
    Sample(
        "returns-huge",
        with_answers(mae="def mae(p, t):\n    return np.zeros(30_000_000)\n"),
        without("mae-values"),
    ),
    Sample(
        "returns-nan",
        with_answers(mae="def mae(p, t):\n    return np.nan\n"),
        without("mae-values"),
    ),
    Sample(
        "asks-for-input",
        with_answers(mae="def mae(p, t):\n    return float(input())\n"),
        without("mae-values"),
        says=("EOFError",),
    ),
    # Broken files.
    Sample(
        "empty",
        lambda student_folder: student_folder.hand_in(""),
        **UNREADABLE,
        says=("empty",),
        demo=True,
    ),
    Sample("blank", lambda student_folder: student_folder.hand_in("\n \n"), **UNREADABLE),
    Sample(
        "truncated",
        lambda student_folder: student_folder.hand_in(json.dumps(student_folder.notebook())[:700]),
        **UNREADABLE,
        says=("not valid JSON",),
        demo=True,
    ),
    Sample("a-list", lambda student_folder: student_folder.hand_in("[1, 2]"), **UNREADABLE),
    Sample("no-cells", lambda student_folder: student_folder.hand_in('{"cells": 3}'), **UNREADABLE),
    Sample("nested", lambda student_folder: student_folder.hand_in("[" * 200_000), **UNREADABLE),
    Sample(
        "binary",
        lambda student_folder: student_folder.hand_in(bytes(range(256)) * 100),
        **UNREADABLE,
    ),
    Sample("latin-1", f.encoded("latin-1"), **UNREADABLE, says=("not UTF-8",)),
    Sample(
        "too-large",
        lambda student_folder: student_folder.hand_in(b" " * 21 * 2**20),
        **UNREADABLE,
        says=("larger than 20 MB",),
    ),
    Sample(
        "a-link",
        f.linked(ROOT / "solutions" / "02_regression" / "02_regression.ipynb"),
        **UNREADABLE,
        says=("it is a link",),
        demo=True,
    ),
    Sample("a-link-to-nowhere", f.linked(Path("/nowhere")), **UNREADABLE),
    Sample(
        "a-pipe",
        lambda student_folder: os.mkfifo(student_folder.path),
        **UNREADABLE,
        says=("not an ordinary file",),
    ),
    Sample("a-folder", lambda student_folder: student_folder.path.mkdir(), **UNREADABLE),
    Sample("linked-folder", f.linked_folder, **UNREADABLE),
    Sample(
        "two-notebooks", f.two_notebooks, **UNREADABLE, says=("2 notebooks, none of them named",)
    ),
    Sample(
        "a-pdf",
        lambda student_folder: (student_folder.folder / "homework.pdf").write_bytes(b"%PDF"),
        **UNREADABLE,
        says=("no notebook here, only homework.pdf",),
    ),
    Sample("nothing", lambda student_folder: None, NOTHING, "missing", demo=True),
    # Attacks on the marks.
    Sample("equal-to-all", with_answers(mse=a.EQUAL), NO_MSE, flags=("defines __eq__",), demo=True),
    Sample(
        "emptied-checks",
        with_answers(mse=a.EMPTIED),
        NO_MSE,
        flags=("reaches for the kernel",),
        demo=True,
    ),
    Sample(
        "do-execute", with_answers(mse=a.DO_EXECUTE), NOTHING, flags=("reaches for the kernel",)
    ),
    Sample("patched-numpy", with_answers(mse=a.PATCHED), NO_MSE, flags=("imports sys", "vars()")),
    Sample("forged-reply", with_answers(mse=a.FORGED_REPLY), NOTHING, flags=("imports sys",)),
    Sample("malformed-reply", with_answers(mse=a.MALFORMED_REPLY), NO_MSE, "partly graded"),
    Sample("nested-reply", with_answers(mse=a.NESTED_REPLY), NOTHING),
    Sample("spoofed-output", with_answers(mse=a.SPOOFED_OUTPUT), NO_MSE),
    Sample("tampered", f.tampered, NO_MSE, demo=True),
    Sample(
        "hard-coded",
        lambda student_folder: student_folder.hand_in(
            student_folder.notebook(mse=a.hard_coded("mse"))
        ),
        without("mse-values"),
        says=("right on the inputs of the check you see",),
        demo=True,
    ),
    Sample(
        "reference",
        with_answers(mse="import lossfns.numpy as ln\nmse = ln.mse\n"),
        NO_MSE,
        flags=("imports lossfns",),
        demo=True,
    ),
    Sample("built-in", with_answers(mse_torch=a.BUILT_IN), flags=("mse_loss",), demo=True),
    Sample(
        "built-in-hidden",
        with_answers(mse_torch=a.BUILT_IN_HIDDEN),
        flags=("getattr() with a computed name", "PyTorch's mse_loss was called"),
    ),
    Sample(
        "evaluated",
        with_answers(mae="mae = eval('lambda p, t: abs(p - t).mean()')\n"),
        flags=("calls eval()",),
    ),
    # Attacks on the machine and on others.
    Sample("hunter", with_answers(mse=a.HUNTER), NO_MSE, flags=("imports os",)),
    Sample("rewriter", with_answers(mse=a.REWRITER), NO_MSE, flags=("imports sqlite3",)),
    Sample(
        "network",
        lambda student_folder: student_folder.hand_in(
            student_folder.notebook(mae=a.NETWORK.replace("PORT", str(student_folder.port)) + a.MAE)
        ),
        flags=("imports socket",),
        demo=True,
    ),
    Sample("fork-bomb", with_answers(mae=a.FORK_BOMB + a.MAE), flags=("imports os",), demo=True),
    Sample(
        "left-running",
        lambda student_folder: student_folder.hand_in(
            student_folder.notebook(
                mae=a.LEFT_RUNNING.replace("NAPTIME", f"{student_folder.port}000") + a.MAE
            )
        ),
        flags=("imports subprocess",),
    ),
    Sample("disk-filler", with_answers(mae=a.DISK + a.MAE)),
    Sample("read-only", with_answers(mae=a.READ_ONLY + a.MAE)),
    Sample("privileges", with_answers(mae=a.PRIVILEGES + a.MAE)),
    Sample("memory", with_answers(mae=a.MEMORY + a.MAE), says=("no more memory",)),
    Sample("big-print", with_answers(mae=a.BIG_PRINT + a.MAE), says=("[cut off here]",)),
    Sample(
        "flood",
        with_answers(mae=a.MAE + a.FLOOD),
        status="partly graded",
        says=("cell mae: stopped after",),
    ),
    Sample(
        "forever",
        with_answers(mae=a.FOREVER + a.MAE),
        without("mae-values"),
        "partly graded",
        says=("cell mae: stopped after",),
        demo=True,
    ),
    Sample(
        "forever-in-function",
        with_answers(mse=a.IN_FUNCTION.format(body="while True: pass")),
        NO_MSE,
        "partly graded",
    ),
    Sample("deaf", with_answers(mae=a.MAE + a.DEAF), without("mae-values"), "partly graded"),
    Sample(
        "exit",
        with_answers(mae="import os\nos._exit(0)\n" + a.MAE),
        without("mae-values"),
        "partly graded",
        says=("the process ended",),
        demo=True,
    ),
    Sample(
        "exit-in-function",
        with_answers(mse=a.IN_FUNCTION.format(body="import os; os._exit(0)")),
        NO_MSE,
        "partly graded",
    ),
    Sample(
        "killed",
        with_answers(mae="import os, signal\nos.kill(os.getpid(), signal.SIGKILL)\n" + a.MAE),
        without("mae-values"),
        "partly graded",
    ),
    Sample(
        "segfault",
        with_answers(mse="import ctypes\n" + a.IN_FUNCTION.format(body="ctypes.string_at(0)")),
        NO_MSE,
        "partly graded",
        flags=("imports ctypes",),
    ),
    Sample(
        "recursion",
        with_answers(mae="def mae(p, t):\n    return mae(p, t)\n"),
        without("mae-values"),
        says=("RecursionError",),
    ),
    Sample("markup", with_answers(essay=a.MARKUP), demo=True),
    Sample("markup-output", with_answers(mae=a.MARKUP_OUTPUT + a.MAE)),
    Sample("lying-error", with_answers(mse=a.LYING_ERROR), NO_MSE),
]

# Folders whose name is no student's.
REFUSED_NAMES = ["=cmd", "a b", "-rf", ".hidden", "x" * 65, "semi;colon"]
