"""Right answers, saved the way people save them: with commands, drives, splits and left-overs.

None of this may cost a mark. The few wrong answers at the end hold the limits of it.
"""

import json
from collections.abc import Callable

from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell
from submissions.answers import HELPER, IN_FUNCTION, MAE, MSE, MSE_TORCH
from submissions.core import CROSS_ENTROPY, FOCAL
from submissions.sample import NO_MSE, Sample, with_answers
from submissions.student_folder import StudentFolder

Change = Callable[[NotebookNode, dict[str, NotebookNode]], None]
WRONG = IN_FUNCTION.format(body="return 0.0")
HELPER_ALONE, USES_HELPER = HELPER.split("\n\n", 1)
SIGNATURE = MSE.split("\n")[0]


def changed(change: Change, **answers: str) -> Callable[[StudentFolder], None]:
    """A right notebook after something was done to it; `change` gets its cells by their ids."""

    def make(student_folder: StudentFolder) -> None:
        notebook = student_folder.notebook(**answers)
        change(notebook, {cell.id: cell for cell in notebook.cells})
        student_folder.hand_in(json.loads(json.dumps(notebook)))

    return make


def insert(notebook: NotebookNode, above: str, *sources: str) -> None:
    """New cells of code above the one with this id."""
    (at,) = (i for i, cell in enumerate(notebook.cells) if cell.get("id") == above)
    new = [new_code_cell(text, id=f"new-{above}-{i}") for i, text in enumerate(sources)]
    notebook.cells[at:at] = new


def split(notebook: NotebookNode, cells: dict[str, NotebookNode]) -> None:
    """A cell split in two, as JupyterLab does it: the upper half keeps id and metadata."""
    for name in ("mse", "focal"):
        (at,) = (i for i, cell in enumerate(notebook.cells) if cell.get("id") == name)
        notebook.cells.insert(at + 1, new_code_cell(cells[name].source, id=f"lower-{name}"))
        cells[name].source = "import functools as ft\nfrom math import inf\n\n"
    cells["mse"].source += "SUM, MEAN = 'sum', 'mean'"
    (lower,) = (cell for cell in notebook.cells if cell.get("id") == "lower-mse")
    lower.source = lower.source.replace('("sum", "mean")', "(SUM, MEAN)")


def split_without_ids(notebook: NotebookNode, cells: dict[str, NotebookNode]) -> None:
    split(notebook, cells)
    for cell in notebook.cells:
        cell.metadata = {}
        cell.pop("id", None)


def split_text(notebook: NotebookNode, cells: dict[str, NotebookNode]) -> None:
    at = notebook.cells.index(cells["mae-or-mse"])
    notebook.cells.insert(at + 1, new_markdown_cell("A second half of the answer.", id="second"))


def in_a_cell_of_its_own(left: str) -> Change:
    def change(notebook: NotebookNode, cells: dict[str, NotebookNode]) -> None:
        insert(notebook, "mse-values", cells["mse"].source, "print(mse(np.ones(2), np.ones(2)))")
        cells["mse"].source = left

    return change


def untouched_and_elsewhere(notebook: NotebookNode, cells: dict[str, NotebookNode]) -> None:
    in_a_cell_of_its_own(IN_FUNCTION.format(body="raise NotImplementedError()"))(notebook, cells)


def merged_into_check(notebook: NotebookNode, cells: dict[str, NotebookNode]) -> None:
    """Merged with the cell below, whose id and metadata it gets, as some editors do it."""
    check = cells["mse-values"]
    check.source = cells["mse"].source + "\n\n" + check.source
    notebook.cells.remove(cells["mse"])


def merged_with_check(notebook: NotebookNode, cells: dict[str, NotebookNode]) -> None:
    for name, check in (("mse", "mse-values"), ("mae", "mae-values")):
        cells[name].source += "\n\n" + cells[check].source
        notebook.cells.remove(cells[check])


def all_in_one_cell(notebook: NotebookNode, cells: dict[str, NotebookNode]) -> None:
    names = ("mse", "mae", "mse_torch", "cross_entropy", "focal")
    cells["mse"].source = "import torch\n\n" + "\n\n".join(cells[name].source for name in names)
    for name in names[1:]:
        notebook.cells.remove(cells[name])


def helpers_elsewhere(notebook: NotebookNode, cells: dict[str, NotebookNode]) -> None:
    """A helper that uses a table and an import, each in a cell of its own, and not in order."""
    helper = HELPER_ALONE.replace("'shapes differ'", "TEXTS['shapes'] + os_sep")
    insert(notebook, "mse-text", helper, "TEXTS = {}\nTEXTS['shapes'] = 'shapes differ'")
    insert(notebook, "mae", "from posixpath import sep as os_sep\n1 / 0")


def experiments_below(notebook: NotebookNode, cells: dict[str, NotebookNode]) -> None:
    """What is tried out later has the names that the answers use, and other values."""
    insert(notebook, "part-4", "np = 3\npred = target = squares = None", "sum = max = 0\n_same = 7")
    insert(notebook, "mse-text", HELPER_ALONE)


def set_up_changed(notebook: NotebookNode, cells: dict[str, NotebookNode]) -> None:
    cells["set-up"].source += "\nimport math as m\nfrom functools import partial\nZERO = m.log(1)\n"


def turned_into_text(notebook: NotebookNode, cells: dict[str, NotebookNode]) -> None:
    cells["mse"].cell_type = "markdown"
    for field in ("outputs", "execution_count"):
        cells["mse"].pop(field, None)


def twice_in_cells_of_ones_own(notebook: NotebookNode, cells: dict[str, NotebookNode]) -> None:
    insert(notebook, "mse-values", WRONG, cells["mse"].source)
    cells["mse"].source = "# below"


def very_long_cells(notebook: NotebookNode, cells: dict[str, NotebookNode]) -> None:
    insert(
        notebook,
        "part-4",
        "x = 1\n" * 800_000,
        "(" * 50_000,
        "-" * 90_000 + "1",
        "x" + "[0]" * 30_000,
    )
    insert(notebook, "part-4", *["_same = [" + "1, " * 30_000 + "]"] * 40)


EVERYDAY = [
    # Commands of IPython, the shell and Colab.
    Sample(
        "everyday-pip",
        with_answers(mse="%pip install -q scipy\n" + MSE, mae=MAE + "\n%pip list"),
        says=("cell mse: commands taken out before it ran: `%pip install -q scipy`", "`%pip list`"),
        demo=True,
    ),
    Sample(
        "everyday-shell",
        with_answers(
            mse="!pip install scipy \\\n    pandas\n" + MSE,
            mae="!ls -la\n!!pwd\n" + MAE,
            focal="pip install einops\n\n" + FOCAL,
        ),
        says=("`!ls -la`",),
    ),
    Sample(
        "everyday-shell-output",
        with_answers(
            mse="files = !ls\nhere = %pwd\nprint(len(files), files[:3])\n" + MSE,
            mae="gpu, = !nvidia-smi\n" + MAE,
        ),
        says=("`files = !ls`",),
    ),
    Sample(
        "everyday-magics",
        with_answers(
            mse="%matplotlib inline\n%load_ext autoreload\n%autoreload 2\n%cd /content\n" + MSE,
            mae="%config InlineBackend.figure_format = 'retina'\n" + MAE + "\n%who\n%reset -f\n",
        ),
        says=("`%matplotlib inline`", "`%cd /content`"),
    ),
    Sample(
        "everyday-whole-cell-magics",
        with_answers(
            mse="%%time\n" + MSE,
            mae="# the loss\n%%timeit -n 3\n" + MAE,
            focal="%%capture out --no-stderr\n" + FOCAL,
            cross_entropy="\n%%writefile losses.py\n" + CROSS_ENTROPY,
        ),
        says=("`%%time`",),
    ),
    Sample(
        "everyday-timing",
        with_answers(
            mse=MSE + "\n%timeit mse(np.ones(9), np.ones(9))\n%time y = mse(np.ones(3), np.ones(3))"
            "\nprint('y is', y)\n"
        ),
        says=("`%timeit mse(np.ones(9), np.ones(9))`", "y is 0.0"),
    ),
    Sample(
        "everyday-colab",
        with_answers(
            mse="from google.colab import drive\ndrive.mount('/content/drive')\n"
            "%cd /content/drive/MyDrive\n" + MSE,
            mae="from google.colab import files\nup = files.upload()\n" + MAE,
        ),
        says=("line 1 `from google.colab import drive` (ModuleNotFoundError)",),
        demo=True,
    ),
    Sample(
        "everyday-form",
        with_answers(
            mse='#@title My answer { run: "auto", display-mode: "form" }\n#@markdown **Mean**\n'
            'kind = "mean"  #@param ["mean", "sum"]\n' + MSE.replace('"mean"):', "kind):")
        ),
    ),
    Sample(
        "everyday-help",
        with_answers(mse="np.mean?\n?np.sum\n" + MSE + "\nmse??\nhelp(mse)\n"),
        says=("`np.mean?`, `?np.sum`, `mse??`",),
    ),
    Sample(
        "everyday-indented-commands",
        with_answers(
            mse="if True:\n    !nvidia-smi\n"
            + MSE.replace(
                "    squares =", "    %config Application.log_level\n    !ls\n    squares ="
            ),
            mae="try:\n    import seaborn\nexcept ImportError:\n    %pip install seaborn\n" + MAE,
        ),
        says=("`!nvidia-smi`",),
    ),
    Sample(
        "everyday-no-commands",
        with_answers(
            mse=MSE.replace(
                "    squares =", "    left = (7\n    % 4)\n    '''\n!no\n'''\n    squares ="
            ),
            mae="text = '''\n%pip none\n'''\nassert 'pip' in text and 8 \\\n% 5 == 3\nprint(text)\n"
            + MAE,
        ),
        says=("%pip none",),
    ),
    Sample(
        "everyday-exported",
        with_answers(
            mse="get_ipython().run_line_magic('matplotlib', 'inline')\n"
            "get_ipython().system('pip install scipy')\n# In[3]:\n\n" + MSE
        ),
    ),
    # Lines that fail here.
    Sample(
        "everyday-missing-import",
        with_answers(
            mse="import seaborn as sns\nsns.set_theme()\n" + MSE,
            mae="import japanize_matplotlib, nowhere\nfrom nowhere import *\n" + MAE,
        ),
        says=("these lines failed, the others ran: line 1 `import seaborn as sns`",),
        demo=True,
    ),
    Sample(
        "everyday-raises",
        with_answers(
            mse="data = np.loadtxt('data.csv')\nraise RuntimeError('stop here')\n" + MSE,
            mae=MAE + "\nassert mae(np.ones(2), np.zeros(2)) == 7\nmae(1)\nprint('reached')\n",
            focal="return 3\n" + FOCAL,
        ),
        says=("`raise RuntimeError('stop here')` (RuntimeError)", "reached", "`return 3`"),
    ),
    Sample(
        "everyday-input",
        with_answers(mse="n = int(input('How many? '))\n" + MSE),
        says=("`n = int(input('How many? '))` (StdinNotImplementedError)",),
    ),
    Sample(
        "everyday-exit",
        with_answers(mae="import sys as s\ns.exit(0)\n" + MAE),
        flags=("imports sys",),
        says=("(SystemExit)",),
    ),
    Sample(
        "everyday-plots",
        with_answers(
            mse="import matplotlib\nmatplotlib.use('TkAgg')\nimport matplotlib.pyplot as plt\n"
            + MSE
            + "\nplt.plot([mse(np.ones(1), np.array([float(i)])) for i in range(3)])\nplt.show()\n"
        ),
    ),
    Sample(
        "everyday-annotations",
        with_answers(
            mse=MSE.replace(
                SIGNATURE,
                "def mse(pred: NDArray[float64], target: 'Array', reduction: Kind = \"mean\")"
                ' -> Float[Array, "n"]:',
            ),
            mse_torch=MSE_TORCH.replace("(pred, target,", "(pred: Tensor, target: Tensor,"),
        ),
    ),
    Sample(
        "everyday-decorators",
        with_answers(
            mse="from numba import njit\n\n\n@njit(cache=True)\n" + MSE,
            mse_torch="@torch.compile\n" + MSE_TORCH,
        ),
        says=("`@njit(cache=True) …` (NameError)",),
    ),
    Sample(
        "everyday-async",
        with_answers(
            mse="import asyncio\n\nasync def pause():\n    await asyncio.sleep(0)\n\n"
            "await pause()\nprint('paused')\n" + MSE
        ),
        says=("paused",),
    ),
    Sample(
        "everyday-main",
        with_answers(
            mse="if __name__ == '__main__':\n    " + MSE.strip().replace("\n", "\n    "),
            mae=MAE + "\ndef main():\n    print('main', mae(np.ones(2), np.ones(2)))\n\n"
            "if __name__ == '__main__':\n    main()\n",
        ),
        says=("main 0.0",),
    ),
    Sample(
        "everyday-checks-again",
        with_answers(
            mse="from lossfns.check import check, CheckFailed\nimport lossfns.numpy as ln\n"
            + MSE
            + "\ncheck('mse', mse)\nassert mse(np.ones(1), np.ones(1)) == ln.mse(1, 1)\n"
        ),
        flags=("imports lossfns",),
        says=("CheckFailed", "`import lossfns.numpy as ln` (ImportError)"),
    ),
    # How editors and people save.
    Sample(
        "everyday-line-ends",
        with_answers(mse=MSE.replace("\n", "\r\n"), mae=MAE.replace("\n", "\r")),
    ),
    Sample(
        "everyday-tabs",
        with_answers(mse=MSE.replace("    ", "\t"), mae="\ufeff" + MAE, focal="\n\n" + FOCAL),
    ),
    Sample(
        "everyday-pasted",
        with_answers(
            mse="".join(
                f"{'>>>' if i == 0 else '...'} {x}" for i, x in enumerate(MSE.splitlines(True))
            ),
            mae="".join(f"    {line}" for line in MAE.splitlines(True)),
        ),
    ),
    Sample(
        "everyday-split",
        changed(split),
        says=("mse is not defined in its own cell: the definition in another one counts (cell",),
        demo=True,
    ),
    Sample("everyday-split-without-ids", changed(split_without_ids)),
    Sample("everyday-split-text", changed(split_text), says=("A second half of the answer.",)),
    Sample(
        "everyday-own-cell",
        changed(in_a_cell_of_its_own("# see below")),
        says=("mse is not defined in its own cell",),
    ),
    Sample("everyday-untouched-and-elsewhere", changed(untouched_and_elsewhere)),
    Sample(
        "everyday-broken-and-elsewhere",
        changed(in_a_cell_of_its_own("def mse(pred, target:\n    return 0")),
        says=("mse: its own cell was left out: SyntaxError in line 1",),
    ),
    Sample(
        "everyday-twice-in-own-cells",
        changed(twice_in_cells_of_ones_own),
        says=("(the last of 2, cell",),
    ),
    Sample("everyday-merged-with-check", changed(merged_with_check)),
    Sample("everyday-merged-into-check", changed(merged_into_check)),
    Sample("everyday-all-in-one-cell", changed(all_in_one_cell)),
    Sample("everyday-turned-into-text", changed(turned_into_text), says=("is not a code cell",)),
    Sample(
        "everyday-helpers",
        changed(helpers_elsewhere, mse=USES_HELPER),
        says=("mse: taken along from other cells: TEXTS, _same, os_sep",),
        demo=True,
    ),
    Sample("everyday-experiments", changed(experiments_below, mse=USES_HELPER)),
    Sample(
        "everyday-star-import",
        changed(
            lambda notebook, cells: insert(notebook, "mse-text", "from numpy import *"),
            mse=MSE.replace("(pred - target) ** 2", "square(subtract(pred, target))"),
            mae="def mae(p, t):\n    return sum(abs(p - t), axis=None) / p.size\n",
        ),
        says=("mse: taken along from other cells: *",),
    ),
    Sample(
        "everyday-set-up-changed",
        changed(
            set_up_changed,
            mse=MSE.replace("** 2", "** 2 + ZERO"),
            mae="def _mae(p, t, shift):\n    return np.abs(p - t).mean() + shift\n\n"
            "mae = partial(_mae, shift=0.0)\n",
        ),
        says=("mae: taken along from other cells: partial",),
    ),
    Sample("everyday-very-long-cells", changed(very_long_cells, mse=HELPER)),
    # The limits of it.
    Sample(
        "own-cell-counts",
        changed(lambda notebook, cells: insert(notebook, "part-4", MSE), mse=WRONG),
        NO_MSE,
        says=("mse is defined in other cells, too: that of the assignment counts",),
    ),
    Sample(
        "commands-with-markup",
        with_answers(
            mse="!<script>alert('canary')</script>`<img src=x onerror=alert('canary')>` $x$\n"
            "%<svg/onload=alert('canary')> [a](javascript:alert(1))\n"
            "1 / 0 # `<script>alert('canary')\n" + MSE
        ),
    ),
    Sample(
        "statements-patched",
        with_answers(
            mse="import statements\nstatements.failed = lambda: 'x' * 10**6\n"
            "get_ipython().run_ast_nodes = None\n1 / 0\n" + WRONG
        ),
        (),
        flags=("reaches for the kernel",),
    ),
]
