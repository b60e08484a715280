"""How a loss of somebody else's is called: its arguments, weights, dtype, and what it leaves."""

import subprocess
import sys

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn

import lossfns

WEIGHT = torch.tensor([1.0, 2.0, 3.0, 4.0])
COST = ["empty batch", "all ignored", "masked item"]


def test_class_weights_of_a_module_take_the_dtype_that_is_asked():
    module = nn.CrossEntropyLoss(weight=WEIGHT.clone())
    report = lossfns.audit(module, like="cross_entropy", compile=False)
    report.assert_ok(ignore=COST)
    assert report["device"].verdict == "pass"
    assert module.weight.dtype == torch.float32
    assert lossfns.identify(module).found


def test_a_tensor_that_does_not_follow_the_dtype_is_the_one_finding():
    def weighted(logits, target):
        return F.cross_entropy(logits, target, weight=WEIGHT)

    report = lossfns.audit(weighted, like="cross_entropy", compile=False, weight=WEIGHT.tolist())
    assert "it refuses float64, so it is asked in float32" in report.notes
    assert report["value"].verdict == report["gradient"].verdict == "pass"
    assert report["float64"].cause == "float64 refused"
    assert "weight.to(pred)" in report["float64"].cure
    assert lossfns.identify(weighted).name == "cross_entropy"


def test_class_weights_may_be_for_any_number_of_classes():
    def weighted(logits, target, weight):
        return F.cross_entropy(logits, target, weight=weight)

    for loss in (weighted, nn.CrossEntropyLoss):
        report = lossfns.audit(loss, like="cross_entropy", weight=[1, 2, 5], compile=False)
        assert report["value"].verdict == "pass"


def test_a_module_is_left_as_it_was():
    class Counting(nn.Module):
        def __init__(self):
            super().__init__()
            self.register_buffer("calls", torch.zeros(()))

        def forward(self, pred, target):
            self.calls += 1
            return ((pred - target) ** 2).mean()

    module = Counting()
    lossfns.audit(module, like="mse", compile=False)
    lossfns.identify(module)
    assert module.calls == 0


def test_many_losses_of_one_process_are_compiled():
    for power in range(1, 13):
        report = lossfns.audit(lambda pred, target, p=power: (pred - target).abs().pow(p).mean())
        assert report["torch.compile"].verdict == "pass"


@pytest.mark.parametrize("name", ["w", "mask", "weights"])
def test_a_weight_that_is_demanded_is_1(name):
    scope = {}
    exec(f"def loss(pred, target, {name}): return ({name} * (pred - target) ** 2).mean()", scope)
    for like in ("mse", None):
        report = lossfns.audit(scope["loss"], like=like, compile=False)
        assert f"{name}=1" in report.notes[0]
        assert report["masked item"].fails
    assert report["two halves"].verdict == "pass"
    assert lossfns.identify(scope["loss"]).text == "mse"


def test_inputs_are_those_of_a_loss_whose_arguments_have_the_same_names():
    def odd(o1, o2, label):
        return (label * (o1 - o2).abs().sum(-1).sin()).mean()

    assert "o1=first" in lossfns.audit(odd, compile=False).notes[0]

    def distilled(student, teacher):
        return (student - teacher).softmax(-1).pow(3).mean()

    assert "student=student_logits" in lossfns.audit(distilled, compile=False).notes[0]

    def of_logits(logits, target):
        return (logits * target).sin().mean()

    assert "logits=logits" in lossfns.audit(of_logits, compile=False).notes[0]


def test_without_a_reference_a_variant_is_asked_with_the_inputs_of_its_loss():
    def focal(inputs, targets):
        loss = F.binary_cross_entropy_with_logits(inputs, targets, reduction="none")
        return (0.25 * (1 - torch.exp(-loss)) ** 2 * loss).mean()

    report = lossfns.audit(focal, compile=False)
    assert "α on both classes" in report.notes[1]
    assert report["far out"].verdict == "pass"


def test_a_result_with_axes_around_one_number_is_that_number():
    def boxed(pred, target):
        return ((pred - target) ** 2).mean().reshape(1, 1) / 2

    report = lossfns.audit(boxed, like="mse", compile=False)
    assert report["value"].cause == "half of the mean squared error"
    assert not [f for f in report if "could not be asked" in f.what]
    assert report["torch.func.vmap"].verdict == "pass"


def test_what_follows_from_a_result_that_is_no_tensor_is_not_reported_again():
    def item(pred, target):
        return ((pred - target) ** 2).mean().item()

    def inside(pred, target):
        return (((pred - target) ** 2).mean(),)

    others = {"returns a number", "shapes that differ", "empty batch", "float16"}
    for loss in (item, inside):
        report = lossfns.audit(loss, like="mse", compile=False)
        assert {f.name for f in report.failures} == others


def test_nothing_is_logged():
    code = """
import lossfns, torch
def moving(pred, target):
    return torch.empty(3, device="cpu").set_(pred).sum() * (pred - target).sum()
lossfns.audit(torch.nn.CrossEntropyLoss(weight=torch.ones(4)), like="cross_entropy", compile=False)
lossfns.audit(moving, like="mse", compile=False)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == done.stderr == ""


def test_a_numpy_loss_that_answers_nothing_warns_of_nothing(recwarn):
    assert not lossfns.identify(lambda *arrays: np.float64(0.0)).found
    assert not recwarn.list
