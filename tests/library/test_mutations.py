"""Tests of the tests: a planted mistake must be noticed, and by the tests of the loss it sits in.

`make test` plants the sample; `python tests/library/test_mutations.py` plants all of them, and
prints which test noticed each first.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

# (what is wrong, the file, the text there, the text instead, the tests that should notice).
MUTATIONS = [
    (
        "sign of a gradient",
        "numpy/regression.py",
        "pred=lambda: 2 * error)",
        "pred=lambda: -2 * error)",
        "mse",
    ),
    (
        "a missing ½",
        "torch/regression.py",
        "losses = 0.5 * (var.log()",
        "losses = (var.log()",
        "gaussian_nll",
    ),
    (
        "a dropped weight",
        "torch/_core.py",
        "        losses = losses * weight\n",
        "        losses = losses * 1\n",
        "mae",
    ),
    (
        "q and 1 - q exchanged",
        "numpy/regression.py",
        "np.maximum(levels * gap, (levels - 1) * gap)",
        "np.maximum(-levels * gap, (1 - levels) * gap)",
        "quantile",
    ),
    (
        "a missing factor T²",
        "numpy/divergence.py",
        "temperature**2 * np.where",
        "np.where",
        "distillation",
    ),
    (
        "a wrong axis",
        "torch/divergence.py",
        "- log_probs).sum(-1)",
        "- log_probs).sum(0)",
        "kl_div",
    ),
    (
        "a softmax without its maximum",
        "numpy/_classes.py",
        "shifted = rows - rows.max(",
        "shifted = rows - 0 * rows.max(",
        "cross_entropy",
    ),
    (
        "the wrong side of the margin",
        "numpy/margins.py",
        "margin - target * scores",
        "margin + target * scores",
        "hinge",
    ),
    (
        "half precision kept",
        "torch/_core.py",
        "value.dtype.itemsize < 4",
        "value.dtype.itemsize < 2",
        "mse",
    ),
    (
        "smoothing over C - 1 classes",
        "torch/classification.py",
        "label_smoothing * spread.mean(-1)",
        "label_smoothing * spread.sum(-1) / (rows.shape[-1] - 1)",
        "cross_entropy",
    ),
    (
        "a mean over the wrong number",
        "numpy/_core.py",
        "float(each.sum()) * losses.size",
        "float(each.sum() > 0) * losses.size",
        "log_cosh",
    ),
    (
        "a mean over all anchors",
        "torch/detection.py",
        "items=anchors.positive.sum()",
        "items=anchors.counted.sum()",
        "retinanet",
    ),
    (
        "boxes where no object is",
        "numpy/detection.py",
        "        return np.where(held == 1, values, 0.0)\n",
        "        return values\n",
        "yolo",
    ),
    (
        "no gradient at the label",
        "torch/_linear.py",
        "self.of_head.index_add_(0, label, drop[:, None] * x, alpha=-1)",
        "pass",
        "linear_cross_entropy",
    ),
    (
        "ignored vectors multiplied",
        "torch/_linear.py",
        "    elif not share.all():\n",
        "    elif False:\n",
        "linear_cross_entropy",
    ),
    (
        "a mean over all answers",
        "numpy/preference.py",
        "full / np.where(length == 0, 1.0, length)",
        "full",
        "grpo",
    ),
    (
        "the upper bound for both sides",
        "torch/preference.py",
        "math.log1p(-clip_low)",
        "math.log1p(-clip_high)",
        "grpo",
    ),
    (
        "padding that has a rank",
        "numpy/ranking.py",
        "(_before(values) & there[..., None, :])",
        "_before(values)",
        "lambdarank",
    ),
    (
        "the mean over items, not pairs",
        "torch/metric.py",
        "mass=positive.sum(-1).to(losses.dtype)",
        "mass=positive.any(-1).to(losses.dtype)",
        "nt_xent_with_labels",
    ),
    (
        "weights that are differentiated",
        "torch/metric.py",
        "pull_n = scale * (cosines.detach() + margin)",
        "pull_n = scale * (cosines + margin)",
        "circle",
    ),
    (
        "a series one term too short",
        "torch/regression.py",
        "range(14, 1, -1)",
        "range(6, 1, -1)",
        "tweedie",
    ),
    (
        "a window a little too wide",
        "_arguments.py",
        "SSIM_CONSTANTS = 1.5,",
        "SSIM_CONSTANTS = 1.51,",
        "ssim",
    ),
    (
        "shapes that broadcast",
        "_arguments.py",
        "        if shape != expected:\n",
        "        if False:\n",
        "mape",
    ),
]
SAMPLE = MUTATIONS[:3]


def plant(folder, file, old, new):
    """Copy the library with one mistake in it."""
    shutil.copytree(ROOT / "lossfns", folder / "lossfns", dirs_exist_ok=True)
    path = folder / "lossfns" / file
    text = path.read_text(encoding="utf8")
    assert text.count(old) >= 1, f"{file} no longer holds {old!r}"
    path.write_text(text.replace(old, new, 1), encoding="utf8")


def first_to_notice(folder, keyword):
    """Run the tests of one loss against that copy; return the name of the first that fails."""
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-x",
        "-q",
        "-p",
        "no:cacheprovider",
        "--no-header",
        "-m",
        "not gpu",
        "-k",
        f"{keyword} and not test_mutations",
        "-c",
        str(ROOT / "pyproject.toml"),
        str(ROOT / "tests" / "library"),
        # In place of the root, where Python would find the library without the mistake.
        "-o",
        f"pythonpath={folder} {ROOT / 'tests'} {ROOT / 'book' / '_ext'}",
    ]
    environment = os.environ | {"PYTHONPATH": str(folder), "PYTHONDONTWRITEBYTECODE": "1"}
    # Not in the root: Python would find the library there first.
    run = subprocess.run(command, capture_output=True, text=True, env=environment, cwd=folder)
    out = run.stdout
    return next((line.split()[1] for line in out.splitlines() if line.startswith("FAILED ")), "")


@pytest.mark.parametrize("name, file, old, new, keyword", SAMPLE, ids=[m[0] for m in SAMPLE])
def test_a_planted_mistake_is_noticed(name, file, old, new, keyword, tmp_path):
    plant(tmp_path, file, old, new)
    assert keyword in first_to_notice(tmp_path, keyword)


def test_every_mistake_can_still_be_planted(tmp_path):
    for _, file, old, new, _ in MUTATIONS:
        plant(tmp_path, file, old, new)


if __name__ == "__main__":
    import tempfile

    unnoticed = 0
    for name, file, old, new, keyword in MUTATIONS:
        with tempfile.TemporaryDirectory() as folder:
            plant(Path(folder), file, old, new)
            test = first_to_notice(Path(folder), keyword)
        unnoticed += not test
        print(f"{name:32} {test or 'NOT NOTICED'}", flush=True)
    sys.exit(unnoticed)
