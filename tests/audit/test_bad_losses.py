"""Functions that raise, hang, print or return something else: a report, never an exception."""

import json
import time

import numpy as np
import pytest
import torch
from torch import nn

import lossfns


def raising(pred, target):
    raise RuntimeError("no such thing")


def leaving(pred, target):
    raise SystemExit(3)


def hanging(pred, target):
    while True:
        pass


def sleeping(pred, target):
    time.sleep(60)


def nothing(pred, target):
    ((pred - target) ** 2).mean()


def words(pred, target):
    return "0.5"


def several(pred, target):
    loss = ((pred - target) ** 2).mean()
    return loss, {"mse": loss}


def without_gradient(pred, target):
    with torch.no_grad():
        return ((pred - target) ** 2).mean()


def talking(pred, target):
    print("loss:", pred)
    return ((pred - target) ** 2).mean()


def seeding(pred, target):
    torch.manual_seed(0)
    np.random.seed(0)  # noqa: NPY002
    return ((pred - target) ** 2).mean()


def random(pred, target):
    return ((pred - target) ** 2).mean() + 1e-3 * torch.rand(())


SOURCE = torch.Generator()


def generator(pred, target):
    return ((pred - target) ** 2).mean() + 1e-3 * torch.rand((), generator=SOURCE)


class Counting(nn.Module):
    def __init__(self):
        super().__init__()
        self.calls = 0

    def forward(self, pred, target):
        self.calls += 1
        return ((pred - target) ** 2).mean() * (1 + 0.01 * self.calls)


def moving(pred, target):
    return ((pred - target) ** 2).mean().to("meta")


def guessless(first, second, third, fourth, fifth):
    return first + second + third + fourth + fifth


class Speechless(Exception):
    def __str__(self):
        raise ValueError("no words")


def speechless(pred, target):
    raise Speechless


class Secretive(nn.Module):
    @property
    def reduction(self):
        raise RuntimeError("nobody may ask")

    def forward(self, pred, target):
        raise RuntimeError(self.reduction)


class Method:
    def loss(self, pred, target):
        return ((pred - target) ** 2).mean()


def double_precision(pred, target):
    torch.set_default_dtype(torch.float64)
    return ((pred - target) ** 2).mean()


def threads(pred, target):
    torch.set_num_threads(torch.get_num_threads() % 2 + 1)
    return ((pred - target) ** 2).mean()


def no_gradients(pred, target):
    torch.set_grad_enabled(False)
    return ((pred - target) ** 2).mean()


def deterministic(pred, target):
    torch.use_deterministic_algorithms(True)
    return ((pred - target) ** 2).mean()


def backward(pred, target):
    loss = ((pred - target) ** 2).mean()
    if loss.requires_grad:
        loss.backward(retain_graph=True)
    return loss


class Unbuilt(nn.Module):
    def __init__(self, secret):
        super().__init__()


CASES = [
    (raising, "returns a number"),
    (leaving, "returns a number"),
    (hanging, "answers in time"),
    (sleeping, "answers in time"),
    (nothing, "returns a number"),
    (words, "returns a number"),
    (several, "returns a number"),
    (without_gradient, "carries a gradient"),
    (talking, "prints nothing"),
    (seeding, "leaves the world alone"),
    (random, "same answer twice"),
    (moving, "returns a number"),
    (speechless, "returns a number"),
    (Secretive(), "returns a number"),
    (Method.loss, "can be called"),
    (double_precision, "leaves the world alone"),
    (threads, "leaves the world alone"),
    (no_gradients, "leaves the world alone"),
    (deterministic, "leaves the world alone"),
    (backward, "inputs unchanged"),
    (guessless, "can be called"),
    (Unbuilt, "can be called"),
    (3.0, "can be called"),
    (torch.ones(2), "can be called"),
]


@pytest.mark.parametrize("like", ["mse", None])
@pytest.mark.parametrize(("loss", "check"), CASES, ids=[str(row[0])[:20] for row in CASES])
def test_a_report_says_so(loss, check, like, capsys):
    report = lossfns.audit(loss, like=like, seconds=0.5, compile=False)
    if like is None and check == "returns a number":
        check = next(f.name for f in report.failures)
        assert check in ("returns a number", "can be called")
    assert report[check].fails
    assert str(report) and report._repr_html_() and report.to_dict()["ok"] is False
    assert json.dumps(report.to_dict(), allow_nan=False)
    with pytest.raises(AssertionError, match=check):
        report.assert_ok()
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("like", ["mse", None])
@pytest.mark.parametrize(
    ("loss", "cause"),
    [
        (random, "random numbers"),
        (generator, "something kept between calls"),
        (Counting(), "something kept between calls"),
        (Counting, "something kept between calls"),
    ],
    ids=["random", "generator", "counting", "class"],
)
def test_a_loss_that_changes_is_reported_once(loss, cause, like):
    report = lossfns.audit(loss, like=like)
    assert [(f.name, f.cause) for f in report.failures] == [("same answer twice", cause)]
    left = [f for f in report if f.what == "the loss changes between calls"]
    assert {"value", "gradient", "two halves", "torch.compile"} < {f.name for f in left}
    assert all(f.verdict == "does not apply" for f in left)
    assert report["inputs unchanged"].verdict == "pass"


def test_the_random_state_is_as_it_was():
    before = torch.get_rng_state(), np.random.get_state()[1].copy()  # noqa: NPY002
    lossfns.audit(seeding, like="mse", compile=False)
    lossfns.identify(seeding)
    assert torch.equal(torch.get_rng_state(), before[0])
    assert np.array_equal(np.random.get_state()[1], before[1])  # noqa: NPY002


def settings():
    return (
        torch.get_default_dtype(),
        torch.get_num_threads(),
        torch.is_grad_enabled(),
        torch.are_deterministic_algorithms_enabled(),
    )


@pytest.mark.parametrize("loss", [double_precision, threads, no_gradients, deterministic])
def test_settings_of_torch_are_as_they_were(loss):
    before = settings()
    lossfns.audit(loss, like="mse", compile=False)
    lossfns.identify(loss)
    assert settings() == before


@pytest.mark.parametrize(
    ("loss", "words"),
    [
        (lambda pred, target: (pred == target).all(), "it returns a Tensor of bool"),
        (lambda pred, target: None, "it returns None"),
        (lambda pred, target: pred.sum() * float("nan"), "it gives nan for ordinary inputs"),
        (lambda pred, target: pred.nothing, "has no attribute 'nothing'"),
    ],
)
def test_what_is_wrong_with_the_answer_is_said(loss, words):
    assert words in lossfns.audit(loss, compile=False)["can be called"].what
    assert words in lossfns.identify(loss).text


def test_a_time_limit_that_is_none_is_refused():
    for ask in (lossfns.audit, lossfns.identify):
        for seconds in (0, -1.0, float("nan")):
            with pytest.raises(ValueError, match="seconds must be positive"):
                ask(raising, seconds=seconds)
        with pytest.raises(TypeError, match="seconds must be a number"):
            ask(raising, seconds="1")


def test_an_unknown_loss_is_answered_with_the_nearest():
    with pytest.raises(ValueError, match="did you mean 'huber'"):
        lossfns.audit(raising, like="hubre")
    with pytest.raises(ValueError, match="has a setting 'detla'"):
        lossfns.audit(lossfns.torch.huber, like="huber", detla=2.0)
    with pytest.raises(ValueError, match="delta"):
        lossfns.audit(lossfns.torch.huber, like="huber", delta=-1.0)
    with pytest.raises(TypeError, match="like must be the name"):
        lossfns.audit(raising, like=raising)
    with pytest.raises(TypeError, match="sample must be"):
        lossfns.audit(raising, sample=3)


def test_arguments_are_found_by_name():
    for loss in (
        lambda y_true, y_pred: (y_true * 0 + y_pred.exp() * (y_pred - y_true)).sum(-1).mean(),
        lambda labels, logits: (logits.exp() * (logits - labels) + 0 * labels).sum(-1).mean(),
    ):
        report = lossfns.audit(loss, like="kl_div", compile=False)
        assert "log_probs" in report.notes[0]
    backwards = lossfns.audit(
        lambda a, b: torch.maximum(0.9 * (a - b), -0.1 * (a - b)).mean(), like="quantile",
        q=0.9, arguments="target, pred", compile=False)  # fmt: skip
    assert backwards["value"].verdict == "pass"


def test_a_sample_takes_the_place_of_a_reference():
    def scaled(signal, noise):
        return ((signal - noise) ** 2).mean() / 3

    rng = np.random.default_rng(0)
    report = lossfns.audit(
        scaled, sample={"signal": rng.normal(size=9), "noise": rng.normal(size=9)}, compile=False
    )
    assert report["slope"].verdict == "pass"
    assert report["value"].verdict == "does not apply"
    pairs = lossfns.audit(
        scaled, sample=lambda rng, n: (rng.normal(size=n), rng.normal(size=n)), compile=False
    )
    assert pairs["two halves"].verdict == "pass"


def test_ignore_names_what_may_fail():
    report = lossfns.audit(talking, like="mse", compile=False)
    assert "<b>cause</b> a target that is broadcast" in report._repr_html_()
    names = [finding.name for finding in report.failures]
    assert "prints nothing" in names
    report.assert_ok(ignore=names)
    assert [f.name for f in report.failures_but(["a target that is broadcast"])] == [
        name for name in names if name != "shapes that differ"
    ]
    with pytest.raises(ValueError, match="no check is called 'printing'"):
        report.assert_ok(ignore=["printing"])
    with pytest.raises(TypeError, match="must be a list"):
        report.assert_ok(ignore="prints nothing")
    with pytest.raises(KeyError, match="no check is called"):
        report["printing"]
