"""`python -m lossfns audit` and `identify`: what they print, and the exit status."""

import json
import subprocess
import sys

import pytest

from lossfns.__main__ import main

LOSSES = """
import numpy as np

def right(pred, target):
    if np.shape(pred) != np.shape(target):
        raise ValueError("shapes differ")
    return np.sum((pred - target) ** 2) / max(np.size(pred), 1)

def half(pred, target):
    return 0.5 * np.mean((pred - target) ** 2)

class Weighted:
    def __init__(self, weight):
        self.weight = np.asarray(weight, float)

    def __call__(self, logits, target):
        z = logits - logits.max(-1, keepdims=True)
        each = np.log(np.exp(z).sum(-1)) - z[np.arange(len(z)), target]
        return (self.weight[target] * each).sum() / self.weight[target].sum()

class Quantile:
    def __init__(self, q):
        self.q = q

    def __call__(self, pred, target):
        e = np.asarray(target) - pred
        return np.mean(np.maximum(self.q * e, (self.q - 1) * e))
"""


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "my_losses.py"
    path.write_text(LOSSES)
    return str(path)


def test_the_exit_status_says_whether_all_is_right(file, capsys):
    ignored = ["--ignore", "float16", "--ignore", "far out", "--ignore", "weights"]
    assert main(["audit", f"{file}:right", "--like", "mse", *ignored]) == 0
    assert main(["audit", f"{file}:half", "--like", "mse"]) == 1
    assert "half of the mean squared error" in capsys.readouterr().out


def test_settings_follow_options_and_build_classes(file, capsys):
    main(["audit", f"{file}:Quantile", "--like", "quantile", "q=0.8", "--json"])
    report = json.loads(capsys.readouterr().out)
    verdicts = {finding["name"]: finding["verdict"] for finding in report["findings"]}
    assert verdicts["value"] == "pass"


def test_the_example_of_the_help_with_weights_of_three_classes(file, capsys):
    main(["audit", f"{file}:Weighted", "--like", "cross_entropy", "weight=[1, 2, 5]", "--json"])
    report = json.loads(capsys.readouterr().out)
    assert {f["name"]: f["verdict"] for f in report["findings"]}["value"] == "pass"


def test_a_cause_is_ignored_too(file):
    causes = ["half of the mean squared error", "a target that is broadcast"]
    causes += ["a mean over nothing", "float16 that overflows"]
    ignored = [word for cause in causes for word in ("--ignore", cause)]
    assert main(["audit", f"{file}:half", "--like", "mse", *ignored]) == 0


@pytest.mark.parametrize(
    ("place", "words"),
    [
        ("half", "say which loss of which file"),
        ("{file}:haf", "did you mean 'half'"),
        ("{file}:xyz", "it has right, half, Weighted, Quantile"),
        ("nowhere.py:half", "there is no file nowhere.py"),
        ("no_such_module:half", "cannot be loaded"),
    ],
)
def test_a_wrong_place_is_answered(file, place, words, capsys):
    assert main(["audit", place.format(file=file)]) == 2
    assert words in capsys.readouterr().err


def test_wrong_settings_are_answered(file, capsys):
    assert main(["audit", f"{file}:half", "--like", "mse", "q=1"]) == 2
    assert main(["audit", f"{file}:half", "delta"]) == 2
    assert main(["audit", f"{file}:half", "--ignore", "halves"]) == 2
    assert main(["audit", f"{file}:half", "--seconds", "-1"]) == 2
    said = capsys.readouterr().err
    assert "name=value" in said
    assert "the checks are: can be called" in said
    assert "seconds must be positive" in said


def test_identify(file, capsys):
    assert main(["identify", f"{file}:half"]) == 0
    assert "0.5 × mse" in capsys.readouterr().out


def test_a_numpy_loss_needs_numpy_alone():
    code = """
import sys
sys.modules["torch"] = None
import lossfns, lossfns.numpy as ln
assert "lossfns.auditing" not in sys.modules
report = lossfns.audit(ln.huber, like="huber")
report.assert_ok()
assert lossfns.audit(lambda pred, target: abs(pred - target).mean(), like="mae")["value"].verdict
assert lossfns.identify(ln.mae).name == "mae"
"""
    subprocess.run([sys.executable, "-c", code], check=True)
